//! The prediction log: one row per stop ahead whenever its published value changes.

use crate::{CallUpdate, DatedTrip, Effect, TripState, TripUpdate};
use gtfs::timetable::Mode;
use gtfs::{Timestamp, Timetable};
use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

/// The header of the log. Times are epoch seconds with decimals; `made_at` is when the ping that
/// caused the row was received. A row without times withdraws what was told of the call.
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

    /// Takes an effect told at `now`; writes the calls whose published value changed. What is told no
    /// more, before it was told to have come, is written as a row without times.
    ///
    /// # Errors
    /// When the log can not be written.
    pub fn take(&mut self, now: Timestamp, effect: &Effect) -> Result<(), csv::Error> {
        match effect {
            Effect::Position(position) => {
                match position.trip {
                    Some(trip) => self.present.insert(Arc::clone(&position.vehicle), trip),
                    None => self.present.remove(&position.vehicle),
                };
                Ok(())
            }
            Effect::TripUpdate(update) if update.state == TripState::Running => self.write(update),
            Effect::TripUpdate(update) => self.withdraw_all(&update.trip, now),
            Effect::TripUpdateGone(trip) => self.withdraw_all(trip, now),
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
        let mut skipped = Vec::new();
        for call in &update.calls {
            let last = &mut written[usize::from(call.call)];
            if call.arrived || call.skipped {
                // What has come needs no withdrawal; what is passed over does.
                if last.take().is_some() && call.skipped {
                    skipped.push(call.call);
                }
                continue;
            }
            if *last == Some(*call) {
                continue;
            }
            *last = Some(*call);
            self.rows += 1;
            let [arrival, departure] = [call.arrival, call.departure].map(seconds);
            let [p10, p50, p90] = call.arrival_q.map(seconds);
            let row = Row {
                made: update.made,
                trip: update.trip,
                call: call.call,
                vehicle: update.vehicle.as_deref().unwrap_or_default(),
                times: [&arrival, &p10, &p50, &p90, &departure],
                kind,
            };
            row.write(&self.timetable, &mut self.writer)?;
        }
        skipped.into_iter().try_for_each(|call| self.withdraw(&update.trip, call, update.made))
    }

    /// Of every call of a trip of which something stands.
    fn withdraw_all(&mut self, dated: &DatedTrip, now: Timestamp) -> Result<(), csv::Error> {
        let Some(written) = self.written.remove(dated) else { return Ok(()) };
        let standing = (0u16..).zip(written).filter(|(_, last)| last.is_some());
        standing.into_iter().try_for_each(|(call, _)| self.withdraw(dated, call, now))
    }

    fn withdraw(&mut self, dated: &DatedTrip, call: u16, now: Timestamp) -> Result<(), csv::Error> {
        self.rows += 1;
        Row::withdrawal(now, *dated, call).write(&self.timetable, &mut self.writer)
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

/// A row of a log, under [`HEADER`].
pub(super) struct Row<'a> {
    pub(super) made: Timestamp,
    pub(super) trip: DatedTrip,
    pub(super) call: u16,
    pub(super) vehicle: &'a str,
    /// Arrival, its 10 %, 50 % and 90 % quantiles, departure.
    pub(super) times: [&'a str; 5],
    pub(super) kind: &'a str,
}

impl Row<'_> {
    /// One that takes back what was told of a call.
    pub(super) fn withdrawal(made: Timestamp, trip: DatedTrip, call: u16) -> Self {
        Self { made, trip, call, vehicle: "", times: [""; 5], kind: "" }
    }

    /// Appends it.
    pub(super) fn write(&self, timetable: &Timetable, to: &mut csv::Writer<impl Write>) -> csv::Result<()> {
        let trip = &timetable.trips[self.trip.trip.at()];
        let at = &timetable.calls(trip.pattern)[usize::from(self.call)];
        let [arrival, p10, p50, p90, departure] = self.times;
        to.write_record([
            seconds(self.made).as_str(),
            &trip.id,
            &self.trip.day.to_string(),
            &self.trip.start.to_string(),
            self.vehicle,
            &at.sequence.to_string(),
            &timetable.stops[at.stop.at()].id,
            arrival,
            p10,
            p50,
            p90,
            departure,
            self.kind,
        ])
    }
}

/// Epoch seconds with three decimals.
pub(super) fn seconds(t: Timestamp) -> String {
    let ms = t.0.div_euclid(1_000);
    format!("{}.{:03}", ms.div_euclid(1_000), ms.rem_euclid(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gtfs::{ServiceDay, ServiceTime, TripIdx};

    fn update(state: TripState, calls: Vec<CallUpdate>) -> Effect {
        let day = ServiceDay::parse("20261102").unwrap();
        let trip = DatedTrip { trip: TripIdx(0), day, start: ServiceTime(8 * 3600) };
        let made = Timestamp::from_s(100);
        Effect::TripUpdate(TripUpdate {
            trip,
            state,
            vehicle: None,
            made,
            position_t: made,
            delay_s: 0,
            calls,
        })
    }

    fn call(call: u16, arrived: bool, skipped: bool) -> CallUpdate {
        let t = Timestamp::from_s(200);
        CallUpdate { call, arrival: t, departure: t, arrival_q: [t; 3], arrived, departed: false, skipped }
    }

    #[test]
    fn what_is_told_no_more_is_withdrawn_unless_it_has_come() {
        let town = "zone Asia/Bangkok\nstop A 0 0\nstop B 600 0\nstop C 1200 0\nroute R bus\n\
                    trip t route=R : A 08:00 B 08:02 C 08:04\n";
        let timetable = Arc::new(gtfs::fixture::timetable(town).unwrap());
        let mut out = Vec::new();
        let mut log = PredictionLog::new(timetable, &mut out).unwrap();
        let running = |calls| update(TripState::Running, calls);
        let steps = [
            (100, running(vec![call(0, false, false), call(1, false, false), call(2, false, false)])),
            (101, running(vec![call(0, true, false), call(1, false, true), call(2, false, false)])),
            (300, update(TripState::NoData, Vec::new())),
            (301, update(TripState::NoData, Vec::new())),
        ];
        for (s, effect) in &steps {
            log.take(Timestamp::from_s(*s), effect).unwrap();
        }
        assert_eq!(log.finish().unwrap(), 5);
        let text = String::from_utf8(out).unwrap();
        let rows: Vec<&str> = text.lines().skip(4).collect();
        let told = ["100.000,t,20261102,08:00:00,,2,B,,,,,,", "300.000,t,20261102,08:00:00,,3,C,,,,,,"];
        assert_eq!(rows, told);
    }
}
