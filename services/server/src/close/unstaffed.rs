//! The close where no fare engine runs: right for a day without rides, and no other.

use super::FareWork;
use anyhow::bail;
use fares::Breach;
use gtfs::ServiceDay;
use store::Db;

/// Does nothing, and refuses days on which there was something to do.
pub struct Unstaffed<'a>(pub &'a Db);

impl Unstaffed<'_> {
    async fn nothing_to_do(&self, day: ServiceDay) -> anyhow::Result<()> {
        let rides =
            self.0.legs_of_day(day, 0, 1).await?.len() + self.0.tap_states_of_day(day, 0, 1).await?.len();
        if rides > 0 {
            bail!("day {day} has rides, and this command has no fare engine to end and rate them");
        }
        Ok(())
    }
}

impl FareWork for Unstaffed<'_> {
    async fn end_legs(&self, day: ServiceDay) -> anyhow::Result<()> {
        self.nothing_to_do(day).await
    }

    async fn rate(&self, day: ServiceDay) -> anyhow::Result<()> {
        self.nothing_to_do(day).await
    }

    async fn true_up(&self, day: ServiceDay) -> anyhow::Result<()> {
        self.nothing_to_do(day).await
    }

    async fn apportion(&self, day: ServiceDay) -> anyhow::Result<()> {
        self.nothing_to_do(day).await
    }

    /// Without rides nothing was charged; that is the second way to come to the same figures.
    async fn recompute(&self, day: ServiceDay) -> anyhow::Result<Vec<Breach>> {
        self.nothing_to_do(day).await?;
        Ok(Vec::new())
    }
}
