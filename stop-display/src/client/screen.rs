//! A board in a terminal: one header, rows of one or two lines, one footer, redrawn in place.

use super::width::{cells, fit, fit_right};
use crossterm::style::{Attribute, Color, ContentStyle, StyledContent};
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use crossterm::{cursor, queue, terminal};
use std::io::{Stdout, Write, stdout};
use std::ops::Range;
use stop_display::board::{Extra, Mark, RowView, View};
use stop_display::frame::Rung;

/// The size when the output is no terminal.
const SIZE_DEFAULT: (u16, u16) = (80, 24);
/// Header, its rule, the footer and its rule.
const FRAME_LINES: usize = 6;
/// Cells of a route badge.
const BADGE_CELLS: usize = 7;
/// Cells of the time column.
const TIME_CELLS: usize = 22;

const GOLD: Color = Color::Rgb { r: 243, g: 183, b: 47 };
const GREEN: Color = Color::Rgb { r: 95, g: 227, b: 172 };
const SOFT: Color = Color::Rgb { r: 160, g: 178, b: 190 };
const RED: Color = Color::Rgb { r: 255, g: 150, b: 150 };
const WHITE: Color = Color::Rgb { r: 242, g: 247, b: 249 };

/// Columns and lines of the terminal.
pub(crate) fn size() -> (u16, u16) {
    terminal::size().ok().filter(|(w, h)| *w > 0 && *h > 0).unwrap_or(SIZE_DEFAULT)
}

/// Prints lines as they are, for `--once`.
pub(crate) fn print_lines(lines: &[String]) -> std::io::Result<()> {
    let mut out = stdout().lock();
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// The terminal, taken over until dropped.
pub(crate) struct Terminal {
    out: Stdout,
    plain: bool,
}

impl Terminal {
    pub(crate) fn open(plain: bool) -> std::io::Result<Self> {
        let mut out = stdout();
        queue!(out, terminal::EnterAlternateScreen, cursor::Hide, terminal::DisableLineWrap)?;
        out.flush()?;
        Ok(Self { out, plain })
    }

    /// How many rows fit beside everything else that is said.
    pub(crate) fn rows_per_page(&self, view: &View) -> usize {
        let said =
            view.over.len() + view.bottom.len() + view.tiles.len() + usize::from(!view.headline.is_empty());
        let room = usize::from(size().1).saturating_sub(FRAME_LINES + said);
        let wanted = (room / 3).max(1);
        if room < 12 { (room / 2).max(1) } else { wanted }
    }

    /// Draws one page.
    pub(crate) fn draw(
        &mut self,
        view: &View,
        rows: Range<usize>,
        page: (usize, usize),
        trouble: Option<&str>,
    ) -> std::io::Result<()> {
        let (w, h) = (usize::from(size().0), usize::from(size().1));
        let brush = Brush { plain: self.plain };
        let rows = view.rows.get(rows).unwrap_or_default();
        let mut lines = brush.header(view, w);
        lines.extend(brush.body(view, rows, w, h));
        let footer = brush.footer(view, page, trouble, w);
        lines.truncate(h.saturating_sub(footer.len()));
        lines.resize(h.saturating_sub(footer.len()), String::new());
        lines.extend(footer);
        queue!(self.out, BeginSynchronizedUpdate)?;
        for (y, line) in lines.iter().enumerate() {
            queue!(self.out, cursor::MoveTo(0, u16::try_from(y).unwrap_or(u16::MAX)))?;
            write!(self.out, "{line}")?;
            queue!(self.out, Clear(ClearType::UntilNewLine))?;
        }
        queue!(self.out, EndSynchronizedUpdate)?;
        self.out.flush()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = queue!(self.out, terminal::EnableLineWrap, cursor::Show, terminal::LeaveAlternateScreen);
        let _ = self.out.flush();
    }
}

/// Turns the parts of a view into lines of exactly the screen's width.
struct Brush {
    plain: bool,
}

impl Brush {
    fn paint(&self, text: &str, ink: Color, bold: bool) -> String {
        if self.plain {
            return text.into();
        }
        let mut style = ContentStyle { foreground_color: Some(ink), ..ContentStyle::default() };
        if bold {
            style.attributes.set(Attribute::Bold);
        }
        StyledContent::new(style, text).to_string()
    }

    fn header(&self, view: &View, w: usize) -> Vec<String> {
        let pair = |left: &str, right: &str| {
            let right_cells = cells(right) + 1;
            (format!(" {}", fit(left, w.saturating_sub(right_cells + 2))), format!(" {right} "))
        };
        let (title, clock) = pair(&view.title, &view.clock);
        let (subtitle, date) = pair(&view.subtitle, &view.date);
        vec![
            self.paint(&title, WHITE, true) + &self.paint(&clock, WHITE, true),
            self.paint(&subtitle, SOFT, false) + &self.paint(&date, SOFT, false),
            self.paint(&"━".repeat(w), GOLD, false),
        ]
    }

    fn body(&self, view: &View, rows: &[RowView], w: usize, h: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let say = |text: &str, ink| self.paint(&fit(&format!(" {text}"), w), ink, true);
        if matches!(view.rung, Rung::Timetable | Rung::Offline) {
            lines.push(say(&format!("◷ {}", view.status), GOLD));
        }
        let alerts = view.full.iter().chain(&view.over).chain(&view.bottom);
        lines.extend(
            alerts.map(|alert| say(&format!("▲ {}", alert.text), if alert.emergency { RED } else { GOLD })),
        );
        if !view.headline.is_empty() {
            lines.push(say(&view.headline, WHITE));
        }
        let airy = lines.len() + FRAME_LINES + rows.len() * 3 <= h;
        for row in rows {
            lines.extend(self.row(row, w));
            if airy {
                lines.push(String::new());
            }
        }
        lines.extend(view.tiles.iter().map(|tile| say(&format!("≈ {} · {}", tile.main, tile.sub), SOFT)));
        lines
    }

    fn row(&self, row: &RowView, w: usize) -> [String; 2] {
        let time = &row.time;
        let lead = [&struck(&time.struck), &time.lead, &time.unit, &time.sub];
        let lead = lead.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" ");
        let dest_cells = w.saturating_sub(BADGE_CELLS + TIME_CELLS + 4);
        let ink = ink(time.mark);
        let first = format!(
            " {} {} {} ",
            self.badge(row),
            self.paint(&fit(&row.dest, dest_cells), WHITE, true),
            self.paint(&fit_right(&lead, TIME_CELLS), ink, true),
        );
        let mut marks = vec![];
        if !time.note.is_empty() {
            marks.push(format!("{} {}", shape(time.mark), time.note));
        }
        marks.extend(row.extras.iter().map(mark_text));
        let indent = " ".repeat(BADGE_CELLS + 2);
        let second = fit(&marks.join("   "), w.saturating_sub(BADGE_CELLS + 3));
        [first, indent + &self.paint(&second, if time.mark == Mark::Live { GREEN } else { SOFT }, false)]
    }

    fn badge(&self, row: &RowView) -> String {
        let name = &row.route.name;
        let left = BADGE_CELLS.saturating_sub(cells(name)) / 2;
        let text = fit(&format!("{}{name}", " ".repeat(left)), BADGE_CELLS);
        if self.plain {
            return text;
        }
        let mut style = ContentStyle {
            background_color: Some(colour(&row.route.color, Color::DarkGrey)),
            foreground_color: Some(colour(&row.route.text, WHITE)),
            ..ContentStyle::default()
        };
        style.attributes.set(Attribute::Bold);
        StyledContent::new(style, text).to_string()
    }

    fn footer(&self, view: &View, page: (usize, usize), trouble: Option<&str>, w: usize) -> Vec<String> {
        let (shape, ink) = match view.rung {
            Rung::Live => ("●", GREEN),
            Rung::Hold => ("○", SOFT),
            Rung::Timetable => ("◷", GOLD),
            Rung::Offline => ("✕", GOLD),
        };
        let said = format!(" {shape} {}", view.status);
        let pages = format!("{}/{} ", page.0, page.1);
        let last = [view.notice.as_str(), trouble.unwrap_or_default()];
        let last = last.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ");
        vec![
            self.paint(&"─".repeat(w), SOFT, false),
            self.paint(&fit(&said, w.saturating_sub(cells(&pages))), ink, true)
                + &self.paint(&pages, SOFT, false),
            self.paint(&fit(&format!(" {last}"), w), SOFT, false),
        ]
    }
}

/// A time that no longer holds, struck through with a combining stroke: no colour needed.
fn struck(text: &str) -> String {
    text.chars().flat_map(|c| [c, '\u{0336}']).collect()
}

fn ink(mark: Mark) -> Color {
    match mark {
        Mark::Live => GREEN,
        Mark::Cancelled => RED,
        Mark::Timetable => WHITE,
        Mark::Held | Mark::Unconfirmed | Mark::Gone => SOFT,
    }
}

/// A shape beside the word, so that colour is never the only difference.
fn shape(mark: Mark) -> &'static str {
    match mark {
        Mark::Live => "●",
        Mark::Held => "○",
        Mark::Timetable => "◷",
        Mark::Unconfirmed => "?",
        Mark::Cancelled => "✕",
        Mark::Gone => "→",
    }
}

fn mark_text(extra: &Extra) -> String {
    let shape = match extra.kind {
        "wc" => "♿\u{FE0E}",
        "ev" => "ϟ",
        _ => "",
    };
    format!("{shape}{}", extra.text)
}

/// A GTFS colour; anything else than six hex digits is ignored.
fn colour(hex: &str, otherwise: Color) -> Color {
    let part = |at: usize| hex.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
    match (hex.len(), part(0), part(2), part(4)) {
        (6, Some(r), Some(g), Some(b)) => Color::Rgb { r, g, b },
        _ => otherwise,
    }
}
