//! Proposing a version of the tariff: looked through, held against past days, and stored until two people agree.
//!
//! What always holds: what can not be read, invites not tapping, applies too soon or takes a name that was used is
//! refused, with what to change; nothing is in force because it was proposed.

pub mod report;

use crate::driver::fares::shadow::{Asked, shadow};
use crate::prices;
use fares::tariff::check::check;
use fares::{Tariff, Tariffs};
use gtfs::{ServiceDay, Severity, Timetable};
use report::Report;
use std::sync::Arc;
use store::{Actor, Db, StoreError, TariffProposed};

/// A version as somebody proposes it.
pub struct Proposal<'a> {
    /// Where it is stored.
    pub db: &'a Db,
    /// The files of the configuration.
    pub files: &'a Tariffs,
    /// The timetable that it is checked with.
    pub timetable: Arc<Timetable>,
    /// The name of the file, for what is said of it.
    pub name: &'a str,
    /// The file.
    pub toml: &'a str,
    /// The day from which on it applies: the file says it too.
    pub valid_from: ServiceDay,
    /// Who proposes it, when and why.
    pub by: Actor,
}

/// Why a version was not stored.
#[derive(Debug)]
pub enum ProposeError {
    /// What is wrong with it, and what to change.
    Refused(String),
    /// The rest.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for ProposeError {
    fn from(failure: anyhow::Error) -> Self {
        match failure.downcast::<StoreError>() {
            Ok(failure) => failure.into(),
            Err(failure) => Self::Failed(failure),
        }
    }
}

impl From<StoreError> for ProposeError {
    fn from(failure: StoreError) -> Self {
        match failure {
            StoreError::Refused(why) => Self::Refused(why),
            failure => Self::Failed(failure.into()),
        }
    }
}

fn refuse<T>(why: String) -> Result<T, ProposeError> {
    Err(ProposeError::Refused(why))
}

/// Looks a version through, rates the last 30 days with it, and stores it; its name. The same version again is stored
/// once. `progress` is told how many cards were rated.
///
/// # Errors
/// [`ProposeError`].
pub async fn propose(
    proposal: Proposal<'_>,
    progress: impl FnMut(usize) + Send,
) -> Result<Arc<str>, ProposeError> {
    let Proposal { db, files, timetable, name, toml, valid_from, by } = proposal;
    let tariff = match Tariff::from_file(name, toml) {
        Ok(tariff) => Arc::new(tariff),
        Err(refused) => return refuse(refused.to_string()),
    };
    let version = Arc::clone(tariff.version());
    if !is_name(&version) {
        return refuse(format!(
            "{name}: version {version:?} must be 1 to 64 letters, digits, dots, dashes or underscores"
        ));
    }
    if let Some((stored, _)) = db.tariff_text(&version).await? {
        return if *stored == *toml {
            Ok(version)
        } else {
            refuse(format!(
                "{name}: there is a version {version} with another text; give this one its own name"
            ))
        };
    }
    let versions = db.tariff_versions().await?;
    let approved = prices::of_database(db, &prices::approved(&versions)).await?;
    let base = match files.all() {
        [] => prices::of_feed(&timetable, approved.first().map(|tariff| tariff.valid_from()))?
            .unwrap_or_default(),
        _ => files.clone(),
    };
    let in_force = prices::together(&base, &approved);
    fits(name, &tariff, &in_force, valid_from, &by)?;
    looked_through(name, &tariff, &timetable).await?;
    let asked = Asked { db, in_force: &in_force, proposed: &tariff, timetable: &timetable, now: by.at };
    let (window, rated) = shadow(asked, progress).await?;
    let shadow = serde_json::to_string(&Report::of(window, &rated)).map_err(anyhow::Error::from)?;
    let (toml, valid_from) = (toml.into(), tariff.valid_from());
    let proposed = TariffProposed { version: Arc::clone(&version), toml, valid_from, shadow: shadow.into() };
    db.tariff_propose(&proposed, &by).await?;
    Ok(version)
}

/// Names stand in addresses and in every leg.
fn is_name(version: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    (1..=64).contains(&version.len()) && version.chars().all(is_plain)
}

/// Whether it can follow what is in force.
fn fits(
    name: &str,
    tariff: &Tariff,
    in_force: &Tariffs,
    valid_from: ServiceDay,
    by: &Actor,
) -> Result<(), ProposeError> {
    let says = tariff.service_day_of(tariff.valid_from());
    if says != valid_from {
        return refuse(format!(
            "{name}: valid_from is {says} in the file, and {valid_from} was given; make them one"
        ));
    }
    let today = tariff.service_day_of(by.at);
    if valid_from <= today {
        let next = today.next();
        return refuse(format!(
            "{name}: valid_from is {valid_from}, and that day has begun; take {next} or later"
        ));
    }
    if in_force.all().iter().any(|other| other.version() == tariff.version()) {
        return refuse(format!(
            "{name}: a file of fares.tariff, or the feed, has the version {} already; give this one its own name",
            tariff.version()
        ));
    }
    let Some(last) = in_force.all().last() else { return Ok(()) };
    let days = |tariff: &Tariff| (tariff.tz(), tariff.limits().day_boundary_s, tariff.rows().currency);
    if days(tariff) != days(last) {
        return refuse(format!(
            "{name}: timezone, day boundary and currency must be those of version {}: the books have one of each",
            last.version()
        ));
    }
    Ok(())
}

/// What `padriew tariff check` calls an error keeps a version out: riders would be charged wrongly, or taught not to tap.
async fn looked_through(
    name: &str,
    tariff: &Arc<Tariff>,
    timetable: &Arc<Timetable>,
) -> Result<(), ProposeError> {
    let (tariff, timetable) = (Arc::clone(tariff), Arc::clone(timetable));
    let doubts = tokio::task::spawn_blocking(move || check(&tariff, Some(&timetable))).await;
    let doubts = doubts.map_err(anyhow::Error::from)?;
    let errors = doubts.iter().filter(|doubt| doubt.severity <= Severity::Error);
    let errors: Vec<String> = errors.map(|doubt| format!("{name}: {doubt}")).collect();
    if errors.is_empty() { Ok(()) } else { refuse(errors.join("\n")) }
}
