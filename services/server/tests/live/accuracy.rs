//! How predictions do, as anybody may ask.

use super::harness::{Server, begin};
use reqwest::header::{ETAG, IF_NONE_MATCH};
use serde_json::Value;

#[tokio::test]
async fn the_server_scores_its_own_predictions_and_tells_them_over_http_and_to_metrics() {
    let server = Server::start_at(begin().plus_s(118.0)).await;
    // From A to C faster than a bus could, but the town's clock runs with ours.
    for east_m in [10.0, 60.0, 250.0, 430.0, 600.0, 760.0] {
        server.bus_at(east_m).await;
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    }
    server
        .until(|app| {
            let scored = app.live.accuracy.scored();
            scored.is_some_and(|scored| scored.accuracy.all.today.tally.n() > 0)
        })
        .await;
    let answer = server.get("/v1/accuracy").await;
    assert!(answer.status().is_success());
    let etag = answer.headers()[ETAG].clone();
    let told: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!((&told["routes"][0]["id"], &told["routes"][0]["ok"]), (&Value::from("R"), &Value::from(true)));
    let today = &told["routes"][0]["today"];
    assert!(today["arrivals"].as_u64().unwrap() > 0 && today["mae_s"].is_f64(), "{today}");
    assert_eq!(today["horizons"][0]["min"], "0-3");
    assert_eq!(told["all"]["today"]["n"], today["n"]);
    assert!(told["all"]["days_28"]["mae_s"].is_null(), "no day is over");
    let again = reqwest::Client::new().get(server.url("/v1/accuracy")).header(IF_NONE_MATCH, etag);
    assert_eq!(again.send().await.unwrap().status(), 304);
    let metrics = server.get("/metrics").await.text().await.unwrap();
    let line = metrics.lines().find(|line| line.starts_with("padriew_eta_mae_seconds{")).unwrap();
    assert!(line.contains("window=") && line.contains("horizon="), "{line}");
    assert!(metrics.contains("padriew_eta_routes_distrusted 0"));
}

#[tokio::test]
async fn before_anything_is_scored_the_figures_are_empty_and_say_so() {
    let server = Server::start().await;
    server.until(|app| app.live.accuracy.scored().is_some()).await;
    let told: Value = serde_json::from_str(&server.get("/v1/accuracy").await.text().await.unwrap()).unwrap();
    assert_eq!(told["routes"], Value::Array(vec![]));
    assert_eq!(told["all"]["last_30_min"]["arrivals"], 0);
}
