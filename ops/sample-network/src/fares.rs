//! The sample tariff as GTFS-Fares v2: the tariff's own export, so that what is published is what is
//! charged.
//!
//! A sample, not a published price. Day caps are in `fare_caps.txt`, which is ours; other readers pass it by.

use crate::FeedFile;
use crate::facts::Facts;
use anyhow::ensure;
use fares::Tariff;

/// All fare files.
pub(crate) fn files(facts: &Facts) -> anyhow::Result<Vec<FeedFile>> {
    let tariff = Tariff::from_file("facts/tariff.toml", include_str!("../facts/tariff.toml"))?;
    for route in &facts.network.route {
        let network = tariff.network_of(&route.id);
        ensure!(network.is_some(), "route {} is in no network of facts/tariff.toml: add it to one", route.id);
    }
    Ok(tariff.export().into_iter().map(|table| FeedFile { name: table.name, text: table.text }).collect())
}
