//! A small town with buses and boats, and riders who do everything wrong now and then. Everything follows from a seed.

use chrono::NaiveDate;
use fares::engine::Event;
use fares::place::{Installed, Visit};
use fares::ride::{Ride, RideCall, RideKey};
use fares::tap::{RequestClock, TapClock, Whereabouts};
use fares::tariff::{Tariff, Tariffs, file};
use fares::{Tap, TapId, TapKind};
use gtfs::{ServiceDay, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

const TARIFF: &str = include_str!("../../../../ops/sample-network/facts/tariff.toml");
pub(crate) const PIERS: [&str; 6] =
    ["pier-sothon", "pier-marupong", "pier-pitula", "pier-sampokong", "pier-banmai", "pier-saman"];
const MINUTE: i64 = 60;

/// splitmix64 (Steele, Lea, Flood 2014): the same numbers on every machine.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.roll() % n
    }

    pub(crate) fn percent(&mut self, n: u64) -> bool {
        self.below(100) < n
    }
}

pub(crate) struct Town {
    pub(crate) tariff: Arc<Tariff>,
    pub(crate) days: Vec<ServiceDay>,
    pub(crate) rides: Vec<Ride>,
    /// In the order of their times.
    pub(crate) visits: Vec<Visit>,
    /// What riders did: when, and the tap without its arrival.
    pub(crate) taps: Vec<(Timestamp, Tap)>,
}

pub(crate) fn day(n: u64) -> ServiceDay {
    ServiceDay(NaiveDate::from_ymd_opt(2026, 11, 23).unwrap() + chrono::Days::new(n))
}

pub(crate) fn tariff() -> Arc<Tariff> {
    tariff_of(str::to_owned)
}

/// The sample tariff with another text.
pub(crate) fn tariff_of(text: impl Fn(&str) -> String) -> Arc<Tariff> {
    Arc::new(Tariff::new(file::read("tariff.toml", &text(TARIFF), file::empty()).unwrap()).unwrap())
}

impl Town {
    pub(crate) fn new(seed: u64, cards: u64, days: u64) -> Self {
        let mut dice = Dice(seed);
        let days: Vec<ServiceDay> = (0..days).map(day).collect();
        let mut town = Self { tariff: tariff(), days, rides: vec![], visits: vec![], taps: vec![] };
        for at in 0..town.days.len() {
            town.run(town.days[at], &mut dice);
        }
        for card in 0..cards {
            for at in 0..town.days.len() {
                town.rider(&format!("card{card}"), at, &mut dice);
            }
        }
        town.number();
        town
    }

    pub(crate) fn configuration(&self) -> Vec<Event> {
        let mut events = vec![Event::Tariffs(Tariffs::new(vec![Arc::clone(&self.tariff)]))];
        let stops = PIERS.iter().enumerate().map(|(at, stop)| ((*stop).into(), (0, at as i32 * 600)));
        let bus = (0..18).map(|n| (format!("s{n}").into(), (300 * (n % 6), 400 * (n / 6))));
        events.push(Event::Stops(stops.chain(bus).collect()));
        for pier in PIERS {
            let (stop, network, agency) = (pier.into(), "ferry".into(), "boats".into());
            events
                .push(Event::Installed(pier.into(), Installed { vehicle: "".into(), stop, network, agency }));
        }
        for bus in 0..6 {
            let (vehicle, network) = (format!("EV-{bus}").into(), "bus".into());
            let agency = if bus % 2 == 0 { "red" } else { "blue" }.into();
            events.push(Event::Installed(
                format!("T-EV-{bus}").into(),
                Installed { vehicle, stop: "".into(), network, agency },
            ));
        }
        events.extend(self.rides.iter().cloned().map(Event::Ride));
        events
    }

    /// A day of buses and boats.
    fn run(&mut self, day: ServiceDay, dice: &mut Dice) {
        let midnight = day.start(chrono_tz::Asia::Bangkok);
        for bus in 0..6_u64 {
            let route = bus / 2 + 1;
            let agency = if bus % 2 == 0 { "red" } else { "blue" };
            for trip in 0..14 {
                let start = 6 * 60 + trip * 60 + (bus % 2) * 30;
                let stops: Vec<String> = (0..6)
                    .map(|n| format!("s{}", (route - 1) * 6 + if trip % 2 == 0 { n } else { 5 - n }))
                    .collect();
                self.ride(
                    dice,
                    (day, &format!("b{bus}-{trip}"), &route.to_string(), agency),
                    &format!("EV-{bus}"),
                    midnight,
                    start,
                    4,
                    &stops,
                );
            }
        }
        for boat in 0..2_u64 {
            for trip in 0..12 {
                let start = 6 * 60 + trip * 70 + boat * 35;
                let mut stops: Vec<String> = PIERS.map(str::to_owned).to_vec();
                if trip % 2 == 1 {
                    stops.reverse();
                }
                self.ride(
                    dice,
                    (day, &format!("f{boat}-{trip}"), "F1", "boats"),
                    &format!("boat-{boat}"),
                    midnight,
                    start,
                    9,
                    &stops,
                );
            }
        }
        self.visits.sort_by_key(|visit| visit.left.or(visit.arrived));
    }

    #[allow(clippy::too_many_arguments, reason = "what a ride is made of")]
    fn ride(
        &mut self,
        dice: &mut Dice,
        (day, trip, route, agency): (ServiceDay, &str, &str, &str),
        vehicle: &str,
        midnight: Timestamp,
        start_min: u64,
        step_min: u64,
        stops: &[String],
    ) {
        let key = RideKey { day, trip: trip.into(), start_s: 0 };
        let at = |n: usize| midnight.plus_s(((start_min + n as u64 * step_min) as i64 * MINUTE) as f64);
        let call = |(n, stop): (usize, &String)| RideCall {
            sequence: n as u32 + 1,
            stop: stop.as_str().into(),
            aimed: at(n),
            arrived: None,
            left: None,
        };
        let calls: Vec<RideCall> = stops.iter().enumerate().map(call).collect();
        let is_seen = dice.percent(90);
        let late_s = dice.below(150);
        for (n, call) in calls.iter().enumerate() {
            if is_seen && dice.percent(97) {
                let arrived = call.aimed.plus_s(late_s as f64 - 15.0);
                let left = call.aimed.plus_s((late_s + 5) as f64);
                let left = (n + 1 < calls.len()).then_some(left);
                let vehicle = vehicle.into();
                self.visits.push(Visit {
                    vehicle,
                    ride: key.clone(),
                    sequence: call.sequence,
                    arrived: Some(arrived),
                    left,
                });
            }
        }
        self.rides.push(Ride { key, route: route.into(), agency: agency.into(), vehicle: "".into(), calls });
    }

    /// A day of one rider.
    fn rider(&mut self, card: &str, day_at: usize, dice: &mut Dice) {
        let midnight = self.days[day_at].start(chrono_tz::Asia::Bangkok);
        let mut t = midnight.plus_s((6 * 3600 + dice.below(3 * 3600)) as f64);
        for _ in 0..dice.below(5) {
            t = if dice.percent(60) { self.bus(card, t, dice) } else { self.boat(card, t, dice) };
            t = t.plus_s((dice.below(3) * dice.below(3600) + 60) as f64);
        }
    }

    /// Gets on the next bus, rides a while.
    fn bus(&mut self, card: &str, t: Timestamp, dice: &mut Dice) -> Timestamp {
        let bus = dice.below(6);
        let trips = self.rides.iter().filter(|ride| ride.key.trip.starts_with(&format!("b{bus}-")));
        let Some(ride) = trips.filter(|ride| ride.calls[0].aimed >= t).min_by_key(|ride| ride.calls[0].aimed)
        else {
            return t;
        };
        let (from, ride_len) = (dice.below(5) as usize, dice.below(4) as i64 + 1);
        let boarded = ride.calls[from].aimed.plus_s(dice.below(170) as f64);
        let hint = if dice.percent(70) { Arc::clone(&ride.key.trip) } else { "".into() };
        let stop = Arc::clone(&ride.calls[from].stop);
        let terminal = format!("T-EV-{bus}");
        let pax = if dice.percent(4) { 2 } else { 1 };
        self.tap(&terminal, card, TapKind::Tap, boarded, pax, (&format!("EV-{bus}"), &hint, &stop));
        if dice.percent(8) {
            self.tap(
                &terminal,
                card,
                TapKind::Tap,
                boarded.plus_s(dice.below(200) as f64 + 1.0),
                1,
                (&format!("EV-{bus}"), &hint, &stop),
            );
        }
        boarded.plus_s((ride_len * 4 * MINUTE) as f64)
    }

    /// Crosses the river, with all that can go wrong.
    fn boat(&mut self, card: &str, t: Timestamp, dice: &mut Dice) -> Timestamp {
        let (a, b) = (dice.below(6) as usize, dice.below(6) as usize);
        if a == b {
            return t;
        }
        let on = t.plus_s(dice.below(600) as f64);
        let off = on.plus_s(((a.abs_diff(b) as i64 * 9 + 4) * MINUTE + dice.below(300) as i64) as f64);
        let (has_on, has_off) = (!dice.percent(6), !dice.percent(12));
        let pax = if dice.percent(4) { 3 } else { 1 };
        if has_on {
            self.tap(PIERS[a], card, TapKind::On, on, pax, ("", "", PIERS[a]));
            if dice.percent(6) {
                self.tap(
                    PIERS[a],
                    card,
                    TapKind::On,
                    on.plus_s(dice.below(90) as f64 + 1.0),
                    1,
                    ("", "", PIERS[a]),
                );
            }
            if dice.percent(5) {
                let back = on.plus_s(dice.below(900) as f64 + 5.0);
                self.tap(PIERS[a], card, TapKind::Off, back, 1, ("", "", PIERS[a]));
                return back;
            }
        }
        if has_off {
            let kind = if dice.percent(4) { TapKind::Tap } else { TapKind::Off };
            self.tap(PIERS[b], card, kind, off, 1, ("", "", PIERS[b]));
        }
        off
    }

    fn tap(
        &mut self,
        terminal: &str,
        card: &str,
        kind: TapKind,
        t: Timestamp,
        pax: u8,
        hint: (&str, &str, &str),
    ) {
        let boot: Arc<str> = "9f2c".into();
        let up_ms = t.0 / 1000;
        let (vehicle, trip, stop) = (hint.0.into(), hint.1.into(), hint.2.into());
        let tap = Tap {
            id: TapId { terminal: terminal.into(), epoch: 1, seq: 0 },
            card: card.into(),
            kind,
            clock: TapClock { boot: Arc::clone(&boot), up_ms, wall: Some(t), gps: None },
            request: Arc::new(RequestClock { received: t, boot, up_ms, wall: None, rtt_ms: 100 }),
            whereabouts: Whereabouts { vehicle, trip, stop, fix: None },
            pax,
            denied: None,
            fare_shown: None,
            balance_shown: None,
            deny_ver: 0,
            line: "".into(),
        };
        self.taps.push((t, tap));
    }

    /// Numbers taps as their terminals did.
    fn number(&mut self) {
        self.taps.sort_by(|a, b| (a.0, &a.1.card, &a.1.id.terminal).cmp(&(b.0, &b.1.card, &b.1.id.terminal)));
        let mut seqs: BTreeMap<Arc<str>, i64> = BTreeMap::new();
        for (_, tap) in &mut self.taps {
            let seq = seqs.entry(Arc::clone(&tap.id.terminal)).or_insert(0);
            *seq += 1;
            tap.id.seq = *seq;
        }
    }
}

/// A tap that the server has at `received`.
pub(crate) fn received(tap: &Tap, received: Timestamp) -> Arc<Tap> {
    let mut tap = tap.clone();
    let up_ms = received.0 / 1000;
    tap.request = Arc::new(RequestClock { received, up_ms, ..(*tap.request).clone() });
    // Clocks tick in milliseconds; taps of this town fall on whole seconds.
    Arc::new(tap)
}
