use super::*;
use crate::ingest::enroll::local_actor;
use fares::{Journal, JournalKind, Posting};
use std::sync::Mutex;
use store::FareCommit;

/// An engine that posts one ride and shares it out, and dies where it is told to.
struct Engine<'a> {
    db: &'a Db,
    dies: Mutex<Option<(Step, bool)>>,
    breach: bool,
}

impl<'a> Engine<'a> {
    fn new(db: &'a Db) -> Self {
        Self { db, dies: Mutex::new(None), breach: false }
    }

    /// Dies before a step does anything, or once it has.
    async fn step(&self, step: Step, journal: Option<Journal>) -> anyhow::Result<()> {
        let dies = *self.dies.lock().unwrap();
        anyhow::ensure!(dies != Some((step, false)), "killed");
        if let Some(journal) = journal {
            // As the engine does: what the cursor says is done is not done again.
            let cursor = format!("close:{}:{}", journal.posting_day, step.word());
            if self.db.fare_cursor(&cursor).await? == 0 {
                let commit = FareCommit {
                    cursors: vec![(cursor.into(), 1)],
                    journals: vec![journal],
                    ..FareCommit::default()
                };
                self.db.fares_commit(&commit).await?;
            }
        }
        anyhow::ensure!(dies != Some((step, true)), "killed");
        Ok(())
    }
}

fn journal(kind: JournalKind, day: ServiceDay, lines: &[(&str, i64)]) -> Journal {
    let posting = |&(account, debit): &(&str, i64)| Posting {
        account: Account::parse(account).unwrap(),
        debit: Satang(debit),
        leg: None,
    };
    Journal {
        kind,
        cause: format!("{}:{day}", kind.word()).into(),
        service_day: day,
        posting_day: day,
        effective: Timestamp(1),
        posted: Timestamp(2),
        postings: lines.iter().map(posting).collect(),
    }
}

impl FareWork for Engine<'_> {
    async fn end_legs(&self, _day: ServiceDay) -> anyhow::Result<()> {
        self.step(Step::EndLegs, None).await
    }

    async fn rate(&self, day: ServiceDay) -> anyhow::Result<()> {
        let ride = journal(JournalKind::Fare, day, &[("card:a", 1_200), ("fare_clearing", -1_200)]);
        self.step(Step::Rate, Some(ride)).await
    }

    async fn true_up(&self, _day: ServiceDay) -> anyhow::Result<()> {
        self.step(Step::TrueUp, None).await
    }

    async fn apportion(&self, day: ServiceDay) -> anyhow::Result<()> {
        let lines = [("fare_clearing", 1_200), ("agency_payable:A", -742), ("agency_payable:B", -458)];
        self.step(Step::Apportion, Some(journal(JournalKind::Apportion, day, &lines))).await
    }

    async fn recompute(&self, _day: ServiceDay) -> anyhow::Result<Vec<Breach>> {
        self.step(Step::Check, None).await?;
        let found = "the second code path charges 15.00, the ledger 12.00".to_owned();
        Ok(if self.breach { vec![Breach { invariant: "I2", found }] } else { Vec::new() })
    }
}

fn day() -> ServiceDay {
    ServiceDay::parse("20261120").unwrap()
}

struct Office {
    db: Db,
    key: ServerKey,
    folder: tempfile::TempDir,
}

impl Office {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::connect(&format!("sqlite:{}", folder.path().join("p.db").display())).await.unwrap();
        let key = ServerKey::open(&folder.path().join("server.key")).unwrap();
        Self { db, key, folder }
    }

    async fn close(&self, work: &Engine<'_>, of: ServiceDay) -> anyhow::Result<Sealed> {
        let by = local_actor(due(of), "padriew close-day");
        Closer { db: &self.db, key: &self.key, work, by }.close(of).await
    }
}

#[tokio::test]
async fn a_day_closes_is_sealed_and_pays_each_agency() {
    let office = Office::open().await;
    let sealed = office.close(&Engine::new(&office.db), day()).await.unwrap();
    assert_eq!(sealed.hash.journals, 2);
    let closed = office.db.day(day()).await.unwrap().unwrap();
    assert_eq!(closed.state, DayState::Closed);
    assert!(seal_holds(&office.key, &closed));
    assert!(!seal_holds(&ServerKey::passing(), &closed), "another key");
    let folder = office.folder.path().join("out");
    let files = settlement::write(&office.db, day(), &folder).await.unwrap();
    assert_eq!(files.len(), 2);
    let text = std::fs::read_to_string(&files[0]).unwrap();
    assert!(text.contains("total,,,,20261120,,1,742\n"), "{text}");
    assert!(settlement::is_whole(&text) && !settlement::is_whole(&text.replace("742", "743")));
    let sums = std::fs::read_to_string(folder.join("settlement-20261120-A.csv.sha256")).unwrap();
    assert!(sums.ends_with("  settlement-20261120-A.csv\n"), "{sums}");
    settlement::write(&office.db, day(), &folder).await.unwrap();
    assert_eq!(std::fs::read_to_string(&files[0]).unwrap(), text, "written again it is the same");
    let card = Account::Card("a".into());
    assert_eq!(
        office.db.journal_ids_of(&card, 0, 10).await.unwrap(),
        [1],
        "it stands in the card's statement"
    );
}

#[tokio::test]
async fn whoever_is_killed_at_any_step_comes_to_the_same_root() {
    let reference = Office::open().await;
    let expected = reference.close(&Engine::new(&reference.db), day()).await.unwrap().hash;
    for step in [Step::EndLegs, Step::Rate, Step::TrueUp, Step::Apportion, Step::Check] {
        for after in [false, true] {
            let office = Office::open().await;
            let engine = Engine::new(&office.db);
            *engine.dies.lock().unwrap() = Some((step, after));
            for _ in 0..2 {
                let died = office.close(&engine, day()).await.unwrap_err();
                assert!(format!("{died:#}").contains(step.word()), "{died:#}");
            }
            assert_eq!(office.db.day(day()).await.unwrap().unwrap().state, DayState::Cut);
            *engine.dies.lock().unwrap() = None;
            let sealed = office.close(&engine, day()).await.unwrap();
            assert_eq!(sealed.hash, expected, "killed at {step:?}, after its work: {after}");
        }
    }
}

#[tokio::test]
async fn a_close_that_stopped_between_any_two_steps_goes_on_to_the_same_root() {
    let reference = Office::open().await;
    let expected = reference.close(&Engine::new(&reference.db), day()).await.unwrap().hash;
    for last in Step::ALL.into_iter().filter(|step| *step < Step::Seal) {
        let office = Office::open().await;
        let engine = Engine::new(&office.db);
        let by = local_actor(due(day()), "padriew close-day");
        let closer = Closer { db: &office.db, key: &office.key, work: &engine, by: by.clone() };
        for step in Step::ALL.into_iter().filter(|step| *step <= last) {
            closer.step(day(), step).await.unwrap();
            // Killed before the last step was noted.
            if step < last {
                office.db.day_step(day(), step.state(), step.word(), by.at).await.unwrap();
            }
        }
        assert_eq!(closer.close(day()).await.unwrap().hash, expected, "{last:?}");
    }
}

#[tokio::test]
async fn a_closed_day_stays_as_it_is() {
    let office = Office::open().await;
    let engine = Engine::new(&office.db);
    let first = office.close(&engine, day()).await.unwrap();
    assert_eq!(office.close(&engine, day()).await.unwrap(), first);
    let next = office.close(&engine, day().next()).await.unwrap();
    assert_eq!(next.hash.previous, Some(day()));
    assert_eq!(office.db.days_verify().await.unwrap(), (2, vec![]));
    assert!(office.close(&engine, day().previous()).await.is_err(), "days close in their order");
}

#[tokio::test]
async fn a_day_that_does_not_balance_stays_cut_and_says_all_that_is_wrong() {
    let office = Office::open().await;
    let engine = Engine { breach: true, ..Engine::new(&office.db) };
    let stray = journal(JournalKind::TopUp, day(), &[("card:b", 5), ("fare_clearing", -5)]);
    office.db.fares_commit(&FareCommit { journals: vec![stray], ..FareCommit::default() }).await.unwrap();
    let refused = format!("{:#}", office.close(&engine, day()).await.unwrap_err());
    assert!(refused.contains("I7: fare_clearing holds 0.05, not 0"), "{refused}");
    assert!(refused.contains("I2: the second code path charges 15.00"), "{refused}");
    assert_eq!(office.db.day(day()).await.unwrap().unwrap().state, DayState::Cut);
}

#[tokio::test]
async fn a_day_that_is_not_over_does_not_close() {
    let office = Office::open().await;
    let engine = Engine::new(&office.db);
    let by = local_actor(Timestamp(due(day()).0 - 3 * 3_600 * 1_000_000), "padriew close-day");
    let closer = Closer { db: &office.db, key: &office.key, work: &engine, by };
    let refused = closer.close(day()).await.unwrap_err().to_string();
    assert!(refused.contains("is not over"), "{refused}");
}

#[tokio::test]
async fn the_report_of_a_day_has_its_figures_and_no_card() {
    let office = Office::open().await;
    office.close(&Engine::new(&office.db), day()).await.unwrap();
    let report = report::of_day(&office.db, day()).await.unwrap();
    let text = report.text();
    for line in ["agency_payable:A", "-7.42", "owed to riders", "40000000.00"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(report.csv().contains("moved,\"cards\",satang,1200\n"), "{}", report.csv());
    assert!(!text.contains("card:a"));
}
