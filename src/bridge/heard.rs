//! What was heard lately, for the eyes.

use super::snapshot::{HEARD_NOTES, HEARD_S, HeardNote, Level};
use crate::units::{Pitch, Seconds};
use std::collections::VecDeque;

/// Fall time of the level meter, in seconds.
const METER_S: f64 = 0.1;

/// Notes heard lately and the level of the input.
pub(super) struct Heard {
    notes: VecDeque<HeardNote>,
    rate_hz: f64,
    peak: f32,
    mean_square: f32,
}

impl Heard {
    pub fn new(rate_hz: f64) -> Heard {
        Heard { notes: VecDeque::new(), rate_hz, peak: 0.0, mean_square: 0.0 }
    }

    /// Forgets all notes.
    pub fn restart(&mut self) {
        self.notes.clear();
    }

    pub fn start(&mut self, pitch: Pitch, velocity: u8, onset: Seconds, beat: Option<f64>) {
        if self.notes.len() == HEARD_NOTES {
            self.notes.pop_front();
        }
        self.notes.push_back(HeardNote { pitch, velocity, onset, offset: None, beat });
    }

    pub fn end(&mut self, pitch: Pitch, offset: Seconds) {
        let open = self.notes.iter_mut().rev().find(|note| note.pitch == pitch && note.offset.is_none());
        if let Some(note) = open {
            note.offset = Some(offset);
        }
    }

    /// The notes that still matter at `now`, by onset.
    pub fn notes(&mut self, now: Seconds) -> Vec<HeardNote> {
        self.notes.retain(|note| note.offset.is_none_or(|offset| now.0 - offset.0 < HEARD_S));
        let mut notes: Vec<HeardNote> = self.notes.iter().copied().collect();
        notes.sort_by(|a, b| a.onset.0.total_cmp(&b.onset.0));
        notes
    }

    /// Takes the level of a chunk: a peak that falls, and a running mean square.
    pub fn level_of(&mut self, chunk: &[f32]) {
        if chunk.is_empty() {
            return;
        }
        let keep = (-(chunk.len() as f64) / (self.rate_hz * METER_S)).exp() as f32;
        let peak = chunk.iter().fold(0f32, |peak, sample| peak.max(sample.abs()));
        let mean_square = chunk.iter().map(|sample| sample * sample).sum::<f32>() / chunk.len() as f32;
        self.peak = (self.peak * keep).max(peak);
        self.mean_square = self.mean_square * keep + mean_square * (1.0 - keep);
    }

    pub fn level(&self) -> Level {
        Level {
            peak_db: (20.0 * self.peak.log10()).max(-120.0),
            rms_db: (10.0 * self.mean_square.log10()).max(-120.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_stay_while_they_sound_and_a_while_after() {
        let mut heard = Heard::new(48_000.0);
        heard.start(Pitch(60), 80, Seconds(1.0), None);
        heard.start(Pitch(64), 80, Seconds(0.9), Some(2.0));
        heard.end(Pitch(60), Seconds(2.0));
        let onsets: Vec<f64> = heard.notes(Seconds(3.0)).iter().map(|note| note.onset.0).collect();
        assert_eq!(onsets, [0.9, 1.0]);
        let left = heard.notes(Seconds(2.0 + HEARD_S));
        assert_eq!(left.len(), 1);
        assert_eq!((left[0].pitch, left[0].offset), (Pitch(64), None));
    }

    #[test]
    fn the_meter_shows_a_full_scale_sine_at_minus_3_db_and_falls() {
        let mut heard = Heard::new(48_000.0);
        let sine: Vec<f32> = (0..48_000).map(|n| (n as f32 * 0.1).sin()).collect();
        sine.chunks(480).for_each(|chunk| heard.level_of(chunk));
        let level = heard.level();
        assert!(level.peak_db.abs() < 0.1 && (level.rms_db + 3.01).abs() < 0.2, "{level:?}");
        (0..400).for_each(|_| heard.level_of(&[0.0; 480]));
        assert!(heard.level().peak_db < -100.0);
        assert_eq!(Heard::new(48_000.0).level(), Level::default());
    }
}
