//! R25: senders that are not registered. Counted always; logged and quarantined once in ten minutes
//! each, so that a flood of them costs nothing and an operator can still adopt them.

use crate::state::AppState;
use bytes::Bytes;
use gtfs::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use store::Rejected;

/// One log line and one quarantine row per sender in this time, seconds.
const SAY_EVERY_S: f64 = 600.0;
/// How many senders are told apart; beyond, they are only counted until the oldest are forgotten.
const SENDERS_MAX: usize = 1_000;
/// Longest id kept, characters.
const ID_CHARS_MAX: usize = 64;

/// Which unknown senders were spoken of, and when.
#[derive(Debug, Default)]
pub struct Unknown(Mutex<HashMap<Arc<str>, Timestamp>>);

impl Unknown {
    /// Whether this sender is worth a line now.
    fn is_news(&self, id: &Arc<str>, now: Timestamp) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() >= SENDERS_MAX {
            said.retain(|_, at| now.since_s(*at) < SAY_EVERY_S);
        }
        let news = said.get(id).is_none_or(|at| now.since_s(*at) >= SAY_EVERY_S);
        if news && said.len() < SENDERS_MAX {
            said.insert(Arc::clone(id), now);
            return true;
        }
        false
    }
}

/// Notes a request of a sender that is not registered. `id` is what it calls itself, never a token.
pub async fn note(app: &AppState, id: &str, source: &'static str, code: &'static str, body: &[u8]) {
    app.metrics.auth_failed(code);
    let now = app.clock.now();
    let id: Arc<str> = id.chars().filter(|c| !c.is_control()).take(ID_CHARS_MAX).collect::<String>().into();
    if !app.ingest.unknown.is_news(&id, now) {
        return;
    }
    tracing::warn!(sender = %id, source, code, "a sender is not registered; see padriew device add");
    let rejected = Rejected {
        seq: None,
        received: now,
        code: "identity".into(),
        detail: "the sender is not registered".into(),
        raw: Bytes::copy_from_slice(&body[..body.len().min(store::quarantine::RAW_BYTES_MAX)]),
    };
    if let Err(failure) = app.db.quarantine(&id, &source.into(), &[rejected]).await {
        tracing::warn!(%failure, "an unknown sender could not be quarantined");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_spoken_of_once_in_ten_minutes() {
        let (unknown, start) = (Unknown::default(), Timestamp::from_s(1_000));
        let id: Arc<str> = "ghost".into();
        assert!(unknown.is_news(&id, start));
        assert!(!unknown.is_news(&id, start.plus_s(599.0)));
        assert!(unknown.is_news(&id, start.plus_s(600.0)));
    }

    #[test]
    fn a_flood_of_senders_is_bounded() {
        let (unknown, start) = (Unknown::default(), Timestamp::from_s(1_000));
        let spoken = (0..5_000).filter(|n| unknown.is_news(&format!("ghost{n}").into(), start)).count();
        assert_eq!(spoken, SENDERS_MAX);
        assert!(unknown.is_news(&"later".into(), start.plus_s(601.0)));
    }
}
