//! `/`: what this is, the main places with their next departures, every line and stop, and the doors
//! for screens and apps. `?q=` searches.

use super::frame::Frame;
use super::rows::{Departure, StopLink, badge, board_view};
use crate::live::{Common, finder, route_info, routes_at};
use crate::state::AppState;
use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use gtfs::{Lang, RouteIdx, StopIdx, timetable::Mode};
use serde::Deserialize;
use std::collections::BTreeSet;

/// How many places are shown with their departures.
const PLACES_MAX: usize = 6;
/// How many of them are piers at least, where there are so many.
const PIERS_MIN: usize = 2;
/// How many departures a place shows.
const DEPARTURES_MAX: usize = 3;

/// With more lines than this their stops are left to the search: the page stays light.
const LINES_WITH_STOPS_MAX: usize = 24;

/// The routes of this file.
pub(super) fn router() -> Router<AppState> {
    Router::new().route("/", get(index))
}

#[derive(Debug, Deserialize)]
struct Asked {
    lang: Option<String>,
    q: Option<String>,
    part: Option<String>,
}

#[derive(Template)]
#[template(path = "index.html")]
struct IndexPage {
    f: Frame,
    q: String,
    found: Vec<StopLink>,
    places: Vec<Place>,
    lines: Vec<Line>,
    screens: Vec<StopLink>,
}

#[derive(Template)]
#[template(path = "places.html")]
struct PlacesPart {
    f: Frame,
    places: Vec<Place>,
}

#[derive(Template)]
#[template(path = "empty.html")]
struct EmptyPage {
    f: Frame,
}

/// A place with its next departures.
#[derive(Debug)]
struct Place {
    stop: StopLink,
    rows: Vec<Departure>,
    headline: String,
}

/// A line with its stops, one direction.
#[derive(Debug)]
struct Line {
    badge: String,
    name: String,
    agency: String,
    stops_count: usize,
    /// Empty in a network of many lines.
    stops: Vec<StopLink>,
}

async fn index(State(app): State<AppState>, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    let common = app.live.common.load_full();
    let f = Frame::of(&app, common.as_deref(), asked.lang.as_deref(), &headers);
    let Some(common) = common else { return super::page(StatusCode::OK, EmptyPage { f }.render()) };
    let stops = main_stops(&common);
    let places = stops.iter().filter_map(|stop| place(&app, &common, *stop, &f)).collect();
    if asked.part.as_deref() == Some("places") {
        return super::page(StatusCode::OK, PlacesPart { f, places }.render());
    }
    let q = asked.q.unwrap_or_default();
    let link = |stop: &StopIdx| StopLink::of(&common, *stop, f.lang);
    let found = common.finder.by_name(&q).iter().map(link).collect();
    let screens = screens(&common, &stops).iter().map(link).collect();
    let lines = lines(&common, f.lang);
    super::page(StatusCode::OK, IndexPage { f, q, found, places, lines, screens }.render())
}

fn place(app: &AppState, common: &Common, stop: StopIdx, f: &Frame) -> Option<Place> {
    let topic = app.live.hub.topic(&common.timetable.stops[stop.at()].id)?;
    let view = board_view(app, &topic, f.now, f.lang);
    Some(Place {
        stop: StopLink::of(common, stop, f.lang),
        rows: view.rows.into_iter().take(DEPARTURES_MAX).map(Departure::from).collect(),
        headline: view.headline,
    })
}

/// The stops where most can be reached: by lines, then by trips; one per name, piers among them.
fn main_stops(common: &Common) -> Vec<StopIdx> {
    let timetable = &common.timetable;
    let mut ranked: Vec<_> = finder::boarding_stops(timetable)
        .map(|stop| {
            let lines: BTreeSet<RouteIdx> = routes_at(timetable, stop).collect();
            let trips: u32 = timetable
                .calls_at(stop)
                .iter()
                .map(|(p, _)| timetable.patterns[p.at()].trips.len() as u32)
                .sum();
            (std::cmp::Reverse((lines.len(), trips)), stop)
        })
        .collect();
    ranked.sort_unstable();
    let mut names = BTreeSet::new();
    let mut distinct = ranked
        .iter()
        .map(|(_, stop)| *stop)
        .filter(|stop| names.insert(timetable.stops[stop.at()].name.plain.clone()));
    let is_pier = |stop: &StopIdx| has_mode(common, *stop, Mode::Ferry);
    let (piers, streets): (Vec<_>, Vec<_>) = distinct.by_ref().partition(is_pier);
    let piers = piers.into_iter().take(PIERS_MIN);
    let mut main: Vec<StopIdx> = streets.into_iter().take(PLACES_MAX - piers.len()).chain(piers).collect();
    main.truncate(PLACES_MAX);
    main
}

fn has_mode(common: &Common, stop: StopIdx, mode: Mode) -> bool {
    routes_at(&common.timetable, stop).any(|route| common.timetable.routes[route.at()].mode == mode)
}

/// A bus stop and a pier to try a panel with.
fn screens(common: &Common, main: &[StopIdx]) -> Vec<StopIdx> {
    let street = main.iter().find(|stop| !has_mode(common, **stop, Mode::Ferry));
    let pier = main.iter().find(|stop| has_mode(common, **stop, Mode::Ferry));
    street.into_iter().chain(pier).copied().collect()
}

/// Every line in its order, with the stops of its longest pattern.
fn lines(common: &Common, lang: Lang) -> Vec<Line> {
    let timetable = &common.timetable;
    let mut order: Vec<usize> = (0..timetable.routes.len()).collect();
    let with_stops = order.len() <= LINES_WITH_STOPS_MAX;
    order.sort_by_key(|at| (timetable.routes[*at].sort_order, *at));
    order
        .into_iter()
        .filter_map(|at| {
            let route = RouteIdx::new(at);
            let longest =
                timetable.patterns.iter().filter(|p| p.route == route).max_by_key(|p| p.calls.len())?;
            let calls = &timetable.pattern_calls[gtfs::timetable::as_usize(&longest.calls)];
            let row = &timetable.routes[at];
            Some(Line {
                badge: badge(&route_info(timetable, route)),
                name: common.words.text(&row.long_name).get(lang.tag()).to_owned(),
                agency: common
                    .words
                    .text(&timetable.agencies[row.agency.at()].name)
                    .get(lang.tag())
                    .to_owned(),
                stops_count: calls.len(),
                stops: calls
                    .iter()
                    .filter(|_| with_stops)
                    .map(|call| StopLink::of(common, call.stop, lang))
                    .collect(),
            })
        })
        .collect()
}
