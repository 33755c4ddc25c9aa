//! The scorecard as tables that fit a terminal of 120 columns.

use super::tally::HORIZON_NAMES;
use super::{Agreement, CellFigures, Comparison, Promises, Scorecard, Tally};
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

/// Width of the names.
const NAME: usize = 35;

/// Writes the tables.
#[must_use]
pub fn render(card: &Scorecard, beside: &[Beside]) -> String {
    let mut out = String::new();
    errors(&mut out, card, beside);
    minutes(&mut out, card);
    comparisons(&mut out, &card.better);
    promises(&mut out, card);
    out
}

fn errors(out: &mut String, card: &Scorecard, beside: &[Beside]) {
    let _ = writeln!(out, "mean absolute error in seconds, by minutes to go ({} moments)", card.moments);
    let _ = write!(out, "{:<NAME$}", "");
    for head in HORIZON_NAMES.iter().chain(&["all"]) {
        let _ = write!(out, "{head:>8}");
    }
    let _ = writeln!(out, "{:>8}{:>7}{:>7}{:>7}", "bench%", "bias", "80%in", "none");
    for (name, tally) in &card.rows {
        row(out, name, tally);
    }
    for yardstick in beside {
        let _ = write!(out, "{:<NAME$}", format!("published: {}", yardstick.name));
        for mae_s in yardstick.mae_s {
            let _ = write!(out, "{mae_s:>8.1}");
        }
        let _ = writeln!(out, "{:>8}", percent(yardstick.benchmark));
    }
    if let Some((_, own)) = card.rows.first() {
        let _ = write!(out, "{:<NAME$}", "  of this log: 80 % intervals that held");
        for horizon in 0..HORIZON_NAMES.len() {
            let _ = write!(out, "{:>8}", percent(own.interval_coverage_at(horizon)));
        }
        out.push('\n');
    }
}

fn row(out: &mut String, name: &str, tally: &Tally) {
    let _ = write!(out, "{name:<NAME$}");
    for horizon in 0..HORIZON_NAMES.len() {
        let _ = write!(out, "{:>8}", number(tally.mae_s(horizon)));
    }
    let _ = writeln!(
        out,
        "{:>8}{:>8}{:>7}{:>7}{:>7}",
        number(tally.mae_all_s()),
        percent(tally.benchmark()),
        number(tally.bias_s()),
        percent(tally.interval_coverage()),
        tally.missing
    );
}

fn minutes(out: &mut String, card: &Scorecard) {
    let looked = card.minutes.first().map_or(0, |(_, minutes)| minutes.looked);
    let _ = writeln!(
        out,
        "\nlooking once a minute for half an hour ({looked} trip-stop minutes; {} more with the vehicle silent)",
        card.minutes_silent
    );
    let _ = writeln!(
        out,
        "{:<NAME$}{:>11}{:>9}{:>10}{:>8}{:>11}{:>9}{:>12}",
        "", "MBTA mean%", "pooled%", "Cal-ITP%", "told%", "MAE s", "caught%", "waited +s"
    );
    for (name, minutes) in &card.minutes {
        let _ = writeln!(
            out,
            "{name:<NAME$}{:>11}{:>9}{:>10}{:>8}{:>11}{:>9}{:>12}",
            percent(minutes.mbta.average()),
            percent(minutes.mbta.pooled()),
            percent(minutes.reliable()),
            percent(minutes.completeness()),
            number(minutes.mae_s()),
            percent(minutes.caught()),
            number(minutes.padding_s())
        );
    }
}

fn comparisons(out: &mut String, better: &[Comparison]) {
    let Some(first) = better.first() else { return };
    let units = if first.by_day { "service days" } else { "trips of one day" };
    let _ = writeln!(
        out,
        "\nthis log against each, on the same moments: 95 % intervals from {} {units}",
        first.units
    );
    for one in better {
        let [mae_s, low_s, high_s] = one.mae_s;
        let _ = write!(out, "{:<NAME$}{mae_s:>+8.1} s [{low_s:>+7.1}, {high_s:>+7.1}]", one.with);
        if let Some(points) = one.benchmark {
            let [value, low, high] = points.map(|share| share * 100.0);
            let _ = write!(out, "{value:>+8.1} points [{low:>+6.1}, {high:>+6.1}]");
        }
        let _ = writeln!(out, "  {}", one.verdict());
    }
}

fn promises(out: &mut String, card: &Scorecard) {
    let _ = writeln!(out, "\nwhat riders were told");
    let [early, earlier] = &card.coverage_early;
    for (minutes, coverage) in [(5, &card.coverage), (10, early), (20, earlier)] {
        let _ = writeln!(
            out,
            "  {:>5} % of {} arrivals had a prediction {minutes} minutes before ({} more of vehicles not heard then)",
            percent(coverage.share()),
            coverage.arrivals,
            coverage.silent
        );
    }
    told(out, &card.promises);
    let steady = |steadiness: &super::Steadiness| {
        format!(
            "wobble {} s, the minute rose {} times per approach",
            number(steadiness.wobble_s()),
            decimals(steadiness.rises_per_approach(), 2)
        )
    };
    let _ = writeln!(out, "  {}", steady(&card.steadiness));
    if let Some(other) = &card.other_steadiness {
        let _ = writeln!(out, "  the other predictor: {}", steady(other));
    }
    if let Some(wait) = &card.wait {
        let _ = writeln!(
            out,
            "  riders who come every minute wait {} s longer than told ({} s either way, one in ten over {} s)",
            number(wait.mean_s),
            number(wait.mean_abs_s),
            number(wait.p90_s)
        );
    }
    if !card.theta_s.is_empty() {
        let thetas = card.theta_s.iter().map(|(kind, theta_s)| format!("{kind} {theta_s:.1} s"));
        let _ = writeln!(out, "  effective theta: {}", thetas.collect::<Vec<_>>().join(", "));
    }
}

fn told(out: &mut String, promises: &Promises) {
    if promises.promised == 0 {
        let _ =
            writeln!(out, "      - ghosts: the recording never ran on for half an hour after a prediction");
    } else {
        let _ = writeln!(
            out,
            "  {:>5} % ghosts: {} of {} told to come within ten minutes never came",
            percent(promises.ghost_share()),
            promises.ghosts,
            promises.promised
        );
    }
    let share = percent(promises.vanished_share());
    let _ = writeln!(
        out,
        "  {share:>5} % vanished: {} of {} withdrawn before they came",
        promises.vanished, promises.told
    );
}

/// One line on how well the scorer's own truth agrees with a given one.
#[must_use]
pub fn render_agreement(agreement: &Agreement) -> String {
    format!(
        "own truth from the pings: {} of {} given arrivals found, {} more; they differ by {} s (median), {} s (p90)",
        agreement.found,
        agreement.given,
        agreement.more,
        decimals(agreement.median_s, 3),
        decimals(agreement.p90_s, 3)
    )
}

/// Writes every cell of the log.
#[must_use]
pub fn render_cells(card: &Scorecard) -> String {
    let mut out = String::new();
    for (title, cells) in [("at moments", &card.cells), ("once a minute", &card.minute_cells)] {
        let _ = writeln!(out, "\nthis log by situation and minutes to go, {title}; seconds");
        let _ = writeln!(
            out,
            "{:<10}{:>7}{:>8}{:>7}{:>7}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>7}{:>8}{:>8}{:>8}",
            "",
            "min",
            "n",
            "none",
            "MAE",
            "med|e|",
            "med e",
            "bias",
            "RMSE",
            "p10 e",
            "p90 e",
            "80%in",
            "pin10",
            "pin50",
            "pin90"
        );
        for cell in cells {
            cell_row(&mut out, cell);
        }
    }
    out
}

fn cell_row(out: &mut String, cell: &CellFigures) {
    let _ =
        write!(out, "{:<10}{:>7}{:>8}{:>7}", cell.kind, HORIZON_NAMES[cell.horizon], cell.n, cell.missing);
    let _ = write!(out, "{:>7}{:>8}", number(cell.mae_s), number(cell.median_abs_s));
    for figure in [cell.median_s, cell.bias_s, cell.rmse_s, cell.p10_s, cell.p90_s] {
        let _ = write!(out, "{:>8}", number(figure));
    }
    let _ = write!(out, "{:>7}", percent(cell.inside));
    for quantile in 0..3 {
        let _ = write!(out, "{:>8}", number(cell.pinball_s.map(|losses| losses[quantile])));
    }
    out.push('\n');
}

fn number(value: Option<f64>) -> String {
    decimals(value, 1)
}

fn decimals(value: Option<f64>, places: usize) -> String {
    value.map_or_else(|| "-".into(), |value| format!("{value:.places$}"))
}

fn percent(share: Option<f64>) -> String {
    number(share.map(|share| share * 100.0))
}
