//! What was heard and what really happened, as TIDES files: `vehicle_locations.csv` and
//! `stop_visits.csv`, as the replay and the scorer read them.

use crate::day::Day;
use crate::network::Network;
use crate::town::Service;
use gtfs::{ServiceTime, Timestamp};
use std::io::Write;
use tracking::replay::Recording;

fn rfc3339(t: Timestamp) -> String {
    t.utc().map_or_else(String::new, |t| t.to_rfc3339_opts(chrono::SecondsFormat::Micros, true))
}

/// Writes what was heard.
///
/// # Errors
/// When `out` can not be written.
pub fn vehicle_locations(recording: &Recording, out: impl Write) -> Result<(), csv::Error> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
        "service_date",
        "event_timestamp",
        "received_timestamp",
        "vehicle_id",
        "trip_id_scheduled",
        "start_time",
        "route_id",
        "latitude",
        "longitude",
        "heading",
        "speed",
    ])?;
    for row in &recording.rows {
        let (report, claim) = (&row.report, &row.report.claim);
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.2}"));
        writer.write_record([
            claim.day.map_or_else(String::new, |day| day.to_string()),
            rfc3339(report.t),
            rfc3339(row.received),
            row.vehicle.to_string(),
            claim.trip.as_deref().unwrap_or_default().to_owned(),
            claim.start.map_or_else(String::new, |start| start.to_string()),
            claim.route.as_deref().unwrap_or_default().to_owned(),
            format!("{:.7}", report.lat),
            format!("{:.7}", report.lon),
            number(report.heading_deg),
            number(report.speed_mps),
        ])?;
    }
    writer.flush()?;
    Ok(())
}

/// Writes what really happened. A trip's first call has no arrival: vehicles come when they come, and
/// what riders want to know is the departure. A call that was passed round has neither.
///
/// # Errors
/// When `out` can not be written.
pub fn stop_visits(day: &Day, network: &Network, out: impl Write) -> Result<(), csv::Error> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record([
        "service_date",
        "trip_id_scheduled",
        "start_time",
        "vehicle_id",
        "scheduled_stop_sequence",
        "stop_id",
        "schedule_arrival_time",
        "actual_arrival_time",
        "schedule_departure_time",
        "actual_departure_time",
    ])?;
    for visit in day.visits.iter().filter(|visit| visit.served) {
        let trip = &network.trips[visit.trip];
        let line = &network.town.lines[trip.line];
        let at = |s: Option<f64>| s.map_or_else(String::new, |s| rfc3339(day.midnight.plus_s(s)));
        // A service without a timetable has no aimed times.
        let aimed = at((line.service == Service::Timetable).then(|| trip.aimed_s(visit.call)));
        writer.write_record([
            day.date.to_string(),
            trip.id.clone(),
            ServiceTime(trip.start_s).to_string(),
            day.duties[visit.duty].vehicle.clone(),
            (visit.call + 1).to_string(),
            format!("{}{}", network.version, line.stops[visit.call].id),
            aimed.clone(),
            at(visit.arrival_s),
            aimed,
            at(visit.departure_s),
        ])?;
    }
    writer.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;
    use tracking::score::{Repeated, Truth};

    #[test]
    fn the_replay_reads_the_recording_back_as_it_was_made() {
        let (world, network) = (World::own(31), Network::new(""));
        let day = Day::new(&world, &network, 0, crate::days(1)[0]);
        let made = day.recording(&world, &network);
        let mut text = Vec::new();
        vehicle_locations(&made, &mut text).unwrap();
        let read = Recording::read(text.as_slice()).unwrap();
        assert_eq!((read.rows.len(), read.unreadable_count), (made.rows.len(), 0));
        assert_eq!(read.period_s, made.period_s);
        for (a, b) in read.rows.iter().zip(&made.rows).step_by(101) {
            assert_eq!((a.received, &a.vehicle, a.report.t), (b.received, &b.vehicle, b.report.t));
            assert_eq!(a.report.claim, b.report.claim);
            assert!((a.report.lat - b.report.lat).abs() < 1e-6);
        }
    }

    #[test]
    fn the_scorer_reads_every_arrival_back() {
        let (world, network) = (World::own(32), Network::new(""));
        let day = Day::new(&world, &network, 0, crate::days(1)[0]);
        let repeated = Repeated::of(&network.timetable(&crate::days(7)).unwrap());
        let mut text = Vec::new();
        stop_visits(&day, &network, &mut text).unwrap();
        let truth = Truth::read(text.as_slice(), &repeated).unwrap();
        let arrivals: usize = truth.trips.values().map(Vec::len).sum();
        assert_eq!(truth.trips.len(), day.visits.iter().filter(|v| v.call == 1 && v.served).count());
        assert_eq!(arrivals, day.visits.iter().filter(|v| v.served && v.arrival_s.is_some()).count());
    }
}
