//! Instruments of our own: sums of partials with randomised physics, so that no two pieces sound alike.

use crate::performance::Performance;
use fastrand::Rng;
use std::f64::consts::TAU;

/// Partials above this are never heard by the front end, Hz.
const HIGHEST_PARTIAL_HZ: f64 = 7_500.0;

/// The ways a model makes sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Hammer on a stiff string.
    Struck,
    /// Plucked string.
    Plucked,
    /// Bowed string.
    Bowed,
    /// Blown reed, pipe or brass.
    Blown,
    /// Organ pipes, steady.
    Organ,
    /// Sung vowels.
    Voice,
}

impl Family {
    /// All of them.
    pub const ALL: [Family; 6] =
        [Family::Struck, Family::Plucked, Family::Bowed, Family::Blown, Family::Organ, Family::Voice];

    fn decays(self) -> bool {
        matches!(self, Family::Struck | Family::Plucked)
    }
}

/// One instrument: everything that does not change from note to note.
pub struct Instrument {
    family: Family,
    rate_hz: f64,
    /// Stiffness at middle C, and its growth per octave.
    stiffness: f64,
    stiffness_growth: f64,
    /// Where the string is struck or plucked, a fraction of its length.
    excitation_place: f64,
    /// Decibels per octave of partial number, at velocity 64.
    slope_db: f64,
    /// Decibels per octave that the slope flattens from softest to loudest.
    brightening_db: f64,
    /// Odd partials louder than even ones by this, dB.
    odd_db: f64,
    /// Seconds to fall 60 dB at middle C, and the factor per octave upward.
    decay_s: f64,
    decay_growth: f64,
    /// Share of energy in the slow part of the double decay, and how much slower it is.
    after_sound: f64,
    after_factor: f64,
    attack_s: f64,
    release_s: f64,
    vibrato_hz: f64,
    vibrato_cents: f64,
    vibrato_delay_s: f64,
    tremolo: f64,
    noise: f64,
    noise_hz: f64,
    onset_noise: f64,
    /// Body resonances: centre Hz, bandwidth in octaves, gain dB.
    resonances: Vec<(f64, f64, f64)>,
    /// Strings or ranks a note, their detuning in cents.
    detuning_cents: Vec<f64>,
    /// Amplitude in dB from velocity 1 to 127.
    dynamic_range_db: f64,
}

impl Instrument {
    /// A random instrument of a family at `rate_hz`.
    pub fn random(rng: &mut Rng, family: Family, rate_hz: f64) -> Instrument {
        let mut between = |low: f64, high: f64| low + (high - low) * rng.f64();
        let (attack, release, slope) = match family {
            Family::Struck => (between(0.001, 0.006), between(0.04, 0.3), between(-12.0, -4.0)),
            Family::Plucked => (between(0.0005, 0.003), between(0.03, 0.4), between(-9.0, -3.0)),
            Family::Bowed => (between(0.02, 0.13), between(0.04, 0.25), between(-9.0, -3.5)),
            Family::Blown => (between(0.012, 0.08), between(0.02, 0.12), between(-14.0, -4.0)),
            Family::Organ => (between(0.004, 0.04), between(0.01, 0.12), between(-10.0, -1.0)),
            Family::Voice => (between(0.025, 0.11), between(0.04, 0.15), between(-10.0, -6.0)),
        };
        let sung = matches!(family, Family::Bowed | Family::Voice | Family::Blown);
        let vibrato_cents = if sung && between(0.0, 1.0) < 0.75 { between(4.0, 55.0) } else { 0.0 };
        let resonance_count = if family == Family::Voice { 4 } else { between(0.0, 6.0) as usize };
        let resonances = (0..resonance_count)
            .map(|i| {
                if family == Family::Voice {
                    let centre = [550.0, 1_300.0, 2_700.0, 3_400.0][i] * between(0.6, 1.5);
                    (centre, between(0.15, 0.4), between(10.0, 24.0))
                } else {
                    (200.0 * 2f64.powf(between(0.0, 5.0)), between(0.1, 1.0), between(-10.0, 12.0))
                }
            })
            .collect();
        let ranks = match family {
            Family::Struck => between(1.0, 3.99) as usize,
            Family::Organ => between(1.0, 2.99) as usize,
            _ => 1,
        };
        let spread = between(0.0, 2.0);
        let detuning_cents = (0..ranks).map(|i| (i as f64 - (ranks as f64 - 1.0) / 2.0) * spread).collect();
        Instrument {
            family,
            rate_hz,
            stiffness: if family.decays() { 10f64.powf(between(-5.0, -3.2)) } else { 0.0 },
            stiffness_growth: between(1.6, 3.0),
            excitation_place: if family.decays() { between(0.06, 0.35) } else { 0.0 },
            slope_db: slope,
            brightening_db: between(0.0, 6.0),
            odd_db: if family == Family::Blown && between(0.0, 1.0) < 0.4 { between(3.0, 25.0) } else { 0.0 },
            decay_s: if family == Family::Struck { between(4.0, 16.0) } else { between(1.0, 9.0) },
            decay_growth: between(0.5, 0.8),
            after_sound: between(0.0, 0.4),
            after_factor: between(1.5, 4.0),
            attack_s: attack,
            release_s: release,
            vibrato_hz: between(4.2, 7.2),
            vibrato_cents,
            vibrato_delay_s: between(0.0, 0.5),
            tremolo: between(0.0, 0.3) * f64::from(u8::from(sung)),
            noise: if sung { 10f64.powf(between(-3.2, -1.3)) } else { 0.0 },
            noise_hz: 400.0 * 2f64.powf(between(0.0, 4.0)),
            onset_noise: 10f64.powf(between(-2.8, -0.7)),
            resonances,
            detuning_cents,
            dynamic_range_db: between(18.0, 45.0),
        }
    }

    /// The whole performance, `samples` long, pitches at A4 = 440 Hz.
    pub fn render(
        &self,
        rng: &mut Rng,
        performance: &Performance,
        shift_keys: i32,
        samples: usize,
    ) -> Vec<f32> {
        let mut output = vec![0.0; samples];
        for key in &performance.keys {
            let pitch = f64::from(i32::from(key.pitch) - shift_keys);
            self.note(rng, &mut output, key.on_s, performance.damped_s(key.off_s), pitch, key.velocity);
        }
        output
    }

    fn note(&self, rng: &mut Rng, output: &mut [f32], on_s: f64, damped_s: f64, pitch: f64, velocity: u8) {
        let first = (on_s * self.rate_hz) as usize;
        let tail_s = damped_s + 3.0 * self.release_s;
        let longest_s =
            if self.family.decays() { self.decay_at(pitch) * 1.3 * self.after_factor } else { 1e9 };
        let last = ((tail_s.min(on_s + longest_s)) * self.rate_hz) as usize;
        let last = last.min(output.len());
        if first >= last {
            return;
        }
        let loudness = f64::from(velocity) / 127.0;
        let gain = 0.25 * 10f64.powf(self.dynamic_range_db * (loudness - 1.0) / 20.0);
        let mut sound = vec![0.0; last - first];
        for &cents in &self.detuning_cents {
            let hz = 440.0 * ((pitch - 69.0 + cents / 100.0) / 12.0).exp2();
            let partials = self.partials(rng, hz, pitch, loudness);
            let rank_gain = gain / self.detuning_cents.len() as f64;
            if self.family.decays() {
                self.ring(rng, &mut sound, &partials, rank_gain);
            } else {
                self.sustain(rng, &mut sound, &partials, hz, rank_gain);
            }
        }
        self.shape(rng, &mut sound, gain, damped_s - on_s);
        for (sample, value) in output[first..last].iter_mut().zip(sound) {
            *sample += value;
        }
    }

    fn decay_at(&self, pitch: f64) -> f64 {
        self.decay_s * self.decay_growth.powf((pitch - 60.0) / 12.0)
    }

    /// Frequency in Hz, amplitude and decay in seconds to -60 dB of each partial; loudest about 1.
    fn partials(&self, rng: &mut Rng, hz: f64, pitch: f64, loudness: f64) -> Vec<(f64, f64, f64)> {
        let stiffness = self.stiffness * self.stiffness_growth.powf((pitch - 60.0) / 12.0);
        let slope = self.slope_db + self.brightening_db * (loudness - 0.5);
        let mut partials = Vec::new();
        for k in 1..=40u32 {
            let number = f64::from(k);
            let partial_hz = hz * number * (1.0 + stiffness * number * number).sqrt();
            if partial_hz > HIGHEST_PARTIAL_HZ {
                break;
            }
            let mut db = slope * number.log2() + 6.0 * (rng.f64() - 0.5);
            if k % 2 == 0 {
                db -= self.odd_db / number.sqrt();
            }
            for &(centre, octaves, gain_db) in &self.resonances {
                let distance = (partial_hz / centre).log2() / octaves;
                db += gain_db * (-distance * distance).exp();
            }
            let comb = if self.excitation_place > 0.0 {
                (std::f64::consts::PI * number * self.excitation_place).sin().abs().max(0.02)
            } else {
                1.0
            };
            let decay = self.decay_at(pitch) / (1.0 + 0.12 * (number - 1.0)) * (0.7 + 0.6 * rng.f64());
            partials.push((partial_hz, comb * 10f64.powf(db / 20.0), decay));
        }
        let sum: f64 = partials.iter().map(|p| p.1 * p.1).sum::<f64>().sqrt().max(1e-9);
        for partial in &mut partials {
            partial.1 /= sum;
        }
        partials
    }

    /// Free partials, each falling on its own, twice as many rates as one.
    fn ring(&self, rng: &mut Rng, sound: &mut [f32], partials: &[(f64, f64, f64)], gain: f64) {
        for &(hz, amplitude, decay_s) in partials {
            let angle = TAU * hz / self.rate_hz;
            let (sin, cos) = (angle.sin() as f32, angle.cos() as f32);
            let start = TAU * rng.f64();
            let (mut re, mut im) = (start.cos() as f32, start.sin() as f32);
            let fast = 1e-3f64.powf(1.0 / (decay_s * 0.6 * self.rate_hz)) as f32;
            let slow = 1e-3f64.powf(1.0 / (decay_s * self.after_factor * self.rate_hz)) as f32;
            let mut fast_level = (gain * amplitude * (1.0 - self.after_sound)) as f32;
            let mut slow_level = (gain * amplitude * self.after_sound) as f32;
            for sample in sound.iter_mut() {
                (re, im) = (re * cos - im * sin, re * sin + im * cos);
                *sample += im * (fast_level + slow_level);
                fast_level *= fast;
                slow_level *= slow;
                if fast_level + slow_level < 1e-7 {
                    break;
                }
            }
        }
    }

    /// Locked harmonics with vibrato and a breathing level.
    fn sustain(&self, rng: &mut Rng, sound: &mut [f32], partials: &[(f64, f64, f64)], hz: f64, gain: f64) {
        let mut phase = rng.f64();
        let (mut vibrato, mut wander) = (TAU * rng.f64(), 0.0f64);
        let vibrato_step = TAU * self.vibrato_hz * (0.9 + 0.2 * rng.f64()) / self.rate_hz;
        let scoop = if self.family == Family::Voice { -60.0 * rng.f64() } else { -12.0 * rng.f64() };
        let amplitudes: Vec<f32> = partials.iter().map(|p| (gain * p.1) as f32).collect();
        let mut step = hz / self.rate_hz;
        let mut level = 1.0f32;
        for (n, sample) in sound.iter_mut().enumerate() {
            // Pitch and level move slowly: every 32 samples is often enough.
            if n % 32 == 0 {
                let t = n as f64 / self.rate_hz;
                vibrato += 32.0 * vibrato_step;
                wander = 0.995 * wander + 0.3 * (rng.f64() - 0.5);
                let depth = self.vibrato_cents * ((t - self.vibrato_delay_s) / 0.3).clamp(0.0, 1.0);
                let cents = depth * vibrato.sin() + wander + scoop * (-t / 0.05).exp();
                step = hz * (cents / 1_200.0).exp2() / self.rate_hz;
                level = (1.0 + self.tremolo * (0.4 * vibrato.cos() + 0.15 * wander)) as f32;
            }
            phase = (phase + step).fract();
            let angle = (TAU * phase) as f32;
            let (twice_cos, mut before, mut now) = (2.0 * angle.cos(), 0.0f32, angle.sin());
            let mut sum = 0.0;
            for &amplitude in &amplitudes {
                sum += amplitude * now;
                (before, now) = (now, twice_cos * now - before);
            }
            *sample += sum * level;
        }
    }

    /// Attack, release, and the noises of bow, breath or hammer.
    fn shape(&self, rng: &mut Rng, sound: &mut [f32], gain: f64, held_s: f64) {
        let angle = TAU * self.noise_hz / self.rate_hz;
        let (mut low, mut band) = (0.0f32, 0.0f32);
        let f = (2.0 * (angle / 2.0).sin()) as f32;
        for (n, sample) in sound.iter_mut().enumerate() {
            let t = n as f64 / self.rate_hz;
            let level = self.noise + self.onset_noise * (-t / 0.008).exp();
            let white = (rng.f32() - 0.5) * (gain * level) as f32;
            low += f * band;
            band += f * (white - low - 0.7 * band);
            let released = if t > held_s { (-(t - held_s) / (self.release_s / 3.0)).exp() } else { 1.0 };
            let attack = (t / self.attack_s).min(1.0);
            *sample = (*sample + 4.0 * band) * (attack * released) as f32;
        }
    }
}
