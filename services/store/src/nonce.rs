//! Nonces of signed requests: each is taken once, in the same commit as what the request brought.

use crate::sql::{Many, Tx, many};
use gtfs::Timestamp;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

/// The nonce of a signed request (RFC 9421 parameter `nonce`), with what it is unique for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce {
    /// The key it was signed with: `device:kid`.
    pub key_id: Arc<str>,
    /// As sent, 16 to 64 characters.
    pub nonce: Arc<str>,
    /// When the request was received; it is forgotten 300 s later.
    pub received: Timestamp,
}

static INSERT: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into nonce (key_id, nonce, received_us) values",
        3,
        "on conflict do nothing returning key_id, nonce",
    )
});

/// Takes `nonces`; the answer has those that were not taken before, each once.
async fn take(tx: &mut Tx, nonces: &[&Nonce]) -> Result<BTreeSet<(String, String)>, sqlx::Error> {
    use sqlx::Row;
    let mut taken = BTreeSet::new();
    many!(
        tx,
        INSERT,
        nonces,
        |query, row| query.bind(Arc::clone(&row.key_id)).bind(Arc::clone(&row.nonce)).bind(row.received.0),
        |query, on| for row in query.fetch_all(on).await? {
            taken.insert((row.try_get(0)?, row.try_get(1)?));
        }
    );
    Ok(taken)
}

/// Which requests may go on: those without a nonce, and the first of each nonce.
pub(crate) async fn admit(tx: &mut Tx, nonces: &[Option<&Nonce>]) -> Result<Vec<bool>, sqlx::Error> {
    let given: Vec<&Nonce> = nonces.iter().copied().flatten().collect();
    let mut taken = take(tx, &given).await?;
    Ok(nonces
        .iter()
        .map(|nonce| match nonce {
            // Taken out, because the second of two equal ones in a group is a replay.
            Some(nonce) => taken.remove(&(nonce.key_id.as_ref().into(), nonce.nonce.as_ref().into())),
            None => true,
        })
        .collect())
}
