//! Versions of the tariff.

use crate::place::{actor, on_both};
use gtfs::Timestamp;
use store::tariff_version::SETTLED_S;
use store::{Actor, StoreError, TariffEvent, TariffProposed, TariffState};

const FROM: Timestamp = Timestamp::from_s(1_800_000_000);
const NOW: Timestamp = Timestamp::from_s(1_799_000_000);

fn proposed(version: &str, toml: &str) -> TariffProposed {
    TariffProposed { version: version.into(), toml: toml.into(), valid_from: FROM, shadow: "{}".into() }
}

fn somebody(who: &str, at: Timestamp) -> Actor {
    Actor { who: who.into(), role: "fares".into(), at, ..actor() }
}

fn refused<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Err(StoreError::Refused(why)) => why,
        other => panic!("{other:?}"),
    }
}

on_both! {
    async fn two_others_agree_to_a_version_and_everything_is_audited(place: &Place) {
        let db = place.open().await;
        let approve = async |who: &str, at| db.tariff_decide("a", TariffEvent::Approve, &somebody(who, at)).await;
        assert_eq!(approve("malee", NOW).await, Ok(None), "there is none such");
        assert!(db.tariff_propose(&proposed("a", "x"), &somebody("somchai", NOW)).await.unwrap());
        assert!(!db.tariff_propose(&proposed("a", "x"), &somebody("malee", NOW)).await.unwrap(), "the same again");
        assert!(refused(db.tariff_propose(&proposed("a", "y"), &somebody("malee", NOW)).await).contains("own name"));
        assert!(refused(approve("somchai", NOW).await).contains("2 others must agree"));
        assert_eq!(approve("malee", NOW).await.unwrap().unwrap().state(NOW), TariffState::Proposed);
        assert!(refused(approve("malee", NOW).await).contains("somebody else must too"));
        assert_eq!(approve("anan", NOW).await.unwrap().unwrap().state(NOW), TariffState::Approved);
        assert!(refused(approve("kanya", NOW).await).contains("already"));
        let version = db.tariff_version("a").await.unwrap().unwrap();
        assert_eq!((&*version.who, version.decisions.len(), version.valid_from), ("somchai", 2, FROM));
        assert_eq!(version.state(FROM.plus_s(1.0)), TariffState::Approved);
        assert_eq!(db.tariff_text("a").await.unwrap(), Some(("x".into(), "{}".into())));
        let audit = db.audit_after(0, 10).await.unwrap();
        let told: Vec<String> =
            audit.iter().map(|row| format!("{} {} {}", row.actor.who, row.change.action, row.change.subject)).collect();
        let (propose, agree) = ("tariff_propose tariff:a", "tariff_approve tariff:a");
        assert_eq!(told, [format!("somchai {propose}"), format!("malee {agree}"), format!("anan {agree}")]);
    }

    async fn a_version_that_is_not_agreed_to_in_time_never_applies(place: &Place) {
        let db = place.open().await;
        let late = FROM.plus_s(1.0 - SETTLED_S);
        assert!(refused(db.tariff_propose(&proposed("a", "x"), &somebody("somchai", late)).await).contains("too soon"));
        db.tariff_propose(&proposed("a", "x"), &somebody("somchai", NOW)).await.unwrap();
        db.tariff_decide("a", TariffEvent::Approve, &somebody("malee", NOW)).await.unwrap();
        let second = db.tariff_decide("a", TariffEvent::Approve, &somebody("anan", late)).await;
        assert!(refused(second).contains("never applies"));
        let version = db.tariff_version("a").await.unwrap().unwrap();
        assert_eq!((version.state(NOW), version.state(FROM)), (TariffState::Proposed, TariffState::Lapsed));
    }

    async fn a_version_is_withdrawn_until_it_applies_and_then_nothing_changes_it(place: &Place) {
        let db = place.open().await;
        for version in ["a", "b", "c"] {
            db.tariff_propose(&proposed(version, version), &somebody("somchai", NOW)).await.unwrap();
        }
        let decide = async |version: &str, event, who: &str, at| {
            db.tariff_decide(version, event, &somebody(who, at)).await
        };
        decide("a", TariffEvent::Approve, "malee", NOW).await.unwrap();
        let both = decide("b", TariffEvent::Approve, "malee", NOW).await;
        assert!(refused(both).contains("a applies from the same time on"));
        let gone = decide("a", TariffEvent::Withdraw, "somchai", NOW).await.unwrap().unwrap();
        assert_eq!(gone.state(NOW), TariffState::Withdrawn);
        assert!(refused(decide("a", TariffEvent::Approve, "anan", NOW).await).contains("withdrawn"));
        assert!(refused(decide("a", TariffEvent::Withdraw, "anan", NOW).await).contains("withdrawn"));
        decide("b", TariffEvent::Approve, "malee", NOW).await.unwrap();
        decide("b", TariffEvent::Approve, "anan", NOW).await.unwrap();
        assert!(refused(decide("b", TariffEvent::Withdraw, "malee", FROM).await).contains("never changed"));
        for sql in [
            "update tariff_version set toml = 'z' where version = 'b'",
            "delete from tariff_version where version = 'c'",
            "update tariff_version_event set who = 'x' where version = 'b'",
            "delete from tariff_version_event where version = 'b'",
        ] {
            assert!(place.execute(sql).await.is_err(), "{sql}");
        }
    }
}
