//! Versions of the tariff in the database: proposed, agreed to by two others, in force from their day on.

use crate::clock::Clock;
use crate::cmd::out::{complain, say};
use crate::cmd::settings::Settings;
use crate::driver::fares::begin::timetable_of;
use crate::finance::tariff::report::Report;
use crate::finance::tariff::{Proposal, ProposeError, propose};
use crate::ingest::seal::hex;
use crate::prices;
use anyhow::{Context, bail, ensure};
use gtfs::{ServiceDay, Timestamp};
use std::path::PathBuf;
use store::tariff_version::APPROVALS;
use store::{Access, Actor, Db, OperatorRole, StoreError, TariffEvent, TariffState, TariffVersion};

pub(super) const PROPOSE: &str = "\
Examples:
  padriew tariff propose tariff.toml --valid-from 2026-12-01 --as somchai --gtfs feed.zip
  padriew tariff approve 2026-12 --as malee         and one more: two must agree, and neither who proposed it
  padriew tariff withdraw 2026-12 --as malee        until a minute before its day begins
  padriew tariff show                               every version and how far it is
  padriew tariff show 2026-12                       what the last 30 days would have come to
  padriew tariff show 2026-12 --file > tariff.toml  the file as it was proposed

A version is never changed, and its name never used again. It applies from 03:00 of its day on, by the time of travel, in
every process and without a restart. The server may be running. Use the same --database or --config as it does.";

/// Cards between two words of progress.
const TOLD_EVERY: usize = 10_000;

#[derive(Debug, clap::Args)]
pub(super) struct Who {
    /// The operator, of the role fares (to agree or withdraw also admin)
    #[arg(long = "as", value_name = "NAME")]
    name: String,
    /// Why, for the audit log
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, clap::Args)]
pub(super) struct Propose {
    /// The tariff file
    file: PathBuf,
    /// The day from which on it applies; the file says it too
    #[arg(long, value_name = "DAY")]
    valid_from: String,
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, clap::Args)]
pub(super) struct Decide {
    /// The version
    version: String,
    #[command(flatten)]
    who: Who,
}

#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// The version; all of them when left away
    version: Option<String>,
    /// Print its file instead
    #[arg(long, requires = "version")]
    file: bool,
    #[command(flatten)]
    settings: Settings,
}

impl Who {
    /// The database, and who acts; a command on this machine acts for an operator that may.
    async fn open(&self, roles: &[OperatorRole]) -> anyhow::Result<(Db, Actor)> {
        let db = Db::open(&self.settings.merge()?.config.database, Access::Admin).await?;
        let found = db.operator(&self.name).await?.filter(|operator| operator.revoked.is_none());
        let name = &self.name;
        let operator =
            found.with_context(|| format!("--as {name}: is no operator; padriew user list has them"))?;
        let role = operator.role.word();
        ensure!(roles.contains(&operator.role), "--as {name}: the role {role} may not do this");
        ensure!(operator.agency.is_empty(), "--as {name}: an operator of one agency may not do this");
        let by = crate::ingest::enroll::local_actor(Clock::system().now(), name);
        Ok((db, Actor { reason: self.reason.as_str().into(), ..by }))
    }
}

impl Propose {
    pub(super) async fn run(&self) -> anyhow::Result<()> {
        let name = self.file.display().to_string();
        let toml = std::fs::read_to_string(&self.file).with_context(|| format!("can not read {name}"))?;
        let day = &self.valid_from;
        let valid_from = ServiceDay::parse(day)
            .with_context(|| format!("--valid-from {day}: write a day such as 2026-12-01"))?;
        let (db, by) = self.who.open(&[OperatorRole::Fares]).await?;
        let config = self.who.settings.merge()?.config;
        let timetable = timetable_of(&config)?
            .context("give the feed with --gtfs: a tariff is checked with its stops, routes and trips")?;
        let files = prices::of_files(&config.fares.tariff)?;
        let proposal =
            Proposal { db: &db, files: &files, timetable, name: &name, toml: &toml, valid_from, by };
        let progress = |cards: usize| {
            if cards.is_multiple_of(TOLD_EVERY) {
                complain(&format!("{cards} cards rated"));
            }
        };
        let version = match propose(proposal, progress).await {
            Ok(version) => version,
            Err(ProposeError::Refused(why)) => bail!("{why}"),
            Err(ProposeError::Failed(failure)) => return Err(failure),
        };
        show(&db, &version).await
    }
}

impl Decide {
    pub(super) async fn run(&self, event: TariffEvent) -> anyhow::Result<()> {
        let (db, by) = self.who.open(&[OperatorRole::Fares, OperatorRole::Admin]).await?;
        let version = &self.version;
        let decided = match db.tariff_decide(version, event, &by).await {
            Err(StoreError::Refused(why)) => bail!("{why}"),
            decided => decided?,
        };
        let decided = decided.with_context(|| format!("there is no version {version}"))?;
        Ok(say(&line(&decided, by.at))?)
    }
}

impl Show {
    pub(super) async fn run(&self) -> anyhow::Result<()> {
        let db = Db::open(&self.settings.merge()?.config.database, Access::Admin).await?;
        let Some(version) = &self.version else {
            let versions = db.tariff_versions().await?;
            if versions.is_empty() {
                say("there is no version; padriew tariff propose makes one")?;
            }
            return versions.iter().try_for_each(|known| Ok(say(&line(known, Clock::system().now()))?));
        };
        if self.file {
            let (toml, _) = db.tariff_text(version).await?.with_context(|| nowhere(version))?;
            return Ok(say(toml.trim_end())?);
        }
        show(&db, version).await
    }
}

fn nowhere(version: &str) -> String {
    format!("there is no version {version}; padriew tariff show has all")
}

async fn show(db: &Db, version: &str) -> anyhow::Result<()> {
    let known = db.tariff_version(version).await?.with_context(|| nowhere(version))?;
    let (_, shadow) = db.tariff_text(version).await?.with_context(|| nowhere(version))?;
    say(&line(&known, Clock::system().now()))?;
    say(&format!("  sha256 {}", hex(&known.sha256)))?;
    say(&format!("  proposed by {} at {}{}", known.who, time(known.proposed), why(&known.reason)))?;
    for decision in &known.decisions {
        let did = match decision.event {
            TariffEvent::Approve => "agreed to by",
            TariffEvent::Withdraw => "withdrawn by",
        };
        say(&format!("  {did} {} at {}{}", decision.who, time(decision.at), why(&decision.reason)))?;
    }
    let report: Report = serde_json::from_str(&shadow).context("its report can not be read")?;
    Ok(say(&report.to_string())?)
}

fn line(known: &TariffVersion, now: Timestamp) -> String {
    let version = &known.version;
    let from = time(known.valid_from);
    let has = known.decisions.iter().filter(|decision| decision.event == TariffEvent::Approve).count();
    match known.state(now) {
        TariffState::Proposed => format!("{version}: proposed from {from} on, {has} of {APPROVALS} agree"),
        TariffState::Approved => format!("{version}: approved, applies from {from} on"),
        TariffState::Withdrawn => format!("{version}: withdrawn"),
        TariffState::Lapsed => {
            format!("{version}: {has} of {APPROVALS} agreed before {from}, it never applies")
        }
    }
}

/// By the clock of the books.
fn time(t: Timestamp) -> String {
    let utc = t.utc().unwrap_or_default();
    utc.with_timezone(&crate::finance::BOOKS_ZONE).format("%Y-%m-%d %H:%M").to_string()
}

fn why(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}
