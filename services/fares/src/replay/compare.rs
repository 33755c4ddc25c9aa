//! What was recomputed of a card against what is stored of it.

use crate::engine::{CardHistory, PostedLeg, TapFate, TapRecord};
use crate::journal::Account;
use crate::leg::{LegId, LegStatus};
use crate::money::Satang;
use crate::tap::TapId;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// What is known of a tap.
    Tap(TapId),
    /// A leg.
    Leg(LegId),
    /// A provisional charge.
    Hold(LegId),
    /// An account; a card's is its posted balance.
    Account(Account),
}

/// Something of which the books say one thing and the taps another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What.
    pub subject: Subject,
    /// Of it, in a word: `time`, `charge`.
    pub what: &'static str,
    /// As it is stored; `nothing` where it is not.
    pub stored: String,
    /// As it follows from the taps.
    pub recomputed: String,
}

/// Writes `tap T-1/2/3`, `leg T-1/2/3`. A card's account is `a card`: its token stands in no message.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tap(tap) => write!(f, "tap {tap}"),
            Self::Leg(leg) => write!(f, "leg {leg}"),
            Self::Hold(leg) => write!(f, "hold {leg}"),
            Self::Account(Account::Card(_)) => f.write_str("a card"),
            Self::Account(account) => write!(f, "account {account}"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, what, stored, recomputed } = self;
        write!(f, "{subject}: {what} is {stored} in the books, and {recomputed} by the taps")
    }
}

/// Puts into `found` what differs between a card as recomputed and as stored; `given` is what journals that are no
/// ride's gave it.
///
/// Compared are, of a tap, its time, how that was found and its bound, its place and its fate; of a leg, its newest
/// revision's status, price, what was waived, the agency's share, day, times and places; every provisional charge; the
/// balance. Left out, because they hang on when the server came to look: the numbers of revisions, the day in whose
/// books a journal stands, and a leg's end, which changes no charge.
pub fn compare(recomputed: &CardHistory, stored: &CardHistory, given: Satang, found: &mut Vec<Difference>) {
    let taps = |history: &'_ CardHistory| {
        history.taps.iter().map(|(tap, _)| (tap.tap.id.clone(), tap.clone())).collect()
    };
    for (id, is, should) in pairs(taps(stored), taps(recomputed)) {
        tap(Subject::Tap(id), is.as_ref(), should.as_ref(), found);
    }
    // A leg that was withdrawn is as if it had never been.
    let counts = |posted: &&PostedLeg| posted.record.leg.status != LegStatus::Withdrawn;
    let legs = |history: &'_ CardHistory| {
        let legs = history.legs.iter().filter(counts);
        legs.map(|posted| (posted.record.leg.id.clone(), posted.clone())).collect()
    };
    for (id, is, should) in pairs(legs(stored), legs(recomputed)) {
        leg(Subject::Leg(id), is.as_ref(), should.as_ref(), found);
    }
    let holds = |history: &'_ CardHistory| history.holds.iter().cloned().collect();
    for (id, is, should) in pairs(holds(stored), holds(recomputed)) {
        let mut of = Of { subject: Subject::Hold(id), found };
        of.differs("amount", &or_nothing(is), &or_nothing(should));
    }
    let mut of = Of { subject: Subject::Account(Account::Card(Arc::clone(&stored.card))), found };
    of.differs("balance", &stored.balance, &Satang(given.0 + recomputed.balance.0));
}

/// What is stored beside what should be, by name.
fn pairs<K: Ord + Clone, V>(
    stored: BTreeMap<K, V>,
    mut recomputed: BTreeMap<K, V>,
) -> Vec<(K, Option<V>, Option<V>)> {
    let mut pairs = Vec::with_capacity(stored.len());
    for (key, is) in stored {
        let should = recomputed.remove(&key);
        pairs.push((key, Some(is), should));
    }
    pairs.extend(recomputed.into_iter().map(|(key, should)| (key, None, Some(should))));
    pairs
}

/// Where differences of one thing go.
struct Of<'a> {
    subject: Subject,
    found: &'a mut Vec<Difference>,
}

impl Of<'_> {
    /// Texts are made for what differs only: nearly nothing does.
    fn differs<T: PartialEq + fmt::Display>(&mut self, what: &'static str, is: &T, should: &T) {
        if is != should {
            self.put(what, is.to_string(), should.to_string());
        }
    }

    fn put(&mut self, what: &'static str, stored: String, recomputed: String) {
        self.found.push(Difference { subject: self.subject.clone(), what, stored, recomputed });
    }
}

fn or_nothing<T: fmt::Display>(value: Option<T>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| value.to_string())
}

fn tap(subject: Subject, is: Option<&TapRecord>, should: Option<&TapRecord>, found: &mut Vec<Difference>) {
    let mut of = Of { subject, found };
    let (Some(is), Some(should)) = (is, should) else {
        let fate = |record: Option<&TapRecord>| or_nothing(record.map(|record| fate(&record.fate)));
        return of.put("fate", fate(is), fate(should));
    };
    of.differs("row", &is.row, &should.row);
    if is.timed != should.timed {
        let time = |record: &TapRecord| {
            let timed = &record.timed;
            format!("{} us by {} within {} ms", timed.t.0, timed.method.word(), timed.bound_ms)
        };
        of.put("time", time(is), time(should));
    }
    if is.tap.place != should.tap.place {
        let place = |record: &TapRecord| {
            let place = &record.tap.place;
            let ride = place.ride.as_ref().map_or_else(String::new, |key| {
                format!(" ride {} of {} at {} s", key.trip, key.day, key.start_s)
            });
            let call = or_nothing(place.sequence);
            format!(
                "vehicle {:?}{ride} call {call} stop {:?} route {:?} network {:?} agency {:?}",
                place.vehicle, place.stop, place.route, place.network, place.agency
            )
        };
        of.put("place", place(is), place(should));
    }
    if is.fate != should.fate {
        of.put("fate", fate(&is.fate), fate(&should.fate));
    }
}

fn fate(fate: &TapFate) -> String {
    let (word, leg) = fate.parts();
    leg.map_or_else(|| word.to_owned(), |leg| format!("{word} {leg}"))
}

fn leg(subject: Subject, is: Option<&PostedLeg>, should: Option<&PostedLeg>, found: &mut Vec<Difference>) {
    let mut of = Of { subject, found };
    let (Some(is), Some(should)) = (is, should) else {
        let leg = |posted: &PostedLeg| {
            let leg = &posted.record.leg;
            format!("{} for {}", leg.status.word(), leg.price.charge)
        };
        return of.put("it", or_nothing(is.map(leg)), or_nothing(should.map(leg)));
    };
    let (stored, ours) = (&is.record.leg, &should.record.leg);
    of.differs("status", &stored.status.word(), &ours.status.word());
    of.differs("charge", &stored.price.charge, &ours.price.charge);
    if stored.price != ours.price && stored.price.charge == ours.price.charge {
        of.put("price", format!("{:?}", stored.price), format!("{:?}", ours.price));
    }
    of.differs("waived", &is.record.waived, &should.record.waived);
    of.differs("share", &share(is), &share(should));
    of.differs("service day", &stored.service_day, &ours.service_day);
    of.differs("start", &stored.start.0, &ours.start.0);
    of.differs("tap off", &or_nothing(stored.off.as_ref()), &or_nothing(ours.off.as_ref()));
    for (what, is, should) in [
        ("agency", &stored.agency, &ours.agency),
        ("network", &stored.network, &ours.network),
        ("route", &stored.route, &ours.route),
        ("trip", &stored.trip, &ours.trip),
        ("vehicle", &stored.vehicle, &ours.vehicle),
        ("first stop", &stored.from, &ours.from),
        ("last stop", &stored.to, &ours.to),
    ] {
        of.differs(what, is, should);
    }
}

/// Who was given nothing was not given anything.
fn share(posted: &PostedLeg) -> String {
    let share = posted.share.as_ref().filter(|share| share.amount.0 != 0);
    share.map_or_else(|| "nothing".to_owned(), |share| format!("{} to {:?}", share.amount, share.agency))
}
