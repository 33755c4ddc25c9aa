//! The fleet of `load live`: signed pings one by one, evenly spread over every second.

use crate::batches::{Device, signed};
use crate::http::Connection;
use crate::panels::Watch;
use crate::town::Bus;
use anyhow::ensure;
use gtfs::Timestamp;
use server::clock::Clock;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Vehicles that share a connection, as behind a gateway.
const PER_CONNECTION: usize = 10;
/// A bus on the road reports this often, seconds; a parked one every second. So rarely that a frame about
/// a bus can only come from its last ping.
pub(crate) const BUS_PERIOD_S: u64 = 4;

/// A device and, when it is on the road, its bus.
pub(crate) struct Driver {
    /// Who signs.
    pub(crate) device: Device,
    /// `None`: parked, outside every line.
    pub(crate) bus: Option<Bus>,
}

/// Starts all drivers for `seconds`; the tasks say how many pings were answered with 200.
pub(crate) async fn start(
    address: SocketAddr,
    drivers: Vec<Driver>,
    seconds: u64,
    watch: &Arc<Watch>,
) -> anyhow::Result<JoinSet<anyhow::Result<u64>>> {
    let mut tasks = JoinSet::new();
    let mut left = drivers.into_iter().peekable();
    let begin = Instant::now() + Duration::from_millis(200);
    let mut at = 0_u32;
    while left.peek().is_some() {
        let group: Vec<Driver> = left.by_ref().take(PER_CONNECTION).collect();
        let connection = Connection::open(address).await?;
        // Connections start at different milliseconds of the second.
        let phase = Duration::from_micros(u64::from(at) * 7_919 % 100_000);
        at += 1;
        tasks.spawn(drive(connection, group, begin + phase, seconds, Arc::clone(watch)));
    }
    Ok(tasks)
}

async fn drive(
    mut connection: Connection,
    mut group: Vec<Driver>,
    begin: Instant,
    seconds: u64,
    watch: Arc<Watch>,
) -> anyhow::Result<u64> {
    let mut answered = 0;
    let step = Duration::from_secs(1) / PER_CONNECTION as u32;
    for second in 0..seconds {
        for (at, driver) in group.iter_mut().enumerate() {
            // Buses take turns, so that every second has as many pings.
            if driver.bus.is_some() && !(second + at as u64).is_multiple_of(BUS_PERIOD_S) {
                continue;
            }
            sleep_until(begin + Duration::from_secs(second) + step * at as u32).await;
            let now = Clock::system().now();
            let body = driver.body(now);
            let request = signed(&driver.device.key, now, &body)?;
            if let Some(bus) = driver.bus {
                watch.leaves(bus.trip());
            }
            let answer = connection.exchange(&request).await?;
            ensure!(
                answer.status == 200,
                "status {}: {}",
                answer.status,
                String::from_utf8_lossy(&answer.body)
            );
            answered += 1;
        }
    }
    Ok(answered)
}

impl Driver {
    fn body(&mut self, now: Timestamp) -> Vec<u8> {
        let Device { boot, seq, .. } = &mut self.device;
        let t_ms = now.0 / 1000;
        let where_and_what = match self.bus {
            Some(bus) => {
                let (lat, lon) = bus.place(now);
                format!(
                    "\"lat\":{lat:.6},\"lon\":{lon:.6},\"spd\":10.0,\"hdg\":90.0,\"acc\":4.0,\"trip\":\"{}\"",
                    bus.trip()
                )
            }
            None => "\"lat\":13.490000,\"lon\":101.050000,\"spd\":0.0,\"acc\":4.0".to_owned(),
        };
        let body = format!(
            "{{\"v\":1,\"boot\":\"{boot}\",\"pings\":[{{\"seq\":{seq},\"t\":{t_ms},{where_and_what}}}]}}"
        );
        *seq += 1;
        body.into_bytes()
    }
}
