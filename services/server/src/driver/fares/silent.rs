//! Tickets for terminals that fall silent on vehicles that drive: opened and closed by themselves, once a minute.
//!
//! Each names the route and the hours, so that an officer can give an amnesty for rides whose tap-off no reader took.

use super::begin::days_before;
use crate::finance::BOOKS_ZONE;
use crate::ingest::enroll::local_actor;
use fares::Discrepancy;
use fares::silence::{ON_TRIP_S, SILENT_S, Verdict, WEEKS_MAX, WINDOW_S, Watched, judge};
use gtfs::{ServiceDay, Timestamp, Timetable};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use store::{Db, DeviceState, FareCommit, Lease, StoreError, StoredDiscrepancy, Terminal};

/// The kind of these tickets.
pub const TERMINAL_SILENT: &str = "terminal_silent";
/// What begins the cause of a ticket for few taps; of one for silence, [`TERMINAL_SILENT`].
const FEW_TAPS: &str = "terminal_few_taps";
/// How often terminals are looked at, seconds.
const LOOK_EVERY_S: f64 = 60.0;
/// The counts of past weeks are good for so long, seconds.
const WEEKS_EVERY_S: f64 = 600.0;
/// How late it may be written down that a terminal was heard, seconds of real time.
const CONTACT_LATE_S: f64 = 10.0;
/// Tickets looked through.
const TICKETS_MAX: u32 = 10_000;
const WEEK_S: f64 = 7.0 * 86_400.0;

/// Taps by terminal.
type Counts = HashMap<Arc<str>, u32>;

/// Who watches terminals, and what it need not read again each time.
#[derive(Debug, Default)]
pub struct Watch {
    looked: Option<Timestamp>,
    /// The counts of the same hour of each of the last weeks, the last one first, and when they were made.
    weeks: Option<(Timestamp, Vec<Counts>)>,
}

/// A vehicle at a stop of its trip.
struct OnTrip {
    t: Timestamp,
    day: ServiceDay,
    trip: Arc<str>,
}

impl Watch {
    /// Looks when it is time; `speed` is that of the clock.
    ///
    /// # Errors
    /// When the database does not answer, or the lease was lost.
    pub async fn look_when_due(
        &mut self,
        db: &Db,
        lease: &Lease,
        timetable: Option<&Timetable>,
        (now, speed): (Timestamp, f64),
    ) -> Result<(), StoreError> {
        if self.looked.is_some_and(|looked| now.since_s(looked) < LOOK_EVERY_S) {
            return Ok(());
        }
        self.looked = Some(now);
        self.look(db, Some(lease), timetable, now, (CONTACT_LATE_S * speed) as i64).await
    }

    /// Opens and closes tickets as things are at `now`; when a terminal was heard may be known `late_s` late.
    ///
    /// # Errors
    /// As [`Watch::look_when_due`].
    pub async fn look(
        &mut self,
        db: &Db,
        lease: Option<&Lease>,
        timetable: Option<&Timetable>,
        now: Timestamp,
        late_s: i64,
    ) -> Result<(), StoreError> {
        let terminals = on_vehicles(db).await?;
        if terminals.is_empty() {
            return Ok(());
        }
        let on_trip = on_trips(db, now).await?;
        let lately = db.taps_by_terminal(now.plus_s(-WINDOW_S as f64), now).await?;
        let weeks = self.weeks(db, now).await?;
        let open = db.discrepancies_of(TERMINAL_SILENT, TICKETS_MAX).await?;
        let mut found = Vec::new();
        for terminal in &terminals {
            let heard = terminal.contact.as_ref().map_or(terminal.enrolled, |contact| contact.seen);
            let there = (now.since_s(terminal.enrolled) / WEEK_S) as usize;
            let of = |counts: &Counts| counts.get(&terminal.id).copied().unwrap_or_default();
            let past: Vec<u32> = weeks.iter().take(there).map(of).collect();
            let seen = on_trip.get(&terminal.vehicle);
            let watched =
                Watched { heard, on_trip: seen.map(|seen| seen.t), taps: of(&lately), weeks: &past };
            let verdict = judge(now, late_s, watched);
            let own = |ticket: &&StoredDiscrepancy| ticket.found.subject == terminal.id;
            for ticket in open.iter().filter(own).filter(|ticket| is_over(ticket, verdict)) {
                close(db, ticket, heard, now).await?;
            }
            if let Some(seen) = seen.filter(|_| !open.iter().any(|ticket| own(&ticket))) {
                found.extend(ticket(terminal, verdict, watched, seen, timetable, now));
            }
        }
        if found.is_empty() {
            return Ok(());
        }
        let (lease, salt) = (lease.cloned(), rand::random());
        let commit = FareCommit { lease, at: now, salt, discrepancies: found, ..FareCommit::default() };
        db.fares_commit(&commit).await.map(drop)
    }

    async fn weeks(&mut self, db: &Db, now: Timestamp) -> Result<&[Counts], StoreError> {
        if self.weeks.as_ref().is_none_or(|(made, _)| now.since_s(*made) >= WEEKS_EVERY_S) {
            let mut weeks = Vec::new();
            for back in 1..=WEEKS_MAX {
                let until = now.plus_s(-WEEK_S * f64::from(back));
                weeks.push(db.taps_by_terminal(until.plus_s(-WINDOW_S as f64), until).await?);
            }
            self.weeks = Some((now, weeks));
        }
        Ok(self.weeks.as_ref().map_or(&[], |(_, weeks)| weeks))
    }
}

/// The terminals that should be heard.
async fn on_vehicles(db: &Db) -> Result<Vec<Terminal>, StoreError> {
    let devices = db.devices().await?.into_iter();
    let active = devices.filter(|device| device.state == DeviceState::Active);
    let active: HashSet<Arc<str>> = active.map(|device| device.id).collect();
    let terminals = db.terminals().await?.into_iter();
    Ok(terminals.filter(|terminal| !terminal.vehicle.is_empty() && active.contains(&terminal.id)).collect())
}

/// Where vehicles were seen last, of those that are on a trip.
async fn on_trips(db: &Db, now: Timestamp) -> Result<HashMap<Arc<str>, OnTrip>, StoreError> {
    let (today, since) = (ServiceDay::of(now, BOOKS_ZONE), now.plus_s(-ON_TRIP_S as f64));
    let mut seen: HashMap<Arc<str>, OnTrip> = HashMap::new();
    for day in [days_before(today, 1), today] {
        for visit in db.visits_since(day, since).await? {
            let Some(t) = visit.departure.max(visit.arrival).filter(|t| *t <= now) else { continue };
            if seen.get(&visit.vehicle).is_none_or(|known| known.t < t) {
                seen.insert(visit.vehicle, OnTrip { t, day, trip: visit.trip });
            }
        }
    }
    Ok(seen)
}

/// Whether a ticket is settled by what is seen now.
fn is_over(ticket: &StoredDiscrepancy, verdict: Verdict) -> bool {
    match verdict {
        Verdict::Works => true,
        Verdict::Heard | Verdict::FewTaps { .. } => !ticket.found.cause.starts_with(FEW_TAPS),
        Verdict::Silent | Verdict::Off => false,
    }
}

async fn close(
    db: &Db,
    ticket: &StoredDiscrepancy,
    heard: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let reason = if ticket.found.cause.starts_with(FEW_TAPS) {
        format!("takes taps again, {}", clock(now))
    } else {
        format!("heard again, {}", clock(heard))
    };
    let by = local_actor(now, "padriew serve");
    db.discrepancy_resolve(ticket.id, &reason, &by).await.map(drop)
}

fn ticket(
    terminal: &Terminal,
    verdict: Verdict,
    watched: Watched<'_>,
    seen: &OnTrip,
    timetable: Option<&Timetable>,
    now: Timestamp,
) -> Option<Discrepancy> {
    let (id, vehicle) = (&terminal.id, &terminal.vehicle);
    let (cause, since, what) = match verdict {
        Verdict::Silent => {
            let cause = format!("{TERMINAL_SILENT}/{id}/{}", watched.heard.0);
            (cause, watched.heard, format!("nothing heard for more than {} min", SILENT_S / 60))
        }
        Verdict::FewTaps { expected } => {
            let what = format!("{} taps in an hour, {expected} or more in the weeks before", watched.taps);
            (format!("{FEW_TAPS}/{id}/{}", seen.day), now.plus_s(-WINDOW_S as f64), what)
        }
        Verdict::Heard | Verdict::Works | Verdict::Off => return None,
    };
    let trip = timetable.and_then(|timetable| Some((timetable, timetable.trip(&seen.trip, None)?)));
    let route = trip.map_or("", |(timetable, trip)| &timetable.routes[timetable.route_of(trip).at()].id);
    let detail = format!(
        "{what}, while {vehicle} is on trip {}; amnesty candidate: day {}, route {}, from {}",
        seen.trip,
        seen.day,
        if route.is_empty() { "unknown" } else { route },
        clock(since)
    );
    Some(Discrepancy {
        kind: TERMINAL_SILENT.into(),
        cause: cause.into(),
        subject: Arc::clone(id),
        amount: None,
        day: seen.day,
        found: now,
        detail: detail.into(),
    })
}

/// `2026-11-20 07:31`, in the zone of the books.
fn clock(t: Timestamp) -> String {
    t.utc().unwrap_or_default().with_timezone(&BOOKS_ZONE).format("%Y-%m-%d %H:%M").to_string()
}
