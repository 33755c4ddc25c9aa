//! Turns the boards of the core into states of the hub's topics, at a bearable pace.
//!
//! A first change goes out at once, then at most one every [`FRAME_SPACING`] per stop; what happens
//! in between is merged, newest wins. A board that nobody reads is kept but not encoded.

use super::board::Board;
use super::hub::{Hub, Topic};
use super::place::{Common, Place};
use super::relay::{Relay, Relayed};
use gtfs::{StopIdx, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use stop_display::frame::Alert;
use tokio::time::Instant;
use tracking::StopBoard;

/// Least time between two frames of a stop: four a second.
pub const FRAME_SPACING: Duration = Duration::from_millis(250);

/// The one writer of a [`Hub`].
#[derive(Debug)]
pub struct Publisher {
    hub: Arc<Hub>,
    epoch: u64,
    stops: Vec<Stop>,
    waiting: BTreeMap<StopIdx, Arc<StopBoard>>,
    alerts: Arc<[Alert]>,
    relay: Relay,
}

#[derive(Debug)]
struct Stop {
    topic: Arc<Topic>,
    sent: Option<Instant>,
}

impl Publisher {
    /// A publisher in a lease epoch, with no timetable yet.
    #[must_use]
    pub fn new(hub: Arc<Hub>, epoch: u64) -> Self {
        let (stops, waiting, alerts) = (Vec::new(), BTreeMap::new(), Arc::from([]));
        Self { hub, epoch, stops, waiting, alerts, relay: Relay::default() }
    }

    /// Also sends every state to other processes.
    #[must_use]
    pub fn relaying(self, relay: Relay) -> Self {
        Self { relay, ..self }
    }

    /// Takes over a board that another process sent.
    pub fn relayed(&self, stop_id: &str, relayed: Relayed) {
        let Some(topic) = self.hub.topic(stop_id) else { return };
        if let Some(next) = topic.board().relayed(relayed.rows, relayed.alerts.into()) {
            topic.put(next);
        }
    }

    /// Takes over a timetable: a topic for each stop; those of the same stop_id live on.
    pub fn install(&mut self, common: &Arc<Common>, now: Timestamp) {
        let old = self.hub.topics();
        let mut topics = HashMap::with_capacity(common.timetable.stops.len());
        self.waiting.clear();
        self.stops.clear();
        for (at, row) in common.timetable.stops.iter().enumerate() {
            let place = Arc::new(Place::new(Arc::clone(common), StopIdx::new(at), now));
            let topic = match old.get(&row.id) {
                Some(topic) => self.continued(topic, place),
                None => Arc::new(Topic::new(Board::first(self.epoch, place, Arc::clone(&self.alerts)))),
            };
            topics.insert(row.id.clone(), Arc::clone(&topic));
            self.stops.push(Stop { topic, sent: None });
        }
        self.hub.install(topics);
    }

    fn continued(&self, topic: &Arc<Topic>, place: Arc<Place>) -> Arc<Topic> {
        let old = topic.board();
        let next = if old.ep == self.epoch {
            old.replaced(place, None, Arc::clone(&self.alerts))
        } else {
            Board::first(self.epoch, place, Arc::clone(&self.alerts))
        };
        topic.put(next);
        Arc::clone(topic)
    }

    /// The core's newest board of a stop: sent now, or when the stop's pace allows.
    pub fn board(&mut self, stop: StopIdx, board: Arc<StopBoard>, now: Timestamp, at: Instant) {
        let Some(row) = self.stops.get_mut(stop.at()) else { return };
        if row.sent.is_some_and(|sent| at < sent + FRAME_SPACING) {
            self.waiting.insert(stop, board);
        } else if put(&row.topic, &self.relay, board, &self.alerts, now) {
            self.waiting.remove(&stop);
            row.sent = Some(at);
        }
    }

    /// Sends what has waited long enough; returns when to come again.
    pub fn flush(&mut self, now: Timestamp, at: Instant) -> Option<Instant> {
        let due =
            |stop: &StopIdx| self.stops.get(stop.at()).and_then(|row| row.sent).map(|s| s + FRAME_SPACING);
        let ready: Vec<StopIdx> =
            self.waiting.keys().copied().filter(|stop| due(stop).is_none_or(|due| due <= at)).collect();
        let next = self.waiting.keys().filter_map(due).filter(|due| *due > at).min();
        for stop in ready {
            if let Some(board) = self.waiting.remove(&stop) {
                self.board(stop, board, now, at);
            }
        }
        next
    }

    /// Gives stops whose timetable window is over the next one.
    pub fn renew_places(&self, now: Timestamp) {
        for row in &self.stops {
            let old = row.topic.board();
            if old.place.is_over(now) {
                let place = Arc::new(old.place.renewed(now));
                row.topic.put(old.renewed(place));
            }
        }
    }

    /// Replaces the messages shown on every board.
    pub fn alerts(&mut self, alerts: Arc<[Alert]>, now: Timestamp) {
        if self.alerts == alerts {
            return;
        }
        self.alerts = alerts;
        for row in &self.stops {
            let old = row.topic.board();
            let content = old.content.clone().unwrap_or_else(|| empty(&old));
            put(&row.topic, &self.relay, content, &self.alerts, now);
        }
    }

    /// A vehicle's position was measured at `t`.
    pub fn measured(&self, t: Timestamp) {
        self.hub.measured(t);
    }

    /// The core has seen everything up to `now`.
    pub fn stepped(&self, now: Timestamp) {
        self.hub.stepped(now);
    }
}

fn empty(board: &Board) -> Arc<StopBoard> {
    Arc::new(StopBoard { stop: board.place.stop, calls: Vec::new() })
}

/// Makes the next state of a topic; false when a reader would see no difference.
fn put(topic: &Topic, relay: &Relay, content: Arc<StopBoard>, alerts: &Arc<[Alert]>, now: Timestamp) -> bool {
    let old = topic.board();
    let next = if topic.is_hot(now) {
        old.changed(content, Arc::clone(alerts))
    } else {
        Some(old.replaced(Arc::clone(&old.place), Some(content), Arc::clone(alerts)))
    };
    let Some(next) = next else { return false };
    relay.send(&next);
    topic.put(next);
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::Lacks;
    use gtfs::fixture;
    use tracking::StopBoard;

    const TOWN: &str = "
        stop A 0 0
        stop B 500 0
        route R bus
        trip t1 route=R : A 08:00 B 08:02
    ";

    struct Desk {
        hub: Arc<Hub>,
        publisher: Publisher,
        now: Timestamp,
    }

    impl Desk {
        fn open(text: &str) -> Self {
            let hub = Arc::new(Hub::default());
            let mut desk = Self {
                publisher: Publisher::new(Arc::clone(&hub), 3),
                hub,
                now: Timestamp::from_s(1_795_480_200),
            };
            desk.install(text);
            desk
        }

        fn install(&mut self, text: &str) {
            let timetable = Arc::new(fixture::timetable(text).unwrap());
            self.publisher.install(&Arc::new(Common::of(timetable, false, 1.0)), self.now);
        }

        fn put(&mut self, at: Instant) {
            let board = Arc::new(StopBoard { stop: StopIdx::new(0), calls: Vec::new() });
            self.publisher.board(StopIdx::new(0), board, self.now, at);
        }

        fn seq(&self) -> u64 {
            self.hub.topic("A").unwrap().board().seq
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_first_change_leaves_at_once_and_the_next_ones_four_times_a_second() {
        let (mut desk, start) = (Desk::open(TOWN), Instant::now());
        desk.put(start);
        assert_eq!(desk.seq(), 2);
        for _ in 0..9 {
            desk.put(start + Duration::from_millis(100));
        }
        assert_eq!(desk.seq(), 2, "too soon");
        let due = desk.publisher.flush(desk.now, start + Duration::from_millis(100)).unwrap();
        assert_eq!(due, start + FRAME_SPACING);
        assert_eq!(desk.publisher.flush(desk.now, due), None);
        assert_eq!(desk.seq(), 3, "nine changes became one frame");
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_lives_through_a_feed_swap_and_gets_a_snapshot() {
        let mut desk = Desk::open(TOWN);
        let mut reader = desk.hub.topic("A").unwrap().subscribe(desk.now);
        let before = Arc::clone(&reader.borrow_and_update());
        desk.install("stop A 0 0\nstop Z 900 0\nroute R bus\ntrip t9 route=R : A 09:00 Z 09:05\n");
        assert!(reader.has_changed().unwrap());
        let after = Arc::clone(&reader.borrow_and_update());
        assert_eq!(after.lacks(before.ep, before.seq), Lacks::Snapshot);
        assert_ne!(after.place.sched().sv, before.place.sched().sv);
        assert!(desk.hub.topic("B").is_none(), "the new feed has no such stop");
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_of_a_stop_that_a_new_feed_lacks_is_told_by_the_end_of_its_topic() {
        let mut desk = Desk::open(TOWN);
        let mut reader = desk.hub.topic("B").unwrap().subscribe(desk.now);
        reader.borrow_and_update();
        desk.install("stop A 0 0\nstop Z 900 0\nroute R bus\ntrip t9 route=R : A 09:00 Z 09:05\n");
        assert!(reader.changed().await.is_err());
    }
}
