//! `stop-display`: the board of a stop in a terminal, and the skeleton of clients for LED and e-ink.
//!
//! It draws the same [`stop_display::board::View`] as the panel page, keeps the timetable on disk, shows
//! it when the link dies, and tries again for ever. It does not decide what a board says.

mod client;

use clap::Parser;
use std::io::{Write, stderr};
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match client::run(client::Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "stop-display: {error:#}");
            ExitCode::FAILURE
        }
    }
}
