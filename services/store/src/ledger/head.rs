//! `ledger_head` and `card_head`: where the next rows go.

use crate::Db;
use crate::sql::{Many, Tx, many, many_rows, on_tx};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, LazyLock};

/// The last numbers given out, and the hash of the last commit.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Head {
    pub(super) commit_id: i64,
    pub(super) journal: i64,
    pub(super) leg: i64,
    pub(super) tap_state: i64,
    pub(super) hash: Vec<u8>,
}

/// Reads the head and locks its row until the commit, so that ids rise in the order of commits.
pub(crate) async fn lock(tx: &mut Tx) -> Result<Head, sqlx::Error> {
    on_tx!(tx, on => sqlx::query_as(
        "update ledger_head set commit_id = commit_id where one = 1 \
         returning commit_id, journal, leg, tap_state, hash",
    )
    .fetch_one(on)
    .await)
}

pub(super) async fn store(tx: &mut Tx, head: &Head) -> Result<(), sqlx::Error> {
    on_tx!(tx, on => sqlx::query(
        "update ledger_head set commit_id = $1, journal = $2, leg = $3, tap_state = $4, hash = $5 where one = 1",
    )
    .bind(head.commit_id)
    .bind(head.journal)
    .bind(head.leg)
    .bind(head.tap_state)
    .bind(head.hash.as_slice())
    .execute(on)
    .await
    .map(drop))
}

/// The newest rows of a card, 0 where there is none, and what is held on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CardHead {
    pub(super) tap_state: i64,
    pub(super) leg: i64,
    /// A line per leg, see [`super::hold`].
    pub(super) holds: String,
}

/// Cards whose heads are remembered at most; beyond that all are forgotten.
const KNOWN_MAX: usize = 200_000;

/// Heads of cards as the last commit left them, so that the next one does not read them again: they lie all over their
/// table. They count only while nobody else has committed.
#[derive(Debug, Default)]
pub struct KnownHeads {
    commit: i64,
    cards: HashMap<Arc<str>, CardHead>,
}

impl KnownHeads {
    /// Forgets everything when the last commit is not the one that is known.
    fn at(&mut self, commit: i64) {
        if self.commit != commit || self.cards.len() > KNOWN_MAX {
            self.cards.clear();
        }
    }
}

/// The heads of the cards that a commit touches.
#[derive(Debug, Default)]
pub(super) struct CardHeads<'a>(HashMap<&'a str, CardHead>);

/// A row of `card_head`.
type Row = (String, i64, i64, String);

static READ: LazyLock<Many> = LazyLock::new(|| {
    Many::new("select card, tap_state, leg, holds from card_head where card in (values", 1, ")")
});

static UPSERT: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into card_head (card, tap_state, leg, holds) values",
        4,
        "on conflict (card) do update set tap_state = excluded.tap_state, leg = excluded.leg, holds = excluded.holds",
    )
});

/// The heads of cards that have one.
pub(super) async fn of_cards(db: &Db, cards: &[Arc<str>]) -> Result<HashMap<String, CardHead>, sqlx::Error> {
    let rows = many_rows!(pool & db.reads, READ, cards, Row, |query, card| query.bind(Arc::clone(card)));
    Ok(rows
        .into_iter()
        .map(|(card, tap_state, leg, holds)| (card, CardHead { tap_state, leg, holds }))
        .collect())
}

impl<'a> CardHeads<'a> {
    /// Of those that `known` knows after `commit`, and of the others from the table. What is taken is no longer known.
    pub(super) async fn read(
        tx: &mut Tx,
        cards: impl Iterator<Item = &'a str>,
        known: &mut KnownHeads,
        commit: i64,
    ) -> Result<Self, sqlx::Error> {
        known.at(commit);
        let (mut heads, mut asked) = (HashMap::new(), Vec::new());
        for card in cards {
            if let Entry::Vacant(entry) = heads.entry(card) {
                let head = known.cards.remove(card);
                if head.is_none() {
                    asked.push(card);
                }
                entry.insert(head.unwrap_or_default());
            }
        }
        // In the order of the table, so that its pages are met once each.
        asked.sort_unstable();
        let rows = many_rows!(tx tx, READ, &asked, Row, |query, card| query.bind(*card));
        for (card, tap_state, leg, holds) in rows {
            if let Some(head) = heads.get_mut(card.as_str()) {
                *head = CardHead { tap_state, leg, holds };
            }
        }
        Ok(Self(heads))
    }

    /// The row of the card before `id`, which is now its newest.
    pub(super) fn next_tap(&mut self, card: &'a str, id: i64) -> i64 {
        std::mem::replace(&mut self.0.entry(card).or_default().tap_state, id)
    }

    /// As [`Self::next_tap`], for legs.
    pub(super) fn next_leg(&mut self, card: &'a str, id: i64) -> i64 {
        std::mem::replace(&mut self.0.entry(card).or_default().leg, id)
    }

    /// What is held on the card.
    pub(super) fn holds(&mut self, card: &'a str) -> &mut String {
        &mut self.0.entry(card).or_default().holds
    }

    /// Writes them; they are known after `commit`.
    pub(super) async fn store(
        self,
        tx: &mut Tx,
        known: &mut KnownHeads,
        commit: i64,
    ) -> Result<(), sqlx::Error> {
        let mut rows: Vec<(&str, CardHead)> = self.0.into_iter().collect();
        rows.sort_unstable_by_key(|(card, _)| *card);
        many!(
            tx,
            UPSERT,
            &rows,
            |query, row| query.bind(row.0).bind(row.1.tap_state).bind(row.1.leg).bind(row.1.holds.as_str()),
            |query, on| query.execute(on).await?
        );
        known.commit = commit;
        known.cards.extend(rows.into_iter().map(|(card, head)| (Arc::from(card), head)));
        Ok(())
    }
}
