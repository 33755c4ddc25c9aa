//! `padriew terminal`: register fare terminals, give them keys, see how they are.
//!
//! Works beside a running server, as `padriew device` does; every change is in the audit log, a key is shown
//! once. Enrolling a terminal anew takes back its keys, raises its epoch and ends a suspension.

use super::out::say;
use super::settings::Settings;
use crate::clock::Clock;
use crate::config::Config;
use crate::ingest::enroll::{self, local_actor};
use crate::ingest::seal::{self, ServerKey, hex};
use crate::ingest::taps::{Mount, register};
use anyhow::{Context as _, bail};
use clap::Subcommand;
use store::gap::GapState;
use store::{Access, Actor, Db, Device, DeviceState, KeyKind, Terminal};

/// Gaps and the like that `show` looks through.
const ROWS_MAX: u32 = 100_000;
/// Rows of a kind that `show` prints.
const SHOWN_MAX: usize = 20;

const EXAMPLES: &str = "\
Examples:
  padriew terminal add T-0412 --vehicle EV-07
      a terminal on a bus: prints a key for POST /v1/taps
  padriew terminal add T-P04 --stop pier-sothon --network ferry
  padriew terminal list
  padriew terminal show T-0412      last heard, what was received, gaps, chain, clock
  padriew terminal rotate T-0412    a second key; the first works until it is revoked
  padriew terminal revoke T-0412 k1 holds within 5 s
  padriew terminal code T-0412      a code with which it fetches a key that nobody sees
  padriew terminal enrol T-0412     at the depot, after a suspension or a new memory: new key, new epoch

The server may be running. Use the same --database or --config as it does.";

/// Register fare terminals, give them keys, see how they are.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Register a terminal and print its key, once
    Add(Add),
    /// Print every terminal
    List {
        #[command(flatten)]
        settings: Settings,
    },
    /// Print all that is known of one
    Show(One),
    /// Give it another key; the old one works until it is revoked
    Rotate(One),
    /// Take back a key, or with no key suspend the terminal
    Revoke {
        /// The terminal
        id: String,
        /// The key, such as k1
        kid: Option<String>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Print a code with which it fetches its own key, once, within a day
    Code(One),
    /// Enrol it anew: all keys are taken back, a new one is printed, new taps begin a new epoch
    Enrol(One),
}

/// A terminal to register.
#[derive(Debug, clap::Args)]
struct Add {
    /// Its id: letters, digits, dots, _ and -
    id: String,
    /// The vehicle it is on
    #[arg(long, required_unless_present = "stop", conflicts_with = "stop")]
    vehicle: Option<String>,
    /// The stop (GTFS stop_id) it stands at
    #[arg(long)]
    stop: Option<String>,
    /// The one network (GTFS-Fares network_id) whose fares it takes; any when not given
    #[arg(long, default_value = "")]
    network: String,
    /// For people
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, clap::Args)]
struct One {
    /// The terminal
    id: String,
    #[command(flatten)]
    settings: Settings,
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
        Action::Show(one) => Desk::open(&one.settings).await?.show(&one.id).await,
        Action::Rotate(one) => Desk::open(&one.settings).await?.rotate(&one.id).await,
        Action::Revoke { id, kid, settings } => {
            Desk::open(&settings).await?.revoke(&id, kid.as_deref()).await
        }
        Action::Code(one) => Desk::open(&one.settings).await?.code(&one.id).await,
        Action::Enrol(one) => Desk::open(&one.settings).await?.enrol(&one.id).await,
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
        Ok(Self { db, config, by: local_actor(Clock::system().now(), "padriew terminal") })
    }

    async fn add(&self, add: &Add) -> anyhow::Result<()> {
        let (vehicle, stop) = (add.vehicle.as_deref().unwrap_or(""), add.stop.as_deref().unwrap_or(""));
        let mount = Mount { id: &add.id, vehicle, stop, network: &add.network, note: &add.note };
        let terminal = register(&self.db, &self.by, &mount).await?;
        say(&format!("{} is registered, {}", terminal.id, place(&terminal)))?;
        self.give_key(&add.id).await
    }

    async fn rotate(&self, id: &str) -> anyhow::Result<()> {
        self.known(id).await?;
        self.give_key(id).await?;
        Ok(say(&format!("\ntake an old one back with padriew terminal revoke {id} KEY"))?)
    }

    async fn revoke(&self, id: &str, kid: Option<&str>) -> anyhow::Result<()> {
        let (device, _) = self.known(id).await?;
        let Some(kid) = kid else {
            self.db.device_put(&Device { state: DeviceState::Suspended, ..device }, &self.by).await?;
            return Ok(say(&format!("{id} is suspended; nothing of it is taken within 5 s"))?);
        };
        if !self.db.device_key_revoke(id, kid, &self.by).await? {
            bail!("{id} has no live key {kid}; padriew terminal show {id} names those it has");
        }
        Ok(say(&format!("{kid} of {id} is revoked; it stops working within 5 s"))?)
    }

    async fn code(&self, id: &str) -> anyhow::Result<()> {
        self.known(id).await?;
        let code = enroll::new_code(&self.db, id, &self.by).await?;
        Ok(say(&format!(
            "\n  code    {code}   (shown once; good once, for 24 h)\n  the terminal posts it to /v1/terminals/enrol and \
             gets its key"
        ))?)
    }

    async fn enrol(&self, id: &str) -> anyhow::Result<()> {
        let (device, terminal) = self.known(id).await?;
        for key in self.live_keys(id).await? {
            self.db.device_key_revoke(id, &key, &self.by).await?;
        }
        let received = self.db.taps_received(id).await?;
        let newest = received.iter().map(|epoch| epoch.epoch).max().unwrap_or(0).max(terminal.epoch_min);
        let epoch_min = newest.saturating_add(1);
        self.db.terminal_put(&Terminal { epoch_min, enrolled: self.by.at, ..terminal }, &self.by).await?;
        self.db.device_put(&Device { state: DeviceState::Active, ..device }, &self.by).await?;
        say(&format!("{id} is enrolled anew; its new taps begin with epoch {epoch_min}, number 1"))?;
        self.give_key(id).await
    }

    async fn list(&self) -> anyhow::Result<()> {
        let (terminals, devices) = (self.db.terminals().await?, self.db.devices().await?);
        if terminals.is_empty() {
            say("no terminal is registered; see padriew terminal add --help")?;
        }
        for terminal in terminals {
            let state =
                devices.iter().find(|device| device.id == terminal.id).map(|device| device.state.word());
            let heard = terminal.contact.as_ref().map_or_else(
                || "never heard".to_owned(),
                |contact| format!("heard {:.0} s ago", self.by.at.since_s(contact.seen).max(0.0)),
            );
            say(&format!(
                "{:24} {:32} {:10} {heard}",
                terminal.id,
                place(&terminal),
                state.unwrap_or("missing")
            ))?;
        }
        Ok(())
    }

    async fn show(&self, id: &str) -> anyhow::Result<()> {
        let (device, terminal) = self.known(id).await?;
        say(&format!("{id}, {}, {}", place(&terminal), device.state.word()))?;
        say(&format!("  keys         {}", self.live_keys(id).await?.join(", ")))?;
        say(&format!("  configuration {}, epochs from {}", terminal.cfg_ver, terminal.epoch_min))?;
        match &terminal.contact {
            None => say("  last heard   never")?,
            Some(contact) => {
                say(&format!("  last heard   {:.0} s ago", self.by.at.since_s(contact.seen).max(0.0)))?;
                say(&format!("  deny list    {}", contact.deny_ver))?;
                say(&format!("  tariff       {}", contact.tariff_ver))?;
                let clock = contact.clock_offset_ms.map_or_else(
                    || "none".to_owned(),
                    |ahead_ms| format!("{:+.3} s from ours", ahead_ms as f64 / 1_000.0),
                );
                say(&format!("  clock        {clock}"))?;
            }
        }
        self.show_received(id).await
    }

    async fn show_received(&self, id: &str) -> anyhow::Result<()> {
        for epoch in self.db.taps_received(id).await? {
            say(&format!(
                "  epoch {}      settled to {}, highest {}",
                epoch.epoch, epoch.settled, epoch.top
            ))?;
            for (from, to) in epoch.holes.iter().take(SHOWN_MAX) {
                say(&format!("    asked for  {from}-{to}"))?;
            }
        }
        for state in [GapState::Open, GapState::Filled, GapState::WrittenOff] {
            let gaps = self.db.gaps(state, ROWS_MAX).await?;
            for gap in gaps.iter().filter(|gap| *gap.terminal == *id).take(SHOWN_MAX) {
                let (epoch, from, to, cause) = (gap.epoch, gap.from, gap.to, &gap.cause);
                say(&format!("    gap {:11} epoch {epoch}, {from}-{to} ({cause})", state.word()))?;
            }
        }
        let breaks = self.db.chain_breaks(ROWS_MAX).await?;
        let own: Vec<_> = breaks.iter().filter(|(terminal, ..)| **terminal == *id).collect();
        say(&format!("  chain        {}", if own.is_empty() { "holds" } else { "BROKEN" }))?;
        for (_, epoch, seq, why) in own.into_iter().take(SHOWN_MAX) {
            say(&format!("    epoch {epoch}, {seq}: {why}"))?;
        }
        Ok(())
    }

    async fn known(&self, id: &str) -> anyhow::Result<(Device, Terminal)> {
        let unknown = || format!("{id} is not a registered terminal; see padriew terminal list");
        let device = self.db.device(id).await?.with_context(unknown)?;
        Ok((device, self.db.terminal(id).await?.with_context(unknown)?))
    }

    async fn live_keys(&self, id: &str) -> anyhow::Result<Vec<String>> {
        let keys = self.db.device_keys(id).await?.into_iter();
        let live = keys.filter(|key| key.revoked.is_none() && key.kind == KeyKind::Hmac);
        Ok(live.map(|key| key.kid.to_string()).collect())
    }

    async fn give_key(&self, id: &str) -> anyhow::Result<()> {
        let path = seal::path_of(&self.config.server_key, &self.config.database)?;
        let key = enroll::add_key(&self.db, &ServerKey::open(&path)?, id, &self.by).await?;
        Ok(say(&format!(
            "\n  keyid   {}\n  key     {}   (hexadecimal; shown once, keep it)\n  post to /v1/taps, signed with \
             hmac-sha256 as RFC 9421 has it",
            key.key_id,
            hex(&key.secret)
        ))?)
    }
}

fn place(terminal: &Terminal) -> String {
    let place = match &*terminal.vehicle {
        "" => format!("at stop {}", terminal.stop),
        vehicle => format!("on vehicle {vehicle}"),
    };
    if terminal.network.is_empty() { place } else { format!("{place} ({})", terminal.network) }
}
