//! Configuration: a TOML file, then the environment, then arguments; later wins.
//!
//! Every value has a default, a name (`http.body_s_max`), an environment variable
//! (`PADRIEW_HTTP_BODY_S_MAX`) and a known origin, which `padriew check-config` prints. Secrets come
//! from files or the environment, never from arguments, and are never printed.

mod layers;

pub use layers::{Layered, Layers, Origin};
pub(crate) use layers::{redact, variable_of};

use crate::role::Role;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// The merged configuration of a process.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `sqlite:PATH` or `postgres://user:password@host/name`.
    pub database: String,
    /// `local` or `redis://host`.
    pub bus: String,
    /// The GTFS feed: a zip, a folder or an https address; empty: wait for one.
    pub gtfs: String,
    /// Where the HTTP server listens.
    pub listen: SocketAddr,
    /// The address the public uses, such as `https://bus.example.org`; empty: unknown.
    pub public_url: String,
    /// What this process does: `ingest`, `tracking`, `fares`, `web`.
    pub roles: Vec<String>,
    /// File of the key that seals device keys; empty: `server.key` next to the SQLite database.
    pub server_key: String,
    /// HTTP limits.
    pub http: HttpConfig,
    /// Limits and doors of ingest.
    pub ingest: IngestConfig,
    /// The single card.
    pub fares: FaresConfig,
    /// What is kept how long.
    pub retention: RetentionConfig,
    /// Logging.
    pub log: LogConfig,
    /// Simulated positions are live. Set by the demo alone; no file or argument can.
    #[serde(skip)]
    pub allow_simulated: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: "sqlite:padriew.db".to_owned(),
            bus: "local".to_owned(),
            gtfs: String::new(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: String::new(),
            roles: Role::ALL.iter().map(|role| role.word().to_owned()).collect(),
            server_key: String::new(),
            http: HttpConfig::default(),
            ingest: IngestConfig::default(),
            fares: FaresConfig::default(),
            retention: RetentionConfig::default(),
            log: LogConfig::default(),
            allow_simulated: false,
        }
    }
}

/// Limits of the HTTP server (`reliability` 3).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Request head, bytes; at least 8,192.
    pub head_bytes_max: usize,
    /// Header lines.
    pub headers_max: usize,
    /// From the first byte of a head to its last, seconds.
    pub head_s_max: u64,
    /// From the head to the last byte of the body, seconds.
    pub body_s_max: u64,
    /// A socket that has sent nothing is closed after this, seconds.
    pub silent_s_max: u64,
    /// A connection with no request in hand is closed after this, seconds.
    pub idle_s_max: u64,
    /// Open connections of the process; the open-file limit lowers it.
    pub connections_max: usize,
    /// Open connections of one address; trusted proxies are exempt.
    pub connections_per_address_max: usize,
    /// Proxies in front, whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Who may read `/metrics` besides loopback.
    pub metrics_allowed: Vec<IpAddr>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            head_bytes_max: 16 * 1024,
            headers_max: 64,
            head_s_max: 5,
            body_s_max: 15,
            silent_s_max: 10,
            idle_s_max: 60,
            connections_max: 20_000,
            connections_per_address_max: 200,
            trusted_proxies: vec![IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])],
            metrics_allowed: Vec::new(),
        }
    }
}

/// Limits and doors of ingest (`ingest` 4, 12; `reliability` 3).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IngestConfig {
    /// Body as sent, bytes.
    pub body_bytes_max: usize,
    /// Body after decompression, bytes.
    pub unpacked_bytes_max: usize,
    /// Decompressed to compressed; 20 means 20 : 1.
    pub unpacked_ratio_max: usize,
    /// Records in one request.
    pub records_max: usize,
    /// `created` of a signature may be this far from our clock, seconds.
    pub signature_window_s: i64,
    /// Requests of one device in a second (R15).
    pub requests_per_s_max: u32,
    /// Live pings of one device in a second that reach the tracker (R15).
    pub live_per_s_max: u32,
    /// Live pings of one device that may come at once (R15).
    pub live_burst_max: u32,
    /// Backfill pings of one device in a second (R15).
    pub backfill_per_s_max: u32,
    /// Backfill pings of all devices in a second (R15).
    pub backfill_total_per_s_max: u32,
    /// Address of the legacy OsmAnd listener (`:5055/?id=`, trust tier T0); empty: closed.
    pub osmand_listen: String,
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self {
            body_bytes_max: 256 * 1024,
            unpacked_bytes_max: 1024 * 1024,
            unpacked_ratio_max: 20,
            records_max: 500,
            signature_window_s: 120,
            requests_per_s_max: 5,
            live_per_s_max: 2,
            live_burst_max: 60,
            backfill_per_s_max: 2_000,
            backfill_total_per_s_max: 20_000,
            osmand_listen: String::new(),
        }
    }
}

/// The single card (`fares`).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaresConfig {
    /// Tariff files, each a version; none: the fare files of the feed are what riders pay.
    pub tariff: Vec<String>,
    /// Close each service day at 05:00 of the next; else only `padriew close-day` does.
    pub close_days: bool,
}

impl Default for FaresConfig {
    fn default() -> Self {
        Self { tariff: Vec::new(), close_days: true }
    }
}

/// Places must be there for as long as rides are priced again, and for the habits before (fares design, sections 5, 8).
const PLACES_D_MIN: u32 = 120;

/// What is kept how long (`reliability` 3, 5).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionConfig {
    /// Raw pings, days.
    pub pings_d: u32,
    /// Refused records, days.
    pub quarantine_d: u32,
    /// Refused records, at most.
    pub quarantine_rows_max: u32,
    /// Where riders were, days: 13 months and a few days; money is kept for ever.
    pub places_d: u32,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        let store::Retention { pings_d, quarantine_d, quarantine_rows_max, .. } = store::Retention::default();
        Self { pings_d, quarantine_d, quarantine_rows_max, places_d: 400 }
    }
}

/// Logging.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// `auto` (human on a terminal, else JSON), `human` or `json`.
    pub format: String,
    /// Which messages, as `target=level` directives.
    pub filter: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: "auto".to_owned(), filter: "info,sqlx=warn,hyper=error".to_owned() }
    }
}

impl Config {
    /// Whether this process runs `role`.
    #[must_use]
    pub fn runs(&self, role: Role) -> bool {
        self.roles.iter().any(|word| word == role.word())
    }

    /// Refuses values that can not work together.
    ///
    /// # Errors
    /// A sentence that names the key and says what to change.
    pub fn check(&self) -> anyhow::Result<()> {
        for word in &self.roles {
            word.parse::<Role>().map_err(|e| anyhow::anyhow!("roles: {e}"))?;
        }
        anyhow::ensure!(!self.roles.is_empty(), "roles is empty; name at least one");
        let scheme = self.database.split(':').next().unwrap_or_default();
        anyhow::ensure!(
            matches!(scheme, "sqlite" | "postgres" | "postgresql"),
            "database must start with sqlite: or postgres://"
        );
        anyhow::ensure!(self.http.head_bytes_max >= 8_192, "http.head_bytes_max must be at least 8192");
        anyhow::ensure!(
            self.retention.places_d >= PLACES_D_MIN,
            "retention.places_d must be at least {PLACES_D_MIN}: late taps are priced by what the card did in the two \
             months before"
        );
        anyhow::ensure!(self.ingest.records_max >= 1, "ingest.records_max must be at least 1");
        self.osmand_listen()?;
        Ok(())
    }

    /// The legacy OsmAnd listener's address; `None` when closed.
    ///
    /// # Errors
    /// When `ingest.osmand_listen` is not an address with a port.
    pub fn osmand_listen(&self) -> anyhow::Result<Option<SocketAddr>> {
        let text = &self.ingest.osmand_listen;
        if text.is_empty() {
            return Ok(None);
        }
        let address = text.parse().with_context(|| {
            format!("ingest.osmand_listen is \"{text}\"; use an address and a port, such as 0.0.0.0:5055")
        })?;
        Ok(Some(address))
    }
}
