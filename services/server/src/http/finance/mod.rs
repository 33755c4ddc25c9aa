//! `/v1/finance/…` and `/v1/inspect`: what the finance office, auditors and inspectors read and ask for.
//!
//! Every request has a bearer token of an operator. A route without a row in [`permit`] answers nobody. Reading a card's
//! history and every change leave a row in the audit log. Amounts are satang as integers, times microseconds since 1970
//! UTC, days `YYYYMMDD`; lists have at most 1,000 rows and `next`, which is `null` at the end. Shapes: docs/finance.md.

mod caller;
mod card;
mod command;
mod days;
mod discrepancy;
mod inspect;
mod permit;
mod quarantine;
mod sums;
mod tariff;

use super::error::ApiError;
use crate::state::AppState;
use axum::Router;
use axum::middleware::from_fn_with_state;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::StoreError;

/// Rows of a list at most.
const ROWS_MAX: u32 = 1_000;
/// Seconds after which to try again when the database is away.
const AWAY_RETRY_S: u32 = 2;

/// The routes of this folder.
pub(super) fn router(app: &AppState) -> Router<AppState> {
    Router::new()
        .merge(card::router())
        .merge(command::router())
        .merge(discrepancy::router())
        .merge(sums::router())
        .merge(quarantine::router())
        .merge(days::router())
        .merge(inspect::router())
        .merge(tariff::router())
        .route_layer(from_fn_with_state(app.clone(), permit::allow))
}

/// A page of a list.
#[derive(Debug, Serialize)]
struct Page<T> {
    rows: Vec<T>,
    /// What to ask for as `after`; `None` when there is no more.
    next: Option<String>,
}

impl<T> Page<T> {
    /// A page of `limit` rows at most, each with its place in the list.
    fn of(rows: Vec<(String, T)>, limit: u32) -> Self {
        let next = rows.last().filter(|_| rows.len() >= limit as usize).map(|(place, _)| place.clone());
        Self { rows: rows.into_iter().map(|(_, row)| row).collect(), next }
    }
}

/// Where a page begins and how long it is.
#[derive(Clone, Debug, Default, Deserialize)]
struct Asked {
    after: Option<i64>,
    limit: Option<u32>,
    state: Option<String>,
    waiting: Option<u8>,
    cause: Option<String>,
    from: Option<String>,
}

impl Asked {
    fn after(&self) -> i64 {
        self.after.unwrap_or(0)
    }

    fn limit(&self) -> u32 {
        self.limit.unwrap_or(ROWS_MAX).clamp(1, ROWS_MAX)
    }
}

/// The JSON of a body.
fn json<T: DeserializeOwned>(body: &Bytes) -> Result<T, ApiError> {
    serde_json::from_slice(body)
        .map_err(|error| ApiError::unreadable("json", format!("the body can not be read: {error}")))
}

/// A day of a path or a query.
fn day(text: &str) -> Result<gtfs::ServiceDay, ApiError> {
    gtfs::ServiceDay::parse(text)
        .ok_or_else(|| ApiError::unreadable("day", format!("{text:?} is no day, write YYYYMMDD")))
}

/// What the store says, to the caller: a refusal as it is, the rest as a failure of ours.
fn failed(error: StoreError) -> ApiError {
    match error {
        StoreError::Refused(why) => ApiError::unprocessable("refused", why),
        StoreError::Busy { retry_after_s } => ApiError::busy(retry_after_s, "the store is busy"),
        StoreError::Away(_) => ApiError::busy(AWAY_RETRY_S, "the database does not answer"),
        StoreError::Full(_) | StoreError::Stopped(_) => {
            ApiError::store_failed(AWAY_RETRY_S, "nothing can be stored; the log has the cause")
        }
        other => ApiError::internal(&anyhow::Error::from(other)),
    }
}
