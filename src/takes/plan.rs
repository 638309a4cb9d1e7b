//! A proposed edit: the fewest joins over clean measures.
//!
//! Dynamic programming over the path's steps; a state is the stretch that a step comes from. A fault costs more
//! than the two joins that avoid it, so a step is faulty only where no usable stretch has it clean.

use super::coverage::{CLEAN_BELOW, first_onsets, step_end};
use super::matching::beats_of;
use super::timeline::Timeline;
use crate::performance::{
    ChosenJoin, Decision, EditChoices, EditPlan, JoinPlace, JoinReason, Mark, PlanSegment, PlayedNote, Take,
};
use crate::score::PlayingPath;
use crate::units::Seconds;

/// Cost of a fault held certain. A join costs at most [`ROUGHEST`], a fault that counts at least half of this.
const FAULT: f64 = 12.0;
/// The least and the most that a join costs.
const SMOOTHEST: f64 = 0.4;
const ROUGHEST: f64 = 2.5;
/// What a star is worth a step, and what a choice outweighs.
const STAR: f64 = 0.2;
const CHOSEN: f64 = 10_000.0;
/// Slack, in beats, for a stretch that begins or ends a hair off a measure line.
const EDGE_BEATS: f64 = 0.02;
/// A join lies this far before the onset that it enters with.
const LEAD_S: f64 = 0.010;

/// A stretch as a source of steps.
struct Source {
    take: u32,
    stretch: u32,
    line: Timeline,
    /// Cost of each step it holds: (step, faulty, cost), in step order.
    steps: Vec<(u32, bool, f64)>,
}

impl Source {
    fn at(&self, step: u32) -> Option<(bool, f64)> {
        let index = self.steps.binary_search_by_key(&step, |entry| entry.0).ok()?;
        Some((self.steps[index].1, self.steps[index].2))
    }
}

/// What an edit is made of.
struct Material<'a> {
    path: &'a PlayingPath,
    takes: &'a [Take],
    notes: &'a [PlayedNote],
    choices: &'a EditChoices,
    sources: Vec<Source>,
}

/// A place where one source gives way to another.
#[derive(Clone, Debug)]
struct Join {
    beat: f64,
    cost: f64,
    reason: JoinReason,
}

/// Proposes an edit of the whole path out of `takes`.
///
/// `notes`: the recording's notes ordered by onset, for the level on both sides of a join; may be empty. `marks`
/// and `choices`, whose takes are indices, outweigh everything computed: a rejected take or measure is not used, a star is
/// preferred, a chosen take is used where it holds the step whole, a chosen join is made. Steps that no usable take holds
/// whole are listed as uncovered.
pub fn edit_plan(
    path: &PlayingPath,
    takes: &[Take],
    marks: &[Mark],
    choices: &EditChoices,
    notes: &[PlayedNote],
) -> EditPlan {
    let sources = sources(path, takes, marks, choices);
    let steps = path.steps.len() as u32;
    let mut by_step: Vec<Vec<usize>> = vec![Vec::new(); path.steps.len()];
    for (index, source) in sources.iter().enumerate() {
        source.steps.iter().for_each(|(step, ..)| by_step[*step as usize].push(index));
    }
    let material = Material { path, takes, notes, choices, sources };
    let mut plan = EditPlan {
        segments: vec![],
        uncovered: (0..steps).filter(|&step| by_step[step as usize].is_empty()).collect(),
    };
    let mut step = 0;
    while step < steps {
        let mut end = step;
        while end < steps && !by_step[end as usize].is_empty() {
            end += 1;
        }
        if end > step {
            let chosen = cheapest(&material, &by_step, step, end);
            plan.segments.extend(pieces(&material, step, &chosen));
        }
        step = end + 1;
    }
    plan
}

/// Every stretch of every take with the steps it holds whole, minus what was rejected.
fn sources(path: &PlayingPath, takes: &[Take], marks: &[Mark], choices: &EditChoices) -> Vec<Source> {
    let entries = first_onsets(path);
    let wanted: Vec<Option<u32>> = (0..path.steps.len() as u32).map(|step| choices.wanted(step)).collect();
    let mut sources = Vec::new();
    for (t, take) in takes.iter().enumerate() {
        let of_take = |mark: &&Mark| mark.take == t as u32;
        let says = |step: u32, decision: &Decision| {
            marks
                .iter()
                .filter(of_take)
                .any(|mark| mark.step.is_none_or(|marked| marked == step) && mark.decision == *decision)
        };
        for (s, stretch) in take.stretches.iter().enumerate() {
            let held = beats_of(take, s);
            let line = Timeline::through(&held);
            if line.len() < 2 {
                continue;
            }
            let last = (stretch.to_step as usize + 1).min(path.steps.len()) as u32;
            let steps = (stretch.from_step.min(last)..last)
                .filter(|&step| {
                    stretch.from_beat <= entries[step as usize] + EDGE_BEATS
                        && stretch.to_beat >= step_end(path, step) - EDGE_BEATS
                        && !says(step, &Decision::Reject)
                })
                .map(|step| {
                    let trouble: f32 = take
                        .faults
                        .iter()
                        .filter(|fault| fault.step == step && fault.confidence >= CLEAN_BELOW)
                        .filter(|fault| (stretch.start.0 - 0.2..=stretch.end.0 + 0.2).contains(&fault.at.0))
                        .map(|fault| fault.confidence)
                        .sum();
                    let mut cost = FAULT * trouble as f64;
                    if says(step, &Decision::Star) {
                        cost -= STAR;
                    }
                    if let Some(wanted) = wanted[step as usize] {
                        cost += if wanted == t as u32 { -CHOSEN } else { CHOSEN };
                    }
                    (step, trouble > 0.0, cost)
                })
                .collect();
            sources.push(Source { take: t as u32, stretch: s as u32, line, steps });
        }
    }
    sources
}

/// The cheapest source for each step from `from` (inclusive) to `to` (exclusive), all of which have one.
fn cheapest(material: &Material<'_>, by_step: &[Vec<usize>], from: u32, to: u32) -> Vec<usize> {
    let sources = &material.sources;
    let cost_of = |source: usize, step: u32| sources[source].at(step).map_or(CHOSEN, |(_, cost)| cost);
    let mut costs: Vec<f64> = by_step[from as usize].iter().map(|&source| cost_of(source, from)).collect();
    let mut back: Vec<Vec<usize>> = Vec::with_capacity((to - from) as usize);
    for step in from + 1..to {
        let before = &by_step[step as usize - 1];
        let (mut next, mut origin) = (Vec::new(), Vec::new());
        for &source in &by_step[step as usize] {
            let mut best = (f64::INFINITY, 0);
            for (index, &other) in before.iter().enumerate() {
                // A join costs something whatever its place: no need to look for that place if it is too dear.
                if other != source && costs[index] + SMOOTHEST >= best.0 {
                    continue;
                }
                let cost = costs[index]
                    + if other == source {
                        0.0
                    } else {
                        join(material, &sources[other], &sources[source], step).cost
                    };
                // Of equals the later take: players get better.
                if cost <= best.0 {
                    best = (cost, index);
                }
            }
            next.push(best.0 + cost_of(source, step));
            origin.push(best.1);
        }
        costs = next;
        back.push(origin);
    }
    let mut state = (0..costs.len()).rev().min_by(|&a, &b| costs[a].total_cmp(&costs[b])).unwrap_or(0);
    let mut chosen = vec![by_step[to as usize - 1][state]];
    for (offset, origin) in back.iter().enumerate().rev() {
        state = origin[state];
        chosen.push(by_step[from as usize + offset][state]);
    }
    chosen.reverse();
    chosen
}

/// Turns a source for each step into segments with their joins placed.
fn pieces(material: &Material<'_>, from: u32, chosen: &[usize]) -> Vec<PlanSegment> {
    let Material { path, takes, sources, .. } = material;
    let mut pieces: Vec<PlanSegment> = Vec::new();
    for (offset, &index) in chosen.iter().enumerate() {
        let step = from + offset as u32;
        let source = &sources[index];
        let faulty = source.at(step).is_some_and(|(faulty, _)| faulty);
        if offset > 0 && chosen[offset - 1] == index {
            let piece = &mut pieces[chosen[..offset].chunk_by(|a, b| a == b).count() - 1];
            piece.to_step = step;
            piece.faulty.extend(faulty.then_some(step));
            continue;
        }
        let stretch = &takes[source.take as usize].stretches[source.stretch as usize];
        let first = path.steps[step as usize].start.to_f64().max(stretch.from_beat);
        let (from_beat, start, reason) = if offset == 0 {
            (first, Seconds(source.line.time_at(first).0.min(stretch.start.0.max(0.0)).max(0.0)), None)
        } else {
            let before = &sources[chosen[offset - 1]];
            let join = join(material, before, source, step);
            if let Some(piece) = pieces.last_mut() {
                piece.to_beat = join.beat;
                piece.end = Seconds(before.line.time_at(join.beat).0 - LEAD_S);
            }
            (join.beat, Seconds(source.line.time_at(join.beat).0 - LEAD_S), Some(join.reason))
        };
        let start = if offset == 0 && first > stretch.from_beat + EDGE_BEATS {
            Seconds(source.line.time_at(first).0 - LEAD_S)
        } else {
            start
        };
        pieces.push(PlanSegment {
            take: source.take,
            stretch: source.stretch,
            from_step: step,
            to_step: step,
            from_beat,
            to_beat: from_beat,
            start,
            end: start,
            faulty: faulty.then_some(step).into_iter().collect(),
            reason,
        });
    }
    if let (Some(piece), Some(&index)) = (pieces.last_mut(), chosen.last()) {
        let source = &sources[index];
        let stretch = &takes[source.take as usize].stretches[source.stretch as usize];
        let end = step_end(path, piece.to_step).min(stretch.to_beat);
        piece.to_beat = end;
        // The last piece of all rings out with its stretch.
        let last = piece.to_step == stretch.to_step;
        piece.end = if last { stretch.end } else { Seconds(source.line.time_at(end).0 - LEAD_S) };
        piece.end = Seconds(piece.end.0.max(piece.start.0));
    }
    pieces
}

/// The smoothest place to go from `a` to `b` around the start of `step`.
fn join(material: &Material<'_>, a: &Source, b: &Source, step: u32) -> Join {
    let Material { path, takes, notes, choices, .. } = material;
    let line = path.steps[step as usize].start.to_f64();
    let stretch_a = &takes[a.take as usize].stretches[a.stretch as usize];
    let stretch_b = &takes[b.take as usize].stretches[b.stretch as usize];
    let reach_back = path.steps[step as usize - 1].length.to_f64() / 2.0;
    let reach_on = path.steps[step as usize].length.to_f64() / 2.0;
    let from = (line - reach_back).max(stretch_b.from_beat);
    let to = (line + reach_on).min(stretch_a.to_beat);
    let pace = (a.line.seconds_per_beat(line, 4.0) / b.line.seconds_per_beat(line, 4.0)).ln().abs();
    let (level_a, level_b) = (level(notes, a.line.time_at(line)), level(notes, b.line.time_at(line)));
    let uneven = (level_a - level_b).abs() / 60.0;
    let apart = (2.0 * pace).min(0.5) + uneven.min(0.4);
    let chosen = choices.join(step, a.take, b.take);
    let told =
        |place: JoinPlace| JoinReason { place, chosen: chosen.is_some(), tempo_off: Some(pace.exp_m1()) };
    if let Some(ChosenJoin { beat: Some(beat), .. }) = chosen
        && (from..=to).contains(beat)
    {
        return Join { beat: *beat, cost: SMOOTHEST, reason: told(JoinPlace::Chosen) };
    }
    let spoiled = |take: u32, low: f64, high: f64| {
        let faults = &takes[take as usize].faults;
        faults.iter().any(|fault| {
            fault.confidence >= CLEAN_BELOW && fault.beat >= low - 0.3 && fault.beat <= high + 0.3
        })
    };
    let mut best = Join {
        beat: line,
        cost: ROUGHEST,
        reason: JoinReason { tempo_off: None, ..told(JoinPlace::MeasureLine) },
    };
    let first = path.notes.partition_point(|note| note.onset.to_f64() < from - 1e-6);
    let mut previous = f64::NAN;
    for note in path.notes[first..].iter().take_while(|note| note.onset.to_f64() <= to + 1e-6) {
        let beat = note.onset.to_f64();
        if beat == previous {
            continue;
        }
        previous = beat;
        let shifted = if beat < line { (b.take, beat, line) } else { (a.take, line, beat) };
        if (beat - line).abs() > 1e-6 && spoiled(shifted.0, shifted.1, shifted.2) {
            continue;
        }
        let (rest, wait, held) = around(path, beat);
        let mut cost = 1.0 + apart + 0.5 * held + 0.15 * (beat - line).abs().min(2.0);
        let reason = if rest >= 0.25 {
            cost -= 0.5;
            JoinPlace::Rest
        } else if wait >= 1.0 {
            cost -= 0.2 * wait.min(2.0);
            JoinPlace::LongNote
        } else {
            JoinPlace::Onset
        };
        let cost = cost.clamp(SMOOTHEST, ROUGHEST);
        if cost < best.cost {
            best = Join { beat, cost, reason: told(reason) };
        }
    }
    best
}

/// What is written right before the onset at `beat`: beats of rest, beats since the last onset, and the share of
/// notes that are held over it.
fn around(path: &PlayingPath, beat: f64) -> (f64, f64, f64) {
    let here = path.notes.partition_point(|note| note.onset.to_f64() < beat - 1e-6);
    let (mut ends, mut last, mut held, mut looked) = (f64::NEG_INFINITY, f64::NEG_INFINITY, 0.0, 0.0f64);
    for note in path.notes[..here].iter().rev().take(64) {
        let (onset, end) = (note.onset.to_f64(), (note.onset + note.duration).to_f64());
        if onset < beat - 16.0 {
            break;
        }
        last = last.max(onset);
        ends = ends.max(end);
        if end > beat - 0.5 {
            looked += 1.0;
        }
        if end > beat + 0.05 {
            held += 1.0;
        }
    }
    ((beat - ends).clamp(0.0, 8.0), (beat - last).clamp(0.0, 8.0), held / looked.max(1.0))
}

/// Median velocity of the notes within a second of `time`; 64 where there are none.
fn level(notes: &[PlayedNote], time: Seconds) -> f64 {
    let near = super::matching::between(notes, time - Seconds(1.0), time + Seconds(1.0));
    let mut velocities: Vec<u8> = notes[near].iter().map(|note| note.velocity).collect();
    velocities.sort_unstable();
    velocities.get(velocities.len() / 2).map_or(64.0, |&velocity| velocity as f64)
}
