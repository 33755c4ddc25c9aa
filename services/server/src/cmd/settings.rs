//! The settings that several commands take, over file and environment.

use crate::config::{Layered, Layers};
use std::path::PathBuf;

/// Settings as arguments. Everything else is in the file; see `padriew check-config`.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Settings {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE", env = "PADRIEW_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// sqlite:PATH or postgres://user@host/name
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// GTFS feed: a zip, a folder or an https address
    #[arg(long, value_name = "FEED")]
    pub(crate) gtfs: Option<String>,
    /// local, or redis://host to join several processes
    #[arg(long, value_name = "URL")]
    pub(crate) bus: Option<String>,
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// What this process does: ingest,tracking,fares,web
    #[arg(long, value_name = "ROLES")]
    pub(crate) roles: Option<String>,
    /// Any other setting, such as --set http.body_s_max=20; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

impl Settings {
    /// Merges file, environment and arguments.
    ///
    /// # Errors
    /// A sentence that names the key or file.
    pub(crate) fn merge(&self) -> anyhow::Result<Layered> {
        let mut layers = Layers::defaults()?;
        if let Some(path) = &self.config {
            layers.file(path)?;
        }
        layers.environment(|name| std::env::var(name).ok())?;
        let named = [
            ("database", &self.database),
            ("gtfs", &self.gtfs),
            ("bus", &self.bus),
            ("listen", &self.listen),
            ("roles", &self.roles),
        ];
        for (key, value) in named {
            if let Some(value) = value {
                layers.argument(key, value)?;
            }
        }
        for pair in &self.set {
            let (key, value) =
                pair.split_once('=').ok_or_else(|| anyhow::anyhow!("--set {pair}: write it as KEY=VALUE"))?;
            layers.argument(key, value)?;
        }
        layers.merge()
    }
}
