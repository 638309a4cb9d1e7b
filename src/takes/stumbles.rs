//! Faults of time: stutters, hesitations, notes out of time.

use super::matching::Matching;
use super::timeline::Timeline;
use crate::performance::{Fault, FaultKind, PlayedNote};
use crate::score::{Ornament, PathNote, PlayingPath};
use crate::units::Seconds;

/// Notes within this of each other were struck together, in seconds.
const TOGETHER_S: f64 = 0.05;
/// How many onsets away a struck-again chord is looked for.
const STUTTER_REACH: usize = 4;
/// Longest time between the two strikes of a stutter, in seconds.
const STUTTER_S: f64 = 1.5;
/// Least time that a stutter must have cost, in seconds.
const STUTTER_COST_S: f64 = 0.12;
/// Beats each side over which the tempo around a place is taken.
const TEMPO_SPAN_BEATS: f64 = 4.0;
/// Least halt that can be a hesitation, beyond what the tempo explains: in seconds, and in beats.
const HALT_S: f64 = 0.28;
const HALT_BEATS: f64 = 0.55;
/// Onsets after which a stretch has a tempo to halt in.
const SETTLED_GROUPS: usize = 4;

/// The faults of time in one stretch, and the played notes that they explain.
#[derive(Debug, Default)]
pub(super) struct Stumbles {
    /// Stutters, hesitations and notes out of time.
    pub faults: Vec<Fault>,
    /// Played notes that are strikes of a stutter.
    pub explained: Vec<usize>,
}

/// One stretch, matched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matched<'a> {
    pub path: &'a PlayingPath,
    pub played: &'a [PlayedNote],
    pub matching: &'a Matching,
    pub line: &'a Timeline,
}

impl Matched<'_> {
    pub(super) fn beat(&self, group: usize) -> f64 {
        self.matching.groups[group].beat(self.path)
    }

    pub(super) fn notes(&self, group: usize) -> &[PathNote] {
        &self.path.notes[self.matching.groups[group].notes.clone()]
    }

    /// Seconds between two onsets beyond what the tempo around them explains.
    fn excess(&self, from: usize, to: usize) -> f64 {
        let pace = self.line.seconds_per_beat(self.beat(from), TEMPO_SPAN_BEATS);
        self.matching.times[to] - self.matching.times[from] - (self.beat(to) - self.beat(from)) * pace
    }

    fn fault(&self, kind: FaultKind, group: usize, at: f64, confidence: f32) -> Fault {
        let note = &self.notes(group)[0];
        let beat = self.beat(group);
        Fault {
            kind,
            at: Seconds(at),
            step: note.step,
            beat,
            pitch: None,
            note: None,
            confidence,
            cents: None,
        }
    }
}

/// Finds them. `unmatched`: played notes of the stretch, in order, that are no written note's strike.
pub(super) fn stumbles(stretch: Matched<'_>, unmatched: &[usize]) -> Stumbles {
    let mut found = Stumbles::default();
    let mut stalled: Vec<(f64, f64)> = Vec::new();
    for cluster in clusters(stretch.played, unmatched) {
        if let Some((group, from, to, lost)) = struck_again(stretch, cluster) {
            found.explained.extend(cluster);
            // The strikes of one stutter make one fault.
            if stalled.last().is_none_or(|&(_, end)| from > end + 0.3) {
                let sure = (0.2 + lost).min(if cluster.len() > 1 { 0.95 } else { 0.7 }) as f32;
                found.faults.push(stretch.fault(FaultKind::Stutter, group, from, sure));
                stalled.push((from, to));
            } else if let Some(last) = stalled.last_mut() {
                last.1 = last.1.max(to);
            }
        }
    }
    hesitations(stretch, &stalled, &mut found.faults);
    out_of_time(stretch, &mut found.faults);
    found
}

/// Unmatched notes that were struck together.
fn clusters<'a>(played: &'a [PlayedNote], unmatched: &'a [usize]) -> impl Iterator<Item = &'a [usize]> {
    unmatched.chunk_by(|&a, &b| played[b].onset.0 - played[a].onset.0 <= TOGETHER_S)
}

/// The written chord that a cluster strikes a second time, with the times of the first and the second strike and the
/// seconds that the playing lost over it; `None` where it lost none.
fn struck_again(stretch: Matched<'_>, cluster: &[usize]) -> Option<(usize, f64, f64, f64)> {
    let times = &stretch.matching.times;
    let at = stretch.played[cluster[0]].onset.0;
    let next = times.partition_point(|&time| time <= at);
    let near = next.saturating_sub(STUTTER_REACH)..(next + STUTTER_REACH).min(times.len());
    near.filter_map(|group| {
        let (from, to) = (at.min(times[group]), at.max(times[group]));
        if to - from < TOGETHER_S || to - from > STUTTER_S {
            return None;
        }
        // Struck again: the chord has its own strike of that key as well.
        let strikes = &stretch.matching.strikes[group];
        let again = |pitch| {
            let mut notes = stretch.notes(group).iter().zip(strikes);
            notes.any(|(note, strike)| note.pitch == pitch && strike.is_some())
        };
        let same = cluster.iter().filter(|&&j| again(stretch.played[j].pitch)).count();
        if 2 * same < cluster.len() || same == 0 {
            return None;
        }
        let before = times.partition_point(|&time| time < from - 1e-9).checked_sub(1)?;
        let after = times.partition_point(|&time| time <= to - 1e-9).max(group).min(times.len() - 1);
        let excess = stretch.excess(before, after.max(before));
        (excess >= STUTTER_COST_S && excess >= 0.5 * (to - from)).then_some((same, group, from, to, excess))
    })
    .min_by(|a, b| b.0.cmp(&a.0).then((a.3 - a.2).total_cmp(&(b.3 - b.2))))
    .map(|(_, group, from, to, excess)| (group, from, to, excess))
}

/// Halts between one onset and the next, where no fermata, no stutter and no slowing-down explains them.
fn hesitations(stretch: Matched<'_>, stalled: &[(f64, f64)], faults: &mut Vec<Fault>) {
    let times = &stretch.matching.times;
    for group in SETTLED_GROUPS..times.len() {
        let (from, to) = (times[group - 1], times[group]);
        if stalled.iter().any(|&(start, end)| start < to + TOGETHER_S && end > from - TOGETHER_S) {
            continue;
        }
        let notes = stretch.notes(group - 1);
        let (onset, next) = (stretch.beat(group - 1), stretch.beat(group));
        let rests = &stretch.path.held_rests;
        let rest = rests.get(rests.partition_point(|(at, _)| at.to_f64() < onset - 1e-6));
        let held = rest.is_some_and(|(at, _)| at.to_f64() < next - 1e-6);
        if held || notes.iter().any(|note| note.fermata) || stretch.notes(group).iter().all(|note| note.grace)
        {
            continue;
        }
        let beats = next - onset;
        let around = stretch.line.seconds_per_beat(next, TEMPO_SPAN_BEATS);
        // A slowing-down shows in the beat before; a halt comes from nowhere.
        let before = group.saturating_sub(5);
        let approach = (from - times[before]) / (stretch.beat(group - 1) - stretch.beat(before)).max(1e-6);
        let pace = if before + 1 < group { approach.clamp(around, 1.4 * around) } else { around };
        let due = from + beats * pace;
        let halt = to - due;
        if halt >= HALT_S.max(HALT_BEATS * around) && to - from >= 1.6 * beats * pace {
            let confidence = (0.5 + 0.5 * (halt - HALT_S) / 0.5).min(0.95) as f32;
            faults.push(stretch.fault(FaultKind::Hesitation, group, due, confidence));
        }
    }
}

/// Notes far from the rest of their chord.
fn out_of_time(stretch: Matched<'_>, faults: &mut Vec<Fault>) {
    for group in 0..stretch.matching.groups.len() {
        let notes = stretch.notes(group);
        if notes.len() < 2 || notes.iter().any(|note| note.ornament != Ornament::Plain || note.grace) {
            continue;
        }
        for (note, strike) in notes.iter().zip(&stretch.matching.strikes[group]) {
            let Some(strike) = *strike else { continue };
            let onset = stretch.played[strike].onset.0;
            let off = (onset - stretch.matching.times[group]).abs();
            if off > 0.09 {
                let confidence = (0.5 * off / 0.12).min(0.9) as f32;
                let mut fault = stretch.fault(FaultKind::Timing, group, onset, confidence);
                fault.pitch = Some(note.pitch);
                fault.note = Some(note.id);
                faults.push(fault);
            }
        }
    }
}
