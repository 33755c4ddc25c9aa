use super::*;
use serde_json::{Value, json};

fn to_panel_both_ways(text: &str) -> ToPanel {
    let frame = ToPanel::decode(text).unwrap();
    let written: Value = serde_json::from_str(&frame.encode().unwrap()).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(text).unwrap());
    frame
}

fn from_panel_both_ways(text: &str) -> FromPanel {
    let frame = FromPanel::decode(text).unwrap();
    let written: Value = serde_json::from_str(&frame.encode().unwrap()).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(text).unwrap());
    frame
}

const SNAP: &str = r#"{"k":"snap","ep":31,"seq":8813,"now":1795136530,"ttl":90,
  "stop":{"id":"S12","name":{"th":"ท่าเรือวัดหลวงพ่อโสธร","en":"Wat Sothon Pier"},"kind":"pier","lat":13.67,"lon":101.07},
  "rows":[{"id":"t:F1-0931:1","r":"F1","h":3,"a":1795136700,"e":1795136760,"src":"live","st":"ok",
    "q":[1795136730,1795136850],"occ":"MANY_SEATS","wc":1,"ev":1,"soc":71,"plat":"A"}],
  "sv":"a41c","sched":[[1795136700,"F1",3]],"heads":{"3":{"th":"ตลาดบ้านใหม่","en":"Ban Mai Market"}},
  "routes":{"F1":{"name":"F1","color":"0B7285","text":"FFFFFF","mode":"ferry"}},
  "alerts":[{"id":"al7","pri":40,"level":"standard","fill":"bottom","until":1795150000,"text":{"th":"ก","en":"a"}}],
  "tiles":[{"id":"tide","until":1795138000,"data":{"cm":182,"trend":"rise","high":1795142100}}],
  "cfg":{"ver":7,"langs":["th","en"],"theme":"auto","hours":["05:00","23:00"],"vol":[70,30],"rows":6,"window_ms":5000,"board":"arrivals"}}"#;

#[test]
fn a_snapshot_reads_and_writes_the_documented_text() {
    let ToPanel::Snap(snap) = to_panel_both_ways(SNAP) else { unreachable!() };
    assert_eq!(snap.stop.name.get("en"), "Wat Sothon Pier");
    assert_eq!(snap.rows[0].e, Some(1_795_136_760));
    assert_eq!((snap.rows[0].src, snap.rows[0].st), (Source::Live, State::Coming));
    assert_eq!(snap.sched.as_deref(), Some(&[(1_795_136_700, "F1".to_owned(), 3)][..]));
}

#[test]
fn every_documented_frame_of_the_server_reads_and_writes_back() {
    to_panel_both_ways(
        r#"{"k":"d","seq":8814,"up":[{"id":"t:B7-0815:2","r":"B7","h":1,"a":5,"src":"held","st":"stand","pt":4,"gap":3}],"rm":["t:B7-0810:2"],"alerts":[],"tiles":[]}"#,
    );
    to_panel_both_ways(r#"{"k":"d","seq":8815}"#);
    to_panel_both_ways(
        r#"{"k":"hb","now":1795136545,"seq":8814,"age":{"gps":4,"link":0},"eta":{"ok":true,"mae":38}}"#,
    );
    let cmd = to_panel_both_ways(
        r#"{"k":"cmd","id":"c91","op":"takeover","exp":1795140130,"arg":{"level":"emergency","fill":"full","text":{"th":"ก","en":"a"}}}"#,
    );
    let ToPanel::Cmd(cmd) = cmd else { unreachable!() };
    let takeover: Takeover = serde_json::from_value(cmd.arg).unwrap();
    assert_eq!((takeover.level, takeover.fill), (Level::Emergency, Fill::Full));
    let bye = to_panel_both_ways(r#"{"k":"bye","in":[1200,6200],"why":"restart"}"#);
    assert_eq!(bye, ToPanel::Bye(Bye { in_ms: [1200, 6200], why: "restart".into() }));
}

#[test]
fn every_documented_frame_of_a_panel_reads_and_writes_back() {
    from_panel_both_ways(
        r#"{"k":"hello","v":1,"panel":"P-0107","token":"s3cret","app":"1.4.2","cap":{"w":1920,"h":1080,"kind":"lcd","audio":true,"lux":true},"resume":{"ep":31,"seq":8812,"sv":"a41c"}}"#,
    );
    from_panel_both_ways(r#"{"k":"hello","v":1,"stop":"S12","app":"1.4.2","langs":["th","en"]}"#);
    from_panel_both_ways(
        r#"{"k":"hb","seq":8814,"at":1795136545,"rh":"9b1f03aa","page":1,"rung":"LIVE","up":86400,"mem":41,"net":-67,"lux":210,"temp":48,"fps":1,"err":0}"#,
    );
    from_panel_both_ways(r#"{"k":"ack","id":"c91","ok":true,"ms":120}"#);
    from_panel_both_ways(r#"{"k":"ack","id":"c92","ok":false,"err":"no audio device"}"#);
    from_panel_both_ways(r#"{"k":"ack","id":"c93","ok":true,"lines":["F1 ตลาดบ้านใหม่ 7 นาที"]}"#);
}

#[test]
fn unknown_keys_kinds_and_words_are_survived() {
    let mut snap: Value = serde_json::from_str(SNAP).unwrap();
    snap["surprise"] = json!({"deep": [1]});
    snap["rows"][0]["src"] = json!("psychic");
    snap["rows"][0]["st"] = json!("hovering");
    let ToPanel::Snap(read) = ToPanel::decode(&snap.to_string()).unwrap() else { unreachable!() };
    assert_eq!((read.rows[0].src, read.rows[0].st), (Source::Timetable, State::Coming));
    assert_eq!(ToPanel::decode(r#"{"k":"hologram","x":1}"#).unwrap(), ToPanel::Unknown);
    assert_eq!(FromPanel::decode(r#"{"k":"wave"}"#).unwrap(), FromPanel::Unknown);
    let cmd = ToPanel::decode(r#"{"k":"cmd","id":"c","op":"dance","exp":1}"#).unwrap();
    assert!(matches!(cmd, ToPanel::Cmd(Cmd { op: Op::Unknown, .. })));
}

#[test]
fn a_frame_without_its_required_keys_is_refused_and_names_the_key() {
    let error = ToPanel::decode(r#"{"k":"snap","ep":1,"seq":1}"#).unwrap_err();
    assert!(error.to_string().contains("now"), "{error}");
    assert!(FromPanel::decode("[]").is_err());
    assert!(FromPanel::decode(r#"{"v":1}"#).is_err());
}

#[test]
fn missing_texts_fall_back_to_english_then_thai_then_anything() {
    let text = Text::th_en("ท่า", "Pier");
    assert_eq!((text.get("th"), text.get("my")), ("ท่า", "Pier"));
    assert_eq!(Text::th_en("ท่า", "").get("en"), "ท่า");
    assert_eq!(Text([("zh".to_owned(), "码头".to_owned())].into()).get("th"), "码头");
    assert_eq!(Text::default().get("th"), "");
}

#[test]
fn a_token_is_never_printed() {
    let hello = Hello { token: Some(Token("s3cret".into())), ..Hello::default() };
    assert!(!format!("{hello:?}").contains("s3cret"));
}
