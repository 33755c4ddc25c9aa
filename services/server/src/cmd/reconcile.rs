//! `padriew reconcile`: the files of payment services and banks, against the ledger.

use super::out::say;
use super::settings::Settings;
use crate::clock::Clock;
use crate::finance::reconcile::{Given, Outcome, bank_file, psp_file};
use crate::ingest::enroll::local_actor;
use anyhow::Context;
use clap::Subcommand;
use fares::Satang;
use fares::reconcile::read::Mapping;
use std::path::PathBuf;
use store::{Access, Db};

const EXAMPLES: &str = "\
Examples:
  padriew reconcile psp omise-2026-11-20.csv --psp omise --dry-run
      what would match, and what would not; nothing is written
  padriew reconcile psp report.csv --psp omise --map reference=charge_id,day=created,paid=successful
      a file with other names for its columns and words
  padriew reconcile bank statement.csv --account scb-1

PSP files: reference,day,status,amount,fee,payout   (status: paid, declined, refunded, chargeback)
Bank files: reference,day,amount,description        (a payout's reference, or AGENT and an agent's id, in description)
Amounts are baht, days YYYY-MM-DD. A line that can not be read is named and loses nothing else. The same file again
changes nothing. What does not match stands in suspense and in /v1/finance/discrepancies.";

/// Match the files of payment services and banks with the ledger.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// A payment service's file, against the top-ups of the ledger
    Psp {
        /// The CSV file
        file: PathBuf,
        /// The payment service, as top-ups name it
        #[arg(long)]
        psp: String,
        #[command(flatten)]
        how: How,
    },
    /// A bank statement, against payouts and agents' cash
    Bank {
        /// The CSV file
        file: PathBuf,
        /// The account at the bank
        #[arg(long)]
        account: String,
        #[command(flatten)]
        how: How,
    },
}

#[derive(Debug, clap::Args)]
struct How {
    /// What the file calls our columns and words: OURS=THEIRS, parted by commas
    #[arg(long, default_value = "", value_name = "OURS=THEIRS,...")]
    map: String,
    /// Say what would happen, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    settings: Settings,
}

/// Runs one action.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let (Action::Psp { file, psp: party, how } | Action::Bank { file, account: party, how }) = &args.action;
    let db = Db::open(&how.settings.merge()?.config.database, Access::Admin).await?;
    let by = local_actor(Clock::system().now(), "padriew reconcile");
    let name = file.display().to_string();
    let bytes = tokio::fs::read(file).await.with_context(|| format!("{name} can not be read"))?;
    let mapping = Mapping::parse(&how.map).map_err(|why| anyhow::anyhow!("--map: {why}"))?;
    let given = Given { name: &name, party, bytes: &bytes, mapping: &mapping, dry_run: how.dry_run };
    let outcome = match &args.action {
        Action::Psp { .. } => psp_file(&db, &given, &by).await?,
        Action::Bank { .. } => bank_file(&db, &given, &by).await?,
    };
    told(&given, &outcome)
}

fn told(given: &Given<'_>, outcome: &Outcome) -> anyhow::Result<()> {
    if outcome.known {
        say(&format!("{} was read before, nothing is changed", given.name))?;
        return Ok(());
    }
    for (class, count) in &outcome.classes {
        say(&format!("{class:<16} {count:>9}"))?;
    }
    if outcome.seen_before > 0 {
        say(&format!("{:<16} {:>9}", "seen before", outcome.seen_before))?;
    }
    for bad in &outcome.bad {
        say(&format!("{}, {bad}", given.name))?;
    }
    for found in &outcome.discrepancies {
        let amount = found.amount.unwrap_or(Satang(0));
        say(&format!("{} {}: {amount}, {}", found.kind, found.subject, found.detail))?;
    }
    let (journals, open) = (outcome.journals, outcome.discrepancies.len());
    let written = if given.dry_run { "would be" } else { "were" };
    say(&format!("{journals} journals and {open} discrepancies {written} written"))?;
    Ok(())
}
