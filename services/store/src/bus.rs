//! The fan-out inside a process, which Redis may join to those of other processes.
//!
//! Two kinds of topic: *latest values* (a board, the positions), of which a reader sees the newest and never
//! a queue, and *hints*, small events that may be lost (the database has what they point to). Publishing
//! never waits and never fails: with Redis away, this process goes on exactly as without it.
//!
//! What always holds: a value is replaced only by one with a higher (epoch, seq), so that a holder that lost
//! its lease, a message that comes twice and one that comes late do no harm. Nothing here is durable.

mod frame;
mod redis;

pub use redis::{BusError, RedisLink};

use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::{broadcast, mpsc, watch};

/// Bytes of a payload that goes to other processes (`reliability` section 3); larger ones stay here, counted.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// Latest values known: a stop each, of all agencies.
pub const TOPICS_MAX: usize = 100_000;
/// Hints a slow reader may be behind before it misses some; the table has them.
const HINTS_QUEUED_MAX: usize = 4_096;
/// Changes a slow reader may be behind before it has to look at all topics.
const CHANGES_QUEUED_MAX: usize = 4_096;
/// Changes that wait for Redis; a value that misses its turn goes with the next round.
const OUTGOING_QUEUED_MAX: usize = 8_192;

/// What a latest value is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// The board of the stop with this stop_id.
    Board(Arc<str>),
    /// Where all vehicles are.
    Positions,
    /// A piece of the newest GTFS-realtime snapshot, by its place in it; pieces of one snapshot share epoch and seq.
    Realtime(u16),
}

/// A latest value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Of the lease under which it was made; 0 without leases.
    pub epoch: i64,
    /// Rises within the epoch, for each topic on its own.
    pub seq: u64,
    /// What readers of the topic understand.
    pub payload: Bytes,
}

/// How the bus is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BusStats {
    /// Joined to other processes at this moment.
    pub linked: bool,
    /// Times the link was made.
    pub links: u64,
    /// Messages that did not go to other processes: too large, or the link was too slow.
    pub lost: u64,
    /// Messages from other processes.
    pub received: u64,
    /// Messages from other processes that could not be read, or had a topic too many.
    pub refused: u64,
}

/// The fan-out. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bus(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    topics: RwLock<BTreeMap<Topic, Slot>>,
    changes: broadcast::Sender<Topic>,
    hints: broadcast::Sender<Bytes>,
    outgoing: Option<mpsc::Sender<Outgoing>>,
    counts: Counts,
}

#[derive(Debug)]
struct Slot {
    latest: watch::Sender<Option<Message>>,
    /// The newest value was made here, so this process answers for it.
    own: bool,
}

#[derive(Debug, Default)]
struct Counts {
    linked: AtomicBool,
    links: AtomicU64,
    lost: AtomicU64,
    received: AtomicU64,
    refused: AtomicU64,
}

/// What waits for Redis: the value itself is read when its turn comes, so that the newest goes out.
#[derive(Debug)]
enum Outgoing {
    Changed(Topic),
    Hint(Bytes),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Here,
    Elsewhere,
}

impl Bus {
    /// A bus of this process alone.
    #[must_use]
    pub fn local() -> Self {
        Self::new(None)
    }

    /// A bus that Redis at `url` joins to all others with the same `namespace`, and the task that does it.
    /// `process` is a random number that no other process has.
    ///
    /// # Errors
    /// [`BusError`] when the URL or the namespace cannot be used. Redis itself may be away.
    pub fn linked(url: &str, namespace: &str, process: u64) -> Result<(Self, RedisLink), BusError> {
        let (sender, outgoing) = mpsc::channel(OUTGOING_QUEUED_MAX);
        let bus = Self::new(Some(sender));
        let link = RedisLink::new(url, namespace, process, bus.clone(), outgoing)?;
        Ok((bus, link))
    }

    fn new(outgoing: Option<mpsc::Sender<Outgoing>>) -> Self {
        Self(Arc::new(Inner {
            topics: RwLock::default(),
            changes: broadcast::Sender::new(CHANGES_QUEUED_MAX),
            hints: broadcast::Sender::new(HINTS_QUEUED_MAX),
            outgoing,
            counts: Counts::default(),
        }))
    }

    /// Replaces the value of `topic`; `false` when it has a newer one, or there are [`TOPICS_MAX`] already.
    pub fn publish(&self, topic: &Topic, message: Message) -> bool {
        let large = message.payload.len() > MESSAGE_BYTES_MAX;
        if !self.replace(topic, message, Origin::Here) {
            return false;
        }
        if let Some(outgoing) = &self.0.outgoing
            && (large || outgoing.try_send(Outgoing::Changed(topic.clone())).is_err())
        {
            self.0.counts.lost.fetch_add(1, Ordering::Relaxed);
        }
        true
    }

    /// Tells everybody a hint.
    pub fn hint(&self, payload: Bytes) {
        if let Some(outgoing) = &self.0.outgoing
            && (payload.len() > MESSAGE_BYTES_MAX
                || outgoing.try_send(Outgoing::Hint(payload.clone())).is_err())
        {
            self.0.counts.lost.fetch_add(1, Ordering::Relaxed);
        }
        // Nobody listening is as good as everybody told.
        let _ = self.0.hints.send(payload);
    }

    /// The newest value of `topic`, and every newer one; older ones are skipped when the reader is slow.
    #[must_use]
    pub fn watch(&self, topic: &Topic) -> watch::Receiver<Option<Message>> {
        if let Some(slot) = self.topics().get(topic) {
            return slot.latest.subscribe();
        }
        self.topics_mut().entry(topic.clone()).or_insert_with(Slot::empty).latest.subscribe()
    }

    /// The newest value of `topic`.
    #[must_use]
    pub fn latest(&self, topic: &Topic) -> Option<Message> {
        self.topics().get(topic).and_then(|slot| slot.latest.borrow().clone())
    }

    /// The topics that have a value, in order.
    #[must_use]
    pub fn known(&self) -> Vec<Topic> {
        let topics = self.topics();
        topics
            .iter()
            .filter(|(_, slot)| slot.latest.borrow().is_some())
            .map(|(topic, _)| topic.clone())
            .collect()
    }

    /// The topics whose value changes. A reader that falls behind is told so, and looks at [`Bus::known`].
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Topic> {
        self.0.changes.subscribe()
    }

    /// Hints from now on.
    #[must_use]
    pub fn hints(&self) -> broadcast::Receiver<Bytes> {
        self.0.hints.subscribe()
    }

    /// Leaves it to others to answer for what was published here: another process speaks for it now.
    pub fn disown(&self) {
        self.topics_mut().values_mut().for_each(|slot| slot.own = false);
    }

    /// How the bus is.
    #[must_use]
    pub fn stats(&self) -> BusStats {
        let counts = &self.0.counts;
        BusStats {
            linked: counts.linked.load(Ordering::Relaxed),
            links: counts.links.load(Ordering::Relaxed),
            lost: counts.lost.load(Ordering::Relaxed),
            received: counts.received.load(Ordering::Relaxed),
            refused: counts.refused.load(Ordering::Relaxed),
        }
    }

    fn replace(&self, topic: &Topic, message: Message, origin: Origin) -> bool {
        let mut topics = self.topics_mut();
        if !topics.contains_key(topic) && topics.len() >= TOPICS_MAX {
            return false;
        }
        let slot = topics.entry(topic.clone()).or_insert_with(Slot::empty);
        let version = (message.epoch, message.seq);
        if slot.latest.borrow().as_ref().is_some_and(|latest| (latest.epoch, latest.seq) >= version) {
            return false;
        }
        slot.latest.send_replace(Some(message));
        slot.own = origin == Origin::Here;
        drop(topics);
        let _ = self.0.changes.send(topic.clone());
        true
    }

    /// The values that this process answers for.
    fn own(&self) -> Vec<Topic> {
        self.topics().iter().filter(|(_, slot)| slot.own).map(|(topic, _)| topic.clone()).collect()
    }

    fn topics(&self) -> RwLockReadGuard<'_, BTreeMap<Topic, Slot>> {
        self.0.topics.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn topics_mut(&self) -> RwLockWriteGuard<'_, BTreeMap<Topic, Slot>> {
        self.0.topics.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn empty() -> Self {
        Self { latest: watch::Sender::new(None), own: false }
    }
}

#[cfg(test)]
mod tests;
