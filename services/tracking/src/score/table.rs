//! A CSV file with named columns, whose errors name line and field.

use super::ScoreError;
use gtfs::{ServiceTime, Timestamp};
use std::io::Read;

/// A CSV file with named columns.
pub(super) struct Table<R> {
    reader: csv::Reader<R>,
    header: csv::StringRecord,
    record: csv::StringRecord,
}

/// Where a named column is.
#[derive(Clone, Copy)]
pub(super) struct Column {
    at: usize,
    name: &'static str,
}

impl<R: Read> Table<R> {
    pub(super) fn open(source: R) -> Result<Self, ScoreError> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source);
        let header = reader.headers()?.clone();
        Ok(Self { reader, header, record: csv::StringRecord::new() })
    }

    pub(super) fn column(&self, name: &'static str) -> Option<Column> {
        let at = self.header.iter().position(|field| field.trim_start_matches('\u{feff}') == name)?;
        Some(Column { at, name })
    }

    pub(super) fn columns<const N: usize>(
        &self,
        names: [&'static str; N],
    ) -> Result<[Column; N], ScoreError> {
        let mut columns = [Column { at: 0, name: "" }; N];
        for (column, name) in columns.iter_mut().zip(names) {
            *column = self.column(name).ok_or(ScoreError::Column(name))?;
        }
        Ok(columns)
    }

    pub(super) fn next(&mut self) -> Result<bool, ScoreError> {
        Ok(self.reader.read_record(&mut self.record)?)
    }

    pub(super) fn text(&self, column: Column) -> &str {
        self.record.get(column.at).unwrap_or("").trim()
    }

    /// A time of the service day; `None` without the column, or where it says none.
    pub(super) fn clock(&self, column: Option<Column>) -> Option<ServiceTime> {
        ServiceTime::parse(self.text(column?).as_bytes())
    }

    fn wrong(&self, column: Column) -> ScoreError {
        let line = self.record.position().map_or(0, csv::Position::line);
        ScoreError::Field { line, field: column.name, value: self.text(column).to_owned() }
    }

    pub(super) fn number(&self, column: Column) -> Result<u32, ScoreError> {
        self.text(column).parse().ok().ok_or_else(|| self.wrong(column))
    }

    pub(super) fn seconds(&self, column: Column) -> Result<Timestamp, ScoreError> {
        let seconds: Option<f64> = self.text(column).parse().ok();
        seconds.map(Timestamp::from_s_f64).ok_or_else(|| self.wrong(column))
    }

    pub(super) fn instant(&self, column: Column) -> Result<Timestamp, ScoreError> {
        crate::replay::instant(self.text(column)).ok_or_else(|| self.wrong(column))
    }

    /// One of a list of words; `None` when the field is empty.
    pub(super) fn word<T>(
        &self,
        column: Column,
        of: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, ScoreError> {
        match self.text(column) {
            "" => Ok(None),
            text => of(text).map(Some).ok_or_else(|| self.wrong(column)),
        }
    }
}
