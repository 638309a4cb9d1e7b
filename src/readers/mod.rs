//! Bytes to scores and samples.

mod sound;

pub use sound::{MAX_SOUND_FRAMES, SOUND_RATES_HZ, Sound, SoundError, SoundReader, decode_sound};
