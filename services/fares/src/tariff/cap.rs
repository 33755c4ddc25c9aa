//! The most that a rider pays in a day, a week, a month.
//!
//! Caps are applied in the order of [`sort`]: what a narrower one lets through counts to the wider one.
//! Only where the sets of rides that two caps look at are nested or disjoint is the sum independent of the
//! order of those rides (fares design, section 6); anything else is refused.

use crate::money::Satang;
use std::fmt;
use std::sync::Arc;

/// How long a cap looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// A service day.
    Day,
    /// Monday to Sunday, of service days.
    Week,
    /// A calendar month of service days; a week belongs to the month of its Monday.
    Month,
    /// A service day and as many before it as make this number.
    Rolling(u16),
}

impl Period {
    /// Whether every span of `self` lies within one span of `other`.
    fn within(self, other: Self) -> bool {
        self == other || self == Self::Day || (self, other) == (Self::Week, Self::Month)
    }

    /// Roughly how long, for sorting: days.
    fn days(self) -> u16 {
        match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 31,
            Self::Rolling(days) => days,
        }
    }

    /// Reads `day`, `week`, `month` or `30 days`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "day" => Some(Self::Day),
            "week" => Some(Self::Week),
            "month" => Some(Self::Month),
            _ => text.strip_suffix(" days")?.parse().ok().filter(|days| *days > 1).map(Self::Rolling),
        }
    }
}

/// Writes what [`Period::parse`] reads.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day => f.write_str("day"),
            Self::Week => f.write_str("week"),
            Self::Month => f.write_str("month"),
            Self::Rolling(days) => write!(f, "{days} days"),
        }
    }
}

/// The most that a rider pays for rides on some networks in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Its name, on statements.
    pub id: Arc<str>,
    /// network_ids whose rides count.
    pub networks: Vec<Arc<str>>,
    /// rider_category_id and the most that it pays; a category that is not here has no cap.
    pub amounts: Vec<(Arc<str>, Satang)>,
    /// How long it looks.
    pub period: Period,
    /// Whether legs without a tap-off count, at the fare charged for them.
    pub counts_default: bool,
}

impl Cap {
    /// The most that a rider category pays; `None` without a cap. The category must be named:
    /// [`super::Tariff::category`] says which one counts.
    #[must_use]
    pub fn amount(&self, rider: &str) -> Option<Satang> {
        self.amounts.iter().find(|(id, _)| **id == *rider).map(|(_, amount)| *amount)
    }

    /// Whether rides on a network count.
    #[must_use]
    pub fn covers(&self, network: &str) -> bool {
        self.networks.iter().any(|id| **id == *network)
    }

    fn covers_all_of(&self, other: &Self) -> bool {
        other.networks.iter().all(|network| self.covers(network))
    }

    /// Whether some ride of some rider counts to both.
    fn meets(&self, other: &Self) -> bool {
        let one_network = other.networks.iter().any(|network| self.covers(network));
        one_network && other.amounts.iter().any(|(rider, _)| self.amount(rider).is_some())
    }

    fn nests_in(&self, other: &Self) -> bool {
        other.covers_all_of(self) && self.period.within(other.period)
    }
}

/// Shorter periods first, then fewer networks, then by name.
pub fn sort(caps: &mut [Cap]) {
    caps.sort_by(|a, b| {
        let key = |cap: &Cap| (cap.period.days(), cap.networks.len());
        key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id))
    });
}

/// Whether the total is independent of the order of rides.
///
/// # Errors
/// Names two caps that overlap without one holding the other.
pub fn nested_or_disjoint(caps: &[Cap]) -> Result<(), String> {
    for (at, a) in caps.iter().enumerate() {
        for b in &caps[at + 1..] {
            if a.meets(b) && !a.nests_in(b) && !b.nests_in(a) {
                return Err(format!(
                    "the caps {} ({}, {}) and {} ({}, {}) overlap, but neither holds the other: give the one with \
                     the longer period all networks of the other, or let them share no network",
                    a.id,
                    a.networks.join("+"),
                    a.period,
                    b.id,
                    b.networks.join("+"),
                    b.period
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cap(id: &str, networks: &str, period: &str, riders: &str) -> Cap {
        Cap {
            id: id.into(),
            networks: networks.split(' ').map(Arc::from).collect(),
            amounts: riders.split(' ').map(|rider| (rider.into(), Satang(1))).collect(),
            period: Period::parse(period).unwrap(),
            counts_default: true,
        }
    }

    fn named(caps: [Cap; 2]) -> Option<String> {
        nested_or_disjoint(&caps).err()
    }

    #[test]
    fn nested_and_disjoint_caps_are_accepted() {
        for (a, b) in [
            (("bus", "day", "adult"), ("bus ferry", "day", "adult")),
            (("bus", "day", "adult"), ("bus ferry", "month", "adult")),
            (("bus", "week", "adult"), ("bus", "month", "adult")),
            (("bus", "month", "adult"), ("ferry", "day", "adult")),
            (("bus", "day", "adult"), ("bus ferry", "30 days", "adult")),
            (("bus", "month", "student"), ("bus ferry", "day", "adult")),
            (("bus", "day", "adult"), ("bus", "day", "adult")),
        ] {
            assert_eq!(named([cap("a", a.0, a.1, a.2), cap("b", b.0, b.1, b.2)]), None, "{a:?} {b:?}");
            assert_eq!(named([cap("b", b.0, b.1, b.2), cap("a", a.0, a.1, a.2)]), None, "{a:?} {b:?}");
        }
    }

    #[test]
    fn caps_that_cross_are_refused_and_both_are_named() {
        for (a, b) in [
            (("bus", "month", "adult"), ("bus ferry", "day", "adult")),
            (("bus ferry", "day", "adult"), ("ferry rail", "day", "adult")),
            (("bus", "week", "adult"), ("bus", "10 days", "adult")),
            (("bus", "7 days", "adult"), ("bus", "30 days", "adult")),
            (("bus", "7 days", "adult"), ("bus", "month", "adult")),
        ] {
            let said = named([cap("first", a.0, a.1, a.2), cap("second", b.0, b.1, b.2)]).unwrap();
            assert!(said.contains("first") && said.contains("second"), "{said}");
        }
    }

    #[test]
    fn shorter_and_narrower_caps_come_first() {
        let mut caps = [
            cap("month", "bus ferry", "month", "adult"),
            cap("town", "bus ferry", "day", "adult"),
            cap("bus", "bus", "day", "adult"),
            cap("week", "bus", "week", "adult"),
        ];
        sort(&mut caps);
        assert_eq!(caps.map(|cap| cap.id.to_string()), ["bus", "town", "week", "month"]);
    }

    #[test]
    fn every_period_reads_back_from_its_words() {
        for period in [Period::Day, Period::Week, Period::Month, Period::Rolling(30)] {
            assert_eq!(Period::parse(&period.to_string()), Some(period));
        }
        assert_eq!(["year", "1 days", "days", "-3 days"].map(Period::parse), [None; 4]);
    }
}
