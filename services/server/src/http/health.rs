//! `/healthz`: the process is alive. `/readyz`: it can do its work. No login, no internals.

use crate::role::Role;
use crate::state::AppState;
use crate::tenure::Standing;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use store::writer::WriterHealth;

/// The routes of this file.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready))
}

/// Alive it is also while rides wait to be priced: taps go on being taken.
async fn alive(State(app): State<AppState>) -> String {
    app.rating.halted().map_or_else(|| "ok\n".to_owned(), |why| format!("ok\nrating is halted: {why}\n"))
}

async fn ready(State(app): State<AppState>) -> (StatusCode, Json<Readiness>) {
    let readiness = Readiness::of(&app);
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    checks: Vec<Check>,
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    says: String,
}

impl Readiness {
    fn of(app: &AppState) -> Self {
        let mut checks = vec![running(app), writer("store", &app.writer.health()), timetable(app)];
        if app.config.runs(Role::Ingest) {
            checks.push(writer("taps", &app.taps.writer.health()));
        }
        if app.config.runs(Role::Tracking) {
            checks.push(tracking(app));
        }
        if app.config.runs(Role::Fares) {
            checks.push(rating(app));
        }
        Self { ready: checks.iter().all(|check| check.ok), checks }
    }
}

fn running(app: &AppState) -> Check {
    let ok = !app.stopping.is_cancelled();
    let says = if ok { "the process takes requests" } else { "the process is shutting down" };
    Check { name: "process", ok, says: says.to_owned() }
}

/// A commit that takes longer than this means that the disk is stuck, seconds.
const COMMIT_S_MAX: f64 = 2.0;
/// Above this the queue refuses live pings.
const QUEUE_FILL_MAX: f32 = 0.75;

fn writer(name: &'static str, health: &WriterHealth) -> Check {
    let (ok, says) = if let Some(reason) = &health.stopped {
        (false, format!("the store has stopped: {reason}"))
    } else if health.committing_s > COMMIT_S_MAX {
        (false, format!("a commit has been running for {:.1} s", health.committing_s))
    } else if health.live_fill_ratio > QUEUE_FILL_MAX {
        (false, format!("the queue to the store is {:.0} % full", health.live_fill_ratio * 100.0))
    } else {
        (true, "the store commits".to_owned())
    };
    Check { name, ok, says }
}

fn timetable(app: &AppState) -> Check {
    let needed = app.config.runs(Role::Tracking) || app.config.runs(Role::Web);
    let (ok, says) = match app.feeds.current() {
        Some(timetable) => (true, format!("a timetable of {} trips is in force", timetable.trips.len())),
        None if needed => (false, "no timetable is loaded yet; give one with --gtfs".to_owned()),
        None => (true, "this process needs no timetable".to_owned()),
    };
    Check { name: "timetable", ok, says }
}

/// Taps are taken while rating is halted: the process is ready.
fn rating(app: &AppState) -> Check {
    let says = app.rating.halted();
    let says = says.map_or_else(|| "rides are priced".to_owned(), |why| format!("rating is halted: {why}"));
    Check { name: "rating", ok: true, says }
}

/// A process that tracks is ready, and so is one that stands by for it.
fn tracking(app: &AppState) -> Check {
    let (ok, says) = match app.office.standing() {
        Standing::Holding(tenure) => (true, format!("this process tracks, epoch {}", tenure.lease.epoch)),
        Standing::Standby(Some(pid)) => (true, format!("standing by: process {pid} tracks")),
        Standing::Standby(None) => (true, "standing by: another process tracks".to_owned()),
        Standing::Unknown => (false, "the database does not say who tracks".to_owned()),
    };
    Check { name: "tracking", ok, says }
}
