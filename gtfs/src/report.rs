//! What a feed holds and what is wrong with it, as text that a person can act on.
//!
//! It reads a loaded feed and writes words; it judges nothing that [`load`](crate::load) has not
//! judged. Severities, notice codes and advice are those of the findings.

mod summary;

pub use summary::{DayCount, Summary};

use crate::findings::{Finding, Findings, Severity};
use crate::{Loaded, ServiceDay, Unusable};
use std::fmt::Write;

/// Examples shown of each kind of finding.
pub const EXAMPLES_SHOWN: usize = 3;

/// How to write a report.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Colour the verdict and the headings, for terminals that can (ECMA-48).
    pub color: bool,
    /// Show every finding that was kept, not only [`EXAMPLES_SHOWN`] of each kind.
    pub all: bool,
}

/// The report of a feed; `name` is what the person called it, `today` lets it say whether the feed
/// covers the present.
#[must_use]
pub fn render(
    name: &str,
    read: &Result<Loaded, Unusable>,
    today: Option<ServiceDay>,
    style: Style,
) -> String {
    let mut page = Page { text: String::new(), style };
    match read {
        Ok(loaded) => {
            let summary = Summary::of(&loaded.timetable);
            let (words, tone) = verdict(&summary, &loaded.findings, today);
            page.verdict(name, &words, tone);
            page.summary(&summary, today);
            page.findings(&loaded.findings);
        }
        Err(unusable) => {
            let words = "REFUSED: this feed can not be used; the one in force stays".to_owned();
            page.verdict(name, &words, Tone::Bad);
            page.findings(&unusable.findings);
        }
    }
    page.text
}

#[derive(Clone, Copy)]
enum Tone {
    Good,
    Doubtful,
    Bad,
}

/// One line that says what to make of it.
fn verdict(summary: &Summary, findings: &Findings, today: Option<ServiceDay>) -> (String, Tone) {
    let over = today.zip(summary.last_day).filter(|(today, last)| last < today);
    if let Some((_, last)) = over {
        let words = format!("USABLE, but over: nothing runs after {}; ask for a newer feed", iso(last));
        return (words, Tone::Doubtful);
    }
    let counts = [(Severity::Error, "error"), (Severity::Warning, "warning")];
    let told: Vec<String> = counts
        .iter()
        .filter_map(|&(severity, word)| match findings.count(severity) {
            0 => None,
            n => Some(many(n, word)),
        })
        .collect();
    match told.is_empty() {
        true => ("USABLE, nothing wrong found".to_owned(), Tone::Good),
        false => (format!("USABLE, with {}", told.join(" and ")), Tone::Doubtful),
    }
}

struct Page {
    text: String,
    style: Style,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    fn painted(&self, text: &str, code: &str) -> String {
        if self.style.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn verdict(&mut self, name: &str, words: &str, tone: Tone) {
        let code = match tone {
            Tone::Good => "1;32",
            Tone::Doubtful => "1;33",
            Tone::Bad => "1;31",
        };
        let words = self.painted(words, code);
        self.line(&format!("{name}: {words}"));
    }

    fn fact(&mut self, label: &str, fact: &str) {
        if !fact.is_empty() {
            let label = self.painted(&format!("{label:<10}"), "2");
            self.line(&format!("  {label} {fact}"));
        }
    }

    fn summary(&mut self, s: &Summary, today: Option<ServiceDay>) {
        self.line("");
        self.fact("Feed", &s.feed());
        self.fact("Agencies", &s.agencies());
        self.fact("Days", &s.days());
        if let Some(today) = today {
            self.fact("Today", &s.on(today));
        }
        self.fact("Routes", &s.routes());
        self.fact("Stops", &s.stops());
        self.fact("Trips", &s.trips());
        self.fact("", &s.frequencies());
        self.fact("Calls", &s.calls());
        self.fact("Shapes", &s.shapes());
        self.fact("Fares", &s.fares());
        self.fact("Languages", &s.languages());
    }

    fn findings(&mut self, findings: &Findings) {
        let groups = [
            (Severity::Fatal, "What stops it", "1;31"),
            (Severity::Error, "Errors: rows left out, or rules of the specification broken", "1;31"),
            (Severity::Warning, "Warnings: riders or operators may be misled", "1;33"),
            (Severity::Info, "Worth knowing", "1"),
        ];
        for (severity, title, code) in groups {
            let kinds: Vec<_> = findings.kinds().filter(|kind| kind.0 == severity).collect();
            if kinds.is_empty() {
                continue;
            }
            let title = self.painted(title, code);
            self.line("");
            self.line(&format!("{title} ({})", grouped(findings.count(severity))));
            for (_, code, file, count) in kinds {
                self.kind(findings, severity, code, file, count);
            }
        }
    }

    fn kind(&mut self, findings: &Findings, severity: Severity, code: &str, file: &str, count: u64) {
        let shown = if self.style.all { usize::MAX } else { EXAMPLES_SHOWN };
        let of_kind = |f: &&Finding| f.severity == severity && f.code == code && f.file == file;
        let examples: Vec<&Finding> = findings.examples().iter().filter(of_kind).take(shown).collect();
        let file = if file.is_empty() { "the feed" } else { file };
        let code = self.painted(code, "1");
        self.line("");
        self.line(&format!(
            "  {file}: {code}, {}",
            if count == 1 { "once".into() } else { format!("{} times", grouped(count)) }
        ));
        let mut said = "";
        for finding in &examples {
            if finding.advice != said {
                said = finding.advice;
                self.line(&format!("    {said}"));
            }
            let place = place(finding);
            if !place.is_empty() {
                self.line(&format!("      {place}"));
            }
        }
        let rest = count - examples.len() as u64;
        if rest > 0 {
            self.line(&format!("      and {} more", grouped(rest)));
        }
    }
}

/// Line, field and value of a finding.
fn place(finding: &Finding) -> String {
    let mut place = String::new();
    if finding.row > 0 {
        // Writing to a string can not fail.
        let _ = write!(place, "line {}", finding.row);
    }
    if !finding.field.is_empty() {
        let _ = write!(place, "{}{}", if place.is_empty() { "" } else { ", " }, finding.field);
    }
    if !finding.value.is_empty() {
        let _ = write!(place, "{}{}", if place.is_empty() { "" } else { ": " }, finding.value);
    }
    place
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 trip`, `2 trips`.
fn many(number: u64, word: &str) -> String {
    format!("{} {word}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// `2026-11-20`.
fn iso(day: ServiceDay) -> String {
    day.0.format("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests;
