//! Side tiles as text; a kind this version does not know is not shown.

use super::local::hhmm;
use crate::frame::Tile;
use crate::words::{Words, fill};

/// A tile in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileView {
    /// The tile's kind, for its icon.
    pub id: String,
    /// The value.
    pub main: String,
    /// What goes with it.
    pub sub: String,
}

/// The tiles that are not over yet.
pub(super) fn tiles(tiles: &[Tile], now: i64, tz: &[(i64, i32)], words: &Words) -> Vec<TileView> {
    tiles.iter().filter(|tile| now < tile.until).filter_map(|tile| tide(tile, tz, words)).collect()
}

/// Water level in metres, its trend and the next high water.
fn tide(tile: &Tile, tz: &[(i64, i32)], words: &Words) -> Option<TileView> {
    let cm = tile.data.get("cm").filter(|_| tile.id == "tide")?.as_i64()?;
    let metres = format!("{}{}.{:02}", if cm < 0 { "-" } else { "" }, cm.abs() / 100, cm.abs() % 100);
    let trend = match tile.data.get("trend").and_then(|t| t.as_str()) {
        Some("rise") => words.tide_rise.as_str(),
        Some("fall") => words.tide_fall.as_str(),
        _ => "",
    };
    let high = tile.data.get("high").and_then(serde_json::Value::as_i64);
    let high = high.map_or(String::new(), |t| fill(&words.tide_high, "t", &hhmm(tz, t)));
    let sub = [trend, &high].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" · ");
    Some(TileView { id: tile.id.clone(), main: fill(&words.tide, "n", &metres), sub })
}
