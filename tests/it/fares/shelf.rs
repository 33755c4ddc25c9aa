//! An empty database with the writer of taps beside it, and batches to write.

use crate::harness::Backend;
use ::fares::tap::RequestClock;
use std::sync::Arc;
use store::tap::{Block, block, tap_writer};
use store::writer::WriterLimits;
use store::{Access, Db, StoreError, TapBatch, Writer};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(super) struct Shelf {
    pub(super) db: Db,
    pub(super) url: String,
    pub(super) writer: Writer<TapBatch>,
    stop: CancellationToken,
    running: JoinHandle<Result<(), StoreError>>,
    _folder: tempfile::TempDir,
}

impl Shelf {
    #[expect(
        clippy::disallowed_methods,
        reason = "the writer runs beside the test, as supervise.rs would run it"
    )]
    pub(super) async fn open(backend: Backend) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = match backend {
            Backend::Sqlite => format!("sqlite:{}", folder.path().join("padriew.db").display()),
            Backend::Postgres => crate::postgres::fresh_database().await,
        };
        let db = Db::open(&url, Access::Serve).await.unwrap();
        let (writer, task) = tap_writer(&db, WriterLimits::default());
        let stop = CancellationToken::new();
        let running = tokio::spawn(task.run(stop.clone()));
        Self { db, url, writer, stop, running, _folder: folder }
    }

    pub(super) async fn close(self) {
        self.stop.cancel();
        let _ = self.running.await;
        self.db.close().await;
    }
}

/// Lines of a terminal, as it sends them when it holds nothing else.
pub(super) fn batch(terminal: &Arc<str>, epoch: u32, clock: Arc<RequestClock>, block: Block) -> TapBatch {
    TapBatch {
        terminal: Arc::clone(terminal),
        epoch,
        key_id: "k1".into(),
        nonce: None,
        clock,
        deny_ver: 0,
        tariff_ver: "".into(),
        held_from: 0,
        lost: Vec::new(),
        audits: Vec::new(),
        block: block.finish().unwrap(),
        refused: Vec::new(),
        body: block::pack(b"{}").unwrap(),
        backfill: false,
    }
}
