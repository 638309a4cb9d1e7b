//! Mains hum, found and taken away.

use std::f64::consts::TAU;

/// Mains frequencies of the world, Hz.
const MAINS_HZ: [f64; 2] = [50.0, 60.0];
/// Harmonics watched.
const HARMONICS: usize = 8;
/// Bandwidth of the notch around each: what differs from the mains by more than a few of these is left alone.
const BANDWIDTH_HZ: f64 = 0.2;
/// How often the estimates are looked at.
const LOOK_S: f64 = 0.5;
/// Looks in a row at which a harmonic must stand still before it is taken for hum.
const STEADY_LOOKS: u32 = 5;
/// A harmonic stands still if it changed by less than this share since the last look.
const STEADY_CHANGE: f64 = 0.25;
/// Hum below this is left, as amplitude: -96 dB.
const LEAST_AMPLITUDE: f64 = 1.6e-5;
/// Time in which the cancelling fades in and out.
const FADE_S: f64 = 0.1;

/// Finds sinusoids at the mains frequencies that stand still for seconds, and subtracts them.
///
/// Notes are safe: a note that happens to lie within a fraction of a hertz of the mains would have to keep its
/// amplitude and phase for three seconds to be taken for hum.
///
/// # Reference
/// Widrow et al. 1975, "Adaptive noise cancelling: principles and applications": the notch with a synthetic
/// reference, here with one lock-in for each harmonic and only where the lock-in holds still.
#[derive(Clone, Debug)]
pub(super) struct HumCanceller {
    tones: Vec<Tone>,
    /// Share of each new sample in a lock-in's estimate.
    adaptation: f64,
    fade: f64,
    look_every: u32,
    since_look: u32,
}

/// One harmonic: a running reference and what of it is in the stream.
#[derive(Clone, Copy, Debug, Default)]
struct Tone {
    reference: [f64; 2],
    rotation: [f64; 2],
    /// Amplitude of the cosine and the sine.
    estimate: [f64; 2],
    seen: [f64; 2],
    steady: u32,
    gain: f64,
}

impl HumCanceller {
    pub(super) fn new(rate_hz: f64) -> HumCanceller {
        let tone = |hz: f64| {
            let (sine, cosine) = (TAU * hz / rate_hz).sin_cos();
            Tone { reference: [1.0, 0.0], rotation: [cosine, sine], ..Tone::default() }
        };
        let frequencies = MAINS_HZ.iter().flat_map(|mains| (1..=HARMONICS).map(move |h| mains * h as f64));
        HumCanceller {
            tones: frequencies.map(tone).collect(),
            adaptation: 1.0 - (-std::f64::consts::PI * BANDWIDTH_HZ / rate_hz).exp(),
            fade: 1.0 - (-1.0 / (FADE_S * rate_hz)).exp(),
            look_every: (LOOK_S * rate_hz) as u32,
            since_look: 0,
        }
    }

    pub(super) fn reset(&mut self) {
        for tone in &mut self.tones {
            *tone = Tone { reference: [1.0, 0.0], rotation: tone.rotation, ..Tone::default() };
        }
        self.since_look = 0;
    }

    /// The sample without the hum in it.
    pub(super) fn process(&mut self, sample: f64) -> f64 {
        let mut clean = sample;
        for tone in &mut self.tones {
            let [cosine, sine] = tone.reference;
            // A lock-in: its mean is the amplitude, since cos² and sin² are a half.
            tone.estimate[0] += self.adaptation * (2.0 * sample * cosine - tone.estimate[0]);
            tone.estimate[1] += self.adaptation * (2.0 * sample * sine - tone.estimate[1]);
            let wanted = if tone.steady >= STEADY_LOOKS { 1.0 } else { 0.0 };
            tone.gain += self.fade * (wanted - tone.gain);
            clean -= tone.gain * (tone.estimate[0] * cosine + tone.estimate[1] * sine);
            let [a, b] = tone.rotation;
            tone.reference = [cosine * a - sine * b, cosine * b + sine * a];
        }
        self.since_look += 1;
        if self.since_look >= self.look_every {
            self.since_look = 0;
            self.tones.iter_mut().for_each(Tone::look);
        }
        clean
    }
}

impl Tone {
    /// Judges whether the estimate stands still, and keeps the reference on the unit circle.
    fn look(&mut self) {
        let length = |v: [f64; 2]| v[0].hypot(v[1]);
        let change = length([self.estimate[0] - self.seen[0], self.estimate[1] - self.seen[1]]);
        let amplitude = length(self.estimate);
        let still = amplitude > LEAST_AMPLITUDE && change < STEADY_CHANGE * amplitude;
        self.steady = if still { self.steady + 1 } else { 0 };
        self.seen = self.estimate;
        let scale = 1.0 / length(self.reference);
        self.reference = self.reference.map(|x| x * scale);
        if amplitude < 1e-12 {
            // Out of the reach of denormals.
            self.estimate = [0.0; 2];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn power(samples: &[f64]) -> f64 {
        samples.iter().map(|x| x * x).sum::<f64>() / samples.len() as f64
    }

    fn cancelled(rate: f64, seconds: f64, signal: impl Fn(f64) -> f64) -> Vec<f64> {
        let mut canceller = HumCanceller::new(rate);
        (0..(rate * seconds) as usize).map(|n| canceller.process(signal(n as f64 / rate))).collect()
    }

    #[test]
    fn steady_hum_goes() {
        // Right on the mains nearly all goes; where the mains has drifted the notch's edge tells.
        for (rate, mains, left) in [(8_000.0, 50.0, 0.03), (48_000.0, 60.02, 0.15)] {
            let hum =
                move |t: f64| 0.01 * (TAU * mains * t + 1.0).sin() + 0.005 * (TAU * 3.0 * mains * t).sin();
            let samples = cancelled(rate, 14.0, hum);
            let (first, last) = (power(&samples[..rate as usize]), power(&samples[(13.0 * rate) as usize..]));
            assert!(last < left * first, "{rate} Hz: {last} of {first}");
        }
    }

    #[test]
    fn a_note_beside_the_mains_stays() {
        // G2, 98 Hz, for ten seconds; and one right on 100 Hz that is struck every second.
        let held = cancelled(16_000.0, 10.0, |t| 0.1 * (TAU * 98.0 * t).sin());
        assert!((power(&held[8 * 16_000..]) / 0.005 - 1.0).abs() < 0.15);
        let struck = cancelled(16_000.0, 12.0, |t| 0.1 * (-4.0 * t.fract()).exp() * (TAU * 100.0 * t).sin());
        let (before, after) = (power(&struck[..16_000]), power(&struck[11 * 16_000..]));
        assert!(after > 0.4 * before, "{after} of {before}");
    }
}
