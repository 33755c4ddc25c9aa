//! The second code path: rating and sharing once more, slowly, from the text of the design alone.
//!
//! It shares no line with [`crate::journey`], [`crate::rate`] and [`crate::apportion`]; only what prices
//! are looked up in, and the types of what goes in and comes out, are the same. Tests and the close of a day
//! compare both. It keeps no state and caches nothing: what a tap means follows from the list of what the
//! taps before it meant, what a leg costs from the list of legs before it. Do not make it fast.

mod fill;
mod pairing;
mod pricing;
mod sharing;
mod summing;

use crate::card::Profile;
use crate::leg::{Leg, LegId};
use crate::money::Satang;
use crate::rate::Facts;
use crate::ride::PlacedTap;
use pairing::Part;
use std::sync::Arc;

pub use sharing::shares;

/// What became of a tap: `leg`, `repeat`, `void` or `denied`, and the holder's leg.
pub type Fate = (&'static str, Option<LegId>);

/// The legs of a card, priced, in the order of their first taps and then of the riders on one tap; and what
/// became of each tap. `taps` are in their order ([`PlacedTap::order`]).
#[must_use]
pub fn rate(
    card: &Arc<str>,
    taps: &[PlacedTap],
    profile: &Profile,
    facts: Facts<'_>,
) -> (Vec<Leg>, Vec<Fate>) {
    let parts = pairing::parts(taps, facts);
    let passages = pairing::passages(taps, &parts, facts);
    let fills = fill::fills(&passages, profile, facts);
    let alone = pricing::legs(card, &passages, &fills, profile, facts);
    let legs = summing::capped(&summing::changed(&alone, facts), facts);
    let named = |first: usize| Some(LegId { tap: taps[first].id.clone(), companion: 0 });
    let fate = |(at, part): (usize, &Part)| match part {
        Part::Denied => ("denied", None),
        Part::Rides | Part::Boards | Part::Alights => {
            let is_void = parts.contains(&Part::Voids(at));
            (if is_void { "void" } else { "leg" }, named(at))
        }
        Part::Ends(on) | Part::EndsAtOnce(on) => ("leg", named(*on)),
        Part::Repeats(on) => ("repeat", named(*on)),
        Part::Voids(on) => ("void", named(*on)),
    };
    let fates = parts.iter().enumerate().map(fate).collect();
    (legs, fates)
}

/// The sum of some amounts that were each checked when they were read.
fn sum(amounts: impl Iterator<Item = Satang>) -> Satang {
    Satang(amounts.map(|amount| amount.0).sum())
}
