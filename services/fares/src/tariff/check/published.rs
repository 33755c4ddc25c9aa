//! Whether the feed publishes what is charged: the planner's price is the price of the card.

use super::Doubts;
use crate::tariff::{Tariff, feed};
use gtfs::Timetable;
use std::collections::BTreeSet;

pub(super) fn check(tariff: &Tariff, timetable: &Timetable, doubts: &mut Doubts) {
    if timetable.fares.products.is_empty() {
        let what = "the feed has no fare_products.txt: planners show no prices; padriew tariff export writes its fare files";
        doubts.info("fares_not_published", what.to_owned());
        return;
    }
    let (ours, theirs) = (tariff.rows(), feed::rows(timetable));
    fn as_set<T: Ord>(pairs: &[T]) -> BTreeSet<&T> {
        pairs.iter().collect()
    }
    let same = [
        ("rider_categories.txt", ours.riders == theirs.riders),
        ("fare_media.txt", ours.media == theirs.media),
        ("fare_products.txt", ours.products == theirs.products),
        ("fare_leg_rules.txt", ours.leg_rules == theirs.leg_rules && ours.priorities == theirs.priorities),
        ("fare_transfer_rules.txt", ours.transfer_rules == theirs.transfer_rules),
        ("timeframes.txt", ours.frames == theirs.frames),
        ("stop_areas.txt", as_set(&ours.stop_areas) == as_set(&theirs.stop_areas)),
        ("route_networks.txt", as_set(&ours.route_networks) == as_set(&theirs.route_networks)),
    ];
    let differ: Vec<&str> = same.iter().filter(|(_, same)| !same).map(|(file, _)| *file).collect();
    if !differ.is_empty() {
        let what = format!(
            "planners would show other prices than are charged: the feed's {} say otherwise; write them with padriew \
             tariff export",
            differ.join(", ")
        );
        doubts.warning("published_differs", what);
    }
}
