//! How a vehicle moves between two places: speed up, roll, slow down.

/// One stretch between two standstills, or past a stop where nobody waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Move {
    /// Seconds of the service day.
    pub(super) from_s: f64,
    /// The same, later.
    pub(super) to_s: f64,
    /// Metres along the trip's shape.
    pub(super) from_m: f64,
    /// The same, not less.
    pub(super) to_m: f64,
    /// Seconds of speeding up; 0 when it is rolling already.
    pub(super) ramp_in_s: f64,
    /// Seconds of slowing down; 0 when it rolls on.
    pub(super) ramp_out_s: f64,
}

impl Move {
    /// Metres along the shape and metres per second at `t_s`.
    #[must_use]
    pub(super) fn at(&self, t_s: f64) -> (f64, f64) {
        let span_s = self.to_s - self.from_s;
        if t_s <= self.from_s || span_s <= 0.0 {
            return (self.from_m, 0.0);
        }
        if t_s >= self.to_s {
            return (self.to_m, 0.0);
        }
        let (passed_s, left_s) = (t_s - self.from_s, self.to_s - t_s);
        // Distance in seconds at full speed: the area under a trapezoid of height one.
        let whole = span_s - (self.ramp_in_s + self.ramp_out_s) / 2.0;
        let full_mps = (self.to_m - self.from_m) / whole;
        let (done, share) = if passed_s < self.ramp_in_s {
            (passed_s * passed_s / (2.0 * self.ramp_in_s), passed_s / self.ramp_in_s)
        } else if left_s < self.ramp_out_s {
            (whole - left_s * left_s / (2.0 * self.ramp_out_s), left_s / self.ramp_out_s)
        } else {
            (passed_s - self.ramp_in_s / 2.0, 1.0)
        };
        (self.from_m + done * full_mps, full_mps * share)
    }
}

/// Where a list of moves, sorted by time, puts a vehicle at `t_s`; it stands between them.
#[must_use]
pub(super) fn place(moves: &[Move], t_s: f64) -> Option<(f64, f64)> {
    let at = moves.partition_point(|m| m.from_s <= t_s);
    match at.checked_sub(1) {
        Some(at) => Some(moves[at].at(t_s)),
        None => moves.first().map(|m| (m.from_m, 0.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: Move =
        Move { from_s: 100.0, to_s: 160.0, from_m: 50.0, to_m: 550.0, ramp_in_s: 10.0, ramp_out_s: 8.0 };

    #[test]
    fn a_move_begins_and_ends_where_it_says_and_never_goes_back() {
        assert_eq!(RUN.at(100.0), (50.0, 0.0));
        assert_eq!(RUN.at(160.0), (550.0, 0.0));
        let places: Vec<f64> = (0..=600).map(|i| RUN.at(100.0 + f64::from(i) / 10.0).0).collect();
        assert!(places.windows(2).all(|pair| pair[0] <= pair[1]));
    }

    #[test]
    fn the_speed_is_the_slope_of_the_place() {
        for t_s in [103.0, 107.5, 130.0, 154.0, 158.0] {
            let slope_mps = (RUN.at(t_s + 0.01).0 - RUN.at(t_s - 0.01).0) / 0.02;
            assert!((slope_mps - RUN.at(t_s).1).abs() < 0.01, "{t_s}: {slope_mps}");
        }
    }

    #[test]
    fn between_two_moves_a_vehicle_stands() {
        let later = Move { from_s: 180.0, to_s: 200.0, from_m: 550.0, to_m: 700.0, ..RUN };
        assert_eq!(place(&[RUN, later], 170.0), Some((550.0, 0.0)));
        assert_eq!(place(&[RUN, later], 50.0), Some((50.0, 0.0)));
        assert_eq!(place(&[], 50.0), None);
    }
}
