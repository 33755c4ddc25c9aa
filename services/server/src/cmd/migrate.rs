//! `padriew migrate`.

/// Bring the database up to date.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Not part of the program yet.
pub(crate) async fn run(_args: Args) -> anyhow::Result<()> {
    anyhow::bail!("padriew migrate is not part of this build yet")
}
