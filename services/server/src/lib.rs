//! The padriew program: roles, drivers, sources, HTTP, supervision.
//!
//! A thin shell around pure cores. [`run`] is the whole server: it takes a configuration, an open
//! listener and a shutdown token, and returns when the last group commit is on disk.
//!
//! What always holds: [`clock`] is the only place that reads the time, [`supervise`] the only place
//! that spawns, [`http::error`] the only place that makes an HTTP status.

pub mod clock;
pub mod close;
pub mod cmd;
pub mod config;
pub mod demo;
pub mod driver;
pub mod feeds;
pub mod finance;
pub mod http;
pub mod ingest;
pub mod live;
pub mod memory;
pub mod metrics;
pub mod prices;
pub mod process;
pub mod rating;
pub mod role;
mod run;
pub mod state;
pub mod supervise;
pub mod telemetry;
pub mod tenure;
pub mod terminal;

pub use config::Config;
pub use run::{run, run_with};
pub use state::AppState;

/// The folder of recorded data beside the project, for tests; `PADRIEW_SHARED` names it, else it is
/// looked for upward from this package.
#[cfg(test)]
pub(crate) fn shared_data() -> Option<std::path::PathBuf> {
    if let Some(shared) = std::env::var_os("PADRIEW_SHARED") {
        return Some(std::path::PathBuf::from(shared).join("data"));
    }
    let manifest = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().map(|folder| folder.join("shared/data")).find(|data| data.join("README.md").exists())
}
