//! `padriew score`: a prediction log against what really happened.
//!
//! Files are here; every metric is in [`tracking::score`].

use super::out::say;
use anyhow::{Context, bail};
use flate2::read::GzDecoder;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use tracking::replay::Recording;
use tracking::score::{Beside, Moments, Predictions, Truth, render, render_cells, score};

const EXAMPLES: &str = "\
Examples:
  padriew score predictions.csv --visits day/stop_visits.csv
  padriew score predictions.csv --visits day/stop_visits.csv --moments day/agency_predictions.csv.gz
  padriew score predictions.csv --visits day/stop_visits.csv \\
      --beside 'timetable + delay:37.7,67.9,94.8,131.6,169.4,215.7,135.5,66.9'

The moments are the pings of each trip, or with --moments the publications of another predictor.";

/// Compare predictions with what really happened.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The log of `padriew replay`
    predictions: PathBuf,
    /// TIDES stop_visits.csv: the arrivals that happened
    #[arg(long, value_name = "CSV")]
    visits: PathBuf,
    /// TIDES vehicle_locations.csv: when vehicles were heard [default: beside the visits]
    #[arg(long, value_name = "CSV")]
    locations: Option<PathBuf>,
    /// Another predictor's log, plain or .gz: scored too, at the moments when it published
    #[arg(long, value_name = "CSV")]
    moments: Option<PathBuf>,
    /// Published figures to print beside: NAME:six errors in seconds,error of all[,benchmark in percent]
    #[arg(long, value_name = "NAME:FIGURES")]
    beside: Vec<Figures>,
    /// Print every cell too: situation by minutes to go
    #[arg(long)]
    cells: bool,
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

/// Scores, and prints the table.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    tokio::task::spawn_blocking(move || judge(args)).await?
}

fn judge(args: Args) -> anyhow::Result<()> {
    let locations = args.locations.unwrap_or_else(|| args.visits.with_file_name("vehicle_locations.csv"));
    let log = Predictions::read(open(&args.predictions)?)
        .with_context(|| args.predictions.display().to_string())?;
    let truth = Truth::read(open(&args.visits)?).with_context(|| args.visits.display().to_string())?;
    let recording = Recording::read(open(&locations)?).with_context(|| locations.display().to_string())?;
    let other = match &args.moments {
        Some(path) => Some(Predictions::read(open(path)?).with_context(|| path.display().to_string())?),
        None => None,
    };
    let card = score(&log, &truth, &Moments::of(&recording), other.as_ref());
    if card.moments == 0 {
        bail!("no prediction, arrival and ping belong together; are these files of the same day and feed?");
    }
    let beside: Vec<Beside> = args.beside.into_iter().map(|figures| figures.0).collect();
    say(render(&card, &beside).trim_end())?;
    if args.cells {
        say(render_cells(&card).trim_end())?;
    }
    Ok(())
}

/// Opens a file, unpacking it when its name ends in `.gz`.
pub(super) fn open(path: &Path) -> anyhow::Result<Box<dyn Read>> {
    let file = File::open(path).with_context(|| format!("{} can not be read", path.display()))?;
    let file = BufReader::new(file);
    Ok(if path.extension().is_some_and(|end| end == "gz") {
        Box::new(GzDecoder::new(file))
    } else {
        Box::new(file)
    })
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
