//! Fare terminals end to end: their taps on disk once. What bad input is answered: `bad_taps`.

use super::harness::{Town, on_both};
use server::terminal::{Memory, Moment, Spoken, TapKind, TerminalClient, TerminalKey, Touch};
use std::time::Duration;
use store::deny::DenyChange;
use store::gap::GapState;
use store::terminal_audit::AuditState;

/// How wrong the clock of the terminal under test is: it believes in UTC.
const CLOCK_AHEAD_S: i64 = -25_200;

/// Registers a terminal and reads the key that is shown once.
pub(crate) fn terminal(town: &Town, args: &[&str]) -> TerminalKey {
    let printed = town.run(&[&["terminal", "add"], args].concat());
    key_in(&printed)
}

fn key_in(printed: &str) -> TerminalKey {
    let word = |name: &str| {
        let line = printed.lines().find_map(|line| line.trim().strip_prefix(name)?.split_whitespace().next());
        line.unwrap_or_else(|| panic!("no {name} in {printed}")).to_owned()
    };
    let secret = server::ingest::seal::unhex(&word("key  ")).expect("64 hexadecimal digits");
    TerminalKey::new(&word("keyid"), &secret)
}

fn touch(memory: &mut Memory, card: &str, up_ms: i64) -> i64 {
    memory.touch(&Touch {
        card,
        kind: TapKind::On,
        vehicle: "BUS-1",
        trip: "T1",
        stop: "S2",
        fix: None,
        pax: 1,
        denied: None,
        fare: Some(1_500),
        balance: Some(4_200),
        up_ms,
        wall: "2026-11-20T07:00:00+07:00",
    })
}

async fn speak(client: &mut TerminalClient, memory: &mut Memory, clock_ahead_s: i64) -> Spoken {
    let moment = Moment { up_ms: 100_000, wall: "2026-11-20T07:00:00+07:00", rtt_ms: 20 };
    let clock_s = super::now().s() + clock_ahead_s;
    client.speak(memory, clock_s, &moment, 500, false).await.expect("an answer of the server")
}

async fn stored(client: &mut TerminalClient, memory: &mut Memory) -> server::terminal::Reply {
    match speak(client, memory, CLOCK_AHEAD_S).await {
        Spoken::Stored(reply) => *reply,
        other => panic!("not stored: {other:?}"),
    }
}

#[test]
fn a_terminal_delivers_its_taps_once_and_learns_whom_to_deny() {
    on_both("a_terminal_delivers_its_taps_once", async |backend| {
        let mut town = Town::new(backend).await;
        let key = terminal(&town, &["T-0412", "--vehicle", "BUS-1"]);
        let db = town.database().await;
        let serving = town.serve(&[]).await;
        let mut client = TerminalClient::new(&serving.url(""), key).expect("a client");
        let mut memory = Memory::new(1, "9f2c");
        memory.begin_shift("B-1");
        for up in 0..30 {
            touch(&mut memory, "card-1", 1_000 * up);
        }
        memory.end_shift();
        memory.forget(12);

        // Its clock is seven hours wrong: it is told, and comes again.
        assert_eq!(speak(&mut client, &mut memory, CLOCK_AHEAD_S).await, Spoken::ClockSet(25_200));
        let Spoken::Stored(reply) = speak(&mut client, &mut memory, CLOCK_AHEAD_S).await else {
            panic!("refused")
        };
        assert_eq!((reply.ack, reply.resend), (11, vec![(12, 12)]));
        assert_eq!(stored(&mut client, &mut memory).await.ack, 30);
        assert_eq!(memory.held(), 0);

        let taps = db.taps_after(0, 100).await.expect("taps");
        assert_eq!(taps.len(), 29);
        assert!(taps.iter().all(|(_, tap)| &*tap.card == "card-1" && tap.request.rtt_ms == 20));
        let gaps = db.gaps(GapState::Open, 10).await.expect("gaps");
        assert_eq!(gaps.iter().map(|gap| (gap.from, gap.to)).collect::<Vec<_>>(), [(12, 12)]);

        let change = DenyChange { card: "card-9".into(), denied: true, reason: "lost".into() };
        db.deny_apply(&[change], super::now(), &"test".into()).await.expect("a version");
        let begun = tokio::time::Instant::now();
        while !memory.deny.denies("card-9") {
            assert!(begun.elapsed() < Duration::from_secs(10), "the deny list never came");
            tokio::time::sleep(Duration::from_millis(300)).await;
            stored(&mut client, &mut memory).await;
        }
        loop {
            assert!(begun.elapsed() < Duration::from_secs(20), "the shift was never compared");
            let differs = db.shift_audits(AuditState::Differs, 10).await.expect("audits");
            let Some(shift) = differs.first() else {
                tokio::time::sleep(Duration::from_millis(300)).await;
                continue;
            };
            assert!(shift.detail.ends_with("missing 12"), "{}", shift.detail);
            break;
        }
        stored(&mut client, &mut memory).await;
        town.stop();
        let shown = town.run(&["terminal", "show", "T-0412"]);
        assert!(shown.contains("settled to 30, highest 30") && shown.contains("12-12 (lost)"), "{shown}");
        assert!(shown.contains("chain        holds") && shown.contains("deny list    1"), "{shown}");
    });
}
