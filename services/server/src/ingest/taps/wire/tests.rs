use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp::from_s(1_763_598_662);

/// The example of the fares design, section 13.
fn example() -> Value {
    json!({"v":1,"epoch":2,"boot":"9f2c","up_now":8123456,"wall_now":"2025-11-20T07:31:02.114+07:00","rtt":180,
        "held_from":18790,"deny_ver":4412,"tariff_ver":"2025-10a","quote":false,"want":[],
        "taps":[tap(18801), tap(18802)],
        "audit":[{"shift":"B-1120-1","from":18650,"to":18803,"n":154,"sum_f":231000,"head":"77aa0400000000000000000000000000"}],
        "lost":[[18640,18641]]})
}

fn tap(seq: i64) -> Value {
    json!({"s":seq,"up":8001200,"w":"2025-11-20T07:28:59.858+07:00","c":"mE3kq0vT","k":"on","v":"EV-07",
        "trip":"r3_0715","st":"P04","g":[13690400,101077900,6],"pax":1,"out":"ok","f":1500,"b":4200,
        "h":"5b0e61c2000000000000000000000000"})
}

fn bytes(value: &Value) -> Bytes {
    serde_json::to_vec(value).unwrap().into()
}

fn code(value: &Value) -> (u16, &'static str) {
    let refusal = read(&bytes(value), NOW).unwrap_err();
    (refusal.status().as_u16(), refusal.code())
}

fn changed(key: &str, to: Value) -> Value {
    let mut value = example();
    value[key] = to;
    value
}

#[test]
fn the_example_of_the_design_is_read_to_the_last_field() {
    let request = read(&bytes(&example()), NOW).unwrap();
    assert_eq!((request.epoch, request.held_from, request.deny_ver), (2, 18_790, 4_412));
    assert_eq!((request.clock.up_ms, request.clock.rtt_ms, request.clock.received), (8_123_456, 180, NOW));
    assert_eq!(request.clock.wall, instant("2025-11-20T00:31:02.114Z"));
    assert_eq!(
        request.block.line(&request.block.taps()[0]),
        "2|18801|9f2c|8001200|2025-11-20T07:28:59.858+07:00|mE3kq0vT|on|EV-07|r3_0715|P04|13690400|101077900|6||1|ok|1500|4200"
    );
    assert_eq!((request.audits.len(), request.lost.as_slice()), (1, [(18_640, 18_641)].as_slice()));
    assert!(request.refused.is_empty() && !request.quote);
    assert_eq!(request.newest_up_ms, Some(8_001_200));
}

#[test]
fn a_heartbeat_has_no_taps_and_needs_little() {
    let least = json!({"v":1,"epoch":1,"boot":"b","up_now":0,"taps":[]});
    let request = read(&bytes(&least), NOW).unwrap();
    assert!(request.block.taps().is_empty() && request.newest_up_ms.is_none());
}

#[test]
fn an_envelope_that_makes_no_sense_is_refused_whole() {
    for (key, to) in [
        ("v", json!(2)),
        ("epoch", json!(0)),
        ("epoch", json!("two")),
        ("boot", json!("")),
        ("boot", json!("a|b")),
        ("up_now", json!(-1)),
        ("taps", json!(null)),
        ("taps", json!({})),
        ("tariff_ver", json!("x".repeat(65))),
    ] {
        assert_eq!(code(&changed(key, to.clone())), (422, "envelope"), "{key} {to}");
    }
    let many: Vec<Value> = (1..=501).map(tap).collect();
    assert_eq!(code(&changed("taps", json!(many))), (413, "taps"));
    assert_eq!(read(&Bytes::from_static(b"{\"v\":1"), NOW).unwrap_err().code(), "json");
}

#[test]
fn one_bad_tap_of_many_loses_nothing_else_and_keeps_its_bytes() {
    for (field, to, part) in [
        ("k", json!("swipe"), "k"),
        ("k", json!(7), "k"),
        ("g", json!([1, 2]), "g"),
        ("pax", json!(9), "pax"),
        ("pax", json!(900), "pax"),
        ("out", json!("perhaps"), "out"),
        ("c", json!("a|b"), "c"),
        ("up", json!(null), "up"),
        ("f", json!(15.5), "f"),
        ("st", json!("\u{0}"), "st"),
    ] {
        let mut value = example();
        value["taps"][1][field] = to.clone();
        let request = read(&bytes(&value), NOW).unwrap();
        assert_eq!(request.block.taps().len(), 1, "{field} {to}");
        let [refused] = request.refused.as_slice() else { panic!("{field} {to}: {:?}", request.refused) };
        assert_eq!((refused.at, refused.seq), (1, Some(18_802)), "{field} {to}");
        assert!(refused.detail.starts_with(part), "{field} {to}: {}", refused.detail);
        let kept: Value = serde_json::from_slice(&refused.raw).unwrap();
        assert_eq!(kept, value["taps"][1], "{field} {to}");
    }
}

#[test]
fn elements_that_are_no_objects_and_numbers_that_are_none_are_kept_too() {
    for odd in [json!(null), json!("tap"), json!([[1]]), json!({"s":"18802"}), json!({"s":-1}), json!({})] {
        let mut value = example();
        value["taps"][1] = odd.clone();
        let request = read(&bytes(&value), NOW).unwrap();
        assert_eq!((request.block.taps().len(), request.refused.len()), (1, 1), "{odd}");
        assert_eq!(request.refused[0].seq, None, "{odd}");
    }
    let value = changed("lost", json!([[1, 2], "x", [3]]));
    let request = read(&bytes(&value), NOW).unwrap();
    assert_eq!((request.lost.len(), request.refused.len()), (1, 2));
}

#[test]
fn a_clock_that_can_not_be_read_is_no_fault() {
    let mut value = example();
    value["taps"][0]["w"] = json!("yesterday");
    value["wall_now"] = json!("Wednesday");
    let request = read(&bytes(&value), NOW).unwrap();
    assert_eq!((request.block.taps().len(), request.clock.wall), (2, None));
}

/// Any JSON, mostly near the shape of a tap.
fn junk() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("on")),
        Just(json!([13_690_400, 101_077_900, 6])),
    ];
    let names =
        proptest::sample::select(vec!["s", "up", "bt", "w", "c", "k", "v", "g", "pax", "out", "f", "h"]);
    let object = proptest::collection::vec((names, leaf.clone()), 0..8).prop_map(|fields| {
        let mut tap = tap(5);
        for (name, value) in fields {
            tap[name] = value;
        }
        tap
    });
    prop_oneof![3 => object, 1 => leaf]
}

proptest! {
    /// Each element is a tap or kept; what is kept is byte for byte what was sent.
    #[test]
    fn no_element_is_lost_and_no_byte_of_a_refused_one(taps in proptest::collection::vec(junk(), 0..12)) {
        let body = bytes(&changed("taps", json!(taps)));
        let request = read(&body, NOW).unwrap();
        prop_assert_eq!(request.block.taps().len() + request.refused.len(), taps.len());
        for refused in &request.refused {
            let sent = serde_json::to_vec(&taps[refused.at]).unwrap();
            prop_assert_eq!(refused.raw.as_ref(), sent.as_slice());
        }
        for tap in request.block.taps() {
            prop_assert!(fares::TapLine::read(request.block.line(tap)).is_ok());
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&Bytes::from(body), NOW);
    }

    /// The example with bytes changed, cut and doubled.
    #[test]
    fn no_damage_to_a_body_makes_the_reader_panic(
        hits in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<proptest::sample::Index>(),
    ) {
        let mut body = bytes(&example()).to_vec();
        for (at, byte) in hits {
            let at = at.index(body.len());
            body[at] = byte;
        }
        let _ = read(&Bytes::from(body.clone()), NOW);
        body.truncate(cut.index(body.len()));
        let _ = read(&Bytes::from(body), NOW);
    }
}
