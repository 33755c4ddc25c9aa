//! What frames are made of: stops, routes, rows, alerts, tiles, configuration.

use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// A text per language (BCP 47 tag to text).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(pub BTreeMap<String, String>);

impl Text {
    /// A text in Thai and English; an empty one is left out.
    #[must_use]
    pub fn th_en(th: &str, en: &str) -> Self {
        let pairs = [("th", th), ("en", en)];
        Self(pairs.iter().filter(|(_, t)| !t.is_empty()).map(|(l, t)| ((*l).into(), (*t).into())).collect())
    }

    /// The text for `lang`, else English, else Thai, else any; empty when there is none.
    #[must_use]
    pub fn get(&self, lang: &str) -> &str {
        let wanted = [lang, "en", "th"].into_iter().find_map(|l| self.0.get(l));
        wanted.or_else(|| self.0.values().next()).map_or("", String::as_str)
    }
}

/// The stop a board belongs to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StopInfo {
    /// GTFS `stop_id`.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// `stop` (street) or `pier`; a pier says "berthing" where a stop says "arriving".
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Latitude, degrees.
    pub lat: f64,
    /// Longitude, degrees.
    pub lon: f64,
}

/// A route as a badge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteInfo {
    /// The short name.
    pub name: String,
    /// GTFS `route_color`, six hex digits.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub color: String,
    /// GTFS `route_text_color`, six hex digits.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// `bus` or `ferry`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mode: String,
}

/// Where a row's time comes from. An unknown word reads as the timetable: never claim more than is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub enum Source {
    /// A vehicle heard within 30 s.
    #[serde(rename = "live")]
    Live,
    /// A vehicle last heard 30 to 180 s ago; `pt` says when.
    #[serde(rename = "held")]
    Held,
    /// The timetable.
    #[default]
    #[serde(rename = "sch")]
    Timetable,
    /// The timetable, and its vehicle should have been seen by now.
    #[serde(rename = "unc")]
    Unconfirmed,
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(match String::deserialize(d)?.as_str() {
            "live" => Self::Live,
            "held" => Self::Held,
            "unc" => Self::Unconfirmed,
            _ => Self::Timetable,
        })
    }
}

/// What a row says. An unknown word reads as coming.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub enum State {
    /// Coming.
    #[default]
    #[serde(rename = "ok")]
    Coming,
    /// Arriving; latched by the server until it leaves.
    #[serde(rename = "arr")]
    Arriving,
    /// Standing at this stop.
    #[serde(rename = "at")]
    AtStop,
    /// Stopped on the way; `gap` says how many stops away.
    #[serde(rename = "stand")]
    Standing,
    /// The trip is cancelled.
    #[serde(rename = "cxl")]
    Cancelled,
    /// The trip does not call here today.
    #[serde(rename = "skip")]
    Skipped,
    /// It left; `e` is when.
    #[serde(rename = "gone")]
    Gone,
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(match String::deserialize(d)?.as_str() {
            "arr" => Self::Arriving,
            "at" => Self::AtStop,
            "stand" => Self::Standing,
            "cxl" => Self::Cancelled,
            "skip" => Self::Skipped,
            "gone" => Self::Gone,
            _ => Self::Coming,
        })
    }
}

/// One call of one trip at this stop.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Stable key of the row, unique on the board: `t:{trip}:{call}`.
    pub id: String,
    /// Key into `routes`.
    pub r: String,
    /// Key into `heads`.
    pub h: u32,
    /// Aimed time, epoch seconds.
    pub a: i64,
    /// Expected time; the time it left on a row that is `gone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub e: Option<i64>,
    /// Where the time comes from.
    #[serde(default)]
    pub src: Source,
    /// What the row says.
    #[serde(default)]
    pub st: State,
    /// The 80 % range of the expected time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<[i64; 2]>,
    /// When the position behind a `held` row was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pt: Option<i64>,
    /// How many stops away a `stand` row stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<u16>,
    /// GTFS-realtime `OccupancyStatus` name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub occ: String,
    /// GTFS `wheelchair_accessible`: 1 yes, 2 no, 0 (omitted) unknown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub wc: u8,
    /// 1 when the vehicle is electric.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub ev: u8,
    /// State of charge, percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soc: Option<u8>,
    /// Platform or berth.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub plat: String,
    /// 1 when the vehicle is simulated.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sim: u8,
}

/// One call of the timetable: aimed time, key into `routes`, key into `heads`.
pub type SchedCall = (i64, String, u32);

/// How urgent an alert is (RTIG T047).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Service information.
    #[default]
    Standard,
    /// Takes precedence over everything.
    Emergency,
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(if String::deserialize(d)? == "emergency" { Self::Emergency } else { Self::Standard })
    }
}

/// How much of the panel a message takes (RTIG T047).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fill {
    /// The whole panel.
    Full,
    /// A line above the rows.
    Overline,
    /// A line below the rows.
    #[default]
    Bottom,
}

impl<'de> Deserialize<'de> for Fill {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(match String::deserialize(d)?.as_str() {
            "full" => Self::Full,
            "overline" => Self::Overline,
            _ => Self::Bottom,
        })
    }
}

/// A message to riders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Stable key.
    pub id: String,
    /// 1 to 99; higher first.
    #[serde(default)]
    pub pri: u8,
    /// How urgent.
    #[serde(default)]
    pub level: Level,
    /// How much of the panel.
    #[serde(default)]
    pub fill: Fill,
    /// Hidden from this time on, epoch seconds; absent when it has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// What it says.
    pub text: Text,
}

/// A side tile (tide, air quality, weather): hidden once it is over.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tile {
    /// Which tile: `tide`, `air`, `weather`.
    pub id: String,
    /// Hidden from this time on, epoch seconds.
    pub until: i64,
    /// The tile's own values.
    #[serde(default)]
    pub data: serde_json::Value,
}

/// How a panel is set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cfg {
    /// Version of this configuration.
    #[serde(default)]
    pub ver: u32,
    /// Languages shown, first first.
    #[serde(default = "default_langs")]
    pub langs: Vec<String>,
    /// `auto`, `day` or `night`.
    #[serde(default = "default_theme")]
    pub theme: String,
    /// Screen on and off, local `HH:MM`; absent: always on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<[String; 2]>,
    /// Volume by day and by night, percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vol: Option<[u8; 2]>,
    /// Rows on a page; 0: as many as fit.
    #[serde(default)]
    pub rows: u8,
    /// Width of the reconnect window, milliseconds.
    #[serde(default = "default_window_ms")]
    pub window_ms: u32,
    /// `arrivals` or `departures`.
    #[serde(default = "default_board")]
    pub board: String,
    /// Telephone number shown when there is nothing else to show.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tel: String,
}

impl Default for Cfg {
    fn default() -> Self {
        Self {
            ver: 0,
            langs: default_langs(),
            theme: default_theme(),
            hours: None,
            vol: None,
            rows: 0,
            window_ms: default_window_ms(),
            board: default_board(),
            tel: String::new(),
        }
    }
}

fn default_langs() -> Vec<String> {
    vec!["th".into(), "en".into()]
}

fn default_theme() -> String {
    "auto".into()
}

fn default_window_ms() -> u32 {
    5_000
}

fn default_board() -> String {
    "arrivals".into()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(n: &u8) -> bool {
    *n == 0
}
