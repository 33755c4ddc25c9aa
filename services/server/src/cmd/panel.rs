//! `padriew panel`: enrol stop displays, give them tokens, take tokens back.
//!
//! A screen needs no enrolment to show a board: any browser may open `/panel/STOP`. An enrolled panel has
//! a name, shows its own stop wherever it is plugged in, and can be seen and taken back.

use super::out::say;
use super::settings::Settings;
use crate::clock::Clock;
use crate::ingest::enroll::local_actor;
use anyhow::bail;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Subcommand;
use gtfs::Timestamp;
use sha2::{Digest, Sha256};
use store::{Access, Actor, Db, Panel};

/// Random bytes of a token: 192 bits, 32 characters.
const TOKEN_BYTES: usize = 24;

const EXAMPLES: &str = "\
Examples:
  padriew panel add P-0107 --stop station --label 'platform 1, north end'
      prints the panel's token, once, and the address for its browser
  padriew panel list
  padriew panel revoke P-0107          holds within 5 s

The server may be running. Use the same --database or --config as it does.";

/// Enrol stop displays, and give them tokens.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Enrol a panel, or give an enrolled one a new token, stop or label; prints the token, once
    Add {
        /// Its name: letters, digits, dots, _ and -
        id: String,
        /// The stop_id of what it shows
        #[arg(long)]
        stop: String,
        /// For people: where it hangs
        #[arg(long, default_value = "")]
        label: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Print every panel
    List {
        #[command(flatten)]
        settings: Settings,
    },
    /// Take back a panel's token
    Revoke {
        /// The panel
        id: String,
        #[command(flatten)]
        settings: Settings,
    },
}

/// Runs one action.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let settings = match &args.action {
        Action::Add { settings, .. } | Action::List { settings } | Action::Revoke { settings, .. } => {
            settings
        }
    };
    let database = settings.merge()?.config.database;
    let db = match Db::open(&database, Access::Admin).await {
        Ok(db) => db,
        // No database yet: this is the first command of a new installation.
        Err(_) => {
            Db::connect(&database).await?.close().await;
            Db::open(&database, Access::Admin).await?
        }
    };
    let by = local_actor(Clock::system().now(), "padriew panel");
    match args.action {
        Action::Add { id, stop, label, .. } => add(&db, &by, &id, &stop, &label).await,
        Action::List { .. } => list(&db).await,
        Action::Revoke { id, .. } => revoke(&db, &by, &id).await,
    }
}

async fn add(db: &Db, by: &Actor, id: &str, stop: &str, label: &str) -> anyhow::Result<()> {
    let token = URL_SAFE_NO_PAD.encode(rand::random::<[u8; TOKEN_BYTES]>());
    let panel = Panel {
        id: id.into(),
        token_sha256: Sha256::digest(token.as_bytes()).to_vec(),
        stop: stop.into(),
        label: label.into(),
        created: by.at,
        last_seen: None,
        revoked: None,
    };
    db.panel_put(&panel, by).await?;
    say(&format!("{id} is enrolled and shows stop {stop}. Its token, shown only now:"))?;
    say(&format!("\n  {token}\n"))?;
    say(&format!("in a browser:   http://SERVER/panel/{stop}?panel={id}#{token}"))?;
    say(&format!(
        "on a box:       stop-display --server ws://SERVER --stop {stop} --panel {id} --token-file FILE"
    ))?;
    Ok(())
}

async fn list(db: &Db) -> anyhow::Result<()> {
    let panels = db.panels().await?;
    if panels.is_empty() {
        say("no panel is enrolled; padriew panel add P-0001 --stop STOP enrols one")?;
    }
    for panel in panels {
        let state = if panel.revoked.is_some() { "revoked" } else { "may connect" };
        let seen = panel.last_seen.map_or_else(|| "never seen".to_owned(), |t| format!("seen {}", minute(t)));
        say(&format!("{:<16} stop {:<16} {state:<12} {seen:<22} {}", panel.id, panel.stop, panel.label))?;
    }
    Ok(())
}

async fn revoke(db: &Db, by: &Actor, id: &str) -> anyhow::Result<()> {
    if !db.panel_revoke(id, by).await? {
        bail!("{id} is not enrolled, or was revoked before; padriew panel list shows what there is");
    }
    say(&format!("{id} is revoked; it is disconnected within 5 s"))?;
    Ok(())
}

fn minute(t: Timestamp) -> String {
    t.utc().map_or_else(String::new, |t| t.format("%Y-%m-%d %H:%MZ").to_string())
}
