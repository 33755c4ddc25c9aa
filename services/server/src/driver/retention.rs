//! Forgets what is too old: nonces every minute, pings and refused records every hour, where riders were every day.
//!
//! Processes that share a database may all do it: what one deleted, another does not find. What was deleted is written to the audit log, so that nothing goes unseen.

use crate::config::Config;
use crate::ingest::enroll::local_actor;
use crate::state::AppState;
use std::time::Duration;
use store::{Actor, Change, Db, Deleted, Forgotten, Retention, StoreError};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// How often nonces go, in real time: they come with every signed request.
const NONCES_EVERY: Duration = Duration::from_secs(60);
/// Each so many rounds of nonces, everything else goes too.
const ALL_EVERY_ROUNDS: u32 = 60;
/// And each so many, where riders were: once a day.
const PLACES_EVERY_ROUNDS: u32 = 24 * 60;
/// A nonce is kept at least this long, seconds (`ingest` section 4).
const NONCES_S_MIN: i64 = 300;

/// Forgets until `token` is cancelled.
///
/// # Errors
/// Never; a database that does not answer is tried again in the next round.
pub async fn run(app: AppState, token: CancellationToken) -> anyhow::Result<()> {
    let retention = of(&app.config);
    let mut every = interval(NONCES_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for round in 0u32.. {
        tokio::select! {
            () = token.cancelled() => break,
            _ = every.tick() => {}
        }
        // A chunk of a deletion is a transaction of its own: being dropped in the middle does no harm.
        let forgotten = tokio::select! {
            () = token.cancelled() => break,
            forgotten = forget(&app, &retention, round.is_multiple_of(ALL_EVERY_ROUNDS)) => forgotten,
        };
        if let Err(failure) = forgotten {
            tracing::warn!(%failure, "what is too old could not be deleted; the next round tries again");
        }
        if round.is_multiple_of(PLACES_EVERY_ROUNDS) {
            let (by, days) = (local_actor(app.clock.now(), "padriew serve"), app.config.retention.places_d);
            let forgotten = tokio::select! {
                () = token.cancelled() => break,
                forgotten = forget_places(&app.db, days, &by) => forgotten,
            };
            if let Err(failure) = forgotten {
                tracing::warn!(%failure, "where riders were could not be forgotten; tomorrow tries again");
            }
        }
    }
    Ok(())
}

fn of(config: &Config) -> Retention {
    // As long as a signature is accepted, from the earliest to the latest moment, its nonce must be known.
    let nonces_s = NONCES_S_MIN.max(config.ingest.signature_window_s.saturating_mul(2).saturating_add(60));
    Retention {
        pings_d: config.retention.pings_d,
        nonces_s: u32::try_from(nonces_s).unwrap_or(u32::MAX),
        quarantine_d: config.retention.quarantine_d,
        quarantine_rows_max: config.retention.quarantine_rows_max,
    }
}

/// Forgets where riders were more than `days` before `by` asks, and writes down how much that was.
///
/// # Errors
/// Any [`StoreError`] of a write; what was done before stays done.
pub async fn forget_places(db: &Db, days: u32, by: &Actor) -> Result<Forgotten, StoreError> {
    let forgotten = db.places_forget(by.at.plus_s(-86_400.0 * f64::from(days))).await?;
    if forgotten != Forgotten::default() {
        let Forgotten { ledger, requests, notes } = forgotten;
        let after = format!("older than {days} d: rides and taps={ledger} requests={requests} notes={notes}");
        db.audit(by, &Change { action: "places_forget".into(), after, ..Change::default() }).await?;
        tracing::info!(ledger, requests, notes, "forgot where riders were");
    }
    Ok(forgotten)
}

async fn forget(app: &AppState, retention: &Retention, all: bool) -> Result<(), StoreError> {
    let now = app.clock.now();
    if !all {
        app.db.retain_nonces(now, retention).await?;
        return Ok(());
    }
    let Deleted { pings, quarantined, .. } = app.db.retain(now, retention).await?;
    if pings + quarantined == 0 {
        return Ok(());
    }
    let by = Actor { reason: "retention".into(), ..local_actor(now, "padriew serve") };
    let change = Change {
        action: "retention".into(),
        after: format!("deleted pings={pings} quarantine={quarantined}"),
        ..Change::default()
    };
    app.db.audit(&by, &change).await?;
    tracing::info!(pings, quarantined, "deleted what was older than the retention allows");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_outlives_every_signature_it_could_come_back_with() {
        let mut config = Config::default();
        assert_eq!(of(&config).nonces_s, 300);
        config.ingest.signature_window_s = 600;
        assert_eq!(of(&config).nonces_s, 1_260);
    }

    #[test]
    fn the_default_is_what_the_store_keeps_by_itself() {
        assert_eq!(of(&Config::default()), Retention::default());
    }
}
