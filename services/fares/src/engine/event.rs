//! What goes into the fare engine, and what comes out.

use crate::card::{Amnesty, Profile};
use crate::clone::Suspicion;
use crate::journal::Journal;
use crate::leg::{Leg, LegId};
use crate::money::Satang;
use crate::place::{Installed, Visit};
use crate::rate::Stops;
use crate::retime::Timed;
use crate::ride::{PlacedTap, Ride};
use crate::tap::{RequestClock, Tap, TapId};
use crate::tariff::Tariffs;
use gtfs::{ServiceDay, Timestamp};
use std::sync::Arc;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The tariffs, old and new.
    Tariffs(Tariffs),
    /// Where the stops of the town are.
    Stops(Stops),
    /// Hours in which a missing tap-off is nobody's fault; all of them.
    Amnesties(Vec<Amnesty>),
    /// Where a terminal is mounted.
    Installed(Arc<str>, Installed),
    /// A trip of a day; comes before what was seen of it.
    Ride(Ride),
    /// Every stored ride of a day has been given.
    RidesEnd(ServiceDay),
    /// A vehicle was seen at a stop.
    Visit(Visit),
    /// The clocks of a request that brought taps, without them: after a start, of those that were read before it; or where
    /// its taps are another engine's affair.
    Heard(Arc<str>, Arc<RequestClock>),
    /// A committed tap, with the number of its row.
    Tap(i64, Arc<Tap>),
    /// A card that has provisional charges or recent taps, after a start: its history is asked for.
    Load(Arc<str>),
    /// Everything of a card since that time is to be priced again: a command bears on it.
    Review(Arc<str>, Timestamp),
    /// What was stored of a card, because [`Effect::Need`] asked for it.
    History(CardHistory),
    /// What is known of a card besides its taps has changed.
    Profile(Arc<str>, Profile),
    /// Money moved by a command or a file.
    Journal(Journal),
    /// A day is being closed: its rides are over, its charges final.
    Cut(ServiceDay),
    /// What the card was charged for days that are cut is to be shared out among agencies.
    Share(Arc<str>),
    /// A day is closed: its books take no more journals.
    Closed(ServiceDay),
    /// Everything that came is to be settled, and what is due by now.
    Tick,
}

/// What follows from it. The driver stores effects and cursors in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The engine can not go on with this card before it has its [`Event::History`] since that time.
    Need(Arc<str>, Timestamp),
    /// The engine can not go on before it has an [`Event::Ride`] for each stored ride of that day, and an
    /// [`Event::RidesEnd`].
    NeedRides(ServiceDay),
    /// A ride, new or with new observations: the facts on which prices rest.
    Ride(Box<Ride>),
    /// What became of a tap, a new revision each time.
    Tap(Box<TapRecord>),
    /// A new revision of a leg; or the newest one again, because what an agency gets of it has changed.
    Leg(Box<PostedLeg>),
    /// A provisional charge; `None` when it is no more.
    Hold(Arc<str>, LegId, Option<Box<Leg>>),
    /// Money moves.
    Journal(Journal),
    /// A card goes on the list of denied cards, or comes off it: `true` to deny.
    Deny(Arc<str>, bool),
    /// A card seems to be in two places. It may be told again of the same two taps.
    Suspect(Box<Suspicion>),
    /// The next moment at which [`Event::Tick`] has something to do.
    WakeAt(Timestamp),
}

/// What became of a tap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapRecord {
    /// The number of its row.
    pub row: i64,
    /// Rises by one with each record of this tap.
    pub rev: u32,
    /// The card.
    pub card: Arc<str>,
    /// The tap with its time and place.
    pub tap: PlacedTap,
    /// How the time was found.
    pub timed: Timed,
    /// What became of it.
    pub fate: TapFate,
}

/// What became of a tap: exactly one of these at any time (I3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TapFate {
    /// It began or ended this leg.
    Leg(LegId),
    /// It was a second tap for this leg.
    Repeat(LegId),
    /// It began or ended this leg, which was not ridden.
    Void(LegId),
    /// The terminal did not let the rider in.
    Denied,
    /// It came more than 56 days late: no money moves.
    Expired,
    /// Its time can not be told yet.
    Quarantine,
}

impl TapFate {
    /// The word in the store, and the leg.
    #[must_use]
    pub fn parts(&self) -> (&'static str, Option<&LegId>) {
        match self {
            Self::Leg(leg) => ("leg", Some(leg)),
            Self::Repeat(leg) => ("repeat", Some(leg)),
            Self::Void(leg) => ("void", Some(leg)),
            Self::Denied => ("denied", None),
            Self::Expired => ("expired", None),
            Self::Quarantine => ("quarantine", None),
        }
    }

    /// The fate of a word and a leg.
    #[must_use]
    pub fn of(word: &str, leg: Option<LegId>) -> Option<Self> {
        Some(match (word, leg) {
            ("leg", Some(leg)) => Self::Leg(leg),
            ("repeat", Some(leg)) => Self::Repeat(leg),
            ("void", Some(leg)) => Self::Void(leg),
            ("denied", None) => Self::Denied,
            ("expired", None) => Self::Expired,
            ("quarantine", None) => Self::Quarantine,
            _ => return None,
        })
    }
}

/// A revision of a leg, posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegRecord {
    /// Rises by one with each revision, from 1.
    pub rev: u32,
    /// The leg with its price.
    pub leg: Leg,
    /// What came too late to be taken from the rider: in `late_writeoff`.
    pub waived: Satang,
    /// The day in whose books it stands. A card with a record of a day is to be shared out ([`Event::Share`]) at its close.
    pub posting_day: ServiceDay,
}

/// What an agency gets of a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// GTFS agency_id.
    pub agency: Arc<str>,
    /// How much.
    pub amount: Satang,
}

/// A leg as it stands in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostedLeg {
    /// Its newest revision.
    pub record: LegRecord,
    /// What an agency has been given of it; `None` before the first close.
    pub share: Option<Share>,
}

/// What was stored of a card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardHistory {
    /// The card.
    pub card: Arc<str>,
    /// From when on its taps and legs are here.
    pub from: Timestamp,
    /// What is known of it besides its taps.
    pub profile: Profile,
    /// What it is owed, posted.
    pub balance: Satang,
    /// Whether it is on the list of denied cards.
    pub is_denied: bool,
    /// Its taps, each with the newest record, and as the terminal told it where it may have to be placed anew.
    pub taps: Vec<(TapRecord, Option<Arc<Tap>>)>,
    /// Its legs, each with the newest revision.
    pub legs: Vec<PostedLeg>,
    /// Its provisional charges.
    pub holds: Vec<(LegId, Satang)>,
}

/// What a terminal shows for a tap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// What the ride costs, as far as is known.
    pub fare: Satang,
    /// What is left on the card after all provisional charges.
    pub balance: Satang,
    /// What can still be charged today; `None` without a cap.
    pub day_left: Option<Satang>,
}

/// The leg of a tap, whoever of it.
pub(crate) fn is_of(leg: &Leg, tap: &TapId) -> bool {
    leg.id.tap == *tap || leg.off.as_ref() == Some(tap)
}
