//! The log-frequency spectra that every estimator hears: three time resolutions on one pitch axis.

use crate::units::FrameIndex;
use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex32};
use std::f64::consts::PI;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::resample::ANALYSIS_RATE_HZ;

/// Frequencies of A4 that can be tuned to, Hz.
pub const REFERENCE_RANGE_HZ: RangeInclusive<f64> = 390.0..=470.0;

/// Bins in a semitone.
pub const BINS_PER_SEMITONE: usize = 3;

/// Log-frequency bins: 96 semitones. Bin `3 k + 1` is centred on key `k` (0 is A0, A4 = 440 Hz); the highest is
/// 6.8 kHz.
pub const BINS: usize = 288;

/// Time resolutions, finest frequency resolution first.
pub const RESOLUTIONS: usize = 3;

/// Level that reads as zero, dB relative to a full-scale sine.
pub const FLOOR_DB: f32 = -100.0;

/// Decibels above [`FLOOR_DB`] in one unit of a spectrum.
pub const DB_PER_UNIT: f32 = 50.0;

/// Samples of the longest window.
pub const LONGEST_WINDOW: usize = WINDOWS[0].0;

/// Length and fall (the end of the window, nearest the present) of each resolution, in samples at 16 kHz:
/// 256, 128 and 32 ms, falling in 32, 16 and 8 ms.
const WINDOWS: [(usize, usize); RESOLUTIONS] = [(4_096, 512), (2_048, 256), (512, 128)];

/// Samples over which [`SpectralFrame::level_db`] is taken: 50 ms.
const LEVEL_SAMPLES: usize = 800;

/// What the front end says of one hop.
#[derive(Clone, Debug, PartialEq)]
pub struct SpectralFrame {
    /// The moment up to which the input was heard.
    pub frame: FrameIndex,
    /// Levels, `[resolution][bin]`: 0 at [`FLOOR_DB`] and below, 2 at a full-scale sine.
    pub levels: [[f32; BINS]; RESOLUTIONS],
    /// Root mean square of the last 50 ms in dB relative to full scale; -120 or above.
    pub level_db: f32,
}

impl SpectralFrame {
    /// A frame of silence.
    pub fn silent(frame: FrameIndex) -> SpectralFrame {
        SpectralFrame { frame, levels: [[0.0; BINS]; RESOLUTIONS], level_db: -120.0 }
    }
}

/// Computes [`SpectralFrame`]s from the newest [`LONGEST_WINDOW`] samples.
///
/// Each resolution is a Fourier transform under an asymmetric window (half a Hann rising over most of its length,
/// half a Hann falling over the short rest, so that the newest samples weigh as soon as may be), its power
/// gathered into log-frequency bins by triangles as wide as the spacing of either scale, whichever is wider.
pub struct SpectrumAnalyser {
    resolutions: Vec<Resolution>,
}

struct Resolution {
    transform: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    windowed: Vec<f32>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
    power: Vec<f32>,
    /// First power bin, first weight and number of weights of each log-frequency bin.
    spans: Vec<(usize, usize, usize)>,
    weights: Vec<f32>,
}

impl SpectrumAnalyser {
    /// An analyser tuned to A4 = 440 Hz; all its tables are made here.
    pub fn new() -> SpectrumAnalyser {
        SpectrumAnalyser::tuned(440.0)
    }

    /// An analyser whose bins lie as if A4 were `reference_hz`, clamped to [`REFERENCE_RANGE_HZ`]; no number is 440.
    pub fn tuned(reference_hz: f64) -> SpectrumAnalyser {
        let (lowest, highest) = (*REFERENCE_RANGE_HZ.start(), *REFERENCE_RANGE_HZ.end());
        let tuning = if reference_hz.is_nan() { 1.0 } else { reference_hz.clamp(lowest, highest) / 440.0 };
        let mut planner = RealFftPlanner::new();
        let resolutions = WINDOWS
            .iter()
            .map(|&(length, fall)| Resolution::new(&mut planner, length, fall, tuning))
            .collect();
        SpectrumAnalyser { resolutions }
    }

    /// Fills `frame.levels` and `frame.level_db` from `samples`, which end at the present.
    ///
    /// # Panics
    /// In debug builds, if `samples` are not [`LONGEST_WINDOW`].
    ///
    /// # Realtime safety
    /// Does not allocate.
    pub fn analyse(&mut self, samples: &[f32], frame: &mut SpectralFrame) {
        debug_assert_eq!(samples.len(), LONGEST_WINDOW);
        for (resolution, levels) in self.resolutions.iter_mut().zip(&mut frame.levels) {
            resolution.analyse(samples, levels);
        }
        let newest = &samples[samples.len() - LEVEL_SAMPLES..];
        let mean_square = newest.iter().map(|x| x * x).sum::<f32>() / LEVEL_SAMPLES as f32;
        frame.level_db = 10.0 * mean_square.max(1e-12).log10();
    }
}

impl Default for SpectrumAnalyser {
    fn default() -> Self {
        SpectrumAnalyser::new()
    }
}

impl Resolution {
    fn new(planner: &mut RealFftPlanner<f32>, length: usize, fall: usize, tuning: f64) -> Resolution {
        let transform = planner.plan_fft_forward(length);
        let window = asymmetric_window(length, fall);
        // A full-scale sine on a bin's centre reads one.
        let gain = 2.0 / window.iter().sum::<f64>();
        // All below counts in bins of the transform, which the tuning stretches.
        let bin_hz = f64::from(ANALYSIS_RATE_HZ) / length as f64 / tuning;
        let (mut spans, mut weights) = (Vec::with_capacity(BINS), Vec::new());
        for bin in 0..BINS {
            let centre = bin_centre_hz(bin as f64) / bin_hz;
            let width = (bin_centre_hz(bin as f64 + 1.0) / bin_hz - centre).max(1.0);
            let first = (centre - width).floor().max(0.0) as usize + 1;
            let last = ((centre + width).ceil() as usize - 1).min(length / 2);
            spans.push((first, weights.len(), last + 1 - first));
            weights.extend((first..=last).map(|k| (1.0 - (k as f64 - centre).abs() / width).max(0.0) as f32));
        }
        Resolution {
            windowed: transform.make_input_vec(),
            spectrum: transform.make_output_vec(),
            scratch: transform.make_scratch_vec(),
            power: vec![0.0; length / 2 + 1],
            window: window.iter().map(|w| (w * gain) as f32).collect(),
            transform,
            spans,
            weights,
        }
    }

    fn analyse(&mut self, samples: &[f32], levels: &mut [f32; BINS]) {
        let newest = &samples[samples.len() - self.window.len()..];
        for ((windowed, &sample), &weight) in self.windowed.iter_mut().zip(newest).zip(&self.window) {
            *windowed = sample * weight;
        }
        let done =
            self.transform.process_with_scratch(&mut self.windowed, &mut self.spectrum, &mut self.scratch);
        debug_assert!(done.is_ok(), "buffers made by the plan itself");
        for (power, value) in self.power.iter_mut().zip(&self.spectrum) {
            *power = value.norm_sqr();
        }
        let floor = 10f32.powf(FLOOR_DB / 10.0);
        for (level, &(first, start, count)) in levels.iter_mut().zip(&self.spans) {
            let weights = &self.weights[start..start + count];
            let sum: f32 = self.power[first..first + count].iter().zip(weights).map(|(p, w)| p * w).sum();
            *level = (10.0 * (sum + floor).log10() - FLOOR_DB) / DB_PER_UNIT;
        }
    }
}

/// Centre of log-frequency bin `bin` in Hz.
pub fn bin_centre_hz(bin: f64) -> f64 {
    27.5 * ((bin - 1.0) / (12.0 * BINS_PER_SEMITONE as f64)).exp2()
}

fn asymmetric_window(length: usize, fall: usize) -> Vec<f64> {
    let rise = length - fall;
    (0..length)
        .map(|n| {
            let phase = if n < rise {
                (n as f64 + 0.5) / rise as f64
            } else {
                1.0 - (n as f64 + 0.5 - rise as f64) / fall as f64
            };
            0.5 - 0.5 * (PI * phase).cos()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn analysed(samples: &[f32]) -> SpectralFrame {
        let mut frame = SpectralFrame::silent(FrameIndex(0));
        SpectrumAnalyser::new().analyse(samples, &mut frame);
        frame
    }

    fn sine(hz: f64, amplitude: f64) -> Vec<f32> {
        (0..LONGEST_WINDOW)
            .map(|n| (amplitude * (2.0 * PI * hz * n as f64 / 16_000.0).sin()) as f32)
            .collect()
    }

    #[test]
    fn a_sine_peaks_in_its_own_bin_at_its_own_level() {
        for key in (20..84).step_by(4) {
            let bin = 3 * key + 1;
            let frame = analysed(&sine(bin_centre_hz(bin as f64), 0.1));
            let levels = &frame.levels[0];
            let peak = (0..BINS).max_by(|&a, &b| levels[a].total_cmp(&levels[b])).unwrap();
            assert!(peak.abs_diff(bin) <= 1, "key {key}: bin {peak}, expected {bin}");
            let db = levels[bin] * DB_PER_UNIT + FLOOR_DB;
            assert!((-24.0..=-17.0).contains(&db), "key {key}: {db} dB, expected about -20");
            assert!((frame.level_db + 23.0).abs() < 0.3, "{} dB", frame.level_db);
        }
    }

    #[test]
    fn powers_are_those_of_the_plain_fourier_sum() {
        let samples: Vec<f32> = (0..LONGEST_WINDOW as u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 8) as f32 / 1.7e7 - 0.5)
            .collect();
        let frame = analysed(&samples);
        let (length, fall) = WINDOWS[2];
        let window = asymmetric_window(length, fall);
        let gain = 2.0 / window.iter().sum::<f64>();
        let newest = &samples[LONGEST_WINDOW - length..];
        let bin = 200;
        let bin_hz = 16_000.0 / length as f64;
        let (centre, next) = (bin_centre_hz(200.0) / bin_hz, bin_centre_hz(201.0) / bin_hz);
        let width = f64::max(next - centre, 1.0);
        let mut sum = 1e-10;
        for k in 0..=length / 2 {
            let weight = (1.0 - (k as f64 - centre).abs() / width).max(0.0);
            let (mut re, mut im) = (0.0, 0.0);
            for (n, (&x, w)) in newest.iter().zip(&window).enumerate() {
                let angle = -2.0 * PI * (k * n) as f64 / length as f64;
                re += f64::from(x) * w * gain * angle.cos();
                im += f64::from(x) * w * gain * angle.sin();
            }
            sum += weight * (re * re + im * im);
        }
        let expected = (10.0 * sum.log10() + 100.0) / 50.0;
        assert!(
            (f64::from(frame.levels[2][bin]) - expected).abs() < 1e-3,
            "{} {expected}",
            frame.levels[2][bin]
        );
    }

    #[test]
    fn silence_is_zero() {
        let frame = analysed(&[0.0; LONGEST_WINDOW]);
        assert!(frame.levels.iter().flatten().all(|&level| level.abs() < 1e-6));
        assert_eq!(frame.level_db, -120.0);
    }
}
