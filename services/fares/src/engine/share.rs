//! At the close of a day what was charged is shared out; what was shared before and changed since is corrected.

use super::FareEngine;
use super::card::Card;
use super::event::{Effect, Share};
use crate::apportion::{share_out, units};
use crate::journal::{Account, Journal, JournalKind, Posting};
use crate::journey::InForce;
use crate::leg::{Leg, LegId};
use crate::money::Satang;
use gtfs::{ServiceDay, Timestamp};
use std::sync::Arc;

/// How much more of a card's history is asked for where a settlement unit begins before it, days.
const FURTHER_DAYS: i64 = 7;

impl FareEngine {
    /// Shares out what a card was charged for days that are cut; `false` when more of its history has to come first.
    pub(super) fn share(&mut self, now: Timestamp, token: &Arc<str>, effects: &mut Vec<Effect>) -> bool {
        let (Some(cut), Some(tariffs)) = (self.cut, InForce::of(&self.tariffs)) else { return true };
        let (posting_day, tz) = (self.posting_day(cut), self.tz());
        let Some(card) = self.cards.get_mut(token) else { return true };
        let due = match due(card, cut, tariffs, tz) {
            Ok(due) => due,
            Err(earlier) => {
                effects.extend(card.ask(earlier).map(|from| Effect::Need(Arc::clone(token), from)));
                return false;
            }
        };
        let mut postings = Vec::new();
        for (id, share) in due {
            let Some(posted) = card.legs.get_mut(&id) else { continue };
            let is_nothing = posted.share.is_none() && share.amount.0 == 0;
            if posted.share.as_ref() == Some(&share) || is_nothing {
                continue;
            }
            let leg = (id.clone(), posted.record.rev);
            if let Some(before) = &posted.share {
                pay(before, -1, &leg, &mut postings);
            }
            pay(&share, 1, &leg, &mut postings);
            posted.share = Some(share);
            effects.push(Effect::Leg(Box::new(posted.clone())));
        }
        if !postings.is_empty() {
            effects.push(Effect::Journal(journal(token, cut, posting_day, now, postings)));
        }
        true
    }
}

/// The share of every leg in a unit that is not wholly in the day before the history that is needed; or from when on
/// history is missing.
fn due(
    card: &Card,
    cut: ServiceDay,
    tariffs: InForce<'_>,
    tz: chrono_tz::Tz,
) -> Result<Vec<(LegId, Share)>, Timestamp> {
    let mut legs: Vec<&Leg> = card.legs.values().map(|posted| &posted.record.leg).collect();
    legs.retain(|leg| leg.service_day <= cut);
    legs.sort_by(|a, b| (a.start, &a.id).cmp(&(b.start, &b.id)));
    let mut shares = vec![Satang(0); legs.len()];
    let mut due = Vec::new();
    for unit in units(&legs, tariffs) {
        let sure = unit.iter().filter(|&&at| card.is_sure(legs[at], tz)).count();
        if sure == 0 {
            continue;
        }
        if sure < unit.len() {
            return Err(Timestamp(card.loaded_from().0 - FURTHER_DAYS * super::DAY_US));
        }
        share_out(&legs, &unit, &mut shares);
        let share = |at: usize| Share { agency: Arc::clone(&legs[at].agency), amount: shares[at] };
        due.extend(unit.iter().map(|&at| (legs[at].id.clone(), share(at))));
    }
    Ok(due)
}

/// Gives an agency its share, or takes it back.
fn pay(share: &Share, sign: i64, leg: &(LegId, u32), postings: &mut Vec<Posting>) {
    if share.amount.0 != 0 {
        let (debit, leg) = (Satang(sign * share.amount.0), Some(leg.clone()));
        postings.push(Posting { account: Account::FareClearing, debit, leg: leg.clone() });
        let account = Account::AgencyPayable(Arc::clone(&share.agency));
        postings.push(Posting { account, debit: Satang(-debit.0), leg });
    }
}

fn journal(
    token: &Arc<str>,
    cut: ServiceDay,
    posting_day: ServiceDay,
    now: Timestamp,
    postings: Vec<Posting>,
) -> Journal {
    Journal {
        kind: JournalKind::Apportion,
        cause: format!("apportion/{cut}/{token}").into(),
        service_day: cut,
        posting_day,
        effective: now,
        posted: now,
        postings,
    }
}
