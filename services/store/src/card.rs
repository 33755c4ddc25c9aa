//! `card`: which cards there are, what they may do, and what concessions their holders have.
//!
//! A card is a keyed token; whose it is stands in another database (`identity`). Cards change by commands, in the
//! order in which the engine executes them, in its own commit.

use crate::sql::{Many, Tx, many, many_rows, on_pool, on_tx};
use crate::words::{known, words};
use crate::{Db, StoreError};
use fares::Satang;
use gtfs::{ServiceDay, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

/// What a card may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CardState {
    /// It was tapped before anybody registered it: it rides to the risk limit.
    Unregistered,
    /// It rides.
    Active,
    /// It does not ride.
    Denied,
    /// It was lost; its balance went to its successor.
    Lost,
    /// It was given back.
    Closed,
}

words!(CardState {
    Unregistered = "unregistered",
    Active = "active",
    Denied = "denied",
    Lost = "lost",
    Closed = "closed",
});

/// A rider category of a holder, on days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concession {
    /// GTFS-Fares rider_category_id, such as `senior`.
    pub category: Arc<str>,
    /// The first day.
    pub from: ServiceDay,
    /// The last day.
    pub to: ServiceDay,
}

/// A card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Its keyed token.
    pub token: Arc<str>,
    /// What it may do.
    pub state: CardState,
    /// What was taken for it.
    pub deposit: Satang,
    /// The card that has its balance now.
    pub replaced_by: Option<Arc<str>>,
    /// When it was first seen or registered.
    pub opened: Timestamp,
    /// When it was changed last.
    pub changed: Timestamp,
    /// By their first day; where two overlap, the later begun counts.
    pub concessions: Vec<Concession>,
}

/// How a card changes. `None` leaves a thing as it is; a card that is not known is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardChange {
    /// The card.
    pub card: Arc<str>,
    /// Its new state; a new card without one is unregistered.
    pub state: Option<CardState>,
    /// What was taken for it, now in all.
    pub deposit: Option<Satang>,
    /// The card that has its balance now.
    pub replaced_by: Option<Arc<str>>,
    /// A concession given, or one with the same category and first day shortened or made longer.
    pub concession: Option<Concession>,
}

impl CardChange {
    /// A card is seen for the first time.
    #[must_use]
    pub fn seen(card: &Arc<str>) -> Self {
        Self { card: Arc::clone(card), state: None, deposit: None, replaced_by: None, concession: None }
    }

    /// A card gets a state.
    #[must_use]
    pub fn to(card: &Arc<str>, state: CardState) -> Self {
        Self { state: Some(state), ..Self::seen(card) }
    }
}

static SEE: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into card (token, state, deposit_satang, replaced_by, opened_us, changed_us) values",
        6,
        "on conflict (token) do nothing",
    )
});

static READ: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "select token, state, deposit_satang, replaced_by, opened_us, changed_us from card where token in (values",
        1,
        ")",
    )
});

static CONCESSIONS: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "select card, category, from_day, to_day from card_concession where card in (values",
        1,
        ") order by card, from_day, changed_us",
    )
});

/// Changes cards in the transaction of what they follow from.
pub(crate) async fn change(tx: &mut Tx, changes: &[CardChange], at: Timestamp) -> Result<(), sqlx::Error> {
    let seen: BTreeMap<&Arc<str>, ()> = changes.iter().map(|change| (&change.card, ())).collect();
    let seen: Vec<&Arc<str>> = seen.into_keys().collect();
    many!(
        tx,
        SEE,
        &seen,
        |query, card| query
            .bind(Arc::clone(card))
            .bind(CardState::Unregistered.word())
            .bind(0i64)
            .bind(None::<String>)
            .bind(at.0)
            .bind(at.0),
        |query, on| query.execute(on).await?
    );
    for change in changes {
        if change.state.is_some() || change.deposit.is_some() || change.replaced_by.is_some() {
            update(tx, change, at).await?;
        }
        if let Some(concession) = &change.concession {
            concede(tx, &change.card, concession, at).await?;
        }
    }
    Ok(())
}

async fn update(tx: &mut Tx, change: &CardChange, at: Timestamp) -> Result<(), sqlx::Error> {
    on_tx!(tx, on => sqlx::query(
        "update card set state = coalesce($2, state), deposit_satang = coalesce($3, deposit_satang), \
         replaced_by = coalesce($4, replaced_by), changed_us = $5 where token = $1",
    )
    .bind(Arc::clone(&change.card))
    .bind(change.state.map(CardState::word))
    .bind(change.deposit.map(|deposit| deposit.0))
    .bind(change.replaced_by.clone())
    .bind(at.0)
    .execute(on)
    .await
    .map(drop))
}

async fn concede(tx: &mut Tx, card: &Arc<str>, given: &Concession, at: Timestamp) -> Result<(), sqlx::Error> {
    on_tx!(tx, on => sqlx::query(
        "insert into card_concession (card, category, from_day, to_day, changed_us) values ($1, $2, $3, $4, $5) \
         on conflict (card, category, from_day) do update set to_day = excluded.to_day, \
         changed_us = excluded.changed_us",
    )
    .bind(Arc::clone(card))
    .bind(Arc::clone(&given.category))
    .bind(given.from.to_string())
    .bind(given.to.to_string())
    .bind(at.0)
    .execute(on)
    .await
    .map(drop))
}

impl Db {
    /// Those of these cards that are known, in no order.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn cards(&self, tokens: &[Arc<str>]) -> Result<Vec<Card>, StoreError> {
        type Columns = (String, String, i64, Option<String>, i64, i64);
        let rows =
            many_rows!(pool & self.reads, READ, tokens, Columns, |query, card| query.bind(Arc::clone(card)));
        type Given = (String, String, String, String);
        let given = many_rows!(pool & self.reads, CONCESSIONS, tokens, Given, |query, card| query
            .bind(Arc::clone(card)));
        let mut concessions: HashMap<String, Vec<Concession>> = HashMap::new();
        for (card, category, from, to) in given {
            let (from, to) = (day(&from)?, day(&to)?);
            concessions.entry(card).or_default().push(Concession { category: category.into(), from, to });
        }
        let card = |(token, state, deposit, replaced_by, opened_us, changed_us): Columns| {
            Ok(Card {
                // Not by its token: that stands in no message.
                state: known("card", "", "state", &state, CardState::from_word(&state))?,
                deposit: Satang(deposit),
                replaced_by: replaced_by.map(Into::into),
                opened: Timestamp(opened_us),
                changed: Timestamp(changed_us),
                concessions: concessions.remove(&token).unwrap_or_default(),
                token: token.into(),
            })
        };
        rows.into_iter().map(card).collect()
    }

    /// One card.
    ///
    /// # Errors
    /// As [`Db::cards`].
    pub async fn card(&self, token: &Arc<str>) -> Result<Option<Card>, StoreError> {
        Ok(self.cards(std::slice::from_ref(token)).await?.pop())
    }

    /// Tokens of cards that were seen, at most `rows_max` after `token`, in their order.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn cards_after(&self, token: &str, rows_max: u32) -> Result<Vec<Arc<str>>, StoreError> {
        let rows: Vec<(String,)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select token from card where token > $1 order by token limit $2",
        )
        .bind(token)
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        Ok(rows.into_iter().map(|(token,)| token.into()).collect())
    }

    /// Tokens of cards in a state, at most `rows_max` after `token`, in their order.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn cards_in(
        &self,
        state: CardState,
        token: &str,
        rows_max: u32,
    ) -> Result<Vec<Arc<str>>, StoreError> {
        let rows: Vec<(String,)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select token from card where state = $1 and token > $2 order by token limit $3",
        )
        .bind(state.word())
        .bind(token)
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        Ok(rows.into_iter().map(|(token,)| token.into()).collect())
    }
}

fn day(text: &str) -> Result<ServiceDay, StoreError> {
    known("card_concession", "", "day", text, ServiceDay::parse(text))
}
