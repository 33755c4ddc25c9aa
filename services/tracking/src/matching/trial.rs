//! Could these last fixes lie on that line? Tried before a vehicle is put on any trip of it.
//!
//! A hidden Markov model with one more state than the track has: being on no line at all. What it
//! answers is how much better than that the line explains the fixes, and where the vehicle then is.
//! It knows no departure: the aimed times only say how fast the line is driven.

use super::track::{Candidates, Hypothesis, Kept, Reach, extend, keep, offer};
use super::{Sight, likelihood};
use crate::params::Params;
use crate::run::Line;
use smallvec::SmallVec;

/// ln of how likely one fix is for a vehicle that follows no line, on the scale of the terms of
/// [`likelihood`]: within the some 600 m that it can go in half a minute, the 30 m either way that
/// count as one place along and across the line, and any heading (start).
pub(crate) const LN_NO_LINE: f64 = -6.0;
/// ln of taking up the line at a given fix (start).
const LN_TAKEN_UP: f64 = -3.0;
/// Share of intervals that are driven at no pace that a timetable knows: held at lights, or past stops
/// where nobody waits (start; 0.2 to 0.5 do about as well). Without it, two lines along one street were
/// told apart by which of them has the likelier pace, and wrongly.
const ANY_PACE: f64 = 0.3;

/// A place on the line where the trail may have ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ended {
    /// Metres along the line at the last fix that was on it.
    pub(crate) along_m: f32,
    /// Metres along the line at the first.
    pub(crate) from_m: f32,
    /// Nats by which the line explains the trail better than no line does.
    pub(crate) ln_better: f64,
}

/// Tries the fixes, oldest first, on a line. Empty when the last is not on it.
pub(crate) fn trial(line: &Line<'_>, sights: &[Sight], params: &Params) -> SmallVec<[Ended; 4]> {
    let length_m = line.shape.length_m();
    let mut kept: Kept = SmallVec::new();
    let mut found: Candidates = SmallVec::new();
    for (at, sight) in sights.iter().enumerate() {
        let corridor_m = params.corridor_m(line.mode, line.shape.is_chords, sight.sigma_m);
        let reach = Reach { corridor_m, gate: (length_m, length_m), any_pace: ANY_PACE };
        found.clear();
        for hypothesis in &kept {
            extend(hypothesis, line, sight, &reach, params, &mut found);
        }
        let ln_before = LN_NO_LINE * at as f64 + LN_TAKEN_UP;
        line.shape.minima(sight.xy, 0.0..length_m, corridor_m, |place| {
            let direction = line.shape.direction_of(place.segment as usize);
            let ln_weight = ln_before
                + likelihood::ln_offset(place.offset_m, sight.sigma_m)
                + likelihood::ln_heading(sight.heading, sight.speed_mps, direction);
            let along_m = place.along_m;
            offer(&mut found, Hypothesis { along_m, from_m: along_m, t: sight.t, ln_weight, off: 0 });
        });
        keep(&mut kept, &mut found);
    }
    let ln_no_line = LN_NO_LINE * sights.len() as f64;
    let on_line = kept.iter().filter(|hypothesis| hypothesis.off == 0);
    on_line
        .map(|h| Ended { along_m: h.along_m, from_m: h.from_m, ln_better: h.ln_weight - ln_no_line })
        .collect()
}
