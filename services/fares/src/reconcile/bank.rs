//! The lines of a bank statement against the payouts that should have come.

use super::psp::Payout;
use crate::money::Satang;
use gtfs::ServiceDay;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A line of a bank statement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// Where it stands in its file, from 1.
    pub number: u32,
    /// The bank's reference of the line.
    pub reference: Arc<str>,
    /// Its day.
    pub day: ServiceDay,
    /// Above zero: money came.
    pub amount: Satang,
    /// What it says of where the money is from.
    pub description: Arc<str>,
}

/// What became of a bank line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Explained {
    /// It is this payout, to the satang.
    Payout {
        /// The payment service.
        psp: Arc<str>,
        /// The payout's reference.
        payout: Arc<str>,
        /// Its sum and fee.
        of: Payout,
    },
    /// It names this payout, and is another amount: it stands in suspense until somebody says why.
    PayoutDiffers {
        /// The payment service.
        psp: Arc<str>,
        /// The payout's reference.
        payout: Arc<str>,
        /// What it should be.
        of: Payout,
    },
    /// It names a payout that another line was already.
    Again {
        /// The payout's reference.
        payout: Arc<str>,
    },
    /// An agent brought cash: the description begins with `AGENT` and its id.
    Cash {
        /// The agent.
        agent: Arc<str>,
    },
    /// Nobody knows.
    Unmatched,
}

/// What each line is, in the order of lines. `payouts` are those expected, by payment service and reference;
/// `settled` those that an earlier file explained.
///
/// A line is a payout when its reference, or a word of its description, is the payout's reference.
#[must_use]
pub fn explain(
    lines: &[Line],
    payouts: &BTreeMap<(Arc<str>, Arc<str>), Payout>,
    settled: &[Arc<str>],
) -> Vec<Explained> {
    let by_name: BTreeMap<&str, (&Arc<str>, &Arc<str>, Payout)> =
        payouts.iter().map(|((psp, payout), of)| (&**payout, (psp, payout, *of))).collect();
    // Of several lines that name a payout the one that is it to the satang comes first, then the earliest.
    let mut first: BTreeMap<&str, (bool, ServiceDay, &str, u32)> = BTreeMap::new();
    for line in lines {
        if let Some((_, payout, of)) = named(line, &by_name) {
            let rank = (line.amount != of.net(), line.day, &*line.reference, line.number);
            let best = first.entry(payout).or_insert(rank);
            *best = rank.min(*best);
        }
    }
    let explained = |line: &Line| match named(line, &by_name) {
        Some((psp, payout, of)) => {
            let rank = (line.amount != of.net(), line.day, &*line.reference, line.number);
            if settled.contains(payout) || first.get(&**payout) != Some(&rank) {
                return Explained::Again { payout: Arc::clone(payout) };
            }
            let (psp, payout) = (Arc::clone(psp), Arc::clone(payout));
            if rank.0 {
                Explained::PayoutDiffers { psp, payout, of }
            } else {
                Explained::Payout { psp, payout, of }
            }
        }
        None => match agent(line) {
            Some(agent) if line.amount.0 > 0 => Explained::Cash { agent: agent.into() },
            _ => Explained::Unmatched,
        },
    };
    lines.iter().map(explained).collect()
}

type Named<'a> = (&'a Arc<str>, &'a Arc<str>, Payout);

fn named<'a>(line: &Line, payouts: &BTreeMap<&str, Named<'a>>) -> Option<Named<'a>> {
    let words = std::iter::once(&*line.reference).chain(line.description.split_whitespace());
    words.filter_map(|word| payouts.get(word).copied()).next()
}

/// `AGENT 7 DEPOSIT`: the agent whose cash it is.
fn agent(line: &Line) -> Option<&str> {
    let mut words = line.description.split_whitespace();
    words.next().filter(|word| word.eq_ignore_ascii_case("agent"))?;
    words.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: u32, satang: i64, description: &str) -> Line {
        Line {
            number,
            reference: format!("B{number}").into(),
            day: ServiceDay::parse("20261121").unwrap(),
            amount: Satang(satang),
            description: description.into(),
        }
    }

    fn expected() -> BTreeMap<(Arc<str>, Arc<str>), Payout> {
        let payout = Payout { gross: Satang(10_000), fee: Satang(150), lines: 3 };
        [(("omise".into(), "PO-1".into()), payout), (("omise".into(), "PO-2".into()), payout)].into()
    }

    fn words(lines: &[Line], settled: &[Arc<str>]) -> Vec<String> {
        let word = |explained| match explained {
            Explained::Payout { payout, .. } => format!("payout {payout}"),
            Explained::PayoutDiffers { payout, .. } => format!("differs {payout}"),
            Explained::Again { payout } => format!("again {payout}"),
            Explained::Cash { agent } => format!("cash {agent}"),
            Explained::Unmatched => "unmatched".to_owned(),
        };
        explain(lines, &expected(), settled).into_iter().map(word).collect()
    }

    #[test]
    fn a_payout_of_the_sum_less_the_fee_is_explained() {
        let lines = [
            line(1, 9_850, "OMISE PO-1"),
            line(2, 9_800, "OMISE PO-2"),
            line(3, 5_000, "AGENT 7 DEPOSIT"),
            line(4, 100, "interest"),
            line(5, -5_000, "agent 7 withdrawal"),
        ];
        assert_eq!(words(&lines, &[]), ["payout PO-1", "differs PO-2", "cash 7", "unmatched", "unmatched"]);
    }

    #[test]
    fn a_payout_is_explained_once() {
        let lines = [line(1, 9_000, "PO-1"), line(2, 9_850, "PO-1"), line(3, 9_850, "PO-2")];
        assert_eq!(words(&lines, &["PO-2".into()]), ["again PO-1", "payout PO-1", "again PO-2"]);
    }

    #[test]
    fn the_order_of_lines_changes_nothing() {
        let lines = [line(1, 9_000, "PO-1"), line(2, 9_850, "PO-1"), line(3, 9_850, "PO-1")];
        let mut turned = lines.clone();
        turned.reverse();
        let mut backward = words(&turned, &[]);
        backward.reverse();
        assert_eq!(words(&lines, &[]), backward);
    }
}
