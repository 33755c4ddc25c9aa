//! `leg`: the revisions of legs.

use super::chain::{Fields, HASH_BYTES, KEPT_BYTES, Link};
use super::{Days, LegRow};
use crate::sql::{Many, Tx, Word, many, on_pool};
use crate::words::known;
use crate::{Db, StoreError};
use fares::engine::Share;
use fares::{Leg, LegId, LegStatus, Price, Satang, TapId};
use gtfs::{ServiceDay, Timestamp};
use std::sync::{Arc, LazyLock};

/// A row as it stands in the table.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Columns {
    pub(super) id: i64,
    leg: Word,
    rev: i64,
    pub(super) card: Word,
    prev: i64,
    journal: i64,
    pub(super) posted_us: i64,
    status: Word,
    service_day: Word,
    agency: Word,
    network: Word,
    full_satang: i64,
    alone_satang: i64,
    transfer_satang: i64,
    capped_satang: i64,
    charge_satang: i64,
    share_satang: Option<i64>,
    share_agency: Word,
    waived_satang: i64,
    posting_day: Word,
    tariff: Word,
    product: Word,
    after_leg: Option<Word>,
    cap: Option<Word>,
    off_tap: Option<Word>,
    route: Word,
    trip: Word,
    vehicle: Word,
    from_stop: Word,
    to_stop: Word,
    start_us: i64,
    end_us: i64,
    pub(super) digest: Vec<u8>,
    pub(super) digest_place: Vec<u8>,
    /// All bytes of the digest, of a row that is being written.
    #[sqlx(skip)]
    whole: [u8; HASH_BYTES],
}

/// The columns of [`Columns`], of the table or its alias.
macro_rules! leg_columns {
    () => {
        "leg.id, leg.leg, leg.rev, leg.card, leg.prev, leg.journal, leg.posted_us, leg.status, leg.service_day, \
         leg.agency, leg.network, leg.full_satang, leg.alone_satang, leg.transfer_satang, leg.capped_satang, \
         leg.charge_satang, leg.share_satang, leg.share_agency, leg.waived_satang, leg.posting_day, leg.tariff, leg.product, leg.after_leg, leg.cap, leg.off_tap, \
         leg.route, leg.trip, leg.vehicle, leg.from_stop, leg.to_stop, leg.start_us, leg.end_us, leg.digest, \
         leg.digest_place "
    };
}
pub(super) use leg_columns;

static INSERT: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into leg (id, leg, rev, card, prev, journal, posted_us, status, service_day, agency, network, \
         full_satang, alone_satang, transfer_satang, capped_satang, charge_satang, share_satang, share_agency, \
         waived_satang, posting_day, tariff, product, \
         after_leg, cap, off_tap, route, trip, vehicle, from_stop, to_stop, start_us, end_us, digest, digest_place) \
         values",
        34,
        "",
    )
});

/// Where a row goes: its number, the card's row before it, the journal that posted it, when.
pub(super) struct Slot {
    pub(super) id: i64,
    pub(super) prev: i64,
    pub(super) journal: i64,
    pub(super) posted_us: i64,
}

impl Columns {
    pub(super) fn new(slot: &Slot, row: &LegRow, salt: &[u8], days: &mut Days) -> Self {
        let (leg, price) = (&row.leg, &row.leg.price);
        let mut columns = Self {
            id: slot.id,
            leg: leg.id.to_string().into(),
            rev: i64::from(row.rev),
            card: Word::from(&leg.card),
            prev: slot.prev,
            journal: slot.journal,
            posted_us: slot.posted_us,
            status: leg.status.word().into(),
            service_day: days.text(leg.service_day),
            agency: Word::from(&leg.agency),
            network: Word::from(&leg.network),
            full_satang: price.full.0,
            alone_satang: price.alone.0,
            transfer_satang: price.transfer.0,
            capped_satang: price.capped.0,
            charge_satang: price.charge.0,
            share_satang: row.share.as_ref().map(|share| share.amount.0),
            share_agency: row.share.as_ref().map_or_else(|| "".into(), |share| Word::from(&share.agency)),
            waived_satang: row.waived.0,
            posting_day: days.text(row.posting_day),
            tariff: Word::from(&price.tariff),
            product: Word::from(&price.product),
            after_leg: price.after.as_ref().map(|leg| leg.to_string().into()),
            cap: price.cap.as_ref().map(Word::from),
            off_tap: leg.off.as_ref().map(|tap| tap.to_string().into()),
            route: Word::from(&leg.route),
            trip: Word::from(&leg.trip),
            vehicle: Word::from(&leg.vehicle),
            from_stop: Word::from(&leg.from),
            to_stop: Word::from(&leg.to),
            start_us: leg.start.0,
            end_us: leg.end.0,
            digest: Vec::new(),
            digest_place: Vec::new(),
            whole: [0; HASH_BYTES],
        };
        columns.whole = columns.computed();
        columns.digest = columns.whole[..KEPT_BYTES].to_vec();
        columns.digest_place = columns.computed_place(salt).to_vec();
        columns
    }

    /// The digest of what is kept for ever.
    pub(super) fn computed(&self) -> [u8; HASH_BYTES] {
        Fields::of("leg")
            .int(self.id)
            .text(&self.leg)
            .int(self.rev)
            .text(&self.card)
            .int(self.prev)
            .int(self.journal)
            .int(self.posted_us)
            .text(&self.status)
            .text(&self.service_day)
            .text(&self.agency)
            .text(&self.network)
            .text(&self.route)
            .int(self.full_satang)
            .int(self.alone_satang)
            .int(self.transfer_satang)
            .int(self.capped_satang)
            .int(self.charge_satang)
            .maybe_int(self.share_satang)
            .text(&self.share_agency)
            .int(self.waived_satang)
            .text(&self.posting_day)
            .text(&self.tariff)
            .text(&self.product)
            .maybe_text(self.after_leg.as_deref())
            .maybe_text(self.cap.as_deref())
            .end()
    }

    /// The digest of its places and times.
    pub(super) fn computed_place(&self, salt: &[u8]) -> [u8; KEPT_BYTES] {
        let whole = Fields::of("leg place")
            .bytes(salt)
            .maybe_text(self.off_tap.as_deref())
            .text(&self.trip)
            .text(&self.vehicle)
            .text(&self.from_stop)
            .text(&self.to_stop)
            .int(self.start_us)
            .int(self.end_us)
            .end();
        std::array::from_fn(|at| whole[at])
    }

    /// Whether the stored digest is that of the row.
    pub(super) fn is_as_written(&self, link: &Link) -> bool {
        self.digest == link.kept[..KEPT_BYTES]
    }

    /// Whether its places were generalised.
    pub(super) fn is_general(&self) -> bool {
        self.off_tap.is_none()
            && [&self.trip, &self.vehicle, &self.from_stop, &self.to_stop].iter().all(|text| text.is_empty())
    }

    /// What a row that is being written adds to the chain.
    pub(super) fn link(&self) -> Link {
        Link { kept: self.whole, place: self.digest_place.clone() }
    }

    /// What a row that was read adds to the chain, if it is as it was written.
    pub(super) fn link_read(&self) -> Link {
        Link { kept: self.computed(), place: self.digest_place.clone() }
    }

    pub(super) fn read(self) -> Result<LegRow, StoreError> {
        let wrong =
            |field: &str| StoreError::Unreadable(format!("leg row {}: its {field} can not be read", self.id));
        let off = self
            .off_tap
            .as_deref()
            .map(|tap| TapId::parse(tap).ok_or_else(|| wrong("off_tap")))
            .transpose()?;
        let after = self
            .after_leg
            .as_deref()
            .map(|leg| LegId::parse(leg).ok_or_else(|| wrong("after_leg")))
            .transpose()?;
        Ok(LegRow {
            rev: u32::try_from(self.rev).map_err(|_beyond| wrong("rev"))?,
            waived: Satang(self.waived_satang),
            posting_day: ServiceDay::parse(&self.posting_day).ok_or_else(|| wrong("posting_day"))?,
            share: self
                .share_satang
                .map(|amount| Share { agency: self.share_agency.into(), amount: Satang(amount) }),
            leg: Leg {
                id: LegId::parse(&self.leg).ok_or_else(|| wrong("leg"))?,
                status: known("leg", &self.leg, "status", &self.status, LegStatus::from_word(&self.status))?,
                service_day: ServiceDay::parse(&self.service_day).ok_or_else(|| wrong("service_day"))?,
                card: self.card.into(),
                off,
                agency: self.agency.into(),
                network: self.network.into(),
                route: self.route.into(),
                trip: self.trip.into(),
                vehicle: self.vehicle.into(),
                from: self.from_stop.into(),
                to: self.to_stop.into(),
                start: Timestamp(self.start_us),
                end: Timestamp(self.end_us),
                price: Price {
                    full: Satang(self.full_satang),
                    alone: Satang(self.alone_satang),
                    transfer: Satang(self.transfer_satang),
                    capped: Satang(self.capped_satang),
                    charge: Satang(self.charge_satang),
                    tariff: self.tariff.into(),
                    product: self.product.into(),
                    after,
                    cap: self.cap.map(Into::into),
                },
            },
        })
    }
}

pub(super) async fn insert(tx: &mut Tx, rows: &[Columns]) -> Result<(), sqlx::Error> {
    many!(
        tx,
        INSERT,
        rows,
        |query, row| query
            .bind(row.id)
            .bind(Arc::clone(&row.leg.0))
            .bind(row.rev)
            .bind(Arc::clone(&row.card.0))
            .bind(row.prev)
            .bind(row.journal)
            .bind(row.posted_us)
            .bind(Arc::clone(&row.status.0))
            .bind(Arc::clone(&row.service_day.0))
            .bind(Arc::clone(&row.agency.0))
            .bind(Arc::clone(&row.network.0))
            .bind(row.full_satang)
            .bind(row.alone_satang)
            .bind(row.transfer_satang)
            .bind(row.capped_satang)
            .bind(row.charge_satang)
            .bind(row.share_satang)
            .bind(Arc::clone(&row.share_agency.0))
            .bind(row.waived_satang)
            .bind(Arc::clone(&row.posting_day.0))
            .bind(Arc::clone(&row.tariff.0))
            .bind(Arc::clone(&row.product.0))
            .bind(row.after_leg.as_ref().map(|word| Arc::clone(&word.0)))
            .bind(row.cap.as_ref().map(|word| Arc::clone(&word.0)))
            .bind(row.off_tap.as_ref().map(|word| Arc::clone(&word.0)))
            .bind(Arc::clone(&row.route.0))
            .bind(Arc::clone(&row.trip.0))
            .bind(Arc::clone(&row.vehicle.0))
            .bind(Arc::clone(&row.from_stop.0))
            .bind(Arc::clone(&row.to_stop.0))
            .bind(row.start_us)
            .bind(row.end_us)
            .bind(row.digest.as_slice())
            .bind(row.digest_place.as_slice()),
        |query, on| query.execute(on).await?
    );
    Ok(())
}

/// Rows with ids from `first` to `last`, as they stand.
pub(super) async fn rows(db: &Db, first: i64, last: i64) -> Result<Vec<Columns>, StoreError> {
    Ok(on_pool!(&db.reads, on => sqlx::query_as(
        concat!("select ", leg_columns!(), "from leg where id between $1 and $2 order by id"),
    )
    .bind(first)
    .bind(last)
    .fetch_all(on)
    .await?))
}

impl Db {
    /// Cards that have a leg, or a correction of one, in the books of a day.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn fare_cards_of(&self, posting_day: ServiceDay) -> Result<Vec<Arc<str>>, StoreError> {
        let rows: Vec<(String,)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select distinct card from leg where posting_day = $1 order by card",
        )
        .bind(posting_day.to_string())
        .fetch_all(on)
        .await?);
        Ok(rows.into_iter().map(|(card,)| card.into()).collect())
    }

    /// At most `rows_max` rows of legs of a service day after `id`, with their ids, oldest first: all revisions; the
    /// highest counts, and of two alike the later.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn legs_of_day(
        &self,
        day: ServiceDay,
        id: i64,
        rows_max: u32,
    ) -> Result<Vec<(i64, LegRow)>, StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(
            concat!("select ", leg_columns!(), "from leg where service_day = $1 and id > $2 order by id limit $3"),
        )
        .bind(day.to_string())
        .bind(id)
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        rows.into_iter().map(|row| Ok((row.id, row.read()?))).collect()
    }
}
