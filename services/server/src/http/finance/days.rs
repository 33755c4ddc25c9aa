//! Days: how far their close is, their report, and what each agency is owed.

use super::caller::Caller;
use super::{Asked, Page, day, failed};
use crate::close::{report, settlement};
use crate::http::error::ApiError;
use crate::ingest::seal::hex;
use crate::state::AppState;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use axum::{Extension, Json, Router};
use serde::Serialize;
use std::sync::Arc;
use store::Day;

/// Where the list of days begins when nobody says.
const FIRST_DAY: &str = "20000101";

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/v1/finance/days", get(list))
        .route("/v1/finance/days/{day}", get(one))
        .route("/v1/finance/days/{day}/settlements", get(settlements))
}

async fn list(
    State(app): State<AppState>,
    Query(asked): Query<Asked>,
) -> Result<Json<Page<DayShown>>, ApiError> {
    let from = day(asked.from.as_deref().unwrap_or(FIRST_DAY))?;
    let rows = app.db.days(from, asked.limit()).await.map_err(failed)?;
    let rows = rows.iter().map(|row| (row.day.next().to_string(), DayShown::of(row))).collect();
    Ok(Json(Page::of(rows, asked.limit())))
}

async fn one(State(app): State<AppState>, Path(text): Path<String>) -> Result<Json<ReportShown>, ApiError> {
    let of = day(&text)?;
    let stored = app.db.day(of).await.map_err(failed)?;
    let report = report::of_day(&app.db, of).await?;
    Ok(Json(ReportShown::of(stored.as_ref(), &report)))
}

async fn settlements(
    State(app): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(text): Path<String>,
) -> Result<Json<Vec<SettlementShown>>, ApiError> {
    let settled = settlement::of_day(&app.db, day(&text)?).await?;
    let own = settled.iter().filter(|settlement| caller.sees(&settlement.agency));
    Ok(Json(own.map(SettlementShown::of).collect()))
}

#[derive(Debug, Serialize)]
struct DayShown {
    day: String,
    state: &'static str,
    step: Arc<str>,
    changed_us: i64,
    journals: Option<i64>,
    hash: Option<String>,
}

impl DayShown {
    fn of(row: &Day) -> Self {
        let sealed = row.sealed.as_ref();
        Self {
            day: row.day.to_string(),
            state: row.state.word(),
            step: Arc::clone(&row.step),
            changed_us: row.changed.0,
            journals: sealed.map(|sealed| sealed.hash.journals),
            hash: sealed.map(|sealed| hex(&sealed.hash.hash)),
        }
    }
}

#[derive(Debug, Serialize)]
struct ReportShown {
    day: String,
    close: Option<DayShown>,
    figures: Vec<FigureShown>,
}

#[derive(Debug, Serialize)]
struct FigureShown {
    section: &'static str,
    name: String,
    unit: &'static str,
    value: i64,
}

impl ReportShown {
    fn of(stored: Option<&Day>, report: &report::DayReport) -> Self {
        let figure = |figure: &report::Figure| FigureShown {
            section: figure.section,
            name: figure.name.clone(),
            unit: if figure.money { "satang" } else { "count" },
            value: figure.value,
        };
        Self {
            day: report.day.to_string(),
            close: stored.map(DayShown::of),
            figures: report.figures.iter().map(figure).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct SettlementShown {
    agency: Arc<str>,
    lines: usize,
    total_satang: i64,
}

impl SettlementShown {
    fn of(settlement: &fares::settle::Settlement) -> Self {
        Self {
            agency: Arc::clone(&settlement.agency),
            lines: settlement.lines.len(),
            total_satang: settlement.total.0,
        }
    }
}
