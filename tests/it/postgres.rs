//! A fresh PostgreSQL database for a test.

use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Creates a database on the server that `PADRIEW_TEST_POSTGRES` names, and returns its URL.
pub(crate) async fn fresh_database() -> String {
    let server = std::env::var("PADRIEW_TEST_POSTGRES").expect("asked for only when set");
    let name = format!("it_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
    let output = std::process::Command::new("psql")
        .args(["--no-psqlrc", "--quiet", "--command", &format!("create database {name}"), &server])
        .output()
        .expect("psql starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (head, tail) = server.rsplit_once('/').expect("a database in the URL");
    let parameters = tail.split_once('?').map_or(String::new(), |(_, rest)| format!("?{rest}"));
    format!("{head}/{name}{parameters}")
}
