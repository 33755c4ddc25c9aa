//! `padriew model`: what was learned, looked at, carried, forgotten.
//!
//! Documents are [`tracking::learned`]'s; files and the database are here, words in [`words`], JSON in
//! [`wire`]. A running server takes over what is stored here within ten seconds.

mod wire;
mod words;

use super::out::say;
use super::settings::Settings;
use crate::clock::Clock;
use crate::ingest::enroll::local_actor;
use crate::memory::{FEED, pack, unpack};
use anyhow::{Context, bail};
use clap::Subcommand;
use std::path::{Path, PathBuf};
use store::{Access, Actor, Db, LearnedVersion};
use tracking::learned::{Document, RouteRef};

const EXAMPLES: &str = "\
Examples:
  padriew model show                       what was learned, and what is believed where nothing was
  padriew model show --route 12            only of one route (route_id or name)
  padriew model show --json | jq '.parts[].part'
  padriew model show learned.json          a file instead of the database
  padriew model export learned.json        the newest version as JSON (.gz packs it)
  padriew model import learned.json        from another town, or from before a mistake
  padriew model forget --route 12 --yes    a route that was rerouted: learn it anew

The server saves every 5 minutes and when it shuts down; one version of each of the last 14 days
is kept. It may be running: it takes over what import and forget store within 10 s. What was seen
fades: it weighs half after 21 days.";

/// Look at what was learned, carry it, forget it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print what was learned, and what is believed where nothing was seen
    Show(Show),
    /// Write a stored version to a file
    Export {
        /// The file to write; .gz packs it
        file: PathBuf,
        /// Which version [default: the newest]
        #[arg(long, value_name = "N")]
        version: Option<i64>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Store a file as the newest version
    Import {
        /// The file to read, plain or .gz
        file: PathBuf,
        #[command(flatten)]
        settings: Settings,
    },
    /// Forget everything, or one route; older versions stay stored
    Forget {
        /// Only this route: its route_id or its name
        #[arg(long, value_name = "ROUTE")]
        route: Option<String>,
        /// Yes, forget it
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        settings: Settings,
    },
}

#[derive(Debug, clap::Args)]
struct Show {
    /// A file of `padriew model export` or `padriew replay --model-out` [default: the database]
    file: Option<PathBuf>,
    /// Only this route: its route_id or its name
    #[arg(long, value_name = "ROUTE")]
    route: Option<String>,
    /// Which version of the database [default: the newest]
    #[arg(long, value_name = "N")]
    version: Option<i64>,
    /// Every row, not only the most telling ones
    #[arg(long)]
    all: bool,
    /// Print JSON for programs instead of words for people
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    settings: Settings,
}

/// A document, and where it is from.
struct Found {
    document: Document,
    /// Its row, when it is from the database.
    stored: Option<LearnedVersion>,
    /// Every version there is.
    kept: Vec<LearnedVersion>,
}

/// Runs one action.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    match args.action {
        Action::Show(args) => show(args).await,
        Action::Export { file, version, settings } => export(&file, version, &settings).await,
        Action::Import { file, settings } => import(&file, &settings).await,
        Action::Forget { route, yes, settings } => forget(route.as_deref(), yes, &settings).await,
    }
}

async fn show(args: Show) -> anyhow::Result<()> {
    let found = match &args.file {
        Some(file) => Found { document: from_file(file)?, stored: None, kept: Vec::new() },
        None => from_database(&open(&args.settings).await?, args.version).await?,
    };
    let route = args.route.as_deref().map(|name| route_of(&found.document, name)).transpose()?;
    let text = if args.json {
        wire::json(&found, route)?
    } else {
        words::text(&found, route, Clock::system().now(), args.all)
    };
    say(text.trim_end())?;
    Ok(())
}

async fn export(file: &Path, version: Option<i64>, settings: &Settings) -> anyhow::Result<()> {
    let found = from_database(&open(settings).await?, version).await?;
    let Some(stored) = &found.stored else {
        bail!("nothing was learned yet; a server saves every 5 minutes while vehicles run");
    };
    to_file(&found.document, file)?;
    say(&format!(
        "version {} is written to {}: {} stop visits",
        stored.id,
        file.display(),
        found.document.visits()
    ))?;
    Ok(())
}

async fn import(file: &Path, settings: &Settings) -> anyhow::Result<()> {
    let document = from_file(file)?.without_scores();
    for part in document.show(None) {
        if let Err(why) = part.sections {
            say(&format!("{} will be left out: {why}", part.part))?;
        }
    }
    let (version, packed) = pack(&document)?;
    let id = open(settings).await?.learned_put(&version, &packed, &by("import")).await?;
    let visits = document.visits();
    say(&format!(
        "stored as version {id}: {visits} stop visits; a running server takes it over within 10 s"
    ))?;
    Ok(())
}

async fn forget(route: Option<&str>, yes: bool, settings: &Settings) -> anyhow::Result<()> {
    let db = open(settings).await?;
    let (found, now) = (from_database(&db, None).await?, Clock::system().now());
    let (left, told) = match route {
        None => (Document::empty(now), format!("all of {} stop visits", found.document.visits())),
        Some(name) => {
            let (left, rows) = found.document.without(route_of(&found.document, name)?, now);
            (left, format!("{rows} rows about route {name}"))
        }
    };
    if !yes {
        bail!("{told} would be forgotten; say so with --yes (padriew model export keeps a copy)");
    }
    let (version, packed) = pack(&left)?;
    let id = db.learned_put(&version, &packed, &by("forget")).await?;
    say(&format!("{told} forgotten, in version {id}; a running server takes it over within 10 s"))?;
    Ok(())
}

/// The database, without making one.
async fn open(settings: &Settings) -> anyhow::Result<Db> {
    Ok(Db::open(&settings.merge()?.config.database, Access::Admin).await?)
}

fn by(action: &str) -> Actor {
    local_actor(Clock::system().now(), &format!("padriew model {action}"))
}

async fn from_database(db: &Db, version: Option<i64>) -> anyhow::Result<Found> {
    let kept = db.learned_versions(FEED).await?;
    let stored = match version {
        None => kept.first().cloned(),
        Some(id) => {
            let found = kept.iter().find(|version| version.id == id).cloned();
            Some(
                found
                    .with_context(|| format!("version {id} is not kept; padriew model show lists what is"))?,
            )
        }
    };
    let document = match &stored {
        None => Document::empty(Clock::system().now()),
        Some(version) => {
            let packed =
                db.learned_document(version.id).await?.context("it was replaced meanwhile, again")?;
            unpack(&packed).with_context(|| format!("version {}", version.id))?
        }
    };
    Ok(Found { document, stored, kept })
}

/// Reads a document from a file, plain or `.gz`.
pub(super) fn from_file(path: &Path) -> anyhow::Result<Document> {
    let mut bytes = Vec::new();
    let limit = tracking::learned::DOCUMENT_BYTES_MAX as u64 + 1;
    let mut file = std::io::Read::take(super::score::open(path)?, limit);
    std::io::Read::read_to_end(&mut file, &mut bytes).with_context(|| path.display().to_string())?;
    Document::from_bytes(&bytes).with_context(|| path.display().to_string())
}

/// Writes a document to a file, packed when its name ends in `.gz`.
pub(super) fn to_file(document: &Document, path: &Path) -> anyhow::Result<()> {
    let mut bytes = document.to_bytes()?;
    if path.extension().is_some_and(|end| end == "gz") {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut packer, &bytes)?;
        bytes = packer.finish()?;
    }
    std::fs::write(path, bytes).with_context(|| format!("{} can not be written", path.display()))
}

/// The route that a person names.
fn route_of(document: &Document, name: &str) -> anyhow::Result<RouteRef> {
    match document.names().routes_called(name)[..] {
        [route] => Ok(route),
        [] => {
            let known: Vec<&str> = document.names().routes.iter().map(|route| route.name.as_str()).collect();
            bail!("nothing was learned of a route {name}; there is something of: {}", known.join(", "))
        }
        _ => bail!("several routes are called {name}; use the route_id"),
    }
}
