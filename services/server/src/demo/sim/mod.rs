//! A fleet that exists only in arithmetic: one vehicle per block, from a timetable and a seed.
//!
//! Pure: the same timetable, seed and time give the same report, whoever asks and in whatever order.
//! A day is planned whole ([`plan`]), so a demo may start at any hour with the town already moving.
//! It does not model passengers' journeys, vehicles that block each other, or detours.

mod battery;
mod fault;
mod gps;
mod motion;
mod plan;
mod report;
pub mod riders;
#[cfg(test)]
mod tests;
mod traffic;
mod vehicle;

pub use fault::Fault;
pub use report::SimReport;
pub use vehicle::{SimCall, SimVehicle};

use gtfs::timetable::Mode;
use gtfs::{BlockIdx, ServiceDay, Timestamp, Timetable};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The hour at which a new day's duties begin; nothing runs then.
const DAY_CHANGE_S: f64 = 3.0 * 3600.0;

/// What all simulated vehicles share.
#[derive(Debug)]
pub struct World {
    /// The timetable they run.
    pub timetable: Arc<Timetable>,
    /// The seed of everything random.
    pub seed: u64,
}

impl World {
    /// The vehicles that run any block, at most `vehicles_max`; those already out at `start` come
    /// first, lines in turn, and the first few carry the faults.
    #[must_use]
    pub fn fleet(self: &Arc<Self>, start: Timestamp, vehicles_max: usize) -> Vec<SimVehicle> {
        let mut by_name: BTreeMap<String, Vec<BlockIdx>> = BTreeMap::new();
        for (at, block) in self.timetable.blocks.iter().enumerate() {
            let ferry = self.is_ferry(BlockIdx::new(at));
            by_name.entry(vehicle_name(&block.id, ferry)).or_default().push(BlockIdx::new(at));
        }
        let mut fleet: Vec<SimVehicle> = by_name
            .into_iter()
            .map(|(name, blocks)| SimVehicle::new(Arc::clone(self), name, blocks))
            .collect();
        // Out already before still in the depot; then by number on the line, so that lines take turns.
        fleet.sort_by_cached_key(|v| {
            let number = v.name().rsplit('-').next().unwrap_or_default().to_owned();
            (!v.is_out(start), number, v.name().to_owned())
        });
        fleet.truncate(vehicles_max);
        for (vehicle, fault) in fleet.iter_mut().zip(Fault::SHOWN) {
            vehicle.set_fault(fault);
        }
        fleet
    }

    /// Whether a block's first trip sails.
    #[must_use]
    pub fn is_ferry(&self, block: BlockIdx) -> bool {
        let trip = self.timetable.blocks[block.at()].trips.first();
        trip.is_some_and(|&t| self.timetable.routes[self.timetable.route_of(t).at()].mode == Mode::Ferry)
    }

    /// The service day to which `now` belongs for a vehicle: it begins at three in the morning.
    #[must_use]
    pub fn day(&self, now: Timestamp) -> ServiceDay {
        ServiceDay::of(now.plus_s(-DAY_CHANGE_S), self.timetable.tz)
    }
}

/// Blocks `1-d03` of weekdays and `1-e03` of weekends are run by one bus, `EV-1-03`.
fn vehicle_name(block_id: &str, ferry: bool) -> String {
    let kind = if ferry { "FERRY" } else { "EV" };
    let number = block_id.trim_end_matches(|c: char| !c.is_ascii_digit());
    let digits = number.len() - number.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (line, number) = number.split_at(number.len() - digits);
    let line = line.trim_end_matches(['d', 'e']).trim_end_matches('-');
    format!("{kind}-{line}-{number}")
}
