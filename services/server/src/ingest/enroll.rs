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

/// Letters of a code: those of Crockford's base 32, which nobody mistakes for one another.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Letters of a code: 80 bits.
const CODE_LETTERS: usize = 16;

/// Gives a terminal a code with which it fetches its own key, once, within a day: so that no person sees the key.
///
/// # Errors
/// When it has two live keys, or the database refuses.
pub async fn new_code(db: &Db, terminal: &str, by: &Actor) -> anyhow::Result<String> {
    let live = db.device_keys(terminal).await?.into_iter();
    let live = live.filter(|key| key.revoked.is_none() && key.kind == KeyKind::Hmac).count();
    anyhow::ensure!(
        (live as i64) < store::device_key::LIVE_KEYS_MAX,
        "{terminal} has {live} live keys already; padriew terminal revoke {terminal} KEY takes one back"
    );
    let bytes: [u8; CODE_LETTERS] = rand::random();
    let code: String = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    db.terminal_code_put(&terminal.into(), &digest_of(&code), by).await?;
    let groups: Vec<&str> = (0..CODE_LETTERS).step_by(4).map(|at| &code[at..at + 4]).collect();
    Ok(groups.join("-"))
}

/// Takes a terminal's code for a new key; `None` when the code is not good.
///
/// # Errors
/// When it has two live keys, or the database refuses.
pub async fn key_for_code(
    db: &Db,
    server_key: &ServerKey,
    terminal: &str,
    code: &str,
    by: &Actor,
) -> anyhow::Result<Option<NewKey>> {
    let code: String = code.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let is_good = db.terminal_code_take(&terminal.into(), &digest_of(&code.to_uppercase()), by).await?;
    if is_good { add_key(db, server_key, terminal, by).await.map(Some) } else { Ok(None) }
}

fn digest_of(code: &str) -> Vec<u8> {
    Sha256::digest(code.as_bytes()).to_vec()
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
