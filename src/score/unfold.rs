//! From the printed score and an order of measures to the playing path.

use super::passes::Passes;
use super::{
    Mark, MarkKind, Measure, Note, NoteId, Ornament, PathNote, PathStep, PlayingPath, Score, ScoreError,
    TempoChange, playing_order,
};
use crate::units::{Beats, Bpm, Pitch};
use std::collections::HashMap;

/// The most notes that a playing path may have.
pub const MAX_PATH_NOTES: usize = 2_000_000;

/// The longest silence between a tied note and its continuation, as arpeggios that are written out have it.
const TIE_GAP: Beats = Beats::whole(4);

impl Score {
    /// The path that plays the printed measures in `order` (indices into [`Score::measures`]; others are left
    /// out). Cues and unpitched notes are not on it, nor notes for other passes of a repeat; ties are merged along
    /// the way that is played, so that a note before two voltas reaches into the one that follows.
    ///
    /// # Errors
    /// [`ScoreError::TooManyNotes`] beyond [`MAX_PATH_NOTES`].
    pub fn path_in(&self, order: &[u32]) -> Result<PlayingPath, ScoreError> {
        let mut path = PlayingPath {
            steps: Vec::with_capacity(order.len()),
            notes: Vec::with_capacity(self.notes.len()),
            tempos: tempos_along(&self.measures, &self.marks, order),
            ..PlayingPath::default()
        };
        let mut passes = Passes::new(&self.measures);
        let mut ties = OpenTies::default();
        let mut start = Beats::ZERO;
        for &index in order {
            let Some(measure) = self.measures.get(index as usize) else { continue };
            let step = path.steps.len() as u32;
            let printed = self.notes_of_measure(index);
            let first = printed.start;
            let printed = &self.notes[printed];
            let pass = passes.enter(index, printed);
            path.steps.push(PathStep {
                measure: index,
                number: measure.number.clone(),
                pass,
                start,
                length: measure.length,
                meter: measure.meter,
            });
            for (id, note) in (first as u32..).zip(printed) {
                if note.cue || note.unpitched || !passes.sounds(note) {
                    continue;
                }
                let octave = i32::from(note.pitch.0) + 12 * i32::from(note.doubled.signum());
                let octave = u8::try_from(octave).ok().filter(|octave| *octave < 128 && note.doubled != 0);
                for pitch in [Some(note.pitch), octave.map(Pitch)].into_iter().flatten() {
                    ties.strike(&mut path.notes, note, pitch, NoteId(id), step, start + note.onset);
                }
            }
            let marks = &self.marks[self.marks.partition_point(|mark| mark.measure < index)..];
            let here = marks.iter().take_while(|mark| mark.measure == index);
            let rests = here.filter(|mark| matches!(mark.kind, MarkKind::RestFermata));
            path.held_rests.extend(rests.map(|mark| (start + mark.onset, mark.part)));
            if path.notes.len() > MAX_PATH_NOTES {
                let found = path.notes.len();
                return Err(ScoreError::TooManyNotes { limit: MAX_PATH_NOTES, found });
            }
            start = start + measure.length;
        }
        path.notes.sort_by_key(|note| (note.onset, !note.grace, note.pitch, note.part, note.id));
        let played: Vec<u32> = path.steps.iter().map(|step| step.measure).collect();
        let starts: Vec<Beats> = path.steps.iter().map(|step| step.start).collect();
        path.waymarks = self.waymarks(&played, &starts);
        Ok(path)
    }

    /// The path of one section alone, with its repeats unfolded; counted from 0.
    ///
    /// # Errors
    /// [`ScoreError::NoSuchSection`], and as [`playing_order`] and [`Self::path_in`].
    pub fn path_of_section(&self, index: usize) -> Result<PlayingPath, ScoreError> {
        let found = self.sections.len();
        if index >= found {
            return Err(ScoreError::NoSuchSection { number: index.wrapping_add(1), found });
        }
        let range = self.section_range(index);
        let order = playing_order(&self.measures, &self.sections)?;
        let own: Vec<u32> = order.into_iter().filter(|&at| range.contains(&(at as usize))).collect();
        self.path_in(&own)
    }

    /// The noteheads printed in measure `index`, as a range of [`Score::notes`].
    pub fn notes_of_measure(&self, index: u32) -> std::ops::Range<usize> {
        self.notes.partition_point(|note| note.measure < index)
            ..self.notes.partition_point(|note| note.measure <= index)
    }
}

/// Notes that wait for their continuation, by part and pitch.
#[derive(Default)]
struct OpenTies(HashMap<(u16, Pitch), Vec<OpenTie>>);

struct OpenTie {
    /// Index of the note on the path.
    note: usize,
    end: Beats,
    voice: u8,
    grace: bool,
}

impl OpenTies {
    /// Puts `note` on the path, or lengthens the note that it is tied to.
    fn strike(
        &mut self,
        path: &mut Vec<PathNote>,
        note: &Note,
        pitch: Pitch,
        id: NoteId,
        step: u32,
        onset: Beats,
    ) {
        let end = onset + note.duration;
        let key = (note.part, pitch);
        let held = if note.ties.from_previous {
            self.take(key, onset, note.voice)
        } else if note.grace.is_none() {
            self.take_grace(key, onset, note.voice)
        } else {
            None
        };
        let index = match held {
            Some(index) => {
                let head = &mut path[index];
                head.duration = end - head.onset;
                head.grace &= note.grace.is_some();
                head.fermata |= note.fermata;
                if head.ornament == Ornament::Plain {
                    head.ornament = note.ornament;
                }
                index
            }
            None => {
                path.push(PathNote {
                    id,
                    step,
                    onset,
                    duration: note.duration,
                    pitch,
                    part: note.part,
                    staff: note.staff,
                    grace: note.grace.is_some(),
                    fermata: note.fermata,
                    ornament: note.ornament,
                });
                path.len() - 1
            }
        };
        if note.ties.to_next {
            self.0.entry(key).or_default().push(OpenTie {
                note: index,
                end,
                voice: note.voice,
                grace: note.grace.is_some(),
            });
        }
    }

    /// The open tie that a continuation at `onset` belongs to: one that ends there, in its own voice if possible; else,
    /// as where an arpeggio is written out in a voice of its own, the one that ended last, not too long ago.
    fn take(&mut self, key: (u16, Pitch), onset: Beats, voice: u8) -> Option<usize> {
        let open = self.0.get_mut(&key)?;
        open.retain(|tie| tie.end + TIE_GAP >= onset);
        let best = (0..open.len())
            .filter(|&i| open[i].end <= onset)
            .max_by_key(|&i| (open[i].end == onset, open[i].voice == voice, open[i].end))?;
        Some(open.swap_remove(best).note)
    }

    /// A grace note tied to the note that it leans on, which may not say so itself.
    fn take_grace(&mut self, key: (u16, Pitch), onset: Beats, voice: u8) -> Option<usize> {
        let open = self.0.get_mut(&key)?;
        let tie = open.iter().position(|tie| tie.grace && tie.end == onset && tie.voice == voice)?;
        Some(open.swap_remove(tie).note)
    }
}

/// The tempo changes along `order`: the printed tempo that holds at each place, jumps included.
fn tempos_along(measures: &[Measure], marks: &[Mark], order: &[u32]) -> Vec<TempoChange> {
    let printed = printed_tempos(marks);
    let mut changes: Vec<TempoChange> = Vec::new();
    let mut change = |at: Beats, tempo: Bpm| {
        if changes.last().is_some_and(|last| last.at == at) {
            changes.pop();
        }
        if changes.last().is_none_or(|last| last.tempo != tempo) {
            changes.push(TempoChange { at, tempo });
        }
    };
    let mut start = Beats::ZERO;
    for &index in order {
        let Some(measure) = measures.get(index as usize) else { continue };
        let first = printed.partition_point(|(at, _, _)| *at < index);
        if first > 0 {
            change(start, printed[first - 1].2);
        }
        for (_, onset, tempo) in printed[first..].iter().take_while(|(at, _, _)| *at == index) {
            change(start + *onset, *tempo);
        }
        start = start + measure.length;
    }
    changes
}

/// Tempo marks in printed order; a word counts only where no figure stands in the same measure.
fn printed_tempos(marks: &[Mark]) -> Vec<(u32, Beats, Bpm)> {
    let figures: std::collections::HashSet<u32> =
        marks.iter().filter(|m| matches!(m.kind, MarkKind::Tempo(_))).map(|m| m.measure).collect();
    let mut tempos: Vec<(u32, Beats, Bpm)> = marks
        .iter()
        .filter_map(|mark| match &mark.kind {
            MarkKind::Tempo(tempo) => Some((mark.measure, mark.onset, *tempo)),
            MarkKind::TempoWord(_, tempo) if !figures.contains(&mark.measure) => {
                Some((mark.measure, mark.onset, *tempo))
            }
            _ => None,
        })
        .collect();
    tempos.sort_by_key(|(measure, onset, _)| (*measure, *onset));
    tempos.dedup_by_key(|(measure, onset, _)| (*measure, *onset));
    tempos
}
