//! Fare card taps: each once, in an order that a cursor can follow; holes, chains and totals.

use crate::place::{DAY, Place, actor, on_both};
use bytes::Bytes;
use fares::tap::{RequestClock, TapKind, TapLine};
use fares::{Tap, TapId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::gap::GapState;
use store::tap::{Block, ChainHash, RefusedTap, chained, tap_writer};
use store::terminal_audit::AuditState;
use store::writer::WriterLimits;
use store::{
    Contact, Db, DeviceState, Nonce, ShiftAudit, StoreError, TapBatch, TapItem, TapReceipt, Terminal, Writer,
};
use tokio_util::sync::CancellationToken;
use tracking::check::VehicleClass;

const ZERO: ChainHash = [0; 16];

/// The canonical tap `seq` of a terminal that shows 15 baht each time.
fn line(epoch: u32, seq: i64) -> TapLine<'static> {
    TapLine {
        epoch,
        seq,
        boot: "9f2c",
        up_ms: 1_000 * seq.min(1_000_000),
        wall: "2026-11-20T07:00:00.000+07:00",
        card: "mE3kq0vT",
        kind: TapKind::On,
        vehicle: "EV-07",
        trip: "r3_0715",
        stop: "",
        fix: None,
        gps: "",
        pax: 1,
        denied: None,
        fare: Some(1_500),
        balance: Some(4_200),
    }
}

/// The chain hash of each tap of an epoch up to `top`, as its terminal makes it.
fn chain(epoch: u32, top: i64) -> BTreeMap<i64, ChainHash> {
    let mut before = ZERO;
    (1..=top)
        .map(|seq| {
            before = chained(&before, &line(epoch, seq).to_string());
            (seq, before)
        })
        .collect()
}

fn batch(terminal: &str, epoch: u32) -> TapBatch {
    TapBatch {
        terminal: terminal.into(),
        epoch,
        key_id: "T:k1".into(),
        nonce: None,
        clock: Arc::new(RequestClock {
            received: DAY,
            boot: "9f2c".into(),
            up_ms: 8_123_456,
            wall: Some(DAY),
            rtt_ms: 180,
        }),
        deny_ver: 4_412,
        tariff_ver: "2026-11a".into(),
        held_from: 0,
        lost: Vec::new(),
        audits: Vec::new(),
        block: Block::default(),
        refused: Vec::new(),
        body: store::tap::block::pack(b"{}").unwrap(),
        backfill: false,
    }
}

/// A request with these taps, chained as they should be.
fn taps(terminal: &str, epoch: u32, seqs: impl IntoIterator<Item = i64>) -> TapBatch {
    let seqs: Vec<i64> = seqs.into_iter().collect();
    let hashes = chain(epoch, seqs.iter().copied().filter(|&seq| seq < 100_000).max().unwrap_or(0));
    let mut block = Block::default();
    for seq in seqs {
        block.push(&line(epoch, seq), hashes.get(&seq).copied());
    }
    TapBatch { block: block.finish().unwrap(), ..batch(terminal, epoch) }
}

/// Runs `body` beside a writer of taps, then shuts the writer down.
async fn with_taps<T>(db: &Db, body: impl AsyncFnOnce(Writer<TapBatch>) -> T) -> T {
    let (writer, task) = tap_writer(db, WriterLimits::default());
    let shutdown = CancellationToken::new();
    let body = async {
        let out = body(writer).await;
        shutdown.cancel();
        out
    };
    let (ended, out) = tokio::join!(task.run(shutdown.clone()), body);
    ended.unwrap();
    out
}

async fn store(db: &Db, batch: TapBatch) -> TapReceipt {
    with_taps(db, async |writer| writer.submit(batch).await.unwrap()).await
}

async fn all(db: &Db) -> Vec<(i64, Tap)> {
    db.taps_after(0, 1_000_000).await.unwrap()
}

async fn names(db: &Db) -> Vec<String> {
    all(db).await.iter().map(|(_, tap)| tap.id.to_string()).collect()
}

async fn enrol(db: &Db, id: &str, epoch_min: u32) {
    db.device_put(&store::Device::new(id, "EV-07", VehicleClass::Bus), &actor()).await.unwrap();
    let terminal = Terminal {
        id: id.into(),
        vehicle: "EV-07".into(),
        stop: "".into(),
        network: "".into(),
        epoch_min,
        cfg_ver: 0,
        enrolled: DAY,
        contact: None,
    };
    db.terminal_put(&terminal, &actor()).await.unwrap();
}

fn gone(gaps: &[store::gap::Gap]) -> Vec<(i64, i64, &str)> {
    gaps.iter().map(|gap| (gap.from, gap.to, &*gap.cause)).collect()
}

on_both! {
    async fn taps_read_back_whole_in_the_order_of_their_commits(place: &Place) {
        let db = place.open().await;
        assert_eq!(store(&db, taps("T-1", 2, 1..=3)).await.ack, 3);
        assert_eq!(store(&db, taps("T-2", 1, 1..=2)).await.newest, 5);
        let read = all(&db).await;
        assert_eq!(read.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        assert_eq!(names(&db).await, ["T-1/2/1", "T-1/2/2", "T-1/2/3", "T-2/1/1", "T-2/1/2"]);
        let tap = &read[1].1;
        assert_eq!(*tap.line, line(2, 2).to_string());
        assert_eq!((tap.request.received, tap.request.wall, tap.request.rtt_ms), (DAY, Some(DAY), 180));
        assert_eq!((tap.deny_ver, &*tap.whereabouts.trip, tap.pax), (4_412, "r3_0715", 1));
        assert_eq!(db.taps_after(2, 2).await.unwrap(), read[2..4]);
        assert_eq!(db.taps_after(5, 2).await.unwrap(), []);
        assert_eq!(db.taps_at(vec![5, 1, 3, 3, 77]).await.unwrap(), [read[0].clone(), read[2].clone(), read[4].clone()]);
        assert_eq!(db.tap(&tap.id).await.unwrap(), Some((2, tap.clone())));
        assert_eq!(db.tap(&TapId { seq: 4, ..tap.id.clone() }).await.unwrap(), None);
        assert_eq!(db.tap_evidence(2).await.unwrap(), Some(("T:k1".into(), b"{}".to_vec())));
    }

    async fn a_tap_sent_again_is_stored_once_for_ever(place: &Place) {
        let db = place.open().await;
        store(&db, taps("T-1", 1, 1..=400)).await;
        store(&db, taps("T-1", 1, 401..=600)).await;
        let again = store(&db, taps("T-1", 1, [600, 601, 601, 5])).await;
        assert_eq!(again.ack, 601);
        let duplicates: Vec<_> = again.items.iter().map(|(seq, _, item)| (*seq, item.clone())).collect();
        let duplicate = |seq| (Some(seq), TapItem::Duplicate);
        assert_eq!(duplicates, [duplicate(600), duplicate(601), duplicate(5)]);
        assert_eq!(all(&db).await.len(), 601);
    }

    async fn two_requests_with_the_same_taps_in_one_commit_are_one(place: &Place) {
        let db = place.open().await;
        let (one, two) = with_taps(&db, async |writer| {
            tokio::join!(writer.submit(taps("T-1", 1, 1..=50)), writer.submit(taps("T-1", 1, 26..=75)))
        }).await;
        assert_eq!((one.unwrap().items.len(), two.unwrap().items.len()), (0, 25));
        assert_eq!(all(&db).await.len(), 75);
        assert!(db.chain_breaks(10).await.unwrap().is_empty());
    }

    async fn a_signed_request_is_taken_once(place: &Place) {
        let db = place.open().await;
        let nonce = Nonce { key_id: "T:k1".into(), nonce: "0123456789abcdef".into(), received: DAY };
        let request = TapBatch { nonce: Some(nonce), ..taps("T-1", 1, 1..=2) };
        with_taps(&db, async |writer| {
            assert_eq!(writer.submit(request.clone()).await.unwrap().ack, 2);
            assert_eq!(writer.submit(request.clone()).await, Err(StoreError::Replayed));
        }).await;
    }

    async fn a_new_epoch_may_use_the_same_numbers(place: &Place) {
        let db = place.open().await;
        store(&db, taps("T-1", 1, 1..=2)).await;
        assert!(store(&db, taps("T-1", 2, 1..=2)).await.items.is_empty());
        assert_eq!(all(&db).await.len(), 4);
    }

    async fn holes_are_asked_for_and_become_gaps_when_the_terminal_has_them_no_more(place: &Place) {
        let db = place.open().await;
        let first = store(&db, taps("T-1", 1, [1, 2, 5, 6, 9, 12])).await;
        assert_eq!((first.ack, first.resend), (2, vec![(3, 4), (7, 8), (10, 11)]));
        assert_eq!(db.tap_holes(10).await.unwrap().len(), 3);
        let lost = TapBatch { lost: vec![(7, 7), (11, 999)], ..batch("T-1", 1) };
        let second = store(&db, lost).await;
        assert_eq!((second.ack, second.resend), (2, vec![(3, 4), (8, 8), (10, 10)]));
        let third = store(&db, TapBatch { held_from: 10, ..batch("T-1", 1) }).await;
        assert_eq!((third.ack, third.resend), (9, vec![(10, 10)]));
        let open = db.gaps(GapState::Open, 10).await.unwrap();
        assert_eq!(gone(&open), [(3, 4, "held_from"), (7, 7, "lost"), (8, 8, "held_from"), (11, 11, "lost")]);
        assert_eq!((&*open[0].terminal, open[0].epoch), ("T-1", 1));
    }

    async fn what_the_terminal_never_sent_and_has_no_more_is_a_gap_too(place: &Place) {
        let db = place.open().await;
        store(&db, taps("T-1", 1, 1..=2)).await;
        assert_eq!(store(&db, TapBatch { held_from: 6, ..batch("T-1", 1) }).await.ack, 5);
        assert_eq!(gone(&db.gaps(GapState::Open, 10).await.unwrap()), [(3, 5, "held_from")]);
        assert_eq!(store(&db, taps("T-1", 1, [6])).await.ack, 6);
    }

    async fn a_gap_that_is_filled_late_says_so_and_keeps_its_rest(place: &Place) {
        let db = place.open().await;
        store(&db, taps("T-1", 1, [1, 20])).await;
        store(&db, TapBatch { held_from: 20, ..batch("T-1", 1) }).await;
        let late = store(&db, taps("T-1", 1, [5, 6, 7, 2, 7])).await;
        assert_eq!((late.ack, late.items.len()), (20, 1));
        let filled = db.gaps(GapState::Filled, 10).await.unwrap();
        assert_eq!(gone(&filled), [(2, 2, "held_from"), (5, 7, "held_from")]);
        let open = db.gaps(GapState::Open, 10).await.unwrap();
        assert_eq!(gone(&open), [(3, 4, "held_from"), (8, 19, "held_from")]);
        assert_eq!(all(&db).await.len(), 6);
        assert!(db.gap_write_off("T-1", 1, 8, &actor()).await.unwrap());
        assert!(!db.gap_write_off("T-1", 1, 8, &actor()).await.unwrap());
        store(&db, taps("T-1", 1, 8..=19)).await;
        assert!(db.gaps(GapState::WrittenOff, 10).await.unwrap().is_empty());
        assert!(db.chain_breaks(10).await.unwrap().is_empty());
    }

    async fn a_second_tap_under_a_used_name_is_kept_apart_and_suspends_its_terminal(place: &Place) {
        let db = place.open().await;
        enrol(&db, "T-1", 1).await;
        store(&db, taps("T-1", 1, 1..=3)).await;
        let mut clone = Block::default();
        clone.push(&TapLine { card: "another", ..line(1, 2) }, None);
        let clone = TapBatch { block: clone.finish().unwrap(), ..batch("T-1", 1) };
        for _ in 0..2 {
            let receipt = store(&db, clone.clone()).await;
            assert!(receipt.conflict);
            assert_eq!(receipt.items, [(Some(2), 0, TapItem::Quarantined("conflict"))]);
        }
        assert_eq!(all(&db).await.len(), 3);
        let kept = db.taps_quarantined(10).await.unwrap();
        assert_eq!(kept.len(), 1, "the same bytes are kept once");
        assert!(String::from_utf8_lossy(&kept[0].raw).contains("another"));
        assert_eq!(db.device("T-1").await.unwrap().unwrap().state, DeviceState::Suspended);
        assert!(db.audit_after(0, 100).await.unwrap().iter().any(|row| row.change.action == "tap_conflict"));
    }

    async fn after_a_new_enrolment_a_clash_in_an_old_epoch_suspends_no_more(place: &Place) {
        let db = place.open().await;
        enrol(&db, "T-1", 1).await;
        store(&db, taps("T-1", 1, 1..=3)).await;
        enrol(&db, "T-1", 2).await;
        let mut clone = Block::default();
        clone.push(&TapLine { card: "another", ..line(1, 2) }, None);
        store(&db, TapBatch { block: clone.finish().unwrap(), ..batch("T-1", 1) }).await;
        assert_eq!(db.device("T-1").await.unwrap().unwrap().state, DeviceState::Active);
        assert_eq!(db.taps_quarantined(10).await.unwrap().len(), 1);
    }

    async fn what_is_no_tap_is_kept_with_its_bytes_and_settled_under_its_number(place: &Place) {
        let db = place.open().await;
        let refused = |seq, raw: &'static [u8]| RefusedTap {
            at: 2, seq, code: "format", detail: "k is missing".into(), raw: Bytes::from_static(raw),
        };
        let bad = vec![refused(Some(3), b"{\"s\":3}"), refused(None, b"[1,2]")];
        let request = TapBatch { refused: bad, ..taps("T-1", 1, [1, 2, 4]) };
        let receipt = store(&db, request.clone()).await;
        assert_eq!(receipt.ack, 4);
        assert_eq!(receipt.items.len(), 2);
        let again = store(&db, request).await;
        assert!(again.items.contains(&(Some(3), 2, TapItem::Duplicate)));
        let kept = db.taps_quarantined(10).await.unwrap();
        assert_eq!(kept.iter().map(|row| row.seq).collect::<Vec<_>>(), [Some(3), None, None]);
        assert_eq!(&*kept[0].raw, b"{\"s\":3}");
        // Mended, it is stored under its number.
        assert!(store(&db, taps("T-1", 1, [3])).await.items.is_empty());
        assert_eq!(all(&db).await.len(), 4);
        assert!(db.taps_quarantined(10).await.unwrap().iter().all(|row| row.seq.is_none()));
    }

    async fn a_full_request_with_something_unreadable_beside_its_taps_is_stored_whole(place: &Place) {
        let db = place.open().await;
        let refused = (0..3).map(|at| RefusedTap {
            at, seq: None, code: "format", detail: "audit".into(), raw: Bytes::from_static(b"[]"),
        }).collect();
        let receipt = store(&db, TapBatch { refused, ..taps("T-1", 1, 1..=500) }).await;
        assert_eq!((receipt.ack, receipt.items.len()), (500, 3));
    }

    async fn an_altered_tap_is_named_by_its_number_wherever_its_chain_was_cut_into_requests(place: &Place) {
        let db = place.open().await;
        let hashes = chain(1, 40);
        for (terminal, cuts) in [("T-1", vec![40]), ("T-2", vec![16, 40]), ("T-3", vec![17, 40]), ("T-4", vec![18, 40])] {
            let mut from = 1;
            for to in cuts {
                let mut block = Block::default();
                for seq in from..=to {
                    let line = if seq == 17 { TapLine { fare: Some(100), ..line(1, seq) } } else { line(1, seq) };
                    block.push(&line, hashes.get(&seq).copied());
                }
                store(&db, TapBatch { block: block.finish().unwrap(), ..batch(terminal, 1) }).await;
                from = to + 1;
            }
        }
        let broken: BTreeSet<(String, i64)> = db.chain_breaks(100).await.unwrap().into_iter()
            .map(|(terminal, _, seq, _)| (terminal.to_string(), seq)).collect();
        let expected = ["T-1", "T-2", "T-3", "T-4"].map(|terminal| (terminal.to_owned(), 17));
        assert_eq!(broken, BTreeSet::from(expected));
    }

    async fn each_of_many_altered_taps_is_named_and_no_other_in_any_order_and_cutting(place: &Place) {
        let db = place.open().await;
        let hashes = chain(1, 300);
        let mut random: u64 = 0x1234_5678_9abc_def1;
        let mut dice = move |sides: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % sides
        };
        for terminal in ["T-1", "T-2", "T-3", "T-4", "T-5"] {
            let altered: BTreeSet<i64> = (1..=300).filter(|_| dice(20) == 0).collect();
            let mut left: Vec<i64> = (1..=300).collect();
            while !left.is_empty() {
                let mut block = Block::default();
                // Runs from anywhere, as retries and backlogs make them.
                let at = dice(left.len() as u64) as usize;
                for seq in left.drain(at..left.len().min(at + 1 + dice(40) as usize)).collect::<Vec<_>>() {
                    let fare = if altered.contains(&seq) { 1 } else { 1_500 };
                    block.push(&TapLine { fare: Some(fare), ..line(1, seq) }, hashes.get(&seq).copied());
                }
                store(&db, TapBatch { block: block.finish().unwrap(), ..batch(terminal, 1) }).await;
            }
            let named: BTreeSet<i64> = db.chain_breaks(1_000).await.unwrap().into_iter()
                .filter(|(of, ..)| **of == *terminal).map(|(_, _, seq, _)| seq).collect();
            assert_eq!(named, altered, "{terminal}");
        }
    }

    async fn a_chain_is_checked_in_whatever_order_its_taps_come(place: &Place) {
        let db = place.open().await;
        let hashes = chain(1, 9);
        for seq in (1..=9).rev() {
            let mut block = Block::default();
            let line = if seq == 4 { TapLine { pax: 2, ..line(1, seq) } } else { line(1, seq) };
            block.push(&line, if seq == 7 { None } else { hashes.get(&seq).copied() });
            store(&db, TapBatch { block: block.finish().unwrap(), ..batch("T-1", 1) }).await;
        }
        let broken: BTreeSet<i64> =
            db.chain_breaks(100).await.unwrap().into_iter().map(|(_, _, seq, _)| seq).collect();
        assert_eq!(broken, BTreeSet::from([4, 7]));
    }

    async fn a_shift_is_compared_once_all_of_it_is_settled_and_says_what_differs(place: &Place) {
        let db = place.open().await;
        let head = chain(1, 10).get(&10).copied();
        let shift = |name: &str, taps: i64, fare_sum: i64| ShiftAudit {
            shift: name.into(), from: 1, to: 10, taps, fare_sum, head,
        };
        let audits = vec![shift("good", 10, 15_000), shift("wrong", 11, 16_500)];
        let request = TapBatch { audits, ..taps("T-1", 1, [1, 2, 3, 4, 5, 6, 7, 9, 10]) };
        store(&db, request.clone()).await;
        assert_eq!(db.shifts_compare().await.unwrap(), 0, "8 has not come");
        store(&db, TapBatch { lost: vec![(8, 8)], ..batch("T-1", 1) }).await;
        assert_eq!(db.shifts_compare().await.unwrap(), 2);
        let differs = db.shift_audits(AuditState::Differs, 10).await.unwrap();
        assert_eq!(differs.len(), 2);
        assert_eq!(&*differs[0].detail, "n is 10, received 9; sum_f is 15000, received 13500; missing 8");
        store(&db, taps("T-1", 1, [8])).await;
        assert_eq!(db.shifts_compare().await.unwrap(), 2, "a late tap has them compared again");
        let agrees = db.shift_audits(AuditState::Agrees, 10).await.unwrap();
        assert_eq!(agrees.iter().map(|row| &*row.audit.shift).collect::<Vec<_>>(), ["good"]);
        store(&db, request).await;
        assert_eq!(db.shifts_compare().await.unwrap(), 0, "sent again, it is the same shift");
        store(&db, TapBatch { audits: vec![shift("good", 9, 13_500)], ..batch("T-1", 1) }).await;
        assert_eq!(db.shift_audits(AuditState::Differs, 10).await.unwrap().len(), 2);
    }

    async fn many_terminals_at_once_leave_no_hole_and_no_double(place: &Place) {
        let db = place.open().await;
        with_taps(&db, async |writer| {
            let batches = (0..40).map(|n| taps(&format!("T-{}", n % 10), 1, n / 10 * 5 + 1..n / 10 * 5 + 6));
            let stored = futures_util::future::join_all(batches.map(|batch| writer.submit(batch))).await;
            assert!(stored.iter().all(Result::is_ok), "{stored:?}");
        }).await;
        let ids: Vec<i64> = all(&db).await.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, (1..=200).collect::<Vec<_>>());
    }

    async fn two_writers_of_one_terminal_see_each_other(place: &Place) {
        let (one, two) = (place.open().await, place.open().await);
        with_taps(&one, async |first| {
            with_taps(&two, async |second| {
                for n in 0..20_i64 {
                    let writer = if n % 2 == 0 { &first } else { &second };
                    let receipt = writer.submit(taps("T-1", 1, n * 3 + 1..n * 3 + 6)).await.unwrap();
                    assert_eq!(receipt.ack, n * 3 + 5);
                    assert_eq!(receipt.items.len(), if n == 0 { 0 } else { 2 });
                }
            }).await;
        }).await;
        assert_eq!(all(&one).await.len(), 62);
        assert!(one.chain_breaks(10).await.unwrap().is_empty());
    }

    async fn a_heartbeat_hears_what_is_settled(place: &Place) {
        let db = place.open().await;
        assert_eq!(store(&db, batch("T-1", 1)).await.ack, 0);
        store(&db, taps("T-1", 1, 1..=2)).await;
        assert_eq!(store(&db, batch("T-1", 1)).await.ack, 2);
        assert_eq!(db.taps_newest().await.unwrap(), 2);
    }

    async fn a_terminal_keeps_its_newest_contact_and_its_epoch_floor_only_rises(place: &Place) {
        let db = place.open().await;
        enrol(&db, "T-1", 3).await;
        enrol(&db, "T-1", 2).await;
        let contact = |s: f64, deny_ver| Contact {
            terminal: "T-1".into(), seen: DAY.plus_s(s), epoch: 3, deny_ver, tariff_ver: "a".into(),
            clock_offset_ms: None,
        };
        db.terminal_contacts(&[contact(9.0, 7)]).await.unwrap();
        db.terminal_contacts(&[contact(5.0, 6)]).await.unwrap();
        let terminal = db.terminal("T-1").await.unwrap().unwrap();
        assert_eq!((terminal.epoch_min, terminal.cfg_ver, terminal.contact), (3, 2, Some(contact(9.0, 7))));
        assert_eq!(db.terminals().await.unwrap().len(), 1);
    }

    async fn versions_of_the_deny_list_rise_by_one_and_are_read_from_any(place: &Place) {
        let db = place.open().await;
        let change = |card: &str, denied| store::deny::DenyChange {
            card: card.into(), denied, reason: "debt".into(),
        };
        let who: Arc<str> = "padriew".into();
        assert_eq!(db.deny_apply(&[change("a", true), change("b", true)], DAY, &who).await.unwrap(), 2);
        assert_eq!(db.deny_apply(&[change("a", false)], DAY, &who).await.unwrap(), 3);
        let since: Vec<(i64, bool)> =
            db.deny_since(1, 10).await.unwrap().iter().map(|entry| (entry.ver, entry.change.denied)).collect();
        assert_eq!(since, [(2, true), (3, false)]);
    }
}

/// What a set of taps must come to, from the words of the design alone.
#[derive(Default)]
struct Oracle {
    stored: BTreeSet<i64>,
    gone: BTreeSet<i64>,
}

impl Oracle {
    fn settled(&self) -> i64 {
        (1..).take_while(|seq| self.stored.contains(seq) || self.gone.contains(seq)).count() as i64
    }
}

/// Any order, repetition and cutting into requests of a terminal's taps ends in the same taps, ack and gaps.
async fn any_order_comes_to_the_same(place: &Place, seeds: std::ops::Range<u64>) {
    let db = place.open().await;
    with_taps(&db, async |writer| {
        for seed in seeds {
            let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut dice = move |sides: i64| {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (random >> 33) as i64 % sides
            };
            let terminal = format!("T-{seed}");
            let top = 30 + dice(60);
            let lost: BTreeSet<i64> = (1..=top).filter(|_| dice(12) == 0).collect();
            let mut left: Vec<i64> = (1..=top).filter(|seq| !lost.contains(seq)).collect();
            left.extend(
                (0..dice(20)).map(|_| 1 + dice(top)).filter(|seq| !lost.contains(seq)).collect::<Vec<_>>(),
            );
            let mut oracle = Oracle::default();
            while !left.is_empty() {
                let take = (1 + dice(15)).min(left.len() as i64);
                let seqs: Vec<i64> =
                    (0..take).map(|_| left.swap_remove(dice(left.len() as i64) as usize)).collect();
                // Now and then the terminal tells of what it has lost below what it has sent.
                let mut request = taps(&terminal, 1, seqs.iter().copied());
                oracle.stored.extend(&seqs);
                let seen =
                    oracle.stored.last().copied().unwrap_or(0).max(oracle.gone.last().copied().unwrap_or(0));
                if dice(4) == 0 {
                    request.lost = lost.iter().map(|&seq| (seq, seq)).collect();
                    oracle.gone.extend(lost.range(..=seen));
                }
                let receipt = writer.submit(request).await.unwrap();
                assert_eq!(receipt.ack, oracle.settled(), "seed {seed}");
            }
            let last = TapBatch { held_from: top + 1, ..batch(&terminal, 1) };
            let receipt = writer.submit(last).await.unwrap();
            assert_eq!((receipt.ack, receipt.resend), (top, vec![]), "seed {seed}");
            let mut read: Vec<i64> = Vec::new();
            for (_, tap) in db.taps_after(0, 1_000_000).await.unwrap() {
                if *tap.id.terminal == *terminal {
                    assert_eq!(*tap.line, line(1, tap.id.seq).to_string());
                    read.push(tap.id.seq);
                }
            }
            read.sort_unstable();
            assert_eq!(read, oracle.stored.iter().copied().collect::<Vec<_>>(), "seed {seed}");
            let gaps = db.gaps(GapState::Open, 100_000).await.unwrap();
            let named: BTreeSet<i64> = gaps
                .iter()
                .filter(|gap| *gap.terminal == *terminal)
                .flat_map(|gap| gap.from..=gap.to)
                .collect();
            assert_eq!(named, lost, "seed {seed}: every lost number is named");
            assert!(db.chain_breaks(10).await.unwrap().is_empty(), "seed {seed}");
        }
    })
    .await;
}

#[tokio::test]
async fn any_order_repetition_and_cutting_ends_in_the_same_taps_ack_and_gaps() {
    let place = Place::sqlite().await;
    any_order_comes_to_the_same(&place, 0..60).await;
}

#[tokio::test]
async fn any_order_ends_in_the_same_on_postgres_too() {
    if let Some(place) = Place::postgres("any order").await {
        any_order_comes_to_the_same(&place, 60..75).await;
        place.remove().await;
    }
}
