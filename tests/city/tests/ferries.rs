//! Ferries that claim no trip: they register at the first pier, before they leave it.

#![expect(clippy::unwrap_used, reason = "a test may")]

use city::operate::Operation;
use city::{Day, Devices, Network, World};
use std::collections::BTreeMap;
use std::sync::Arc;
use tracking::Effect;

/// When each trip of the ferry was first told to be run, and when it really left its first pier, seconds
/// of the day, until a quarter past eleven.
fn ferries(world: &World) -> Vec<(Option<f64>, f64)> {
    let network = Network::new("");
    let day = Day::new(world, &network, 0, city::days(1)[0]);
    let mut heard = day.recording(world, &network);
    let ferry = |trip: usize| network.town.lines[network.trips[trip].line].route == "F1";
    let end_s = 11.25 * 3600.0;
    let boats: Vec<&str> = day
        .duties
        .iter()
        .filter(|duty| ferry(network.blocks[duty.block].trips[0]))
        .map(|duty| duty.vehicle.as_str())
        .collect();
    heard.rows.retain(|row| row.received.since_s(day.midnight) < end_s && boats.contains(&&*row.vehicle));
    let timetable = Arc::new(network.timetable(&city::days(7)).unwrap());
    let mut told: BTreeMap<(String, String), f64> = BTreeMap::new();
    Operation::new(Arc::clone(&timetable)).play(&heard, |now, effect| {
        let Effect::Position(position) = effect else { return };
        if let Some(trip) = position.trip {
            let id = timetable.trips[trip.trip.at()].id.to_string();
            told.entry((position.vehicle.to_string(), id)).or_insert(now.since_s(day.midnight));
        }
    });
    let left = day.visits.iter().filter(|visit| visit.call == 0 && ferry(visit.trip));
    let left = left.filter(|visit| visit.departure_s.is_some_and(|left_s| left_s < end_s));
    let of = |visit: &city::Visit| {
        let key = (day.duties[visit.duty].vehicle.clone(), network.trips[visit.trip].id.clone());
        (told.get(&key).copied(), visit.departure_s.unwrap_or_default())
    };
    left.map(of).collect()
}

#[test]
fn a_ferry_that_claims_nothing_is_on_its_trip_before_it_leaves_the_first_pier() {
    let devices = Devices { claims: false, ..Devices::default() };
    let trips = ferries(&World { devices, ..World::own(1) });
    let ahead = trips.iter().filter(|(told_s, left_s)| told_s.is_some_and(|told_s| told_s < *left_s));
    let (ahead, all) = (ahead.count(), trips.len());
    assert!(all >= 15 && ahead * 10 >= all * 9, "{ahead} of {all}: {trips:?}");
}
