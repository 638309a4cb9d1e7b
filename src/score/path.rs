//! The playing path: the score as it is played, one step for each measure that passes.
//!
//! All beats here count quarter notes along the path; beat 0 is the first notated position, a pick-up included.

use super::{NoteId, Ornament, Waymarks};
use crate::units::{Beats, Bpm, Pitch, Seconds};
use serde::{Deserialize, Serialize};

/// One measure passing by. Two steps may print the same measure: a repeat, or a D.C.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathStep {
    /// Index into the score's printed measures.
    pub measure: u32,
    /// Printed number of that measure.
    pub number: String,
    /// Which time it passes, 1 = first.
    pub pass: u32,
    /// Where it starts.
    pub start: Beats,
    /// How long it is.
    pub length: Beats,
    /// Beats per measure and beat unit as printed.
    pub meter: (u16, u16),
}

/// One note that is expected to sound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathNote {
    /// The printed note; of an octave that the instrument adds to it, too.
    pub id: NoteId,
    /// Index into [`PlayingPath::steps`].
    pub step: u32,
    /// Where it starts. A grace note has the onset of the note it leans on.
    pub onset: Beats,
    /// How long it is written, with ties; zero for a grace note.
    pub duration: Beats,
    /// Sounding pitch.
    pub pitch: Pitch,
    /// Index into the score's parts.
    pub part: u16,
    /// Staff within the part, 1 = top.
    pub staff: u8,
    /// A grace note.
    pub grace: bool,
    /// Written under a fermata.
    pub fermata: bool,
    /// How freely it may be played.
    pub ornament: Ornament,
}

/// A tempo that holds from `at` on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TempoChange {
    /// Path position.
    pub at: Beats,
    /// The tempo from there.
    pub tempo: Bpm,
}

/// The score in playing order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PlayingPath {
    /// The measures as they pass; contiguous, in time order.
    pub steps: Vec<PathStep>,
    /// The notes as they sound, ordered by onset, then grace notes first, then pitch.
    pub notes: Vec<PathNote>,
    /// Tempo marks in order; empty when the score has none.
    pub tempos: Vec<TempoChange>,
    /// Where rests under a fermata begin, and in which part, in time order.
    #[serde(default)]
    pub held_rests: Vec<(Beats, u16)>,
    /// Where players begin and turn; empty where that is not known.
    #[serde(default)]
    pub waymarks: Waymarks,
}

impl PlayingPath {
    /// A path of plain notes `(onset, duration, pitch)` in measures of `meter` (beats and beat unit, such as (6, 8);
    /// a zero counts as 4), numbered from 1; [`NoteId`]s count the notes as given.
    pub fn from_notes(meter: (u16, u16), notes: &[(Beats, Beats, Pitch)]) -> PlayingPath {
        let meter = (if meter.0 == 0 { 4 } else { meter.0 }, if meter.1 == 0 { 4 } else { meter.1 });
        let length = Beats::whole(meter.0.into()).scaled(4, meter.1.into());
        let end = notes.iter().map(|(onset, duration, _)| *onset + *duration).max().unwrap_or(Beats::ZERO);
        let count = (end.to_f64() / length.to_f64() - 1e-9).ceil().clamp(0.0, super::MAX_STEPS as f64) as u32;
        let steps: Vec<PathStep> = (0..count)
            .map(|index| PathStep {
                measure: index,
                number: (index + 1).to_string(),
                pass: 1,
                start: length.scaled(index.into(), 1),
                length,
                meter,
            })
            .collect();
        let mut path =
            PlayingPath { steps, notes: Vec::with_capacity(notes.len()), ..PlayingPath::default() };
        for (id, &(onset, duration, pitch)) in notes.iter().enumerate() {
            let step = path.step_at(onset.to_f64()).unwrap_or(0) as u32;
            path.notes.push(PathNote {
                id: NoteId(id as u32),
                step,
                onset,
                duration,
                pitch,
                part: 0,
                staff: 1,
                grace: false,
                fermata: false,
                ornament: Ornament::Plain,
            });
        }
        path.notes.sort_by_key(|note| (note.onset, note.pitch, note.id));
        path
    }

    /// The same path with only the notes of `parts` (indices into the score's parts); part indices stay.
    pub fn for_parts(&self, parts: &[u16]) -> PlayingPath {
        PlayingPath {
            steps: self.steps.clone(),
            notes: self.notes.iter().filter(|note| parts.contains(&note.part)).cloned().collect(),
            tempos: self.tempos.clone(),
            held_rests: self.held_rests.iter().filter(|(_, part)| parts.contains(part)).copied().collect(),
            waymarks: self.waymarks.clone(),
        }
    }

    /// Where the last step ends.
    pub fn end(&self) -> Beats {
        self.steps.last().map_or(Beats::ZERO, |step| step.start + step.length)
    }

    /// Index of the step that `beat` falls in; positions before the start give the first step, past the end the
    /// last. `None` if the path has no steps.
    pub fn step_at(&self, beat: f64) -> Option<usize> {
        let after = self.steps.partition_point(|step| step.start.to_f64() <= beat + 1e-9);
        if self.steps.is_empty() { None } else { Some(after.saturating_sub(1)) }
    }

    /// The notated tempo at `beat`; [`Bpm::DEFAULT`] before the first mark.
    pub fn tempo_at(&self, beat: f64) -> Bpm {
        let after = self.tempos.partition_point(|change| change.at.to_f64() <= beat + 1e-9);
        if after == 0 { Bpm::DEFAULT } else { self.tempos[after - 1].tempo }
    }

    /// When `beat` would come in a metronomic performance at the notated tempo that starts at beat 0.
    pub fn notated_time(&self, beat: f64) -> Seconds {
        let mut time = 0.0;
        let mut from = 0.0;
        let mut tempo = self.tempo_at(0.0);
        for change in &self.tempos {
            let at = change.at.to_f64();
            if at >= beat {
                break;
            }
            time += (at - from).max(0.0) * tempo.seconds_per_beat();
            from = at.max(from);
            tempo = change.tempo;
        }
        Seconds(time + (beat - from) * tempo.seconds_per_beat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(start: i64, length: i64) -> PathStep {
        PathStep {
            measure: 0,
            number: "1".into(),
            pass: 1,
            start: Beats::whole(start),
            length: Beats::whole(length),
            meter: (4, 4),
        }
    }

    #[test]
    fn a_list_of_notes_becomes_measures() {
        let quarter = Beats::whole(1);
        let notes: Vec<_> = (0..7).map(|i| (Beats::whole(i), quarter, Pitch(60 + i as u8))).collect();
        let path = PlayingPath::from_notes((3, 4), &notes);
        assert_eq!(path.steps.len(), 3);
        assert_eq!(path.steps[2].start, Beats::whole(6));
        assert_eq!((path.notes[6].step, path.notes[6].pitch), (2, Pitch(66)));
        assert_eq!(path.for_parts(&[0]), path);
        assert!(path.for_parts(&[1]).notes.is_empty());
        assert!(PlayingPath::from_notes((4, 4), &[]).steps.is_empty());
    }

    #[test]
    fn steps_and_notated_times_are_found() {
        let path = PlayingPath {
            steps: vec![step(0, 1), step(1, 4), step(5, 4)],
            notes: vec![],
            tempos: vec![
                TempoChange { at: Beats::ZERO, tempo: Bpm(60.0) },
                TempoChange { at: Beats::whole(5), tempo: Bpm(120.0) },
            ],
            ..PlayingPath::default()
        };
        assert_eq!(path.end(), Beats::whole(9));
        assert_eq!(path.step_at(-1.0), Some(0));
        assert_eq!(path.step_at(0.999), Some(0));
        assert_eq!(path.step_at(1.0), Some(1));
        assert_eq!(path.step_at(100.0), Some(2));
        assert_eq!(PlayingPath::default().step_at(0.0), None);
        assert!((path.notated_time(7.0).0 - 6.0).abs() < 1e-12);
        assert!((path.notated_time(-1.0).0 + 1.0).abs() < 1e-12);
    }
}
