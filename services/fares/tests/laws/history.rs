//! Histories of a card: genuine journeys over some days, and everything that goes wrong with taps.
//!
//! A history is made from a [`Script`] of small numbers, so that a failing one shrinks to a few rides that
//! could have happened.

use crate::tariffs;
use crate::town::{self, LINES, TZ, Town};
use fares::card::{Amnesty, Concession, Confirmed, Profile};
use fares::journey::{Horizon, InForce};
use fares::rate::{Facts, rate};
use fares::ride::{Place, PlacedTap, Ride, RideKey};
use fares::tariff::{Tariff, Tariffs};
use fares::{Leg, TapId, TapKind};
use gtfs::time::MICROS;
use gtfs::{ServiceTime, Timestamp};
use proptest::prelude::*;
use std::fmt;
use std::sync::Arc;

/// Taps of a history.
pub(crate) const TAPS_MAX: usize = 60;

/// One ride of the rider, or what became of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// Seconds since he got off the last time.
    pub(crate) gap_s: u32,
    pub(crate) line: u8,
    pub(crate) board: u8,
    /// Calls that he stays on, less one.
    pub(crate) along: u8,
    /// Rides that he lets pass.
    pub(crate) skip: u8,
    /// 0 pier to pier, 1 on board, 2 pier to board, 3 board to pier.
    pub(crate) terminals: u8,
    /// 0 flagged on and off, 1 not flagged.
    pub(crate) flags: u8,
    pub(crate) pax: u8,
    /// Microseconds beside the time of the ride.
    pub(crate) jitter_us: i32,
    pub(crate) faults: [Fault; 2],
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    NoOn,
    NoOff,
    /// The first tap once more after so many seconds, with more riders.
    OnAgain(u16),
    /// The last tap once more.
    OffAgain(u16),
    /// Off where he got on, after so many seconds, instead.
    ChangedMind(u16),
    WrongOnFlag,
    WrongOffFlag,
    RideOfOnUnknown,
    RideOfOffUnknown,
    RidesUnknown,
    StopOfOnUnknown,
    StopOfOffUnknown,
    SequencesUnknown,
    /// The taps name a ride of which nothing is known.
    Ghost,
    Nowhere,
    /// A stop that is in no area and has no place.
    StrangeStop,
    StrangeSequence,
    DeniedOn,
    DeniedOff,
    OtherVehicle,
    /// So many minutes too late.
    LateOff(u16),
    OtherNetwork,
    /// The off comes at the same instant as the on.
    NoTime,
    /// A tap off on a bus where none is asked for.
    NeedlessOff,
}

/// What a history is made from.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) town: usize,
    pub(crate) tariff: usize,
    /// Another tariff from the start of that one of the days on.
    pub(crate) then: Option<(usize, usize)>,
    pub(crate) first_day: usize,
    pub(crate) steps: Vec<Step>,
    /// Category, first day, days.
    pub(crate) concessions: Vec<(u8, u8, u8)>,
    /// Tap, stop.
    pub(crate) confirmed: Vec<(u8, u8)>,
    /// Of what, first day, hours.
    pub(crate) amnesties: Vec<(u8, u8, u16)>,
    /// Minutes from the last tap to now; days from the last tap to the last day that is closed.
    pub(crate) now_min: u16,
    pub(crate) closed: Option<i8>,
}

/// All that a rating is made from.
#[derive(Clone)]
pub(crate) struct History {
    pub(crate) card: Arc<str>,
    pub(crate) taps: Vec<PlacedTap>,
    pub(crate) profile: Profile,
    pub(crate) amnesties: Vec<Amnesty>,
    pub(crate) tariffs: Tariffs,
    pub(crate) town: &'static Town,
    pub(crate) horizon: Horizon,
}

impl History {
    pub(crate) fn facts(&self) -> Facts<'_> {
        Facts {
            tariffs: InForce::of(&self.tariffs).unwrap(),
            rides: &self.town.rides,
            stops: &self.town.stops,
            amnesties: &self.amnesties,
            horizon: self.horizon,
        }
    }

    pub(crate) fn legs(&self) -> Vec<Leg> {
        rate(&self.card, &self.taps, &self.profile, self.facts())
            .legs
            .into_iter()
            .map(|leg| leg.leg)
            .collect()
    }

    /// The same under tariffs that never fill in a missing tap.
    pub(crate) fn without_autofill(&self) -> Self {
        let without = |tariff: &Arc<Tariff>| {
            let mut rows = tariff.rows().clone();
            rows.limits.autofills_per_month = 0;
            Arc::new(Tariff::new(rows).unwrap())
        };
        Self { tariffs: Tariffs::new(self.tariffs.all().iter().map(without).collect()), ..self.clone() }
    }
}

/// Every tap on a line, as a person would write it down.
impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for tap in &self.taps {
            let local = tap.t.utc().unwrap().with_timezone(&TZ);
            let Place { network, route, vehicle, ride, sequence, stop, .. } = &*tap.place;
            let ride = ride.as_ref().map(|ride| format!("{} {}", ride.day, ride.trip));
            writeln!(
                f,
                "{} {} {:?} pax {}{} network {network:?} route {route:?} vehicle {vehicle:?} ride {ride:?} call \
                 {sequence:?} stop {stop:?}",
                tap.id,
                local.format("%m-%d %a %H:%M:%S%.6f"),
                tap.kind,
                tap.pax,
                if tap.denied { " denied" } else { "" },
            )?;
        }
        let now = self.horizon.now.utc().unwrap().with_timezone(&TZ);
        writeln!(f, "now {now}, closed {:?}", self.horizon.closed.map(|day| day.to_string()))?;
        if self.profile != Profile::default() || !self.amnesties.is_empty() {
            writeln!(f, "{:?} {:?}", self.profile, self.amnesties)?;
        }
        let versions: Vec<_> = self.tariffs.all().iter().map(|tariff| tariff.version()).collect();
        writeln!(f, "tariffs {versions:?}")
    }
}

/// The hour at which the rider leaves his house on a day.
fn morning(day: usize) -> Timestamp {
    town::day(town::DAYS[day % town::DAYS.len()]).at(TZ, ServiceTime(5 * 3600 + 1800))
}

/// The total of what some legs cost the rider.
pub(crate) fn total(legs: &[Leg]) -> i64 {
    legs.iter().map(|leg| leg.price.charge.0).sum()
}

impl Script {
    pub(crate) fn history(&self) -> History {
        let town = &town::ALL[self.town % town::TOWNS];
        let mut taps = Taps { town, list: Vec::new(), cursor: morning(self.first_day) };
        for step in &self.steps {
            taps.ride(step);
        }
        let mut taps = taps.list;
        taps.sort_by(|a, b| a.order().cmp(&b.order()));
        taps.truncate(TAPS_MAX);
        let last = taps.last().map_or(morning(self.first_day), |tap| tap.t);
        let now = Timestamp(last.0 + i64::from(self.now_min) * 60 * MICROS);
        let closed =
            self.closed.map(|days| fares::tariff::frames::local(plus_days(last, i64::from(days)), TZ).0);
        History {
            card: "card".into(),
            profile: self.profile(&taps),
            taps,
            amnesties: self.amnesties(),
            tariffs: self.tariffs(),
            town,
            horizon: Horizon { now, closed },
        }
    }

    fn tariffs(&self) -> Tariffs {
        let first = Arc::clone(&tariffs::ALL[self.tariff % tariffs::TARIFFS]);
        let then = self.then.map(|(then, day)| tariffs::from(then % tariffs::TARIFFS, morning(day)));
        Tariffs::new([first].into_iter().chain(then).collect())
    }

    fn profile(&self, taps: &[PlacedTap]) -> Profile {
        let concession = |&(category, day, days): &(u8, u8, u8)| {
            let from = Timestamp(morning(usize::from(day)).0 + i64::from(days) * 3_600 * MICROS);
            let category = ["senior", "student", "monk", "nobody"][usize::from(category) % 4];
            Concession { category: category.into(), from, until: plus_days(from, i64::from(days)) }
        };
        let confirmed = |&(tap, stop): &(u8, u8)| {
            let stops = LINES[usize::from(stop) % LINES.len()].stops;
            let stop = stops[usize::from(stop) / LINES.len() % stops.len()];
            taps.get(usize::from(tap) % TAPS_MAX)
                .map(|tap| Confirmed { tap: tap.id.clone(), stop: stop.into() })
        };
        Profile {
            concessions: self.concessions.iter().map(concession).collect(),
            confirmed: self.confirmed.iter().filter_map(confirmed).collect(),
        }
    }

    fn amnesties(&self) -> Vec<Amnesty> {
        let amnesty = |&(of, day, hours): &(u8, u8, u16)| {
            let of = ["ferry", "F1", "bus", "1", "canal", "F2"][usize::from(of) % 6];
            let from = morning(usize::from(day));
            let until = Timestamp(from.0 + i64::from(hours) * 3600 * MICROS);
            Amnesty { of: of.into(), from, until }
        };
        self.amnesties.iter().map(amnesty).collect()
    }
}

fn plus_days(t: Timestamp, days: i64) -> Timestamp {
    Timestamp(t.0 + days * 86_400 * MICROS)
}

/// Taps in the making.
struct Taps {
    town: &'static Town,
    list: Vec<PlacedTap>,
    cursor: Timestamp,
}

impl Taps {
    fn ride(&mut self, step: &Step) {
        let line = usize::from(step.line) % LINES.len();
        let stops = LINES[line].stops.len();
        let board = usize::from(step.board) % (stops - 1);
        let alight = board + 1 + usize::from(step.along) % (stops - 1 - board);
        let t = Timestamp(self.cursor.0 + i64::from(step.gap_s) * MICROS);
        let Some(ride) = self.town.next(line, board, t, usize::from(step.skip)) else { return };
        let [on, off] = [board, alight].map(|call| {
            let call = &ride.calls[call];
            Timestamp(call.left.or(call.arrived).unwrap_or(call.aimed).0)
        });
        let early = Timestamp(on.0 - i64::from(step.jitter_us));
        let late = Timestamp(off.0 + i64::from(step.jitter_us));
        self.cursor = late.max(early);
        let is_boat = LINES[line].is_boat;
        let (from_pier, to_pier) =
            (is_boat && step.terminals % 3 != 1, is_boat && matches!(step.terminals % 4, 0 | 3));
        let kinds = if step.flags == 0 { [TapKind::On, TapKind::Off] } else { [TapKind::Tap; 2] };
        let mut first = self.tap(ride, line, board, early, kinds[0], from_pier);
        let mut last = self.tap(ride, line, alight, late, kinds[1], to_pier);
        (first.pax, last.pax) = (step.pax.clamp(1, 4), step.pax.clamp(1, 4));
        let mut made = Made { on: Some(first), off: is_boat.then(|| last.clone()), again: Vec::new() };
        for fault in step.faults {
            made.suffer(fault, &last);
        }
        self.list.extend(made.on);
        self.list.extend(made.off);
        self.list.extend(made.again);
        for (number, tap) in self.list.iter_mut().enumerate() {
            tap.id.seq = number as i64;
        }
    }

    fn tap(
        &self,
        ride: &Ride,
        line: usize,
        call: usize,
        t: Timestamp,
        kind: TapKind,
        is_pier: bool,
    ) -> PlacedTap {
        let line = &LINES[line];
        let mut place = Place {
            agency: line.agency.into(),
            network: line.network.into(),
            stop: Arc::clone(&ride.calls[call].stop),
            ..Place::default()
        };
        if !is_pier {
            place.route = line.route.into();
            place.vehicle = Arc::clone(&ride.vehicle);
            place.ride = Some(Arc::new(ride.key.clone()));
            place.sequence = Some(ride.calls[call].sequence);
        }
        let terminal = if is_pier { &place.stop } else { &place.vehicle };
        let id = TapId { terminal: Arc::clone(terminal), epoch: 1, seq: 0 };
        PlacedTap { id, t, kind, pax: 1, denied: false, place: Arc::new(place) }
    }
}

/// The taps of one ride, while faults befall them.
struct Made {
    on: Option<PlacedTap>,
    off: Option<PlacedTap>,
    again: Vec<PlacedTap>,
}

impl Made {
    fn suffer(&mut self, fault: Fault, last: &PlacedTap) {
        let after = |tap: &PlacedTap, s: u16| PlacedTap {
            t: Timestamp(tap.t.0 + i64::from(s) * MICROS),
            ..tap.clone()
        };
        match fault {
            Fault::None => {}
            Fault::NoOn => self.on = None,
            Fault::NoOff => self.off = None,
            Fault::OnAgain(s) => {
                self.again
                    .extend(self.on.as_ref().map(|on| PlacedTap { pax: 1 + on.pax % 4, ..after(on, s) }));
            }
            Fault::OffAgain(s) => self.again.extend(self.off.as_ref().map(|off| after(off, s))),
            Fault::ChangedMind(s) => {
                self.off = self.on.as_ref().map(|on| PlacedTap { kind: last.kind, ..after(on, s) });
            }
            Fault::WrongOnFlag => self.on.iter_mut().for_each(|on| on.kind = TapKind::Off),
            Fault::WrongOffFlag => self.off.iter_mut().for_each(|off| off.kind = TapKind::On),
            Fault::RideOfOnUnknown => self.on.iter_mut().for_each(|on| place(on, unknown_ride)),
            Fault::RideOfOffUnknown => self.off.iter_mut().for_each(|off| place(off, unknown_ride)),
            Fault::StopOfOnUnknown => self.on.iter_mut().for_each(|on| place(on, unknown_stop)),
            Fault::StopOfOffUnknown => self.off.iter_mut().for_each(|off| place(off, unknown_stop)),
            Fault::RidesUnknown => self.both(|tap| place(tap, unknown_ride)),
            Fault::SequencesUnknown => self.both(|tap| place(tap, |place| place.sequence = None)),
            Fault::Ghost => self.both(|tap| {
                place(tap, |place| {
                    if let Some(key) = &place.ride {
                        place.ride = Some(Arc::new(RideKey { trip: "ghost".into(), ..(**key).clone() }));
                    }
                });
            }),
            Fault::Nowhere => self.both(|tap| {
                place(tap, |place| {
                    *place = Place { vehicle: Arc::clone(&place.vehicle), ..Place::default() }
                });
            }),
            Fault::StrangeStop => {
                self.off.iter_mut().for_each(|off| place(off, |place| place.stop = "ZZ".into()))
            }
            Fault::StrangeSequence => {
                self.on.iter_mut().for_each(|on| place(on, |place| place.sequence = Some(2)));
            }
            Fault::DeniedOn => self.on.iter_mut().for_each(|on| on.denied = true),
            Fault::DeniedOff => self.off.iter_mut().for_each(|off| off.denied = true),
            Fault::OtherVehicle => {
                self.off.iter_mut().for_each(|off| place(off, |place| place.vehicle = "FR-9".into()));
            }
            Fault::LateOff(minutes) => {
                self.off = self.off.as_ref().map(|off| PlacedTap {
                    t: Timestamp(off.t.0 + i64::from(minutes) * 60 * MICROS),
                    ..off.clone()
                });
            }
            Fault::OtherNetwork => {
                self.off.iter_mut().for_each(|off| place(off, |place| place.network = "canal".into()));
            }
            Fault::NoTime => {
                if let (Some(on), Some(off)) = (&self.on, &mut self.off) {
                    off.t = on.t;
                }
            }
            Fault::NeedlessOff => self.off = Some(last.clone()),
        }
    }

    fn both(&mut self, change: impl Fn(&mut PlacedTap)) {
        self.on.iter_mut().chain(&mut self.off).for_each(change);
    }
}

fn place(tap: &mut PlacedTap, change: impl Fn(&mut Place)) {
    change(Arc::make_mut(&mut tap.place));
}

fn unknown_ride(place: &mut Place) {
    (place.ride, place.sequence, place.route) = (None, None, "".into());
}

fn unknown_stop(place: &mut Place) {
    (place.sequence, place.stop) = (None, "".into());
}

/// Faults, a good half of them none.
pub(crate) fn faults() -> BoxedStrategy<Fault> {
    let seconds = || prop_oneof![0u16..200, 0u16..5000];
    let plain = prop::sample::select(vec![
        Fault::NoOn,
        Fault::NoOff,
        Fault::WrongOnFlag,
        Fault::WrongOffFlag,
        Fault::RideOfOnUnknown,
        Fault::RideOfOffUnknown,
        Fault::RidesUnknown,
        Fault::StopOfOnUnknown,
        Fault::StopOfOffUnknown,
        Fault::SequencesUnknown,
        Fault::Ghost,
        Fault::Nowhere,
        Fault::StrangeStop,
        Fault::StrangeSequence,
        Fault::DeniedOn,
        Fault::DeniedOff,
        Fault::OtherVehicle,
        Fault::OtherNetwork,
        Fault::NoTime,
        Fault::NeedlessOff,
    ]);
    prop_oneof![
        30 => Just(Fault::None),
        6 => Just(Fault::NoOff),
        2 => Just(Fault::NoOn),
        12 => plain,
        2 => seconds().prop_map(Fault::OnAgain),
        2 => seconds().prop_map(Fault::OffAgain),
        2 => seconds().prop_map(Fault::ChangedMind),
        2 => (0u16..400).prop_map(Fault::LateOff),
    ]
    .boxed()
}

/// Rides with faults, or without.
pub(crate) fn steps(fault: BoxedStrategy<Fault>, rides_max: usize) -> BoxedStrategy<Vec<Step>> {
    let gap_s = prop_oneof![
        5 => 0u32..900,
        4 => 900u32..7200,
        2 => 7200u32..50_000,
        2 => 50_000u32..100_000,
        1 => 100_000u32..600_000,
    ];
    let line = prop_oneof![3 => 0u8..4, 4 => 4u8..7, 1 => 7u8..9];
    let pax = prop_oneof![6 => Just(1u8), 1 => 2u8..5];
    let jitter_us = prop_oneof![3 => Just(0i32), 1 => -1_000_000i32..40_000_000];
    let skip = prop_oneof![4 => Just(0u8), 1 => 1u8..4];
    let along = prop_oneof![2 => Just(0u8), 3 => 0u8..8];
    let flags = prop_oneof![3 => Just(0u8), 1 => Just(1u8)];
    let ride = (gap_s, line, 0u8..8, along, skip, 0u8..4);
    let step = (ride, flags, pax, jitter_us, [fault.clone(), fault]).prop_map(
        |(ride, flags, pax, jitter_us, faults)| {
            let (gap_s, line, board, along, skip, terminals) = ride;
            Step { gap_s, line, board, along, skip, terminals, flags, pax, jitter_us, faults }
        },
    );
    let few = prop::collection::vec(step.clone(), 0..=6.min(rides_max));
    let many = prop::collection::vec(step, 0..=rides_max);
    prop_oneof![2 => few, 1 => many].boxed()
}

/// Everything that can happen to a card.
pub(crate) fn anything() -> BoxedStrategy<Script> {
    let few = |most: usize| 0..=most;
    let facts = (
        prop::collection::vec((0u8..4, 0u8..15, 0u8..40), few(2)),
        prop::collection::vec((0u8..60, 0u8..80), few(3)),
        prop::collection::vec((0u8..6, 0u8..15, 0u16..300), few(1)),
        prop_oneof![Just(0u16), 0u16..400, 0u16..10_000],
        prop_oneof![3 => Just(None), 1 => (-5i8..3).prop_map(Some)],
    );
    let tariff = prop_oneof![1 => Just(0), 2 => 0..tariffs::TARIFFS];
    let then = prop_oneof![4 => Just(None), 1 => (0..tariffs::TARIFFS, 0..town::DAYS.len()).prop_map(Some)];
    (0..town::TOWNS, tariff, then, 0..town::DAYS.len() - 6, steps(faults(), 40), facts)
        .prop_map(
            |(town, tariff, then, first_day, steps, (concessions, confirmed, amnesties, now_min, closed))| {
                Script {
                    town,
                    tariff,
                    then,
                    first_day,
                    steps,
                    concessions,
                    confirmed,
                    amnesties,
                    now_min,
                    closed,
                }
            },
        )
        .boxed()
}
