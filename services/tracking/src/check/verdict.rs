//! What the rules say of one report.

use crate::Ping;

/// What becomes of a report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// Stored, and moves the live picture.
    Ok,
    /// The same, at lower trust; see [`Checked::flags`].
    Flag,
    /// Stored for history and stop-visit repair; never live.
    Hist(HistReason),
    /// Quarantined.
    Rej(Reject),
}

/// Why a report is history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HistReason {
    /// R05: older than the live window.
    Late,
    /// R07: not newer than the newest fix.
    OutOfOrder,
    /// R09: too far from the last fix, until others agree with it.
    Jump,
    /// R10: worse than 100 m or HDOP 10.
    Accuracy,
    /// R21: typed by hand, simulated or mocked.
    Provenance,
    /// The device itself says that the fix is not valid.
    Invalid,
}

impl HistReason {
    /// The word stored and counted.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::OutOfOrder => "order",
            Self::Jump => "jump",
            Self::Accuracy => "accuracy",
            Self::Provenance => "provenance",
            Self::Invalid => "invalid",
        }
    }
}

/// A refusal: a stable code, and what a person needs to put it right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reject {
    /// Which.
    pub code: RejectCode,
    /// What more there is to say.
    pub detail: Detail,
}

/// The codes of `POST /v1/pings`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RejectCode {
    /// R01.
    Range,
    /// R02.
    Zero,
    /// R03.
    Area,
    /// R04.
    Future,
    /// R05.
    TooOld,
    /// R14.
    Clock,
    /// R22: an identity that the device may not use.
    Identity,
    /// R21: a provenance that this server does not take.
    Provenance,
    /// R16.
    Unit,
    /// A record that can not be read.
    Format,
}

impl RejectCode {
    /// The word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::Zero => "zero",
            Self::Area => "area",
            Self::Future => "future",
            Self::TooOld => "too_old",
            Self::Clock => "clock",
            Self::Identity => "identity",
            Self::Provenance => "provenance",
            Self::Unit => "unit",
            Self::Format => "format",
        }
    }
}

/// What more there is to say about a refusal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Detail {
    /// Nothing.
    None,
    /// Milliseconds ahead of (`future`) or behind (`too_old`) the server.
    Ms(i64),
    /// Metres outside the service area.
    Meters(f64),
    /// Latitude and longitude are exchanged: turned round, the point is inside.
    Swapped,
    /// The field at fault.
    Field(&'static str),
    /// One plain sentence that says what to change.
    Hint(&'static str),
}

/// What lowers trust; a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(u16);

/// One reason for lower trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Flag {
    /// R03.
    Area = 1,
    /// R04, R14.
    Clock = 2,
    /// R10.
    Accuracy = 4,
    /// R13.
    Frozen = 8,
    /// R23.
    Soc = 16,
    /// R16.
    Units = 32,
    /// R17, raised by the tracker.
    OffRoute = 64,
    /// R19, raised by the tracker.
    Conflict = 128,
}

impl Flag {
    /// Every flag.
    pub const ALL: [Self; 8] = [
        Self::Area,
        Self::Clock,
        Self::Accuracy,
        Self::Frozen,
        Self::Soc,
        Self::Units,
        Self::OffRoute,
        Self::Conflict,
    ];

    /// The word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Area => "area",
            Self::Clock => "clock",
            Self::Accuracy => "accuracy",
            Self::Frozen => "frozen",
            Self::Soc => "soc",
            Self::Units => "units",
            Self::OffRoute => "off_route",
            Self::Conflict => "conflict",
        }
    }
}

impl Flags {
    /// Adds one.
    pub fn add(&mut self, flag: Flag) {
        self.0 |= flag as u16;
    }

    /// Adds all of `other`'s.
    pub fn extend(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether a flag is in the set.
    #[must_use]
    pub fn has(self, flag: Flag) -> bool {
        self.0 & flag as u16 != 0
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The flags in the set, in the order of [`Flag::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Flag> {
        Flag::ALL.into_iter().filter(move |flag| self.has(*flag))
    }

    /// The set as stored: a bit per flag.
    #[must_use]
    pub fn bits(self) -> u16 {
        self.0
    }

    /// The set of stored bits; unknown bits are dropped.
    #[must_use]
    pub fn from_bits(bits: u16) -> Self {
        Self(bits & Flag::ALL.into_iter().fold(0, |all, flag| all | flag as u16))
    }
}

/// The outcome of a check.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// What becomes of it.
    pub verdict: Verdict,
    /// Reasons for lower trust; may accompany any verdict but REJ.
    pub flags: Flags,
    /// The report, cleaned; `None` exactly when refused.
    pub ping: Option<Ping>,
    /// R08: how long the vehicle has been above the legal limit, seconds, once that is an offence.
    pub overspeed_s: Option<f64>,
    /// R24: the odometer started a new epoch.
    pub odometer_reset: bool,
}

impl Checked {
    /// Whether the tracker gets the ping: judged OK or FLAG, and not frozen (R13: a frozen position
    /// makes no predictions, so the vehicle ages like a silent one).
    #[must_use]
    pub fn is_live(&self) -> bool {
        matches!(self.verdict, Verdict::Ok | Verdict::Flag) && !self.flags.has(Flag::Frozen)
    }

    pub(super) fn refused(code: RejectCode, detail: Detail) -> Self {
        Self {
            verdict: Verdict::Rej(Reject { code, detail }),
            flags: Flags::default(),
            ping: None,
            overspeed_s: None,
            odometer_reset: false,
        }
    }
}
