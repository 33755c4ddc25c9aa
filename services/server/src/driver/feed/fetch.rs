//! Fetches a feed from its publisher, politely and within limits.

use super::guard::Guard;
use anyhow::{Context, ensure};
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use reqwest::header::{ETAG, IF_NONE_MATCH};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, StatusCode};
use std::time::Duration;

/// Largest feed that is fetched, bytes.
const FEED_BYTES_MAX: usize = 256 * 1024 * 1024;
/// How long a publisher may take to answer.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// How long a whole download may take.
const DOWNLOAD_MAX: Duration = Duration::from_secs(300);

/// What a publisher said.
pub(super) enum Fetched {
    /// The feed is the one already taken.
    Same,
    /// The feed.
    New(Bytes),
}

/// An HTTP client that remembers the version it took last.
pub(super) struct Fetcher {
    client: Client,
    etag: Option<reqwest::header::HeaderValue>,
}

/// A client with limits, for a feed at `url`.
pub(super) fn client(url: &str) -> ClientBuilder {
    let guard = Guard::of(url);
    let resolver = guard.clone();
    Client::builder()
        .connect_timeout(CONNECT_MAX)
        .timeout(DOWNLOAD_MAX)
        .dns_resolver(resolver)
        .redirect(Policy::custom(move |attempt| guard.redirected(attempt)))
        .user_agent(concat!("padriew/", env!("CARGO_PKG_VERSION")))
}

impl Fetcher {
    /// A fetcher of the feed at `url`.
    ///
    /// # Errors
    /// When TLS can not be set up.
    pub(super) fn new(url: &str) -> anyhow::Result<Self> {
        Ok(Self::with(client(url).build().context("no HTTP client can be made")?))
    }

    /// A fetcher with a client that was made by [`client`].
    pub(super) fn with(client: Client) -> Self {
        Self { client, etag: None }
    }

    /// Forgets the version taken, so that the next fetch brings the feed.
    pub(super) fn forget(&mut self) {
        self.etag = None;
    }

    /// Asks for the feed.
    ///
    /// # Errors
    /// When the publisher does not answer with a feed of acceptable size.
    pub(super) async fn fetch(&mut self, url: &str) -> anyhow::Result<Fetched> {
        let mut request = self.client.get(url);
        if let Some(etag) = &self.etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let response = request.send().await.context("the publisher can not be reached")?;
        if response.status() == StatusCode::NOT_MODIFIED {
            return Ok(Fetched::Same);
        }
        ensure!(response.status().is_success(), "the publisher answered {}", response.status());
        let etag = response.headers().get(ETAG).cloned();
        let mut bytes = BytesMut::new();
        let mut stream = response.bytes_stream();
        while let Some(chunk) = stream.try_next().await.context("the download broke off")? {
            ensure!(
                bytes.len() + chunk.len() <= FEED_BYTES_MAX,
                "the feed is larger than {FEED_BYTES_MAX} bytes"
            );
            bytes.extend_from_slice(&chunk);
        }
        self.etag = etag;
        Ok(Fetched::New(bytes.freeze()))
    }
}
