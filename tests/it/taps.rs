//! Fare terminals end to end: their taps on disk once, and what bad input is answered.

use super::harness::{Backend, Serving, Town, on_both};
use expect_test::expect_file;
use serde_json::{Value, json};
use server::terminal::{Memory, Moment, Spoken, TAPS_PATH, TapKind, TerminalClient, TerminalKey, Touch};
use std::fmt::Write as _;
use std::time::Duration;
use store::deny::DenyChange;
use store::gap::GapState;
use store::terminal_audit::AuditState;

/// How wrong the clock of the terminal under test is: it believes in UTC.
const CLOCK_AHEAD_S: i64 = -25_200;

/// Registers a terminal and reads the key that is shown once.
fn terminal(town: &Town, args: &[&str]) -> TerminalKey {
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

/// One case of the page: what was sent, what was answered, what is seen afterwards.
struct Page {
    text: String,
    db: store::Db,
    http: reqwest::Client,
}

impl Page {
    fn new(db: store::Db) -> Self {
        let text =
            "# What bad taps are answered\n\nMade by the test `bad_taps_are_answered_as_the_page_says` from \
                    a running server; times, nonces and request ids are left out.\n"
                .to_owned();
        Self { text, db, http: reqwest::Client::new() }
    }

    /// Posts a body signed with `key`, `ahead_s` ahead, and writes the case down. Gives back the nonce.
    async fn case(&mut self, serving: &Serving, title: &str, key: &TerminalKey, body: &Value) -> String {
        let nonce = format!("page-of-bad-taps-{}", self.text.len());
        self.post(serving, title, (key, 0, &nonce), body.to_string().into_bytes(), |body| body).await;
        nonce
    }

    /// `damage` changes the body after it was signed.
    async fn post(
        &mut self,
        serving: &Serving,
        title: &str,
        (key, ahead_s, nonce): (&TerminalKey, i64, &str),
        body: Vec<u8>,
        damage: impl Fn(Vec<u8>) -> Vec<u8>,
    ) {
        let before = self.counts().await;
        let headers = key.sign(super::now().s() + ahead_s, nonce, &body);
        let answer = self
            .http
            .post(serving.url(TAPS_PATH))
            .header("content-digest", headers.digest)
            .header("signature-input", headers.input)
            .header("signature", headers.signature)
            .body(damage(body))
            .send()
            .await
            .expect("an answer");
        let status = answer.status().as_u16();
        let date = answer.headers().contains_key("date");
        let retry = answer.headers().get("retry-after").is_some();
        let said: Value = serde_json::from_str(&answer.text().await.expect("text")).expect("JSON");
        let after = self.counts().await;
        let _ = write!(self.text, "\n## {title}\n\n`{status}` `{}`\n\n", plain(said));
        if status == 401 && title.contains("clock") {
            assert!(date, "a wrong clock is told the time");
            self.text.push_str("With a `Date` to sign by. ");
        }
        if retry {
            self.text.push_str("With `Retry-After`. ");
        }
        let more = |now: i64, then: i64| now - then;
        let _ = writeln!(
            self.text,
            "Stored: {} more. Quarantine: {} more{}.",
            more(after.0, before.0),
            more(after.1, before.1),
            self.newest_quarantined(after.1 - before.1).await
        );
    }

    async fn counts(&self) -> (i64, i64) {
        let quarantined = self.db.taps_quarantined(10_000).await.expect("rows").len();
        (self.db.taps_newest().await.expect("an id"), i64::try_from(quarantined).expect("few"))
    }

    async fn newest_quarantined(&self, more: i64) -> String {
        if more == 0 {
            return String::new();
        }
        let rows = self.db.taps_quarantined(10_000).await.expect("rows");
        let row = rows.last().expect("a row");
        let raw = String::from_utf8_lossy(&row.raw);
        let raw: String = raw.chars().take(60).collect();
        format!(" (`{}`: {}; its bytes are kept: `{raw}...`)", row.code, row.detail)
    }
}

/// Without what differs from run to run.
fn plain(mut said: Value) -> Value {
    if let Some(fields) = said.as_object_mut() {
        fields.remove("now");
        if let Some(error) = fields.get_mut("error").and_then(Value::as_object_mut) {
            error.remove("request");
            let words = error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
            let digits = |word: &str| word.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit());
            if words.contains(" s from") {
                let words: Vec<&str> =
                    words.split(' ').map(|word| if digits(word) { "N" } else { word }).collect();
                error.insert("message".into(), words.join(" ").into());
            }
        }
    }
    said
}

fn tap(seq: i64, card: &str) -> Value {
    json!({"s": seq, "up": 1_000 * seq, "w": "2026-11-20T07:00:00+07:00", "c": card, "k": "on", "v": "BUS-1", "pax": 1,
        "out": "ok", "f": 1500, "b": 4200})
}

fn request(taps: &[Value]) -> Value {
    json!({"v": 1, "epoch": 1, "boot": "9f2c", "up_now": 900_000, "held_from": 1, "deny_ver": 9, "taps": taps})
}

#[test]
fn bad_taps_are_answered_as_the_page_says() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut town = Town::new(Backend::Sqlite).await;
        let [one, two, three, flood] = ["T-1", "T-2", "T-3", "T-4"]
            .map(|id| terminal(&town, &[id, "--vehicle", "BUS-1"]));
        let tracker = terminal_key_of_a_tracker(&town);
        let serving = town.serve(&[]).await;
        let mut page = Page::new(town.database().await);
        cards_and_clocks(&mut page, &serving, &one).await;
        senders(&mut page, &serving, &two, &tracker).await;
        bodies(&mut page, &serving, &three).await;
        too_often(&mut page, &serving, &flood).await;
        town.stop();
        let _ = write!(
            page.text,
            "\n## Where it is seen afterwards\n\nIn the tables `tap_quarantine`, `gap` and `chain_break`, in `/metrics` (`padriew_ingest_records`), and by `padriew terminal show T-2`:\n\n```\n{}```\n",
            without_times(&town.run(&["terminal", "show", "T-2"]))
        );
        expect_file!["../../docs/bad-taps.md"].assert_eq(&page.text);
    });
}

/// A registered device that is no terminal.
fn terminal_key_of_a_tracker(town: &Town) -> TerminalKey {
    let key = town.add_device("bus-9", "BUS-9");
    TerminalKey::new(&key.key_id, &key.secret.try_into().expect("32 bytes"))
}

async fn cards_and_clocks(page: &mut Page, serving: &Serving, key: &TerminalKey) {
    page.case(serving, "A card that nobody knows", key, &request(&[tap(1, "never-seen")])).await;
    let mut denied = tap(2, "blocked");
    denied["out"] = json!("denied:list");
    page.case(serving, "A blocked card, refused by the terminal", key, &request(&[denied])).await;
    page.case(serving, "A blocked card that the terminal let in", key, &request(&[tap(3, "blocked")])).await;
    let mut future = tap(4, "card-1");
    (future["up"], future["w"]) = (json!(99_000_000), json!("2036-11-20T07:00:00+07:00"));
    page.case(serving, "A tap from the future (stored; the fare engine judges)", key, &request(&[future]))
        .await;
    let late = request(&[tap(5, "card-1")]).to_string().into_bytes();
    let wrong = (key, -25_200, "a-clock-7-hours-behind");
    page.post(serving, "Signed by a clock 7 h behind", wrong, late, |body| body).await;
    let mut unreadable = tap(5, "card-1");
    unreadable["w"] = json!("half past seven");
    page.case(serving, "A wall clock that can not be read", key, &request(&[unreadable])).await;
}

async fn senders(page: &mut Page, serving: &Serving, key: &TerminalKey, tracker: &TerminalKey) {
    let good = request(&[tap(1, "card-1"), tap(2, "card-2")]);
    let bytes = good.to_string().into_bytes();
    let damage = |body: Vec<u8>| String::from_utf8_lossy(&body).replace("1500", "0100").into_bytes();
    page.post(
        serving,
        "A body changed after signing",
        (key, 0, "changed-after-signing"),
        bytes.clone(),
        damage,
    )
    .await;
    let ghost = TerminalKey::new("T-9:k1", &[7; 32]);
    page.case(serving, "A terminal that is not registered", &ghost, &good).await;
    page.case(serving, "Signed with another key", &TerminalKey::new("T-2:k1", &[7; 32]), &good).await;
    page.case(serving, "A tracker that sends taps", tracker, &good).await;
    let nonce = page.case(serving, "A good request, for comparison", key, &good).await;
    page.post(serving, "The same request again (a replay)", (key, 0, &nonce), bytes, |body| body).await;
    page.case(serving, "The same taps, signed anew", key, &good).await;
    let clone = request(&[tap(2, "another"), tap(3, "card-3")]);
    page.case(serving, "A cloned terminal: another tap under a used number", key, &clone).await;
    page.case(serving, "The next request of the cloned terminal", key, &request(&[tap(4, "card-4")])).await;
}

async fn bodies(page: &mut Page, serving: &Serving, key: &TerminalKey) {
    let mut taps: Vec<Value> = (1..=500).map(|seq| tap(seq, "card-1")).collect();
    taps[41] = json!({"s": 42, "up": "yesterday", "c": "card-1", "k": "on"});
    page.case(serving, "One malformed tap of 500", key, &request(&taps)).await;
    let nothing = json!([1, 2, 3]);
    page.case(
        serving,
        "Something that is no tap and has no number",
        key,
        &request(&[nothing, tap(501, "c")]),
    )
    .await;
    let many: Vec<Value> = (502..=1_002).map(|seq| tap(seq, "card-1")).collect();
    page.case(serving, "501 taps", key, &request(&many)).await;
    let mut other = request(&[tap(502, "card-1")]);
    other["v"] = json!(2);
    page.case(serving, "Another version of the format", key, &other).await;
    let cut = (key, 0, "a-body-that-is-no-json");
    page.post(serving, "A body that is no JSON", cut, b"{\"v\":1,\"taps\":[{".to_vec(), |body| body).await;
    let large = (key, 0, "a-body-of-one-mebibyte");
    page.post(serving, "A body of 1 MiB", large, vec![b' '; 1 << 20], |body| body).await;
    page.case(serving, "A hole: 503 before 502", key, &request(&[tap(503, "card-1")])).await;
    let mut lost = request(&[]);
    lost["lost"] = json!([[502, 502]]);
    page.case(serving, "The hole is lost", key, &lost).await;
}

async fn too_often(page: &mut Page, serving: &Serving, key: &TerminalKey) {
    let beat = request(&[]);
    for n in 0..40 {
        let headers =
            key.sign(super::now().s(), &format!("heartbeat-number-{n:04}"), beat.to_string().as_bytes());
        let post = page.http.post(serving.url(TAPS_PATH)).header("content-digest", headers.digest);
        let post = post.header("signature-input", headers.input).header("signature", headers.signature);
        let answer = post.body(beat.to_string()).send().await.expect("an answer");
        if answer.status().as_u16() == 429 {
            break;
        }
    }
    page.case(serving, "More than 5 requests a second", key, &beat).await;
}

/// The page is the same tomorrow.
fn without_times(shown: &str) -> String {
    let mut text = String::new();
    for line in shown.lines() {
        let line = match line.trim_start() {
            rest if rest.starts_with("last heard") => "  last heard   N s ago",
            _ => line,
        };
        let _ = writeln!(text, "{line}");
    }
    text
}
