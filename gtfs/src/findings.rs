//! What is wrong with a feed, said so that a person can put it right.

use std::collections::BTreeMap;
use std::fmt;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The feed can not be used; the one in force stays.
    Fatal,
    /// A row was left out, or a rule of the specification is broken.
    Error,
    /// Usable, but a rider or an operator may be misled.
    Warning,
    /// Worth knowing.
    Info,
}

/// One thing that is wrong, at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// The notice code of the canonical GTFS validator where it has one, such as `foreign_key_violation`.
    pub code: &'static str,
    /// The file, such as `stop_times.txt`; empty when it concerns the feed.
    pub file: &'static str,
    /// The line in that file, the header being 1; 0 when it concerns the whole file.
    pub row: u64,
    /// The field; empty when it concerns the whole row.
    pub field: &'static str,
    /// The offending value, at most [`VALUE_CHARS_MAX`] characters of it.
    pub value: Box<str>,
    /// What to change.
    pub advice: &'static str,
}

/// How much of an offending value is kept.
pub const VALUE_CHARS_MAX: usize = 80;
/// How many findings of one code and file are kept in full; the rest are only counted.
pub const EXAMPLES_MAX: usize = 20;

/// At most [`VALUE_CHARS_MAX`] characters of an offending value.
#[must_use]
pub fn shortened(value: &str) -> Box<str> {
    match value.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => value[..end].into(),
        None => value.into(),
    }
}

/// All findings of one feed: every one counted, the first [`EXAMPLES_MAX`] of each kind kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    counts: BTreeMap<(Severity, &'static str, &'static str), u64>,
    examples: Vec<Finding>,
}

impl Findings {
    /// Adds one.
    pub fn push(&mut self, finding: Finding) {
        let count = self.counts.entry((finding.severity, finding.code, finding.file)).or_default();
        *count += 1;
        if *count <= EXAMPLES_MAX as u64 {
            self.examples.push(finding);
        }
    }

    /// How many of a severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> u64 {
        self.counts.iter().filter(|((s, ..), _)| *s == severity).map(|(_, n)| n).sum()
    }

    /// Kinds with their counts, worst first: severity, code, file, how many.
    pub fn kinds(&self) -> impl Iterator<Item = (Severity, &'static str, &'static str, u64)> {
        self.counts.iter().map(|(&(severity, code, file), &n)| (severity, code, file, n))
    }

    /// The findings kept in full, in the order found.
    #[must_use]
    pub fn examples(&self) -> &[Finding] {
        &self.examples
    }

    /// Adds all of `other`'s.
    pub fn merge(&mut self, other: Self) {
        for (kind, n) in other.counts {
            *self.counts.entry(kind).or_default() += n;
        }
        self.examples.extend(other.examples);
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.row > 0 {
            write!(f, " line {}", self.row)?;
        }
        if !self.field.is_empty() {
            write!(f, ", {}", self.field)?;
        }
        if !self.value.is_empty() {
            write!(f, " \"{}\"", self.value)?;
        }
        write!(f, ": {} ({})", self.advice, self.code)
    }
}
