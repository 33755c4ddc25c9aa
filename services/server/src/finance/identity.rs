//! People behind cards: sealed, read only with a trace in the audit log, and erased for good.
//!
//! Each row has a key of its own, sealed with the server key and bound to the card; the person is sealed with that key.
//! Nothing of it ever stands in the ledger, a log or an export.

use super::card_shown;
use crate::ingest::seal::ServerKey;
use anyhow::Context;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use store::{Actor, Change, Db, IdentityStore, SealedIdentity};

/// Bytes of what is known of a person, at most.
pub const PERSON_BYTES_MAX: usize = 4_096;
/// Bytes of the random nonce in front of what is sealed (RFC 8439).
const NONCE_BYTES: usize = 12;

/// Where the file is: beside the server key.
#[must_use]
pub fn path_of(server_key: &Path) -> PathBuf {
    server_key.with_file_name("identity.db")
}

/// The people behind cards.
pub struct Identities<'a> {
    /// Their file.
    pub store: &'a IdentityStore,
    /// For the audit log.
    pub db: &'a Db,
    /// What seals the keys of rows.
    pub key: &'a ServerKey,
}

impl Identities<'_> {
    /// Says whose card it is, in place of what was known.
    ///
    /// # Errors
    /// When the text is too long, or can not be stored.
    pub async fn set(&self, card: &str, person: &str, by: &Actor) -> anyhow::Result<()> {
        anyhow::ensure!(
            !person.is_empty() && person.len() <= PERSON_BYTES_MAX,
            "what is known of a person has 1 to {PERSON_BYTES_MAX} bytes"
        );
        let row_key: [u8; 32] = rand::random();
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let owner = owner(card);
        let sealed = ChaCha20Poly1305::new(&row_key.into())
            .encrypt(&Nonce::from(nonce), Payload { msg: person.as_bytes(), aad: owner.as_bytes() })
            .map_err(|_opaque| anyhow::anyhow!("the person can not be sealed"))?;
        let row = SealedIdentity {
            key: self.key.seal(&owner, &row_key)?,
            person: [nonce.as_slice(), &sealed].concat(),
            changed: by.at,
        };
        self.told("card_identity_set", card, by).await?;
        Ok(self.store.put(&digest(card), &row).await?)
    }

    /// Whose card it is; `None` when that is not known. The reading itself is audited, before anything is shown.
    ///
    /// # Errors
    /// When it was sealed with another server key, or was changed.
    pub async fn show(&self, card: &str, by: &Actor) -> anyhow::Result<Option<String>> {
        self.told("card_identity_read", card, by).await?;
        let Some(row) = self.store.get(&digest(card)).await? else { return Ok(None) };
        let owner = owner(card);
        let row_key = self.key.unseal(&owner, &row.key)?;
        let (nonce, sealed) =
            row.person.split_first_chunk::<NONCE_BYTES>().context("the row is too short")?;
        let person = ChaCha20Poly1305::new(&row_key.into())
            .decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: owner.as_bytes() })
            .ok()
            .context("the row was changed, or belongs to another card")?;
        Ok(Some(String::from_utf8(person).context("the row is no text")?))
    }

    /// Forgets whose card it is, for good; `false` when that was not known.
    ///
    /// # Errors
    /// When it can not be erased.
    pub async fn erase(&self, card: &str, by: &Actor) -> anyhow::Result<bool> {
        self.told("card_identity_erase", card, by).await?;
        Ok(self.store.erase(&digest(card)).await?)
    }

    async fn told(&self, action: &str, card: &str, by: &Actor) -> anyhow::Result<()> {
        let change = Change { action: action.into(), subject: card_shown(card), ..Change::default() };
        self.db.audit(by, &change).await?;
        Ok(())
    }
}

/// What the seals are bound to, so that rows can not be exchanged.
fn owner(card: &str) -> String {
    format!("identity:{}", crate::ingest::seal::hex(&digest(card)))
}

fn digest(card: &str) -> Vec<u8> {
    Sha256::digest(card.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::enroll::local_actor;
    use gtfs::Timestamp;

    #[tokio::test]
    async fn a_person_is_set_read_with_a_trace_and_erased() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::connect(&format!("sqlite:{}", folder.path().join("p.db").display())).await.unwrap();
        let file = folder.path().join("identity.db");
        let store = IdentityStore::open(&file).await.unwrap();
        let key = ServerKey::open(&folder.path().join("server.key")).unwrap();
        let identities = Identities { store: &store, db: &db, key: &key };
        let by = local_actor(Timestamp(1), "test");
        identities.set("card-a", "สมหญิง, 081 000 0000", &by).await.unwrap();
        assert!(identities.set("card-a", "", &by).await.is_err());
        assert_eq!(identities.show("card-a", &by).await.unwrap().as_deref(), Some("สมหญิง, 081 000 0000"));
        assert_eq!(identities.show("card-b", &by).await.unwrap(), None);
        // A row that was moved to another card does not open.
        let row = store.get(&digest("card-a")).await.unwrap().unwrap();
        store.put(&digest("card-b"), &row).await.unwrap();
        assert!(identities.show("card-b", &by).await.is_err());
        assert!(identities.erase("card-a", &by).await.unwrap());
        assert_eq!(identities.show("card-a", &by).await.unwrap(), None);
        let actions: Vec<String> =
            db.audit_after(0, 20).await.unwrap().into_iter().map(|row| row.change.action).collect();
        assert_eq!(actions[0], "card_identity_set");
        assert_eq!(actions.iter().filter(|action| *action == "card_identity_read").count(), 4);
        let rows = db.audit_after(0, 20).await.unwrap();
        assert!(rows.iter().all(|row| !row.change.subject.contains("card-a")), "no token in the audit log");
    }
}
