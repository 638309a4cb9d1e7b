//! What was heard lately, for the eyes.

use super::snapshot::{HEARD_NOTES, HEARD_S, HeardNote, Level};
use crate::performance::Shading;
use crate::units::{KEYS, Pitch, Seconds};
use std::collections::VecDeque;

/// Fall time of the level meter, in seconds.
const METER_S: f64 = 0.1;

/// Columns of shading that are kept: those of the time that notes are.
const COLUMNS: usize = (HEARD_S / Shading::COLUMN.0) as usize;

/// Notes whose latency counts: the last so many.
const LATENCIES: usize = 64;

/// Notes heard lately and the level of the input.
pub(super) struct Heard {
    notes: VecDeque<HeardNote>,
    columns: VecDeque<[u8; KEYS]>,
    /// Number of the first column, counted from the start of the stream.
    first_column: u64,
    latencies: VecDeque<f64>,
    rate_hz: f64,
    peak: f32,
    mean_square: f32,
}

impl Heard {
    pub fn new(rate_hz: f64) -> Heard {
        Heard {
            notes: VecDeque::new(),
            columns: VecDeque::new(),
            first_column: 0,
            latencies: VecDeque::new(),
            rate_hz,
            peak: 0.0,
            mean_square: 0.0,
        }
    }

    /// Forgets all notes, and what they were made of.
    pub fn restart(&mut self) {
        self.notes.clear();
        self.columns.clear();
    }

    /// Takes the probability of each key at one moment of the stream.
    pub fn shade(&mut self, at: Seconds, sounding: &[f32; KEYS]) {
        // A moment on a column's edge belongs to the column that begins there.
        let column = (at.0.max(0.0) / Shading::COLUMN.0 + 1e-6) as u64;
        let next = self.first_column + self.columns.len() as u64;
        if self.columns.is_empty() || column < self.first_column || column >= next + COLUMNS as u64 {
            self.columns.clear();
            self.first_column = column;
        }
        while self.first_column + self.columns.len() as u64 <= column {
            self.columns.push_back([0; KEYS]);
            if self.columns.len() > COLUMNS {
                self.columns.pop_front();
                self.first_column += 1;
            }
        }
        let Some(keys) = self.columns.get_mut((column - self.first_column) as usize) else { return };
        for (key, probability) in keys.iter_mut().zip(sounding) {
            *key = (*key).max((probability.clamp(0.0, 1.0) * 255.0) as u8);
        }
    }

    /// The columns that are kept.
    pub fn shading(&self) -> Shading {
        Shading {
            from: Seconds(self.first_column as f64 * Shading::COLUMN.0),
            columns: self.columns.iter().copied().collect(),
        }
    }

    /// Takes how long after its attack a note left.
    pub fn late(&mut self, by: Seconds) {
        if self.latencies.len() == LATENCIES {
            self.latencies.pop_front();
        }
        self.latencies.push_back(by.0);
    }

    /// Median time from attack to event of the last notes.
    pub fn latency(&self) -> Option<Seconds> {
        let mut sorted: Vec<f64> = self.latencies.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().map(Seconds)
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
    fn shading_keeps_the_strongest_of_each_column_and_forgets_in_time() {
        let mut heard = Heard::new(48_000.0);
        let frame = |probability: f32| {
            let mut keys = [0.0; KEYS];
            keys[39] = probability;
            keys
        };
        for (hop, probability) in [0.1, 0.9, 0.2, 0.0, 0.0, 0.5, f32::NAN].into_iter().enumerate() {
            heard.shade(Seconds(10.0 + 0.01 * hop as f64), &frame(probability));
        }
        let shading = heard.shading();
        assert_eq!(shading.from, Seconds(10.0));
        let strengths: Vec<u8> = shading.columns.iter().map(|keys| keys[39]).collect();
        assert_eq!(strengths, [229, 127]);
        (0..4000).for_each(|hop| heard.shade(Seconds(11.0 + 0.01 * f64::from(hop)), &frame(0.0)));
        assert_eq!(heard.shading().columns.len(), COLUMNS);
        assert!((heard.shading().to().0 - 51.0).abs() < 1e-9);
        // The stream jumped.
        heard.shade(Seconds(500.0), &frame(1.0));
        assert_eq!(heard.shading().columns.len(), 1);
    }

    #[test]
    fn latency_is_the_median_of_the_last_notes() {
        let mut heard = Heard::new(48_000.0);
        assert_eq!(heard.latency(), None);
        (0..200).for_each(|note| heard.late(Seconds(if note % 4 == 0 { 0.5 } else { 0.03 })));
        assert_eq!(heard.latency(), Some(Seconds(0.03)));
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
