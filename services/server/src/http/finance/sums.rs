//! The float, what stands in suspense, journals of a cause, terminals that miss taps, and taps that were refused.

use super::{Asked, failed};
use crate::finance::posting_day;
use crate::http::error::ApiError;
use crate::state::AppState;
use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use fares::Account;
use fares::books::{FLOAT_ALARM, SUSPENSE_AGES_D};
use serde::Serialize;
use std::sync::Arc;

/// The adapter of taps, in the quarantine.
const TAPS: &str = "taps";

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/v1/finance/float", get(float))
        .route("/v1/finance/suspense", get(suspense))
        .route("/v1/finance/journals", get(journals))
        .route("/v1/finance/terminals", get(terminals))
        .route("/v1/finance/quarantine", get(quarantine))
}

#[derive(Debug, Serialize)]
struct Float {
    owed_satang: i64,
    alarm_at_satang: i64,
    alarm: bool,
}

async fn float(State(app): State<AppState>) -> Result<Json<Float>, ApiError> {
    let owed = app.db.float().await.map_err(failed)?;
    Ok(Json(Float { owed_satang: owed.0, alarm_at_satang: FLOAT_ALARM.0, alarm: owed >= FLOAT_ALARM }))
}

#[derive(Debug, Serialize)]
struct Suspense {
    ages_d: [i64; SUSPENSE_AGES_D.len()],
    rows: Vec<SuspenseRow>,
}

#[derive(Debug, Serialize)]
struct SuspenseRow {
    reason: Arc<str>,
    oldest: String,
    by_age_satang: Vec<i64>,
}

async fn suspense(State(app): State<AppState>) -> Result<Json<Suspense>, ApiError> {
    let books = app.db.suspense_books().await.map_err(failed)?;
    let row = |aged: fares::books::Aged| SuspenseRow {
        reason: aged.reason,
        oldest: aged.oldest.to_string(),
        by_age_satang: aged.by_age.iter().map(|amount| amount.0).collect(),
    };
    let aged = books.aged_suspense(posting_day(app.clock.now()));
    Ok(Json(Suspense { ages_d: SUSPENSE_AGES_D, rows: aged.into_iter().map(row).collect() }))
}

#[derive(Debug, Serialize)]
struct JournalShown {
    id: i64,
    kind: &'static str,
    cause: Arc<str>,
    service_day: String,
    posting_day: String,
    effective_us: i64,
    posted_us: i64,
    postings: Vec<PostingShown>,
}

#[derive(Debug, Serialize)]
struct PostingShown {
    account: String,
    debit_satang: i64,
}

/// The journal of `?cause=`, of what is not a ride: rides are found by their card, where the reading is audited.
async fn journals(
    State(app): State<AppState>,
    Query(asked): Query<Asked>,
) -> Result<Json<JournalShown>, ApiError> {
    let cause = asked.cause.ok_or_else(|| ApiError::unreadable("cause", "say which, with ?cause="))?;
    let found = app.db.journal_of_cause(&cause).await.map_err(failed)?;
    let row = found.ok_or_else(|| ApiError::not_found("cause", "nothing was posted for this cause"))?;
    let posting = |posting: &fares::Posting| PostingShown {
        account: match &posting.account {
            Account::Card(card) => crate::finance::card_shown(card),
            account => account.to_string(),
        },
        debit_satang: posting.debit.0,
    };
    Ok(Json(JournalShown {
        id: row.id,
        kind: row.journal.kind.word(),
        service_day: row.journal.service_day.to_string(),
        posting_day: row.journal.posting_day.to_string(),
        effective_us: row.journal.effective.0,
        posted_us: row.journal.posted.0,
        postings: row.journal.postings.iter().map(posting).collect(),
        cause: row.journal.cause,
    }))
}

#[derive(Debug, Serialize)]
struct TerminalShown {
    terminal: Arc<str>,
    epoch: i64,
    settled: i64,
    missing: i64,
}

/// Terminals from which taps are missing; the worst first.
async fn terminals(
    State(app): State<AppState>,
    Query(asked): Query<Asked>,
) -> Result<Json<Vec<TerminalShown>>, ApiError> {
    let rows = app.db.terminals_missing_taps(asked.limit()).await.map_err(failed)?;
    let shown = |row: store::TerminalMissing| TerminalShown {
        terminal: row.terminal,
        epoch: row.epoch,
        settled: row.settled,
        missing: row.missing,
    };
    Ok(Json(rows.into_iter().map(shown).collect()))
}

#[derive(Debug, Serialize)]
struct QuarantineShown {
    received_us: i64,
    terminal: Arc<str>,
    seq: Option<i64>,
    code: Arc<str>,
    detail: Arc<str>,
}

/// The newest taps that were refused, newest first.
async fn quarantine(
    State(app): State<AppState>,
    Query(asked): Query<Asked>,
) -> Result<Json<Vec<QuarantineShown>>, ApiError> {
    let rows = app.db.quarantined(asked.limit()).await.map_err(failed)?;
    let shown = |row: store::quarantine::Quarantined| QuarantineShown {
        received_us: row.rejected.received.0,
        terminal: row.device,
        seq: row.rejected.seq,
        code: row.rejected.code,
        detail: row.rejected.detail,
    };
    Ok(Json(rows.into_iter().filter(|row| &*row.source == TAPS).map(shown).collect()))
}
