//! `calendar.txt` and `calendar_dates.txt`: on which days each service runs.

use super::draft::Draft;
use super::source::Archive;
use super::spec::{CALENDAR, CALENDAR_DATES};
use super::table::{Row, about_file};
use super::value;
use crate::findings::{Findings, Severity};
use crate::timetable::Service;
use crate::{ServiceDay, ServiceIdx};
use chrono::Datelike;
use std::collections::{BTreeMap, BTreeSet};

/// Days between the first and the last day of one calendar row: about ten years.
pub const CALENDAR_DAYS_MAX: usize = 3_660;

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Reads both files; every service that either one names exists afterwards, if only with no day.
pub(super) fn services(archive: &Archive<'_>, draft: &mut Draft, findings: &mut Findings) {
    if !archive.has(CALENDAR.name) && !archive.has(CALENDAR_DATES.name) {
        let advice = "add calendar.txt or calendar_dates.txt; without days nothing runs";
        findings.push(about_file(
            &CALENDAR,
            Severity::Fatal,
            "missing_calendar_and_calendar_date_files",
            "",
            advice,
        ));
        return;
    }
    archive.each_row(&CALENDAR, findings, |row, findings| regular(row, draft, findings));
    let mut exceptions: BTreeMap<(ServiceIdx, ServiceDay), bool> = BTreeMap::new();
    archive.each_row(&CALENDAR_DATES, findings, |row, findings| {
        let Some((key, added)) = exception(row, draft, findings) else { return };
        if exceptions.insert(key, added).is_some() {
            let advice = "give a service and date one row; the last one is used";
            row.report(findings, Severity::Error, "duplicate_key", "date", advice);
        }
    });
    apply(&exceptions, draft);
    let days = || draft.timetable.services.iter().flat_map(|s| s.days.iter().copied());
    (draft.timetable.feed.first_day, draft.timetable.feed.last_day) = (days().min(), days().max());
}

fn regular(row: &Row<'_>, draft: &mut Draft, findings: &mut Findings) {
    let Some(id) = row.required("service_id", findings) else { return };
    if draft.services.contains_key(id) {
        let advice = "give each service one row in calendar.txt; the first is kept";
        row.report(findings, Severity::Error, "duplicate_key", "service_id", advice);
        return;
    }
    let service = service_of(id, draft);
    let mut runs = [false; 7];
    for (runs, name) in runs.iter_mut().zip(WEEKDAYS) {
        *runs = row.choice(name, 1, 0, findings) == 1;
    }
    let day = |name, findings: &mut Findings| {
        row.required(name, findings)?;
        row.parsed(name, findings, "invalid_date", value::DATE, value::date)
    };
    let Some((first, last)) = day("start_date", findings).zip(day("end_date", findings)) else { return };
    if last < first {
        let advice = "the service ends before it starts; correct the two dates";
        row.report(findings, Severity::Error, "start_and_end_range_out_of_order", "end_date", advice);
        return;
    }
    let all = first.0.iter_days().take_while(|day| *day <= last.0);
    let taken: Vec<_> = all.take(CALENDAR_DAYS_MAX + 1).collect();
    if taken.len() > CALENDAR_DAYS_MAX {
        let advice = "a service of more than ten years is a typing mistake; its first ten years are used";
        row.report(findings, Severity::Warning, "number_out_of_range", "end_date", advice);
    }
    let on = taken.into_iter().take(CALENDAR_DAYS_MAX);
    let on = on.filter(|day| runs[day.weekday().num_days_from_monday() as usize]).map(ServiceDay);
    draft.timetable.services[service.at()].days = on.collect();
}

fn exception(
    row: &Row<'_>,
    draft: &mut Draft,
    findings: &mut Findings,
) -> Option<((ServiceIdx, ServiceDay), bool)> {
    let id = row.required("service_id", findings)?;
    row.required("date", findings)?;
    let day = row.parsed("date", findings, "invalid_date", value::DATE, value::date)?;
    let added = match row.required("exception_type", findings)? {
        "1" => true,
        "2" => false,
        _ => {
            let advice = "write 1 for a day added or 2 for a day removed; the row is left out";
            row.report(findings, Severity::Error, "unexpected_enum_value", "exception_type", advice);
            return None;
        }
    };
    Some(((service_of(id, draft), day), added))
}

fn service_of(id: &str, draft: &mut Draft) -> ServiceIdx {
    if let Some(&service) = draft.services.get(id) {
        return service;
    }
    let service = ServiceIdx::new(draft.timetable.services.len());
    draft.services.insert(id.into(), service);
    draft.timetable.services.push(Service { id: id.into(), days: Vec::new() });
    service
}

fn apply(exceptions: &BTreeMap<(ServiceIdx, ServiceDay), bool>, draft: &mut Draft) {
    let changed: BTreeSet<ServiceIdx> = exceptions.keys().map(|(service, _)| *service).collect();
    for service in changed {
        let days = &mut draft.timetable.services[service.at()].days;
        let mut all: BTreeSet<ServiceDay> = days.iter().copied().collect();
        let (from, to) =
            ((service, ServiceDay(chrono::NaiveDate::MIN)), (service, ServiceDay(chrono::NaiveDate::MAX)));
        for ((_, day), added) in exceptions.range(from..=to) {
            if *added {
                all.insert(*day);
            } else {
                all.remove(day);
            }
        }
        *days = all.into_iter().collect();
    }
}
