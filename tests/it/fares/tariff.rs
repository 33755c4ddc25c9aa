//! A version of the tariff: proposed, held against what was charged, agreed to by two, and in force on its day alone.

use super::desk::Office;
use super::town::{PIERS, Town, day, tariff};
use crate::harness::{Backend, on_both};
use ::fares::Tariffs;
use ::fares::engine::Event;
use gtfs::{ServiceDay, Timestamp, Timetable};
use server::driver::fares::tariffs::InForce;
use server::finance::tariff::report::Report;
use server::finance::tariff::{Proposal, ProposeError, propose};
use server::ingest::enroll::local_actor;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;
use store::{Db, StoreError, TariffEvent, TariffState};

const TARIFF: &str = include_str!("../../../ops/sample-network/facts/tariff.toml");
const HOUR_S: f64 = 3_600.0;

/// A bus costs 20.00 from that day on.
fn dearer(version: &str, valid_from: &str) -> String {
    let toml = TARIFF.replace("sample-2026-01", version).replace("15.00", "20.00");
    toml.replace("valid_from = 2026-01-01", &format!("valid_from = {valid_from}"))
}

/// The routes and piers of the town.
fn timetable() -> Arc<Timetable> {
    let mut text = "zone Asia/Bangkok\nservice daily 20261101..20261231\n".to_owned();
    for (at, pier) in PIERS.iter().enumerate() {
        writeln!(text, "stop {pier} {} 0", at * 600).unwrap();
    }
    for route in 1..=5 {
        writeln!(text, "stop s{route}a 0 {0}\nstop s{route}b 900 {0}\nroute {route} bus", route * 500)
            .unwrap();
        writeln!(text, "trip b{route} route={route} : s{route}a 08:00 s{route}b 08:05").unwrap();
    }
    let calls = PIERS.iter().enumerate().map(|(at, pier)| format!("{pier} 08:{:02}", at * 9));
    writeln!(text, "route F1 ferry\ntrip f1 route=F1 : {}", calls.collect::<Vec<_>>().join(" ")).unwrap();
    Arc::new(gtfs::fixture::timetable(&text).unwrap())
}

async fn ask(
    db: &Db,
    toml: &str,
    valid_from: ServiceDay,
    who: &str,
    now: Timestamp,
) -> Result<Arc<str>, String> {
    let files = Tariffs::new(vec![tariff()]);
    let by = local_actor(now, who);
    let (name, timetable) = ("t.toml", timetable());
    let proposal = Proposal { db, files: &files, timetable, name, toml, valid_from, by };
    propose(proposal, |_| {}).await.map_err(|why| match why {
        ProposeError::Refused(why) => why,
        ProposeError::Failed(failure) => format!("failed: {failure:#}"),
    })
}

async fn agree(db: &Db, version: &str, who: &str, now: Timestamp) -> Result<TariffState, StoreError> {
    let decided = db.tariff_decide(version, TariffEvent::Approve, &local_actor(now, who)).await?;
    Ok(decided.unwrap().state(now))
}

#[test]
fn a_version_is_in_force_on_its_day_when_two_others_agreed_and_not_before() {
    on_both("tariff", async |backend| lives(backend).await);
}

async fn lives(backend: Backend) {
    let town = Town::new(7, 20, 3);
    let mut office = Office::open(&town, backend).await;
    let midnight = |n| day(n).start(chrono_tz::Asia::Bangkok);
    office.lives(Timestamp(0)..midnight(1)).await;
    let now = midnight(1).plus_s(4.0 * HOUR_S);
    office.desk.round(now).await.unwrap();

    let db = office.shelf.db.clone();
    assert_eq!(
        ask(&db, &dearer("2026-11", "2026-11-25"), day(2), "somchai", now).await.as_deref(),
        Ok("2026-11")
    );
    let (_, shadow) = db.tariff_text("2026-11").await.unwrap().unwrap();
    let report: Report = serde_json::from_str(&shadow).unwrap();
    assert!(report.all.legs_before > 0 && report.all.legs_before == report.all.legs_after, "{report}");
    assert!(report.dearer > 0 && report.cheaper == 0, "{report}");
    assert!(report.greatest.iter().all(|line| line.card.starts_with("card:") && line.card.len() == 21));

    let files = Tariffs::new(vec![tariff()]);
    let mut in_force = InForce::default();
    assert_eq!(in_force.news(&db, &files, None, now).await.unwrap().unwrap().all().len(), 1);
    assert!(
        matches!(agree(&db, "2026-11", "somchai", now).await, Err(StoreError::Refused(_))),
        "who proposed"
    );
    assert_eq!(agree(&db, "2026-11", "malee", now).await, Ok(TariffState::Proposed));
    assert!(matches!(agree(&db, "2026-11", "malee", now).await, Err(StoreError::Refused(_))), "twice");
    assert!(in_force.news(&db, &files, None, now).await.unwrap().is_none(), "one is not enough");
    assert_eq!(agree(&db, "2026-11", "anan", now).await, Ok(TariffState::Approved));

    let told = in_force.news(&db, &files, None, now).await.unwrap().expect("without a restart");
    assert!(in_force.news(&db, &files, None, now).await.unwrap().is_none(), "said once");
    office.desk.tell(now, vec![Event::Tariffs(told)]).await.unwrap();
    office.lives(midnight(1)..midnight(3)).await;
    office.desk.round(midnight(3).plus_s(4.0 * HOUR_S)).await.unwrap();
    for (n, version) in [(0, "sample-2026-01"), (1, "sample-2026-01"), (2, "2026-11")] {
        let legs = db.legs_of_day(day(n), 0, 10_000).await.unwrap();
        let by: BTreeSet<&str> = legs.iter().map(|(_, row)| &*row.leg.price.tariff).collect();
        assert_eq!(by.into_iter().collect::<Vec<_>>(), [version], "{backend:?} day {n}");
    }
    office.shelf.close().await;
}

#[test]
fn what_can_not_be_used_is_refused_with_what_to_change() {
    on_both("tariff refused", async |backend| refuses(backend).await);
}

async fn refuses(backend: Backend) {
    let town = Town::new(7, 1, 1);
    let office = Office::open(&town, backend).await;
    let (db, now) = (office.shelf.db.clone(), day(1).start(chrono_tz::Asia::Bangkok).plus_s(4.0 * HOUR_S));
    let good = dearer("a", "2026-11-25");
    // The time to change counts from the end of the next ride: who leaves out its tap-off has more of it.
    let teaches = good.replace("counted = \"end-to-start\"", "counted = \"end-to-end\"");
    for (toml, valid_from, says) in [
        (good.replace("currency", "curency"), day(2), "t.toml line"),
        (good.replace("version = \"a\"", "version = \"a/b\""), day(2), "letters, digits"),
        (good.clone(), day(3), "valid_from is 20261125 in the file, and 20261126 was given; make them one"),
        (dearer("a", "2026-11-24"), day(1), "that day has begun; take 20261125 or later"),
        (dearer("sample-2026-01", "2026-11-25"), day(2), "has the version sample-2026-01 already"),
        (good.replace("Asia/Bangkok", "Asia/Tokyo"), day(2), "timezone, day boundary and currency"),
        (teaches, day(2), "leaving_out_a_tap_pays"),
    ] {
        let refused = ask(&db, &toml, valid_from, "somchai", now).await.unwrap_err();
        assert!(refused.contains(says), "{backend:?}: {says}: {refused}");
    }
    assert_eq!(db.tariff_versions().await.unwrap(), []);

    ask(&db, &good, day(2), "somchai", now).await.unwrap();
    ask(&db, &good, day(2), "somchai", now).await.expect("the same again is the same");
    let other = ask(&db, &good.replace("20.00", "21.00"), day(2), "somchai", now).await.unwrap_err();
    assert!(other.contains("give this one its own name"), "{other}");
    office.shelf.close().await;
}
