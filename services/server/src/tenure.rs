//! Whether this process is the one that tracks, and until when it may believe so.
//!
//! The keeper (`driver/lease.rs`) writes it, everybody else reads. What always holds: a tenure ends by
//! itself at [`Tenure::until`], which is before the lease can pass to another by the database's clock; it
//! counts on the machine's steady clock, which a stopped process (SIGSTOP) does not escape.

use crate::metrics::Metrics;
use crate::process::ProcessId;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use std::sync::atomic::{AtomicBool, Ordering};
use store::Lease;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// The lease, held.
#[derive(Clone, Debug)]
pub struct Tenure {
    /// What every write is fenced with.
    pub lease: Lease,
    /// Renewed before, or over then.
    pub until: Instant,
    /// For so long before it began, nobody may have stored what was observed; real seconds.
    pub gap_s: f64,
}

/// Where this process stands.
#[derive(Clone, Debug, Default)]
pub enum Standing {
    /// It has not heard from the database yet, or not for too long.
    #[default]
    Unknown,
    /// Another process tracks; its number is for people.
    Standby(Option<u32>),
    /// This process tracks.
    Holding(Tenure),
}

/// One label each.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LeaseLabels {
    role: &'static str,
    shard: &'static str,
}

const TRACKING: LeaseLabels = LeaseLabels { role: "tracking", shard: "" };

/// The standing of this process in the role `tracking`.
#[derive(Debug)]
pub struct Office {
    holder: String,
    standing: watch::Sender<Standing>,
    has_company: AtomicBool,
    has_standby: AtomicBool,
    writing: TaskTracker,
    held: Family<LeaseLabels, Gauge>,
    standby: Family<LeaseLabels, Gauge>,
    taken: Family<LeaseLabels, Counter>,
    lost: Family<LeaseLabels, Counter>,
}

impl Office {
    /// Nothing known yet; registers what it counts.
    #[must_use]
    pub fn new(metrics: &Metrics) -> Self {
        let office = Self {
            holder: ProcessId::own().to_string(),
            standing: watch::Sender::default(),
            has_company: AtomicBool::new(false),
            has_standby: AtomicBool::new(false),
            writing: TaskTracker::new(),
            held: Family::default(),
            standby: Family::default(),
            taken: Family::default(),
            lost: Family::default(),
        };
        metrics.register(|registry| {
            registry.register("lease_held", "1 while this process holds the role", office.held.clone());
            let standby = office.standby.clone();
            registry.register("lease_standby", "1 while this process stands by for the role", standby);
            registry.register("lease_taken", "Times this process took the role", office.taken.clone());
            let lost = office.lost.clone();
            registry.register("lease_lost", "Times the role was lost without being given back", lost);
        });
        office
    }

    /// This process, as the lease names its holder.
    #[must_use]
    pub fn holder(&self) -> &str {
        &self.holder
    }

    /// Where this process stands at this moment.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match &*self.standing.borrow() {
            Standing::Holding(tenure) if tenure.until <= Instant::now() => Standing::Unknown,
            standing => standing.clone(),
        }
    }

    /// The tenure, while it lasts.
    #[must_use]
    pub fn tenure(&self) -> Option<Tenure> {
        match self.standing() {
            Standing::Holding(tenure) => Some(tenure),
            Standing::Unknown | Standing::Standby(_) => None,
        }
    }

    /// Whether this process holds the role in this very epoch.
    #[must_use]
    pub fn holds(&self, epoch: i64) -> bool {
        self.tenure().is_some_and(|tenure| tenure.lease.epoch == epoch)
    }

    /// Waits until this process holds the role.
    pub async fn taken(&self) -> Tenure {
        let mut changes = self.standing.subscribe();
        loop {
            changes.mark_unchanged();
            if let Some(tenure) = self.tenure() {
                return tenure;
            }
            // The sender lives in this very value.
            let _ = changes.changed().await;
        }
    }

    /// Waits until this process no longer holds the role in `epoch`.
    pub async fn lost(&self, epoch: i64) {
        let mut changes = self.standing.subscribe();
        loop {
            changes.mark_unchanged();
            let Some(tenure) = self.tenure().filter(|tenure| tenure.lease.epoch == epoch) else { return };
            tokio::select! {
                _ = changes.changed() => {}
                () = tokio::time::sleep_until(tenure.until) => {}
            }
        }
    }

    /// Held by a task whose last write needs the lease.
    pub fn writing(&self) -> TaskTrackerToken {
        self.writing.token()
    }

    /// Waits until every such task has ended.
    pub(crate) async fn written(&self) {
        self.writing.close();
        self.writing.wait().await;
    }

    /// Whether other processes take pings beside this one.
    #[must_use]
    pub fn has_company(&self) -> bool {
        self.has_company.load(Ordering::Relaxed)
    }

    /// Whether another process would take over.
    #[must_use]
    pub fn has_standby(&self) -> bool {
        self.has_standby.load(Ordering::Relaxed)
    }

    /// The keeper's word on [`Office::has_standby`].
    pub(crate) fn stands_alone(&self, stands_alone: bool) {
        self.has_standby.store(!stands_alone, Ordering::Relaxed);
    }

    /// The keeper's word on [`Office::has_company`].
    pub(crate) fn keeps_company(&self, has_company: bool) {
        self.has_company.store(has_company, Ordering::Relaxed);
    }

    /// The keeper's word on where this process stands.
    pub(crate) fn stands(&self, standing: Standing) {
        let held = |standing: &Standing| match standing {
            Standing::Holding(tenure) => Some(tenure.lease.epoch),
            Standing::Unknown | Standing::Standby(_) => None,
        };
        let (before, after) = (held(&self.standing.borrow()), held(&standing));
        self.held.get_or_create(&TRACKING).set(after.is_some().into());
        let standby = matches!(standing, Standing::Standby(_));
        self.standby.get_or_create(&TRACKING).set(standby.into());
        if after.is_some() && before != after {
            self.taken.get_or_create(&TRACKING).inc();
        }
        if before.is_some() && before != after {
            self.lost.get_or_create(&TRACKING).inc();
        }
        self.standing.send_replace(standing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn tenure(epoch: i64, lasts_s: u64) -> Tenure {
        let lease = Lease { role: "tracking".into(), shard: "".into(), holder: "a".into(), epoch };
        Tenure { lease, until: Instant::now() + Duration::from_secs(lasts_s), gap_s: 0.0 }
    }

    #[tokio::test(start_paused = true)]
    async fn a_tenure_that_is_not_renewed_ends_by_itself() {
        let office = Office::new(&Metrics::default());
        office.stands(Standing::Holding(tenure(4, 8)));
        assert!(office.holds(4) && !office.holds(5));
        let begun = Instant::now();
        office.lost(4).await;
        assert_eq!(begun.elapsed(), Duration::from_secs(8));
        assert!(office.tenure().is_none(), "though nobody said so");
        assert!(matches!(office.standing(), Standing::Unknown));
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewed_tenure_goes_on_and_one_that_passed_to_another_is_over_at_once() {
        let office = Office::new(&Metrics::default());
        office.stands(Standing::Holding(tenure(4, 8)));
        tokio::time::advance(Duration::from_secs(7)).await;
        office.stands(Standing::Holding(tenure(4, 8)));
        tokio::time::advance(Duration::from_secs(7)).await;
        assert!(office.holds(4));
        office.stands(Standing::Standby(Some(7)));
        let begun = Instant::now();
        office.lost(4).await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_for_the_role_is_woken_when_it_is_taken() {
        let office = Office::new(&Metrics::default());
        let (tenure, ()) = tokio::join!(office.taken(), async {
            tokio::task::yield_now().await;
            office.stands(Standing::Holding(tenure(9, 8)));
        });
        assert_eq!(tenure.lease.epoch, 9);
    }

    #[test]
    fn what_scrapes_the_metrics_sees_who_holds_and_who_stands_by() {
        let metrics = Metrics::default();
        let office = Office::new(&metrics);
        office.stands(Standing::Standby(None));
        let text = metrics.text();
        assert!(text.contains("padriew_lease_standby{role=\"tracking\",shard=\"\"} 1"), "{text}");
        assert!(text.contains("padriew_lease_held{role=\"tracking\",shard=\"\"} 0"), "{text}");
    }
}
