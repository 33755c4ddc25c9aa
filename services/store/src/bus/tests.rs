use super::*;

fn message(epoch: i64, seq: u64, text: &'static str) -> Message {
    Message { epoch, seq, payload: Bytes::from_static(text.as_bytes()) }
}

fn board(stop: &str) -> Topic {
    Topic::Board(stop.into())
}

#[test]
fn the_newest_value_wins_whatever_the_order() {
    let bus = Bus::local();
    assert!(bus.publish(&board("P04"), message(1, 5, "five")));
    assert!(!bus.publish(&board("P04"), message(1, 5, "five again")));
    assert!(!bus.publish(&board("P04"), message(1, 4, "late")));
    assert!(bus.publish(&board("P04"), message(2, 1, "a new holder")));
    assert!(!bus.publish(&board("P04"), message(1, 6, "the old holder")));
    assert_eq!(bus.latest(&board("P04")), Some(message(2, 1, "a new holder")));
    assert_eq!(bus.latest(&board("P05")), None);
}

#[test]
fn a_slow_reader_sees_the_newest_value_and_never_a_queue() {
    let bus = Bus::local();
    let mut reader = bus.watch(&board("P04"));
    for seq in 1..=10_000 {
        bus.publish(&board("P04"), message(0, seq, "x"));
    }
    assert!(reader.has_changed().unwrap());
    assert_eq!(reader.borrow_and_update().as_ref().unwrap().seq, 10_000);
    assert!(!reader.has_changed().unwrap());
}

#[test]
fn a_topic_that_is_only_watched_has_no_value() {
    let bus = Bus::local();
    let reader = bus.watch(&Topic::Positions);
    assert!(reader.borrow().is_none() && bus.known().is_empty());
    bus.publish(&Topic::Positions, message(0, 1, "x"));
    assert_eq!(bus.known(), [Topic::Positions]);
}

#[tokio::test]
async fn changes_and_hints_reach_every_reader() {
    let bus = Bus::local();
    let (mut changes, mut one, mut other) = (bus.changes(), bus.hints(), bus.hints());
    bus.publish(&board("P04"), message(0, 1, "x"));
    bus.hint(Bytes::from_static(b"look"));
    assert_eq!(changes.recv().await.unwrap(), board("P04"));
    assert_eq!(one.recv().await.unwrap(), &b"look"[..]);
    assert_eq!(other.recv().await.unwrap(), &b"look"[..]);
}

#[test]
fn a_full_or_broken_link_never_holds_up_this_process() {
    // Nothing listens on port 9 (discard) of loopback, and the link is never run.
    let (bus, link) = Bus::linked("redis://127.0.0.1:9", "test", 1).unwrap();
    for seq in 1..=OUTGOING_QUEUED_MAX as u64 + 7 {
        assert!(bus.publish(&Topic::Positions, message(0, seq, "x")));
    }
    assert_eq!((bus.stats().lost, bus.stats().linked), (7, false));
    drop(link);
    assert!(bus.publish(&Topic::Positions, message(1, 0, "x")));
}

#[test]
fn a_message_too_large_for_others_is_still_served_here_and_counted() {
    let (bus, _link) = Bus::linked("redis://127.0.0.1:9", "test", 1).unwrap();
    let payload = Bytes::from(vec![0; MESSAGE_BYTES_MAX + 1]);
    assert!(bus.publish(&Topic::Positions, Message { epoch: 0, seq: 1, payload }));
    assert_eq!(bus.stats().lost, 1);
    assert_eq!(bus.latest(&Topic::Positions).unwrap().payload.len(), MESSAGE_BYTES_MAX + 1);
}

#[test]
fn a_namespace_or_url_that_cannot_work_says_what_to_write() {
    let namespace = Bus::linked("redis://127.0.0.1:9", "a*", 1).unwrap_err().to_string();
    assert!(namespace.contains("letters"), "{namespace}");
    let url = Bus::linked("localhost:6379", "a", 1).unwrap_err().to_string();
    assert!(url.contains("redis://HOST:PORT"), "{url}");
}
