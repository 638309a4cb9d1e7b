//! A proposed edit: the fewest joins over clean measures.
//!
//! Dynamic programming over the path's steps; a state is the stretch that a step comes from. A fault costs more
//! than the two joins that avoid it, so a step is faulty only where no usable stretch has it clean.

use super::coverage::{first_onsets, step_end};
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
                        .filter(|fault| fault.step == step && !fault.is_doubt())
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
        let seam = Seam::new(material, step);
        let sides = |at: u32| -> Vec<Side<'_>> {
            by_step[at as usize].iter().map(|&source| Side::new(material, &sources[source], &seam)).collect()
        };
        let (before, after) = (sides(step - 1), sides(step));
        let (mut next, mut origin) = (Vec::new(), Vec::new());
        for (&source, entered) in by_step[step as usize].iter().zip(&after) {
            let mut best = (f64::INFINITY, 0);
            for (index, (&other, left)) in by_step[step as usize - 1].iter().zip(&before).enumerate() {
                // A join costs something whatever its place: no need to look for that place if it is too dear.
                if other != source && costs[index] + seam.least(left, entered) > best.0 {
                    continue;
                }
                let cost = costs[index]
                    + if other == source { 0.0 } else { join(material, &seam, left, entered).cost };
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
            let seam = Seam::new(material, step);
            let [left, entered] = [before, source].map(|source| Side::new(material, source, &seam));
            let join = join(material, &seam, &left, &entered);
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

/// The start of a step, as far as it is the same for all that may be joined there.
struct Seam {
    step: u32,
    /// The start itself, and how far to either side of it a join may lie, in beats.
    line: f64,
    reach: (f64, f64),
    places: Vec<Place>,
    /// The least roughness of all places; so low that nothing is left out where the human has chosen a join.
    least: f64,
}

/// An onset at which a join may lie.
struct Place {
    beat: f64,
    /// What a join there costs, but for how far apart the two takes are.
    roughness: f64,
    kind: JoinPlace,
}

/// A source at a seam.
struct Side<'a> {
    source: &'a Source,
    /// Logarithm of the seconds that a beat takes there, and the level.
    pace: f64,
    level: f64,
}

impl Seam {
    /// The start of `step`, which is not the first.
    fn new(material: &Material<'_>, step: u32) -> Seam {
        let path = material.path;
        let line = path.steps[step as usize].start.to_f64();
        let half = |step: u32| path.steps[step as usize].length.to_f64() / 2.0;
        let reach = (half(step - 1), half(step));
        let first = path.notes.partition_point(|note| note.onset.to_f64() < line - reach.0 - 1e-6);
        let onsets = path.notes[first..].iter().map(|note| note.onset.to_f64());
        let mut beats: Vec<f64> = onsets.take_while(|&beat| beat <= line + reach.1 + 1e-6).collect();
        beats.dedup();
        let places: Vec<Place> = beats.into_iter().map(|beat| Place::new(path, beat, line)).collect();
        let chosen = material.choices.joins.iter().any(|join| join.step == step);
        let least = places.iter().map(|place| place.roughness).fold(f64::INFINITY, f64::min);
        Seam { step, line, reach, places, least: if chosen { f64::NEG_INFINITY } else { least } }
    }

    /// The least that a join of the two may cost.
    fn least(&self, left: &Side<'_>, entered: &Side<'_>) -> f64 {
        (left.apart(entered) + self.least).clamp(SMOOTHEST, ROUGHEST)
    }
}

impl Place {
    fn new(path: &PlayingPath, beat: f64, line: f64) -> Place {
        let (rest, wait, held) = around(path, beat);
        let roughness = 1.0 + 0.5 * held + 0.15 * (beat - line).abs().min(2.0);
        if rest >= 0.25 {
            Place { beat, roughness: roughness - 0.5, kind: JoinPlace::Rest }
        } else if wait >= 1.0 {
            Place { beat, roughness: roughness - 0.2 * wait.min(2.0), kind: JoinPlace::LongNote }
        } else {
            Place { beat, roughness, kind: JoinPlace::Onset }
        }
    }
}

impl<'a> Side<'a> {
    fn new(material: &Material<'_>, source: &'a Source, seam: &Seam) -> Side<'a> {
        Side {
            source,
            pace: source.line.seconds_per_beat(seam.line, 4.0).ln(),
            level: level(material.notes, source.line.time_at(seam.line)),
        }
    }

    /// What it costs that tempo and level of the two differ.
    fn apart(&self, other: &Side<'_>) -> f64 {
        let uneven = (self.level - other.level).abs() / 60.0;
        (2.0 * (self.pace - other.pace).abs()).min(0.5) + uneven.min(0.4)
    }
}

/// The smoothest place to go from one source to the other around a seam.
fn join(material: &Material<'_>, seam: &Seam, left: &Side<'_>, entered: &Side<'_>) -> Join {
    let Material { takes, choices, .. } = material;
    let stretch = |side: &Side<'_>| &takes[side.source.take as usize].stretches[side.source.stretch as usize];
    let line = seam.line;
    let from = (line - seam.reach.0).max(stretch(entered).from_beat);
    let to = (line + seam.reach.1).min(stretch(left).to_beat);
    let chosen = choices.join(seam.step, left.source.take, entered.source.take);
    let tempo_off = Some((left.pace - entered.pace).abs().exp_m1());
    let told = |place: JoinPlace| JoinReason { place, chosen: chosen.is_some(), tempo_off };
    if let Some(ChosenJoin { beat: Some(beat), .. }) = chosen
        && (from..=to).contains(beat)
    {
        return Join { beat: *beat, cost: SMOOTHEST, reason: told(JoinPlace::Chosen) };
    }
    let spoiled = |side: &Side<'_>, low: f64, high: f64| {
        takes[side.source.take as usize]
            .faults
            .iter()
            .any(|fault| !fault.is_doubt() && fault.beat >= low - 0.3 && fault.beat <= high + 0.3)
    };
    let apart = left.apart(entered);
    let mut best = Join {
        beat: line,
        cost: ROUGHEST,
        reason: JoinReason { tempo_off: None, ..told(JoinPlace::MeasureLine) },
    };
    let within = |place: &&Place| (from - 1e-6..=to + 1e-6).contains(&place.beat);
    for place in seam.places.iter().filter(within) {
        let beat = place.beat;
        let cost = (apart + place.roughness).clamp(SMOOTHEST, ROUGHEST);
        let (shifted, low, high) = if beat < line { (entered, beat, line) } else { (left, line, beat) };
        if cost < best.cost && ((beat - line).abs() <= 1e-6 || !spoiled(shifted, low, high)) {
            best = Join { beat, cost, reason: told(place.kind) };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::{AlignedBeat, Fault, FaultKind, Stretch};
    use crate::units::{Beats, Pitch};
    use proptest::prelude::*;

    const STEPS: u32 = 5;

    /// Five measures with long notes and rests.
    fn path() -> PlayingPath {
        let note = |n: i64| (Beats::whole(n), Beats::whole(1 + n % 3 / 2), Pitch(60 + (n * 5 % 12) as u8));
        let played = (0..4 * i64::from(STEPS)).filter(|n| n % 7 != 3);
        PlayingPath::from_notes((4, 4), &played.map(note).collect::<Vec<_>>())
    }

    /// One take of one stretch, `pace` seconds a beat, and a note of `velocity` on each beat.
    fn take(start: f64, from: u32, to: u32, pace: f64, faults: &[(u32, f32)]) -> Take {
        let (from_beat, to_beat) = (4.0 * f64::from(from), 4.0 * f64::from(to + 1));
        let at = |beat: f64| Seconds(start + (beat - from_beat) * pace);
        let beats = (4 * from..=4 * (to + 1)).map(f64::from);
        let fault = |&(step, confidence): &(u32, f32)| {
            let beat = 4.0 * f64::from(step) + 1.0;
            let kind = FaultKind::Missed;
            Fault { kind, at: at(beat), step, beat, pitch: None, note: None, confidence, cents: None }
        };
        Take {
            start: Seconds(start),
            end: at(to_beat),
            host_start: None,
            stretches: vec![Stretch {
                start: Seconds(start),
                end: at(to_beat),
                from_step: from,
                to_step: to,
                from_beat,
                to_beat,
            }],
            beats: beats.map(|beat| AlignedBeat { beat, time: at(beat), confidence: 1.0 }).collect(),
            faults: faults.iter().filter(|fault| (from..=to).contains(&fault.0)).map(fault).collect(),
            voices: vec![],
        }
    }

    /// What it costs to take each step from the source that is named for it.
    fn cost(material: &Material<'_>, chosen: &[usize]) -> f64 {
        let of = |index: usize, step: u32| material.sources[index].at(step).map_or(f64::INFINITY, |at| at.1);
        let own: f64 = (0..STEPS).zip(chosen).map(|(step, &index)| of(index, step)).sum();
        let joins = (1..STEPS).zip(chosen.windows(2)).filter(|(_, pair)| pair[0] != pair[1]);
        let joins = joins.map(|(step, pair)| {
            let seam = Seam::new(material, step);
            let side = |index: usize| Side::new(material, &material.sources[index], &seam);
            join(material, &seam, &side(pair[0]), &side(pair[1])).cost
        });
        own + joins.sum::<f64>()
    }

    /// Every choice of a source for each step, tried: the oracle.
    fn least(material: &Material<'_>) -> f64 {
        let sources = material.sources.len();
        let choice =
            |n: usize| (0..STEPS).map(move |step| n / sources.pow(step) % sources).collect::<Vec<_>>();
        let all = (0..sources.pow(STEPS)).map(|n| cost(material, &choice(n)));
        all.fold(f64::INFINITY, f64::min)
    }

    proptest! {
        #[test]
        fn no_other_edit_is_cheaper(
            some in prop::collection::vec(
                (0..STEPS, 0..STEPS, 0.3f64..0.8, 30u8..100, prop::collection::vec((0..STEPS, 0.5f32..1.0), 0..4)),
                1..4,
            ),
            joined in prop::option::of((1..STEPS, 0u32..4, 0u32..4)),
        ) {
            let path = path();
            // The last plays everything, so that nothing is uncovered.
            let whole = (0, STEPS - 1, 0.5, 64, vec![(1, 0.9), (3, 0.8)]);
            let (mut takes, mut notes) = (Vec::new(), Vec::new());
            for (n, (from, to, pace, velocity, faults)) in some.iter().chain([&whole]).enumerate() {
                let start = 1.0 + 30.0 * n as f64;
                takes.push(take(start, *from.min(to), *from.max(to), *pace, faults));
                notes.extend((0..20).map(|beat| {
                    let onset = Seconds(start + f64::from(beat) * pace);
                    let offset = onset + Seconds(0.2);
                    PlayedNote { pitch: Pitch(60), onset, offset, velocity: *velocity, emitted: onset }
                }));
            }
            let mut choices = EditChoices::default();
            choices.joins.extend(joined.map(|(step, before, after)| ChosenJoin { step, beat: None, before, after }));
            let sources = sources(&path, &takes, &[], &choices);
            let material = Material { path: &path, takes: &takes, notes: &notes, choices: &choices, sources };
            let holds = |step: u32| {
                (0..material.sources.len()).filter(|&index| material.sources[index].at(step).is_some()).collect()
            };
            let by_step: Vec<Vec<usize>> = (0..STEPS).map(holds).collect();
            let chosen = cheapest(&material, &by_step, 0, STEPS);
            let (found, least) = (cost(&material, &chosen), least(&material));
            prop_assert!((found - least).abs() < 1e-9, "{found}, {least}");
        }
    }
}
