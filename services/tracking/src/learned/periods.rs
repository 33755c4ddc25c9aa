//! The time of day and the kind of day, for the pace of the road.
//!
//! Timetables know that afternoons are slow; how slow, vehicles tell. A slot is half an hour of a
//! kind of day (see [`super::day_kind`]), by the feed's clock. What was seen of an atom in a slot is weighed against
//! what was seen of it at any time. Only slots in which something was seen take memory.

use super::atoms::AtomIdx;
use super::day_kind::{DayKinds, KINDS};
use chrono::Timelike;
use gtfs::{Timestamp, Timetable};
use std::collections::BTreeMap;

/// Length of a slot, minutes (tracking.md §11).
const SLOT_MIN: u32 = 30;
/// Slots of a day.
const SLOTS: u16 = 48;

/// Half an hour of a kind of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(pub(crate) u16);

impl Slot {
    /// The slot of an instant.
    pub(crate) fn of(kinds: &DayKinds, timetable: &Timetable, t: Timestamp) -> Self {
        let Some(utc) = t.utc() else { return Self(0) };
        let local = utc.with_timezone(&timetable.tz);
        let kind = kinds.at(timetable, t) as u16;
        Self(kind * SLOTS + ((local.hour() * 60 + local.minute()) / SLOT_MIN) as u16)
    }

    /// Whether there is such a slot.
    pub(crate) fn is_one(self) -> bool {
        self.0 < SLOTS * KINDS as u16
    }
}

/// What was seen of an atom in a slot: actual and aimed seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) actual_s: f32,
    pub(crate) aimed_s: f32,
}

/// What was seen of every atom, by slot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Periods {
    slots: BTreeMap<Slot, Vec<Seen>>,
}

impl Periods {
    /// Of an atom in a slot.
    pub(crate) fn of(&self, slot: Slot, atom: AtomIdx) -> Seen {
        self.slots.get(&slot).and_then(|atoms| atoms.get(atom.at())).copied().unwrap_or_default()
    }

    /// Adds what was seen; there are `atoms` in all.
    pub(crate) fn add(&mut self, slot: Slot, atom: AtomIdx, atoms: usize, actual_s: f64, aimed_s: f64) {
        let slot = self.slots.entry(slot).or_insert_with(|| vec![Seen::default(); atoms]);
        if let Some(seen) = slot.get_mut(atom.at()) {
            seen.actual_s += actual_s as f32;
            seen.aimed_s += aimed_s as f32;
        }
    }

    /// Of an atom in every slot in which it was seen, by slot.
    pub(crate) fn seen(&self, atom: AtomIdx) -> impl Iterator<Item = (Slot, Seen)> {
        self.slots
            .iter()
            .map(move |(slot, atoms)| (*slot, atoms[atom.at()]))
            .filter(|(_, seen)| seen.aimed_s > 0.0)
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
    }

    /// Lets everything weigh `share` of what it weighed.
    pub(crate) fn fade(&mut self, share: f64) {
        for seen in self.slots.values_mut().flatten() {
            seen.actual_s *= share as f32;
            seen.aimed_s *= share as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_half_an_hour_of_a_kind_of_day_by_the_feeds_clock() {
        let timetable = gtfs::fixture::timetable(
            "stop A 0 0\nstop B 600 0\nroute R bus\ntrip t route=R : A 08:00 B 08:02",
        )
        .unwrap();
        let kinds = DayKinds::of(&timetable);
        let at = |day: &str, time: &[u8]| {
            let day = gtfs::ServiceDay::parse(day).unwrap();
            Slot::of(&kinds, &timetable, day.at(timetable.tz, gtfs::ServiceTime::parse(time).unwrap()))
        };
        let tuesday = at("20261124", b"08:10:00");
        assert_eq!(tuesday, Slot(16));
        assert_eq!(tuesday, at("20261126", b"08:29:59"));
        assert_ne!(tuesday, at("20261124", b"08:30:00"));
        assert_eq!((at("20261128", b"08:10:00"), at("20261129", b"08:10:00")), (Slot(64), Slot(112)));
    }
}
