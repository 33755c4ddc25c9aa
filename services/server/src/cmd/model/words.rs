//! What was learned in words and tables.

use super::Found;
use gtfs::Timestamp;
use store::LearnedVersion;
use tracking::learned::{Cell, PartShown, RouteRef, Section};
use unicode_width::UnicodeWidthStr;

/// Rows of a table shown without `--all`.
const ROWS_SHOWN: usize = 12;

pub(super) fn text(found: &Found, route: Option<RouteRef>, now: Timestamp, all: bool) -> String {
    let mut lines = heading(found, now);
    for part in found.document.show(route) {
        lines.push(String::new());
        lines.extend(of_part(part, all));
    }
    if !found.kept.is_empty() {
        lines.push(String::new());
        lines.push("kept versions, newest first (--version shows one):".to_owned());
        lines.extend(table(&VERSION_COLUMNS, &found.kept.iter().map(version).collect::<Vec<_>>()));
    }
    lines.join("\n")
}

fn heading(found: &Found, now: Timestamp) -> Vec<String> {
    let (document, feed) = (&found.document, found.document.feed());
    if document.visits() == 0 {
        return vec![
            "Nothing was learned yet. A server saves every 5 minutes while vehicles run; until then"
                .to_owned(),
            "predictions come from the timetable and from what is believed below.".to_owned(),
        ];
    }
    let which = found.stored.as_ref().map_or_else(String::new, |stored| format!("version {}, ", stored.id));
    vec![
        format!("{which}saved {} ({})", minute(document.saved()), ago(now.since_s(document.saved()))),
        format!("learned from {} stop visits", document.visits()),
        format!("on the feed of {}{}, hash {}", feed.publisher, version_of(&feed.version), feed.hash),
    ]
}

fn version_of(version: &str) -> String {
    if version.is_empty() { String::new() } else { format!(", version {version}") }
}

fn of_part(part: PartShown, all: bool) -> Vec<String> {
    let state = match part.version {
        Some(version) => format!("(part {}, version {version}, {} bytes)", part.part, part.byte_count),
        None => format!("(part {}, nothing seen)", part.part),
    };
    match part.sections {
        Err(why) => vec![format!("{}: {why}", part.part)],
        Ok(sections) => {
            let of_section = |section: &Section| of_section(section, &state, all);
            sections.iter().flat_map(of_section).collect()
        }
    }
}

fn of_section(section: &Section, state: &str, all: bool) -> Vec<String> {
    let mut lines = vec![format!("{}  {state}", section.title.to_uppercase())];
    lines.push(format!("  where nothing was seen: {}", section.prior));
    let shown = if all { section.rows.len() } else { section.rows.len().min(ROWS_SHOWN) };
    if shown > 0 {
        lines.extend(table(&section.columns, &section.rows[..shown]));
    }
    if shown < section.rows.len() {
        lines.push(format!("  … and {} more; --all shows them", section.rows.len() - shown));
    }
    if !section.note.is_empty() {
        lines.push(format!("  {}", section.note));
    }
    lines
}

/// Columns as wide as they need to be: words to the left, figures to the right.
fn table(columns: &[&str], rows: &[Vec<Cell>]) -> Vec<String> {
    let cells: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(Cell::to_string).collect()).collect();
    let width = |at: usize| {
        let widest = cells.iter().filter_map(|row| row.get(at)).map(|cell| cell.width()).max();
        widest.unwrap_or(0).max(columns[at].width())
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let is_words = |at: usize| rows.iter().all(|row| matches!(row.get(at), Some(Cell::Text(_)) | None));
    let line = |row: &[String]| {
        let padded = row.iter().zip(&widths).enumerate().map(|(at, (cell, width))| {
            let space = " ".repeat(width.saturating_sub(cell.width()));
            if is_words(at) { format!("{cell}{space}") } else { format!("{space}{cell}") }
        });
        format!("    {}", padded.collect::<Vec<_>>().join("  ")).trim_end().to_owned()
    };
    let head: Vec<String> = columns.iter().map(|&column| column.to_owned()).collect();
    std::iter::once(&head).chain(&cells).map(|row| line(row)).collect()
}

const VERSION_COLUMNS: [&str; 6] = ["version", "saved", "by", "feed version", "stop visits", "bytes"];

fn version(kept: &LearnedVersion) -> Vec<Cell> {
    vec![
        Cell::Count(kept.id.unsigned_abs()),
        Cell::Text(minute(kept.saved)),
        Cell::Text(if kept.by_command { "a command" } else { "the server" }.to_owned()),
        Cell::Text(kept.feed_version.clone()),
        Cell::Count(kept.visits),
        Cell::Count(kept.byte_count),
    ]
}

fn minute(t: Timestamp) -> String {
    t.utc().map_or_else(String::new, |t| t.format("%Y-%m-%d %H:%MZ").to_string())
}

fn ago(age_s: f64) -> String {
    match age_s {
        ..120.0 => format!("{:.0} s ago", age_s.max(0.0)),
        120.0..7_200.0 => format!("{:.0} min ago", age_s / 60.0),
        7_200.0..172_800.0 => format!("{:.0} h ago", age_s / 3_600.0),
        _ => format!("{:.0} days ago", age_s / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracking::learned::Document;

    #[test]
    fn figures_stand_under_each_other_also_beside_thai_names() {
        let row = |name: &str, n: f64| vec![Cell::Text(name.to_owned()), Cell::Number(n, 1)];
        let lines = table(&["stop", "s"], &[row("วัดโสธร", 9.0), row("Pier", 120.5)]);
        let ends: Vec<usize> = lines.iter().map(|line| line.width()).collect();
        assert_eq!(ends, [ends[0]; 3], "{lines:#?}");
        assert_eq!(lines[2], "    Pier    120.5");
    }

    #[test]
    fn a_town_with_no_history_is_told_what_is_believed() {
        let found = Found { document: Document::empty(Timestamp(0)), stored: None, kept: Vec::new() };
        let text = text(&found, None, Timestamp(0), false);
        assert!(text.contains("Nothing was learned yet"), "{text}");
        assert!(text.contains("WAITING WHEN EARLY") && text.contains("80 % of its earliness"), "{text}");
    }
}
