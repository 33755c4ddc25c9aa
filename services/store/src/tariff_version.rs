//! `tariff_version`: versions of the tariff as they were proposed, who agreed to them, and who withdrew them.
//!
//! A version is never changed, and its name never used again. What became of it is rows of its own: two operators that
//! agree, neither of whom proposed it, bring it into force from the time that it names; one that withdraws it before
//! then ends that. Both come at least [`SETTLED_S`] before that time, so that every process has read them by then.

use crate::audit::{self, Actor, Change};
use crate::sql::{Tx, on_pool, on_tx};
use crate::words::{known, words};
use crate::{Db, StoreError};
use gtfs::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;

/// Operators that must agree to a version, besides who proposed it (fares design, section 6).
pub const APPROVALS: usize = 2;
/// What is decided later than this before a version applies would be too late for some process, seconds.
pub const SETTLED_S: f64 = 60.0;
/// Longest text of a version.
pub const TOML_BYTES_MAX: usize = 256 * 1_024;

/// What an operator does to a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TariffEvent {
    /// Agrees that it comes into force.
    Approve,
    /// Takes it back.
    Withdraw,
}

words!(TariffEvent { Approve = "approve", Withdraw = "withdraw" });

/// A version as it is proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TariffProposed {
    /// Its name, for ever.
    pub version: Arc<str>,
    /// The whole file.
    pub toml: Arc<str>,
    /// From when on it applies.
    pub valid_from: Timestamp,
    /// What the days before would have come to, as JSON.
    pub shadow: Arc<str>,
}

/// How far a version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TariffState {
    /// Somebody must still agree.
    Proposed,
    /// Two agreed: it applies from its time on.
    Approved,
    /// It was taken back.
    Withdrawn,
    /// Its time came before two had agreed: it never applies.
    Lapsed,
}

words!(TariffState {
    Proposed = "proposed",
    Approved = "approved",
    Withdrawn = "withdrawn",
    Lapsed = "lapsed",
});

/// Who did something to a version, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TariffDecision {
    /// What.
    pub event: TariffEvent,
    /// Who.
    pub who: Arc<str>,
    /// Why.
    pub reason: Arc<str>,
    /// When.
    pub at: Timestamp,
}

/// A version, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TariffVersion {
    /// Its name.
    pub version: Arc<str>,
    /// SHA-256 of its text.
    pub sha256: Vec<u8>,
    /// From when on it applies.
    pub valid_from: Timestamp,
    /// Who proposed it.
    pub who: Arc<str>,
    /// Why.
    pub reason: Arc<str>,
    /// When.
    pub proposed: Timestamp,
    /// What became of it, in the order of time.
    pub decisions: Vec<TariffDecision>,
}

impl TariffVersion {
    /// How far it is at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> TariffState {
        let has = |event| self.decisions.iter().filter(move |decision| decision.event == event);
        if has(TariffEvent::Withdraw).next().is_some() {
            TariffState::Withdrawn
        } else if has(TariffEvent::Approve).count() >= APPROVALS {
            TariffState::Approved
        } else if is_late(now, self.valid_from) {
            TariffState::Lapsed
        } else {
            TariffState::Proposed
        }
    }
}

/// Whether nothing can be decided any more.
fn is_late(now: Timestamp, valid_from: Timestamp) -> bool {
    now.plus_s(SETTLED_S) > valid_from
}

macro_rules! version_columns {
    () => {
        "select version, sha256, valid_from_us, who, reason, proposed_us from tariff_version "
    };
}

impl Db {
    /// Stores a version. `false` when it is there with the same text: nothing changes then.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when its name has another text, its text is too long, or its time has come; or any other
    /// error of a write.
    pub async fn tariff_propose(&self, proposed: &TariffProposed, by: &Actor) -> Result<bool, StoreError> {
        let TariffProposed { version, toml, valid_from, shadow } = proposed;
        if toml.len() > TOML_BYTES_MAX {
            return refuse(format!("the file of a tariff has at most {TOML_BYTES_MAX} bytes"));
        }
        let sha256 = Sha256::digest(toml.as_bytes()).to_vec();
        let mut tx = self.begin().await?;
        // The audit log is locked with this: who came first decides.
        append(&mut tx, by, "tariff_propose", version, &format!("valid_from_us={}", valid_from.0)).await?;
        if is_late(by.at, *valid_from) {
            return refuse(format!("{version} is to apply too soon to be agreed to; propose a later day"));
        }
        if let Some(known) = version_in(&mut tx, version).await? {
            return if known.sha256 == sha256 {
                Ok(false)
            } else {
                refuse(format!("there is a version {version} with another text; give this one its own name"))
            };
        }
        on_tx!(&mut tx, on => sqlx::query(
            "insert into tariff_version (version, toml, sha256, valid_from_us, who, reason, proposed_us, shadow) \
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(Arc::clone(version))
        .bind(Arc::clone(toml))
        .bind(sha256)
        .bind(valid_from.0)
        .bind(Arc::clone(&by.who))
        .bind(Arc::clone(&by.reason))
        .bind(by.at.0)
        .bind(Arc::clone(shadow))
        .execute(on)
        .await
        .map(drop)?);
        tx.commit().await?;
        Ok(true)
    }

    /// Agrees to a version, or withdraws it; the version as it is then. `None` when there is none such.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when `by` proposed it or agreed before, when two agreed or it was withdrawn, when another
    /// one applies from the same time on, or when it is too late; or any other error of a write.
    pub async fn tariff_decide(
        &self,
        version: &str,
        event: TariffEvent,
        by: &Actor,
    ) -> Result<Option<TariffVersion>, StoreError> {
        let mut tx = self.begin().await?;
        // The audit log is locked with this: of two that decide at once, the second sees what the first did.
        append(&mut tx, by, &format!("tariff_{}", event.word()), version, "").await?;
        let Some(known) = version_in(&mut tx, version).await? else { return Ok(None) };
        if let Some(why) = in_the_way(&known, event, by) {
            return refuse(why);
        }
        if event == TariffEvent::Approve
            && let Some(other) = other_from(&mut tx, &known).await?
        {
            return refuse(format!("{other} applies from the same time on; withdraw it first"));
        }
        on_tx!(&mut tx, on => sqlx::query(
            "insert into tariff_version_event (version, event, who, reason, at_us) values ($1, $2, $3, $4, $5)",
        )
        .bind(version)
        .bind(event.word())
        .bind(Arc::clone(&by.who))
        .bind(Arc::clone(&by.reason))
        .bind(by.at.0)
        .execute(on)
        .await
        .map(drop)?);
        tx.commit().await?;
        self.tariff_version(version).await
    }

    /// One version.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn tariff_version(&self, version: &str) -> Result<Option<TariffVersion>, StoreError> {
        Ok(self.tariff_versions().await?.into_iter().find(|known| *known.version == *version))
    }

    /// Every version, by the time from which it applies: a handful a year.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn tariff_versions(&self) -> Result<Vec<TariffVersion>, StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!(version_columns!(), "order by valid_from_us, version"),
        )
        .fetch_all(on)
        .await?);
        let events: Vec<Event> = on_pool!(&self.reads, on => sqlx::query_as(
            "select version, event, who, reason, at_us from tariff_version_event order by at_us, who",
        )
        .fetch_all(on)
        .await?);
        let mut decisions: HashMap<String, Vec<TariffDecision>> = HashMap::new();
        for event in events {
            decisions.entry(event.version.clone()).or_default().push(event.read()?);
        }
        Ok(rows.into_iter().map(|row| row.with(&mut decisions)).collect())
    }

    /// The text of a version, and what the days before would have come to.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when the text is not as it was proposed; or [`StoreError::Away`].
    pub async fn tariff_text(&self, version: &str) -> Result<Option<(Arc<str>, Arc<str>)>, StoreError> {
        let row: Option<(String, String, Vec<u8>)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select toml, shadow, sha256 from tariff_version where version = $1",
        )
        .bind(version)
        .fetch_optional(on)
        .await?);
        let Some((toml, shadow, sha256)) = row else { return Ok(None) };
        if Sha256::digest(toml.as_bytes()).as_slice() != sha256 {
            return Err(StoreError::Unreadable(format!(
                "tariff_version {version:?}: toml is not what was proposed"
            )));
        }
        Ok(Some((toml.into(), shadow.into())))
    }
}

/// What keeps an operator from deciding so.
fn in_the_way(known: &TariffVersion, event: TariffEvent, by: &Actor) -> Option<String> {
    let version = &known.version;
    let is_approval = event == TariffEvent::Approve;
    match known.state(by.at) {
        TariffState::Withdrawn => {
            return Some(format!("{version} was withdrawn; propose it under a new name"));
        }
        TariffState::Lapsed => {
            return Some(format!("{version} was not agreed to in time, and never applies; propose it anew"));
        }
        TariffState::Approved if is_approval => return Some(format!("{version} was agreed to already")),
        _ if is_late(by.at, known.valid_from) => {
            return Some(format!("{version} applies, and is never changed; propose another one"));
        }
        _ => {}
    }
    if is_approval && known.who == by.who {
        return Some(format!("{version} was proposed by {}, {APPROVALS} others must agree to it", by.who));
    }
    if is_approval && known.decisions.iter().any(|decision| decision.who == by.who) {
        return Some(format!("{} agreed to {version} already, somebody else must too", by.who));
    }
    None
}

async fn append(tx: &mut Tx, by: &Actor, action: &str, version: &str, after: &str) -> Result<(), StoreError> {
    let change = Change {
        action: action.into(),
        subject: format!("tariff:{version}"),
        after: after.into(),
        ..Change::default()
    };
    Ok(audit::append(tx, by, &change).await.map(drop)?)
}

async fn version_in(tx: &mut Tx, version: &str) -> Result<Option<TariffVersion>, StoreError> {
    let row: Option<Columns> = on_tx!(tx, on => sqlx::query_as(
        concat!(version_columns!(), "where version = $1"),
    )
    .bind(version)
    .fetch_optional(on)
    .await?);
    let Some(row) = row else { return Ok(None) };
    let events: Vec<Event> = on_tx!(tx, on => sqlx::query_as(
        "select version, event, who, reason, at_us from tariff_version_event where version = $1 order by at_us, who",
    )
    .bind(version)
    .fetch_all(on)
    .await?);
    let decisions = events.into_iter().map(Event::read).collect::<Result<Vec<_>, StoreError>>()?;
    Ok(Some(row.with(&mut HashMap::from([(version.to_owned(), decisions)]))))
}

/// Another version that somebody agreed to, and that applies from the same time on.
async fn other_from(tx: &mut Tx, known: &TariffVersion) -> Result<Option<String>, StoreError> {
    let row: Option<(String,)> = on_tx!(tx, on => sqlx::query_as(
        "select v.version from tariff_version v where v.valid_from_us = $1 and v.version <> $2 \
         and exists (select 1 from tariff_version_event e where e.version = v.version and e.event = 'approve') \
         and not exists (select 1 from tariff_version_event e where e.version = v.version and e.event = 'withdraw')",
    )
    .bind(known.valid_from.0)
    .bind(Arc::clone(&known.version))
    .fetch_optional(on)
    .await?);
    Ok(row.map(|(version,)| version))
}

fn refuse<T>(why: String) -> Result<T, StoreError> {
    Err(StoreError::Refused(why))
}

#[derive(sqlx::FromRow)]
struct Columns {
    version: String,
    sha256: Vec<u8>,
    valid_from_us: i64,
    who: String,
    reason: String,
    proposed_us: i64,
}

impl Columns {
    fn with(self, decisions: &mut HashMap<String, Vec<TariffDecision>>) -> TariffVersion {
        TariffVersion {
            decisions: decisions.remove(&self.version).unwrap_or_default(),
            version: self.version.into(),
            sha256: self.sha256,
            valid_from: Timestamp(self.valid_from_us),
            who: self.who.into(),
            reason: self.reason.into(),
            proposed: Timestamp(self.proposed_us),
        }
    }
}

#[derive(sqlx::FromRow)]
struct Event {
    version: String,
    event: String,
    who: String,
    reason: String,
    at_us: i64,
}

impl Event {
    fn read(self) -> Result<TariffDecision, StoreError> {
        let event = TariffEvent::from_word(&self.event);
        Ok(TariffDecision {
            event: known("tariff_version_event", &self.version, "event", &self.event, event)?,
            who: self.who.into(),
            reason: self.reason.into(),
            at: Timestamp(self.at_us),
        })
    }
}
