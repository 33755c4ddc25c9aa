//! Giving devices keys and tokens. Shown once, kept sealed or hashed.

use super::seal::ServerKey;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gtfs::Timestamp;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use store::{Actor, Db, DeviceKey, KeyKind};

/// Random bytes of a URL token: 192 bits, 32 characters.
const TOKEN_BYTES: usize = 24;

/// A key for signing, as given to a device. Show it once and forget it.
#[derive(Clone)]
pub struct NewKey {
    /// `device:kid`.
    pub key_id: String,
    /// The key.
    pub secret: [u8; 32],
}

/// A URL token, as given to a device. Show it once and forget it.
#[derive(Clone)]
pub struct NewToken {
    /// The name of the token, such as `t1`.
    pub kid: String,
    /// The token.
    pub token: String,
}

/// Who changes the registry from this machine, for the audit log.
#[must_use]
pub fn local_actor(at: Timestamp, who: &str) -> Actor {
    Actor {
        at,
        who: who.into(),
        role: "local".into(),
        address: "".into(),
        reason: "".into(),
        request_id: "".into(),
    }
}

/// Gives a registered device a new key for signing.
///
/// # Errors
/// When it has two live ones already, or the database refuses.
pub async fn add_key(db: &Db, server_key: &ServerKey, device: &str, by: &Actor) -> anyhow::Result<NewKey> {
    let kid = next_kid(db, device, "k").await?;
    let (key_id, secret) = (format!("{device}:{kid}"), rand::random::<[u8; 32]>());
    let sealed = server_key.seal(&key_id, &secret)?;
    db.device_key_add(&row(device, &kid, KeyKind::Hmac, sealed, by.at), by).await?;
    Ok(NewKey { key_id, secret })
}

/// Gives a registered device a new URL token.
///
/// # Errors
/// When it has two live ones already, or the database refuses.
pub async fn add_token(db: &Db, device: &str, by: &Actor) -> anyhow::Result<NewToken> {
    let kid = next_kid(db, device, "t").await?;
    let token = URL_SAFE_NO_PAD.encode(rand::random::<[u8; TOKEN_BYTES]>());
    let digest = Sha256::digest(token.as_bytes()).to_vec();
    db.device_key_add(&row(device, &kid, KeyKind::Token, digest, by.at), by).await?;
    Ok(NewToken { kid, token })
}

/// The next name with this letter: names are never used twice.
async fn next_kid(db: &Db, device: &str, letter: &str) -> anyhow::Result<String> {
    let keys = db.device_keys(device).await?;
    let highest = keys.iter().filter_map(|key| key.kid.strip_prefix(letter)?.parse::<u32>().ok()).max();
    Ok(format!("{letter}{}", highest.unwrap_or(0) + 1))
}

fn row(device: &str, kid: &str, kind: KeyKind, secret: Vec<u8>, created: Timestamp) -> DeviceKey {
    let device: Arc<str> = device.into();
    DeviceKey { device, kid: kid.into(), kind, secret, created, last_used: None, revoked: None }
}
