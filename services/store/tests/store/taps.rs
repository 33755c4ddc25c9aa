//! Fare card taps: each once, in an order that a cursor can follow.

use crate::place::{DAY, on_both};
use fares::{TapId, TapKind};
use store::{Db, StoreError, TapBatch, TapRow};

fn taps(terminal: &str, epoch: u32, seqs: impl IntoIterator<Item = i64>) -> TapBatch {
    let tap = |seq| TapRow {
        id: TapId { terminal: terminal.into(), epoch, seq },
        received: DAY,
        card: "mE3kq0vT".into(),
        kind: if seq % 2 == 0 { TapKind::On } else { TapKind::Off },
        line: format!("{epoch}|{seq}|9f2c|8001200").into(),
    };
    TapBatch {
        terminal: terminal.into(),
        epoch,
        received: DAY,
        body: b"{}".to_vec(),
        taps: seqs.into_iter().map(tap).collect(),
    }
}

async fn all(db: &Db) -> Vec<(i64, TapRow)> {
    db.taps_after(0, 100_000).await.unwrap()
}

on_both! {
    async fn taps_read_back_in_the_order_of_their_commits(place: &Place) {
        let db = place.open().await;
        let (one, two) = (taps("T-1", 1, 1..=3), taps("T-2", 1, 100..=101));
        assert_eq!(db.taps_store(&one).await.unwrap().ack, Some(3));
        assert_eq!(db.taps_store(&two).await.unwrap().ack, Some(101));
        let read = all(&db).await;
        assert_eq!(read.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        let sent: Vec<TapRow> = one.taps.into_iter().chain(two.taps).collect();
        assert_eq!(read.iter().map(|(_, tap)| tap.clone()).collect::<Vec<_>>(), sent);
        assert_eq!(db.taps_after(3, 1).await.unwrap(), read[3..4]);
    }

    async fn a_tap_sent_again_is_stored_once_for_ever(place: &Place) {
        let db = place.open().await;
        db.taps_store(&taps("T-1", 1, 1..=600)).await.unwrap();
        let again = db.taps_store(&taps("T-1", 1, [600, 601, 601, 5])).await.unwrap();
        assert_eq!((again.ack, again.duplicates), (Some(601), vec![0, 2, 3]));
        assert_eq!(all(&db).await.len(), 601);
    }

    async fn a_new_epoch_may_use_the_same_numbers(place: &Place) {
        let db = place.open().await;
        db.taps_store(&taps("T-1", 1, 1..=2)).await.unwrap();
        assert!(db.taps_store(&taps("T-1", 2, 1..=2)).await.unwrap().duplicates.is_empty());
        assert_eq!(all(&db).await.len(), 4);
    }

    async fn older_taps_that_come_later_are_stored_once(place: &Place) {
        let db = place.open().await;
        db.taps_store(&taps("T-1", 1, [9_000])).await.unwrap();
        db.taps_store(&taps("T-1", 1, [20_000])).await.unwrap();
        for seqs in [vec![1, 2, 2], vec![9_500, 9_501]] {
            let first = db.taps_store(&taps("T-1", 1, seqs.clone())).await.unwrap();
            assert_eq!(first.duplicates.len(), seqs.len() - 2);
            let second = db.taps_store(&taps("T-1", 1, seqs.clone())).await.unwrap();
            assert_eq!(second.duplicates.len(), seqs.len(), "{seqs:?}");
        }
        assert_eq!(all(&db).await.len(), 6);
    }

    async fn many_terminals_at_once_leave_no_hole_and_no_double(place: &Place) {
        let db = place.open().await;
        let batches: Vec<TapBatch> =
            (0..40).map(|n| taps(&format!("T-{}", n % 10), 1, n / 10 * 5..n / 10 * 5 + 5)).collect();
        let stored = futures_util::future::join_all(batches.iter().map(|batch| db.taps_store(batch))).await;
        assert!(stored.iter().all(Result::is_ok), "{stored:?}");
        let ids: Vec<i64> = all(&db).await.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, (1..=200).collect::<Vec<_>>());
    }

    async fn a_heartbeat_hears_what_is_settled(place: &Place) {
        let db = place.open().await;
        assert_eq!(db.taps_store(&taps("T-1", 1, [])).await.unwrap().ack, None);
        db.taps_store(&taps("T-1", 1, 1..=2)).await.unwrap();
        assert_eq!(db.taps_store(&taps("T-1", 1, [])).await.unwrap().ack, Some(2));
    }

    async fn a_tap_of_another_terminal_is_refused(place: &Place) {
        let db = place.open().await;
        let mut mixed = taps("T-1", 1, 1..=2);
        mixed.taps[1].id.terminal = "T-2".into();
        assert!(matches!(db.taps_store(&mixed).await, Err(StoreError::Refused(_))));
        assert!(all(&db).await.is_empty());
    }
}
