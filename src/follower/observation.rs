//! Evidence of onsets: peaks of the onset posteriors, and keys that begin to sound without one.

use super::FollowerSettings;
use crate::performance::PosteriorFrame;
use crate::units::KEYS;

/// A probable onset of one key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Strike {
    /// Index of the key, 0 = A0.
    pub key: usize,
    /// Likelihood of what was heard if the key was struck, over that if it was not.
    pub odds: f32,
    /// Where between the hops the onset lies, from a parabola through the peak; -0.5 to 0.5.
    pub offset: f32,
}

/// What one hop tells.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    /// Probable onsets at this hop, strongest first; at most one a key.
    pub strikes: Vec<Strike>,
    /// Nothing sounds.
    pub quiet: bool,
}

/// Shortest time between two onsets of one key, in hops.
const REFRACTORY: u64 = 5;
/// How long a key that began to sound without attack waits for one, and looks back for one, in hops.
const SOFT_WINDOW: u64 = 15;
/// Sounding probability above which a key sounds, and below which it does not.
const SOUNDS: (f32, f32) = (0.5, 0.3);

/// Turns frames into [`Evidence`].
///
/// # Latency
/// One hop: a peak is a peak once the next frame is lower.
#[derive(Clone, Debug)]
pub(crate) struct StrikePicker {
    before: [f32; KEYS],
    current: [f32; KEYS],
    sounding: [f32; KEYS],
    was_off: [bool; KEYS],
    last_strike: [u64; KEYS],
    hop: u64,
    evidence: Evidence,
}

impl StrikePicker {
    /// A picker that has heard silence.
    pub fn new() -> StrikePicker {
        StrikePicker {
            before: [0.0; KEYS],
            current: [0.0; KEYS],
            sounding: [0.0; KEYS],
            was_off: [true; KEYS],
            last_strike: [0; KEYS],
            hop: REFRACTORY + SOFT_WINDOW,
            evidence: Evidence { strikes: Vec::with_capacity(KEYS), quiet: true },
        }
    }

    /// Takes the next frame; what it returns describes the frame *before*.
    pub fn next(&mut self, frame: &PosteriorFrame, settings: &FollowerSettings) -> &Evidence {
        self.hop += 1;
        self.evidence.strikes.clear();
        let mut loudest = 0.0f32;
        for key in 0..KEYS {
            let next = probability(frame.onset[key]);
            let here = self.current[key];
            let since = self.hop - self.last_strike[key];
            let peak = here >= settings.onset_floor && here >= self.before[key] && here > next;
            let sounding = self.sounding[key];
            loudest = loudest.max(sounding);
            if peak && since >= REFRACTORY {
                let odds = likelihood_ratio(here, settings.onset_prior).min(settings.strongest_onset);
                let offset = peak_offset(self.before[key], here, next);
                self.evidence.strikes.push(Strike { key, odds, offset });
                self.last_strike[key] = self.hop;
                self.was_off[key] = false;
            } else if sounding < SOUNDS.1 {
                self.was_off[key] = true;
            } else if sounding >= SOUNDS.0 && self.was_off[key] {
                self.was_off[key] = false;
                if since >= SOFT_WINDOW {
                    self.evidence.strikes.push(Strike { key, odds: settings.soft_onset, offset: 0.0 });
                    self.last_strike[key] = self.hop;
                }
            }
            self.before[key] = here;
            self.current[key] = next;
            self.sounding[key] = probability(frame.sounding[key]);
        }
        self.evidence.strikes.sort_by(|a, b| b.odds.total_cmp(&a.odds));
        self.evidence.quiet = loudest < SOUNDS.1;
        &self.evidence
    }
}

/// The likelihood ratio that made a well-calibrated estimator say `probability` at base rate `prior`.
fn likelihood_ratio(probability: f32, prior: f32) -> f32 {
    let odds = |p: f32| p / (1.0 - p).max(1e-6);
    odds(probability) / odds(prior.clamp(1e-6, 0.5))
}

/// The vertex of the parabola through three values, the middle one the largest.
fn peak_offset(before: f32, here: f32, next: f32) -> f32 {
    let bend = before - 2.0 * here + next;
    if bend < -1e-6 { (0.5 * (before - next) / bend).clamp(-0.5, 0.5) } else { 0.0 }
}

/// A probability, whatever came.
fn probability(value: f32) -> f32 {
    if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 }
}
