//! What was learned, laid out for people: headings, sentences, tables.
//!
//! Data only: the program prints it as text or JSON. What always holds: a row has as many cells as the
//! table has columns.

use std::fmt;

/// A table about one thing that is learned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// What it is about, such as `waiting at time points`.
    pub title: String,
    /// What is believed where nothing was seen, in one sentence.
    pub prior: String,
    /// Headings, units in them.
    pub columns: Vec<&'static str>,
    /// Rows, most telling first.
    pub rows: Vec<Vec<Cell>>,
    /// What is left out, or to be known when reading it; may be empty.
    pub note: String,
}

/// One cell of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// How many.
    Count(u64),
    /// A quantity, and how many decimals of it mean anything.
    Number(f64, usize),
    /// A share, 0 to 1; shown in percent.
    Share(f64),
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Count(count) => write!(f, "{count}"),
            Self::Number(value, decimals) => write!(f, "{value:.decimals$}"),
            Self::Share(share) => write!(f, "{:.0} %", share * 100.0),
        }
    }
}
