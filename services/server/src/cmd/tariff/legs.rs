//! A leg as a person writes it: `F1:pier-sothon..pier-banmai@07:40-08:30`.

use anyhow::{Context, bail};
use fares::Tariff;
use gtfs::{ServiceDay, ServiceTime, Timestamp};

/// A leg, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Leg {
    pub(super) network: String,
    /// Empty when a network was given.
    pub(super) route: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

/// Reads a leg ridden on a day.
pub(super) fn parse(text: &str, tariff: &Tariff, day: ServiceDay) -> anyhow::Result<Leg> {
    let (place, times) = text
        .rsplit_once('@')
        .with_context(|| format!("{text}: write WHERE@START-END, such as 1@07:00-07:20"))?;
    let (line, stops) = place.split_once(':').unwrap_or((place, ".."));
    let (from, to) = stops
        .split_once("..")
        .with_context(|| format!("{text}: write the stops as FROM..TO after the colon"))?;
    let (network, route) = match tariff.network_of(line) {
        Some(network) => (network.to_string(), line.to_owned()),
        None if tariff.rows().networks.iter().any(|network| *network.id == *line) => {
            (line.to_owned(), String::new())
        }
        None => bail!("{text}: {line} is neither a route nor a network of this tariff"),
    };
    let (start, end) = times.split_once('-').unwrap_or((times, times));
    let at = |time: &str| {
        let full = if time.matches(':').count() == 1 { format!("{time}:00") } else { time.to_owned() };
        let time = ServiceTime::parse(full.as_bytes());
        time.map(|time| day.at(tariff.tz(), time))
            .with_context(|| format!("{text}: write times as 07:00 or 07:00:30"))
    };
    let (start, end) = (at(start)?, at(end)?);
    if end < start {
        bail!("{text}: the leg ends before it starts; a time after midnight is 24:10");
    }
    Ok(Leg { network, route, from: from.to_owned(), to: to.to_owned(), start, end })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARIFF: &str = "
version = \"t\"
valid_from = 2026-01-01
network = [{ id = \"bus\", routes = [\"1\"] }, { id = \"ferry\", routes = [\"F1\"] }]
";

    fn read(text: &str) -> Result<Leg, String> {
        let tariff = Tariff::from_file("t.toml", TARIFF).unwrap();
        parse(text, &tariff, ServiceDay::parse("2026-02-02").unwrap()).map_err(|e| e.to_string())
    }

    #[test]
    fn a_leg_is_a_route_or_a_network_with_stops_and_times() {
        let leg = read("F1:pier-a..pier-b@23:50-24:10").unwrap();
        assert_eq!((&*leg.network, &*leg.route, &*leg.from, &*leg.to), ("ferry", "F1", "pier-a", "pier-b"));
        assert_eq!(leg.start.utc().unwrap().to_rfc3339(), "2026-02-02T16:50:00+00:00");
        assert_eq!((leg.end.0 - leg.start.0) / 60_000_000, 20);
        let leg = read("bus@07:00:30").unwrap();
        assert_eq!((&*leg.network, &*leg.route, leg.start == leg.end), ("bus", "", true));
    }

    #[test]
    fn a_leg_that_can_not_be_read_says_how_to_write_it() {
        for (text, said) in [
            ("1", "write WHERE@START-END"),
            ("9@07:00", "9 is neither a route nor a network of this tariff"),
            ("F1:a@07:00", "write the stops as FROM..TO"),
            ("1@7", "write times as 07:00"),
            ("1@07:20-07:00", "the leg ends before it starts"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
