//! What bad taps are answered, and where an officer sees each afterwards: the page `docs/bad-taps.md`, written from a
//! running server with the sample tariff. Taps are of three hours ago, so that what they cost is final at once.

use super::harness::{Backend, Serving, Town};
use super::office::Office;
use super::taps::terminal;
use expect_test::expect_file;
use gtfs::VisitSource;
use serde_json::{Value, json};
use server::ingest::taps::deny::{hash_of, text_of};
use server::terminal::{TAPS_PATH, TerminalKey};
use std::fmt::Write as _;
use std::time::Duration;
use store::{Contact, Visit};

/// The tariff of the sample network.
pub(crate) const TARIFF: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../ops/sample-network/facts/tariff.toml");
/// Uptime of the terminals at each request, milliseconds: three hours.
const UP_NOW_MS: i64 = 10_800_000;
/// Floods that are tried.
const FLOODS_MAX: u32 = 20;

/// A terminal that says what it likes.
pub(crate) struct Sender {
    /// Of the server.
    pub(crate) url: String,
    /// What it signs with.
    pub(crate) key: TerminalKey,
}

impl Sender {
    /// Posts a body and gives the answer; `nonce` is used once.
    pub(crate) async fn post(&self, nonce: &str, body: &Value) -> Value {
        let body = body.to_string().into_bytes();
        let headers = self.key.sign(super::now().s(), &format!("nonce-of-the-request-{nonce}"), &body);
        let post = reqwest::Client::new().post(format!("{}{TAPS_PATH}", self.url));
        let post = post.header("content-digest", headers.digest).header("signature-input", headers.input);
        let answer = post.header("signature", headers.signature).body(body).send().await.expect("an answer");
        answer.json().await.expect("JSON")
    }
}

/// The page in the making.
struct Page<'a> {
    text: String,
    db: store::Db,
    http: reqwest::Client,
    serving: &'a Serving,
    office: Office,
    /// Of a terminal that only asks for the deny list.
    asker: TerminalKey,
    /// Cases so far: each has a nonce of its own.
    cases: u32,
}

impl Page<'_> {
    /// Posts a body signed with `key` and writes the case down. Gives back the nonce.
    async fn case(&mut self, title: &str, key: &TerminalKey, body: &Value) -> String {
        self.cases += 1;
        let nonce = format!("page-of-bad-taps-{:04}", self.cases);
        self.post(title, (key, 0, &nonce), body.to_string().into_bytes(), |body| body).await;
        nonce
    }

    /// The same `ahead_s` ahead; `damage` changes the body after it was signed.
    async fn post(
        &mut self,
        title: &str,
        (key, ahead_s, nonce): (&TerminalKey, i64, &str),
        body: Vec<u8>,
        damage: impl Fn(Vec<u8>) -> Vec<u8>,
    ) {
        let (before, counted) = (self.counts().await, self.counters().await);
        let answer = self.send((key, ahead_s, nonce), body, damage).await;
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
        let (stored, refused) = (after.0 - before.0, after.1 - before.1);
        let _ = write!(self.text, "Stored: {stored} more. Quarantine: {refused} more.\n\n");
        if stored + refused == 0 {
            self.rose(&counted).await;
        }
    }

    async fn send(
        &self,
        (key, ahead_s, nonce): (&TerminalKey, i64, &str),
        body: Vec<u8>,
        damage: impl Fn(Vec<u8>) -> Vec<u8>,
    ) -> reqwest::Response {
        let headers = key.sign(super::now().s() + ahead_s, nonce, &body);
        let post = self.http.post(self.serving.url(TAPS_PATH)).header("content-digest", headers.digest);
        let post = post.header("signature-input", headers.input).header("signature", headers.signature);
        post.body(damage(body)).send().await.expect("an answer")
    }

    async fn counts(&self) -> (i64, i64) {
        let quarantined = self.db.taps_quarantined(10_000).await.expect("rows").len();
        (self.db.taps_newest().await.expect("an id"), i64::try_from(quarantined).expect("few"))
    }

    /// The counters of requests and records in `/metrics`.
    async fn counters(&self) -> Vec<String> {
        let text = reqwest::get(self.serving.url("/metrics")).await.expect("an answer").text().await;
        let ours = |line: &&str| {
            let of = ["padriew_auth_failures_total", "padriew_ingest_records_total"];
            let requests = "padriew_http_request_seconds_count{route=\"/v1/taps\"";
            of.iter().any(|name| line.starts_with(name)) || line.starts_with(requests)
        };
        text.expect("text").lines().filter(ours).map(str::to_owned).collect()
    }

    /// Writes down which counters a case has moved.
    async fn rose(&mut self, before: &[String]) {
        for line in self.counters().await.into_iter().filter(|line| !before.contains(line)) {
            let name = line.rsplit_once(' ').map_or(&*line, |(name, _)| name);
            let _ = writeln!(self.text, "* `/metrics`: `{name}` one more");
        }
    }

    /// Writes down what the fare engine made of a card's taps, once it has taken as many as this.
    async fn card(&mut self, card: &str, taps: usize) {
        let path = format!("/v1/finance/cards/{card}/history");
        let there = |said: &Value| (said["taps"].as_array()?.len() >= taps).then(|| said.clone());
        let history = self.office.wait(&path, there).await;
        let taps = history["taps"].as_array().expect("taps");
        let of_fate = |fate: &str| taps.iter().filter(|tap| tap["fate"] == fate).count();
        let fates = ["leg", "repeat", "void", "denied", "expired", "quarantine"];
        let fates = fates.into_iter().filter(|fate| of_fate(fate) > 0);
        let fates = fates.map(|fate| format!("{} `{fate}`", of_fate(fate))).collect::<Vec<_>>().join(", ");
        let from = taps.last().map_or("", |tap| tap["time_from"].as_str().unwrap_or_default());
        let _ = writeln!(self.text, "* `GET {path}`: taps: {fates}; time from `{from}`");
        for leg in history["legs"].as_array().expect("legs") {
            let shown = json!({"leg": leg["leg"], "status": leg["status"], "charge_satang": leg["price"]["charge_satang"],
                "tariff": leg["price"]["tariff"]});
            let _ = writeln!(self.text, "* and a ride: `{shown}`");
        }
        let (_, shown) = self.office.get(&format!("/v1/finance/cards/{card}")).await;
        let shown = json!({"state": shown["state"], "shown_satang": shown["shown_satang"]});
        let _ = writeln!(self.text, "* `GET /v1/finance/cards/{card}`: `{shown}`");
    }

    /// Writes down that no ride follows for a card.
    async fn nobody(&mut self, card: &str) {
        let path = format!("/v1/finance/cards/{card}/history");
        let (status, _) = self.office.get(&path).await;
        let _ = writeln!(self.text, "* `GET {path}`: `{status}`, the fare engine never saw it");
    }

    /// Writes down the newest row of the quarantine.
    async fn quarantine(&mut self) {
        let (_, rows) = self.office.get("/v1/finance/quarantine").await;
        let row = rows.as_array().and_then(|rows| rows.last()).expect("a row").clone();
        let (_, whole) = self.office.get(&format!("/v1/finance/quarantine/{}", row["id"])).await;
        let raw: String = whole["raw"].as_str().expect("its bytes").chars().take(60).collect();
        let shown = json!({"terminal": row["terminal"], "seq": row["seq"], "code": row["code"], "detail": row["detail"]});
        let _ =
            writeln!(self.text, "* `GET /v1/finance/quarantine`: `{shown}`; its bytes are kept: `{raw}...`");
    }

    /// Has an officer mend the newest row of the quarantine, and writes that down.
    async fn mend(&mut self, tap: &Value) {
        let (_, rows) = self.office.get("/v1/finance/quarantine").await;
        let id = rows.as_array().and_then(|rows| rows.last()).expect("a row")["id"].clone();
        let body = json!({"reason": "read from the shift list", "tap": tap});
        let (status, said) = self.office.post(&format!("/v1/finance/quarantine/{id}/inject"), &body).await;
        let path = "POST /v1/finance/quarantine/{id}/inject";
        let _ =
            writeln!(self.text, "\nAn officer mends it: `{path}` `{body}` is answered `{status}` `{said}`\n");
    }

    /// Writes down which numbers of a terminal are missing.
    async fn missing(&mut self, terminal: &str) {
        let (_, said) = self.office.get("/v1/finance/terminals").await;
        let rows = said["missing"].as_array().expect("rows").iter();
        for row in rows.filter(|row| row["terminal"] == terminal) {
            let shown = json!({"seq_from": row["seq_from"], "seq_to": row["seq_to"], "state": row["state"]});
            let _ = writeln!(self.text, "* `GET /v1/finance/terminals`, `missing`: `{shown}`");
        }
    }

    /// Writes down an open discrepancy of a kind; how many seconds lay between two things differs from run to run.
    async fn discrepancy(&mut self, kind: &str) {
        let path = "/v1/finance/discrepancies";
        let of_kind = |said: &Value| said["rows"].as_array()?.iter().find(|row| row["kind"] == kind).cloned();
        let row = self.office.wait(path, of_kind).await;
        let detail = row["detail"].as_str().unwrap_or_default();
        let detail = detail
            .rsplit_once(" m in ")
            .map_or(detail.to_owned(), |(before, _)| format!("{before} m in N s"));
        let shown =
            json!({"kind": row["kind"], "subject": row["subject"], "detail": detail, "state": row["state"]});
        let _ = writeln!(self.text, "* `GET {path}`: `{shown}`");
    }

    /// Writes down the ticket of a silent terminal, without its day and hour.
    async fn ticket(&mut self, terminal: &str) {
        let path = "/v1/finance/terminals";
        let of = |said: &Value| {
            said["tickets"].as_array()?.iter().find(|row| row["terminal"] == terminal).cloned()
        };
        let row = self.office.wait(path, of).await;
        let detail = row["detail"].as_str().unwrap_or_default();
        let parts: Vec<&str> = detail.split("; amnesty candidate: ").collect();
        assert!(parts.len() == 2 && parts[1].contains("route R1, from 20"), "{detail}");
        let shown = json!({"terminal": row["terminal"], "detail": format!("{}; amnesty candidate: day YYYYMMDD, route R1, \
            from YYYY-MM-DD HH:MM", parts[0])});
        let _ = writeln!(self.text, "* `GET {path}`, `tickets`: `{shown}`");
        let _ = writeln!(
            self.text,
            "* `GET /v1/finance/discrepancies`: the same, kind `terminal_silent`; it is resolved by \
            itself when the terminal is heard again"
        );
    }

    /// Asks for the deny list until a card is on it, as every terminal does with its next request, and writes that down.
    async fn denied(&mut self, card: &str) {
        let hash = text_of(hash_of(card));
        for turn in 0.. {
            let nonce = format!("deny-list-of-{}-{turn}", self.text.len());
            let body = request(&[]).to_string().into_bytes();
            let answer = self.send((&self.asker, 0, &nonce), body, |body| body).await;
            let said: Value = answer.json().await.expect("JSON");
            let added = said["deny"]["add"].as_array().cloned().unwrap_or_default();
            if added.iter().any(|card| *card == hash.as_str()) {
                break;
            }
            assert!(turn < 100, "{card} was never denied: {said}");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        let _ =
            writeln!(self.text, "* the next reply to any terminal: `{{\"deny\":{{\"add\":[\"{hash}\"]}}}}`");
    }
}

/// Without what differs from run to run; deny lists are told where they are the point.
fn plain(mut said: Value) -> Value {
    if let Some(fields) = said.as_object_mut() {
        fields.remove("now");
        fields.remove("deny");
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

pub(crate) fn tap(seq: i64, card: &str) -> Value {
    json!({"s": seq, "up": 1_000 * seq, "w": "2026-11-20T07:00:00+07:00", "c": card, "k": "on", "v": "BUS-1", "pax": 1,
        "out": "ok", "f": 1500, "b": 4200})
}

pub(crate) fn request(taps: &[Value]) -> Value {
    json!({"v": 1, "epoch": 1, "boot": "9f2c", "up_now": UP_NOW_MS, "rtt": 20, "held_from": 1, "deny_ver": 0,
        "taps": taps})
}

#[test]
fn bad_taps_are_answered_and_seen_as_the_page_says() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut town = Town::new(Backend::Sqlite).await;
        let [one, two, three, flood, asker] = ["T-1", "T-2", "T-3", "T-4", "T-5"]
            .map(|id| terminal(&town, &[id, "--vehicle", "BUS-1", "--network", "bus"]));
        let gate = terminal(&town, &["T-6", "--stop", "S5", "--network", "bus"]);
        terminal(&town, &["T-8", "--vehicle", "BUS-8", "--network", "bus"]);
        let tracker = key_of_a_tracker(&town);
        fall_silent(&town).await;
        let serving = town.serve(&["--set", &format!("fares.tariff={TARIFF}")]).await;
        let office = Office::open(&town, &serving, "malee", "fares");
        let text = "# What bad taps are answered, and where they are seen\n\nMade by the test \
            `bad_taps_are_answered_and_seen_as_the_page_says` from a running server with the sample tariff; times, nonces \
            and request ids are left out. An officer signs in with a token of the role `fares`.\n"
            .to_owned();
        let (db, http) = (town.database().await, reqwest::Client::new());
        let mut page = Page { text, db, http, serving: &serving, office, asker, cases: 0 };
        cards(&mut page, &one).await;
        clocks(&mut page, &one).await;
        two_places(&mut page, &one, &gate).await;
        senders(&mut page, &two, &tracker).await;
        clones(&mut page, &two).await;
        bodies(&mut page, &three).await;
        holes(&mut page, &three).await;
        too_often(&mut page, &flood).await;
        page.text.push_str("\n## A terminal that has said nothing for 20 minutes, on a bus that drives\n\n");
        page.ticket("T-8").await;
        let mut text = page.text;
        town.stop();
        text.push_str("\n## On the server\n\nHow the terminals stand in the end:\n");
        for id in ["T-1", "T-2", "T-3"] {
            let shown = without_times(&town.run(&["terminal", "show", id]));
            let _ = write!(text, "\n`padriew terminal show {id}`\n\n```\n{shown}```\n");
        }
        expect_file!["../../docs/bad-taps.md"].assert_eq(&text);
    });
}

/// A registered device that is no terminal.
fn key_of_a_tracker(town: &Town) -> TerminalKey {
    let key = town.add_device("bus-9", "BUS-9");
    TerminalKey::new(&key.key_id, &key.secret.try_into().expect("32 bytes"))
}

/// A terminal was heard 20 minutes ago; its bus was seen at a stop just now.
async fn fall_silent(town: &Town) {
    let (db, now, trip) = (town.database().await, super::now(), town.trip());
    let contact = Contact {
        terminal: "T-8".into(),
        seen: now.plus_s(-1_200.0),
        epoch: 1,
        deny_ver: 0,
        tariff_ver: "".into(),
        clock_offset_ms: None,
    };
    db.terminal_contacts(&[contact]).await.expect("a contact");
    let visit = Visit {
        day: trip.day,
        trip: "T1".into(),
        start: trip.start,
        stop_sequence: 2,
        vehicle: "BUS-8".into(),
        stop: "S1".into(),
        arrival: Some(now.plus_s(-10.0)),
        departure: None,
        plus_minus_s: 5.0,
        source: VisitSource::Gps,
    };
    db.visits_store(&[visit], None).await.expect("a visit");
    db.close().await;
}

async fn cards(page: &mut Page<'_>, key: &TerminalKey) {
    page.case("A card that nobody knows", key, &request(&[tap(1, "never-seen")])).await;
    page.card("never-seen", 1).await;
    page.denied("never-seen").await;
    page.office.command(json!({"kind": "deny", "card": "blocked"})).await;
    let mut denied = tap(2, "blocked");
    denied["out"] = json!("denied:list");
    page.case("A blocked card, refused by the terminal", key, &request(&[denied])).await;
    page.card("blocked", 1).await;
    page.case("A blocked card that the terminal let in", key, &request(&[tap(3, "blocked")])).await;
    page.card("blocked", 2).await;
    page.denied("blocked").await;
}

async fn clocks(page: &mut Page<'_>, key: &TerminalKey) {
    let mut future = tap(4, "from-tomorrow");
    (future["up"], future["w"]) = (json!(99_000_000), json!("2036-11-20T07:00:00+07:00"));
    page.case("A tap from the future", key, &request(&[future])).await;
    page.card("from-tomorrow", 1).await;
    let mut late = request(&[tap(5, "late-clock")]);
    late["wall_now"] = json!("2026-11-20T00:00:00+07:00");
    let bytes = late.to_string().into_bytes();
    page.post("Signed by a clock 7 h behind", (key, -25_200, "a-clock-7-hours-behind"), bytes, |body| body)
        .await;
    page.case("The same tap, signed by that `Date`; its own clock is still wrong", key, &late).await;
    page.card("late-clock", 1).await;
    let mut unreadable = tap(6, "odd-clock");
    unreadable["w"] = json!("half past seven");
    page.case("A wall clock that can not be read", key, &request(&[unreadable])).await;
    page.card("odd-clock", 1).await;
}

async fn senders(page: &mut Page<'_>, key: &TerminalKey, tracker: &TerminalKey) {
    let good = request(&[tap(1, "card-1"), tap(2, "card-2")]);
    let bytes = good.to_string().into_bytes();
    let damage = |body: Vec<u8>| String::from_utf8_lossy(&body).replace("1500", "0100").into_bytes();
    let changed = (key, 0, "changed-after-signing");
    page.post("A body changed after signing", changed, bytes.clone(), damage).await;
    page.nobody("card-1").await;
    let ghost = TerminalKey::new("T-9:k1", &[7; 32]);
    page.case("A terminal that is not registered", &ghost, &good).await;
    page.case("Signed with another key", &TerminalKey::new("T-2:k1", &[7; 32]), &good).await;
    page.case("A tracker that sends taps", tracker, &good).await;
    let nonce = page.case("A good request, for comparison", key, &good).await;
    page.card("card-1", 1).await;
    page.post("The same request again (a replay)", (key, 0, &nonce), bytes, |body| body).await;
    page.case("The same taps, signed anew", key, &good).await;
    page.card("card-1", 1).await;
}

async fn clones(page: &mut Page<'_>, key: &TerminalKey) {
    let clone = request(&[tap(2, "another"), tap(3, "card-3")]);
    page.case("A cloned terminal: another tap under a used number", key, &clone).await;
    page.quarantine().await;
    page.card("card-2", 1).await;
    page.card("card-3", 1).await;
    page.nobody("another").await;
    page.case("The next request of the cloned terminal", key, &request(&[tap(4, "card-4")])).await;
    page.nobody("card-4").await;
}

async fn two_places(page: &mut Page<'_>, bus: &TerminalKey, gate: &TerminalKey) {
    let up = UP_NOW_MS - 1_000;
    let on_the_bus =
        json!({"s": 7, "up": up, "c": "twin", "k": "tap", "v": "BUS-1", "trip": "T1", "st": "S0"});
    let mut request_of_bus = request(&[on_the_bus]);
    request_of_bus["wall_now"] = json!("2026-11-20T00:00:00+07:00");
    page.case("A card on a bus at stop S0", bus, &request_of_bus).await;
    page.card("twin", 1).await;
    let at_the_gate = json!({"s": 1, "up": up, "c": "twin", "k": "tap"});
    page.case("The same card at once 2,500 m away, at stop S5", gate, &request(&[at_the_gate])).await;
    page.card("twin", 2).await;
    page.discrepancy("card_clone").await;
}

async fn bodies(page: &mut Page<'_>, key: &TerminalKey) {
    let mut taps: Vec<Value> = (1..=500).map(|seq| tap(seq, "card-5")).collect();
    taps[41] = json!({"s": 42, "up": "yesterday", "c": "card-5", "k": "on"});
    page.case("One malformed tap of 500, all of one card", key, &request(&taps)).await;
    page.quarantine().await;
    page.card("card-5", 499).await;
    page.mend(&json!({"up": 42_000, "c": "card-5", "k": "on", "v": "BUS-1"})).await;
    page.card("card-5", 500).await;
    let nothing = json!([1, 2, 3]);
    page.case("Something that is no tap and has no number", key, &request(&[nothing, tap(501, "card-6")]))
        .await;
    page.quarantine().await;
    page.card("card-6", 1).await;
    let many: Vec<Value> = (502..=1_002).map(|seq| tap(seq, "card-7")).collect();
    page.case("501 taps", key, &request(&many)).await;
    page.nobody("card-7").await;
    let mut other = request(&[tap(502, "card-7")]);
    other["v"] = json!(2);
    page.case("Another version of the format", key, &other).await;
    page.quarantine().await;
    let cut = (key, 0, "a-body-that-is-no-json");
    page.post("A body that is no JSON", cut, b"{\"v\":1,\"taps\":[{".to_vec(), |body| body).await;
    let large = (key, 0, "a-body-of-one-mebibyte");
    page.post("A body of 1 MiB", large, vec![b' '; 1 << 20], |body| body).await;
}

async fn holes(page: &mut Page<'_>, key: &TerminalKey) {
    page.case("A hole: 503 before 502", key, &request(&[tap(503, "card-8")])).await;
    page.missing("T-3").await;
    page.card("card-8", 1).await;
    let mut lost = request(&[]);
    lost["lost"] = json!([[502, 502]]);
    page.case("The hole is lost", key, &lost).await;
    page.missing("T-3").await;
}

/// On a busy machine the flood may be over before the case is sent: it is tried until it is not.
async fn too_often(page: &mut Page<'_>, key: &TerminalKey) {
    let beat = request(&[]).to_string().into_bytes();
    let begin = page.text.len();
    for turn in 0..FLOODS_MAX {
        page.text.truncate(begin);
        let nonces: Vec<String> = (0..30).map(|n| format!("heartbeat-number-{turn:04}-{n:04}")).collect();
        let flood = nonces.iter().map(|nonce| page.send((key, 0, nonce.as_str()), beat.clone(), |body| body));
        futures_util::future::join_all(flood).await;
        page.case("More than 5 requests a second", key, &request(&[])).await;
        if page.text[begin..].contains("`429`") {
            return;
        }
    }
    panic!("the flood was never refused");
}

/// The page is the same tomorrow.
fn without_times(shown: &str) -> String {
    let mut text = String::new();
    for line in shown.lines() {
        let line = match line.trim_start() {
            rest if rest.starts_with("last heard") => "  last heard   N s ago",
            rest if rest.starts_with("clock") && rest.ends_with("from ours") => {
                "  clock        N s from ours"
            }
            _ => line.trim_end(),
        };
        let _ = writeln!(text, "{line}");
    }
    text
}
