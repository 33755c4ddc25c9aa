//! Taps a second that `Db::fares_commit` writes: each with its state, its leg and its journal of two postings.
//!
//!     cargo run --release -p store --example ledger_bench -- sqlite:/tmp/bench.db [CARDS] [TAPS]
//!     cargo run --release -p store --example ledger_bench -- postgres://USER@HOST/NAME   (a scratch database)
//!
//! Cards are drawn at random from CARDS, as riders come. Then histories of the cards are read back, as the engine
//! does at a catch-up, and everything is verified.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]

use fares::{Account, Journal, JournalKind, Leg, LegId, LegStatus, Posting, Price, Satang, TapId, TapKind};
use gtfs::{ServiceDay, Timestamp};
use std::sync::Arc;
use store::{Db, FareCommit, LegRow, TapState};
use tokio::time::Instant;

const TAPS_PER_COMMIT: [usize; 5] = [1, 50, 200, 1_000, 10_000];
const HISTORIES: usize = 5_000;

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1);
    let url = args.next().ok_or("give a database URL, as in the first lines of this file")?;
    let cards: usize = args.next().map_or(Ok(50_000), |text| text.parse())?;
    let taps: usize = args.next().map_or(Ok(500_000), |text| text.parse())?;
    let db = Db::connect(&url).await?;
    let day = ServiceDay::parse("20261120").ok_or("a day")?;
    let mut town = Town::new(cards, day);
    for per_commit in TAPS_PER_COMMIT {
        let share = if per_commit == 1 { 500 } else { taps.min(per_commit * 1_000) };
        let (rate, cpu_us) = run(&db, &mut town, per_commit, share).await?;
        println!(
            "{per_commit:>6} taps a commit: {rate:>9.0} taps/s, {cpu_us:>6.1} us of CPU a tap ({share} taps)"
        );
    }
    let asked: Vec<Arc<str>> = town.cards.iter().take(HISTORIES).cloned().collect();
    let (started, cpu) = (Instant::now(), cpu_s());
    let histories = db.cards_histories(&asked, Timestamp(0)).await?;
    let took = started.elapsed().as_secs_f64();
    println!("histories: {:.0} us of CPU a card", (cpu_s() - cpu) * 1e6 / asked.len() as f64);
    let taps: usize = histories.iter().map(|history| history.taps.len()).sum();
    println!(
        "{} histories with {taps} taps: {:.0} cards/s, {:.0} taps/s",
        asked.len(),
        asked.len() as f64 / took,
        taps as f64 / took
    );
    let started = Instant::now();
    let verdict = db.ledger_verify().await?;
    let took = started.elapsed().as_secs_f64();
    println!("verify: {:.0} taps/s, {} faults", verdict.rows.taps as f64 / took, verdict.faults.len());
    Ok(())
}

async fn run(db: &Db, town: &mut Town, per_commit: usize, taps: usize) -> Result<(f64, f64), Failure> {
    let commits: Vec<FareCommit> = (0..taps / per_commit).map(|_| town.commit(per_commit)).collect();
    let written = (commits.len() * per_commit) as f64;
    let (started, cpu) = (Instant::now(), cpu_s());
    for commit in &commits {
        db.fares_commit(commit).await?;
    }
    Ok((written / started.elapsed().as_secs_f64(), (cpu_s() - cpu) * 1e6 / written))
}

/// Seconds of CPU that this process has used, of all threads (proc(5), fields 14 and 15 of `stat`, in ticks of 10 ms): on
/// a machine that does other things too it says more than the clock. 0 where there is no such file.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

struct Town {
    cards: Vec<Arc<str>>,
    seq: i64,
    dice: u64,
    day: ServiceDay,
    terminals: Vec<Arc<str>>,
}

impl Town {
    fn new(cards: usize, day: ServiceDay) -> Self {
        let token =
            |n: usize| format!("{:022x}", (n as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c)).into();
        Self {
            cards: (0..cards).map(token).collect(),
            // Beyond what an earlier run left, so that it may be run again.
            seq: i64::from(std::process::id()) * 1_000_000_000,
            dice: 7,
            day,
            terminals: (0..500).map(|n| format!("T-{n:04}").into()).collect(),
        }
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.dice >> 33) as usize % sides
    }

    fn commit(&mut self, taps: usize) -> FareCommit {
        let mut commit = FareCommit {
            at: Timestamp(1_795_132_800_000_000 + self.seq),
            salt: [7; 16],
            cursors: vec![("taps".into(), self.seq)],
            ..FareCommit::default()
        };
        for _ in 0..taps {
            self.seq += 1;
            let card = self.roll(self.cards.len());
            let terminal = self.roll(self.terminals.len());
            let id = TapId { terminal: Arc::clone(&self.terminals[terminal]), epoch: 1, seq: self.seq };
            let leg = leg(Arc::clone(&self.cards[card]), id, self.day);
            commit.taps.push(tap(&leg, self.seq));
            commit.journals.push(journal(&leg));
            commit.legs.push(LegRow {
                rev: 1,
                waived: Satang(0),
                posting_day: leg.service_day,
                leg,
                share: None,
            });
        }
        commit
    }
}

fn leg(card: Arc<str>, tap: TapId, day: ServiceDay) -> Leg {
    let start = Timestamp(1_795_132_800_000_000 + tap.seq);
    Leg {
        id: LegId { tap, companion: 0 },
        card,
        off: None,
        status: LegStatus::Complete,
        service_day: day,
        agency: "A".into(),
        network: "bus".into(),
        route: "r3".into(),
        trip: "r3_0715".into(),
        vehicle: "EV-07".into(),
        from: "P04".into(),
        to: "P09".into(),
        start,
        end: Timestamp(start.0 + 600_000_000),
        price: Price {
            full: Satang(1_500),
            alone: Satang(1_500),
            charge: Satang(1_500),
            tariff: "2026a".into(),
            product: "bus adult".into(),
            ..Price::default()
        },
    }
}

fn tap(leg: &Leg, row: i64) -> TapState {
    TapState {
        tap: row,
        id: leg.id.tap.clone(),
        rev: 1,
        card: Arc::clone(&leg.card),
        kind: TapKind::On,
        pax: 1,
        fate: "leg".into(),
        leg: Some(leg.id.clone()),
        service_day: leg.service_day,
        agency: "A".into(),
        network: "bus".into(),
        t: leg.start,
        method: "uptime".into(),
        bound_ms: 180,
        vehicle: "EV-07".into(),
        trip: "r3_0715".into(),
        stop: "P04".into(),
        route: "".into(),
        ride_start_s: None,
        sequence: None,
    }
}

fn journal(leg: &Leg) -> Journal {
    let line = |account, debit| Posting { account, debit: Satang(debit), leg: Some((leg.id.clone(), 1)) };
    Journal {
        kind: JournalKind::Fare,
        cause: format!("fare:{}", leg.id).into(),
        service_day: leg.service_day,
        posting_day: leg.service_day,
        effective: leg.end,
        posted: leg.end,
        postings: vec![
            line(Account::Card(Arc::clone(&leg.card)), 1_500),
            line(Account::FareClearing, -1_500),
        ],
    }
}
