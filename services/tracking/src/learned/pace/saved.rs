//! The pace of atoms in a document, and for people.
//!
//! A row is an atom by its lasting identity, with the stops between which it was first found so that
//! people can tell where it is. An atom that the timetable in force does not have is left out; what it
//! says of the network's dispersion is kept.

use super::{PRIOR_S, Pace, Sums, THETA_PRIOR_S, THETA_S};
use crate::learned::atoms::AtomIdx;
use crate::learned::names::{Bound, Hex64, Names, Naming, RouteRef, StopRef};
use crate::learned::part::{Part, Taken};
use crate::learned::periods::Slot;
use crate::learned::show::{Cell, Section};
use serde::{Deserialize, Serialize};

/// Road pieces shown to people.
const SHOWN_MAX: usize = 40;
/// Pieces with less than this behind them are not shown, aimed seconds: two drives tell nothing.
const SHOWN_S_MIN: f64 = 120.0;

/// An atom: where it is, and what was seen of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    atom: Hex64,
    from: StopRef,
    to: StopRef,
    /// Which piece between the two, and of how many.
    piece: (u16, u16),
    actual_s: f32,
    aimed_s: f32,
    square_s2: f32,
    expected_s: f32,
    /// By half hour and kind of day: actual and aimed seconds.
    #[serde(default)]
    periods: Vec<(u16, f32, f32)>,
}

impl Row {
    fn sums(&self) -> Sums {
        Sums {
            actual_s: f64::from(self.actual_s),
            aimed_s: f64::from(self.aimed_s),
            square_s2: f64::from(self.square_s2),
            expected_s: f64::from(self.expected_s),
        }
    }

    fn in_range(&self) -> bool {
        let sound = |x: f32| x.is_finite() && x >= 0.0;
        [self.actual_s, self.aimed_s, self.square_s2, self.expected_s].into_iter().all(sound)
            && self
                .periods
                .iter()
                .all(|(slot, actual_s, aimed_s)| Slot(*slot).is_one() && sound(*actual_s) && sound(*aimed_s))
    }

    fn factor(&self) -> f64 {
        self.sums().factor(PRIOR_S / f64::from(self.piece.1.max(1)))
    }
}

impl Part for Pace {
    const NAME: &'static str = "pace";
    const VERSION: u32 = 1;
    type Saved = Vec<Row>;

    fn save(&self, names: &mut Naming<'_>) -> Vec<Row> {
        let mut seen: Vec<_> = (0..self.sums.len()).filter(|at| self.sums[*at].aimed_s > 0.0).collect();
        seen.sort_by_key(|at| self.atoms.id(AtomIdx(*at as u32)));
        let row = |at: usize| {
            let (atom, sums) = (AtomIdx(at as u32), &self.sums[at]);
            let place = self.atoms.place(atom);
            Row {
                atom: Hex64(self.atoms.id(atom)),
                from: names.stop(place.from),
                to: names.stop(place.to),
                piece: (place.piece, place.count),
                actual_s: sums.actual_s as f32,
                aimed_s: sums.aimed_s as f32,
                square_s2: sums.square_s2 as f32,
                expected_s: sums.expected_s as f32,
                periods: self
                    .periods
                    .seen(atom)
                    .map(|(slot, seen)| (slot.0, seen.actual_s, seen.aimed_s))
                    .collect(),
            }
        };
        seen.into_iter().map(row).collect()
    }

    fn load(&mut self, saved: Vec<Row>, _bound: &Bound) -> Taken {
        let mut taken = Taken::default();
        let known = self.atoms.by_id();
        self.sums.fill(Sums::default());
        self.all = Sums::default();
        self.periods.clear();
        for row in saved {
            let atom = known.get(&row.atom.0);
            if row.in_range() {
                self.all.add(&row.sums());
            }
            if let (true, Some(atom)) = (taken.row(atom.is_some(), row.in_range()), atom) {
                self.sums[atom.at()] = row.sums();
                for (slot, actual_s, aimed_s) in row.periods {
                    self.periods.add(Slot(slot), *atom, self.sums.len(), actual_s.into(), aimed_s.into());
                }
            }
        }
        self.believe_all();
        taken
    }

    fn fade(&mut self, share: f64) {
        self.sums.iter_mut().for_each(|sums| sums.fade(share));
        self.all.fade(share);
        self.periods.fade(share);
        self.believe_all();
    }

    fn show(saved: &Vec<Row>, names: &Names, route: Option<RouteRef>) -> Vec<Section> {
        if route.is_some() {
            return Vec::new();
        }
        let mut rows: Vec<&Row> = saved.iter().filter(|row| f64::from(row.aimed_s) >= SHOWN_S_MIN).collect();
        rows.sort_by(|a, b| b.factor().total_cmp(&a.factor()).then(a.atom.cmp(&b.atom)));
        let mut all = Sums::default();
        saved.iter().for_each(|row| all.add(&row.sums()));
        let cells = |row: &Row| {
            let whole = if row.piece.1 > 1 {
                format!(" ({}/{})", row.piece.0 + 1, row.piece.1)
            } else {
                String::new()
            };
            vec![
                Cell::Text(format!("{}{whole}", names.stop(row.from))),
                Cell::Text(names.stop(row.to).into()),
                Cell::Number(f64::from(row.aimed_s) / 60.0, 1),
                Cell::Number(row.factor(), 2),
                Cell::Number(row.sums().theta_s(0.0, THETA_S), 0),
            ]
        };
        vec![Section {
            title: "pace of the road, slowest against the timetable first".into(),
            prior: format!(
                "a drive takes what the timetable says (factor 1, weighing {PRIOR_S:.0} s of driving a leg), \
                 with a variance of {THETA_S:.0} s times that"
            ),
            columns: vec!["from", "to", "aimed min seen", "factor", "variance / mean s"],
            rows: rows.iter().take(SHOWN_MAX).map(|row| cells(row)).collect(),
            note: format!(
                "{} road pieces seen; together {:.2} of the aimed time, variance / mean {:.0} s",
                saved.len(),
                all.actual_s / all.aimed_s.max(1.0),
                all.theta_s(THETA_PRIOR_S, THETA_S)
            ),
        }]
    }
}
