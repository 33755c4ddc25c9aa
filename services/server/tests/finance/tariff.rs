//! Versions of the tariff over HTTP: proposed by one, agreed to by two, withdrawn.

use crate::api::{get, office, send};
use crate::harness::{Server, answer};
use serde_json::{Value, json};
use server::driver::fares::halt::{BULK_DEBIT, halted};
use server::finance::posting_day;
use std::sync::Arc;
use std::time::Duration;

/// Nothing here takes longer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Fares of the harness's town from a day on.
fn file(version: &str, day: &str) -> String {
    format!(
        r#"
version = "{version}"
valid_from = {}-{}-{}
timezone = "Asia/Bangkok"
currency = "THB"

[[rider]]
id = "adult"
name = "adult"
default = true

[[network]]
id = "bus"
name = "bus"
routes = ["1"]

[[product]]
id = "bus"
name = "bus"
amount = "15.00"

[[leg]]
network = "bus"
product = "bus"
"#,
        &day[..4],
        &day[4..6],
        &day[6..]
    )
}

#[tokio::test]
async fn a_version_is_proposed_by_one_agreed_to_by_two_and_shown_with_its_report() {
    let mut server = office().await;
    let town = "zone Asia/Bangkok\nstop A 0 0\nstop B 600 0\nroute 1 bus\ntrip t1 route=1 : A 08:00 B 08:02";
    server.app.feeds.swap(Arc::new(gtfs::fixture::timetable(town).unwrap()));
    let tomorrow = posting_day(server.now()).next().to_string();
    let ask = |file: String, day: &str| json!({"file": file, "valid_from": day, "reason": "the council"});
    let good = ask(file("2026-12", &tomorrow), &tomorrow);
    for who in ["viewer", "dispatcher", "admin", "auditor"] {
        let refused = send(&server, who, "/v1/finance/tariffs", good.clone()).await;
        assert_eq!(refused.refusal(), (403, "role".to_owned()), "{who}");
    }
    let wrong = ask(file("2026-12", &tomorrow).replace("15.00", "cheap"), &tomorrow);
    let refused = send(&server, "fares", "/v1/finance/tariffs", wrong).await;
    let message = refused.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.contains("line") && message.contains("amount"), "{message}");
    assert_eq!(refused.refusal(), (422, "refused".to_owned()));

    let stored = send(&server, "fares", "/v1/finance/tariffs", good.clone()).await.json();
    assert_eq!((&stored["version"], &stored["state"]), (&json!("2026-12"), &json!("proposed")), "{stored}");
    assert_eq!(stored["shadow"]["cards"], 0);
    let path = "/v1/finance/tariffs/2026-12";
    let own = send(&server, "fares", &format!("{path}/approve"), json!({})).await;
    assert_eq!(own.refusal(), (422, "refused".to_owned()));
    let one = send(&server, "second", &format!("{path}/approve"), json!({"reason": "read it"})).await.json();
    assert_eq!(one["state"], "proposed");
    assert_eq!(send(&server, "auditor", &format!("{path}/approve"), json!({})).await.status, 403);
    let two = send(&server, "admin", &format!("{path}/approve"), json!({})).await.json();
    assert_eq!((&two["state"], two["decisions"].as_array().map(Vec::len)), (&json!("approved"), Some(2)));
    let list = get(&server, "auditor", "/v1/finance/tariffs").await.json();
    assert_eq!((&list["rows"][0]["state"], &list["next"]), (&json!("approved"), &Value::Null));
    let whole = get(&server, "auditor", path).await.json();
    assert!(whole["file"].as_str().is_some_and(|file| file.contains("2026-12")));

    let gone =
        send(&server, "fares", &format!("{path}/withdraw"), json!({"reason": "a mistake"})).await.json();
    assert_eq!(gone["state"], "withdrawn");
    assert_eq!(get(&server, "fares", "/v1/finance/tariffs/none").await.refusal(), (404, "tariff".to_owned()));
    server.stop().await;
}

#[tokio::test]
async fn a_halt_is_told_without_ending_readiness_and_one_person_can_not_end_it() {
    let server = office().await;
    let now = server.now();
    let found = fares::Discrepancy {
        kind: BULK_DEBIT.into(),
        cause: "bulk_debit:1".into(),
        subject: "rating".into(),
        amount: Some(fares::Satang(81_250)),
        day: posting_day(now),
        found: now,
        detail: "812.50 would be taken from 57 of 900 cards".into(),
    };
    let commit = store::FareCommit { at: now, discrepancies: vec![found], ..store::FareCommit::default() };
    server.app.db.fares_commit(&commit).await.unwrap();
    // Whoever prices taps next finds it.
    let mut server = server.restart().await;
    until(&server, "ok\nrating is halted: 812.50 would be taken from 57 of 900 cards\n").await;
    let ready = answer(reqwest::Client::new().get(server.url("/readyz"))).await.json();
    let checks = ready["checks"].as_array().unwrap().iter();
    let rating = checks.filter(|check| check["name"] == "rating").collect::<Vec<_>>();
    assert!(rating.len() == 1 && rating[0]["ok"] == true, "{ready}: taps go on");
    let metrics = answer(reqwest::Client::new().get(server.url("/metrics"))).await;
    assert!(String::from_utf8_lossy(&metrics.body).contains("padriew_fares_halted 1"));

    let resume = json!({"key": "r1", "reason": "the new prices are right", "kind": "resume_rating"});
    let asked = send(&server, "fares", "/v1/finance/commands", resume).await.json();
    assert_eq!(asked["state"], "waiting");
    assert_eq!(
        send(&server, "fares", "/v1/finance/commands/1/approve", json!({})).await.refusal(),
        (422, "refused".to_owned())
    );
    assert!(halted(&server.app.db).await.unwrap().is_some());
    send(&server, "second", "/v1/finance/commands/1/approve", json!({})).await;
    until(&server, "ok\n").await;
    server.stop().await;
}

/// Waits until `/healthz` says so.
async fn until(server: &Server, says: &str) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while server.get("/healthz").await.body != says.as_bytes() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("/healthz never said {says:?}"));
}
