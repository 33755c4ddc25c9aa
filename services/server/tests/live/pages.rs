//! Rider pages without a browser: what is in the HTML.

use super::harness::Server;
use reqwest::header::{ACCEPT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

async fn page(server: &Server, path: &str, language: &str) -> String {
    let answer =
        reqwest::Client::new().get(server.url(path)).header(ACCEPT_LANGUAGE, language).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    assert!(answer.headers()[CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
    assert!(answer.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().contains("default-src 'none'"));
    answer.text().await.unwrap()
}

#[tokio::test]
async fn a_stop_page_has_its_departures_in_the_html_in_both_languages() {
    let server = Server::start().await;
    server.until(|app| app.live.hub.topic("B").is_some_and(|topic| !topic.board().rows().is_empty())).await;
    let english = page(&server, "/s/B", "en").await;
    assert!(english.contains("08:02") && english.contains("Scheduled") && english.contains("lang=\"en\""));
    let thai = page(&server, "/s/B", "th").await;
    assert!(thai.contains("08:02") && thai.contains("ตามตาราง") && thai.contains("2569"));
    assert!(page(&server, "/s/B?lang=th", "en").await.contains("ตามตาราง"), "the address wins");
    let part = page(&server, "/s/B?part=rows", "en").await;
    assert!(part.contains("08:02") && !part.contains("<html"), "the rows alone");
    assert!(english.contains("<noscript>"), "a way to reload without a script");
}

#[tokio::test]
async fn the_index_leads_to_stops_panels_and_feeds() {
    let server = Server::start().await;
    let index = page(&server, "/", "en").await;
    for link in ["/s/B", "/panel/", "/gtfs-rt/trip-updates.json", "/gtfs.zip", "/v1/stops?q="] {
        assert!(index.contains(link), "{link} is missing");
    }
    assert!(index.contains("Demo clock"), "a clock that is not the real one says so");
    let found = page(&server, "/?q=p", "en").await;
    assert!(found.contains("href=\"/s/P\""));
    let hostile = page(&server, "/?q=%3Cscript%3Ealert(1)%3C/script%3E", "en").await;
    assert!(!hostile.contains("<script>alert"), "what was typed is text, never markup");
}

#[tokio::test]
async fn a_panel_without_the_built_page_is_drawn_by_the_server() {
    let server = Server::start().await;
    server.until(|app| app.live.hub.topic("B").is_some_and(|topic| !topic.board().rows().is_empty())).await;
    let panel = page(&server, "/panel/B?plain=1", "th").await;
    assert!(panel.contains("http-equiv=\"refresh\"") && panel.contains("08:02"), "it fetches itself again");
}
