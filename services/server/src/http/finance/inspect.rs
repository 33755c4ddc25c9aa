//! `GET /v1/inspect?card=…&place=…`: what an inspector on board sees of a card; the look itself is stored.

use super::caller::Caller;
use super::card::{ConcessionShown, LegShown, TapShown};
use super::failed;
use crate::http::error::ApiError;
use crate::state::AppState;
use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Extension, Json, Router};
use fares::LegStatus;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{Card, CardHistory, CardState, Inspection, LegRow};

/// How far back an inspector sees, seconds.
const LOOK_BACK_S: f64 = 4.0 * 3_600.0;
/// Taps shown at most.
const TAPS_MAX: usize = 5;

pub(super) fn router() -> Router<AppState> {
    Router::new().route("/v1/inspect", get(inspect))
}

#[derive(Debug, Deserialize)]
struct Asked {
    card: String,
    #[serde(default)]
    place: String,
}

#[derive(Debug, Serialize)]
struct Inspected {
    /// `valid`, `no_tap`, `denied` or `unknown`.
    found: &'static str,
    open_leg: Option<LegShown>,
    taps: Vec<TapShown>,
    concessions: Vec<ConcessionShown>,
}

async fn inspect(
    State(app): State<AppState>,
    Extension(caller): Extension<Caller>,
    Query(asked): Query<Asked>,
) -> Result<Json<Inspected>, ApiError> {
    caller.reads_card(&app, &asked.card, "card_inspect").await?;
    let (token, now) = (Arc::<str>::from(asked.card), app.clock.now());
    let card = app.db.card(&token).await.map_err(failed)?;
    let history = app.db.card_history(&token, now.plus_s(-LOOK_BACK_S)).await.map_err(failed)?;
    let inspected = looked_at(card.as_ref(), &history, &caller);
    let place = asked.place.into();
    let found = inspected.found.into();
    let stored = Inspection { at: now, card: token, who: Arc::clone(&caller.name), place, found };
    app.db.inspection(&stored).await.map_err(failed)?;
    Ok(Json(inspected))
}

fn looked_at(card: Option<&Card>, history: &CardHistory, caller: &Caller) -> Inspected {
    let mine = |row: &&LegRow| caller.sees(&row.leg.agency);
    let on_board = history.legs.iter().filter(mine).rfind(|row| row.leg.status == LegStatus::Open);
    let tapped = !history.taps.is_empty();
    let may_ride = card.is_none_or(|card| matches!(card.state, CardState::Active | CardState::Unregistered));
    let found = match (card, tapped) {
        (None, false) => "unknown",
        _ if !may_ride => "denied",
        (_, false) => "no_tap",
        _ => "valid",
    };
    let taps = history.taps.iter().rev().filter(|tap| caller.sees(&tap.agency));
    Inspected {
        found,
        open_leg: on_board.map(LegShown::of),
        taps: taps.take(TAPS_MAX).map(TapShown::of).collect(),
        concessions: card.map_or_else(Vec::new, ConcessionShown::of),
    }
}
