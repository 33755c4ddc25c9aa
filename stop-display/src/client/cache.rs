//! The last board and its timetable on disk, so that a start without network shows something true.

use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use stop_display::frame::Snap;

/// What is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The board with its timetable.
    pub(crate) snap: Snap,
    /// Server time minus box time, seconds.
    pub(crate) offset_s: f64,
}

/// Reads what was kept; a missing or damaged file is no board.
pub(crate) fn load(file: &Path) -> Option<Kept> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}

/// Keeps a board: written beside and renamed, so that a power cut leaves the old one.
pub(crate) fn save(file: &Path, kept: &Kept) -> std::io::Result<()> {
    let mut beside = PathBuf::from(file).into_os_string();
    beside.push(".new");
    fs::write(&beside, serde_json::to_vec(kept)?)?;
    fs::rename(&beside, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_board_comes_back_and_a_damaged_one_is_no_board() {
        let file = std::env::temp_dir().join(format!("stop-display-cache-{}", std::process::id()));
        let snap = Snap { sched: Some(vec![(5, "B1".into(), 2)]), ..Snap::default() };
        save(&file, &Kept { snap: snap.clone(), offset_s: -7.5 }).unwrap();
        let kept = load(&file).unwrap();
        assert_eq!((kept.snap, kept.offset_s), (snap, -7.5));
        fs::write(&file, b"{\"snap\":").unwrap();
        assert!(load(&file).is_none());
        fs::remove_file(&file).unwrap();
    }
}
