//! `padriew device`: register trackers, give them keys, take keys back.
//!
//! Works beside a running server: it opens the same database for one short change, and the server reads
//! the registry again within two seconds. Every change is in the audit log. A secret is shown once.

mod address;

use super::out::say;
use super::settings::Settings;
use crate::clock::Clock;
use crate::config::Config;
use crate::ingest::device::networks;
use crate::ingest::enroll::{self, local_actor};
use crate::ingest::seal::{self, ServerKey, hex};
use anyhow::{Context, bail};
use clap::{Subcommand, ValueEnum};
use store::{Access, Actor, Db, Device, DeviceKey, DeviceState, SpeedUnit};
use tracking::Tier;
use tracking::check::VehicleClass;

const EXAMPLES: &str = "\
Examples:
  padriew device add bus-12 --vehicle 12
      a tracker that signs its requests: prints a key for POST /v1/pings
  padriew device add phone-3 --vehicle 12 --protocol osmand
      a phone with OsmAnd or Traccar Client: prints the address to type in, and a QR code
  padriew device add gt06-hub --protocol traccar-forwarder
      a Traccar server: prints the address for its forward.url
  padriew device add 353861053849681 --vehicle 14 --protocol traccar
      a tracker behind that Traccar server
  padriew device list
  padriew device rotate bus-12      a second key; the first works until it is revoked
  padriew device revoke bus-12 k1   holds within 5 s

The server may be running. Use the same --database or --config as it does.";

/// Register trackers, and give them keys.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Register a device and print its key or address, once
    Add(Add),
    /// Print every device and its live keys
    List {
        #[command(flatten)]
        settings: Settings,
    },
    /// Give a device another key; the old one works until it is revoked
    Rotate {
        /// The device
        id: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Take back a key, or with no key suspend the device
    Revoke {
        /// The device
        id: String,
        /// The key, such as k1 or t1; without it nothing of the device is taken any more
        kid: Option<String>,
        #[command(flatten)]
        settings: Settings,
    },
}

/// A device to register.
#[derive(Debug, clap::Args)]
struct Add {
    /// Its id: letters, digits, dots, _ and -
    id: String,
    /// The vehicle it is on, as riders and GTFS-realtime will see it; its own id when not given
    #[arg(long)]
    vehicle: Option<String>,
    /// What it is on
    #[arg(long, value_enum, default_value_t = On::Bus)]
    on: On,
    /// What it speaks: pings, osmand, traccar (behind a forwarder), traccar-forwarder
    #[arg(long, default_value = "pings", value_parser = PROTOCOLS)]
    protocol: String,
    /// It can not sign: give a URL token instead of a key
    #[arg(long)]
    token: bool,
    /// It has no secret at all and uses the legacy listener (ingest.osmand_listen); never trusted over others
    #[arg(long)]
    legacy: bool,
    /// The networks it may come from, such as 10.20.0.0/16,203.0.113.7; any when not given
    #[arg(long, default_value = "")]
    network: String,
    /// How often it reports, seconds
    #[arg(long, value_name = "SECONDS", default_value_t = store::device::EXPECTED_PERIOD_S)]
    period: f64,
    /// Correct its clock when it is steadily wrong
    #[arg(long)]
    fix_clock: bool,
    /// The unit of its speeds, where its protocol leaves doubt: OsmAnd itself sends mps, Traccar Client knots
    #[arg(long, value_enum, default_value_t = Speed::Auto)]
    speed: Speed,
    /// For people
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    settings: Settings,
}

const PROTOCOLS: [&str; 4] = ["pings", "osmand", "traccar", "traccar-forwarder"];

#[derive(Clone, Copy, Debug, ValueEnum)]
enum On {
    Bus,
    Ferry,
    Bike,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Speed {
    Auto,
    Mps,
    Kmh,
    Knots,
}

impl From<Speed> for SpeedUnit {
    fn from(speed: Speed) -> Self {
        match speed {
            Speed::Auto => Self::Auto,
            Speed::Mps => Self::Mps,
            Speed::Kmh => Self::Kmh,
            Speed::Knots => Self::Knots,
        }
    }
}

impl From<On> for VehicleClass {
    fn from(on: On) -> Self {
        match on {
            On::Bus => Self::Bus,
            On::Ferry => Self::Ferry,
            On::Bike => Self::Bike,
        }
    }
}

/// An open registry, and who changes it.
struct Desk {
    db: Db,
    config: Config,
    by: Actor,
}

/// Runs one action.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    match args.action {
        Action::Add(add) => Desk::open(&add.settings).await?.add(&add).await,
        Action::List { settings } => Desk::open(&settings).await?.list().await,
        Action::Rotate { id, settings } => Desk::open(&settings).await?.rotate(&id).await,
        Action::Revoke { id, kid, settings } => {
            Desk::open(&settings).await?.revoke(&id, kid.as_deref()).await
        }
    }
}

impl Desk {
    async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let config = settings.merge()?.config;
        let db = match Db::open(&config.database, Access::Admin).await {
            Ok(db) => db,
            // No database yet: this is the first command of a new installation.
            Err(_) => {
                Db::connect(&config.database).await?.close().await;
                Db::open(&config.database, Access::Admin).await?
            }
        };
        Ok(Self { db, config, by: local_actor(Clock::system().now(), "padriew device") })
    }

    async fn add(&self, add: &Add) -> anyhow::Result<()> {
        if self.db.device(&add.id).await?.is_some() {
            bail!("{} is registered already; padriew device rotate {} gives it another key", add.id, add.id);
        }
        networks(&add.network).map_err(|e| anyhow::anyhow!("--network: {e}"))?;
        let tier_max = match add.protocol.as_str() {
            "traccar" => Tier::Legacy,
            _ if add.legacy => Tier::Legacy,
            "pings" if !add.token => Tier::Signed,
            _ => Tier::Token,
        };
        let device = Device {
            tier_max,
            protocol: add.protocol.as_str().into(),
            expected_period_s: add.period,
            clock_fix_allowed: add.fix_clock,
            speed_unit: add.speed.into(),
            network: add.network.as_str().into(),
            note: add.note.as_str().into(),
            ..Device::new(&add.id, add.vehicle.as_ref().unwrap_or(&add.id), add.on.into())
        };
        self.db.device_put(&device, &self.by).await?;
        say(&format!("{} is registered, on vehicle {}", device.id, device.vehicle))?;
        self.give_secret(&device).await
    }

    async fn rotate(&self, id: &str) -> anyhow::Result<()> {
        let device = self.device(id).await?;
        self.give_secret(&device).await?;
        let live = self.db.device_keys(id).await?.into_iter().filter(|key| key.revoked.is_none());
        let live: Vec<String> = live.map(|key| key.kid.to_string()).collect();
        say(&format!(
            "\nlive now: {}; take an old one back with padriew device revoke {id} KEY",
            live.join(", ")
        ))?;
        Ok(())
    }

    async fn revoke(&self, id: &str, kid: Option<&str>) -> anyhow::Result<()> {
        let device = self.device(id).await?;
        if let Some(kid) = kid {
            if !self.db.device_key_revoke(id, kid, &self.by).await? {
                bail!("{id} has no live key {kid}; padriew device list shows what it has");
            }
            say(&format!("{kid} of {id} is revoked; it stops working within 5 s"))?;
        } else {
            let suspended = Device { state: DeviceState::Suspended, ..device };
            self.db.device_put(&suspended, &self.by).await?;
            say(&format!("{id} is suspended; nothing of it is taken within 5 s"))?;
        }
        Ok(())
    }

    async fn list(&self) -> anyhow::Result<()> {
        let (devices, keys) = (self.db.devices().await?, self.db.device_keys_live().await?);
        if devices.is_empty() {
            say("no device is registered; see padriew device add --help")?;
        }
        for device in devices {
            let own: Vec<String> =
                keys.iter().filter(|key| key.device == device.id).map(|key| self.described(key)).collect();
            let (id, vehicle) = (&device.id, &device.vehicle);
            say(&format!(
                "{id:24} vehicle {vehicle:12} {protocol:18} {state:10} keys: {keys}  {note}",
                protocol = device.protocol,
                state = device.state.word(),
                keys = if own.is_empty() { "none".to_owned() } else { own.join(", ") },
                note = device.note,
            ))?;
        }
        Ok(())
    }

    /// A key, and how long ago it was used.
    fn described(&self, key: &DeviceKey) -> String {
        match key.last_used {
            Some(at) => format!("{} (used {:.0} s ago)", key.kid, self.by.at.since_s(at).max(0.0)),
            None => format!("{} (never used)", key.kid),
        }
    }

    async fn device(&self, id: &str) -> anyhow::Result<Device> {
        self.db.device(id).await?.with_context(|| format!("{id} is not registered; see padriew device list"))
    }

    /// A key or a token, as its protocol needs, shown once.
    async fn give_secret(&self, device: &Device) -> anyhow::Result<()> {
        match (device.tier_max, &*device.protocol) {
            (Tier::Signed, _) => self.give_key(device).await,
            (Tier::Token, protocol) => self.give_token(device, protocol).await,
            (Tier::Legacy, "traccar") => {
                Ok(say("It sends through a traccar-forwarder and needs no secret.")?)
            }
            (Tier::Legacy, _) => Ok(say(&address::legacy(&self.config, &device.id))?),
        }
    }

    async fn give_key(&self, device: &Device) -> anyhow::Result<()> {
        let path = seal::path_of(&self.config.server_key, &self.config.database)?;
        let key = enroll::add_key(&self.db, &ServerKey::open(&path)?, &device.id, &self.by).await?;
        say(&format!(
            "\n  keyid   {}\n  key     {}   (hexadecimal; shown once, keep it)\n  post to {}/v1/pings",
            key.key_id,
            hex(&key.secret),
            address::base(&self.config)
        ))?;
        Ok(say(
            "  signed with hmac-sha256 as RFC 9421 has it: see ops/trackers.md, and ops/send_ping.py for a client",
        )?)
    }

    async fn give_token(&self, device: &Device, protocol: &str) -> anyhow::Result<()> {
        let new = enroll::add_token(&self.db, &device.id, &self.by).await?;
        let url = format!("{}/v1/{}/{}", address::base(&self.config), address::door(protocol), new.token);
        say(&format!("\n  token {} (shown once, keep it)\n  {url}", new.kid))?;
        Ok(say(&address::advice(protocol, &device.id, &url)?)?)
    }
}
