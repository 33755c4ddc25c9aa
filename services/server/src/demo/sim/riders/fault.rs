//! What goes wrong with riders and terminals in practice, so that the demo shows it handled.

/// What a rider does that is not one tap a ride, or on and off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RiderSlip {
    /// Leaves a pier without a tap.
    NoTapOff,
    /// Taps once more within seconds.
    Again,
    /// Takes somebody along on the same card.
    Companion,
}

impl RiderSlip {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::NoTapOff, Self::Again, Self::Companion];

    /// How often: of ferry rides, of boardings, of journeys.
    #[must_use]
    pub fn share(self) -> f64 {
        match self {
            Self::NoTapOff => 0.05,
            Self::Again => 0.03,
            Self::Companion => 0.02,
        }
    }

    /// How the banner names it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NoTapOff => "forget to tap off a ferry",
            Self::Again => "tap twice within seconds",
            Self::Companion => "pay for somebody else too",
        }
    }
}

/// One way for a terminal to be wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TerminalFault {
    /// Nothing.
    #[default]
    None,
    /// No network for hours, twice a day; what it held is sent afterwards.
    Offline,
    /// Its wall clock is hours behind.
    ClockBehind,
    /// The power goes now and then: another boot, uptime from zero.
    Reboots,
    /// Its flash wears out: a tap is gone, and when the rest is delivered it is replaced.
    Forgets,
    /// Every request is sent twice.
    Twice,
    /// Never says anything, although its bus runs.
    Silent,
}

/// When an offline terminal is offline, seconds of the service day.
const OFFLINE_S: [std::ops::Range<f64>; 2] = [27_600.0..34_800.0, 60_000.0..67_200.0];
/// How far a wrong clock is behind, seconds.
const BEHIND_S: f64 = 3.0 * 3600.0;
/// How often the power goes, seconds.
const REBOOT_S: f64 = 5_400.0;
/// How often the flash fails, and how long before that nothing is sent, seconds.
const FORGET_S: (f64, f64) = (7_200.0, 1_500.0);

impl TerminalFault {
    /// Shown on the first buses of the fleet, in this order; lines take turns, so most lines keep a sound one.
    pub const SHOWN: [Self; 10] = [
        Self::None,
        Self::Offline,
        Self::ClockBehind,
        Self::Twice,
        Self::None,
        Self::Reboots,
        Self::Forgets,
        Self::None,
        Self::None,
        Self::Silent,
    ];

    /// How the banner names it.
    #[must_use]
    pub fn words(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Offline => Some("offline 07:40-09:40 and 16:40-18:40, then sends what it held"),
            Self::ClockBehind => Some("clock is 3 h behind (taps are timed by uptime)"),
            Self::Reboots => Some("loses power every 90 min"),
            Self::Forgets => Some("loses a tap every 2 h, then begins a new epoch"),
            Self::Twice => Some("sends every request twice"),
            Self::Silent => Some("takes taps and never sends one"),
        }
    }

    /// Whether nothing gets out at `t_s` of the service day.
    #[must_use]
    pub fn is_offline(self, t_s: f64) -> bool {
        match self {
            Self::Silent => true,
            Self::Offline => OFFLINE_S.iter().any(|hours| hours.contains(&t_s)),
            Self::Forgets => t_s.rem_euclid(FORGET_S.0) > FORGET_S.0 - FORGET_S.1,
            _ => false,
        }
    }

    /// How far its wall clock is ahead, seconds.
    #[must_use]
    pub fn ahead_s(self) -> f64 {
        if self == Self::ClockBehind { -BEHIND_S } else { 0.0 }
    }

    /// Rises when the power goes.
    #[must_use]
    pub fn run(self, t_s: f64) -> i64 {
        if self == Self::Reboots { (t_s / REBOOT_S).floor() as i64 } else { 0 }
    }

    /// Rises when the flash fails.
    #[must_use]
    pub fn flash(self, t_s: f64) -> i64 {
        if self == Self::Forgets { (t_s / FORGET_S.0).floor() as i64 } else { 0 }
    }
}
