//! What a stop's frames say that does not change from ping to ping: names, routes, zone, timetable.
//!
//! Made lazily, because most stops of a large feed have no panel and no reader. Immutable: when the
//! timetable window moves on or a feed is swapped, the board gets a new place and a fresh snapshot.

use super::finder::Finder;
use super::notice::notice;
use super::sched::{SCHED_AHEAD_S, SCHED_STEP_S, Sched, window_start_s};
use super::words::{Words, route_infos_at};
use chrono::{Offset, TimeZone};
use chrono_tz::Tz;
use gtfs::{StopIdx, Timestamp, Timetable};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use stop_display::frame;

/// What all boards of one feed share.
#[derive(Debug)]
pub struct Common {
    /// The timetable in force.
    pub timetable: Arc<Timetable>,
    /// Its words.
    pub words: Words,
    /// Shown on every page, such as "sample network, not an official timetable".
    pub notice: Option<frame::Text>,
    /// Simulated seconds per real second.
    pub rate: f64,
    /// Finds its stops by name.
    pub finder: Finder,
}

impl Common {
    /// Collects the words and names of a timetable.
    #[must_use]
    pub fn of(timetable: Arc<Timetable>, simulated: bool, rate: f64) -> Self {
        Self {
            words: Words::of(&timetable),
            notice: notice(&timetable, simulated),
            finder: Finder::of(&timetable),
            rate,
            timetable,
        }
    }

    /// Seconds east of UTC, as frames carry them, for a day around `now`.
    #[must_use]
    pub fn offsets_around(&self, now: Timestamp) -> Vec<(i64, i32)> {
        offsets(self.timetable.tz, now.s() - 86_400, now.s() + 86_400)
    }
}

/// One stop in one timetable window.
#[derive(Debug)]
pub struct Place {
    /// What it shares with the other stops.
    pub common: Arc<Common>,
    /// The stop.
    pub stop: StopIdx,
    window_s: i64,
    fixed: OnceLock<Fixed>,
    sched: OnceLock<Sched>,
}

/// The parts of a snapshot that stay the same within a window.
#[derive(Debug)]
pub struct Fixed {
    /// The stop.
    pub stop: frame::StopInfo,
    /// Destinations by number.
    pub heads: BTreeMap<String, frame::Text>,
    /// Routes by route_id.
    pub routes: BTreeMap<String, frame::RouteInfo>,
    /// Seconds east of UTC, from each epoch second on.
    pub tz: Vec<(i64, i32)>,
}

impl Place {
    /// A stop as of `now`.
    #[must_use]
    pub fn new(common: Arc<Common>, stop: StopIdx, now: Timestamp) -> Self {
        let window_s = window_start_s(stop, now);
        Self { common, stop, window_s, fixed: OnceLock::new(), sched: OnceLock::new() }
    }

    /// Its stop_id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.common.timetable.stops[self.stop.at()].id
    }

    /// Whether its timetable window is over.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        window_start_s(self.stop, now) != self.window_s
    }

    /// The same stop in the window of `now`.
    #[must_use]
    pub fn renewed(&self, now: Timestamp) -> Self {
        Self::new(Arc::clone(&self.common), self.stop, now)
    }

    /// Names, routes and zone.
    #[must_use]
    pub fn fixed(&self) -> &Fixed {
        self.fixed.get_or_init(|| Fixed {
            stop: self.common.words.stop(&self.common.timetable, self.stop),
            heads: self.common.words.heads_at(&self.common.timetable, self.stop),
            routes: route_infos_at(&self.common.timetable, self.stop),
            tz: offsets(
                self.common.timetable.tz,
                self.window_s,
                self.window_s + SCHED_STEP_S + SCHED_AHEAD_S,
            ),
        })
    }

    /// Its timetable.
    #[must_use]
    pub fn sched(&self) -> &Sched {
        self.sched
            .get_or_init(|| Sched::of(&self.common.timetable, &self.common.words, self.stop, self.window_s))
    }
}

/// The offset from UTC at the start of a span, and each change within it, to the half hour.
fn offsets(tz: Tz, from_s: i64, until_s: i64) -> Vec<(i64, i32)> {
    let mut changes: Vec<(i64, i32)> = Vec::new();
    for t in (from_s..until_s).step_by(1800).map(|s| s.div_euclid(1800) * 1800) {
        let utc = Timestamp::from_s(t).utc().unwrap_or_default().naive_utc();
        let east_s = tz.offset_from_utc_datetime(&utc).fix().local_minus_utc();
        if changes.last().is_none_or(|(_, last)| *last != east_s) {
            changes.push((t, east_s));
        }
    }
    changes
}
