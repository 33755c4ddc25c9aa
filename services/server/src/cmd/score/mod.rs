//! `padriew score`: a prediction log against what really happened.
//!
//! Files are here; every metric is in [`tracking::score`].

mod chart;
mod files;
mod json;

pub(super) use files::open;

use super::out::say;
use anyhow::{Context, bail};
use files::Files;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use tracking::score::{
    Agreement, Beside, Given, Ground, Moments, Scorecard, Truth, judge, render, render_agreement,
    render_cells,
};

const EXAMPLES: &str = "\
Examples:
  padriew replay day/vehicle_locations.csv --gtfs day/gtfs.zip --predictions predictions.csv
  padriew score predictions.csv --gtfs day/gtfs.zip --locations day/vehicle_locations.csv
  padriew score predictions.csv --visits day/stop_visits.csv --gtfs day/gtfs.zip --chart score.html
  padriew score predictions.csv --visits day/stop_visits.csv --moments day/agency_predictions.csv.gz
  padriew score predictions.csv --visits day/stop_visits.csv \\
      --beside 'timetable + delay:37.7,67.9,94.8,131.6,169.4,215.7,135.5,66.9'

What happened is read from --visits, or found from the pings on the lines of --gtfs (arrival: 15 m
before the stop). With --gtfs there are more baselines too: timetable + delay where the vehicle is,
a blend of history and last vehicle, the segment mean of the half hour.

How to read it: an error is actual less told; positive is later than told. The first table looks
whenever a vehicle of the trip was heard, or with --moments whenever the other predictor published;
the second once every minute. `bench%` is Transit's ETA Accuracy Benchmark, MBTA and Cal-ITP are
theirs; in all three more is better. `80%in` is how often an 80 % interval held. A difference is
called better only when its 95 % interval, from drawing trips (or days) anew, excludes zero.";

/// Compare predictions with what really happened.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The log of `padriew replay`, plain or .gz
    predictions: PathBuf,
    /// TIDES stop_visits.csv: the arrivals that happened [default: found from the pings]
    #[arg(long, value_name = "CSV")]
    visits: Option<PathBuf>,
    /// TIDES vehicle_locations.csv: when and where vehicles were heard [default: beside the visits]
    #[arg(long, value_name = "CSV")]
    locations: Option<PathBuf>,
    /// The feed in force: a GTFS zip or folder
    #[arg(long, value_name = "FEED")]
    gtfs: Option<PathBuf>,
    /// Another predictor's log, plain or .gz: scored too, at the moments when it published
    #[arg(long, value_name = "CSV")]
    moments: Option<PathBuf>,
    /// Published figures to print beside: NAME:six errors in seconds,error of all[,benchmark in percent]
    #[arg(long, value_name = "NAME:FIGURES")]
    beside: Vec<Figures>,
    /// Arrivals found between pings farther apart measure no error [default: 60, or 90 where vehicles
    /// report about twice a minute]
    #[arg(long, value_name = "SECONDS")]
    truth_gap: Option<f64>,
    /// Print every cell too: situation by minutes to go
    #[arg(long)]
    cells: bool,
    /// Write all figures as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write charts as one HTML page that needs nothing else
    #[arg(long, value_name = "FILE.html")]
    chart: Option<PathBuf>,
}

#[derive(Clone, Debug)]
struct Figures(Beside);

impl FromStr for Figures {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, figures) = text.rsplit_once(':').ok_or("there is no colon after the name")?;
        let figures: Vec<f64> = figures
            .split(',')
            .map(|figure| figure.trim().parse().map_err(|error| format!("{figure}: {error}")))
            .collect::<Result<_, _>>()?;
        let (mae_s, rest) =
            figures.split_first_chunk::<7>().ok_or("seven errors are needed: six horizons and all")?;
        let benchmark = rest.first().map(|percent| percent / 100.0);
        Ok(Self(Beside { name: name.to_owned(), mae_s: *mae_s, benchmark }))
    }
}

/// Scores, and prints the tables.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    tokio::task::spawn_blocking(move || compare(args)).await?
}

fn compare(args: Args) -> anyhow::Result<()> {
    let files = Files::read(&args)?;
    let ground = files.timetable.as_ref().map(|timetable| Ground::of(timetable, &files.recording));
    let own = ground.as_ref().map(|ground| Truth::derive(ground, files.gap_s(args.truth_gap)));
    let agreement = files.visits.as_ref().zip(own.as_ref()).map(|(given, own)| Agreement::of(given, own));
    let Some(truth) = files.visits.as_ref().or(own.as_ref()) else {
        bail!("nothing says what happened: give --visits or --gtfs");
    };
    let card = judge(&Given {
        log: &files.log,
        truth,
        pings: &Moments::of(&files.recording, &files.repeated),
        other: files.other.as_ref(),
        ground: ground.as_ref(),
    });
    if card.moments == 0 {
        bail!("no prediction, arrival and ping belong together; are these files of the same day and feed?");
    }
    tell(&args, &card, agreement.as_ref())
}

fn tell(args: &Args, card: &Scorecard, agreement: Option<&Agreement>) -> anyhow::Result<()> {
    let beside: Vec<Beside> = args.beside.iter().map(|figures| figures.0.clone()).collect();
    say(render(card, &beside).trim_end())?;
    if let Some(agreement) = agreement {
        say(&render_agreement(agreement))?;
    }
    if args.cells {
        say(render_cells(card).trim_end())?;
    }
    if let Some(path) = &args.json {
        write(path, &format!("{:#}\n", json::of(card, agreement)))?;
    }
    if let Some(path) = &args.chart {
        let title = args.predictions.file_name().unwrap_or_default().to_string_lossy();
        write(path, &chart::page(card, &title))?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("{} can not be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_figures_are_read_with_and_without_a_benchmark() {
        let figures: Figures = "OBA:1,2,3,4,5,6,7".parse().unwrap();
        assert_eq!((figures.0.mae_s[6], figures.0.benchmark), (7.0, None));
        let figures: Figures = "a: b:1,2,3,4,5,6,7,66.9".parse().unwrap();
        assert_eq!((figures.0.name.as_str(), figures.0.benchmark), ("a: b", Some(0.669)));
    }

    #[test]
    fn too_few_figures_say_how_many_are_needed() {
        let refusal = "OBA:1,2,3".parse::<Figures>().unwrap_err();
        assert!(refusal.contains("seven errors"), "{refusal}");
    }
}
