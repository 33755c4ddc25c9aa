//! What to show of a board for one second in one language, and its lines in reading order.

use super::countdown::{Around, Countdown, GONE_KEPT_S, Mark, countdown};
use super::local::{date, hhmm, local_day};
use super::state::Board;
use super::tiles::{TileView, tiles};
use crate::frame::{Alert, Fill, Level, RouteInfo, Row, Rung, Source, State};
use crate::words::{Words, fill, words};

/// Rows a panel shows on all its pages together.
pub const ROWS_MAX: usize = 12;
/// On a full panel a row that left goes after this, seconds.
const GONE_KEPT_FULL_S: i64 = 30;
/// A next departure beyond this gets its own headline, seconds.
const NEXT_FAR_S: i64 = 7_200;

/// Everything a renderer draws.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The language of the texts.
    pub lang: String,
    /// What the panel may claim.
    pub rung: Rung,
    /// The stop's name.
    pub title: String,
    /// The stop's name in the next language, empty when it is the same.
    pub subtitle: String,
    /// Clock time.
    pub clock: String,
    /// Date.
    pub date: String,
    /// The rung in words.
    pub status: String,
    /// A message that takes the whole panel; the rows are empty then.
    pub full: Option<AlertView>,
    /// Messages above the rows.
    pub over: Vec<AlertView>,
    /// Said instead of, or above, the rows: service ended, next departure, no data.
    pub headline: String,
    /// The rows.
    pub rows: Vec<RowView>,
    /// Side tiles.
    pub tiles: Vec<TileView>,
    /// Messages below the rows.
    pub bottom: Vec<AlertView>,
    /// Shown on every page: sample network, simulated vehicles.
    pub notice: String,
}

/// A message to riders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertView {
    /// What it says.
    pub text: String,
    /// It is an emergency.
    pub emergency: bool,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowView {
    /// Stable key, to patch a drawing in place.
    pub id: String,
    /// The badge: name and colours.
    pub route: RouteInfo,
    /// The destination.
    pub dest: String,
    /// The time.
    pub time: Countdown,
    /// Platform, occupancy, charge and the like.
    pub extras: Vec<Extra>,
}

/// A small mark on a row; `text` may be empty where the icon says it all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extra {
    /// Which: `plat`, `wc`, `ev`, `occ`, `sim`.
    pub kind: &'static str,
    /// The visible text.
    pub text: String,
}

impl View {
    /// The visible strings in reading order.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let one = |s: &String| s.clone();
        let mut lines = vec![one(&self.title), one(&self.subtitle), one(&self.clock), one(&self.date)];
        lines.push(one(&self.status));
        lines.extend(self.full.iter().chain(&self.over).map(|a| a.text.clone()));
        lines.push(one(&self.headline));
        lines.extend(self.rows.iter().map(RowView::line));
        lines.extend(self.tiles.iter().map(|t| join(&[&t.main, &t.sub])));
        lines.extend(self.bottom.iter().map(|a| a.text.clone()));
        lines.push(one(&self.notice));
        lines.retain(|line| !line.is_empty());
        lines
    }
}

impl RowView {
    /// The row as one line: route, destination, time, source, marks.
    #[must_use]
    pub fn line(&self) -> String {
        let t = &self.time;
        let mut parts =
            vec![self.route.name.as_str(), &self.dest, &t.struck, &t.lead, &t.unit, &t.sub, &t.note];
        parts.extend(self.extras.iter().map(|extra| extra.text.as_str()));
        join(&parts)
    }
}

fn join(parts: &[&str]) -> String {
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" ")
}

/// What to show at `now` in `lang`, when the last frame came `age_s` ago (`None`: none since the start).
#[must_use]
pub fn view(board: &Board, now: i64, age_s: Option<u64>, lang: &str) -> View {
    let (snap, w) = (&board.snap, words(lang));
    let rung = board.rung(now, age_s);
    let (title, subtitle) = titles(board, lang);
    let mut view = View {
        lang: lang.into(),
        rung,
        title,
        subtitle,
        clock: hhmm(&snap.tz, now),
        date: date(&snap.tz, now, w),
        status: String::new(),
        full: None,
        over: Vec::new(),
        headline: String::new(),
        rows: Vec::new(),
        tiles: tiles(&snap.tiles, now, &snap.tz, w),
        bottom: Vec::new(),
        notice: snap.notice.as_ref().map_or(String::new(), |notice| notice.get(lang).into()),
    };
    messages(board, now, &mut view);
    if view.full.is_none() {
        fill_rows(board, now, w, &mut view);
    }
    view.status = status(&view, w).into();
    view
}

fn titles(board: &Board, lang: &str) -> (String, String) {
    let name = &board.snap.stop.name;
    let title = name.get(lang);
    let others = board.snap.cfg.langs.iter().filter(|l| *l != lang).map(|l| name.get(l));
    let subtitle = others.into_iter().find(|text| *text != title).unwrap_or_default();
    (title.into(), subtitle.into())
}

/// The rung in words; "live times" is only said where a row has a vehicle behind it.
fn status<'a>(view: &View, w: &'a Words) -> &'a str {
    let tracked = view.rows.iter().any(|row| matches!(row.time.mark, Mark::Live | Mark::Held));
    match view.rung {
        Rung::Live if tracked => &w.rung_live,
        Rung::Live => &w.rung_connected,
        Rung::Hold => &w.rung_hold,
        Rung::Timetable => &w.rung_timetable,
        Rung::Offline => &w.rung_offline,
    }
}

/// Sorts the takeover and the alerts in force into their places, emergencies and high priority first.
fn messages(board: &Board, now: i64, view: &mut View) {
    let mut alerts: Vec<&Alert> =
        board.snap.alerts.iter().filter(|alert| alert.until.is_none_or(|until| now < until)).collect();
    alerts.sort_by_key(|a| (a.level != Level::Emergency, std::cmp::Reverse(a.pri), a.id.clone()));
    let takeover = board.takeover_at(now).map(|(takeover, level, fill)| (&takeover.text, level, fill));
    let alerts = alerts.into_iter().map(|alert| (&alert.text, alert.level, alert.fill));
    for (text, level, fill) in takeover.into_iter().chain(alerts) {
        let shown = AlertView { text: text.get(&view.lang).into(), emergency: level == Level::Emergency };
        match fill {
            Fill::Full if view.full.is_none() => view.full = Some(shown),
            Fill::Full | Fill::Overline => view.over.push(shown),
            Fill::Bottom => view.bottom.push(shown),
        }
    }
}

/// The rows of the rung, and the headline when there are none or they are far away.
fn fill_rows(board: &Board, now: i64, w: &Words, view: &mut View) {
    if matches!(view.rung, Rung::Live | Rung::Hold) {
        view.rows = tracked_rows(board, now, w, view);
        if !view.rows.is_empty() {
            return;
        }
    }
    let calls = timetable_calls(board, now);
    view.headline = match calls.first() {
        None if view.rung == Rung::Offline => {
            let tel = &board.snap.cfg.tel;
            let ask = if tel.is_empty() { String::new() } else { fill(&w.ask, "n", tel) };
            join(&[&w.offline, &ask])
        }
        None => w.none_now.clone(),
        Some(next) => headline(board, now, next.a, w),
    };
    view.rows = calls.iter().filter_map(|row| row_view(board, row, now, w, view)).take(ROWS_MAX).collect();
}

fn headline(board: &Board, now: i64, next: i64, w: &Words) -> String {
    let tz = &board.snap.tz;
    let time = hhmm(tz, next);
    if local_day(tz, next) > local_day(tz, now) {
        fill(&w.ended, "t", &time)
    } else if next - now > NEXT_FAR_S {
        fill(&w.next, "t", &time)
    } else {
        String::new()
    }
}

/// The rows of the board in order: boarding and arriving, coming by the time shown, those that should
/// have come but were never seen, then those that left.
fn tracked_rows(board: &Board, now: i64, w: &Words, view: &View) -> Vec<RowView> {
    let mut rows: Vec<&Row> = board.snap.rows.iter().collect();
    rows.sort_by_key(|row| (class(row, now), shown_t(row), row.id.clone()));
    let full = rows.len() > ROWS_MAX;
    let gone_kept_s = if full { GONE_KEPT_FULL_S } else { GONE_KEPT_S };
    rows.retain(|row| row.st != State::Gone || now - shown_t(row) <= gone_kept_s);
    rows.iter().filter_map(|row| row_view(board, row, now, w, view)).take(ROWS_MAX).collect()
}

fn class(row: &Row, now: i64) -> u8 {
    match row.st {
        State::AtStop => 0,
        State::Arriving => 1,
        State::Gone => 4,
        _ if row.src == Source::Unconfirmed && row.a < now => 3,
        _ => 2,
    }
}

fn shown_t(row: &Row) -> i64 {
    match (row.src, row.st) {
        (Source::Live | Source::Held, State::Coming | State::Arriving | State::AtStop | State::Standing)
        | (_, State::Gone) => row.e.unwrap_or(row.a),
        _ => row.a,
    }
}

/// The timetable from now on as rows; what was cancelled before the link died stays cancelled.
fn timetable_calls(board: &Board, now: i64) -> Vec<Row> {
    let cancelled = |a: i64, r: &str, h: u32| {
        let same = |row: &&Row| row.a == a && row.r == r && row.h == h;
        board.snap.rows.iter().filter(same).find(|row| matches!(row.st, State::Cancelled | State::Skipped))
    };
    let calls = board.snap.sched.as_deref().unwrap_or_default();
    let coming = calls.iter().filter(|(a, ..)| a.div_euclid(60) >= now.div_euclid(60));
    let mut rows: Vec<Row> = coming
        .take(2 * ROWS_MAX)
        .map(|(a, r, h)| Row {
            id: format!("s:{a}:{r}:{h}"),
            r: r.clone(),
            h: *h,
            a: *a,
            st: cancelled(*a, r, *h).map_or(State::Coming, |row| row.st),
            ..Row::default()
        })
        .collect();
    rows.sort_by_key(|row| (row.a, row.id.clone()));
    rows
}

fn row_view(board: &Board, row: &Row, now: i64, w: &Words, view: &View) -> Option<RowView> {
    let snap = &board.snap;
    let unknown = || RouteInfo { name: row.r.clone(), ..RouteInfo::default() };
    let route = snap.routes.get(&row.r).cloned().unwrap_or_else(unknown);
    let pier = snap.stop.kind == "pier";
    let around = Around { now, rung: view.rung, ferry: route.mode == "ferry", pier, tz: &snap.tz, words: w };
    let time = countdown(row, &around)?;
    let dest = snap.heads.get(&row.h.to_string()).map_or(String::new(), |head| head.get(&view.lang).into());
    let extras = extras(row, pier, time.mark, snap.notice.is_some(), w);
    Some(RowView { id: row.id.clone(), route, dest, time, extras })
}

/// The marks of a row; a vehicle's own (charge, occupancy) only while it is coming.
fn extras(row: &Row, pier: bool, mark: Mark, noticed: bool, w: &Words) -> Vec<Extra> {
    let mut extras = Vec::new();
    let mut push = |kind: &'static str, text: String| extras.push(Extra { kind, text });
    if matches!(mark, Mark::Cancelled | Mark::Gone) {
        return extras;
    }
    if !row.plat.is_empty() {
        push("plat", fill(if pier { &w.berth } else { &w.platform }, "n", &row.plat));
    }
    if let Some(word) = occupancy(&row.occ, w).filter(|_| matches!(mark, Mark::Live | Mark::Held)) {
        push("occ", word.into());
    }
    if row.wc == 1 {
        push("wc", String::new());
    }
    if row.ev == 1 {
        push("ev", row.soc.map_or(String::new(), |soc| format!("{soc}%")));
    }
    if row.sim == 1 && !noticed {
        push("sim", w.simulated.clone());
    }
    extras
}

/// GTFS-realtime `OccupancyStatus` in four words; `NO_DATA_AVAILABLE` and the like say nothing.
fn occupancy<'a>(status: &str, w: &'a Words) -> Option<&'a str> {
    match status {
        "EMPTY" | "MANY_SEATS" | "MANY_SEATS_AVAILABLE" => Some(&w.occ_many),
        "FEW_SEATS" | "FEW_SEATS_AVAILABLE" => Some(&w.occ_few),
        "STANDING_ROOM_ONLY" | "CRUSHED_STANDING_ROOM_ONLY" => Some(&w.occ_standing),
        "FULL" | "NOT_ACCEPTING_PASSENGERS" => Some(&w.occ_full),
        _ => None,
    }
}
