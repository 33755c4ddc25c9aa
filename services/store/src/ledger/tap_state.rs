//! `tap_state`: when and where taps were, and what became of them.
//!
//! One table for what the design calls `tap_time` and `tap_fate`: both are set by the same step of the engine, and two
//! rows a tap would cost twice.

use super::chain::{Fields, HASH_BYTES, KEPT_BYTES, Link};
use super::leg::Slot;
use super::{Days, TapState, TapStored};
use crate::sql::{Many, Tx, Word, many, on_pool};
use crate::{Db, StoreError};
use fares::{LegId, TapId, TapKind};
use gtfs::{ServiceDay, Timestamp};
use std::sync::{Arc, LazyLock};

/// A row as it stands in the table.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Columns {
    pub(super) id: i64,
    tap: i64,
    terminal: Word,
    epoch: i64,
    seq: i64,
    rev: i64,
    pub(super) card: Word,
    prev: i64,
    posted_us: i64,
    kind: Word,
    pax: i64,
    fate: Word,
    leg: Option<Word>,
    service_day: Word,
    agency: Word,
    network: Word,
    t_us: i64,
    method: Word,
    bound_ms: i64,
    vehicle: Word,
    trip: Word,
    stop: Word,
    route: Word,
    ride_start_s: Option<i64>,
    sequence: Option<i64>,
    pub(super) digest: Vec<u8>,
    pub(super) digest_place: Vec<u8>,
    /// All bytes of the digest, of a row that is being written.
    #[sqlx(skip)]
    whole: [u8; HASH_BYTES],
}

/// The columns of [`Columns`].
macro_rules! tap_columns {
    () => {
        "tap_state.id, tap_state.tap, tap_state.terminal, tap_state.epoch, tap_state.seq, tap_state.rev, \
         tap_state.card, tap_state.prev, tap_state.posted_us, tap_state.kind, tap_state.pax, tap_state.fate, \
         tap_state.leg, tap_state.service_day, tap_state.agency, tap_state.network, tap_state.t_us, \
         tap_state.method, tap_state.bound_ms, tap_state.vehicle, tap_state.trip, tap_state.stop, \
         tap_state.route, tap_state.ride_start_s, tap_state.sequence, \
         tap_state.digest, tap_state.digest_place "
    };
}
pub(super) use tap_columns;

static INSERT: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into tap_state (id, tap, terminal, epoch, seq, rev, card, prev, posted_us, kind, pax, fate, leg, \
         service_day, agency, network, t_us, method, bound_ms, vehicle, trip, stop, route, ride_start_s, sequence, \
         digest, digest_place) values",
        27,
        "",
    )
});

impl Columns {
    pub(super) fn new(slot: &Slot, state: &TapState, salt: &[u8], days: &mut Days) -> Self {
        let mut columns = Self {
            id: slot.id,
            tap: state.tap,
            terminal: Word::from(&state.id.terminal),
            epoch: i64::from(state.id.epoch),
            seq: state.id.seq,
            rev: i64::from(state.rev),
            card: Word::from(&state.card),
            prev: slot.prev,
            posted_us: slot.posted_us,
            kind: state.kind.word().into(),
            pax: i64::from(state.pax),
            fate: Word::from(&state.fate),
            leg: state.leg.as_ref().map(|leg| leg.to_string().into()),
            service_day: days.text(state.service_day),
            agency: Word::from(&state.agency),
            network: Word::from(&state.network),
            t_us: state.t.0,
            method: Word::from(&state.method),
            bound_ms: state.bound_ms,
            vehicle: Word::from(&state.vehicle),
            trip: Word::from(&state.trip),
            stop: Word::from(&state.stop),
            route: Word::from(&state.route),
            ride_start_s: state.ride_start_s.map(i64::from),
            sequence: state.sequence.map(i64::from),
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
        Fields::of("tap_state")
            .int(self.id)
            .int(self.tap)
            .text(&self.terminal)
            .int(self.epoch)
            .int(self.seq)
            .int(self.rev)
            .text(&self.card)
            .int(self.prev)
            .int(self.posted_us)
            .text(&self.kind)
            .int(self.pax)
            .text(&self.fate)
            .maybe_text(self.leg.as_deref())
            .text(&self.service_day)
            .text(&self.agency)
            .text(&self.network)
            .text(&self.route)
            .text(&self.method)
            .int(self.bound_ms)
            .end()
    }

    /// The digest of its place and time.
    pub(super) fn computed_place(&self, salt: &[u8]) -> [u8; KEPT_BYTES] {
        let whole = Fields::of("tap place")
            .bytes(salt)
            .int(self.t_us)
            .text(&self.vehicle)
            .text(&self.trip)
            .text(&self.stop)
            .maybe_int(self.ride_start_s)
            .maybe_int(self.sequence)
            .end();
        std::array::from_fn(|at| whole[at])
    }

    /// Whether the stored digest is that of the row.
    pub(super) fn is_as_written(&self, link: &Link) -> bool {
        self.digest == link.kept[..KEPT_BYTES]
    }

    /// Whether its places were generalised.
    pub(super) fn is_general(&self) -> bool {
        self.ride_start_s.is_none()
            && self.sequence.is_none()
            && [&self.vehicle, &self.trip, &self.stop].iter().all(|text| text.is_empty())
    }

    /// What a row that is being written adds to the chain.
    pub(super) fn link(&self) -> Link {
        Link { kept: self.whole, place: self.digest_place.clone() }
    }

    /// What a row that was read adds to the chain, if it is as it was written.
    pub(super) fn link_read(&self) -> Link {
        Link { kept: self.computed(), place: self.digest_place.clone() }
    }

    pub(super) fn read(self) -> Result<TapStored, StoreError> {
        let wrong = |field: &str| {
            StoreError::Unreadable(format!("tap_state row {}: its {field} can not be read", self.id))
        };
        let leg = self.leg.as_deref().map(|leg| LegId::parse(leg).ok_or_else(|| wrong("leg"))).transpose()?;
        Ok(TapStored {
            posted: Timestamp(self.posted_us),
            state: TapState {
                tap: self.tap,
                rev: u32::try_from(self.rev).map_err(|_beyond| wrong("rev"))?,
                kind: TapKind::from_word(&self.kind).ok_or_else(|| wrong("kind"))?,
                pax: u8::try_from(self.pax).map_err(|_beyond| wrong("pax"))?,
                service_day: ServiceDay::parse(&self.service_day).ok_or_else(|| wrong("service_day"))?,
                id: TapId {
                    epoch: u32::try_from(self.epoch).map_err(|_beyond| wrong("epoch"))?,
                    terminal: self.terminal.into(),
                    seq: self.seq,
                },
                card: self.card.into(),
                fate: self.fate.into(),
                leg,
                agency: self.agency.into(),
                network: self.network.into(),
                t: Timestamp(self.t_us),
                method: self.method.into(),
                bound_ms: self.bound_ms,
                vehicle: self.vehicle.into(),
                trip: self.trip.into(),
                stop: self.stop.into(),
                route: self.route.into(),
                ride_start_s: self.ride_start_s.and_then(|start_s| i32::try_from(start_s).ok()),
                sequence: self.sequence.and_then(|sequence| u32::try_from(sequence).ok()),
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
            .bind(row.tap)
            .bind(Arc::clone(&row.terminal.0))
            .bind(row.epoch)
            .bind(row.seq)
            .bind(row.rev)
            .bind(Arc::clone(&row.card.0))
            .bind(row.prev)
            .bind(row.posted_us)
            .bind(Arc::clone(&row.kind.0))
            .bind(row.pax)
            .bind(Arc::clone(&row.fate.0))
            .bind(row.leg.as_ref().map(|word| Arc::clone(&word.0)))
            .bind(Arc::clone(&row.service_day.0))
            .bind(Arc::clone(&row.agency.0))
            .bind(Arc::clone(&row.network.0))
            .bind(row.t_us)
            .bind(Arc::clone(&row.method.0))
            .bind(row.bound_ms)
            .bind(Arc::clone(&row.vehicle.0))
            .bind(Arc::clone(&row.trip.0))
            .bind(Arc::clone(&row.stop.0))
            .bind(Arc::clone(&row.route.0))
            .bind(row.ride_start_s)
            .bind(row.sequence)
            .bind(row.digest.as_slice())
            .bind(row.digest_place.as_slice()),
        |query, on| query.execute(on).await?
    );
    Ok(())
}

/// Rows with ids from `first` to `last`, as they stand.
pub(super) async fn rows(db: &Db, first: i64, last: i64) -> Result<Vec<Columns>, StoreError> {
    Ok(on_pool!(&db.reads, on => sqlx::query_as(
        concat!("select ", tap_columns!(), "from tap_state where id between $1 and $2 order by id"),
    )
    .bind(first)
    .bind(last)
    .fetch_all(on)
    .await?))
}

impl Db {
    /// At most `rows_max` states of taps of a service day after `id`, with their ids, oldest first: all revisions.
    ///
    /// # Errors
    /// [`StoreError::Away`] or [`StoreError::Unreadable`].
    pub async fn tap_states_of_day(
        &self,
        day: ServiceDay,
        id: i64,
        rows_max: u32,
    ) -> Result<Vec<(i64, TapStored)>, StoreError> {
        let rows: Vec<Columns> = on_pool!(&self.reads, on => sqlx::query_as(concat!(
            "select ",
            tap_columns!(),
            "from tap_state where service_day = $1 and id > $2 order by id limit $3"
        ))
        .bind(day.to_string())
        .bind(id)
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        rows.into_iter().map(|row| Ok((row.id, row.read()?))).collect()
    }
}

impl Db {
    /// Cards of the newest `rows_max` records that were posted since a time.
    ///
    /// # Errors
    /// [`StoreError::Away`].
    pub async fn fare_cards_recent(
        &self,
        since: Timestamp,
        rows_max: u32,
    ) -> Result<Vec<Arc<str>>, StoreError> {
        let rows: Vec<(String,)> = on_pool!(&self.reads, on => sqlx::query_as(
            "select distinct card from (select card, posted_us from tap_state order by id desc limit $2) newest \
             where posted_us >= $1 order by card",
        )
        .bind(since.0)
        .bind(i64::from(rows_max))
        .fetch_all(on)
        .await?);
        Ok(rows.into_iter().map(|(card,)| card.into()).collect())
    }
}
