//! Fare terminals of a run: registered before its server starts, with memories that make taps.

use crate::database::Scratch;
use crate::http;
use server::clock::Clock;
use server::ingest::enroll;
use server::ingest::seal::ServerKey;
use server::ingest::taps::{Mount, register};
use server::terminal::{Memory, Moment, Reply, Sent, TAPS_PATH, TapKind, TerminalKey, Touch};
use store::{Access, Db};

/// A made-up terminal.
#[derive(Clone)]
pub(crate) struct Terminal {
    /// Its id.
    pub(crate) id: String,
    /// What it signs with.
    pub(crate) key: TerminalKey,
    /// Its flash.
    pub(crate) memory: Memory,
    /// Milliseconds since boot of the next tap.
    pub(crate) up_ms: i64,
    vehicle: String,
}

/// As many cards as a town has.
const CARDS: u128 = 97_003;
/// How far terminals are apart in the row of cards, so that each card is tapped evenly, here and there.
const CARDS_APART: i64 = 1_517;
/// Between two taps at a terminal, milliseconds.
const TAP_EVERY_MS: i64 = 40;

/// Registers `count` terminals with a key each.
pub(crate) async fn register_all(scratch: &Scratch, count: usize) -> anyhow::Result<Vec<Terminal>> {
    let server_key = ServerKey::open(&scratch.folder().join("server.key"))?;
    let db = Db::open(&scratch.url(), Access::Serve).await?;
    let by = enroll::local_actor(Clock::system().now(), "load");
    let mut terminals = Vec::with_capacity(count);
    for at in 0..count {
        let (id, vehicle) = (format!("T-{at:04}"), format!("L{at:04}"));
        register(&db, &by, &Mount { id: &id, vehicle: &vehicle, ..Mount::default() }).await?;
        let key = enroll::add_key(&db, &server_key, &id, &by).await?;
        let key = TerminalKey::new(&key.key_id, &key.secret);
        let up_ms = 1_000 + at as i64 * CARDS_APART * TAP_EVERY_MS;
        terminals.push(Terminal { id, key, memory: Memory::new(1, "9f2c"), up_ms, vehicle });
    }
    db.close().await;
    Ok(terminals)
}

impl Terminal {
    /// A rider touches his card; the number of the tap.
    pub(crate) fn touch(&mut self, wall: &str) -> i64 {
        self.up_ms += TAP_EVERY_MS;
        // A token is 32 characters of base64; the cards of a terminal are spread over the index.
        let card = (self.up_ms / TAP_EVERY_MS) as u128 % CARDS;
        let card = format!("{:032x}", card.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        self.memory.touch(&Touch {
            card: &card,
            kind: TapKind::On,
            vehicle: &self.vehicle,
            trip: "r3_0715",
            stop: "",
            fix: Some((13_690_400, 101_077_900, 6)),
            pax: 1,
            denied: None,
            fare: Some(1_500),
            balance: Some(4_200),
            up_ms: self.up_ms,
            wall,
        })
    }

    /// What it would send now.
    pub(crate) fn moment<'a>(&self, wall: &'a str) -> Moment<'a> {
        Moment { up_ms: self.up_ms + 20, wall, rtt_ms: 2 }
    }

    /// `count` new taps as a signed request, as though it were acknowledged at once.
    pub(crate) fn prepared(&mut self, count: usize) -> Vec<u8> {
        let wall = wall_now();
        for _ in 0..count {
            self.touch(&wall);
        }
        let sent = self.memory.request(&self.moment(&wall), count, false);
        let ack = self.memory.last_seq();
        self.memory.answered(&sent, &Reply { ack, ..Reply::default() });
        self.signed(&sent).0
    }

    /// A request as signed bytes, and its nonce.
    pub(crate) fn signed(&self, sent: &Sent) -> (Vec<u8>, String) {
        let nonce = uuid::Uuid::new_v4().simple().to_string();
        let signed = self.key.sign(Clock::system().now().s(), &nonce, &sent.body);
        let headers = [
            ("content-digest", signed.digest.as_str()),
            ("signature-input", signed.input.as_str()),
            ("signature", signed.signature.as_str()),
        ];
        (http::post(TAPS_PATH, &headers, &sent.body), nonce)
    }
}

/// The time as a terminal writes it, to the second.
pub(crate) fn wall_now() -> String {
    Clock::system()
        .now()
        .utc()
        .map_or_else(String::new, |now| now.format("%Y-%m-%dT%H:%M:%S.000Z").to_string())
}
