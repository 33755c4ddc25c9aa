//! A scorecard as one HTML page: inline SVG, light and dark, no script, nothing loaded from anywhere.

mod svg;

use std::fmt::Write;
use svg::{Plot, escaped, step};
use tracking::score::{CellFigures, HORIZON_NAMES, Kind, Scorecard};

const CSS: &str = include_str!("page.css");

/// A kind with fewer errors has no picture of its own.
const FAN_ERRORS_MIN: u64 = 500;
/// Classes of the lines of the others, in order; more would not be told apart.
const CLASSES: [&str; 7] = ["c1", "c2", "c3", "c4", "c5", "c6", "c7"];

/// The page.
pub(super) fn page(card: &Scorecard, title: &str) -> String {
    let title = escaped(title);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Score of {title}</title>\n\
         <style>\n{CSS}</style>\n</head>\n<body>\n<main>\n<h1>Score of {title}</h1>\n\
         <p>{} moments. An error is actual less told: above zero the vehicle came later than told.</p>\n",
        card.moments
    );
    section(
        &mut out,
        "Beside the others",
        "Less error is better, more of every score is better.",
        &table(card),
    );
    out.push_str("<div class=\"grid\">\n");
    section(&mut out, "Mean absolute error", "At every moment a rider could have looked.", &errors(card));
    section(
        &mut out,
        "80 % intervals that held",
        "The shaded band, 75 to 85 %, is wanted.",
        &intervals(card),
    );
    section(
        &mut out,
        "Share that came by the told p10, p50, p90",
        "Dashed: 10, 50 and 90 %, as told.",
        &reliability(card),
    );
    for kind in Kind::ALL {
        let cells: Vec<&CellFigures> = card.cells.iter().filter(|cell| cell.kind == kind).collect();
        if cells.iter().map(|cell| cell.n).sum::<u64>() >= FAN_ERRORS_MIN {
            let title = format!("Errors, {kind}");
            section(&mut out, &title, "Median, and the middle 80 % of the errors.", &fan(&title, &cells));
        }
    }
    out.push_str("</div>\n</main>\n</body>\n</html>\n");
    out
}

fn section(out: &mut String, title: &str, says: &str, inside: &str) {
    let _ = write!(out, "<section>\n<h2>{}</h2>\n<p>{says}</p>\n{inside}</section>\n", escaped(title));
}

fn table(card: &Scorecard) -> String {
    let mut out =
        "<table>\n<tr><th></th><th>MAE s</th><th>ETA benchmark %</th><th>MBTA %</th><th>Cal-ITP %</th>\
                   <th>bias s</th><th>this log against it, s</th></tr>\n"
            .to_owned();
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.1}"));
    let percent = |share: Option<f64>| number(share.map(|share| share * 100.0));
    for ((name, tally), (_, minutes)) in card.rows.iter().zip(&card.minutes) {
        let against = card.better.iter().find(|better| better.with == *name).map(|better| {
            let [mae_s, low_s, high_s] = better.mae_s;
            format!("{mae_s:+.1} [{low_s:+.1}, {high_s:+.1}] {}", better.verdict())
        });
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(name),
            number(tally.mae_all_s()),
            percent(tally.benchmark()),
            percent(minutes.mbta.average()),
            percent(minutes.reliable()),
            number(tally.bias_s()),
            against.unwrap_or_default()
        );
    }
    out + "</table>\n"
}

/// A value per horizon.
fn by_horizon(of: impl Fn(usize) -> Option<f64>) -> Vec<Option<f64>> {
    (0..HORIZON_NAMES.len()).map(of).collect()
}

fn errors(card: &Scorecard) -> String {
    let lines: Vec<(&str, Vec<Option<f64>>)> = card
        .rows
        .iter()
        .filter(|(name, _)| !name.contains("median"))
        .map(|(name, tally)| (name.as_str(), by_horizon(|horizon| tally.mae_s(horizon))))
        .collect();
    let high = lines.iter().flat_map(|(_, values)| values).flatten().copied().fold(1.0, f64::max);
    let step = step(high);
    let mut plot =
        Plot::new("mean absolute error", &HORIZON_NAMES, [0.0, (high / step).ceil() * step], step, "seconds");
    let classes = std::iter::once("own").chain(CLASSES);
    let mut legend = String::from("<ul class=\"legend\">\n");
    // The log is drawn last, over the others.
    let classed: Vec<_> = classes.zip(&lines).collect();
    for (class, (name, values)) in classed.iter().rev() {
        plot.line(class, name, values);
    }
    for (class, (name, _)) in &classed {
        let _ = writeln!(legend, "<li><i class=\"{class}\"></i>{}</li>", escaped(name));
    }
    plot.finish() + &legend + "</ul>\n"
}

fn intervals(card: &Scorecard) -> String {
    let mut plot = Plot::new("80 % intervals that held", &HORIZON_NAMES, [40.0, 100.0], 10.0, "percent");
    plot.band(75.0, 85.0);
    if let Some((name, own)) = card.rows.first() {
        let held = by_horizon(|horizon| own.interval_coverage_at(horizon).map(|share| share * 100.0));
        plot.line("own", name, &held);
    }
    plot.finish()
}

fn reliability(card: &Scorecard) -> String {
    let mut plot =
        Plot::new("share that came by the told quantile", &HORIZON_NAMES, [0.0, 100.0], 20.0, "percent");
    for (quantile, percent) in [10.0, 50.0, 90.0].into_iter().enumerate() {
        plot.level(percent);
        let came = by_horizon(|horizon| {
            let cells = card.cells.iter().filter(|cell| cell.horizon == horizon);
            let told = cells.filter_map(|cell| Some((cell.n as f64, cell.came_by?[quantile])));
            let (n, came) = told.fold((0.0, 0.0), |(n, came), (more, share)| (n + more, came + more * share));
            (n > 0.0).then(|| 100.0 * came / n)
        });
        plot.line("own", &format!("by p{percent:.0}"), &came);
    }
    plot.finish()
}

fn fan(title: &str, cells: &[&CellFigures]) -> String {
    let of = |value: fn(&CellFigures) -> Option<f64>| {
        by_horizon(|horizon| cells.iter().find(|cell| cell.horizon == horizon).and_then(|cell| value(cell)))
    };
    let (low, middle, high) = (of(|cell| cell.p10_s), of(|cell| cell.median_s), of(|cell| cell.p90_s));
    let extreme =
        |values: &[Option<f64>], pick: fn(f64, f64) -> f64| values.iter().flatten().copied().fold(0.0, pick);
    let (bottom, top) = (extreme(&low, f64::min), extreme(&high, f64::max));
    let step = step((top - bottom).max(1.0));
    let ends = [(bottom / step).floor() * step, (top / step).ceil() * step];
    let mut plot = Plot::new(title, &HORIZON_NAMES, ends, step, "seconds");
    plot.fan(&low, &high);
    plot.line("own", "median", &middle);
    plot.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracking::replay::Recording;
    use tracking::score::{Moments, Predictions, Repeated, Truth, score};

    const LOG: &str = "\
made_at,trip_id,start_date,stop_sequence,arrival,arrival_p10,arrival_p50,arrival_p90,kind
1000.000,t,20260216,2,1250.000,1200.000,1255.000,1300.000,mid-trip
";
    const VISITS: &str = "\
service_date,trip_id_scheduled,vehicle_id,scheduled_stop_sequence,schedule_arrival_time,actual_arrival_time
20260216,t,v,2,1970-01-01T00:20:00.000Z,1970-01-01T00:21:40.000Z
";
    const PINGS: &str = "\
service_date,event_timestamp,vehicle_id,trip_id_scheduled,latitude,longitude
20260216,1970-01-01T00:17:30Z,v,t,13.7,101.0
";

    fn card() -> Scorecard {
        let recording = Recording::read(PINGS.as_bytes()).unwrap();
        let once = Repeated::default();
        let log = Predictions::read(LOG.as_bytes(), &once).unwrap();
        let truth = Truth::read(VISITS.as_bytes(), &once).unwrap();
        score(&log, &truth, &Moments::of(&recording, &once), None)
    }

    #[test]
    fn the_page_loads_nothing_and_runs_nothing_and_escapes_what_it_is_told() {
        let page = page(&card(), "<b>&log");
        for forbidden in ["<script", "http:", "https:", "url(", "src=", "<b>"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        assert!(page.contains("Score of &lt;b&gt;&amp;log"));
        // 1300 - 1250: the error of the only moment, in the 3-6 minutes.
        assert!(page.contains("<title>this log: 50.0</title>"));
    }

    #[test]
    fn the_json_has_the_figures_of_the_table() {
        let json = super::super::json::of(&card(), None);
        assert_eq!(json["predictors"][0]["name"], "this log");
        assert_eq!(json["predictors"][0]["horizons"][1]["mae_s"], 50.0);
        assert_eq!(json["cells"][0]["kind"], "mid-trip");
        assert_eq!(json["cells"][0]["came_by_p10_p50_p90"], serde_json::json!([0.0, 0.0, 1.0]));
        assert!(json["predictors"][0]["horizons"][0]["mae_s"].is_null());
    }
}
