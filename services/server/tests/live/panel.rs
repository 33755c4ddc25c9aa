//! The protocol of `GET /v1/panel` (`stop_display::frame`), frame by frame.

use super::harness::{Heard, Reader, Server, a_moment, begin};
use serde_json::json;

#[tokio::test]
async fn a_phone_gets_a_snapshot_with_the_timetable_then_each_change() {
    let server = Server::start().await;
    let mut phone = Reader::at(&server, "B").await;
    let snap = phone.frame().await;
    assert_eq!((&snap["k"], &snap["stop"]["id"], &snap["ttl"]), (&json!("snap"), &json!("B"), &json!(90)));
    assert!((snap["now"].as_i64().unwrap() - begin().s()).abs() < 60, "the server's own clock");
    let aimed = begin().s() + 240;
    assert_eq!(snap["sched"][0], json!([aimed, "R", snap["sched"][0][2]]));
    assert!(snap["sched"].as_array().unwrap().len() >= 3, "36 hours: today's two and tomorrow's");

    server.bus_at(20.0).await;
    server.bus_at(120.0).await;
    let row = phone.row("t1", |row| row["src"] == "live").await;
    assert_eq!((&row["a"], &row["st"]), (&json!(aimed), &json!("ok")));
    let late_s = row["e"].as_i64().unwrap() - aimed;
    assert!((-240..600).contains(&late_s), "{row}");
}

#[tokio::test]
async fn a_panel_that_lost_its_link_gets_what_it_lacks_and_not_more() {
    let server = Server::start().await;
    let mut panel = Reader::at(&server, "B").await;
    let snap = panel.frame().await;
    let resume =
        |seq: u64, sv: &str| json!({"stop": "B", "resume": {"ep": snap["ep"], "seq": seq, "sv": sv}});
    let (seq, sv) = (snap["seq"].as_u64().unwrap(), snap["sv"].as_str().unwrap());

    let mut same = Reader::saying(&server, resume(seq, sv)).await;
    let answer = same.frame().await;
    assert_eq!((&answer["k"], &answer["seq"]), (&json!("hb"), &json!(seq)), "nothing was missed: {answer}");

    drop(panel);
    server.bus_at(20.0).await;
    same.row("t1", |row| row["src"] == "live").await;
    let mut back = Reader::saying(&server, resume(seq, sv)).await;
    let delta = back.frame().await;
    assert_eq!((&delta["k"], &delta["seq"]), (&json!("d"), &json!(seq + 1)), "{delta}");
    assert!(delta.to_string().len() < 2_048, "a short absence costs little: {delta}");

    let mut other = Reader::saying(&server, resume(seq, "another")).await;
    let snap = other.frame().await;
    assert!(snap["k"] == "snap" && snap["sched"].is_array(), "its timetable is of another version");
    let mut future = Reader::saying(&server, resume(seq + 9_999, sv)).await;
    let snap = future.frame().await;
    assert!(snap["k"] == "snap" && snap["sched"].is_null(), "it has the timetable, but of the board nothing");
}

#[tokio::test]
async fn who_says_nothing_or_nonsense_is_told_why_it_is_closed() {
    let server = Server::start().await;
    let mut silent = Reader::silent(&server).await;
    let mut lost = Reader::at(&server, "nowhere").await;
    assert_eq!(lost.closed().await, 4404);
    let mut unknown = Reader::saying(&server, json!({"panel": "P-9", "token": "x"})).await;
    assert_eq!(unknown.closed().await, 4404);
    let mut rude = Reader::silent(&server).await;
    rude.say("good morning").await;
    assert_eq!(rude.closed().await, 4408);
    assert_eq!(silent.closed().await, 4408, "after five seconds");
}

#[tokio::test]
async fn an_enrolled_panel_shows_its_stop_once_and_only_with_its_token() {
    let server = Server::start().await;
    server.enrol("P-1", "C", "secret-one").await;
    let hello = |token: &str| json!({"panel": "P-1", "token": token});
    let mut wrong = Reader::saying(&server, hello("secret-two")).await;
    assert_eq!(wrong.closed().await, 4401);
    let mut first = Reader::saying(&server, hello("secret-one")).await;
    assert_eq!(first.frame().await["stop"]["id"], "C");
    let mut second = Reader::saying(&server, hello("secret-one")).await;
    assert_eq!(second.frame().await["k"], "snap");
    assert_eq!(first.closed().await, 4409, "a newer connection took over");

    let by = server::ingest::enroll::local_actor(server.app.clock.now(), "test");
    assert!(server.app.db.panel_revoke("P-1", &by).await.unwrap());
    assert_eq!(second.closed().await, 4401, "its token was taken back");
}

#[tokio::test]
async fn a_reader_that_talks_too_much_is_closed_and_one_that_beats_is_not() {
    let server = Server::start().await;
    let beat = json!({"k": "hb", "seq": 1, "at": 1, "rung": "LIVE"}).to_string();
    let mut panel = Reader::at(&server, "B").await;
    panel.frame().await;
    for _ in 0..5 {
        panel.say(&beat).await;
    }
    a_moment().await;
    server.bus_at(20.0).await;
    assert!(matches!(panel.heard().await, Heard::Frame(_)), "five are not too many");
    for _ in 0..6 {
        panel.say(&beat).await;
    }
    assert_eq!(panel.closed().await, 4029);
}

#[tokio::test]
async fn a_message_over_four_kilobytes_is_refused() {
    let server = Server::start().await;
    let mut panel = Reader::at(&server, "B").await;
    panel.frame().await;
    panel.say(&"x".repeat(5_000)).await;
    assert_eq!(panel.closed().await, 1009);
}

#[tokio::test]
async fn a_server_that_stops_says_bye_and_when_to_come_back() {
    let mut server = Server::start().await;
    let mut panel = Reader::at(&server, "B").await;
    panel.frame().await;
    let reading = async {
        let bye = loop {
            let frame = panel.frame().await;
            if frame["k"] == "bye" {
                break frame;
            }
        };
        (bye, panel.closed().await)
    };
    let ((bye, code), ()) = tokio::join!(reading, server.stop());
    assert_eq!((&bye["why"], code), (&json!("restart"), 1012));
    assert!(bye["in"][0].as_u64() < bye["in"][1].as_u64(), "{bye}");
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_closed_and_told_that_it_was_too_slow() {
    use server::live::{Publisher, Relayed};
    use stop_display::frame::Alert;
    let server = Server::start().await;
    let mut slow = Reader::at(&server, "C").await;
    let mut good = Reader::at(&server, "B").await;
    assert_eq!(slow.frame().await["k"], "snap");
    assert_eq!(good.frame().await["k"], "snap");
    // Far more than the sockets of both sides hold, in frames that are each as large as one may be.
    let publisher = Publisher::new(std::sync::Arc::clone(&server.app.live.hub), server.app.live.epoch);
    for n in 0..600 {
        let alert = Alert { id: format!("{n}{}", "x".repeat(40_000)), ..Alert::default() };
        publisher.relayed("C", Relayed { rows: Vec::new(), alerts: vec![alert] });
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    }
    let begun = tokio::time::Instant::now();
    let closed = || server.app.metrics.text().contains("padriew_ws_slow_closed_total 1");
    server.until(|_| closed()).await;
    assert!(begun.elapsed().as_secs() <= 12, "{:?}", begun.elapsed());
    assert_eq!(slow.closed().await, 4008);
    server.bus_at(20.0).await;
    server.bus_at(120.0).await;
    good.row("t1", |row| row["src"] == "live").await;
}
