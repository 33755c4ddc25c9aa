//! Storage that fails: a link cut in the middle of commits, a disk that stops taking writes.

use crate::place::{Place, batch, with_writer};
use std::io::{BufRead, BufReader, Read};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{Db, StoreError};

/// A TCP proxy whose links can be cut at any moment.
struct Proxy {
    port: u16,
    links: Arc<Mutex<Vec<TcpStream>>>,
    closed: Arc<AtomicBool>,
}

impl Proxy {
    fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (links, closed) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (held, ended) = (Arc::clone(&links), Arc::clone(&closed));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(upstream) = TcpStream::connect(server) else { continue };
                for (mut from, mut to) in [
                    (client.try_clone().unwrap(), upstream.try_clone().unwrap()),
                    (upstream.try_clone().unwrap(), client.try_clone().unwrap()),
                ] {
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
                    });
                }
                held.lock().unwrap().push(client);
            }
        });
        Self { port, links, closed }
    }

    fn cut(&self) {
        for link in self.links.lock().unwrap().drain(..) {
            let _ = link.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        self.cut();
    }
}

/// The address of `postgres://user@HOST:PORT/...`, and the URL by way of the proxy's port.
fn address_of(url: &str) -> (SocketAddr, impl Fn(u16) -> String + use<>) {
    let after_user = url.find('@').unwrap() + 1;
    let end = after_user + url[after_user..].find('/').unwrap();
    let address = url[after_user..end].parse().expect("the test server is given by its IP address");
    let (head, tail) = (url[..after_user].to_owned(), url[end..].to_owned());
    (address, move |port| format!("{head}127.0.0.1:{port}{tail}"))
}

#[tokio::test]
async fn a_link_cut_during_commits_loses_and_doubles_nothing_once_resent() {
    const CUTS: u32 = 40;
    let Some(place) = Place::postgres("a_link_cut_during_commits").await else { return };
    let (server, by_way_of) = address_of(&place.url);
    let proxy = Proxy::to(server);
    let db = Db::connect(&by_way_of(proxy.port)).await.unwrap();
    let done = AtomicBool::new(false);
    let cutting = async {
        for n in 0..CUTS {
            // From 5 to 164 ms: every statement of a commit is hit some time, and some commits get through.
            tokio::time::sleep(Duration::from_millis(5 + u64::from(n * 37 % 160))).await;
            proxy.cut();
        }
        done.store(true, Ordering::Relaxed);
    };
    let (sent, refused) = with_writer(&db, async |writer| {
        let (mut sent, mut refused) = (0, 0);
        let sending = async {
            while !done.load(Ordering::Relaxed) {
                // As a device does: the same records again until they are acknowledged.
                match writer.submit(batch("bus-1", "a", sent..sent + 50)).await {
                    Ok(receipt) => {
                        assert_eq!(receipt.ack, Some(sent + 49));
                        sent += 50;
                    }
                    Err(StoreError::Away(_)) => refused += 1,
                    Err(other) => panic!("a cut link should be `Away`, not {other:?}"),
                }
            }
        };
        tokio::join!(sending, cutting);
        (sent, refused)
    })
    .await;
    let stored = place.open().await.ping_count().await.unwrap();
    // A last batch may have been committed without its answer.
    assert!(stored == sent as u64 || stored == sent as u64 + 50, "{sent} acknowledged, {stored} stored");
    assert!(refused > 0 && sent > 0, "{refused} commits were cut, {sent} rows got through");
    eprintln!("{CUTS} cuts, {refused} commits cut, {sent} rows acknowledged, {stored} stored");
    db.close().await;
    drop(proxy);
    place.remove().await;
}

/// A file-size limit makes the disk refuse writes (`EFBIG`) as a failing disk does (`EIO`).
#[tokio::test]
async fn after_a_failed_write_nothing_more_is_acknowledged_and_what_was_is_there() {
    let place = Place::sqlite().await;
    place.open().await.close().await;
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().and_then(|deps| deps.parent()).unwrap().join("examples/crash_writer");
    // 2,048 blocks of 512 bytes; the signal that goes with it is ignored, so that the write fails instead.
    let script = format!("trap '' XFSZ; ulimit -f 2048; exec '{}' '{}'", program.display(), place.url);
    let mut child = Command::new("bash")
        .args(["-c", &script])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acked = std::collections::BTreeMap::new();
    for line in lines.map_while(Result::ok) {
        let (sender, ack) =
            line.rsplit_once(' ').map(|(sender, ack)| (sender.to_owned(), ack.to_owned())).unwrap();
        acked.insert(sender, ack.parse::<u64>().unwrap());
    }
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(!child.wait().unwrap().success(), "the writer should end: {said}");
    assert!(said.contains("Stopped"), "the writer should say that it stopped: {said}");
    let rows: u64 = acked.values().map(|ack| ack + 1).sum();
    assert!(rows > 1_000, "only {rows} rows were acknowledged before the limit");
    let stored = place.open().await.ping_count().await.unwrap();
    assert!(stored >= rows, "{rows} acknowledged, {stored} stored");
    eprintln!("{rows} rows acknowledged before the disk refused, {stored} stored");
}
