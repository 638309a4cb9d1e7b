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
    /// Onset probabilities of true onsets: `(low, power)`, even between `low` and 1, to the power.
    pub peak: (f64, f64),
    /// Weak onsets, on average, that are heard with each true one in other keys, none of which then sound.
    pub crosstalk: f64,
    /// How long a key is struck before it is heard to sound, in seconds: the mean of an exponential.
    pub slow_s: f64,
}

impl Ear {
    /// Hears everything as it is.
    pub const PERFECT: Ear = Ear {
        deaf: 0.0,
        false_notes: 0.0,
        ghosts: 0.0,
        jitter_s: 0.0,
        peak: (0.97, 0.5),
        crosstalk: 0.0,
        slow_s: 0.0,
    };
    /// Misses some and hears few that are not.
    pub const GOOD: Ear = Ear {
        deaf: 0.08,
        false_notes: 0.8,
        ghosts: 0.03,
        jitter_s: 0.007,
        peak: (0.4, 0.5),
        crosstalk: 0.0,
        slow_s: 0.0,
    };
    /// As signal processing does.
    pub const POOR: Ear =
        Ear { deaf: 0.3, false_notes: 4.0, ghosts: 0.15, jitter_s: 0.014, peak: (0.2, 0.5), ..Ear::GOOD };
    /// As a small causal network does in full textures: attacks blur over the keys around them.
    pub const NETWORK: Ear = Ear {
        deaf: 0.06,
        false_notes: 0.4,
        ghosts: 0.1,
        jitter_s: 0.008,
        peak: (0.03, 0.8),
        crosstalk: 2.0,
        slow_s: 0.015,
    };
}

/// The frames that `ear` makes of `sounds` over `length_s` seconds.
pub fn listen(random: &mut Random, sounds: &[Sound], length_s: f64, ear: Ear) -> Vec<PosteriorFrame> {
    let count = (length_s * FRAME_RATE_HZ).ceil() as usize;
    let mut frames: Vec<_> = (0..count).map(|n| PosteriorFrame::silent(FrameIndex(n as u64))).collect();
    let mut strike = |at_s: f64, key: usize, peak: f64| {
        let peak = peak.min(0.98) as f32;
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
        strike(at, sound.key, random.between(ear.peak.0, 1.0).powf(ear.peak.1));
        let ghost = sound.key + random.pick(&[12, 19, 24]);
        if ghost < KEYS && random.chance(ear.ghosts) {
            strike(at, ghost, random.between(0.1, 1.0).sqrt());
        }
        let mut crosstalk = ear.crosstalk;
        while random.chance(crosstalk / (1.0 + crosstalk)) {
            crosstalk *= 0.95;
            let away = random.pick(&[-12, -9, -7, -5, -3, -2, -1, 1, 2, 3, 4, 5, 7, 8, 12, 15, 19]);
            let Some(key) = sound.key.checked_add_signed(away).filter(|&key| key < KEYS) else { continue };
            // Heavy-tailed: most are faint, some are not.
            let peak = 0.05 * random.between(0.02, 1.0).powf(-0.66);
            strike(at + ear.jitter_s * random.normal(), key, peak);
        }
    }
    for _ in 0..(ear.false_notes * length_s) as usize {
        let at = random.between(0.0, length_s);
        let key = 10 + random.below(70);
        strike(at, key, random.between(0.02, 1.0).sqrt());
    }
    for sound in sounds {
        let heard_s = sound.onset_s - ear.slow_s * (1.0 - random.unit()).ln();
        let span = (heard_s * FRAME_RATE_HZ) as usize..(sound.offset_s * FRAME_RATE_HZ) as usize;
        for frame in frames.iter_mut().take(span.end).skip(span.start) {
            frame.sounding[sound.key] = 0.9;
            frame.level_db = -30.0;
        }
    }
    frames
}
