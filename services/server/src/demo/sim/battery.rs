//! Energy: used on the way, charged where a layover is long enough.
//!
//! Figures are the priors of the tracking design (section 15): an 8 to 10 m bus with cooling, an
//! 800 kWh ferry. A simulation, not a model of any make.

/// Time to plug in and out, seconds; a layover shorter than this charges nothing.
const CONNECT_S: f64 = 120.0;
/// Above this a driver does not bother to plug in, percent.
const PLUG_IN_BELOW_PCT: f64 = 82.0;
/// Chargers slow down above this, so nobody waits for more, percent.
const FULL_PCT: f64 = 95.0;

/// A kind of vehicle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Battery {
    /// Usable energy, kWh.
    pub(super) capacity_kwh: f64,
    /// Traction, kWh/km.
    pub(super) per_km_kwh: f64,
    /// Cooling, lights, steering, kW.
    pub(super) auxiliary_kw: f64,
    /// At the terminals, kW.
    pub(super) charger_kw: f64,
}

impl Battery {
    /// An 8 to 10 m electric bus.
    pub(super) const BUS: Self =
        Self { capacity_kwh: 210.0, per_km_kwh: 0.72, auxiliary_kw: 3.2, charger_kw: 120.0 };
    /// A river ferry.
    pub(super) const FERRY: Self =
        Self { capacity_kwh: 800.0, per_km_kwh: 9.0, auxiliary_kw: 6.0, charger_kw: 300.0 };

    /// Percent of the battery that `km` in `s` seconds use.
    #[must_use]
    pub(super) fn used_pct(&self, km: f64, s: f64) -> f64 {
        (km * self.per_km_kwh + s / 3600.0 * self.auxiliary_kw) / self.capacity_kwh * 100.0
    }

    /// State of charge after a layover of `s` seconds, and whether it was plugged in.
    #[must_use]
    pub(super) fn after_layover(&self, soc_pct: f64, s: f64) -> (f64, bool) {
        if s < CONNECT_S * 2.0 || soc_pct > PLUG_IN_BELOW_PCT {
            return ((soc_pct - self.used_pct(0.0, s)).max(1.0), false);
        }
        let gain_pct = (s - CONNECT_S) / 3600.0 * self.charger_kw / self.capacity_kwh * 100.0;
        ((soc_pct + gain_pct).min(FULL_PCT.max(soc_pct)), true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_kilometres_in_half_an_hour_cost_a_bus_four_percent() {
        let used_pct = Battery::BUS.used_pct(10.0, 1800.0);
        assert!((3.5..4.5).contains(&used_pct), "{used_pct}");
    }

    #[test]
    fn a_short_layover_or_a_full_battery_charges_nothing() {
        assert!(!Battery::BUS.after_layover(50.0, 100.0).1);
        assert!(!Battery::BUS.after_layover(90.0, 900.0).1);
        let (soc_pct, plugged) = Battery::BUS.after_layover(50.0, 600.0);
        assert!(plugged && (57.0..60.0).contains(&soc_pct), "{soc_pct}");
    }
}
