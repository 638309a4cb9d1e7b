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

/// Fires whenever the playing comes past its place, or a set time before it would.
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
    /// So many seconds before its place, as far as the tempo foretells it; 0-60.
    #[serde(default)]
    pub lead_s: f32,
    /// It fires once, and not at every pass.
    #[serde(default)]
    pub once: bool,
    /// The page is turned here.
    #[serde(default)]
    pub page_turn: bool,
}

impl Cue {
    /// The longest that a cue can lead, in seconds.
    pub const LONGEST_LEAD_S: f32 = 60.0;

    /// A cue at `beat` that fires there at every pass.
    pub fn at(beat: f64, name: String, message: CueMessage) -> Cue {
        Cue { beat, name, channel: 0, message, lead_s: 0.0, once: false, page_turn: false }
    }
}
