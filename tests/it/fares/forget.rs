//! Where riders were is forgotten after a while, on both databases: money, days and names stay, and what is left is proven.

use super::shelf::{self, Shelf};
use crate::harness::{Backend, on_both};
use ::fares::tap::{RequestClock, TapLine};
use ::fares::{Satang, TapId, TapKind};
use gtfs::{ServiceDay, Timestamp};
use server::driver::retention::forget_places;
use server::ingest::enroll::local_actor;
use std::sync::Arc;
use store::tap::{Block, RefusedTap, block};
use store::tap_quarantine::QuarantineState;
use store::{Db, FareCommit, Inspection, TapBatch, TapItem, TapState, Writer};

const DAY_S: f64 = 86_400.0;
/// How long places are kept.
const KEPT_D: u32 = 400;

fn today() -> Timestamp {
    Timestamp::from_s(1_800_000_000)
}

fn line(seq: i64) -> String {
    format!(
        "1|{seq}|b|9000|2026-11-20T07:00:00+07:00|card-a|on|EV-07|r3_0715|P04|13690400|101077900|6||1|ok|1500|4200"
    )
}

fn batch(seq: i64, received: Timestamp, refused: Vec<RefusedTap>) -> TapBatch {
    let (text, mut block) = (line(seq), Block::default());
    block.push(&TapLine::read(&text).unwrap(), None);
    let clock = RequestClock { received, boot: "b".into(), up_ms: 10_000, wall: Some(received), rtt_ms: 20 };
    let body = block::pack(text.as_bytes()).unwrap();
    TapBatch { refused, body, ..shelf::batch(&"T-1".into(), 1, Arc::new(clock), block) }
}

/// A tap with what the ledger says of it, and an inspection, at `t`.
async fn lives(db: &Db, writer: &Writer<TapBatch>, seq: i64, t: Timestamp) {
    writer.submit(batch(seq, t, Vec::new())).await.unwrap();
    let state = TapState {
        tap: seq,
        id: TapId { terminal: "T-1".into(), epoch: 1, seq },
        rev: 1,
        card: "card-a".into(),
        kind: TapKind::On,
        pax: 1,
        fate: "denied".into(),
        leg: None,
        service_day: ServiceDay::of(t, chrono_tz::Asia::Bangkok),
        agency: "A".into(),
        network: "bus".into(),
        t,
        method: "uptime".into(),
        bound_ms: 20,
        vehicle: "EV-07".into(),
        trip: "r3_0715".into(),
        stop: "P04".into(),
        route: "r3".into(),
        ride_start_s: Some(26_100),
        sequence: Some(4),
    };
    let commit = FareCommit { at: t, salt: [7; 16], taps: vec![state], ..FareCommit::default() };
    db.fares_commit(&commit).await.unwrap();
    let (who, found) = ("somchai".into(), "valid".into());
    db.inspection(&Inspection { at: t, card: "card-a".into(), who, place: "EV-07".into(), found })
        .await
        .unwrap();
}

#[test]
fn where_riders_were_is_forgotten_after_four_hundred_days_and_the_rest_stays() {
    on_both("places", forgets);
}

async fn forgets(backend: Backend) {
    let shelf = Shelf::open(backend).await;
    let (db, writer) = (&shelf.db, &shelf.writer);
    let (old, new) = (today().plus_s(-401.0 * DAY_S).plus_s(77.0), today().plus_s(-399.0 * DAY_S));
    lives(db, writer, 1, old).await;
    lives(db, writer, 2, new).await;
    let raw = b"at P04".to_vec().into();
    let noise = RefusedTap { at: 0, seq: None, code: "format", detail: "no tap".into(), raw };
    writer.submit(batch(3, old.plus_s(1.0), vec![noise])).await.unwrap();
    let row = db.taps_quarantined(10).await.unwrap().remove(0);
    let by = store::Actor { reason: "noise".into(), ..local_actor(old, "malee") };
    db.tap_dismiss(&row, &by).await.unwrap();

    let daily = local_actor(today(), "padriew serve");
    let forgotten = forget_places(db, KEPT_D, &daily).await.unwrap();
    assert_eq!((forgotten.ledger, forgotten.requests, forgotten.notes), (1, 1, 2));
    assert_eq!(forget_places(db, KEPT_D, &daily).await.unwrap(), store::Forgotten::default(), "once");
    let actions = db.audit_after(0, 100).await.unwrap();
    assert_eq!(actions.iter().filter(|row| row.change.action == "places_forget").count(), 1);

    let taps = db.taps_after(0, 10).await.unwrap();
    assert_eq!(taps.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [1, 2, 3], "none is missing");
    let (gone, kept) = (&taps[0].1, &taps[1].1);
    assert_eq!((&*gone.card, gone.kind, gone.fare_shown), ("card-a", TapKind::On, Some(Satang(1_500))));
    assert_eq!((&*gone.whereabouts.vehicle, &*gone.whereabouts.stop, gone.whereabouts.fix), ("", "", None));
    assert_eq!(gone.request.received.0 % 3_600_000_000, 0);
    assert_eq!((&*kept.whereabouts.stop, kept.whereabouts.fix.is_some()), ("P04", true));
    let (_, signed) = db.tap_evidence(1).await.unwrap().unwrap();
    assert!(signed.is_empty(), "what was signed names the place");

    let history = db.card_history(&"card-a".into(), Timestamp(0)).await.unwrap();
    let stops: Vec<&str> = history.taps.iter().map(|tap| &*tap.stop).collect();
    assert_eq!((stops, history.taps[0].t.0 % 3_600_000_000), (vec!["", "P04"], 0));
    let looks = db.inspections(&"card-a".into(), 10).await.unwrap();
    assert_eq!(looks.iter().map(|look| &*look.place).collect::<Vec<_>>(), ["EV-07", ""]);
    let settled = db.taps_in_quarantine(QuarantineState::Dismissed, 10).await.unwrap();
    assert!(settled[0].raw.is_empty() && &*settled[0].settled_by == "malee");
    assert_eq!(db.ledger_verify().await.unwrap().faults, []);

    // The old tap once more: it is known by what is left of it, and no clone.
    let again = writer.submit(batch(1, today(), Vec::new())).await.unwrap();
    assert_eq!((again.items, again.conflict), (vec![(Some(1), 0, TapItem::Duplicate)], false));
    shelf.close().await;
}
