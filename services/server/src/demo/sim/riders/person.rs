//! Who rides: a card, a home, a place of work, and how they differ.

use super::super::World;
use super::super::traffic::mix;
use super::piers;
use gtfs::{StopIdx, Timetable};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

/// Nobody walks further to a stop, or between two, metres.
const WALK_M_MAX: f32 = 450.0;
/// A way of work is longer than this, metres.
const WORK_M_MIN: f32 = 900.0;
/// Who goes by the river lives and works this near to a pier, metres.
const RIVER_M_MAX: f32 = 1_500.0;
/// Share of riders who go by the river.
const RIVER_SHARE: f64 = 0.3;
/// Walking speed, metres a second, with the corners that a straight line does not have.
const WALK_MPS: f32 = 0.95;

/// Which fare would apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Category {
    /// Nothing special.
    Adult,
    /// 60 and older.
    Senior,
    /// At school or university.
    Student,
    /// Monks and novices.
    Monk,
}

impl Category {
    /// Shares of the town.
    const SHARES: [(Self, f64); 4] =
        [(Self::Adult, 0.6), (Self::Student, 0.2), (Self::Senior, 0.15), (Self::Monk, 0.05)];

    fn draw(rng: &mut StdRng) -> Self {
        let mut left: f64 = rng.random();
        for (category, share) in Self::SHARES {
            left -= share;
            if left < 0.0 {
                return category;
            }
        }
        Self::Adult
    }
}

/// One person with one card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rider {
    /// The card, counted from 1.
    pub card: u32,
    /// Which fare would apply.
    pub category: Category,
    /// The stop at home.
    pub home: StopIdx,
    /// The stop at work, school, market or temple.
    pub work: StopIdx,
    /// The piers at home and at work, for those who go by the river.
    pub river: Option<(StopIdx, StopIdx)>,
}

/// The stops as people on foot see them.
#[derive(Debug)]
pub(super) struct Town {
    /// From each stop: itself and those in walking distance, with the seconds it takes.
    near: Vec<Vec<(StopIdx, f64)>>,
    piers: Vec<StopIdx>,
    /// Stops where something calls.
    served: Vec<StopIdx>,
}

impl Town {
    pub(super) fn of(timetable: &Timetable) -> Self {
        let stops: Vec<StopIdx> = (0..timetable.stops.len()).map(StopIdx::new).collect();
        let near = |&from: &StopIdx| {
            let metres = stops.iter().map(|&to| (to, distance_m(timetable, from, to)));
            metres.filter(|(_, m)| *m <= WALK_M_MAX).map(|(to, m)| (to, f64::from(m / WALK_MPS))).collect()
        };
        Self {
            near: stops.iter().map(near).collect(),
            piers: piers(timetable),
            served: stops.iter().copied().filter(|&stop| !timetable.calls_at(stop).is_empty()).collect(),
        }
    }

    /// A stop and those in walking distance, with the seconds it takes.
    pub(super) fn near(&self, stop: StopIdx) -> &[(StopIdx, f64)] {
        &self.near[stop.at()]
    }

    /// Somewhere to go.
    pub(super) fn anywhere(&self, rng: &mut StdRng) -> Option<StopIdx> {
        self.served.choose(rng).copied()
    }

    /// The person with a card; `None` in a town too small to ride in.
    pub(super) fn rider(&self, world: &World, card: u32) -> Option<Rider> {
        let mut rng = StdRng::seed_from_u64(mix(world.seed, &format!("rider/{card}")));
        let category = Category::draw(&mut rng);
        let timetable = &world.timetable;
        if rng.random_bool(RIVER_SHARE) && self.piers.len() >= 2 {
            let pair: Vec<StopIdx> = self.piers.sample(&mut rng, 2).copied().collect();
            let (a, b) = (pair[0], pair[1]);
            let home = self.somewhere(timetable, a, 0.0..RIVER_M_MAX, &mut rng)?;
            let work = self.somewhere(timetable, b, 0.0..RIVER_M_MAX, &mut rng)?;
            return Some(Rider { card, category, home, work, river: Some((a, b)) });
        }
        let home = self.anywhere(&mut rng)?;
        let work = self.somewhere(timetable, home, WORK_M_MIN..f32::MAX, &mut rng)?;
        Some(Rider { card, category, home, work, river: None })
    }

    /// A stop at a distance from another.
    fn somewhere(
        &self,
        timetable: &Timetable,
        from: StopIdx,
        metres: std::ops::Range<f32>,
        rng: &mut StdRng,
    ) -> Option<StopIdx> {
        let fits = |&&stop: &&StopIdx| metres.contains(&distance_m(timetable, from, stop));
        let fitting: Vec<StopIdx> = self.served.iter().filter(fits).copied().collect();
        fitting.choose(rng).copied()
    }
}

fn distance_m(timetable: &Timetable, a: StopIdx, b: StopIdx) -> f32 {
    let xy = |stop: StopIdx| {
        let stop = &timetable.stops[stop.at()];
        timetable.plane.xy(stop.lat, stop.lon)
    };
    let ([ax, ay], [bx, by]) = (xy(a), xy(b));
    (ax - bx).hypot(ay - by)
}
