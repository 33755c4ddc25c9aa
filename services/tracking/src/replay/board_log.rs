//! What boards told, as a prediction log: the scorer reads it like any other, and judges what riders see.
//!
//! A board holds a value back until a change is worth it (`publish`), so its countdown is steadier than
//! the feed's and a little less exact; this says by how much. Rows of the timetable are no predictions
//! and are not in it.

use super::log::{HEADER, Row, seconds};
use crate::{CallState, DatedTrip, MonitoredCall, StopBoard};
use gtfs::{StopIdx, Timestamp, Timetable};
use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

/// A call on a board, and the arrival last told of it.
type Shown = (DatedTrip, u16, Timestamp);

/// Writes what boards tell of vehicles to come.
pub struct BoardLog<W: Write> {
    timetable: Arc<Timetable>,
    writer: csv::Writer<W>,
    /// What stands on each board. Never iterated.
    standing: HashMap<StopIdx, Vec<Shown>>,
}

impl<W: Write> BoardLog<W> {
    /// A log with the header of every prediction log.
    ///
    /// # Errors
    /// When it can not be written.
    pub fn new(timetable: Arc<Timetable>, out: W) -> Result<Self, csv::Error> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(HEADER)?;
        Ok(Self { timetable, writer, standing: HashMap::new() })
    }

    /// Takes a board told at `now`; writes the calls whose time changed, and withdraws those that left it
    /// without having come.
    ///
    /// # Errors
    /// When the log can not be written.
    pub fn take(&mut self, now: Timestamp, board: &StopBoard) -> Result<(), csv::Error> {
        let before = self.standing.remove(&board.stop).unwrap_or_default();
        let is = |shown: &Shown, call: &MonitoredCall| (shown.0, shown.1) == (call.trip, call.call);
        let mut standing = Vec::new();
        for call in board.calls.iter().filter(|call| is_to_come(call)) {
            let Some(arrival) = call.expected_arrival.filter(|_| call.vehicle.is_some()) else { continue };
            let shown = (call.trip, call.call, arrival);
            if !before.contains(&shown) {
                self.write(now, shown, call.arrival_q.unwrap_or([arrival; 3]))?;
            }
            standing.push(shown);
        }
        for gone in before.iter().filter(|old| !standing.iter().any(|new| (new.0, new.1) == (old.0, old.1))) {
            let here = board.calls.iter().find(|call| is(gone, call));
            if here.is_none_or(is_to_come) {
                Row::withdrawal(now, gone.0, gone.1).write(&self.timetable, &mut self.writer)?;
            }
        }
        self.standing.insert(board.stop, standing);
        Ok(())
    }

    /// Flushes the log.
    ///
    /// # Errors
    /// When it can not be written.
    pub fn finish(mut self) -> Result<(), csv::Error> {
        Ok(self.writer.flush()?)
    }

    fn write(&mut self, now: Timestamp, shown: Shown, quantiles: [Timestamp; 3]) -> Result<(), csv::Error> {
        let (trip, call, arrival) = shown;
        let ([p10, p50, p90], arrival) = (quantiles.map(seconds), seconds(arrival));
        let times = [arrival.as_str(), &p10, &p50, &p90, ""];
        let row = Row { made: now, trip, call, vehicle: "", times, kind: "" };
        row.write(&self.timetable, &mut self.writer)
    }
}

/// Whether a row still tells when its vehicle comes.
fn is_to_come(call: &MonitoredCall) -> bool {
    !matches!(call.state, CallState::AtStop | CallState::Departed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CallSource;
    use gtfs::{ServiceDay, ServiceTime, TripIdx};

    fn call(arrival_s: i64, state: CallState) -> MonitoredCall {
        let day = ServiceDay::parse("20261102").unwrap();
        let t = Timestamp::from_s(arrival_s);
        MonitoredCall {
            trip: DatedTrip { trip: TripIdx(0), day, start: ServiceTime(8 * 3600) },
            call: 1,
            vehicle: Some("bus-7".into()),
            aimed_arrival: t,
            aimed_departure: t,
            expected_arrival: Some(t),
            expected_departure: Some(t),
            arrival_q: Some([t; 3]),
            actual_departure: None,
            source: CallSource::Live,
            position_t: None,
            state,
            occupancy: None,
            soc_pct: None,
            simulated: false,
            headway_s: None,
        }
    }

    /// The rows that a board of one call leaves, told in turn.
    fn rows(told: &[Vec<MonitoredCall>]) -> Vec<String> {
        let town = "zone Asia/Bangkok\nstop A 0 0\nstop B 600 0\nstop C 1200 0\nroute R bus\n\
                    trip t route=R : A 08:00 B 08:02 C 08:04\n";
        let timetable = Arc::new(gtfs::fixture::timetable(town).unwrap());
        let mut out = Vec::new();
        let mut log = BoardLog::new(timetable, &mut out).unwrap();
        for (minute, calls) in (1i64..).zip(told) {
            let board = StopBoard { stop: StopIdx(1), calls: calls.clone() };
            log.take(Timestamp::from_s(60 * minute), &board).unwrap();
        }
        log.finish().unwrap();
        String::from_utf8(out).unwrap().lines().skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn a_time_is_written_when_it_changes_and_a_vehicle_that_came_is_not_withdrawn() {
        let coming = |s| vec![call(s, CallState::Ok)];
        let told = [coming(300), coming(300), coming(330), vec![call(330, CallState::AtStop)], vec![]];
        let written = rows(&told);
        assert_eq!(written.len(), 2, "{written:?}");
        assert_eq!(written[1], "180.000,t,20261102,08:00:00,,2,B,330.000,330.000,330.000,330.000,,");
    }

    #[test]
    fn a_row_that_leaves_the_board_or_falls_to_the_timetable_is_withdrawn() {
        let timetable = MonitoredCall { vehicle: None, expected_arrival: None, ..call(300, CallState::Ok) };
        for gone in [vec![], vec![timetable]] {
            let written = rows(&[vec![call(300, CallState::Ok)], gone]);
            assert_eq!(written[1], "120.000,t,20261102,08:00:00,,2,B,,,,,,");
        }
    }
}
