//! The law of order: what arrives when changes nothing of what is charged, owed and paid.

use crate::drive::Drive;
use crate::town::{Dice, Town, day, received};
use fares::engine::Event;
use gtfs::Timestamp;
use std::sync::Arc;

/// Towns that are lived through in every run of the tests; more with PADRIEW_TOWNS.
const TOWNS: u64 = 150;
const HOUR_S: f64 = 3_600.0;

/// When each thing arrives: the moment, then what.
pub(crate) type Arrivals = Vec<(Timestamp, What)>;

pub(crate) enum What {
    Tap(usize),
    Visit(usize),
    Close(u64),
    Restart,
}

fn closes(days: u64) -> impl Iterator<Item = (Timestamp, What)> {
    // 05:00 of the next day (section 15).
    (0..days).map(|n| (day(n).start(chrono_tz::Asia::Bangkok).plus_s(29.0 * HOUR_S), What::Close(n)))
}

/// Everything at once when it happens.
pub(crate) fn in_order(town: &Town) -> Arrivals {
    let taps = town.taps.iter().enumerate().map(|(at, (t, _))| (t.plus_s(1.0), What::Tap(at)));
    let visits = town
        .visits
        .iter()
        .enumerate()
        .map(|(at, visit)| (visit.left.or(visit.arrived).unwrap(), What::Visit(at)));
    let mut arrivals: Arrivals = taps.chain(visits).chain(closes(town.days.len() as u64)).collect();
    arrivals.sort_by_key(|(t, _)| *t);
    arrivals
}

/// Terminals are cut off for hours, vehicles are heard late, the process dies.
pub(crate) fn anyhow(town: &Town, dice: &mut Dice) -> Arrivals {
    let mut arrivals: Arrivals = Vec::new();
    for (at, (t, _)) in town.taps.iter().enumerate() {
        let late_s = if dice.percent(60) { 1 } else { dice.below(30 * 3600) };
        arrivals.push((t.plus_s(late_s as f64), What::Tap(at)));
    }
    for (at, visit) in town.visits.iter().enumerate() {
        let late_s = if dice.percent(80) { 0 } else { dice.below(1_200) };
        arrivals.push((visit.left.or(visit.arrived).unwrap().plus_s(late_s as f64), What::Visit(at)));
    }
    arrivals.extend(closes(town.days.len() as u64));
    let begin = day(0).start(chrono_tz::Asia::Bangkok);
    for _ in 0..dice.below(4) {
        let at = dice.below(town.days.len() as u64 * 24 * 3600);
        arrivals.push((begin.plus_s(at as f64), What::Restart));
    }
    arrivals.sort_by_key(|(t, _)| *t);
    arrivals
}

/// Lives through it in batches of at most `batch`, then closes everything once more; what the books say then.
fn live(town: &Town, arrivals: Arrivals, batch: u64, dice: &mut Dice) -> String {
    lived(town, arrivals, batch, dice).books.outcome()
}

/// The same, with everything that was kept.
pub(crate) fn lived<'a>(town: &'a Town, arrivals: Arrivals, batch: u64, dice: &mut Dice) -> Drive<'a> {
    let mut drive = Drive::new(town);
    let mut rows = 0;
    let (mut waiting, mut seen) = (Vec::new(), Vec::new());
    for (now, what) in arrivals {
        match what {
            What::Tap(at) => {
                let tap = received(&town.taps[at].1, now);
                drive.books.taps.push(Arc::clone(&tap));
                waiting.push(Event::Tap(rows, tap));
                rows += 1;
            }
            What::Visit(at) => {
                seen.push(Event::Visit(town.visits[at].clone()));
                waiting.push(Event::Visit(town.visits[at].clone()));
            }
            What::Close(n) => {
                drive.at(now, std::mem::take(&mut waiting));
                drive.close(now, day(n));
            }
            What::Restart => {
                drive.at(now, std::mem::take(&mut waiting));
                drive.restart(seen.clone());
            }
        }
        if waiting.len() as u64 > dice.below(batch) {
            drive.at(now, std::mem::take(&mut waiting));
        }
    }
    let days = town.days.len() as u64;
    for n in days..days + 3 {
        let now = day(n).start(chrono_tz::Asia::Bangkok).plus_s(29.0 * HOUR_S);
        drive.at(now, std::mem::take(&mut waiting));
        drive.close(now, day(n));
    }
    assert!(drive.books.holds.is_empty(), "everything is final: {:?}", drive.books.holds);
    let fated = drive.books.records.len();
    assert_eq!(fated, town.taps.len(), "I3: each tap has one fate");
    drive
}

#[test]
fn whatever_arrives_when_the_books_say_the_same_at_the_end() {
    let towns = std::env::var("PADRIEW_TOWNS").ok().and_then(|n| n.parse().ok()).unwrap_or(TOWNS);
    for seed in 0..towns {
        let town = Town::new(seed, 3, 3);
        let mut dice = Dice(seed ^ 0xfeed);
        let once = live(&town, in_order(&town), 1, &mut dice);
        let again = anyhow(&town, &mut dice);
        let twice = live(&town, again, 40, &mut dice);
        if once != twice {
            let differs = |a: &str, b: &str| {
                a.lines()
                    .filter(|line| !b.lines().any(|other| other == *line))
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
                    .join("\n")
            };
            panic!(
                "town {seed}:\nin order:\n{}\nanyhow:\n{}",
                differs(&once, &twice),
                differs(&twice, &once)
            );
        }
    }
}
