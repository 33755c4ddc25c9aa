//! Looks into the database behind the server's back: which pings are really there.

use crate::database::Scratch;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, PgConnection, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet};

/// Every stored ping of a device's boot.
const NUMBERS: &str = "select b.device, b.boot, p.seq from ping p join device_boot b on b.id = p.boot_id";

/// What became of the acknowledged pings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// There, once.
    pub(crate) once: u64,
    /// There more than once.
    pub(crate) twice: u64,
    /// Not there.
    pub(crate) missing: u64,
}

/// Compares the database with `wanted`: key id (`device:kid`), boot, and the number below which all were
/// acknowledged.
pub(crate) async fn look_up<'a>(
    scratch: &Scratch,
    wanted: impl Iterator<Item = (&'a str, &'a str, u64)>,
) -> anyhow::Result<Found> {
    Ok(compare(&rows(scratch).await?, wanted))
}

async fn rows(scratch: &Scratch) -> anyhow::Result<Vec<(String, String, i64)>> {
    let url = scratch.url();
    if url.starts_with("sqlite:") {
        let options = SqliteConnectOptions::new().filename(scratch.sqlite_file());
        let mut connection = SqliteConnection::connect_with(&options).await?;
        return Ok(sqlx::query_as(NUMBERS).fetch_all(&mut connection).await?);
    }
    let mut connection = PgConnection::connect(&url).await?;
    Ok(sqlx::query_as(NUMBERS).fetch_all(&mut connection).await?)
}

fn compare<'a>(
    rows: &[(String, String, i64)],
    wanted: impl Iterator<Item = (&'a str, &'a str, u64)>,
) -> Found {
    let mut stored: BTreeMap<(&str, &str), BTreeSet<i64>> = BTreeMap::new();
    let mut found = Found::default();
    for (device, boot, seq) in rows {
        if !stored.entry((device, boot)).or_default().insert(*seq) {
            found.twice += 1;
        }
    }
    for (key_id, boot, below) in wanted {
        let device = key_id.split(':').next().unwrap_or_default();
        let there = stored
            .get(&(device, boot))
            .map_or(0, |seqs| seqs.range(0..i64::try_from(below).unwrap_or(i64::MAX)).count() as u64);
        found.once += there;
        found.missing += below - there;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seq: i64) -> (String, String, i64) {
        ("bus".to_owned(), "b1".to_owned(), seq)
    }

    #[test]
    fn a_gap_is_missing_and_a_repeat_is_twice() {
        let rows = [row(0), row(1), row(3), row(3), row(9)];
        let found = compare(&rows, [("bus:k1", "b1", 4)].into_iter());
        assert_eq!(found, Found { once: 3, twice: 1, missing: 1 });
    }

    #[test]
    fn a_device_that_is_not_there_at_all_is_missing_whole() {
        let found = compare(&[], [("bus:k1", "b1", 7)].into_iter());
        assert_eq!(found, Found { once: 0, twice: 0, missing: 7 });
    }
}
