//! The simulated terminals against the real server, over HTTP.

use super::*;
use crate::demo::sim::riders::SimTap;
use crate::demo::start::{self, FleetWish};
use crate::demo::network;
use crate::http;
use std::collections::{BTreeMap, HashSet};
use std::net::SocketAddr;
use store::{Access, Db};
use tokio_util::sync::CancellationToken;

/// How fast the demo's clock runs.
const SPEED: f64 = 90.0;
/// How long riders ride, seconds of the demo's clock.
const RIDE_S: f64 = 1_500.0;
/// How long the terminals may take to deliver the last tap, real time.
const PATIENCE: Duration = Duration::from_secs(60);

fn per_terminal<'a>(taps: impl Iterator<Item = &'a SimTap>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for tap in taps {
        *counts.entry(tap.mounting.terminal()).or_default() += 1;
    }
    counts
}

async fn comes_true(what: impl Fn() -> bool) -> bool {
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < PATIENCE {
        if what() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn every_tap_is_stored_once_and_acknowledged_but_for_those_that_offline_terminals_hold() {
    let folder = tempfile::tempdir().expect("a folder");
    network::write_to(&folder.path().join("feed")).expect("the feed");
    let listener = http::accept::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
    let listen = listener.local_addr().expect("an address");
    let config = start::config(listen, folder.path());
    let database = config.database.clone();
    let begin = start::parse("2026-11-24T07:20").expect("an hour");
    let end = begin.plus_s(RIDE_S);
    let wish = FleetWish { seed: 1, vehicles_max: 60, riders: 600, begin, riders_until: end };
    let park = start::town(&config, &wish).await.expect("a town").park;
    let planned = park.riders.day(park.riders.day_of(begin)).taps;
    let offline_from = park.riders.start_of(park.riders.day_of(begin)).plus_s(27_600.0);
    let faults: BTreeMap<String, TerminalFault> =
        park.terminals.iter().map(|t| (t.mounting.terminal(), t.fault)).collect();
    let tokens = Arc::clone(&park.tokens);

    let (clock, tally, shutdown) = (Clock::demo(begin, SPEED), Tally::default(), CancellationToken::new());
    let (_, silent) = watch::channel(false);
    let (top_ups, _wishes) = mpsc::channel(TOP_UPS_WAITING_MAX);
    let base_url = start::base_url(listen);
    let air = Air { clock: clock.clone(), base_url, silent, tally: tally.clone(), top_ups, tell: |_| () };
    let ready = async |_: &_, _: &mut _| Ok(());
    let server = tokio::spawn(crate::run_with(config, clock, listener, shutdown.clone(), ready));
    let terminals = tokio::spawn(run(park, air));

    let all = planned.len() as u64;
    let is_settled = || {
        let (made, acknowledged, lost, held, offline) = tally.counts();
        made == all && made == acknowledged + lost + held.unsigned_abs() && held == offline
    };
    assert!(comes_true(is_settled).await, "{all} planned; {:?}; {}", tally.counts(), tally.words());
    terminals.abort();
    shutdown.cancel();
    server.await.expect("no panic").expect("the server ends well");

    let held_back = |tap: &&SimTap| match faults[&tap.mounting.terminal()] {
        TerminalFault::Silent => true,
        TerminalFault::Offline => tap.at >= offline_from.plus_s(-60.0),
        TerminalFault::Forgets => true,
        _ => false,
    };
    let expected = per_terminal(planned.iter().filter(|tap| !held_back(tap)));
    let db = Db::open(&database, Access::Serve).await.expect("the database");
    let stored = db.taps_after(0, 100_000).await.expect("taps");
    db.close().await;
    let ids: HashSet<_> = stored.iter().map(|(_, tap)| tap.id.clone()).collect();
    let (_, acknowledged, _, held, _) = tally.counts();
    assert_eq!((ids.len(), stored.len() as u64), (stored.len(), acknowledged), "each once, and no more");
    assert!(held > 0, "somebody tapped at a terminal that is offline");
    for (terminal, count) in &expected {
        let got = stored.iter().filter(|(_, tap)| *tap.id.terminal == **terminal).count();
        assert!(got >= *count, "{terminal}: {got} of {count}");
    }
    let silent = faults.iter().find(|(_, fault)| **fault == TerminalFault::Silent).expect("shown").0;
    assert!(!stored.iter().any(|(_, tap)| *tap.id.terminal == **silent));
    let cards: HashSet<&str> = planned.iter().map(|tap| tokens.card(tap.card)).collect();
    assert!(stored.iter().all(|(_, tap)| cards.contains(&*tap.card)), "no card but the riders'");
}
