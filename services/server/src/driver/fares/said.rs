//! What operators said of rides: where riders got off, and hours in which readers had failed.
//!
//! Both bear on prices for as long as the rides may be priced again, so an engine that begins reads them back from the
//! commands that were done.

use fares::card::{Amnesty, Confirmed};
use fares::{FareCommand, Tariffs};
use gtfs::{ServiceDay, ServiceTime};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use store::{CommandEvent, Db, StoreError};

/// Commands read at a time.
const PAGE_ROWS: u32 = 1_000;

/// What was said.
#[derive(Debug, Default)]
pub(super) struct Said {
    confirmed: HashMap<Arc<str>, Vec<Confirmed>>,
    amnesties: Vec<(ServiceDay, Vec<Arc<str>>)>,
}

impl Said {
    /// Reads it back.
    pub(super) async fn read(db: &Db) -> Result<Self, StoreError> {
        let (mut said, mut id) = (Self::default(), 0);
        loop {
            let page = db.fare_commands(false, id, PAGE_ROWS).await?;
            let Some(last) = page.last() else { return Ok(said) };
            id = last.id;
            for stored in page.iter().filter(|stored| stored.event == Some(CommandEvent::Done)) {
                said.take(&stored.asked.command);
            }
        }
    }

    /// Takes a command that is about rides; anything else changes nothing.
    pub(super) fn take(&mut self, command: &FareCommand) {
        match command {
            FareCommand::ConfirmTapOff { card, leg, stop } => {
                let confirmed = Confirmed { tap: leg.tap.clone(), stop: Arc::clone(stop) };
                self.confirmed.entry(Arc::clone(card)).or_default().push(confirmed);
            }
            FareCommand::Amnesty { day, routes } => self.amnesties.push((*day, routes.clone())),
            _ => {}
        }
    }

    /// Where a card's rides ended.
    pub(super) fn confirmed(&self, card: &str) -> Vec<Confirmed> {
        self.confirmed.get(card).cloned().unwrap_or_default()
    }

    /// The hours of every amnesty; one without routes is of every network.
    pub(super) fn amnesties(&self, tariffs: &Tariffs) -> Vec<Amnesty> {
        let networks: BTreeSet<&str> = tariffs
            .all()
            .iter()
            .flat_map(|tariff| tariff.rows().networks.iter().map(|network| &*network.id))
            .collect();
        let Some(tariff) = tariffs.all().last() else { return Vec::new() };
        let boundary = ServiceTime(i32::try_from(tariff.limits().day_boundary_s).unwrap_or_default());
        let mut amnesties = Vec::new();
        for (day, routes) in &self.amnesties {
            let (from, until) = (day.at(tariff.tz(), boundary), day.next().at(tariff.tz(), boundary));
            let all = networks.iter().map(|network| Arc::<str>::from(*network));
            let of: Vec<Arc<str>> = if routes.is_empty() { all.collect() } else { routes.clone() };
            amnesties.extend(of.into_iter().map(|of| Amnesty { of, from, until }));
        }
        amnesties
    }
}
