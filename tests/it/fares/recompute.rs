//! The books follow from the taps as their terminals told them, and who changes the books is found.

use super::desk::{DAYS, Office};
use super::town::{Town, day};
use crate::harness::{Backend, on_both};
use ::fares::engine::Event;
use server::driver::fares::replay::{Recomputed, TAPS_IN_MEMORY, recompute};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use std::collections::BTreeSet;
use store::Db;

async fn recomputed(db: &Db, town: &Town) -> Recomputed {
    recomputed_in(TAPS_IN_MEMORY, db, town).await
}

async fn recomputed_in(taps_in_memory: i64, db: &Db, town: &Town) -> Recomputed {
    // Rides and what was seen of them are recorded facts.
    let configuration: Vec<Event> =
        town.configuration().into_iter().filter(|event| !matches!(event, Event::Ride(_))).collect();
    recompute(db, &configuration, taps_in_memory, &mut |_| {}).await.unwrap()
}

/// Runs statements behind the program's back.
async fn behind_its_back(url: &str, backend: Backend, statements: &[&str]) {
    for statement in statements {
        let sql = AssertSqlSafe((*statement).to_owned());
        let changed = match backend {
            Backend::Sqlite => {
                let mut connection = sqlx::SqliteConnection::connect(url).await.unwrap();
                connection.execute(sql).await.unwrap().rows_affected()
            }
            Backend::Postgres => {
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                connection.execute(sql).await.unwrap().rows_affected()
            }
        };
        assert!(changed > 0 || statement.starts_with("drop"), "{statement}");
    }
}

#[test]
fn a_town_with_late_taps_restarts_and_closes_follows_from_its_taps() {
    on_both("fares recompute", async |backend| {
        let town = Town::new(2, 12, DAYS);
        let lived = Office::lived(backend, &town, 2).await;
        let again = recomputed(&lived.shelf.db, &town).await;
        assert_eq!(again.named, [] as [String; 0], "{backend:?}");
        assert_eq!((again.differences, again.left_out), (0, 0));
        let cards: BTreeSet<_> = town.taps.iter().map(|(_, tap)| &tap.card).collect();
        assert_eq!((again.taps, again.cards), (town.taps.len() as i64, cards.len()));
        assert!(again.legs > 50, "{} legs", again.legs);
        assert_eq!(recomputed_in(20, &lived.shelf.db, &town).await, again, "in several parts it is the same");
        lived.shelf.close().await;
    });
}

#[test]
fn a_leg_that_was_forged_is_found_and_named_with_both_prices() {
    on_both("fares recompute, forged", async |backend| {
        let town = Town::new(1, 4, DAYS);
        let lived = Office::lived(backend, &town, 1).await;
        let legs = lived.shelf.db.legs_of_day(day(0), 0, 1_000).await.unwrap();
        let (id, row) = legs.into_iter().rfind(|(_, row)| row.leg.price.charge.0 == 1_500).unwrap();
        let drop = match backend {
            Backend::Sqlite => "drop trigger leg_no_update",
            Backend::Postgres => "drop trigger leg_no_update on leg",
        };
        let forge = format!("update leg set charge_satang = 700 where id = {id}");
        behind_its_back(&lived.shelf.url, backend, &[drop, &forge]).await;
        let again = recomputed(&lived.shelf.db, &town).await;
        let expected = format!("leg {}: charge is 7.00 in the books, and 15.00 by the taps", row.leg.id);
        assert_eq!(again.named, [expected]);
        assert_eq!(again.differences, 1);
        lived.shelf.close().await;
    });
}

#[test]
fn a_tap_a_balance_and_what_an_agency_got_are_compared_too() {
    on_both("fares recompute, other rows", async |backend| {
        let town = Town::new(2, 4, DAYS);
        let lived = Office::lived(backend, &town, 2).await;
        let drops: &[&str] = match backend {
            Backend::Sqlite => &[
                "drop trigger tap_state_no_update",
                "drop trigger leg_no_update",
                "drop trigger journal_no_update",
            ],
            Backend::Postgres => &[
                "drop trigger tap_state_no_update on tap_state",
                "drop trigger leg_no_update on leg",
                "drop trigger journal_no_change on journal",
            ],
        };
        behind_its_back(&lived.shelf.url, backend, drops).await;
        behind_its_back(
            &lived.shelf.url,
            backend,
            &[
                "update tap_state set t_us = t_us + 1000000 where id = (select max(id) from tap_state)",
                "update balance set debit_satang = debit_satang - 100 where account = 'card:card1'",
                "update journal set postings = replace(postings, 'agency_payable:red', 'agency_payable:blue') \
                 where id = (select max(id) from journal where postings like '%agency_payable:red%')",
            ],
        )
        .await;
        let again = recomputed(&lived.shelf.db, &town).await;
        let has =
            |words: &[&str]| again.named.iter().any(|line| words.iter().all(|word| line.contains(word)));
        assert!(has(&["tap ", "time is", "by uptime"]), "{:?}", again.named);
        assert!(has(&["card:", "balance is"]), "{:?}", again.named);
        assert!(!again.named.iter().any(|line| line.contains("card1")), "a token stands in no message");
        assert!(
            has(&["account agency_payable:red"]) && has(&["account agency_payable:blue"]),
            "{:?}",
            again.named
        );
        lived.shelf.close().await;
    });
}
