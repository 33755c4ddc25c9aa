//! One vehicle: its last fixes, its claim, its work, and how fresh the news of it is.

use crate::bid::{Beliefs, Bid};
use crate::job::Job;
use crate::matching::Sight;
use crate::params::Params;
use crate::pledge::Pledges;
use crate::{Claim, Occupancy, Ping, Provenance};
use gtfs::Timestamp;
use gtfs::timetable::Plane;
use smallvec::SmallVec;
use std::sync::Arc;

/// Fixes remembered.
pub(crate) const FIXES_MAX: usize = 8;
/// All but the newest are at least this far apart, seconds: eight fixes of a tracker that reports
/// each second must still show where it came from.
const FIXES_APART_S: f64 = 15.0;
/// Standard deviation of a position that says nothing about itself, metres.
const SIGMA_M: f32 = 15.0;
/// Bounds of the standard deviation, metres.
const SIGMA_M_RANGE: (f32, f32) = (8.0, 60.0);
/// Metres of standard deviation per unit of HDOP.
const SIGMA_M_PER_HDOP: f32 = 5.0;

/// How old the newest fix is, in the steps that every surface shows (R18).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Freshness {
    /// At most 30 s.
    Live,
    /// Shown with its age.
    Held,
    /// Out of the positions; predictions go on.
    Gone,
    /// Predictions withdrawn.
    Silent,
}

impl Freshness {
    fn of(age_s: f64, params: &Params) -> Self {
        if age_s <= params.held_s {
            Self::Live
        } else if age_s <= params.gone_s {
            Self::Held
        } else if age_s <= params.no_data_s {
            Self::Gone
        } else {
            Self::Silent
        }
    }
}

/// One vehicle.
#[derive(Debug)]
pub(crate) struct Vehicle {
    pub(crate) id: Arc<str>,
    /// The newest ping.
    pub(crate) ping: Ping,
    /// Some of the last fixes and the newest, newest last.
    pub(crate) sights: SmallVec<[Sight; FIXES_MAX]>,
    pub(crate) job: Option<Job>,
    /// The claim that the present job, or its refusal, follows from.
    pub(crate) settled: Claim,
    /// The claim that a dispatcher overruled.
    pub(crate) benched: Option<Claim>,
    /// Since when another line fits it surely better than the one it claims.
    pub(crate) doubt: Option<Timestamp>,
    /// The claim that was found untrue.
    pub(crate) doubted: Option<Claim>,
    /// Pings without a claim since one was given.
    pub(crate) unclaimed: u8,
    /// When its claim, or what it may be doing without one, was last looked at.
    pub(crate) tried: Option<Timestamp>,
    /// The duties it may be on, as of then; none while it has a claim.
    pub(crate) bids: Vec<Bid>,
    /// What it was seen to fit before.
    pub(crate) beliefs: Beliefs,
    pub(crate) freshness: Freshness,
    /// A ping came since the last prediction.
    pub(crate) news: bool,
    /// Waiting for the next tick.
    pub(crate) marked: bool,
    /// When the first call ahead was expected at the last telling: later it must be told anew.
    pub(crate) due: Option<Timestamp>,
    pub(crate) occupancy: Option<Occupancy>,
    pub(crate) soc_pct: Option<f32>,
    /// Predictions of it that are followed until its calls are reached.
    pub(crate) pledges: Pledges,
}

impl Vehicle {
    /// A vehicle first heard of with this ping.
    pub(crate) fn new(ping: Ping) -> Self {
        Self {
            id: Arc::clone(&ping.vehicle),
            ping,
            sights: SmallVec::new(),
            job: None,
            settled: Claim::default(),
            benched: None,
            doubt: None,
            doubted: None,
            unclaimed: 0,
            tried: None,
            bids: Vec::new(),
            beliefs: Beliefs::default(),
            freshness: Freshness::Live,
            news: false,
            marked: false,
            due: None,
            occupancy: None,
            soc_pct: None,
            pledges: Pledges::default(),
        }
    }

    /// Takes a ping that is newer than the last.
    pub(crate) fn take(&mut self, ping: Ping, plane: &Plane) {
        let sight = sight(&ping, plane);
        match self.sights.as_mut_slice() {
            [.., before, last] if sight.t.since_s(before.t) < FIXES_APART_S => *last = sight,
            _ => {
                if self.sights.len() == FIXES_MAX {
                    self.sights.remove(0);
                }
                self.sights.push(sight);
            }
        }
        self.occupancy = ping.occupancy.or(self.occupancy);
        self.soc_pct = ping.ev.and_then(|ev| ev.soc_pct).or(self.soc_pct);
        self.ping = ping;
        self.news = true;
    }

    /// When the newest position was measured.
    pub(crate) fn position_t(&self) -> Timestamp {
        self.ping.t
    }

    /// Its positions are simulated.
    pub(crate) fn is_simulated(&self) -> bool {
        self.ping.provenance == Provenance::Sim
    }

    /// Seconds since the newest position was measured.
    pub(crate) fn age_s(&self, now: Timestamp) -> f64 {
        now.since_s(self.ping.t)
    }

    /// Looks at the clock; true when the freshness changed.
    pub(crate) fn age(&mut self, now: Timestamp, params: &Params) -> bool {
        let freshness = Freshness::of(self.age_s(now), params);
        std::mem::replace(&mut self.freshness, freshness) != freshness
    }

    /// When time alone may next change something: its freshness, or what was told of it. Always, of one
    /// that is silent; never too late, may be too early.
    pub(crate) fn look(&self, params: &Params) -> Timestamp {
        let fresh_s = match self.freshness {
            Freshness::Live => params.held_s,
            Freshness::Held => params.gone_s,
            Freshness::Gone => params.no_data_s,
            Freshness::Silent => 0.0,
        };
        let until = self.ping.t.plus_s(fresh_s);
        self.due.map_or(until, |due| due.min(until))
    }

    /// The next or present call of its present run.
    pub(crate) fn next_call(&self) -> u16 {
        self.job.as_ref().map_or(0, |job| job.next as u16)
    }

    /// Taken off its trip by a dispatcher: stays off until it claims something else.
    pub(crate) fn bench(&mut self) {
        self.settled = self.ping.claim.clone();
        self.benched = Some(self.ping.claim.clone());
    }

    /// Whether a dispatcher's word keeps it off any trip.
    pub(crate) fn is_benched(&self) -> bool {
        self.benched.as_ref() == Some(&self.ping.claim)
    }

    /// Seconds that its remembered fixes span.
    pub(crate) fn seen_for_s(&self) -> f64 {
        let (first, last) = (self.sights.first(), self.sights.last());
        first.zip(last).map_or(0.0, |(first, last)| last.t.since_s(first.t))
    }

    /// Greatest distance between its last fixes and the newest, metres.
    pub(crate) fn moved_m(&self) -> f32 {
        let Some(newest) = self.sights.last() else { return 0.0 };
        let far = |s: &Sight| libm::hypotf(s.xy[0] - newest.xy[0], s.xy[1] - newest.xy[1]);
        self.sights.iter().map(far).fold(0.0, f32::max)
    }
}

fn sight(ping: &Ping, plane: &Plane) -> Sight {
    let (least, most) = SIGMA_M_RANGE;
    let sigma_m = match (ping.accuracy_m, ping.hdop) {
        (Some(accuracy_m), _) => accuracy_m.clamp(least, most),
        (None, Some(hdop)) => (SIGMA_M_PER_HDOP * hdop).clamp(least, 25.0),
        (None, None) => SIGMA_M,
    };
    let heading = ping.heading_deg.map(|degrees| {
        let (sin, cos) = libm::sincosf(degrees.to_radians());
        [sin, cos]
    });
    Sight { t: ping.t, xy: plane.xy(ping.lat, ping.lon), heading, speed_mps: ping.speed_mps, sigma_m }
}
