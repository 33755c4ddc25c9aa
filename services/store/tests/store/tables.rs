//! Visits, feeds, panels, leases, retention.

use crate::place::{DAY, actor, batch, on_both, with_writer};
use bytes::Bytes;
use gtfs::{ServiceDay, ServiceTime, Timestamp, VisitSource};
use std::sync::Arc;
use store::{Deleted, FeedLoaded, Nonce, Panel, PingBatch, Rejected, Retention, StoreError, Visit};

fn visit(stop_sequence: u32, arrival: Option<i64>, departure: Option<i64>) -> Visit {
    Visit {
        day: ServiceDay::parse("20261120").unwrap(),
        trip: "r3_0715".into(),
        start: ServiceTime(25 * 3600),
        stop_sequence,
        vehicle: "EV-07".into(),
        stop: "P04".into(),
        arrival: arrival.map(Timestamp),
        departure: departure.map(Timestamp),
        plus_minus_s: 2.5,
        source: VisitSource::Gps,
    }
}

on_both! {
    async fn a_visit_is_completed_by_its_departure(place: &Place) {
        let db = place.open().await;
        db.visits_store(&[visit(1, Some(10), None), visit(2, Some(30), None)], None).await.unwrap();
        let repaired = Visit { source: VisitSource::Repaired, ..visit(2, Some(29), None) };
        db.visits_store(&[visit(1, None, Some(20)), visit(2, None, Some(40)), repaired.clone()], None).await.unwrap();
        let whole = [visit(1, Some(10), Some(20)), Visit { departure: Some(Timestamp(40)), ..repaired }];
        assert_eq!(db.visits(whole[0].day).await.unwrap(), whole);
        assert!(db.visits(whole[0].day.next()).await.unwrap().is_empty());
    }

    async fn thousands_of_visits_are_stored_at_once(place: &Place) {
        let db = place.open().await;
        let visits: Vec<Visit> = (0..3_000).map(|n| visit(n, Some(i64::from(n)), None)).collect();
        db.visits_store(&visits, None).await.unwrap();
        assert_eq!(db.visits(visits[0].day).await.unwrap(), visits);
    }

    async fn one_process_holds_a_lease_until_it_expires_or_is_given_back(place: &Place) {
        let db = place.open().await;
        let first = db.lease_take("tracking", "", "a", 10).await.unwrap().unwrap();
        assert_eq!(first.epoch, 1);
        assert_eq!(db.lease_take("tracking", "", "b", 10).await.unwrap(), None);
        assert_eq!(db.lease_take("tracking", "", "a", 10).await.unwrap().unwrap().epoch, 1, "renewed");
        assert_eq!(db.lease_take("fares", "", "b", 10).await.unwrap().unwrap().epoch, 1, "another role");
        db.lease_release(&first).await.unwrap();
        assert_eq!(db.lease_take("tracking", "", "b", 0).await.unwrap().unwrap().epoch, 2);
        // Taken for no time at all, so it has expired already.
        assert_eq!(db.lease_take("tracking", "", "a", 10).await.unwrap().unwrap().epoch, 3);
    }

    async fn anybody_can_see_who_holds_a_lease_and_whether_it_still_stands(place: &Place) {
        let db = place.open().await;
        assert_eq!(db.lease_of("tracking", "").await.unwrap(), None);
        let lease = db.lease_take("tracking", "", "a", 10).await.unwrap().unwrap();
        let row = db.lease_of("tracking", "").await.unwrap().unwrap();
        assert!(row.holds(), "{row:?}");
        assert_eq!(row.lease, lease);
        assert!((9_000_000..=10_000_000).contains(&(row.expires_us - row.now_us)), "{row:?}");
        db.lease_release(&lease).await.unwrap();
        assert!(!db.lease_of("tracking", "").await.unwrap().unwrap().holds());
        let next = db.lease_take("tracking", "", "b", 10).await.unwrap().unwrap();
        db.lease_release(&lease).await.unwrap();
        let row = db.lease_of("tracking", "").await.unwrap().unwrap();
        assert!(row.holds() && row.lease == next, "an old holder ends nobody else's lease: {row:?}");
    }

    async fn a_holder_that_lost_its_lease_writes_nothing(place: &Place) {
        let db = place.open().await;
        let slept = db.lease_take("tracking", "", "a", 0).await.unwrap().unwrap();
        let holder = db.lease_take("tracking", "", "b", 10).await.unwrap().unwrap();
        let stored = db.visits_store(&[visit(1, Some(10), None)], Some(&slept)).await;
        assert!(matches!(stored, Err(StoreError::Refused(_))), "{stored:?}");
        assert!(db.visits(visit(1, None, None).day).await.unwrap().is_empty());
        db.visits_store(&[visit(1, Some(10), None)], Some(&holder)).await.unwrap();
    }

    async fn the_clock_of_the_database_is_this_century(place: &Place) {
        let now_us = place.open().await.clock_us().await.unwrap();
        assert!(Timestamp(now_us) > Timestamp::from_s(1_700_000_000), "{now_us}");
        assert!(Timestamp(now_us) < Timestamp::from_s(4_000_000_000), "{now_us}");
    }

    async fn feeds_are_listed_newest_first(place: &Place) {
        let db = place.open().await;
        let feed = |n: u8| FeedLoaded {
            sha256: vec![n; 32],
            publisher: "เทศบาลเมืองฉะเชิงเทรา".into(),
            version: n.to_string(),
            path: "feed.zip".into(),
            byte_count: 12_345,
            loaded: Timestamp(DAY.0 + i64::from(n)),
        };
        for n in 1..=3 {
            db.feed_loaded(&feed(n)).await.unwrap();
        }
        assert_eq!(db.feeds_loaded(2).await.unwrap(), [feed(3), feed(2)]);
    }

    async fn a_panel_is_paired_seen_moved_and_revoked(place: &Place) {
        let db = place.open().await;
        let mut panel = Panel {
            id: "pier-1".into(),
            token_sha256: vec![1; 32],
            stop: "P04".into(),
            label: "ท่าน้ำวัดโสธร".into(),
            created: DAY,
            last_seen: None,
            revoked: None,
        };
        db.panel_put(&panel, &actor()).await.unwrap();
        db.panels_seen(&[(Arc::clone(&panel.id), Timestamp(DAY.0 + 9))]).await.unwrap();
        (panel.stop, panel.last_seen) = ("P05".into(), Some(Timestamp(DAY.0 + 9)));
        db.panel_put(&panel, &actor()).await.unwrap();
        assert_eq!(db.panels().await.unwrap(), [panel.clone()]);
        let thief = Panel { id: "pier-2".into(), ..panel.clone() };
        assert!(matches!(db.panel_put(&thief, &actor()).await, Err(StoreError::Refused(_))));
        assert!(db.panel_revoke("pier-1", &actor()).await.unwrap());
        assert!(!db.panel_revoke("pier-1", &actor()).await.unwrap());
        assert_eq!(db.panels().await.unwrap()[0].revoked, Some(DAY));
    }

    async fn old_rows_go_new_rows_stay_and_numbers_are_remembered(place: &Place) {
        let db = place.open().await;
        // Row n is received n seconds into the day.
        with_writer(&db, async |w| {
            for start in [0, 1_500, 3_000, 4_500] {
                w.submit(batch("bus-1", "a", start..start + 1_500)).await.unwrap();
            }
            let nonce = Nonce { key_id: "bus-1:k1".into(), nonce: "n".into(), received: DAY };
            w.submit(PingBatch { nonce: Some(nonce), ..batch("bus-1", "a", []) }).await.unwrap();
        }).await;
        let rejected: Vec<Rejected> = (0..20).map(|n| Rejected {
            seq: None,
            received: Timestamp(DAY.0 + n * 86_400_000_000),
            code: "identity".into(),
            detail: "".into(),
            raw: Bytes::from_static(b"x"),
        }).collect();
        db.quarantine(&"ghost".into(), &"pings".into(), &rejected).await.unwrap();
        let retention = Retention { pings_d: 10, quarantine_d: 10, quarantine_rows_max: 5, ..Retention::default() };
        // Ten days and 5,000.5 s after the start of the day.
        let now = Timestamp(DAY.0 + 10 * 86_400_000_000 + 5_000_500_000);
        let deleted = db.retain(now, &retention).await.unwrap();
        assert_eq!(deleted, Deleted { pings: 5_001, nonces: 1, quarantined: 15 });
        assert_eq!(db.ping_count().await.unwrap(), 999);
        assert_eq!(db.quarantined(100).await.unwrap().len(), 5);
        assert_eq!(db.retain(now, &retention).await.unwrap(), Deleted::default());
        with_writer(&db, async |w| {
            let again = w.submit(batch("bus-1", "a", 0..10)).await.unwrap();
            assert_eq!(again.duplicates.len(), 10, "a deleted ping is still a duplicate");
        }).await;
    }
}
