//! The spread of residuals as it outlives the process: counts by bin, of each cell that saw any.

use super::residuals::Residuals;
use super::{Calibration, HORIZONS_S, PARENT_TRIPS, PHASES, PRIOR_TRIPS};
use crate::gamma::Z;
use crate::learned::names::{Bound, Names, Naming, RouteRef};
use crate::learned::part::{Part, Taken};
use crate::learned::show::{Cell, Section};
use serde::{Deserialize, Serialize};

/// Phases, in the order of [`super::Phase`]: these names never change.
const PHASE_WORDS: [&str; PHASES] = ["mid-trip", "terminal", "next-trip", "ferry"];
/// Horizons as people read them, minutes to go.
const HORIZON_WORDS: [&str; HORIZONS_S.len()] = ["0-3", "3-6", "6-10", "10-15", "15-30"];

/// A cell: phase, end of its horizon in seconds, counts by bin.
type Row = (String, u32, Vec<f32>);

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Saved {
    all: Vec<f32>,
    cells: Vec<Row>,
}

impl Part for Calibration {
    const NAME: &'static str = "calibration";
    const VERSION: u32 = 1;
    type Saved = Saved;

    fn save(&self, _names: &mut Naming<'_>) -> Saved {
        let mut cells = Vec::new();
        for (phase, of_phase) in PHASE_WORDS.iter().zip(&self.cells) {
            let seen = HORIZONS_S.iter().zip(of_phase).filter(|(_, cell)| cell.trips() > 0.0);
            cells.extend(seen.map(|(end_s, cell)| ((*phase).to_owned(), *end_s as u32, cell.bins())));
        }
        let all = if self.all.trips() > 0.0 { self.all.bins() } else { Vec::new() };
        Saved { all, cells }
    }

    fn load(&mut self, saved: Saved, _bound: &Bound) -> Taken {
        let mut taken = Taken::default();
        *self = Self::default();
        if let Some(all) = Residuals::of(&saved.all).filter(|_| !saved.all.is_empty()) {
            self.all = all;
        }
        for (phase, end_s, bins) in saved.cells {
            let phase = PHASE_WORDS.iter().position(|word| *word == phase);
            let horizon = HORIZONS_S.iter().position(|end| *end as u32 == end_s);
            let cell = phase.zip(horizon).map(|(phase, horizon)| &mut self.cells[phase][horizon]);
            let residuals = Residuals::of(&bins);
            let is_taken = taken.row(cell.is_some(), residuals.is_some());
            if let (true, Some(cell), Some(residuals)) = (is_taken, cell, residuals) {
                *cell = residuals;
            }
        }
        self.renew();
        taken
    }

    fn fade(&mut self, share: f64) {
        let cells = self.cells.iter_mut().flatten();
        cells.chain([&mut self.all]).for_each(|residuals| residuals.fade(share));
    }

    fn show(saved: &Saved, _names: &Names, _route: Option<RouteRef>) -> Vec<Section> {
        let all = ("anywhere", "any", saved.all.as_slice());
        let cells = saved.cells.iter().map(|(phase, end_s, bins)| {
            let horizon = HORIZONS_S.iter().position(|end| *end as u32 == *end_s);
            (phase.as_str(), horizon.map_or("?", |at| HORIZON_WORDS[at]), bins.as_slice())
        });
        vec![Section {
            title: "how sure predictions are".into(),
            prior: format!(
                "as sure as predicted: 10 % below {:+.2} and 90 % below {:+.2} standard deviations; that weighs \
                 {PRIOR_TRIPS:.0} trips, and what is seen anywhere {PARENT_TRIPS:.0} in a cell",
                Z[0], Z[3]
            ),
            columns: vec!["phase", "minutes to go", "trips", "10 % below", "median", "90 % below"],
            rows: std::iter::once(all).chain(cells).filter_map(row).collect(),
            note: "standard deviations from what was predicted, + is later; of each cell alone".into(),
        }]
    }
}

fn row((phase, horizon, bins): (&str, &str, &[f32])) -> Option<Vec<Cell>> {
    let residuals = Residuals::of(bins)?;
    let [p10, _, p50, p90] = residuals.quantiles()?.0;
    let mut row = vec![Cell::Text(phase.to_owned()), Cell::Text(horizon.to_owned())];
    row.extend([(residuals.trips(), 1), (p10, 2), (p50, 2), (p90, 2)].map(|(n, at)| Cell::Number(n, at)));
    Some(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learned::calibration::{Fell, Phase};

    const TOWN: &str = "stop A 0 0\nstop B 900 0\nroute R bus\ntrip t route=R : A 08:00 B 08:04";

    #[test]
    fn what_was_seen_of_residuals_reads_predictions_alike_after_saving_and_loading() {
        let town = gtfs::fixture::timetable(TOWN).unwrap();
        let mut seen = Calibration::default();
        for n in 0..200 {
            let residual = f64::from(n % 20) / 10.0;
            seen.learn(&Fell {
                phase: Phase::MidTrip,
                to_go_s: 200.0,
                residual,
                gap_s: 300.0,
                every_s: 60.0,
            });
        }
        seen.renew();
        let bound = Bound::new(&Names::default(), &town);
        let mut loaded = Calibration::default();
        assert_eq!(loaded.load(seen.save(&mut Naming::new(&town)), &bound).rows, 1);
        let at = |c: &Calibration| c.curve(Phase::MidTrip).at(200.0).0;
        for (a, b) in at(&seen).iter().zip(at(&loaded)) {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
        assert!(at(&loaded)[2] > 0.3, "and not as if nothing had been seen: {:?}", at(&loaded));
        let bad = Saved { all: vec![], cells: vec![("mid-trip".into(), 360, vec![f32::NAN; 48])] };
        assert_eq!(loaded.load(bad, &bound).out_of_range, 1);
    }
}
