//! Places in the score that something outside is set off at.

use serde::{Deserialize, Serialize};

/// What a cue sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CueMessage {
    /// A controller takes a value.
    Control {
        /// Controller number, 0-119.
        number: u8,
        /// 0-127.
        value: u8,
    },
    /// A short note.
    Note {
        /// MIDI pitch, 0-127.
        pitch: u8,
        /// 1-127.
        velocity: u8,
    },
}

/// Fires whenever the playing comes past its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cue {
    /// Path position in beats.
    pub beat: f64,
    /// The user's name for it.
    pub name: String,
    /// MIDI channel, 0-15.
    pub channel: u8,
    /// What it sends.
    pub message: CueMessage,
}
