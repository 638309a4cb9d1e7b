//! Makes a raw stream fit to be analysed: finite, free of a standing offset and of mains hum.

use super::hum::HumCanceller;

/// Corner of the DC blocker in Hz: an octave below A0.
const DC_CORNER_HZ: f64 = 13.0;

/// Conditions a mono stream, sample by sample; the result does not depend on how it is cut into blocks.
#[derive(Clone, Debug)]
pub struct Conditioner {
    /// Pole of the DC blocker.
    pole: f64,
    input: f64,
    output: f64,
    hum: HumCanceller,
    repaired: u64,
}

impl Conditioner {
    /// A conditioner for a stream of `rate_hz`.
    pub fn new(rate_hz: f64) -> Conditioner {
        let pole = (-std::f64::consts::TAU * DC_CORNER_HZ / rate_hz).exp();
        Conditioner { pole, input: 0.0, output: 0.0, hum: HumCanceller::new(rate_hz), repaired: 0 }
    }

    /// Forgets the past; the count of repaired samples stays.
    pub fn reset(&mut self) {
        self.input = 0.0;
        self.output = 0.0;
        self.hum.reset();
    }

    /// Samples so far that were not finite, or denormal, and became silence.
    pub fn repaired(&self) -> u64 {
        self.repaired
    }

    /// Conditions `samples` in place. What is beyond ±1000 (60 dB over full scale) is limited to that.
    ///
    /// # Realtime safety
    /// Does not allocate.
    pub fn process(&mut self, samples: &mut [f32]) {
        for sample in samples {
            let mut x = *sample;
            if !(x.is_normal() || x == 0.0) {
                self.repaired += 1;
                x = 0.0;
            }
            let x = f64::from(x.clamp(-1000.0, 1000.0));
            let y = x - self.input + self.pole * self.output;
            self.input = x;
            // Far below hearing, and well above denormals.
            self.output = if y.abs() < 1e-30 { 0.0 } else { y };
            *sample = self.hum.process(self.output) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_offset_goes_and_a_low_note_stays() {
        let rate = 48_000.0;
        let mut samples: Vec<f32> = (0..96_000)
            .map(|n| (0.5 + 0.1 * (std::f64::consts::TAU * 27.5 * n as f64 / rate).sin()) as f32)
            .collect();
        Conditioner::new(rate).process(&mut samples);
        let tail = &samples[48_000..];
        let mean = tail.iter().sum::<f32>() / tail.len() as f32;
        let power = tail.iter().map(|x| x * x).sum::<f32>() / tail.len() as f32;
        assert!(mean.abs() < 1e-3, "offset {mean}");
        assert!((power / 0.005 - 1.0).abs() < 0.25, "power {power} of 0.005");
    }

    #[test]
    fn what_is_no_number_becomes_silence_and_is_counted() {
        let mut conditioner = Conditioner::new(44_100.0);
        let mut samples = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e-40, 0.0, -0.0, 0.25, f32::MAX];
        conditioner.process(&mut samples);
        assert!(samples.iter().all(|x| x.is_finite()));
        assert_eq!(conditioner.repaired(), 4);
    }
}
