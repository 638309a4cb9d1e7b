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

/// Hops by which evidence lags behind the frame just taken: so long one looks whether a struck key
/// then sounds.
pub(crate) const PICKER_LAG: usize = 2;
/// Frames kept: some before the hop described, that hop, and those after it.
const KEPT: usize = 8;
/// Index among the kept frames, oldest first, of the hop described.
const HERE: usize = KEPT - 1 - PICKER_LAG;
/// Hops before a strike at which one looks whether the key sounded already.
const BEFORE: usize = 4;
/// Shortest time between two onsets of one key, in hops, unless the second is this many times as probable.
const REFRACTORY: (u64, f32) = (5, 2.0);
/// How long after an attack a key that begins to sound is taken to sound because of it, in hops.
const SOFT_WINDOW: u64 = 15;
/// How long a key that begins to sound waits for an attack, in hops: estimators hear many keys sound before they are
/// sure of the attack, and one note must not count twice.
const SOFT_WAIT: u64 = 4;
/// Sounding probability above which a key sounds, and below which it does not.
const SOUNDS: (f32, f32) = (0.5, 0.3);

/// One frame as the picker keeps it.
#[derive(Clone, Copy, Debug)]
struct Kept {
    onset: [f32; KEYS],
    sounding: [f32; KEYS],
}

impl Kept {
    const SILENT: Kept = Kept { onset: [0.0; KEYS], sounding: [0.0; KEYS] };
}

/// Turns frames into [`Evidence`].
///
/// An estimator's onset probabilities are calibrated over all moments. At the moment of an attack it takes neighbours
/// and partials of what is struck for struck as well, a little: what tells keys apart is then steeper than its odds
/// (`sharpness`), and that a struck key goes on to sound (`mute`).
///
/// # Latency
/// [`PICKER_LAG`] hops.
#[derive(Clone, Debug)]
pub(crate) struct StrikePicker {
    kept: [Kept; KEPT],
    was_off: [bool; KEYS],
    /// The hop at which a key began to sound, as long as its attack is waited for.
    begun: [Option<u64>; KEYS],
    last_strike: [(u64, f32); KEYS],
    hop: u64,
    evidence: Evidence,
}

impl StrikePicker {
    /// A picker that has heard silence.
    pub fn new() -> StrikePicker {
        StrikePicker {
            kept: [Kept::SILENT; KEPT],
            was_off: [true; KEYS],
            begun: [None; KEYS],
            last_strike: [(0, 0.0); KEYS],
            hop: REFRACTORY.0 + SOFT_WINDOW,
            evidence: Evidence { strikes: Vec::with_capacity(KEYS), quiet: true },
        }
    }

    /// Takes the next frame; what it returns describes the one [`PICKER_LAG`] hops earlier.
    pub fn next(&mut self, frame: &PosteriorFrame, settings: &FollowerSettings) -> &Evidence {
        self.hop += 1;
        self.kept.rotate_left(1);
        let newest = &mut self.kept[KEPT - 1];
        newest.onset = frame.onset.map(probability);
        newest.sounding = frame.sounding.map(probability);

        self.evidence.strikes.clear();
        let mut loudest = 0.0f32;
        for key in 0..KEYS {
            let [before, here, next] = [HERE - 1, HERE, HERE + 1].map(|n| self.kept[n].onset[key]);
            let (last, last_peak) = self.last_strike[key];
            let since = self.hop - last;
            let rested = since >= REFRACTORY.0 || here >= REFRACTORY.1 * last_peak;
            let sounding = self.kept[HERE].sounding[key];
            loudest = loudest.max(sounding);
            if here >= settings.onset_floor && here >= before && here > next && rested {
                let odds = self.odds(key, here, settings);
                self.evidence.strikes.push(Strike { key, odds, offset: peak_offset(before, here, next) });
                self.last_strike[key] = (self.hop, here);
                (self.was_off[key], self.begun[key]) = (false, None);
            } else if sounding < SOUNDS.1 {
                (self.was_off[key], self.begun[key]) = (true, None);
            } else if sounding >= SOUNDS.0 && self.was_off[key] {
                self.was_off[key] = false;
                self.begun[key] = (since >= SOFT_WINDOW).then_some(self.hop);
            } else if self.begun[key].is_some_and(|begun| self.hop >= begun + SOFT_WAIT) {
                self.begun[key] = None;
                self.evidence.strikes.push(Strike { key, odds: settings.soft_onset, offset: 0.0 });
                self.last_strike[key] = (self.hop, 0.0);
            }
        }
        self.evidence.strikes.sort_by(|a, b| b.odds.total_cmp(&a.odds));
        self.evidence.quiet = loudest < SOUNDS.1;
        &self.evidence
    }

    /// Likelihood ratio of a peak of height `here`.
    fn odds(&self, key: usize, here: f32, settings: &FollowerSettings) -> f32 {
        let mut ratio = (odds(here) / odds(settings.neutral_onset)).powf(settings.sharpness);
        if self.kept[HERE - BEFORE].sounding[key] < SOUNDS.1 {
            let sounds = self.kept[HERE..].iter().map(|kept| kept.sounding[key]).fold(0.0, f32::max);
            ratio *= settings.mute.powf(1.0 - sounds);
        }
        ratio.min(settings.strongest_onset)
    }
}

/// Odds of a probability.
fn odds(probability: f32) -> f32 {
    let p = probability.clamp(1e-6, 1.0 - 1e-6);
    p / (1.0 - p)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::FrameIndex;

    /// Hops at which key 40 is struck, and the odds, if it begins to sound at hop 20 and its attack peaks at `attack`.
    fn struck(attack: Option<usize>) -> Vec<(usize, f32)> {
        let settings = FollowerSettings::default();
        let mut picker = StrikePicker::new();
        let mut strikes = Vec::new();
        for hop in 0..60usize {
            let mut frame = PosteriorFrame::silent(FrameIndex(hop as u64));
            frame.sounding[40] = if hop >= 20 { 0.9 } else { 0.0 };
            frame.onset[40] =
                attack.map_or(0.0, |at| [0.9, 0.3].get(hop.abs_diff(at)).copied().unwrap_or(0.0));
            for strike in &picker.next(&frame, &settings).strikes {
                strikes.push((hop - PICKER_LAG, strike.odds));
            }
        }
        strikes
    }

    #[test]
    fn a_note_counts_once_whether_it_sounds_before_its_attack_or_after() {
        for attack in [18, 20, 21, 23] {
            let strikes = struck(Some(attack));
            assert_eq!(strikes.len(), 1, "attack at {attack}: {strikes:?}");
            assert_eq!(strikes[0].0, attack);
        }
        let soft = FollowerSettings::default().soft_onset;
        assert_eq!(struck(None), [(20 + SOFT_WAIT as usize, soft)]);
    }
}
