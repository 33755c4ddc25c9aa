//! Versions of what was learned: one a day, a few of each feed, and nobody's work is overwritten unseen.

use crate::place::{DAY, actor, on_both};
use gtfs::Timestamp;
use store::LearnedVersion;
use store::learned::VERSIONS_MAX;

const HOUR_US: i64 = 3_600_000_000;

fn version(hours: i64) -> LearnedVersion {
    LearnedVersion {
        feed: "main".into(),
        saved: Timestamp(DAY.0 + hours * HOUR_US),
        feed_version: "2026-11".into(),
        visits: hours.unsigned_abs(),
        byte_count: 3,
        ..LearnedVersion::default()
    }
}

on_both! {
    async fn the_versions_of_a_day_replace_each_other_and_fourteen_days_are_kept(place: &Place) {
        let db = place.open().await;
        let mut newest = db.learned_newest("main").await.unwrap();
        assert_eq!(newest, 0);
        for hours in (0..24 * 20).step_by(6) {
            let document = hours.to_string();
            newest = db.learned_save(&version(hours), document.as_bytes(), newest, None).await.unwrap().unwrap();
        }
        let kept = db.learned_versions("main").await.unwrap();
        assert_eq!(kept.len() as i64, VERSIONS_MAX);
        assert_eq!(kept[0], LearnedVersion { id: newest, ..version(24 * 19 + 18) });
        assert_eq!(kept[1].saved, version(24 * 18 + 18).saved, "one of each day: its last");
        assert_eq!(db.learned_document(newest).await.unwrap().unwrap(), b"474");
        assert_eq!(db.learned_document(1).await.unwrap(), None);
    }

    async fn a_server_that_did_not_know_of_an_import_saves_nothing_over_it(place: &Place) {
        let db = place.open().await;
        let own = db.learned_save(&version(1), b"own", 0, None).await.unwrap().unwrap();
        let imported = db.learned_put(&version(2), b"imported", &actor()).await.unwrap();
        assert_eq!(db.learned_save(&version(3), b"late", own, None).await.unwrap(), None);
        assert_eq!(db.learned_newest("main").await.unwrap(), imported);
        let next = db.learned_save(&version(4), b"next", imported, None).await.unwrap().unwrap();
        let kept: Vec<(i64, bool)> =
            db.learned_versions("main").await.unwrap().iter().map(|v| (v.id, v.by_command)).collect();
        assert_eq!(kept, [(next, false), (imported, true), (own, false)], "what was there before it stays");
    }

    async fn feeds_do_not_see_each_other(place: &Place) {
        let db = place.open().await;
        let other = LearnedVersion { feed: "ferries".into(), ..version(1) };
        db.learned_save(&version(1), b"a", 0, None).await.unwrap().unwrap();
        db.learned_save(&other, b"b", 0, None).await.unwrap().unwrap();
        assert_eq!(db.learned_versions("main").await.unwrap().len(), 1);
        assert_eq!(db.learned_versions("ferries").await.unwrap().len(), 1);
    }
}
