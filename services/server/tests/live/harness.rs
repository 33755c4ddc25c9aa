//! A whole server on a free port of 127.0.0.1 with a small town's feed, at 07:58 of its own clock.

use futures_util::{SinkExt, StreamExt};
use gtfs::{ServiceDay, ServiceTime, Timestamp};
use serde_json::{Value, json};
use server::clock::Clock;
use server::{AppState, Config};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tokio_util::sync::CancellationToken;
use tracking::{Claim, Ping, Provenance, Tier};

/// Nothing here takes longer.
const PATIENCE: Duration = Duration::from_secs(15);

const TOWN: &str = "
    zone Asia/Bangkok
    stop A 0 0
    stop B 600 0
    stop C 1500 0
    stop P 1500 900
    shape s 0,0 600,0 1500,0
    route R bus
    route F ferry
    trip t1 route=R block=b1 shape=s : A 08:00 B 08:02 C 08:05
    trip t2 route=R block=b2 shape=s : A 08:30 B 08:32 C 08:35
    trip f1 route=F : P 08:10 C 08:20
";

/// A server under test.
pub(crate) struct Server {
    pub(crate) app: AppState,
    pub(crate) address: SocketAddr,
    shutdown: CancellationToken,
    task: JoinSet<anyhow::Result<()>>,
    _folder: tempfile::TempDir,
}

/// The time of the town's clock at the start.
pub(crate) fn begin() -> Timestamp {
    let day = ServiceDay::parse("20261124").unwrap();
    day.at(chrono_tz::Asia::Bangkok, ServiceTime::parse(b"07:58:00").unwrap())
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_at(begin()).await
    }

    /// The same with another time on the town's clock.
    pub(crate) async fn start_at(begin: Timestamp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_feed(&folder.path().join("feed"));
        let config = Config {
            database: format!("sqlite:{}", folder.path().join("padriew.db").display()),
            gtfs: folder.path().join("feed").display().to_string(),
            ..Config::default()
        };
        let listener = server::http::accept::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, (tell, told)) = (CancellationToken::new(), oneshot::channel());
        let mut task = JoinSet::new();
        let token = shutdown.clone();
        task.spawn(async move {
            let ready = async move |app: &AppState, _: &mut server::supervise::Supervisor| {
                tell.send(app.clone()).ok();
                Ok(())
            };
            server::run_with(config, Clock::demo(begin, 1.0), listener, token, ready).await
        });
        let server = Self { app: told.await.unwrap(), address, shutdown, task, _folder: folder };
        server
            .until(|app| app.live.hub.driver_age_s(app.clock.now()).is_some() && app.live.hub.is_ready())
            .await;
        server
    }

    /// Waits until the state is as wanted.
    pub(crate) async fn until(&self, wanted: impl Fn(&AppState) -> bool) {
        let waited = tokio::time::timeout(PATIENCE, async {
            while !wanted(&self.app) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        waited.await.expect("it never came to that");
    }

    pub(crate) async fn stop(&mut self) {
        self.shutdown.cancel();
        self.task.join_next().await.unwrap().unwrap().unwrap();
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        reqwest::get(self.url(path)).await.unwrap()
    }

    /// A committed ping of bus `BUS-1` on trip `t1`, so many metres along it, as ingest hands it over.
    pub(crate) async fn bus_at(&self, east_m: f64) {
        let (lat, lon) = gtfs::fixture::lat_lon(east_m, 0.0);
        let now = self.app.clock.now();
        let ping = Ping {
            vehicle: "BUS-1".into(),
            t: now,
            received: now,
            lat,
            lon,
            speed_mps: Some(8.0),
            heading_deg: Some(90.0),
            accuracy_m: Some(5.0),
            hdop: None,
            odometer_m: None,
            claim: Claim { trip: Some("t1".into()), ..Claim::default() },
            door_open: None,
            passengers: None,
            occupancy: None,
            ev: None,
            provenance: Provenance::Gps,
            tier: Tier::Signed,
        };
        self.app.accepted.send(vec![ping]).await.unwrap();
    }

    /// Enrols a panel and waits until it may connect.
    pub(crate) async fn enrol(&self, id: &str, stop: &str, token: &str) {
        use sha2::{Digest, Sha256};
        let by = server::ingest::enroll::local_actor(self.app.clock.now(), "test");
        let panel = store::Panel {
            id: id.into(),
            token_sha256: Sha256::digest(token.as_bytes()).to_vec(),
            stop: stop.into(),
            label: "".into(),
            created: by.at,
            last_seen: None,
            revoked: None,
        };
        self.app.db.panel_put(&panel, &by).await.unwrap();
        self.until(|app| app.live.enrolled.stop_of(id, token).is_ok()).await;
    }
}

fn write_feed(folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    let text = gtfs::fixture::feed_text(TOWN).unwrap();
    for file in text.split("# ").filter(|part| !part.trim().is_empty()) {
        let (name, rows) = file.split_once('\n').unwrap();
        std::fs::write(folder.join(name.trim()), rows).unwrap();
    }
}

/// A reader of `/v1/panel`.
pub(crate) struct Reader(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What a reader heard.
#[derive(Debug)]
pub(crate) enum Heard {
    Frame(Value),
    Closed(u16),
}

impl Reader {
    /// Connects and says nothing.
    pub(crate) async fn silent(server: &Server) -> Self {
        let url = format!("ws://{}/v1/panel", server.address);
        Self(tokio_tungstenite::connect_async(url).await.unwrap().0)
    }

    /// Connects and says hello with these keys.
    pub(crate) async fn saying(server: &Server, mut hello: Value) -> Self {
        let mut reader = Self::silent(server).await;
        for (key, value) in [("k", json!("hello")), ("v", json!(1))] {
            hello.as_object_mut().unwrap().insert(key.to_owned(), value);
        }
        reader.say(&hello.to_string()).await;
        reader
    }

    pub(crate) async fn at(server: &Server, stop: &str) -> Self {
        Self::saying(server, json!({"stop": stop})).await
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn heard(&mut self) -> Heard {
        loop {
            match tokio::time::timeout(PATIENCE, self.0.next()).await.expect("nothing came") {
                Some(Ok(Message::Text(text))) => return Heard::Frame(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(Some(why)))) => return Heard::Closed(why.code.into()),
                Some(Ok(_)) => {}
                other => panic!("the connection broke without a word: {other:?}"),
            }
        }
    }

    pub(crate) async fn frame(&mut self) -> Value {
        match self.heard().await {
            Heard::Frame(frame) => frame,
            Heard::Closed(code) => panic!("closed with {code}"),
        }
    }

    /// The code with which the server closes, whatever it says before.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            if let Heard::Closed(code) = self.heard().await {
                return code;
            }
        }
    }

    /// Frames until a row of the trip is as wanted; the row.
    pub(crate) async fn row(&mut self, trip: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let id = format!("t:{trip}:");
        loop {
            let frame = self.frame().await;
            let rows = ["rows", "up"].into_iter().filter_map(|key| frame[key].as_array()).flatten();
            let found = rows.clone().find(|row| row["id"].as_str().unwrap().starts_with(&id) && wanted(row));
            if let Some(row) = found {
                return row.clone();
            }
        }
    }
}

/// A moment in which nothing else is expected.
pub(crate) async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(400)).await;
}
