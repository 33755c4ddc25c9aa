//! Battery and climate in one text column: `soc_pct=63.5 charging=1`.
//!
//! Few pings carry any of it, so nine columns would be nine nulls in almost every row.

use tracking::Ev;

/// The text of `ev`; every value reads back exactly.
pub(super) fn text(ev: &Ev) -> String {
    let number = |name: &str, value: Option<f32>| value.map(|value| format!("{name}={value}"));
    let flag = |name: &str, value: Option<bool>| value.map(|value| format!("{name}={}", i32::from(value)));
    [
        number("soc_pct", ev.soc_pct),
        number("energy_kwh", ev.energy_kwh),
        number("range_km", ev.range_km),
        flag("plugged", ev.plugged),
        flag("charging", ev.charging),
        number("power_kw", ev.power_kw),
        number("auxiliary_kw", ev.auxiliary_kw),
        number("battery_c", ev.battery_c),
        number("outside_c", ev.outside_c),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join(" ")
}

/// Reads what [`text`] wrote; a word that a later version added is passed over.
pub(super) fn parse(text: &str) -> Ev {
    let mut ev = Ev::default();
    for (name, value) in text.split(' ').filter_map(|word| word.split_once('=')) {
        let number = value.parse().ok();
        let flag = Some(value == "1");
        match name {
            "soc_pct" => ev.soc_pct = number,
            "energy_kwh" => ev.energy_kwh = number,
            "range_km" => ev.range_km = number,
            "plugged" => ev.plugged = flag,
            "charging" => ev.charging = flag,
            "power_kw" => ev.power_kw = number,
            "auxiliary_kw" => ev.auxiliary_kw = number,
            "battery_c" => ev.battery_c = number,
            "outside_c" => ev.outside_c = number,
            _ => {}
        }
    }
    ev
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_exactly() {
        let ev = Ev { soc_pct: Some(63.1), plugged: Some(false), charging: Some(true), ..Ev::default() };
        let odd = Ev { power_kw: Some(-0.1), battery_c: Some(f32::MIN_POSITIVE), outside_c: Some(1e9), ..ev };
        for ev in [Ev::default(), ev, odd] {
            assert_eq!(parse(&text(&ev)), ev, "{}", text(&ev));
        }
        assert_eq!(parse("soc_pct=5 warp_factor=9"), Ev { soc_pct: Some(5.0), ..Ev::default() });
    }
}
