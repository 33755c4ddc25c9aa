//! What riders want to pay onto their cards. Nothing here moves money: it is for whoever takes top-ups.

use super::super::traffic::mix;
use super::person::Rider;
use fares::Satang;
use gtfs::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use std::collections::BTreeSet;

/// Share of cards that have money on them from the start.
const OPENING_SHARE: f64 = 0.5;
/// How much, baht.
const OPENING_BAHT: std::ops::RangeInclusive<i64> = 200..=500;
/// Who sees less than this pays in, satang.
const LOW: Satang = Satang(2_000);
/// So much, satang.
const TOP_UP: Satang = Satang(10_000);
/// After so long, seconds.
const TOP_UP_AFTER_S: f64 = 300.0;

/// Somebody wants to pay onto a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimTopUp {
    /// The card, counted from 1.
    pub card: u32,
    /// When.
    pub at: Timestamp,
    /// How much.
    pub satang: Satang,
}

/// What riders know of their balances: only what a terminal has shown them.
#[derive(Clone, Debug, Default)]
pub struct Purses {
    /// Who pays in already.
    low: BTreeSet<u32>,
}

impl Purses {
    /// The money that half of the cards begin with.
    #[must_use]
    pub fn opening(people: &[Rider], seed: u64, at: Timestamp) -> Vec<SimTopUp> {
        let of = |rider: &Rider| {
            let mut rng = StdRng::seed_from_u64(mix(seed, &format!("purse/{}", rider.card)));
            let satang = Satang(rng.random_range(OPENING_BAHT) * fares::money::SATANG_PER_BAHT);
            rng.random_bool(OPENING_SHARE).then_some(SimTopUp { card: rider.card, at, satang })
        };
        people.iter().filter_map(of).collect()
    }

    /// A terminal shows a balance; who sees too little pays in, once until more is shown.
    pub fn shown(&mut self, card: u32, balance: Satang, at: Timestamp) -> Option<SimTopUp> {
        if balance >= LOW {
            self.low.remove(&card);
            return None;
        }
        let is_new = self.low.insert(card);
        is_new.then(|| SimTopUp { card, at: at.plus_s(TOP_UP_AFTER_S), satang: TOP_UP })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sees_too_little_pays_in_once_until_more_is_shown() {
        let (mut purses, now) = (Purses::default(), Timestamp::from_s(1_000));
        assert_eq!(purses.shown(7, Satang(2_000), now), None);
        let wish = purses.shown(7, Satang(1_999), now).expect("too little");
        assert_eq!((wish.card, wish.at, wish.satang), (7, now.plus_s(300.0), Satang(10_000)));
        assert_eq!(purses.shown(7, Satang(500), now), None, "the money is on its way");
        assert_eq!(purses.shown(7, Satang(10_500), now), None);
        assert!(purses.shown(7, Satang(0), now).is_some());
    }
}
