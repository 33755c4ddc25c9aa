//! The prediction log: one row per stop ahead whenever its published value changes.

use crate::{CallUpdate, DatedTrip, Effect, TripState, TripUpdate};
use gtfs::timetable::Mode;
use gtfs::{Timestamp, Timetable};
use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

/// The header of the log. Times are epoch seconds with decimals; `made_at` is when the ping that
/// caused the row was received.
pub const HEADER: [&str; 13] = [
    "made_at",
    "trip_id",
    "start_date",
    "start_time",
    "vehicle_id",
    "stop_sequence",
    "stop_id",
    "arrival",
    "arrival_p10",
    "arrival_p50",
    "arrival_p90",
    "departure",
    "kind",
];

/// Writes predictions as they are published.
pub struct PredictionLog<W: Write> {
    timetable: Arc<Timetable>,
    writer: csv::Writer<W>,
    /// What was last written of each call. Never iterated.
    written: HashMap<DatedTrip, Vec<Option<CallUpdate>>>,
    /// The trip each vehicle is on. Never iterated.
    present: HashMap<Arc<str>, DatedTrip>,
    rows: u64,
}

impl<W: Write> PredictionLog<W> {
    /// A log with its header.
    ///
    /// # Errors
    /// When it can not be written.
    pub fn new(timetable: Arc<Timetable>, out: W) -> Result<Self, csv::Error> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(HEADER)?;
        Ok(Self { timetable, writer, written: HashMap::new(), present: HashMap::new(), rows: 0 })
    }

    /// Takes an effect; writes the calls whose published value changed.
    ///
    /// # Errors
    /// When the log can not be written.
    pub fn take(&mut self, effect: &Effect) -> Result<(), csv::Error> {
        match effect {
            Effect::Position(position) => {
                match position.trip {
                    Some(trip) => self.present.insert(Arc::clone(&position.vehicle), trip),
                    None => self.present.remove(&position.vehicle),
                };
                Ok(())
            }
            Effect::TripUpdate(update) if update.state == TripState::Running => self.write(update),
            _ => Ok(()),
        }
    }

    /// Flushes the log; returns how many predictions it holds.
    ///
    /// # Errors
    /// When the log can not be written.
    pub fn finish(mut self) -> Result<u64, csv::Error> {
        self.writer.flush()?;
        Ok(self.rows)
    }

    fn write(&mut self, update: &TripUpdate) -> Result<(), csv::Error> {
        let trip = &self.timetable.trips[update.trip.trip.at()];
        let calls = self.timetable.calls(trip.pattern);
        let kind = self.kind(update);
        let written = self.written.entry(update.trip).or_insert_with(|| vec![None; calls.len()]);
        for call in update.calls.iter().filter(|call| !call.arrived && !call.skipped) {
            let last = &mut written[usize::from(call.call)];
            if *last == Some(*call) {
                continue;
            }
            *last = Some(*call);
            self.rows += 1;
            let at = &calls[usize::from(call.call)];
            let [p10, p50, p90] = call.arrival_q.map(seconds);
            self.writer.write_record([
                seconds(update.made).as_str(),
                &trip.id,
                &update.trip.day.to_string(),
                &update.trip.start.to_string(),
                update.vehicle.as_deref().unwrap_or(""),
                &at.sequence.to_string(),
                &self.timetable.stops[at.stop.at()].id,
                &seconds(call.arrival),
                &p10,
                &p50,
                &p90,
                &seconds(call.departure),
                kind,
            ])?;
        }
        Ok(())
    }

    /// The scorer's word for the situation of a prediction.
    fn kind(&self, update: &TripUpdate) -> &'static str {
        let trip = &self.timetable.trips[update.trip.trip.at()];
        let present =
            update.vehicle.as_ref().and_then(|vehicle| self.present.get(vehicle)) == Some(&update.trip);
        let under_way =
            update.calls.iter().any(|call| call.departed) || update.calls.first().is_some_and(|c| c.call > 0);
        if self.timetable.routes[self.timetable.route_of(update.trip.trip).at()].mode == Mode::Ferry {
            "ferry"
        } else if trip.frequency.is_some() {
            "frequency"
        } else if !present {
            "next"
        } else if under_way {
            "mid-trip"
        } else {
            "terminal"
        }
    }
}

/// Epoch seconds with three decimals.
pub(super) fn seconds(t: Timestamp) -> String {
    let ms = t.0.div_euclid(1_000);
    format!("{}.{:03}", ms.div_euclid(1_000), ms.rem_euclid(1_000))
}
