//! Sound: wave files, and a click or the score's own notes at the time of a recording.

use crate::score::PlayingPath;
use crate::units::Seconds;
use std::io::{self, Cursor, Write};

/// How loud a click is at its loudest, and a downbeat's.
const CLICK: (f32, f32) = (0.35, 0.6);
/// Pitches of the two, in Hz, and how long both last, in seconds.
const CLICK_HZ: (f64, f64) = (1_000.0, 1_600.0);
const CLICK_S: f64 = 0.03;
/// How loud a note of the score's rendition is before all of them together are brought to [`PEAK`].
const NOTE: f32 = 0.2;
const PEAK: f32 = 0.7;
/// Partials of a note.
const PARTIALS: u32 = 6;
/// A note of the rendition begins and ends over so long, in seconds, and dies away to a third in [`DECAY_S`].
const EDGE_S: f64 = 0.006;
const DECAY_S: f64 = 0.8;
/// The longest that a note of the rendition sounds, in seconds.
const LONGEST_S: f64 = 20.0;

/// Writes channels of equal length as a wave file of 24 bits; louder than full scale is clipped.
///
/// # Errors
/// The destination's; what is too large for a wave file, 4 GB, is [`io::ErrorKind::InvalidInput`].
pub fn write_wave(channels: &[&[f32]], rate_hz: u32, mut out: impl Write) -> io::Result<()> {
    const FULL: f32 = 8_388_607.0;
    let spec = hound::WavSpec {
        channels: channels.len() as u16,
        sample_rate: rate_hz,
        bits_per_sample: 24,
        sample_format: hound::SampleFormat::Int,
    };
    let invalid = |error: hound::Error| match error {
        hound::Error::IoError(error) => error,
        other => io::Error::new(io::ErrorKind::InvalidInput, other),
    };
    // The format has its length in front, so the whole is made first.
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).map_err(invalid)?;
    for frame in 0..channels.first().map_or(0, |samples| samples.len()) {
        for samples in channels {
            let sample = (samples[frame].clamp(-1.0, 1.0) * FULL).round() as i32;
            writer.write_sample(sample).map_err(invalid)?;
        }
    }
    writer.finalize().map_err(invalid)?;
    out.write_all(bytes.get_ref())
}

/// A click at every beat of the meter and a higher one at every measure, as `length` mono samples.
///
/// `time_of`: when a path position came in the recording; `None` where it was not played.
pub fn click_track(
    path: &PlayingPath,
    time_of: impl Fn(f64) -> Vec<Seconds>,
    rate_hz: f64,
    length: usize,
) -> Vec<f32> {
    let mut samples = vec![0.0f32; length];
    for step in &path.steps {
        let unit = 4.0 / f64::from(step.meter.1.max(1));
        // Six eighths have two beats and not six.
        let unit = if step.meter.1 == 8 && step.meter.0.is_multiple_of(3) { 3.0 * unit } else { unit };
        let count = (step.length.to_f64() / unit - 1e-6).ceil().max(1.0) as usize;
        for beat in 0..count {
            let position = step.start.to_f64() + beat as f64 * unit;
            let (level, hz) = if beat == 0 { (CLICK.1, CLICK_HZ.1) } else { (CLICK.0, CLICK_HZ.0) };
            for at in time_of(position) {
                let burst = (0..(CLICK_S * rate_hz) as usize).map(|n| {
                    let t = n as f64 / rate_hz;
                    level * ((std::f64::consts::TAU * hz * t).sin() * (-t * 5.0 / CLICK_S).exp()) as f32
                });
                mix(&mut samples, at, rate_hz, burst);
            }
        }
    }
    samples
}

/// The score's notes as plain tones at the time of a recording, as `length` mono samples.
///
/// `time_of`: when a path position came in the recording, as often as it was played. `a4_hz`: the pitch that it is tuned to.
pub fn rendition(
    path: &PlayingPath,
    time_of: impl Fn(f64) -> Vec<Seconds>,
    a4_hz: f64,
    rate_hz: f64,
    length: usize,
) -> Vec<f32> {
    let mut samples = vec![0.0f32; length];
    for note in path.notes.iter().filter(|note| !note.grace) {
        let hz = note.pitch.frequency_hz(a4_hz);
        let ends = time_of((note.onset + note.duration).to_f64() - 1e-4);
        for at in time_of(note.onset.to_f64()) {
            let until =
                ends.iter().find(|end| **end > at).map_or(0.3, |end| end.0 - at.0).clamp(0.05, LONGEST_S);
            let tone = (0..(until * rate_hz) as usize).map(|n| {
                let t = n as f64 / rate_hz;
                let edge = (t / EDGE_S).min((until - t) / EDGE_S).clamp(0.0, 1.0);
                let partials = (1..=PARTIALS).take_while(|&k| f64::from(k) * hz < 0.45 * rate_hz);
                let sum: f64 = partials
                    .map(|k| {
                        let k = f64::from(k);
                        (std::f64::consts::TAU * k * hz * t).sin() / (k * k)
                    })
                    .sum();
                NOTE * (edge * (-t / DECAY_S).exp() * sum) as f32
            });
            mix(&mut samples, at, rate_hz, tone);
        }
    }
    let peak = samples.iter().fold(0.0f32, |peak, sample| peak.max(sample.abs()));
    if peak > PEAK {
        samples.iter_mut().for_each(|sample| *sample *= PEAK / peak);
    }
    samples
}

fn mix(samples: &mut [f32], at: Seconds, rate_hz: f64, sound: impl Iterator<Item = f32>) {
    let first = at.sample(rate_hz).0 as usize;
    for (sample, add) in samples.iter_mut().skip(first).zip(sound) {
        *sample += add;
    }
}
