//! What the sound feed becomes.

use super::*;
use crate::fares::{LimitKind, Money, TransferKind};
use crate::timetable::Mode;
use crate::{ServiceDay, ServiceTime};

#[test]
fn trips_share_their_pattern_and_empty_times_are_filled() {
    let t = loaded(&[]).timetable;
    assert_eq!((t.patterns.len(), t.profiles.len(), t.shapes.len(), t.blocks.len()), (1, 2, 1, 1));
    let late = t.trip("T2", None).unwrap();
    assert_eq!(t.trips[late.at()].start, ServiceTime(23 * 3600 + 50 * 60));
    assert_eq!(t.times(late).iter().map(|c| c.arrival_s).collect::<Vec<_>>(), [0, 600, 1200]);
    let along: Vec<i32> =
        t.calls(t.trips[late.at()].pattern).iter().map(|c| c.along_m.round() as i32).collect();
    assert_eq!(along, [0, 1080, 2161]);
    assert_eq!(t.blocks[0].trips.len(), 2);
    assert_eq!(t.trips[late.at()].headsign.plain.as_ref(), "Pier", "taken from the last stop");
    assert_eq!((t.routes[0].mode, t.routes[0].color), (Mode::Bus, *b"FFFFFF"));
}

#[test]
fn a_service_runs_on_its_weekdays_less_and_plus_its_exceptions() {
    let t = loaded(&[]).timetable;
    let days: Vec<String> = t.services[0].days.iter().map(ToString::to_string).collect();
    assert_eq!(days.len(), 20, "four weeks of five days, one removed, one added");
    assert!(!days.contains(&"20261105".to_owned()) && days.contains(&"20261121".to_owned()));
    assert_eq!(t.feed.first_day, ServiceDay::parse("20261102"));
    assert_eq!(t.feed.last_day, ServiceDay::parse("20261127"));
}

#[test]
fn stop_times_in_any_order_give_the_same_timetable() {
    let mut lines: Vec<&str> = sound("stop_times.txt").lines().collect();
    lines[1..].sort_by_key(|line| line.bytes().rev().collect::<Vec<_>>());
    let shuffled = lines.join("\n");
    assert_ne!(shuffled.trim(), sound("stop_times.txt").trim());
    let mut other = loaded(&[("stop_times.txt", Some(&shuffled))]).timetable;
    let straight = loaded(&[]).timetable;
    assert_ne!(other.feed.hash, straight.feed.hash);
    other.feed.hash = straight.feed.hash;
    assert_eq!(format!("{:?}", Lookless(&other)), format!("{:?}", Lookless(&straight)));
}

#[test]
fn exact_frequencies_become_trips_and_others_stay_templates() {
    let rows = "trip_id,start_time,end_time,headway_secs,exact_times\n\
                T1,06:00:00,06:31:00,600,1\nT1,12:00:00,13:00:00,900,0\nT2,20:00:00,26:00:00,1200,\n";
    let t = loaded(&[("frequencies.txt", Some(rows))]).timetable;
    let listed: Vec<(&str, String, Option<bool>)> =
        t.trips.iter().map(|x| (&*x.id, x.start.to_string(), x.frequency.map(|f| f.exact))).collect();
    let exact = |time: &str| ("T1", time.to_owned(), Some(true));
    assert_eq!(
        listed,
        [
            exact("06:00:00"),
            exact("06:10:00"),
            exact("06:20:00"),
            exact("06:30:00"),
            ("T1", "12:00:00".to_owned(), Some(false)),
            ("T2", "20:00:00".to_owned(), Some(false)),
        ]
    );
    let at = |time: &str| ServiceTime::parse(time.as_bytes());
    let start = |id, time| t.trips[t.trip(id, at(time)).unwrap().at()].start.to_string();
    assert_eq!(start("T1", "06:20:00"), "06:20:00");
    assert_eq!(start("T1", "12:34:56"), "12:00:00", "the template in force");
    assert_eq!(start("T1", "03:00:00"), "06:00:00", "else the first");
}

#[test]
fn a_feed_without_shapes_is_laid_on_straight_lines() {
    let trips = sound("trips.txt").replace("L1", "");
    let found = loaded(&[("shapes.txt", None), ("trips.txt", Some(&trips))]);
    assert_eq!(short(&found.findings), ["Warning missing_recommended_shape shapes.txt:0"]);
    assert!(found.timetable.shapes[0].is_chords);
    assert_eq!(found.timetable.shapes[0].length_m().round(), 2161.0);
}

#[test]
fn fares_of_both_versions_are_read_as_they_are() {
    let fares = loaded(&[
        (
            "fare_attributes.txt",
            Some(
                "fare_id,price,currency_type,payment_method,transfers,transfer_duration\nF,15.00,THB,0,,5400\n",
            ),
        ),
        ("fare_rules.txt", Some("fare_id,route_id,origin_id\nF,R1,Z1\n")),
        ("fare_media.txt", Some("fare_media_id,fare_media_name,fare_media_type\nC,Card,2\n")),
        (
            "rider_categories.txt",
            Some("rider_category_id,rider_category_name,is_default_fare_category\nADT,Adult,1\n"),
        ),
        (
            "fare_products.txt",
            Some(
                "fare_product_id,fare_media_id,rider_category_id,amount,currency\nP,C,ADT,12.50,THB\nX,,,-2,THB\n",
            ),
        ),
        (
            "timeframes.txt",
            Some("timeframe_group_id,service_id,start_time,end_time\nPK,WK,06:00:00,09:00:00\n"),
        ),
        ("areas.txt", Some("area_id,area_name\nTOWN,Town\n")),
        ("stop_areas.txt", Some("area_id,stop_id\nTOWN,S2\n")),
        ("networks.txt", Some("network_id,network_name\nBUS,Buses\n")),
        ("route_networks.txt", Some("network_id,route_id\nBUS,R1\n")),
        (
            "fare_leg_rules.txt",
            Some(
                "leg_group_id,network_id,from_area_id,from_timeframe_group_id,fare_product_id\nLEG,BUS,TOWN,PK,P\n",
            ),
        ),
        (
            "fare_transfer_rules.txt",
            Some(
                "from_leg_group_id,to_leg_group_id,transfer_count,duration_limit,duration_limit_type,fare_transfer_type,fare_product_id\nLEG,LEG,-1,5400,1,0,X\n",
            ),
        ),
    ]);
    assert_eq!(short(&fares.findings), [] as [&str; 0]);
    let (t, fares) = (&fares.timetable, &fares.timetable.fares);
    assert_eq!((fares.attributes[0].transfers, fares.attributes[0].transfer_s), (None, Some(5400)));
    assert_eq!(fares.rules[0].route, t.route("R1"));
    assert_eq!(fares.products[1].amount, Money { minor: -200, currency: *b"THB" });
    assert_eq!(fares.timeframes[0].end, ServiceTime(9 * 3600));
    assert_eq!(fares.stop_areas[0].1, t.stop("S2").unwrap());
    assert_eq!(&*fares.leg_rules[0].network, "BUS");
    let rule = &fares.transfer_rules[0];
    assert_eq!(
        (rule.count, rule.limit, rule.kind),
        (None, Some((5400, LimitKind::DepartureToDeparture)), TransferKind::FirstLegPlusTransfer)
    );
    assert_eq!(fares.stop_zones.iter().map(|z| &**z).collect::<Vec<_>>(), ["Z1", "Z1", "Z2"]);
}
