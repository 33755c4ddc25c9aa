//! The river's current: four tides and a steady stream, as the design assumes (§14).

/// Periods of M2, S2, K1 and O1, seconds.
const PERIODS_S: [f64; 4] = [12.4206 * 3600.0, 12.0 * 3600.0, 23.9345 * 3600.0, 25.8193 * 3600.0];
/// Their speeds, metres per second; simulated, no current of the Bang Pakong is published.
const SPEEDS_MPS: [f64; 4] = [0.40, 0.15, 0.15, 0.10];
/// Their phases at the epoch, turns.
const PHASES: [f64; 4] = [0.12, 0.57, 0.31, 0.83];
/// The river itself, metres per second, downstream.
const STREAM_MPS: f64 = 0.1;

/// The current in the direction in which the river line is drawn, metres per second.
#[must_use]
pub fn current_mps(epoch_s: f64) -> f64 {
    let tide = |at: usize| {
        let turns = epoch_s / PERIODS_S[at] + PHASES[at];
        SPEEDS_MPS[at] * libm::cos(std::f64::consts::TAU * turns)
    };
    STREAM_MPS + (0..PERIODS_S.len()).map(tide).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_turns_about_twice_a_day_and_stays_bounded() {
        let hours: Vec<f64> = (0..240).map(|h| current_mps(1.79e9 + f64::from(h) * 3600.0)).collect();
        let turns = hours.windows(2).filter(|pair| pair[0] * pair[1] < 0.0).count();
        assert!((20..=45).contains(&turns), "{turns} turns in ten days");
        assert!(hours.iter().all(|mps| mps.abs() < 0.95));
    }
}
