//! What a row says about its time: a pure function of the row, the corrected clock and the language.
//!
//! Minutes are floored, never rounded (rounding promises up to 30 s the rider does not have), never
//! "0 min", and never shown for a trip without a vehicle. Hysteresis is the engine's, not ours.

use super::local::{hhmm, local_day};
use crate::frame::{Row, Rung, Source, State};
use crate::words::{Words, fill};

/// Under this many seconds ahead a vehicle is arriving.
pub const ARRIVING_S: i64 = 30;
/// A vehicle this far past its expected time is late, not arriving, seconds.
pub const DELAYED_S: i64 = 60;
/// Minutes are shown up to here, a clock time beyond, seconds.
pub const MINUTES_MAX_S: i64 = 3_600;
/// A ferry shows its minutes beside the clock time under this many seconds.
pub const FERRY_MINUTES_S: i64 = 600;
/// A row that left is kept this long, seconds.
pub const GONE_KEPT_S: i64 = 120;
/// An unconfirmed row leaves the board this long after its aimed time, seconds.
pub const UNCONFIRMED_KEPT_S: i64 = 600;
/// A cancelled row is kept this long after its aimed time, seconds.
pub const CANCELLED_KEPT_S: i64 = 300;
/// A row whose expected time is this far gone is dropped even if the server forgot it, seconds.
pub const DELAYED_KEPT_S: i64 = 900;

/// The shape that goes with the word for where a time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A pulse.
    Live,
    /// A grey pulse.
    Held,
    /// A clock.
    Timetable,
    /// A question mark.
    Unconfirmed,
    /// A cross.
    Cancelled,
    /// An arrow away.
    Gone,
}

impl Mark {
    /// The name shared with the panel page and the golden files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Held => "held",
            Self::Timetable => "sch",
            Self::Unconfirmed => "unc",
            Self::Cancelled => "cxl",
            Self::Gone => "gone",
        }
    }
}

/// The time of a row in words; empty parts are not drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Countdown {
    /// An aimed time that no longer holds, struck through.
    pub struck: String,
    /// The largest text: minutes, a clock time or a word.
    pub lead: String,
    /// The unit of the minutes.
    pub unit: String,
    /// Beside it: a ferry's minutes, "tomorrow".
    pub sub: String,
    /// Where the time comes from, in a word.
    pub note: String,
    /// Where the time comes from, as a shape.
    pub mark: Mark,
}

/// What a countdown depends on beside its row.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The corrected clock, epoch seconds.
    pub now: i64,
    /// The panel's rung.
    pub rung: Rung,
    /// The row's route is a ferry.
    pub ferry: bool,
    /// The stop is a pier.
    pub pier: bool,
    /// UTC offsets, see [`super::local::offset_s`].
    pub tz: &'a [(i64, i32)],
    /// The language.
    pub words: &'a Words,
}

/// The time of a row, or `None` when the row must not be shown (any more).
#[must_use]
pub fn countdown(row: &Row, around: &Around<'_>) -> Option<Countdown> {
    let (now, w) = (around.now, around.words);
    match row.st {
        State::Cancelled => off_service(row, around, &w.cancelled),
        State::Skipped => off_service(row, around, &w.skipped),
        State::Gone => gone(row, around),
        _ => match (row.src, row.e) {
            (Source::Live | Source::Held, Some(e)) => {
                (now - e <= DELAYED_KEPT_S).then(|| tracked(row, e, around))
            }
            (Source::Unconfirmed, _) => {
                let shown = now < row.a + UNCONFIRMED_KEPT_S;
                shown.then(|| clock(row.a, &w.unconfirmed, Mark::Unconfirmed, around))
            }
            _ => {
                // Shown until its own minute is over: the clock above it still reads the same.
                let shown = now.div_euclid(60) <= row.a.div_euclid(60);
                shown.then(|| clock(row.a, &w.scheduled, Mark::Timetable, around))
            }
        },
    }
}

/// A row with a vehicle: the word of its state, or minutes.
fn tracked(row: &Row, e: i64, around: &Around<'_>) -> Countdown {
    let w = around.words;
    let live = row.src == Source::Live && around.rung == Rung::Live;
    let (note, mark) = if live { (&w.live, Mark::Live) } else { (&w.about, Mark::Held) };
    let s = e - around.now;
    let word = match row.st {
        State::AtStop => Some(w.boarding.clone()),
        State::Standing => row.gap.map(|gap| standing(gap, w)),
        State::Arriving => Some(arriving(around)),
        _ if s < -DELAYED_S => Some(w.delayed.clone()),
        _ if s < ARRIVING_S => Some(arriving(around)),
        _ => None,
    };
    if let Some(lead) = word {
        return Countdown { lead, ..plain(note, mark) };
    }
    if s > MINUTES_MAX_S {
        return clock(e, note, mark, around);
    }
    let minutes = (s / 60).max(1).to_string();
    if !around.ferry {
        return Countdown { lead: minutes, unit: w.min.clone(), ..plain(note, mark) };
    }
    let sub = if s < FERRY_MINUTES_S { format!("{minutes} {}", w.min) } else { String::new() };
    Countdown { sub, ..clock(e, note, mark, around) }
}

fn arriving(around: &Around<'_>) -> String {
    if around.pier { around.words.berthing.clone() } else { around.words.arriving.clone() }
}

fn standing(gap: u16, w: &Words) -> String {
    if gap == 1 { w.stand_1.clone() } else { fill(&w.stand, "n", &gap.to_string()) }
}

/// A cancelled call or one that does not stop here: the aimed time struck through, and why.
fn off_service(row: &Row, around: &Around<'_>, why: &str) -> Option<Countdown> {
    (around.now <= row.a + CANCELLED_KEPT_S).then(|| Countdown {
        struck: hhmm(around.tz, row.a),
        lead: why.into(),
        ..plain("", Mark::Cancelled)
    })
}

/// A row that left: `e` is when.
fn gone(row: &Row, around: &Around<'_>) -> Option<Countdown> {
    let ago_s = around.now - row.e.unwrap_or(row.a);
    let w = around.words;
    let lead = if ago_s < 60 { w.left_now.clone() } else { fill(&w.left, "n", &(ago_s / 60).to_string()) };
    (ago_s <= GONE_KEPT_S).then(|| Countdown { lead, ..plain("", Mark::Gone) })
}

/// A clock time, with "tomorrow" when it is not today's.
fn clock(t: i64, note: &str, mark: Mark, around: &Around<'_>) -> Countdown {
    let later = local_day(around.tz, t) > local_day(around.tz, around.now);
    let sub = if later { around.words.tomorrow.clone() } else { String::new() };
    Countdown { lead: hhmm(around.tz, t), sub, ..plain(note, mark) }
}

fn plain(note: &str, mark: Mark) -> Countdown {
    let empty = String::new;
    Countdown { struck: empty(), lead: empty(), unit: empty(), sub: empty(), note: note.into(), mark }
}
