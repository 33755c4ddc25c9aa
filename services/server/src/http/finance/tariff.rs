//! Versions of the tariff: proposed, agreed to by two others, withdrawn.

use super::caller::Caller;
use super::{AWAY_RETRY_S, Page, day, failed, json};
use crate::finance::tariff::report::Report;
use crate::finance::tariff::{Proposal, ProposeError, propose};
use crate::http::error::ApiError;
use crate::ingest::seal::hex;
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use bytes::Bytes;
use gtfs::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{StoreError, TariffEvent, TariffVersion};

/// Rows of the list at most: a handful a year.
const VERSIONS_MAX: u32 = u32::MAX;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/v1/finance/tariffs", get(list).post(ask))
        .route("/v1/finance/tariffs/{version}", get(one))
        .route("/v1/finance/tariffs/{version}/approve", post(approve))
        .route("/v1/finance/tariffs/{version}/withdraw", post(withdraw))
}

async fn list(State(app): State<AppState>) -> Result<Json<Page<VersionShown>>, ApiError> {
    let (rows, now) = (app.db.tariff_versions().await.map_err(failed)?, app.clock.now());
    let rows = rows.iter().map(|row| (row.version.as_ref().to_owned(), VersionShown::of(row, now)));
    Ok(Json(Page::of(rows.collect(), VERSIONS_MAX)))
}

/// A version with its file and what it would have come to.
async fn one(State(app): State<AppState>, Path(version): Path<String>) -> Result<Json<Whole>, ApiError> {
    whole(&app, &version).await.map(Json)
}

async fn whole(app: &AppState, version: &str) -> Result<Whole, ApiError> {
    let row = app.db.tariff_version(version).await.map_err(failed)?.ok_or_else(|| nowhere(version))?;
    let (file, shadow) =
        app.db.tariff_text(version).await.map_err(failed)?.ok_or_else(|| nowhere(version))?;
    let shadow = serde_json::from_str(&shadow).map_err(|error| ApiError::internal(&error.into()))?;
    Ok(Whole { version: VersionShown::of(&row, app.clock.now()), file, shadow })
}

/// Looks a version through, rates past days with it, and keeps it until two others agree.
async fn ask(
    State(app): State<AppState>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Json<Whole>, ApiError> {
    let request: Request = json(&body)?;
    if request.reason.trim().is_empty() {
        return Err(ApiError::unprocessable("reason", "say why, in reason"));
    }
    let Ok(_alone) = app.proposing.try_lock() else {
        return Err(ApiError::busy(
            AWAY_RETRY_S,
            "another version is being held against past days; ask again",
        ));
    };
    let timetable = app.feeds.current();
    let timetable =
        timetable.ok_or_else(|| ApiError::busy(AWAY_RETRY_S, "there is no timetable to check it with"))?;
    let proposal = Proposal {
        db: &app.db,
        files: &app.tariffs,
        timetable,
        name: "file",
        toml: &request.file,
        valid_from: day(&request.valid_from)?,
        by: caller.actor(&app, &request.reason),
    };
    match propose(proposal, |_| {}).await {
        Ok(version) => whole(&app, &version).await.map(Json),
        Err(ProposeError::Refused(why)) => Err(ApiError::unprocessable("refused", why)),
        Err(ProposeError::Failed(failure)) => match failure.downcast::<StoreError>() {
            Ok(failure) => Err(failed(failure)),
            Err(failure) => Err(ApiError::internal(&failure)),
        },
    }
}

async fn approve(
    state: State<AppState>,
    caller: Extension<Caller>,
    version: Path<String>,
    body: Bytes,
) -> Result<Json<VersionShown>, ApiError> {
    decide(state, caller, version, body, TariffEvent::Approve).await
}

async fn withdraw(
    state: State<AppState>,
    caller: Extension<Caller>,
    version: Path<String>,
    body: Bytes,
) -> Result<Json<VersionShown>, ApiError> {
    decide(state, caller, version, body, TariffEvent::Withdraw).await
}

async fn decide(
    State(app): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(version): Path<String>,
    body: Bytes,
    event: TariffEvent,
) -> Result<Json<VersionShown>, ApiError> {
    let word: Word = if body.is_empty() { Word::default() } else { json(&body)? };
    let by = caller.actor(&app, &word.reason);
    let decided = app.db.tariff_decide(&version, event, &by).await.map_err(failed)?;
    decided.map(|row| Json(VersionShown::of(&row, by.at))).ok_or_else(|| nowhere(&version))
}

fn nowhere(version: &str) -> ApiError {
    ApiError::not_found("tariff", format!("there is no version {version}"))
}

#[derive(Debug, Default, Deserialize)]
struct Word {
    #[serde(default)]
    reason: String,
}

/// The file as it stands, and the day from which on it applies, which the file says too.
#[derive(Debug, Deserialize)]
struct Request {
    file: String,
    valid_from: String,
    reason: String,
}

#[derive(Debug, Serialize)]
struct VersionShown {
    version: Arc<str>,
    sha256: String,
    valid_from_us: i64,
    /// `proposed`, `approved`, `withdrawn` or `lapsed`.
    state: &'static str,
    who: Arc<str>,
    reason: Arc<str>,
    proposed_us: i64,
    decisions: Vec<DecisionShown>,
}

#[derive(Debug, Serialize)]
struct DecisionShown {
    /// `approve` or `withdraw`.
    event: &'static str,
    who: Arc<str>,
    reason: Arc<str>,
    at_us: i64,
}

#[derive(Debug, Serialize)]
struct Whole {
    #[serde(flatten)]
    version: VersionShown,
    file: Arc<str>,
    shadow: Report,
}

impl VersionShown {
    fn of(row: &TariffVersion, now: Timestamp) -> Self {
        let decision = |decision: &store::TariffDecision| DecisionShown {
            event: decision.event.word(),
            who: Arc::clone(&decision.who),
            reason: Arc::clone(&decision.reason),
            at_us: decision.at.0,
        };
        Self {
            version: Arc::clone(&row.version),
            sha256: hex(&row.sha256),
            valid_from_us: row.valid_from.0,
            state: row.state(now).word(),
            who: Arc::clone(&row.who),
            reason: Arc::clone(&row.reason),
            proposed_us: row.proposed.0,
            decisions: row.decisions.iter().map(decision).collect(),
        }
    }
}
