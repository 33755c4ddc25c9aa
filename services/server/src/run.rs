//! The whole server: build the parts, start the tasks, wait, take everything down in order.

use crate::clock::Clock;
use crate::config::Config;
use crate::driver;
use crate::driver::visits::VISITS_QUEUED_MAX;
use crate::feeds::Feeds;
use crate::http;
use crate::ingest::seal::{self, ServerKey};
use crate::ingest::taps::quote::Quotes;
use crate::ingest::taps::{self, Taps};
use crate::ingest::{self, Ingest};
use crate::live::{Live, Relay};
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::prices;
use crate::rating::Rating;
use crate::role::Role;
use crate::state::{AcceptedPings, App, AppState, PINGS_ACCEPTED_BATCHES_MAX};
use crate::supervise::{Stage, Supervisor};
use crate::tenure::Office;
use anyhow::Context;
use std::sync::Arc;
use store::Db;
use store::bus::Bus;
use store::writer::{CommitReport, WriterLimits};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

/// Runs a server with the machine's clock until `shutdown` is cancelled.
///
/// # Errors
/// What kept it from starting, or the failure that ended it.
pub async fn run(config: Config, listener: TcpListener, shutdown: CancellationToken) -> anyhow::Result<()> {
    run_with(config, Clock::system(), listener, shutdown, async |_, _| Ok(())).await
}

/// [`run`] with another clock. `ready` is called once every part is built and before the first request
/// is taken; it may register devices and start tasks of its own (the demo's fleet).
///
/// # Errors
/// As [`run`].
pub async fn run_with(
    config: Config,
    clock: Clock,
    listener: TcpListener,
    shutdown: CancellationToken,
    ready: impl AsyncFnOnce(&AppState, &mut Supervisor) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let server_key = server_key(&config)?;
    let tariffs = prices::of_files(&config.fares.tariff)?;
    let metrics = Metrics::default();
    let mut supervisor = Supervisor::new(metrics.clone());
    let db = Db::connect(&config.database).await.context("the database can not be opened")?;
    let (writer, task) = store::writer::writer(&db, WriterLimits::default());
    let counted = metrics.clone();
    let task = task.observed_by(move |report: &CommitReport| counted.committed(report.rows, report.took_s));
    supervisor.start_once(Stage::Storage, "writer", |token| async { Ok(task.run(token).await?) });
    let taps = take_taps(&db, &metrics, &mut supervisor);
    let (accepted, committed_pings) = mpsc::channel(PINGS_ACCEPTED_BATCHES_MAX);
    let bus = join_bus(&config, &mut supervisor)?;
    let app = AppState::new(App {
        config,
        clock,
        db,
        writer,
        ingest: Ingest::new(server_key),
        taps,
        quotes: Quotes::default(),
        rating: Rating::new(&metrics),
        tariffs,
        proposing: Mutex::default(),
        feeds: Feeds::default(),
        live: Live::new(
            &metrics,
            bus.clone().map_or_else(Relay::default, Relay::over),
            Clock::system().now().s().unsigned_abs(),
        ),
        office: Office::new(&metrics),
        metrics,
        stopping: CancellationToken::new(),
        accepted,
    });

    if app.config.runs(Role::Tracking) {
        track(&app, &mut supervisor, committed_pings, bus.is_some());
    }
    if app.config.runs(Role::Fares) {
        let state = app.clone();
        supervisor.start(Stage::Driver, "fares", move |token| driver::fares::run(state.clone(), token));
    }
    if app.config.runs(Role::Ingest) && bus.is_none() {
        let state = app.clone();
        supervisor
            .start(Stage::Driver, "company", move |token| driver::lease::keep_company(state.clone(), token));
    }
    if app.config.runs(Role::Web) {
        // Alone on its bus a process that stands by shows the timetable.
        let (state, bus) = (app.clone(), bus.unwrap_or_else(Bus::local));
        supervisor.start(Stage::Driver, "relay", move |token| {
            driver::relay::run(state.clone(), bus.clone(), token)
        });
    }
    let state = app.clone();
    supervisor.start(Stage::Driver, "feed", move |token| driver::feed::run(state.clone(), token));
    if app.config.runs(Role::Web) {
        let state = app.clone();
        supervisor.start(Stage::Driver, "panels", move |token| driver::panels::run(state.clone(), token));
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

    let state = app.clone();
    supervisor.start(Stage::Driver, "retention", move |token| driver::retention::run(state.clone(), token));

    ready(&app, &mut supervisor).await?;
    if app.config.runs(Role::Ingest) {
        ingest::restore(&app).await.context("the stored state of ingest can not be read")?;
        let state = app.clone();
        supervisor.start(Stage::Driver, "ingest", move |token| ingest::follow(state.clone(), token));
        let state = app.clone();
        supervisor.start(Stage::Driver, "terminals", move |token| taps::follow(state.clone(), token));
        listen_for_legacy(&app, &mut supervisor)?;
    }
    let address = listener.local_addr()?;
    let listener = Arc::new(listener);
    let router = http::router(&app);
    let state = app.clone();
    supervisor.start(Stage::Edge, "http", move |token| {
        http::accept::serve(Arc::clone(&listener), router.clone(), state.clone(), token)
    });
    say_started(&app, address);
    let outcome = supervisor.run(shutdown, app.stopping.clone()).await;
    app.db.close().await;
    outcome
}

/// Starts the writer of taps.
fn take_taps(db: &Db, metrics: &Metrics, supervisor: &mut Supervisor) -> Taps {
    let (writer, task) = store::tap::tap_writer(db, WriterLimits::default());
    let counted = metrics.clone();
    let task = task.observed_by(move |report: &CommitReport| counted.committed(report.rows, report.took_s));
    supervisor.start_once(Stage::Storage, "taps", |token| async { Ok(task.run(token).await?) });
    Taps::new(writer)
}

/// Joins this process to the others on the same database; `None` when it is alone.
fn join_bus(config: &Config, supervisor: &mut Supervisor) -> anyhow::Result<Option<Bus>> {
    if config.bus == "local" {
        return Ok(None);
    }
    // Processes that share a database belong together, however each spells its address.
    let name = config.database.rsplit('/').next().unwrap_or_default();
    let name = name.split('?').next().unwrap_or_default();
    let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).collect();
    let (bus, link) = Bus::linked(&config.bus, &name, rand::random())
        .context("bus: use local, or the address of a Redis server, such as redis://127.0.0.1")?;
    supervisor.start_once(Stage::Storage, "bus", |token| async move {
        link.run(token).await;
        Ok(())
    });
    Ok(Some(bus))
}

/// Starts the tracking core with its lease, and the way of its visits and of what it learns to the database.
fn track(
    app: &AppState,
    supervisor: &mut Supervisor,
    committed: mpsc::Receiver<AcceptedPings>,
    is_joined: bool,
) {
    // Goes down with the storage: the lease is given back when everything observed is stored.
    let state = app.clone();
    supervisor.start(Stage::Storage, "lease", move |token| driver::lease::run(state.clone(), token));
    let (visits, queued) = mpsc::channel(VISITS_QUEUED_MAX);
    let memory = Arc::new(Memory::new(&app.metrics));
    let (state, pings, learned) = (app.clone(), Arc::new(Mutex::new(committed)), Arc::clone(&memory));
    supervisor.start(Stage::Driver, "tracking", move |token| {
        driver::tracking::run(state.clone(), Arc::clone(&pings), visits.clone(), Arc::clone(&learned), token)
    });
    let state = app.clone();
    supervisor.start(Stage::Storage, "learned", move |token| {
        driver::learned::run(state.clone(), Arc::clone(&memory), token)
    });
    let (state, queued) = (app.clone(), Arc::new(Mutex::new(queued)));
    supervisor.start(Stage::Driver, "visits", move |token| {
        driver::visits::run(state.clone(), Arc::clone(&queued), token)
    });
    let (state, always) = (app.clone(), is_joined || !app.config.runs(Role::Ingest));
    supervisor.start(Stage::Driver, "others", move |token| driver::others::run(state.clone(), always, token));
}

/// Opens the legacy OsmAnd listener when it is configured.
fn listen_for_legacy(app: &AppState, supervisor: &mut Supervisor) -> anyhow::Result<()> {
    let Some(address) = app.config.osmand_listen()? else { return Ok(()) };
    let listener = http::accept::bind(address)
        .with_context(|| format!("ingest.osmand_listen: {address} can not be listened on"))?;
    let (listener, router, state) = (Arc::new(listener), http::legacy_router(app), app.clone());
    supervisor.start(Stage::Edge, "osmand", move |token| {
        http::accept::serve(Arc::clone(&listener), router.clone(), state.clone(), token)
    });
    Ok(())
}

/// Keys are needed where pings and taps come in and where days are sealed; other roles do without the file.
fn server_key(config: &Config) -> anyhow::Result<ServerKey> {
    if !config.runs(Role::Ingest) && !config.runs(Role::Fares) {
        return Ok(ServerKey::passing());
    }
    ServerKey::open(&seal::path_of(&config.server_key, &config.database)?)
}

/// One line for whoever started it.
fn say_started(app: &AppState, address: std::net::SocketAddr) {
    let devices = app.ingest.registry.len();
    let database = crate::config::redact(&app.config.database);
    tracing::info!("serving on http://{address}, roles {}, database {database}", app.config.roles.join(","));
    if app.config.runs(Role::Ingest) && devices == 0 {
        tracing::info!("no device is registered yet; see padriew device add --help");
    }
}
