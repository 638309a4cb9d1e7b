//! What the follower assumes of players and of the note estimator.

/// Rates and spreads of the model. The defaults were chosen on generated performances (`examples/stress_follower`);
/// the engine changes what depends on the estimator.
///
/// Rates are per hop of 10 ms, for a whole state rather than for each key, unless it says otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct FollowerSettings {
    /// Onset probability that says nothing at the moment of an attack: keys that are struck then, and keys near them
    /// that are not, show peaks of this height equally often.
    pub neutral_onset: f32,
    /// Slope of the log likelihood ratio over the log odds that the estimator gives, from there on: 1 if it is
    /// calibrated at attacks, more if weak onsets are worth less, and strong ones more, than it says.
    pub sharpness: f32,
    /// Factor on the likelihood ratio of an onset after which the key does not sound.
    pub mute: f32,
    /// Where the true onset lies from the estimator's peak, in seconds; below 0 = the peak comes late.
    pub onset_shift_s: f32,
    /// Onset probabilities below this are not looked at, 0-1.
    pub onset_floor: f32,
    /// Largest likelihood ratio that one onset may carry: how far the estimator's certainty is trusted.
    pub strongest_onset: f32,
    /// Likelihood ratio of an onset that shows only as a key beginning to sound, without an attack.
    pub soft_onset: f32,
    /// Probability that a written note goes unheard: left out by the player or the estimator.
    pub miss: f32,
    /// Rate of notes that are not written, while following.
    pub extra: f32,
    /// Share of extra notes that come with a struck note, as its octave or partial.
    pub ghost: f32,
    /// Probability that a neighbouring key is struck in place of the written one.
    pub slip: f32,
    /// Rate at which a player strikes the present chord again, or goes back one or two, without stopping.
    pub stutter: f32,
    /// Rate at which a player goes elsewhere without a pause.
    pub jump: f32,
    /// Rate at which playing stops while nothing sounds, and while something does.
    pub stop: (f32, f32),
    /// Rate at which playing starts, once waited for.
    pub start: f32,
    /// Rate at which the player begins to play something else than the score, and comes back to it.
    pub stray: (f32, f32),
    /// Rate of notes of playing that is not from the score.
    pub stray_notes: f32,
    /// Standard deviation of one inter-onset interval around the tempo: relative, and absolute in hops.
    pub interval: (f32, f32),
    /// Variance of the log tempo at a start, after a jump, and its growth with every event.
    pub tempo_variance: (f32, f32, f32),
    /// Weight that a place must hold to be followed (more than half: of two equal places none is), and to take over from
    /// another place.
    pub believed: f32,
    /// See [`FollowerSettings::believed`].
    pub takeover: f32,
}

impl Default for FollowerSettings {
    fn default() -> Self {
        FollowerSettings {
            neutral_onset: 0.08,
            sharpness: 2.0,
            mute: 0.4,
            onset_shift_s: 0.0,
            onset_floor: 0.08,
            strongest_onset: 8_000.0,
            soft_onset: 50.0,
            miss: 0.15,
            extra: 0.008,
            ghost: 0.02,
            slip: 0.02,
            stutter: 0.002,
            jump: 1e-5,
            stop: (4e-3, 1e-5),
            start: 0.01,
            stray: (1e-3, 2e-4),
            stray_notes: 0.05,
            interval: (0.09, 1.6),
            tempo_variance: (0.12, 0.03, 0.0008),
            believed: 0.52,
            takeover: 0.9,
        }
    }
}
