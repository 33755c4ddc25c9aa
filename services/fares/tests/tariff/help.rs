//! Journeys as lines of text.

use fares::Tariff;
use fares::tariff::Ask;
use fares::tariff::journey::Ride;
use gtfs::{Source, Timestamp, Timetable};
use std::path::{Path, PathBuf};

/// A folder or file of the recorded data; `None`, said aloud, where it is not there.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let given = std::env::var_os("PADRIEW_SHARED").map(|dir| PathBuf::from(dir).join("data"));
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|dir| dir.join("../shared/data"));
    let found = given.into_iter().chain(beside).map(|dir| dir.join(name)).find(|path| path.exists());
    if found.is_none() {
        eprintln!(
            "skipped: no shared/data/{name} beside the project; set PADRIEW_SHARED to its parent folder"
        );
    }
    found
}

pub(crate) fn timetable(path: &Path) -> Timetable {
    gtfs::load(Source::Path(path)).expect("a usable feed").timetable
}

/// One journey and its price.
struct Case<'a> {
    /// `RIDER MEDIUM`, `-` for none.
    who: &'a str,
    /// `DATE NETWORK[:FROM>TO]/ROUTE HH:MM[:SS]-HH:MM, ...`; the date once, or again where it changes.
    legs: &'a str,
    /// `1.25 + 1.75 = 3.00`, or `?` for a leg without a price.
    sum: &'a str,
}

/// Prices a table, `WHO | LEGS | SUM | what it shows` a line, and compares all of it, so that a mistake
/// shows beside its neighbours. Returns how many lines there were.
pub(crate) fn compare(tariff: &Tariff, table: &str) -> usize {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for line in table.lines().filter(|line| !line.is_empty()) {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let [who, legs, expected, _] = columns[..] else { panic!("{line}: write four columns") };
        let case = Case { who, legs, sum: expected };
        let sum = sum(tariff, &case);
        eprintln!("{line}");
        if sum != case.sum {
            wrong.push(format!("{line}\n    is {sum}"));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    count
}

fn sum(tariff: &Tariff, case: &Case<'_>) -> String {
    let mut who = case.who.split(' ').map(|word| if word == "-" { "" } else { word });
    let (rider, medium) = (who.next().unwrap_or(""), who.next().unwrap_or(""));
    let mut date = "";
    let mut rides = Vec::new();
    for leg in case.legs.split(", ") {
        let words: Vec<&str> = leg.split(' ').collect();
        let [place, times] = words[words.len() - 2..] else { panic!("{leg}: write NETWORK/ROUTE TIMES") };
        if words.len() == 3 {
            date = words[0];
        }
        let (place, route) = place.split_once('/').expect("NETWORK/ROUTE");
        let (network, stops) = place.split_once(':').unwrap_or((place, ">"));
        let (from, to) = stops.split_once('>').expect("FROM>TO");
        let (start, end) = times.split_once('-').expect("FROM-TO");
        let (start, end) = (instant(tariff, date, start), instant(tariff, date, end));
        rides.push(Ride { ask: Ask { network, from, to, start, end, rider, medium }, route });
    }
    let steps = tariff.journey(&rides);
    let terms: Vec<String> =
        steps.iter().map(|step| step.as_ref().map_or("?".to_owned(), |step| step.pays.to_string())).collect();
    let total = steps.iter().flatten().map(|step| step.pays).sum::<Option<fares::Satang>>().expect("a sum");
    if terms.len() == 1 { terms.concat() } else { format!("{} = {total}", terms.join(" + ")) }
}

/// `2025-10-01` and `07:30[:15]` on the tariff's wall clock.
pub(crate) fn instant(tariff: &Tariff, date: &str, time: &str) -> Timestamp {
    let time = if time.len() == 5 { format!("{time}:00") } else { time.to_owned() };
    let local = format!("{date}T{time}").parse::<chrono::NaiveDateTime>().expect("a date and a time");
    Timestamp(
        local.and_local_timezone(tariff.tz()).earliest().expect("a time that exists").timestamp_micros(),
    )
}
