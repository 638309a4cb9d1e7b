//! Results to bytes.

mod midi;

pub use midi::{MidiStyle, MidiWriteError, write_midi};
