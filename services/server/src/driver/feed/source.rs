//! Where a feed comes from.

use std::path::PathBuf;

/// A zip file, a folder of text files, or an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FeedSource {
    /// On this machine.
    Path(PathBuf),
    /// `https://` or `http://`.
    Url(String),
}

impl FeedSource {
    /// The source that a configured text names; `None` when it names none.
    pub(super) fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_url = text.starts_with("https://") || text.starts_with("http://");
        match text {
            "" => None,
            _ if is_url => Some(Self::Url(text.to_owned())),
            _ => Some(Self::Path(text.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_a_path_and_nothing_are_told_apart() {
        assert_eq!(
            FeedSource::of(" https://example.org/g.zip"),
            Some(FeedSource::Url("https://example.org/g.zip".into()))
        );
        assert_eq!(FeedSource::of("feeds/http.zip"), Some(FeedSource::Path("feeds/http.zip".into())));
        assert_eq!(FeedSource::of("  "), None);
    }
}
