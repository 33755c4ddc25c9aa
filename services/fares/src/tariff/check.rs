//! What is doubtful about a tariff that can be used: rules that never match, prices that invite not tapping
//! off, credits that are lost.
//!
//! What can not be used at all (ids that lead nowhere, mixed currencies, crossing caps, a leg below zero)
//! never becomes a [`Tariff`]; [`super::Refused`] says why. Nothing is changed here.

mod caps;
mod changes;
mod dominance;
mod published;
mod rules;
mod trips;

use super::Tariff;
use gtfs::{Severity, Timetable};
use std::fmt;

/// One thing that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// `Error`: riders would be charged wrongly or not at all. `Warning`: surely not meant. `Info`: worth knowing.
    pub severity: Severity,
    /// A name for its kind, such as `rule_never_matches`.
    pub code: &'static str,
    /// Which row, why, and what to change.
    pub what: String,
}

/// Writes `warning: ... (rule_never_matches)`.
impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Fatal | Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        write!(f, "{severity}: {} ({})", self.what, self.code)
    }
}

/// Everything doubtful, worst first; with a timetable also what only its stops, routes and trips show.
#[must_use]
pub fn check(tariff: &Tariff, timetable: Option<&Timetable>) -> Vec<Doubt> {
    let mut doubts = Doubts(Vec::new());
    rules::check(tariff, &mut doubts);
    changes::check(tariff, &mut doubts);
    caps::check(tariff, &mut doubts);
    dominance::check(tariff, timetable, &mut doubts);
    if let Some(timetable) = timetable {
        trips::check(tariff, timetable, &mut doubts);
        published::check(tariff, timetable, &mut doubts);
    }
    doubts.0.sort_by_key(|doubt| doubt.severity);
    doubts.0
}

struct Doubts(Vec<Doubt>);

impl Doubts {
    fn error(&mut self, code: &'static str, what: String) {
        self.0.push(Doubt { severity: Severity::Error, code, what });
    }

    fn warning(&mut self, code: &'static str, what: String) {
        self.0.push(Doubt { severity: Severity::Warning, code, what });
    }

    fn info(&mut self, code: &'static str, what: String) {
        self.0.push(Doubt { severity: Severity::Info, code, what });
    }
}
