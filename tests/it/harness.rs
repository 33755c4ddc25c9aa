//! A server under test: the built program, its own folder, a small town whose timetable runs now.
//!
//! Nothing of ours is mocked: pings are signed and posted over HTTP, boards are read from the
//! WebSocket, and the database is the one under test.

use super::feed::Trip;
use server::demo::client::{Answer, DeviceKey, PingClient};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Nothing in these tests takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Where the rows are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    /// A file in the server's folder.
    Sqlite,
    /// A database of its own on the server that `PADRIEW_TEST_POSTGRES` names.
    Postgres,
}

/// Runs `test` on SQLite, and on PostgreSQL where there is one; says aloud when there is none.
pub(crate) fn on_both(name: &str, test: impl AsyncFn(Backend)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(test(Backend::Sqlite));
    if std::env::var("PADRIEW_TEST_POSTGRES").is_ok() {
        runtime.block_on(test(Backend::Postgres));
    } else {
        eprintln!("skipped on postgres: {name}: PADRIEW_TEST_POSTGRES is not set (ops/services.sh)");
    }
}

/// The built program, beside this test.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let folder = test.parent().and_then(Path::parent).expect("target/debug");
    let program = folder.join("padriew");
    assert!(program.is_file(), "{} is missing: cargo build -p server", program.display());
    program
}

/// A folder with a feed and a database, and perhaps a server that runs on them.
pub(crate) struct Town {
    folder: tempfile::TempDir,
    database: String,
    key: DeviceKey,
    trip: Trip,
    servers: Vec<Child>,
}

impl Town {
    /// Makes the folder, the feed, the database and one device `bus-1` of vehicle `BUS-1`.
    pub(crate) async fn new(backend: Backend) -> Self {
        Self::in_folder(tempfile::tempdir().expect("a folder"), backend).await
    }

    /// The same in a folder of its own.
    pub(crate) async fn in_folder(folder: tempfile::TempDir, backend: Backend) -> Self {
        let trip = Trip::running_now();
        super::feed::write(&folder.path().join("feed"), trip);
        let database = match backend {
            Backend::Sqlite => format!("sqlite:{}", folder.path().join("padriew.db").display()),
            Backend::Postgres => super::postgres::fresh_database().await,
        };
        let mut town = Self {
            folder,
            database,
            key: DeviceKey { key_id: String::new(), secret: Vec::new() },
            trip,
            servers: Vec::new(),
        };
        town.run(&["migrate"]);
        town.key = town.add_device("bus-1", "BUS-1");
        town
    }

    /// The trip that runs now.
    pub(crate) fn trip(&self) -> Trip {
        self.trip
    }

    /// Path of the feed folder.
    pub(crate) fn feed(&self) -> PathBuf {
        self.folder.path().join("feed")
    }

    /// Runs a command of the program to its end, and gives back what it printed.
    pub(crate) fn run(&self, args: &[&str]) -> String {
        let output = self.command(args).output().expect("padriew starts");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let (out, err) = (text(output.stdout), text(output.stderr));
        assert!(output.status.success(), "padriew {args:?} failed\n{out}\n{err}");
        out
    }

    /// Registers a device and reads the key that is shown once.
    pub(crate) fn add_device(&self, id: &str, vehicle: &str) -> DeviceKey {
        let printed = self.run(&["device", "add", id, "--vehicle", vehicle]);
        let word = |name: &str| {
            let line =
                printed.lines().find_map(|line| line.trim().strip_prefix(name)?.split_whitespace().next());
            line.unwrap_or_else(|| panic!("no {name} in {printed}")).to_owned()
        };
        let secret = word("key  ");
        let secret = (0..secret.len() / 2)
            .map(|at| u8::from_str_radix(&secret[at * 2..at * 2 + 2], 16).expect("hex"))
            .collect();
        DeviceKey { key_id: word("keyid"), secret }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(args)
            .current_dir(self.folder.path())
            .env("PADRIEW_DATABASE", &self.database)
            .env("PADRIEW_GTFS", self.feed())
            .env("PADRIEW_SERVER_KEY", self.folder.path().join("server.key"))
            .env("PADRIEW_LOG_FORMAT", "human");
        command
    }

    /// Starts a server and waits until it is ready.
    pub(crate) async fn serve(&mut self, more: &[&str]) -> Serving {
        let address = free_address();
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.path().join("server.log"))
            .expect("a log");
        let listen = address.to_string();
        let mut args = vec!["serve", "--listen", listen.as_str()];
        args.extend_from_slice(more);
        let child =
            self.command(&args).stdout(Stdio::null()).stderr(log).spawn().expect("padriew serve starts");
        let serving = Serving { address, key: self.key.clone(), pid: child.id() };
        self.servers.push(child);
        let ready = serving.becomes_ready().await;
        assert!(ready, "not ready in time");
        serving
    }

    /// What the newest server logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    /// Sends SIGTERM to every server.
    pub(crate) fn ask_to_stop(&self) {
        for server in &self.servers {
            send(server.id(), "TERM");
        }
    }

    /// Sends SIGTERM to every server and waits until it is down.
    pub(crate) fn stop(&mut self) {
        self.ask_to_stop();
        for mut server in self.servers.drain(..) {
            let ended = server.wait().expect("it was running");
            assert!(ended.success(), "it went down with {ended}");
        }
    }

    /// The database under test, beside the servers.
    pub(crate) async fn database(&self) -> store::Db {
        store::Db::open(&self.database, store::Access::Admin).await.expect("the database opens")
    }

    /// Kills every server at once, as a power cut would.
    pub(crate) fn kill(&mut self) {
        for mut server in self.servers.drain(..) {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the server said:\n{}", self.log());
        }
        self.kill();
    }
}

fn send(pid: u32, signal: &str) {
    let status = Command::new("kill").args([&format!("-{signal}"), &pid.to_string()]).status();
    assert!(status.expect("kill starts").success(), "the server was gone already");
}

/// An address that was free a moment ago.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}

/// A running server, seen from outside.
pub(crate) struct Serving {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    key: DeviceKey,
    pid: u32,
}

impl Serving {
    /// `http://address` and a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sends it a signal: `KILL`, `STOP`, `CONT`, `TERM`.
    pub(crate) fn signal(&self, signal: &str) {
        send(self.pid, signal);
    }

    /// Waits until `/readyz` says `words`; how long that took, seconds.
    pub(crate) async fn comes_to_be(&self, words: &str) -> f64 {
        let begun = tokio::time::Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Ok(answer) = reqwest::get(self.url("/readyz")).await
                && answer.text().await.is_ok_and(|said| said.contains(words))
            {
                return begun.elapsed().as_secs_f64();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{} never said {words:?}", self.address);
    }

    async fn becomes_ready(&self) -> bool {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while tokio::time::Instant::now() < deadline {
            if reqwest::get(self.url("/readyz")).await.is_ok_and(|answer| answer.status().is_success()) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    /// Posts one signed body of `bus-1`; status and parsed answer.
    pub(crate) async fn post(&self, body: &serde_json::Value) -> (u16, serde_json::Value) {
        let answer = self.answer_to(body).await;
        (answer.status, serde_json::from_str(&answer.body).unwrap_or_default())
    }

    /// The same with all that was answered.
    pub(crate) async fn answer_to(&self, body: &serde_json::Value) -> Answer {
        let client = PingClient::new(&self.url("")).expect("a client");
        let body = serde_json::to_vec(body).expect("JSON");
        client.post(&self.key, super::now(), body).await.expect("an answer")
    }

    /// Gets a path as JSON.
    pub(crate) async fn get(&self, path: &str) -> serde_json::Value {
        let answer = reqwest::get(self.url(path)).await.expect("an answer");
        assert!(answer.status().is_success(), "GET {path}: {}", answer.status());
        answer.json().await.expect("JSON")
    }
}
