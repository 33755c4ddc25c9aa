//! Who calls: an operator, known by the bearer token.

use crate::http::edge::RequestId;
use crate::http::error::ApiError;
use crate::http::peer;
use crate::state::AppState;
use axum::extract::Request;
use axum::http::header;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use store::{Actor, Change, OperatorRole};

/// What a request says of who sends it.
#[derive(Debug)]
pub(super) struct Claim {
    token_sha256: Vec<u8>,
    address: Arc<str>,
    request: Arc<str>,
}

impl Claim {
    /// # Errors
    /// 401 without a token.
    pub(super) fn of(app: &AppState, request: &Request) -> Result<Self, ApiError> {
        let value = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token =
            value.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim).ok_or_else(|| {
                ApiError::unauthenticated(
                    "token",
                    "send Authorization: Bearer TOKEN; padriew user add makes one",
                )
            })?;
        let trusted = &app.config.http.trusted_proxies;
        let sender = peer::sender(request.extensions(), request.headers(), trusted);
        Ok(Self {
            token_sha256: Sha256::digest(token.as_bytes()).to_vec(),
            address: sender.to_string().into(),
            request: request
                .extensions()
                .get::<RequestId>()
                .map_or_else(|| "".into(), |id| Arc::clone(&id.0)),
        })
    }
}

/// An operator and the request.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// The operator's name.
    pub(super) name: Arc<str>,
    /// What for.
    pub(super) role: OperatorRole,
    /// The agency whose things alone may be seen; empty for all.
    pub(super) agency: Arc<str>,
    address: Arc<str>,
    request: Arc<str>,
}

impl Caller {
    /// The operator of a request's token.
    ///
    /// # Errors
    /// 401 with a token that is nobody's.
    pub(super) async fn of(app: &AppState, claim: Claim) -> Result<Self, ApiError> {
        let found = app.db.operator_of_token(&claim.token_sha256).await.map_err(super::failed)?;
        let operator = found.ok_or_else(|| {
            ApiError::unauthenticated("token", "the token is nobody's, or was taken back; ask for a new one")
        })?;
        Ok(Self {
            name: operator.name,
            role: operator.role,
            agency: operator.agency,
            address: claim.address,
            request: claim.request,
        })
    }

    /// For the audit log.
    pub(super) fn actor(&self, app: &AppState, reason: &str) -> Actor {
        Actor {
            at: app.clock.now(),
            who: Arc::clone(&self.name),
            role: self.role.word().into(),
            address: Arc::clone(&self.address),
            reason: reason.into(),
            request_id: Arc::clone(&self.request),
        }
    }

    /// Whether something of this agency may be seen.
    pub(super) fn sees(&self, agency: &str) -> bool {
        self.agency.is_empty() || *self.agency == *agency
    }

    /// Notes that a card's history is read, before it is.
    pub(super) async fn reads_card(&self, app: &AppState, card: &str, what: &str) -> Result<(), ApiError> {
        let change = Change {
            agency: self.agency.as_ref().to_owned(),
            action: what.into(),
            subject: crate::finance::card_shown(card),
            ..Change::default()
        };
        app.db.audit(&self.actor(app, ""), &change).await.map(drop).map_err(super::failed)
    }
}
