//! Where the files of a feed come from, and the limits on what is read.
//!
//! Nothing is ever unpacked to disk: a name in a zip is only compared, never opened. An archive that
//! lies about its sizes, or names a path outside itself, is refused whole.

use crate::findings::{Finding, Findings, Severity, shortened};
use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use zip::ZipArchive;

/// Files in a feed; the specification knows about 30.
pub const ENTRIES_MAX: usize = 64;
/// Bytes of all files of a feed, unpacked.
pub const UNPACKED_BYTES_MAX: u64 = 2 << 30;
/// Unpacked size over packed size of one file. Timetables pack about 1 : 10.
pub const RATIO_MAX: u64 = 100;
/// Files smaller than this, unpacked, may have any ratio.
pub const RATIO_FREE_BYTES: u64 = 1 << 20;

/// A feed to load.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// A zip file, or a folder of `.txt` files.
    Path(&'a Path),
    /// The bytes of a zip file.
    Zip(&'a [u8]),
    /// All files in one text, each after a line `# stops.txt`: for fixtures and tests.
    Text(&'a str),
}

/// The files of a feed, named and measured, not yet read.
pub(super) struct Archive<'a> {
    source: Source<'a>,
    members: Vec<Member<'a>>,
}

struct Member<'a> {
    /// Such as `stops.txt`.
    name: String,
    place: Place<'a>,
    bytes: u64,
    crc32: u32,
}

enum Place<'a> {
    Entry(usize),
    File(PathBuf),
    Text(&'a str),
}

impl<'a> Archive<'a> {
    /// Lists the files; what is wrong with the container itself goes to `findings`.
    pub(super) fn open(source: Source<'a>, findings: &mut Findings) -> Self {
        let members = match source {
            Source::Zip(bytes) => list_zip(Cursor::new(bytes), findings),
            Source::Path(path) if path.is_dir() => list_folder(path, findings),
            Source::Path(path) => match File::open(path) {
                Ok(file) => list_zip(file, findings),
                Err(e) => {
                    refuse(findings, "unreadable_feed", &e.to_string(), "give a readable zip file or folder")
                }
            },
            Source::Text(text) => list_text(text),
        };
        let archive = Self { source, members };
        archive.check_sizes(findings);
        archive
    }

    /// File names in the order of the archive.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|m| m.name.as_str())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|m| m.name == name)
    }

    /// The same files have the same number, zipped or not: FNV-1a over name, size and CRC-32 of each.
    pub(super) fn hash(&self) -> u64 {
        let mut members: Vec<&Member<'_>> = self.members.iter().collect();
        members.sort_by_key(|m| &m.name);
        let mut hash = Fnv::default();
        for member in members {
            hash.write(member.name.as_bytes());
            hash.write(&member.bytes.to_le_bytes());
            hash.write(&member.crc32.to_le_bytes());
        }
        hash.0
    }

    /// Hands the contents of a file to `read`; `None` when there is no such file.
    pub(super) fn with<T>(
        &self,
        name: &str,
        read: impl FnOnce(&mut dyn Read) -> io::Result<T>,
    ) -> Option<io::Result<T>> {
        let member = self.members.iter().find(|m| m.name == name)?;
        Some(match (&member.place, self.source) {
            (Place::Text(text), _) => read(&mut text.as_bytes()),
            (Place::File(path), _) => {
                File::open(path).and_then(|file| read(&mut Bounded { inner: file, left: UNPACKED_BYTES_MAX }))
            }
            (Place::Entry(at), Source::Zip(bytes)) => read_entry(Cursor::new(bytes), *at, member.bytes, read),
            (Place::Entry(at), Source::Path(path)) => {
                File::open(path).and_then(|file| read_entry(file, *at, member.bytes, read))
            }
            (Place::Entry(_), Source::Text(_)) => Err(io::Error::other("a text has no entries")),
        })
    }

    fn check_sizes(&self, findings: &mut Findings) {
        let bytes = self.members.iter().fold(0u64, |sum, m| sum.saturating_add(m.bytes));
        if bytes > UNPACKED_BYTES_MAX {
            fatal(findings, "feed_too_large", &bytes.to_string(), "keep the unpacked feed under 2 GiB");
        }
        if self.members.len() > ENTRIES_MAX {
            let count = self.members.len().to_string();
            fatal(findings, "too_many_files", &count, "keep the feed to at most 64 files");
        }
    }
}

fn list_zip<'a, R: Read + Seek>(reader: R, findings: &mut Findings) -> Vec<Member<'a>> {
    let mut zip = match ZipArchive::new(reader) {
        Ok(zip) => zip,
        Err(e) => {
            let advice = "this is no complete zip file; was it cut short on its way? copy it again";
            return refuse(findings, "unreadable_feed", &e.to_string(), advice);
        }
    };
    if zip.len() > ENTRIES_MAX {
        let advice = "keep the zip to at most 64 files";
        return refuse(findings, "too_many_files", &zip.len().to_string(), advice);
    }
    if zip.has_overlapping_files().unwrap_or(true) {
        return refuse(findings, "unsafe_archive", "", "the zip's files overlap one another; pack it again");
    }
    let mut members = Vec::new();
    for at in 0..zip.len() {
        match zip.by_index_raw(at) {
            Ok(entry) if entry.is_dir() => {}
            Ok(entry) => members.extend(list_entry(at, &entry, findings)),
            Err(e) => fatal(findings, "unreadable_feed", &e.to_string(), "pack the zip again"),
        }
    }
    drop_shadowed(&mut members, findings);
    members
}

fn list_entry<'a, R: Read + ?Sized>(
    at: usize,
    entry: &zip::read::ZipFile<'_, R>,
    findings: &mut Findings,
) -> Option<Member<'a>> {
    let path = String::from_utf8_lossy(entry.name_raw()).into_owned();
    let (packed, unpacked) = (entry.compressed_size(), entry.size());
    if !is_safe(&path) || entry.is_symlink() {
        fatal(findings, "unsafe_archive", &path, "names in the zip must be plain file names; pack it again");
    } else if entry.encrypted() {
        fatal(findings, "unreadable_feed", &path, "pack the zip without a password");
    } else if unpacked > RATIO_FREE_BYTES && unpacked > packed.saturating_mul(RATIO_MAX) {
        fatal(findings, "unsafe_archive", &path, "unpacks to more than 100 times its size; pack real data");
    } else {
        return member(&path, Place::Entry(at), unpacked, entry.crc32(), findings);
    }
    None
}

/// Names the file by the last part of its path, saying so when it lay in a folder of the archive.
fn member<'a>(
    path: &str,
    place: Place<'a>,
    bytes: u64,
    crc32: u32,
    findings: &mut Findings,
) -> Option<Member<'a>> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let hidden = path.split('/').any(|part| part.starts_with('.') || part == "__MACOSX");
    if hidden || !name.to_ascii_lowercase().ends_with(".txt") {
        return None;
    }
    if name.len() < path.len() {
        let advice = "put the files at the top of the zip, not in a folder of it; read all the same";
        findings.push(about(Severity::Error, "invalid_input_files_in_subfolder", path, advice));
    }
    Some(Member { name: name.to_ascii_lowercase(), place, bytes, crc32 })
}

/// Keeps the first file of each name.
fn drop_shadowed(members: &mut Vec<Member<'_>>, findings: &mut Findings) {
    let mut names = std::collections::BTreeSet::new();
    members.retain(|m| {
        let first = names.insert(m.name.clone());
        if !first {
            let advice = "the zip holds this file twice, in different folders; the first one is read";
            findings.push(about(Severity::Error, "duplicated_file", &m.name, advice));
        }
        first
    });
}

/// A relative path without tricks: no root, drive, backslash, `..` or control character.
fn is_safe(path: &str) -> bool {
    !path.is_empty()
        && !path.starts_with('/')
        && !path.contains(['\\', ':'])
        && !path.chars().any(char::is_control)
        && path.split('/').all(|part| part != "..")
}

fn list_folder<'a>(folder: &Path, findings: &mut Findings) -> Vec<Member<'a>> {
    let mut paths = match std::fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|e| e.path()).filter(|p| p.is_file()).collect::<Vec<_>>(),
        Err(e) => return refuse(findings, "unreadable_feed", &e.to_string(), "give a readable folder"),
    };
    paths.sort();
    let mut members = Vec::new();
    for path in paths {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if !name.to_ascii_lowercase().ends_with(".txt") {
            continue;
        }
        match measure(&path) {
            Ok((bytes, crc32)) => members.extend(member(&name, Place::File(path), bytes, crc32, findings)),
            Err(e) => fatal(findings, "unreadable_feed", &format!("{name}: {e}"), "make the file readable"),
        }
    }
    members
}

fn measure(path: &Path) -> io::Result<(u64, u32)> {
    let mut file = Bounded { inner: File::open(path)?, left: UNPACKED_BYTES_MAX };
    let mut buffer = vec![0u8; READ_BYTES];
    let (mut bytes, mut crc) = (0u64, crc32fast::Hasher::new());
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((bytes, crc.finalize())),
            n => {
                bytes += n as u64;
                crc.update(&buffer[..n]);
            }
        }
    }
}

/// How much is read at a time.
pub(super) const READ_BYTES: usize = 64 << 10;

fn list_text(text: &str) -> Vec<Member<'_>> {
    let mut members: Vec<Member<'_>> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("# ") {
        let (line, after) = rest[at + 2..].split_once('\n').unwrap_or((&rest[at + 2..], ""));
        let end = if after.starts_with("# ") { 0 } else { after.find("\n# ").map_or(after.len(), |i| i + 1) };
        let body = &after[..end];
        let crc32 = crc32fast::hash(body.as_bytes());
        members.push(Member { name: line.trim().into(), place: Place::Text(body), bytes: end as u64, crc32 });
        rest = &after[end..];
    }
    members
}

fn read_entry<R: Read + Seek, T>(
    reader: R,
    at: usize,
    bytes: u64,
    read: impl FnOnce(&mut dyn Read) -> io::Result<T>,
) -> io::Result<T> {
    let mut zip = ZipArchive::new(reader).map_err(io::Error::other)?;
    let entry = zip.by_index(at).map_err(io::Error::other)?;
    read(&mut Bounded { inner: entry, left: bytes })
}

/// Fails, rather than ends, when more comes than was announced.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(n as u64)
            .ok_or_else(|| io::Error::other("the file is longer than the archive says"))?;
        Ok(n)
    }
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo).
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

fn about(severity: Severity, code: &'static str, value: &str, advice: &'static str) -> Finding {
    Finding { severity, code, file: "", row: 0, field: "", value: shortened(value), advice }
}

fn fatal(findings: &mut Findings, code: &'static str, value: &str, advice: &'static str) {
    findings.push(about(Severity::Fatal, code, value, advice));
}

fn refuse<'a>(f: &mut Findings, code: &'static str, value: &str, advice: &'static str) -> Vec<Member<'a>> {
    fatal(f, code, value, advice);
    Vec::new()
}

#[cfg(test)]
mod tests;
