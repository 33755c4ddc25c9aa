//! Giving a terminal its place in the registry.

use anyhow::bail;
use store::{Actor, Db, Device, DeviceKind, Terminal};
use tracking::check::VehicleClass;

/// How often an idle terminal sends, seconds (fares design, section 13).
const HEARTBEAT_S: f64 = 60.0;

/// Where a terminal is mounted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mount<'a> {
    /// Its id.
    pub id: &'a str,
    /// The vehicle; empty at a pier.
    pub vehicle: &'a str,
    /// The stop; empty on a vehicle.
    pub stop: &'a str,
    /// The one network whose fares it takes; empty for any.
    pub network: &'a str,
    /// For people.
    pub note: &'a str,
}

/// Registers a terminal. It still needs a key: see [`crate::ingest::enroll::add_key`].
///
/// # Errors
/// When the id is taken, or the database refuses.
pub async fn register(db: &Db, by: &Actor, mount: &Mount<'_>) -> anyhow::Result<Terminal> {
    let id = mount.id;
    if db.device(id).await?.is_some() {
        bail!("{id} is registered already; padriew terminal rotate {id} gives it another key");
    }
    let class = if mount.stop.is_empty() { VehicleClass::Bus } else { VehicleClass::Ferry };
    let device = Device {
        kind: DeviceKind::Terminal,
        protocol: "taps".into(),
        expected_period_s: HEARTBEAT_S,
        note: mount.note.into(),
        ..Device::new(id, mount.vehicle, class)
    };
    db.device_put(&device, by).await?;
    let terminal = Terminal {
        id: id.into(),
        vehicle: mount.vehicle.into(),
        stop: mount.stop.into(),
        network: mount.network.into(),
        epoch_min: 1,
        cfg_ver: 1,
        enrolled: by.at,
        contact: None,
    };
    db.terminal_put(&terminal, by).await?;
    Ok(terminal)
}
