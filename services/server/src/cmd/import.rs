//! `padriew import`.

/// Check a GTFS feed and print a report.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Not part of the program yet.
pub(crate) async fn run(_args: Args) -> anyhow::Result<()> {
    anyhow::bail!("padriew import is not part of this build yet")
}
