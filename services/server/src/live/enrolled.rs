//! The panels that may connect, as last read from the database.
//!
//! Connections prove their token against this copy, so that ten thousand panels that come back at once
//! ask the database nothing. Tokens are kept as SHA-256 only and compared in constant time.

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;
use store::Panel;
use subtle::ConstantTimeEq;

/// Why a panel may not connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotEnrolled {
    /// There is no such panel.
    Unknown,
    /// Its token is wrong or was revoked.
    Token,
}

/// Panels by id.
#[derive(Debug, Default)]
pub struct Enrolled(ArcSwap<HashMap<Arc<str>, Panel>>);

impl Enrolled {
    /// Takes over what the database has.
    pub fn replace(&self, panels: Vec<Panel>) {
        self.0.store(Arc::new(panels.into_iter().map(|panel| (Arc::clone(&panel.id), panel)).collect()));
    }

    /// The stop of a panel that proves its token.
    ///
    /// # Errors
    /// When there is no such panel, or the token is not its own.
    pub fn stop_of(&self, id: &str, token: &str) -> Result<Arc<str>, NotEnrolled> {
        let panels = self.0.load();
        let panel = panels.get(id).ok_or(NotEnrolled::Unknown)?;
        let digest = Sha256::digest(token.as_bytes());
        let proven: bool = panel.token_sha256.as_slice().ct_eq(digest.as_slice()).into();
        if proven && panel.revoked.is_none() { Ok(Arc::clone(&panel.stop)) } else { Err(NotEnrolled::Token) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gtfs::Timestamp;

    fn panel(id: &str, token: &str, revoked: Option<Timestamp>) -> Panel {
        Panel {
            id: id.into(),
            token_sha256: Sha256::digest(token.as_bytes()).to_vec(),
            stop: "S1".into(),
            label: "".into(),
            created: Timestamp(0),
            last_seen: None,
            revoked,
        }
    }

    #[test]
    fn a_panel_is_let_in_with_its_own_token_and_no_other() {
        let enrolled = Enrolled::default();
        enrolled.replace(vec![panel("P-1", "one", None), panel("P-2", "two", Some(Timestamp(5)))]);
        assert_eq!(enrolled.stop_of("P-1", "one").as_deref(), Ok("S1"));
        assert_eq!(enrolled.stop_of("P-1", "two"), Err(NotEnrolled::Token));
        assert_eq!(enrolled.stop_of("P-2", "two"), Err(NotEnrolled::Token), "it was revoked");
        assert_eq!(enrolled.stop_of("P-3", "one"), Err(NotEnrolled::Unknown));
    }
}
