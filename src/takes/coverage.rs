//! Which take has which measure, and how well.

use crate::performance::{Coverage, Decision, Fault, FaultKind, Mark, PartCoverage, Stretch, Take, Voice};
use crate::score::{Part, PlayingPath};
use std::collections::HashMap;

/// Slack, in beats, for a stretch that begins or ends a hair off a measure line.
const EDGE_BEATS: f64 = 0.02;

/// Coverage of every path step, in path order: which takes hold the whole of it, and which of those without a fault.
///
/// A step counts as held when one stretch reaches from its first written onset to its end; leading rests need not be
/// waited for. Where several listened, a step is held if each of them that has notes in it heard it so.
pub fn coverage(path: &PlayingPath, takes: &[Take]) -> Vec<Coverage> {
    let held = Held::new(path, takes);
    (0..path.steps.len() as u32)
        .map(|step| {
            let covering = |take: &Take| held.by_take(take, step);
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
/// nearest in pitch. A halt is everybody's. Where several listened, a part is held where one did that followed it.
pub fn part_coverage(path: &PlayingPath, takes: &[Take], parts: &[Part]) -> Vec<PartCoverage> {
    let plays = |part: u16| path.notes.iter().any(|note| note.part == part);
    let playing: Vec<u16> = (0..parts.len() as u16).filter(|&part| plays(part)).collect();
    if playing.len() < 2 {
        return Vec::new();
    }
    let owners: Vec<Vec<Option<u16>>> =
        takes.iter().map(|take| take.faults.iter().map(|fault| owner(path, fault, None)).collect()).collect();
    let whole = coverage(path, takes);
    let held = Held::new(path, takes);
    let of_part = |&part: &u16| {
        let faults_of = |take: usize| {
            let mut kept = takes[take].clone();
            let mut owners = owners[take].iter();
            kept.faults
                .retain(|_| owners.next().is_some_and(|owner| owner.is_none_or(|owner| owner == part)));
            kept
        };
        let own: Vec<Take> = (0..takes.len()).map(faults_of).collect();
        let steps = whole.iter().map(|covered| {
            let (mut held_by, mut clean) = (Vec::new(), Vec::new());
            for (take, index) in takes.iter().zip(0..) {
                let (holds, is_clean) = if take.voices.is_empty() {
                    let holds = covered.takes.contains(&index);
                    (holds, holds && trouble(&own[index as usize], covered.step) == 0.0)
                } else {
                    held.by_listeners(take, part, covered.step)
                };
                held_by.extend(holds.then_some(index));
                clean.extend(is_clean.then_some(index));
            }
            Coverage { step: covered.step, takes: held_by, clean }
        });
        PartCoverage { name: parts[usize::from(part)].name.clone(), steps: steps.collect() }
    };
    playing.iter().map(of_part).collect()
}

/// What it takes to hold each step, for all parts and for those that somebody followed.
struct Held<'a> {
    path: &'a PlayingPath,
    /// Where the first note stands, see [`first_onsets`].
    entries: Vec<f64>,
    /// The same for sets of parts; `None` where none of them has a note.
    of_parts: HashMap<&'a [u16], Vec<Option<f64>>>,
}

impl<'a> Held<'a> {
    fn new(path: &'a PlayingPath, takes: &'a [Take]) -> Held<'a> {
        let mut of_parts: HashMap<&[u16], Vec<Option<f64>>> = HashMap::new();
        for voice in takes.iter().flat_map(|take| &take.voices) {
            of_parts.entry(&voice.parts).or_insert_with(|| onsets_of(path, &voice.parts));
        }
        Held { path, entries: first_onsets(path), of_parts }
    }

    fn reaches(&self, stretches: &[Stretch], start: f64, step: u32) -> bool {
        let end = step_end(self.path, step);
        stretches
            .iter()
            .any(|stretch| stretch.from_beat <= start + EDGE_BEATS && stretch.to_beat >= end - EDGE_BEATS)
    }

    /// Whether the listener holds the step; `None` if none of its parts has a note there.
    fn by_voice(&self, voice: &Voice, step: u32) -> Option<bool> {
        let onsets = self.of_parts.get(voice.parts.as_slice())?;
        onsets[step as usize].map(|start| self.reaches(&voice.stretches, start, step))
    }

    fn by_take(&self, take: &Take, step: u32) -> bool {
        let mut voices = take.voices.iter().filter_map(|voice| self.by_voice(voice, step)).peekable();
        if voices.peek().is_some() {
            return voices.all(|holds| holds);
        }
        self.reaches(&take.stretches, self.entries[step as usize], step)
    }

    /// Whether somebody who followed `part` holds the step, and whether without a fault of that part's.
    fn by_listeners(&self, take: &Take, part: u16, step: u32) -> (bool, bool) {
        let listeners = take.voices.iter().filter(|voice| voice.parts.contains(&part));
        let holding = listeners.filter(|voice| match self.by_voice(voice, step) {
            Some(holds) => holds,
            None => self.reaches(&take.stretches, self.entries[step as usize], step),
        });
        let is_clean = |voice: &Voice| {
            let counts = |fault: &&Fault| fault.step == step && !fault.is_doubt();
            let mut owners =
                voice.faults.iter().filter(counts).map(|fault| owner(self.path, fault, Some(&voice.parts)));
            !owners.any(|owner| owner.is_none_or(|owner| owner == part))
        };
        holding.fold((false, false), |(_, clean), voice| (true, clean || is_clean(voice)))
    }
}

/// Path position of the first onset that these parts have in each step.
fn onsets_of(path: &PlayingPath, parts: &[u16]) -> Vec<Option<f64>> {
    let mut first = vec![None; path.steps.len()];
    for note in path.notes.iter().filter(|note| parts.contains(&note.part)) {
        if let Some(first) = first.get_mut(note.step as usize) {
            let onset = note.onset.to_f64();
            *first = Some(first.map_or(onset, |first: f64| first.min(onset)));
        }
    }
    first
}

/// Whose fault it is, of these parts where only they were followed; `None` is everybody's.
pub(super) fn owner(path: &PlayingPath, fault: &Fault, followed: Option<&[u16]>) -> Option<u16> {
    if matches!(fault.kind, FaultKind::Stutter | FaultKind::Hesitation) {
        return None;
    }
    let first = path.notes.partition_point(|note| note.step < fault.step);
    let here = path.notes[first..].iter().take_while(|note| note.step == fault.step);
    let here = here.filter(|note| followed.is_none_or(|parts| parts.contains(&note.part)));
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
        .filter(|fault| fault.step == step && !fault.is_doubt())
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
