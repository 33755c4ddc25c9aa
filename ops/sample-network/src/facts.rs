//! What is known: places with coordinates, lines with courses and departures.

use anyhow::{Context as _, bail};
use chrono::{NaiveDate, NaiveTime};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Everything that the feed is made from.
#[derive(Debug)]
pub(crate) struct Facts {
    /// By name.
    pub(crate) places: BTreeMap<String, Place>,
    /// Place names in file order, which is the order of stops in the feed.
    pub(crate) place_order: Vec<String>,
    /// Lines, calendar, agencies.
    pub(crate) network: Network,
}

/// A stop or a corner: one row of `places.csv`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Place {
    /// Its name in courses.
    pub(crate) place: String,
    /// Degrees north.
    pub(crate) lat: f64,
    /// Degrees east.
    pub(crate) lon: f64,
    /// 0 a corner; 1 one pole or pier for both directions; 2 a pole on each side of the street.
    pub(crate) poles: u8,
    /// Thai name; empty for a corner.
    pub(crate) name_th: String,
    /// English name.
    pub(crate) name_en: String,
}

/// `network.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Network {
    /// What the feed says of itself.
    pub(crate) feed: Feed,
    /// Companies.
    pub(crate) agency: Vec<Agency>,
    /// Lines as riders know them.
    pub(crate) route: Vec<Route>,
    /// Courses with departures; several may share a route.
    pub(crate) line: Vec<Line>,
}

/// What the feed says of itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Feed {
    pub(crate) publisher_th: String,
    pub(crate) publisher_en: String,
    pub(crate) url: String,
    pub(crate) version: String,
    pub(crate) first_day: NaiveDate,
    pub(crate) last_day: NaiveDate,
    /// Weekdays on which the weekend timetable runs.
    pub(crate) holidays: Vec<NaiveDate>,
}

/// A company that runs vehicles.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Agency {
    pub(crate) id: String,
    pub(crate) name_th: String,
    pub(crate) name_en: String,
    pub(crate) url: String,
}

/// A line as riders know it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Route {
    pub(crate) id: String,
    pub(crate) agency: String,
    pub(crate) name_th: String,
    pub(crate) name_en: String,
    pub(crate) color: String,
}

/// A course with its departures.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    /// Its route's id.
    pub(crate) route: String,
    /// Ends its trips' ids, where two lines share a route.
    #[serde(default)]
    pub(crate) suffix: String,
    /// Sails rather than drives.
    #[serde(default)]
    pub(crate) ferry: bool,
    /// Place names; the way back is the reverse.
    pub(crate) course: String,
    /// Ends where it began; there is no way back.
    #[serde(default, rename = "loop")]
    pub(crate) is_loop: bool,
    /// Headsign; the last stop's name when absent.
    pub(crate) headsign_th: Option<String>,
    /// The same in English.
    pub(crate) headsign_en: Option<String>,
    /// Speed between stops.
    pub(crate) speed_kmh: f64,
    /// Standing at each stop.
    pub(crate) dwell_s: u32,
    /// Stretches the times of trips that start in a peak.
    pub(crate) peak: f64,
    /// Shortest rest at an end.
    pub(crate) layover_s_min: u32,
    /// Places at which a vehicle waits for its time; the ends always are.
    pub(crate) timepoints: Vec<String>,
    /// The way back starts this long after the way out.
    #[serde(default)]
    pub(crate) back_after_min: u32,
    /// Departures on weekdays.
    pub(crate) weekday: Vec<Headway>,
    /// Departures on weekends and holidays.
    pub(crate) weekend: Vec<Headway>,
}

/// From a time on, a departure every so many minutes; 0 ends the day.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Headway(pub(crate) ClockTime, pub(crate) u32);

/// `HH:MM`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct ClockTime(pub(crate) u32);

impl TryFrom<String> for ClockTime {
    type Error = chrono::ParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let time = NaiveTime::parse_from_str(&text, "%H:%M")?;
        Ok(Self(time.signed_duration_since(NaiveTime::MIN).num_seconds().unsigned_abs() as u32))
    }
}

impl Facts {
    /// The facts that the program was built with.
    ///
    /// # Errors
    /// Says which file and line is wrong.
    pub(crate) fn embedded() -> anyhow::Result<Self> {
        Self::parse(include_str!("../facts/places.csv"), include_str!("../facts/network.toml"))
    }

    /// Reads both files.
    ///
    /// # Errors
    /// Says which file and line is wrong.
    pub(crate) fn parse(places_csv: &str, network_toml: &str) -> anyhow::Result<Self> {
        let mut places = BTreeMap::new();
        let mut place_order = Vec::new();
        for row in csv::Reader::from_reader(places_csv.as_bytes()).deserialize() {
            let place: Place = row.context("places.csv")?;
            place_order.push(place.place.clone());
            if places.insert(place.place.clone(), place).is_some() {
                bail!("places.csv: {} is there twice", place_order.last().map_or("", |p| p));
            }
        }
        let network = toml::from_str(network_toml).context("network.toml")?;
        Ok(Self { places, place_order, network })
    }

    /// The place of a name.
    ///
    /// # Errors
    /// When `places.csv` has none.
    pub(crate) fn place(&self, name: &str) -> anyhow::Result<&Place> {
        self.places.get(name).with_context(|| format!("places.csv has no place {name}"))
    }
}
