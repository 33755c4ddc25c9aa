//! What goes wrong with trackers in practice, on a few vehicles, so that the demo shows it handled.

/// One way for a tracker to be wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Silent for 100 s in every 8 min; what it saved meanwhile is sent afterwards.
    Dropout,
    /// Every fourth request is sent twice.
    Duplicate,
    /// Local time sent as UTC: seven hours ahead.
    ClockAhead,
    /// The same coordinates for 7 min in every 15, while the wheels turn.
    Frozen,
    /// Never says which trip it runs.
    NoClaim,
}

/// Thailand is this far ahead of UTC, seconds.
const LOCAL_AHEAD_S: f64 = 7.0 * 3600.0;
/// Cycle and length of a dropout, seconds.
const DROPOUT_S: (f64, f64) = (480.0, 100.0);
/// Cycle and length of a freeze, seconds.
const FROZEN_S: (f64, f64) = (900.0, 420.0);

impl Fault {
    /// Shown on the first vehicles of the fleet, in this order: lines in turn, the ferry sound. The wrong
    /// clock, which takes minutes to be believed, is on a line that does not serve the railway station.
    pub(super) const SHOWN: [Self; 9] = [
        Self::None,
        Self::Dropout,
        Self::Duplicate,
        Self::NoClaim,
        Self::Frozen,
        Self::None,
        Self::None,
        Self::None,
        Self::ClockAhead,
    ];

    /// How the banner names it.
    #[must_use]
    pub fn words(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Dropout => Some("loses its network now and then"),
            Self::Duplicate => Some("sends some reports twice"),
            Self::ClockAhead => Some("clock is 7 h ahead (corrected after 50 reports)"),
            Self::Frozen => Some("GPS freezes for minutes"),
            Self::NoClaim => Some("never says which trip it runs"),
        }
    }

    /// Whether nothing gets out at `t_s`.
    #[must_use]
    pub fn is_silent(self, t_s: f64) -> bool {
        self == Self::Dropout && t_s.rem_euclid(DROPOUT_S.0) > DROPOUT_S.0 - DROPOUT_S.1
    }

    /// The time whose position is reported at `t_s`.
    #[must_use]
    pub fn seen_s(self, t_s: f64) -> f64 {
        let (cycle_s, length_s) = FROZEN_S;
        let into_s = t_s.rem_euclid(cycle_s);
        if self == Self::Frozen && into_s > cycle_s - length_s {
            t_s - into_s + cycle_s - length_s
        } else {
            t_s
        }
    }

    /// What the device's clock is ahead by, seconds.
    #[must_use]
    pub fn clock_ahead_s(self) -> f64 {
        if self == Self::ClockAhead { LOCAL_AHEAD_S } else { 0.0 }
    }
}
