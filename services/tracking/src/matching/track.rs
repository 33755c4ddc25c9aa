//! The hypotheses of one vehicle on one trip, and the progress they agree on.

use super::likelihood::{ln_heading, ln_offset, ln_progress};
use crate::gamma::ln_student;
use crate::params::Params;
use crate::run::Line;
use gtfs::Timestamp;
use gtfs::geometry::Projection;
use smallvec::SmallVec;

/// Hypotheses kept.
const HYPOTHESES_MAX: usize = 4;
/// Candidates looked at per fix before pruning.
const CANDIDATES_MAX: usize = 24;
/// GPS noise may put a vehicle back by this much, metres.
const BACK_M: f32 = 30.0;
/// And ahead by this much beyond its greatest speed, metres.
const AHEAD_M: f32 = 200.0;
/// Hypotheses nearer than this are one, metres.
const SAME_M: f32 = 25.0;
/// Weight that must agree before something stands.
const AGREED: f64 = 0.95;
/// Fixes after which the best hypothesis wins without agreement.
const UNDECIDED_MAX: u8 = 3;
/// Prior of leaving the line, per fix (start).
const LN_OFF: f64 = -6.9;
/// ln of a heading that is not that of the line: across it, at speed.
const LN_OTHER_WAY: f64 = -8.0;
/// A vehicle that says it stands has not moved if the fix moved less than this, metres.
const STANDING_M: f32 = 25.0;
/// Slower is standing, metres per second (R11).
const STANDING_MPS: f32 = 1.0;
/// Scale of the deviation from the timetable, seconds: Student-t, ν = 2, six minutes.
const DEVIATION_S: f64 = 360.0;
/// Degrees of freedom of the same.
const DEVIATION_NU: f64 = 2.0;

/// Nobody sets out earlier than this, seconds.
const EARLY_START_S: f64 = 60.0;
/// A terminal reaches this far along the line, metres (OBA-NYC).
const START_M: f32 = 150.0;
/// Unless it is seen to: this far along the line from its first stop, metres, well beyond any stand,
const SET_OUT_M: std::ops::Range<f32> = 250.0..1_500.0;
/// at so many fixes, each further along by more than they err,
const SET_OUT_FIXES: u8 = 2;
/// and at most this early, seconds (start): who goes on earlier goes to a stand beyond the stop, and waits there.
const SET_OUT_EARLY_S_MAX: f64 = 300.0;

/// One fix, on the plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sight {
    pub(crate) t: Timestamp,
    pub(crate) xy: [f32; 2],
    /// Unit vector, east and north.
    pub(crate) heading: Option<[f32; 2]>,
    pub(crate) speed_mps: Option<f32>,
    /// Standard deviation of the position, metres.
    pub(crate) sigma_m: f32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hypothesis {
    pub(super) along_m: f32,
    /// Where it was first placed.
    pub(super) from_m: f32,
    /// When it was last on the line.
    pub(super) t: Timestamp,
    pub(super) ln_weight: f64,
    /// Fixes off the line since then.
    pub(super) off: u16,
}

/// What one fix leaves possible, before and after pruning.
pub(super) type Candidates = SmallVec<[Hypothesis; CANDIDATES_MAX]>;
pub(super) type Kept = SmallVec<[Hypothesis; HYPOTHESES_MAX]>;

/// The hypotheses of one vehicle on one trip.
#[derive(Clone, Debug)]
pub(crate) struct Track {
    hypotheses: Kept,
    /// Metres along the line that are agreed on; never falls.
    pub(crate) along_m: f32,
    /// When it was there.
    pub(crate) t: Timestamp,
    undecided: u8,
    /// Fixes at which it was beyond its first stop before its time, and how far the last of them.
    early: (u8, f32),
    /// ln of how well the fixes fit so far.
    pub(crate) ln_fit: f64,
}

impl Track {
    /// Places a vehicle on a line it was not on before: anywhere, as the timetable makes likely.
    /// `None` when it is beyond the corridor everywhere.
    pub(crate) fn place(line: &Line<'_>, origin: Timestamp, sight: &Sight, params: &Params) -> Option<Self> {
        Self::place_where(line, origin, sight, params, |at, _| Some(at))
    }

    /// The same, but nowhere that the vehicle heads the other way: it only crosses the line there. About
    /// its first stop it may turn, and has not left.
    pub(crate) fn place_heading(
        line: &Line<'_>,
        origin: Timestamp,
        sight: &Sight,
        params: &Params,
    ) -> Option<Self> {
        let start_m = line.calls.first().map_or(0.0, |first| first.along_m);
        Self::place_where(line, origin, sight, params, |at, ln_heading| {
            if ln_heading > LN_OTHER_WAY {
                return Some(at);
            }
            (at.along_m <= start_m + START_M).then(|| Projection { along_m: at.along_m.min(start_m), ..at })
        })
    }

    /// Places a vehicle where `may` says that a place near the line, with ln of its heading there, may
    /// be it.
    fn place_where(
        line: &Line<'_>,
        origin: Timestamp,
        sight: &Sight,
        params: &Params,
        may: impl Fn(Projection, f64) -> Option<Projection>,
    ) -> Option<Self> {
        let corridor_m = params.corridor_m(line.mode, line.shape.is_chords, sight.sigma_m);
        let mut found: Candidates = SmallVec::new();
        let since_start_s = sight.t.since_s(origin);
        let (open_m, held_m) = gate(line, since_start_s, false);
        line.shape.minima(sight.xy, 0.0..open_m, corridor_m, |at| {
            let way = line.shape.direction_of(at.segment as usize);
            let ln_heading = ln_heading(sight.heading, sight.speed_mps, way);
            let Some(mut at) = may(at, ln_heading) else { return };
            at.along_m = at.along_m.min(held_m);
            let late_s = deviation_s(line, at.along_m, since_start_s);
            let ln_weight = ln_offset(at.offset_m, sight.sigma_m)
                + ln_heading
                + ln_student(late_s / DEVIATION_S, DEVIATION_NU);
            let along_m = at.along_m;
            offer(&mut found, Hypothesis { along_m, from_m: along_m, t: sight.t, ln_weight, off: 0 });
        });
        let best = found.iter().map(|h| h.ln_weight).fold(f64::NEG_INFINITY, f64::max);
        if found.is_empty() {
            return None;
        }
        let mut track = Self {
            hypotheses: SmallVec::new(),
            along_m: 0.0,
            t: sight.t,
            undecided: 0,
            early: (0, 0.0),
            ln_fit: best,
        };
        keep(&mut track.hypotheses, &mut found);
        track.along_m = track.agreed_m();
        Some(track)
    }

    /// Takes the next fix. Returns whether the vehicle is on its line.
    pub(crate) fn advance(
        &mut self,
        line: &Line<'_>,
        origin: Timestamp,
        sight: &Sight,
        params: &Params,
    ) -> bool {
        if self.stands(line, sight) {
            self.t = sight.t;
            for hypothesis in &mut self.hypotheses {
                hypothesis.t = sight.t;
            }
            return true;
        }
        let corridor_m = params.corridor_m(line.mode, line.shape.is_chords, sight.sigma_m);
        let mut found: Candidates = SmallVec::new();
        let since_start_s = sight.t.since_s(origin);
        let gate = gate(line, since_start_s, self.sets_out(line, sight, since_start_s, corridor_m));
        let reach = Reach { corridor_m, gate, any_pace: 0.0 };
        for hypothesis in &self.hypotheses {
            extend(hypothesis, line, sight, &reach, params, &mut found);
        }
        let before = self.best().map_or(0.0, |best| best.ln_weight);
        keep(&mut self.hypotheses, &mut found);
        let best = self.best().copied();
        self.ln_fit += best.map_or(LN_OFF, |b| b.ln_weight - before);
        let on_line = best.is_some_and(|b| b.off == 0);
        self.commit(sight.t, on_line);
        self.normalise();
        on_line
    }

    /// Whether a vehicle that is still held at its first stop has left it before its time.
    fn sets_out(&mut self, line: &Line<'_>, sight: &Sight, since_start_s: f64, corridor_m: f32) -> bool {
        let held = -SET_OUT_EARLY_S_MAX..-EARLY_START_S;
        if self.early.0 >= SET_OUT_FIXES || !held.contains(&since_start_s) {
            return self.early.0 >= SET_OUT_FIXES;
        }
        let start_m = line.calls.first().map_or(0.0, |first| first.along_m);
        let window = start_m + SET_OUT_M.start..(start_m + SET_OUT_M.end).min(line.shape.length_m());
        let mut seen_m = None;
        let (near_m, (_, last_m)) = (window.start, self.early);
        line.shape.minima(sight.xy, window, corridor_m, |at| {
            let way = line.shape.direction_of(at.segment as usize);
            let along = ln_heading(sight.heading, sight.speed_mps, way) > LN_OTHER_WAY;
            // The end of the window only says that it may be before it.
            if along && at.along_m > near_m + 1.0 && at.along_m > last_m + sight.sigma_m {
                seen_m.get_or_insert(at.along_m);
            }
        });
        self.early = seen_m.map_or((0, 0.0), |m| (self.early.0 + 1, m));
        self.early.0 >= SET_OUT_FIXES
    }

    /// Fixes and seconds since the best hypothesis was on the line.
    pub(crate) fn off(&self, now: Timestamp) -> (u16, f64) {
        self.best().map_or((0, 0.0), |best| (best.off, now.since_s(best.t)))
    }

    fn best(&self) -> Option<&Hypothesis> {
        self.hypotheses.iter().max_by(|a, b| a.ln_weight.total_cmp(&b.ln_weight))
    }

    /// Whether the vehicle says that it stands, near where the only hypothesis has it.
    fn stands(&self, line: &Line<'_>, sight: &Sight) -> bool {
        let slow = sight.speed_mps.is_some_and(|v| v < STANDING_MPS);
        let [only] = self.hypotheses.as_slice() else { return false };
        let Some(at) = line.shape.point_at(self.along_m.max(only.along_m)).filter(|_| slow && only.off == 0)
        else {
            return false;
        };
        libm::hypotf(at[0] - sight.xy[0], at[1] - sight.xy[1]) < STANDING_M
    }

    /// The greatest distance that 95 % of the weight has reached.
    fn agreed_m(&self) -> f32 {
        let Some(best) = self.best() else { return self.along_m };
        let weight = |h: &Hypothesis| libm::exp(h.ln_weight - best.ln_weight);
        let total: f64 = self.hypotheses.iter().map(weight).sum();
        let mut by_distance: SmallVec<[&Hypothesis; HYPOTHESES_MAX]> = self.hypotheses.iter().collect();
        by_distance.sort_by(|a, b| a.along_m.total_cmp(&b.along_m));
        let mut behind = 0.0;
        for hypothesis in by_distance {
            behind += weight(hypothesis);
            if behind > (1.0 - AGREED) * total {
                return hypothesis.along_m;
            }
        }
        best.along_m
    }

    fn commit(&mut self, t: Timestamp, on_line: bool) {
        let Some(best) = self.best().copied() else { return };
        let agreed_m = self.agreed_m();
        self.undecided = if best.along_m > agreed_m + SAME_M { self.undecided + 1 } else { 0 };
        if self.undecided >= UNDECIDED_MAX {
            self.undecided = 0;
            self.hypotheses.retain(|h| (h.along_m - best.along_m).abs() <= SAME_M);
        }
        if on_line {
            self.along_m = self.along_m.max(self.agreed_m());
            self.t = t;
        }
    }

    fn normalise(&mut self) {
        let best = self.best().map_or(0.0, |b| b.ln_weight);
        for hypothesis in &mut self.hypotheses {
            hypothesis.ln_weight -= best;
        }
    }
}

/// Seconds late; before the start of a trip at its first stop nobody is early.
fn deviation_s(line: &Line<'_>, along_m: f32, since_start_s: f64) -> f64 {
    let late_s = since_start_s - line.aimed_s_at(along_m);
    let at_start = line.calls.first().is_some_and(|first| along_m < first.along_m + 2.0 * SAME_M);
    if at_start { late_s.max(0.0) } else { late_s }
}

/// Where a vehicle may be by a fix, and how it may have come there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    /// How far from the line, metres.
    pub(super) corridor_m: f32,
    /// How far along it the vehicle can be, and can count as being, metres.
    pub(super) gate: (f32, f32),
    /// Share of intervals in which its pace is not that of the timetable.
    pub(super) any_pace: f64,
}

/// Where one hypothesis can have come to by this fix; off the line when nowhere.
pub(super) fn extend(
    from: &Hypothesis,
    line: &Line<'_>,
    sight: &Sight,
    reach: &Reach,
    params: &Params,
    found: &mut Candidates,
) {
    let Reach { corridor_m, gate: (open_m, held_m), any_pace } = *reach;
    let elapsed_s = sight.t.since_s(from.t).max(0.0);
    let ahead_m = params.mps_max(line.mode) * elapsed_s as f32 + AHEAD_M;
    let window = (from.along_m - BACK_M).max(0.0)..(from.along_m + ahead_m).min(open_m.max(from.along_m));
    let mut any = false;
    line.shape.minima(sight.xy, window, corridor_m, |mut at| {
        any = true;
        at.along_m = at.along_m.min(held_m.max(from.along_m));
        let ln_weight = from.ln_weight
            + ln_offset(at.offset_m, sight.sigma_m)
            + ln_heading(sight.heading, sight.speed_mps, line.shape.direction_of(at.segment as usize))
            + ln_progress(
                line,
                (from.along_m, at.along_m),
                elapsed_s,
                sight.sigma_m,
                params.theta_s,
                any_pace,
            );
        let along_m = at.along_m.max(from.along_m - BACK_M);
        offer(found, Hypothesis { along_m, t: sight.t, ln_weight, off: 0, ..*from });
    });
    if !any {
        let ln_weight = from.ln_weight + ln_offset(corridor_m, sight.sigma_m) + LN_OFF;
        offer(found, Hypothesis { ln_weight, off: from.off.saturating_add(1), ..*from });
    }
}

/// How far along the line a vehicle can be by now, and how far it can count as being, metres.
///
/// Before its start a vehicle that is anywhere but at the first stop is on its way to it, however
/// near the line it happens to be; and one that shuffles about the terminal has not left;
/// one that `sets_out` has.
fn gate(line: &Line<'_>, since_start_s: f64, sets_out: bool) -> (f32, f32) {
    let start_m = line.calls.first().map_or(0.0, |first| first.along_m);
    let length_m = line.shape.length_m();
    if since_start_s < -EARLY_START_S && !sets_out {
        ((start_m + START_M).min(length_m), start_m)
    } else {
        (length_m, length_m)
    }
}

/// Adds a hypothesis, or replaces a worse one at the same place.
pub(super) fn offer(found: &mut Candidates, new: Hypothesis) {
    let same = |h: &Hypothesis| (h.along_m - new.along_m).abs() < SAME_M && (h.off == 0) == (new.off == 0);
    match found.iter().position(same) {
        Some(at) if found[at].ln_weight < new.ln_weight => found[at] = new,
        None if found.len() < CANDIDATES_MAX => found.push(new),
        _ => {}
    }
}

/// Keeps the likeliest of the candidates, likeliest first.
pub(super) fn keep(kept: &mut Kept, found: &mut Candidates) {
    found.sort_by(|a, b| b.ln_weight.total_cmp(&a.ln_weight).then(a.along_m.total_cmp(&b.along_m)));
    kept.clear();
    // Below a thousandth of the best a hypothesis only costs time.
    let floor = found.first().map_or(0.0, |best| best.ln_weight + LN_OFF);
    kept.extend(found.iter().copied().filter(|h| h.ln_weight >= floor).take(HYPOTHESES_MAX));
}
