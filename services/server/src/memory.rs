//! What the tracking core has learned, on its way to the database and back.
//!
//! The tracking driver learns and the task in [`crate::driver::learned`] saves; this is what they share,
//! and the form in which a document is stored: zstd over its JSON. Nothing here waits.

use crate::metrics::{KindLabel, Metrics};
use anyhow::Context;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use std::io::Read;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use store::LearnedVersion;
use tokio::sync::{Notify, watch};
use tracking::Lessons;
use tracking::learned::{DOCUMENT_BYTES_MAX, Document};

/// The feed of this server, as the store names it. One process tracks one feed.
pub const FEED: &str = "main";
/// zstd's own default.
const PACK_LEVEL: i32 = 3;

/// Before the first look at the database.
const NEVER_LOOKED: i64 = -1;

/// What the driver that learns and the task that saves share.
#[derive(Debug)]
pub struct Memory {
    /// The newest document that somebody else stored.
    pub foreign: watch::Sender<Option<Arc<Document>>>,
    /// Wakes the task that saves.
    pub news: Notify,
    unsaved: Mutex<Option<Arc<Lessons>>>,
    newest: AtomicI64,
    saves: Family<KindLabel, Counter>,
    saved_bytes: Gauge,
}

impl Memory {
    /// Nothing learned yet; registers what it counts.
    #[must_use]
    pub fn new(metrics: &Metrics) -> Self {
        let memory = Self {
            foreign: watch::Sender::new(None),
            news: Notify::new(),
            unsaved: Mutex::default(),
            newest: AtomicI64::new(NEVER_LOOKED),
            saves: Family::default(),
            saved_bytes: Gauge::default(),
        };
        metrics.register(|registry| {
            let saves = memory.saves.clone();
            registry.register("learned_saves", "What was learned, saved to the database or not", saves);
            let bytes = memory.saved_bytes.clone();
            registry.register("learned_bytes", "Length of what was learned, as last saved", bytes);
        });
        memory
    }

    /// These lessons are to be saved, in place of any that still wait.
    pub fn give(&self, lessons: Lessons) {
        *self.slot() = Some(Arc::new(lessons));
        self.news.notify_one();
    }

    /// Takes the lessons that are to be saved.
    pub fn take(&self) -> Option<Arc<Lessons>> {
        self.slot().take()
    }

    /// These could not be saved: they wait again, when there are no newer ones.
    pub fn put_back(&self, lessons: Arc<Lessons>) {
        self.slot().get_or_insert(lessons);
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Arc<Lessons>>> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The version in the database that this process last read or wrote, 0 for none; `None` before it
    /// has looked.
    #[must_use]
    pub fn newest(&self) -> Option<i64> {
        Some(self.newest.load(Ordering::Relaxed)).filter(|id| *id != NEVER_LOOKED)
    }

    /// This process has read or written version `id`.
    pub fn knows(&self, id: i64) {
        self.newest.store(id, Ordering::Relaxed);
    }

    /// A save went well (its length), or did not.
    pub fn saved(&self, byte_count: Option<u64>) {
        let kind = if byte_count.is_some() { "saved" } else { "failed" };
        self.saves.get_or_create(&KindLabel { kind }).inc();
        if let Some(byte_count) = byte_count {
            self.saved_bytes.set(i64::try_from(byte_count).unwrap_or(i64::MAX));
        }
    }
}

/// A document as the store keeps it.
///
/// # Errors
/// When it can not be written.
pub fn pack(document: &Document) -> anyhow::Result<(LearnedVersion, Vec<u8>)> {
    let bytes = document.to_bytes()?;
    let version = LearnedVersion {
        feed: FEED.to_owned(),
        saved: document.saved(),
        feed_version: document.feed().version.clone(),
        visits: document.visits(),
        byte_count: bytes.len() as u64,
        ..LearnedVersion::default()
    };
    Ok((version, zstd::encode_all(&*bytes, PACK_LEVEL)?))
}

/// The document that [`pack`] packed.
///
/// # Errors
/// When the bytes are damaged, too long, or a newer program's.
pub fn unpack(packed: &[u8]) -> anyhow::Result<Document> {
    let mut bytes = Vec::new();
    let limit = DOCUMENT_BYTES_MAX as u64 + 1;
    zstd::Decoder::new(packed)
        .and_then(|decoder| decoder.take(limit).read_to_end(&mut bytes))
        .context("the stored document is damaged")?;
    Ok(Document::from_bytes(&bytes)?)
}
