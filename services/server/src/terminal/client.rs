//! Signing a terminal's requests, posting them, and proving that an answer is the server's.

use super::memory::{Memory, Moment, Sent};
use super::reply::Reply;
use crate::ingest::seal::unhex;
use crate::ingest::signature::{Key, SignatureHeaders, Signed, header, reply_is_genuine, sign_request};
use anyhow::{Context as _, bail, ensure};
use std::time::Duration;

/// The path that is signed and posted to.
pub const TAPS_PATH: &str = "/v1/taps";
/// Where a code is taken for a key.
const ENROL_PATH: &str = "/v1/terminals/enrol";
/// No answer within this is a failure; the taps are kept and sent again.
const ANSWER_S_MAX: Duration = Duration::from_secs(10);

/// What a terminal signs with.
#[derive(Clone, Debug)]
pub struct TerminalKey {
    /// `terminal:kid`.
    pub key_id: String,
    key: Key,
}

/// What a code is taken for.
#[derive(serde::Deserialize)]
struct Fetched {
    keyid: String,
    key: String,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// Stored; what was acknowledged is deleted.
    Stored(Box<Reply>),
    /// The clock was wrong by so many seconds; from now on signatures are made right.
    ClockSet(i64),
    /// Not taken; nothing is deleted. Status and the server's words.
    Refused(u16, String),
}

impl TerminalKey {
    /// The key as given at enrolment.
    #[must_use]
    pub fn new(key_id: &str, secret: &[u8; 32]) -> Self {
        Self { key_id: key_id.to_owned(), key: Key::new(secret) }
    }

    /// Takes the code of the depot for a key of its own: once.
    ///
    /// # Errors
    /// When there is no answer, or the code is not good: in the server's words.
    pub async fn fetch(base_url: &str, terminal: &str, code: &str) -> anyhow::Result<Self> {
        let url = format!("{}{ENROL_PATH}", base_url.trim_end_matches('/'));
        let body = serde_json::json!({"terminal": terminal, "code": code}).to_string();
        let http = reqwest::Client::builder().timeout(ANSWER_S_MAX).no_proxy().build()?;
        let answer = http.post(url).body(body).send().await.context("no answer to the code")?;
        let (status, words) = (answer.status(), answer.text().await.context("half an answer to the code")?);
        ensure!(status.is_success(), "status {status}: {words}");
        let fetched: Fetched = serde_json::from_str(&words).context("an answer that is not JSON")?;
        let secret = unhex(&fetched.key).context("a key that is not hexadecimal")?;
        Ok(Self::new(&fetched.keyid, &secret))
    }

    /// Signs a body at `created_s`.
    #[must_use]
    pub fn sign(&self, created_s: i64, nonce: &str, body: &[u8]) -> SignatureHeaders {
        sign_request(&self.key, &self.key_id, created_s, nonce, ("POST", TAPS_PATH), body)
    }

    /// Whether an answer of status 200 is the server's, to the request with `nonce`.
    #[must_use]
    pub fn proves(&self, nonce: &str, signed: Signed<'_>, body: &[u8]) -> bool {
        reply_is_genuine(&self.key, nonce, 200, signed, body)
    }
}

/// Posts a terminal's requests over kept-alive connections. Clones share the connections, not the clock.
#[derive(Clone, Debug)]
pub struct TerminalClient {
    http: reqwest::Client,
    url: String,
    key: TerminalKey,
    /// Added to the terminal's clock to sign; learned from a 401 `clock`.
    offset_s: i64,
}

impl TerminalClient {
    /// A terminal of the server at `base_url`, such as `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// When the TLS library can not start.
    pub fn new(base_url: &str, key: TerminalKey) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(ANSWER_S_MAX)
            .tcp_nodelay(true)
            .no_proxy()
            .build()
            .context("can not make an HTTP client")?;
        let url = format!("{}{TAPS_PATH}", base_url.trim_end_matches('/'));
        Ok(Self { http, url, key, offset_s: 0 })
    }

    /// Posts what `memory` has to say at `clock_s` of the terminal's wall clock, and takes the answer in.
    ///
    /// # Errors
    /// When there is no answer, or one that is not the server's: nothing is deleted.
    pub async fn speak(
        &mut self,
        memory: &mut Memory,
        clock_s: i64,
        moment: &Moment<'_>,
        taps_max: usize,
        quote: bool,
    ) -> anyhow::Result<Spoken> {
        let sent = memory.request(moment, taps_max, quote);
        let spoken = self.post(&sent, clock_s).await?;
        if let Spoken::Stored(reply) = &spoken {
            memory.answered(&sent, reply);
        }
        Ok(spoken)
    }

    async fn post(&mut self, sent: &Sent, clock_s: i64) -> anyhow::Result<Spoken> {
        let nonce = uuid::Uuid::new_v4().simple().to_string();
        let headers = self.key.sign(clock_s + self.offset_s, &nonce, &sent.body);
        let answer = self
            .http
            .post(&self.url)
            .header("content-type", "application/json")
            .header(header::CONTENT_DIGEST, headers.digest)
            .header(header::SIGNATURE_INPUT, headers.input)
            .header(header::SIGNATURE, headers.signature)
            .body(sent.body.clone())
            .send()
            .await
            .context("no answer to POST /v1/taps")?;
        let (status, head) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.bytes().await.context("half an answer to POST /v1/taps")?;
        let get = |name: &str| head.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if status == 200 {
            let signed = Signed {
                input: get(header::SIGNATURE_INPUT),
                signature: get(header::SIGNATURE),
                digest: get(header::CONTENT_DIGEST),
            };
            ensure!(self.key.proves(&nonce, signed, &body), "an answer that is not the server's");
            return Ok(Spoken::Stored(serde_json::from_slice(&body).context("an answer that is not JSON")?));
        }
        let words = String::from_utf8_lossy(&body).into_owned();
        if status == 401 && words.contains("\"clock\"") {
            let Some(server_s) = from_http_date(get("date")) else { bail!("401 clock without a date") };
            self.offset_s = server_s - clock_s;
            return Ok(Spoken::ClockSet(self.offset_s));
        }
        Ok(Spoken::Refused(status, words))
    }
}

/// Epoch seconds of an IMF-fixdate (RFC 9110, 5.6.7).
fn from_http_date(text: &str) -> Option<i64> {
    let parsed = chrono::NaiveDateTime::parse_from_str(text, "%a, %d %b %Y %H:%M:%S GMT").ok()?;
    Some(parsed.and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_a_reply_is_read() {
        assert_eq!(from_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(from_http_date("yesterday"), None);
    }
}
