//! `translations.txt`: names in the languages that Padriew shows.

use super::source::Archive;
use super::spec::TRANSLATIONS;
use super::table::Row;
use crate::findings::{Findings, Severity};
use crate::timetable::Timetable;
use crate::{Lang, Text};
use std::collections::BTreeMap;

/// The texts that can be translated here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Field {
    AgencyName,
    StopName,
    RouteShortName,
    RouteLongName,
    TripHeadsign,
}

impl Field {
    fn of(table: &str, field: &str) -> Option<Self> {
        Some(match (table, field) {
            ("agency", "agency_name") => Self::AgencyName,
            ("stops", "stop_name") => Self::StopName,
            ("routes", "route_short_name") => Self::RouteShortName,
            ("routes", "route_long_name") => Self::RouteLongName,
            ("trips", "trip_headsign") => Self::TripHeadsign,
            _ => return None,
        })
    }
}

/// The tables that the specification allows.
const TABLES: [&str; 9] =
    ["agency", "stops", "routes", "trips", "stop_times", "pathways", "levels", "feed_info", "attributions"];

/// A field, and the record or value that it is translated for.
type Key = (Field, Box<str>);

/// Translations by what they belong to: a record, or every text that reads the same.
#[derive(Default)]
struct Translations {
    of_records: BTreeMap<Key, Vec<(Lang, Box<str>)>>,
    of_values: BTreeMap<Key, Vec<(Lang, Box<str>)>>,
}

/// Reads the file and gives every text its translations.
pub(super) fn translate(archive: &Archive<'_>, timetable: &mut Timetable, findings: &mut Findings) {
    let mut all = Translations::default();
    archive.each_row(&TRANSLATIONS, findings, |row, findings| all.add(row, findings));
    let own = Lang::from_tag(&timetable.feed.lang).filter(|lang| matches!(lang, Lang::Zh | Lang::My));
    if all.of_records.is_empty() && all.of_values.is_empty() && own.is_none() {
        return;
    }
    let finish = |text: &mut Text, field, id: &str| all.finish(text, field, id, own);
    for agency in &mut timetable.agencies {
        finish(&mut agency.name, Field::AgencyName, &agency.id);
    }
    for stop in &mut timetable.stops {
        finish(&mut stop.name, Field::StopName, &stop.id);
    }
    for route in &mut timetable.routes {
        finish(&mut route.short_name, Field::RouteShortName, &route.id);
        finish(&mut route.long_name, Field::RouteLongName, &route.id);
    }
    for trip in &mut timetable.trips {
        // A headsign taken from the last stop has that stop's translations.
        finish(&mut trip.headsign, Field::TripHeadsign, &trip.id);
        if trip.headsign.translated.is_empty() {
            all.finish(&mut trip.headsign, Field::StopName, "", own);
        }
    }
}

impl Translations {
    fn add(&mut self, row: &Row<'_>, findings: &mut Findings) {
        let table = row.get("table_name");
        if !TABLES.contains(&table) {
            let advice = "name one of the tables that can be translated, without .txt";
            row.report(findings, Severity::Warning, "translation_unknown_table_name", "table_name", advice);
            return;
        }
        let (Some(field), Some(lang)) =
            (Field::of(table, row.get("field_name")), Lang::from_tag(row.get("language")))
        else {
            return;
        };
        let (record, value) = (row.get("record_id"), row.get("field_value"));
        let (map, key) = match (record.is_empty(), value.is_empty()) {
            (false, true) => (&mut self.of_records, record),
            (true, false) => (&mut self.of_values, value),
            _ => {
                let advice = "give either record_id or field_value; the row is left out";
                row.report(findings, Severity::Error, "translation_unexpected_value", "record_id", advice);
                return;
            }
        };
        let Some(text) = row.required("translation", findings) else { return };
        map.entry((field, key.into())).or_default().push((lang, text.into()));
    }

    /// A record's own translation wins over that of its value (GTFS reference, translations.txt).
    fn finish(&self, text: &mut Text, field: Field, id: &str, own: Option<Lang>) {
        if text.plain.is_empty() {
            return;
        }
        let of_record = self.of_records.get(&(field, id.into())).into_iter().flatten();
        let of_value = self.of_values.get(&(field, text.plain.clone())).into_iter().flatten();
        let mut by_lang: BTreeMap<Lang, &Box<str>> = of_value.map(|(lang, text)| (*lang, text)).collect();
        by_lang.extend(of_record.map(|(lang, text)| (*lang, text)));
        let plain = text.plain.clone();
        if let Some(own) = own {
            by_lang.entry(own).or_insert(&plain);
        }
        text.translated = by_lang.into_iter().map(|(lang, text)| (lang, text.clone())).collect();
    }
}
