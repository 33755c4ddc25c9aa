use crate::harness::{Answer, Server, answer};
use fares::post::Payer;
use fares::{
    Account, Discrepancy, Journal, JournalKind, Leg, LegId, LegStatus, Movement, Occasion, Posting, Price,
    Satang, TapId, TapKind, post,
};
use gtfs::{ServiceDay, Timestamp};
use serde_json::{Value, json};
use server::finance::posting_day;
use server::ingest::enroll::local_actor;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use store::{FareCommit, LegRow, Operator, OperatorRole, TapState};

/// A server with an operator of each role, whose token is the role's word.
pub(crate) async fn office() -> Server {
    let server = Server::start().await;
    let roles = ["viewer", "dispatcher", "fares", "admin", "auditor"];
    for role in roles {
        operator(&server, role, role, "").await;
    }
    operator(&server, "second", "fares", "").await;
    operator(&server, "bus-a", "fares", "A").await;
    server
}

async fn operator(server: &Server, name: &str, role: &str, agency: &str) {
    let operator = Operator {
        name: name.into(),
        role: OperatorRole::from_word(role).unwrap(),
        agency: agency.into(),
        token_sha256: Sha256::digest(name.as_bytes()).to_vec(),
        created: Timestamp(1),
        revoked: None,
    };
    server.app.db.operator_put(&operator, &local_actor(Timestamp(1), "test")).await.unwrap();
}

pub(crate) async fn get(server: &Server, who: &str, path: &str) -> Answer {
    answer(reqwest::Client::new().get(server.url(path)).bearer_auth(who)).await
}

pub(crate) async fn send(server: &Server, who: &str, path: &str, body: Value) -> Answer {
    answer(reqwest::Client::new().post(server.url(path)).bearer_auth(who).body(body.to_string())).await
}

fn leg_id() -> LegId {
    LegId { tap: TapId { terminal: "T-1".into(), epoch: 1, seq: 7 }, companion: 0 }
}

/// A top-up of 100.00, a ride of 12.00 with agency A, and something that does not add up.
async fn a_day_of(server: &Server) {
    let (now, day) = (server.now(), posting_day(server.now()));
    let occasion = Occasion {
        cause: "psp:omise:R1".into(),
        service_day: day,
        posting_day: day,
        effective: now,
        posted: now,
    };
    let by = Payer::Psp("omise".into());
    let top_up =
        post(occasion, &Movement::TopUp { card: "card-a".into(), amount: Satang(10_000), by }).unwrap();
    let posting = |account, debit| Posting { account, debit: Satang(debit), leg: Some((leg_id(), 1)) };
    let fare = Journal {
        kind: JournalKind::Fare,
        cause: "fare:T-1/1/7".into(),
        postings: vec![
            posting(Account::Card("card-a".into()), 1_200),
            posting(Account::FareClearing, -1_200),
        ],
        ..top_up.clone()
    };
    let found = Discrepancy {
        kind: "no_psp".into(),
        cause: "x".into(),
        subject: "psp:omise:R9".into(),
        amount: Some(Satang(-500)),
        day,
        found: now,
        detail: "the payment service has nothing".into(),
    };
    let commit = FareCommit {
        at: now,
        salt: [1; 16],
        taps: vec![tap(now, day)],
        legs: vec![leg(now, day)],
        journals: vec![top_up, fare],
        discrepancies: vec![found],
        ..FareCommit::default()
    };
    server.app.db.fares_commit(&commit).await.unwrap();
}

fn tap(now: Timestamp, day: ServiceDay) -> TapState {
    TapState {
        tap: 1,
        id: leg_id().tap,
        rev: 1,
        card: "card-a".into(),
        kind: TapKind::On,
        pax: 1,
        fate: "leg".into(),
        leg: Some(leg_id()),
        service_day: day,
        agency: "A".into(),
        network: "bus".into(),
        t: now,
        method: "uptime".into(),
        bound_ms: 180,
        vehicle: "EV-07".into(),
        trip: "r3_0715".into(),
        stop: "P04".into(),
        route: "r3".into(),
        ride_start_s: Some(7 * 3_600 + 900),
        sequence: Some(4),
    }
}

fn leg(now: Timestamp, day: ServiceDay) -> LegRow {
    let leg = Leg {
        id: leg_id(),
        card: "card-a".into(),
        off: None,
        status: LegStatus::Complete,
        service_day: day,
        agency: "A".into(),
        network: "bus".into(),
        route: "r3".into(),
        trip: "r3_0715".into(),
        vehicle: "EV-07".into(),
        from: "P04".into(),
        to: "P09".into(),
        start: now,
        end: now,
        price: Price {
            full: Satang(1_500),
            alone: Satang(1_500),
            capped: Satang(-300),
            charge: Satang(1_200),
            tariff: "2026a".into(),
            product: "bus adult".into(),
            cap: Some("day".into()),
            ..Price::default()
        },
    };
    LegRow { rev: 1, leg, share: None, waived: Satang(0), posting_day: day }
}

const READS: [&str; 11] = [
    "/v1/finance/cards/card-a",
    "/v1/finance/cards/card-a/history",
    "/v1/finance/commands",
    "/v1/finance/discrepancies",
    "/v1/finance/float",
    "/v1/finance/suspense",
    "/v1/finance/journals?cause=psp:omise:R1",
    "/v1/finance/terminals",
    "/v1/finance/quarantine",
    "/v1/finance/days",
    "/v1/finance/days/20261120/settlements",
];

#[tokio::test]
async fn each_role_gets_what_the_table_says_and_nobody_else_anything() {
    let mut server = office().await;
    a_day_of(&server).await;
    for path in READS {
        assert_eq!(server.get(path).await.refusal(), (401, "token".to_owned()), "{path}");
        assert_eq!(get(&server, "stranger", path).await.refusal(), (401, "token".to_owned()), "{path}");
        for (who, status) in
            [("viewer", 403), ("dispatcher", 403), ("fares", 200), ("admin", 200), ("auditor", 200)]
        {
            assert_eq!(get(&server, who, path).await.status, status, "{who} {path}");
        }
    }
    let command = json!({"key": "k", "reason": "r", "kind": "deny", "card": "card-a"});
    for who in ["viewer", "dispatcher", "admin", "auditor"] {
        let refused = send(&server, who, "/v1/finance/commands", command.clone()).await;
        assert_eq!(refused.refusal(), (403, "role".to_owned()), "{who}");
    }
    server.app.db.operator_revoke("fares", &local_actor(Timestamp(1), "test")).await.unwrap();
    assert_eq!(get(&server, "fares", "/v1/finance/float").await.status, 401, "from the next request on");
    server.stop().await;
}

#[tokio::test]
async fn a_card_shows_what_stands_on_it_and_why_each_ride_costs_what_it_costs() {
    let mut server = office().await;
    a_day_of(&server).await;
    let card = get(&server, "auditor", "/v1/finance/cards/card-a").await.json();
    assert_eq!((&card["balance_satang"], &card["state"]), (&json!(8_800), &json!("unregistered")));
    let history = get(&server, "fares", "/v1/finance/cards/card-a/history").await.json();
    let price = &history["legs"][0]["price"];
    assert_eq!((&price["alone_satang"], &price["capped_satang"]), (&json!(1_500), &json!(-300)));
    assert_eq!((&price["charge_satang"], &price["cap"]), (&json!(1_200), &json!("day")));
    assert_eq!(history["taps"][0]["fate"], "leg");
    let nobody = get(&server, "fares", "/v1/finance/cards/nobody").await;
    assert_eq!(nobody.refusal(), (404, "card".to_owned()));
    let rows = server.app.db.audit_after(0, 100).await.unwrap();
    let reads: Vec<&str> =
        rows.iter().map(|row| &*row.change.action).filter(|a| a.ends_with("_read")).collect();
    assert_eq!(reads, ["card_read", "card_history_read", "card_read"]);
    assert!(rows.iter().all(|row| !row.change.subject.contains("card-a")), "no token in the audit log");
    server.stop().await;
}

#[tokio::test]
async fn an_operator_of_one_agency_sees_that_agency_alone() {
    let mut server = office().await;
    a_day_of(&server).await;
    assert_eq!(get(&server, "bus-a", "/v1/finance/float").await.refusal(), (403, "scope".to_owned()));
    let own = get(&server, "bus-a", "/v1/finance/cards/card-a/history").await.json();
    assert_eq!(own["legs"].as_array().map(Vec::len), Some(1));
    operator(&server, "bus-b", "fares", "B").await;
    let other = get(&server, "bus-b", "/v1/finance/cards/card-a/history").await.json();
    assert_eq!(other, json!({"legs": [], "taps": []}));
    server.stop().await;
}

#[tokio::test]
async fn a_large_refund_waits_for_a_second_person() {
    let mut server = office().await;
    let ask = |key: &str, satang: i64| json!({"key": key, "reason": "reader broken", "kind": "refund", "card": "card-a", "amount_satang": satang});
    let small = send(&server, "fares", "/v1/finance/commands", ask("k1", 1_500)).await.json();
    assert_eq!(small["state"], "ready");
    let large = send(&server, "fares", "/v1/finance/commands", ask("k2", 50_000)).await.json();
    assert_eq!((&large["state"], &large["id"]), (&json!("waiting"), &json!(2)));
    let waiting = get(&server, "auditor", "/v1/finance/commands?waiting=1").await.json();
    assert_eq!(waiting["rows"].as_array().map(Vec::len), Some(1));
    assert!(!waiting.to_string().contains("card-a"), "the list shows no card");
    let own = send(&server, "fares", "/v1/finance/commands/2/approve", json!({})).await;
    assert_eq!(own.refusal(), (422, "refused".to_owned()));
    let agreed = send(&server, "second", "/v1/finance/commands/2/approve", json!({"reason": "seen"})).await;
    assert_eq!(agreed.json()["state"], "ready");
    let again = send(&server, "second", "/v1/finance/commands/2/refuse", json!({})).await;
    assert_eq!(again.refusal(), (422, "decided".to_owned()));
    assert_eq!(server.app.db.fare_commands_after(0, 10).await.unwrap().len(), 2);
    for (wrong, code) in [
        (json!({"key": "k3", "reason": " ", "kind": "deny", "card": "a"}), "reason"),
        (json!({"key": "k3", "reason": "r", "kind": "refund", "card": "a", "amount_satang": 0}), "amount"),
        (json!({"key": "k3", "reason": "r", "kind": "top_up", "card": "a", "amount_satang": 5}), "payer"),
        (
            json!({"key": "k3", "reason": "r", "kind": "lost_card", "card": "a", "successor": "a"}),
            "successor",
        ),
    ] {
        let refused = send(&server, "fares", "/v1/finance/commands", wrong).await;
        assert_eq!(refused.refusal(), (422, code.to_owned()));
    }
    let unreadable = send(&server, "fares", "/v1/finance/commands", json!({"kind": "steal"})).await;
    assert_eq!(unreadable.refusal(), (400, "json".to_owned()));
    server.stop().await;
}

#[tokio::test]
async fn a_discrepancy_gets_an_owner_and_a_reason() {
    let mut server = office().await;
    a_day_of(&server).await;
    let open = get(&server, "fares", "/v1/finance/discrepancies").await.json();
    assert_eq!(open["rows"][0]["kind"], "no_psp");
    assert_eq!(open["next"], Value::Null);
    let path = "/v1/finance/discrepancies/1";
    let nobody = send(&server, "fares", &format!("{path}/assign"), json!({"owner": "nobody"})).await;
    assert_eq!(nobody.refusal(), (422, "owner".to_owned()));
    let taken = send(&server, "fares", &format!("{path}/assign"), json!({"owner": "second"})).await.json();
    assert_eq!((&taken["owner"], &taken["state"]), (&json!("second"), &json!("assigned")));
    let done =
        send(&server, "second", &format!("{path}/resolve"), json!({"reason": "came a day later"})).await;
    assert_eq!(done.json()["resolution"], "came a day later");
    let again = send(&server, "second", &format!("{path}/resolve"), json!({"reason": "x"})).await;
    assert_eq!(again.refusal(), (422, "resolved".to_owned()));
    let resolved = get(&server, "auditor", "/v1/finance/discrepancies?state=resolved&limit=1").await.json();
    assert_eq!(resolved["next"], "1");
    server.stop().await;
}

#[tokio::test]
async fn sums_journals_and_days_are_shown_without_cards() {
    let mut server = office().await;
    a_day_of(&server).await;
    let float = get(&server, "fares", "/v1/finance/float").await.json();
    assert_eq!(float, json!({"owed_satang": 8_800, "alarm_at_satang": 4_000_000_000i64, "alarm": false}));
    let journal = get(&server, "fares", "/v1/finance/journals?cause=psp:omise:R1").await;
    assert_eq!(
        journal.json()["postings"][0],
        json!({"account": "psp_receivable:omise", "debit_satang": 10_000})
    );
    assert!(!String::from_utf8_lossy(&journal.body).contains("card-a"));
    let today = posting_day(server.now());
    let report = get(&server, "admin", &format!("/v1/finance/days/{today}")).await;
    let text = String::from_utf8_lossy(&report.body).into_owned();
    assert!(text.contains("\"fare_clearing\"") && !text.contains("card-a"), "{text}");
    assert_eq!(get(&server, "admin", "/v1/finance/days/tomorrow").await.refusal(), (400, "day".to_owned()));
    server.stop().await;
}

#[tokio::test]
async fn an_inspector_sees_the_last_taps_and_the_look_is_stored() {
    let mut server = office().await;
    a_day_of(&server).await;
    let seen = get(&server, "dispatcher", "/v1/inspect?card=card-a&place=EV-07").await.json();
    assert_eq!((&seen["found"], seen["taps"].as_array().map(Vec::len)), (&json!("valid"), Some(1)));
    let unknown = get(&server, "dispatcher", "/v1/inspect?card=ghost").await.json();
    assert_eq!(unknown["found"], "unknown");
    assert_eq!(get(&server, "auditor", "/v1/inspect?card=card-a").await.status, 403, "a look is a change");
    let card: Arc<str> = "card-a".into();
    let stored = server.app.db.inspections(&card, 10).await.unwrap();
    assert_eq!(stored.iter().map(|look| &*look.place).collect::<Vec<_>>(), ["EV-07"]);
    server.stop().await;
}
