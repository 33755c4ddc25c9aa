//! One connection of a panel or a phone, from `hello` to the end.

use super::pace::Pace;
use crate::live::{Board, Lacks, Place, Seat, Topic};
use crate::state::AppState;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;
use stop_display::frame::{
    Bye, EtaHealth, FrameAge, FromPanel, HELLO_WITHIN_S, Hello, PROTOCOL_V, SERVER_HB_S, ServerHb, ToPanel,
    close,
};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// A reader that takes no bytes for this long is closed with [`close::TOO_SLOW`].
const SEND_MAX: Duration = Duration::from_secs(10);
/// How long a close frame may take to leave.
const CLOSE_MAX: Duration = Duration::from_secs(1);
/// A tracking driver silent for longer than this is not trusted, seconds.
const DRIVER_SILENT_S_MAX: u32 = 60;
/// RFC 6455, 7.4.1.
const MESSAGE_TOO_BIG: u16 = 1009;
/// How the WebSocket library begins its words about a message over the limit.
const OVER_LIMIT_WORDS: &str = "Space limit exceeded";
/// Readers told `bye` come back within this window, milliseconds, once the server had a moment to restart.
const COME_BACK_MS: [u32; 2] = [1_200, 6_200];

/// Why a conversation ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The other side closed, or the network did.
    Gone,
    /// We close, with this code and reason.
    Close(u16, &'static str),
    /// We say `bye` with a reason, and close for a restart.
    Bye(&'static str),
}

/// A connection that said `hello`.
#[derive(Debug)]
pub(super) struct Conversation {
    app: AppState,
    socket: WebSocket,
    seat: Seat,
    boards: watch::Receiver<Arc<Board>>,
    ep: u64,
    seq: u64,
    pace: Pace,
}

impl Conversation {
    /// Serves a socket until it ends.
    pub(super) async fn hold(app: AppState, mut socket: WebSocket, token: Option<Box<str>>) {
        let end = match Self::open(&app, &mut socket, token).await {
            Err(end) => end,
            Ok((hello, topic, seat)) => {
                let boards = topic.subscribe(app.clock.now());
                drop(topic);
                let mut talk = Self { app, socket, seat, boards, ep: 0, seq: 0, pace: Pace::default() };
                let end = talk.run(hello).await;
                return say_end(&mut talk.socket, end).await;
            }
        };
        say_end(&mut socket, end).await;
    }

    /// Reads `hello` and finds the board that it may see.
    async fn open(
        app: &AppState,
        socket: &mut WebSocket,
        token: Option<Box<str>>,
    ) -> Result<(Hello, Arc<Topic>, Seat), End> {
        let hello = timeout(Duration::from_secs(HELLO_WITHIN_S), read_hello(socket))
            .await
            .map_err(|_elapsed| End::Close(close::NO_HELLO, "no hello in time"))??;
        let (stop_id, seat) = match &hello.panel {
            Some(panel) => {
                let token =
                    hello.token.as_ref().map(|token| &*token.0).or(token.as_deref()).unwrap_or_default();
                (super::enrolled::stop_of(app, panel, token)?, app.live.sockets.panel(panel))
            }
            None => (hello.stop.clone().unwrap_or_default(), app.live.sockets.rider()),
        };
        let topic = app.live.hub.topic(&stop_id).ok_or(End::Close(close::UNKNOWN, "no such stop"))?;
        Ok((hello, topic, seat))
    }

    async fn run(&mut self, hello: Hello) -> End {
        if self.seat.over_limit() {
            return End::Bye("full");
        }
        match self.first(hello).await {
            ControlFlow::Continue(()) => {}
            ControlFlow::Break(end) => return end,
        }
        let mut heartbeat = Instant::now() + Duration::from_secs(SERVER_HB_S);
        loop {
            let step = tokio::select! {
                biased;
                () = self.app.stopping.cancelled() => ControlFlow::Break(End::Bye("restart")),
                () = self.seat.replaced().cancelled() => ControlFlow::Break(End::Close(close::REPLACED, "replaced")),
                () = self.seat.revoked().cancelled() => ControlFlow::Break(End::Close(close::TOKEN, "token taken back")),
                message = self.socket.recv() => self.heard(message),
                changed = self.boards.changed() => match changed {
                    Ok(()) => self.catch_up().await,
                    Err(_) => ControlFlow::Break(End::Close(close::UNKNOWN, "the stop is no longer served")),
                },
                () = tokio::time::sleep_until(heartbeat) => {
                    heartbeat += Duration::from_secs(SERVER_HB_S);
                    self.beat().await
                }
            };
            if let ControlFlow::Break(end) = step {
                return end;
            }
        }
    }

    /// Answers `hello`: what the reader lacks of what it still holds, else everything.
    async fn first(&mut self, hello: Hello) -> ControlFlow<End> {
        let resume = hello.resume.unwrap_or_default();
        let board = Arc::clone(&self.boards.borrow_and_update());
        let same_timetable = board.place.sched().sv == resume.sv;
        (self.ep, self.seq) = (resume.ep, resume.seq);
        match board.lacks(self.ep, self.seq) {
            Lacks::Nothing if same_timetable => self.beat().await,
            Lacks::Deltas(_) if same_timetable => self.send_lacking(&board, &resume.sv).await,
            _ => self.send_snapshot(&board, &resume.sv).await,
        }
    }

    async fn catch_up(&mut self) -> ControlFlow<End> {
        let board = Arc::clone(&self.boards.borrow_and_update());
        self.send_lacking(&board, "").await
    }

    async fn send_lacking(&mut self, board: &Board, sv: &str) -> ControlFlow<End> {
        match board.lacks(self.ep, self.seq) {
            Lacks::Nothing => ControlFlow::Continue(()),
            Lacks::Deltas(deltas) => {
                for delta in deltas {
                    self.send(delta.clone()).await?;
                }
                self.app.live.counted.frames_sent("d", deltas.len() as u64);
                self.seq = board.seq;
                ControlFlow::Continue(())
            }
            Lacks::Snapshot => self.send_snapshot(board, sv).await,
        }
    }

    async fn send_snapshot(&mut self, board: &Board, sv: &str) -> ControlFlow<End> {
        let text = board.snapshot(self.app.clock.now(), sv);
        self.send(text.into()).await?;
        self.app.live.counted.frames_sent("snap", 1);
        (self.ep, self.seq) = (board.ep, board.seq);
        ControlFlow::Continue(())
    }

    async fn beat(&mut self) -> ControlFlow<End> {
        let text = heartbeat(&self.app, &self.boards.borrow().place, self.seq);
        self.app.live.counted.frames_sent("hb", 1);
        self.send(text.into()).await
    }

    async fn send(&mut self, text: Utf8Bytes) -> ControlFlow<End> {
        match timeout(SEND_MAX, self.socket.send(Message::Text(text))).await {
            Ok(Ok(())) => ControlFlow::Continue(()),
            Ok(Err(_)) => ControlFlow::Break(End::Gone),
            Err(_) => {
                self.app.live.counted.slow_closed();
                ControlFlow::Break(End::Close(close::TOO_SLOW, "too slow"))
            }
        }
    }

    /// Takes a message of the reader; most say only that it is alive.
    fn heard(&mut self, message: Option<Result<Message, axum::Error>>) -> ControlFlow<End> {
        let message = match message {
            Some(Ok(message)) => message,
            Some(Err(failure)) => return ControlFlow::Break(broken(&failure)),
            None => return ControlFlow::Break(End::Gone),
        };
        if !self.pace.allows(Instant::now()) {
            return ControlFlow::Break(End::Close(close::TOO_MANY, "too many messages"));
        }
        if let Message::Text(text) = message
            && let Ok(FromPanel::Ack(ack)) = FromPanel::decode(&text)
        {
            tracing::info!(id = ack.id, ok = ack.ok, err = ack.err, "a panel answered a command");
        }
        ControlFlow::Continue(())
    }
}

/// Why reading failed. The library tells a message over the limit only by its text.
fn broken(failure: &axum::Error) -> End {
    if failure.to_string().contains(OVER_LIMIT_WORDS) {
        End::Close(MESSAGE_TOO_BIG, "message too big")
    } else {
        End::Gone
    }
}

/// The server is alive, and how old its data is.
fn heartbeat(app: &AppState, place: &Place, seq: u64) -> String {
    let now = app.clock.now();
    let link = app.live.hub.driver_age_s(now);
    let ok = app.live.accuracy.trusts(place.id()) && link.is_some_and(|age_s| age_s <= DRIVER_SILENT_S_MAX);
    let age = FrameAge { gps: app.live.hub.position_age_s(now), link };
    let frame = ServerHb { now: now.s(), seq, age: Some(age), eta: Some(EtaHealth { ok, mae: None }) };
    ToPanel::Hb(frame).encode().unwrap_or_default()
}

async fn read_hello(socket: &mut WebSocket) -> Result<Hello, End> {
    loop {
        let message = socket.recv().await.ok_or(End::Gone)?.map_err(|_closed| End::Gone)?;
        let text = match message {
            Message::Text(text) => text,
            Message::Ping(_) | Message::Pong(_) => continue,
            Message::Binary(_) | Message::Close(_) => return Err(End::Gone),
        };
        return match FromPanel::decode(&text) {
            Ok(FromPanel::Hello(hello)) if hello.v == PROTOCOL_V => Ok(hello),
            Ok(FromPanel::Hello(_)) => Err(End::Close(close::UNKNOWN, "this server speaks protocol 1")),
            _ => Err(End::Close(close::NO_HELLO, "the first message must be a hello")),
        };
    }
}

async fn say_end(socket: &mut WebSocket, end: End) {
    let (code, reason) = match end {
        End::Gone => return,
        End::Close(code, reason) => (code, reason),
        End::Bye(why) => {
            let bye = ToPanel::Bye(Bye { in_ms: COME_BACK_MS, why: why.to_owned() });
            let text = bye.encode().unwrap_or_default();
            let _ = timeout(CLOSE_MAX, socket.send(Message::Text(text.into()))).await;
            (close::RESTART, why)
        }
    };
    let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
    let _ = timeout(CLOSE_MAX, socket.send(Message::Close(Some(frame)))).await;
    // Wait for the other side to answer, so that it reads our reason before the socket is gone.
    let _ = timeout(CLOSE_MAX, async { while let Some(Ok(_)) = socket.recv().await {} }).await;
}
