//! A device's side of `POST /v1/pings`: sign, send, read the answer.
//!
//! RFC 9421 (HTTP Message Signatures) with RFC 9530 `Content-Digest`, hmac-sha256, as a tracker would do
//! it: written from the specification, not from the server's checking code, so that the two prove each
//! other. The demo fleet and the load program use it.

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gtfs::Timestamp;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// The path that is signed and posted to.
pub const PINGS_PATH: &str = "/v1/pings";
/// No answer within this is a failure; the batch is signed and sent again.
const ANSWER_S_MAX: Duration = Duration::from_secs(10);

/// What a device signs with.
#[derive(Clone)]
pub struct DeviceKey {
    /// `device:kid`.
    pub key_id: String,
    /// 32 random bytes.
    pub secret: Vec<u8>,
}

/// The three headers of a signed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHeaders {
    /// `Content-Digest`.
    pub content_digest: String,
    /// `Signature-Input`.
    pub signature_input: String,
    /// `Signature`.
    pub signature: String,
}

/// Signs `body` for [`PINGS_PATH`] at `created_s`.
///
/// # Errors
/// When the key can not be used for HMAC; 32 bytes always can.
pub fn sign(key: &DeviceKey, created_s: i64, nonce: &str, body: &[u8]) -> anyhow::Result<SignedHeaders> {
    let content_digest = format!("sha-256=:{}:", BASE64.encode(Sha256::digest(body)));
    let parameters = format!(
        "(\"@method\" \"@path\" \"content-digest\");created={created_s};keyid=\"{}\";nonce=\"{nonce}\"",
        key.key_id
    );
    let base = format!(
        "\"@method\": POST\n\"@path\": {PINGS_PATH}\n\"content-digest\": {content_digest}\n\"@signature-params\": {parameters}"
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.secret).context("the device key is unusable")?;
    mac.update(base.as_bytes());
    let signature = format!("sig1=:{}:", BASE64.encode(mac.finalize().into_bytes()));
    Ok(SignedHeaders { content_digest, signature_input: format!("sig1={parameters}"), signature })
}

/// Posts signed bodies over kept-alive connections. Cheap to clone: clones share the connections.
#[derive(Clone)]
pub struct PingClient {
    http: reqwest::Client,
    url: String,
}

/// What the server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// When to come again, seconds: `Retry-After`.
    pub retry_after_s: Option<u32>,
    /// The body, JSON.
    pub body: String,
}

impl PingClient {
    /// A client of the server at `base_url`, such as `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// When the TLS library can not start.
    pub fn new(base_url: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(ANSWER_S_MAX)
            .pool_max_idle_per_host(usize::MAX)
            .tcp_nodelay(true)
            .no_proxy()
            .build()
            .context("can not make an HTTP client")?;
        Ok(Self { http, url: format!("{}{PINGS_PATH}", base_url.trim_end_matches('/')) })
    }

    /// Signs and posts one body at `now` of the server's clock.
    ///
    /// # Errors
    /// When there is no answer; a refusal is an answer.
    pub async fn post(&self, key: &DeviceKey, now: Timestamp, body: Vec<u8>) -> anyhow::Result<Answer> {
        let nonce = uuid::Uuid::new_v4().simple().to_string();
        let headers = sign(key, now.s(), &nonce, &body)?;
        let reply = self
            .http
            .post(&self.url)
            .header("content-type", "application/json")
            .header("content-digest", headers.content_digest)
            .header("signature-input", headers.signature_input)
            .header("signature", headers.signature)
            .body(body)
            .send()
            .await
            .context("no answer to POST /v1/pings")?;
        let status = reply.status().as_u16();
        let retry_after = reply.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let retry_after_s = retry_after.and_then(|seconds| seconds.parse().ok());
        Ok(Answer {
            status,
            retry_after_s,
            body: reply.text().await.context("half an answer to POST /v1/pings")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the ingest design, section 4: key bytes 00..1f.
    #[test]
    fn the_published_vector_is_signed_to_the_letter() {
        let body = br#"{"v":1,"boot":"7f3a","pings":[{"seq":1201,"t":"2026-11-20T01:02:03.250Z","lat":13.68812,"lon":101.07156}]}"#;
        assert_eq!(body.len(), 106);
        let key = DeviceKey { key_id: "bus-017:k1".to_owned(), secret: (0..32).collect() };
        let headers = sign(&key, 1_795_136_525, "9f1c6a0d5be24c71", body).unwrap();
        assert_eq!(headers.content_digest, "sha-256=:2gOFJ13UFlHOlhMD5nSQfaR79l+0LtmtmvyYebcR0sw=:");
        assert_eq!(headers.signature, "sig1=:k6ElAxk36020lG4WPh2OSpXTOw0v/w5Crgp1K3SQxlY=:");
    }
}
