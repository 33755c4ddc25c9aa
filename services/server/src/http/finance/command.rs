//! What operators ask to be done with cards, and a second operator's word on it.

use super::caller::Caller;
use super::{Asked, Page, day, failed, json};
use crate::http::error::ApiError;
use crate::state::AppState;
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use bytes::Bytes;
use fares::command::FOUR_EYES_FROM;
use fares::post::{Bearer, Payer};
use fares::{FareCommand, LegId, Satang};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{CommandAsked, StoredCommand};

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/v1/finance/commands", get(list).post(ask))
        .route("/v1/finance/commands/{id}", get(one))
        .route("/v1/finance/commands/{id}/approve", post(approve))
        .route("/v1/finance/commands/{id}/refuse", post(refuse))
}

async fn list(
    State(app): State<AppState>,
    Query(asked): Query<Asked>,
) -> Result<Json<Page<CommandShown>>, ApiError> {
    let waiting = asked.waiting.is_some_and(|word| word != 0);
    let rows = app.db.fare_commands(waiting, asked.after(), asked.limit()).await.map_err(failed)?;
    let rows = rows.iter().map(|row| (row.id.to_string(), CommandShown::of(row))).collect();
    Ok(Json(Page::of(rows, asked.limit())))
}

async fn one(State(app): State<AppState>, Path(id): Path<i64>) -> Result<Json<CommandShown>, ApiError> {
    let found = app.db.fare_command(id).await.map_err(failed)?;
    found.map(|row| Json(CommandShown::of(&row))).ok_or_else(|| nowhere(id))
}

async fn ask(
    State(app): State<AppState>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Result<Json<CommandShown>, ApiError> {
    let request: Request = json(&body)?;
    let by = caller.actor(&app, &request.reason);
    let stored = app.db.fare_command_ask(&request.asked(&caller)?, &by).await.map_err(failed)?;
    Ok(Json(CommandShown::of(&stored)))
}

async fn approve(
    state: State<AppState>,
    caller: Extension<Caller>,
    id: Path<i64>,
    body: Bytes,
) -> Result<Json<CommandShown>, ApiError> {
    decide(state, caller, id, body, true).await
}

async fn refuse(
    state: State<AppState>,
    caller: Extension<Caller>,
    id: Path<i64>,
    body: Bytes,
) -> Result<Json<CommandShown>, ApiError> {
    decide(state, caller, id, body, false).await
}

async fn decide(
    State(app): State<AppState>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<i64>,
    body: Bytes,
    agrees: bool,
) -> Result<Json<CommandShown>, ApiError> {
    let word: Word = if body.is_empty() { Word::default() } else { json(&body)? };
    let by = caller.actor(&app, &word.reason);
    if !app.db.fare_command_approve(id, agrees, &by).await.map_err(failed)? {
        return Err(ApiError::unprocessable("decided", format!("command {id} waits for nobody")));
    }
    let stored = app.db.fare_command(id).await.map_err(failed)?;
    stored.map(|row| Json(CommandShown::of(&row))).ok_or_else(|| nowhere(id))
}

fn nowhere(id: i64) -> ApiError {
    ApiError::not_found("command", format!("there is no command {id}"))
}

#[derive(Debug, Default, Deserialize)]
struct Word {
    #[serde(default)]
    reason: String,
}

/// What is asked: a key that makes it one request, a reason, and the command.
#[derive(Debug, Deserialize)]
struct Request {
    key: String,
    reason: String,
    #[serde(flatten)]
    command: Wire,
}

/// A command on the wire: `{"kind":"refund","card":…,"amount_satang":1500,"agency":"A"}`.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Wire {
    TopUp {
        card: String,
        amount_satang: i64,
        psp: Option<String>,
        agent: Option<String>,
    },
    Refund {
        card: String,
        amount_satang: i64,
        agency: Option<String>,
    },
    Chargeback {
        card: String,
        amount_satang: i64,
        psp: String,
    },
    LostCard {
        card: String,
        successor: String,
    },
    ForgiveDebt {
        card: String,
    },
    TakeDeposit {
        card: String,
        amount_satang: i64,
        psp: Option<String>,
        agent: Option<String>,
    },
    Close {
        card: String,
    },
    Allow {
        card: String,
    },
    Deny {
        card: String,
    },
    Concede {
        card: String,
        category: String,
        from: String,
        to: String,
    },
    ConfirmTapOff {
        card: String,
        leg: String,
        stop: String,
    },
    Amnesty {
        day: String,
        #[serde(default)]
        routes: Vec<String>,
    },
    ResumeRating {},
}

impl Request {
    fn asked(self, caller: &Caller) -> Result<CommandAsked, ApiError> {
        if self.reason.trim().is_empty() {
            return Err(ApiError::unprocessable("reason", "say why, in reason"));
        }
        let command = self.command.read()?;
        Ok(CommandAsked {
            key: self.key.into(),
            needs_approval: command.needs_four_eyes(FOUR_EYES_FROM),
            command,
            agency: Arc::clone(&caller.agency),
        })
    }
}

impl Wire {
    fn read(self) -> Result<FareCommand, ApiError> {
        let above = |satang: i64| match satang {
            1.. => Ok(Satang(satang)),
            _ => {
                Err(ApiError::unprocessable("amount", format!("amount_satang is {satang}, give one above 0")))
            }
        };
        Ok(match self {
            Self::TopUp { card, amount_satang, psp, agent } => FareCommand::TopUp {
                card: card.into(),
                amount: above(amount_satang)?,
                by: payer(psp, agent)?,
            },
            Self::TakeDeposit { card, amount_satang, psp, agent } => FareCommand::TakeDeposit {
                card: card.into(),
                amount: above(amount_satang)?,
                by: payer(psp, agent)?,
            },
            Self::Refund { card, amount_satang, agency } => FareCommand::Refund {
                card: card.into(),
                amount: above(amount_satang)?,
                borne_by: agency.map_or(Bearer::Goodwill, |agency| Bearer::Agency(agency.into())),
            },
            Self::Chargeback { card, amount_satang, psp } => {
                FareCommand::Chargeback { card: card.into(), amount: above(amount_satang)?, psp: psp.into() }
            }
            Self::LostCard { card, successor } if card == successor => {
                return Err(ApiError::unprocessable("successor", "a card can not be its own successor"));
            }
            Self::LostCard { card, successor } => {
                FareCommand::LostCard { card: card.into(), successor: successor.into() }
            }
            Self::ForgiveDebt { card } => FareCommand::ForgiveDebt { card: card.into() },
            Self::Close { card } => FareCommand::Close { card: card.into() },
            Self::Allow { card } => FareCommand::Allow { card: card.into() },
            Self::Deny { card } => FareCommand::Deny { card: card.into() },
            Self::Concede { card, category, from, to } => {
                let (from, to) = (day(&from)?, day(&to)?);
                if to < from {
                    return Err(ApiError::unprocessable("days", "to is before from"));
                }
                FareCommand::Concede { card: card.into(), category: category.into(), from, to }
            }
            Self::ConfirmTapOff { card, leg, stop } => {
                let leg = LegId::parse(&leg).ok_or_else(|| {
                    ApiError::unprocessable("leg", format!("{leg:?} is no leg, such as T-1/2/77"))
                })?;
                FareCommand::ConfirmTapOff { card: card.into(), leg, stop: stop.into() }
            }
            Self::Amnesty { day: of, routes } => {
                FareCommand::Amnesty { day: day(&of)?, routes: routes.into_iter().map(Into::into).collect() }
            }
            Self::ResumeRating {} => FareCommand::ResumeRating,
        })
    }
}

fn payer(psp: Option<String>, agent: Option<String>) -> Result<Payer, ApiError> {
    match (psp, agent) {
        (Some(psp), None) => Ok(Payer::Psp(psp.into())),
        (None, Some(agent)) => Ok(Payer::Agent(agent.into())),
        _ => Err(ApiError::unprocessable("payer", "give psp or agent, and one of them alone")),
    }
}

/// A command, without its card: who looks for a card asks for its history, which is audited.
#[derive(Debug, Serialize)]
struct CommandShown {
    id: i64,
    key: Arc<str>,
    kind: &'static str,
    amount_satang: Option<i64>,
    who: Arc<str>,
    role: Arc<str>,
    reason: Arc<str>,
    asked_us: i64,
    needs_approval: bool,
    /// `waiting`, `ready`, `refused`, `done` or `failed`.
    state: &'static str,
    detail: Arc<str>,
}

impl CommandShown {
    fn of(row: &StoredCommand) -> Self {
        Self {
            id: row.id,
            key: Arc::clone(&row.asked.key),
            kind: row.asked.command.word(),
            amount_satang: row.asked.command.amount().map(|amount| amount.0),
            who: Arc::clone(&row.who),
            role: Arc::clone(&row.role),
            reason: Arc::clone(&row.reason),
            asked_us: row.at.0,
            needs_approval: row.asked.needs_approval,
            state: row.event.map_or("waiting", store::CommandEvent::word),
            detail: Arc::clone(&row.detail),
        }
    }
}
