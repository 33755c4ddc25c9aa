//! Truthful-tap dominance, law I12 (fares design, section 7): leaving out one tap of a genuine ride never
//! makes a card pay less.
//!
//! A tariff that breaks the law teaches riders not to tap. Here it is held against genuine histories: one
//! to three days of one rider, every tap made, nothing filled in, nobody who changed his mind. One number is one
//! history, always the same, so that what was found once is found again. Leaving out both taps of a ride is
//! no matter of the tariff but of inspection.
//!
//! What always holds: a [`Counterexample`] is one; finding none proves nothing but that many were tried.

mod lines;
mod rider;
mod words;

pub use lines::{Line, of_tariff, of_timetable};

use crate::card::Profile;
use crate::journey::{Horizon, InForce};
use crate::leg::Leg;
use crate::money::Satang;
use crate::rate::{Facts, Stops, rate};
use crate::ride::{PlacedTap, Rides};
use crate::tap::TapId;
use crate::tariff::{Refused, Tariff, Tariffs};
use chrono_tz::Tz;
use gtfs::Timestamp;
use std::ops::Range;
use std::sync::Arc;

/// The card of a history.
const CARD: &str = "card";

/// A genuine history of one card.
#[derive(Clone, Debug)]
pub struct History {
    /// The rider category; empty for the default one.
    pub category: Arc<str>,
    /// Its taps in order.
    pub taps: Vec<PlacedTap>,
    /// What they were made on.
    pub rides: Rides,
}

/// A history in which it pays to leave out a tap. Its words tell a person what happens.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// The number that leads to it.
    pub number: u64,
    /// As short as could be made.
    pub history: History,
    /// The zone of its hours.
    pub tz: Tz,
    /// The tap that is left out.
    pub left_out: TapId,
    /// What the honest rider pays.
    pub honest: Satang,
    /// What the other one pays: less.
    pub other: Satang,
    /// The legs of the honest rider.
    pub honest_legs: Vec<Leg>,
    /// The legs without that tap.
    pub other_legs: Vec<Leg>,
}

/// A tariff on trial.
#[derive(Debug)]
pub struct Trial {
    /// One version, in which nothing is filled in.
    tariffs: Tariffs,
    lines: Vec<Line>,
}

impl Trial {
    /// For a tariff, on the lines of a town. Without lines nothing can be found.
    ///
    /// # Errors
    /// As [`Tariff::new`]; not for the rows of a tariff.
    pub fn new(tariff: &Tariff, lines: Vec<Line>) -> Result<Self, Refused> {
        let mut rows = tariff.rows().clone();
        rows.limits.autofills_per_month = 0;
        Ok(Self { tariffs: Tariffs::new(vec![Arc::new(Tariff::new(rows)?)]), lines })
    }

    /// The history of a number.
    #[must_use]
    pub fn history(&self, number: u64) -> History {
        let Some(tariff) = self.tariffs.all().first() else { return History::default() };
        rider::history(tariff, &self.lines, number)
    }

    /// Whether leaving out one tap in the history of a number makes its card pay less.
    #[must_use]
    pub fn counterexample(&self, number: u64) -> Option<Counterexample> {
        let mut found = self.cheaper(number, self.history(number))?;
        while let Some(shorter) = self.shorter(&found) {
            found = shorter;
        }
        Some(found)
    }

    /// The first counterexample among some numbers.
    #[must_use]
    pub fn search(&self, mut numbers: Range<u64>) -> Option<Counterexample> {
        numbers.find_map(|number| self.counterexample(number))
    }

    /// The same with one ride less.
    fn shorter(&self, found: &Counterexample) -> Option<Counterexample> {
        let legs = found.honest_legs.iter();
        legs.map(|leg| (&leg.id.tap, leg.off.as_ref())).find_map(|(on, off)| {
            let mut history = found.history.clone();
            history.taps.retain(|tap| tap.id != *on && Some(&tap.id) != off);
            self.cheaper(found.number, history)
        })
    }

    fn cheaper(&self, number: u64, history: History) -> Option<Counterexample> {
        let honest_legs = self.legs(&history, &history.taps)?;
        let honest = total(&honest_legs);
        // Both taps of a leg; where one tap is a leg, leaving it out is riding without a ticket.
        let paired = honest_legs.iter().filter_map(|leg| Some([leg.id.tap.clone(), leg.off.clone()?]));
        let paired: Vec<TapId> = paired.flatten().collect();
        paired.into_iter().find_map(|left_out| {
            let kept = history.taps.iter().filter(|tap| tap.id != left_out).cloned().collect::<Vec<_>>();
            let other_legs = self.legs(&history, &kept)?;
            let other = total(&other_legs);
            let (history, honest_legs) = (history.clone(), honest_legs.clone());
            (other < honest).then_some(Counterexample {
                number,
                history,
                tz: self.tz(),
                left_out,
                honest,
                other,
                honest_legs,
                other_legs,
            })
        })
    }

    fn tz(&self) -> Tz {
        self.tariffs.all().first().map_or(Tz::UTC, |tariff| tariff.tz())
    }

    /// What some taps of a history cost, when all rides are over.
    fn legs(&self, history: &History, taps: &[PlacedTap]) -> Option<Vec<Leg>> {
        let facts = Facts {
            tariffs: InForce::of(&self.tariffs)?,
            rides: &history.rides,
            stops: &Stops::default(),
            amnesties: &[],
            horizon: Horizon { now: Timestamp(i64::MAX), closed: None },
        };
        let rated = rate(&CARD.into(), taps, &history.profile(), facts);
        Some(rated.legs.into_iter().map(|leg| leg.leg).collect())
    }
}

impl Default for History {
    fn default() -> Self {
        Self { category: "".into(), taps: Vec::new(), rides: Rides::default() }
    }
}

impl History {
    fn profile(&self) -> Profile {
        let always = crate::card::Concession {
            category: Arc::clone(&self.category),
            from: Timestamp(i64::MIN),
            until: Timestamp(i64::MAX),
        };
        Profile { concessions: vec![always], confirmed: Vec::new() }
    }
}

fn total(legs: &[Leg]) -> Satang {
    Satang(legs.iter().map(|leg| leg.price.charge.0).sum())
}

/// The first number of some in which it pays to leave out a tap, told in words; `None` when there is none.
#[must_use]
pub fn counterexample(tariff: &Tariff, lines: Vec<Line>, numbers: Range<u64>) -> Option<Counterexample> {
    Trial::new(tariff, lines).ok()?.search(numbers)
}
