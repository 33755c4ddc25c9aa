//! A whole server on a free port of 127.0.0.1 with a database of its own, and clients for it.

use gtfs::Timestamp;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use server::clock::Clock;
use server::ingest::enroll::{self, NewKey, local_actor};
use server::ingest::signature::{Key, SignatureHeaders, Signed, reply_is_genuine, sign_request};
use server::{AppState, Config};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracking::Tier;
use tracking::check::{Area, CheckParams, VehicleClass};

/// A server under test.
pub(crate) struct Server {
    pub(crate) app: AppState,
    pub(crate) address: SocketAddr,
    shutdown: CancellationToken,
    task: JoinSet<anyhow::Result<()>>,
    folder: tempfile::TempDir,
    config: Config,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Status and error code.
    pub(crate) fn refusal(&self) -> (u16, String) {
        (self.status, self.json()["error"]["code"].as_str().unwrap_or_default().to_owned())
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config {
            database: format!("sqlite:{}", folder.path().join("padriew.db").display()),
            ..Config::default()
        };
        change(&mut config);
        Self::on(folder, config).await
    }

    async fn on(folder: tempfile::TempDir, config: Config) -> Self {
        let listener = server::http::accept::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, (tell, told)) = (CancellationToken::new(), oneshot::channel());
        let mut task = JoinSet::new();
        let (token, own) = (shutdown.clone(), config.clone());
        task.spawn(async move {
            let ready = async move |app: &AppState, _: &mut server::supervise::Supervisor| {
                tell.send(app.clone()).ok();
                Ok(())
            };
            server::run_with(own, Clock::system(), listener, token, ready).await
        });
        let app = match told.await {
            Ok(app) => app,
            Err(_) => panic!("the server did not start: {:?}", task.join_next().await),
        };
        let area = Area { south: 13.60, north: 13.75, west: 101.00, east: 101.15 };
        app.ingest
            .params
            .store(std::sync::Arc::new(CheckParams { area: Some(area), ..CheckParams::default() }));
        Self { app, address, shutdown, task, folder, config }
    }

    /// Stops it in order, and starts it again on the same database.
    pub(crate) async fn restart(mut self) -> Self {
        self.stop().await;
        let Self { app, folder, config, .. } = self;
        // The database is free for the next server once nothing holds the old one's state.
        drop(app);
        Self::on(folder, config).await
    }

    pub(crate) async fn stop(&mut self) {
        self.shutdown.cancel();
        self.task.join_next().await.unwrap().unwrap().unwrap();
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    pub(crate) async fn register(&self, device: store::Device) {
        let by = local_actor(self.now(), "test");
        self.app.db.device_put(&device, &by).await.unwrap();
        self.app.ingest.registry.refresh(&self.app.db).await.unwrap();
    }

    /// A device that signs.
    pub(crate) async fn signer(&self, id: &str) -> Signer {
        self.register(store::Device::new(id, id, VehicleClass::Bus)).await;
        let by = local_actor(self.now(), "test");
        let key = enroll::add_key(&self.app.db, &self.app.ingest.server_key, id, &by).await.unwrap();
        self.app.ingest.registry.refresh(&self.app.db).await.unwrap();
        Signer { key_id: key.key_id.clone(), key: Key::new(&key.secret), new: key }
    }

    /// A device with a URL token; the token.
    pub(crate) async fn token(&self, id: &str, protocol: &str, tier_max: Tier) -> String {
        let device = store::Device::new(id, id, VehicleClass::Bus);
        self.register(store::Device { protocol: protocol.into(), tier_max, ..device }).await;
        let by = local_actor(self.now(), "test");
        let token = enroll::add_token(&self.app.db, id, &by).await.unwrap().token;
        self.app.ingest.registry.refresh(&self.app.db).await.unwrap();
        token
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(reqwest::Client::new().get(self.url(path))).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        answer(reqwest::Client::new().post(self.url(path)).body(body)).await
    }

    /// Signs and posts to `/v1/pings`.
    pub(crate) async fn send(&self, signer: &Signer, body: &Value) -> Answer {
        let body = body.to_string();
        let signed = signer.sign(self.now().s(), &nonce(), body.as_bytes());
        self.send_signed(&signed, body).await
    }

    pub(crate) async fn send_signed(
        &self,
        signed: &SignatureHeaders,
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let request = reqwest::Client::new()
            .post(self.url("/v1/pings"))
            .header("content-digest", &signed.digest)
            .header("signature-input", &signed.input)
            .header("signature", &signed.signature);
        answer(request.body(body)).await
    }
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, body: response.bytes().await.unwrap().to_vec() }
}

/// A device's side of signing.
pub(crate) struct Signer {
    pub(crate) key_id: String,
    pub(crate) key: Key,
    pub(crate) new: NewKey,
}

impl Signer {
    pub(crate) fn sign(&self, created_s: i64, nonce: &str, body: &[u8]) -> SignatureHeaders {
        sign_request(&self.key, &self.key_id, created_s, nonce, ("POST", "/v1/pings"), body)
    }

    /// Whether an answer is the server's, to this nonce.
    pub(crate) fn trusts(&self, nonce: &str, answer: &Answer) -> bool {
        let get = |name: &str| answer.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let signed = Signed {
            input: get("signature-input"),
            signature: get("signature"),
            digest: get("content-digest"),
        };
        reply_is_genuine(&self.key, nonce, answer.status, signed, &answer.body)
    }
}

/// A nonce never used before in this process.
pub(crate) fn nonce() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("nonce-{:012}-{}", COUNT.fetch_add(1, Ordering::Relaxed), std::process::id())
}

/// A ping in the middle of the service area.
pub(crate) fn ping(seq: i64, t: Timestamp) -> Value {
    json!({"seq": seq, "t": t.0 as f64 / 1e6, "lat": 13.688 + seq as f64 * 1e-6, "lon": 101.071})
}

/// A body of these pings.
pub(crate) fn body(pings: &[Value]) -> Value {
    json!({"v": 1, "boot": "7f3a", "pings": pings})
}
