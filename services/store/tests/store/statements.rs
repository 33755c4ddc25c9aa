//! Files of payment services and banks, and the sums that the finance office reads.

use crate::ledger::{day, ride, top_up};
use crate::place::{DAY, actor, on_both};
use fares::reconcile::{bank, psp};
use fares::{Account, Journal, JournalKind, Posting, Satang};
use std::sync::Arc;
use store::{FareCommit, Source, Statement, StoreError};

fn line(number: u32, reference: &str) -> psp::Line {
    psp::Line {
        number,
        reference: reference.into(),
        day: day(),
        status: psp::Status::Paid,
        amount: Satang(10_000),
        fee: Satang(150),
        payout: "PO-1".into(),
    }
}

fn bank_line(number: u32) -> bank::Line {
    bank::Line {
        number,
        reference: format!("B{number}").into(),
        day: day(),
        amount: Satang(-700),
        description: "ค่าธรรมเนียม".into(),
    }
}

fn suspended(cause: &str, amount: i64) -> Journal {
    let posting = |account, debit| Posting { account, debit: Satang(debit), leg: None };
    Journal {
        kind: JournalKind::Suspense,
        postings: vec![
            posting(Account::Bank("scb".into()), amount),
            posting(Account::Suspense("bank".into()), -amount),
        ],
        ..top_up(cause, "x", 1)
    }
}

fn statement(n: u8, journals: Vec<Journal>) -> Statement {
    Statement {
        sha256: vec![n; 32],
        source: Source::Psp,
        party: "omise".into(),
        name: "psp.csv".into(),
        refused: 1,
        psp: vec![(line(2, "R1"), "matched".into()), (line(3, "R2"), "no_ledger".into())],
        bank: Vec::new(),
        commit: FareCommit { at: DAY, journals, ..FareCommit::default() },
    }
}

on_both! {
    async fn a_file_is_stored_once_with_all_that_follows_from_it(place: &Place) {
        let db = place.open().await;
        let file = statement(1, vec![suspended("psp:omise:R2", 10_000)]);
        assert!(!db.statement_known(&file.sha256).await.unwrap());
        assert!(db.statement_store(&file, &actor()).await.unwrap());
        assert!(db.statement_known(&file.sha256).await.unwrap());
        assert!(!db.statement_store(&file, &actor()).await.unwrap());
        assert_eq!(db.psp_lines("omise", &["R2".into(), "R9".into()]).await.unwrap(), [line(3, "R2")]);
        assert_eq!(db.psp_lines("other", &["R2".into()]).await.unwrap(), []);
        let payouts = db.psp_lines_of_payouts(&["PO-1".into(), "".into()]).await.unwrap();
        assert_eq!(payouts.iter().map(|(psp, line)| (&**psp, line.number)).collect::<Vec<_>>(), [("omise", 2), ("omise", 3)]);
        assert_eq!(db.audit_after(0, 10).await.unwrap().len(), 1);
        // A journal that says something else takes the whole file with it.
        let other = statement(2, vec![suspended("psp:omise:R2", 9_999)]);
        assert!(matches!(db.statement_store(&other, &actor()).await, Err(StoreError::Refused(_))));
        assert!(!db.statement_known(&other.sha256).await.unwrap());
        let lines = vec![(bank_line(2), Arc::from("unmatched"))];
        let of_bank = Statement { source: Source::Bank, party: "scb".into(), psp: Vec::new(), bank: lines, ..statement(3, vec![]) };
        assert!(db.statement_store(&of_bank, &actor()).await.unwrap());
        assert_eq!(db.bank_lines("scb", &["B2".into()]).await.unwrap(), [bank_line(2)]);
    }

    async fn what_the_ledger_has_of_payments_is_found_by_its_reference(place: &Place) {
        let db = place.open().await;
        let back = Journal {
            kind: JournalKind::Chargeback,
            postings: top_up("x", "a", 500).postings.into_iter().map(|p| Posting { debit: Satang(-p.debit.0), ..p }).collect(),
            ..top_up("psp:omise:R1:chargeback", "a", 500)
        };
        let early = Journal { service_day: day().previous(), ..top_up("psp:omise:R0", "a", 1) };
        let journals = vec![early, top_up("psp:omise:R1", "a", 500), back];
        db.fares_commit(&FareCommit { journals, ..FareCommit::default() }).await.unwrap();
        let booked = db.psp_booked("omise", day(), day()).await.unwrap();
        let shown: Vec<(&str, i64)> = booked.iter().map(|b| (&*b.reference, b.amount.0)).collect();
        assert_eq!(shown, [("R1", 500), ("R1", -500)]);
        assert_eq!(db.psp_booked("omise", day().previous(), day()).await.unwrap().len(), 3);
    }

    async fn the_float_counts_what_is_owed_and_no_debt_lowers_it(place: &Place) {
        let db = place.open().await;
        assert_eq!(db.float().await.unwrap(), Satang(0));
        let posting = |account: &str, debit| Posting { account: Account::parse(account).unwrap(), debit: Satang(debit), leg: None };
        let others = Journal {
            postings: vec![posting("psp_receivable:omise", 900), posting("card_deposit", -500), posting("dormant", -400)],
            ..top_up("d", "x", 1)
        };
        db.fares_commit(&FareCommit { journals: vec![top_up("psp:1", "a", 10_000), others], ..FareCommit::default() }).await.unwrap();
        db.fares_commit(&ride("debtor", 5)).await.unwrap();
        assert_eq!(db.float().await.unwrap(), Satang(10_900));
        let (books, _) = db.books(i64::MAX).await.unwrap();
        assert_eq!(books.float(), Some(Satang(10_900)), "the sum of the journals says the same");
    }

    async fn the_age_of_suspense_needs_its_own_journals_alone(place: &Place) {
        let db = place.open().await;
        let journals = vec![suspended("a", 700), top_up("psp:1", "a", 10_000), suspended("b", -200)];
        db.fares_commit(&FareCommit { journals, ..FareCommit::default() }).await.unwrap();
        let aged = db.suspense_books().await.unwrap().aged_suspense(day());
        assert_eq!((aged.len(), aged[0].by_age[0]), (1, Satang(500)));
    }

    async fn rides_stand_under_their_cards_once_their_day_is_written(place: &Place) {
        let db = place.open().await;
        db.fares_commit(&ride("a", 5)).await.unwrap();
        let card = Account::Card("a".into());
        assert_eq!(db.journal_ids_of(&card, 0, 10).await.unwrap(), [0i64; 0]);
        for _ in 0..2 {
            db.journal_accounts_write(day()).await.unwrap();
            assert_eq!(db.journal_ids_of(&card, 0, 10).await.unwrap(), [1]);
        }
    }
}
