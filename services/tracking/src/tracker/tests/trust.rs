use super::drive::{Drive, bare};
use crate::learned::Document;
use crate::{Claim, Event, Ping};
use std::fmt::Write;
use std::sync::Arc;

const TRIPS: usize = 100;

/// A line east of five stops a kilometre apart with a trip every three minutes from 08:00 on.
fn line() -> String {
    let mut text = String::from(
        "stop A 0 0\nstop B 1000 0\nstop C 2000 0\nstop D 3000 0\nstop E 4000 0\n\
         shape out 0,0 1000,0 2000,0 3000,0 4000,0\nroute R bus\n",
    );
    for nth in 0..TRIPS {
        write!(text, "trip t{nth} route=R block=b{nth} shape=out :").unwrap();
        for (at, stop) in ["A", "B", "C", "D", "E"].into_iter().enumerate() {
            let minute = 480 + 3 * nth + 3 * at;
            write!(text, " {stop} {:02}:{:02}", minute / 60, minute % 60).unwrap();
        }
        text.push('\n');
    }
    text
}

/// Runs trips `from` to `to`, a ping each 15 s; each stands for `stands_s` shortly before every stop.
fn run(drive: &mut Drive, from: usize, to: usize, stands_s: f64) {
    let mut pings: Vec<Ping> = Vec::new();
    for nth in from..to {
        let start = drive.at("08:00").plus_s(180.0 * nth as f64);
        let mut s = 0.0;
        while s <= 4.0 * (180.0 + stands_s) + 20.0 {
            let leg_s = 180.0 + stands_s;
            let (legs, into_s) = ((s / leg_s).floor(), s % leg_s);
            let driven_s = if into_s < 150.0 { into_s } else { (into_s - stands_s).max(150.0) };
            let east_m = (legs + driven_s / 180.0) * 1_000.0;
            let claim = Claim { trip: Some(Arc::from(format!("t{nth}"))), ..Claim::default() };
            pings.push(Ping { claim, ..bare(&format!("v{nth}"), start.plus_s(s), east_m.min(4_010.0), 0.0) });
            s += 15.0;
        }
    }
    pings.sort_by_key(|ping| ping.t);
    pings.into_iter().for_each(|ping| drive.give(ping));
}

#[test]
fn a_route_whose_predictions_do_not_hold_shows_the_timetable_until_they_do_again() {
    let mut drive = Drive::of(&line());
    run(&mut drive, 0, 20, 0.0);
    assert!(drive.tracker.accuracy(drive.now).routes[0].trusted, "all on time");
    run(&mut drive, 26, 46, 400.0);
    run(&mut drive, 66, 95, 0.0);
    let at = |word: &str| drive.log.iter().position(|line| line.contains(word)).unwrap();
    let (withdrawn, back) = (at("predictions_withdrawn"), at("predictions_return"));
    let told = |lines: &[String]| lines.iter().filter(|line| line.contains("state: Running")).count();
    // Whoever was predicted when trust was lost is withdrawn within the same tick.
    assert!(told(&drive.log[..withdrawn]) > 100);
    assert_eq!(told(&drive.log[withdrawn..back]), 0);
    let lost = &drive.log[withdrawn..back];
    assert!(lost.iter().any(|line| line.contains("state: NoData")));
    let boards = lost.iter().filter(|line| line.contains("Board("));
    assert!(boards.clone().count() > 10);
    assert!(boards.skip(10).all(|line| !line.contains("state: Arriving") && !line.contains("state: AtStop")));
    assert!(told(&drive.log[back..]) > 100);
}

#[test]
fn how_predictions_did_outlives_a_restart_and_nothing_counts_twice() {
    let mut drive = Drive::of(&line());
    run(&mut drive, 0, 20, 0.0);
    let now = drive.now;
    let before = drive.tracker.accuracy(now);
    assert!(before.all.today.arrivals > 50 && before.all.recent.tally.n() > 50);
    let bytes = drive.tracker.lessons(now).document().to_bytes().unwrap();
    let kept = Arc::new(Document::from_bytes(&bytes).unwrap());
    // The restarted one replays stored pings up to the moment at which the document was saved.
    let mut restarted = Drive::of(&line());
    run(&mut restarted, 10, 20, 0.0);
    restarted.step(Event::Recalled(Arc::clone(&kept)));
    let same = |restarted: &Drive| {
        let after = restarted.tracker.accuracy(now).all;
        for (a, b) in [(after.recent, before.all.recent), (after.today, before.all.today)] {
            assert_eq!((a.tally.n(), a.arrivals, a.mbta), (b.tally.n(), b.arrivals, b.mbta));
            assert!((a.tally.mae_all_s().unwrap() - b.tally.mae_all_s().unwrap()).abs() < 0.001);
        }
    };
    same(&restarted);
    let again = Document::from_bytes(&bytes).unwrap().to_bytes().unwrap();
    assert!(again == bytes, "written, read and written again it is the same");
    // What is imported says nothing of this server.
    restarted.step(Event::Learned(Arc::new((*kept).clone().without_scores())));
    same(&restarted);
}
