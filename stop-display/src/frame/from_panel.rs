//! Frames from a panel to the server: hello, heartbeat, acknowledgement.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Any frame a panel sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "lowercase")]
pub enum FromPanel {
    /// Who I am and what I want to see.
    Hello(Hello),
    /// Alive, and this is what I show.
    Hb(PanelHb),
    /// A command was validated and shown, or could not be.
    Ack(Ack),
    /// A kind this version does not know; ignored.
    #[serde(other, skip_serializing)]
    Unknown,
}

impl FromPanel {
    /// The frame as JSON text.
    ///
    /// # Errors
    /// Only for [`FromPanel::Unknown`], which has no text.
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

/// A panel's secret; never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(pub String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// The first frame of a connection: a panel names itself and its token, a phone names a stop.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// Protocol version, [`super::PROTOCOL_V`].
    pub v: u32,
    /// The panel, when it is an enrolled one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub panel: Option<String>,
    /// The panel's token, from a browser that cannot set a header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// The stop, when there is no panel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<String>,
    /// Version of the program.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub app: String,
    /// Languages wanted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub langs: Vec<String>,
    /// What the hardware can do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Cap>,
    /// What it still holds from an earlier connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
}

/// What a panel's hardware can do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// Width: pixels, or cells of a character display.
    #[serde(default)]
    pub w: u32,
    /// Height, the same unit.
    #[serde(default)]
    pub h: u32,
    /// `lcd`, `led`, `eink` or `term`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// It can speak.
    #[serde(default)]
    pub audio: bool,
    /// It has a light sensor.
    #[serde(default)]
    pub lux: bool,
}

/// The board state and the timetable a panel still holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// Lease epoch.
    pub ep: u64,
    /// Board state.
    pub seq: u64,
    /// Timetable version.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sv: String,
}

/// The honesty ladder: what the age of the link allows a panel to claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Rung {
    /// Rows by their own source.
    Live,
    /// Counting on from the last word; nothing is called live.
    Hold,
    /// Clock times of the timetable.
    Timetable,
    /// Nothing known: name, date, where to ask.
    #[default]
    Offline,
}

/// A panel is alive; sent every [`super::PANEL_HB_S`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PanelHb {
    /// The board state drawn.
    pub seq: u64,
    /// The second it was drawn for, epoch seconds.
    pub at: i64,
    /// Proof of display: CRC-32 of the visible lines, hex.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rh: String,
    /// The page shown, from 1.
    #[serde(default)]
    pub page: u32,
    /// The rung of the ladder.
    pub rung: Rung,
    /// Seconds since the program started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up: Option<u64>,
    /// Memory, MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mem: Option<u32>,
    /// Radio signal, dBm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net: Option<i32>,
    /// Light, lux.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lux: Option<u32>,
    /// Temperature, degrees Celsius.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temp: Option<i32>,
    /// Drawings per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fps: Option<u32>,
    /// Errors since the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub err: Option<u32>,
}

/// A command was carried out (shown or spoken), or why not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The command's key.
    pub id: String,
    /// Whether it was carried out.
    pub ok: bool,
    /// How long it took, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u32>,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub err: Option<String>,
    /// The visible lines, for `snapshot`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}
