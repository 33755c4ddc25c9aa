//! The files of payment services and banks: CSV with a header, in our own form or with a mapping of names.
//!
//! PSP: `reference,day,status,amount,fee,payout`. Bank: `reference,day,amount,description`. Amounts are baht with up to
//! two decimals, `1,234.50` in quotes too; days are `YYYY-MM-DD` or `YYYYMMDD`. More columns may stand in between.
//! A [`Mapping`] says what a column is called in somebody else's file, and which words stand for a status.
//!
//! What it does not do: take a text apart (the caller gives [`Record`]s), or guess. A line that can not be read is named with its field and loses nothing else.

use super::{bank, psp};
use crate::money::{SATANG_PER_BAHT, Satang};
use gtfs::ServiceDay;
use std::fmt;
use std::sync::Arc;

/// Lines of a file at most.
pub const LINES_MAX: usize = 1_000_000;

/// What a file calls our columns and words: pairs of ours and theirs, such as `("reference", "charge_id")` and
/// `("paid", "successful")`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping(Vec<(Arc<str>, Arc<str>)>);

impl Mapping {
    /// Reads `reference=charge_id,paid=successful`.
    ///
    /// # Errors
    /// The part without `=`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let pair = |part: &str| {
            let (ours, theirs) =
                part.split_once('=').ok_or_else(|| format!("{part:?} is not OURS=THEIRS"))?;
            Ok((ours.trim().into(), theirs.trim().into()))
        };
        text.split(',').filter(|part| !part.trim().is_empty()).map(pair).collect::<Result<_, _>>().map(Self)
    }

    fn theirs<'a>(&'a self, ours: &'a str) -> &'a str {
        self.0.iter().find(|(name, _)| &**name == ours).map_or(ours, |(_, theirs)| theirs)
    }

    fn ours<'a>(&'a self, theirs: &'a str) -> &'a str {
        self.0.iter().find(|(_, name)| name.eq_ignore_ascii_case(theirs)).map_or(theirs, |(ours, _)| ours)
    }
}

/// A line that can not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Where it stands, from 1, the header counted.
    pub number: u32,
    /// The column, as the file calls it; empty when it is the whole line.
    pub field: Arc<str>,
    /// What stands there, and what should.
    pub why: String,
}

/// Writes `line 7, amount: "abc" is no amount, write baht such as 100.00`.
impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.number)?;
        if !self.field.is_empty() {
            write!(f, ", {}", self.field)?;
        }
        write!(f, ": {}", self.why)
    }
}

/// A record of a CSV file: where it begins, from line 1, and its fields. The first is the header.
pub type Record = (u32, Vec<String>);

/// The lines of a file, and those that can not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read<T> {
    /// What could be read, in the order of the file.
    pub lines: Vec<T>,
    /// What could not.
    pub bad: Vec<BadLine>,
}

/// The lines of a payment service's file.
///
/// # Errors
/// What is wrong with the header: then no line can be read.
pub fn psp(records: &[Record], mapping: &Mapping) -> Result<Read<psp::Line>, BadLine> {
    let file = File::open(records, mapping, &["reference", "day", "status", "amount"])?;
    Ok(file.read(|row| {
        let status = row.need("status")?;
        let of_word = psp::Status::from_word(&row.mapping.ours(status).to_lowercase());
        let amount = row.amount("amount")?;
        let fee = row.maybe("fee").map_or(Ok(Satang(0)), |_| row.amount("fee"))?;
        if amount.0 <= 0 {
            return Err(
                row.bad("amount", format!("{amount} is not above zero; the status says which way it went"))
            );
        }
        if fee.0 < 0 {
            return Err(row.bad("fee", format!("{fee} is below zero")));
        }
        Ok(psp::Line {
            number: row.number,
            reference: row.need("reference")?.into(),
            day: row.day("day")?,
            status: of_word.ok_or_else(|| {
                row.bad(
                    "status",
                    format!("{status:?} is none of paid, declined, refunded, chargeback; map it"),
                )
            })?,
            amount,
            fee,
            payout: row.maybe("payout").unwrap_or_default().into(),
        })
    }))
}

/// The lines of a bank statement.
///
/// # Errors
/// What is wrong with the header: then no line can be read.
pub fn bank(records: &[Record], mapping: &Mapping) -> Result<Read<bank::Line>, BadLine> {
    let file = File::open(records, mapping, &["reference", "day", "amount", "description"])?;
    Ok(file.read(|row| {
        let amount = row.amount("amount")?;
        if amount.0 == 0 {
            return Err(row.bad("amount", "it is zero".into()));
        }
        Ok(bank::Line {
            number: row.number,
            reference: row.need("reference")?.into(),
            day: row.day("day")?,
            amount,
            description: row.maybe("description").unwrap_or_default().into(),
        })
    }))
}

struct File<'a> {
    mapping: &'a Mapping,
    columns: Vec<String>,
    records: &'a [Record],
}

struct Row<'a> {
    number: u32,
    mapping: &'a Mapping,
    columns: &'a [String],
    fields: &'a [String],
}

impl<'a> File<'a> {
    fn open(records: &'a [Record], mapping: &'a Mapping, needed: &[&str]) -> Result<Self, BadLine> {
        let header = |why: String| BadLine { number: 1, field: "".into(), why };
        if records.len() > LINES_MAX {
            return Err(header(format!("the file has more than {LINES_MAX} lines, split it")));
        }
        let Some(((_, names), records)) = records.split_first() else {
            return Err(header(format!("the file is empty, it should begin with {}", needed.join(","))));
        };
        let columns: Vec<String> = names.iter().map(|name| name.trim().to_lowercase()).collect();
        for name in needed {
            let theirs = mapping.theirs(name).to_lowercase();
            if !columns.contains(&theirs) {
                let there = columns.join(", ");
                return Err(header(format!(
                    "there is no column {theirs:?} among {there}; add it or map {name}=THEIRS"
                )));
            }
        }
        Ok(Self { mapping, columns, records })
    }

    fn read<T>(&self, line: impl Fn(&Row<'_>) -> Result<T, BadLine>) -> Read<T> {
        let mut read = Read { lines: Vec::new(), bad: Vec::new() };
        for (number, fields) in self.records {
            let row = Row { number: *number, mapping: self.mapping, columns: &self.columns, fields };
            match line(&row) {
                Ok(line) => read.lines.push(line),
                Err(bad) => read.bad.push(bad),
            }
        }
        read
    }
}

impl Row<'_> {
    fn maybe(&self, name: &str) -> Option<&str> {
        let theirs = self.mapping.theirs(name).to_lowercase();
        let at = self.columns.iter().position(|column| *column == theirs)?;
        self.fields.get(at).map(|field| field.trim()).filter(|field| !field.is_empty())
    }

    fn need(&self, name: &str) -> Result<&str, BadLine> {
        self.maybe(name).ok_or_else(|| self.bad(name, "nothing stands there".into()))
    }

    fn bad(&self, name: &str, why: String) -> BadLine {
        BadLine { number: self.number, field: self.mapping.theirs(name).into(), why }
    }

    fn day(&self, name: &str) -> Result<ServiceDay, BadLine> {
        let text = self.need(name)?;
        // A time after the day is left away.
        let day = text.split(['T', ' ']).next().unwrap_or_default();
        ServiceDay::parse(day).ok_or_else(|| self.bad(name, format!("{text:?} is no day, write 2026-11-20")))
    }

    fn amount(&self, name: &str) -> Result<Satang, BadLine> {
        let text = self.need(name)?;
        amount(text)
            .ok_or_else(|| self.bad(name, format!("{text:?} is no amount, write baht such as 100.00")))
    }
}

/// Baht with up to two decimals, thousands parted by commas, a sign in front.
fn amount(text: &str) -> Option<Satang> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (baht, satang) = digits.split_once('.').unwrap_or((digits, ""));
    let plain: String = baht.chars().filter(|&c| c != ',').collect();
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if plain.is_empty() || !all_digits(&plain) || satang.len() > 2 || !all_digits(satang) {
        return None;
    }
    let satang: i64 = format!("{satang:0<2}").parse().ok()?;
    let whole: i64 = plain.parse().ok()?;
    whole.checked_mul(SATANG_PER_BAHT)?.checked_add(satang)?.checked_mul(sign).map(Satang)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fields parted by commas, or by `;` where amounts have commas.
    fn records(text: &str) -> Vec<Record> {
        let parted = if text.contains(';') { ';' } else { ',' };
        let fields = |line: &str| line.split(parted).map(str::to_owned).collect();
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.is_empty());
        lines.map(|(number, line)| (number, fields(line))).collect()
    }

    #[test]
    fn a_file_in_our_own_form_is_read() {
        let text = "reference;day;status;amount;fee;payout\n\
                    R1;2026-11-20;paid;100.00;1.50;PO-1\n\
                    \n\
                    R2;20261120;chargeback;1,234.5;;\n";
        let read = psp(&records(text), &Mapping::default()).unwrap();
        assert_eq!(read.bad, []);
        let shown: Vec<_> =
            read.lines.iter().map(|l| (l.number, &*l.reference, l.amount.0, l.fee.0, &*l.payout)).collect();
        assert_eq!(shown, [(2, "R1", 10_000, 150, "PO-1"), (4, "R2", 123_450, 0, "")]);
    }

    #[test]
    fn a_file_in_other_words_is_read_with_a_mapping() {
        let mapping = Mapping::parse("reference=charge_id,day=created,status=state,paid=Successful").unwrap();
        let text = "state,extra,charge_id,created,amount\nsuccessful,x,R1,2026-11-20T07:31:02+07:00,20\n";
        let read = psp(&records(text), &mapping).unwrap();
        assert_eq!((read.lines.len(), read.lines[0].status), (1, psp::Status::Paid));
        assert!(Mapping::parse("reference").unwrap_err().contains("OURS=THEIRS"));
    }

    #[test]
    fn a_bad_line_is_named_with_its_field_and_loses_nothing_else() {
        let text = "reference,day,status,amount,fee\n\
                    R1,2026-11-20,paid,abc,0\n\
                    R2,20.11.2026,paid,5,0\n\
                    R3,2026-11-20,lost,5,0\n\
                    ,2026-11-20,paid,5,0\n\
                    R5,2026-11-20,paid,-5,0\n\
                    R6,2026-11-20,paid,5,-1\n\
                    R7,2026-11-20\n\
                    R8,2026-11-20,paid,5,0\n";
        let read = psp(&records(text), &Mapping::default()).unwrap();
        assert_eq!(read.lines.iter().map(|l| &*l.reference).collect::<Vec<_>>(), ["R8"]);
        let told: Vec<String> = read.bad.iter().map(BadLine::to_string).collect();
        assert_eq!(told[0], "line 2, amount: \"abc\" is no amount, write baht such as 100.00");
        let fields: Vec<(u32, &str)> = read.bad.iter().map(|bad| (bad.number, &*bad.field)).collect();
        let expected = [
            (2, "amount"),
            (3, "day"),
            (4, "status"),
            (5, "reference"),
            (6, "amount"),
            (7, "fee"),
            (8, "status"),
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn a_header_without_a_needed_column_says_which_and_how_to_map_it() {
        let missing = psp(&records("reference,day,amount\n"), &Mapping::default()).unwrap_err();
        assert!(
            missing.to_string().contains("\"status\"") && missing.why.contains("status=THEIRS"),
            "{missing}"
        );
        assert!(bank(&[], &Mapping::default()).unwrap_err().why.contains("empty"));
    }

    #[test]
    fn a_bank_statement_is_read_and_amounts_keep_their_sign() {
        let text = "day,reference,amount,description\n2026-11-21,B1,98.50,OMISE PO-1\n2026-11-21,B2,-7,fee\n2026-11-21,B3,0,-\n";
        let read = bank(&records(text), &Mapping::default()).unwrap();
        assert_eq!(read.lines.iter().map(|l| l.amount.0).collect::<Vec<_>>(), [9_850, -700]);
        assert_eq!(&*read.lines[0].description, "OMISE PO-1");
        assert_eq!(read.bad.len(), 1);
    }

    #[test]
    fn amounts_are_read_to_the_satang_or_not_at_all() {
        for (text, satang) in
            [("0", 0), ("1", 100), ("1.5", 150), ("-0.05", -5), ("+2.00", 200), ("1,000.01", 100_001)]
        {
            assert_eq!(amount(text), Some(Satang(satang)), "{text}");
        }
        for text in ["", ".", "1.005", "1e3", "1.-5", "--1", "฿5", "99999999999999999999"] {
            assert_eq!(amount(text), None, "{text}");
        }
    }
}
