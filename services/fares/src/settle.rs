//! What an agency is owed for a day, line by line, as the books have it.
//!
//! Pure: text in, text out; checksums are made where the file is written. What always holds: the total of a settlement
//! is the sum of the journals' postings to `agency_payable:{agency}` on that posting day, payments to it left away, and
//! every line names the journal that it comes from.

use crate::journal::{Account, Journal, JournalKind};
use crate::leg::LegId;
use crate::money::Satang;
use gtfs::ServiceDay;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// A line: one posting to the agency's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettlementLine {
    /// The number of the journal.
    pub journal: i64,
    /// Why.
    pub kind: JournalKind,
    /// What made it.
    pub cause: Arc<str>,
    /// The day that it is about.
    pub service_day: ServiceDay,
    /// The leg and its revision, where it is a ride.
    pub leg: Option<(LegId, u32)>,
    /// Above zero: owed to the agency.
    pub amount: Satang,
}

/// What an agency is owed for a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The agency.
    pub agency: Arc<str>,
    /// The posting day.
    pub day: ServiceDay,
    /// In the order of journals.
    pub lines: Vec<SettlementLine>,
    /// The sum.
    pub total: Satang,
}

/// The settlement of each agency that `journals`, all of posting day `day`, credit or debit, by agency.
#[must_use]
pub fn settlements<'a>(
    day: ServiceDay,
    journals: impl IntoIterator<Item = (i64, &'a Journal)>,
) -> Vec<Settlement> {
    let mut by_agency: BTreeMap<Arc<str>, Settlement> = BTreeMap::new();
    for (id, journal) in journals {
        if journal.kind == JournalKind::Settlement {
            continue;
        }
        for posting in &journal.postings {
            let Account::AgencyPayable(agency) = &posting.account else { continue };
            let empty =
                || Settlement { agency: Arc::clone(agency), day, lines: Vec::new(), total: Satang(0) };
            let settlement = by_agency.entry(Arc::clone(agency)).or_insert_with(empty);
            let amount = Satang(posting.debit.0.saturating_neg());
            settlement.total = Satang(settlement.total.0.saturating_add(amount.0));
            settlement.lines.push(SettlementLine {
                journal: id,
                kind: journal.kind,
                cause: Arc::clone(&journal.cause),
                service_day: journal.service_day,
                leg: posting.leg.clone(),
                amount,
            });
        }
    }
    by_agency.into_values().collect()
}

impl Settlement {
    /// As CSV: a header, a line each, and the total. Amounts are satang.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut text =
            String::from("journal,kind,cause,service_day,posting_day,leg,revision,amount_satang\n");
        for line in &self.lines {
            let (leg, rev) = line
                .leg
                .as_ref()
                .map_or_else(Default::default, |(leg, rev)| (leg.to_string(), rev.to_string()));
            // Writing to a string cannot fail.
            _ = writeln!(
                text,
                "{},{},{},{},{},{leg},{rev},{}",
                line.journal,
                line.kind.word(),
                quoted(&line.cause),
                line.service_day,
                self.day,
                line.amount.0
            );
        }
        _ = writeln!(text, "total,,,,{},,{},{}", self.day, self.lines.len(), self.total.0);
        text
    }
}

/// In quotes where a comma or a quote would break the line (RFC 4180).
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Posting;
    use crate::tap::TapId;
    use gtfs::Timestamp;

    fn journal(kind: JournalKind, cause: &str, lines: &[(&str, i64)]) -> Journal {
        let day = ServiceDay::parse("20261120").unwrap();
        let leg = LegId { tap: TapId { terminal: "T-1".into(), epoch: 1, seq: 7 }, companion: 0 };
        Journal {
            kind,
            cause: cause.into(),
            service_day: day,
            posting_day: day,
            effective: Timestamp(0),
            posted: Timestamp(0),
            postings: lines
                .iter()
                .map(|&(account, debit)| Posting {
                    account: Account::parse(account).unwrap(),
                    debit: Satang(debit),
                    leg: (kind == JournalKind::Apportion).then(|| (leg.clone(), 2)),
                })
                .collect(),
        }
    }

    #[test]
    fn an_agency_gets_a_line_for_every_posting_and_their_total() {
        let shared = journal(
            JournalKind::Apportion,
            "apportion:20261120",
            &[("fare_clearing", 1_200), ("agency_payable:A", -742), ("agency_payable:B", -458)],
        );
        let refund =
            journal(JournalKind::Refund, "command:a,b", &[("agency_payable:A", 100), ("card:x", -100)]);
        let paid = journal(JournalKind::Settlement, "paid", &[("agency_payable:A", 500), ("bank:scb", -500)]);
        let day = ServiceDay::parse("20261120").unwrap();
        let settled = settlements(day, [(1, &shared), (2, &refund), (3, &paid)]);
        let totals: Vec<(&str, i64)> = settled.iter().map(|s| (&*s.agency, s.total.0)).collect();
        assert_eq!(totals, [("A", 642), ("B", 458)]);
        assert_eq!(
            settled[0].csv(),
            "journal,kind,cause,service_day,posting_day,leg,revision,amount_satang\n\
             1,apportion,apportion:20261120,20261120,20261120,T-1/1/7,2,742\n\
             2,refund,\"command:a,b\",20261120,20261120,,,-100\n\
             total,,,,20261120,,2,642\n"
        );
        assert!(!settled[0].csv().contains("card:x"), "no card stands in what an agency gets");
    }
}
