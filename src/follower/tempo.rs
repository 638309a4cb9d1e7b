//! How long until the next event: inter-onset intervals around a tempo that drifts.
//!
//! An interval is Student-t distributed with two degrees of freedom around what the tempo expects: its tails let a
//! player linger on a fermata or hesitate without being given up, and its distribution function is algebraic, so
//! that survival and hazard cost one square root. The tempo itself is a Kalman filter on the logarithm of its ratio
//! to the notated one (Raphael 2001; Cont 2010), kept for every event hypothesis.

use super::lanes::Lanes;
use pulp::Simd;

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
        // 1/2 (1 - x/root) would cancel in the far tail; this form keeps its precision.
        let tail = 1.0 / (root * (root + x.abs()));
        if x < 0.0 { 1.0 - tail } else { tail }
    }

    /// The age that the share `survival` of all intervals outlasts: the inverse of [`Interval::survival`].
    pub fn age_at(self, survival: f32) -> f32 {
        let survival = survival.clamp(1e-6, 1.0 - 1e-6);
        // S = (1 - u) / 2 with u = x / sqrt(2 + x²).
        let u = 1.0 - 2.0 * survival;
        self.centre + self.scale * u * std::f32::consts::SQRT_2 / (4.0 * survival * (1.0 - survival)).sqrt()
    }
}

/// [`Interval::survival`] of many intervals.
#[inline(always)]
pub(crate) fn survival<S: Simd>(simd: S, age: Lanes<S>, centre: Lanes<S>, scale: Lanes<S>) -> Lanes<S> {
    let x = (age - centre) / scale;
    let root = (Lanes::splat(simd, 2.0) + x * x).sqrt();
    upper_tail(simd, x, root)
}

/// Probability that an interval ends within the one hop at `age`; at most the share `most` of those that have lasted
/// so long.
#[inline(always)]
pub(crate) fn density<S: Simd>(
    simd: S,
    age: Lanes<S>,
    centre: Lanes<S>,
    scale: Lanes<S>,
    most: f32,
) -> Lanes<S> {
    let x = (age - centre) / scale;
    let square = Lanes::splat(simd, 2.0) + x * x;
    let root = square.sqrt();
    let density = Lanes::splat(simd, 1.0) / (scale * square * root);
    density.min(Lanes::splat(simd, most) * upper_tail(simd, x, root))
}

#[inline(always)]
fn upper_tail<S: Simd>(simd: S, x: Lanes<S>, root: Lanes<S>) -> Lanes<S> {
    let one = Lanes::splat(simd, 1.0);
    let tail = one / (root * (root + x.abs()));
    Lanes::splat(simd, 0.0).if_greater(x, one - tail, tail)
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
    /// `scatter.1` (hops); `ratio` is e to the [`TempoState::log_ratio`], which who asks often keeps.
    pub fn expects(self, notated: f32, ratio: f32, scatter: (f32, f32)) -> Interval {
        let centre = notated * ratio;
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
    use pulp::Scalar;

    proptest! {
        #[test]
        fn density_is_the_decay_of_survival(centre in 1.0f32..500.0, scale in 1.0f32..80.0, age in 0.0f32..900.0) {
            let interval = Interval { centre, scale };
            let [age_, centre_, scale_] = [age, centre, scale].map(|value| Lanes::splat(Scalar, value));
            let (mut many, mut dense) = ([0.0], [0.0]);
            survival(Scalar, age_, centre_, scale_).store(&mut many, 0);
            density(Scalar, age_, centre_, scale_, 0.9).store(&mut dense, 0);
            prop_assert_eq!(many[0], interval.survival(age));
            let (before, after) = (interval.survival(age - 0.05), interval.survival(age + 0.05));
            let slope = f64::from(before - after) / 0.1;
            let (dense, most) = (f64::from(dense[0]), 0.9 * f64::from(interval.survival(age)));
            prop_assert!(dense >= 0.99 * most || (slope - dense).abs() < 0.02 * dense + 2e-5, "{slope} {dense}");
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
