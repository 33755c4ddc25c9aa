//! What the engine must know of a card to rate it again.
//!
//! The rows of a card hang together by `prev`, newest first, from `card_head`: so an insert needs no index by card,
//! whose keys would fall anywhere. A row is posted after what it tells of, so a walk may end at the first row that
//! was posted before the time asked for.

use super::head::{self, CardHead};
use super::{Hold, LegRow, TapState, hold, leg, tap_state};
use crate::sql::{Many, many_rows};
use crate::{Db, StoreError};
use fares::{Account, LegId, Satang, TapId};
use gtfs::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

/// A card since a time: `from` of [`Db::cards_histories`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardHistory {
    /// The card.
    pub card: Arc<str>,
    /// What is posted: owed to the rider when above zero.
    pub balance: Satang,
    /// The newest revision of every tap since, in the order of time and name.
    pub taps: Vec<TapState>,
    /// The newest revision of every leg since, in the order of their start and name.
    pub legs: Vec<LegRow>,
    /// What is held, whenever it was set.
    pub holds: Vec<Hold>,
}

/// A tap may be this much in the future when it is accepted (fares design, section 13), microseconds; twice over.
const AHEAD_US: i64 = 60 * gtfs::time::MICROS;

static TAPS: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "with recursive asked (id, from_us) as (values",
        2,
        concat!(
            "), walk (id, prev, posted_us, from_us) as (\
             select s.id, s.prev, s.posted_us, asked.from_us from asked join tap_state s on s.id = asked.id \
             union all \
             select s.id, s.prev, s.posted_us, walk.from_us from walk join tap_state s on s.id = walk.prev \
             where walk.posted_us >= walk.from_us) \
             select ",
            tap_state::tap_columns!(),
            "from walk join tap_state on tap_state.id = walk.id"
        ),
    )
});

static LEGS: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "with recursive asked (id, from_us) as (values",
        2,
        concat!(
            "), walk (id, prev, posted_us, from_us) as (\
             select s.id, s.prev, s.posted_us, asked.from_us from asked join leg s on s.id = asked.id \
             union all \
             select s.id, s.prev, s.posted_us, walk.from_us from walk join leg s on s.id = walk.prev \
             where walk.posted_us >= walk.from_us) \
             select ",
            leg::leg_columns!(),
            "from walk join leg on leg.id = walk.id"
        ),
    )
});

impl Db {
    /// One card since `from`; see [`Db::cards_histories`].
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn card_history(&self, card: &Arc<str>, from: Timestamp) -> Result<CardHistory, StoreError> {
        let found = self.cards_histories(std::slice::from_ref(card), from).await?.pop();
        found.ok_or_else(|| StoreError::Unreadable("a card was asked for and none came".into()))
    }

    /// Each of these cards, in their order: its balance, its holds, and taps and legs whose time or start is `from`
    /// or later. A card that is not known has an empty history.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn cards_histories(
        &self,
        cards: &[Arc<str>],
        from: Timestamp,
    ) -> Result<Vec<CardHistory>, StoreError> {
        let since_us = from.0.saturating_sub(AHEAD_US);
        let accounts: Vec<Account> = cards.iter().map(|card| Account::Card(Arc::clone(card))).collect();
        let heads = head::of_cards(self, cards).await?;
        let newest = |row: fn(&CardHead) -> i64| {
            let mut rows: Vec<i64> = heads.values().map(row).filter(|&row| row > 0).collect();
            rows.sort_unstable();
            rows
        };
        let (taps, legs) = (newest(|head| head.tap_state), newest(|head| head.leg));
        let taps = many_rows!(pool & self.reads, TAPS, &taps, tap_state::Columns, |query, row| query
            .bind(*row)
            .bind(since_us));
        let legs = many_rows!(pool & self.reads, LEGS, &legs, leg::Columns, |query, row| query
            .bind(*row)
            .bind(since_us));
        let mut parts = Parts::default();
        for balance in self.balances(&accounts).await? {
            if let Account::Card(card) = balance.account {
                parts.balances.insert(card, Satang(balance.debit.0.saturating_neg()));
            }
        }
        for card in cards {
            if let Some(head) = heads.get(&**card).filter(|head| !head.holds.is_empty()) {
                parts.holds.insert(Arc::clone(card), hold::read(card, &head.holds)?);
            }
        }
        for row in taps {
            parts.tap(row.id, row.read()?.state);
        }
        for row in legs {
            parts.leg(row.id, row.read()?);
        }
        Ok(cards.iter().map(|card| parts.take(card, from)).collect())
    }
}

/// Revisions by name; the highest wins, of two alike the later row.
type Newest<K, V> = BTreeMap<K, ((u32, i64), V)>;

#[derive(Default)]
struct Parts {
    balances: HashMap<Arc<str>, Satang>,
    holds: HashMap<Arc<str>, Vec<Hold>>,
    taps: HashMap<Arc<str>, Newest<TapId, TapState>>,
    legs: HashMap<Arc<str>, Newest<LegId, LegRow>>,
}

impl Parts {
    fn tap(&mut self, row: i64, state: TapState) {
        let of_card = self.taps.entry(Arc::clone(&state.card)).or_default();
        keep(of_card, state.id.clone(), (state.rev, row), state);
    }

    fn leg(&mut self, row: i64, leg: LegRow) {
        let of_card = self.legs.entry(Arc::clone(&leg.leg.card)).or_default();
        keep(of_card, leg.leg.id.clone(), (leg.rev, row), leg);
    }

    fn take(&mut self, card: &Arc<str>, from: Timestamp) -> CardHistory {
        let mut taps: Vec<TapState> =
            values(self.taps.remove(card)).filter(|tap: &TapState| tap.t >= from).collect();
        let mut legs: Vec<LegRow> =
            values(self.legs.remove(card)).filter(|row: &LegRow| row.leg.start >= from).collect();
        // They come by name, and the sort is stable.
        taps.sort_by_key(|tap| tap.t);
        legs.sort_by_key(|row| row.leg.start);
        CardHistory {
            card: Arc::clone(card),
            balance: self.balances.remove(card).unwrap_or_default(),
            taps,
            legs,
            holds: self.holds.remove(card).unwrap_or_default(),
        }
    }
}

fn keep<K: Ord, V>(newest: &mut Newest<K, V>, key: K, rank: (u32, i64), value: V) {
    match newest.get(&key) {
        Some((held, _)) if *held >= rank => {}
        _ => _ = newest.insert(key, (rank, value)),
    }
}

fn values<K, V>(newest: Option<Newest<K, V>>) -> impl Iterator<Item = V> {
    newest.into_iter().flat_map(|newest| newest.into_values().map(|(_, value)| value))
}
