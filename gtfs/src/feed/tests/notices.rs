//! One mistake at a time: the finding names its file, row and field, and all else is still read.

use super::*;

/// A mistake made by a replacement in one file of the sound feed.
struct Case {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    finds: &'static [&'static str],
}

macro_rules! cases {
    ($($file:literal: $from:literal => $to:literal, $($finds:literal),+;)*) => {
        &[$(Case { file: $file, from: $from, to: $to, finds: &[$($finds),+] }),*]
    };
}

const CASES: &[Case] = cases! {
    "agency.txt": "A,แปด" => "A,B,แปด",
        "Error invalid_row_length agency.txt:2",
        "Fatal missing_required_field agency.txt:0";
    "agency.txt": "Asia/Bangkok\n" => "Asia/Bangkok\nA,Twice,https://example.org,Asia/Tokyo\n",
        "Error inconsistent_agency_timezone agency.txt:3 agency_timezone",
        "Error duplicate_key agency.txt:3 agency_id";
    "agency.txt": "Asia/Bangkok" => "Siam/Chachoengsao",
        "Error invalid_timezone agency.txt:2 agency_timezone",
        "Fatal missing_required_field agency.txt:0";
    "stops.txt": "S2,ตลาด,13.690,101.080" => "S2,ตลาด,101.080,13.690",
        "Error number_out_of_range stops.txt:3 stop_lat",
        "Error foreign_key_violation stop_times.txt:3 stop_id",
        "Error foreign_key_violation stop_times.txt:6 stop_id";
    "stops.txt": "S2,ตลาด,13.690,101.080" => "S2,ตลาด,0,0",
        "Error point_near_origin stops.txt:3 stop_lat",
        "Error foreign_key_violation stop_times.txt:3 stop_id",
        "Error foreign_key_violation stop_times.txt:6 stop_id";
    "stops.txt": "S2,ตลาด,13.690,101.080" => "S2,ตลาด,,",
        "Error stop_without_location stops.txt:3 stop_id",
        "Error foreign_key_violation stop_times.txt:3 stop_id",
        "Error foreign_key_violation stop_times.txt:6 stop_id";
    "stops.txt": "S2,ตลาด" => "S2,", "Error stop_without_stop_name stops.txt:3 stop_id";
    "stops.txt": "S3,Pier" => "S2,Again,13.690,101.081,0,,\nS3,Pier", "Error duplicate_key stops.txt:4 stop_id";
    "stops.txt": "101.090,0,," => "101.090,7,,", "Warning unexpected_enum_value stops.txt:4 location_type";
    "stops.txt": "101.090,0,," => "101.090,0,S9,", "Error foreign_key_violation stops.txt:4 parent_station";
    "stops.txt": "101.090,0,," => "101.090,0,S1,", "Error wrong_parent_location_type stops.txt:4 parent_station";
    "stops.txt": "S3,Pier" => "E,Gate,13.69,101.07,2,,\nS3,Pier",
        "Error location_without_parent_station stops.txt:4 parent_station";
    "stops.txt": "stop_id,stop_name" => "stop_id,stop_nom",
        "Info unknown_column stops.txt:0",
        "Error stop_without_stop_name stops.txt:2 stop_id",
        "Error stop_without_stop_name stops.txt:3 stop_id",
        "Error stop_without_stop_name stops.txt:4 stop_id";
    "stops.txt": "stop_id,stop_name" => "stop_name,stop_id,stop_name",
        "Error duplicated_column stops.txt:0",
        "Error invalid_row_length stops.txt:2",
        "Error invalid_row_length stops.txt:3",
        "Error invalid_row_length stops.txt:4",
        "Error foreign_key_violation stop_times.txt:2 stop_id",
        "Error foreign_key_violation stop_times.txt:3 stop_id",
        "Error foreign_key_violation stop_times.txt:4 stop_id",
        "Error foreign_key_violation stop_times.txt:5 stop_id",
        "Error foreign_key_violation stop_times.txt:6 stop_id",
        "Error foreign_key_violation stop_times.txt:7 stop_id",
        "Warning unused_trip trips.txt:2 trip_id",
        "Warning unused_trip trips.txt:3 trip_id",
        "Fatal no_usable_trip trips.txt:0";
    "routes.txt": "R1,A,1,Station - Pier" => "R1,A,,", "Error route_both_short_and_long_name_missing routes.txt:2 route_id";
    "routes.txt": "R1,A," => "R1,B,", "Error foreign_key_violation routes.txt:2 agency_id";
    "routes.txt": "Pier,3" => "Pier,99", "Warning unexpected_enum_value routes.txt:2 route_type";
    "routes.txt": "Pier,3" => "Pier,bus", "Error invalid_integer routes.txt:2 route_type";
    "routes.txt": "Pier,3\n" => "Pier,3\nR1,A,2,Twice,3\n", "Error duplicate_key routes.txt:3 route_id";
    "calendar.txt": "20261102,20261129" => "20261129,20261102",
        "Error start_and_end_range_out_of_order calendar.txt:2 end_date";
    "calendar.txt": "20261129" => "2026-11-29", "Error invalid_date calendar.txt:2 end_date";
    "calendar.txt": "20261102" => "19000101", "Warning number_out_of_range calendar.txt:2 end_date";
    "calendar.txt": "WK,1" => "WK,5", "Warning unexpected_enum_value calendar.txt:2 monday";
    "calendar_dates.txt": "WK,20261105,2" => "WK,20261121,2", "Error duplicate_key calendar_dates.txt:3 date";
    "calendar_dates.txt": "WK,20261105,2" => "WK,20261105,3",
        "Error unexpected_enum_value calendar_dates.txt:3 exception_type";
    "trips.txt": "R1,WK,T2" => "R2,WK,T2",
        "Error foreign_key_violation trips.txt:3 route_id",
        "Error foreign_key_violation stop_times.txt:5 trip_id",
        "Error foreign_key_violation stop_times.txt:6 trip_id",
        "Error foreign_key_violation stop_times.txt:7 trip_id";
    "trips.txt": "R1,WK,T2" => "R1,SA,T2",
        "Error foreign_key_violation trips.txt:3 service_id",
        "Error foreign_key_violation stop_times.txt:5 trip_id",
        "Error foreign_key_violation stop_times.txt:6 trip_id",
        "Error foreign_key_violation stop_times.txt:7 trip_id";
    "trips.txt": "R1,WK,T2,0,L1" => "R1,WK,T2,0,L2", "Error foreign_key_violation trips.txt:3 shape_id";
    "trips.txt": "R1,WK,T2,0,L1" => "R1,WK,T2,0,", "Warning missing_recommended_shape shapes.txt:0";
    "trips.txt": "R1,WK,T2" => "R1,WK,T1",
        "Error duplicate_key trips.txt:3 trip_id",
        "Error foreign_key_violation stop_times.txt:5 trip_id",
        "Error foreign_key_violation stop_times.txt:6 trip_id",
        "Error foreign_key_violation stop_times.txt:7 trip_id";
    "trips.txt": "R1,WK,T2" => "R1,WK,T9,0,L1,B1\nR1,WK,T2", "Warning unused_trip trips.txt:3 trip_id";
    "stop_times.txt": "T1,08:05:00,08:06:00" => "T1,07:05:00,07:06:00",
        "Error stop_time_with_arrival_before_previous_departure_time stop_times.txt:3 arrival_time";
    "stop_times.txt": "T1,08:05:00,08:06:00" => "T1,08:06:00,08:05:00",
        "Error stop_time_with_departure_before_arrival_time stop_times.txt:3 departure_time";
    "stop_times.txt": "T1,08:05:00,08:06:00" => "T1,08:05:00,",
        "Error stop_time_with_only_arrival_or_departure_time stop_times.txt:3 arrival_time";
    "stop_times.txt": "T1,08:05:00,08:06:00" => "T1,8h05,8h06",
        "Error invalid_time stop_times.txt:3 arrival_time",
        "Error invalid_time stop_times.txt:3 departure_time";
    "stop_times.txt": "S2,2,1.1\nT1" => "S2,two,1.1\nT1", "Error invalid_integer stop_times.txt:3 stop_sequence";
    "stop_times.txt": "S2,2,1.1\nT1" => "S2,1,1.1\nT1",
        "Error duplicate_key stop_times.txt:3 stop_sequence";
    "stop_times.txt": "S2,2,1.1\nT1" => "S2,2,0\nT1",
        "Error decreasing_or_equal_stop_time_distance stop_times.txt:3 shape_dist_traveled";
    "stop_times.txt": "S2,2,1.1\nT1" => "S2,2,far\nT1", "Error invalid_float stop_times.txt:3 shape_dist_traveled";
    "stop_times.txt": "S2,2,1.1\nT1" => ",2,1.1\nT1", "Error missing_required_field stop_times.txt:3 stop_id";
    "stop_times.txt": "T2,24:10:00,24:10:00" => "T2,,",
        "Error missing_trip_edge stop_times.txt:7 arrival_time",
        "Warning unusable_trip trips.txt:3 trip_id";
    "stop_times.txt": "T2,23:50:00,23:50:00" => "T2,08:05:00,08:05:00",
        "Error block_trips_with_overlapping_stop_times trips.txt:0";
    "stop_times.txt": "T1,08:05:00,08:06:00" => "T1,08:11:00,08:11:00",
        "Error stop_time_with_arrival_before_previous_departure_time stop_times.txt:4 arrival_time";
    "routes.txt": "Pier,3\n" => "Pier,3\nR2,A,1,Station - Pier,3\n", "Warning duplicate_route_name routes.txt:0";
    "stops.txt": "S3,Pier" => "S4,Old pier,13.690,101.085,0,,\nS3,Pier", "Info stop_without_stop_time stops.txt:4";
    "shapes.txt": "L1,13.690,101.080,2,1.1" => "L1,13.690,101.080,2,3",
        "Error decreasing_shape_distance shapes.txt:4 shape_dist_traveled";
    "shapes.txt": "L1,13.690,101.080,2,1.1" => "L1,13.690,101.080,2,0",
        "Error equal_shape_distance_diff_coordinates shapes.txt:3 shape_dist_traveled";
    "shapes.txt": "L1,13.690,101.080,2,1.1" => "L1,13.690,101.080,1,1.1", "Error duplicate_key shapes.txt:3 shape_pt_sequence";
    "shapes.txt": "L1,13.690,101.080,2,1.1" => "L1,101.080,13.690,2,1.1", "Error number_out_of_range shapes.txt:3 shape_pt_lat";
    "shapes.txt": "L1,13.690,101.080,2,1.1" => "L9,13.690,101.080,2,1.1", "Warning unused_shape shapes.txt:3 shape_id";
    "shapes.txt": "L1,13.690" => "L1,13.6907",
        "Warning stop_too_far_from_shape stops.txt:2",
        "Warning stop_too_far_from_shape stops.txt:3",
        "Warning stop_too_far_from_shape stops.txt:4";
    "shapes.txt": "101.070,1,0\nL1,13.690,101.080,2,1.1\nL1,13.690,101.090,3,2.2" => "101.090,1,0\nL1,13.690,101.080,2,1.1\nL1,13.690,101.070,3,2.2",
        "Warning stops_match_shape_out_of_order stops.txt:2",
        "Warning stops_match_shape_out_of_order stops.txt:4";
    "shapes.txt": "L1,13.690,101.080,2,1.1\nL1,13.690,101.090,3,2.2\n" => "",
        "Warning single_shape_point shapes.txt:2 shape_id",
        "Error foreign_key_violation trips.txt:2 shape_id",
        "Error foreign_key_violation trips.txt:3 shape_id";
    "feed_info.txt": "org,th\n" => "org,th\nTwo,https://example.org,th\n", "Warning more_than_one_entity feed_info.txt:3";
};

#[test]
fn every_mistake_is_found_where_it_is() {
    for case in CASES {
        let text = sound(case.file);
        assert!(text.contains(case.from), "{} does not hold {}", case.file, case.from);
        let text = text.replace(case.from, case.to);
        let found = short(&findings(&feed(&[(case.file, Some(&text))])));
        assert_eq!(found, case.finds, "{}: {} => {}", case.file, case.from, case.to);
    }
}

const EXTRA: &[(&str, &str, &[&str])] = &[
    (
        "frequencies.txt",
        "trip_id,start_time,end_time,headway_secs\nT9,06:00:00,09:00:00,600\n",
        &["Error foreign_key_violation frequencies.txt:2 trip_id"],
    ),
    (
        "frequencies.txt",
        "trip_id,start_time,end_time,headway_secs\nT1,06:00:00,09:00:00,0\n",
        &["Error number_out_of_range frequencies.txt:2 headway_secs"],
    ),
    (
        "frequencies.txt",
        "trip_id,start_time,end_time,headway_secs\nT1,09:00:00,06:00:00,60\n",
        &["Error start_and_end_range_out_of_order frequencies.txt:2 end_time"],
    ),
    (
        "frequencies.txt",
        "trip_id,start_time,end_time,headway_secs\nT1,09:00:00,09:00:00,60\n",
        &["Error start_and_end_range_equal frequencies.txt:2 end_time"],
    ),
    (
        "frequencies.txt",
        "trip_id,start_time,end_time,headway_secs\nT1,06:00:00,09:00:00,60\nT1,08:00:00,10:00:00,60\n",
        &["Error overlapping_frequency frequencies.txt:3 start_time"],
    ),
    (
        "transfers.txt",
        "from_stop_id,to_stop_id,transfer_type\nS1,S9,0\n",
        &["Error foreign_key_violation transfers.txt:2 to_stop_id"],
    ),
    (
        "transfers.txt",
        "from_stop_id,to_stop_id,transfer_type,from_trip_id\nS1,S2,4,T1\n",
        &["Info transfer_not_used transfers.txt:2"],
    ),
    (
        "translations.txt",
        "table_name,field_name,language,translation,record_id\nstop,stop_name,en,Station,S1\n",
        &["Warning translation_unknown_table_name translations.txt:2 table_name"],
    ),
    (
        "translations.txt",
        "table_name,field_name,language,translation,record_id\nstops,stop_name,en,Station,\n",
        &["Error translation_unexpected_value translations.txt:2 record_id"],
    ),
    (
        "fare_attributes.txt",
        "fare_id,price,currency_type,payment_method,transfers\nF,12.345,THB,0,\n",
        &["Error invalid_currency_amount fare_attributes.txt:2 price"],
    ),
    (
        "fare_attributes.txt",
        "fare_id,price,currency_type,payment_method,transfers\nF,12,baht,0,\n",
        &["Error invalid_currency fare_attributes.txt:2 currency_type"],
    ),
    ("fare_rules.txt", "fare_id,route_id\nF,R1\n", &["Error foreign_key_violation fare_rules.txt:2 fare_id"]),
    (
        "fare_products.txt",
        "fare_product_id,amount,currency,fare_media_id\nP,10,THB,M\n",
        &["Error foreign_key_violation fare_products.txt:2 fare_media_id"],
    ),
    (
        "fare_products.txt",
        "fare_product_id,amount,currency\nP,10,THB\nP,12,THB\n",
        &["Error duplicate_key fare_products.txt:3 fare_product_id"],
    ),
    (
        "fare_leg_rules.txt",
        "leg_group_id,fare_product_id\nG,P\n",
        &["Error foreign_key_violation fare_leg_rules.txt:2 fare_product_id"],
    ),
    (
        "fare_transfer_rules.txt",
        "fare_transfer_type,duration_limit\n0,60\n",
        &[
            "Error fare_transfer_rule_missing_transfer_count fare_transfer_rules.txt:2 transfer_count",
            "Error fare_transfer_rule_duration_limit_without_type fare_transfer_rules.txt:2 duration_limit",
        ],
    ),
    (
        "fare_transfer_rules.txt",
        "fare_transfer_type,transfer_count\n0,0\n",
        &["Error fare_transfer_rule_invalid_transfer_count fare_transfer_rules.txt:2 transfer_count"],
    ),
    (
        "fare_transfer_rules.txt",
        "fare_transfer_type,transfer_count,duration_limit_type\n0,-1,1\n",
        &[
            "Error fare_transfer_rule_duration_limit_type_without_duration_limit fare_transfer_rules.txt:2 duration_limit_type",
        ],
    ),
    (
        "timeframes.txt",
        "timeframe_group_id,service_id,start_time,end_time\nG,WK,06:00:00,\n",
        &["Error timeframe_only_start_or_end_time_specified timeframes.txt:2 start_time"],
    ),
    (
        "timeframes.txt",
        "timeframe_group_id,service_id,start_time,end_time\nG,WK,06:00:00,25:00:00\n",
        &["Error timeframe_start_or_end_time_greater_than_twenty_four_hours timeframes.txt:2 end_time"],
    ),
    ("stop_areas.txt", "area_id,stop_id\nX,S9\n", &["Error foreign_key_violation stop_areas.txt:2 stop_id"]),
    (
        "rider_categories.txt",
        "rider_category_id,rider_category_name\n,Adult\n",
        &["Error missing_required_field rider_categories.txt:2 rider_category_id"],
    ),
    ("pathways.txt", "pathway_id\n", &["Info file_not_used :0"]),
    ("busses.txt", "x\n", &["Info unknown_file :0"]),
    ("transfers.txt", "", &["Error empty_file transfers.txt:0"]),
    (
        "fare_media.txt",
        "fare_media_id,\n",
        &["Error empty_column_name fare_media.txt:0", "Error missing_required_column fare_media.txt:0"],
    ),
];

#[test]
fn every_mistake_in_an_optional_file_is_found_where_it_is() {
    for (file, text, finds) in EXTRA {
        assert_eq!(short(&findings(&feed(&[(file, Some(text))]))), *finds, "{file}: {text}");
    }
}

#[test]
fn a_run_that_no_bus_can_make_is_named_with_its_stops() {
    let text = "stop A 0 0\nstop B 20000 0\nroute R bus\ntrip t route=R : A 08:00 B 08:05\ntrip u route=R : A 09:00 B 09:07";
    let found = findings(&crate::fixture::feed_text(text).unwrap());
    let fast: Vec<&Finding> =
        found.examples().iter().filter(|f| f.code == "fast_travel_between_consecutive_stops").collect();
    assert_eq!(fast.len(), 1, "20 km in 7 minutes and rounding is 150 km/h: {found:?}");
    assert_eq!(&*fast[0].value, "trip t, A to B: 20000 m in 300 s");
}

#[test]
fn a_feed_without_a_required_file_is_refused_and_the_file_is_named() {
    for file in ["agency.txt", "stops.txt", "routes.txt", "trips.txt", "stop_times.txt"] {
        assert_eq!(
            short(&findings(&feed(&[(file, None)]))),
            [format!("Fatal missing_required_file {file}:0")]
        );
    }
    let none = findings(&feed(&[("calendar.txt", None), ("calendar_dates.txt", None)]));
    assert_eq!(short(&none), ["Fatal missing_calendar_and_calendar_date_files calendar.txt:0"]);
    assert!(load(Source::Text(&feed(&[("calendar.txt", None)]))).is_ok(), "calendar_dates.txt is enough");
}

#[test]
fn a_byte_order_mark_and_carriage_returns_and_missing_last_line_ends_do_no_harm() {
    let windows = |name: &str| format!("\u{feff}{}", sound(name).trim_end().replace('\n', "\r\n"));
    let zip = with_file(&zip_of(&feed(&[])), "stops.txt", windows("stops.txt").as_bytes());
    let zip = with_file(&zip, "stop_times.txt", windows("stop_times.txt").as_bytes());
    let found = load(Source::Zip(&zip)).unwrap();
    assert_eq!(short(&found.findings), [] as [&str; 0]);
    assert_eq!(found.timetable.trips.len(), 2);
    let wrong = windows("stop_times.txt").replace("T2,,,S2", "T2,,,S7");
    let wrong = load(Source::Zip(&with_file(&zip, "stop_times.txt", wrong.as_bytes()))).unwrap();
    let lines = ["Error foreign_key_violation stop_times.txt:6 stop_id"];
    assert_eq!(short(&wrong.findings), lines, "lines are counted right");
}

#[test]
fn quoted_line_breaks_and_empty_lines_do_not_shift_the_line_numbers() {
    let stops = sound("stops.txt").replace("ตลาด", "\"ตลาด\nน้ำ\"").replace("S3,Pier,13.690", "\n\nS3,Pier,x");
    let found = findings(&feed(&[("stops.txt", Some(&stops))]));
    assert_eq!(short(&found)[0], "Error number_out_of_range stops.txt:7 stop_lat");
}

#[test]
fn thai_text_in_tis_620_is_told_from_other_broken_text() {
    let advice = |bytes: &[u8]| {
        let mut zip = zip_of(&feed(&[]));
        let stops = sound("stops.txt").as_bytes();
        let at = stops.windows(4).position(|w| w == b"Pier").unwrap();
        let changed = [&stops[..at], bytes, &stops[at + 4..]].concat();
        zip = with_file(&zip, "stops.txt", &changed);
        let loaded = load(Source::Zip(&zip)).unwrap();
        let finding = loaded.findings.examples()[0].clone();
        assert_eq!((finding.code, finding.file, finding.row), ("invalid_character", "stops.txt", 4));
        assert_eq!(loaded.timetable.trips.len(), 2, "the row is still used");
        finding.advice
    };
    // "ท่าเรือ" as TIS-620.
    assert!(advice(b"\xb7\xe8\xd2\xe0\xc3\xd7\xcd").contains("TIS-620"));
    assert!(!advice(b"Caf\xff").contains("TIS-620"));
}

#[test]
fn a_row_beyond_the_limit_is_left_out_and_the_next_is_read() {
    let long = format!("S8,\"{}\",13.69,101.07,0,,\nS3", "x".repeat(ROW_BYTES_MAX + 1));
    let stops = sound("stops.txt").replacen("S3", &long, 1);
    let found = loaded(&[("stops.txt", Some(&stops))]);
    assert_eq!(found.findings.examples()[0].code, "row_too_long");
    assert!(found.timetable.stop("S3").is_some() && found.timetable.stop("S8").is_none());
    let wide = format!("{}\nS3", ",".repeat(COLUMNS_MAX + 1));
    let stops = sound("stops.txt").replacen("S3", &wide, 1);
    assert_eq!(loaded(&[("stops.txt", Some(&stops))]).findings.examples()[0].code, "row_too_long");
}

#[test]
fn an_open_quote_costs_the_rest_of_its_file_and_nothing_else() {
    let transfers = "from_stop_id,to_stop_id\nS1,S2\nS1,\"S2\nS1,S3\n";
    let found = loaded(&[("transfers.txt", Some(transfers))]);
    assert_eq!(found.timetable.transfers.len(), 1);
    assert_eq!(short(&found.findings), ["Error foreign_key_violation transfers.txt:3 to_stop_id"]);
}
