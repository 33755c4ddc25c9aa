//! What a terminal is told of money: the fare while the rider waits, and for when it is offline what is left on cards.

use super::bad_taps::TARIFF;
use super::harness::{Town, on_both};
use super::office::Office;
use super::taps::terminal;
use serde_json::json;
use server::ingest::taps::deny::{hash_of, text_of};
use server::terminal::{Memory, Moment, Reply, ReplyQuote, Spoken, TapKind, TerminalClient, Touch};

/// A quote comes within 120 ms or not at all; on a machine that is busy with other tests not every one does.
const RIDERS_MAX: usize = 30;

/// One rider taps and waits.
async fn tap(client: &mut TerminalClient, memory: &mut Memory, card: &str) -> Reply {
    memory.touch(&Touch {
        card,
        kind: TapKind::Tap,
        vehicle: "BUS-1",
        trip: "T1",
        stop: "S1",
        fix: None,
        pax: 1,
        denied: None,
        fare: None,
        balance: None,
        up_ms: 99_900,
        wall: "",
    });
    speak(client, memory, true).await
}

async fn speak(client: &mut TerminalClient, memory: &mut Memory, quote: bool) -> Reply {
    let moment = Moment { up_ms: 100_000, wall: "", rtt_ms: 20 };
    match client.speak(memory, super::now().s(), &moment, 500, quote).await.expect("an answer of the server")
    {
        Spoken::Stored(reply) => *reply,
        other => panic!("not stored: {other:?}"),
    }
}

#[test]
fn a_rider_who_waits_is_told_the_fare_and_a_terminal_that_asks_what_is_left_on_cards() {
    on_both("quote and balances", async |backend| {
        let mut town = Town::new(backend).await;
        let key = terminal(&town, &["T-1", "--vehicle", "BUS-1", "--network", "bus"]);
        let serving = town.serve(&["--set", &format!("fares.tariff={TARIFF}")]).await;
        let office = Office::open(&town, &serving, "malee", "fares");
        let mut client = TerminalClient::new(&serving.url(""), key).expect("a client");
        let mut memory = Memory::new(1, "9f2c");
        let mut quoted = None;
        for rider in 0..RIDERS_MAX {
            let card = format!("rider-{rider}");
            office
                .command(json!({"kind": "top_up", "card": card, "amount_satang": 10_000, "psp": "omise"}))
                .await;
            let reply = tap(&mut client, &mut memory, &card).await;
            if let Some(quote) = reply.quote {
                quoted = Some((card, quote));
                break;
            }
        }
        let (card, quote) = quoted.expect("no quote came in time");
        // 100 baht less a ride of 15; the buses of a day cost 40 at most.
        assert_eq!(quote, ReplyQuote { fare: 1_500, balance: 8_500, day_left: Some(2_500) });

        memory.want_balances();
        let reply = speak(&mut client, &mut memory, false).await;
        let balances = reply.balances.expect("balances");
        assert_eq!(balances.get(&text_of(hash_of(&card))), Some(&8_500), "{balances:?}");
        assert_eq!((memory.balance(&card), memory.balance("stranger")), (Some(8_500), None));
        town.stop();
    });
}
