//! The constants of the rules, as named configuration defaults, and where service happens.

/// Metres in a degree of latitude, near enough for a box (IUGG mean sphere).
const NORTH_M_PER_DEG: f64 = gtfs::timetable::NORTH_M_PER_DEG;

/// Every constant of rules R01 to R24 that an agency may want to change.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckParams {
    /// The box of stops and shapes; `None` switches R03 off.
    pub area: Option<Area>,
    /// R02: both coordinates nearer to zero than this, degrees.
    pub null_island_deg: f64,
    /// R03: beyond this outside the box, metres: FLAG `area` (one mile).
    pub area_flag_m: f64,
    /// R03: beyond this, metres: REJ `area`.
    pub area_reject_m: f64,
    /// R04: ahead of the server up to this, seconds: OK.
    pub future_ok_s: f64,
    /// R04: ahead up to this, seconds: taken as now, FLAG `clock`; beyond: REJ `future`.
    pub future_flag_s: f64,
    /// R05: older than this, seconds: HIST.
    pub late_s: f64,
    /// R05: the same at most for sources with a slow period, seconds.
    pub late_slow_s_max: f64,
    /// R05: older than this, seconds: REJ `too_old`.
    pub too_old_s: f64,
    /// R08: a bus faster than this is an offence, metres per second (90 km/h).
    pub overspeed_mps: f64,
    /// R08: when it lasts this long, seconds.
    pub overspeed_s: f64,
    /// R09: slack beside speed and accuracy, metres.
    pub jump_slack_m: f64,
    /// R09: how many candidates must agree.
    pub relock_fixes: usize,
    /// R09: within this time, seconds.
    pub relock_s: f64,
    /// R09: after a gap longer than this one candidate is enough, seconds.
    pub relock_gap_s: f64,
    /// R10: FLAG above this, metres.
    pub accuracy_flag_m: f32,
    /// R10: HIST above this, metres.
    pub accuracy_hist_m: f32,
    /// R10: FLAG above this.
    pub hdop_flag: f32,
    /// R10: HIST above this.
    pub hdop_hist: f32,
    /// R10: FLAG below this many satellites.
    pub satellites_min: u16,
    /// R11: slower than this is standing, metres per second.
    pub standing_mps: f32,
    /// R11: as long as it moved less than this (or twice the accuracy), metres.
    pub standing_m: f64,
    /// R12: slower than this has no heading, metres per second.
    pub heading_mps: f32,
    /// R13: bit-equal for this long, seconds.
    pub frozen_s: f64,
    /// R13: while the odometer grows by more than this, metres.
    pub frozen_odometer_m: f64,
    /// R13: or the wheels turn faster than this, metres per second.
    pub frozen_wheel_mps: f32,
    /// R14: the zone's offset from UTC, seconds; what a device that sends local time is ahead by.
    pub zone_offset_s: i32,
    /// R14: how far a corrected time may still be off, seconds.
    pub clock_window_s: f64,
    /// R14: spread (IQR) of the offsets below which they are one steady error, seconds.
    pub clock_iqr_s: f64,
    /// R23: a charge that changes by more than this many points in 10 s is FLAG `soc`.
    pub soc_points_per_10_s: f32,
    /// R24: a fall of more than this is a new odometer epoch, metres.
    pub odometer_fall_m: f64,
}

impl Default for CheckParams {
    fn default() -> Self {
        Self {
            area: None,
            null_island_deg: 0.01,
            area_flag_m: 1_609.0,
            area_reject_m: 30_000.0,
            future_ok_s: 5.0,
            future_flag_s: 60.0,
            late_s: 60.0,
            late_slow_s_max: 90.0,
            too_old_s: 7.0 * 86_400.0,
            overspeed_mps: 25.0,
            overspeed_s: 120.0,
            jump_slack_m: 30.0,
            relock_fixes: 3,
            relock_s: 60.0,
            relock_gap_s: 300.0,
            accuracy_flag_m: 30.0,
            accuracy_hist_m: 100.0,
            hdop_flag: 5.0,
            hdop_hist: 10.0,
            satellites_min: 4,
            standing_mps: 1.0,
            standing_m: 10.0,
            heading_mps: 1.5,
            frozen_s: 300.0,
            frozen_odometer_m: 100.0,
            frozen_wheel_mps: 2.0,
            zone_offset_s: 7 * 3600,
            clock_window_s: 120.0,
            clock_iqr_s: 5.0,
            soc_points_per_10_s: 1.0,
            odometer_fall_m: 1_000.0,
        }
    }
}

/// The box around all stops and shapes, degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Degrees north.
    pub south: f64,
    /// Degrees north.
    pub north: f64,
    /// Degrees east.
    pub west: f64,
    /// Degrees east.
    pub east: f64,
}

impl Area {
    /// The box of a feed's boarding stops and shape points; `None` for a feed without any.
    #[must_use]
    pub fn of(timetable: &gtfs::Timetable) -> Option<Self> {
        let plane = timetable.plane;
        let stops = timetable.stops.iter().filter(|stop| stop.lat != 0.0 || stop.lon != 0.0);
        let points = timetable.shapes.iter().flat_map(|shape| shape.xy.iter().map(|&xy| plane.lat_lon(xy)));
        stops
            .map(|stop| (stop.lat, stop.lon))
            .chain(points)
            .fold(None, |area, at| Some(Self::grown(area, at)))
    }

    fn grown(area: Option<Self>, (lat, lon): (f64, f64)) -> Self {
        let area = area.unwrap_or(Self { south: lat, north: lat, west: lon, east: lon });
        Self {
            south: area.south.min(lat),
            north: area.north.max(lat),
            west: area.west.min(lon),
            east: area.east.max(lon),
        }
    }

    /// Metres from the box; 0 inside.
    #[must_use]
    pub fn outside_m(&self, lat: f64, lon: f64) -> f64 {
        let north = (self.south - lat).max(lat - self.north).max(0.0) * NORTH_M_PER_DEG;
        let east_m_per_deg = NORTH_M_PER_DEG * libm::cos(lat.to_radians());
        let east = (self.west - lon).max(lon - self.east).max(0.0) * east_m_per_deg;
        libm::hypot(north, east)
    }
}

/// What kind of vehicle a device is on; decides what is too fast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum VehicleClass {
    /// A bus, and any road vehicle not named here.
    #[default]
    Bus,
    /// A ferry.
    Ferry,
    /// An electric bicycle.
    Bike,
}

impl VehicleClass {
    /// The fastest believable speed, metres per second (R08: 120 km/h, 30 kn, 50 km/h).
    #[must_use]
    pub fn speed_mps_max(self) -> f64 {
        match self {
            Self::Bus => 33.3,
            Self::Ferry => 15.4,
            Self::Bike => 13.9,
        }
    }
}
