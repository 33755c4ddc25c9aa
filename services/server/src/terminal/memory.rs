//! What a terminal keeps in its flash: taps until they are acknowledged, the chain, its numbers.
//!
//! Pure. What always holds: a tap is in the memory, under its number and with its chain hash, before
//! [`Memory::touch`] returns and the terminal may beep; it is deleted only up to an acknowledged number, or by
//! [`Memory::forget`], which is a fault.

use super::list::CardList;
use super::reply::Reply;
use crate::ingest::taps::deny::{hash_of, text_of};
use fares::tap::{TapKind, TapLine};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use store::tap::block::hex_of_hash;
use store::tap::{ChainHash, HASH_BYTES, TAPS_MAX, chained};

/// Ranges told as lost in one request.
const LOST_TOLD_MAX: usize = 100;
/// Shifts told in one request.
const SHIFTS_TOLD_MAX: usize = 20;

/// A touch of a card, as the terminal saw it.
#[derive(Clone, Copy, Debug)]
pub struct Touch<'a> {
    /// The card's keyed token.
    pub card: &'a str,
    /// What the rider means.
    pub kind: TapKind,
    /// The vehicle; empty at a pier.
    pub vehicle: &'a str,
    /// The trip that the driver chose; empty when unknown.
    pub trip: &'a str,
    /// The stop; empty when unknown.
    pub stop: &'a str,
    /// Latitude and longitude in millionths of a degree, accuracy in metres.
    pub fix: Option<(i32, i32, i32)>,
    /// Riders.
    pub pax: u8,
    /// Why the rider was not let in.
    pub denied: Option<&'a str>,
    /// The fare shown, satang.
    pub fare: Option<i64>,
    /// The balance shown, satang.
    pub balance: Option<i64>,
    /// Milliseconds since the terminal's boot.
    pub up_ms: i64,
    /// Its wall clock, RFC 3339; empty without one.
    pub wall: &'a str,
}

/// A tap in the flash.
#[derive(Clone, Debug)]
struct Held {
    boot: String,
    /// The JSON of the tap without its first brace and `bt`.
    json: String,
    /// The server has answered for it, but not yet up to it.
    sent: bool,
}

/// Totals of the shift in hand.
#[derive(Clone, Debug)]
struct Shift {
    name: String,
    from: i64,
    taps: i64,
    fare_sum: i64,
}

/// The clocks and the like of a request, when it is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moment<'a> {
    /// Milliseconds since boot.
    pub up_ms: i64,
    /// The wall clock, RFC 3339; empty without one.
    pub wall: &'a str,
    /// The last round trip, milliseconds.
    pub rtt_ms: i64,
}

/// A request on its way: what it carries.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// The JSON.
    pub body: Vec<u8>,
    /// The taps in it.
    pub seqs: Vec<i64>,
    lost: usize,
    shifts: usize,
}

/// The flash of a terminal.
#[derive(Clone, Debug)]
pub struct Memory {
    epoch: u32,
    boot: String,
    next_seq: i64,
    head: ChainHash,
    held: BTreeMap<i64, Held>,
    lost: BTreeSet<(i64, i64)>,
    shift: Option<Shift>,
    shifts: Vec<String>,
    /// Cards to refuse.
    pub deny: CardList,
    wants_deny: bool,
    wants_balances: bool,
    /// By the hash of the card.
    balances: BTreeMap<String, i64>,
    /// The tariff it has.
    pub tariff_ver: String,
}

impl Memory {
    /// An empty memory: the first tap has number 1 and follows on zeros.
    #[must_use]
    pub fn new(epoch: u32, boot: &str) -> Self {
        Self {
            epoch,
            boot: boot.to_owned(),
            next_seq: 1,
            head: [0; HASH_BYTES],
            held: BTreeMap::new(),
            lost: BTreeSet::new(),
            shift: None,
            shifts: Vec::new(),
            deny: CardList::default(),
            wants_deny: false,
            wants_balances: false,
            balances: BTreeMap::new(),
            tariff_ver: String::new(),
        }
    }

    /// The epoch of new taps.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The number of the last tap; 0 when there is none.
    #[must_use]
    pub fn last_seq(&self) -> i64 {
        self.next_seq - 1
    }

    /// How many taps wait for an acknowledgement.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// How many taps the server has not answered for.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.held.values().filter(|held| !held.sent).count()
    }

    /// The power was gone: a new run, uptime from zero. The flash is as it was; what was sent and not
    /// acknowledged is sent again.
    pub fn reboot(&mut self, boot: &str) {
        boot.clone_into(&mut self.boot);
        for held in self.held.values_mut() {
            held.sent = false;
        }
    }

    /// Writes a tap down and gives its number; only then may the terminal beep.
    pub fn touch(&mut self, touch: &Touch<'_>) -> i64 {
        let seq = self.next_seq;
        let line = TapLine {
            epoch: self.epoch,
            seq,
            boot: &self.boot,
            up_ms: touch.up_ms,
            wall: touch.wall,
            card: touch.card,
            kind: touch.kind,
            vehicle: touch.vehicle,
            trip: touch.trip,
            stop: touch.stop,
            fix: touch.fix,
            gps: "",
            pax: touch.pax,
            denied: touch.denied,
            fare: touch.fare,
            balance: touch.balance,
        };
        self.head = chained(&self.head, &line.to_string());
        let json = json_of(&line, &self.head);
        self.held.insert(seq, Held { boot: self.boot.clone(), json, sent: false });
        self.next_seq += 1;
        if let Some(shift) = &mut self.shift {
            shift.taps += 1;
            shift.fare_sum += touch.fare.unwrap_or_default();
        }
        seq
    }

    /// Asks with the next requests what is left on the cards that were seen here lately, until that is told.
    pub fn want_balances(&mut self) {
        self.wants_balances = true;
    }

    /// What was left on a card when the server last told, satang: what to show while it can not be asked.
    #[must_use]
    pub fn balance(&self, card: &str) -> Option<i64> {
        self.balances.get(&text_of(hash_of(card))).copied()
    }

    /// A fault: a tap is gone from the flash and the terminal does not know. It finds out when it is asked.
    pub fn forget(&mut self, seq: i64) {
        self.held.remove(&seq);
    }

    /// A shift begins.
    pub fn begin_shift(&mut self, name: &str) {
        self.shift = Some(Shift { name: name.to_owned(), from: self.next_seq, taps: 0, fare_sum: 0 });
    }

    /// The shift ends: its totals go with the next request. One without a tap has none.
    pub fn end_shift(&mut self) {
        let Some(shift) = self.shift.take().filter(|shift| shift.taps > 0) else { return };
        self.shifts.push(format!(
            "{{\"shift\":{},\"from\":{},\"to\":{},\"n\":{},\"sum_f\":{},\"head\":\"{}\"}}",
            quoted(&shift.name),
            shift.from,
            self.last_seq(),
            shift.taps,
            shift.fare_sum,
            hex_of_hash(&self.head)
        ));
    }

    /// The next request, of at most `taps_max` taps: all that are new, or when they are too many the newest
    /// half of a request and the oldest, because a rider may wait for the newest.
    #[must_use]
    pub fn request(&self, moment: &Moment<'_>, taps_max: usize, quote: bool) -> Sent {
        let unsent: Vec<i64> = self.held.iter().filter(|(_, held)| !held.sent).map(|(&seq, _)| seq).collect();
        let max = taps_max.clamp(1, TAPS_MAX);
        let seqs: Vec<i64> = if unsent.len() <= max {
            unsent
        } else {
            let (old, new) = (max - max / 2, unsent.len() - max / 2);
            unsent[..old].iter().chain(&unsent[new..]).copied().collect()
        };
        let (lost, shifts) = (self.lost.len().min(LOST_TOLD_MAX), self.shifts.len().min(SHIFTS_TOLD_MAX));
        let mut body = self.envelope(moment, quote);
        for (nth, seq) in seqs.iter().enumerate() {
            body.push_str(if nth == 0 { "{" } else { ",{" });
            if let Some(held) = self.held.get(seq) {
                if held.boot != self.boot {
                    let _ = write!(body, "\"bt\":{},", quoted(&held.boot));
                }
                body.push_str(&held.json);
            }
        }
        let _ = write!(body, "],\"audit\":[{}],\"lost\":[", self.shifts[..shifts].join(","));
        for (nth, (from, to)) in self.lost.iter().take(lost).enumerate() {
            let _ = write!(body, "{}[{from},{to}]", if nth == 0 { "" } else { "," });
        }
        body.push_str("]}");
        Sent { body: body.into_bytes(), seqs, lost, shifts }
    }

    fn envelope(&self, moment: &Moment<'_>, quote: bool) -> String {
        let held_from = self.held.keys().next().copied().unwrap_or(self.next_seq);
        format!(
            "{{\"v\":1,\"epoch\":{},\"boot\":{},\"up_now\":{},\"wall_now\":{},\"rtt\":{},\"held_from\":{held_from},\
             \"deny_ver\":{},\"tariff_ver\":{},\"quote\":{quote},\"want\":[{}],\"taps\":[",
            self.epoch,
            quoted(&self.boot),
            moment.up_ms,
            quoted(moment.wall),
            moment.rtt_ms,
            self.deny.ver(),
            quoted(&self.tariff_ver),
            self.wants(),
        )
    }

    fn wants(&self) -> &'static str {
        match (self.wants_deny, self.wants_balances) {
            (true, true) => "\"deny\",\"balances\"",
            (true, false) => "\"deny\"",
            (false, true) => "\"balances\"",
            (false, false) => "",
        }
    }

    /// Takes an answer that was proven to be the server's. `sent` is the request that it answers.
    pub fn answered(&mut self, sent: &Sent, reply: &Reply) {
        let lost: Vec<(i64, i64)> = self.lost.iter().take(sent.lost).copied().collect();
        for range in lost {
            self.lost.remove(&range);
        }
        self.shifts.drain(..sent.shifts.min(self.shifts.len()));
        for seq in &sent.seqs {
            let later = reply.items.get(&seq.to_string()).is_some_and(|item| item == "later");
            if let Some(held) = self.held.get_mut(seq) {
                held.sent = !later;
            }
        }
        // A server that acknowledges what was never numbered is not believed.
        self.held = self.held.split_off(&reply.ack.min(self.last_seq()).saturating_add(1));
        for &(from, to) in &reply.resend {
            self.asked_again(from, to.min(self.last_seq()));
        }
        self.wants_deny = false;
        if let Some(delta) = &reply.deny {
            self.wants_deny = !self.deny.apply(delta);
        }
        if let Some(balances) = &reply.balances {
            (self.balances, self.wants_balances) = (balances.clone(), false);
        }
        if let Some(epoch) = reply.epoch_min.filter(|&min| min > self.epoch && self.held.is_empty()) {
            // Only with everything delivered: a number names a tap together with its epoch.
            (self.epoch, self.next_seq, self.head) = (epoch, 1, [0; HASH_BYTES]);
        }
    }

    /// Sends again what is there, and says of the rest that it is lost.
    fn asked_again(&mut self, from: i64, to: i64) {
        let mut next = from;
        for (&seq, held) in self.held.range_mut(from..=to.max(from)) {
            held.sent = false;
            if next < seq {
                self.lost.insert((next, seq - 1));
            }
            next = seq + 1;
        }
        if next <= to {
            self.lost.insert((next, to));
        }
    }
}

/// The JSON of a tap without its opening brace and boot, and its chain hash.
fn json_of(line: &TapLine<'_>, hash: &ChainHash) -> String {
    let mut json = format!("\"s\":{},\"up\":{}", line.seq, line.up_ms);
    let texts = [
        ("w", line.wall),
        ("c", line.card),
        ("k", line.kind.word()),
        ("v", line.vehicle),
        ("trip", line.trip),
        ("st", line.stop),
    ];
    for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        let _ = write!(json, ",\"{name}\":{}", quoted(text));
    }
    if let Some((lat, lon, accuracy)) = line.fix {
        let _ = write!(json, ",\"g\":[{lat},{lon},{accuracy}]");
    }
    let out = line.denied.map_or_else(|| "ok".to_owned(), |reason| format!("denied:{reason}"));
    let _ = write!(json, ",\"pax\":{},\"out\":{}", line.pax, quoted(&out));
    for (name, amount) in [("f", line.fare), ("b", line.balance)] {
        if let Some(satang) = amount {
            let _ = write!(json, ",\"{name}\":{satang}");
        }
    }
    let _ = write!(json, ",\"h\":\"{}\"}}", hex_of_hash(hash));
    json
}

/// A JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::taps::wire;
    use bytes::Bytes;
    use gtfs::Timestamp;

    fn touch(up_ms: i64) -> Touch<'static> {
        Touch {
            card: "mE3k\"q0vT",
            kind: TapKind::On,
            vehicle: "EV-07",
            trip: "",
            stop: "P04",
            fix: Some((13_690_400, 101_077_900, 6)),
            pax: 1,
            denied: None,
            fare: Some(1_500),
            balance: Some(4_200),
            up_ms,
            wall: "2026-11-20T07:00:00+07:00",
        }
    }

    fn read(sent: &Sent) -> wire::Request {
        wire::read(&Bytes::from(sent.body.clone()), Timestamp::from_s(1)).unwrap()
    }

    fn reply(ack: i64, resend: &[(i64, i64)]) -> Reply {
        Reply { ack, resend: resend.to_vec(), ..Reply::default() }
    }

    #[test]
    fn the_server_reads_what_a_terminal_writes_and_its_chain_holds() {
        let mut memory = Memory::new(2, "b1");
        memory.begin_shift("B-1");
        memory.touch(&touch(10));
        memory.reboot("b2");
        memory.touch(&touch(20));
        memory.end_shift();
        let request = read(&memory.request(&Moment { up_ms: 30, wall: "", rtt_ms: 5 }, 500, false));
        assert!(request.refused.is_empty(), "{:?}", request.refused);
        let lines: Vec<&str> = request.block.taps().iter().map(|tap| request.block.line(tap)).collect();
        assert!(lines[0].starts_with("2|1|b1|10|") && lines[1].starts_with("2|2|b2|20|"), "{lines:?}");
        assert_eq!(request.block.taps()[0].hash, Some(chained(&[0; HASH_BYTES], lines[0])));
        assert_eq!(request.block.taps()[1].link, store::tap::Link::Follows);
        let shift = &request.audits[0];
        assert_eq!((shift.from, shift.to, shift.taps, shift.fare_sum), (1, 2, 2, 3_000));
        assert_eq!(shift.head, request.block.taps()[1].hash);
    }

    #[test]
    fn nothing_is_forgotten_before_its_ack_and_no_false_ack_reaches_further() {
        let mut memory = Memory::new(1, "b");
        for up in 0..10 {
            memory.touch(&touch(up));
        }
        let sent = memory.request(&Moment::default(), 500, false);
        memory.answered(&sent, &reply(4, &[]));
        assert_eq!((memory.held(), memory.unsent()), (6, 0));
        let beat = memory.request(&Moment::default(), 500, false);
        assert!(beat.seqs.is_empty());
        memory.answered(&beat, &reply(999, &[]));
        assert_eq!((memory.held(), memory.touch(&touch(11))), (0, 11));
    }

    #[test]
    fn what_is_asked_for_again_is_sent_and_what_is_gone_is_said_to_be_lost() {
        let mut memory = Memory::new(1, "b");
        for up in 0..8 {
            memory.touch(&touch(up));
        }
        memory.forget(3);
        memory.forget(4);
        memory.forget(7);
        let sent = memory.request(&Moment::default(), 500, false);
        memory.answered(&sent, &reply(2, &[(3, 4), (7, 7)]));
        let again = memory.request(&Moment::default(), 500, false);
        assert_eq!(read(&again).lost, [(3, 4), (7, 7)]);
        memory.answered(&again, &reply(8, &[]));
        assert_eq!(read(&memory.request(&Moment::default(), 500, false)).lost, []);
        assert_eq!(memory.held(), 0);
    }

    #[test]
    fn a_backlog_goes_out_with_the_newest_taps_in_every_request() {
        let mut memory = Memory::new(1, "b");
        for up in 0..1_000 {
            memory.touch(&touch(up));
        }
        let sent = memory.request(&Moment::default(), 100, false);
        assert_eq!((sent.seqs[0], sent.seqs[49], sent.seqs[50], sent.seqs[99]), (1, 50, 951, 1_000));
        memory.answered(&sent, &reply(50, &[(51, 950)]));
        assert_eq!(memory.request(&Moment::default(), 100, false).seqs[0], 51);
    }

    #[test]
    fn balances_are_asked_for_until_they_come_and_kept_until_the_next() {
        let mut memory = Memory::new(1, "b");
        memory.want_balances();
        let sent = memory.request(&Moment::default(), 100, false);
        assert!(read(&sent).wants_balances);
        memory.answered(&sent, &Reply::default());
        let again = memory.request(&Moment::default(), 100, false);
        assert!(read(&again).wants_balances, "the answer had none");
        let told = [(text_of(hash_of("card-1")), 4_200)].into_iter().collect();
        memory.answered(&again, &Reply { balances: Some(told), ..Reply::default() });
        let last = memory.request(&Moment::default(), 100, false);
        assert!(!read(&last).wants_balances);
        memory.answered(&last, &Reply::default());
        assert_eq!((memory.balance("card-1"), memory.balance("card-2")), (Some(4_200), None));
    }

    #[test]
    fn a_new_epoch_begins_when_the_old_one_is_delivered() {
        let mut memory = Memory::new(1, "b");
        memory.touch(&touch(1));
        let sent = memory.request(&Moment::default(), 100, false);
        memory.answered(&sent, &Reply { ack: 0, epoch_min: Some(2), ..Reply::default() });
        assert_eq!(memory.epoch(), 1);
        memory.answered(&sent, &Reply { ack: 1, epoch_min: Some(2), ..Reply::default() });
        assert_eq!((memory.epoch(), memory.touch(&touch(2))), (2, 1));
    }
}
