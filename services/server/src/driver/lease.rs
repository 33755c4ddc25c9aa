//! Keeps the lease of the tracking role: takes it, renews it, stands by while another has it.
//!
//! What always holds: this process believes in its tenure only until [`BELIEVED`] after it *asked* for the
//! last renewal that was granted, while the database keeps the lease for [`LEASE_TTL_S`] after that; so it
//! stops before another can begin, whatever its own clock says. What it writes all the same is fenced by the
//! epoch, in the transaction. The lease is given back last of all, when everything is stored.
//!
//! A database that fails does not blind a town without need: where nobody stands by, or where the disk is full
//! and the row still names this process, nobody can take over, and the tenure goes on from memory.

use crate::process::ProcessId;
use crate::role::Role;
use crate::state::AppState;
use crate::tenure::{Standing, Tenure};
use std::time::Duration;
use store::lease::{LEASE_RENEW_S, LEASE_TTL_S};
use store::{Lease, LeaseRow, StoreError};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// The row of the process that tracks.
const TRACKING: &str = "tracking";
/// The row by which a process says that it takes pings though it does not track.
const COMPANY: &str = "ingest beside tracking";
/// The row by which a process says that it would take over.
const STANDBY: &str = "tracking standby";
/// How often a holder renews, and others say that they are there.
const RENEW_EVERY: Duration = Duration::from_secs(LEASE_RENEW_S as u64);
/// How often a standby looks: a lease that was given back passes on within this.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A grant is believed for so long: 2 s less than it lasts, for what is in hand to end.
const BELIEVED: Duration = Duration::from_secs(LEASE_TTL_S as u64 - 2);
/// A database that takes longer to answer counts as away; shorter than [`BELIEVED`] less [`RENEW_EVERY`].
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// How long the last writes under the lease may take when the process goes down.
const WRITTEN_MAX: Duration = Duration::from_millis(1_500);
/// What is observed is stored within this, seconds: the part of a gap that its clocks do not show.
const STORED_WITHIN_S: f64 = 15.0;

/// Runs until `token` is cancelled, then gives the lease back.
///
/// # Errors
/// Never: a database that does not answer is asked again.
pub async fn run(app: AppState, token: CancellationToken) -> anyhow::Result<()> {
    let keeper = Keeper { app };
    loop {
        let due = keeper.look().await;
        tokio::select! {
            () = token.cancelled() => break,
            () = sleep_until(due) => {}
        }
    }
    let _ = timeout(WRITTEN_MAX, keeper.app.office.written()).await;
    keeper.give_back().await;
    Ok(())
}

/// Says, as long as this process takes pings and does not track, that it does: the holder then reads the
/// table too. Only where there is no bus between the processes, see [`super::others`].
///
/// # Errors
/// Never.
pub async fn keep_company(app: AppState, token: CancellationToken) -> anyhow::Result<()> {
    loop {
        let beside =
            matches!(app.office.standing(), Standing::Standby(_)) || !app.config.runs(Role::Tracking);
        if beside && let Err(failure) = app.db.lease_take(COMPANY, "", app.office.holder(), LEASE_TTL_S).await
        {
            tracing::debug!(%failure, "other processes could not be told that this one takes pings");
        }
        tokio::select! {
            () = token.cancelled() => return Ok(()),
            () = tokio::time::sleep(RENEW_EVERY) => {}
        }
    }
}

struct Keeper {
    app: AppState,
}

impl Keeper {
    /// Renews or looks once; returns when to come again.
    async fn look(&self) -> Instant {
        let asked = Instant::now();
        let held = self.app.office.tenure();
        let answer = match &held {
            Some(tenure) => timeout(ANSWER_MAX, self.renew(tenure, asked)).await,
            None => timeout(ANSWER_MAX, self.stand_by(asked)).await,
        };
        let answer = answer.unwrap_or_else(|_elapsed| Err(StoreError::Away("no answer in time".into())));
        match answer {
            Ok(standing) => self.stands(standing),
            Err(failure) => {
                self.failed(&failure, held, asked).await;
                return Instant::now() + LOOK_EVERY;
            }
        }
        if self.app.office.tenure().is_none() {
            return Instant::now() + LOOK_EVERY;
        }
        let _ = timeout(ANSWER_MAX, self.look_around()).await;
        asked + RENEW_EVERY
    }

    /// A tenure goes on until its end, for nobody else can have taken the lease before; and beyond it while
    /// nobody else can take it at all.
    async fn failed(&self, failure: &StoreError, held: Option<Tenure>, asked: Instant) {
        let Some(tenure) = held else {
            tracing::warn!(%failure, "the tracking lease could not be asked for; nothing is tracked here");
            return self.stands(Standing::Unknown);
        };
        let goes_on = match failure {
            // Who wants to take it must write, too.
            StoreError::Full(_) => self.is_ours(&tenure.lease).await,
            _ => !self.app.office.has_standby(),
        };
        if goes_on {
            tracing::warn!(%failure, "the tracking lease could not be renewed; tracking goes on from memory");
            self.stands(Standing::Holding(Tenure { until: asked + BELIEVED, ..tenure }));
        } else {
            tracing::warn!(%failure, "the tracking lease could not be renewed; trying again until it ends");
        }
    }

    async fn is_ours(&self, lease: &Lease) -> bool {
        let row = timeout(ANSWER_MAX, self.app.db.lease_of(TRACKING, "")).await;
        row.is_ok_and(|row| row.is_ok_and(|row| row.is_some_and(|row| row.lease == *lease)))
    }

    async fn renew(&self, tenure: &Tenure, asked: Instant) -> Result<Standing, StoreError> {
        let granted = self.app.db.lease_take(TRACKING, "", self.app.office.holder(), LEASE_TTL_S).await?;
        let Some(lease) = granted else { return self.other().await };
        if lease.epoch == tenure.lease.epoch {
            return Ok(Standing::Holding(Tenure { until: asked + BELIEVED, ..tenure.clone() }));
        }
        // Another held it in between, and gave it up: begin anew, as if it had never been ours.
        self.app.db.lease_release(&lease).await?;
        self.other().await
    }

    /// Takes the lease when nobody holds it, or when whoever does is dead.
    async fn stand_by(&self, asked: Instant) -> Result<Standing, StoreError> {
        let row = self.app.db.lease_of(TRACKING, "").await?;
        let own = |row: &&LeaseRow| &*row.lease.holder == self.app.office.holder();
        if let Some(row) = row.as_ref().filter(|row| row.holds() && !own(row)) {
            if !is_gone(&row.lease.holder) {
                let says = self.app.db.lease_take(STANDBY, "", self.app.office.holder(), LEASE_TTL_S).await;
                if let Err(failure) = says {
                    tracing::debug!(%failure, "the holder could not be told that this process stands by");
                }
                return Ok(Standing::Standby(pid(&row.lease)));
            }
            self.app.db.lease_release(&row.lease).await?;
        }
        let granted = self.app.db.lease_take(TRACKING, "", self.app.office.holder(), LEASE_TTL_S).await?;
        let Some(lease) = granted else { return self.other().await };
        let gap_s = row.as_ref().map_or(0.0, unserved_s) + STORED_WITHIN_S;
        Ok(Standing::Holding(Tenure { lease, until: asked + BELIEVED, gap_s }))
    }

    async fn other(&self) -> Result<Standing, StoreError> {
        let row = self.app.db.lease_of(TRACKING, "").await?;
        Ok(Standing::Standby(row.and_then(|row| pid(&row.lease))))
    }

    /// Who else is there: to take over, and to take pings, for which the table must then be read.
    async fn look_around(&self) {
        if let Some(is_there) = self.is_another(STANDBY).await {
            self.app.office.stands_alone(!is_there);
        }
        if self.app.config.runs(Role::Ingest)
            && let Some(is_there) = self.is_another(COMPANY).await
        {
            self.app.office.keeps_company(is_there);
        }
    }

    async fn is_another(&self, role: &str) -> Option<bool> {
        match self.app.db.lease_of(role, "").await {
            Ok(row) => {
                let row = row.filter(|row| row.holds() && &*row.lease.holder != self.app.office.holder());
                Some(row.is_some_and(|row| !is_gone(&row.lease.holder)))
            }
            Err(failure) => {
                tracing::debug!(%failure, "it is not known which other processes are there");
                None
            }
        }
    }

    /// Says what changed, then lets everybody know.
    fn stands(&self, standing: Standing) {
        match (self.app.office.standing(), &standing) {
            (Standing::Holding(_), Standing::Holding(_)) | (Standing::Unknown, Standing::Unknown) => {}
            (Standing::Standby(before), Standing::Standby(pid)) if before == *pid => {}
            (Standing::Holding(_), _) => {
                tracing::error!("the tracking lease passed to another process; this one stops tracking");
            }
            (_, Standing::Holding(tenure)) => {
                tracing::info!(epoch = tenure.lease.epoch, "this process tracks");
            }
            (_, Standing::Standby(pid)) => tracing::info!(?pid, "standing by: another process tracks"),
            (_, Standing::Unknown) => {}
        }
        self.app.office.stands(standing);
    }

    async fn give_back(&self) {
        let Some(tenure) = self.app.office.tenure() else { return };
        match timeout(ANSWER_MAX, self.app.db.lease_release(&tenure.lease)).await {
            Ok(Ok(())) => tracing::info!("the tracking lease is given back"),
            Ok(Err(failure)) => tracing::warn!(%failure, "the tracking lease ends by itself"),
            Err(_elapsed) => tracing::warn!("the tracking lease ends by itself: the database did not answer"),
        }
    }
}

/// How long ago the last holder surely tracked, seconds.
fn unserved_s(row: &LeaseRow) -> f64 {
    let renewed_us = row.expires_us - i64::from(LEASE_TTL_S) * gtfs::time::MICROS;
    (row.now_us - renewed_us).max(0) as f64 / gtfs::time::MICROS as f64
}

fn is_gone(holder: &str) -> bool {
    holder.parse::<ProcessId>().is_ok_and(|process| process.is_surely_gone())
}

fn pid(lease: &Lease) -> Option<u32> {
    lease.holder.parse::<ProcessId>().ok().map(|process| process.pid())
}
