//! Which files and columns the GTFS Schedule reference (gtfs.org, revision of 2025) knows, which it
//! requires, and no rule beyond that.

/// What the specification says of one file.
#[derive(Debug)]
pub(super) struct FileSpec {
    pub(super) name: &'static str,
    /// Every column that it may have.
    pub(super) columns: &'static [&'static str],
    /// Columns without which no row makes sense.
    pub(super) required: &'static [&'static str],
}

macro_rules! files {
    ($($konst:ident $name:literal [$($required:literal)*] [$($optional:literal)*])*) => {
        $(pub(super) const $konst: FileSpec = FileSpec {
            name: $name,
            columns: &[$($required,)* $($optional,)*],
            required: &[$($required,)*],
        };)*
        /// Every file read.
        const READ: &[&FileSpec] = &[$(&$konst),*];
    };
}

files! {
    AGENCY "agency.txt" ["agency_name" "agency_url" "agency_timezone"]
        ["agency_id" "agency_lang" "agency_phone" "agency_fare_url" "agency_email" "cemv_support"]
    STOPS "stops.txt" ["stop_id"]
        ["stop_code" "stop_name" "tts_stop_name" "stop_desc" "stop_lat" "stop_lon" "zone_id" "stop_url"
         "location_type" "parent_station" "stop_timezone" "wheelchair_boarding" "level_id" "platform_code" "stop_access"]
    ROUTES "routes.txt" ["route_id" "route_type"]
        ["agency_id" "route_short_name" "route_long_name" "route_desc" "route_url" "route_color" "route_text_color"
         "route_sort_order" "continuous_pickup" "continuous_drop_off" "network_id" "cemv_support"]
    TRIPS "trips.txt" ["route_id" "service_id" "trip_id"]
        ["trip_headsign" "trip_short_name" "direction_id" "block_id" "shape_id" "wheelchair_accessible"
         "bikes_allowed" "cars_allowed"]
    STOP_TIMES "stop_times.txt" ["trip_id" "stop_id" "stop_sequence"]
        ["arrival_time" "departure_time" "location_group_id" "location_id" "stop_headsign"
         "start_pickup_drop_off_window" "end_pickup_drop_off_window" "pickup_type" "drop_off_type"
         "continuous_pickup" "continuous_drop_off" "shape_dist_traveled" "timepoint"
         "pickup_booking_rule_id" "drop_off_booking_rule_id"]
    CALENDAR "calendar.txt" ["service_id" "monday" "tuesday" "wednesday" "thursday" "friday" "saturday" "sunday"
        "start_date" "end_date"] []
    CALENDAR_DATES "calendar_dates.txt" ["service_id" "date" "exception_type"] []
    SHAPES "shapes.txt" ["shape_id" "shape_pt_lat" "shape_pt_lon" "shape_pt_sequence"] ["shape_dist_traveled"]
    FREQUENCIES "frequencies.txt" ["trip_id" "start_time" "end_time" "headway_secs"] ["exact_times"]
    TRANSFERS "transfers.txt" []
        ["from_stop_id" "to_stop_id" "from_route_id" "to_route_id" "from_trip_id" "to_trip_id" "transfer_type"
         "min_transfer_time"]
    FEED_INFO "feed_info.txt" ["feed_publisher_name" "feed_publisher_url" "feed_lang"]
        ["default_lang" "feed_start_date" "feed_end_date" "feed_version" "feed_contact_email" "feed_contact_url"]
    TRANSLATIONS "translations.txt" ["table_name" "field_name" "language" "translation"]
        ["record_id" "record_sub_id" "field_value"]
    FARE_ATTRIBUTES "fare_attributes.txt" ["fare_id" "price" "currency_type" "payment_method" "transfers"]
        ["agency_id" "transfer_duration"]
    FARE_RULES "fare_rules.txt" ["fare_id"] ["route_id" "origin_id" "destination_id" "contains_id"]
    FARE_MEDIA "fare_media.txt" ["fare_media_id" "fare_media_type"] ["fare_media_name"]
    FARE_PRODUCTS "fare_products.txt" ["fare_product_id" "amount" "currency"]
        ["fare_product_name" "fare_media_id" "rider_category_id"]
    FARE_LEG_RULES "fare_leg_rules.txt" ["fare_product_id"]
        ["leg_group_id" "network_id" "from_area_id" "to_area_id" "from_timeframe_group_id" "to_timeframe_group_id"
         "rule_priority"]
    FARE_TRANSFER_RULES "fare_transfer_rules.txt" ["fare_transfer_type"]
        ["from_leg_group_id" "to_leg_group_id" "transfer_count" "duration_limit" "duration_limit_type"
         "fare_product_id"]
    RIDER_CATEGORIES "rider_categories.txt" ["rider_category_id" "rider_category_name"]
        ["is_default_fare_category" "eligibility_url"]
    TIMEFRAMES "timeframes.txt" ["timeframe_group_id" "service_id"] ["start_time" "end_time"]
    AREAS "areas.txt" ["area_id"] ["area_name"]
    STOP_AREAS "stop_areas.txt" ["area_id" "stop_id"] []
    NETWORKS "networks.txt" ["network_id"] ["network_name"]
    ROUTE_NETWORKS "route_networks.txt" ["network_id" "route_id"] []
}

/// Files of the specification that Padriew has no use for; their presence is no mistake.
const NOT_USED: &[&str] = &[
    "attributions.txt",
    "booking_rules.txt",
    "fare_leg_join_rules.txt",
    "levels.txt",
    "location_group_stops.txt",
    "location_groups.txt",
    "pathways.txt",
];

/// Whether the specification knows a file.
pub(super) fn is_known(name: &str) -> bool {
    NOT_USED.contains(&name) || READ.iter().any(|spec| spec.name == name)
}

/// Whether a known file is left unread.
pub(super) fn is_not_used(name: &str) -> bool {
    NOT_USED.contains(&name)
}
