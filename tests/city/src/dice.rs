//! Seeded dice: the same seed gives the same numbers on every machine and in every build.
//!
//! xoshiro256++ (Blackman and Vigna 2019), seeded by splitmix64, and `libm` for every curve. A die is
//! made for a *purpose*: a world that differs in one thing keeps all its other numbers.

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub struct Dice {
    state: [u64; 4],
    spare: Option<f64>,
}

fn splitmix(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Dice {
    /// Dice for one purpose in the world of `seed`; `n` tells several of one purpose apart.
    #[must_use]
    pub fn new(seed: u64, purpose: &str, n: u64) -> Self {
        let mut mixed = seed;
        for byte in purpose.bytes() {
            mixed = splitmix(&mut mixed) ^ u64::from(byte);
        }
        mixed = splitmix(&mut mixed) ^ n;
        Self { state: std::array::from_fn(|_| splitmix(&mut mixed)), spare: None }
    }

    fn next(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// At least 0, below 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// At least `from`, below `to`.
    pub fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.unit()
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Standard normal (Marsaglia's polar method).
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (self.between(-1.0, 1.0), self.between(-1.0, 1.0));
            let r2 = x * x + y * y;
            if r2 > 0.0 && r2 < 1.0 {
                let scale = libm::sqrt(-2.0 * libm::log(r2) / r2);
                self.spare = Some(y * scale);
                return x * scale;
            }
        }
    }

    /// Gamma with this mean and variance `theta · mean` (Marsaglia and Tsang 2000).
    pub fn gamma(&mut self, mean: f64, theta: f64) -> f64 {
        if mean <= 0.0 || theta <= 0.0 {
            return mean.max(0.0);
        }
        let k = mean / theta;
        let boost = if k < 1.0 { libm::exp(libm::log(1.0 - self.unit()) / k) } else { 1.0 };
        let d = if k < 1.0 { k + 1.0 } else { k } - 1.0 / 3.0;
        let c = 1.0 / libm::sqrt(9.0 * d);
        loop {
            let x = self.normal();
            let v = 1.0 + c * x;
            if v <= 0.0 {
                continue;
            }
            let v = v * v * v;
            if libm::log(1.0 - self.unit()) < 0.5 * x * x + d - d * v + d * libm::log(v) {
                return d * v * boost * theta;
            }
        }
    }

    /// How many of something rare happen (Knuth); the mean is held below 30.
    pub fn poisson(&mut self, mean: f64) -> u32 {
        let floor = libm::exp(-mean.clamp(0.0, 30.0));
        let (mut n, mut p) = (0, self.unit());
        while p > floor {
            p *= self.unit();
            n += 1;
        }
        n
    }

    /// Student-t with three degrees of freedom, scaled to variance one.
    pub fn heavy(&mut self) -> f64 {
        let chi2 = (0..3).map(|_| self.normal()).map(|x| x * x).sum::<f64>();
        self.normal() / libm::sqrt(chi2.max(1e-9))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(draws: impl Iterator<Item = f64>) -> (f64, f64) {
        let all: Vec<f64> = draws.collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        (mean, all.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / all.len() as f64)
    }

    #[test]
    fn gammas_have_the_mean_and_the_dispersion_asked_for() {
        for (mean, theta) in [(5.0, 22.0), (40.0, 22.0), (120.0, 8.0)] {
            let mut dice = Dice::new(1, "gamma", 0);
            let (m, v) = moments((0..200_000).map(|_| dice.gamma(mean, theta)));
            assert!((m / mean - 1.0).abs() < 0.02, "{m} for {mean}");
            assert!((v / (mean * theta) - 1.0).abs() < 0.05, "{v} for {}", mean * theta);
        }
    }

    #[test]
    fn the_same_seed_and_purpose_give_the_same_numbers_and_another_gives_others() {
        let draw = |seed, purpose| {
            let mut dice = Dice::new(seed, purpose, 7);
            (0..5).map(|_| dice.next()).collect::<Vec<_>>()
        };
        assert_eq!(draw(1, "x"), draw(1, "x"));
        assert_ne!(draw(1, "x"), draw(1, "y"));
        assert_ne!(draw(1, "x"), draw(2, "x"));
        // These very numbers, on every machine.
        assert_eq!(Dice::new(20_261_101, "fixed", 0).next(), FIXED);
    }

    const FIXED: u64 = 14_395_705_618_994_608_703;

    #[test]
    fn normals_counts_and_heavy_tails_have_their_moments() {
        let mut dice = Dice::new(3, "others", 0);
        let (m, v) = moments((0..100_000).map(|_| dice.normal()));
        assert!(m.abs() < 0.02 && (v - 1.0).abs() < 0.03, "{m} {v}");
        let (m, v) = moments((0..100_000).map(|_| f64::from(dice.poisson(1.7))));
        assert!((m - 1.7).abs() < 0.03 && (v - 1.7).abs() < 0.06, "{m} {v}");
        let far = (0..100_000).filter(|_| dice.heavy().abs() > 4.0).count();
        assert!(far > 200, "{far}: a normal would go this far 6 times");
    }
}
