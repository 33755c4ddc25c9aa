//! Money: whole satang, a hundredth of a baht. Never a float.

use std::fmt;
use std::iter::Sum;

/// An amount of money; negative where it is owed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Satang(pub i64);

/// Satang in a baht.
pub const SATANG_PER_BAHT: i64 = 100;

impl Satang {
    /// Whole baht; `None` beyond the type's range.
    #[must_use]
    pub fn from_baht(baht: i64) -> Option<Self> {
        baht.checked_mul(SATANG_PER_BAHT).map(Self)
    }

    /// The sum, or `None` beyond the type's range: money never wraps round.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, or `None` beyond the type's range.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

/// The sum, or `None` beyond the type's range.
impl Sum<Satang> for Option<Satang> {
    fn sum<I: Iterator<Item = Satang>>(mut amounts: I) -> Self {
        amounts.try_fold(Satang(0), Satang::checked_add)
    }
}

/// Writes baht with two decimals, as on a receipt: `-15.05`.
impl fmt::Display for Satang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let satang = self.0.unsigned_abs();
        let per_baht = SATANG_PER_BAHT.unsigned_abs();
        write!(f, "{sign}{}.{:02}", satang / per_baht, satang % per_baht)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_on_a_receipt() {
        let written = [0, 5, 100, 1_505, -5, -1_505, i64::MIN].map(|satang| Satang(satang).to_string());
        assert_eq!(written, ["0.00", "0.05", "1.00", "15.05", "-0.05", "-15.05", "-92233720368547758.08"]);
    }

    #[test]
    fn money_never_wraps_round() {
        assert_eq!(Satang(i64::MAX).checked_add(Satang(1)), None);
        assert_eq!(Satang(i64::MIN).checked_sub(Satang(1)), None);
        assert_eq!(Satang::from_baht(i64::MAX), None);
        assert_eq!([Satang(i64::MAX), Satang(1)].into_iter().sum::<Option<Satang>>(), None);
        assert_eq!([Satang(1_500), Satang(-300)].into_iter().sum::<Option<Satang>>(), Some(Satang(1_200)));
    }
}
