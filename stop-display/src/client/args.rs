//! The command line.

use anyhow::{Context, bail};
use clap::Parser;
use std::path::PathBuf;

/// Shows the board of a stop in a terminal, live from a Padriew server.
#[derive(Clone, Debug, Parser)]
#[command(name = "stop-display", version)]
pub(crate) struct Args {
    /// The server: ws://HOST:PORT, or wss://HOST behind TLS
    #[arg(long, value_name = "URL", default_value = "ws://127.0.0.1:8080")]
    pub(crate) server: String,
    /// The stop to show (GTFS stop_id); not needed with --panel
    #[arg(long)]
    pub(crate) stop: Option<String>,
    /// The enrolled panel this is
    #[arg(long, requires = "token_file")]
    pub(crate) panel: Option<String>,
    /// File that holds the panel's token and nothing else
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Languages, by page
    #[arg(long, value_delimiter = ',')]
    pub(crate) lang: Vec<String>,
    /// Print the board once and end
    #[arg(long)]
    pub(crate) once: bool,
    /// Where to keep the timetable for hours without network
    #[arg(long, value_name = "FILE")]
    pub(crate) cache: Option<PathBuf>,
    /// Without colours (as with the environment variable NO_COLOR)
    #[arg(long)]
    pub(crate) no_color: bool,
}

impl Args {
    /// What clap cannot check.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if self.stop.is_none() && self.panel.is_none() {
            bail!("name the stop with --stop, or the enrolled panel with --panel and --token-file");
        }
        if !self.server.starts_with("ws://") && !self.server.starts_with("wss://") {
            bail!("--server must be ws://HOST:PORT or wss://HOST, not {}", self.server);
        }
        Ok(())
    }

    /// The panel's token, when there is a panel.
    pub(crate) fn token(&self) -> anyhow::Result<Option<String>> {
        let Some(file) = &self.token_file else { return Ok(None) };
        let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
        Ok(Some(text.trim().to_owned()))
    }

    /// What this display is called before a board says its name.
    pub(crate) fn name(&self) -> &str {
        self.stop.as_deref().or(self.panel.as_deref()).unwrap_or_default()
    }

    /// No colours are wanted (<https://no-color.org>).
    pub(crate) fn plain(&self) -> bool {
        self.no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(words: &[&str]) -> Args {
        Args::parse_from([&["stop-display"], words].concat())
    }

    #[test]
    fn a_command_line_without_a_stop_says_what_to_name() {
        let error = args(&["--server", "ws://h:1"]).check().unwrap_err().to_string();
        assert!(error.contains("--stop"), "{error}");
        assert!(args(&["--stop", "S1"]).check().is_ok());
    }

    #[test]
    fn an_address_that_is_no_websocket_is_refused() {
        let error = args(&["--stop", "S1", "--server", "http://h:1"]).check().unwrap_err().to_string();
        assert!(error.contains("ws://"), "{error}");
    }

    #[test]
    fn languages_are_split_at_commas() {
        assert_eq!(args(&["--stop", "S1", "--lang", "th,en"]).lang, ["th", "en"]);
    }
}
