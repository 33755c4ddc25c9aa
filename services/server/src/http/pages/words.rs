//! The texts of the rider pages: one file per language, checked by the compiler to be complete.
//!
//! Words of boards (minutes, sources, states) are not here: they are `stop_display::words`, so that a
//! panel and a page never say the same thing differently. Thai needs a native reader before release.

mod en;
mod th;

use axum::http::{HeaderMap, header};
use gtfs::Lang;

/// The texts of one language.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) tag: &'static str,
    pub(super) other_tag: &'static str,
    pub(super) other_name: &'static str,
    pub(super) headline: &'static str,
    pub(super) lead: &'static str,
    pub(super) search: &'static str,
    pub(super) search_hint: &'static str,
    pub(super) found_none: &'static str,
    pub(super) found: &'static str,
    pub(super) places: &'static str,
    pub(super) lines: &'static str,
    pub(super) stops_of: &'static str,
    pub(super) stop: &'static str,
    pub(super) pier: &'static str,
    pub(super) as_of: &'static str,
    pub(super) reload: &'static str,
    pub(super) departures: &'static str,
    pub(super) nothing_soon: &'static str,
    pub(super) twins: &'static str,
    pub(super) nearby: &'static str,
    pub(super) walk_m: &'static str,
    pub(super) home: &'static str,
    pub(super) demo: &'static str,
    pub(super) for_screens: &'static str,
    pub(super) for_screens_lead: &'static str,
    pub(super) panel: &'static str,
    pub(super) panel_of: &'static str,
    pub(super) for_apps: &'static str,
    pub(super) for_apps_lead: &'static str,
    pub(super) api_departures: &'static str,
    pub(super) api_search: &'static str,
    pub(super) api_socket: &'static str,
    pub(super) api_trip_updates: &'static str,
    pub(super) api_positions: &'static str,
    pub(super) api_alerts: &'static str,
    pub(super) api_gtfs: &'static str,
    pub(super) api_pings: &'static str,
    pub(super) about: &'static str,
    pub(super) no_feed: &'static str,
    pub(super) no_feed_lead: &'static str,
    pub(super) lost: &'static str,
    pub(super) lost_lead: &'static str,
    pub(super) skip_to: &'static str,
    pub(super) wheelchair: &'static str,
}

/// The texts of a language; English for those without a file.
pub(super) fn words(lang: Lang) -> &'static Words {
    match lang {
        Lang::Th => &th::WORDS,
        _ => &en::WORDS,
    }
}

/// The language of a request: asked for in the address, else the first the browser prefers, else Thai.
pub(super) fn language(asked: Option<&str>, headers: &HeaderMap) -> Lang {
    let supported = |tag: &str| Lang::from_tag(tag).filter(|lang| matches!(lang, Lang::Th | Lang::En));
    let preferred =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // Browsers send their languages best first; weights only repeat that order.
    let preferred =
        preferred.split(',').find_map(|part| supported(part.split(';').next().unwrap_or_default().trim()));
    asked.and_then(supported).or(preferred).unwrap_or(Lang::Th)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn the_address_wins_over_the_browser_and_thai_is_the_last_word() {
        let browser =
            |text| HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, HeaderValue::from_static(text))]);
        assert_eq!(language(Some("en"), &browser("th")), Lang::En);
        assert_eq!(language(None, &browser("de-DE,en-GB;q=0.8,th;q=0.5")), Lang::En);
        assert_eq!(language(Some("xx"), &browser("th-TH,en")), Lang::Th);
        assert_eq!(language(None, &HeaderMap::new()), Lang::Th);
    }
}
