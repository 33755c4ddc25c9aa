//! One CSV file, row by row: bounded, checked, nothing kept.
//!
//! Built on `csv-core` and not on `csv`, because a row must have a largest size: an unclosed quote
//! would otherwise swallow the rest of a 2 GiB file into one field.

use super::source::{Archive, READ_BYTES};
use super::spec::FileSpec;
use crate::findings::{Finding, Findings, Severity, shortened};
use csv_core::ReadRecordResult;
use std::io::{self, Read};

/// Bytes of the fields of one row.
pub const ROW_BYTES_MAX: usize = 64 << 10;
/// Columns of one file.
pub const COLUMNS_MAX: usize = 256;

impl Archive<'_> {
    /// Calls `each` with every row that has as many fields as the header. Problems of the file and of
    /// the rows go to `findings`. Returns whether the file is there and has a usable header.
    pub(super) fn each_row(
        &self,
        spec: &'static FileSpec,
        findings: &mut Findings,
        mut each: impl FnMut(&Row<'_>, &mut Findings),
    ) -> bool {
        let read = |input: &mut dyn Read| {
            let mut reader = Reader::new(input);
            let Some(header) = Header::read(&mut reader, spec, findings)? else { return Ok(false) };
            while let Some(line) = reader.next(spec, findings)? {
                let row = Row { header: &header, fields: &reader.fields, line };
                if row.has_every_field(findings) {
                    each(&row, findings);
                }
            }
            Ok(true)
        };
        match self.with(spec.name, read) {
            None => false,
            Some(Ok(usable)) => usable,
            Some(Err(e)) => {
                let advice = "the file can not be read to its end; pack and send the feed again";
                findings.push(about_file(
                    spec,
                    Severity::Fatal,
                    "csv_parsing_failed",
                    &e.to_string(),
                    advice,
                ));
                false
            }
        }
    }
}

/// The first row of a file.
pub(super) struct Header {
    spec: &'static FileSpec,
    /// For each column of the specification, where it is in the file.
    places: Vec<(&'static str, u16)>,
    fields: usize,
}

/// A column, found once and used for every row of a large file.
#[derive(Clone, Copy)]
pub(super) struct Col {
    at: Option<u16>,
}

impl Header {
    fn read(
        reader: &mut Reader<'_>,
        spec: &'static FileSpec,
        findings: &mut Findings,
    ) -> io::Result<Option<Self>> {
        if reader.next(spec, findings)?.is_none() {
            findings.push(about_file(spec, Severity::Error, "empty_file", "", "add the header and the rows"));
            return Ok(None);
        }
        let mut header = Self { spec, places: Vec::new(), fields: reader.fields.count };
        for at in 0..reader.fields.count {
            header.add(at, reader.fields.field(at), findings);
        }
        let missing = spec.required.iter().filter(|name| header.col(name).at.is_none());
        let mut usable = true;
        for name in missing {
            let advice = "add this column; the whole file is left out without it";
            findings.push(about_file(spec, Severity::Error, "missing_required_column", name, advice));
            usable = false;
        }
        Ok(usable.then_some(header))
    }

    fn add(&mut self, at: usize, name: &str, findings: &mut Findings) {
        let known = self.spec.columns.iter().find(|known| **known == name);
        let notice = match known {
            _ if name.is_empty() => (Severity::Error, "empty_column_name", "give the column a name"),
            None => (
                Severity::Info,
                "unknown_column",
                "not in the specification, so not read; check the spelling",
            ),
            Some(known) if self.places.iter().any(|(have, _)| have == known) => {
                (Severity::Error, "duplicated_column", "remove one of the two columns; the first one is read")
            }
            Some(known) => {
                self.places.push((known, at as u16));
                return;
            }
        };
        findings.push(about_file(self.spec, notice.0, notice.1, name, notice.2));
    }

    /// The column of a name; it is a mistake of ours to ask for one that the specification does not know.
    pub(super) fn col(&self, name: &'static str) -> Col {
        debug_assert!(self.spec.columns.contains(&name), "{name} is not in spec.rs");
        Col { at: self.places.iter().find(|(have, _)| *have == name).map(|&(_, at)| at) }
    }
}

/// One row of a file.
pub(super) struct Row<'r> {
    pub(super) header: &'r Header,
    fields: &'r Fields,
    /// The line it starts on, the header being 1.
    pub(super) line: u64,
}

impl<'r> Row<'r> {
    /// The field of a found column, without white space around it; empty when absent.
    pub(super) fn at(&self, col: Col) -> &'r str {
        col.at.map_or("", |at| self.fields.field(usize::from(at)))
    }

    /// The same as bytes, white space and all: for the columns read in every row of a large file.
    pub(super) fn bytes_at(&self, col: Col) -> &'r [u8] {
        col.at.map_or(&[], |at| self.fields.raw(usize::from(at)))
    }

    /// The field of a name; empty when absent.
    pub(super) fn get(&self, name: &'static str) -> &'r str {
        self.at(self.header.col(name))
    }

    /// Whether the file has the column, filled in or not.
    pub(super) fn has(&self, name: &'static str) -> bool {
        self.header.col(name).at.is_some()
    }

    /// Adds a finding about this row; `field` may be empty to mean all of it.
    pub(super) fn report(
        &self,
        findings: &mut Findings,
        severity: Severity,
        code: &'static str,
        field: &'static str,
        advice: &'static str,
    ) {
        let value = if field.is_empty() { "" } else { self.get(field) };
        let (file, row) = (self.header.spec.name, self.line);
        findings.push(Finding { severity, code, file, row, field, value: shortened(value), advice });
    }

    /// The field, or a finding when it is empty.
    pub(super) fn required(&self, name: &'static str, findings: &mut Findings) -> Option<&'r str> {
        let value = self.get(name);
        if value.is_empty() {
            let advice = "fill in this field; the row is left out without it";
            self.report(findings, Severity::Error, "missing_required_field", name, advice);
            return None;
        }
        Some(value)
    }

    /// The field read by `parse`: `None` when empty, and with a finding when it can not be read.
    pub(super) fn parsed<T>(
        &self,
        name: &'static str,
        findings: &mut Findings,
        code: &'static str,
        advice: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.get(name);
        if value.is_empty() {
            return None;
        }
        let parsed = parse(value);
        if parsed.is_none() {
            self.report(findings, Severity::Error, code, name, advice);
        }
        parsed
    }

    /// A number of the set 0..=`max`; `default` when empty or (with a finding) anything else.
    pub(super) fn choice(&self, name: &'static str, max: u8, default: u8, findings: &mut Findings) -> u8 {
        let value = self.get(name);
        if value.is_empty() {
            return default;
        }
        match value.parse::<u8>() {
            Ok(n) if n <= max => n,
            _ => {
                let advice = "use one of the numbers that the specification lists; read as if it were empty";
                self.report(findings, Severity::Warning, "unexpected_enum_value", name, advice);
                default
            }
        }
    }

    fn has_every_field(&self, findings: &mut Findings) -> bool {
        let (have, want) = (self.fields.count, self.header.fields);
        if have == want {
            return true;
        }
        if have == 1 && self.fields.field(0).is_empty() {
            self.report(findings, Severity::Warning, "empty_row", "", "remove the empty line");
            return false;
        }
        let value = format!("{have} fields, the header has {want}");
        let advice =
            "give every row as many fields as the header; check commas and quotes. The row is left out";
        let (file, row) = (self.header.spec.name, self.line);
        let (severity, code) = (Severity::Error, "invalid_row_length");
        findings.push(Finding { severity, code, file, row, field: "", value: value.into(), advice });
        false
    }
}

/// A finding about a file as a whole.
pub(super) fn about_file(
    spec: &'static FileSpec,
    severity: Severity,
    code: &'static str,
    value: &str,
    advice: &'static str,
) -> Finding {
    Finding { severity, code, file: spec.name, row: 0, field: "", value: shortened(value), advice }
}

/// A finding about a row that is no longer at hand.
pub(super) fn about_row(
    spec: &'static FileSpec,
    severity: Severity,
    code: &'static str,
    row: u64,
    field: &'static str,
    value: &str,
    advice: &'static str,
) -> Finding {
    Finding { severity, code, file: spec.name, row, field, value: shortened(value), advice }
}

/// Splits bytes into rows. Holds one row and one read's worth of input.
struct Reader<'i> {
    input: &'i mut dyn Read,
    core: csv_core::Reader,
    buffer: Vec<u8>,
    /// The part of `buffer` not yet split.
    unread: std::ops::Range<usize>,
    fields: Fields,
    /// The byte that ended the row; `None` when the end of the file did.
    last_byte: Option<u8>,
}

/// The row split last.
struct Fields {
    /// The fields' bytes, one after the other.
    bytes: Vec<u8>,
    /// Where each field ends in `bytes`.
    ends: Vec<usize>,
    count: usize,
}

impl<'i> Reader<'i> {
    fn new(input: &'i mut dyn Read) -> Self {
        Self {
            input,
            core: csv_core::Reader::new(),
            buffer: vec![0; READ_BYTES],
            unread: 0..0,
            fields: Fields { bytes: vec![0; ROW_BYTES_MAX], ends: vec![0; COLUMNS_MAX], count: 0 },
            last_byte: None,
        }
    }

    /// The next row's line, once it is split; `None` at the end. A row past the limits is reported
    /// and passed over.
    fn next(&mut self, spec: &'static FileSpec, findings: &mut Findings) -> io::Result<Option<u64>> {
        let mut passed;
        loop {
            passed = self.core.line();
            match self.split()? {
                Split::End => return Ok(None),
                Split::Row => break,
                Split::TooLong => {
                    let advice =
                        "a row may have 64 KiB and 256 fields; is a quote left open? The row is left out";
                    let mut finding = about_file(spec, Severity::Error, "row_too_long", "", advice);
                    finding.row = self.core.line();
                    findings.push(finding);
                }
            }
        }
        let line = self.line(passed);
        if !self.fields.is_text() {
            let advice = self.fields.make_text();
            let first = self.fields.field(0);
            let mut finding = about_file(spec, Severity::Error, "invalid_character", first, advice);
            finding.row = line;
            findings.push(finding);
        }
        Ok(Some(line))
    }

    fn split(&mut self) -> io::Result<Split> {
        let (mut bytes, mut fields, mut too_long) = (0, 0, false);
        loop {
            if self.unread.is_empty() {
                self.refill()?;
            }
            let (input, row) = (&self.buffer[self.unread.clone()], &mut self.fields.bytes[bytes..]);
            let ends = &mut self.fields.ends[fields..];
            let (result, read, written, ended) = self.core.read_record(input, row, ends);
            self.last_byte = read.checked_sub(1).map(|last| input[last]);
            self.unread.start += read;
            bytes += written;
            fields += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                // What was split of it so far is thrown away, and the rest of the row after it.
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    (bytes, fields, too_long) = (0, 0, true);
                }
                ReadRecordResult::Record if too_long => return Ok(Split::TooLong),
                ReadRecordResult::Record => {
                    self.fields.count = fields;
                    return Ok(Split::Row);
                }
                ReadRecordResult::End => return Ok(Split::End),
            }
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        loop {
            match self.input.read(&mut self.buffer) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => {
                    self.unread = 0..other?;
                    return Ok(());
                }
            }
        }
    }

    /// The line on which the row just split starts, when `csv-core` stood at line `passed` before it.
    /// Of the line feeds gone by since, those inside quoted fields and the one that ends the row come
    /// after its start; the rest ended the row before (after a carriage return) or empty lines.
    fn line(&self, passed: u64) -> u64 {
        let since = self.core.line() - passed;
        let ended = u64::from(self.last_byte == Some(b'\n'));
        let inside = if since > 1 || ended == 0 { self.fields.line_feeds() } else { 0 };
        passed + since.saturating_sub(inside + ended)
    }
}

impl Fields {
    fn all(&self) -> &[u8] {
        &self.bytes[..self.count.checked_sub(1).map_or(0, |last| self.ends[last])]
    }

    fn line_feeds(&self) -> u64 {
        self.all().iter().filter(|&&b| b == b'\n').count() as u64
    }

    fn raw(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[at]]
    }

    fn field(&self, at: usize) -> &str {
        std::str::from_utf8(self.raw(at)).unwrap_or_default().trim_ascii()
    }

    fn is_text(&self) -> bool {
        self.all().is_ascii() || (0..self.count).all(|at| std::str::from_utf8(self.raw(at)).is_ok())
    }

    /// Replaces what is not UTF-8, so that the row can be used, and says what it looks like.
    fn make_text(&mut self) -> &'static str {
        let high = || self.all().iter().filter(|b| !b.is_ascii());
        let thai = high().all(|b| matches!(b, 0xA1..=0xDA | 0xDF..=0xFB));
        let text: Vec<String> =
            (0..self.count).map(|at| String::from_utf8_lossy(self.raw(at)).into_owned()).collect();
        let mut end = 0;
        for (at, field) in text.iter().enumerate() {
            // Lossy text may be three times as long; what does not fit is cut at a character.
            let fits = field.floor_char_boundary(self.bytes.len() - end);
            self.bytes[end..end + fits].copy_from_slice(&field.as_bytes()[..fits]);
            end += fits;
            self.ends[at] = end;
        }
        if thai {
            "not UTF-8: it looks like TIS-620 (Windows-874); save the file again as UTF-8"
        } else {
            "not UTF-8: save the file again as UTF-8"
        }
    }
}

enum Split {
    Row,
    TooLong,
    End,
}
