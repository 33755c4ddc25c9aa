//! The demo's cash desk: simulated riders register, and pay in, by the commands that a real desk would give.

use super::sim::riders::{Category, Rider, SimTopUp};
use super::terminals::{Tally, Tokens};
use crate::ingest::enroll::local_actor;
use crate::state::AppState;
use fares::FareCommand;
use fares::post::Payer;
use gtfs::ServiceDay;
use std::sync::Arc;
use store::{CommandAsked, StoreError};
use tokio::sync::mpsc;

/// Who asks.
const WHO: &str = "padriew demo (simulated)";
/// The payment service of the demo; there is none behind it.
const PSP: &str = "simulated";
/// The first and last day of a simulated concession.
const CONCESSION_DAYS: (&str, &str) = ("20260101", "20271231");

/// Registers concessions, then takes what riders wish to pay in.
pub(crate) async fn run(
    app: AppState,
    tokens: Arc<Tokens>,
    riders: Vec<Rider>,
    mut wishes: mpsc::Receiver<SimTopUp>,
    tally: Tally,
) {
    for rider in &riders {
        let asked = concession(rider, tokens.card(rider.card).into());
        if let Some(asked) = asked {
            ask(&app, &asked).await;
        }
    }
    let mut number = 0_u64;
    while let Some(wish) = wishes.recv().await {
        number += 1;
        tally.top_up_wished(wish.satang);
        let (card, by) = (tokens.card(wish.card).into(), Payer::Psp(PSP.into()));
        let command = FareCommand::TopUp { card, amount: wish.satang, by };
        let key = format!("demo-{number}").into();
        ask(&app, &CommandAsked { key, command, agency: "".into(), needs_approval: false }).await;
    }
}

/// What a rider who is not an adult is entitled to.
fn concession(rider: &Rider, card: Arc<str>) -> Option<CommandAsked> {
    let category = match rider.category {
        Category::Adult => return None,
        Category::Senior => "senior",
        Category::Student => "student",
        Category::Monk => "free",
    };
    let (from, to) = (ServiceDay::parse(CONCESSION_DAYS.0)?, ServiceDay::parse(CONCESSION_DAYS.1)?);
    let command = FareCommand::Concede { card, category: category.into(), from, to };
    let key = format!("demo-rider-{}", rider.card).into();
    Some(CommandAsked { key, command, agency: "".into(), needs_approval: false })
}

async fn ask(app: &AppState, asked: &CommandAsked) {
    let by = local_actor(app.clock.now(), WHO);
    let answer: Result<_, StoreError> = app.db.fare_command_ask(asked, &by).await;
    if let Err(failure) = answer {
        tracing::warn!(%failure, "a simulated rider could not be served");
    }
}
