//! Test signals and block patterns.

use std::path::Path;

/// A small deterministic source of numbers (xorshift64*).
pub struct Random(u64);

impl Random {
    /// A sequence for each seed.
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end
    }
}

/// Writes one channel as 32-bit float WAV.
///
/// # Errors
/// If the file cannot be written.
pub fn write_wav(path: &Path, samples: &[f32], rate_hz: u32) -> hound::Result<()> {
    let sample_format = hound::SampleFormat::Float;
    let spec = hound::WavSpec { channels: 1, sample_rate: rate_hz, bits_per_sample: 32, sample_format };
    let mut writer = hound::WavWriter::create(path, spec)?;
    samples.iter().try_for_each(|sample| writer.write_sample(*sample))?;
    writer.finalize()
}

/// Block sizes as awkward hosts send them: 1-8192, small ones as likely as large ones, without end.
pub fn awkward_blocks(seed: u64) -> impl Iterator<Item = usize> {
    let mut random = Random::new(seed);
    std::iter::repeat_with(move || {
        let octave = random.below(14) as u32;
        (1usize << octave).min(8192).min(1 + random.below(1 << octave) as usize * 2).max(1)
    })
}

/// Notes that decay like plucked strings: onset in seconds, MIDI pitch.
pub const TUNE: [(f64, u8); 9] =
    [(0.3, 60), (0.7, 64), (1.1, 67), (1.5, 72), (1.9, 57), (1.9, 64), (2.4, 50), (2.4, 65), (2.4, 69)];

/// Seconds that [`tune`] lasts.
pub const TUNE_S: f64 = 3.4;

/// [`TUNE`] as sound: harmonics with a falling spectrum and a short attack, over a quiet noise floor.
pub fn tune(rate_hz: f64) -> Vec<f32> {
    let mut samples = vec![0.0f32; (TUNE_S * rate_hz) as usize];
    let mut random = Random::new(5);
    for sample in &mut samples {
        *sample = (random.below(2001) as f32 - 1000.0) * 1e-8;
    }
    for (onset_s, pitch) in TUNE {
        let f0 = 440.0 * ((f64::from(pitch) - 69.0) / 12.0).exp2();
        let first = (onset_s * rate_hz) as usize;
        for (n, sample) in samples[first..].iter_mut().enumerate() {
            let t = n as f64 / rate_hz;
            let envelope = (-t / 0.25).exp() * (t / 0.003).min(1.0);
            let tone: f64 = (1..=12)
                .map(|k| f64::from(k) * f0)
                .take_while(|hz| *hz < rate_hz * 0.45)
                .enumerate()
                .map(|(k, hz)| (std::f64::consts::TAU * hz * t).sin() * 0.7f64.powi(k as i32))
                .sum();
            *sample += (0.15 * envelope * tone) as f32;
        }
    }
    samples
}

/// A note of a line that is bowed or blown.
#[derive(Clone, Copy, Debug)]
pub struct Sustained {
    /// When it begins, in seconds.
    pub onset_s: f64,
    /// How long it is held, in seconds.
    pub length_s: f64,
    /// MIDI pitch.
    pub pitch: u8,
    /// How far above its key it is played.
    pub cents: f64,
}

/// A line as a flute or a violin plays it, `seconds` long: six harmonics, 30 ms of attack, 40 ms of release, and from 0.2 s on a
/// vibrato of 15 cents either way.
pub fn line(notes: &[Sustained], rate_hz: f64, seconds: f64) -> Vec<f32> {
    let mut samples = vec![0.0f32; (seconds * rate_hz) as usize];
    for note in notes {
        let f0 = 440.0 * ((f64::from(note.pitch) - 69.0 + note.cents / 100.0) / 12.0).exp2();
        let first = (note.onset_s * rate_hz) as usize;
        let mut phase = 0.0;
        for (n, sample) in samples.iter_mut().skip(first).take((note.length_s * rate_hz) as usize).enumerate()
        {
            let t = n as f64 / rate_hz;
            let depth = 15.0 * ((t - 0.2) / 0.2).clamp(0.0, 1.0);
            let vibrato = depth * (std::f64::consts::TAU * 5.5 * t).sin();
            phase += std::f64::consts::TAU * f0 * (vibrato / 1200.0).exp2() / rate_hz;
            let envelope = (t / 0.03).min(1.0) * ((note.length_s - t) / 0.04).min(1.0);
            let tone: f64 = (1..=6).map(f64::from).map(|h| (h * phase).sin() / h.powf(1.3)).sum();
            *sample += (0.12 * envelope * tone) as f32;
        }
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn awkward_blocks_reach_from_one_to_the_largest() {
        let blocks: Vec<usize> = awkward_blocks(3).take(2000).collect();
        assert!(blocks.iter().all(|block| (1..=8192).contains(block)));
        assert!(blocks.contains(&1) && blocks.contains(&8192));
    }
}
