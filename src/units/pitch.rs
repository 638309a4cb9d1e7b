//! MIDI pitch and the 88 keys the transcriber hears.

use serde::{Deserialize, Serialize};

/// Number of pitches the transcriber hears.
pub const KEYS: usize = 88;

/// The lowest of them, A0.
pub const LOWEST_KEY: u8 = 21;

/// A MIDI note number, 0-127; 60 is middle C.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pitch(pub u8);

impl Pitch {
    /// Index into arrays of [`KEYS`] pitches, or `None` outside MIDI 21-108.
    pub fn key(self) -> Option<usize> {
        let key = self.0.checked_sub(LOWEST_KEY)? as usize;
        (key < KEYS).then_some(key)
    }

    /// The pitch of key index `key`.
    ///
    /// # Panics
    /// In debug builds, if `key` is not below [`KEYS`].
    pub fn from_key(key: usize) -> Pitch {
        debug_assert!(key < KEYS, "key {key} of {KEYS}");
        Pitch(LOWEST_KEY + key as u8)
    }

    /// Fundamental frequency in Hz when A4 is `a4_hz`.
    pub fn frequency_hz(self, a4_hz: f64) -> f64 {
        a4_hz * ((self.0 as f64 - 69.0) / 12.0).exp2()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_its_own_inverse() {
        for midi in 0..=127u8 {
            match Pitch(midi).key() {
                Some(key) => assert_eq!(Pitch::from_key(key), Pitch(midi)),
                None => assert!(!(21..=108).contains(&midi)),
            }
        }
        assert!((Pitch(57).frequency_hz(440.0) - 220.0).abs() < 1e-9);
    }
}
