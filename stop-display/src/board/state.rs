//! The state of a board, built by applying frames.

use super::rung::rung;
use crate::frame::{Cmd, Delta, Fill, Level, Op, Rung, Snap, Takeover, ToPanel};

/// Heartbeats that name a newer state without any change in between before frames count as lost.
const BEHIND_MAX: u8 = 2;

/// What a frame did to a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The board changed.
    Changed,
    /// The board is as before.
    Same,
    /// Frames were lost on the way: connect again and resume.
    Lost,
}

/// The newest known state of a stop's board.
#[derive(Clone, Debug, PartialEq)]
pub struct Board {
    /// The state as one snapshot: rows, timetable, tables.
    pub snap: Snap,
    /// The server trusts its predictions.
    pub eta_ok: bool,
    /// A message that takes the panel over, and the second it ends.
    pub takeover: Option<(Takeover, i64)>,
    behind: u8,
}

impl Board {
    /// A board from a first snapshot, or from one kept on disk.
    #[must_use]
    pub fn new(snap: Snap) -> Self {
        Self { snap, eta_ok: true, takeover: None, behind: 0 }
    }

    /// Takes a frame in. Commands are not for here: see [`Board::command`].
    pub fn apply(&mut self, frame: ToPanel) -> Applied {
        match frame {
            ToPanel::Snap(snap) => {
                self.replace(*snap);
                Applied::Changed
            }
            ToPanel::D(delta) => self.delta(delta),
            ToPanel::Hb(hb) => {
                self.eta_ok = hb.eta.is_none_or(|eta| eta.ok);
                self.behind = if hb.seq > self.snap.seq { self.behind + 1 } else { 0 };
                if self.behind >= BEHIND_MAX { Applied::Lost } else { Applied::Same }
            }
            ToPanel::Cmd(_) | ToPanel::Bye(_) | ToPanel::Unknown => Applied::Same,
        }
    }

    /// A new snapshot; the timetable of an unchanged `sv` is kept with the tables it points into.
    fn replace(&mut self, mut snap: Snap) {
        if snap.sched.is_none() && snap.sv == self.snap.sv && snap.stop.id == self.snap.stop.id {
            let old = std::mem::take(&mut self.snap);
            snap.sched = old.sched;
            for (key, head) in old.heads {
                snap.heads.entry(key).or_insert(head);
            }
            for (key, route) in old.routes {
                snap.routes.entry(key).or_insert(route);
            }
        }
        self.snap = snap;
        self.behind = 0;
    }

    fn delta(&mut self, delta: Delta) -> Applied {
        if delta.seq <= self.snap.seq {
            return Applied::Same;
        }
        if delta.seq != self.snap.seq + 1 {
            return Applied::Lost;
        }
        let snap = &mut self.snap;
        snap.seq = delta.seq;
        snap.heads.extend(delta.heads);
        snap.routes.extend(delta.routes);
        snap.rows.retain(|row| !delta.rm.contains(&row.id) && !delta.up.iter().any(|up| up.id == row.id));
        snap.rows.extend(delta.up);
        if let Some(alerts) = delta.alerts {
            snap.alerts = alerts;
        }
        if let Some(tiles) = delta.tiles {
            snap.tiles = tiles;
        }
        self.behind = 0;
        Applied::Changed
    }

    /// Carries out a command that concerns the board: `takeover`, `clear`, `cfg`.
    ///
    /// # Errors
    /// Why it was not carried out, in a few words for the acknowledgement.
    pub fn command(&mut self, cmd: &Cmd, now: i64) -> Result<(), String> {
        if cmd.exp <= now {
            return Err("expired".into());
        }
        match cmd.op {
            Op::Takeover => {
                let takeover: Takeover =
                    serde_json::from_value(cmd.arg.clone()).map_err(|e| format!("takeover: {e}"))?;
                self.takeover = Some((takeover, cmd.exp));
            }
            Op::Clear => self.takeover = None,
            Op::Cfg => {
                self.snap.cfg = serde_json::from_value(cmd.arg.clone()).map_err(|e| format!("cfg: {e}"))?;
            }
            _ => return Err("not supported".into()),
        }
        Ok(())
    }

    /// The takeover in force, if any: its message, level and how much of the panel it takes.
    #[must_use]
    pub fn takeover_at(&self, now: i64) -> Option<(&Takeover, Level, Fill)> {
        let (takeover, _) = self.takeover.as_ref().filter(|(_, exp)| now < *exp)?;
        Some((takeover, takeover.level, takeover.fill))
    }

    /// The rung at `now`, when the last frame came `age_s` ago (`None`: none since the start).
    #[must_use]
    pub fn rung(&self, now: i64, age_s: Option<u64>) -> Rung {
        let minute = now.div_euclid(60);
        let calls = self.snap.sched.as_deref().unwrap_or_default();
        let left = calls.iter().any(|(aimed, ..)| aimed.div_euclid(60) >= minute);
        rung(age_s, self.snap.ttl, self.eta_ok, left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{EtaHealth, Row, ServerHb, Text};
    use serde_json::json;

    fn row(id: &str) -> Row {
        Row { id: id.into(), ..Row::default() }
    }

    fn board() -> Board {
        let heads = [("1".to_owned(), Text::th_en("ก", "A"))].into();
        let rows = vec![row("a"), row("b")];
        let sched = Some(vec![(100, "B1".into(), 1)]);
        Board::new(Snap { seq: 7, ttl: 90, sv: "v1".into(), rows, sched, heads, ..Snap::default() })
    }

    fn ids(board: &Board) -> Vec<&str> {
        board.snap.rows.iter().map(|row| row.id.as_str()).collect()
    }

    #[test]
    fn a_delta_changes_only_what_it_names() {
        let mut board = board();
        let delta = Delta { seq: 8, up: vec![row("c")], rm: vec!["a".into()], ..Delta::default() };
        assert_eq!(board.apply(ToPanel::D(delta.clone())), Applied::Changed);
        assert_eq!(ids(&board), ["b", "c"]);
        assert_eq!(board.apply(ToPanel::D(delta)), Applied::Same, "the same delta twice");
        assert_eq!(ids(&board), ["b", "c"]);
    }

    #[test]
    fn a_missing_delta_is_noticed_and_changes_nothing() {
        let mut board = board();
        let delta = Delta { seq: 9, rm: vec!["a".into()], ..Delta::default() };
        assert_eq!(board.apply(ToPanel::D(delta)), Applied::Lost);
        assert_eq!(ids(&board), ["a", "b"]);
    }

    #[test]
    fn two_heartbeats_ahead_of_the_board_mean_lost_frames() {
        let mut board = board();
        let hb = ToPanel::Hb(ServerHb { seq: 9, ..ServerHb::default() });
        assert_eq!(board.apply(hb.clone()), Applied::Same);
        assert_eq!(board.apply(hb), Applied::Lost);
    }

    #[test]
    fn a_snapshot_without_timetable_keeps_the_one_of_the_same_version_only() {
        let next = |sv: &str| ToPanel::Snap(Box::new(Snap { sv: sv.into(), seq: 9, ..Snap::default() }));
        let mut same = board();
        same.apply(next("v1"));
        assert!(same.snap.sched.is_some() && same.snap.heads.contains_key("1"));
        assert!(same.snap.rows.is_empty());
        let mut other = board();
        other.apply(next("v2"));
        assert!(other.snap.sched.is_none() && other.snap.heads.is_empty());
    }

    #[test]
    fn withdrawn_predictions_show_the_timetable_until_they_return() {
        let mut board = board();
        let hb = |ok| {
            ToPanel::Hb(ServerHb { seq: 7, eta: Some(EtaHealth { ok, mae: None }), ..ServerHb::default() })
        };
        board.apply(hb(false));
        assert_eq!(board.rung(50, Some(0)), Rung::Timetable);
        board.apply(hb(true));
        assert_eq!(board.rung(50, Some(0)), Rung::Live);
    }

    #[test]
    fn an_expired_or_unknown_command_is_refused_and_a_takeover_ends_by_itself() {
        let mut board = board();
        let arg = json!({"level": "emergency", "fill": "full", "text": {"en": "Go"}});
        let cmd = |op, exp| Cmd { id: "c".into(), op, exp, arg: arg.clone() };
        assert_eq!(board.command(&cmd(Op::Takeover, 10), 10), Err("expired".into()));
        assert_eq!(board.command(&cmd(Op::Unknown, 10), 1), Err("not supported".into()));
        board.command(&cmd(Op::Takeover, 10), 1).unwrap();
        assert!(board.takeover_at(9).is_some() && board.takeover_at(10).is_none());
    }
}
