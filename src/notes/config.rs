//! What an estimator's evidence needs to become notes.

/// Thresholds of the tracker; every estimator has its own, since their probabilities are calibrated differently.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackerConfig {
    /// A peak of strike probability at or above this begins a note.
    pub onset: f32,
    /// The same for a key that already sounds: a re-strike.
    pub restrike: f32,
    /// Where the estimator says sooner already what it thinks of a strike, it is taken then if it reaches this.
    pub sure_early: f32,
    /// A strike is taken when its probability rises over the threshold, after it was below half of that, instead
    /// of when its peak has passed: one hop earlier, for an estimator that is sure of its first word.
    pub at_rise: bool,
    /// Frames that must pass between two strikes of one key.
    pub restrike_gap_frames: u32,
    /// A strike of at least this probability is told at once.
    pub sure: f32,
    /// Any other must reach this sounding probability within [`TrackerConfig::confirm_frames`].
    pub sounding_confirm: f32,
    /// Frames after the strike's peak in which it may be confirmed, at least 1.
    pub confirm_frames: u32,
    /// Sounding at or above this for [`TrackerConfig::soft_frames`], at the last judgement, begins a note without a sure
    /// strike (slow attacks), at the moment of the last fifth of a second at which a strike was likeliest.
    pub soft: f32,
    /// See [`TrackerConfig::soft`], at most 20; 0 switches soft beginnings off.
    pub soft_frames: u32,
    /// That likeliest strike must reach this; what the score leads to expect sways it as it does all strikes.
    pub soft_onset: f32,
    /// A note ends when sounding stays below this ...
    pub sounding_end: f32,
    /// ... for this many frames, at least 1.
    pub end_frames: u32,
    /// It ended then when sounding was last at or above this, ...
    pub sounding_sure: f32,
    /// ... give or take a constant time, in seconds: sounds outlast their release, and evidence fades late.
    pub end_shift_s: f64,
    /// A release probability at or above this ends a note at once.
    pub release: f32,
    /// Strikes weaker than this are dropped if a key one or two octaves, or a twelfth, below is struck within
    /// [`TrackerConfig::ghost_frames`] by more than [`TrackerConfig::ghost_ratio`] times their probability.
    pub ghost: f32,
    /// See [`TrackerConfig::ghost`].
    pub ghost_ratio: f32,
    /// See [`TrackerConfig::ghost`].
    pub ghost_frames: u32,
    /// Most notes that sound at once; a further strike ends the one that sounds least.
    pub polyphony: usize,
    /// Constant time from an estimator's strike peak to the true onset, in seconds, added to every onset.
    pub onset_shift_s: f64,
}
