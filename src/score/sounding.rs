//! When notes are expected to sound, where the page gives them no time of their own: grace notes, and what they lean on.

use super::{GraceKind, PathNote, Score};
use crate::units::Beats;
use std::collections::HashMap;

/// How long a quick grace note lasts, in seconds, whatever the tempo: players change it less than the tempo changes
/// (Timmers, Ashley, Desain, Honing and Windsor 2002, "Timing of ornaments in the theme from Beethoven's Paisiello
/// variations").
const GRACE_S: f64 = 0.09;

/// The longest that an appoggiatura leans, in beats.
const LONGEST_LEAN: Beats = Beats::whole(2);

/// When one note of the path is expected to sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoundingTime {
    /// Where it starts, in beats along the path.
    pub onset: Beats,
    /// How long it is held, in beats.
    pub duration: Beats,
}

impl Score {
    /// When each note of [`Score::path`] is expected to sound at the notated tempo, in the path's order.
    ///
    /// - Acciaccaturas and after-graces last 90 ms each and end where the note they lean on begins, but take at most half
    ///   of the time since the notes before it in their part; where nothing is before, they begin on the beat and delay it.
    /// - An appoggiatura begins on the beat and takes half of its note, two thirds of a dotted one, two beats at most
    ///   (C. P. E. Bach 1753, "Versuch", II.2 §11).
    ///
    /// All other notes sound as written.
    pub fn sounding_times(&self) -> Vec<SoundingTime> {
        let notes = &self.path.notes;
        let mut times: Vec<SoundingTime> =
            notes.iter().map(|note| SoundingTime { onset: note.onset, duration: note.duration }).collect();
        for run in self.grace_runs() {
            let first = &notes[run.notes[0]];
            let count = i64::from(run.count);
            let mains: Vec<usize> = self.leaned_on(first, run.voice).collect();
            let shortest = mains.iter().map(|&main| notes[main].duration).min();
            let before = self.time_before(first);
            let (start, whole) = match (run.kind, shortest) {
                (GraceKind::Appoggiatura, Some(main)) => (first.onset, lean(main)),
                _ => {
                    let each = GRACE_S / self.path.tempo_at(first.onset.to_f64()).seconds_per_beat();
                    let wanted = Beats::nearest(each).scaled(count, 1);
                    match (before, shortest) {
                        (Some(room), _) => {
                            let whole = wanted.min(room.scaled(1, 2));
                            (first.onset - whole, whole)
                        }
                        (None, Some(main)) => (first.onset, wanted.min(main.scaled(1, 2))),
                        (None, None) => (first.onset, wanted),
                    }
                }
            };
            for &index in &run.notes {
                let place = i64::from(self.grace_index(&notes[index]));
                times[index] = SoundingTime {
                    onset: start + whole.scaled(place, count),
                    duration: whole.scaled(1, count),
                };
            }
            if start == first.onset {
                for main in mains {
                    let delay = whole.min(notes[main].duration);
                    times[main] = SoundingTime {
                        onset: notes[main].onset + delay,
                        duration: notes[main].duration - delay,
                    };
                }
            }
        }
        times
    }

    /// The grace notes of the path, those together that one voice plays before one note.
    fn grace_runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let mut index_of: HashMap<(u32, Beats, u16, u8, GraceKind), usize> = HashMap::new();
        for (index, note) in self.path.notes.iter().enumerate().filter(|(_, note)| note.grace) {
            let written = self.notes.get(note.id.0 as usize);
            let kind = written.and_then(|written| written.grace).unwrap_or(GraceKind::Acciaccatura);
            let voice = written.map_or(1, |written| written.voice);
            let slot =
                *index_of.entry((note.step, note.onset, note.part, voice, kind)).or_insert_with(|| {
                    runs.push(Run { kind, voice, notes: Vec::new(), count: 1 });
                    runs.len() - 1
                });
            runs[slot].notes.push(index);
            runs[slot].count = runs[slot].count.max(self.grace_index(note).saturating_add(1));
        }
        runs
    }

    fn grace_index(&self, note: &PathNote) -> u8 {
        self.notes.get(note.id.0 as usize).map_or(0, |written| written.grace_index)
    }

    /// The notes that a grace note of `voice` leans on: those of its part and voice that begin with it.
    fn leaned_on(&self, grace: &PathNote, voice: u8) -> impl Iterator<Item = usize> {
        let notes = &self.path.notes;
        let first = notes.partition_point(|note| note.onset < grace.onset);
        let (onset, part) = (grace.onset, grace.part);
        (first..notes.len()).take_while(move |&at| notes[at].onset == onset).filter(move |&at| {
            let written = self.notes.get(notes[at].id.0 as usize);
            !notes[at].grace && notes[at].part == part && written.is_none_or(|note| note.voice == voice)
        })
    }

    /// The time between a grace note's place and the onset before it in its part; `None` if it is the first.
    fn time_before(&self, grace: &PathNote) -> Option<Beats> {
        let notes = &self.path.notes;
        let here = notes.partition_point(|note| note.onset < grace.onset);
        let before = notes[..here].iter().rev().find(|note| note.part == grace.part && !note.grace)?;
        Some(grace.onset - before.onset)
    }
}

/// How long an appoggiatura takes of a note that long.
fn lean(main: Beats) -> Beats {
    let dotted = main.numerator() % 3 == 0;
    (if dotted { main.scaled(2, 3) } else { main.scaled(1, 2) }).min(LONGEST_LEAN)
}

/// Grace notes that one voice plays one after the other (or together) before one note.
struct Run {
    kind: GraceKind,
    voice: u8,
    /// Indices into the path's notes.
    notes: Vec<usize>,
    /// How many come one after the other.
    count: u8,
}
