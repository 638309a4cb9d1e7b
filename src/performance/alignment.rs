//! Where in the score the performance is.

use crate::units::{Bpm, Seconds};
use serde::{Deserialize, Serialize};

/// How sure the follower is of its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FollowState {
    /// Nothing of the score has been heard yet, or playing has paused.
    #[default]
    Waiting,
    /// The position is believed.
    Following,
    /// Several places compete; the position shown is the last sure one or the best guess.
    Unsure,
    /// What is heard does not fit any place.
    Lost,
}

impl FollowState {
    /// The word used in traces.
    pub fn name(self) -> &'static str {
        match self {
            FollowState::Waiting => "waiting",
            FollowState::Following => "following",
            FollowState::Unsure => "unsure",
            FollowState::Lost => "lost",
        }
    }
}

/// A place that the follower thinks possible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Path position in beats.
    pub beat: f64,
    /// Probability mass around it, 0-1.
    pub weight: f32,
}

/// What the follower says at the end of one hop.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PositionReport {
    /// Stream time when this was known: input consumed.
    pub at: Seconds,
    /// Path position at that very moment (predicted over the known delay), in beats; `None` before a first place
    /// was found and while nothing is believed.
    pub beat: Option<f64>,
    /// Probability, 0-1, that `beat` is right to within one beat.
    pub confidence: f32,
    /// Tempo of the playing.
    pub tempo: Bpm,
    /// How sure the follower is.
    pub state: FollowState,
    /// The best places, heaviest first; weight 0 marks an empty entry.
    pub candidates: [Candidate; 3],
}

/// One score position of an offline alignment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlignedBeat {
    /// Path position in beats.
    pub beat: f64,
    /// When it was played.
    pub time: Seconds,
    /// 0-1.
    pub confidence: f32,
}
