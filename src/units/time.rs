//! Stream time: samples of the host, analysis frames, seconds.

use serde::{Deserialize, Serialize};
use std::ops::{Add, Sub};

/// Length of one analysis hop in seconds.
pub const HOP_S: f64 = 0.010;

/// Analysis frames per second.
pub const FRAME_RATE_HZ: f64 = 100.0;

/// A position in the incoming stream, in samples at the stream's own rate. 0 is the first sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SampleIndex(pub u64);

impl SampleIndex {
    /// The time of this sample at `rate_hz` samples a second.
    pub fn seconds(self, rate_hz: f64) -> Seconds {
        Seconds(self.0 as f64 / rate_hz)
    }
}

/// An analysis frame: frame `n` describes the stream at `n` hops of [`HOP_S`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FrameIndex(pub u64);

impl FrameIndex {
    /// The time that this frame describes.
    pub fn seconds(self) -> Seconds {
        Seconds(self.0 as f64 / FRAME_RATE_HZ)
    }
}

/// Stream time in seconds; 0 is the first sample. Finite by construction in every room.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Seconds(pub f64);

impl Seconds {
    /// The nearest sample at `rate_hz`; times before the stream's start give sample 0.
    pub fn sample(self, rate_hz: f64) -> SampleIndex {
        SampleIndex((self.0 * rate_hz).round().max(0.0) as u64)
    }

    /// The nearest analysis frame; times before the stream's start give frame 0.
    pub fn frame(self) -> FrameIndex {
        FrameIndex((self.0 * FRAME_RATE_HZ).round().max(0.0) as u64)
    }
}

impl Add for Seconds {
    type Output = Seconds;
    fn add(self, other: Seconds) -> Seconds {
        Seconds(self.0 + other.0)
    }
}

impl Sub for Seconds {
    type Output = Seconds;
    fn sub(self, other: Seconds) -> Seconds {
        Seconds(self.0 - other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_and_seconds_round_trip_over_twelve_hours() {
        for rate in [8_000.0, 11_025.0, 44_100.0, 192_000.0] {
            for n in [0u64, 1, 441, 44_099, (rate as u64) * 43_200 + 7] {
                assert_eq!(SampleIndex(n).seconds(rate).sample(rate), SampleIndex(n));
            }
        }
    }
}
