//! A panel's side of `/v1/panel`, reading with the library that real panels use.

use super::harness::{PATIENCE, Serving};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// A connection that has said hello.
pub(crate) struct Panel {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Panel {
    /// Connects and says hello for a stop, as a phone does.
    pub(crate) async fn at(serving: &Serving, stop: &str) -> Self {
        let url = format!("ws://{}/v1/panel", serving.address);
        let (socket, _) = tokio_tungstenite::connect_async(url).await.expect("a WebSocket");
        let mut panel = Self { socket };
        let hello =
            serde_json::json!({"k": "hello", "v": 1, "stop": stop, "app": "test", "langs": ["th", "en"]});
        panel.socket.send(Message::text(hello.to_string())).await.expect("hello is sent");
        panel
    }

    /// The next frame; `None` when the server closed.
    pub(crate) async fn frame(&mut self) -> Option<Value> {
        loop {
            let message =
                tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("a frame in time")?;
            match message {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).expect("JSON frames")),
                Ok(Message::Close(why)) => {
                    eprintln!("the server closed: {why:?}");
                    return None;
                }
                Err(failure) => {
                    eprintln!("the connection broke: {failure}");
                    return None;
                }
                Ok(_) => {}
            }
        }
    }

    /// Reads frames until a row satisfies `wanted`, and returns that row.
    pub(crate) async fn row(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while tokio::time::Instant::now() < deadline {
            let frame = self.frame().await.expect("the server stays");
            let rows = [&frame["rows"], &frame["up"]];
            let found = rows.iter().filter_map(|rows| rows.as_array()).flatten().find(|row| wanted(row));
            if let Some(row) = found {
                return row.clone();
            }
        }
        panic!("no such row came");
    }
}
