//! How long until the next event: inter-onset intervals around a tempo that drifts.
//!
//! An interval is Student-t distributed with two degrees of freedom around what the tempo expects: its tails let a
//! player linger on a fermata or hesitate without being given up, and its distribution function is algebraic, so
//! that survival and hazard cost one square root. The tempo itself is a Kalman filter on the logarithm of its ratio
//! to the notated one (Raphael 2001; Cont 2010), kept for every event hypothesis.

/// An interval that has begun: its centre and scale, in hops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Interval {
    /// Median length in hops, above 0.
    pub centre: f32,
    /// Scale in hops, above 0: half of all intervals lie within 0.82 of it.
    pub scale: f32,
}

impl Interval {
    /// The share of intervals longer than `age` hops, in (0, 1).
    pub fn survival(self, age: f32) -> f32 {
        let x = (age - self.centre) / self.scale;
        let root = (2.0 + x * x).sqrt();
        // The second form keeps its precision in the far tail, where the first would cancel.
        if x < 0.0 { 0.5 * (1.0 - x / root) } else { 1.0 / (root * (root + x)) }
    }

    /// Probability that an interval that has lasted `age` hops ends within one hop, 0-0.9.
    pub fn hazard(self, age: f32) -> f32 {
        let x = (age - self.centre) / self.scale;
        let square = 2.0 + x * x;
        let density = 1.0 / (self.scale * square * square.sqrt());
        (density / self.survival(age)).min(0.9)
    }

    /// The age that the share `survival` of all intervals outlasts: the inverse of [`Interval::survival`].
    pub fn age_at(self, survival: f32) -> f32 {
        let survival = survival.clamp(1e-6, 1.0 - 1e-6);
        // S = (1 - u) / 2 with u = x / sqrt(2 + x²).
        let u = 1.0 - 2.0 * survival;
        self.centre + self.scale * u * std::f32::consts::SQRT_2 / (4.0 * survival * (1.0 - survival)).sqrt()
    }
}

/// A tempo estimate: logarithm of (played period / notated period), and its variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct TempoState {
    /// Above 0 = slower than notated.
    pub log_ratio: f32,
    /// Variance of that.
    pub variance: f32,
}

/// Tempo ratios are held within a factor of e² of the notated tempo.
const WIDEST_LOG_RATIO: f32 = 2.0;

impl TempoState {
    /// The interval expected for `notated` hops, where single intervals scatter by `scatter.0` (relative) and
    /// `scatter.1` (hops).
    pub fn expects(self, notated: f32, scatter: (f32, f32)) -> Interval {
        let centre = notated * self.log_ratio.exp();
        let relative = self.variance + scatter.0 * scatter.0;
        Interval { centre, scale: (centre * centre * relative + scatter.1 * scatter.1).sqrt() }
    }

    /// The estimate after an interval notated as `notated` hops took `played` hops; `drift` is the variance that
    /// the tempo gains meanwhile.
    ///
    /// Intervals far from what was expected count less, as the Student-t likelihood has it, so that one hesitation
    /// is not taken for a new tempo.
    pub fn observed(self, notated: f32, played: f32, scatter: (f32, f32), drift: f32) -> TempoState {
        let expected = notated * self.log_ratio.exp();
        let innovation = (played.max(0.5) / expected).ln();
        let prior = self.variance + drift;
        let noise = scatter.0 * scatter.0 + (scatter.1 / expected).powi(2);
        let surprise = innovation * innovation / (prior + noise);
        let trust = 3.0 / (2.0 + surprise.max(1.0));
        let gain = trust * prior / (prior + noise);
        TempoState {
            log_ratio: (self.log_ratio + gain * innovation).clamp(-WIDEST_LOG_RATIO, WIDEST_LOG_RATIO),
            variance: (1.0 - gain) * prior,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn hazard_is_the_decay_of_survival(centre in 1.0f32..500.0, scale in 1.0f32..80.0, age in 0.0f32..900.0) {
            let interval = Interval { centre, scale };
            let (before, after) = (interval.survival(age - 0.05), interval.survival(age + 0.05));
            let slope = f64::from(before - after) / 0.1 / f64::from(interval.survival(age));
            let hazard = f64::from(interval.hazard(age));
            prop_assert!(hazard >= 0.9 || (slope - hazard).abs() < 0.02 * hazard + 2e-5, "{slope} {hazard}");
        }

        #[test]
        fn age_at_undoes_survival(centre in 1.0f32..500.0, scale in 1.0f32..80.0, survival in 0.001f32..0.999) {
            let interval = Interval { centre, scale };
            let again = interval.survival(interval.age_at(survival));
            prop_assert!((again - survival).abs() < 0.01 * survival, "{again} {survival}");
        }
    }

    #[test]
    fn a_steady_tempo_is_learnt_and_one_hesitation_forgiven() {
        let scatter = (0.08, 1.5);
        let mut tempo = TempoState { log_ratio: 0.0, variance: 0.1 };
        for _ in 0..12 {
            tempo = tempo.observed(50.0, 70.0, scatter, 0.001);
        }
        assert!((tempo.log_ratio.exp() - 1.4).abs() < 0.02, "{tempo:?}");
        let after = tempo.observed(50.0, 300.0, scatter, 0.001);
        assert!(after.log_ratio - tempo.log_ratio < 0.08, "{tempo:?} {after:?}");
    }
}
