//! `padriew audit recompute`: the books from the taps, beside the books as they are stored.

use crate::clock::Clock;
use crate::cmd::out::{complain, say};
use crate::cmd::settings::Settings;
use crate::driver::fares::{begin, replay};
use anyhow::{bail, ensure};
use fares::engine::Event;
use store::{Access, Db};
use tokio::time::Instant;

const HELP: &str = "\
Examples:
  padriew audit recompute --config padriew.toml
  padriew audit recompute --config padriew.toml --database sqlite:copy.db    a copy, with the server's tariffs and feed

A second engine begins with nothing and lives through everything: each tap as its terminal signed it and when it was
received, what was seen of vehicles, each close and each command when it was. Then the time, place and fate of every
tap, the status, price and share of every leg, every hold and balance, and what agencies got must be as they are stored.
A difference is named with its tap, leg or account and with both values, the first 100 of them; the exit code is 1 then.

It needs the tariffs and the feed that the server has. Cards with a tap on a terminal that was moved later are left
out: where it was is not known. It writes nothing, and the server may run. Memory: about 1 GB at most; of more
than a million taps the cards are taken in several parts, and the taps read once for each.";

/// Work out everything again from the taps, and compare.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(super) struct Args {
    /// Say nothing until it is done
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    settings: Settings,
}

pub(super) async fn run(args: &Args) -> anyhow::Result<()> {
    let config = args.settings.merge()?.config;
    let db = Db::open(&config.database, Access::Admin).await?;
    let now = Clock::system().now();
    let configuration = begin::configuration(&config, begin::timetable_of(&config)?, &db, now).await?;
    let has_tariff = configuration.iter().any(|event| matches!(event, Event::Tariffs(_)));
    ensure!(has_tariff, "there is no tariff; name the files that the server has under fares.tariff");
    let begun = Instant::now();
    let mut tell = |words: &str| {
        if !args.quiet {
            complain(words);
        }
    };
    let done = replay::recompute(&db, &configuration, replay::TAPS_IN_MEMORY, &mut tell).await?;
    let seconds = begun.elapsed().as_secs_f64();
    for difference in &done.named {
        say(difference)?;
    }
    let more = done.differences - done.named.len();
    if more > 0 {
        say(&format!("and {more} more differences"))?;
    }
    if done.left_out > 0 {
        let count = done.left_out;
        say(&format!("{count} cards left out: a terminal that they were tapped on has been moved since"))?;
    }
    say(&format!(
        "{} taps, {} cards, {} legs worked out again in {seconds:.1} s, {:.0} taps/s: {}",
        done.taps,
        done.cards,
        done.legs,
        done.taps as f64 / seconds.max(1e-9),
        if done.differences == 0 {
            "the books follow from the taps".to_owned()
        } else {
            words(done.differences)
        }
    ))?;
    if done.differences > 0 {
        bail!(
            "the books do not follow from the taps; if the tariff and the feed are those of the server, \
             keep a copy of the database and look at the first difference"
        );
    }
    Ok(())
}

fn words(differences: usize) -> String {
    if differences == 1 { "1 difference".to_owned() } else { format!("{differences} differences") }
}
