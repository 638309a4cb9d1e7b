//! The seam between hearing and understanding: how likely each key is being struck, sounding or released.

use crate::units::{FrameIndex, KEYS};
use serde::{Deserialize, Serialize};

/// Note evidence at one analysis frame, for MIDI 21-108 (index 0 is A0).
///
/// Whoever makes frames makes every one, in order, without gaps, so that the follower's clock runs on them.
#[derive(Clone, Debug, PartialEq)]
pub struct PosteriorFrame {
    /// The moment described; the frame leaves its estimator some hops later (the estimator's look-ahead).
    pub frame: FrameIndex,
    /// Probability, 0-1, that the key is struck at this frame.
    pub onset: [f32; KEYS],
    /// Probability, 0-1, that the key sounds at this frame.
    pub sounding: [f32; KEYS],
    /// Probability, 0-1, that the key's sound ends at this frame.
    pub offset: [f32; KEYS],
    /// Velocity over 127 that the key has if it is struck here, up to a constant of the recording, whose gain nobody knows: it
    /// may be outside 0-1.
    pub velocity: [f32; KEYS],
    /// Level of the input around this frame, dB relative to full scale; -120 or above.
    pub level_db: f32,
}

impl PosteriorFrame {
    /// A frame in which nothing sounds.
    pub fn silent(frame: FrameIndex) -> PosteriorFrame {
        PosteriorFrame {
            frame,
            onset: [0.0; KEYS],
            sounding: [0.0; KEYS],
            offset: [0.0; KEYS],
            velocity: [0.0; KEYS],
            level_db: -120.0,
        }
    }
}

/// A key that may have been struck, judged once; it may be judged again later, when more is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strike {
    /// 0-87.
    pub key: usize,
    /// When it was struck, in hops before the newest frame heard.
    pub lag: usize,
    /// Probability, 0-1, that it was struck then.
    pub probability: f32,
    /// As [`PosteriorFrame::velocity`].
    pub velocity: f32,
}

/// How soon the network tells what was struck: later is surer. Signal processing has a delay of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DecisionDelay {
    /// From 20 ms on, and what is not known after 50 ms never.
    Short,
    /// From 20 ms on if it is sure, some at 30 ms, the rest when it is known.
    #[default]
    Standard,
    /// From 40 ms on.
    Long,
}

impl DecisionDelay {
    /// All, in order.
    pub const ALL: [DecisionDelay; 3] = [DecisionDelay::Short, DecisionDelay::Standard, DecisionDelay::Long];

    /// What it is called by, in ms: about when half of the notes are known.
    pub const fn nominal_ms(self) -> u32 {
        match self {
            DecisionDelay::Short => 20,
            DecisionDelay::Standard => 30,
            DecisionDelay::Long => 50,
        }
    }

    /// After how many hops of 10 ms the evidence of a moment is given on, by which it is followed and notes end. At 20 ms it is
    /// not good enough to be followed.
    pub const fn evidence_hops(self) -> usize {
        match self {
            DecisionDelay::Short | DecisionDelay::Standard => 3,
            DecisionDelay::Long => 5,
        }
    }
}
