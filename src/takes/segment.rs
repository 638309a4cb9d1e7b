//! Takes out of transport, silence and jumps.
//!
//! The alignment says where the playing was; the notes say where each passage truly begins and ends. A jump ends a
//! stretch; silence around a jump, or the transport, ends a take. Playing that fits no place (noodling, talk) is no
//! stretch.

use super::matching::{Matching, between};
use super::timeline::Timeline;
use crate::performance::{AlignedBeat, PlayedNote, Stretch, Take};
use crate::score::PlayingPath;
use crate::units::{SampleIndex, Seconds};
use serde::{Deserialize, Serialize};

/// Pause at a jump that makes it a new take, in seconds without a note sounding.
const TAKE_PAUSE_S: f64 = 0.35;
/// Pause beyond what the tempo explains that ends a take although the playing goes on at the same place.
const LONG_PAUSE_S: f64 = 4.0;
/// Jump back, in beats, that is a stutter and not a new stretch.
const STUTTER_BEATS: f64 = 1.01;
/// How far before and after an alignment's ends its notes are looked for in one go, in beats; and how often, for
/// where a follower found its place late there may be several measures to win back.
const REACH_BEATS: f64 = 3.0;
const REACHES: usize = 16;
/// Fewest onsets of the score that make a stretch.
const FEWEST_GROUPS: usize = 4;
/// Share of the written notes that must be heard for a stretch to be believed.
const BELIEVED_SHARE: f64 = 0.45;
/// So many onsets of the score in a row of which nothing is heard were not played: the player stopped, and what comes after them is
/// a stretch of its own.
const HOLE_GROUPS: usize = 6;
/// So many are enough where nothing else is struck either, for so many seconds: of fast notes some more may go unheard.
const STOP_GROUPS: usize = 3;
const STOP_S: f64 = 0.5;
/// A note so near to an onset that was heard belongs to it, in seconds.
const AROUND_S: f64 = 0.15;
/// So many onsets may fit by chance what a player does who has stopped.
const CHANCE_GROUPS: usize = 8;

/// What the host's transport did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransportChange {
    /// Recording or playing began.
    Start,
    /// It stopped.
    Stop,
    /// The position jumped while it ran: a loop, a punch, a locate.
    Jump,
}

/// One change of the transport.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transport {
    /// Recording time.
    pub at: Seconds,
    /// What happened.
    pub change: TransportChange,
    /// The host's position right after.
    pub host: SampleIndex,
}

/// What takes are made from.
#[derive(Clone, Copy, Debug)]
pub struct Segmentation<'a> {
    /// The score as played.
    pub path: &'a PlayingPath,
    /// The alignment in recording order; beats go back, or leap, where the player jumped.
    pub beats: &'a [AlignedBeat],
    /// The notes, ordered by onset.
    pub notes: &'a [PlayedNote],
    /// The transport's changes in recording order; empty for a plain recording.
    pub transport: &'a [Transport],
}

/// The takes of a recording, with stretches and beats and without faults.
///
/// With a transport every span it ran is a take, whether anything of the score was heard in it or not; without one
/// only playing that fits the score is.
pub fn segment(input: &Segmentation<'_>) -> Vec<Take> {
    takes_of(input, &runs(input))
}

/// The alignment as it was played in one go each time: cut at jumps, and where the notes say that nobody played, in recording order.
pub fn runs(input: &Segmentation<'_>) -> Vec<Vec<AlignedBeat>> {
    let runs = merge_stutters(split_at_jumps(input.path, input.beats));
    runs.into_iter().flat_map(|run| split_at_holes(input, run)).collect()
}

/// As [`segment`] says, of the [`runs`] of the alignment.
pub fn takes_of(input: &Segmentation<'_>, runs: &[Vec<AlignedBeat>]) -> Vec<Take> {
    let passages = passages(input, runs);
    if input.transport.is_empty() {
        takes_by_silence(passages)
    } else {
        takes_by_transport(input.transport, input.notes, passages)
    }
}

/// A stretch with the beats found in it.
#[derive(Clone, Debug)]
struct Passage {
    stretch: Stretch,
    beats: Vec<AlignedBeat>,
}

/// Cuts the alignment wherever time and beats do not go on together.
fn split_at_jumps(path: &PlayingPath, beats: &[AlignedBeat]) -> Vec<Vec<AlignedBeat>> {
    let mut runs: Vec<Vec<AlignedBeat>> = Vec::new();
    for &point in beats {
        if !point.beat.is_finite() || !point.time.0.is_finite() {
            continue;
        }
        // Two onsets at one time (a crossing of hands) say nothing of a jump.
        let together = |last: &AlignedBeat| {
            (point.time.0 - last.time.0).abs() < 1e-3 && (point.beat - last.beat).abs() < 1.0
        };
        if runs.last().and_then(|run| run.last()).is_some_and(together) {
            continue;
        }
        let goes_on = runs.last().is_some_and(|run| {
            let last = run[run.len() - 1];
            let (beats, seconds) = (point.beat - last.beat, point.time.0 - last.time.0);
            let tail = &run[run.len().saturating_sub(9)..];
            let pace = if tail.len() >= 3 {
                Timeline::through(tail).seconds_per_beat(last.beat, 8.0)
            } else {
                path.tempo_at(last.beat).seconds_per_beat()
            };
            let leap = beats - seconds / pace;
            beats > 0.0
                && seconds > 0.0
                && seconds - beats * pace < LONG_PAUSE_S
                && (leap < 2.0 || beats / seconds * pace < 2.5)
        });
        match runs.last_mut() {
            Some(run) if goes_on => run.push(point),
            _ => runs.push(vec![point]),
        }
    }
    runs
}

/// Joins a run that begins a little before where the last one ended to it: the player caught his place again.
fn merge_stutters(runs: Vec<Vec<AlignedBeat>>) -> Vec<Vec<AlignedBeat>> {
    let mut merged: Vec<Vec<AlignedBeat>> = Vec::new();
    for run in runs {
        match merged.last_mut() {
            Some(before) => {
                let (last, first) = (before[before.len() - 1], run[0]);
                let back = last.beat - first.beat;
                let pause = first.time.0 - last.time.0;
                if (0.0..=STUTTER_BEATS).contains(&back) && (0.0..TAKE_PAUSE_S + 1.0).contains(&pause) {
                    before.retain(|point| point.beat < first.beat - 1e-6);
                    before.extend(run);
                } else {
                    merged.push(run);
                }
            }
            None => merged.push(run),
        }
    }
    merged
}

/// Cuts a run wherever nothing is heard of so much that it was not played, though the alignment went on through it: a player stops, goes on
/// elsewhere, or does something else between. Parts beside so much, in which no more is heard than fits by chance, are left out.
fn split_at_holes(input: &Segmentation<'_>, run: Vec<AlignedBeat>) -> Vec<Vec<AlignedBeat>> {
    let (first, last) = (run[0], run[run.len() - 1]);
    let line = Timeline::through(&run);
    if line.len() < 2 {
        return vec![run];
    }
    let range = between(input.notes, first.time - Seconds(0.5), last.time + Seconds(0.5));
    let matching = Matching::new(input.path, &line, first.beat, last.beat, input.notes, range);
    let heard = |group: usize| matching.strikes[group].iter().any(Option::is_some);
    let groups: Vec<usize> = (0..matching.groups.len()).collect();
    // Where groups were heard and where not, by turns; a short silence belongs to what is around it.
    let spans: Vec<&[usize]> = groups.chunk_by(|&a, &b| heard(a) == heard(b)).collect();
    let hole = |span: &&[usize]| span.len() >= HOLE_GROUPS && !heard(span[0]);
    let stop = |span: &&[usize]| {
        let (before, after) = (span[0].checked_sub(1), span[span.len() - 1] + 1);
        let Some((before, after)) = before.zip(matching.times.get(after)) else { return false };
        let (from, to) = (matching.times[before] + AROUND_S, after - AROUND_S);
        span.len() >= STOP_GROUPS
            && to - from >= STOP_S
            && !heard(span[0])
            && between(input.notes, Seconds(from), Seconds(to)).is_empty()
    };
    if !spans.iter().any(|span| hole(span) || stop(span)) {
        return vec![run];
    }
    let beat = |group: usize| matching.groups[group].beat(input.path);
    let ends = |part: &[&[usize]]| Some((*part.first()?.first()?, *part.last()?.last()?));
    let believed = |part: &&[&[usize]]| {
        let believes = |group: &usize| matching.share(input.path, *group) >= BELIEVED_SHARE;
        ends(part).is_some_and(|(from, to)| (from..=to).filter(believes).count() > CHANCE_GROUPS)
    };
    let whole = |part: &&[&[usize]]| part.len() == spans.len();
    let parts = spans.split(hole).filter(|part| whole(part) || believed(part));
    let parts = parts.flat_map(|part| part.split(stop)).filter_map(ends).map(|(from, to)| {
        let within = beat(from) - 1e-6..=beat(to) + 1e-6;
        run.iter().filter(|point| within.contains(&point.beat)).copied().collect::<Vec<_>>()
    });
    parts.filter(|part| !part.is_empty()).collect()
}

/// Finds each run's first and last notes; runs that the notes do not bear out are dropped.
fn passages(input: &Segmentation<'_>, runs: &[Vec<AlignedBeat>]) -> Vec<Passage> {
    let mut passages: Vec<Passage> = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let after = runs.get(index + 1).and_then(|next| next.first()).map(|point| point.time.0 - 0.05);
        let before =
            passages.last().and_then(|passage| passage.beats.last()).map(|point| point.time.0 + 0.05);
        let from = Seconds(before.unwrap_or(0.0));
        let until = Seconds(after.unwrap_or(f64::INFINITY));
        let range = between(input.notes, from, until);
        let mut found: Option<Passage> = None;
        for _ in 0..REACHES {
            let known = found.as_ref().map_or(run.as_slice(), |passage| passage.beats.as_slice());
            let line = Timeline::through(known);
            let Some((first, last)) = known.first().zip(known.last()) else { break };
            if line.len() < 2 {
                break;
            }
            let matching = Matching::new(
                input.path,
                &line,
                (first.beat - REACH_BEATS).max(0.0),
                last.beat + REACH_BEATS,
                input.notes,
                range.clone(),
            );
            let Some(next) = passage(input, known, &matching) else { break };
            let extent = |passage: &Passage| (passage.stretch.from_beat, passage.stretch.to_beat);
            let settled = found.as_ref().is_some_and(|found| extent(found) == extent(&next));
            found = Some(next);
            if settled {
                break;
            }
        }
        passages.extend(found);
    }
    passages
}

/// The borne-out part of one run.
fn passage(input: &Segmentation<'_>, run: &[AlignedBeat], matching: &Matching) -> Option<Passage> {
    let path = input.path;
    let heard: Vec<f64> = (0..matching.groups.len()).map(|group| matching.share(path, group)).collect();
    let (inner_first, inner_last) = (run[0].beat - 1e-6, run[run.len() - 1].beat + 1e-6);
    let beat = |group: usize| matching.groups[group].beat(path);
    // Inside the run half a chord will do, if the two after it are there as well; outside it must be nearly whole
    // and follow without a hole.
    let inside: Vec<usize> =
        (0..heard.len()).filter(|&g| (inner_first..=inner_last).contains(&beat(g))).collect();
    let holds = |g: usize, near: &[usize]| {
        heard[g] >= 0.5 && near.iter().map(|&n| heard[n]).sum::<f64>() >= 0.5 * near.len() as f64
    };
    let mut first = (0..inside.len())
        .find(|&i| holds(inside[i], &inside[(i + 1).min(inside.len())..(i + 4).min(inside.len())]))
        .map(|i| inside[i])?;
    let mut last =
        (0..inside.len()).rfind(|&i| holds(inside[i], &inside[i.saturating_sub(3)..i])).map(|i| inside[i])?;
    let whole = |g: usize| heard[g] >= 0.65 && matching.strikes[g].iter().any(Option::is_some);
    let onset_near = |g: usize| {
        matching.strikes[g]
            .iter()
            .flatten()
            .all(|&j| (input.notes[j].onset.0 - matching.times[g]).abs() < 0.2)
    };
    while first > 0 && first <= inside[0] && whole(first - 1) && onset_near(first - 1) {
        first -= 1;
    }
    while last + 1 < heard.len()
        && last >= inside[inside.len() - 1]
        && whole(last + 1)
        && onset_near(last + 1)
    {
        last += 1;
    }
    if last < first || last + 1 - first < FEWEST_GROUPS {
        return None;
    }
    let share = heard[first..=last].iter().sum::<f64>() / (last + 1 - first) as f64;
    if share < BELIEVED_SHARE {
        return None;
    }
    let confidence = |g: usize| {
        let near = run.iter().min_by(|a, b| (a.beat - beat(g)).abs().total_cmp(&(b.beat - beat(g)).abs()));
        near.map_or(0.5, |point| point.confidence) * (0.5 + 0.5 * heard[g] as f32)
    };
    let mut beats: Vec<AlignedBeat> = Vec::with_capacity(last + 1 - first);
    for g in first..=last {
        let time = Seconds(matching.times[g]);
        if beats.last().is_none_or(|point| time.0 > point.time.0 + 1e-3) {
            beats.push(AlignedBeat { beat: beat(g), time, confidence: confidence(g) });
        }
    }
    let onset_of = |g: usize| {
        let strikes = matching.strikes[g].iter().flatten();
        strikes.map(|&j| input.notes[j].onset.0).fold(matching.times[g], f64::min)
    };
    let start = Seconds(onset_of(first));
    let line = Timeline::through(&beats);
    let (to_beat, to_step) = end_of_playing(path, beat(last));
    let sounding = (last.saturating_sub(3).max(first)..=last)
        .flat_map(|g| matching.strikes[g].iter().flatten())
        .map(|&j| input.notes[j].offset.0)
        .fold(matching.times[last], f64::max);
    let end = Seconds(line.time_at(to_beat).0.min(sounding).max(matching.times[last] + 0.02));
    let from_beat = beat(first);
    let from_step = path.step_at(from_beat)? as u32;
    Some(Passage { stretch: Stretch { start, end, from_step, to_step, from_beat, to_beat }, beats })
}

/// Where playing that struck its last note at `beat` ends: the next onset that was not played, or the end of the
/// measure if nothing more is written in it. Returns it with its step.
fn end_of_playing(path: &PlayingPath, beat: f64) -> (f64, u32) {
    let step = path.step_at(beat).unwrap_or(0);
    let end = path.steps.get(step).map_or(beat, |step| (step.start + step.length).to_f64());
    let next = path.notes.partition_point(|note| note.onset.to_f64() <= beat + 1e-6);
    let next = path.notes.get(next).map_or(end, |note| note.onset.to_f64());
    (next.min(end), step as u32)
}

/// Groups passages into takes where nobody paused between them.
fn takes_by_silence(passages: Vec<Passage>) -> Vec<Take> {
    let mut takes: Vec<Take> = Vec::new();
    for Passage { stretch, beats } in passages {
        match takes.last_mut() {
            Some(take) if stretch.start.0 - take.end.0 < TAKE_PAUSE_S => {
                take.end = stretch.end;
                take.stretches.push(stretch);
                take.beats.extend(beats);
            }
            _ => takes.push(Take {
                start: stretch.start,
                end: stretch.end,
                host_start: None,
                stretches: vec![stretch],
                beats,
                faults: vec![],
                voices: vec![],
            }),
        }
    }
    takes
}

/// One take for each span the transport ran; a passage belongs to the span it lies most in.
fn takes_by_transport(transport: &[Transport], notes: &[PlayedNote], passages: Vec<Passage>) -> Vec<Take> {
    let end = notes.iter().map(|note| note.offset.0).fold(0.0, f64::max);
    let end = passages.iter().map(|passage| passage.stretch.end.0).fold(end, f64::max);
    let mut takes: Vec<Take> = Vec::new();
    let mut running: Option<Transport> = None;
    let mut close = |running: &mut Option<Transport>, at: Seconds| {
        if let Some(begun) = running.take()
            && at > begun.at
        {
            takes.push(Take {
                start: begun.at,
                end: at,
                host_start: Some(begun.host),
                stretches: vec![],
                beats: vec![],
                faults: vec![],
                voices: vec![],
            });
        }
    };
    for &change in transport {
        match change.change {
            TransportChange::Start if running.is_some() => {}
            TransportChange::Start => running = Some(change),
            TransportChange::Stop => close(&mut running, change.at),
            TransportChange::Jump if running.is_some() => {
                close(&mut running, change.at);
                running = Some(change);
            }
            TransportChange::Jump => {}
        }
    }
    close(&mut running, Seconds(end));
    for Passage { stretch, beats } in passages {
        let middle = Seconds((stretch.start.0 + stretch.end.0) / 2.0);
        if let Some(take) = takes.iter_mut().find(|take| take.start <= middle && middle < take.end) {
            take.stretches.push(stretch);
            take.beats.extend(beats);
        }
    }
    takes
}
