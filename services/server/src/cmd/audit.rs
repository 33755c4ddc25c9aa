//! `padriew audit`: read the records again that must never change, and work out again what follows from them.

mod recompute;

use super::out::say;
use super::settings::Settings;
use anyhow::bail;
use clap::Subcommand;
use store::{Access, AuditVerdict, Db, LedgerVerdict};

const EXAMPLES: &str = "\
Examples:
  padriew audit verify                 every row of the audit log and of the ledger, against its chain
  padriew audit recompute              every leg, price and balance once more from the taps as terminals signed them

verify finds what was changed after it was written, recompute what was written wrong. The server may be running.
Use the same --database or --config as it does. Exit code 1 when something is not as it should be; it is named.";

/// Read the audit log and the ledger again: are they as they were written, and do they follow from the taps?
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check every row against its digest, every commit against the chain, every balance against the journals
    Verify {
        #[command(flatten)]
        settings: Settings,
    },
    /// Work out everything again from the taps as terminals signed them, and compare it with the books
    Recompute(recompute::Args),
}

/// Runs one action.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    match &args.action {
        Action::Verify { settings } => {
            let db = Db::open(&settings.merge()?.config.database, Access::Admin).await?;
            verify(&db).await
        }
        Action::Recompute(args) => recompute::run(args).await,
    }
}

async fn verify(db: &Db) -> anyhow::Result<()> {
    let audit = db.audit_verify().await?;
    match &audit {
        AuditVerdict::Whole { rows } => say(&format!("audit log: {rows} rows, each as it was written"))?,
        AuditVerdict::Broken { id, reason } => say(&format!("audit log: row {id}: {reason}"))?,
    }
    let ledger = db.ledger_verify().await?;
    told(&ledger)?;
    let (days, wrong) = db.days_verify().await?;
    say(&format!("closed days: {days}"))?;
    for (day, why) in &wrong {
        say(&format!("closed days: {day}: {why}"))?;
    }
    if !wrong.is_empty() || !ledger.faults.is_empty() || matches!(audit, AuditVerdict::Broken { .. }) {
        bail!(
            "what is named above is not as it was written; restore a copy of the database beside this one and compare"
        );
    }
    Ok(())
}

fn told(ledger: &LedgerVerdict) -> anyhow::Result<()> {
    let rows = &ledger.rows;
    say(&format!(
        "ledger: {} commits with {} journals, {} revisions of legs and {} states of taps; {} balances",
        rows.commits, rows.journals, rows.legs, rows.taps, rows.balances
    ))?;
    if rows.generalised > 0 {
        say(&format!(
            "        {} of these rows have no places any more, and are proven without them",
            rows.generalised
        ))?;
    }
    for fault in &ledger.faults {
        say(&format!("ledger: {}: {}", fault.place, fault.reason))?;
    }
    if ledger.faults.is_empty() {
        say(
            "        each row as it was written, each commit after the one before, each balance the sum of its journals",
        )?;
    }
    Ok(())
}
