//! After taps under load or under kills: has the engine priced each of them, and once?

use crate::database::Scratch;
use anyhow::{Context as _, ensure};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use store::{Access, Db};
use tokio::time::Instant;

/// How long the engine may take to price what was posted.
const PRICED_WITHIN: Duration = Duration::from_secs(600);
/// Fewer taps than this left to price give no rate.
const BEHIND_MIN: i64 = 20_000;
/// Rows read at a time.
const PAGE_ROWS: u32 = 10_000;

/// What stands in the ledger.
pub(crate) struct Ledger {
    /// Taps with a fate.
    pub(crate) taps: u64,
    /// Legs that follow from them, charged or held.
    pub(crate) legs: u64,
    /// Commits of the engine.
    pub(crate) commits: u64,
}

/// Waits until the engine of the running server has priced and posted everything. Taps per second while it caught up, with
/// nothing else going on; `None` when it was hardly behind.
pub(crate) async fn priced(scratch: &Scratch) -> anyhow::Result<Option<f64>> {
    let db = Db::open(&scratch.url(), Access::Admin).await?;
    let newest = db.taps_newest().await?;
    let (begun, first) = (Instant::now(), db.fare_cursor("taps").await?);
    let mut read = first;
    while read < newest {
        ensure!(
            begun.elapsed() < PRICED_WITHIN,
            "the engine has priced {read} of {newest} taps and is not done"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
        read = db.fare_cursor("taps").await?;
    }
    let behind = newest - first;
    db.close().await;
    Ok((behind >= BEHIND_MIN).then(|| behind as f64 / begun.elapsed().as_secs_f64()))
}

/// Checks that every stored tap has one fate, that no leg is charged twice, that the books balance and that the chain
/// holds.
pub(crate) async fn check(scratch: &Scratch) -> anyhow::Result<Ledger> {
    let db = Db::open(&scratch.url(), Access::Admin).await?;
    let newest = db.taps_newest().await?;
    let first = db.fare_first_day().await?.context("no tap has a fate")?;
    let (mut taps, mut charges, mut day) = (HashSet::new(), HashMap::new(), first.previous());
    for _ in 0..5 {
        let mut id = 0;
        loop {
            let page = db.tap_states_of_day(day, id, PAGE_ROWS).await?;
            let Some((last, _)) = page.last() else { break };
            id = *last;
            for (_, stored) in page {
                let is_first = taps.insert(stored.state.tap);
                ensure!(is_first == (stored.state.rev == 1), "tap {} has two first fates", stored.state.id);
            }
        }
        let mut id = 0;
        loop {
            let page = db.legs_of_day(day, id, PAGE_ROWS).await?;
            let Some((last, _)) = page.last() else { break };
            id = *last;
            for (_, row) in page {
                charges.insert(row.leg.id.to_string(), row.leg.price.charge.0);
            }
        }
        day = day.next();
    }
    ensure!(taps.len() as i64 == newest, "{} of {newest} stored taps have a fate", taps.len());
    let mut held = HashSet::new();
    let mut card = String::new();
    loop {
        let page = db.holds_after(&card, PAGE_ROWS).await?;
        let Some(last) = page.last() else { break };
        card = last.card.to_string();
        for hold in page {
            let id = hold.leg.to_string();
            ensure!(!charges.contains_key(&id), "leg {id} is charged and held");
            ensure!(held.insert(id), "a leg is held twice");
        }
    }
    let (books, _) = db.books(i64::MAX).await?;
    ensure!(books.total().map(|total| total.0) == Some(0), "the books do not sum to zero");
    let charged: i64 = charges.values().sum();
    let owed = books.stored_value().context("beyond the range of money")?.0;
    ensure!(owed == -charged, "cards were charged {} satang, and their rides cost {charged}", -owed);
    let verdict = db.ledger_verify().await?;
    ensure!(verdict.faults.is_empty(), "the chain does not hold: {:?}", verdict.faults.first());
    db.close().await;
    let legs = (charges.len() + held.len()) as u64;
    Ok(Ledger { taps: taps.len() as u64, legs, commits: verdict.rows.commits })
}
