//! What a card says to a terminal: a keyed hash of its number, as a terminal's secure module makes it.

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Bytes of a token: 22 characters of base64url.
const TOKEN_BYTES: usize = 16;

/// The tokens of all simulated cards. Not `Debug`: a token is never logged.
pub(crate) struct Tokens(Vec<String>);

impl Tokens {
    /// The tokens of cards 1 to `cards` under a scheme key.
    ///
    /// # Errors
    /// When the key can not be used for HMAC; 32 bytes always can.
    pub(crate) fn of(cards: u32, scheme_key: &[u8; 32]) -> anyhow::Result<Self> {
        let token = |card: u32| {
            let mut mac = Hmac::<Sha256>::new_from_slice(scheme_key).context("the scheme key is unusable")?;
            mac.update(format!("SIM{card:013}").as_bytes());
            Ok(URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..TOKEN_BYTES]))
        };
        (1..=cards).map(token).collect::<anyhow::Result<_>>().map(Self)
    }

    /// The token of a card, counted from 1; empty for one that is not there.
    pub(crate) fn card(&self, card: u32) -> &str {
        let at = (card as usize).checked_sub(1);
        at.and_then(|at| self.0.get(at)).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_looks_like_one_and_hangs_on_the_card_and_on_the_key() {
        let (ours, theirs) = (Tokens::of(300, &[1; 32]).unwrap(), Tokens::of(300, &[2; 32]).unwrap());
        let all: std::collections::HashSet<&str> =
            (1..=300).flat_map(|card| [ours.card(card), theirs.card(card)]).collect();
        assert_eq!(all.len(), 600);
        assert!(all.iter().all(|token| token.len() == 22 && !token.contains("SIM")));
        assert_eq!((ours.card(0), ours.card(301)), ("", ""));
    }
}
