//! Writes batches until it is killed, and prints a line for each that is acknowledged.
//!
//!     crash_writer DATABASE_URL
//!
//! The crash test of this package starts it, ends it with SIGKILL at a random moment, and looks whether every
//! acknowledged row is there.

use gtfs::Timestamp;
use std::io::Write;
use std::sync::Arc;
use store::writer::{WriterLimits, writer};
use store::{Db, PingBatch, PingRow, StoreError, Verdict, Writer};
use tokio_util::sync::CancellationToken;
use tracking::check::Flags;
use tracking::{Claim, Ping, Provenance, Tier};

/// Devices that send at the same time.
const DEVICES: u64 = 8;
const ROWS_PER_BATCH: i64 = 25;

#[tokio::main]
async fn main() -> Result<(), StoreError> {
    let url = std::env::args().nth(1).unwrap_or_default();
    let db = Db::connect(&url).await?;
    let (writer, task) = writer(&db, WriterLimits::default());
    let devices = futures_util::future::join_all((0..DEVICES).map(|n| send(&writer, n)));
    tokio::select! {
        ended = task.run(CancellationToken::new()) => ended,
        ended = devices => ended.into_iter().collect(),
    }
}

async fn send(writer: &Writer, device: u64) -> Result<(), StoreError> {
    // A boot of its own for each run, as a device has that was restarted.
    let boot: Arc<str> = std::process::id().to_string().into();
    let name: Arc<str> = format!("bus-{device}").into();
    for first in (0..).step_by(ROWS_PER_BATCH as usize) {
        let rows = (first..first + ROWS_PER_BATCH).map(|seq| row(&name, seq)).collect();
        let batch = PingBatch {
            device: Arc::clone(&name),
            boot: Arc::clone(&boot),
            source: "pings".into(),
            nonce: None,
            rows,
            rejected: Vec::new(),
        };
        if let Some(ack) = writer.submit(batch).await?.ack {
            let mut out = std::io::stdout().lock();
            // Whoever reads went away: nothing more to prove.
            let _ = writeln!(out, "{name} {boot} {ack}").and_then(|()| out.flush());
        }
    }
    Ok(())
}

fn row(vehicle: &Arc<str>, seq: i64) -> PingRow {
    PingRow {
        seq,
        verdict: Verdict::Ok,
        flags: Flags::default(),
        satellites: Some(9),
        heartbeat: false,
        ping: Ping {
            vehicle: Arc::clone(vehicle),
            t: Timestamp::from_s(1_795_132_800 + seq),
            received: Timestamp::from_s(1_795_132_801 + seq),
            lat: 13.688_12,
            lon: 101.071_56,
            speed_mps: Some(8.4),
            heading_deg: Some(182.0),
            accuracy_m: Some(4.2),
            hdop: None,
            odometer_m: None,
            claim: Claim::default(),
            door_open: None,
            passengers: None,
            occupancy: None,
            ev: None,
            provenance: Provenance::Gps,
            tier: Tier::Signed,
        },
    }
}
