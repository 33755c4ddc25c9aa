//! `padriew card`: whose card it is, and forgetting it.

use super::out::say;
use super::settings::Settings;
use crate::clock::Clock;
use crate::driver::retention::forget_places;
use crate::finance::identity::{self, Identities};
use crate::ingest::enroll::local_actor;
use crate::ingest::seal::{self, ServerKey};
use anyhow::{Context, bail};
use clap::Subcommand;
use std::io::Read;
use store::{Access, Actor, Db, IdentityStore};

const EXAMPLES: &str = "\
Examples:
  printf 'Somying, 081 000 0000' | padriew card identity set TOKEN
      the person is read from standard input, so that no list of processes shows it
  padriew card identity show TOKEN --reason 'rider called, ticket 77'
  padriew card identity erase TOKEN       for good; the ledger stays valid
  padriew card forget                     as the server does every day: places and times older than
                                          retention.places_d are made coarse

Every one of these, reading too, leaves a row in the audit log. People stand in identity.db beside the server key,
sealed with it.";

/// Say whose a card is, and forget it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// The person behind a card
    Identity {
        #[command(subcommand)]
        action: IdentityAction,
    },
    /// Make coarse the places and times of rides that are older than retention.places_d
    Forget {
        #[command(flatten)]
        settings: Settings,
    },
}

#[derive(Debug, Subcommand)]
enum IdentityAction {
    /// Say whose card it is; the person is read from standard input
    Set(Of),
    /// Print whose card it is
    Show(Of),
    /// Forget whose card it is, for good
    Erase(Of),
}

#[derive(Debug, clap::Args)]
struct Of {
    /// The card's keyed token
    card: String,
    /// Why, for the audit log
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    settings: Settings,
}

/// Runs one action.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let by = local_actor(Clock::system().now(), "padriew card");
    match args.action {
        Action::Forget { settings } => forget(&settings, &by).await,
        Action::Identity { action } => identity(&action, by).await,
    }
}

async fn forget(settings: &Settings, by: &Actor) -> anyhow::Result<()> {
    let config = settings.merge()?.config;
    let db = Db::open(&config.database, Access::Admin).await?;
    let days = config.retention.places_d;
    let store::Forgotten { ledger, requests, notes } = forget_places(&db, days, by).await?;
    say(&format!(
        "older than {days} days: {ledger} rides and taps, {requests} requests of terminals and {notes} notes have no place \
         any more"
    ))?;
    Ok(())
}

async fn identity(action: &IdentityAction, by: Actor) -> anyhow::Result<()> {
    let (IdentityAction::Set(of) | IdentityAction::Show(of) | IdentityAction::Erase(of)) = action;
    let by = Actor { reason: of.reason.as_str().into(), ..by };
    let config = of.settings.merge()?.config;
    let db = Db::open(&config.database, Access::Admin).await?;
    let path = seal::path_of(&config.server_key, &config.database)?;
    let (key, file) = (ServerKey::open(&path)?, IdentityStore::open(&identity::path_of(&path)).await?);
    let identities = Identities { store: &file, db: &db, key: &key };
    match action {
        IdentityAction::Set(_) => {
            identities.set(&of.card, person()?.trim(), &by).await?;
            say("the card's person is set")?;
        }
        IdentityAction::Show(_) => match identities.show(&of.card, &by).await? {
            Some(person) => say(&person)?,
            None => bail!("nobody is known behind this card"),
        },
        IdentityAction::Erase(_) => {
            if !identities.erase(&of.card, &by).await? {
                bail!("nobody is known behind this card");
            }
            say("the card's person is forgotten")?;
        }
    }
    file.close().await;
    Ok(())
}

fn person() -> anyhow::Result<String> {
    let mut text = String::new();
    let limit = identity::PERSON_BYTES_MAX as u64 + 2;
    std::io::stdin()
        .lock()
        .take(limit)
        .read_to_string(&mut text)
        .context("standard input can not be read")?;
    Ok(text)
}
