//! Our own accept loop: the limits that `axum::serve` has no place for.
//!
//! A backlog deep enough for a town's panels reconnecting at once, no Nagle delay, timers on
//! silent and dribbling sockets, a cap on connections of the process and of one address, and a
//! graceful end. Requests over a cap are answered 503 or closed before any work is done for them.

use super::timed_io::{Phase, TimedIo};
use crate::config::HttpConfig;
use crate::metrics::Metrics;
use crate::state::AppState;
use crate::supervise::Crew;
use axum::Router;
use axum::extract::ConnectInfo;
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Connections that the kernel keeps for us; more than `net.core.somaxconn` is cut to that.
const BACKLOG: u32 = 4_096;
/// Where the kernel keeps the longest backlog it allows.
const SOMAXCONN: &str = "/proc/sys/net/core/somaxconn";
/// Requests in hand may take this long to finish when the process goes down.
const FINISH_MAX: Duration = Duration::from_secs(3);
/// Open files kept for the database, the bus and everything else.
const FILES_KEPT: u64 = 1_024;
/// How long to wait after `accept` failed, such as for want of a file descriptor.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);
/// What a connection over the process cap is told.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
/// What a connection over its address's cap is told.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 10\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Opens a listening socket with a deep backlog.
///
/// # Errors
/// When the address is taken or not ours.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    warn_of_short_backlog();
    socket.listen(BACKLOG)
}

/// Says so when the kernel cuts the backlog: a town's panels that reconnect at once would wait for
/// retransmissions.
fn warn_of_short_backlog() {
    let limit = std::fs::read_to_string(SOMAXCONN).ok().and_then(|text| text.trim().parse::<u32>().ok());
    if let Some(limit) = limit.filter(|limit| *limit < BACKLOG) {
        tracing::warn!(limit, wanted = BACKLOG, "net.core.somaxconn is low; raise it with sysctl");
    }
}

/// Accepts until `token` is cancelled, then finishes the requests in hand.
///
/// # Errors
/// Never: a failed `accept` is logged and tried again.
pub async fn serve(
    listener: Arc<TcpListener>,
    router: Router,
    app: AppState,
    token: CancellationToken,
) -> anyhow::Result<()> {
    let server = Arc::new(Server {
        router,
        caps: Caps::new(&app.config.http, app.metrics.clone()),
        app,
        token: token.clone(),
    });
    let crew = Crew::default();
    loop {
        let accepted = tokio::select! {
            () = token.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => {
                let server = Arc::clone(&server);
                crew.spawn(async move { server.connection(socket, peer).await });
            }
            Err(failure) => {
                tracing::warn!(%failure, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
    crew.finish(FINISH_MAX).await;
    Ok(())
}

struct Server {
    router: Router,
    caps: Caps,
    app: AppState,
    token: CancellationToken,
}

impl Server {
    async fn connection(&self, mut socket: TcpStream, peer: SocketAddr) {
        let seat = match self.caps.take(peer.ip()) {
            Ok(seat) => seat,
            Err(cap) => {
                self.app.metrics.connection_refused(cap.word());
                let _ = socket.write_all(cap.answer()).await;
                return;
            }
        };
        let _ = socket.set_nodelay(true);
        if let Err(failure) = self.converse(socket, seat, peer).await {
            tracing::debug!(%failure, "connection ended");
        }
    }

    async fn converse(&self, socket: TcpStream, seat: Seat, peer: SocketAddr) -> hyper::Result<()> {
        let limits = &self.app.config.http;
        let phase = Phase::default();
        let io = TimedIo::new(
            socket,
            seat,
            phase.clone(),
            Duration::from_secs(limits.silent_s_max),
            Duration::from_secs(limits.head_s_max),
        );
        let router = self.router.clone();
        let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
            phase.request_begins();
            request.extensions_mut().insert(ConnectInfo(peer));
            let answer = router.clone().oneshot(request.map(axum::body::Body::new));
            let phase = phase.clone();
            async move {
                let answer = answer.await;
                if !answer.as_ref().is_ok_and(|a| a.status() == StatusCode::SWITCHING_PROTOCOLS) {
                    phase.request_ends();
                }
                answer
            }
        });
        let connection = builder(limits).serve_connection(TokioIo::new(io), service).with_upgrades();
        let mut connection = pin!(connection);
        tokio::select! {
            outcome = connection.as_mut() => outcome,
            () = self.token.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
    }
}

fn builder(limits: &HttpConfig) -> hyper::server::conn::http1::Builder {
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(limits.idle_s_max))
        .max_buf_size(limits.head_bytes_max.max(8_192))
        .max_headers(limits.headers_max)
        // The date is told by our clock, in `edge`.
        .auto_date_header(false);
    builder
}

/// How many connections the open-file limit leaves room for, after raising it as far as allowed.
fn files_allow() -> usize {
    let limit = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(FILES_KEPT * 2);
    let room = usize::try_from(limit.saturating_sub(FILES_KEPT)).unwrap_or(usize::MAX);
    room.max(1)
}

/// How many connections there are, and of whom.
struct Caps {
    process_max: usize,
    address_max: usize,
    exempt: Vec<IpAddr>,
    open: Arc<Mutex<Open>>,
    metrics: Metrics,
}

#[derive(Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A counted connection; gives its place back when dropped.
struct Seat {
    open: Arc<Mutex<Open>>,
    metrics: Metrics,
    address: Option<IpAddr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cap {
    Process,
    Address,
}

impl Cap {
    fn word(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Address => "address",
        }
    }

    fn answer(self) -> &'static [u8] {
        match self {
            Self::Process => FULL,
            Self::Address => TOO_MANY,
        }
    }
}

impl Caps {
    fn new(limits: &HttpConfig, metrics: Metrics) -> Self {
        Self {
            process_max: limits.connections_max.min(files_allow()),
            address_max: limits.connections_per_address_max,
            exempt: limits.trusted_proxies.clone(),
            open: Arc::default(),
            metrics,
        }
    }

    fn take(&self, address: IpAddr) -> Result<Seat, Cap> {
        let address = (!self.exempt.contains(&address)).then_some(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.all >= self.process_max {
            return Err(Cap::Process);
        }
        if let Some(address) = address {
            let count = open.by_address.entry(address).or_default();
            if *count >= self.address_max {
                return Err(Cap::Address);
            }
            *count += 1;
        }
        open.all += 1;
        self.metrics.connections(1);
        Ok(Seat { open: Arc::clone(&self.open), metrics: self.metrics.clone(), address })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.metrics.connections(-1);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all -= 1;
        let Some(address) = self.address else { return };
        if let Some(count) = open.by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(process: usize, address: usize) -> Caps {
        let limits = HttpConfig {
            connections_max: process,
            connections_per_address_max: address,
            ..HttpConfig::default()
        };
        Caps::new(&limits, Metrics::default())
    }

    #[test]
    fn the_third_connection_of_an_address_is_refused_until_one_closes() {
        let caps = caps(100, 2);
        let them = IpAddr::from([203, 0, 113, 7]);
        let (first, _second) = (caps.take(them).ok().unwrap(), caps.take(them).ok().unwrap());
        assert_eq!(caps.take(them).err(), Some(Cap::Address));
        assert!(caps.take(IpAddr::from([203, 0, 113, 8])).is_ok());
        drop(first);
        assert!(caps.take(them).is_ok());
    }

    #[test]
    fn a_trusted_proxy_is_held_to_the_process_cap_alone() {
        let caps = caps(3, 1);
        let proxy = IpAddr::from([127, 0, 0, 1]);
        let _seats: Vec<_> = (0..3).map(|_| caps.take(proxy).ok().unwrap()).collect();
        assert_eq!(caps.take(proxy).err(), Some(Cap::Process));
    }
}
