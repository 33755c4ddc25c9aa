//! Frames from the server to a panel: snapshot, delta, heartbeat, command, goodbye.

use super::parts::{Alert, Cfg, Fill, Level, RouteInfo, Row, SchedCall, StopInfo, Text, Tile};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Any frame the server sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "lowercase")]
pub enum ToPanel {
    /// The whole board.
    Snap(Box<Snap>),
    /// A change of the board.
    D(Delta),
    /// Alive.
    Hb(ServerHb),
    /// Do something.
    Cmd(Cmd),
    /// The connection is about to be closed.
    Bye(Bye),
    /// A kind this version does not know; ignored.
    #[serde(other, skip_serializing)]
    Unknown,
}

impl ToPanel {
    /// The frame as JSON text.
    ///
    /// # Errors
    /// Only for [`ToPanel::Unknown`], which has no text.
    pub fn encode(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads a frame; keys it does not know are ignored.
    ///
    /// # Errors
    /// When the text is no JSON object with a `k` or a required key is missing or of the wrong type.
    pub fn decode(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// The whole board of a stop.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snap {
    /// Lease epoch of the tracking role: `seq` counts inside it.
    pub ep: u64,
    /// Number of this board's state.
    pub seq: u64,
    /// The server's time, epoch seconds.
    pub now: i64,
    /// How long the rows may be shown as live without another frame, seconds.
    pub ttl: u32,
    /// The stop.
    pub stop: StopInfo,
    /// The rows, in the order to show.
    #[serde(default)]
    pub rows: Vec<Row>,
    /// Version of the timetable in `sched`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sv: String,
    /// 36 h of timetable by aimed time; only when the panel's `sv` differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sched: Option<Vec<SchedCall>>,
    /// Destinations by key.
    #[serde(default)]
    pub heads: BTreeMap<String, Text>,
    /// Routes by GTFS `route_id`.
    #[serde(default)]
    pub routes: BTreeMap<String, RouteInfo>,
    /// Messages.
    #[serde(default)]
    pub alerts: Vec<Alert>,
    /// Side tiles.
    #[serde(default)]
    pub tiles: Vec<Tile>,
    /// How the panel is set up.
    #[serde(default)]
    pub cfg: Cfg,
    /// Shown on every page, for example "sample network, not an official timetable".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Text>,
    /// Seconds east of UTC from each epoch second on, first first; empty: UTC+7 always.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tz: Vec<(i64, i32)>,
    /// How fast the server's clock runs; absent: 1 (a demo may run the day faster).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
}

/// A change of the board; every key but `seq` is optional.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Delta {
    /// The number of the state after this change; one more than the state before.
    pub seq: u64,
    /// Rows that are new or changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub up: Vec<Row>,
    /// Keys of rows that are no longer on the board.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rm: Vec<String>,
    /// Replaces all messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alerts: Option<Vec<Alert>>,
    /// Replaces all tiles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tiles: Option<Vec<Tile>>,
    /// Added to the known destinations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub heads: BTreeMap<String, Text>,
    /// Added to the known routes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub routes: BTreeMap<String, RouteInfo>,
}

/// How old the data behind the board is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FrameAge {
    /// Age of the newest vehicle position, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gps: Option<u32>,
    /// Age of the process' own source of boards, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<u32>,
}

/// Whether the server trusts its own predictions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EtaHealth {
    /// False: predictions are withdrawn, show the timetable.
    pub ok: bool,
    /// Recent mean absolute error, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mae: Option<u32>,
}

/// The server is alive; sent every [`super::SERVER_HB_S`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerHb {
    /// The server's time, epoch seconds.
    pub now: i64,
    /// The board's state; a panel with another one has lost frames and reconnects.
    pub seq: u64,
    /// Ages of the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<FrameAge>,
    /// Trust in the predictions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta: Option<EtaHealth>,
}

/// What a command asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// Take the configuration in `arg`.
    Cfg,
    /// Load the page again.
    Reload,
    /// Restart the program.
    Restart,
    /// Speak.
    Say,
    /// Answer with the visible lines.
    Snapshot,
    /// Show the message in `arg` ([`Takeover`]).
    Takeover,
    /// End a takeover.
    Clear,
    /// Flash the panel's name.
    Identify,
    /// Check yourself.
    Selftest,
    /// An operation this version does not know; acknowledged as failed.
    #[serde(other)]
    Unknown,
}

/// A command; an expired one is refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cmd {
    /// Key for the acknowledgement.
    pub id: String,
    /// What to do.
    pub op: Op,
    /// Not after this time, epoch seconds.
    pub exp: i64,
    /// The operation's own values.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub arg: serde_json::Value,
}

/// The `arg` of a takeover.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Takeover {
    /// How urgent.
    #[serde(default)]
    pub level: Level,
    /// How much of the panel.
    #[serde(default)]
    pub fill: Fill,
    /// What it says.
    pub text: Text,
}

/// The connection is about to be closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bye {
    /// Come back after a random time inside this window, milliseconds.
    #[serde(rename = "in")]
    pub in_ms: [u32; 2],
    /// Why, in a word.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}
