//! WebSocket panels: as many as wanted, each on a stop, each noting when it learns that a bus has left.

use crate::http::loopback_only;
use anyhow::{Context as _, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

/// A panel that has no snapshot within this has failed.
const SNAPSHOT_S_MAX: Duration = Duration::from_secs(20);
/// How many connect at once; the kernel's backlog is 4,096.
const CONNECTING_MAX: usize = 256;
/// Latencies that are kept; more than a run makes.
const SAMPLES_MAX: usize = 5_000_000;

/// An open panel with its first snapshot read.
pub(crate) struct Panel {
    socket: WebSocketStream<TcpStream>,
    /// Rows that it shows as not gone yet.
    coming: HashSet<String>,
}

/// When each bus last reported, and how long panels took to show what came of it.
#[derive(Default)]
pub(crate) struct Watch {
    /// trip_id -> when its last ping was about to be written.
    left: Mutex<HashMap<String, Instant>>,
    seen: Mutex<Seen>,
}

/// Counts and samples of all panels.
#[derive(Default)]
pub(crate) struct Seen {
    /// Frames received.
    pub(crate) frames: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Milliseconds from the ping's first byte to the frame that shows what it caused, per panel.
    pub(crate) latencies_ms: Vec<f64>,
}

#[derive(Deserialize)]
struct Frame {
    #[serde(default)]
    up: Vec<Row>,
    #[serde(default)]
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    #[serde(default)]
    st: String,
}

impl Watch {
    /// A ping of a bus on this trip leaves now.
    pub(crate) fn leaves(&self, trip: String) {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).insert(trip, Instant::now());
    }

    /// Everything so far; starts anew.
    pub(crate) fn take(&self) -> Seen {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes a frame that arrived at `at`; `coming` is what this panel shows as not gone yet.
    fn frame(&self, text: &str, at: Instant, coming: &mut HashSet<String>) {
        let mut found = Vec::new();
        if let Ok(frame) = serde_json::from_str::<Frame>(text) {
            let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
            for row in frame.up.into_iter().chain(frame.rows) {
                if row.st != "gone" {
                    coming.insert(row.id);
                } else if coming.remove(&row.id) {
                    // Only a ping can tell that a bus has left; the row's id is t:TRIP:CALL.
                    let trip = row.id.split(':').nth(1).unwrap_or_default();
                    found.extend(left.get(trip).map(|left| (at - *left).as_secs_f64() * 1000.0));
                }
            }
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.frames += 1;
        seen.bytes += text.len() as u64;
        if seen.latencies_ms.len() < SAMPLES_MAX {
            seen.latencies_ms.extend(found);
        }
    }
}

/// Opens `count` panels, spread over `stops`, each with its snapshot.
pub(crate) async fn open(address: SocketAddr, count: usize, stops: &[String]) -> anyhow::Result<Vec<Panel>> {
    loopback_only(address)?;
    ensure!(!stops.is_empty(), "no stops to show");
    let mut opening = JoinSet::new();
    let mut panels = Vec::with_capacity(count);
    for at in 0..count {
        if opening.len() >= CONNECTING_MAX {
            panels.push(joined(&mut opening).await?);
        }
        opening.spawn(timeout(SNAPSHOT_S_MAX, open_one(address, stops[at % stops.len()].clone())));
    }
    while !opening.is_empty() {
        panels.push(joined(&mut opening).await?);
    }
    Ok(panels)
}

type Opening = JoinSet<Result<anyhow::Result<Panel>, tokio::time::error::Elapsed>>;

async fn joined(opening: &mut Opening) -> anyhow::Result<Panel> {
    let done = opening.join_next().await.context("nothing is opening")?;
    done.context("a panel panicked")?.context("no snapshot in time")?
}

async fn open_one(address: SocketAddr, stop: String) -> anyhow::Result<Panel> {
    let stream = TcpStream::connect(address)
        .await
        .context("no server for a panel; is the open-file limit too low?")?;
    stream.set_nodelay(true)?;
    let (mut socket, _) = client_async(format!("ws://{address}/v1/panel"), stream).await?;
    let hello = format!(r#"{{"k":"hello","v":1,"stop":"{stop}","app":"load","langs":["en"]}}"#);
    socket.send(Message::text(hello)).await?;
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) if text.contains("\"k\":\"snap\"") => {
                let coming = not_gone(&text);
                return Ok(Panel { socket, coming });
            }
            Some(Ok(Message::Close(why))) => bail!("a panel was closed: {why:?}"),
            Some(Ok(_)) => {}
            Some(Err(failure)) => return Err(failure.into()),
            None => bail!("a panel was closed before its snapshot"),
        }
    }
}

fn not_gone(snapshot: &str) -> HashSet<String> {
    let rows = serde_json::from_str::<Frame>(snapshot).map(|frame| frame.rows).unwrap_or_default();
    rows.into_iter().filter(|row| row.st != "gone").map(|row| row.id).collect()
}

/// Reads all panels until dropped.
pub(crate) fn watch(panels: Vec<Panel>, watch: &Arc<Watch>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for Panel { mut socket, mut coming } in panels {
        let watch = Arc::clone(watch);
        tasks.spawn(async move {
            while let Some(Ok(message)) = socket.next().await {
                if let Message::Text(text) = message {
                    watch.frame(&text, Instant::now(), &mut coming);
                }
            }
        });
    }
    tasks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_is_noted_once_when_a_coming_bus_is_gone() {
        let watch = Watch::default();
        let mut coming = HashSet::new();
        let frame = |st: &str| format!(r#"{{"k":"d","up":[{{"id":"t:l1b2:7","st":"{st}"}}]}}"#);
        watch.leaves("l1b2".to_owned());
        watch.frame(&frame("gone"), Instant::now(), &mut coming);
        assert_eq!(watch.take().latencies_ms.len(), 0, "it was never coming");
        watch.frame(&frame("ok"), Instant::now(), &mut coming);
        watch.frame(&frame("gone"), Instant::now(), &mut coming);
        watch.frame(&frame("gone"), Instant::now(), &mut coming);
        let seen = watch.take();
        assert_eq!((seen.frames, seen.latencies_ms.len()), (3, 1));
    }
}
