//! `padriew serve` as a child, on a scratch database, with the rate limits out of the way.

use crate::child::{Server, free_address};
use crate::database::Scratch;
use std::path::Path;

/// Limits of one device would decide the figures; here a few devices stand for a fleet.
const UNLIMITED: [&str; 5] = [
    "ingest.requests_per_s_max=1000000",
    "ingest.live_per_s_max=10000000",
    "ingest.live_burst_max=10000000",
    "ingest.backfill_per_s_max=10000000",
    "ingest.backfill_total_per_s_max=100000000",
];

/// Starts a server on the scratch database with the sample network.
pub(crate) async fn start(padriew: &Path, scratch: &Scratch) -> anyhow::Result<Server> {
    let feed = scratch.folder().join("feed");
    if !feed.exists() {
        server::demo::network::write_to(&feed)?;
    }
    let address = free_address()?;
    let key = scratch.folder().join("server.key");
    let mut args: Vec<String> = vec![
        "serve".to_owned(),
        "--database".to_owned(),
        scratch.url(),
        "--listen".to_owned(),
        address.to_string(),
        "--gtfs".to_owned(),
        feed.display().to_string(),
    ];
    let settings = UNLIMITED
        .iter()
        .map(|setting| (*setting).to_owned())
        .chain([format!("server_key={}", key.display()), "log.filter=error".to_owned()]);
    for setting in settings {
        args.extend(["--set".to_owned(), setting]);
    }
    Server::start(padriew, &args, address, "/readyz").await
}

/// Where `padriew` lies beside this program.
pub(crate) fn beside_us() -> std::path::PathBuf {
    std::env::current_exe()
        .ok()
        .and_then(|path| Some(path.parent()?.join("padriew")))
        .unwrap_or_else(|| "padriew".into())
}
