//! The report of a day: what a person in the finance office reads in the morning, and the same as CSV.
//!
//! Figures only, no card and no place. Taps and legs count by their newest revision.

use fares::books::FLOAT_ALARM;
use fares::{Account, JournalKind, LegStatus, Satang};
use gtfs::ServiceDay;
use std::collections::{BTreeMap, HashMap};
use store::{Db, DiscrepancyState};

/// Rows read at a time.
const PAGE_ROWS: u32 = 10_000;
/// Upper ends of the ages of taps when they were told, minutes: live, same close, a day, the late window.
const AGES_MIN: [i64; 4] = [5, 1_440, 10_080, 43_200];
const MINUTE_US: i64 = 60 * gtfs::time::MICROS;

/// One figure: section, name, value. Money is satang.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// What it belongs to.
    pub section: &'static str,
    /// What it is.
    pub name: String,
    /// How much.
    pub value: i64,
    /// Whether it is money.
    pub money: bool,
}

/// The figures of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayReport {
    /// Which.
    pub day: ServiceDay,
    /// In the order in which they are shown.
    pub figures: Vec<Figure>,
}

/// Gathers the report of a day.
///
/// # Errors
/// When the store can not be read.
pub async fn of_day(db: &Db, day: ServiceDay) -> anyhow::Result<DayReport> {
    let mut report = DayReport { day, figures: Vec::new() };
    journals(db, &mut report).await?;
    legs(db, &mut report).await?;
    taps(db, &mut report).await?;
    report.money("float", "owed to riders", db.float().await?);
    report.money("float", "alarm at", FLOAT_ALARM);
    for aged in db.suspense_books().await?.aged_suspense(day) {
        let ages = ["to 7 days", "to 30 days", "to 90 days", "older"];
        for (age, amount) in ages.into_iter().zip(aged.by_age) {
            report.money("suspense", &format!("{}, {age}", aged.reason), amount);
        }
    }
    let mut open: BTreeMap<String, i64> = BTreeMap::new();
    for state in [DiscrepancyState::Open, DiscrepancyState::Assigned] {
        for found in all_discrepancies(db, state).await? {
            *open.entry(found).or_default() += 1;
        }
    }
    for (kind, count) in open {
        report.count("discrepancies", &kind, count);
    }
    Ok(report)
}

async fn all_discrepancies(db: &Db, state: DiscrepancyState) -> anyhow::Result<Vec<String>> {
    let (mut kinds, mut id) = (Vec::new(), 0);
    loop {
        let page = db.discrepancies(state, id, PAGE_ROWS).await?;
        let Some(last) = page.last() else { return Ok(kinds) };
        id = last.id;
        kinds.extend(page.iter().map(|found| found.found.kind.as_ref().to_owned()));
    }
}

async fn journals(db: &Db, report: &mut DayReport) -> anyhow::Result<()> {
    let (mut id, mut counts, mut moved) = (0, BTreeMap::<JournalKind, i64>::new(), BTreeMap::new());
    loop {
        let page = db.journals_of_day(report.day, id, PAGE_ROWS).await?;
        let Some(last) = page.last() else { break };
        id = last.id;
        for row in &page {
            *counts.entry(row.journal.kind).or_default() += 1;
            for posting in &row.journal.postings {
                let account = match &posting.account {
                    Account::Card(_) => "cards".to_owned(),
                    account => account.to_string(),
                };
                let debit: &mut i64 = moved.entry(account).or_default();
                *debit = debit.saturating_add(posting.debit.0);
            }
        }
    }
    for (kind, count) in counts {
        report.count("journals", kind.word(), count);
    }
    for (account, debit) in moved {
        report.money("moved", &account, Satang(debit));
    }
    Ok(())
}

async fn legs(db: &Db, report: &mut DayReport) -> anyhow::Result<()> {
    let (mut id, mut newest) = (0, HashMap::new());
    loop {
        let page = db.legs_of_day(report.day, id, PAGE_ROWS).await?;
        let Some((last, _)) = page.last() else { break };
        id = *last;
        for (_, row) in page {
            let price = &row.leg.price;
            let subsidy = price.full.0.saturating_sub(price.alone.0);
            let facts = (row.rev, row.leg.status, price.charge.0, price.cap.is_some(), subsidy);
            let held = newest.entry(row.leg.id).or_insert(facts);
            if row.rev >= held.0 {
                *held = facts;
            }
        }
    }
    for status in LegStatus::ALL {
        let count = newest.values().filter(|facts| facts.1 == status).count();
        report.count("legs", status.word(), count as i64);
    }
    report.count("legs", "lowered by a cap", newest.values().filter(|facts| facts.3).count() as i64);
    report.money("legs", "charged", Satang(newest.values().map(|facts| facts.2).sum()));
    report.money("legs", "conceded", Satang(newest.values().map(|facts| facts.4).sum()));
    Ok(())
}

async fn taps(db: &Db, report: &mut DayReport) -> anyhow::Result<()> {
    let (mut id, mut newest) = (0, HashMap::new());
    loop {
        let page = db.tap_states_of_day(report.day, id, PAGE_ROWS).await?;
        let Some((last, _)) = page.last() else { break };
        id = *last;
        for (_, row) in page {
            let age_min = (row.posted.0 - row.state.t.0) / MINUTE_US;
            let facts = (row.state.rev, row.state.fate, age_min);
            match newest.get_mut(&row.state.id) {
                // The first time that it was known is its age; the newest revision is its fate.
                Some(held) => {
                    let held: &mut (u32, std::sync::Arc<str>, i64) = held;
                    if facts.0 >= held.0 {
                        *held = (facts.0, facts.1, held.2.min(facts.2));
                    }
                }
                None => _ = newest.insert(row.state.id, facts),
            }
        }
    }
    let mut fates: BTreeMap<&str, i64> = BTreeMap::new();
    let mut ages = [0i64; AGES_MIN.len() + 1];
    for (_, fate, age_min) in newest.values() {
        *fates.entry(fate).or_default() += 1;
        ages[AGES_MIN.iter().position(|end| age_min <= end).unwrap_or(AGES_MIN.len())] += 1;
    }
    for (fate, count) in fates {
        report.count("taps", fate, count);
    }
    for (name, count) in ["to 5 min", "to a day", "to 7 days", "to 30 days", "older"].into_iter().zip(ages) {
        report.count("age of taps", name, count);
    }
    Ok(())
}

impl DayReport {
    fn count(&mut self, section: &'static str, name: &str, value: i64) {
        self.figures.push(Figure { section, name: name.to_owned(), value, money: false });
    }

    fn money(&mut self, section: &'static str, name: &str, value: Satang) {
        self.figures.push(Figure { section, name: name.to_owned(), value: value.0, money: true });
    }

    /// For a person.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("Day {}\n", self.day);
        let mut section = "";
        for figure in &self.figures {
            if figure.section != section {
                section = figure.section;
                text.push_str(&format!("\n{section}\n"));
            }
            let value =
                if figure.money { Satang(figure.value).to_string() } else { figure.value.to_string() };
            text.push_str(&format!("  {:<40} {value:>16}\n", figure.name));
        }
        text
    }

    /// For a table: `section,name,unit,value`.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut text = String::from("section,name,unit,value\n");
        for figure in &self.figures {
            let unit = if figure.money { "satang" } else { "count" };
            let name = figure.name.replace('"', "\"\"");
            text.push_str(&format!("{},\"{name}\",{unit},{}\n", figure.section, figure.value));
        }
        text
    }
}
