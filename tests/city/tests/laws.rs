//! The laws of tracking, in simulated towns: a morning of each world takes a second or two.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test may")]

use city::laws::Watcher;
use city::operate::Operation;
use city::told::{Outcome, Told};
use city::walk::{Plan, walk};
use city::{Day, Devices, Network, World};
use gtfs::Timetable;
use std::sync::Arc;
use tracking::Effect;
use tracking::replay::{Recording, Row};

/// The hours of a weekday morning, of which everything heard is played.
const HOURS: std::ops::Range<f64> = 5.0..9.0;

/// A weekday morning in a world.
struct Morning {
    network: Network,
    day: Day,
    heard: Recording,
    timetable: Arc<Timetable>,
    /// When it ends, seconds of the day.
    end_s: f64,
}

impl Morning {
    fn of(world: &World) -> Self {
        Self::until(world, HOURS.end)
    }

    /// The same until another hour.
    fn until(world: &World, hour: f64) -> Self {
        let network = Network::new("");
        let mut day = Day::new(world, &network, 0, city::days(1)[0]);
        let mut heard = day.recording(world, &network);
        let end_s = hour * 3600.0;
        heard.rows.retain(|row| row.received.since_s(day.midnight) < end_s);
        // The last ten minutes are nobody's: what is told then comes after the end.
        day.visits.retain(|visit| visit.departure_s.or(visit.arrival_s).unwrap_or(0.0) < end_s);
        let timetable = Arc::new(network.timetable(&city::days(7)).unwrap());
        Self { network, day, heard, timetable, end_s }
    }

    fn play(&self, heard: &Recording) -> Seen {
        self.told(heard, false)
    }

    /// Plays, and hashes every effect when `bytes` are asked for.
    fn told(&self, heard: &Recording, bytes: bool) -> Seen {
        let mut seen = Seen::default();
        let mut operation = Operation::new(Arc::clone(&self.timetable));
        let quiet_s = self.end_s - 2_400.0;
        operation.play(heard, |now, effect| {
            seen.watcher.see(now, effect);
            // Of what is told near the end nobody knows the outcome.
            if !matches!(effect, Effect::TripUpdate(_)) || now.since_s(self.day.midnight) < quiet_s {
                seen.told.see(now, effect);
            }
            let text = if bytes { format!("{now:?} {effect:?}\n") } else { String::new() };
            seen.hash = text.bytes().fold(seen.hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(FNV));
            if let Effect::Visit(visit) = effect {
                seen.visits.push(format!("{visit:?}"));
            }
        });
        seen.outcome = seen.told.outcome(&self.timetable, &self.network, &self.day);
        eprintln!("{} rows, {:?}\n{}", heard.rows.len(), seen.outcome, seen.watcher.breaches.worst());
        seen
    }
}

/// FNV-1a's prime.
const FNV: u64 = 0x0100_0000_01b3;

#[derive(Default)]
struct Seen {
    watcher: Watcher,
    told: Told,
    outcome: Outcome,
    /// Of every effect and its time.
    hash: u64,
    visits: Vec<String>,
}

/// Plays a world and holds it to the laws.
fn lawful(world: &World) -> Outcome {
    let morning = Morning::of(world);
    let seen = morning.play(&morning.heard);
    assert!(seen.watcher.breaches.looked_at > 50_000);
    assert!(seen.watcher.breaches.laws.is_empty(), "{}", seen.watcher.breaches.worst());
    assert_eq!(seen.outcome.cancelled, 0);
    assert!(seen.outcome.served > 2_400, "{:?}", seen.outcome);
    // What is taken back to be told anew is a rare mistake about a vehicle on its way to its first stop.
    let begun_anew = seen.watcher.breaches.begun_anew;
    assert!(begun_anew * 10_000 <= morning.heard.rows.len() as u64, "{begun_anew} trips begun anew");
    seen.outcome
}

#[test]
fn in_the_world_of_the_model_every_law_holds_and_nearly_every_call_is_seen() {
    let outcome = lawful(&World::own(1));
    assert!(outcome.unvisited_share() <= 0.005, "{outcome:?}");
    assert!(outcome.visit_off_s() <= 6.0, "{outcome:?}");
    assert!(outcome.ghost_share() <= 0.005, "{outcome:?}");
    assert_eq!(outcome.wrong_skips, 0);
}

#[test]
fn closed_streets_exchanged_vehicles_and_wrong_clocks_break_no_law() {
    let outcome = lawful(&World::troubled(2));
    assert!(outcome.ghost_share() <= 0.005, "{outcome:?}");
    assert!(outcome.unvisited_share() <= 0.02, "{outcome:?}");
}

#[test]
fn most_calls_passed_round_are_told_skipped_and_none_that_is_served() {
    let mut outcome = Outcome::default();
    for seed in [12, 13] {
        let world = World { closures: 12, ..World::troubled(seed) };
        let morning = Morning::until(&world, 12.5);
        let seen = morning.play(&morning.heard);
        assert!(seen.watcher.breaches.laws.is_empty(), "{}", seen.watcher.breaches.worst());
        outcome += seen.outcome;
    }
    assert!(outcome.passed_round >= 20, "{outcome:?}");
    // Where the way round is back within 60 m of a stop, nobody can see that the stop was not served.
    assert!(outcome.known_skips * 2 > outcome.passed_round, "{outcome:?}");
    assert_eq!(outcome.wrong_skips, 0, "{outcome:?}");
}

#[test]
fn tails_crashes_and_wrong_shapes_break_no_law() {
    for world in [World::heavy_tails(3), World::incidents(4), World::wrong_shapes(5)] {
        let outcome = lawful(&world);
        assert!(outcome.ghost_share() <= 0.005, "{outcome:?}");
        assert!(outcome.unvisited_share() <= 0.02, "{outcome:?}");
    }
}

#[test]
fn vehicles_that_come_late_and_cross_their_line_on_the_way_break_no_law() {
    let outcome = lawful(&World { late_pull_outs: 0.5, ..World::own(3) });
    assert!(outcome.ghost_share() <= 0.005, "{outcome:?}");
}

#[test]
fn silence_never_cancels() {
    let devices = Devices { silent: 0.3, lost: 0.2, ..Devices::default() };
    let outcome = lawful(&World { devices, ..World::own(6) });
    assert_eq!(outcome.cancelled, 0);
}

#[test]
fn without_a_single_claim_no_law_is_broken_either() {
    let devices = Devices { claims: false, ..Devices::default() };
    let morning = Morning::of(&World { devices, ..World::own(7) });
    let seen = morning.play(&morning.heard);
    let breaches = &seen.watcher.breaches;
    assert!(breaches.laws.is_empty(), "{}", breaches.worst());
    // A vehicle put on the wrong trip is placed anew when it leaves that line: nothing claimed better.
    assert!(breaches.begun_anew * 200 <= morning.heard.rows.len() as u64, "{}", breaches.begun_anew);
    assert_eq!(seen.outcome.cancelled, 0);
}

#[test]
fn the_same_log_gives_the_same_bytes() {
    let morning = Morning::of(&World::troubled(8));
    let (once, again) = (morning.told(&morning.heard, true), morning.told(&morning.heard, true));
    assert!(once.hash == again.hash, "the same log gave other bytes");
}

#[test]
fn a_log_in_which_everything_comes_twice_ends_in_the_same_state() {
    let morning = Morning::of(&World::own(9));
    let doubled: Vec<Row> = morning.heard.rows.iter().flat_map(|row| [row.clone(), row.clone()]).collect();
    let doubled = Recording { rows: doubled, period_s: morning.heard.period_s, ..Recording::default() };
    let (once, twice) = (morning.told(&morning.heard, true), morning.told(&doubled, true));
    assert!(once.hash == twice.hash, "repeats changed what was told");
}

#[test]
fn vehicles_heard_in_another_order_within_a_second_make_the_same_visits() {
    let morning = Morning::of(&World::own(10));
    let mut permuted = morning.heard.clone();
    // All of one second at the end of it: once in order of vehicles, once in the reverse.
    for row in &mut permuted.rows {
        row.received = gtfs::Timestamp::from_s(row.received.s() + 1);
    }
    permuted
        .rows
        .sort_by(|a, b| (a.received, &a.vehicle, a.report.t).cmp(&(b.received, &b.vehicle, b.report.t)));
    let forward = morning.play(&permuted);
    permuted
        .rows
        .sort_by(|a, b| (a.received, &b.vehicle, a.report.t).cmp(&(b.received, &a.vehicle, b.report.t)));
    let backward = morning.play(&permuted);
    let sorted = |mut visits: Vec<String>| {
        visits.sort();
        visits
    };
    assert!(sorted(forward.visits) == sorted(backward.visits), "another order made other visits");
}

#[test]
fn in_the_world_of_the_model_eighty_percent_intervals_hold_in_every_horizon() {
    let mut world = World::own(1);
    world.devices.period_s = 30.0;
    let mut seen = 0;
    walk(&Plan::new(world, 1), |walked| {
        let card = walked.card.unwrap();
        eprintln!("{}", tracking::score::render(&card, &[]));
        let (told, delayed, aimed) = (&card.rows[0].1, &card.rows[2].1, &card.rows[7].1);
        // The very first day: nothing is known at its beginning but the timetable.
        for horizon in 0..6 {
            let inside = told.interval_coverage_at(horizon).unwrap();
            assert!((0.75..=0.85).contains(&inside), "{inside} in horizon {horizon}");
        }
        assert!(told.mae_all_s().unwrap() < delayed.mae_all_s().unwrap());
        assert!(told.mae_all_s().unwrap() < 0.8 * aimed.mae_all_s().unwrap());
        assert!(card.coverage.share().unwrap() >= 0.98, "{:?}", card.coverage);
        assert!(card.promises.ghost_share().unwrap() <= 0.005, "{:?}", card.promises);
        assert!(walked.breaches.laws.is_empty(), "{}", walked.breaches.worst());
        seen += 1;
    })
    .unwrap();
    assert_eq!(seen, 1);
}
