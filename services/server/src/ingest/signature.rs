//! HTTP message signatures (RFC 9421) with content digests (RFC 9530), one profile of them.
//!
//! hmac-sha256 over exactly `"@method" "@path" "content-digest"`, with `created`, `keyid`
//! (`device:kid`) and `nonce`. Replies are signed over `"@status" "content-digest"` with the nonce of
//! the request, so that a false server can not make a device delete what was never stored.
//! Both sides are here: the server verifies, the demo's fleet and the load program sign.
//!
//! What it does not do: decide whether the time is near or the nonce fresh. The caller does.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;

/// The components that a request signature covers, as they stand in the header.
const REQUEST_COMPONENTS: &str = r#"("@method" "@path" "content-digest")"#;
/// The components that a reply signature covers.
const REPLY_COMPONENTS: &str = r#"("@status" "content-digest")"#;
/// Longest `Signature-Input` read, bytes.
const INPUT_BYTES_MAX: usize = 512;
/// Allowed lengths of a nonce, characters.
const NONCE_CHARS: std::ops::RangeInclusive<usize> = 16..=64;

/// The header names of signed messages, lower case.
pub mod header {
    /// RFC 9530.
    pub const CONTENT_DIGEST: &str = "content-digest";
    /// RFC 9421.
    pub const SIGNATURE_INPUT: &str = "signature-input";
    /// RFC 9421.
    pub const SIGNATURE: &str = "signature";
}

/// A shared key of 32 bytes, ready for use. Never printed.
#[derive(Clone)]
pub struct Key(Hmac<Sha256>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}

impl Key {
    /// The key of these bytes.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        let mut block = [0; 64];
        block[..32].copy_from_slice(bytes);
        // A key of one block, padded with zeros, is the same key (RFC 2104).
        Self(<Hmac<Sha256> as KeyInit>::new(&block.into()))
    }

    fn tag(&self, base: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(base.as_bytes());
        BASE64.encode(mac.finalize().into_bytes())
    }

    /// Compares in constant time.
    fn proves(&self, base: &str, tag: &[u8]) -> bool {
        let mut mac = self.0.clone();
        mac.update(base.as_bytes());
        mac.verify_slice(tag).is_ok()
    }
}

/// What a signature says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// When it was made, epoch seconds by the sender's clock.
    pub created_s: i64,
    /// `device:kid`.
    pub key_id: String,
    /// 16 to 64 characters, never used twice by one key.
    pub nonce: String,
    /// The parameters as sent, from the bracket on: the last line of the signature base.
    raw: String,
}

/// Why a signature can not be read or does not verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// A header is missing.
    #[error("the {0} header is missing")]
    Missing(&'static str),
    /// A header is not of the one form taken here.
    #[error("the {0} header can not be read; it must be of the form {1}")]
    Unreadable(&'static str, &'static str),
    /// The digest is of another body.
    #[error("content-digest is not the SHA-256 of the body as sent")]
    Digest,
    /// The signature is of something else, or by another key.
    #[error(
        "the signature does not verify; sign exactly \"@method\" \"@path\" \"content-digest\" in this order"
    )]
    Wrong,
}

const INPUT_FORM: &str = r#"sig1=("@method" "@path" "content-digest");created=SECONDS;keyid="DEVICE:KID";nonce="16 TO 64 CHARACTERS""#;
const SIGNATURE_FORM: &str = "sig1=:BASE64:";
const DIGEST_FORM: &str = "sha-256=:BASE64:";

/// The signature headers of a request, as received.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// `Signature-Input`.
    pub input: &'a str,
    /// `Signature`.
    pub signature: &'a str,
    /// `Content-Digest`.
    pub digest: &'a str,
}

impl Signed<'_> {
    /// Reads the parameters; proves nothing yet.
    ///
    /// # Errors
    /// When `Signature-Input` is not of the one form taken here.
    pub fn parameters(&self) -> Result<Parameters, SignatureError> {
        read_parameters(self.input).ok_or(SignatureError::Unreadable(header::SIGNATURE_INPUT, INPUT_FORM))
    }

    /// Proves that the holder of `key` signed this method, path and body.
    ///
    /// # Errors
    /// What does not fit.
    pub fn verify(
        &self,
        key: &Key,
        parameters: &Parameters,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Result<(), SignatureError> {
        let tag = item_bytes(self.signature)
            .ok_or(SignatureError::Unreadable(header::SIGNATURE, SIGNATURE_FORM))?;
        let claimed = digest_bytes(self.digest)
            .ok_or(SignatureError::Unreadable(header::CONTENT_DIGEST, DIGEST_FORM))?;
        if !key.proves(&request_base(method, path, self.digest.trim(), &parameters.raw), &tag) {
            return Err(SignatureError::Wrong);
        }
        if Sha256::digest(body).as_slice() != claimed {
            return Err(SignatureError::Digest);
        }
        Ok(())
    }
}

/// The three headers of a signed message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureHeaders {
    /// `Content-Digest`.
    pub digest: String,
    /// `Signature-Input`.
    pub input: String,
    /// `Signature`.
    pub signature: String,
}

/// Signs a request, as a device does.
#[must_use]
pub fn sign_request(
    key: &Key,
    key_id: &str,
    created_s: i64,
    nonce: &str,
    (method, path): (&str, &str),
    body: &[u8],
) -> SignatureHeaders {
    let digest = content_digest(body);
    let parameters = format!(r#"{REQUEST_COMPONENTS};created={created_s};keyid="{key_id}";nonce="{nonce}""#);
    let tag = key.tag(&request_base(method, path, &digest, &parameters));
    headers(digest, &parameters, &tag)
}

/// Signs a reply, as the server does.
#[must_use]
pub fn sign_reply(
    key: &Key,
    key_id: &str,
    created_s: i64,
    nonce: &str,
    status: u16,
    body: &[u8],
) -> SignatureHeaders {
    let digest = content_digest(body);
    let parameters = format!(r#"{REPLY_COMPONENTS};created={created_s};keyid="{key_id}";nonce="{nonce}""#);
    let tag = key.tag(&reply_base(status, &digest, &parameters));
    headers(digest, &parameters, &tag)
}

/// Whether a reply was signed by the holder of `key` in answer to the request with `nonce`.
#[must_use]
pub fn reply_is_genuine(key: &Key, nonce: &str, status: u16, signed: Signed<'_>, body: &[u8]) -> bool {
    let Some((parameters, found)) = reply_parameters(signed.input) else { return false };
    let (Some(tag), Some(claimed)) = (item_bytes(signed.signature), digest_bytes(signed.digest)) else {
        return false;
    };
    found == nonce
        && key.proves(&reply_base(status, signed.digest.trim(), parameters), &tag)
        && Sha256::digest(body).as_slice() == claimed
}

/// `sha-256=:...:` of a body.
#[must_use]
pub fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", BASE64.encode(Sha256::digest(body)))
}

fn headers(digest: String, parameters: &str, tag: &str) -> SignatureHeaders {
    SignatureHeaders { digest, input: format!("sig1={parameters}"), signature: format!("sig1=:{tag}:") }
}

fn request_base(method: &str, path: &str, digest: &str, parameters: &str) -> String {
    format!(
        "\"@method\": {method}\n\"@path\": {path}\n\"content-digest\": {digest}\n\"@signature-params\": {parameters}"
    )
}

fn reply_base(status: u16, digest: &str, parameters: &str) -> String {
    format!("\"@status\": {status}\n\"content-digest\": {digest}\n\"@signature-params\": {parameters}")
}

fn read_parameters(input: &str) -> Option<Parameters> {
    if input.len() > INPUT_BYTES_MAX {
        return None;
    }
    let (_, raw) = input.trim().split_once('=')?;
    let (mut created_s, mut key_id, mut nonce) = (None, None, None);
    for parameter in raw.strip_prefix(REQUEST_COMPONENTS)?.strip_prefix(';')?.split(';') {
        let (name, value) = parameter.split_once('=')?;
        match name.trim() {
            "created" if created_s.is_none() => created_s = Some(value.parse().ok()?),
            "keyid" if key_id.is_none() => key_id = Some(quoted(value)?),
            "nonce" if nonce.is_none() => nonce = Some(quoted(value)?),
            "alg" if quoted(value)? == "hmac-sha256" => {}
            _ => return None,
        }
    }
    let nonce = nonce.filter(|nonce| NONCE_CHARS.contains(&nonce.len()))?;
    Some(Parameters {
        created_s: created_s?,
        key_id: key_id?.to_owned(),
        nonce: nonce.to_owned(),
        raw: raw.to_owned(),
    })
}

fn reply_parameters(input: &str) -> Option<(&str, &str)> {
    let (_, raw) = input.trim().split_once('=')?;
    let rest = raw.strip_prefix(REPLY_COMPONENTS)?;
    let nonce = rest.split(';').find_map(|parameter| parameter.strip_prefix("nonce="))?;
    Some((raw, quoted(nonce)?))
}

/// A structured-field string without escapes (RFC 8941, 3.3.3).
fn quoted(value: &str) -> Option<&str> {
    let inner = value.trim().strip_prefix('"')?.strip_suffix('"')?;
    inner.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'"' && b != b'\\').then_some(inner)
}

/// The bytes of `label=:base64:`.
fn item_bytes(item: &str) -> Option<Vec<u8>> {
    let (_, value) = item.trim().split_once('=')?;
    BASE64.decode(value.strip_prefix(':')?.strip_suffix(':')?).ok()
}

/// The SHA-256 in a `Content-Digest`, which may name other algorithms too.
fn digest_bytes(value: &str) -> Option<Vec<u8>> {
    value.split(',').map(str::trim).find(|item| item.starts_with("sha-256=")).and_then(item_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vector of the ingest specification, section 4.
    const BODY: &str = r#"{"v":1,"boot":"7f3a","pings":[{"seq":1201,"t":"2026-11-20T01:02:03.250Z","lat":13.68812,"lon":101.07156}]}"#;
    const INPUT: &str = r#"sig1=("@method" "@path" "content-digest");created=1795136525;keyid="bus-017:k1";nonce="9f1c6a0d5be24c71""#;
    const SIGNATURE: &str = "sig1=:k6ElAxk36020lG4WPh2OSpXTOw0v/w5Crgp1K3SQxlY=:";
    const DIGEST: &str = "sha-256=:2gOFJ13UFlHOlhMD5nSQfaR79l+0LtmtmvyYebcR0sw=:";

    fn key() -> Key {
        Key::new(&std::array::from_fn(|i| i as u8))
    }

    fn verdict(signed: Signed<'_>, method: &str, path: &str, body: &str) -> Result<(), SignatureError> {
        signed.verify(&key(), &signed.parameters()?, method, path, body.as_bytes())
    }

    const VECTOR: Signed<'_> = Signed { input: INPUT, signature: SIGNATURE, digest: DIGEST };

    #[test]
    fn the_published_vector_verifies_and_signing_gives_the_same_bytes() {
        assert_eq!(BODY.len(), 106);
        assert_eq!(verdict(VECTOR, "POST", "/v1/pings", BODY), Ok(()));
        let made = sign_request(
            &key(),
            "bus-017:k1",
            1_795_136_525,
            "9f1c6a0d5be24c71",
            ("POST", "/v1/pings"),
            BODY.as_bytes(),
        );
        assert_eq!(
            (made.input.as_str(), made.signature.as_str(), made.digest.as_str()),
            (INPUT, SIGNATURE, DIGEST)
        );
    }

    #[test]
    fn any_change_of_method_path_body_key_time_or_nonce_is_noticed() {
        assert_eq!(verdict(VECTOR, "GET", "/v1/pings", BODY), Err(SignatureError::Wrong));
        assert_eq!(verdict(VECTOR, "POST", "/v1/taps", BODY), Err(SignatureError::Wrong));
        assert_eq!(
            verdict(VECTOR, "POST", "/v1/pings", &BODY.replace("1201", "1202")),
            Err(SignatureError::Digest)
        );
        for (from, to) in [("bus-017", "bus-018"), ("1795136525", "1795136526"), ("9f1c6a0d", "9f1c6a0e")] {
            let input = INPUT.replace(from, to);
            let signed = Signed { input: &input, ..VECTOR };
            assert_eq!(verdict(signed, "POST", "/v1/pings", BODY), Err(SignatureError::Wrong), "{to}");
        }
    }

    #[test]
    fn a_new_digest_under_an_old_signature_is_noticed() {
        let body = BODY.replace("1201", "1202");
        let digest = content_digest(body.as_bytes());
        let signed = Signed { digest: &digest, ..VECTOR };
        assert_eq!(verdict(signed, "POST", "/v1/pings", &body), Err(SignatureError::Wrong));
    }

    #[test]
    fn components_in_another_order_or_fewer_are_not_taken() {
        for components in [r#"("@path" "@method" "content-digest")"#, r#"("@method" "@path")"#, "()"] {
            let input = INPUT.replace(REQUEST_COMPONENTS, components);
            let refused = Signed { input: &input, ..VECTOR }.parameters();
            assert!(matches!(refused, Err(SignatureError::Unreadable("signature-input", _))), "{components}");
        }
    }

    #[test]
    fn a_short_nonce_and_a_second_nonce_are_not_taken() {
        for input in
            [INPUT.replace("9f1c6a0d5be24c71", "short"), format!("{INPUT};nonce=\"9f1c6a0d5be24c72\"")]
        {
            assert!(Signed { input: &input, ..VECTOR }.parameters().is_err(), "{input}");
        }
    }

    #[test]
    fn a_reply_verifies_only_with_the_nonce_of_its_request() {
        let reply = sign_reply(&key(), "bus-017:k1", 1_795_136_526, "9f1c6a0d5be24c71", 200, b"{}");
        let signed = Signed { input: &reply.input, signature: &reply.signature, digest: &reply.digest };
        assert!(reply_is_genuine(&key(), "9f1c6a0d5be24c71", 200, signed, b"{}"));
        assert!(!reply_is_genuine(&key(), "0000000000000000", 200, signed, b"{}"));
        assert!(!reply_is_genuine(&key(), "9f1c6a0d5be24c71", 503, signed, b"{}"));
        assert!(!reply_is_genuine(&key(), "9f1c6a0d5be24c71", 200, signed, b"{ }"));
    }
}
