//! What is left on the cards that a terminal sees, for when it is offline: told when it asks, not more often than it needs.

use super::deny::{CardHash, hash_of};
use crate::ingest::bucket::Rate;
use crate::state::AppState;
use fares::Account;
use gtfs::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use store::StoreError;

/// Cards in one reply, those that tapped last: 500 are 12 kB.
pub const CARDS_MAX: usize = 500;
/// Cards that tapped at the terminal within this time, seconds: a week.
const LATELY_S: f64 = 7.0 * 86_400.0;
/// Twice at once, for a terminal that starts anew; then every ten minutes.
const ASKED: Rate = Rate { per_s: 1.0 / 600.0, burst: 2.0 };

/// Cards with what is shown on them, satang: posted less held.
pub type Balances = Vec<(CardHash, i64)>;

/// The balances for a terminal that asks at `now`; `None` when it asks too often, or the database does not answer: they are
/// a service, and never hold up an ack.
pub(super) async fn asked(app: &AppState, terminal: &Arc<str>, now: Timestamp) -> Option<Balances> {
    let allowed = {
        let mut buckets = app.taps.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let name: Arc<str> = format!("{terminal} balances").into();
        buckets.entry(name).or_default().take(now, 1.0, ASKED).is_ok()
    };
    if !allowed {
        return None;
    }
    let read = read(app, terminal, now).await;
    if let Err(failure) = &read {
        tracing::warn!(%failure, %terminal, "balances could not be read; the terminal asks again");
    }
    read.ok()
}

async fn read(app: &AppState, terminal: &Arc<str>, now: Timestamp) -> Result<Balances, StoreError> {
    let cards = app.db.cards_lately(terminal, now.plus_s(-LATELY_S), CARDS_MAX).await?;
    let accounts: Vec<Account> = cards.iter().map(|card| Account::Card(Arc::clone(card))).collect();
    let mut shown: HashMap<Arc<str>, i64> = HashMap::new();
    for balance in app.db.balances(&accounts).await? {
        if let Account::Card(card) = balance.account {
            *shown.entry(card).or_default() -= balance.debit.0;
        }
    }
    for hold in app.db.holds(&cards).await? {
        *shown.entry(hold.card).or_default() -= hold.amount.0;
    }
    let of = |card: &Arc<str>| (hash_of(card), shown.get(card).copied().unwrap_or_default());
    Ok(cards.iter().map(of).collect())
}
