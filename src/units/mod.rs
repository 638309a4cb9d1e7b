//! Units as types: sample and frame counts, seconds, exact beats, tempo, pitch.

mod musical;
mod pitch;
mod time;

pub use musical::{Beats, Bpm};
pub use pitch::{KEYS, LOWEST_KEY, Pitch};
pub use time::{FRAME_RATE_HZ, FrameIndex, HOP_S, SampleIndex, Seconds};
