//! Notes that were played.

use crate::units::{Pitch, Seconds};
use serde::{Deserialize, Serialize};

/// A note event as it leaves the engine. `at` is when it truly happened, `emitted` the stream time (input
/// consumed) when it was known; the difference is its latency.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum NoteEvent {
    /// A key was struck.
    On {
        /// Which pitch.
        pitch: Pitch,
        /// 1-127.
        velocity: u8,
        /// True onset.
        at: Seconds,
        /// When the engine knew.
        emitted: Seconds,
    },
    /// A note's sound ended. Every `On` is followed by one `Off` of its pitch before that pitch's next `On`.
    Off {
        /// Which pitch.
        pitch: Pitch,
        /// True end of the sound.
        at: Seconds,
        /// When the engine knew.
        emitted: Seconds,
    },
    /// The sustain pedal went down or up.
    Pedal {
        /// Down or up.
        down: bool,
        /// True time.
        at: Seconds,
        /// When the engine knew.
        emitted: Seconds,
    },
    /// The one note that sounds lies this far from its key from now on; with the next `On` it is 0 unless told again.
    Bend {
        /// Above the key, in cents; within ±80.
        cents: f32,
        /// True time.
        at: Seconds,
        /// When the engine knew.
        emitted: Seconds,
    },
}

/// A whole note: struck, sounded, ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlayedNote {
    /// True onset.
    pub onset: Seconds,
    /// End of the sound, pedal included; later than `onset`.
    pub offset: Seconds,
    /// Which pitch.
    pub pitch: Pitch,
    /// 1-127.
    pub velocity: u8,
    /// When the engine knew of the onset.
    pub emitted: Seconds,
}
