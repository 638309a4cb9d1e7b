//! What can be set.

use crate::performance::DecisionDelay;
use serde::{Deserialize, Serialize};

/// Where note evidence comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EstimatorKind {
    /// Signal processing: harmonic salience with cancellation, spectral-flux onsets. The baseline.
    Harmonic,
    /// The trained network.
    #[default]
    Network,
}

/// Settings of the engine. Each can change while it runs, except the estimator; another decision delay starts listening
/// anew, which ends what sounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EngineConfig {
    /// Where note evidence comes from.
    pub estimator: EstimatorKind,
    /// How soon the network tells what was struck.
    pub decision_delay: DecisionDelay,
    /// Frequency of A4 that the players tuned to, Hz, clamped to 390-470: 415 lets a baroque pitch be heard as written.
    /// Up to a quarter tone beside 440 it need not be told.
    pub reference_hz: f32,
    /// Note sensitivity, 0-1; 0.5 is the setting all figures are given for.
    pub sensitivity: f32,
    /// Lowest MIDI pitch reported, 21-108.
    pub lowest_pitch: u8,
    /// Highest MIDI pitch reported, 21-108.
    pub highest_pitch: u8,
    /// Notes shorter than this are dropped, in seconds, 0-0.5.
    pub minimum_note_s: f32,
    /// Exponent on the velocity scale: 1 is as heard, below 1 louder, above 1 softer; 0.25-4.
    pub velocity_curve: f32,
    /// How far the followed score may sway which notes are heard, 0 (not at all) to 1.
    pub score_assist: f32,
    /// Tell how a single line bends: vibrato, slides, intonation.
    pub pitch_bend: bool,
    /// Follow the score.
    pub follow: bool,
}

impl Default for EngineConfig {
    fn default() -> Self {
        EngineConfig {
            estimator: EstimatorKind::default(),
            decision_delay: DecisionDelay::default(),
            reference_hz: 440.0,
            sensitivity: 0.5,
            lowest_pitch: 21,
            highest_pitch: 108,
            minimum_note_s: 0.03,
            velocity_curve: 1.0,
            score_assist: 0.0,
            pitch_bend: false,
            follow: true,
        }
    }
}
