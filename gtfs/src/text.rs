//! Words shown to people, in the languages a feed gives.

use std::fmt;

/// A language that Padriew shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lang {
    /// Thai.
    Th,
    /// English.
    En,
    /// Chinese.
    Zh,
    /// Burmese.
    My,
}

impl Lang {
    /// Every language, in the order in which a panel shows them.
    pub const ALL: [Self; 4] = [Self::Th, Self::En, Self::Zh, Self::My];

    /// The IETF tag.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::Th => "th",
            Self::En => "en",
            Self::Zh => "zh",
            Self::My => "my",
        }
    }

    /// The language of an IETF tag such as `th` or `th-TH`.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or(tag);
        Self::ALL.into_iter().find(|lang| lang.tag().eq_ignore_ascii_case(primary))
    }
}

/// A text in the feed's language, with its translations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// As the feed's main files have it.
    pub plain: Box<str>,
    /// From `translations.txt`, sorted by language, none twice.
    pub translated: Box<[(Lang, Box<str>)]>,
}

impl Text {
    /// A text with no translation.
    #[must_use]
    pub fn new(plain: &str) -> Self {
        Self { plain: plain.into(), translated: Box::default() }
    }

    /// The text in `lang`; for Chinese and Burmese then in English; else as the feed has it. Never
    /// empty when `plain` is not.
    #[must_use]
    pub fn in_lang(&self, lang: Lang) -> &str {
        let given = |lang| self.translated.iter().find(|(l, _)| *l == lang).map(|(_, text)| &**text);
        let second = || if matches!(lang, Lang::Zh | Lang::My) { given(Lang::En) } else { None };
        given(lang).or_else(second).unwrap_or(&self.plain)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.plain)
    }
}
