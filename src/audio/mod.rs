//! Samples to features: the one causal front end of training and inference. Beside it `warp`, samples to samples.

mod condition;
mod framing;
mod hum;
mod intonation;
mod resample;
mod spectrum;
mod warp;

pub use condition::Conditioner;
pub use framing::{Framer, HOP_SAMPLES};
pub use intonation::intonation_cents;
pub use resample::{ANALYSIS_RATE_HZ, RATE_RANGE_HZ, Resampler};
pub use spectrum::{
    BINS, BINS_PER_SEMITONE, DB_PER_UNIT, FLOOR_DB, LONGEST_WINDOW, REFERENCE_RANGE_HZ, RESOLUTIONS,
    SpectralFrame, SpectrumAnalyser, bin_centre_hz,
};
pub use warp::{WARP_RATES_HZ, WarpError, warp};

use crate::units::FrameIndex;

/// Why audio cannot be analysed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AudioError {
    /// The sample rate is one that the front end does not take.
    #[error("sample rate: expected 8000 to 192000 Hz, found {actual}")]
    Rate {
        /// The rate given.
        actual: f64,
    },
}

/// A mono stream of any rate to one [`SpectralFrame`] a hop.
///
/// Frame `n` describes the stream at `n` × 10 ms: its windows end there. It comes out when the stream has reached
/// [`FrontEnd::latency_s`] (1.1 ms at 16 kHz and above) beyond that. Frame 0 is silence. Frames do not depend on
/// how the stream is cut into blocks. Samples must be finite.
pub struct FrontEnd {
    resampler: Resampler,
    framer: Framer,
    analyser: SpectrumAnalyser,
    frame: Box<SpectralFrame>,
}

impl FrontEnd {
    /// A front end for a stream of `rate_hz`.
    ///
    /// # Errors
    /// [`AudioError::Rate`] if the rate is outside [`RATE_RANGE_HZ`].
    pub fn new(rate_hz: f64) -> Result<FrontEnd, AudioError> {
        Ok(FrontEnd {
            resampler: Resampler::new(rate_hz)?,
            framer: Framer::new(LONGEST_WINDOW),
            analyser: SpectrumAnalyser::new(),
            frame: Box::new(SpectralFrame::silent(FrameIndex(0))),
        })
    }

    /// Tunes to A4 = `reference_hz` from the next frame on, see [`SpectrumAnalyser::tuned`]. Allocates.
    pub fn tune(&mut self, reference_hz: f64) {
        self.analyser = SpectrumAnalyser::tuned(reference_hz);
    }

    /// Forgets the past: the next sample is the first of a new stream.
    pub fn reset(&mut self) {
        self.resampler.reset();
        self.framer.reset();
    }

    /// How far the stream must run ahead of the moment that a frame describes, seconds.
    pub fn latency_s(&self) -> f64 {
        self.resampler.latency_s()
    }

    /// Takes samples and hands each completed frame to `sink`, in order.
    ///
    /// # Realtime safety
    /// Does not allocate.
    pub fn push(&mut self, samples: &[f32], mut sink: impl FnMut(&SpectralFrame)) {
        let FrontEnd { resampler, framer, analyser, frame } = self;
        resampler.push(samples, |sample| {
            if let Some((index, samples)) = framer.frame() {
                frame.frame = index;
                analyser.analyse(samples, frame);
                sink(frame);
            }
            framer.push(sample);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frames(rate_hz: f64, blocks: &[&[f32]]) -> Vec<SpectralFrame> {
        let mut front_end = FrontEnd::new(rate_hz).unwrap();
        let mut frames = Vec::new();
        for block in blocks {
            front_end.push(block, |frame| frames.push(frame.clone()));
        }
        frames
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn any_partition_into_blocks_gives_the_same_frames(
            seed in any::<u32>(),
            cuts in prop::collection::vec(0usize..9_000, 0..8),
            rate in prop::sample::select(vec![8_000.0, 44_100.0, 48_000.0, 37_123.0]),
        ) {
            let samples: Vec<f32> =
                (0..9_000u32).map(|n| (n.wrapping_mul(seed | 1) >> 8) as f32 / 1.7e7 - 0.5).collect();
            let mut cuts = cuts;
            cuts.extend([0, samples.len()]);
            cuts.sort_unstable();
            let blocks: Vec<&[f32]> = cuts.windows(2).map(|pair| &samples[pair[0]..pair[1]]).collect();
            prop_assert_eq!(frames(rate, &[&samples]), frames(rate, &blocks));
        }
    }

    #[test]
    fn a_frame_hears_nothing_beyond_its_moment_and_everything_before() {
        let mut samples = vec![0.0; 16_000];
        samples[8_000] = 1.0;
        let frames = frames(16_000.0, &[&samples]);
        // The filter rings 1.1 ms before the click: 18 samples, 80 dB down and more.
        assert!(frames[50].levels[2].iter().all(|&level| level < 0.7), "heard before it came");
        assert!(frames[51].levels[2].iter().any(|&level| level > 1.0), "not heard in the hop after it");
        assert_eq!(frames[51].frame, FrameIndex(51));
    }

    #[test]
    fn frames_are_known_after_the_stated_latency() {
        let mut front_end = FrontEnd::new(48_000.0).unwrap();
        let mut pushed = 0u64;
        while pushed < 48_000 {
            front_end.push(&[0.1], |frame| {
                let late_s = (pushed + 1) as f64 / 48_000.0 - frame.frame.seconds().0;
                assert!(late_s <= 0.0013 && late_s > 0.0, "frame {} came {late_s} s late", frame.frame.0);
            });
            pushed += 1;
        }
    }
}
