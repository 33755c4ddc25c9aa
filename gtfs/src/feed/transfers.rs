//! `transfers.txt`: where riders change, and how long they need.

use super::draft::Draft;
use super::source::Archive;
use super::spec::TRANSFERS;
use super::table::Row;
use super::value;
use crate::StopIdx;
use crate::findings::{Findings, Severity};
use crate::timetable::Transfer;

/// Reads the transfers between stops. Transfers between single trips (types 4 and 5) say that riders
/// may stay seated, which blocks already say to us; rows for one route or trip are not used.
pub(super) fn transfers(archive: &Archive<'_>, draft: &mut Draft, findings: &mut Findings) {
    archive.each_row(&TRANSFERS, findings, |row, findings| {
        let narrowed = ["from_route_id", "to_route_id", "from_trip_id", "to_trip_id"];
        if narrowed.iter().any(|name| !row.get(name).is_empty()) {
            let advice = "transfers of single routes or trips are not used yet";
            row.report(findings, Severity::Info, "transfer_not_used", "", advice);
            return;
        }
        let Some(from) = stop(row, "from_stop_id", draft, findings) else { return };
        let Some(to) = stop(row, "to_stop_id", draft, findings) else { return };
        let kind = row.choice("transfer_type", 5, 0, findings);
        let min_s =
            row.parsed("min_transfer_time", findings, "invalid_integer", value::WHOLE, |v| v.parse().ok());
        draft.timetable.transfers.push(Transfer { from, to, kind, min_s });
    });
}

fn stop(row: &Row<'_>, name: &'static str, draft: &Draft, findings: &mut Findings) -> Option<StopIdx> {
    let stop = draft.timetable.stop(row.required(name, findings)?);
    if stop.is_none() {
        let advice = "add this stop to stops.txt, or correct the id; the row is left out";
        row.report(findings, Severity::Error, "foreign_key_violation", name, advice);
    }
    stop
}
