//! The words a panel shows, per language: one JSON file each in `words/`, shared with the panel page.
//!
//! Wording needs a native reader before release. A language without a file reads as English.

use serde::Deserialize;
use std::sync::LazyLock;

/// All words of one language; `{n}`, `{t}` and the like are filled by [`fill`].
#[derive(Clone, Debug, Default, Deserialize)]
#[expect(missing_docs, reason = "the words name themselves; the files hold them")]
pub struct Words {
    pub min: String,
    pub boarding: String,
    pub stand: String,
    pub stand_1: String,
    pub arriving: String,
    pub berthing: String,
    pub delayed: String,
    pub cancelled: String,
    pub skipped: String,
    pub left_now: String,
    pub left: String,
    pub live: String,
    pub about: String,
    pub scheduled: String,
    pub unconfirmed: String,
    pub simulated: String,
    pub tomorrow: String,
    pub platform: String,
    pub berth: String,
    pub wheelchair: String,
    pub electric: String,
    pub occ_many: String,
    pub occ_few: String,
    pub occ_standing: String,
    pub occ_full: String,
    pub rung_live: String,
    pub rung_connected: String,
    pub rung_hold: String,
    pub rung_timetable: String,
    pub rung_offline: String,
    pub none_now: String,
    pub next: String,
    pub ended: String,
    pub offline: String,
    pub ask: String,
    pub scan: String,
    pub tide: String,
    pub tide_rise: String,
    pub tide_fall: String,
    pub tide_high: String,
    /// From Sunday.
    pub days: [String; 7],
    pub months: [String; 12],
    pub date: String,
    /// Added to the Gregorian year: 543 for the Buddhist era.
    pub year_add: i64,
}

static TH: LazyLock<Words> = LazyLock::new(|| parse(include_str!("../words/th.json")));
static EN: LazyLock<Words> = LazyLock::new(|| parse(include_str!("../words/en.json")));

/// The words of a language, English when there are none.
#[must_use]
pub fn words(lang: &str) -> &'static Words {
    if lang == "th" { &TH } else { &EN }
}

/// `template` with `{key}` replaced by `value`.
#[must_use]
pub fn fill(template: &str, key: &str, value: &str) -> String {
    template.replace(&format!("{{{key}}}"), value)
}

/// The files are part of the program and a test reads them, so the empty words never appear.
fn parse(json: &str) -> Words {
    serde_json::from_str(json).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_word_files_hold_every_word_and_no_other() {
        for json in [include_str!("../words/th.json"), include_str!("../words/en.json")] {
            serde_json::from_str::<Words>(json).unwrap();
        }
        let keys = |json: &str| -> Vec<String> {
            let value: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).unwrap();
            value.keys().cloned().collect()
        };
        assert_eq!(keys(include_str!("../words/th.json")), keys(include_str!("../words/en.json")));
    }

    #[test]
    fn a_template_is_filled() {
        assert_eq!(fill(&words("en").left, "n", "3"), "Left 3 min ago");
        assert_eq!(words("zh").min, "min");
    }
}
