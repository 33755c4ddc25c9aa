//! A card: what stands on it, and every ride with the reason for its fare.

use super::caller::Caller;
use super::{Asked, day, failed};
use crate::http::error::ApiError;
use crate::state::AppState;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use axum::{Extension, Json, Router};
use fares::{LegId, TapId};
use gtfs::Timestamp;
use serde::Serialize;
use std::sync::Arc;
use store::{Card, CardHistory, LegRow, TapState};

/// How far back a history goes when nobody says: 60 days.
const HISTORY_S: f64 = 60.0 * 86_400.0;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/v1/finance/cards/{card}", get(card))
        .route("/v1/finance/cards/{card}/history", get(history))
}

async fn card(
    State(app): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(token): Path<String>,
) -> Result<Json<CardShown>, ApiError> {
    caller.reads_card(&app, &token, "card_read").await?;
    let token: Arc<str> = token.into();
    let (card, history) = known(&app, &token, app.clock.now()).await?;
    Ok(Json(CardShown::of(&card, &history)))
}

async fn history(
    State(app): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(token): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Json<HistoryShown>, ApiError> {
    caller.reads_card(&app, &token, "card_history_read").await?;
    let from = match &asked.from {
        Some(text) => day(text)?.start(crate::finance::BOOKS_ZONE),
        None => app.clock.now().plus_s(-HISTORY_S),
    };
    let (_, history) = known(&app, &token.into(), from).await?;
    Ok(Json(HistoryShown::of(&history, &caller)))
}

/// The card and its history, or 404.
pub(super) async fn known(
    app: &AppState,
    token: &Arc<str>,
    from: Timestamp,
) -> Result<(Option<Card>, CardHistory), ApiError> {
    let card = app.db.card(token).await.map_err(failed)?;
    let history = app.db.card_history(token, from).await.map_err(failed)?;
    let nothing = history.taps.is_empty() && history.legs.is_empty() && history.balance.0 == 0;
    if card.is_none() && nothing {
        return Err(ApiError::not_found("card", "no such card was ever seen or registered"));
    }
    Ok((card, history))
}

#[derive(Debug, Serialize)]
struct CardShown {
    state: &'static str,
    balance_satang: i64,
    held_satang: i64,
    shown_satang: i64,
    deposit_satang: i64,
    replaced: bool,
    opened_us: Option<i64>,
    concessions: Vec<ConcessionShown>,
    holds: Vec<HoldShown>,
}

/// A rider category on days, both included.
#[derive(Debug, Serialize)]
pub(super) struct ConcessionShown {
    category: Arc<str>,
    from: String,
    to: String,
}

impl ConcessionShown {
    pub(super) fn of(card: &Card) -> Vec<Self> {
        let shown = |given: &store::Concession| Self {
            category: Arc::clone(&given.category),
            from: given.from.to_string(),
            to: given.to.to_string(),
        };
        card.concessions.iter().map(shown).collect()
    }
}

#[derive(Debug, Serialize)]
struct HoldShown {
    leg: String,
    amount_satang: i64,
    since_us: i64,
}

impl CardShown {
    fn of(card: &Option<Card>, history: &CardHistory) -> Self {
        let held: i64 = history.holds.iter().map(|hold| hold.amount.0).sum();
        let hold = |hold: &store::ledger::Hold| HoldShown {
            leg: hold.leg.to_string(),
            amount_satang: hold.amount.0,
            since_us: hold.set.0,
        };
        Self {
            state: card.as_ref().map_or("unregistered", |card| card.state.word()),
            balance_satang: history.balance.0,
            held_satang: held,
            shown_satang: history.balance.0.saturating_sub(held),
            deposit_satang: card.as_ref().map_or(0, |card| card.deposit.0),
            replaced: card.as_ref().is_some_and(|card| card.replaced_by.is_some()),
            opened_us: card.as_ref().map(|card| card.opened.0),
            concessions: card.as_ref().map_or_else(Vec::new, ConcessionShown::of),
            holds: history.holds.iter().map(hold).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct HistoryShown {
    legs: Vec<LegShown>,
    taps: Vec<TapShown>,
}

/// A ride, and why it costs what it costs: `charge = alone + transfer + capped`.
#[derive(Debug, Serialize)]
pub(super) struct LegShown {
    leg: String,
    rev: u32,
    status: &'static str,
    service_day: String,
    agency: Arc<str>,
    network: Arc<str>,
    route: Arc<str>,
    trip: Arc<str>,
    vehicle: Arc<str>,
    from: Arc<str>,
    to: Arc<str>,
    start_us: i64,
    end_us: i64,
    tap_off: Option<String>,
    price: PriceShown,
    share_satang: Option<i64>,
}

#[derive(Debug, Serialize)]
struct PriceShown {
    full_satang: i64,
    alone_satang: i64,
    transfer_satang: i64,
    capped_satang: i64,
    charge_satang: i64,
    tariff: Arc<str>,
    product: Arc<str>,
    transfer_after: Option<String>,
    cap: Option<Arc<str>>,
}

#[derive(Debug, Serialize)]
pub(super) struct TapShown {
    tap: String,
    rev: u32,
    kind: &'static str,
    riders: u8,
    t_us: i64,
    time_from: Arc<str>,
    within_ms: i64,
    fate: Arc<str>,
    leg: Option<String>,
    agency: Arc<str>,
    vehicle: Arc<str>,
    trip: Arc<str>,
    stop: Arc<str>,
}

impl HistoryShown {
    fn of(history: &CardHistory, caller: &Caller) -> Self {
        let legs = history.legs.iter().filter(|row| caller.sees(&row.leg.agency));
        let taps = history.taps.iter().filter(|tap| caller.sees(&tap.agency));
        Self { legs: legs.map(LegShown::of).collect(), taps: taps.map(TapShown::of).collect() }
    }
}

impl LegShown {
    pub(super) fn of(row: &LegRow) -> Self {
        let (leg, price) = (&row.leg, &row.leg.price);
        Self {
            leg: leg.id.to_string(),
            rev: row.rev,
            status: leg.status.word(),
            service_day: leg.service_day.to_string(),
            agency: Arc::clone(&leg.agency),
            network: Arc::clone(&leg.network),
            route: Arc::clone(&leg.route),
            trip: Arc::clone(&leg.trip),
            vehicle: Arc::clone(&leg.vehicle),
            from: Arc::clone(&leg.from),
            to: Arc::clone(&leg.to),
            start_us: leg.start.0,
            end_us: leg.end.0,
            tap_off: leg.off.as_ref().map(TapId::to_string),
            price: PriceShown {
                full_satang: price.full.0,
                alone_satang: price.alone.0,
                transfer_satang: price.transfer.0,
                capped_satang: price.capped.0,
                charge_satang: price.charge.0,
                tariff: Arc::clone(&price.tariff),
                product: Arc::clone(&price.product),
                transfer_after: price.after.as_ref().map(LegId::to_string),
                cap: price.cap.clone(),
            },
            share_satang: row.share.as_ref().map(|share| share.amount.0),
        }
    }
}

impl TapShown {
    pub(super) fn of(tap: &TapState) -> Self {
        Self {
            tap: tap.id.to_string(),
            rev: tap.rev,
            kind: tap.kind.word(),
            riders: tap.pax,
            t_us: tap.t.0,
            time_from: Arc::clone(&tap.method),
            within_ms: tap.bound_ms,
            fate: Arc::clone(&tap.fate),
            leg: tap.leg.as_ref().map(LegId::to_string),
            agency: Arc::clone(&tap.agency),
            vehicle: Arc::clone(&tap.vehicle),
            trip: Arc::clone(&tap.trip),
            stop: Arc::clone(&tap.stop),
        }
    }
}
