//! The taps of one request as one piece of text: canonical lines, each with its chain hash.
//!
//! `LINE <tab> 32 hexadecimal digits <line feed>`; without digits where the terminal sent no hash. Packed with
//! zstd, a tap takes about 60 bytes. One row per request and not per tap is what makes storing taps cheap.

use super::{ChainHash, HASH_BYTES, TAPS_MAX};
use crate::StoreError;
use fares::TapLine;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::ops::Range;

/// How hard zstd tries: the fastest of its usual levels.
const LEVEL: i32 = 1;
/// A block as unpacked, bytes: [`TAPS_MAX`] lines of the longest kind.
const BLOCK_BYTES_MAX: usize = TAPS_MAX * 1_024;
/// A body as unpacked, bytes, as ingest takes them.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Whether a tap follows from the one before it in its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// The one before it in the request is not its predecessor.
    Unknown,
    /// Its hash is that of its predecessor and its line.
    Follows,
    /// It is not.
    Broken,
}

/// Where a tap stands in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTap {
    /// Its number.
    pub seq: i64,
    /// Its chain hash as sent.
    pub hash: Option<ChainHash>,
    /// Whether it follows from the tap before it in the block.
    pub link: Link,
    line: Range<usize>,
}

/// Taps of one request, in the order sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    text: String,
    taps: Vec<NewTap>,
    packed: Vec<u8>,
}

impl Block {
    /// Adds a tap.
    pub fn push(&mut self, line: &TapLine<'_>, hash: Option<ChainHash>) {
        let from = self.text.len();
        line.write_onto(&mut self.text);
        let at = from..self.text.len();
        let link = match self.taps.last() {
            Some(last) if last.seq.checked_add(1) == Some(line.seq) => match (last.hash, hash) {
                (Some(before), Some(hash)) if chained(&before, &self.text[at.clone()]) == hash => {
                    Link::Follows
                }
                (None, _) => Link::Unknown,
                _ => Link::Broken,
            },
            _ => Link::Unknown,
        };
        write_hash(&mut self.text, hash);
        self.taps.push(NewTap { seq: line.seq, hash, link, line: at });
    }

    /// Packs what was pushed, so that the writer need not.
    ///
    /// # Errors
    /// [`StoreError::Refused`] never in practice: there is memory for it.
    pub fn finish(mut self) -> Result<Self, StoreError> {
        self.packed = pack(self.text.as_bytes())?;
        Ok(self)
    }

    /// The taps.
    #[must_use]
    pub fn taps(&self) -> &[NewTap] {
        &self.taps
    }

    /// The canonical line of a tap of this block.
    #[must_use]
    pub fn line(&self, tap: &NewTap) -> &str {
        &self.text[tap.line.clone()]
    }

    /// The packed text of the taps at these positions, which rise.
    pub(super) fn packed_of(&self, positions: &[usize]) -> Result<Vec<u8>, StoreError> {
        if positions.len() == self.taps.len() && !self.packed.is_empty() {
            return Ok(self.packed.clone());
        }
        let mut text = String::with_capacity(self.text.len());
        for tap in positions.iter().filter_map(|&at| self.taps.get(at)) {
            text.push_str(self.line(tap));
            write_hash(&mut text, tap.hash);
        }
        pack(text.as_bytes())
    }
}

/// The chain hash of a tap: the first 16 bytes of SHA-256 over the hash before it and its line.
#[must_use]
pub fn chained(before: &ChainHash, line: &str) -> ChainHash {
    let digest = Sha256::new().chain_update(before).chain_update(line.as_bytes()).finalize();
    let mut hash = [0; HASH_BYTES];
    hash.copy_from_slice(&digest[..HASH_BYTES]);
    hash
}

/// Reads 32 hexadecimal digits.
#[must_use]
pub fn hash_of_hex(text: &str) -> Option<ChainHash> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    if pairs.len() != HASH_BYTES {
        return None;
    }
    let mut hash = [0; HASH_BYTES];
    for (byte, &[high, low]) in hash.iter_mut().zip(pairs) {
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(hash)
}

/// Writes 32 hexadecimal digits.
#[must_use]
pub fn hex_of_hash(hash: &ChainHash) -> String {
    let mut text = String::with_capacity(2 * HASH_BYTES);
    push_hex(&mut text, hash);
    text
}

fn push_hex(text: &mut String, hash: &ChainHash) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in hash {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

fn write_hash(text: &mut String, hash: Option<ChainHash>) {
    text.push('\t');
    if let Some(hash) = hash {
        push_hex(text, &hash);
    }
    text.push('\n');
}

/// Packs bytes for a row.
///
/// # Errors
/// [`StoreError::Refused`] never in practice: there is memory for it.
pub fn pack(bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    zstd::bulk::compress(bytes, LEVEL).map_err(|error| StoreError::Refused(format!("zstd: {error}")))
}

/// The lines of a stored block.
pub(super) fn unpacked(packed: &[u8], id: i64) -> Result<String, StoreError> {
    let unreadable = |error: String| StoreError::Unreadable(format!("tap_batch {id}: lines: {error}"));
    let bytes =
        zstd::bulk::decompress(packed, BLOCK_BYTES_MAX).map_err(|error| unreadable(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| unreadable(error.to_string()))
}

/// The body of a request as it was signed, unpacked.
pub(super) fn unpacked_body(packed: &[u8], id: i64) -> Result<Vec<u8>, StoreError> {
    zstd::bulk::decompress(packed, BODY_BYTES_MAX)
        .map_err(|error| StoreError::Unreadable(format!("tap_batch {id}: body: {error}")))
}

/// Each line of an unpacked block with its hash.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (&str, Option<ChainHash>)> {
    text.lines().map(|line| {
        let (line, hash) = line.rsplit_once('\t').unwrap_or((line, ""));
        (line, hash_of_hex(hash))
    })
}

/// A conflicting tap, for the quarantine.
pub(super) fn raw(line: &str, hash: Option<ChainHash>) -> String {
    let mut raw = line.to_owned();
    if let Some(hash) = hash {
        let _ = write!(raw, "\t{}", hex_of_hash(&hash));
    }
    raw
}
