//! The whole server: build the parts, start the tasks, wait, take everything down in order.

use crate::clock::Clock;
use crate::config::Config;
use crate::driver;
use crate::feeds::Feeds;
use crate::http;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::role::Role;
use crate::state::{App, AppState, PINGS_ACCEPTED_BATCHES_MAX};
use crate::supervise::{Stage, Supervisor};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

/// Runs a server with the machine's clock until `shutdown` is cancelled.
///
/// # Errors
/// What kept it from starting, or the failure that ended it.
pub async fn run(config: Config, listener: TcpListener, shutdown: CancellationToken) -> anyhow::Result<()> {
    run_with(config, Clock::system(), listener, shutdown, |_| {}).await
}

/// [`run`] with another clock; `started` gets the state once every part is built, before the
/// first request is taken (the demo registers its devices there).
///
/// # Errors
/// As [`run`].
pub async fn run_with(
    config: Config,
    clock: Clock,
    listener: TcpListener,
    shutdown: CancellationToken,
    started: impl FnOnce(&AppState),
) -> anyhow::Result<()> {
    let metrics = Metrics::default();
    let mut supervisor = Supervisor::new(metrics.clone());
    let (accepted, committed_pings) = mpsc::channel(PINGS_ACCEPTED_BATCHES_MAX);
    let app = AppState::new(App {
        config,
        clock,
        feeds: Feeds::default(),
        live: Live::new(&metrics, Clock::system().now().s().unsigned_abs()),
        metrics,
        stopping: CancellationToken::new(),
        accepted,
    });

    if app.config.runs(Role::Tracking) {
        let (state, pings) = (app.clone(), Arc::new(Mutex::new(committed_pings)));
        supervisor.start(Stage::Driver, "tracking", move |token| {
            driver::tracking::run(state.clone(), Arc::clone(&pings), token)
        });
    }
    let sockets = app.live.sockets.clone();
    supervisor.start(Stage::Edge, "sockets", move |token| {
        let sockets = sockets.clone();
        async move {
            token.cancelled().await;
            sockets.emptied().await;
            Ok(())
        }
    });

    let listener = Arc::new(listener);
    let router = http::router(&app);
    let state = app.clone();
    supervisor.start(Stage::Edge, "http", move |token| {
        http::accept::serve(Arc::clone(&listener), router.clone(), state.clone(), token)
    });
    started(&app);
    supervisor.run(shutdown, app.stopping.clone()).await
}
