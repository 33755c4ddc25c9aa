//! The honesty ladder: what the age of the link allows a panel to claim.

use crate::frame::Rung;

/// A frame this young makes a board live, seconds.
pub const LIVE_S: u64 = 30;
/// Beyond this age only the timetable is shown, seconds.
pub const HOLD_S: u64 = 90;

/// The rung, from the age of the last frame (`None`: none since the start), the board's `ttl`, the
/// server's trust in its predictions, and whether any timetable is left to show.
#[must_use]
pub fn rung(age_s: Option<u64>, ttl_s: u32, eta_ok: bool, timetable_left: bool) -> Rung {
    let fallen = if timetable_left { Rung::Timetable } else { Rung::Offline };
    match age_s {
        Some(age) if age > HOLD_S || age > u64::from(ttl_s) || !eta_ok => fallen,
        Some(age) if age <= LIVE_S => Rung::Live,
        Some(_) => Rung::Hold,
        None => fallen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_is_climbed_down_by_age_and_never_up_by_itself() {
        let at = |age| rung(age, 90, true, true);
        assert_eq!(at(Some(0)), Rung::Live);
        assert_eq!(at(Some(30)), Rung::Live);
        assert_eq!(at(Some(31)), Rung::Hold);
        assert_eq!(at(Some(90)), Rung::Hold);
        assert_eq!(at(Some(91)), Rung::Timetable);
        assert_eq!(at(None), Rung::Timetable);
        assert_eq!(rung(Some(91), 90, true, false), Rung::Offline);
    }

    #[test]
    fn a_short_ttl_or_withdrawn_predictions_show_the_timetable_at_once() {
        assert_eq!(rung(Some(21), 20, true, true), Rung::Timetable);
        assert_eq!(rung(Some(0), 90, false, true), Rung::Timetable);
        assert_eq!(rung(Some(0), 90, false, false), Rung::Offline);
    }
}
