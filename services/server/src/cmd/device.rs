//! `padriew device`.

/// Register trackers, and give them keys.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Not part of the program yet.
pub(crate) async fn run(_args: Args) -> anyhow::Result<()> {
    anyhow::bail!("padriew device is not part of this build yet")
}
