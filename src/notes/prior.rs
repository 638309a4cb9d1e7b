//! What the followed score leads us to expect, as log-odds on strikes.

use crate::performance::{PosteriorFrame, Strike};
use crate::score::PlayingPath;
use crate::units::KEYS;

/// How far around the followed position a written note is expected, in seconds at the followed tempo.
const REACH_S: f64 = 0.35;
/// Log-odds that a written note near the position gains at full assist.
const EXPECTED_LOG_ODDS: f32 = 1.2;
/// Log-odds that a note not written near the position loses at full assist.
const UNEXPECTED_LOG_ODDS: f32 = 0.7;

/// Sways strike evidence towards what is written around the followed position.
///
/// The evidence is moved by log-odds, never replaced: a clear wrong note stays a note, and silence stays silent.
#[derive(Clone, Debug)]
pub struct ScorePrior {
    log_odds: [f32; KEYS],
    active: bool,
}

impl Default for ScorePrior {
    fn default() -> Self {
        ScorePrior { log_odds: [0.0; KEYS], active: false }
    }
}

impl ScorePrior {
    /// Expects what `path` has around `beat` when a beat lasts `seconds_per_beat`.
    ///
    /// `assist`: 0 (none) to 1; `confidence`: 0-1, how far the position is believed. Both scale the sway.
    pub fn expect(
        &mut self,
        path: &PlayingPath,
        beat: f64,
        seconds_per_beat: f64,
        assist: f32,
        confidence: f32,
    ) {
        let sway = assist.clamp(0.0, 1.0) * confidence.clamp(0.0, 1.0);
        self.active = sway > 0.0 && beat.is_finite() && seconds_per_beat > 0.0;
        if !self.active {
            return;
        }
        self.log_odds.fill(-UNEXPECTED_LOG_ODDS * sway);
        let reach_beats = REACH_S / seconds_per_beat;
        let from = path.notes.partition_point(|note| note.onset.to_f64() < beat - reach_beats);
        for note in path.notes[from..].iter().take_while(|note| note.onset.to_f64() <= beat + reach_beats) {
            if let Some(key) = note.pitch.key() {
                self.log_odds[key] = EXPECTED_LOG_ODDS * sway;
            }
        }
    }

    /// Expects nothing in particular.
    pub fn clear(&mut self) {
        self.active = false;
    }

    /// Moves the strike evidence of `frame`.
    pub fn apply(&self, frame: &mut PosteriorFrame) {
        if !self.active {
            return;
        }
        for (onset, &shift) in frame.onset.iter_mut().zip(&self.log_odds) {
            *onset = shift_log_odds(*onset, shift);
        }
    }

    /// Moves the probability of a strike.
    pub fn sway(&self, strike: &mut Strike) {
        if self.active {
            strike.probability = shift_log_odds(strike.probability, self.log_odds[strike.key]);
        }
    }
}

/// `probability` with `shift` added to its log-odds; 0 and 1 stay.
pub(super) fn shift_log_odds(probability: f32, shift: f32) -> f32 {
    if probability <= 0.0 || probability >= 1.0 {
        return probability.clamp(0.0, 1.0);
    }
    let odds = probability / (1.0 - probability) * shift.exp();
    odds / (1.0 + odds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{NoteId, Ornament, PathNote};
    use crate::units::{Beats, FrameIndex, Pitch};

    #[test]
    fn written_notes_gain_and_others_lose() {
        let note = |beat, pitch| PathNote {
            id: NoteId(0),
            step: 0,
            onset: Beats::whole(beat),
            duration: Beats::whole(1),
            pitch: Pitch(pitch),
            part: 0,
            staff: 1,
            grace: false,
            fermata: false,
            ornament: Ornament::Plain,
        };
        let path = PlayingPath { notes: vec![note(0, 60), note(4, 64)], ..PlayingPath::default() };
        let mut prior = ScorePrior::default();
        let mut frame = PosteriorFrame::silent(FrameIndex(0));
        frame.onset.fill(0.5);
        frame.onset[0] = 0.0;
        let before = frame.clone();
        prior.apply(&mut frame);
        assert_eq!(frame, before, "without a position nothing moves");
        prior.expect(&path, 4.1, 0.5, 1.0, 1.0);
        prior.apply(&mut frame);
        assert!(frame.onset[64 - 21] > 0.7 && frame.onset[60 - 21] < 0.4 && frame.onset[0] == 0.0);
    }
}
