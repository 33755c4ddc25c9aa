//! The server key, and device keys sealed with it.
//!
//! Device keys are shared secrets and must be had in clear to verify; at rest they are sealed with
//! ChaCha20-Poly1305 under a key that lives outside the database, so that a copy of the database
//! alone signs nothing. The server key is made at the first start, readable by its owner only.

use anyhow::{Context, bail};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce};
use std::fmt;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Bytes of the random nonce in front of a sealed key (RFC 8439).
const NONCE_BYTES: usize = 12;
/// File mode: read and write for the owner, nothing for others.
const OWNER_ONLY: u32 = 0o600;

/// The key that seals device keys.
#[derive(Clone)]
pub struct ServerKey(ChaCha20Poly1305);

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerKey(***)")
    }
}

impl ServerKey {
    /// Reads the key file, or makes one with a new random key.
    ///
    /// # Errors
    /// When it can not be read or made, others can read it, or it does not hold a key.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        match make(path) {
            Ok(key) => Ok(key),
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => read(path),
            Err(e) => Err(e).with_context(|| format!("the server key {} can not be made", path.display())),
        }
    }

    /// A key for a process that seals and opens nothing; it is gone with the process.
    #[must_use]
    pub fn passing() -> Self {
        Self::new(&rand::random())
    }

    fn new(bytes: &[u8; 32]) -> Self {
        Self(ChaCha20Poly1305::new(&(*bytes).into()))
    }

    /// Seals a device key; `owner` (`device:kid`) is bound to it, so that rows can not be exchanged.
    ///
    /// # Errors
    /// Never in practice: the plain text is 32 bytes.
    pub fn seal(&self, owner: &str, secret: &[u8; 32]) -> anyhow::Result<Vec<u8>> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let sealed = self
            .0
            .encrypt(&Nonce::from(nonce), Payload { msg: secret, aad: owner.as_bytes() })
            .map_err(|_opaque| anyhow::anyhow!("the key of {owner} can not be sealed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens a sealed device key.
    ///
    /// # Errors
    /// When it was sealed for another owner or with another server key, or was changed.
    pub fn unseal(&self, owner: &str, sealed: &[u8]) -> anyhow::Result<[u8; 32]> {
        let (nonce, sealed) = sealed
            .split_first_chunk::<NONCE_BYTES>()
            .with_context(|| format!("the stored key of {owner} is too short"))?;
        let secret = self
            .0
            .decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: owner.as_bytes() })
            .ok()
            .with_context(|| format!("the stored key of {owner} was sealed with another server key"))?;
        secret.try_into().ok().with_context(|| format!("the stored key of {owner} is not 32 bytes"))
    }
}

/// Where the server key is: as configured, else beside the SQLite database.
///
/// # Errors
/// When the database is not SQLite and no file is configured.
pub fn path_of(configured: &str, database: &str) -> anyhow::Result<PathBuf> {
    if !configured.is_empty() {
        return Ok(PathBuf::from(configured));
    }
    let Some(path) = database.strip_prefix("sqlite:") else {
        bail!("server_key is not set; with PostgreSQL name a file that only the server can read");
    };
    let database = Path::new(path.strip_prefix("//").unwrap_or(path));
    Ok(database.with_file_name("server.key"))
}

fn make(path: &Path) -> std::io::Result<ServerKey> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path)?;
    let bytes: [u8; 32] = rand::random();
    writeln!(file, "{}", hex(&bytes))?;
    file.sync_all()?;
    Ok(ServerKey::new(&bytes))
}

fn read(path: &Path) -> anyhow::Result<ServerKey> {
    let shown = path.display();
    let mode =
        std::fs::metadata(path).with_context(|| format!("{shown} can not be read"))?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("{shown} can be read by others; run chmod 600 {shown}");
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("{shown} can not be read"))?;
    let bytes =
        unhex(text.trim()).with_context(|| format!("{shown} is not a key of 64 hexadecimal digits"))?;
    Ok(ServerKey::new(&bytes))
}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// 32 bytes of 64 hexadecimal digits.
#[must_use]
pub fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_key_is_made_once_for_its_owner_only_and_then_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.key");
        let sealed = ServerKey::open(&path).unwrap().seal("bus-1:k1", &[7; 32]).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(ServerKey::open(&path).unwrap().unseal("bus-1:k1", &sealed).unwrap(), [7; 32]);
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.key");
        ServerKey::open(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(ServerKey::open(&path).unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn a_sealed_key_opens_for_its_owner_and_unchanged_alone() {
        let key = ServerKey::new(&[1; 32]);
        let mut sealed = key.seal("bus-1:k1", &[7; 32]).unwrap();
        assert!(key.unseal("bus-2:k1", &sealed).is_err());
        assert!(ServerKey::new(&[2; 32]).unseal("bus-1:k1", &sealed).is_err());
        sealed[20] ^= 1;
        assert!(key.unseal("bus-1:k1", &sealed).is_err());
    }

    #[test]
    fn the_key_lives_beside_a_sqlite_database_and_must_be_named_for_postgresql() {
        assert_eq!(path_of("", "sqlite:/var/lib/p/padriew.db").unwrap(), Path::new("/var/lib/p/server.key"));
        assert_eq!(path_of("/run/key", "postgres://db/p").unwrap(), Path::new("/run/key"));
        assert!(path_of("", "postgres://db/p").unwrap_err().to_string().contains("server_key"));
    }
}
