//! What a vehicle is doing: a run, the runs of its block after it, and how far it has come.

use crate::boarding::Boarding;
use crate::detour::{Round, Trail};
use crate::learned::terminal::Start;
use crate::matching::{Sight, Track};
use crate::params::Params;
use crate::predict::Present;
use crate::publish::Told;
use crate::run::{Line, Run};
use crate::visit::{self, Seen, Stretch};
use gtfs::{Timestamp, Timetable};
use smallvec::SmallVec;

/// Who put a vehicle on its trip; the later outrank the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bound {
    /// The tracker, from position, heading and time.
    Automatic,
    /// The vehicle claims its block.
    Block,
    /// The vehicle claims the trip.
    Trip,
    /// A dispatcher.
    Dispatcher,
}

/// Fixes off the line after which a vehicle is placed anew, anywhere on it.
const REPLACE_FIXES: u16 = 3;
/// And this long, seconds.
const REPLACE_S: f64 = 60.0;
/// A place this little behind the last one is the same, metres: a fix errs.
const BACK_M: f32 = 30.0;
/// A claimed trip whose vehicle has not come to its line this long after the start says nothing, seconds.
const NOT_STARTED_S_MAX: f64 = 600.0;
/// Near enough to the last stop to have ended there when the next trip begins, metres.
const END_M: f32 = 150.0;

/// A vehicle that halts this little short of its last stop, metres, has come to it,
const SHORT_M: f32 = 60.0;
/// once it no longer moves by more than this from fix to fix, metres.
const STANDS_M: f32 = 10.0;

/// A departure between two fixes further apart than this is not known well, seconds.
const START_GAP_S_MAX: f64 = 90.0;
/// Lateness at a later call says little of the departure from the first.
const START_CALL_MAX: usize = 8;

/// A vehicle that stays within this, metres,
const MOVED_M: f32 = 40.0;
/// for this long, seconds, stands; less is a red light.
const STOOD_S_MIN: f64 = 90.0;

/// A vehicle's work.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// The present run, then those after it in the block.
    pub(crate) runs: Vec<Run>,
    pub(crate) bound: Bound,
    pub(crate) track: Option<Track>,
    /// Of the present run's calls.
    pub(crate) seen: Vec<Seen>,
    /// The next or present call of the present run.
    pub(crate) next: usize,
    /// What has been told, per run; as many as have been told.
    pub(crate) told: SmallVec<[Vec<Told>; 1]>,
    /// Calls of the present run before this one were told to their end.
    pub(crate) open: usize,
    /// Calls of the present run were passed round.
    pub(crate) went_round: bool,
    /// The last fix that was looked at.
    pub(crate) t: Timestamp,
    /// On the line at that fix.
    pub(crate) on_line: bool,
    /// The present run has been told to its end.
    pub(crate) closed: bool,
    /// Since when the vehicle has been on the present run.
    pub(crate) began: Timestamp,
    /// When it came to the end of the run before, where that was seen.
    pub(crate) came: Option<Timestamp>,
    /// It has set out: a call after the first stop has been observed.
    pub(crate) started: bool,
    /// Taps and doors at the present call.
    pub(crate) boarding: Boarding,
    /// Where it was when it last moved, and when.
    pub(crate) stands: Option<([f32; 2], Timestamp)>,
    /// Its way since it left the line.
    trail: Option<Box<Trail>>,
    /// Where its last fix would have put it that headed the other way than its line, metres along.
    against_m: Option<f32>,
    /// It has been found behind where it was said to be.
    astray: bool,
}

impl Job {
    /// A job that nothing has been seen of.
    pub(crate) fn new(timetable: &Timetable, runs: Vec<Run>, bound: Bound, t: Timestamp) -> Self {
        let calls = runs.first().map_or(0, |run| timetable.calls(run.pattern).len());
        let seen = vec![Seen::default(); calls];
        Self {
            runs,
            bound,
            track: None,
            seen,
            next: 0,
            told: SmallVec::new(),
            open: 0,
            went_round: false,
            t,
            on_line: false,
            closed: false,
            began: t,
            came: None,
            started: false,
            boarding: Boarding::default(),
            stands: None,
            trail: None,
            against_m: None,
            astray: false,
        }
    }

    /// The present run.
    pub(crate) fn run(&self) -> Option<&Run> {
        self.runs.first()
    }

    /// Takes a fix; reports every call whose visit changed, and returns the way round that ended with it.
    pub(crate) fn observe(
        &mut self,
        timetable: &Timetable,
        sight: &Sight,
        params: &Params,
        report: impl FnMut(usize, &Seen),
    ) -> Option<Round> {
        let run = self.runs.first().copied()?;
        let line = run.line(timetable);
        let zone_m = params.zone_m(line.mode);
        let was_off = self.is_off(params);
        self.t = sight.t;
        let moved_m = |xy: [f32; 2]| libm::hypotf(xy[0] - sight.xy[0], xy[1] - sight.xy[1]);
        if self.stands.is_none_or(|(xy, _)| moved_m(xy) > MOVED_M) {
            self.stands = Some((sight.xy, sight.t));
        }
        let Some(track) = &mut self.track else {
            self.place(&line, &run, sight, params);
            return None;
        };
        let (from_m, from) = (track.along_m, track.t);
        self.on_line = track.advance(&line, run.origin, sight, params);
        if self.on_line {
            let mut stretch = Stretch { from_m, from, to_m: track.along_m, to: track.t };
            if track.along_m - from_m < STANDS_M && track.along_m > line.end_m() - SHORT_M {
                stretch = Stretch { from_m: line.end_m(), to_m: line.end_m(), ..stretch };
            }
            let round = self.come_back(&line, sight, stretch.to_m, was_off, params);
            visit::cross(&line, zone_m, &stretch, &mut self.seen, &mut self.next, report);
            return round;
        }
        let (fixes, seconds) = track.off(sight.t);
        self.stray(&line, sight, (from_m, from), params);
        if fixes >= REPLACE_FIXES && seconds >= REPLACE_S && !self.is_complete() {
            self.place(&line, &run, sight, params);
        }
        None
    }

    /// Off the line after its first stop: follows where it goes.
    fn stray(&mut self, line: &Line<'_>, sight: &Sight, from: (f32, Timestamp), params: &Params) {
        if self.next == 0 {
            return;
        }
        if self.trail.is_none() {
            self.trail = Trail::leaving(line, from.0, from.1, self.next).map(Box::new);
        }
        if let Some(trail) = &mut self.trail {
            let near_m = params.corridor_m(line.mode, line.shape.is_chords, sight.sigma_m);
            trail.take(line, sight, near_m, params.mps_max(line.mode));
        }
    }

    /// Back on the line `to_m` along it: the calls passed round are skipped, if it was off for long
    /// enough to be no slip of its receiver.
    fn come_back(
        &mut self,
        line: &Line<'_>,
        sight: &Sight,
        to_m: f32,
        was_off: bool,
        params: &Params,
    ) -> Option<Round> {
        let trail = self.trail.take().filter(|_| was_off)?;
        let near_m = params.corridor_m(line.mode, line.shape.is_chords, sight.sigma_m);
        let mut round = trail.back(line, sight, to_m, near_m, params.mps_max(line.mode))?;
        round.calls.retain(|at| !self.seen[*at].arrived);
        self.went_round |= !round.calls.is_empty();
        for &at in &round.calls {
            self.seen[at] = Seen { arrived: true, departed: true, skipped: true, ..Seen::default() };
        }
        Some(round)
    }

    /// Places the vehicle anywhere on its line. What it passed keeps its times. Found behind where it
    /// was said to be, it is astray: it was never there, and to say so is not this job's.
    fn place(&mut self, line: &Line<'_>, run: &Run, sight: &Sight, params: &Params) {
        let Some(mut track) = self.find(line, run, sight, params) else { return };
        if let Some(old) = &self.track {
            self.astray = track.along_m < old.along_m - BACK_M;
            if self.astray {
                return;
            }
            track.along_m = track.along_m.max(old.along_m);
        }
        self.trail = None;
        let zone_m = params.zone_m(line.mode);
        let mut seen = vec![Seen::default(); line.calls.len()];
        let next = visit::placed(line, zone_m, track.along_m, &mut seen);
        for (at, old) in self.seen.iter().enumerate().take(next + 1) {
            if old.departed || (old.arrived && !seen[at].departed) {
                seen[at] = *old;
            }
        }
        (self.seen, self.next, self.track, self.on_line) = (seen, next, Some(track), true);
    }

    /// The first call of the present run with something new to say: what was told to have left has not,
    /// but for calls that turn out to have been passed round.
    pub(crate) fn first_open(&self, told: &[Told]) -> usize {
        let from = self.open.min(self.next);
        let passed = told.get(from..self.next).unwrap_or_default();
        let open = passed.iter().position(|told| told.known && !told.departed);
        let open = open.map_or(self.next, |at| from + at);
        let round = |(told, seen): (&Told, &Seen)| seen.skipped && !told.skipped;
        let round = self.went_round.then(|| told.iter().zip(&self.seen).position(round)).flatten();
        round.map_or(open, |round| round.min(open))
    }

    /// Where on its line a vehicle is that was not on it: where it heads the way of the line, or where
    /// two fixes in a row show it going along the line, whatever it says of its heading.
    fn find(&mut self, line: &Line<'_>, run: &Run, sight: &Sight, params: &Params) -> Option<Track> {
        let before_m = self.against_m.take();
        if let Some(track) = Track::place_heading(line, run.origin, sight, params) {
            return Some(track);
        }
        let track = Track::place(line, run.origin, sight, params)?;
        self.against_m = Some(track.along_m);
        before_m.filter(|before_m| track.along_m > before_m + sight.sigma_m).map(|_| track)
    }

    /// Whether it was said to be where it never was: what was said of it is void.
    pub(crate) fn is_astray(&self) -> bool {
        self.astray
    }

    /// How many calls of the present run have been reached.
    pub(crate) fn reached(&self) -> usize {
        self.next + usize::from(self.seen.get(self.next).is_some_and(|seen| seen.arrived))
    }

    /// Whether the last call of the present run has been reached.
    pub(crate) fn is_complete(&self) -> bool {
        self.next + 1 >= self.seen.len() && self.seen.last().is_some_and(|seen| seen.arrived)
    }

    /// Whether the vehicle is so near to its last stop that the trip may be called ended there.
    pub(crate) fn is_near_end(&self, timetable: &Timetable) -> bool {
        let (Some(run), Some(track)) = (self.runs.first(), &self.track) else { return false };
        track.along_m >= run.line(timetable).end_m() - END_M
    }

    /// Goes on to the next run of the block; false when there is none.
    pub(crate) fn go_on(&mut self, timetable: &Timetable) -> bool {
        if self.runs.len() < 2 {
            return false;
        }
        self.runs.remove(0);
        if !self.told.is_empty() {
            self.told.remove(0);
        }
        let calls = self.runs.first().map_or(0, |run| timetable.calls(run.pattern).len());
        self.came = self.seen.last().and_then(|end| end.arrival);
        (self.began, self.started) = (self.t, false);
        self.unsee(calls);
        true
    }

    /// Nothing has been seen of the present run, which has so many calls.
    fn unsee(&mut self, calls: usize) {
        self.seen = vec![Seen::default(); calls];
        (self.next, self.track, self.on_line, self.closed) = (0, None, false, false);
        (self.trail, self.against_m, self.astray) = (None, None, false);
        (self.boarding, self.open, self.went_round) = (Boarding::default(), 0, false);
    }

    /// Begins the present run anew, with nothing seen or told of its calls. How late it set out is
    /// learned once.
    pub(crate) fn begin_anew(&mut self) {
        self.unsee(self.seen.len());
        if let Some(told) = self.told.first_mut() {
            told.fill(Told::default());
        }
    }

    /// What the predictor is told.
    pub(crate) fn present(&self) -> Present<'_> {
        Present {
            t: self.t,
            along_m: self.track.as_ref().map(|track| track.along_m),
            next: self.next,
            seen: &self.seen,
            came: self.came(),
            boarding: self.boarding,
            waits: !self.started && self.stood_s() >= STOOD_S_MIN,
        }
    }

    /// How late the vehicle set out, from a call that it just came to between fixes `gap_s` apart: the
    /// first after the first stop, or a later one where that was missed. Not from leaving the first
    /// stop: many stand a little beyond it.
    pub(crate) fn start(&mut self, timetable: &Timetable, call: usize, gap_s: f64) -> Option<Start> {
        let run = self.runs.first().filter(|_| !self.started && call > 0)?;
        let (times, seen) = (timetable.times(run.dated.trip), self.seen.get(call)?);
        let (first, here, at) = (times.first()?, times.get(call)?, seen.arrival?);
        self.started = true;
        let aimed_start = run.at(f64::from(first.departure_s));
        if gap_s > START_GAP_S_MAX || call > START_CALL_MAX || self.began.since_s(aimed_start) > 0.0 {
            return None;
        }
        let late_s = at.since_s(run.at(f64::from(here.arrival_s)));
        let waited_s = self.came().map(|came| aimed_start.plus_s(late_s).since_s(came));
        Some(Start { late_s, waited_s })
    }

    /// How long the vehicle has not moved, seconds.
    fn stood_s(&self) -> f64 {
        self.stands.map_or(0.0, |(_, since)| self.t.since_s(since))
    }

    /// When the vehicle came to the first stop, or to the end of the run before; `None` when nobody saw.
    fn came(&self) -> Option<Timestamp> {
        self.seen.first().and_then(|first| first.arrival).into_iter().chain(self.came).min()
    }

    /// Off the line: since how long, seconds; `None` when on it, or still before its first departure,
    /// when it may be anywhere.
    pub(crate) fn off_s(&self, params: &Params) -> Option<f64> {
        if self.next == 0 {
            return None;
        }
        let (fixes, seconds) = self.track.as_ref()?.off(self.t);
        (fixes >= params.off_route_pings && seconds >= params.off_route_s).then_some(seconds)
    }

    /// Aimed seconds from its place to the end of the run; `None` while it has no place.
    pub(crate) fn left_s(&self, timetable: &Timetable) -> Option<f64> {
        let (run, track) = (self.run()?, self.track.as_ref()?);
        let line = run.line(timetable);
        Some(line.aimed_s_at(line.end_m()) - line.aimed_s_at(track.along_m))
    }

    /// Whether it is off its line, after however many stops.
    pub(crate) fn is_off(&self, params: &Params) -> bool {
        let off = self.track.as_ref().map(|track| track.off(self.t));
        off.is_some_and(|(fixes, seconds)| fixes >= params.off_route_pings && seconds >= params.off_route_s)
    }

    /// Whether what is known bears a prediction.
    pub(crate) fn is_predictable(&self, now: Timestamp, params: &Params) -> bool {
        let Some(run) = self.run() else { return false };
        match &self.track {
            Some(_) => self.off_s(params).is_none_or(|seconds| seconds <= params.off_route_no_data_s),
            None => now.since_s(run.origin) <= NOT_STARTED_S_MAX,
        }
    }

    /// Seconds late at the vehicle's place; early is negative, but not before the first departure.
    pub(crate) fn delay_s(&self, timetable: &Timetable) -> f64 {
        let Some(run) = self.run() else { return 0.0 };
        let line = run.line(timetable);
        let since_start_s = self.t.since_s(run.origin);
        let Some(track) = self.track.as_ref().filter(|_| self.next > 0) else {
            return since_start_s.max(0.0);
        };
        let seen = self.seen[self.next];
        let time = line.times[self.next];
        if let Some(arrival) = seen.arrival {
            let late_s = arrival.since_s(run.origin) - f64::from(time.arrival_s);
            return late_s.max(since_start_s - f64::from(time.departure_s));
        }
        since_start_s - line.aimed_s_at(track.along_m)
    }
}
