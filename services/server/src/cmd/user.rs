//! `padriew user`: the operators of the API, their roles and tokens.

use super::out::say;
use super::settings::Settings;
use crate::clock::Clock;
use crate::ingest::enroll::local_actor;
use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Subcommand;
use sha2::{Digest, Sha256};
use store::{Access, Actor, Db, Operator, OperatorRole};

/// Random bytes of a token: 192 bits, 32 characters.
const TOKEN_BYTES: usize = 24;

const EXAMPLES: &str = "\
Examples:
  padriew user add somchai --role fares          prints a bearer token, once
  padriew user add malee --role auditor --agency BUS-A
  padriew user list
  padriew user revoke somchai

Roles: viewer, dispatcher, fares (money), admin, auditor (reads, changes nothing). Adding a name again gives it a new
role and token. The server may be running. Use the same --database or --config as it does.";

/// Add operators of the API, and take their tokens back.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add an operator, or give one a new role and token; prints the token, once
    Add {
        /// The name, as it will stand in the audit log
        name: String,
        /// viewer, dispatcher, fares, admin or auditor
        #[arg(long)]
        role: String,
        /// The agency whose things alone may be seen; all when left away
        #[arg(long, default_value = "")]
        agency: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Print every operator
    List {
        #[command(flatten)]
        settings: Settings,
    },
    /// Take an operator's token back
    Revoke {
        /// The operator
        name: String,
        #[command(flatten)]
        settings: Settings,
    },
}

/// Runs one action.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let (Action::Add { settings, .. } | Action::List { settings } | Action::Revoke { settings, .. }) =
        &args.action;
    let db = Db::open(&settings.merge()?.config.database, Access::Admin).await?;
    let by = local_actor(Clock::system().now(), "padriew user");
    match &args.action {
        Action::Add { name, role, agency, .. } => add(&db, &by, name, role, agency).await,
        Action::List { .. } => list(&db).await,
        Action::Revoke { name, .. } => revoke(&db, &by, name).await,
    }
}

async fn add(db: &Db, by: &Actor, name: &str, role: &str, agency: &str) -> anyhow::Result<()> {
    let known = OperatorRole::from_word(role);
    let role = known
        .with_context(|| format!("{role:?} is no role, use viewer, dispatcher, fares, admin or auditor"))?;
    let token = URL_SAFE_NO_PAD.encode(rand::random::<[u8; TOKEN_BYTES]>());
    let operator = Operator {
        name: name.into(),
        role,
        agency: agency.into(),
        token_sha256: Sha256::digest(token.as_bytes()).to_vec(),
        created: by.at,
        revoked: None,
    };
    db.operator_put(&operator, by).await?;
    let scope = if agency.is_empty() { String::new() } else { format!(" for agency {agency}") };
    say(&format!("{name} may use the API as {}{scope}. The token, shown only now:", role.word()))?;
    say(&format!("\n  {token}\n"))?;
    say("in a request:   Authorization: Bearer TOKEN")?;
    Ok(())
}

async fn list(db: &Db) -> anyhow::Result<()> {
    let operators = db.operators().await?;
    if operators.is_empty() {
        say("there is no operator; padriew user add NAME --role fares adds one")?;
    }
    for operator in operators {
        let state = if operator.revoked.is_some() { "revoked" } else { "live" };
        let agency = if operator.agency.is_empty() { "all agencies" } else { &*operator.agency };
        say(&format!("{:<24} {:<12} {state:<8} {agency}", operator.name, operator.role.word()))?;
    }
    Ok(())
}

async fn revoke(db: &Db, by: &Actor, name: &str) -> anyhow::Result<()> {
    if !db.operator_revoke(name, by).await? {
        bail!("{name} is no operator, or was revoked before; padriew user list shows who there is");
    }
    say(&format!("{name} is revoked, from the next request on"))?;
    Ok(())
}
