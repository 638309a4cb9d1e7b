//! What was performed, written down on the score's rhythm.

use super::matching::Matching;
use crate::performance::{FaultKind, Notated, PlayedNote, Take, WrittenNote};
use crate::score::{Flow, Mark, MarkKind, Measure, Score, TempoChange};
use crate::units::Beats;

/// The stretches of `takes` one after the other, each in the measures that it passed: a note that was matched stands where it
/// is written and as long; a wrong one where the right one is written; any other on the nearest sixteenth or triplet
/// eighth. Pitches are as performed, and notes that were missed are not there. Playing outside every stretch has no place
/// in the score and is left out.
///
/// `notes`: the recording's notes ordered by onset.
pub fn notate(score: &Score, takes: &[Take], notes: &[PlayedNote]) -> Notated {
    let path = &score.path;
    let sounding = score.sounding_times();
    let mut measures: Vec<Measure> = Vec::new();
    let mut marks: Vec<Mark> = Vec::new();
    let mut tempos: Vec<TempoChange> = Vec::new();
    let mut written: Vec<WrittenNote> = Vec::new();
    let mut passed = Beats::ZERO;
    for take in takes {
        for index in 0..take.stretches.len() {
            let Some(matched) = Matching::of_stretch(path, take, index, notes) else { continue };
            let stretch = &take.stretches[index];
            let steps = stretch.from_step as usize..=(stretch.to_step as usize).min(path.steps.len() - 1);
            let Some(first) = path.steps.get(*steps.start()) else { continue };
            let (base, from) = (measures.len(), first.start);
            let last = *steps.end();
            tempos.push(TempoChange { at: passed, tempo: path.tempo_at(from.to_f64()) });
            for change in &path.tempos {
                if change.at > from && change.at < path.steps[last].start + path.steps[last].length {
                    tempos.push(TempoChange { at: passed + (change.at - from), tempo: change.tempo });
                }
            }
            for step in &path.steps[steps.clone()] {
                let printed = score.measures.get(step.measure as usize);
                keys(score, step.measure, measures.len() as u32, &mut marks);
                measures.push(Measure {
                    number: step.number.clone(),
                    length: step.length,
                    meter: step.meter,
                    rehearsal: printed.and_then(|measure| measure.rehearsal.clone()),
                    flow: Flow::default(),
                });
                passed = passed + step.length;
            }
            // Where along the path, and for how long, to a measure of ours.
            let mut place = |onset: Beats, duration: Beats, part: u16, staff: u8, note: &PlayedNote| {
                let step = path.step_at(onset.to_f64()).unwrap_or(0).clamp(*steps.start(), last);
                let within = onset - path.steps[step].start;
                written.push(WrittenNote {
                    measure: (base + step - steps.start()) as u32,
                    onset: within.max(Beats::ZERO),
                    duration,
                    pitch: note.pitch,
                    part,
                    staff,
                    velocity: note.velocity,
                });
            };
            let mut placed = vec![false; matched.range.len()];
            for (note, strike) in matched.matching.pairs() {
                let (time, target) = (sounding[note], &path.notes[note]);
                // A unison of two voices is one strike, written once for each.
                placed[strike - matched.range.start] = true;
                place(time.onset, time.duration, target.part, target.staff, &notes[strike]);
            }
            for strike in matched.range.clone().filter(|j| !placed[j - matched.range.start]) {
                let note = &notes[strike];
                let meant = take.faults.iter().find(|fault| {
                    let here = (fault.at.0 - note.onset.0).abs() < 1e-9 && fault.pitch == Some(note.pitch);
                    let kind = matches!(fault.kind, FaultKind::Wrong | FaultKind::Timing);
                    here && kind && !fault.is_doubt()
                });
                let target = meant.and_then(|fault| {
                    let id = fault.note?;
                    path.notes.iter().position(|written| written.id == id && written.step == fault.step)
                });
                if let Some(target) = target {
                    let (time, target) = (sounding[target], &path.notes[target]);
                    place(time.onset, time.duration, target.part, target.staff, note);
                    continue;
                }
                let beat = |at: f64| matched.line.beat_at(at);
                let onset = Notated::settle(beat(note.onset.0));
                let end = Notated::settle(beat(note.offset.0));
                let sixteenth = Beats::whole(1).scaled(1, 4);
                let near = matched.nearest(path, note.onset.0, note.pitch);
                let (part, staff) =
                    near.map_or((0, 1), |near| (path.notes[near].part, path.notes[near].staff));
                place(onset, (end - onset).max(sixteenth), part, staff, note);
            }
        }
    }
    Notated::new(&score.title, score.parts.clone(), measures, marks, tempos, written)
}

/// The key that holds in a printed measure: at its start, or, for a stretch's first, where it was last set before.
fn keys(score: &Score, measure: u32, as_measure: u32, marks: &mut Vec<Mark>) {
    let is_key = |mark: &&Mark| matches!(mark.kind, MarkKind::Key(_));
    let before = |mark: &&Mark| (mark.measure, mark.onset) <= (measure, Beats::ZERO);
    let Some(key) = score.marks.iter().filter(is_key).rfind(before) else { return };
    let last = marks.iter().rfind(|mark| matches!(mark.kind, MarkKind::Key(_)));
    if last.is_none_or(|last| last.kind != key.kind) {
        marks.push(Mark { measure: as_measure, onset: Beats::ZERO, ..key.clone() });
    }
}
