//! The network's files: who, where, which line, in which words.

use crate::FeedFile;
use crate::course::Course;
use crate::facts::{Facts, Place};
use anyhow::Context as _;
use std::collections::{BTreeMap, BTreeSet};

/// Riders change between a pier and the bus stop by it in this time.
const CHANGE_S_MIN: u32 = 240;
/// Bus stop and pier that belong together.
const CHANGES: [(&str, &str); 5] = [
    ("sothon", "p_sothon"),
    ("park", "p_marupong"),
    ("pitula", "p_pitula"),
    ("uphai", "p_sampokong"),
    ("banmai", "p_banmai"),
];

/// A CSV file from its header and rows.
pub(crate) fn table(
    name: &'static str,
    header: &str,
    rows: impl IntoIterator<Item = Vec<String>>,
) -> anyhow::Result<FeedFile> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(header.split(','))?;
    for row in rows {
        csv.write_record(&row).with_context(|| format!("{name} row {row:?}"))?;
    }
    Ok(FeedFile { name, text: String::from_utf8(csv.into_inner()?)? })
}

/// Everything but calendar, trips and fares.
pub(crate) fn network(facts: &Facts, courses: &[Course]) -> anyhow::Result<Vec<FeedFile>> {
    let stops = stops_of(courses);
    Ok(vec![
        agency(facts)?,
        stops_file(facts, &stops)?,
        routes(facts)?,
        shapes(courses)?,
        transfers(facts, &stops)?,
        translations(facts, &stops)?,
        feed_info(facts)?,
        attributions()?,
    ])
}

/// A pole or pier.
struct Stop {
    place: String,
    lat: f64,
    lon: f64,
    platform: &'static str,
}

/// Every stop that a course calls at, by stop_id; the first course that comes by places the pole.
fn stops_of(courses: &[Course]) -> BTreeMap<String, Stop> {
    let mut stops = BTreeMap::new();
    for call in courses.iter().flat_map(|course| &course.calls) {
        stops.entry(call.stop_id.clone()).or_insert_with(|| Stop {
            place: call.place.clone(),
            lat: call.lat,
            lon: call.lon,
            platform: call.platform,
        });
    }
    stops
}

fn agency(facts: &Facts) -> anyhow::Result<FeedFile> {
    let rows = facts
        .network
        .agency
        .iter()
        .map(|a| [&a.id, &a.name_th, &a.url, "Asia/Bangkok", "th"].map(str::to_owned).to_vec());
    table("agency.txt", "agency_id,agency_name,agency_url,agency_timezone,agency_lang", rows)
}

fn stops_file(facts: &Facts, stops: &BTreeMap<String, Stop>) -> anyhow::Result<FeedFile> {
    let order = |stop: &Stop| facts.place_order.iter().position(|p| *p == stop.place);
    let mut sorted: Vec<(&String, &Stop)> = stops.iter().collect();
    sorted.sort_by_key(|(id, stop)| (order(stop), *id));
    let mut rows = Vec::new();
    for (at, (id, stop)) in sorted.into_iter().enumerate() {
        let place = facts.place(&stop.place)?;
        rows.push(vec![
            id.clone(),
            format!("{}", 1001 + at),
            place.name_th.clone(),
            format!("{:.6}", stop.lat),
            format!("{:.6}", stop.lon),
            "0".to_owned(),
            stop.platform.to_owned(),
            "1".to_owned(),
        ]);
    }
    table(
        "stops.txt",
        "stop_id,stop_code,stop_name,stop_lat,stop_lon,location_type,platform_code,wheelchair_boarding",
        rows,
    )
}

fn routes(facts: &Facts) -> anyhow::Result<FeedFile> {
    let rows = facts.network.route.iter().enumerate().map(|(at, r)| {
        // 3 bus, 4 ferry (GTFS reference, routes.txt).
        let kind = if r.agency == "ferry" { "4" } else { "3" };
        let order = (at + 1).to_string();
        [&r.id, &r.agency, &r.id, &r.name_th, kind, &r.color, "FFFFFF", &order].map(str::to_owned).to_vec()
    });
    table(
        "routes.txt",
        "route_id,agency_id,route_short_name,route_long_name,route_type,route_color,route_text_color,route_sort_order",
        rows,
    )
}

fn shapes(courses: &[Course]) -> anyhow::Result<FeedFile> {
    let rows = courses.iter().flat_map(|course| {
        course.shape.iter().enumerate().map(|(at, (lat, lon, along_m))| {
            let at = at + 1;
            vec![
                course.shape_id.clone(),
                format!("{lat:.5}"),
                format!("{lon:.5}"),
                at.to_string(),
                format!("{along_m:.1}"),
            ]
        })
    });
    table("shapes.txt", "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence,shape_dist_traveled", rows)
}

fn transfers(facts: &Facts, stops: &BTreeMap<String, Stop>) -> anyhow::Result<FeedFile> {
    let mut rows = Vec::new();
    for (bus, pier) in CHANGES {
        facts.place(bus)?;
        let at =
            |place: &str| stops.iter().filter(|(_, s)| s.place == place).map(|(id, _)| id.clone()).collect();
        let (poles, piers): (Vec<String>, Vec<String>) = (at(bus), at(pier));
        for (pole, pier) in poles.iter().flat_map(|pole| piers.iter().map(move |pier| (pole, pier))) {
            for (from, to) in [(pole, pier), (pier, pole)] {
                rows.push(vec![from.clone(), to.clone(), "2".to_owned(), CHANGE_S_MIN.to_string()]);
            }
        }
    }
    table("transfers.txt", "from_stop_id,to_stop_id,transfer_type,min_transfer_time", rows)
}

/// English for every Thai text, by value: poles of one place share a name, trips share headsigns.
fn translations(facts: &Facts, stops: &BTreeMap<String, Stop>) -> anyhow::Result<FeedFile> {
    let mut rows = BTreeSet::new();
    let mut say = |table: &str, field: &str, th: &str, en: &str| {
        rows.insert(vec![table.to_owned(), field.to_owned(), "en".to_owned(), en.to_owned(), th.to_owned()]);
    };
    for agency in &facts.network.agency {
        say("agency", "agency_name", &agency.name_th, &agency.name_en);
    }
    for route in &facts.network.route {
        say("routes", "route_long_name", &route.name_th, &route.name_en);
    }
    let served: Vec<&Place> = stops.values().map(|s| facts.place(&s.place)).collect::<Result<_, _>>()?;
    for place in served {
        say("stops", "stop_name", &place.name_th, &place.name_en);
    }
    for line in &facts.network.line {
        match (&line.headsign_th, &line.headsign_en) {
            (Some(th), Some(en)) => say("trips", "trip_headsign", th, en),
            _ => {
                let mut names = line.course.split_whitespace();
                for end in [names.next(), names.next_back()].into_iter().flatten() {
                    let place = facts.place(end)?;
                    say("trips", "trip_headsign", &place.name_th, &place.name_en);
                }
            }
        }
    }
    table("translations.txt", "table_name,field_name,language,translation,field_value", rows)
}

fn feed_info(facts: &Facts) -> anyhow::Result<FeedFile> {
    let feed = &facts.network.feed;
    let (first, last) = (feed.first_day.format("%Y%m%d"), feed.last_day.format("%Y%m%d"));
    let publisher = format!("Padriew: {} / {}", feed.publisher_en, feed.publisher_th);
    let row = vec![
        publisher,
        feed.url.clone(),
        "th".to_owned(),
        first.to_string(),
        last.to_string(),
        feed.version.clone(),
        feed.url.clone(),
    ];
    table(
        "feed_info.txt",
        "feed_publisher_name,feed_publisher_url,feed_lang,feed_start_date,feed_end_date,feed_version,feed_contact_url",
        [row],
    )
}

fn attributions() -> anyhow::Result<FeedFile> {
    let river = "River line © OpenStreetMap contributors (ODbL 1.0)";
    let row = [river, "1", "https://www.openstreetmap.org/copyright"].map(str::to_owned).to_vec();
    table("attributions.txt", "organization_name,is_producer,attribution_url", [row])
}
