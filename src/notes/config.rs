//! What an estimator's evidence needs to become notes.

/// Thresholds of the tracker; every estimator has its own, since their probabilities are calibrated differently.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackerConfig {
    /// Which strikes begin notes.
    pub strikes: StrikeRule,
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
    /// Most notes that sound at once; a further strike ends the one that sounds least.
    pub polyphony: usize,
    /// Constant time from an estimator's strike peak to the true onset, in seconds, added to every onset.
    pub onset_shift_s: f64,
}

/// Which strikes begin notes.
#[derive(Clone, Debug, PartialEq)]
pub enum StrikeRule {
    /// Those that the estimator judged, however often it judges each, where they are likely enough for how late they are.
    Judged {
        /// How late, in hops, and how likely at least, from the soonest on; a strike as late as none of these begins nothing.
        likely: Vec<(usize, f32)>,
        /// Frames that must lie between two strikes of one key, at least 1.
        gap_frames: u64,
    },
    /// Peaks of the strike probability.
    Peaks(PeakRule),
}

/// See [`StrikeRule::Peaks`].
#[derive(Clone, Debug, PartialEq)]
pub struct PeakRule {
    /// A peak of strike probability at or above this begins a note.
    pub onset: f32,
    /// The same for a key that already sounds: a re-strike.
    pub restrike: f32,
    /// Frames that must pass between two strikes of one key.
    pub restrike_gap_frames: u32,
    /// Its key must reach this sounding probability within [`PeakRule::confirm_frames`].
    pub sounding_confirm: f32,
    /// Frames after the strike's peak in which it may be confirmed, at least 1.
    pub confirm_frames: u32,
    /// Strikes weaker than this are dropped if a key one or two octaves, or a twelfth, below is struck within
    /// [`PeakRule::ghost_frames`] by more than [`PeakRule::ghost_ratio`] times their probability.
    pub ghost: f32,
    /// See [`PeakRule::ghost`].
    pub ghost_ratio: f32,
    /// See [`PeakRule::ghost`].
    pub ghost_frames: u32,
}
