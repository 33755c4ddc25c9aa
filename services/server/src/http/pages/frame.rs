//! What every page has around its contents: language, clock, notices, links.

use super::words::{Words, language, words};
use crate::live::Common;
use crate::state::AppState;
use axum::http::HeaderMap;
use gtfs::{Lang, Timestamp};
use stop_display::board::local;
use stop_display::words::words as board_words;

/// The frame of a page.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) w: &'static Words,
    pub(super) lang: Lang,
    pub(super) now: Timestamp,
    /// Local time, `HH:MM`.
    pub(super) clock: String,
    /// Local time to the second.
    pub(super) clock_s: String,
    /// Local date in words, Buddhist era in Thai.
    pub(super) date: String,
    /// "Sample network, not an official timetable", "simulated vehicles"; empty when neither.
    pub(super) notice: String,
    /// How many times real time the demo clock runs; empty on the real clock.
    pub(super) demo: String,
    /// `?lang=..` when the address asked for a language, else empty.
    pub(super) query: String,
    /// Version of the style sheet and script, for their addresses.
    pub(super) assets: &'static str,
}

impl Frame {
    /// The frame of a request; `asked` is the language in its address.
    pub(super) fn of(
        app: &AppState,
        common: Option<&Common>,
        asked: Option<&str>,
        headers: &HeaderMap,
    ) -> Self {
        let lang = language(asked, headers);
        let now = app.clock.now();
        let tz = common.map_or_else(Vec::new, |common| common.offsets_around(now));
        let second = now.s().rem_euclid(60);
        let clock = local::hhmm(&tz, now.s());
        let notice = common.and_then(|common| common.notice.as_ref());
        Self {
            w: words(lang),
            lang,
            now,
            clock_s: format!("{clock}:{second:02}"),
            clock,
            date: local::date(&tz, now.s(), board_words(lang.tag())),
            notice: notice.map_or_else(String::new, |text| text.get(lang.tag()).to_owned()),
            demo: if app.clock.is_demo() { format!("×{}", app.clock.speed()) } else { String::new() },
            query: asked.map_or_else(String::new, |_| format!("?lang={}", lang.tag())),
            assets: super::super::assets::version(),
        }
    }
}
