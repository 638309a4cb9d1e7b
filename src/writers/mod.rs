//! Results to bytes.

mod midi;
mod score_midi;

pub use midi::{MidiStyle, MidiWriteError, write_midi};
pub use score_midi::{ScoreMidiError, write_score_midi};
