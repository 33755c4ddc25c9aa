//! The words of a timetable as frames carry them: names per language, destinations by number, routes.
//!
//! Made once per feed and shared by every board. Destinations are numbered over the whole feed, so
//! that a row is small and its number means the same on every stop.

use gtfs::{Lang, RouteIdx, StopIdx, Text, Timetable, TripIdx, timetable::Mode, timetable::as_usize};
use std::collections::{BTreeMap, HashMap};
use stop_display::frame;

/// The language that a feed's plain texts are taken for when it names none that panels show.
const LANG_FALLBACK: Lang = Lang::En;

/// Destinations and languages of one timetable.
#[derive(Debug)]
pub struct Words {
    plain_lang: Lang,
    heads: Vec<frame::Text>,
    head_of_trip: Vec<u32>,
}

impl Words {
    /// Collects the destinations of a timetable, in the order of its trips.
    #[must_use]
    pub fn of(timetable: &Timetable) -> Self {
        let plain_lang = Lang::from_tag(&timetable.feed.lang).unwrap_or(LANG_FALLBACK);
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let mut heads = Vec::new();
        let head_of_trip = timetable
            .trips
            .iter()
            .map(|trip| {
                *numbers.entry(&trip.headsign.plain).or_insert_with(|| {
                    heads.push(frame_text(&trip.headsign, plain_lang));
                    heads.len() as u32 - 1
                })
            })
            .collect();
        Self { plain_lang, heads, head_of_trip }
    }

    /// The number of a trip's destination.
    #[must_use]
    pub fn head_of(&self, trip: TripIdx) -> u32 {
        self.head_of_trip.get(trip.at()).copied().unwrap_or_default()
    }

    /// A destination by its number.
    #[must_use]
    pub fn head(&self, number: u32) -> Option<&frame::Text> {
        self.heads.get(number as usize)
    }

    /// A text of the feed as frames carry it.
    #[must_use]
    pub fn text(&self, text: &Text) -> frame::Text {
        frame_text(text, self.plain_lang)
    }

    /// A stop as frames carry it.
    #[must_use]
    pub fn stop(&self, timetable: &Timetable, stop: StopIdx) -> frame::StopInfo {
        let place = &timetable.stops[stop.at()];
        let is_pier = routes_at(timetable, stop).any(|r| timetable.routes[r.at()].mode == Mode::Ferry);
        frame::StopInfo {
            id: place.id.to_string(),
            name: self.text(&place.name),
            kind: if is_pier { "pier" } else { "stop" }.to_owned(),
            lat: place.lat,
            lon: place.lon,
        }
    }

    /// Every destination that trips calling at a stop may have.
    #[must_use]
    pub fn heads_at(&self, timetable: &Timetable, stop: StopIdx) -> BTreeMap<String, frame::Text> {
        timetable
            .calls_at(stop)
            .iter()
            .flat_map(|(pattern, _)| &self.head_of_trip[as_usize(&timetable.patterns[pattern.at()].trips)])
            .filter_map(|&number| Some((number.to_string(), self.head(number)?.clone())))
            .collect()
    }
}

/// The routes that call at a stop, by route_id.
#[must_use]
pub fn route_infos_at(timetable: &Timetable, stop: StopIdx) -> BTreeMap<String, frame::RouteInfo> {
    routes_at(timetable, stop)
        .map(|route| (timetable.routes[route.at()].id.to_string(), route_info(timetable, route)))
        .collect()
}

/// A route as a badge: the short name, or the long one when there is none.
#[must_use]
pub fn route_info(timetable: &Timetable, route: RouteIdx) -> frame::RouteInfo {
    let row = &timetable.routes[route.at()];
    let name =
        [&row.short_name.plain, &row.long_name.plain, &row.id].into_iter().find(|text| !text.is_empty());
    frame::RouteInfo {
        name: name.map_or_else(String::new, |text| text.to_string()),
        color: String::from_utf8_lossy(&row.color).into_owned(),
        text: String::from_utf8_lossy(&row.text_color).into_owned(),
        mode: mode_word(row.mode).to_owned(),
    }
}

/// The word for a mode on the wire.
#[must_use]
pub fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Bus => "bus",
        Mode::Ferry => "ferry",
        Mode::Rail => "rail",
        Mode::Other => "other",
    }
}

/// The routes that call at a stop, in pattern order; a route may come more than once.
pub fn routes_at(timetable: &Timetable, stop: StopIdx) -> impl Iterator<Item = RouteIdx> {
    timetable.calls_at(stop).iter().map(|(pattern, _)| timetable.patterns[pattern.at()].route)
}

fn frame_text(text: &Text, plain_lang: Lang) -> frame::Text {
    let mut languages: BTreeMap<String, String> =
        text.translated.iter().map(|(lang, words)| (lang.tag().to_owned(), words.to_string())).collect();
    if !text.plain.is_empty() {
        languages.entry(plain_lang.tag().to_owned()).or_insert_with(|| text.plain.to_string());
    }
    frame::Text(languages)
}
