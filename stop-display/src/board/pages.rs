//! Pages: a panel flips, it never scrolls.

use std::ops::Range;

/// One page: a run of rows in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Which rows.
    pub rows: Range<usize>,
    /// The language.
    pub lang: String,
}

/// The pages of a board: every run of `per_page` rows in each language, Thai first if it is first.
/// There is always at least one page per language.
#[must_use]
pub fn pages(rows: usize, per_page: usize, langs: &[String]) -> Vec<Page> {
    let per_page = per_page.max(1);
    let starts = (0..rows.max(1)).step_by(per_page);
    starts
        .flat_map(|start| {
            let end = (start + per_page).min(rows);
            langs.iter().map(move |lang| Page { rows: start..end, lang: lang.clone() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_on_a_page_in_every_language() {
        let langs = ["th".to_owned(), "en".to_owned()];
        let all: Vec<(Range<usize>, String)> =
            pages(7, 4, &langs).into_iter().map(|page| (page.rows, page.lang)).collect();
        let want = [(0..4, "th"), (0..4, "en"), (4..7, "th"), (4..7, "en")];
        assert_eq!(all, want.map(|(rows, lang)| (rows, lang.to_owned())));
        assert_eq!(pages(0, 4, &langs).len(), 2, "an empty board still has its pages");
    }
}
