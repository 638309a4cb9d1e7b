//! Ears: sounds to posterior frames, with the faults of note estimators.

use super::Random;
use super::player::Sound;
use colla_parte::performance::PosteriorFrame;
use colla_parte::units::{FRAME_RATE_HZ, FrameIndex, KEYS};

/// How well notes are heard.
#[derive(Clone, Copy, Debug)]
pub struct Ear {
    /// Probability that an onset is not heard at all.
    pub deaf: f64,
    /// False onsets a second.
    pub false_notes: f64,
    /// Probability that an onset brings a false one an octave or a twelfth above.
    pub ghosts: f64,
    /// Standard deviation of where an onset is heard, in seconds.
    pub jitter_s: f64,
    /// Onset probabilities: those of true onsets are spread from here to 1.
    pub doubt: f64,
}

impl Ear {
    /// Hears everything as it is.
    pub const PERFECT: Ear = Ear { deaf: 0.0, false_notes: 0.0, ghosts: 0.0, jitter_s: 0.0, doubt: 0.97 };
    /// As a small causal network does.
    pub const GOOD: Ear = Ear { deaf: 0.08, false_notes: 0.8, ghosts: 0.03, jitter_s: 0.007, doubt: 0.4 };
    /// As signal processing does.
    pub const POOR: Ear = Ear { deaf: 0.3, false_notes: 4.0, ghosts: 0.15, jitter_s: 0.014, doubt: 0.2 };
}

/// The frames that `ear` makes of `sounds` over `length_s` seconds.
pub fn listen(random: &mut Random, sounds: &[Sound], length_s: f64, ear: Ear) -> Vec<PosteriorFrame> {
    let count = (length_s * FRAME_RATE_HZ).ceil() as usize;
    let mut frames: Vec<_> = (0..count).map(|n| PosteriorFrame::silent(FrameIndex(n as u64))).collect();
    let mut strike = |random: &mut Random, at_s: f64, key: usize, low: f64| {
        let peak = random.between(low, 1.0).sqrt().min(0.98) as f32;
        let frame = (at_s * FRAME_RATE_HZ).round() as i64;
        for (offset, share) in [(-1i64, 0.35f32), (0, 1.0), (1, 0.4)] {
            if let Some(frame) = usize::try_from(frame + offset).ok().and_then(|n| frames.get_mut(n)) {
                frame.onset[key] = frame.onset[key].max(peak * share);
            }
        }
    };
    for sound in sounds {
        if random.chance(ear.deaf) {
            continue;
        }
        let at = sound.onset_s + ear.jitter_s * random.normal();
        strike(random, at, sound.key, ear.doubt);
        let ghost = sound.key + random.pick(&[12, 19, 24]);
        if ghost < KEYS && random.chance(ear.ghosts) {
            strike(random, at, ghost, 0.1);
        }
    }
    for _ in 0..(ear.false_notes * length_s) as usize {
        let at = random.between(0.0, length_s);
        let key = 10 + random.below(70);
        strike(random, at, key, 0.02);
    }
    for sound in sounds {
        let span = (sound.onset_s * FRAME_RATE_HZ) as usize..(sound.offset_s * FRAME_RATE_HZ) as usize;
        for frame in frames.iter_mut().take(span.end).skip(span.start) {
            frame.sounding[sound.key] = 0.9;
            frame.level_db = -30.0;
        }
    }
    frames
}
