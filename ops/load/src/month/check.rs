//! Does everything add up at the end of a simulated month?

use super::office::Counted;
use super::terminal::Machine;
use anyhow::{Context as _, bail, ensure};
use fares::{Account, Satang};
use gtfs::ServiceDay;
use server::close::settlement::is_whole;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use store::gap::GapState;
use store::{DayState, Db};

const PAGE_ROWS: u32 = 10_000;
const GAPS_MAX: u32 = 10_000_000;
/// What a tap may have become (I3).
const FATES: [&str; 6] = ["leg", "repeat", "void", "denied", "expired", "quarantine"];

/// Every day is closed, and nothing waits to be shared out.
pub(crate) async fn days(db: &Db, days: &[ServiceDay]) -> anyhow::Result<()> {
    for day in days {
        let state = db.day(*day).await?.map(|day| day.state);
        ensure!(state == Some(DayState::Closed), "{day} is not closed: {state:?}");
    }
    let (books, _) = db.books(i64::MAX).await?;
    ensure!(books.total() == Some(Satang(0)), "the books do not sum to zero");
    let clearing = books.debit(&Account::FareClearing);
    ensure!(clearing.0 == 0, "{clearing} stand on fare_clearing");
    Ok(())
}

/// What each agency was told it gets is what the books owe it, to the satang. How many files, and how much in all.
pub(crate) async fn settlements(db: &Db, counted: &Counted) -> anyhow::Result<(usize, Satang)> {
    let mut told: BTreeMap<String, i64> = BTreeMap::new();
    for path in &counted.settlements {
        let text = tokio::fs::read_to_string(path).await?;
        let shown = path.display();
        ensure!(is_whole(&text), "{shown}: its checksum is not that of its lines");
        let total = text.lines().find_map(|line| line.strip_prefix("total,")?.rsplit(',').next());
        let total: i64 =
            total.and_then(|total| total.parse().ok()).with_context(|| format!("{shown}: no total"))?;
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let agency = name.splitn(3, '-').nth(2).unwrap_or_default();
        *told.entry(agency.to_owned()).or_default() += total;
    }
    let (books, _) = db.books(i64::MAX).await?;
    let mut owed: BTreeMap<String, i64> = BTreeMap::new();
    for (account, debit) in books.accounts() {
        if let Account::AgencyPayable(agency) = account {
            owed.insert(agency.to_string(), -debit.0);
        }
    }
    let is_same =
        told.iter().filter(|(_, satang)| **satang != 0).eq(owed.iter().filter(|(_, satang)| **satang != 0));
    ensure!(is_same, "agencies were told {told:?} satang, and the books owe them {owed:?}");
    Ok((counted.settlements.len(), Satang(owed.values().sum())))
}

/// What became of taps, by word. Each has one fate.
pub(crate) async fn fates(db: &Db, days: &[ServiceDay]) -> anyhow::Result<BTreeMap<Arc<str>, u64>> {
    let (Some(first), Some(last)) = (days.first(), days.last()) else { bail!("there was no day") };
    let mut newest: HashMap<i64, (u32, Arc<str>)> = HashMap::new();
    let mut firsts = 0_i64;
    // A clock that can not be believed puts a tap on the day on which it came.
    let around = std::iter::successors(Some(first.previous()), |day| Some(day.next()));
    for day in around.take_while(|day| *day <= last.next().next()) {
        let mut id = 0;
        loop {
            let page = db.tap_states_of_day(day, id, PAGE_ROWS).await?;
            let Some((last, _)) = page.last() else { break };
            id = *last;
            for (_, stored) in page {
                firsts += i64::from(stored.state.rev == 1);
                let held = newest.entry(stored.state.tap).or_insert((0, "".into()));
                if stored.state.rev > held.0 {
                    *held = (stored.state.rev, stored.state.fate);
                }
            }
        }
    }
    let stored = db.taps_newest().await?;
    let with_fate = newest.len() as i64;
    ensure!(with_fate == stored, "{with_fate} of {stored} stored taps have a fate");
    ensure!(firsts == stored, "{stored} taps have {firsts} first fates");
    let mut fates: BTreeMap<Arc<str>, u64> = BTreeMap::new();
    for (_, fate) in newest.into_values() {
        ensure!(FATES.contains(&&*fate), "{fate:?} is no fate");
        *fates.entry(fate).or_default() += 1;
    }
    Ok(fates)
}

/// What became of numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbers {
    pub(crate) stored: u64,
    /// Gone, and named with terminal, epoch and number.
    pub(crate) named: u64,
    /// Above the highest number that was ever heard of an epoch whose flash was exchanged: nobody can know of them.
    pub(crate) unheard: u64,
}

/// Every number that a terminal gave is stored or named as gone, and none both.
pub(crate) async fn numbers(db: &Db, machines: &[Machine]) -> anyhow::Result<Numbers> {
    type Seqs = HashMap<(Arc<str>, u32), BTreeSet<i64>>;
    let (mut stored, mut named): (Seqs, Seqs) = (HashMap::new(), HashMap::new());
    let mut row = 0;
    loop {
        let taps = db.taps_after(row, PAGE_ROWS).await?;
        let Some((last, _)) = taps.last() else { break };
        row = *last;
        for (_, tap) in taps {
            let is_new =
                stored.entry((Arc::clone(&tap.id.terminal), tap.id.epoch)).or_default().insert(tap.id.seq);
            ensure!(is_new, "tap {} is stored twice", tap.id);
        }
    }
    for gap in db.gaps(GapState::Open, GAPS_MAX).await? {
        named.entry((gap.terminal, gap.epoch)).or_default().extend(gap.from..=gap.to);
    }
    for hole in db.tap_holes(GAPS_MAX).await? {
        named.entry((hole.terminal, hole.epoch)).or_default().extend(hole.from..=hole.to);
    }
    let mut found = Numbers::default();
    let none = BTreeSet::new();
    for machine in machines {
        for epoch in 1..=machine.memory.epoch() {
            let key = (Arc::from(machine.id.as_str()), epoch);
            let (stored, named) = (stored.get(&key).unwrap_or(&none), named.get(&key).unwrap_or(&none));
            let gone = machine.gone.get(&epoch).unwrap_or(&none);
            let wiped = machine.wiped.get(&epoch).copied();
            let heard = stored.last().max(named.last()).copied().unwrap_or(0);
            for seq in 1..=wiped.unwrap_or_else(|| machine.memory.last_seq()) {
                let name = format!("{}/{epoch}/{seq}", machine.id);
                match (stored.contains(&seq), named.contains(&seq)) {
                    (true, true) => bail!("{name} is stored, and named as gone"),
                    (true, false) => found.stored += 1,
                    (false, true) => {
                        ensure!(
                            wiped.is_some() || gone.contains(&seq),
                            "{name} is named as gone and was not"
                        );
                        found.named += 1;
                    }
                    (false, false) if seq > heard && (wiped.is_some() || gone.contains(&seq)) => {
                        found.unheard += 1;
                    }
                    (false, false) => bail!("{name} is neither stored nor named as gone"),
                }
            }
        }
    }
    Ok(found)
}
