//! What the timetable says, as facts that fares keep: the rides of a day, where stops are.

use fares::rate::Stops;
use fares::ride::{Ride, RideCall, RideKey};
use gtfs::{ServiceDay, ServiceTime, Timetable, TripIdx};
use std::sync::Arc;

/// Every ride of a day. Trips with headways and no fixed times have none: they have no time to be late against, and
/// their taps are priced by the vehicle alone.
#[must_use]
pub fn rides_of(timetable: &Timetable, day: ServiceDay) -> Vec<Ride> {
    let runs = |trip: &TripIdx| {
        let trip = &timetable.trips[trip.at()];
        let is_exact = trip.frequency.as_ref().is_none_or(|frequency| frequency.exact);
        is_exact && timetable.services[trip.service.at()].days.binary_search(&day).is_ok()
    };
    let trips = (0..timetable.trips.len()).filter_map(|at| u32::try_from(at).ok()).map(TripIdx);
    trips.filter(runs).map(|trip| ride(timetable, trip, day)).collect()
}

fn ride(timetable: &Timetable, trip: TripIdx, day: ServiceDay) -> Ride {
    let row = &timetable.trips[trip.at()];
    let route = &timetable.routes[timetable.route_of(trip).at()];
    let (pattern, times) = (timetable.calls(row.pattern), timetable.times(trip));
    let last = pattern.len().saturating_sub(1);
    let calls = pattern.iter().zip(times).enumerate().map(|(at, (call, time))| {
        let after_s = if at == last { time.arrival_s } else { time.departure_s };
        let aimed = day.at(timetable.tz, ServiceTime(row.start.0 + after_s));
        let stop = (&*timetable.stops[call.stop.at()].id).into();
        RideCall { sequence: call.sequence, stop, aimed, arrived: None, left: None }
    });
    Ride {
        key: RideKey { day, trip: (&*row.id).into(), start_s: row.start.0 },
        route: (&*route.id).into(),
        agency: (&*timetable.agencies[route.agency.at()].id).into(),
        vehicle: "".into(),
        calls: calls.collect(),
    }
}

/// Where stops are, whole metres east and north of the middle of the feed.
#[must_use]
pub fn stops_of(timetable: &Timetable) -> Stops {
    let at = |stop: &gtfs::timetable::Stop| {
        let [east, north] = timetable.plane.xy(stop.lat, stop.lon);
        (Arc::<str>::from(&*stop.id), (east.round() as i32, north.round() as i32))
    };
    timetable.stops.iter().map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ride_has_the_times_of_its_day_and_each_departure_is_one() {
        let timetable = gtfs::fixture::timetable(
            "zone Asia/Bangkok
             service daily 20261101..20261130
             stop A 0 0
             stop B 500 20
             route R bus
             trip t1 route=R service=daily : A 08:00 B 08:10-08:11
             trip often route=R service=daily : A 06:00 B 06:05
             every often 06:00-07:00 1200 exact",
        )
        .unwrap();
        let day = ServiceDay::parse("20261102").unwrap();
        let rides = rides_of(&timetable, day);
        assert_eq!(rides.len(), 4);
        let t1 = rides.iter().find(|ride| &*ride.key.trip == "t1").unwrap();
        assert_eq!((t1.aimed_us(), t1.key.start_s), (600_000_000, 8 * 3600));
        assert_eq!(t1.calls[1].aimed, day.at(timetable.tz, ServiceTime(8 * 3600 + 600)));
        assert_eq!(rides_of(&timetable, ServiceDay::parse("20261202").unwrap()), []);
        assert_eq!(
            stops_of(&timetable)[&Arc::<str>::from("B")].0 - stops_of(&timetable)[&Arc::<str>::from("A")].0,
            500
        );
    }
}
