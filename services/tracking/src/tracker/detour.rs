//! A way round has ended: what the dispatcher is told when others went the same way.
//!
//! A draft only, never published: a dispatcher closes the stops, or does not.

use crate::detour::{Detours, Draft, Round};
use crate::run::Run;
use crate::{Effect, OperatorAlert};
use gtfs::{Timestamp, Timetable};
use std::sync::Arc;

/// Notes the way round of a vehicle on a run; an alert when it makes a draft.
pub(super) fn went_round(
    timetable: &Timetable,
    detours: &mut Detours,
    vehicle: &Arc<str>,
    run: &Run,
    round: &Round,
    now: Timestamp,
) -> Option<Effect> {
    let calls = timetable.calls(run.pattern);
    let stops = round.calls.iter().map(|at| calls[*at].stop).collect();
    let draft = detours.note(now, timetable.route_of(run.dated.trip), vehicle, round, stops)?;
    Some(Effect::Alert(OperatorAlert {
        code: "detour_draft",
        vehicle: Some(Arc::clone(vehicle)),
        trip: Some(run.dated),
        text: sentence(timetable, run, &draft),
    }))
}

fn sentence(timetable: &Timetable, run: &Run, draft: &Draft) -> String {
    let route = &timetable.routes[timetable.route_of(run.dated.trip).at()];
    let named = |stop: &gtfs::StopIdx| {
        let row = &timetable.stops[stop.at()];
        format!("{} ({})", row.name.plain, row.id)
    };
    let stops: Vec<String> = draft.stops.iter().map(named).collect();
    let missed = if stops.is_empty() { "no stop".to_owned() } else { stops.join(", ") };
    let place = |xy| {
        let (lat, lon) = timetable.plane.lat_lon(xy);
        format!("{lat:.5},{lon:.5}")
    };
    format!(
        "{} vehicles of route {} ({}) left its line near {} and came back near {} within the hour, passing \
         round {missed}: is a street closed?",
        draft.vehicles.len(),
        route.id,
        draft.vehicles.join(", "),
        place(draft.left),
        place(draft.back),
    )
}
