//! The float, what stands in suspense, journals of a cause, and terminals that miss taps or fall silent.

use super::{Asked, failed};
use crate::driver::fares::silent::TERMINAL_SILENT;
use crate::finance::posting_day;
use crate::http::error::ApiError;
use crate::state::AppState;
use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use fares::Account;
use fares::books::{FLOAT_ALARM, SUSPENSE_AGES_D};
use fares::silence::SILENT_S;
use serde::Serialize;
use std::sync::Arc;
use store::gap::GapState;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/v1/finance/float", get(float))
        .route("/v1/finance/suspense", get(suspense))
        .route("/v1/finance/journals", get(journals))
        .route("/v1/finance/terminals", get(terminals))
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

/// Numbers of taps that are missing: asked for again, or reported as gone.
#[derive(Debug, Serialize)]
struct MissingShown {
    terminal: Arc<str>,
    epoch: u32,
    seq_from: i64,
    seq_to: i64,
    /// `asked_for`, `open` (the terminal has lost them), `filled` or `written_off`.
    state: &'static str,
    found_us: Option<i64>,
}

#[derive(Debug, Serialize)]
struct SilentShown {
    terminal: Arc<str>,
    vehicle: Arc<str>,
    stop: Arc<str>,
    /// `None`: never heard.
    seen_us: Option<i64>,
}

#[derive(Debug, Serialize)]
struct TerminalsShown {
    missing: Vec<MissingShown>,
    silent: Vec<SilentShown>,
    tickets: Vec<TicketShown>,
}

/// A terminal that is silent, or takes hardly a tap, on a vehicle that drives.
#[derive(Debug, Serialize)]
struct TicketShown {
    discrepancy: i64,
    terminal: Arc<str>,
    found_us: i64,
    detail: Arc<str>,
    owner: Arc<str>,
}

/// Terminals from which taps are missing, number by number, and those that say nothing.
async fn terminals(
    State(app): State<AppState>,
    Query(asked): Query<Asked>,
) -> Result<Json<TerminalsShown>, ApiError> {
    let holes = app.db.tap_holes(asked.limit()).await.map_err(failed)?.into_iter();
    let mut missing: Vec<MissingShown> = holes
        .map(|hole| MissingShown {
            terminal: hole.terminal,
            epoch: hole.epoch,
            seq_from: hole.from,
            seq_to: hole.to,
            state: "asked_for",
            found_us: None,
        })
        .collect();
    let gaps = app.db.gaps(GapState::Open, asked.limit()).await.map_err(failed)?.into_iter();
    missing.extend(gaps.map(|gap| MissingShown {
        terminal: gap.terminal,
        epoch: gap.epoch,
        seq_from: gap.from,
        seq_to: gap.to,
        state: gap.state.word(),
        found_us: Some(gap.found.0),
    }));
    let now = app.clock.now();
    let is_silent = |terminal: &store::Terminal| {
        terminal.contact.as_ref().is_none_or(|contact| now.since_s(contact.seen) > SILENT_S as f64)
    };
    let silent = app.db.terminals().await.map_err(failed)?.into_iter().filter(is_silent);
    let silent = silent.map(|terminal| SilentShown {
        seen_us: terminal.contact.as_ref().map(|contact| contact.seen.0),
        terminal: terminal.id,
        vehicle: terminal.vehicle,
        stop: terminal.stop,
    });
    let tickets = app.db.discrepancies_of(TERMINAL_SILENT, asked.limit()).await.map_err(failed)?.into_iter();
    let tickets = tickets.map(|ticket| TicketShown {
        discrepancy: ticket.id,
        terminal: ticket.found.subject,
        found_us: ticket.found.found.0,
        detail: ticket.found.detail,
        owner: ticket.owner,
    });
    Ok(Json(TerminalsShown { missing, silent: silent.collect(), tickets: tickets.collect() }))
}
