//! Digests of rows and of commits.
//!
//! A row's digest is over its values as they stand in the table, so that a changed byte shows even where the row can
//! no longer be read. Every value goes in after its length or its kind: no two rows look alike.

use sha2::{Digest, Sha256};

/// Bytes of a whole SHA-256.
pub(super) const HASH_BYTES: usize = 32;
/// Bytes kept of the digest of a leg or a tap: enough to point at the row; the chain has all 32.
pub(super) const KEPT_BYTES: usize = 16;

/// A digest in the making.
pub(super) struct Fields(Sha256);

impl Fields {
    /// Of a row of `table`.
    pub(super) fn of(table: &str) -> Self {
        Self(Sha256::new()).text(table)
    }

    /// With text after its length.
    pub(super) fn text(self, value: &str) -> Self {
        self.bytes(value.as_bytes())
    }

    /// With bytes after their length.
    pub(super) fn bytes(mut self, value: &[u8]) -> Self {
        self.0.update((value.len() as u64).to_be_bytes());
        self.0.update(value);
        self
    }

    /// With a number.
    pub(super) fn int(mut self, value: i64) -> Self {
        self.0.update(value.to_be_bytes());
        self
    }

    /// With a number that may be missing.
    pub(super) fn maybe_int(self, value: Option<i64>) -> Self {
        match value {
            None => self.int(0),
            Some(value) => self.int(1).int(value),
        }
    }

    /// With text that may be missing.
    pub(super) fn maybe_text(self, value: Option<&str>) -> Self {
        match value {
            None => self.int(0),
            Some(value) => self.int(1).text(value),
        }
    }

    /// The digest.
    pub(super) fn end(self) -> [u8; HASH_BYTES] {
        self.0.finalize().into()
    }
}

/// What is chained of a row: the digest of what is kept for ever, and the stored one of its places.
pub(super) struct Link {
    pub(super) kept: [u8; HASH_BYTES],
    pub(super) place: Vec<u8>,
}

/// The head of a commit as its row has it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct CommitRow {
    pub(super) id: i64,
    pub(super) posted_us: i64,
    pub(super) lease_epoch: i64,
    pub(super) journal_last: i64,
    pub(super) leg_last: i64,
    pub(super) tap_state_last: i64,
    pub(super) hash: Vec<u8>,
}

impl CommitRow {
    /// The hash of this commit after `previous`: over its head, its journals, its legs and its taps.
    pub(super) fn chained<'a>(&self, previous: &[u8], links: impl Iterator<Item = &'a Link>) -> Vec<u8> {
        let head = Fields::of("ledger_commit")
            .bytes(previous)
            .int(self.id)
            .int(self.posted_us)
            .int(self.lease_epoch)
            .int(self.journal_last)
            .int(self.leg_last)
            .int(self.tap_state_last);
        links.fold(head, |hash, link| hash.bytes(&link.kept).bytes(&link.place)).end().to_vec()
    }
}
