//! Cuts the analysis stream into overlapping frames, one a hop.

use super::resample::ANALYSIS_RATE_HZ;
use crate::units::{FRAME_RATE_HZ, FrameIndex};

/// Samples from one frame to the next: 10 ms.
pub const HOP_SAMPLES: usize = (ANALYSIS_RATE_HZ as f64 / FRAME_RATE_HZ) as usize;

/// Hops taken in before the past is moved to the front of the buffer.
const HOPS_BETWEEN_MOVES: usize = 32;

/// Holds the newest samples of the analysis stream and says when a frame is complete.
///
/// Frame `n` ends just before sample `n` × [`HOP_SAMPLES`], so it holds nothing later than the moment it
/// describes: its latency is nil. Before the stream there is silence; frame 0 is all of that.
pub struct Framer {
    buffer: Vec<f32>,
    /// Length of a frame.
    length: usize,
    /// End of the newest sample in `buffer`.
    end: usize,
    /// Samples still missing from the next frame.
    missing: usize,
    next: FrameIndex,
}

impl Framer {
    /// A framer of frames `length` samples long.
    ///
    /// # Panics
    /// In debug builds, if `length` is zero.
    pub fn new(length: usize) -> Framer {
        debug_assert!(length > 0, "frames of no samples");
        let mut framer = Framer {
            buffer: vec![0.0; length + HOPS_BETWEEN_MOVES * HOP_SAMPLES],
            length,
            end: 0,
            missing: 0,
            next: FrameIndex(0),
        };
        framer.reset();
        framer
    }

    /// Forgets the past: the next frame is frame 0.
    pub fn reset(&mut self) {
        self.buffer.fill(0.0);
        self.end = self.length;
        self.missing = 0;
        self.next = FrameIndex(0);
    }

    /// The next frame, oldest sample first, if all its samples are there.
    ///
    /// # Realtime safety
    /// Does not allocate.
    pub fn frame(&mut self) -> Option<(FrameIndex, &[f32])> {
        if self.missing > 0 {
            return None;
        }
        let frame = self.next;
        self.next = FrameIndex(frame.0 + 1);
        self.missing = HOP_SAMPLES;
        Some((frame, &self.buffer[self.end - self.length..self.end]))
    }

    /// Takes one sample. Whenever it completes a frame, [`Framer::frame`] must be asked before the next.
    ///
    /// # Panics
    /// In debug builds, if a complete frame was not taken out.
    ///
    /// # Realtime safety
    /// Does not allocate.
    pub fn push(&mut self, sample: f32) {
        debug_assert!(self.missing > 0, "frame {} was not taken out", self.next.0);
        if self.end == self.buffer.len() {
            self.buffer.copy_within(self.end - self.length.., 0);
            self.end = self.length;
        }
        self.buffer[self.end] = sample;
        self.end += 1;
        self.missing = self.missing.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_n_ends_where_hop_n_begins() {
        let mut framer = Framer::new(400);
        let mut frames = 0;
        for sample in 0..20_000usize {
            if let Some((frame, samples)) = framer.frame() {
                assert_eq!(frame, FrameIndex(frames));
                assert_eq!(frame.0 as usize * HOP_SAMPLES, sample);
                for (back, &value) in samples.iter().rev().enumerate() {
                    let expected = (sample as f32 - back as f32).max(0.0);
                    assert_eq!(value, expected, "frame {}, {back} samples back", frame.0);
                }
                frames += 1;
            }
            framer.push(sample as f32 + 1.0);
        }
        assert_eq!(frames, 125);
    }
}
