//! Velocities of a recording whose gain is unknown: how hard each strike was against those before it.

/// Velocity over 127 that the mean of a recording's notes is taken to have: that of mezzo-forte.
const MEAN: f32 = 64.0 / 127.0;
/// Notes after which the newest one counts no less than this many make it: a change of gain is forgotten within some hundred.
const MEMORY: f32 = 200.0;

/// Places strikes among those before them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Dynamics {
    /// Mean of the evidence, and of how many notes it is.
    mean: f32,
    notes: f32,
}

impl Dynamics {
    /// Velocity over 127, 0-1, of a strike of this evidence, which is right up to a constant; from now on it is one of those
    /// before.
    pub(super) fn enter(&mut self, evidence: f32) -> f32 {
        self.notes = (self.notes + 1.0).min(MEMORY);
        self.mean += (evidence - self.mean) / self.notes;
        (MEAN + evidence - self.mean).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_gain_nor_its_change_stays() {
        let played = |n: usize| [0.2, 0.35, 0.5, 0.3][n % 4];
        let mut quiet = Dynamics::default();
        let mut loud = Dynamics::default();
        for n in 0..400 {
            let (quiet, loud) = (quiet.enter(played(n)), loud.enter(played(n) + 1.5));
            assert!((quiet - loud).abs() < 1e-4, "note {n}: {quiet} and {loud}");
        }
        let louder: Vec<f32> = (0..1200).map(|n| loud.enter(played(n) + 2.0)).collect();
        assert_eq!(louder[2], 1.0, "a sudden change is heard as one");
        assert!((louder[1198] - (MEAN + 0.5 - 0.3375)).abs() < 0.01, "{}", louder[1198]);
    }

    #[test]
    fn a_crescendo_is_one() {
        let mut dynamics = Dynamics::default();
        let velocities: Vec<f32> = (0..60).map(|n| dynamics.enter(0.3 + 0.005 * n as f32)).collect();
        assert_eq!(velocities[0], MEAN);
        assert!(velocities.is_sorted(), "{velocities:?}");
    }
}
