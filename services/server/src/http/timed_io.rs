//! A socket that closes when its peer is silent or dribbles a request head.
//!
//! hyper's own header timer starts before the first byte and so can not tell an idle connection
//! (60 s) from a dribbled head (5 s). This one starts when a head starts. It also answers nothing:
//! a client that can not send a head in time would not read an answer either.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// Where a connection is between requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Phase(Arc<AtomicU8>);

const AWAITING_HEAD: u8 = 0;
const IN_HEAD: u8 = 1;
const IN_REQUEST: u8 = 2;

impl Phase {
    /// A whole head was read: the request has its own limits now.
    pub(super) fn request_begins(&self) {
        self.0.store(IN_REQUEST, Ordering::Relaxed);
    }

    /// The answer was made: the next head may start. Not called after 101 Switching Protocols: what
    /// follows on that connection is no request, and has limits of its own.
    pub(super) fn request_ends(&self) {
        self.0.store(AWAITING_HEAD, Ordering::Relaxed);
    }

    fn head_begins(&self) -> bool {
        self.0.compare_exchange(AWAITING_HEAD, IN_HEAD, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn in_head(&self) -> bool {
        self.0.load(Ordering::Relaxed) == IN_HEAD
    }
}

/// A socket with the limits of `reliability` 3 on what comes before a request.
#[derive(Debug)]
pub(super) struct TimedIo<S, K> {
    socket: S,
    /// Held until the socket closes, also after an upgrade: the connection's place under the caps.
    _kept: K,
    phase: Phase,
    head_max: Duration,
    /// A first byte has come.
    heard: bool,
    /// Runs from accept to the first byte, then from each head's first byte to its last.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S, K> TimedIo<S, K> {
    /// `silent_max` runs from now until the first byte.
    pub(super) fn new(socket: S, kept: K, phase: Phase, silent_max: Duration, head_max: Duration) -> Self {
        let deadline = Some(Box::pin(tokio::time::sleep(silent_max)));
        Self { socket, _kept: kept, phase, head_max, heard: false, deadline }
    }

    fn after_read(&mut self, got: usize) {
        self.heard |= got > 0;
        if got > 0 && self.phase.head_begins() {
            let end = Instant::now() + self.head_max;
            match &mut self.deadline {
                Some(deadline) => deadline.as_mut().reset(end),
                None => self.deadline = Some(Box::pin(tokio::time::sleep_until(end))),
            }
        }
    }
}

impl<S: AsyncRead + Unpin, K: Unpin> AsyncRead for TimedIo<S, K> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.heard && !this.phase.in_head() {
            this.deadline = None;
        }
        let before = buf.filled().len();
        if let Poll::Ready(outcome) = Pin::new(&mut this.socket).poll_read(cx, buf) {
            this.after_read(buf.filled().len() - before);
            return Poll::Ready(outcome);
        }
        match this.deadline.as_mut().map(|deadline| deadline.as_mut().poll(cx)) {
            Some(Poll::Ready(())) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            _ => Poll::Pending,
        }
    }
}

impl<S: AsyncWrite + Unpin, K: Unpin> AsyncWrite for TimedIo<S, K> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, slices)
    }
}
