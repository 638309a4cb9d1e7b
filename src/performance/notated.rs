//! A performance written down: performed pitches in measures.

use crate::score::{
    Mark, Measure, Note, NoteId, Ornament, Part, PathNote, PathStep, PlayingPath, Score, ScoreSource,
    Section, TempoChange,
};
use crate::units::{Beats, Pitch};

/// A note of a performance at its place in a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrittenNote {
    /// Index into the measures.
    pub measure: u32,
    /// From the start of its measure; not negative.
    pub onset: Beats,
    /// How long it is written, ties included; above zero.
    pub duration: Beats,
    /// As performed.
    pub pitch: Pitch,
    /// Index into the parts.
    pub part: u16,
    /// Staff within the part, 1 = top.
    pub staff: u8,
    /// 1-127.
    pub velocity: u8,
}

/// A performance as a score of its own: a measure for each that passed, and how loud each note was.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notated {
    /// Measures, notes and path; nothing in it repeats.
    pub score: Score,
    /// 1-127 for each note of the score, by [`NoteId`].
    pub velocities: Vec<u8>,
}

impl Notated {
    /// Puts `notes`, in any order, into `measures`. Notes of measures that are not there are left out; of two of one pitch
    /// that begin together in one part the longer stays.
    pub fn new(
        title: &str,
        parts: Vec<Part>,
        measures: Vec<Measure>,
        marks: Vec<Mark>,
        tempos: Vec<TempoChange>,
        mut notes: Vec<WrittenNote>,
    ) -> Notated {
        notes.retain(|note| (note.measure as usize) < measures.len() && note.duration > Beats::ZERO);
        let place = |note: &WrittenNote| (note.measure, note.onset, note.part, note.pitch);
        notes.sort_by(|a, b| place(a).cmp(&place(b)).then(b.duration.cmp(&a.duration)));
        notes.dedup_by_key(|note| place(note));
        let mut path = PlayingPath { tempos, ..PlayingPath::default() };
        let mut start = Beats::ZERO;
        for (measure, index) in measures.iter().zip(0..) {
            path.steps.push(PathStep {
                measure: index,
                number: measure.number.clone(),
                pass: 1,
                start,
                length: measure.length,
                meter: measure.meter,
            });
            start = start + measure.length;
        }
        for (note, id) in notes.iter().zip(0..) {
            path.notes.push(PathNote {
                id: NoteId(id),
                step: note.measure,
                onset: path.steps[note.measure as usize].start + note.onset,
                duration: note.duration,
                pitch: note.pitch,
                part: note.part,
                staff: note.staff,
                grace: false,
                fermata: false,
                ornament: Ornament::Plain,
            });
        }
        path.notes.sort_by_key(|note| (note.onset, note.pitch, note.id));
        let velocities = notes.iter().map(|note| note.velocity.clamp(1, 127)).collect();
        let printed = |note: &WrittenNote| Note {
            part: note.part,
            staff: note.staff,
            ..Note::plain(note.measure, note.onset, note.duration, note.pitch)
        };
        let score = Score {
            title: title.to_owned(),
            composer: String::new(),
            source: ScoreSource::QuantisedMidi,
            parts,
            notes: notes.iter().map(printed).collect(),
            sections: if measures.is_empty() { vec![] } else { vec![Section::default()] },
            measures,
            marks,
            path,
        };
        Notated { score, velocities }
    }

    /// The nearest place on a grid of sixteenths and triplet eighths; negative and not finite gives zero.
    pub fn settle(beat: f64) -> Beats {
        let on = |parts: f64| ((beat * parts).round(), parts);
        let off = |place: (f64, f64)| (place.0 / place.1 - beat).abs();
        let (sixteenths, triplets) = (on(4.0), on(3.0));
        // A tie goes to the simpler reading.
        let (count, parts) = if off(triplets) + 0.01 < off(sixteenths) { triplets } else { sixteenths };
        if count.is_finite() && count > 0.0 {
            Beats::new(count as i64, parts as i64).unwrap_or_default()
        } else {
            Beats::ZERO
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_settle_on_sixteenths_and_triplets() {
        let settled = |beat: f64| Notated::settle(beat).to_f64();
        assert_eq!(settled(1.27), 1.25);
        assert_eq!(settled(0.34), Beats::new(1, 3).unwrap().to_f64());
        assert_eq!(settled(-3.0), 0.0);
        assert_eq!(settled(f64::NAN), 0.0);
    }
}
