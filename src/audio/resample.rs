//! Any sample rate to the analysis rate: a polyphase windowed-sinc filter, streaming.

use super::AudioError;

/// Sample rate of everything behind the front end, Hz.
pub const ANALYSIS_RATE_HZ: u32 = 16_000;

/// Input rates that are taken, Hz.
pub const RATE_RANGE_HZ: std::ops::RangeInclusive<u32> = 8_000..=192_000;

/// Half the impulse response, in periods of the lower of the two rates: at 16 kHz and above 1.125 ms.
const HALF_WIDTH_PERIODS: f64 = 18.0;

/// Kaiser window shape: stop band 80 dB down.
const KAISER_BETA: f64 = 7.857;

/// Phases stored at most; rates whose exact phases are more (none in common use) take the phase below, an error
/// of at most 1/1024 input sample.
const MOST_PHASES: u32 = 1_024;

/// Input samples taken into the history at a time.
const CHUNK: usize = 1_024;

/// Resamples a mono stream of `rate_hz` to [`ANALYSIS_RATE_HZ`].
///
/// Output sample `k` describes the input at exactly `k / 16000` seconds (the filter is linear-phase and its delay
/// compensated): it comes out once the input has reached [`Resampler::latency_s`] beyond that. Flat to 0.43 of
/// the lower rate (6.9 kHz); what would alias below that is 80 dB down. Before the stream there is silence.
///
/// # Reference
/// Smith and Gossett 1984, "A flexible sampling-rate conversion method"; Kaiser 1974 for the window.
pub struct Resampler {
    /// Coefficients, `[phases][taps]`.
    filters: Vec<f32>,
    phases: u32,
    taps: usize,
    /// Input samples per output sample is `step_numerator / step_denominator`, reduced.
    step_numerator: u32,
    step_denominator: u32,
    rate_hz: u32,
    /// The newest input; its first `taps` samples are the past.
    history: Vec<f32>,
    /// Samples held in `history`.
    held: usize,
    /// Index in `history` of the first tap of the next output.
    next: usize,
    /// Fraction of an input sample beyond that, in 1/`step_denominator`.
    fraction: u32,
}

impl Resampler {
    /// A resampler from `rate_hz`, which is rounded to whole Hz.
    ///
    /// # Errors
    /// [`AudioError::Rate`] if the rate is outside [`RATE_RANGE_HZ`] or not a number.
    pub fn new(rate_hz: f64) -> Result<Resampler, AudioError> {
        let rounded = rate_hz.round();
        if !(f64::from(*RATE_RANGE_HZ.start())..=f64::from(*RATE_RANGE_HZ.end())).contains(&rounded) {
            return Err(AudioError::Rate { actual: rate_hz });
        }
        let rate = rounded as u32;
        let divisor = greatest_common_divisor(rate, ANALYSIS_RATE_HZ);
        let (step_numerator, step_denominator) = (rate / divisor, ANALYSIS_RATE_HZ / divisor);
        let phases = step_denominator.min(MOST_PHASES);
        let period = f64::from(rate) / f64::from(rate.min(ANALYSIS_RATE_HZ));
        let half = (HALF_WIDTH_PERIODS * period).ceil() as usize;
        let taps = 2 * half;
        let mut filters = Vec::with_capacity(phases as usize * taps);
        for phase in 0..phases {
            let fraction = f64::from(phase) / f64::from(phases);
            let response: Vec<f64> = (0..taps)
                .map(|tap| {
                    let distance = tap as f64 - (half as f64 - 1.0) - fraction;
                    sinc(distance / period) * kaiser(distance / half as f64)
                })
                .collect();
            let gain: f64 = response.iter().sum();
            filters.extend(response.iter().map(|value| (value / gain) as f32));
        }
        let mut resampler = Resampler {
            filters,
            phases,
            taps,
            step_numerator,
            step_denominator,
            rate_hz: rate,
            history: vec![0.0; taps + CHUNK],
            held: 0,
            next: 0,
            fraction: 0,
        };
        resampler.reset();
        Ok(resampler)
    }

    /// Forgets the past: the next input sample is the first of a new stream.
    pub fn reset(&mut self) {
        self.history.fill(0.0);
        // Output 0 sits on input 0, whose first tap lies `half - 1` samples of silence before it.
        self.held = self.taps / 2 - 1;
        self.next = 0;
        self.fraction = 0;
    }

    /// How far the input must run ahead of the moment that an output sample describes, seconds.
    pub fn latency_s(&self) -> f64 {
        (self.taps / 2) as f64 / f64::from(self.rate_hz)
    }

    /// Takes `input` and hands each finished output sample to `sink`, in order. The output does not depend on
    /// how the input is cut into blocks.
    ///
    /// # Realtime safety
    /// Does not allocate.
    pub fn push(&mut self, mut input: &[f32], mut sink: impl FnMut(f32)) {
        while !input.is_empty() {
            let room = self.history.len() - self.held;
            let (now, later) = input.split_at(room.min(input.len()));
            self.history[self.held..self.held + now.len()].copy_from_slice(now);
            self.held += now.len();
            input = later;
            while self.next + self.taps <= self.held {
                let phase = (u64::from(self.fraction) * u64::from(self.phases)
                    / u64::from(self.step_denominator)) as usize;
                let filter = &self.filters[phase * self.taps..][..self.taps];
                sink(dot(filter, &self.history[self.next..][..self.taps]));
                let advanced = self.fraction + self.step_numerator;
                self.next += (advanced / self.step_denominator) as usize;
                self.fraction = advanced % self.step_denominator;
            }
            let keep_from = self.next.min(self.held);
            self.history.copy_within(keep_from..self.held, 0);
            self.held -= keep_from;
            self.next -= keep_from;
        }
    }
}

/// Sum of products, in eight lanes so that it vectorises; always in the same order.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    let (a_blocks, a_rest) = a.as_chunks::<8>();
    let (b_blocks, b_rest) = b.as_chunks::<8>();
    for (x, y) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..8 {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    lanes.iter().sum::<f32>() + rest
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x) }
}

/// Kaiser window at `x` in [-1, 1], zero outside.
fn kaiser(x: f64) -> f64 {
    if x.abs() > 1.0 { 0.0 } else { bessel_i0(KAISER_BETA * (1.0 - x * x).sqrt()) / bessel_i0(KAISER_BETA) }
}

/// Modified Bessel function of the first kind, order 0, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter_square = x * x / 4.0;
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..64 {
        term *= quarter_square / (k * k) as f64;
        sum += term;
    }
    sum
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn tone(rate: f64, hz: f64, seconds: f64) -> Vec<f32> {
        (0..(rate * seconds) as usize).map(|n| (TAU * hz * n as f64 / rate).sin() as f32).collect()
    }

    fn resampled(rate: f64, input: &[f32]) -> Vec<f32> {
        let mut output = Vec::new();
        Resampler::new(rate).unwrap().push(input, |sample| output.push(sample));
        output
    }

    #[test]
    fn a_tone_arrives_in_place_and_in_phase_from_every_rate() {
        for rate in [8_000.0, 11_025.0, 16_000.0, 22_050.0, 44_100.0, 48_000.0, 88_200.0, 96_000.0, 192_000.0]
        {
            for hz in [27.5, 440.0, 0.42 * f64::min(rate, 16_000.0)] {
                let output = resampled(rate, &tone(rate, hz, 0.2));
                assert!(output.len() > 3_100, "{} samples from {rate} Hz", output.len());
                for (k, &value) in output.iter().enumerate().skip(100) {
                    let expected = (TAU * hz * k as f64 / 16_000.0).sin() as f32;
                    assert!(
                        (value - expected).abs() < 2e-3,
                        "{rate} Hz, {hz} Hz, sample {k}: {value} {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn an_uneven_rate_is_followed_to_within_its_stated_error() {
        let rate = 37_123.0;
        for (k, &value) in resampled(rate, &tone(rate, 1_000.0, 0.5)).iter().enumerate().skip(100) {
            let expected = (TAU * 1_000.0 * k as f64 / 16_000.0).sin() as f32;
            assert!((value - expected).abs() < 2e-3, "sample {k}: {value} {expected}");
        }
    }

    #[test]
    fn what_would_alias_is_gone() {
        for hz in [9_200.0, 12_000.0, 15_900.0, 20_000.0] {
            let output = resampled(48_000.0, &tone(48_000.0, hz, 0.2));
            let peak = output[100..].iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
            assert!(peak < 2e-4, "{hz} Hz leaks at {peak}");
        }
    }

    #[test]
    fn latency_is_low_and_kept() {
        for rate in [16_000.0, 44_100.0, 48_000.0, 192_000.0] {
            let resampler = Resampler::new(rate).unwrap();
            assert!(resampler.latency_s() < 0.002, "{} s at {rate} Hz", resampler.latency_s());
            let output = resampled(rate, &vec![0.0; rate as usize]);
            let expected = (1.0 - resampler.latency_s()) * 16_000.0;
            assert!((output.len() as f64 - expected).abs() <= 1.0, "{} of {expected}", output.len());
        }
    }

    #[test]
    fn rates_out_of_range_are_refused() {
        for rate in [0.0, 7_999.0, 192_001.0, f64::NAN, f64::INFINITY, -44_100.0] {
            assert!(Resampler::new(rate).is_err(), "{rate} was taken");
        }
    }
}
