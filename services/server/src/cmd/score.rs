//! `padriew score`.

/// Compare predictions with what really happened.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Not part of the program yet.
pub(crate) async fn run(_args: Args) -> anyhow::Result<()> {
    anyhow::bail!("padriew score is not part of this build yet")
}
