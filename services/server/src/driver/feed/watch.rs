//! Notices that a feed changed.
//!
//! A file is read when its size and times have stood still for one look, so that a half-written zip is
//! left alone; an address is asked with the ETag of the last answer.

use super::fetch::{Fetched, Fetcher};
use super::source::FeedSource;
use super::{FILE_POLL, URL_POLL, URL_RETRY, pack};
use anyhow::Context;
use bytes::Bytes;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// What a file or folder looked like: newest change, total size, how many files.
type Looks = (SystemTime, u64, usize);

/// A source, and what of it was already taken.
pub(super) struct Watch {
    source: FeedSource,
    fetcher: Fetcher,
    taken: Option<Looks>,
    last: Option<Looks>,
}

impl Watch {
    /// Watches a source.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub(super) fn of(source: FeedSource) -> anyhow::Result<Self> {
        let url = match &source {
            FeedSource::Url(url) => url,
            FeedSource::Path(_) => "",
        };
        Ok(Self { fetcher: Fetcher::new(url)?, source, taken: None, last: None })
    }

    /// The feed as a zip, when it is new or changed since the last call.
    ///
    /// # Errors
    /// When it can not be read; the next call tries again.
    pub(super) async fn changed(&mut self) -> anyhow::Result<Option<Bytes>> {
        match &self.source {
            FeedSource::Url(url) => match self.fetcher.fetch(url).await? {
                Fetched::Same => Ok(None),
                Fetched::New(bytes) => Ok(Some(bytes)),
            },
            FeedSource::Path(path) => {
                let looks = look(path)?;
                let first = self.last.is_none();
                let still = first || self.last == Some(looks);
                self.last = Some(looks);
                if !still || self.taken == Some(looks) {
                    return Ok(None);
                }
                let path = path.clone();
                let packed = tokio::task::spawn_blocking(move || pack::zip_of(&path));
                let bytes = packed.await.context("reading the feed was dropped")??;
                self.taken = Some(looks);
                Ok(Some(bytes))
            }
        }
    }

    /// Reads it again at the next call even if nothing changed.
    pub(super) fn forget(&mut self) {
        (self.taken, self.last) = (None, None);
        self.fetcher.forget();
    }

    /// How long to wait before the next look.
    pub(super) fn pause(&self, failed: bool) -> Duration {
        match (&self.source, failed) {
            (FeedSource::Path(_), _) => FILE_POLL,
            (FeedSource::Url(_), false) => URL_POLL,
            (FeedSource::Url(_), true) => URL_RETRY,
        }
    }

    /// The source as configured.
    pub(super) fn name(&self) -> String {
        match &self.source {
            FeedSource::Path(path) => path.display().to_string(),
            FeedSource::Url(url) => url.clone(),
        }
    }
}

fn look(path: &Path) -> anyhow::Result<Looks> {
    let meta = std::fs::metadata(path).with_context(|| format!("{} can not be read", path.display()))?;
    if !meta.is_dir() {
        return Ok((meta.modified()?, meta.len(), 1));
    }
    let mut looks = (meta.modified()?, 0, 0);
    for entry in std::fs::read_dir(path)? {
        let meta = entry?.metadata()?;
        looks = (looks.0.max(meta.modified()?), looks.1 + meta.len(), looks.2 + 1);
    }
    Ok(looks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[tokio::test]
    async fn a_folder_is_taken_once_and_again_after_it_changed_and_stood_still() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            std::fs::File::create(folder.path().join(name)).unwrap().write_all(text.as_bytes()).unwrap();
        };
        write("stops.txt", "stop_id\n1\n");
        let mut watch = Watch::of(FeedSource::Path(folder.path().into())).unwrap();
        assert!(watch.changed().await.unwrap().is_some());
        assert!(watch.changed().await.unwrap().is_none());
        write("trips.txt", "trip_id\n1\n");
        assert!(watch.changed().await.unwrap().is_none(), "it may still be being written");
        assert!(watch.changed().await.unwrap().is_some());
        watch.forget();
        assert!(watch.changed().await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_missing_feed_is_named() {
        let mut watch = Watch::of(FeedSource::Path("/nowhere/feed.zip".into())).unwrap();
        let failure = format!("{:#}", watch.changed().await.unwrap_err());
        assert!(failure.contains("/nowhere/feed.zip"), "{failure}");
    }
}
