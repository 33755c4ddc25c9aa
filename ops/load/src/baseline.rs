//! B1: an endpoint on the same stack that only parses the body and answers. No check, no store.

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::{get, post};
use server::demo::client::PINGS_PATH;
use server::ingest::wire;
use std::net::SocketAddr;

/// Bodies as large as the server itself would take records of.
const RECORDS_MAX: usize = 500;

/// Serve the parse-only endpoint.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to listen; loopback only.
    #[arg(long)]
    listen: SocketAddr,
}

/// Runs until killed.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let listen = crate::http::loopback_only(args.listen)?;
    let router = Router::new().route("/readyz", get(|| async { "ok" })).route(PINGS_PATH, post(parse_only));
    let listener = tokio::net::TcpListener::bind(listen).await?;
    axum::serve(listener, router).await?;
    Ok(())
}

async fn parse_only(body: Bytes) -> (StatusCode, String) {
    let now = server::clock::Clock::system().now();
    match wire::read(&body, now, RECORDS_MAX) {
        Ok(batch) => (StatusCode::OK, format!("{{\"ok\":{}}}", batch.records.len())),
        Err(_) => (StatusCode::BAD_REQUEST, "{}".to_owned()),
    }
}
