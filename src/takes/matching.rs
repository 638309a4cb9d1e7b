//! Which played note is which written one, given roughly when each was due.
//!
//! Pitches are independent: for each, an order-preserving assignment of strikes to written notes that leaves as few
//! unmatched as possible and, among those, moves them least.

use super::timeline::Timeline;
use crate::performance::{AlignedBeat, PlayedNote, Stretch, Take};
use crate::score::{Ornament, PathNote, PlayingPath};
use crate::units::{Pitch, Seconds};
use std::collections::BTreeMap;
use std::ops::Range;

/// Half the acceptance window of the first pass, in seconds: what an alignment may be off by.
const COARSE_S: f64 = 0.30;
/// Half the acceptance window once the chords' own shifts are known.
const FINE_S: f64 = 0.16;
/// How far before its first and after its last note a stretch's aligned beats may lie, in seconds.
const BEATS_BEYOND_S: f64 = 0.5;
/// What leaving a note unmatched costs, against a second of displacement; above half the widest window, so that
/// a pair within its window always matches.
const UNMATCHED_S: f64 = 0.6;
/// Assignments with more cells than this are made greedily instead (a thousand strikes of one key in a row).
const EXACT_CELLS: usize = 4_000_000;

/// Written notes with one onset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// Indices into the path's notes.
    pub notes: Range<usize>,
}

impl Group {
    /// Path position of the group.
    pub fn beat(&self, path: &PlayingPath) -> f64 {
        path.notes[self.notes.start].onset.to_f64()
    }
}

/// The onsets of the path from `from_beat` (inclusive) to `to_beat` (exclusive).
pub(super) fn groups(path: &PlayingPath, from_beat: f64, to_beat: f64) -> Vec<Group> {
    let first = path.notes.partition_point(|note| note.onset.to_f64() < from_beat - 1e-6);
    let end = path.notes.partition_point(|note| note.onset.to_f64() < to_beat - 1e-6);
    let mut groups: Vec<Group> = Vec::new();
    for index in first..end.max(first) {
        match groups.last_mut() {
            Some(group) if path.notes[group.notes.start].onset == path.notes[index].onset => {
                group.notes.end = index + 1;
            }
            _ => groups.push(Group { notes: index..index + 1 }),
        }
    }
    groups
}

/// A written note with the time it is due, and how far off it may come.
#[derive(Clone, Copy, Debug)]
struct Due {
    note: usize,
    time: f64,
    early_s: f64,
    late_s: f64,
}

/// What was matched in one stretch.
#[derive(Clone, Debug, Default)]
pub(super) struct Matching {
    /// The groups looked at.
    pub groups: Vec<Group>,
    /// When each group came: the median of its matched strikes, or when it was due.
    pub times: Vec<f64>,
    /// For each group and note in it, the played note's index.
    pub strikes: Vec<Vec<Option<usize>>>,
}

/// One stretch of a take with what was matched in it.
#[derive(Clone, Debug)]
pub(super) struct MatchedStretch {
    /// When each place of it came.
    pub line: Timeline,
    /// The recording's notes that belong to it.
    pub range: Range<usize>,
    pub matching: Matching,
}

impl MatchedStretch {
    /// The path note of a group struck around `time` that is nearest in pitch.
    pub fn nearest(&self, path: &PlayingPath, time: f64, pitch: Pitch) -> Option<usize> {
        let after = self.matching.times.partition_point(|&t| t <= time);
        let near = after.saturating_sub(3)..(after + 3).min(self.matching.groups.len());
        let notes = near.flat_map(|group| self.matching.groups[group].notes.clone());
        notes.min_by_key(|&note| path.notes[note].pitch.0.abs_diff(pitch.0))
    }
}

impl Matching {
    /// Matches a take's stretch of that index; `None` where too little of it was aligned.
    pub fn of_stretch(
        path: &PlayingPath,
        take: &Take,
        index: usize,
        notes: &[PlayedNote],
    ) -> Option<MatchedStretch> {
        let stretch = &take.stretches[index];
        let line = Timeline::through(&beats_of(take, index));
        if line.len() < 2 {
            return None;
        }
        let next = take.stretches.get(index + 1).map_or(f64::INFINITY, |next| next.start.0 - 0.02);
        let before = index.checked_sub(1).map_or(0.0, |before| take.stretches[before].end.0);
        let from = Seconds((stretch.start.0 - 0.12).max(before.min(stretch.start.0)));
        let until = Seconds((stretch.end.0 + 0.05).min(next));
        let range = between(notes, from, until);
        let matching = Matching::new(path, &line, stretch.from_beat, stretch.to_beat, notes, range.clone());
        (!matching.groups.is_empty()).then_some(MatchedStretch { line, range, matching })
    }

    /// Matches `played` (sorted by onset, indices in `range`) with the path between two positions.
    pub fn new(
        path: &PlayingPath,
        line: &Timeline,
        from_beat: f64,
        to_beat: f64,
        played: &[PlayedNote],
        range: Range<usize>,
    ) -> Matching {
        let groups = groups(path, from_beat, to_beat);
        let due: Vec<f64> = groups.iter().map(|group| line.time_at(group.beat(path)).0).collect();
        let coarse = strikes(path, &groups, &due, COARSE_S, played, range.clone());
        let shifts = smoothed_shifts(path, &groups, &due, &coarse, played);
        let due: Vec<f64> = due.iter().zip(&shifts).map(|(due, shift)| due + shift).collect();
        let strikes = strikes(path, &groups, &due, FINE_S, played, range);
        let times = groups
            .iter()
            .zip(&strikes)
            .zip(&due)
            .map(|((group, strikes), &due)| median_onset(path, group, strikes, played).unwrap_or(due))
            .collect();
        Matching { groups, times, strikes }
    }

    /// Share of the group's notes that were matched, graces left out; 1 where it has only graces.
    pub fn share(&self, path: &PlayingPath, group: usize) -> f64 {
        let (mut matched, mut all) = (0, 0);
        for (note, strike) in self.groups[group].notes.clone().zip(&self.strikes[group]) {
            if !path.notes[note].grace {
                all += 1;
                matched += strike.is_some() as usize;
            }
        }
        if all == 0 { 1.0 } else { matched as f64 / all as f64 }
    }

    /// The played note of each written one: (path note, played note).
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.groups.iter().zip(&self.strikes).flat_map(|(group, strikes)| {
            group.notes.clone().zip(strikes).filter_map(|(note, strike)| Some((note, (*strike)?)))
        })
    }
}

/// The aligned beats of a take's stretch of that index.
pub(super) fn beats_of(take: &Take, index: usize) -> Vec<AlignedBeat> {
    let stretch = &take.stretches[index];
    // A restart without a pause begins right after what it repeats a part of: each beat belongs to the nearer stretch.
    let between = |a: &Stretch, b: &Stretch| (a.end.0 + b.start.0) / 2.0;
    let before = index.checked_sub(1).map_or(f64::NEG_INFINITY, |n| between(&take.stretches[n], stretch));
    let after = take.stretches.get(index + 1).map_or(f64::INFINITY, |next| between(stretch, next));
    let from = (stretch.start.0 - BEATS_BEYOND_S).max(before);
    let until = (stretch.end.0 + BEATS_BEYOND_S).min(after);
    let within = |point: &&AlignedBeat| {
        (stretch.from_beat - 1e-6..stretch.to_beat + 1e-6).contains(&point.beat)
            && (from..=until).contains(&point.time.0)
    };
    take.beats.iter().filter(within).copied().collect()
}

/// The median onset of a group's matched plain notes, the mean of the middle two for an even number.
fn median_onset(
    path: &PlayingPath,
    group: &Group,
    strikes: &[Option<usize>],
    played: &[PlayedNote],
) -> Option<f64> {
    let mut onsets: Vec<f64> = group
        .notes
        .clone()
        .zip(strikes)
        .filter(|(note, _)| !path.notes[*note].grace)
        .filter_map(|(_, strike)| Some(played[(*strike)?].onset.0))
        .collect();
    onsets.sort_by(f64::total_cmp);
    onsets.dedup();
    let n = onsets.len();
    if n == 0 { None } else { Some((onsets[(n - 1) / 2] + onsets[n / 2]) / 2.0) }
}

/// How far each group came from when it was due: a running median over the groups around it.
fn smoothed_shifts(
    path: &PlayingPath,
    groups: &[Group],
    due: &[f64],
    strikes: &[Vec<Option<usize>>],
    played: &[PlayedNote],
) -> Vec<f64> {
    const EACH_SIDE: usize = 3;
    let raw: Vec<Option<f64>> = groups
        .iter()
        .zip(strikes)
        .zip(due)
        .map(|((group, strikes), due)| Some(median_onset(path, group, strikes, played)? - due))
        .collect();
    (0..groups.len())
        .map(|i| {
            let near = i.saturating_sub(EACH_SIDE)..(i + EACH_SIDE + 1).min(raw.len());
            let mut shifts: Vec<f64> = raw[near].iter().flatten().copied().collect();
            shifts.sort_by(f64::total_cmp);
            shifts.get(shifts.len() / 2).copied().unwrap_or(0.0)
        })
        .collect()
}

/// The acceptance window of a note: freer where the notation is.
fn window(note: &PathNote, half_s: f64) -> (f64, f64) {
    if note.grace {
        return (half_s + 0.25, half_s);
    }
    match note.ornament {
        Ornament::Plain => (half_s, half_s),
        Ornament::Arpeggio => (half_s + 0.10, half_s + 0.30),
        Ornament::Trill | Ornament::Mordent | Ornament::Turn | Ornament::Tremolo => (half_s, half_s + 0.25),
    }
}

/// The strike of every note of every group.
fn strikes(
    path: &PlayingPath,
    groups: &[Group],
    due: &[f64],
    half_s: f64,
    played: &[PlayedNote],
    range: Range<usize>,
) -> Vec<Vec<Option<usize>>> {
    // By pitch; a unison of two voices is one key and one strike.
    let mut written: BTreeMap<Pitch, Vec<Due>> = BTreeMap::new();
    for (group, &time) in groups.iter().zip(due) {
        for index in group.notes.clone() {
            let note = &path.notes[index];
            let line = written.entry(note.pitch).or_default();
            let twin = line.last().is_some_and(|due| {
                let other = &path.notes[due.note];
                other.onset == note.onset && other.grace == note.grace
            });
            if !twin {
                let (early_s, late_s) = window(note, half_s);
                line.push(Due { note: index, time, early_s, late_s });
            }
        }
    }
    let mut struck: BTreeMap<Pitch, Vec<usize>> = BTreeMap::new();
    for index in range {
        struck.entry(played[index].pitch).or_default().push(index);
    }
    let mut strike_of = vec![None; path.notes.len()];
    for (pitch, line) in &written {
        if let Some(strikes) = struck.get(pitch) {
            assign(line, strikes, played, &mut strike_of);
        }
    }
    groups
        .iter()
        .map(|group| {
            group
                .notes
                .clone()
                .map(|index| {
                    strike_of[index].or_else(|| {
                        let note = &path.notes[index];
                        let twin = |&i: &usize| {
                            path.notes[i].pitch == note.pitch && path.notes[i].grace == note.grace
                        };
                        group.notes.clone().filter(twin).find_map(|i| strike_of[i])
                    })
                })
                .collect()
        })
        .collect()
}

/// Splits one pitch's line where no window overlaps, and assigns each part.
fn assign(line: &[Due], strikes: &[usize], played: &[PlayedNote], strike_of: &mut [Option<usize>]) {
    let onset = |j: usize| played[strikes[j]].onset.0;
    let candidates = |due: &Due| {
        let low = strikes.partition_point(|&s| played[s].onset.0 < due.time - due.early_s);
        let high = strikes.partition_point(|&s| played[s].onset.0 <= due.time + due.late_s);
        low..high.max(low)
    };
    let mut start = 0;
    while start < line.len() {
        let mut reach = candidates(&line[start]);
        let mut end = start + 1;
        while end < line.len() {
            let next = candidates(&line[end]);
            if next.start >= reach.end {
                break;
            }
            reach = reach.start.min(next.start)..reach.end.max(next.end);
            end += 1;
        }
        let part = &line[start..end];
        if part.len() * reach.len() > EXACT_CELLS {
            let mut next = reach.start;
            for due in part {
                let window = candidates(due);
                if let Some(j) = (window.start.max(next)..window.end)
                    .min_by(|&a, &b| (onset(a) - due.time).abs().total_cmp(&(onset(b) - due.time).abs()))
                {
                    strike_of[due.note] = Some(strikes[j]);
                    next = j + 1;
                }
            }
        } else {
            for (i, j) in best_assignment(part, reach.clone().map(onset).collect::<Vec<_>>().as_slice()) {
                strike_of[part[i].note] = Some(strikes[reach.start + j]);
            }
        }
        start = end;
    }
}

/// The cheapest order-preserving assignment, by dynamic programming over both lists.
fn best_assignment(line: &[Due], onsets: &[f64]) -> Vec<(usize, usize)> {
    let width = onsets.len() + 1;
    let mut cost = vec![0.0f64; (line.len() + 1) * width];
    let pair = |i: usize, j: usize| {
        let off = onsets[j] - line[i].time;
        (off >= -line[i].early_s && off <= line[i].late_s).then_some(off.abs())
    };
    for i in 0..=line.len() {
        for j in 0..width {
            let mut best = if i == 0 && j == 0 { 0.0 } else { f64::INFINITY };
            if i > 0 {
                best = cost[(i - 1) * width + j] + UNMATCHED_S;
            }
            if j > 0 {
                best = best.min(cost[i * width + j - 1] + UNMATCHED_S);
            }
            if i > 0
                && j > 0
                && let Some(off) = pair(i - 1, j - 1)
            {
                best = best.min(cost[(i - 1) * width + j - 1] + off);
            }
            cost[i * width + j] = best;
        }
    }
    let (mut i, mut j) = (line.len(), onsets.len());
    let mut pairs = Vec::new();
    while i > 0 && j > 0 {
        let here = cost[i * width + j];
        let matched = pair(i - 1, j - 1).map(|off| cost[(i - 1) * width + j - 1] + off);
        if matched.is_some_and(|cost| cost <= here + 1e-12) {
            (i, j) = (i - 1, j - 1);
            pairs.push((i, j));
        } else if cost[(i - 1) * width + j] + UNMATCHED_S <= here + 1e-12 {
            i -= 1;
        } else {
            j -= 1;
        }
    }
    pairs
}

/// The indices of `played` (sorted by onset) with onsets from `from` (inclusive) to `to` (exclusive).
pub(super) fn between(played: &[PlayedNote], from: Seconds, to: Seconds) -> Range<usize> {
    let start = played.partition_point(|note| note.onset < from);
    let end = played.partition_point(|note| note.onset < to);
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every order-preserving assignment, tried: the oracle.
    fn cheapest(line: &[Due], onsets: &[f64]) -> f64 {
        let Some((due, rest)) = line.split_first() else {
            return onsets.len() as f64 * UNMATCHED_S;
        };
        let mut best = UNMATCHED_S + cheapest(rest, onsets);
        for (j, onset) in onsets.iter().enumerate() {
            let off = onset - due.time;
            if off >= -due.early_s && off <= due.late_s {
                best = best.min(off.abs() + j as f64 * UNMATCHED_S + cheapest(rest, &onsets[j + 1..]));
            }
        }
        best
    }

    proptest! {
        #[test]
        fn the_assignment_is_the_cheapest_there_is(
            mut due in prop::collection::vec(0.0f64..2.0, 0..6),
            mut onsets in prop::collection::vec(0.0f64..2.0, 0..6),
        ) {
            due.sort_by(f64::total_cmp);
            onsets.sort_by(f64::total_cmp);
            let line: Vec<Due> = due
                .iter()
                .enumerate()
                .map(|(note, &time)| Due { note, time, early_s: 0.3, late_s: 0.4 })
                .collect();
            let pairs = best_assignment(&line, &onsets);
            let cost = pairs.iter().map(|&(i, j)| (onsets[j] - line[i].time).abs()).sum::<f64>()
                + (line.len() + onsets.len() - 2 * pairs.len()) as f64 * UNMATCHED_S;
            prop_assert!((cost - cheapest(&line, &onsets)).abs() < 1e-9);
        }
    }
}
