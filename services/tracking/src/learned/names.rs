//! What learned things are called outside one feed: routes and stops by what they are, not by index.
//!
//! A document has one list of names; its parts point into it with [`RouteRef`] and [`StopRef`].
//! [`Naming`] makes the list while parts are written, [`Bound`] finds the same things in the timetable
//! in force. What always holds: a thing is named once, in the order of first use.

use gtfs::{RouteIdx, StopIdx, Timetable};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A stop of the same id further away than this is another place that took the id over, metres.
const MOVED_M_MAX: f32 = 100.0;
/// A stop nearer than this to a lost one is the same place under a new id, metres: less than a street
/// is wide, so that it is not the stop of the other direction.
const RENAMED_M_MAX: f32 = 15.0;

/// Position in [`Names::routes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RouteRef(pub u32);

/// Position in [`Names::stops`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StopRef(pub u32);

/// A 64-bit identity, such as a road atom's, written as sixteen hex digits: JSON readers elsewhere
/// keep only 53 bits of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Hex64(pub u64);

/// A route outside its feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteName {
    /// agency_id; empty when the feed gives none.
    pub agency: String,
    /// route_id.
    pub id: String,
    /// route_short_name, else route_long_name.
    pub name: String,
}

/// A stop outside its feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopName {
    /// stop_id.
    pub id: String,
    /// stop_name.
    pub name: String,
    /// Hundred-thousandths of a degree north (about a metre).
    pub lat_e5: i32,
    /// Hundred-thousandths of a degree east.
    pub lon_e5: i32,
}

/// Every route and stop that a document speaks of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// Routes, in the order of first use.
    pub routes: Vec<RouteName>,
    /// Stops, in the order of first use.
    pub stops: Vec<StopName>,
}

impl fmt::Display for Hex64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl From<Hex64> for String {
    fn from(id: Hex64) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for Hex64 {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        u64::from_str_radix(&text, 16).map(Self).map_err(|error| format!("{text:?} is no identity: {error}"))
    }
}

impl Names {
    /// What a person calls the route.
    #[must_use]
    pub fn route(&self, at: RouteRef) -> &str {
        self.routes.get(at.0 as usize).map_or("?", |route| &route.name)
    }

    /// What a person calls the stop.
    #[must_use]
    pub fn stop(&self, at: StopRef) -> &str {
        self.stops.get(at.0 as usize).map_or("?", |stop| &stop.name)
    }

    /// The routes that a person means by `text`: a route_id, or else a name.
    #[must_use]
    pub fn routes_called(&self, text: &str) -> Vec<RouteRef> {
        let those = |is: &dyn Fn(&RouteName) -> bool| -> Vec<RouteRef> {
            let found = self.routes.iter().enumerate().filter(|(_, route)| is(route));
            found.map(|(at, _)| RouteRef(at as u32)).collect()
        };
        let by_id = those(&|route| route.id == text);
        if by_id.is_empty() { those(&|route| route.name.eq_ignore_ascii_case(text)) } else { by_id }
    }
}

/// Makes the list of names while parts are written.
#[derive(Debug)]
pub(crate) struct Naming<'a> {
    timetable: &'a Timetable,
    names: Names,
    routes: BTreeMap<RouteIdx, RouteRef>,
    stops: BTreeMap<StopIdx, StopRef>,
}

impl<'a> Naming<'a> {
    pub(crate) fn new(timetable: &'a Timetable) -> Self {
        Self { timetable, names: Names::default(), routes: BTreeMap::new(), stops: BTreeMap::new() }
    }

    /// What the document calls a route.
    pub(crate) fn route(&mut self, route: RouteIdx) -> RouteRef {
        let (timetable, names) = (self.timetable, &mut self.names.routes);
        *self.routes.entry(route).or_insert_with(|| {
            names.push(route_name(timetable, route));
            RouteRef(names.len() as u32 - 1)
        })
    }

    /// What the document calls a stop.
    pub(crate) fn stop(&mut self, stop: StopIdx) -> StopRef {
        let (timetable, names) = (self.timetable, &mut self.names.stops);
        *self.stops.entry(stop).or_insert_with(|| {
            names.push(stop_name(timetable, stop));
            StopRef(names.len() as u32 - 1)
        })
    }

    /// The list.
    pub(crate) fn done(self) -> Names {
        self.names
    }
}

fn route_name(timetable: &Timetable, route: RouteIdx) -> RouteName {
    let route = &timetable.routes[route.at()];
    let name = if route.short_name.plain.is_empty() { &route.long_name } else { &route.short_name };
    RouteName {
        agency: timetable.agencies.get(route.agency.at()).map_or("", |agency| &agency.id).to_owned(),
        id: String::from(&*route.id),
        name: name.to_string(),
    }
}

fn stop_name(timetable: &Timetable, stop: StopIdx) -> StopName {
    let stop = &timetable.stops[stop.at()];
    let e5 = |degrees: f64| (degrees * 1e5).round() as i32;
    StopName {
        id: String::from(&*stop.id),
        name: stop.name.to_string(),
        lat_e5: e5(stop.lat),
        lon_e5: e5(stop.lon),
    }
}

/// The names of a document, found in a timetable.
#[derive(Debug)]
pub(crate) struct Bound {
    routes: Vec<Option<RouteIdx>>,
    stops: Vec<Option<StopIdx>>,
}

impl Bound {
    pub(crate) fn new(names: &Names, timetable: &Timetable) -> Self {
        Self {
            routes: names.routes.iter().map(|name| find_route(timetable, name)).collect(),
            stops: names.stops.iter().map(|name| find_stop(timetable, name)).collect(),
        }
    }

    /// The route, when the timetable has it.
    pub(crate) fn route(&self, at: RouteRef) -> Option<RouteIdx> {
        self.routes.get(at.0 as usize).copied().flatten()
    }

    /// The stop, when the timetable has it.
    pub(crate) fn stop(&self, at: StopRef) -> Option<StopIdx> {
        self.stops.get(at.0 as usize).copied().flatten()
    }
}

/// By route_id; else by name, where only one route of the agency has it. An agency_id counts only
/// where the feed has several agencies: feeds of one write it or leave it out.
fn find_route(timetable: &Timetable, wanted: &RouteName) -> Option<RouteIdx> {
    let here = |route: RouteIdx| {
        let agency = timetable.agencies.get(timetable.routes[route.at()].agency.at());
        timetable.agencies.len() < 2 || agency.is_some_and(|agency| *agency.id == *wanted.agency)
    };
    if let Some(route) = timetable.route(&wanted.id).filter(|route| here(*route)) {
        return Some(route);
    }
    let all = (0..timetable.routes.len()).map(RouteIdx::new);
    let mut named = all.filter(|route| here(*route) && route_name(timetable, *route).name == wanted.name);
    let only = named.next().filter(|_| !wanted.name.is_empty());
    only.filter(|_| named.next().is_none())
}

/// By stop_id, where it is still at the same place; else the stop that is at its place now.
fn find_stop(timetable: &Timetable, wanted: &StopName) -> Option<StopIdx> {
    let (lat, lon) = (f64::from(wanted.lat_e5) / 1e5, f64::from(wanted.lon_e5) / 1e5);
    let place = timetable.plane.xy(lat, lon);
    let away_m = |stop: StopIdx| {
        let stop = &timetable.stops[stop.at()];
        let xy = timetable.plane.xy(stop.lat, stop.lon);
        libm::hypotf(xy[0] - place[0], xy[1] - place[1])
    };
    if let Some(stop) = timetable.stop(&wanted.id).filter(|stop| away_m(*stop) <= MOVED_M_MAX) {
        return Some(stop);
    }
    let served =
        (0..timetable.stops.len()).map(StopIdx::new).filter(|stop| !timetable.calls_at(*stop).is_empty());
    let nearest =
        served.map(|stop| (away_m(stop), stop)).min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    nearest.filter(|(away_m, _)| *away_m <= RENAMED_M_MAX).map(|(_, stop)| stop)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOWN: &str =
        "stop A 0 0\nstop B 900 0\nstop C 2000 0\nroute R bus\ntrip t route=R : A 08:00 B 08:04 C 08:08";

    fn timetable(text: &str) -> Timetable {
        gtfs::fixture::timetable(text).unwrap()
    }

    fn stop_in(new: &str, id: &str) -> Option<String> {
        let (old, new) = (timetable(TOWN), timetable(new));
        let name = stop_name(&old, old.stop(id).unwrap());
        let bound = Bound::new(&Names { stops: vec![name], ..Names::default() }, &new);
        bound.stop(StopRef(0)).map(|stop| String::from(&*new.stops[stop.at()].id))
    }

    #[test]
    fn a_stop_is_found_by_its_id_though_it_moved_a_little() {
        assert_eq!(stop_in(&TOWN.replace("B 900 0", "B 940 10"), "B").as_deref(), Some("B"));
    }

    #[test]
    fn a_stop_that_was_given_a_new_id_is_found_by_its_place() {
        assert_eq!(stop_in(&TOWN.replace('B', "B2"), "B").as_deref(), Some("B2"));
    }

    #[test]
    fn an_id_that_names_another_place_now_is_another_stop() {
        assert_eq!(stop_in(&TOWN.replace("B 900 0", "B 1300 0"), "B"), None);
    }

    #[test]
    fn a_route_is_found_by_its_id_or_by_the_only_one_of_its_name() {
        let town = timetable(TOWN);
        let name = |id: &str, name: &str| RouteName {
            agency: String::new(),
            id: id.to_owned(),
            name: name.to_owned(),
        };
        let shown = route_name(&town, RouteIdx(0)).name;
        assert_eq!(find_route(&town, &name("R", "")), Some(RouteIdx(0)));
        assert_eq!(find_route(&town, &name("old", &shown)), Some(RouteIdx(0)));
        assert_eq!(find_route(&town, &name("old", "")), None);
    }

    #[test]
    fn an_identity_survives_json() {
        let id = Hex64(0xfedc_ba98_7654_3210);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, "\"fedcba9876543210\"");
        assert_eq!(serde_json::from_str::<Hex64>(&json).unwrap(), id);
    }
}
