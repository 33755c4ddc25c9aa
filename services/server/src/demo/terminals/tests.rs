//! The simulated terminals: one by one, and against the real server over HTTP.

use super::*;
use crate::demo::network;
use crate::demo::sim::World;
use crate::demo::sim::riders::SimTap;
use crate::demo::start::{self, FleetWish};
use crate::http;
use crate::ingest::taps::deny::{hash_of, text_of};
use crate::terminal::{Moment, Reply, ReplyDelta};
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
    let mut config = start::config(listen, folder.path());
    // Nobody is priced here: who had no money would be refused, and walk, and not make all the taps that were planned.
    config.roles.retain(|role| role != crate::role::Role::Fares.word());
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
    let all = planned.len() as u64;
    let is_settled = || {
        let (made, acknowledged, lost, held, offline) = tally.counts();
        made == all && made == acknowledged + lost + held.unsigned_abs() && held == offline
    };
    let server = crate::run_with(config, clock, listener, shutdown.clone(), ready);
    let riding = async {
        let settled = tokio::select! {
            () = run(park, air) => false,
            settled = comes_true(is_settled) => settled,
        };
        shutdown.cancel();
        settled
    };
    let (ended, settled) = tokio::join!(server, riding);
    ended.expect("the server ends well");
    assert!(settled, "{all} planned; {:?}; {}", tally.counts(), tally.words());

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

/// Riders of a whole Tuesday, the day, and their cards.
fn tuesday() -> (Riders, Arc<Today>, Tokens) {
    let feed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ops/sample-network/feed");
    let loaded = gtfs::load(gtfs::Source::Path(feed.as_ref())).expect("the sample network loads");
    let world = Arc::new(World { timetable: Arc::new(loaded.timetable), seed: 1 });
    let noon = start::parse("2026-11-24T12:00").expect("an hour");
    let riders = Riders::new(&world, world.fleet(noon, 60), 300, Timestamp(0), Timestamp(i64::MAX));
    let today = Arc::new(Today::of(&riders, riders.day_of(noon)));
    (riders, today, Tokens::of(300, &[7; 32]).expect("tokens"))
}

/// The bus on which most cards are tapped.
fn busiest(riders: &Riders, today: &Today) -> Mounting {
    let buses = riders.mountings().into_iter().filter(|mounting| matches!(mounting, Mounting::Bus(_)));
    buses.max_by_key(|bus| today.taps(bus).len()).expect("a bus")
}

fn text(post: &Post) -> String {
    String::from_utf8(post.memory.request(&Moment::default(), 500, false).body).expect("text")
}

#[test]
fn a_denied_card_is_refused_once_and_its_rider_walks() {
    let (riders, today, tokens) = tuesday();
    let all: Vec<SimTap> = riders.day(today.day).taps;
    let first = all.iter().find(|tap| tap.kind == crate::terminal::TapKind::On).expect("a ferry ride");
    let card = tokens.card(first.card);
    let list = ReplyDelta { ver: 1, add: vec![text_of(hash_of(card))], ..ReplyDelta::default() };
    let journey: Vec<&SimTap> =
        all.iter().filter(|tap| (tap.card, tap.journey) == (first.card, first.journey)).collect();
    assert!(journey.len() >= 2);
    let tally = Tally::default();
    let mut posts: BTreeMap<Mounting, Post> = BTreeMap::new();
    for tap in &journey {
        let post = posts.entry(tap.mounting.clone()).or_insert_with_key(|mounting| {
            let mut post = Post::new(mounting.clone(), TerminalFault::None, today.start);
            assert!(post.memory.deny.apply(&list));
            post.turn_to(&today, today.start);
            post
        });
        post.take_taps(tap.at, &tokens, &tally);
    }
    let said: String = posts.values().map(text).collect();
    assert_eq!(
        said.matches("\"out\":\"denied:list\"").count(),
        1,
        "only at the first terminal of the journey"
    );
    assert_eq!(said.matches(card).count(), 1);
}

#[test]
fn a_worn_flash_loses_a_tap_says_which_and_is_replaced_when_the_rest_is_settled() {
    let (riders, today, tokens) = tuesday();
    let tally = Tally::default();
    let mut post = Post::new(busiest(&riders, &today), TerminalFault::Forgets, today.start);
    let at = |hour: f64| today.start.plus_s(hour * HOUR_S);
    post.turn_to(&today, at(7.9));
    post.take_taps(at(7.9), &tokens, &tally);
    let last = post.memory.last_seq();
    assert!(last >= 3, "{last} taps before eight");
    post.suffer(at(8.1), &tally);
    post.replace_flash(at(8.1));
    let sent = post.memory.request(&Moment::default(), 500, false);
    assert_eq!((sent.seqs.contains(&(last - 1)), sent.seqs.contains(&last)), (false, true));
    post.memory
        .answered(&sent, &Reply { ack: last - 2, resend: vec![(last - 1, last - 1)], ..Reply::default() });
    post.replace_flash(at(8.1));
    assert_eq!(post.memory.epoch(), 1, "what is not settled is not thrown away");
    assert!(text(&post).contains(&format!("\"lost\":[[{0},{0}]]", last - 1)));
    let sent = post.memory.request(&Moment::default(), 500, false);
    post.memory.answered(&sent, &Reply { ack: last, ..Reply::default() });
    post.replace_flash(at(8.1));
    assert_eq!((post.memory.epoch(), post.memory.last_seq()), (2, 0));
}

#[test]
fn a_terminal_without_power_begins_another_boot_and_one_with_a_wrong_clock_still_counts_right() {
    let (riders, today, tokens) = tuesday();
    let (tally, bus) = (Tally::default(), busiest(&riders, &today));
    let at = |hour: f64| today.start.plus_s(hour * HOUR_S);
    let mut post = Post::new(bus.clone(), TerminalFault::Reboots, at(8.0));
    post.turn_to(&today, at(8.0));
    assert_eq!(post.up_ms(at(8.9)), 3_540_000, "it was on for five minutes at eight");
    post.suffer(at(8.9), &tally);
    assert_eq!(post.up_ms(at(8.9)), 3_540_000);
    post.suffer(at(9.0), &tally);
    assert_eq!(post.up_ms(at(9.0)), 0);

    let mut post = Post::new(bus, TerminalFault::ClockBehind, at(6.0));
    post.turn_to(&today, at(6.0));
    post.take_taps(at(10.0), &tokens, &tally);
    assert_eq!(post.wall(at(10.0)), "2026-11-24T07:00:00.000+07:00");
    assert_eq!(post.up_ms(at(10.0)), 4 * 3_600_000 + 300_000);
    assert_eq!(post.clock_s(at(10.0)), at(7.0).s());
}

#[test]
fn a_duty_ends_with_its_totals() {
    let (riders, today, tokens) = tuesday();
    let (tally, bus) = (Tally::default(), busiest(&riders, &today));
    let shift = today.shift(&bus).expect("a duty");
    let mut post = Post::new(bus.clone(), TerminalFault::None, shift.from.plus_s(-600.0));
    post.turn_to(&today, shift.from.plus_s(-600.0));
    assert!(!post.is_awake(shift.from.plus_s(-600.0)));
    post.begin_duty(shift.from.plus_s(-200.0));
    post.take_taps(shift.to, &tokens, &tally);
    post.end_duty(shift.to);
    assert!(text(&post).contains("\"audit\":[]"), "somebody may still tap");
    post.end_duty(shift.to.plus_s(200.0));
    let taps = today.taps(&bus).len();
    let total = format!("\"audit\":[{{\"shift\":\"{}\",\"from\":1,\"to\":{taps},\"n\":{taps},", shift.name);
    assert!(text(&post).contains(&total), "{total}");
}
