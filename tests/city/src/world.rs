//! The laws of a world: every number by which one simulated city differs from another.
//!
//! The default is the world that the design assumes (gamma driving, hurdle dwell, a shared congestion
//! that persists). Other worlds break one assumption each, because a score in one's own world proves
//! code, not accuracy.

/// How unlikely times are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tails {
    /// As the model assumes.
    Gamma,
    /// Student-t with three degrees of freedom and the same variance.
    Heavy,
}

/// The numbers of one world.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// Everything random follows from it.
    pub seed: u64,
    /// Dispersion of driving alone, seconds: variance = θ · mean. Signals and dwells come on top, so
    /// that the whole is near the 22 s that is seen in the field.
    pub theta_s: f64,
    /// How driving times are spread.
    pub tails: Tails,
    /// Spread of the lasting pace of streets (log) that the timetable does not know.
    pub street_sd: f64,
    /// Spread of a street's congestion (log) on a day: q = 0.04 is 0.2 squared.
    pub congestion_sd: f64,
    /// How long congestion lasts, seconds.
    pub congestion_s: f64,
    /// Spread of what the whole town shares (log).
    pub town_sd: f64,
    /// Crashes a day: a street and its neighbours jam for half an hour.
    pub incidents: f64,
    /// Chance of a red light at a junction.
    pub red: f64,
    /// Longest wait at one, seconds.
    pub red_s_max: f64,
    /// Riders a minute at a usual stop.
    pub riders_per_min: f64,
    /// Share of early vehicles that wait at time points.
    pub holds: f64,
    /// How late vehicles leave terminals, seconds, in the mean.
    pub late_s: f64,
    /// Pull-outs that come late, share.
    pub late_pull_outs: f64,
    /// How far drawn lines are from the roads, metres; on some streets only.
    pub shape_error_m: f64,
    /// Streets closed for some hours a day.
    pub closures: u32,
    /// Vehicles exchanged in the middle of a day.
    pub swaps: u32,
    /// What is wrong with the devices.
    pub devices: Devices,
}

/// How vehicles are heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Devices {
    /// Seconds between reports.
    pub period_s: f64,
    /// Spread of a fix, metres, each way; four fifths of it lasts from fix to fix.
    pub noise_m: f64,
    /// Mean delay to the server, seconds.
    pub latency_s: f64,
    /// Share of the time in which a vehicle is silent, a few minutes each.
    pub silent: f64,
    /// Share of single reports lost.
    pub lost: f64,
    /// Share of reports that come twice.
    pub twice: f64,
    /// Share of reports that come half a minute late, after newer ones.
    pub disordered: f64,
    /// Share of vehicles whose clock is wrong, by `clock_s`.
    pub wrong_clocks: f64,
    /// How wrong, seconds; ahead is positive.
    pub clock_s: f64,
    /// Vehicles say which trip they run.
    pub claims: bool,
    /// Vehicles that claim another block's trip for an hour.
    pub wrong_claims: u32,
}

impl Default for Devices {
    fn default() -> Self {
        Self {
            period_s: 15.0,
            noise_m: 6.0,
            latency_s: 2.0,
            silent: 0.005,
            lost: 0.01,
            twice: 0.01,
            disordered: 0.005,
            wrong_clocks: 0.0,
            clock_s: 0.0,
            claims: true,
            wrong_claims: 0,
        }
    }
}

impl World {
    /// The world that the model assumes.
    #[must_use]
    pub fn own(seed: u64) -> Self {
        Self {
            seed,
            theta_s: 12.0,
            tails: Tails::Gamma,
            street_sd: 0.15,
            congestion_sd: 0.2,
            congestion_s: 1_500.0,
            town_sd: 0.08,
            incidents: 0.0,
            red: 0.35,
            red_s_max: 40.0,
            riders_per_min: 0.12,
            holds: 0.9,
            late_s: 25.0,
            late_pull_outs: 0.02,
            shape_error_m: 0.0,
            closures: 0,
            swaps: 0,
            devices: Devices::default(),
        }
    }

    /// Its own world with everything that goes wrong in operation: closed streets, exchanged vehicles,
    /// wrong claims, a few wrong clocks.
    #[must_use]
    pub fn troubled(seed: u64) -> Self {
        let devices = Devices {
            silent: 0.02,
            lost: 0.03,
            twice: 0.03,
            disordered: 0.02,
            wrong_clocks: 0.04,
            clock_s: -20.0,
            wrong_claims: 2,
            ..Devices::default()
        };
        Self { closures: 2, swaps: 2, late_pull_outs: 0.05, devices, ..Self::own(seed) }
    }

    /// A world whose driving times have heavier tails than any gamma.
    #[must_use]
    pub fn heavy_tails(seed: u64) -> Self {
        Self { tails: Tails::Heavy, ..Self::own(seed) }
    }

    /// A world of crashes: many streets slow at once, suddenly.
    #[must_use]
    pub fn incidents(seed: u64) -> Self {
        Self { incidents: 6.0, ..Self::own(seed) }
    }

    /// A world whose feed draws lines beside the roads.
    #[must_use]
    pub fn wrong_shapes(seed: u64) -> Self {
        Self { shape_error_m: 45.0, ..Self::own(seed) }
    }
}
