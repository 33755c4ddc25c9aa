//! The WebSocket to the server: hello is the caller's, liveness and reconnect in slots are here.

use super::args::Args;
use super::backoff::Backoff;
use anyhow::Context;
use futures_util::{SinkExt, StreamExt};
use rand::{TryRng, rngs::SysRng};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use stop_display::frame::{Bye, FromPanel, LINK_DEAD_S, ToPanel, close};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// A connection that is not up after this long is given up.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// After this long without a break the waits start small again.
const STABLE: Duration = Duration::from_secs(60);
/// A frame may not be larger: 36 h of a very busy stop is under 256 KiB.
const FRAME_BYTES_MAX: usize = 1024 * 1024;
/// Private close codes from here on refuse the panel itself.
const REFUSED_FROM: u16 = 4400;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Connecting = Pin<Box<dyn Future<Output = Result<Socket, String>>>>;

/// What happened on the link.
#[derive(Debug)]
pub(crate) enum LinkEvent {
    /// It is open: say hello.
    Opened,
    /// A frame came.
    Frame(Box<ToPanel>),
    /// It closed, and why; it tries again by itself.
    Closed(String),
}

enum State {
    Waiting(Instant),
    Connecting(Connecting),
    Open { socket: Box<Socket>, since: Instant, heard: Instant },
}

/// A connection that opens itself again for ever.
pub(crate) struct Link {
    request: Request,
    state: State,
    backoff: Backoff,
    bye: Option<Bye>,
}

impl Link {
    pub(crate) fn new(args: &Args) -> anyhow::Result<Self> {
        let url = format!("{}/v1/panel", args.server.trim_end_matches('/'));
        let mut request = url.as_str().into_client_request().with_context(|| format!("--server {url}"))?;
        if let Some(token) = args.token()? {
            let value = HeaderValue::from_str(&format!("Bearer {token}"))
                .context("the token file holds more than a token")?;
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        let backoff = Backoff::new(args.name());
        Ok(Self { request, state: State::Waiting(Instant::now()), backoff, bye: None })
    }

    /// The next thing that happens. May be dropped and called again without losing anything.
    pub(crate) async fn next(&mut self, window_ms: u32) -> LinkEvent {
        loop {
            match &mut self.state {
                State::Waiting(until) => {
                    sleep_until(*until).await;
                    self.bye = None;
                    self.state = State::Connecting(Box::pin(connect(self.request.clone())));
                }
                State::Connecting(connecting) => match connecting.await {
                    Ok(socket) => {
                        let now = Instant::now();
                        self.state = State::Open { socket: Box::new(socket), since: now, heard: now };
                        return LinkEvent::Opened;
                    }
                    Err(why) => return self.closed(window_ms, None, why),
                },
                State::Open { socket, since, heard } => {
                    let dead_at = *heard + Duration::from_secs(LINK_DEAD_S);
                    let message = timeout_at(dead_at, socket.next()).await;
                    *heard = Instant::now();
                    if since.elapsed() > STABLE {
                        self.backoff.stable();
                    }
                    if let Some(event) = self.read(window_ms, message.ok()) {
                        return event;
                    }
                }
            }
        }
    }

    /// Frames were lost: connect again at once.
    pub(crate) fn restart(&mut self) {
        self.state = State::Waiting(Instant::now());
    }

    /// Sends a frame when the link is open; a failure shows up in [`Link::next`].
    pub(crate) async fn send(&mut self, frame: &FromPanel) {
        if let (State::Open { socket, .. }, Ok(text)) = (&mut self.state, frame.encode()) {
            let _ = timeout(CONNECT_MAX, socket.send(Message::Text(text.into()))).await;
        }
    }

    fn read(&mut self, window_ms: u32, message: Option<Option<Result<Message, Error>>>) -> Option<LinkEvent> {
        let silent = || format!("no frame for {LINK_DEAD_S} s");
        match message {
            None => Some(self.closed(window_ms, None, silent())),
            Some(None) => Some(self.closed(window_ms, None, "the server closed the link".into())),
            Some(Some(Err(error))) => Some(self.closed(window_ms, None, error.to_string())),
            Some(Some(Ok(Message::Close(frame)))) => {
                let code = frame.as_ref().map(|frame| u16::from(frame.code));
                let why = frame.map_or_else(String::new, |frame| frame.reason.to_string());
                Some(self.closed(window_ms, code, format!("closed by the server: {why}")))
            }
            Some(Some(Ok(Message::Text(text)))) => {
                let frame = ToPanel::decode(&text).ok()?;
                if let ToPanel::Bye(bye) = &frame {
                    self.bye = Some(bye.clone());
                }
                Some(LinkEvent::Frame(Box::new(frame)))
            }
            Some(Some(Ok(_))) => None,
        }
    }

    fn closed(&mut self, window_ms: u32, code: Option<u16>, why: String) -> LinkEvent {
        let random = random();
        let refused = code.is_some_and(|code| code >= REFUSED_FROM && code != close::NO_HELLO);
        let wait = match (refused, &self.bye) {
            (true, _) => self.backoff.after_refusal(random),
            (false, Some(bye)) => self.backoff.after_bye(bye.in_ms, random),
            (false, None) => self.backoff.after_loss(window_ms, random),
        };
        self.state = State::Waiting(Instant::now() + wait);
        LinkEvent::Closed(why)
    }
}

async fn connect(request: Request) -> Result<Socket, String> {
    let config = WebSocketConfig::default()
        .max_message_size(Some(FRAME_BYTES_MAX))
        .max_frame_size(Some(FRAME_BYTES_MAX));
    match timeout(CONNECT_MAX, connect_async_with_config(request, Some(config), true)).await {
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the server does not answer".into()),
    }
}

/// 0..1; without a source of randomness the middle, which only loses the jitter.
fn random() -> f64 {
    SysRng.try_next_u32().map_or(0.5, |n| f64::from(n) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use tokio::net::TcpListener;
    use tokio_tungstenite::accept_async;

    const SNAP: &str =
        r#"{"k":"snap","ep":1,"seq":1,"now":5,"ttl":90,"stop":{"id":"S1","name":{},"lat":0,"lon":0}}"#;
    const BYE: &str = r#"{"k":"bye","in":[1,2],"why":"restart"}"#;

    fn link(port: u16) -> Link {
        let server = format!("ws://127.0.0.1:{port}");
        Link::new(&Args::parse_from(["stop-display", "--server", &server, "--stop", "S1"])).unwrap()
    }

    /// Accepts one connection, says `texts`, and hangs up.
    async fn serve_once(listener: &TcpListener, texts: &[&str]) {
        let mut socket = accept_async(listener.accept().await.unwrap().0).await.unwrap();
        for text in texts {
            socket.send(Message::Text((*text).into())).await.unwrap();
        }
        socket.close(None).await.unwrap();
        while let Some(Ok(_)) = socket.next().await {}
    }

    async fn events(link: &mut Link, n: usize) -> Vec<LinkEvent> {
        let mut events = Vec::new();
        while events.len() < n {
            events.push(timeout(Duration::from_secs(10), link.next(1)).await.unwrap());
        }
        events
    }

    #[tokio::test]
    async fn a_link_comes_back_by_itself_after_the_server_hung_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut link = link(listener.local_addr().unwrap().port());
        let server = async {
            serve_once(&listener, &[SNAP, "no JSON", r#"{"k":"hologram"}"#]).await;
            serve_once(&listener, &[SNAP, BYE]).await;
            serve_once(&listener, &[SNAP]).await;
        };
        let (seen, ()) = tokio::join!(events(&mut link, 11), server);
        let said: Vec<&str> = seen
            .iter()
            .map(|event| match event {
                LinkEvent::Opened => "opened",
                LinkEvent::Closed(_) => "closed",
                LinkEvent::Frame(frame) => match **frame {
                    ToPanel::Snap(_) => "snap",
                    ToPanel::Bye(_) => "bye",
                    _ => "unknown",
                },
            })
            .collect();
        let want = [
            "opened", "snap", "unknown", "closed", "opened", "snap", "bye", "closed", "opened", "snap",
            "closed",
        ];
        assert_eq!(said, want);
    }

    #[tokio::test]
    async fn a_server_that_is_away_is_named_and_tried_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let mut link = link(port);
        for event in events(&mut link, 2).await {
            assert!(matches!(event, LinkEvent::Closed(why) if why.contains("refused")));
        }
    }
}
