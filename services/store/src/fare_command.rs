//! `fare_command`: what operators and other programs ask for, in the order in which it is to be executed.
//!
//! A command is written down as asked, and never changed. It is *ready* at once, or when a second operator agreed;
//! the engine follows the numbers of those events, which are given under a lock and so rise in the order of commits.
//! What became of it is another event. The same key twice is the same command; with another content it is an error.

use crate::audit::{self, Actor, Change};
use crate::sql::{Many, Tx, many, on_pool, on_tx};
use crate::words::{known, words};
use crate::{Db, StoreError};
use fares::FareCommand;
use gtfs::Timestamp;
use std::sync::{Arc, LazyLock};

/// Longest key of a command.
pub const KEY_CHARS_MAX: usize = 128;

/// Something asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandAsked {
    /// Makes it one request, however often it is sent: a payment's reference, a random number of the console.
    pub key: Arc<str>,
    /// What is asked.
    pub command: FareCommand,
    /// The agency of who asks; empty for all.
    pub agency: Arc<str>,
    /// Whether a second operator must agree.
    pub needs_approval: bool,
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommandEvent {
    /// It may be executed.
    Ready,
    /// A second operator did not agree.
    Refused,
    /// It was executed.
    Done,
    /// It could not be executed.
    Failed,
}

words!(CommandEvent { Ready = "ready", Refused = "refused", Done = "done", Failed = "failed" });

/// A command that was stored, and the newest of what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCommand {
    /// Its number.
    pub id: i64,
    /// What was asked.
    pub asked: CommandAsked,
    /// Who asked.
    pub who: Arc<str>,
    /// In which role.
    pub role: Arc<str>,
    /// Why.
    pub reason: Arc<str>,
    /// When.
    pub at: Timestamp,
    /// The newest event; `None` while it waits for a second operator.
    pub event: Option<CommandEvent>,
    /// What was said of it.
    pub detail: Arc<str>,
}

/// What the engine made of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandResult {
    /// The command.
    pub command: i64,
    /// Whether it was executed.
    pub done: bool,
    /// What came of it, or why not, for the operator.
    pub detail: Arc<str>,
}

static RESULTS: LazyLock<Many> = LazyLock::new(|| {
    Many::new("insert into fare_command_event (id, command, event, who, at_us, detail) values", 6, "")
});

/// Writes down what became of commands, in the transaction of what follows from them.
pub(crate) async fn results(
    tx: &mut Tx,
    results: &[CommandResult],
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    if results.is_empty() {
        return Ok(());
    }
    let first = events(tx, results.len()).await?;
    let rows: Vec<(i64, &CommandResult)> = (first..).zip(results).collect();
    many!(
        tx,
        RESULTS,
        &rows,
        |query, row| query
            .bind(row.0)
            .bind(row.1.command)
            .bind(if row.1.done { CommandEvent::Done.word() } else { CommandEvent::Failed.word() })
            .bind("fares")
            .bind(at.0)
            .bind(Arc::clone(&row.1.detail)),
        |query, on| query.execute(on).await?
    );
    Ok(())
}

/// Numbers for events; the first of them. The row is locked until the commit.
async fn events(tx: &mut Tx, count: usize) -> Result<i64, sqlx::Error> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let (last,): (i64,) = on_tx!(tx, on => sqlx::query_as(
        "update fare_command_head set event = event + $1 where one = 1 returning event",
    )
    .bind(count)
    .fetch_one(on)
    .await?);
    Ok(last - count + 1)
}

async fn event(
    tx: &mut Tx,
    command: i64,
    what: CommandEvent,
    by: &Actor,
    detail: &str,
) -> Result<(), sqlx::Error> {
    let id = events(tx, 1).await?;
    on_tx!(tx, on => sqlx::query(
        "insert into fare_command_event (id, command, event, who, at_us, detail) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(id)
    .bind(command)
    .bind(what.word())
    .bind(Arc::clone(&by.who))
    .bind(by.at.0)
    .bind(detail)
    .execute(on)
    .await
    .map(drop))
}

macro_rules! command_columns {
    () => {
        "select c.id, c.key, c.body, c.who, c.role, c.agency, c.reason, c.asked_us, c.approvals, e.event, e.detail \
         from fare_command c left join fare_command_event e on e.id = \
         (select max(id) from fare_command_event where command = c.id) "
    };
}

impl Db {
    /// Writes down what is asked, with its audit row; the command as stored, whether it was new or not.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the key was used for something else, is too long, or the command's words hold a
    /// tab or a line end; or any other error of a write.
    pub async fn fare_command_ask(
        &self,
        asked: &CommandAsked,
        by: &Actor,
    ) -> Result<StoredCommand, StoreError> {
        let body = asked.command.line();
        check(asked, &body)?;
        let mut tx = self.begin().await?;
        let (id,): (i64,) = on_tx!(&mut tx, on => sqlx::query_as(
            "update fare_command_head set command = command + 1 where one = 1 returning command",
        )
        .fetch_one(on)
        .await?);
        let inserted = on_tx!(&mut tx, on => sqlx::query(
            "insert into fare_command (id, key, kind, body, card, amount_satang, who, role, agency, reason, asked_us, \
             approvals) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict (key) do nothing",
        )
        .bind(id)
        .bind(Arc::clone(&asked.key))
        .bind(asked.command.word())
        .bind(body.as_str())
        .bind(asked.command.card().map_or("", |card| card))
        .bind(asked.command.amount().map(|amount| amount.0))
        .bind(Arc::clone(&by.who))
        .bind(Arc::clone(&by.role))
        .bind(Arc::clone(&asked.agency))
        .bind(Arc::clone(&by.reason))
        .bind(by.at.0)
        .bind(i64::from(asked.needs_approval))
        .execute(on)
        .await?
        .rows_affected());
        if inserted == 0 {
            drop(tx);
            return self.asked_before(asked, &body).await;
        }
        audit::append(&mut tx, by, &told("fare_command_ask", id, asked)).await?;
        if !asked.needs_approval {
            event(&mut tx, id, CommandEvent::Ready, by, "").await?;
        }
        tx.commit().await?;
        self.fare_command(id).await?.ok_or_else(|| gone(id))
    }

    async fn asked_before(&self, asked: &CommandAsked, body: &str) -> Result<StoredCommand, StoreError> {
        let stored = self.fare_command_of_key(&asked.key).await?.ok_or_else(|| gone(0))?;
        if stored.asked.command.line() == body {
            return Ok(stored);
        }
        Err(StoreError::Refused(format!(
            "the key {:?} was used for command {}, which asks for something else; use a new key",
            asked.key, stored.id
        )))
    }

    /// A second operator agrees to a command, or does not. `false` when it does not wait for one.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when `by` is who asked; or any other error of a write.
    pub async fn fare_command_approve(&self, id: i64, agrees: bool, by: &Actor) -> Result<bool, StoreError> {
        let Some(stored) = self.fare_command(id).await? else { return Ok(false) };
        if stored.event.is_some() {
            return Ok(false);
        }
        if agrees && stored.who == by.who {
            return Err(StoreError::Refused(format!(
                "command {id} was asked for by {}, somebody else must agree to it",
                by.who
            )));
        }
        let mut tx = self.begin().await?;
        let what = if agrees { CommandEvent::Ready } else { CommandEvent::Refused };
        // The row of the head is locked with this: who came first decides.
        events(&mut tx, 0).await?;
        let (others,): (i64,) = on_tx!(&mut tx, on => sqlx::query_as(
            "select count(*) from fare_command_event where command = $1",
        )
        .bind(id)
        .fetch_one(on)
        .await?);
        if others > 0 {
            return Ok(false);
        }
        event(&mut tx, id, what, by, &by.reason).await?;
        let action = if agrees { "fare_command_approve" } else { "fare_command_refuse" };
        audit::append(&mut tx, by, &told(action, id, &stored.asked)).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Commands that became ready after `event` (0 at first), each with the number of that event: the next cursor.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn fare_commands_after(
        &self,
        event: i64,
        rows_max: u32,
    ) -> Result<Vec<(i64, StoredCommand)>, StoreError> {
        type Ready = (i64, i64);
        let ready: Vec<Ready> = on_pool!(&self.reads, on => sqlx::query_as(
            "select id, command from fare_command_event where id > $1 and event = 'ready' order by id limit $2",
        )
        .bind(event)
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        let mut commands = Vec::with_capacity(ready.len());
        for (event, command) in ready {
            commands.push((event, self.fare_command(command).await?.ok_or_else(|| gone(command))?));
        }
        Ok(commands)
    }

    /// When two people last agreed to a command of this kind.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn fare_command_agreed(&self, kind: &str) -> Result<Option<Timestamp>, StoreError> {
        let (at_us,): (Option<i64>,) = on_pool!(&self.reads, on => sqlx::query_as(
            "select max(e.at_us) from fare_command_event e join fare_command c on c.id = e.command \
             where c.kind = $1 and c.approvals = 1 and e.event = 'ready'",
        )
        .bind(kind)
        .fetch_one(on)
        .await?);
        Ok(at_us.map(Timestamp))
    }

    /// One command.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn fare_command(&self, id: i64) -> Result<Option<StoredCommand>, StoreError> {
        let row: Option<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(command_columns!(), "where c.id = $1"),
        )
        .bind(id)
        .fetch_optional(on)
        .await?);
        row.map(Columns::read).transpose()
    }

    async fn fare_command_of_key(&self, key: &str) -> Result<Option<StoredCommand>, StoreError> {
        let row: Option<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(command_columns!(), "where c.key = $1"),
        )
        .bind(key)
        .fetch_optional(on)
        .await?);
        row.map(Columns::read).transpose()
    }

    /// Commands, at most `rows_max` after `id`, oldest first; only those that wait for a second operator if `waiting`.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn fare_commands(
        &self,
        waiting: bool,
        id: i64,
        rows_max: u32,
    ) -> Result<Vec<StoredCommand>, StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(command_columns!(), "where c.id > $1 and ($2 = 0 or e.event is null) order by c.id limit $3"),
        )
        .bind(id)
        .bind(i64::from(waiting))
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        rows.into_iter().map(Columns::read).collect()
    }
}

fn check(asked: &CommandAsked, body: &str) -> Result<(), StoreError> {
    if asked.key.is_empty() || asked.key.len() > KEY_CHARS_MAX {
        return Err(StoreError::Refused(format!("a command has a key of 1 to {KEY_CHARS_MAX} characters")));
    }
    if FareCommand::parse(body).as_ref() != Some(&asked.command) || body.contains(['\n', '\r']) {
        return Err(StoreError::Refused(
            "a word of the command holds a tab or a line end, leave it out".into(),
        ));
    }
    Ok(())
}

/// Without the card: its token stands in no log.
fn told(action: &str, id: i64, asked: &CommandAsked) -> Change {
    let amount = asked.command.amount().map_or_else(String::new, |amount| format!(" {amount}"));
    Change {
        agency: asked.agency.as_ref().to_owned(),
        action: action.into(),
        subject: format!("fare_command:{id}"),
        before: String::new(),
        after: format!("{}{amount}", asked.command.word()),
    }
}

fn gone(id: i64) -> StoreError {
    StoreError::Unreadable(format!("fare_command {id} was written and can not be read"))
}

#[derive(sqlx::FromRow)]
struct Columns {
    id: i64,
    key: String,
    body: String,
    who: String,
    role: String,
    agency: String,
    reason: String,
    asked_us: i64,
    approvals: i64,
    event: Option<String>,
    detail: Option<String>,
}

impl Columns {
    fn read(self) -> Result<StoredCommand, StoreError> {
        let id = self.id.to_string();
        let event = self.event.as_deref();
        let event =
            event.map(|word| known("fare_command", &id, "event", word, CommandEvent::from_word(word)));
        Ok(StoredCommand {
            event: event.transpose()?,
            asked: CommandAsked {
                command: known(
                    "fare_command",
                    &id,
                    "body",
                    "not of its kind",
                    FareCommand::parse(&self.body),
                )?,
                key: self.key.into(),
                agency: self.agency.into(),
                needs_approval: self.approvals != 0,
            },
            id: self.id,
            who: self.who.into(),
            role: self.role.into(),
            reason: self.reason.into(),
            at: Timestamp(self.asked_us),
            detail: self.detail.unwrap_or_default().into(),
        })
    }
}
