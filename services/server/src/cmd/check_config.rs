//! `padriew check-config`: every setting, its value, and where that came from.

use super::out::say;
use super::settings::Settings;

const EXAMPLES: &str = "\
Examples:
  padriew check-config                                   the defaults, with your environment
  padriew check-config --config /etc/padriew.toml        what the server would run with
  PADRIEW_HTTP_BODY_S_MAX=20 padriew check-config        the environment beats the file

Passwords are never printed.";

/// Variables that are not settings: the file itself, and what the tests and scripts read.
const OTHER_VARIABLES: [&str; 4] = ["PADRIEW_CONFIG", "PADRIEW_TEST_", "PADRIEW_SHARED", "PADRIEW_SERVICES"];

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
    for name in unknown_variables(rows.iter().map(|row| row.0)) {
        say(&format!("# {name} is set in the environment, but there is no such setting"))?;
    }
    Ok(())
}

/// Variables with our prefix that are no setting: most likely misspelt.
fn unknown_variables<'a>(keys: impl Iterator<Item = &'a str>) -> Vec<String> {
    let known: Vec<String> = keys.map(crate::config::variable_of).collect();
    let elsewhere = |name: &str| OTHER_VARIABLES.iter().any(|other| name.starts_with(other));
    let ours = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    ours.filter(|name| name.starts_with("PADRIEW_") && !elsewhere(name) && !known.contains(name)).collect()
}
