//! Settlement files: what each agency is owed for a closed day, with checksums.
//!
//! The last line of a file is `sha256,` and the SHA-256 of all bytes before it; beside it stands a `.sha256` file over
//! the whole, as `sha256sum -c` reads it. A file is a function of the closed day alone: written twice it is the same.

use crate::ingest::seal::hex;
use anyhow::Context;
use fares::settle::{Settlement, settlements};
use gtfs::ServiceDay;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use store::{Db, StoredJournal};

/// Journals read at a time.
const PAGE_ROWS: u32 = 10_000;

/// The text of a settlement file.
#[must_use]
pub fn text(settlement: &Settlement) -> String {
    let mut text = settlement.csv();
    let sum = hex(&Sha256::digest(text.as_bytes()));
    text.push_str(&format!("sha256,{sum}\n"));
    text
}

/// Whether a settlement file is as it was written.
#[must_use]
pub fn is_whole(text: &str) -> bool {
    let Some((lines, sum)) = text.trim_end_matches('\n').rsplit_once("\nsha256,") else { return false };
    hex(&Sha256::digest(format!("{lines}\n").as_bytes())) == sum
}

/// The settlement of each agency for a day, from its journals.
///
/// # Errors
/// When the journals can not be read.
pub async fn of_day(db: &Db, day: ServiceDay) -> anyhow::Result<Vec<Settlement>> {
    let (mut journals, mut id): (Vec<StoredJournal>, i64) = (Vec::new(), 0);
    loop {
        let page = db.journals_of_day(day, id, PAGE_ROWS).await?;
        let Some(last) = page.last() else { break };
        id = last.id;
        journals.extend(page);
    }
    Ok(settlements(day, journals.iter().map(|row| (row.id, &row.journal))))
}

/// Writes a file for each agency into `folder`, and their checksums; the files.
///
/// # Errors
/// When the folder can not be written.
pub async fn write(db: &Db, day: ServiceDay, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    tokio::fs::create_dir_all(folder)
        .await
        .with_context(|| format!("{} can not be made", folder.display()))?;
    for settlement in of_day(db, day).await? {
        let name = format!("settlement-{day}-{}.csv", file_word(&settlement.agency));
        let (path, text) = (folder.join(&name), text(&settlement));
        let sum = format!("{}  {name}\n", hex(&Sha256::digest(text.as_bytes())));
        put(&path, &text).await?;
        put(&folder.join(format!("{name}.sha256")), &sum).await?;
        written.push(path);
    }
    Ok(written)
}

/// Through a file beside it, so that a half-written one never stands under the name.
pub(crate) async fn put(path: &Path, text: &str) -> anyhow::Result<()> {
    let cannot = || format!("{} can not be written", path.display());
    let part = path.with_extension("part");
    tokio::fs::write(&part, text).await.with_context(cannot)?;
    tokio::fs::rename(&part, path).await.with_context(cannot)
}

/// An agency's id as part of a file name; one without an id is `agency`.
fn file_word(agency: &str) -> String {
    let word: String = agency
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' })
        .collect();
    if word.is_empty() { "agency".to_owned() } else { word }
}
