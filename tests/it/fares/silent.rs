//! Tickets for terminals that fall silent open and close by themselves, on both databases.

use super::shelf::{self, Shelf};
use crate::harness::{Backend, on_both};
use ::fares::tap::{RequestClock, TapLine};
use gtfs::{ServiceDay, ServiceTime, Timestamp, VisitSource};
use server::driver::fares::silent::{TERMINAL_SILENT, Watch};
use server::ingest::enroll::local_actor;
use server::ingest::taps::{Mount, register};
use std::sync::Arc;
use store::tap::Block;
use store::{Contact, Db, DiscrepancyState, TapBatch, Visit, Writer};

const ZONE: chrono_tz::Tz = chrono_tz::Asia::Bangkok;
const WEEK_S: f64 = 7.0 * 86_400.0;

/// 08:00 of a Friday.
fn eight() -> Timestamp {
    ServiceDay::parse("20261120").unwrap().at(ZONE, ServiceTime(8 * 3_600))
}

fn minutes(n: i64) -> Timestamp {
    eight().plus_s(60.0 * n as f64)
}

/// Bus B was seen at a stop.
async fn drives(db: &Db, t: Timestamp, sequence: u32) {
    let visit = Visit {
        day: ServiceDay::of(t, ZONE),
        trip: "r1-8".into(),
        start: ServiceTime(8 * 3_600),
        stop_sequence: sequence,
        vehicle: "B".into(),
        stop: "s1".into(),
        arrival: Some(t),
        departure: None,
        plus_minus_s: 5.0,
        source: VisitSource::Gps,
    };
    db.visits_store(&[visit], None).await.unwrap();
}

/// The terminal was heard.
async fn speaks(db: &Db, t: Timestamp) {
    let contact = Contact {
        terminal: "T-B".into(),
        seen: t,
        epoch: 1,
        deny_ver: 0,
        tariff_ver: "".into(),
        clock_offset_ms: None,
    };
    db.terminal_contacts(&[contact]).await.unwrap();
}

/// So many taps come at once.
async fn taps(writer: &Writer<TapBatch>, first: i64, many: i64, received: Timestamp) {
    let mut block = Block::default();
    for seq in first..first + many {
        let line = format!("1|{seq}|b|0||card-{seq}|tap||||||||1|ok||");
        block.push(&TapLine::read(&line).unwrap(), None);
    }
    let clock = RequestClock { received, boot: "b".into(), up_ms: 0, wall: None, rtt_ms: 0 };
    let batch = shelf::batch(&"T-B".into(), 1, Arc::new(clock), block);
    writer.submit(batch).await.unwrap();
}

/// What stands open, and how the last one was settled.
async fn tickets(db: &Db) -> (Vec<String>, Option<String>) {
    let open = db.discrepancies_of(TERMINAL_SILENT, 10).await.unwrap();
    let settled = db.discrepancies(DiscrepancyState::Resolved, 0, 10).await.unwrap().pop();
    let open = open.iter().map(|ticket| format!("{}: {}", ticket.found.subject, ticket.found.detail));
    (open.collect(), settled.map(|ticket| ticket.resolution.to_string()))
}

#[test]
fn a_terminal_that_falls_silent_on_a_bus_has_a_ticket_until_it_is_heard_again() {
    on_both("silent terminals", silence);
}

async fn silence(backend: Backend) {
    let shelf = Shelf::open(backend).await;
    let (db, writer) = (&shelf.db, &shelf.writer);
    let enrolled = local_actor(eight().plus_s(-2.5 * WEEK_S), "test");
    let mount = Mount { id: "T-B", vehicle: "B", ..Mount::default() };
    register(db, &enrolled, &mount).await.unwrap();
    let mut watch = Watch::default();

    // Heard at 08:00; at 08:11 the bus drives and nothing came.
    speaks(db, eight()).await;
    drives(db, minutes(9), 3).await;
    watch.look(db, None, None, minutes(10), 0).await.unwrap();
    assert_eq!(tickets(db).await, (vec![], None));
    for minute in [11, 12, 13] {
        watch.look(db, None, None, minutes(minute), 0).await.unwrap();
    }
    let silent = "T-B: nothing heard for more than 10 min, while B is on trip r1-8; amnesty candidate: day 20261120, \
                  route unknown, from 2026-11-20 08:00";
    assert_eq!(tickets(db).await, (vec![silent.to_owned()], None));
    // The bus stands, which proves nothing; then the terminal is heard.
    watch.look(db, None, None, minutes(60), 0).await.unwrap();
    assert_eq!(tickets(db).await.0.len(), 1);
    speaks(db, minutes(61)).await;
    watch.look(db, None, None, minutes(62), 0).await.unwrap();
    assert_eq!(tickets(db).await, (vec![], Some("heard again, 2026-11-20 09:01".to_owned())));

    // A week later at nine: it is heard, but its reader takes nothing where it took 30 an hour.
    let later = |n: i64| minutes(60 + n).plus_s(WEEK_S);
    for (week, many) in [(-2.0, 30), (-1.0, 40), (0.0, 35)] {
        taps(writer, 1 + 100 * (week + 2.0) as i64, many, minutes(30).plus_s(WEEK_S * week)).await;
    }
    let mut watch = Watch::default();
    speaks(db, later(0)).await;
    drives(db, later(-1), 4).await;
    watch.look(db, None, None, later(0), 0).await.unwrap();
    watch.look(db, None, None, later(1), 0).await.unwrap();
    let few = "T-B: 0 taps in an hour, 30 or more in the weeks before, while B is on trip r1-8; amnesty candidate: day \
               20261127, route unknown, from 2026-11-27 08:00";
    assert_eq!(tickets(db).await.0, [few]);
    taps(writer, 500, 6, later(2)).await;
    watch.look(db, None, None, later(3), 0).await.unwrap();
    assert_eq!(tickets(db).await, (vec![], Some("takes taps again, 2026-11-27 09:03".to_owned())));
    shelf.close().await;
}
