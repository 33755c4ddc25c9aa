//! Cards, commands and operators.

use crate::ledger::{day, ride, top_up};
use crate::place::{DAY, actor, on_both};
use fares::{FareCommand, Satang};
use gtfs::Timestamp;
use std::sync::Arc;
use store::{
    Actor, CardChange, CardState, CommandAsked, CommandEvent, CommandResult, Concession, DayState,
    FareCommit, Inspection, Operator, OperatorRole, Sealed, StoreError,
};

fn asked(key: &str, card: &str, needs_approval: bool) -> CommandAsked {
    CommandAsked {
        key: key.into(),
        command: FareCommand::Deny { card: card.into() },
        agency: "".into(),
        needs_approval,
    }
}

fn somebody(who: &str) -> Actor {
    Actor { who: who.into(), role: "fares".into(), reason: "stolen".into(), ..actor() }
}

on_both! {
    async fn a_card_is_seen_registered_conceded_and_replaced(place: &Place) {
        let db = place.open().await;
        let card: Arc<str> = "a".into();
        let commit = |cards, at| FareCommit { at: Timestamp(at), cards, ..FareCommit::default() };
        db.fares_commit(&commit(vec![CardChange::seen(&card)], 1)).await.unwrap();
        assert_eq!(db.card(&card).await.unwrap().unwrap().state, CardState::Unregistered);
        let concession = Concession { category: "senior".into(), from: day(), to: day().next() };
        let changes = vec![
            CardChange { concession: Some(concession.clone()), ..CardChange::to(&card, CardState::Active) },
            CardChange { deposit: Some(Satang(5_000)), ..CardChange::seen(&card) },
            CardChange::seen(&"b".into()),
        ];
        db.fares_commit(&commit(changes, 2)).await.unwrap();
        let shorter = Concession { to: day(), ..concession };
        let changes = vec![
            CardChange { concession: Some(shorter.clone()), ..CardChange::seen(&card) },
            CardChange { replaced_by: Some("b".into()), ..CardChange::to(&card, CardState::Lost) },
            CardChange::seen(&card),
        ];
        db.fares_commit(&commit(changes, 3)).await.unwrap();
        let stored = db.card(&card).await.unwrap().unwrap();
        assert_eq!((stored.state, stored.deposit), (CardState::Lost, Satang(5_000)));
        assert_eq!((stored.opened, stored.changed), (Timestamp(1), Timestamp(3)));
        assert_eq!((stored.replaced_by, stored.concessions), (Some("b".into()), vec![shorter]));
        assert_eq!(db.cards_in(CardState::Unregistered, "", 10).await.unwrap(), [Arc::<str>::from("b")]);
        assert_eq!(db.cards(&["b".into(), "x".into()]).await.unwrap().len(), 1);
    }

    async fn a_command_sent_twice_is_one_command(place: &Place) {
        let db = place.open().await;
        let first = db.fare_command_ask(&asked("k1", "a", false), &somebody("somchai")).await.unwrap();
        assert_eq!((first.id, first.event), (1, Some(CommandEvent::Ready)));
        let again = db.fare_command_ask(&asked("k1", "a", false), &somebody("somchai")).await.unwrap();
        assert_eq!(again, first);
        let other = db.fare_command_ask(&asked("k1", "b", false), &somebody("somchai")).await;
        assert!(matches!(&other, Err(StoreError::Refused(why)) if why.contains("k1")), "{other:?}");
        for broken in [asked("", "a", false), asked("k2", "a\tb", false), asked("k3", "a\n", false)] {
            assert!(db.fare_command_ask(&broken, &somebody("somchai")).await.is_err(), "{broken:?}");
        }
        let audit = db.audit_after(0, 10).await.unwrap();
        assert_eq!(audit.len(), 1);
        assert_eq!(audit[0].change.after, "deny", "a card stands in no log");
        assert_eq!(db.fare_commands_after(0, 10).await.unwrap(), [(1, first)]);
    }

    async fn a_command_that_needs_four_eyes_waits_for_somebody_else(place: &Place) {
        let db = place.open().await;
        db.fare_command_ask(&asked("k1", "a", true), &somebody("somchai")).await.unwrap();
        db.fare_command_ask(&asked("k2", "b", false), &somebody("somchai")).await.unwrap();
        db.fare_command_ask(&asked("k3", "c", true), &somebody("somchai")).await.unwrap();
        let ids = async |cursor| -> Vec<(i64, i64)> {
            db.fare_commands_after(cursor, 10).await.unwrap().iter().map(|(event, c)| (*event, c.id)).collect()
        };
        assert_eq!(ids(0).await, [(1, 2)]);
        let waiting = db.fare_commands(true, 0, 10).await.unwrap();
        assert_eq!(waiting.iter().map(|c| c.id).collect::<Vec<_>>(), [1, 3]);
        let own = db.fare_command_approve(1, true, &somebody("somchai")).await;
        assert!(matches!(&own, Err(StoreError::Refused(why)) if why.contains("somebody else")), "{own:?}");
        assert!(db.fare_command_approve(1, true, &somebody("malee")).await.unwrap());
        assert!(!db.fare_command_approve(1, false, &somebody("malee")).await.unwrap());
        assert!(db.fare_command_approve(3, false, &somebody("malee")).await.unwrap());
        // The cursor that has seen the second command sees the first one now: none is skipped.
        assert_eq!(ids(1).await, [(2, 1)]);
        let result = CommandResult { command: 1, done: false, detail: "the card is closed".into() };
        db.fares_commit(&FareCommit { commands: vec![result], ..FareCommit::default() }).await.unwrap();
        let seen = db.fare_command(1).await.unwrap().unwrap();
        assert_eq!((seen.event, &*seen.detail), (Some(CommandEvent::Failed), "the card is closed"));
        assert_eq!(db.fare_command(3).await.unwrap().unwrap().event, Some(CommandEvent::Refused));
        assert!(db.fare_commands(true, 0, 10).await.unwrap().is_empty());
    }

    async fn commands_and_what_became_of_them_are_never_changed(place: &Place) {
        let db = place.open().await;
        db.fare_command_ask(&asked("k1", "a", false), &somebody("somchai")).await.unwrap();
        for sql in ["update fare_command set who = 'x'", "delete from fare_command_event", "update fare_command_event set event = 'done'"] {
            assert!(place.execute(sql).await.is_err(), "{sql}");
        }
    }

    async fn an_operator_is_known_by_the_token_until_it_is_taken_back(place: &Place) {
        let db = place.open().await;
        let mut operator = Operator {
            name: "somchai".into(),
            role: OperatorRole::Fares,
            agency: "".into(),
            token_sha256: vec![1; 32],
            created: DAY,
            revoked: None,
        };
        db.operator_put(&operator, &actor()).await.unwrap();
        assert_eq!(db.operator_of_token(&[1; 32]).await.unwrap().as_ref(), Some(&operator));
        (operator.role, operator.token_sha256) = (OperatorRole::Auditor, vec![2; 32]);
        db.operator_put(&operator, &actor()).await.unwrap();
        assert_eq!(db.operator_of_token(&[1; 32]).await.unwrap(), None, "the old token");
        let twin = Operator { name: "malee".into(), ..operator.clone() };
        assert!(matches!(db.operator_put(&twin, &actor()).await, Err(StoreError::Refused(_))));
        assert!(db.operator_revoke("somchai", &actor()).await.unwrap());
        assert!(!db.operator_revoke("somchai", &actor()).await.unwrap());
        assert_eq!(db.operator_of_token(&[2; 32]).await.unwrap(), None);
        assert_eq!(db.operators().await.unwrap().len(), 1);
        let rows = db.audit_after(0, 10).await.unwrap();
        assert!(rows.iter().all(|row| !row.change.after.contains("token")), "{rows:?}");
    }

    async fn inspections_of_a_card_come_newest_first(place: &Place) {
        let db = place.open().await;
        let card: Arc<str> = "a".into();
        for n in 0..3 {
            let found = Inspection { at: Timestamp(n), card: Arc::clone(&card), who: "malee".into(), place: "EV-07".into(), found: "valid".into() };
            db.inspection(&found).await.unwrap();
        }
        let newest = db.inspections(&card, 2).await.unwrap();
        assert_eq!(newest.iter().map(|i| i.at.0).collect::<Vec<_>>(), [2, 1]);
    }

    async fn a_closed_day_gets_no_journal_and_never_changes(place: &Place) {
        let db = place.open().await;
        db.fares_commit(&ride("a", 1)).await.unwrap();
        assert_eq!(db.day(day()).await.unwrap(), None);
        db.day_step(day(), DayState::Cut, "cut", DAY).await.unwrap();
        db.day_step(day(), DayState::Balanced, "check", DAY).await.unwrap();
        let hash = db.day_hash(day()).await.unwrap();
        assert_eq!((hash.journals, hash.previous), (1, None));
        // A journal that came after the hash.
        db.fares_commit(&FareCommit { journals: vec![top_up("psp:1", "a", 700)], ..FareCommit::default() }).await.unwrap();
        let sealed = Sealed { hash, seal: vec![1] };
        assert!(matches!(db.day_close(day(), &sealed, &actor()).await, Err(StoreError::Refused(_))));
        let sealed = Sealed { hash: db.day_hash(day()).await.unwrap(), seal: vec![1] };
        db.day_close(day(), &sealed, &actor()).await.unwrap();
        let late = db.fares_commit(&FareCommit { journals: vec![top_up("psp:2", "a", 700)], ..FareCommit::default() }).await;
        assert!(matches!(&late, Err(StoreError::Refused(why)) if why.contains("closed")), "{late:?}");
        assert!(db.day_step(day(), DayState::Open, "", DAY).await.is_err());
        assert!(db.day_close(day(), &sealed, &actor()).await.is_err());
        assert!(place.execute("update day set state = 'open'").await.is_err());
        assert!(place.execute("delete from day").await.is_err());
        assert_eq!(db.day(day()).await.unwrap().unwrap().sealed, Some(sealed.clone()));
        let next = db.day_hash(day().next()).await.unwrap();
        assert_eq!((next.previous, next.journals), (Some(day()), 0));
        assert!(matches!(db.day_hash(day().previous()).await, Err(StoreError::Refused(_))), "days close in order");
        assert_eq!(db.days_verify().await.unwrap(), (1, vec![]));
    }
}

#[tokio::test]
async fn who_a_card_belongs_to_is_gone_when_it_is_erased() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity.db");
    let identities = store::IdentityStore::open(&path).await.unwrap();
    let sealed = store::SealedIdentity {
        key: b"KEYKEYKEYKEYKEYKEYKEY".repeat(4),
        person: b"PERSONPERSONPERSON".repeat(4),
        changed: DAY,
    };
    identities.put(&[7; 32], &sealed).await.unwrap();
    assert_eq!(identities.get(&[7; 32]).await.unwrap(), Some(sealed));
    assert!(identities.erase(&[7; 32]).await.unwrap());
    assert!(!identities.erase(&[7; 32]).await.unwrap());
    assert_eq!(identities.get(&[7; 32]).await.unwrap(), None);
    identities.close().await;
    let left = std::fs::read(&path).unwrap();
    for erased in [&b"KEYKEY"[..], b"PERSON"] {
        assert!(!left.windows(erased.len()).any(|bytes| bytes == erased), "it still stands in the file");
    }
}
