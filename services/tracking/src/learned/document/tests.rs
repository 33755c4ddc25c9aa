use super::*;
use crate::learned::holding::Wait;
use proptest::prelude::*;

const TOWN: &str = "
    stop A 0 0
    stop B 900 0
    stop C 2000 0
    route R bus
    route S bus
    trip t1 route=R : A 08:00 B 08:04* C 08:08
    trip t2 route=S : C 08:15 B 08:19* A 08:24
";

fn town() -> Timetable {
    gtfs::fixture::timetable(TOWN).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_s(1_795_000_000)
}

/// What is learned when vehicles of each route were so early at its time point and waited so long.
fn taught(timetable: &Timetable, visits: &[(u32, f64, f64)]) -> Learned {
    let mut learned = Learned::new(timetable);
    for (route, early_s, stayed_s) in visits {
        let wait = Wait { early_s: *early_s, waited_s: *stayed_s };
        learned.holding.learn_second(timetable, ["R", "S"][*route as usize], wait);
        learned.visits += 1;
    }
    learned
}

fn driven_through() -> Vec<(u32, f64, f64)> {
    vec![(0, 120.0, 0.0); 12]
}

#[test]
fn what_was_learned_is_there_again_on_a_feed_that_numbers_its_routes_otherwise() {
    let document = taught(&town(), &driven_through()).document(&town(), now());
    let turned = TOWN.replace("route R bus\n    route S bus", "route S bus\n    route R bus");
    let turned = gtfs::fixture::timetable(&turned).unwrap();
    let mut learned = Learned::new(&turned);
    let outcome = learned.take(&document, &turned, now());
    assert!(outcome.iter().all(|part| part.taken.as_ref().is_ok_and(|taken| taken.unbound == 0)));
    assert!(!learned.holding.second(&turned, "R").holds());
    let of = |route| learned.holding.second(&turned, route).share();
    assert!(of("S") > 2.0 * of("R"), "S only knows what the network does");
}

#[test]
fn a_route_that_is_gone_is_counted_and_takes_nothing_else_with_it() {
    let mut visits = driven_through();
    visits.extend(vec![(1, 120.0, 0.0); 12]);
    let document = taught(&town(), &visits).document(&town(), now());
    let without: Vec<&str> = TOWN.lines().filter(|line| !line.contains('R')).collect();
    let without = gtfs::fixture::timetable(&without.join("\n")).unwrap();
    let mut learned = Learned::new(&without);
    let outcome = learned.take(&document, &without, now());
    let holding = outcome.iter().find(|part| part.part == "holding").unwrap();
    assert_eq!(holding.taken, Ok(Taken { rows: 1, unbound: 1, out_of_range: 0 }));
    assert!(!learned.holding.second(&without, "S").holds());
}

#[test]
fn a_part_of_a_newer_version_is_refused_with_a_sentence_and_loses_nothing_else() {
    let mut document = taught(&town(), &driven_through()).document(&town(), now());
    let mut newer = document.parts["holding"].clone();
    newer.version = 99;
    document.parts.insert("holding".to_owned(), newer.clone());
    document.parts.insert("weather".to_owned(), newer);
    let mut learned = taught(&town(), &[(0, 120.0, 120.0)]);
    let before = learned.holding.second(&town(), "R");
    let outcome = learned.take(&document, &town(), now());
    let why = |name: &str| outcome.iter().find(|part| part.part == name).unwrap().taken.clone().unwrap_err();
    assert!(why("holding").contains("version 99"), "{}", why("holding"));
    assert!(why("weather").contains("does not know"), "{}", why("weather"));
    assert_eq!(learned.holding.second(&town(), "R"), before);
}

#[test]
fn numbers_that_can_not_be_are_left_out() {
    let document = taught(&town(), &driven_through()).document(&town(), now());
    let mut bad = document.clone();
    let raw = |text: &str| serde_json::from_str(text).unwrap();
    bad.parts.insert("holding".to_owned(), SavedPart { version: 2, data: raw("[[0,0,5.0,2.0],[0,0,1,-4]]") });
    let outcome = Learned::new(&town()).take(&bad, &town(), now());
    let holding = outcome.iter().find(|part| part.part == "holding").unwrap();
    assert_eq!(holding.taken, Ok(Taken { rows: 0, unbound: 0, out_of_range: 2 }));
}

#[test]
fn what_was_seen_three_weeks_ago_weighs_half() {
    let document = taught(&town(), &driven_through()).document(&town(), now());
    let mut learned = Learned::new(&town());
    learned.take(&document, &town(), now().plus_s(21.0 * 86_400.0));
    let halved = taught(&town(), &driven_through()[..6]);
    assert_eq!(learned.holding.second(&town(), "R"), halved.holding.second(&town(), "R"));
}

#[test]
fn a_file_that_is_something_else_is_refused_by_what_it_is() {
    let refusal = |text: &str| Document::from_bytes(text.as_bytes()).unwrap_err().to_string();
    assert!(refusal("stop_id,stop_name").contains("padriew model export"));
    assert!(refusal("{\"format\":\"geojson\",\"version\":1}").contains("geojson"));
    assert!(refusal("{\"format\":\"padriew-learned\",\"version\":7}").contains("version 7"));
}

#[test]
fn a_document_without_parts_makes_everything_forgotten() {
    let mut learned = taught(&town(), &driven_through());
    learned.take(&Document::empty(now()), &town(), now());
    assert_eq!(learned.holding.second(&town(), "R"), Learned::new(&town()).holding.second(&town(), "R"));
    assert_eq!(learned.visits, 0);
}

#[test]
fn a_route_is_forgotten_by_itself() {
    let mut visits = driven_through();
    visits.extend(vec![(1, 120.0, 0.0); 12]);
    let document = taught(&town(), &visits).document(&town(), now());
    let route = document.names().routes_called("R")[0];
    let (left, dropped) = document.without(route, now());
    assert!(dropped >= 1);
    let mut learned = Learned::new(&town());
    learned.take(&left, &town(), now());
    let of = |route| learned.holding.second(&town(), route).share();
    assert!(of("R") > 2.0 * of("S"), "R only knows what the network does");
    assert!(!learned.holding.second(&town(), "S").holds());
}

#[test]
fn every_part_is_in_every_list_and_says_what_it_believes() {
    let learned = taught(&town(), &driven_through());
    let in_lists: Vec<&str> = learned.parts().iter().map(|part| part.named()).collect();
    let kinds: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    assert_eq!(in_lists, kinds);
    for shown in learned.document(&town(), now()).show(None) {
        for section in shown.sections.unwrap() {
            assert!(!section.prior.is_empty(), "{}: no prior is stated", section.title);
            assert!(section.rows.iter().all(|row| row.len() == section.columns.len()), "{}", section.title);
        }
    }
}

proptest! {
    #[test]
    fn saved_loaded_and_saved_again_is_the_same_bytes(
        visits in prop::collection::vec((0u32..2, 0.0..900.0f64, 0.0..900.0f64), 0..40),
    ) {
        let town = town();
        let first = taught(&town, &visits).document(&town, now());
        let bytes = first.to_bytes().unwrap();
        let read = Document::from_bytes(&bytes).unwrap();
        prop_assert_eq!(read.to_bytes().unwrap(), bytes.clone());
        let mut learned = Learned::new(&town);
        learned.take(&read, &town, now());
        prop_assert_eq!(learned.document(&town, now()).to_bytes().unwrap(), bytes);
    }
}
