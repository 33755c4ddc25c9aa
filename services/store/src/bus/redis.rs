//! The link to other processes: publish and subscribe through Redis, joined again for ever.
//!
//! On joining, a process asks for every value (`refresh`) and sends its own; each value also goes out again
//! every 30 s. So a process that missed something, for whatever reason, is whole again soon.

use super::frame::{self, Channel};
use super::{Bus, MESSAGE_BYTES_MAX, Message, Origin, Outgoing, Topic};
use bytes::Bytes;
use futures_util::StreamExt;
use redis::aio::{MultiplexedConnection, PubSubSink, PubSubStream};
use redis::{AsyncConnectionConfig, Client, Msg, RedisError};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// The shortest and longest wait before joining again: within the 0.1 to 5 s of `reliability` section 3, and
/// short enough for the 3 s in which its section 1 promises the fan-out back.
const REJOIN_MIN: Duration = Duration::from_millis(100);
const REJOIN_MAX: Duration = Duration::from_millis(2_500);
/// Each value goes out again this often (`reliability` section 6).
const RESEND: Duration = Duration::from_secs(30);
/// A request to refresh is answered after this long.
const REFRESH_WAIT: Duration = Duration::from_millis(200);
/// How often the link is tried while nothing happens, and how long anything may take.
const PING: Duration = Duration::from_secs(5);
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// Messages in one round trip.
const PIPELINE_MAX: usize = 256;

/// Why a link cannot be set up at all.
#[derive(Debug, Error)]
pub enum BusError {
    /// The URL cannot be read.
    #[error("the bus URL cannot be used, write redis://HOST:PORT: {0}")]
    Url(RedisError),
    /// The namespace would not be a plain channel name.
    #[error("the bus namespace {0:?} has other than 1 to 64 letters, digits, dots, _ and -")]
    Namespace(String),
}

/// The task that joins this process to the others. Run it once, for as long as the process lives.
#[derive(Debug)]
pub struct RedisLink {
    client: Client,
    prefix: String,
    process: u64,
    bus: Bus,
    outgoing: mpsc::Receiver<Outgoing>,
}

/// A joined link.
struct Joined {
    publish: MultiplexedConnection,
    alive: PubSubSink,
    messages: PubSubStream,
    /// When our own values go out again: soon after somebody asked, else every [`RESEND`].
    resend_at: Instant,
}

impl RedisLink {
    pub(super) fn new(
        url: &str,
        namespace: &str,
        process: u64,
        bus: Bus,
        outgoing: mpsc::Receiver<Outgoing>,
    ) -> Result<Self, BusError> {
        crate::device::check_id(namespace).map_err(|_refused| BusError::Namespace(namespace.into()))?;
        let client = Client::open(url).map_err(BusError::Url)?;
        Ok(Self { client, prefix: format!("padriew:{namespace}:"), process, bus, outgoing })
    }

    /// Joins, and joins again after each loss, until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut attempt = 0;
        loop {
            let lost = tokio::select! {
                () = shutdown.cancelled() => break,
                lost = self.session(&mut attempt) => lost,
            };
            self.bus.0.counts.linked.store(false, Ordering::Relaxed);
            let wait = self.rejoin_after(attempt);
            if attempt == 0 {
                let wait_ms = wait.as_millis() as u64;
                tracing::warn!(error = %lost, wait_ms, "the bus lost its link to Redis, this process goes on alone");
            }
            attempt = attempt.saturating_add(1);
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = sleep(wait) => {}
            }
        }
        self.bus.0.counts.linked.store(false, Ordering::Relaxed);
    }

    /// Doubles from [`REJOIN_MIN`] to [`REJOIN_MAX`], then spread over its upper half by process and attempt,
    /// so that many processes do not return at the same moment.
    fn rejoin_after(&self, attempt: u32) -> Duration {
        let whole = REJOIN_MIN.saturating_mul(1 << attempt.min(10)).min(REJOIN_MAX);
        // splitmix64's finaliser: every bit of the process number moves the wait.
        let mut spread = self.process.wrapping_add(u64::from(attempt).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        spread = (spread ^ (spread >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        spread = (spread ^ (spread >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        whole.mul_f64(0.5 + 0.5 * ((spread >> 11) as f64 / (1u64 << 53) as f64)).max(REJOIN_MIN)
    }

    /// One link, from joining to its loss; sets `attempt` back once joined.
    async fn session(&mut self, attempt: &mut u32) -> RedisError {
        let mut joined = match timeout(ANSWER_MAX, self.join()).await {
            Ok(Ok(joined)) => joined,
            Ok(Err(error)) => return error,
            Err(_elapsed) => return slow(),
        };
        if *attempt > 0 {
            tracing::info!(attempts = *attempt, "the bus is linked to Redis again");
        }
        *attempt = 0;
        self.bus.0.counts.links.fetch_add(1, Ordering::Relaxed);
        self.bus.0.counts.linked.store(true, Ordering::Relaxed);
        match self.serve(&mut joined).await {
            Ok(()) => RedisError::from((redis::ErrorKind::Io, "the subscription ended")),
            Err(error) => error,
        }
    }

    async fn join(&self) -> Result<Joined, RedisError> {
        let mut pubsub = self.client.get_async_pubsub().await?;
        pubsub.psubscribe(format!("{}*", self.prefix)).await?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(ANSWER_MAX))
            .set_response_timeout(Some(ANSWER_MAX));
        let publish = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        let (alive, messages) = pubsub.split();
        // At once: what changed while this process was alone goes out.
        Ok(Joined { publish, alive, messages, resend_at: Instant::now() })
    }

    async fn serve(&mut self, joined: &mut Joined) -> Result<(), RedisError> {
        let hello = Message { epoch: 0, seq: 0, payload: Bytes::new() };
        self.send(&mut joined.publish, [(Channel::Refresh, hello)]).await?;
        let mut ping = interval(PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                message = joined.messages.next() => match message {
                    Some(message) => self.receive(joined, &message),
                    None => return Ok(()),
                },
                Some(first) = self.outgoing.recv() => self.forward(joined, first).await?,
                () = sleep_until(joined.resend_at) => self.send_own(joined).await?,
                _ = ping.tick() => match timeout(ANSWER_MAX, joined.alive.ping::<redis::Value>()).await {
                    Ok(answer) => drop(answer?),
                    Err(_elapsed) => return Err(slow()),
                },
            }
        }
    }

    /// Sends `first` and what else waits, each topic once, with its newest value.
    async fn forward(&mut self, joined: &mut Joined, first: Outgoing) -> Result<(), RedisError> {
        let (mut topics, mut hints) = (BTreeSet::new(), Vec::new());
        let mut next = Some(first);
        while let Some(outgoing) = next {
            match outgoing {
                Outgoing::Changed(topic) => _ = topics.insert(topic),
                Outgoing::Hint(payload) => hints.push(payload),
            }
            let full = topics.len() + hints.len() >= PIPELINE_MAX;
            next = if full { None } else { self.outgoing.try_recv().ok() };
        }
        let hints = hints.into_iter().map(|payload| (Channel::Hints, Message { epoch: 0, seq: 0, payload }));
        let values = topics.into_iter().filter_map(|topic| self.value(topic));
        let batch: Vec<_> = hints.chain(values).collect();
        self.send(&mut joined.publish, batch).await
    }

    async fn send_own(&self, joined: &mut Joined) -> Result<(), RedisError> {
        joined.resend_at = Instant::now() + RESEND;
        for topics in self.bus.own().chunks(PIPELINE_MAX) {
            let batch: Vec<_> = topics.iter().cloned().filter_map(|topic| self.value(topic)).collect();
            self.send(&mut joined.publish, batch).await?;
        }
        Ok(())
    }

    fn value(&self, topic: Topic) -> Option<(Channel, Message)> {
        let message = self.bus.latest(&topic).filter(|message| message.payload.len() <= MESSAGE_BYTES_MAX)?;
        Some((Channel::Topic(topic), message))
    }

    async fn send(
        &self,
        publish: &mut MultiplexedConnection,
        batch: impl IntoIterator<Item = (Channel, Message)>,
    ) -> Result<(), RedisError> {
        let mut pipe = redis::pipe();
        for (channel, message) in batch {
            let bytes = frame::encode(self.process, &message);
            pipe.publish(format!("{}{}", self.prefix, channel.name()), &bytes[..]).ignore();
        }
        pipe.query_async(publish).await
    }

    fn receive(&self, joined: &mut Joined, message: &Msg) {
        let name = message.get_channel_name().strip_prefix(&self.prefix);
        let decoded = frame::decode(Bytes::copy_from_slice(message.get_payload_bytes()));
        let counts = &self.bus.0.counts;
        let (Some(channel), Some((process, message))) = (name.and_then(Channel::parse), decoded) else {
            counts.refused.fetch_add(1, Ordering::Relaxed);
            return;
        };
        if process == self.process {
            return;
        }
        counts.received.fetch_add(1, Ordering::Relaxed);
        match channel {
            Channel::Topic(topic) => _ = self.bus.replace(&topic, message, Origin::Elsewhere),
            Channel::Hints => _ = self.bus.0.hints.send(message.payload),
            // Many that join at the same moment are answered together.
            Channel::Refresh => joined.resend_at = joined.resend_at.min(Instant::now() + REFRESH_WAIT),
        }
    }
}

fn slow() -> RedisError {
    RedisError::from((redis::ErrorKind::Io, "no answer in time"))
}
