//! Alerts: cancelled trips, and what every rider must know of a sample network or a simulated fleet.

use super::trips::{dated_id, descriptor};
use crate::live::place::Common;
use gtfs::realtime::{
    Alert, Cause, Effect, EntitySelector, FeedEntity, SeverityLevel, TranslatedString, TripRelationship,
};
use std::collections::BTreeMap;
use stop_display::frame;
use tracking::{DatedTrip, TripState};

pub(super) fn entities(
    common: &Common,
    trips: &BTreeMap<DatedTrip, tracking::TripUpdate>,
) -> Vec<FeedEntity> {
    let notice = common
        .notice
        .as_ref()
        .map(|text| FeedEntity { alert: Some(notice(common, text)), ..FeedEntity::new("al:notice") });
    let cancelled =
        trips.values().filter(|update| update.state == TripState::Cancelled).map(|update| FeedEntity {
            alert: Some(cancelled(common, update.trip)),
            ..FeedEntity::new(format!("al:cxl:{}", dated_id(&common.timetable, update.trip)))
        });
    notice.into_iter().chain(cancelled).collect()
}

fn notice(common: &Common, text: &frame::Text) -> Alert {
    let about = |agency: &gtfs::timetable::Agency| EntitySelector {
        agency_id: Some(agency.id.to_string()).filter(|id| !id.is_empty()),
        ..EntitySelector::default()
    };
    let mut informed_entity: Vec<EntitySelector> =
        common.timetable.agencies.iter().map(about).filter(|selector| selector.agency_id.is_some()).collect();
    if informed_entity.is_empty() {
        // An agency without an id can not be named; every route can.
        informed_entity = common
            .timetable
            .routes
            .iter()
            .map(|route| EntitySelector { route_id: Some(route.id.to_string()), ..EntitySelector::default() })
            .collect();
    }
    Alert {
        informed_entity,
        cause: Some(Cause::OtherCause.into()),
        effect: Some(Effect::NoEffect.into()),
        header_text: Some(TranslatedString::of(text.0.iter().map(|(tag, words)| (&**tag, &**words)))),
        severity_level: Some(SeverityLevel::Info.into()),
        ..Alert::default()
    }
}

fn cancelled(common: &Common, trip: DatedTrip) -> Alert {
    let timetable = &common.timetable;
    let start = timetable.trips[trip.trip.at()].start;
    let clock = format!("{:02}:{:02}", start.0 / 3600 % 24, start.0 / 60 % 60);
    let route = &super::super::route_info(timetable, timetable.route_of(trip.trip)).name;
    let thai = format!("ยกเลิกเที่ยว {clock} น. สาย {route}");
    let english = format!("The {clock} trip of line {route} is cancelled");
    Alert {
        informed_entity: vec![EntitySelector {
            trip: Some(descriptor(timetable, trip, TripRelationship::Canceled)),
            ..EntitySelector::default()
        }],
        cause: Some(Cause::UnknownCause.into()),
        effect: Some(Effect::NoService.into()),
        header_text: Some(TranslatedString::of([("th", &*thai), ("en", &*english)])),
        severity_level: Some(SeverityLevel::Warning.into()),
        ..Alert::default()
    }
}
