//! The group commit: acknowledged is stored, once, whatever is sent.

use crate::place::{DAY, Place, batch, on_both, row, with_writer};
use bytes::Bytes;
use gtfs::{ServiceDay, ServiceTime};
use store::ping::{BOOT_TIMED, PingCursor};
use store::{Nonce, Rejected, StoreError, StoredPing, Verdict};
use tracking::check::Flag;
use tracking::{Claim, Ev, Occupancy, Provenance, Tier};

async fn stored(db: &store::Db) -> Vec<StoredPing> {
    db.pings_received(PingCursor::from(gtfs::Timestamp(0)), 100_000).await.unwrap().0
}

async fn seqs(db: &store::Db) -> Vec<i64> {
    let mut seqs: Vec<i64> = stored(db).await.iter().map(|ping| ping.row.seq).collect();
    seqs.sort_unstable();
    seqs
}

on_both! {
    async fn a_batch_is_on_disk_when_it_is_answered(place: &Place) {
        let db = place.open().await;
        let receipt = with_writer(&db, async |w| w.submit(batch("bus-1", "a", 1..=100)).await).await.unwrap();
        assert_eq!((receipt.ack, receipt.lost, receipt.duplicates.len()), (Some(100), 0, 0));
        db.close().await;
        drop(db);
        assert_eq!(seqs(&place.open().await).await, (1..=100).collect::<Vec<_>>());
    }

    async fn after_a_restart_each_device_has_its_newest_live_fix_and_no_history(place: &Place) {
        let db = place.open().await;
        let mut sending = batch("bus-1", "a", 1..=5);
        sending.rows[4].verdict = Verdict::Hist;
        let newest = sending.rows[3].ping.clone();
        with_writer(&db, async |w| {
            w.submit(sending).await.unwrap();
            w.submit(batch("bus-2", "a", 1..=2)).await.unwrap();
        })
        .await;
        let heads = db.live_heads(newest.received.plus_s(-3600.0)).await.unwrap();
        let devices: Vec<&str> = heads.iter().map(|head| &*head.device).collect();
        assert_eq!(devices, ["bus-1", "bus-2"]);
        assert_eq!((heads[0].t, heads[0].lat, heads[0].lon), (newest.t, newest.lat, newest.lon));
        assert_eq!(db.live_heads(newest.received.plus_s(3600.0)).await.unwrap(), []);

        let times = stored(&db).await.iter().map(|ping| ping.row.ping.received).collect::<Vec<_>>();
        assert_eq!(db.ping_received_nth_newest(6).await.unwrap(), times.first().copied());
        assert_eq!(db.ping_received_nth_newest(7).await.unwrap(), None);
    }

    async fn every_field_reads_back_as_it_was_written(place: &Place) {
        let db = place.open().await;
        let mut full = row(7);
        full.verdict = Verdict::Flag;
        full.flags.add(Flag::Clock);
        full.flags.add(Flag::Accuracy);
        full.satellites = Some(9);
        full.ping.heading_deg = Some(271.5);
        full.ping.hdop = Some(0.9);
        full.ping.odometer_m = Some(123_456.789);
        full.ping.claim = Claim {
            trip: Some("r3_0715".into()),
            day: ServiceDay::parse("20261120"),
            start: Some(ServiceTime(90_000)),
            block: Some("b1".into()),
            route: Some("สาย 3".into()),
        };
        full.ping.door_open = Some(true);
        full.ping.passengers = Some(31);
        full.ping.occupancy = Some(Occupancy::StandingRoom);
        full.ping.ev = Some(Ev { soc_pct: Some(63.5), charging: Some(false), ..Ev::default() });
        full.ping.provenance = Provenance::Sim;
        full.ping.tier = Tier::Token;
        let mut heartbeat = row(8);
        (heartbeat.heartbeat, heartbeat.ping.lat, heartbeat.ping.lon) = (true, 0.0, 0.0);
        let sent = vec![full, heartbeat, row(9)];
        let mut sending = batch("bus-1", "a", []);
        sending.rows.clone_from(&sent);
        with_writer(&db, async |w| w.submit(sending).await).await.unwrap();
        let back = stored(&db).await;
        assert_eq!(back.iter().map(|ping| ping.row.clone()).collect::<Vec<_>>(), sent);
        assert_eq!((&*back[0].device, &*back[0].boot, &*back[0].source), ("bus-1", "a", "pings"));
    }

    async fn a_record_sent_again_is_a_duplicate_even_after_a_restart(place: &Place) {
        let db = place.open().await;
        with_writer(&db, async |w| w.submit(batch("bus-1", "a", 1..=10)).await).await.unwrap();
        with_writer(&db, async |w| {
            let receipt = w.submit(batch("bus-1", "a", 8..=12)).await.unwrap();
            assert_eq!((receipt.ack, receipt.duplicates), (Some(12), vec![0, 1, 2]));
        }).await;
        assert_eq!(seqs(&db).await, (1..=12).collect::<Vec<_>>());
    }

    async fn many_senders_at_once_are_all_stored_once(place: &Place) {
        let db = place.open().await;
        with_writer(&db, async |w| {
            let all = (0..200).map(|n| w.submit(batch(&format!("bus-{}", n % 20), "a", n / 20 * 7..n / 20 * 7 + 7)));
            for receipt in futures_util::future::join_all(all).await {
                assert_eq!(receipt.unwrap().duplicates, Vec::<usize>::new());
            }
        }).await;
        assert_eq!(db.ping_count().await.unwrap(), 200 * 7);
    }

    async fn a_hole_is_not_acknowledged_until_it_is_filled(place: &Place) {
        let db = place.open().await;
        with_writer(&db, async |w| {
            assert_eq!(w.submit(batch("bus-1", "a", [1, 2, 4, 5])).await.unwrap().ack, Some(2));
            assert_eq!(w.submit(batch("bus-1", "a", [3])).await.unwrap().ack, Some(5));
        }).await;
    }

    async fn history_that_arrives_newest_first_is_stored_whole(place: &Place) {
        let db = place.open().await;
        with_writer(&db, async |w| {
            for start in (0..12).rev().map(|thousand| thousand * 1_000) {
                let receipt = w.submit(batch("bus-1", "a", start..start + 1_000)).await.unwrap();
                assert_eq!(receipt.duplicates, Vec::<usize>::new());
            }
            // All of it again: nothing is stored twice.
            let again = w.submit(batch("bus-1", "a", 0..1_000)).await.unwrap();
            assert_eq!(again.duplicates.len(), 1_000);
        }).await;
        assert_eq!(db.ping_count().await.unwrap(), 12_000);
    }

    async fn skipped_numbers_are_counted_and_still_taken_when_they_come(place: &Place) {
        let db = place.open().await;
        with_writer(&db, async |w| {
            w.submit(batch("bus-1", "a", [1])).await.unwrap();
            let jumped = w.submit(batch("bus-1", "a", [10_001])).await.unwrap();
            assert_eq!((jumped.ack, jumped.lost), (Some(5_905), 5_904));
            let late = w.submit(batch("bus-1", "a", [2, 3, 3])).await.unwrap();
            assert_eq!((late.duplicates, late.lost), (vec![2], 5_902));
        }).await;
        assert_eq!(seqs(&db).await, [1, 2, 3, 10_001]);
    }

    async fn a_sender_without_numbers_is_known_by_its_times(place: &Place) {
        let db = place.open().await;
        with_writer(&db, async |w| {
            let first = w.submit(batch("phone-1", BOOT_TIMED, [5_000_000, 1_000_000])).await.unwrap();
            assert_eq!((first.ack, first.lost, first.duplicates.len()), (None, 0, 0));
            let again = w.submit(batch("phone-1", BOOT_TIMED, [1_000_000, 2_000_000, 2_000_000])).await.unwrap();
            assert_eq!(again.duplicates, [0, 2]);
        }).await;
        assert_eq!(seqs(&db).await, [1_000_000, 2_000_000, 5_000_000]);
    }

    async fn a_replayed_nonce_refuses_the_whole_batch(place: &Place) {
        let db = place.open().await;
        let signed = |seq: i64, nonce: &str| {
            let nonce = Nonce { key_id: "bus-1:k1".into(), nonce: nonce.into(), received: DAY };
            store::PingBatch { nonce: Some(nonce), ..batch("bus-1", "a", [seq]) }
        };
        with_writer(&db, async |w| {
            assert!(w.submit(signed(1, "9f1c6a0d5be24c71")).await.is_ok());
            assert_eq!(w.submit(signed(2, "9f1c6a0d5be24c71")).await, Err(StoreError::Replayed));
            // Two at the same moment: one of them only.
            let (one, other) = tokio::join!(w.submit(signed(3, "n2")), w.submit(signed(3, "n2")));
            assert_eq!([one.is_ok(), other.is_ok()].iter().filter(|ok| **ok).count(), 1);
        }).await;
        assert_eq!(seqs(&db).await, [1, 3]);
    }

    async fn refused_records_are_settled_and_kept_with_their_reason(place: &Place) {
        let db = place.open().await;
        let mut sending = batch("bus-1", "a", [1, 3]);
        sending.rejected.push(Rejected {
            seq: Some(2),
            received: DAY,
            code: "future".into(),
            detail: "2 h ahead".into(),
            raw: Bytes::from_static(b"{\"seq\":2}"),
        });
        with_writer(&db, async |w| {
            assert_eq!(w.submit(sending.clone()).await.unwrap().ack, Some(3));
            assert_eq!(w.submit(sending).await.unwrap().duplicates, [0, 1]);
        }).await;
        let kept = db.quarantined(10).await.unwrap();
        assert_eq!(kept.len(), 1, "a refused record sent again is not kept twice");
        assert_eq!((&*kept[0].device, &*kept[0].rejected.code), ("bus-1", "future"));
        assert_eq!(kept[0].rejected.raw, &b"{\"seq\":2}"[..]);
    }

    async fn a_batch_that_the_database_refuses_fails_alone(place: &Place) {
        let db = place.open().await;
        // A rule that this program does not know of, as a disk full of surprises might have.
        place.execute("create unique index each_code_once on quarantine (code)").await.unwrap();
        let rejected = |seq| Rejected {
            seq: Some(seq),
            received: DAY,
            code: "format".into(),
            detail: "".into(),
            raw: Bytes::new(),
        };
        let mut bad = batch("bus-2", "a", [1]);
        bad.rejected = vec![rejected(2), rejected(3)];
        with_writer(&db, async |w| {
            let (good, refused, also_good) = tokio::join!(
                w.submit(batch("bus-1", "a", [1])),
                w.submit(bad),
                w.submit(batch("bus-3", "a", [1])),
            );
            assert!(good.is_ok() && also_good.is_ok());
            assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
        }).await;
        assert_eq!(db.ping_count().await.unwrap(), 2);
    }

    async fn what_is_queued_at_shutdown_is_stored_and_answered(place: &Place) {
        let db = place.open().await;
        let (w, task) = store::writer::writer(&db, store::writer::WriterLimits::default());
        let shutdown = tokio_util::sync::CancellationToken::new();
        shutdown.cancel();
        let (receipt, ended) = tokio::join!(w.submit(batch("bus-1", "a", 1..=5)), task.run(shutdown));
        assert_eq!(receipt.unwrap().ack, Some(5));
        ended.unwrap();
        assert!(matches!(w.submit(batch("bus-1", "a", [6])).await, Err(StoreError::Away(_))));
    }
}

#[tokio::test]
async fn a_full_queue_is_busy_and_says_when_to_come_back() {
    let place = Place::sqlite().await;
    let db = place.open().await;
    let limits = store::writer::WriterLimits { live_rows: 100, backfill_rows: 100 };
    let (w, task) = store::writer::writer(&db, limits);
    let waiting = w.submit(batch("bus-1", "a", 1..=80));
    let refused = async {
        tokio::task::yield_now().await;
        assert!(w.health().live_fill_ratio > 0.75);
        assert_eq!(
            w.submit(batch("bus-1", "a", [81])).await,
            Err(StoreError::Busy { retry_after_s: 1 }),
            "live"
        );
        drop(task);
    };
    let (answer, ()) = tokio::join!(waiting, refused);
    assert!(matches!(answer, Err(StoreError::Away(_))), "a writer that ended acknowledges nothing");
}

#[tokio::test]
async fn live_batches_go_first_and_little_backfill_goes_with_them() {
    let place = Place::sqlite().await;
    let db = place.open().await;
    let (w, task) = store::writer::writer(&db, store::writer::WriterLimits::default());
    let reports = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&reports);
    let task = task.observed_by(move |report| seen.lock().unwrap().push((report.batches, report.rows)));
    let history = |boot: &str| {
        let mut batch = batch("bus-1", boot, 0..400);
        batch.rows.iter_mut().for_each(|row| row.verdict = Verdict::Hist);
        batch
    };
    let shutdown = tokio_util::sync::CancellationToken::new();
    // All are queued before the task looks, the live one last.
    let senders = async {
        let all = tokio::join!(
            w.submit(history("a")),
            w.submit(history("b")),
            w.submit(history("c")),
            w.submit(batch("bus-2", "a", 0..100)),
        );
        shutdown.cancel();
        assert!(all.0.is_ok() && all.1.is_ok() && all.2.is_ok() && all.3.is_ok());
    };
    let ((), ended) = tokio::join!(senders, task.run(shutdown.clone()));
    ended.unwrap();
    // Live rows first; then backfill until there are 512 together; the rest waits for the next commit.
    assert_eq!(*reports.lock().unwrap(), [(3, 900), (1, 400)]);
}
