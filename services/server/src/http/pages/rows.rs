//! The rows of a board as pages draw them.

use crate::live::{Common, Topic};
use crate::state::AppState;
use gtfs::{Lang, StopIdx, Timestamp};
use std::fmt::Write;
use stop_display::board::{Board, RowView, View, view};
use stop_display::frame::{RouteInfo, Rung};

/// A driver silent for longer than this is not trusted: the timetable is shown, seconds.
const DRIVER_SILENT_S_MAX: u32 = 60;

/// The board of a stop as words, now, in a language.
pub(super) fn board_view(app: &AppState, topic: &Topic, now: Timestamp, lang: Lang) -> View {
    topic.mark_read(now);
    let board = topic.board();
    let mut snap = board.snap();
    (snap.now, snap.sched) = (now.s(), Some(board.place.sched().calls.clone()));
    let age_s = app.live.hub.driver_age_s(now);
    let mut model = Board::new(snap);
    model.eta_ok =
        app.live.accuracy.trusts(board.place.id()) && age_s.is_some_and(|age_s| age_s <= DRIVER_SILENT_S_MAX);
    view(&model, now.s(), age_s.map(u64::from), lang.tag())
}

/// The class that a rung has in the style sheet.
pub(super) fn rung_word(rung: Rung) -> &'static str {
    match rung {
        Rung::Live => "live",
        Rung::Hold => "hold",
        Rung::Timetable => "timetable",
        Rung::Offline => "offline",
    }
}

/// One departure as a page draws it.
#[derive(Debug)]
pub(super) struct Departure {
    /// The badge of its line.
    pub(super) badge: String,
    pub(super) dest: String,
    pub(super) struck: String,
    pub(super) lead: String,
    /// The lead is words, not a number or a clock time.
    pub(super) is_word: bool,
    pub(super) unit: String,
    pub(super) sub: String,
    pub(super) note: String,
    /// The shape that says where the time comes from.
    pub(super) mark: &'static str,
    /// Kind and text of each small mark.
    pub(super) extras: Vec<(&'static str, String)>,
}

impl From<RowView> for Departure {
    fn from(row: RowView) -> Self {
        Self {
            badge: badge(&row.route),
            dest: row.dest,
            struck: row.time.struck,
            is_word: row.time.lead.chars().any(char::is_alphabetic),
            lead: row.time.lead,
            unit: row.time.unit,
            sub: row.time.sub,
            note: row.time.note,
            mark: row.time.mark.name(),
            extras: row.extras.into_iter().map(|extra| (extra.kind, extra.text)).collect(),
        }
    }
}

/// A stop as lists name it.
#[derive(Debug)]
pub(super) struct StopLink {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) other_name: String,
    pub(super) code: String,
    pub(super) pier: bool,
    pub(super) badges: Vec<String>,
    /// Straight-line distance, metres; empty when it does not matter.
    pub(super) distance_m: String,
}

impl StopLink {
    /// A stop named in a language, with the lines that call there.
    pub(super) fn of(common: &Common, stop: StopIdx, lang: Lang) -> Self {
        let info = common.words.stop(&common.timetable, stop);
        let other = if lang == Lang::Th { Lang::En } else { Lang::Th };
        let name = info.name.get(lang.tag()).to_owned();
        let other_name = info.name.get(other.tag()).to_owned();
        let badges = crate::live::route_infos_at(&common.timetable, stop);
        Self {
            other_name: if other_name == name { String::new() } else { other_name },
            name,
            code: common.timetable.stops[stop.at()].code.to_string(),
            pier: info.kind == "pier",
            id: info.id,
            badges: badges.values().map(badge).collect(),
            distance_m: String::new(),
        }
    }
}

/// A line's badge as a small drawing: a style attribute is not allowed by the content policy, the
/// attributes of a drawing are.
pub(super) fn badge(route: &RouteInfo) -> String {
    let letters = route.name.chars().filter(|letter| !is_mark(*letter)).count();
    let width = (14 + 9 * letters).clamp(30, 140);
    let color = if is_color(&route.color) { &route.color } else { "3A4A52" };
    let text = if is_color(&route.text) { &route.text } else { "FFFFFF" };
    let shape = if route.mode == "ferry" { 13 } else { 6 };
    let mut svg = String::new();
    // Writing to a String can not fail.
    let _ = write!(
        svg,
        "<svg class=\"badge\" width=\"{width}\" height=\"26\" role=\"img\" aria-label=\"{name}\"><rect width=\"{width}\" \
         height=\"26\" rx=\"{shape}\" fill=\"#{color}\"/><text x=\"50%\" y=\"18.5\" text-anchor=\"middle\" \
         fill=\"#{text}\">{name}</text></svg>",
        name = escaped(&route.name),
    );
    svg
}

fn is_color(text: &str) -> bool {
    text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Thai vowels and tones that stand above or below a letter take no width.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{0E31}' | '\u{0E34}'..='\u{0E3A}' | '\u{0E47}'..='\u{0E4E}')
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, letter| {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badge_never_carries_markup_or_a_colour_that_is_none() {
        let route = RouteInfo {
            name: "<b>\"1\"".to_owned(),
            color: "red\" onload=".to_owned(),
            text: "FFFFFF".to_owned(),
            mode: "bus".to_owned(),
        };
        let svg = badge(&route);
        assert!(
            svg.contains("&lt;b&gt;&quot;1&quot;") && svg.contains("#3A4A52") && !svg.contains("onload"),
            "{svg}"
        );
    }
}
