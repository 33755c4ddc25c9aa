use super::*;
use crate::ingest::enroll::local_actor;
use fares::post::Payer;
use store::DiscrepancyState;

struct Office {
    db: Db,
    by: Actor,
    _folder: tempfile::TempDir,
}

impl Office {
    /// With these top-ups in the ledger: reference and satang.
    async fn with(top_ups: &[(&str, i64)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::connect(&format!("sqlite:{}", folder.path().join("p.db").display())).await.unwrap();
        // 2026-11-25, 12:00 in Bangkok.
        let by = local_actor(Timestamp::from_s(1_795_582_800), "test");
        let journal = |&(reference, satang): &(&str, i64)| {
            let movement =
                Movement::TopUp { card: "a".into(), amount: Satang(satang), by: Payer::Psp("omise".into()) };
            let day = ServiceDay::parse("20261120").unwrap();
            let of = empty(format!("psp:omise:{reference}"), day, by.at);
            let occasion = Occasion {
                cause: of.cause,
                service_day: day,
                posting_day: day,
                effective: of.effective,
                posted: of.posted,
            };
            post(occasion, &movement).unwrap()
        };
        let journals = top_ups.iter().map(journal).collect();
        db.fares_commit(&FareCommit { journals, ..FareCommit::default() }).await.unwrap();
        Self { db, by, _folder: folder }
    }

    async fn psp(&self, text: &str, dry_run: bool) -> Outcome {
        let mapping = Mapping::default();
        let given =
            Given { name: "psp.csv", party: "omise", bytes: text.as_bytes(), mapping: &mapping, dry_run };
        psp_file(&self.db, &given, &self.by).await.unwrap()
    }

    async fn bank(&self, text: &str) -> Outcome {
        let mapping = Mapping::default();
        let given = Given {
            name: "bank.csv",
            party: "scb",
            bytes: text.as_bytes(),
            mapping: &mapping,
            dry_run: false,
        };
        bank_file(&self.db, &given, &self.by).await.unwrap()
    }

    async fn credit(&self, account: &str) -> i64 {
        let account = Account::parse(account).unwrap();
        let balances = self.db.balances(std::slice::from_ref(&account)).await.unwrap();
        balances.first().map_or(0, |balance| -balance.debit.0)
    }

    async fn open(&self) -> Vec<String> {
        let found = self.db.discrepancies(DiscrepancyState::Open, 0, 100).await.unwrap();
        found.iter().map(|found| found.found.kind.as_ref().to_owned()).collect()
    }
}

const HEADER: &str = "reference,day,status,amount,fee,payout\n";

fn classes(outcome: &Outcome) -> Vec<(&str, u64)> {
    outcome.classes.iter().map(|(word, count)| (word.as_str(), *count)).collect()
}

#[tokio::test]
async fn three_ways_agree_and_every_claim_is_settled() {
    let office = Office::with(&[("R1", 10_000), ("R2", 5_000)]).await;
    let file = format!(
        "{HEADER}R1,2026-11-20,paid,100.00,1.50,PO-1\nR2,2026-11-21,paid,50.00,0.75,PO-1\nR3,2026-11-21,declined,9.00,0,\n"
    );
    let outcome = office.psp(&file, false).await;
    assert_eq!(classes(&outcome), [("declined", 1), ("matched", 2)]);
    assert_eq!((outcome.journals, outcome.discrepancies.len()), (0, 0));
    let outcome = office.bank("reference,day,amount,description\nB1,2026-11-22,147.75,OMISE PO-1\n").await;
    assert_eq!(classes(&outcome), [("payout", 1)]);
    assert_eq!(office.credit("psp_receivable:omise").await, 0);
    assert_eq!((office.credit("bank:scb").await, office.credit("psp_fee").await), (-14_775, -225));
    assert_eq!(office.open().await, [""; 0]);
}

#[tokio::test]
async fn what_does_not_match_stands_in_suspense_with_a_discrepancy() {
    let office = Office::with(&[("same", 10_000), ("less", 9_000), ("twice", 500), ("ours", 700)]).await;
    let file = format!(
        "{HEADER}same,2026-11-20,paid,100,0,PO\nless,2026-11-20,paid,100,0,PO\ntwice,2026-11-20,paid,5,0,PO\n\
         twice,2026-11-20,paid,5,0,PO\ntheirs,2026-11-22,paid,20,0,PO\nbad,2026-11-20,paid,abc,0,PO\n"
    );
    let outcome = office.psp(&file, false).await;
    let expected =
        [("amount_differs", 1), ("duplicate_ref", 2), ("matched", 1), ("no_ledger", 1), ("no_psp", 1)];
    assert_eq!(classes(&outcome), expected);
    assert_eq!(outcome.bad[0].to_string(), "line 7, amount: \"abc\" is no amount, write baht such as 100.00");
    // 10.00 more, 5.00 twice, 20.00 that nobody here knows of.
    assert_eq!(office.credit("suspense:psp").await, 1_000 + 500 + 2_000);
    // The payout pays for all of that, and for nothing that the ledger alone has.
    let outcome = office.bank("reference,day,amount,description\nB1,2026-11-23,230.00,PO\n").await;
    assert_eq!(classes(&outcome), [("payout", 1)]);
    assert_eq!(
        office.credit("psp_receivable:omise").await,
        -700,
        "the top-up that the payment service does not know"
    );
    let mut open = office.open().await;
    open.sort();
    assert_eq!(open, ["amount_differs", "duplicate_ref", "no_ledger", "no_psp"]);
    assert!(office.db.ledger_verify().await.unwrap().faults.is_empty());
}

#[tokio::test]
async fn the_same_file_again_and_the_same_lines_in_another_file_change_nothing() {
    let office = Office::with(&[("R1", 10_000)]).await;
    let file = format!("{HEADER}R1,2026-11-20,paid,90,0,PO\n");
    let trial = office.psp(&file, true).await;
    assert_eq!((classes(&trial), office.credit("suspense:psp").await), (vec![("amount_differs", 1)], 0));
    assert_eq!(office.psp(&file, false).await, trial, "what the trial said");
    assert_eq!(office.credit("suspense:psp").await, -1_000);
    assert!(office.psp(&file, false).await.known);
    let longer = format!("{file}R2,2026-11-21,paid,5,0,PO\n");
    let outcome = office.psp(&longer, false).await;
    assert_eq!((outcome.seen_before, classes(&outcome)), (1, vec![("no_ledger", 1)]));
    assert_eq!(office.credit("suspense:psp").await, -1_000 + 500);
    // The same reference with another amount is a second payment for one top-up.
    let other = office.psp(&format!("{HEADER}R1,2026-11-20,paid,10,0,PO2\n"), false).await;
    assert_eq!(classes(&other), [("duplicate_ref", 1)]);
}

#[tokio::test]
async fn a_bank_line_is_explained_or_stands_in_suspense() {
    let office = Office::with(&[]).await;
    let text = "reference,day,amount,description\nB1,2026-11-22,50.00,AGENT 7 DEPOSIT\nB2,2026-11-22,3.00,interest\n";
    let outcome = office.bank(text).await;
    assert_eq!(classes(&outcome), [("cash", 1), ("unmatched", 1)]);
    assert_eq!((office.credit("cash_agent:7").await, office.credit("suspense:bank").await), (5_000, 300));
    assert_eq!(office.open().await, ["bank_unmatched"]);
    let again = office.bank(&format!("{text}\n")).await;
    assert_eq!((again.seen_before, again.journals), (2, 0));
}

#[tokio::test]
async fn a_file_without_a_column_names_the_file_and_the_column() {
    let office = Office::with(&[]).await;
    let mapping = Mapping::default();
    let given =
        Given { name: "x.csv", party: "omise", bytes: b"a,b\n1,2\n", mapping: &mapping, dry_run: false };
    let refused = psp_file(&office.db, &given, &office.by).await.unwrap_err().to_string();
    assert!(refused.starts_with("x.csv, line 1") && refused.contains("\"reference\""), "{refused}");
}
