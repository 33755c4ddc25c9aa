//! A small town: two bus networks' worth of streets, a river with ferries, a canal with boats, and two months of
//! rides, seen by nobody or by somebody.

use crate::dice::Dice;
use fares::rate::Stops;
use fares::ride::{Ride, RideCall, RideKey, Rides};
use gtfs::time::MICROS;
use gtfs::{ServiceDay, ServiceTime, Timestamp};
use std::sync::{Arc, LazyLock};

pub(crate) const TZ: chrono_tz::Tz = chrono_tz::Tz::Asia__Bangkok;
/// Towns that differ in what was seen of their rides; nobody saw anything in the first.
pub(crate) const TOWNS: usize = 6;

/// One direction of a route.
pub(crate) struct Line {
    pub(crate) route: &'static str,
    pub(crate) network: &'static str,
    pub(crate) agency: &'static str,
    pub(crate) stops: &'static [&'static str],
    pub(crate) vehicles: &'static [&'static str],
    /// First and last departure, and the time between, minutes of the day.
    runs: (i32, i32, i32),
    /// Between two stops, minutes.
    leg_min: i32,
    pub(crate) is_boat: bool,
}

#[rustfmt::skip]
pub(crate) const LINES: [Line; 9] = [
    Line { route: "1", network: "bus", agency: "red", stops: &["B00", "B01", "B02", "B03", "B04", "B05", "B06", "B07"],
           vehicles: &["EV-1", "EV-2"], runs: (330, 1300, 65), leg_min: 4, is_boat: false },
    Line { route: "2", network: "bus", agency: "blue", stops: &["B08", "B09", "B03", "B10", "B11", "B12", "B13"],
           vehicles: &["EV-3", "EV-4", "EV-5"], runs: (340, 1640, 80), leg_min: 5, is_boat: false },
    Line { route: "3", network: "bus", agency: "red", stops: &["B15", "B16", "B03", "B17", "B18", "B15"],
           vehicles: &["EV-6"], runs: (360, 1200, 80), leg_min: 6, is_boat: false },
    Line { route: "4", network: "bus", agency: "blue", stops: &["B20", "B21", "B22", "B23", "B21", "B20"],
           vehicles: &["EV-7", "EV-8"], runs: (345, 1345, 90), leg_min: 7, is_boat: false },
    Line { route: "F1", network: "ferry", agency: "river", stops: &["P0", "P1", "P2", "P3", "P4", "P5"],
           vehicles: &["FR-1", "FR-2"], runs: (350, 1250, 75), leg_min: 8, is_boat: true },
    Line { route: "F1", network: "ferry", agency: "river", stops: &["P5", "P4", "P3", "P2", "P1", "P0"],
           vehicles: &["FR-1", "FR-2"], runs: (380, 1280, 75), leg_min: 8, is_boat: true },
    Line { route: "F2", network: "ferry", agency: "cross", stops: &["P2", "P6", "P7", "P2"],
           vehicles: &["FR-3"], runs: (400, 1600, 100), leg_min: 10, is_boat: true },
    Line { route: "K", network: "canal", agency: "canal", stops: &["Q0", "P0", "Q1", "Q2"],
           vehicles: &["CB-1"], runs: (400, 1100, 110), leg_min: 9, is_boat: true },
    Line { route: "X", network: "", agency: "", stops: &["B19", "B00", "B08", "B24"],
           vehicles: &["EV-9"], runs: (420, 1100, 150), leg_min: 10, is_boat: false },
];

/// The days on which taps are made: a week over the end of a month, and some far apart.
pub(crate) const DAYS: [&str; 15] = [
    "20260130", "20260131", "20260201", "20260202", "20260203", "20260204", "20260205", "20260208",
    "20260209", "20260227", "20260228", "20260301", "20260302", "20260330", "20260331",
];

pub(crate) struct Town {
    pub(crate) rides: Rides,
    /// The same rides; a map in another order.
    pub(crate) shuffled: Rides,
    pub(crate) stops: Stops,
    /// By line, by time.
    pub(crate) timetable: Vec<Vec<RideKey>>,
}

pub(crate) static ALL: LazyLock<Vec<Town>> = LazyLock::new(|| (0..TOWNS as u64).map(Town::new).collect());

pub(crate) fn day(text: &str) -> ServiceDay {
    ServiceDay::parse(text).unwrap()
}

impl Town {
    fn new(number: u64) -> Self {
        let mut dice = Dice(number);
        let mut town = Self {
            rides: Rides::default(),
            shuffled: Rides::default(),
            stops: stops(),
            timetable: Vec::new(),
        };
        for (at, line) in LINES.iter().enumerate() {
            let mut keys = Vec::new();
            for date in DAYS {
                let (first, last, headway) = line.runs;
                for (run, minute) in (first..=last).step_by(headway as usize).enumerate() {
                    let mut ride = ride(at, line, day(date), run, minute);
                    if number > 0 {
                        see(&mut ride, &mut dice);
                    }
                    keys.push(ride.key.clone());
                    town.rides.insert(ride.key.clone(), ride);
                }
            }
            town.timetable.push(keys);
        }
        let rides = town.rides.iter().map(|(key, ride)| (key.clone(), ride.clone()));
        town.shuffled = rides.collect();
        town
    }

    /// The first ride of a line that should leave a call at `t` or later, and `skip` more.
    pub(crate) fn next(&self, line: usize, call: usize, t: Timestamp, skip: usize) -> Option<&Ride> {
        let keys = &self.timetable[line];
        let at = keys.partition_point(|key| self.rides[key].calls[call].aimed < t);
        keys.get(at + skip).map(|key| &self.rides[key])
    }
}

/// Piers are 250 m apart, with bus stops beside them; three stops are nowhere.
fn stops() -> Stops {
    let mut stops = Stops::default();
    for pier in 0..8 {
        stops.insert(format!("P{pier}").into(), (pier * 400, 0));
    }
    for stop in (0..24).filter(|stop| *stop != 13 && *stop != 17) {
        stops.insert(format!("B{stop:02}").into(), (stop % 8 * 370, 90 + stop / 8 * 333));
    }
    stops.insert("Q0".into(), (-300, -200));
    stops.insert("Q1".into(), (700, -300));
    stops
}

fn ride(at: usize, line: &Line, day: ServiceDay, run: usize, minute: i32) -> Ride {
    let call = |(number, stop): (usize, &&str)| RideCall {
        sequence: number as u32 * 3 + 1,
        stop: (*stop).into(),
        aimed: day.at(TZ, ServiceTime((minute + number as i32 * line.leg_min) * 60)),
        arrived: None,
        left: None,
    };
    let trip: Arc<str> = format!("{at}-{run}").into();
    Ride {
        key: RideKey { day, trip, start_s: 0 },
        route: line.route.into(),
        agency: line.agency.into(),
        vehicle: line.vehicles[run % line.vehicles.len()].into(),
        calls: line.stops.iter().enumerate().map(call).collect(),
    }
}

fn see(ride: &mut Ride, dice: &mut Dice) {
    let seen_percent = dice.of(&[0, 0, 60, 100]);
    let late_s = dice.below(900) as i64 - 120;
    for call in &mut ride.calls {
        let arrived = Timestamp(call.aimed.0 + late_s * MICROS);
        call.arrived = dice.percent(seen_percent).then_some(arrived);
        let waits = Timestamp(arrived.0 + 25 * MICROS);
        call.left = (dice.percent(80) && dice.percent(seen_percent)).then_some(waits);
    }
}
