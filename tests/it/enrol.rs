//! A terminal fetches its own key with a code from the depot: once, within a day, and nobody else sees the key.

use super::harness::{Town, on_both};
use super::taps::terminal;
use server::ingest::enroll::local_actor;
use server::terminal::{Memory, Moment, Spoken, TerminalClient, TerminalKey};
use store::terminal_code::TRIES_MAX;

/// The code that the command prints.
fn code(town: &Town) -> String {
    let printed = town.run(&["terminal", "code", "T-1"]);
    let code = printed.split_whitespace().find(|word| word.len() == 19 && word.matches('-').count() == 3);
    code.unwrap_or_else(|| panic!("no code in {printed}")).to_owned()
}

#[test]
fn a_code_of_the_depot_is_good_for_one_key_and_a_few_wrong_tries() {
    on_both("depot codes", async |backend| {
        let mut town = Town::new(backend).await;
        terminal(&town, &["T-1", "--vehicle", "BUS-1"]);
        let serving = town.serve(&[]).await;
        let (base, db) = (serving.url(""), town.database().await);
        let refused = async |terminal: &str, code: &str| {
            let said = TerminalKey::fetch(&base, terminal, code).await.expect_err("refused").to_string();
            assert!(said.starts_with("status 401") && said.contains("\"code\":\"code\""), "{said}");
        };
        let first = code(&town);
        refused("T-1", "0000-0000-0000-0000").await;
        refused("bus-1", &first).await;
        let key = TerminalKey::fetch(&base, "T-1", &first.to_lowercase()).await.expect("a key");
        assert_eq!(key.key_id, "T-1:k2");
        let mut client = TerminalClient::new(&base, key).expect("a client");
        let moment = Moment { up_ms: 1_000, wall: "", rtt_ms: 20 };
        let mut memory = Memory::new(1, "9f2c");
        let spoken =
            client.speak(&mut memory, super::now().s(), &moment, 500, false).await.expect("an answer");
        assert!(matches!(spoken, Spoken::Stored(_)), "the key signs at once: {spoken:?}");
        refused("T-1", &first).await;

        town.run(&["terminal", "revoke", "T-1", "k1"]);
        let second = code(&town);
        for _ in 0..TRIES_MAX {
            refused("T-1", "0000-0000-0000-0000").await;
        }
        refused("T-1", &second).await;

        // A day later a code is good no more.
        let by = |hours: f64| local_actor(super::now().plus_s(hours * 3_600.0), "test");
        for (hours, is_good) in [(24.1, false), (23.9, true)] {
            db.terminal_code_put(&"T-1".into(), b"digest", &by(0.0)).await.expect("a code");
            let taken = db.terminal_code_take(&"T-1".into(), b"digest", &by(hours)).await.expect("an answer");
            assert_eq!(taken, is_good, "after {hours} h");
        }
        let rows = db.audit_after(0, 1_000).await.expect("rows");
        let many = |action: &str| rows.iter().filter(|row| row.change.action == action).count() as i64;
        assert_eq!((many("terminal_code"), many("terminal_code_used")), (4, 2));
        assert_eq!(many("terminal_code_wrong"), 1 + TRIES_MAX);
        town.stop();
        let log = town.log();
        assert!(!log.contains(&first) && !log.contains(&first.replace('-', "")), "the code is in the log");
    });
}
