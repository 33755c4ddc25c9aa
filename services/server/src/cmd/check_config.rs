//! `padriew check-config`: every setting, its value, and where that came from.

use super::out::say;
use super::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  padriew check-config                                   the defaults, with your environment
  padriew check-config --config /etc/padriew.toml        what the server would run with
  PADRIEW_HTTP_BODY_S_MAX=20 padriew check-config        the environment beats the file

Passwords are never printed.";

/// Print every setting and where its value came from.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    settings: Settings,
}

/// Prints the merged settings; fails where the server would.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let layered = args.settings.merge()?;
    let rows: Vec<_> = layered.rows().collect();
    let width = |cell: fn(&(&str, String, _)) -> usize| rows.iter().map(cell).max().unwrap_or(0);
    let (keys, values) = (width(|row| row.0.chars().count()), width(|row| row.1.chars().count()).min(60));
    for (key, value, origin) in &rows {
        say(&format!("{key:keys$} = {value:values$}  # {origin}"))?;
    }
    Ok(())
}
