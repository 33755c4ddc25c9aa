//! The ledger: what is committed reads back, is never made twice, and shows every changed bit.

use crate::place::{DAY, on_both};
use fares::{
    Account, Discrepancy, Journal, JournalKind, Leg, LegId, LegStatus, Movement, Occasion, Posting, Price,
    Satang, TapId, TapKind,
};
use gtfs::{ServiceDay, Timestamp};
use std::sync::Arc;
use store::{Db, FareCommit, HoldChange, KnownHeads, Lease, LegRow, StoreError, TapState};

pub(crate) fn day() -> ServiceDay {
    ServiceDay::parse("20261120").unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp(DAY.0 + second * 1_000_000)
}

fn tap_id(seq: i64) -> TapId {
    TapId { terminal: "T-1".into(), epoch: 1, seq }
}

fn leg_id(seq: i64) -> LegId {
    LegId { tap: tap_id(seq), companion: 0 }
}

pub(crate) fn tap(card: &str, seq: i64) -> TapState {
    TapState {
        tap: seq,
        id: tap_id(seq),
        rev: 1,
        card: card.into(),
        kind: TapKind::On,
        pax: 1,
        fate: "leg".into(),
        leg: Some(leg_id(seq)),
        service_day: day(),
        agency: "A".into(),
        network: "bus".into(),
        t: at(seq),
        method: "uptime".into(),
        bound_ms: 180,
        vehicle: "EV-07".into(),
        trip: "r3_0715".into(),
        stop: "P04".into(),
        route: "".into(),
        ride_start_s: None,
        sequence: None,
    }
}

pub(crate) fn leg(card: &str, seq: i64, rev: u32, charge: i64) -> LegRow {
    let price = Price {
        full: Satang(1_500),
        alone: Satang(1_500),
        transfer: Satang(0),
        capped: Satang(charge - 1_500),
        charge: Satang(charge),
        tariff: "2026a".into(),
        product: "bus adult".into(),
        after: (seq > 1).then(|| leg_id(seq - 1)),
        cap: Some("day".into()),
    };
    let leg = Leg {
        id: leg_id(seq),
        card: card.into(),
        off: Some(tap_id(seq + 1)),
        status: LegStatus::Complete,
        service_day: day(),
        agency: "A".into(),
        network: "bus".into(),
        route: "r3".into(),
        trip: "r3_0715".into(),
        vehicle: "EV-07".into(),
        from: "P04".into(),
        to: "P09".into(),
        start: at(seq),
        end: at(seq + 600),
        price,
    };
    LegRow { rev, waived: Satang(0), posting_day: leg.service_day, leg, share: None }
}

/// The postings of a leg's revision.
pub(crate) fn charge(row: &LegRow) -> Journal {
    let revision = Some((row.leg.id.clone(), row.rev));
    let line = |account, debit| Posting { account, debit: Satang(debit), leg: revision.clone() };
    let amount = row.leg.price.charge.0;
    Journal {
        kind: JournalKind::Fare,
        cause: format!("fare:{}", row.leg.id).into(),
        service_day: day(),
        posting_day: day(),
        effective: row.leg.end,
        posted: row.leg.end,
        postings: vec![
            line(Account::Card(Arc::clone(&row.leg.card)), amount),
            line(Account::FareClearing, -amount),
        ],
    }
}

pub(crate) fn top_up(cause: &str, card: &str, amount: i64) -> Journal {
    let occasion = Occasion {
        cause: cause.into(),
        service_day: day(),
        posting_day: day(),
        effective: at(1),
        posted: at(2),
    };
    let by = fares::post::Payer::Psp("omise".into());
    fares::post(occasion, &Movement::TopUp { card: card.into(), amount: Satang(amount), by }).unwrap()
}

/// One ride of `card`: tap, leg and charge.
pub(crate) fn ride(card: &str, seq: i64) -> FareCommit {
    let row = leg(card, seq, 1, 1_500);
    FareCommit {
        at: at(seq + 700),
        salt: [seq as u8; 16],
        taps: vec![tap(card, seq)],
        journals: vec![charge(&row)],
        legs: vec![row],
        ..FareCommit::default()
    }
}

fn paid(journals: Vec<Journal>) -> FareCommit {
    FareCommit { at: at(2), journals, ..FareCommit::default() }
}

async fn faults(db: &Db) -> Vec<String> {
    let verdict = db.ledger_verify().await.unwrap();
    verdict.faults.into_iter().map(|fault| format!("{}: {}", fault.place, fault.reason)).collect()
}

on_both! {
    async fn a_commit_reads_back_as_it_was_written(place: &Place) {
        let db = place.open().await;
        let card: Arc<str> = "a".into();
        db.fares_commit(&paid(vec![top_up("psp:1", "a", 10_000)])).await.unwrap();
        let commit = FareCommit {
            cursors: vec![("taps".into(), 7)],
            holds: vec![HoldChange { leg: leg_id(9), card: Arc::clone(&card), amount: Some(Satang(1_500)) }],
            ..ride("a", 5)
        };
        assert_eq!(db.fares_commit(&commit).await.unwrap().commit, Some(2));
        let history = db.card_history(&card, at(0)).await.unwrap();
        assert_eq!((history.taps, history.legs), (commit.taps, commit.legs));
        assert_eq!(history.balance, Satang(8_500));
        assert_eq!(history.holds.iter().map(|hold| hold.amount).collect::<Vec<_>>(), [Satang(1_500)]);
        assert_eq!(db.fare_cursor("taps").await.unwrap(), 7);
        assert_eq!(db.fare_cursor("commands").await.unwrap(), 0);
        let journals: Vec<Journal> =
            db.journals_of_day(day(), 0, 10).await.unwrap().into_iter().map(|row| row.journal).collect();
        assert_eq!(journals, [top_up("psp:1", "a", 10_000), commit.journals[0].clone()]);
        assert_eq!(db.journal_of_cause("psp:1").await.unwrap().unwrap().id, 1);
        assert_eq!(db.legs_of_day(day(), 0, 10).await.unwrap().len(), 1);
        assert_eq!(db.tap_states_of_day(day(), 0, 10).await.unwrap().len(), 1);
        assert_eq!(faults(&db).await, [""; 0]);
    }

    async fn the_same_cause_is_posted_once_and_never_with_something_else(place: &Place) {
        let db = place.open().await;
        db.fares_commit(&paid(vec![top_up("psp:1", "a", 10_000)])).await.unwrap();
        let again = db.fares_commit(&paid(vec![top_up("psp:1", "a", 10_000), top_up("psp:2", "a", 500)])).await.unwrap();
        assert_eq!((again.commit, again.known), (Some(2), vec!["psp:1".into()]));
        let other = db.fares_commit(&paid(vec![top_up("psp:3", "a", 700), top_up("psp:1", "a", 99)])).await;
        assert!(matches!(&other, Err(StoreError::Refused(why)) if why.contains("psp:1")), "{other:?}");
        let balances = db.balances(&[Account::Card("a".into()), Account::Card("b".into())]).await.unwrap();
        assert_eq!(balances.iter().map(|b| b.debit).collect::<Vec<_>>(), [Satang(-10_500)], "psp:3 is not there");
        assert_eq!(faults(&db).await, [""; 0]);
    }

    async fn a_journal_that_does_not_sum_to_zero_takes_its_whole_commit_with_it(place: &Place) {
        let db = place.open().await;
        let mut commit = ride("a", 1);
        commit.cursors = vec![("taps".into(), 7)];
        commit.journals[0].postings[1].debit = Satang(-1_499);
        let refused = db.fares_commit(&commit).await;
        assert!(matches!(&refused, Err(StoreError::Refused(why)) if why.contains("I1")), "{refused:?}");
        assert_eq!(db.fare_cursor("taps").await.unwrap(), 0);
        assert_eq!(db.ledger_verify().await.unwrap().rows.commits, 0);
    }

    async fn who_lost_the_lease_commits_nothing(place: &Place) {
        let db = place.open().await;
        let slept = db.lease_take("fares", "", "a", 0).await.unwrap().unwrap();
        let holder = db.lease_take("fares", "", "b", 10).await.unwrap().unwrap();
        let late = FareCommit { lease: Some(slept), ..ride("a", 1) };
        assert!(matches!(db.fares_commit(&late).await, Err(StoreError::Refused(_))));
        assert_eq!(db.ledger_verify().await.unwrap().rows.taps, 0);
        db.fares_commit(&FareCommit { lease: Some(holder), ..ride("a", 1) }).await.unwrap();
        assert_eq!(db.ledger_verify().await.unwrap().rows.taps, 1);
    }

    async fn the_newest_revision_since_a_time_is_what_a_history_has(place: &Place) {
        let db = place.open().await;
        for seq in [100, 200, 300] {
            db.fares_commit(&ride("a", seq)).await.unwrap();
            db.fares_commit(&ride("b", seq + 1_000)).await.unwrap();
        }
        // 200 is corrected after 300 came, and a tap from before all comes last.
        let corrected = leg("a", 200, 2, 1_200);
        db.fares_commit(&FareCommit { at: at(5_000), legs: vec![corrected.clone()], ..FareCommit::default() }).await.unwrap();
        db.fares_commit(&FareCommit { at: at(6_000), ..ride("a", 50) }).await.unwrap();
        let history = db.card_history(&"a".into(), at(150)).await.unwrap();
        assert_eq!(history.taps, [tap("a", 200), tap("a", 300)]);
        assert_eq!(history.legs, [corrected, leg("a", 300, 1, 1_500)]);
        let both = db.cards_histories(&["b".into(), "x".into(), "a".into()], at(0)).await.unwrap();
        let taps: Vec<(&str, usize)> = both.iter().map(|h| (&*h.card, h.taps.len())).collect();
        assert_eq!(taps, [("b", 3), ("x", 0), ("a", 4)]);
        // A share is added to the same revision.
        let shared = LegRow { share: Some(fares::engine::Share { agency: "bus".into(), amount: Satang(700) }), ..leg("a", 300, 1, 1_500) };
        db.fares_commit(&FareCommit { at: at(7_000), legs: vec![shared.clone()], ..FareCommit::default() }).await.unwrap();
        assert_eq!(db.card_history(&"a".into(), at(250)).await.unwrap().legs, [shared]);
    }

    async fn thousands_of_cards_are_loaded_at_once(place: &Place) {
        let db = place.open().await;
        let cards: Vec<Arc<str>> = (0..700).map(|n| format!("card-{n}").into()).collect();
        let mut commit = FareCommit { at: at(9_000), ..FareCommit::default() };
        for seq in 0..2_100 {
            let of = ride(&cards[seq as usize % 700], seq);
            commit.taps.extend(of.taps);
            commit.legs.extend(of.legs);
            commit.journals.extend(of.journals);
        }
        db.fares_commit(&commit).await.unwrap();
        let histories = db.cards_histories(&cards, at(0)).await.unwrap();
        assert!(histories.iter().all(|h| h.taps.len() == 3 && h.legs.len() == 3 && h.balance == Satang(-4_500)));
        assert_eq!(faults(&db).await, [""; 0]);
    }

    async fn holds_are_set_changed_and_ended(place: &Place) {
        let db = place.open().await;
        let hold = |seq, amount: Option<i64>| HoldChange { leg: leg_id(seq), card: "a".into(), amount: amount.map(Satang) };
        let commit = |holds| FareCommit { at: at(1), holds, ..FareCommit::default() };
        db.fares_commit(&commit(vec![hold(1, Some(500)), hold(2, Some(700)), hold(1, Some(600))])).await.unwrap();
        db.fares_commit(&commit(vec![hold(2, None), hold(3, None)])).await.unwrap();
        let held = db.holds_after("", 10).await.unwrap();
        assert_eq!(held.iter().map(|h| (h.leg.clone(), h.amount)).collect::<Vec<_>>(), [(leg_id(1), Satang(600))]);
        assert_eq!(db.holds_after("a", 10).await.unwrap(), []);
    }

    async fn heads_that_are_known_count_only_until_somebody_else_commits(place: &Place) {
        let (db, mut known) = (place.open().await, KnownHeads::default());
        db.fares_commit_after(&ride("a", 1), &mut known).await.unwrap();
        db.fares_commit_after(&ride("a", 2), &mut known).await.unwrap();
        db.fares_commit(&ride("a", 3)).await.unwrap();
        let refused = FareCommit { journals: vec![charge(&leg("a", 9, 1, 1))], ..ride("a", 4) };
        db.fares_commit_after(&FareCommit { lease: Some(Lease { role: "fares".into(), shard: "".into(), holder: "x".into(), epoch: 7 }), ..refused }, &mut known).await.unwrap_err();
        for seq in 4..=5 {
            db.fares_commit_after(&ride("a", seq), &mut known).await.unwrap();
        }
        let history = db.card_history(&"a".into(), at(0)).await.unwrap();
        assert_eq!((history.taps.len(), history.legs.len()), (5, 5));
        assert_eq!(faults(&db).await, [""; 0]);
    }

    async fn books_are_summed_up_again_from_journals_alone(place: &Place) {
        let db = place.open().await;
        db.fares_commit(&paid(vec![top_up("psp:1", "a", 10_000)])).await.unwrap();
        db.fares_commit(&ride("a", 1)).await.unwrap();
        let (books, last) = db.books(i64::MAX).await.unwrap();
        assert_eq!((books.stored_value(), last), (Some(Satang(8_500)), 2));
        assert_eq!(db.books(1).await.unwrap().0.stored_value(), Some(Satang(10_000)));
        assert_eq!(db.balances_after("", 10).await.unwrap().len(), 3);
        assert_eq!(db.journal_ids_of(&Account::Card("a".into()), 0, 10).await.unwrap(), [1], "rides come at the close");
    }

    async fn a_discrepancy_is_found_once_assigned_and_resolved_with_a_reason(place: &Place) {
        let db = place.open().await;
        let found = Discrepancy {
            kind: "clone_suspected".into(),
            cause: "clone:T-1/1/7".into(),
            subject: "T-1/1/7".into(),
            amount: None,
            day: day(),
            found: at(1),
            detail: "two taps 4 km and 20 s apart".into(),
        };
        for _ in 0..2 {
            let commit = FareCommit { discrepancies: vec![found.clone()], ..FareCommit::default() };
            db.fares_commit(&commit).await.unwrap();
        }
        let open = db.discrepancies(store::DiscrepancyState::Open, 0, 10).await.unwrap();
        assert_eq!(open.iter().map(|d| &d.found).collect::<Vec<_>>(), [&found]);
        let by = crate::place::actor();
        assert!(db.discrepancy_assign(open[0].id, "somchai", &by).await.unwrap());
        assert!(db.discrepancy_resolve(open[0].id, " ", &by).await.is_err());
        assert!(db.discrepancy_resolve(open[0].id, "a relay test", &by).await.unwrap());
        assert!(!db.discrepancy_resolve(open[0].id, "again", &by).await.unwrap());
        let done = db.discrepancy(open[0].id).await.unwrap().unwrap();
        assert_eq!((&*done.resolution, done.state.word()), ("a relay test", "resolved"));
        let actions: Vec<String> =
            db.audit_after(0, 10).await.unwrap().into_iter().map(|row| row.change.action).collect();
        assert_eq!(actions, ["discrepancy_assign", "discrepancy_resolve"]);
    }

    async fn the_database_refuses_to_change_or_delete_what_was_posted(place: &Place) {
        let db = place.open().await;
        db.fares_commit(&ride("a", 1)).await.unwrap();
        for sql in [
            "update journal set postings = ''",
            "delete from journal",
            "update leg set charge_satang = 0",
            "update leg set from_stop = 'P05'",
            "update leg set from_stop = '', to_stop = '', trip = '', vehicle = '', off_tap = null, start_us = 0, end_us = 0, rev = 2",
            "delete from leg",
            "update tap_state set stop = 'P05'",
            "delete from tap_state",
            "update ledger_commit set hash = digest_of_nothing",
            "delete from ledger_commit",
        ] {
            assert!(place.execute(sql).await.is_err(), "{sql}");
        }
        assert_eq!(faults(&db).await, [""; 0]);
    }
}
