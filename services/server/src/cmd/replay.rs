//! `padriew replay`.

/// Run a recorded day through the tracking core.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Not part of the program yet.
pub(crate) async fn run(_args: Args) -> anyhow::Result<()> {
    anyhow::bail!("padriew replay is not part of this build yet")
}
