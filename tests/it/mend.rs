//! A tap that could not be read is mended by a person, under its own name, and priced like any other.

use super::bad_taps::{Sender, TARIFF, request, tap};
use super::harness::{Town, on_both};
use super::office::Office;
use super::taps::terminal;
use serde_json::{Value, json};

#[test]
fn a_quarantined_tap_is_mended_or_dismissed_by_an_officer_and_its_bytes_stay() {
    on_both("quarantined taps", async |backend| {
        let mut town = Town::new(backend).await;
        let key = terminal(&town, &["T-1", "--vehicle", "BUS-1", "--network", "bus"]);
        let serving = town.serve(&["--set", &format!("fares.tariff={TARIFF}")]).await;
        let office = Office::open(&town, &serving, "malee", "fares");
        let auditor = Office::open(&town, &serving, "anong", "auditor");
        let db = town.database().await;
        let sender = Sender { url: serving.url(""), key };
        let hash = "00112233445566778899aabbccddeeff";
        let broken = json!({"s": 2, "up": "noon", "c": "card-2", "k": "on", "v": "BUS-1", "h": hash});
        let batch = request(&[tap(1, "card-1"), broken.clone(), json!("noise")]);
        let said = sender.post("first", &batch).await;
        assert_eq!(said["items"], json!({"2": "quarantined:format", "#2": "quarantined:format"}));

        let (_, rows) = auditor.get("/v1/finance/quarantine").await;
        let listed = |row: &Value| (row["seq"].clone(), row["age_d"].clone(), row["raw"].clone());
        assert_eq!(listed(&rows[0]), (json!(2), json!(0), Value::Null), "no card in the list: {rows}");
        let path = format!("/v1/finance/quarantine/{}", rows[0]["id"]);
        let (_, whole) = auditor.get(&path).await;
        assert_eq!(whole["raw"].as_str(), Some(broken.to_string().as_str()));

        let inject = |tap: Value| json!({"reason": "up was text; the shift list says 07:00", "tap": tap});
        let mended = json!({"up": 2_000, "c": "card-2", "k": "on", "v": "BUS-1"});
        let injected = format!("{path}/inject");
        assert_eq!(auditor.post(&injected, &inject(mended.clone())).await.0, 403);
        for (wrong, word) in [
            (json!({"up": 2_000, "k": "on"}), "c is missing"),
            (json!({"up": 2_000, "c": "card-2", "k": "on", "s": 3}), "under the number that it has"),
        ] {
            let (status, said) = office.post(&injected, &inject(wrong)).await;
            assert!(status == 422 && said.to_string().contains(word), "{status} {said}");
        }
        assert_eq!(office.post(&injected, &inject(mended.clone())).await, (200, json!({"tap": "T-1/1/2"})));
        let (status, said) = office.post(&injected, &inject(mended)).await;
        assert_eq!((status, &said["error"]["code"]), (422, &json!("refused")));

        // The fare engine takes it, timed by the clocks of the request that brought it.
        let path = "/v1/finance/cards/card-2/history";
        let leg = office.wait(path, |said| said["legs"].as_array()?.first().cloned()).await;
        assert_eq!((&leg["leg"], &leg["price"]["charge_satang"]), (&json!("T-1/1/2"), &json!(1_500)));
        let (_, history) = office.get(path).await;
        assert_eq!(history["taps"][0]["time_from"], "uptime");
        let id = fares::TapId { terminal: "T-1".into(), epoch: 1, seq: 2 };
        let (row, stored) = db.tap(&id).await.expect("a query").expect("the tap");
        assert_eq!(&*stored.card, "card-2");
        let (by, json) = db.tap_evidence(row).await.expect("a query").expect("what was written");
        assert_eq!((&*by, String::from_utf8_lossy(&json).contains("card-2")), ("mended by malee", true));

        // The terminal sends its broken tap again: it is known.
        let again = sender.post("again", &request(&[broken])).await;
        assert_eq!(again["items"], json!({"2": "duplicate"}));

        let (_, rows) = office.get("/v1/finance/quarantine").await;
        assert_eq!(rows.as_array().map(Vec::len), Some(1));
        let dismiss = format!("/v1/finance/quarantine/{}/dismiss", rows[0]["id"]);
        assert_eq!(office.post(&dismiss, &json!({"reason": " "})).await.0, 422);
        let (status, gone) = office.post(&dismiss, &json!({"reason": "noise"})).await;
        assert_eq!(
            (status, &gone["state"], &gone["settled_by"]),
            (200, &json!("dismissed"), &json!("malee"))
        );
        let (_, fixed) = office.get("/v1/finance/quarantine?state=fixed").await;
        assert_eq!((&fixed[0]["seq"], &fixed[0]["settled_by"]), (&json!(2), &json!("malee")));
        let rows = db.audit_after(0, 1_000).await.expect("rows");
        for action in ["tap_quarantine_read", "tap_mend", "tap_dismiss"] {
            assert_eq!(rows.iter().filter(|row| row.change.action == action).count(), 1, "{action}");
        }
        town.stop();
    });
}
