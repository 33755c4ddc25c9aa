//! Every constant of the tracker, in one place; the defaults are those of the design.

use gtfs::timetable::Mode;

/// Constants of matching, prediction and publishing. "(start)" marks a first guess, to be refitted
/// from an agency's own data.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    /// Fastest believable speed of a road vehicle, metres per second (120 km/h).
    pub bus_mps_max: f32,
    /// Fastest believable speed of a ferry, metres per second (30 kn).
    pub ferry_mps_max: f32,
    /// Beyond this from its line a vehicle is off it, metres (or 3 σ, if that is more).
    pub off_route_m: f32,
    /// The same where the line is only straight chords between stops, metres.
    pub off_chords_m: f32,
    /// Half the width of a ferry's corridor, metres: river lines in feeds are coarse.
    pub ferry_corridor_m: f32,
    /// Off the line for at least this many pings before it counts.
    pub off_route_pings: u16,
    /// And at least this long, seconds.
    pub off_route_s: f64,
    /// Predictions of an off-route vehicle are withdrawn after this, seconds.
    pub off_route_no_data_s: f64,
    /// An arrival is the crossing of this much before the stop, a departure the one after, metres.
    pub stop_zone_m: f32,
    /// A pier's geofence, metres.
    pub pier_zone_m: f32,
    /// Dispersion of travel time, seconds: variance = θ · mean; θ of a cold start.
    pub theta_s: f64,
    /// Time a vehicle needs between two trips before it leaves again, seconds (start).
    pub recovery_s: f64,
    /// A layover shorter than this is no terminal: the vehicle runs through, seconds.
    pub layover_s_min: f64,
    /// Predictions reach this far into the next trips of a block, seconds.
    pub ahead_s: f64,
    /// Older than this a vehicle is held, seconds.
    pub held_s: f64,
    /// Older than this it is out of the positions, seconds.
    pub gone_s: f64,
    /// Older than this its predictions are withdrawn, seconds.
    pub no_data_s: f64,
    /// How early a vehicle may be on a trip, seconds (automatic assignment).
    pub early_s_max: f64,
    /// How late, seconds.
    pub late_s_max: f64,
    /// How far a vehicle must have moved to be put on a trip, metres.
    pub moved_m_min: f32,
    /// Posterior needed by automatic assignment.
    pub posterior_min: f64,
    /// Lead over the next best whole needed by automatic assignment, nats.
    pub margin_nats: f64,
    /// The same where the next best drives another way, nats (start): lines part soon, so that it costs
    /// little to wait until they have.
    pub way_margin_nats: f64,
    /// Automatic assignment looks at one vehicle this often, seconds.
    pub auction_s: f64,
    /// A prediction is published when it moved more than this, seconds.
    pub publish_change_s: f64,
    /// Or more than this share of its standard deviation.
    pub publish_change_sigma: f64,
    /// Or when it moved at all and the published one is this old, seconds.
    pub publish_refresh_s: f64,
    /// A passed stop and a left vehicle stay this long, seconds.
    pub passed_s: f64,
    /// A trip with no vehicle is called unconfirmed this long after its start, seconds.
    pub unconfirmed_s: f64,
    /// And leaves the board this long after its aimed time, seconds.
    pub unconfirmed_off_s: f64,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            bus_mps_max: 33.3,
            ferry_mps_max: 15.4,
            off_route_m: 60.0,
            off_chords_m: 250.0,
            ferry_corridor_m: 250.0,
            off_route_pings: 2,
            off_route_s: 20.0,
            off_route_no_data_s: 120.0,
            stop_zone_m: 15.0,
            pier_zone_m: 80.0,
            theta_s: 30.0,
            recovery_s: 120.0,
            layover_s_min: 60.0,
            ahead_s: 3_600.0,
            held_s: 30.0,
            gone_s: 90.0,
            no_data_s: 180.0,
            early_s_max: 1_800.0,
            late_s_max: 5_400.0,
            moved_m_min: 100.0,
            posterior_min: 0.9,
            margin_nats: 3.0,
            way_margin_nats: 4.0,
            auction_s: 15.0,
            publish_change_s: 10.0,
            publish_change_sigma: 0.15,
            publish_refresh_s: 20.0,
            passed_s: 120.0,
            unconfirmed_s: 60.0,
            unconfirmed_off_s: 600.0,
        }
    }
}

impl Params {
    /// Fastest believable speed, metres per second.
    #[must_use]
    pub fn mps_max(&self, mode: Mode) -> f32 {
        if mode == Mode::Ferry { self.ferry_mps_max } else { self.bus_mps_max }
    }

    /// How far from its line a vehicle may be, metres.
    #[must_use]
    pub fn corridor_m(&self, mode: Mode, is_chords: bool, sigma_m: f32) -> f32 {
        let wide_m = match (mode, is_chords) {
            (Mode::Ferry, _) => self.ferry_corridor_m,
            (_, true) => self.off_chords_m,
            (_, false) => self.off_route_m,
        };
        wide_m.max(3.0 * sigma_m)
    }

    /// How near to a stop a vehicle is at it, metres along the line.
    #[must_use]
    pub fn zone_m(&self, mode: Mode) -> f32 {
        if mode == Mode::Ferry { self.pier_zone_m } else { self.stop_zone_m }
    }
}
