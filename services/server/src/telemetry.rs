//! Logging: sentences for a person at a terminal, JSON for everything else. Standard error only.
//! A line that can not be written stops nothing.

use crate::config::LogConfig;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::ChronoUtc;

/// Starts logging for this process; a second call changes nothing.
///
/// # Errors
/// When `filter` is not a list of `target=level` directives.
pub fn start(config: &LogConfig) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.filter)
        .map_err(|e| anyhow::anyhow!("log.filter \"{}\" can not be read: {e}", config.filter))?;
    let human = match config.format.as_str() {
        "human" => true,
        "json" => false,
        "auto" => std::io::stderr().is_terminal(),
        other => anyhow::bail!("log.format is \"{other}\"; use auto, human or json"),
    };
    // A log that can not be written (its disk is full) is given up in silence: saying so on standard error
    // too, as is the default, panics in whatever task had something to say.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    // A second start in one process (tests) keeps the first subscriber.
    let _ = if human {
        builder
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .with_timer(ChronoUtc::new("%H:%M:%S%.3f".into()))
            .try_init()
    } else {
        builder.json().flatten_event(true).with_timer(ChronoUtc::rfc_3339()).try_init()
    };
    Ok(())
}
