//! The scorecard as a table that fits a terminal.

use super::{Scorecard, Tally};
use std::fmt::Write;

/// Published figures to print beside the measured ones: a name, mean absolute errors of the six
/// horizons and of all, and the benchmark as a share.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// Whose.
    pub name: String,
    /// Seconds: six horizons, then all.
    pub mae_s: [f64; 7],
    /// ETA Accuracy Benchmark, 0 to 1.
    pub benchmark: Option<f64>,
}

/// Writes the table.
#[must_use]
pub fn render(card: &Scorecard, beside: &[Beside]) -> String {
    let mut out = String::new();
    let heads = ["0-3", "3-6", "6-10", "10-15", "15-20", "20-30", "all"];
    let _ = writeln!(out, "mean absolute error in seconds, by minutes to go ({} moments)", card.moments);
    let _ = write!(out, "{:<36}", "");
    for head in heads {
        let _ = write!(out, "{head:>8}");
    }
    let _ = writeln!(out, "{:>9}{:>8}{:>9}{:>10}", "bench %", "bias s", "80 % in", "missing");
    for (name, tally) in &card.rows {
        row(&mut out, name, tally);
    }
    for yardstick in beside {
        let _ = write!(out, "{:<36}", format!("published: {}", yardstick.name));
        for mae_s in yardstick.mae_s {
            let _ = write!(out, "{mae_s:>8.1}");
        }
        let _ = writeln!(out, "{:>9}", percent(yardstick.benchmark));
    }
    let coverage = card.coverage;
    let _ = writeln!(
        out,
        "\n{} of {} arrivals had a prediction standing five minutes before ({} %); {} more were of vehicles not heard then",
        coverage.predicted,
        coverage.arrivals,
        percent(coverage.share()),
        coverage.silent
    );
    out
}

fn row(out: &mut String, name: &str, tally: &Tally) {
    let _ = write!(out, "{name:<36}");
    for horizon in 0..super::HORIZONS_S.len() {
        let _ = write!(out, "{:>8}", number(tally.mae_s(horizon)));
    }
    let _ = write!(out, "{:>8}", number(tally.mae_all_s()));
    let _ = writeln!(
        out,
        "{:>9}{:>8}{:>9}{:>10}",
        percent(tally.benchmark()),
        number(tally.bias_s()),
        percent(tally.interval_coverage()),
        tally.missing
    );
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |value| format!("{value:.1}"))
}

fn percent(share: Option<f64>) -> String {
    number(share.map(|share| share * 100.0))
}
