//! `tap_state`: when and where taps were, and what became of them.
//!
//! One table for what the design calls `tap_time` and `tap_fate`: both are set by the same step of the engine, and two
//! rows a tap would cost twice.

use super::chain::{Fields, KEPT_BYTES, Link};
use super::{TapState, TapStored};
use crate::sql::{Many, Tx, many, on_pool};
use crate::{Db, StoreError};
use fares::{LegId, TapId, TapKind};
use gtfs::{ServiceDay, Timestamp};
use std::sync::LazyLock;

/// A row as it stands in the table.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Columns {
    pub(super) id: i64,
    tap: i64,
    terminal: String,
    epoch: i64,
    seq: i64,
    rev: i64,
    pub(super) card: String,
    prev: i64,
    posted_us: i64,
    kind: String,
    pax: i64,
    fate: String,
    leg: Option<String>,
    service_day: String,
    agency: String,
    network: String,
    t_us: i64,
    method: String,
    bound_ms: i64,
    vehicle: String,
    trip: String,
    stop: String,
    pub(super) digest: Vec<u8>,
    pub(super) digest_place: Vec<u8>,
}

/// The columns of [`Columns`].
macro_rules! tap_columns {
    () => {
        "tap_state.id, tap_state.tap, tap_state.terminal, tap_state.epoch, tap_state.seq, tap_state.rev, \
         tap_state.card, tap_state.prev, tap_state.posted_us, tap_state.kind, tap_state.pax, tap_state.fate, \
         tap_state.leg, tap_state.service_day, tap_state.agency, tap_state.network, tap_state.t_us, \
         tap_state.method, tap_state.bound_ms, tap_state.vehicle, tap_state.trip, tap_state.stop, \
         tap_state.digest, tap_state.digest_place "
    };
}
pub(super) use tap_columns;

static INSERT: LazyLock<Many> = LazyLock::new(|| {
    Many::new(
        "insert into tap_state (id, tap, terminal, epoch, seq, rev, card, prev, posted_us, kind, pax, fate, leg, \
         service_day, agency, network, t_us, method, bound_ms, vehicle, trip, stop, digest, digest_place) values",
        24,
        "",
    )
});

impl Columns {
    pub(super) fn new(id: i64, prev: i64, posted_us: i64, state: &TapState, salt: &[u8]) -> Self {
        let mut columns = Self {
            id,
            tap: state.tap,
            terminal: state.id.terminal.as_ref().to_owned(),
            epoch: i64::from(state.id.epoch),
            seq: state.id.seq,
            rev: i64::from(state.rev),
            card: state.card.as_ref().to_owned(),
            prev,
            posted_us,
            kind: state.kind.word().to_owned(),
            pax: i64::from(state.pax),
            fate: state.fate.as_ref().to_owned(),
            leg: state.leg.as_ref().map(LegId::to_string),
            service_day: state.service_day.to_string(),
            agency: state.agency.as_ref().to_owned(),
            network: state.network.as_ref().to_owned(),
            t_us: state.t.0,
            method: state.method.as_ref().to_owned(),
            bound_ms: state.bound_ms,
            vehicle: state.vehicle.as_ref().to_owned(),
            trip: state.trip.as_ref().to_owned(),
            stop: state.stop.as_ref().to_owned(),
            digest: Vec::new(),
            digest_place: Vec::new(),
        };
        columns.digest = columns.computed()[..KEPT_BYTES].to_vec();
        columns.digest_place = columns.computed_place(salt).to_vec();
        columns
    }

    /// The digest of what is kept for ever.
    pub(super) fn computed(&self) -> [u8; super::chain::HASH_BYTES] {
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
            .end();
        std::array::from_fn(|at| whole[at])
    }

    /// Whether the stored digest is that of the row.
    pub(super) fn is_as_written(&self) -> bool {
        self.digest == self.computed()[..KEPT_BYTES]
    }

    /// Whether its places were generalised.
    pub(super) fn is_general(&self) -> bool {
        [&self.vehicle, &self.trip, &self.stop].iter().all(|text| text.is_empty())
    }

    pub(super) fn link(&self) -> Link {
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
            .bind(row.terminal.as_str())
            .bind(row.epoch)
            .bind(row.seq)
            .bind(row.rev)
            .bind(row.card.as_str())
            .bind(row.prev)
            .bind(row.posted_us)
            .bind(row.kind.as_str())
            .bind(row.pax)
            .bind(row.fate.as_str())
            .bind(row.leg.as_deref())
            .bind(row.service_day.as_str())
            .bind(row.agency.as_str())
            .bind(row.network.as_str())
            .bind(row.t_us)
            .bind(row.method.as_str())
            .bind(row.bound_ms)
            .bind(row.vehicle.as_str())
            .bind(row.trip.as_str())
            .bind(row.stop.as_str())
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
