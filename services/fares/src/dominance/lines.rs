//! The lines on which genuine riders ride: those of a timetable, or what a tariff alone tells of them.

use crate::tariff::Tariff;
use gtfs::Timetable;
use gtfs::timetable::as_usize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Stops of a network of which a tariff tells none.
const STOPS: [&str; 4] = ["stop 1", "stop 2", "stop 3", "stop 4"];

/// One direction of a route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// network_id.
    pub network: Arc<str>,
    /// route_id.
    pub route: Arc<str>,
    /// stop_ids in the order in which trips call; two at least.
    pub stops: Vec<Arc<str>>,
}

/// Every sequence of stops that trips of a timetable have, by network, once.
#[must_use]
pub fn of_timetable(tariff: &Tariff, timetable: &Timetable) -> Vec<Line> {
    let of = |pattern: &gtfs::timetable::JourneyPattern| {
        let route = &timetable.routes[pattern.route.at()].id;
        let network = tariff.network_of(route)?;
        let calls = timetable.pattern_calls[as_usize(&pattern.calls)].iter();
        let stops: Vec<Arc<str>> = calls.map(|call| (*timetable.stops[call.stop.at()].id).into()).collect();
        (stops.len() > 1).then(|| Line { network: Arc::clone(network), route: (**route).into(), stops })
    };
    let lines: BTreeSet<Line> = timetable.patterns.iter().filter_map(of).collect();
    lines.into_iter().collect()
}

/// For each network and route both directions along the stops whose areas its rules name, in the order of
/// [`crate::tariff::Rows::stop_areas`]. A guess: where stops are in no order of travel there, use
/// [`of_timetable`].
#[must_use]
pub fn of_tariff(tariff: &Tariff) -> Vec<Line> {
    let both = |(network, route): &(Box<str>, Box<str>)| {
        let there = stops(tariff, network);
        let back = there.iter().rev().cloned().collect();
        [there, back].map(|stops| Line { network: (**network).into(), route: (**route).into(), stops })
    };
    tariff.rows().route_networks.iter().flat_map(both).collect()
}

fn stops(tariff: &Tariff, network: &str) -> Vec<Arc<str>> {
    let rules = tariff.rows().leg_rules.iter().filter(|rule| *rule.network == *network);
    let areas: BTreeSet<&str> = rules.flat_map(|rule| [&*rule.from_area, &*rule.to_area]).collect();
    let named = tariff.rows().stop_areas.iter().filter(|(area, _)| areas.contains(&**area));
    let named: Vec<Arc<str>> = named.map(|(_, stop)| (**stop).into()).collect();
    if named.len() > 1 { named } else { STOPS.map(Arc::from).to_vec() }
}
