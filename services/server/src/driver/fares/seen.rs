//! What was seen of vehicles, as an engine was told it: the stored rides keep that, whoever was told.

use fares::engine::Event;
use fares::place::Visit;
use fares::ride::RideKey;
use gtfs::{ServiceDay, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;
use store::{Db, StoreError};

/// The rides of a day as its timetable had them, and what an engine was told of vehicles on them, by time.
///
/// A ride keeps what was told; which vehicle that was stands in the visits, of which some may have come too late to be
/// told.
pub(super) async fn seen_on(db: &Db, day: ServiceDay) -> Result<(Vec<Event>, Vec<Event>), StoreError> {
    type Call = (RideKey, u32);
    type Times = (Option<Timestamp>, Option<Timestamp>);
    let mut vehicles: HashMap<Call, Vec<(Times, Arc<str>)>> = HashMap::new();
    for visit in db.visits(day).await? {
        let ride = RideKey { day, trip: visit.trip, start_s: visit.start.0 };
        let of_call = vehicles.entry((ride, visit.stop_sequence)).or_default();
        of_call.push(((visit.arrival, visit.departure), visit.vehicle));
    }
    let (mut rides, mut visits) = (Vec::new(), Vec::new());
    for mut ride in db.rides_of(day).await? {
        let last_seen = std::mem::take(&mut ride.vehicle);
        for call in &mut ride.calls {
            let times = (call.arrived.take(), call.left.take());
            if times == (None, None) {
                continue;
            }
            let key = (ride.key.clone(), call.sequence);
            let seen = vehicles.get(&key).map_or(&[][..], Vec::as_slice);
            // A visit that was completed later has other times than were told.
            let seen = seen.iter().find(|(seen, _)| *seen == times).or_else(|| seen.first());
            let vehicle = Arc::clone(seen.map_or(&last_seen, |(_, vehicle)| vehicle));
            let ((ride, sequence), (arrived, left)) = (key, times);
            visits.push(Visit { vehicle, ride, sequence, arrived, left });
        }
        rides.push(ride);
    }
    visits.sort_by_key(|visit| visit.left.or(visit.arrived));
    Ok((rides.into_iter().map(Event::Ride).collect(), visits.into_iter().map(Event::Visit).collect()))
}
