//! Trips become duties: the vehicle that has waited longest at an end takes the next departure there.

use crate::timetable::Trip;

/// A vehicle that has waited this long goes to the depot; the next departure gets a fresh one.
const WAIT_S_MAX: u32 = 45 * 60;

struct Vehicle {
    block: String,
    place: String,
    ready_s: u32,
    arrived_s: u32,
}

/// Gives every trip of one kind of day a block. `trips` are sorted by route, then start.
pub(crate) fn assign(trips: &mut [Trip]) {
    for of_route in trips.chunk_by_mut(|a, b| a.route == b.route) {
        let mut waiting: Vec<Vehicle> = Vec::new();
        let mut made = 0;
        for trip in of_route {
            let (Some(first), Some(last)) = (trip.calls.first(), trip.calls.last()) else { continue };
            let start_s = first.departure_s;
            let next = waiting.iter().position(|v| {
                v.place == first.place && v.ready_s <= start_s && start_s <= v.arrived_s + WAIT_S_MAX
            });
            trip.block = match next {
                Some(at) => waiting.remove(at).block,
                None => {
                    made += 1;
                    format!("{}-{}{made:02}", trip.route, &trip.service[4..5])
                }
            };
            let (arrived_s, place) = (last.arrival_s, last.place.clone());
            let vehicle = Vehicle {
                block: trip.block.clone(),
                place,
                ready_s: arrived_s + trip.layover_s_min,
                arrived_s,
            };
            let at = waiting.partition_point(|v| v.arrived_s <= arrived_s);
            waiting.insert(at, vehicle);
        }
    }
}
