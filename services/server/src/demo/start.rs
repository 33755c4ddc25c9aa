//! What a demo needs before the first request: an hour, a fleet, a device and a key for each vehicle, riders with
//! cards, and a terminal with a key wherever they tap.

use super::client::{DeviceKey, PingClient};
use super::fleet::Tracker;
use super::sim::riders::{Mounting, RIDERS_MAX, Riders};
use super::sim::{Fault, SimVehicle, World};
use super::terminals::{Park, Terminal, Tokens, mounted};
use crate::Config;
use crate::ingest::seal::ServerKey;
use crate::ingest::{enroll, taps};
use crate::terminal::TerminalKey;
use anyhow::Context as _;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _};
use chrono_tz::Asia::Bangkok;
use gtfs::{Timestamp, Timetable};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use store::{Access, Actor, Db, Device};
use tracking::check::VehicleClass;

/// The demo's hour: the morning peak of an ordinary Tuesday. A fixed day, so that a demo is repeatable.
pub(crate) const WHEN: &str = "2026-11-24T07:30";

/// Which fleet is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FleetWish {
    /// Of everything random.
    pub(crate) seed: u64,
    /// At most so many vehicles.
    pub(crate) vehicles_max: usize,
    /// How many cards; 0 for neither riders nor terminals.
    pub(crate) riders: u32,
    /// When the demo begins; vehicles already out then come first.
    pub(crate) begin: Timestamp,
    /// Who would not be there by then does not set out.
    pub(crate) riders_until: Timestamp,
}

/// A fleet that is registered and may report.
pub(crate) struct Prepared {
    /// What they run.
    pub(crate) timetable: Arc<Timetable>,
    /// The trackers with their keys.
    pub(crate) trackers: Vec<Tracker>,
    /// How many are out at the beginning.
    pub(crate) out: usize,
    /// Vehicles with a fault, and which.
    pub(crate) faults: Vec<(String, &'static str)>,
    /// The terminals with their keys, and who taps.
    pub(crate) park: Park,
}

/// Reads `HH:MM` (of [`WHEN`]'s day) or `YYYY-MM-DDTHH:MM`, Bangkok time.
///
/// # Errors
/// Says how to write it.
pub(crate) fn parse(text: &str) -> anyhow::Result<Timestamp> {
    let how = || format!("--at {text}: write it as 07:30 or 2026-11-24T07:30");
    let local = match text.split_once('T') {
        Some((day, time)) => NaiveDateTime::new(
            NaiveDate::parse_from_str(day, "%Y-%m-%d").with_context(how)?,
            NaiveTime::parse_from_str(time, "%H:%M").with_context(how)?,
        ),
        None => {
            let time = NaiveTime::parse_from_str(text, "%H:%M").with_context(how)?;
            NaiveDateTime::parse_from_str(WHEN, "%Y-%m-%dT%H:%M")?.date().and_time(time)
        }
    };
    let at = Bangkok.from_local_datetime(&local).earliest().with_context(how)?;
    Ok(Timestamp(at.timestamp_micros()))
}

/// The configuration of a demo whose files are all in `folder`.
pub(crate) fn config(listen: SocketAddr, folder: &Path) -> Config {
    let mut config = Config {
        database: format!("sqlite:{}", folder.join("padriew.db").display()),
        gtfs: folder.join("feed").display().to_string(),
        server_key: folder.join("server.key").display().to_string(),
        listen,
        allow_simulated: true,
        ..Config::default()
    };
    let tariff = folder.join("tariff.toml");
    if tariff.exists() {
        config.fares.tariff = vec![tariff.display().to_string()];
    }
    // The banner and the pages tell what goes on; faulty trackers are part of it.
    "error".clone_into(&mut config.log.filter);
    config
}

/// The client of all trackers: loopback, whatever address the server listens on.
pub(crate) fn client(listen: SocketAddr) -> anyhow::Result<PingClient> {
    PingClient::new(&base_url(listen))
}

/// Where trackers and terminals find the server.
pub(crate) fn base_url(listen: SocketAddr) -> String {
    format!("http://{}", reachable(listen))
}

/// The address at which this machine reaches its own server.
pub(crate) fn reachable(listen: SocketAddr) -> SocketAddr {
    match listen {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => SocketAddr::from(([127, 0, 0, 1], v4.port())),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => {
            SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], v6.port()))
        }
        given => given,
    }
}

/// Loads the feed, makes the fleet, and registers every vehicle's device.
///
/// # Errors
/// When the feed or the database can not be used.
pub(crate) async fn town(config: &Config, wish: &FleetWish) -> anyhow::Result<Prepared> {
    let timetable = load(Path::new(&config.gtfs))?;
    let world = Arc::new(World { timetable: Arc::clone(&timetable), seed: wish.seed });
    let fleet = world.fleet(wish.begin, wish.vehicles_max);
    let out = fleet.iter().filter(|vehicle| vehicle.is_out(wish.begin)).count();
    let faults = fleet.iter().filter_map(|v| Some((v.name().to_owned(), v.fault().words()?))).collect();
    // The same vehicles once more: riders look their plans up while trackers report from them.
    let again = if wish.riders > 0 { world.fleet(wish.begin, wish.vehicles_max) } else { Vec::new() };
    let riders = Riders::new(&world, again, wish.riders, wish.begin, wish.riders_until);
    let registry = Registry::open(config, wish.begin).await?;
    let keys = registry.trackers(&fleet).await?;
    let trackers = fleet.into_iter().zip(keys).map(|(vehicle, key)| Tracker::new(vehicle, key)).collect();
    let terminals = if wish.riders > 0 { registry.terminals(&riders).await? } else { Vec::new() };
    registry.db.close().await;
    let tokens = Tokens::of(wish.riders.min(RIDERS_MAX), &rand::random())?;
    let park = Park { terminals, riders: Arc::new(riders), tokens: Arc::new(tokens) };
    Ok(Prepared { timetable, trackers, out, faults, park })
}

/// The embedded feed as a timetable.
fn load(folder: &Path) -> anyhow::Result<Arc<Timetable>> {
    let loaded = gtfs::load(gtfs::Source::Path(folder)).context("the sample network can not be loaded")?;
    Ok(Arc::new(loaded.timetable))
}

/// Where devices are registered and get their keys, as `padriew device add` and `padriew terminal add` would.
struct Registry {
    db: Db,
    server_key: ServerKey,
    by: Actor,
}

impl Registry {
    async fn open(config: &Config, at: Timestamp) -> anyhow::Result<Self> {
        let server_key = ServerKey::open(Path::new(&config.server_key))?;
        let db =
            Db::open(&config.database, Access::Serve).await.context("can not make the demo's database")?;
        Ok(Self { db, server_key, by: enroll::local_actor(at, "padriew demo") })
    }

    /// A tracker for every vehicle.
    async fn trackers(&self, fleet: &[SimVehicle]) -> anyhow::Result<Vec<DeviceKey>> {
        let mut keys = Vec::with_capacity(fleet.len());
        for vehicle in fleet {
            let device = device_of(vehicle);
            self.db.device_put(&device, &self.by).await?;
            let key = enroll::add_key(&self.db, &self.server_key, &device.id, &self.by).await?;
            keys.push(DeviceKey { key_id: key.key_id, secret: key.secret.to_vec() });
        }
        Ok(keys)
    }

    /// A fare terminal wherever riders tap.
    async fn terminals(&self, riders: &Riders) -> anyhow::Result<Vec<Terminal>> {
        let mut terminals = Vec::new();
        for (mounting, fault) in mounted(riders) {
            let id = mounting.terminal();
            let (vehicle, stop) = match &mounting {
                Mounting::Bus(vehicle) => (&**vehicle, ""),
                Mounting::Pier(stop) => ("", &**stop),
            };
            let mount = taps::Mount { id: &id, vehicle, stop, network: "", note: "simulated" };
            taps::register(&self.db, &self.by, &mount).await?;
            let key = enroll::add_key(&self.db, &self.server_key, &id, &self.by).await?;
            terminals.push(Terminal { mounting, fault, key: TerminalKey::new(&key.key_id, &key.secret) });
        }
        Ok(terminals)
    }
}

fn device_of(vehicle: &SimVehicle) -> Device {
    let class = if vehicle.is_ferry() { VehicleClass::Ferry } else { VehicleClass::Bus };
    let mut device = Device::new(&format!("sim-{}", vehicle.name()), vehicle.name(), class);
    device.clock_fix_allowed = vehicle.fault() == Fault::ClockAhead;
    device.note = "simulated".into();
    device
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_read_alone_or_with_its_day() {
        let morning = parse("2026-11-24T07:30").unwrap();
        assert_eq!(parse("07:30").unwrap(), morning);
        assert_eq!(parse(WHEN).unwrap(), morning);
        // 07:30 in Bangkok is 00:30 in London.
        assert_eq!(morning.s() % 86_400, 1_800);
        assert!(parse("half past seven").unwrap_err().to_string().contains("07:30"));
    }

    #[test]
    fn a_server_on_every_address_is_reached_by_loopback() {
        assert_eq!(reachable("0.0.0.0:8080".parse().unwrap()).to_string(), "127.0.0.1:8080");
        assert_eq!(reachable("[::]:8080".parse().unwrap()).to_string(), "[::1]:8080");
        assert_eq!(reachable("192.168.1.5:80".parse().unwrap()).to_string(), "192.168.1.5:80");
    }
}
