//! Which take has which measure, and how well.

use crate::performance::{Coverage, Decision, Fault, FaultKind, Mark, PartCoverage, Take};
use crate::score::{Part, PlayingPath};

/// A fault held less likely than this does not spoil a measure.
pub const CLEAN_BELOW: f32 = 0.5;

/// Slack, in beats, for a stretch that begins or ends a hair off a measure line.
const EDGE_BEATS: f64 = 0.02;

/// Coverage of every path step, in path order: which takes hold the whole of it, and which of those without a fault.
///
/// A step counts as held when one stretch reaches from its first written onset to its end; leading rests need not be
/// waited for.
pub fn coverage(path: &PlayingPath, takes: &[Take]) -> Vec<Coverage> {
    let entries = first_onsets(path);
    (0..path.steps.len() as u32)
        .map(|step| {
            let covering = |take: &Take| {
                take.stretches.iter().any(|stretch| {
                    let (start, end) = (entries[step as usize], step_end(path, step));
                    stretch.from_beat <= start + EDGE_BEATS && stretch.to_beat >= end - EDGE_BEATS
                })
            };
            let of = |keep: &dyn Fn(&Take) -> bool| {
                takes.iter().enumerate().filter(|(_, take)| keep(take)).map(|(i, _)| i as u32).collect()
            };
            Coverage {
                step,
                takes: of(&covering),
                clean: of(&|take: &Take| covering(take) && trouble(take, step) == 0.0),
            }
        })
        .collect()
}

/// The same for each part that has notes in the path, by its index among `parts`; empty where fewer than two have.
///
/// A fault is that part's whose note it is about; one that is about no written note that of the part whose notes around it are
/// nearest in pitch. A halt is everybody's.
pub fn part_coverage(path: &PlayingPath, takes: &[Take], parts: &[Part]) -> Vec<PartCoverage> {
    let plays = |part: u16| path.notes.iter().any(|note| note.part == part);
    let playing: Vec<u16> = (0..parts.len() as u16).filter(|&part| plays(part)).collect();
    if playing.len() < 2 {
        return Vec::new();
    }
    let owners: Vec<Vec<Option<u16>>> =
        takes.iter().map(|take| take.faults.iter().map(|fault| owner(path, fault)).collect()).collect();
    let whole = coverage(path, takes);
    let of_part = |&part: &u16| {
        let faults_of = |take: usize| {
            let mut kept = takes[take].clone();
            let mut owners = owners[take].iter();
            kept.faults
                .retain(|_| owners.next().is_some_and(|owner| owner.is_none_or(|owner| owner == part)));
            kept
        };
        let own: Vec<Take> = (0..takes.len()).map(faults_of).collect();
        let steps = whole.iter().map(|covered| Coverage {
            step: covered.step,
            takes: covered.takes.clone(),
            clean: covered
                .takes
                .iter()
                .copied()
                .filter(|&take| trouble(&own[take as usize], covered.step) == 0.0)
                .collect(),
        });
        PartCoverage { name: parts[usize::from(part)].name.clone(), steps: steps.collect() }
    };
    playing.iter().map(of_part).collect()
}

/// Whose fault it is; `None` is everybody's.
fn owner(path: &PlayingPath, fault: &Fault) -> Option<u16> {
    if matches!(fault.kind, FaultKind::Stutter | FaultKind::Hesitation) {
        return None;
    }
    let first = path.notes.partition_point(|note| note.step < fault.step);
    let here = path.notes[first..].iter().take_while(|note| note.step == fault.step);
    if let Some(id) = fault.note
        && let Some(note) = here.clone().find(|note| note.id == id)
    {
        return Some(note.part);
    }
    let pitch = fault.pitch?;
    here.min_by(|a, b| {
        let near = |note: &crate::score::PathNote| {
            f64::from(note.pitch.0.abs_diff(pitch.0)) + 4.0 * (note.onset.to_f64() - fault.beat).abs()
        };
        near(a).total_cmp(&near(b))
    })
    .map(|note| note.part)
}

/// The sum of confidences of a take's faults in one step that count against it.
pub(super) fn trouble(take: &Take, step: u32) -> f32 {
    take.faults
        .iter()
        .filter(|fault| fault.step == step && fault.confidence >= CLEAN_BELOW)
        .map(|fault| fault.confidence)
        .sum()
}

/// Takes that hold every step from `from_step` to `to_step`, best first, each with the reason for its place.
///
/// A starred take comes first and a rejected one is left out; then fewest faults, then the later take.
pub fn ranking(
    path: &PlayingPath,
    takes: &[Take],
    marks: &[Mark],
    from_step: u32,
    to_step: u32,
) -> Vec<(u32, String)> {
    let steps = from_step..=to_step;
    let covered = coverage(path, takes);
    let meant = |mark: &Mark| mark.step.is_none_or(|step| steps.contains(&step));
    let decided = |take: u32, decision: &Decision| {
        marks.iter().any(|mark| mark.take == take && meant(mark) && mark.decision == *decision)
    };
    let mut ranked: Vec<(bool, f32, u32, String)> = Vec::new();
    for take in 0..takes.len() as u32 {
        let whole = steps
            .clone()
            .all(|step| covered.get(step as usize).is_some_and(|coverage| coverage.takes.contains(&take)));
        if !whole || decided(take, &Decision::Reject) {
            continue;
        }
        let star = decided(take, &Decision::Star);
        let faults: Vec<u32> =
            steps.clone().filter(|&step| trouble(&takes[take as usize], step) > 0.0).collect();
        let sum = faults.iter().map(|&step| trouble(&takes[take as usize], step)).sum();
        let mut reason = if star { String::from("starred; ") } else { String::new() };
        match faults.as_slice() {
            [] => reason.push_str("clean"),
            steps => {
                let numbers: Vec<&str> =
                    steps.iter().map(|&step| path.steps[step as usize].number.as_str()).collect();
                reason.push_str(&format!("faults in measure {}", numbers.join(", ")));
            }
        }
        ranked.push((!star, sum, take, reason));
    }
    ranked.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(b.2.cmp(&a.2)));
    ranked.into_iter().map(|(_, _, take, reason)| (take, reason)).collect()
}

/// Path position of the first written onset of each step; its start where nothing is written in it.
pub(super) fn first_onsets(path: &PlayingPath) -> Vec<f64> {
    let mut first: Vec<f64> = path.steps.iter().map(|step| (step.start + step.length).to_f64()).collect();
    let mut written = vec![false; first.len()];
    for note in &path.notes {
        if let Some(first) = first.get_mut(note.step as usize) {
            *first = first.min(note.onset.to_f64());
            written[note.step as usize] = true;
        }
    }
    for (index, step) in path.steps.iter().enumerate() {
        if !written[index] {
            first[index] = step.start.to_f64();
        }
    }
    first
}

/// Where a step ends.
pub(super) fn step_end(path: &PlayingPath, step: u32) -> f64 {
    let step = &path.steps[step as usize];
    (step.start + step.length).to_f64()
}
