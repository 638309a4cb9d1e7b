//! What went wrong in a take: wrong, missed and extra notes, and (in `stumbles`) faults of time.
//!
//! Every doubt is weighed, not decided: a written note that was not transcribed is missed only as far as the note
//! evidence says that it neither began nor sounded, and a transcribed note that is not written is extra only as far
//! as it is no overtone, echo or ornament of what is.

use super::evidence::EvidenceLog;
use super::matching::{Matching, between};
use super::stumbles::{Matched, stumbles};
use super::timeline::Timeline;
use crate::performance::{AlignedBeat, Fault, FaultKind, PlayedNote, Take};
use crate::score::{Ornament, PathNote, PlayingPath};
use crate::units::{Pitch, Seconds};

/// How strict the faults are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaultTolerance {
    /// Faults held less likely than this are not reported, 0-1.
    pub report_above: f32,
}

impl Default for FaultTolerance {
    fn default() -> FaultTolerance {
        FaultTolerance { report_above: 0.5 }
    }
}

/// Farthest that a finger lands from the key it meant, in semitones, for the two to be one wrong note.
const SLIP_SEMITONES: u8 = 4;
/// Farthest in time, in seconds.
const SLIP_S: f64 = 0.11;
/// Longest that a note comes late or early and is still that note, in seconds.
const LATE_S: f64 = 0.7;
/// Farthest apart that two players strike one written unison, in seconds.
const UNISON_S: f64 = 0.25;
/// Two hands' notes on one key that are closer than this are one strike, in seconds.
const SHARED_KEY_S: f64 = 0.16;
/// Intervals above a struck note at which its partials can be taken for notes, in semitones.
const PARTIALS: [u8; 8] = [12, 19, 24, 28, 31, 34, 36, 38];

/// The faults of one take, in recording order.
///
/// `notes`: the recording's notes ordered by onset. `evidence`: what the estimator thought, where it was kept;
/// without it the notes are taken at their word.
pub fn faults(
    path: &PlayingPath,
    take: &Take,
    notes: &[PlayedNote],
    evidence: Option<&EvidenceLog>,
    tolerance: FaultTolerance,
) -> Vec<Fault> {
    let mut all = Vec::new();
    for (index, stretch) in take.stretches.iter().enumerate() {
        let beats: Vec<AlignedBeat> = take
            .beats
            .iter()
            .filter(|point| {
                (stretch.from_beat - 1e-6..stretch.to_beat + 1e-6).contains(&point.beat)
                    && (stretch.start.0 - 0.5..=stretch.end.0 + 0.5).contains(&point.time.0)
            })
            .copied()
            .collect();
        let line = Timeline::through(&beats);
        if line.len() < 2 {
            continue;
        }
        let next = take.stretches.get(index + 1).map_or(f64::INFINITY, |next| next.start.0 - 0.02);
        let before = index.checked_sub(1).map_or(0.0, |before| take.stretches[before].end.0);
        let from = Seconds((stretch.start.0 - 0.12).max(before.min(stretch.start.0)));
        let until = Seconds((stretch.end.0 + 0.05).min(next));
        let range = between(notes, from, until);
        let matching = Matching::new(path, &line, stretch.from_beat, stretch.to_beat, notes, range.clone());
        if matching.groups.is_empty() {
            continue;
        }
        let stretch = Matched { path, played: notes, matching: &matching, line: &line };
        let mut struck = vec![false; range.len()];
        for (_, strike) in matching.pairs() {
            struck[strike - range.start] = true;
        }
        let unmatched: Vec<usize> = range.clone().filter(|&j| !struck[j - range.start]).collect();
        let stumbles = stumbles(stretch, &unmatched);
        all.extend(stumbles.faults);
        let mut extra: Vec<Doubt> = unmatched
            .into_iter()
            .filter(|strike| !stumbles.explained.contains(strike))
            .map(|strike| Doubt {
                index: strike,
                group: nearest_group(&matching, notes[strike].onset.0),
                sure: 0.0,
            })
            .filter(|doubt| !forgiven(stretch, doubt))
            .collect();
        for doubt in &mut extra {
            doubt.sure = extra_confidence(stretch, doubt, evidence);
        }
        all.extend(note_faults(stretch, missing(stretch, evidence), extra));
    }
    all.retain(|fault| fault.confidence >= tolerance.report_above);
    all.sort_by(|a, b| a.at.0.total_cmp(&b.at.0));
    all
}

/// A note that may be a fault: a path note (missed) or a played one (extra).
#[derive(Clone, Copy, Debug)]
struct Doubt {
    index: usize,
    group: usize,
    sure: f32,
}

/// The group struck nearest to `time`.
fn nearest_group(matching: &Matching, time: f64) -> usize {
    let after = matching.times.partition_point(|&t| t <= time).min(matching.times.len() - 1);
    let before = after.saturating_sub(1);
    if (matching.times[before] - time).abs() <= (matching.times[after] - time).abs() { before } else { after }
}

/// Written notes without a strike, each with how surely it did not sound.
fn missing(stretch: Matched<'_>, evidence: Option<&EvidenceLog>) -> Vec<Doubt> {
    let mut missing = Vec::new();
    for (group, (notes, strikes)) in stretch.matching.groups.iter().zip(&stretch.matching.strikes).enumerate()
    {
        for (index, strike) in notes.notes.clone().zip(strikes) {
            let note = &stretch.path.notes[index];
            // A grace note may be left out; the second voice of a unison has no key of its own.
            let mut twins = stretch.path.notes[notes.notes.start..index].iter();
            let unison = twins.any(|twin| twin.pitch == note.pitch) || shares_key(stretch, note, group);
            if strike.is_some() || note.grace || unison || note.pitch.key().is_none() {
                continue;
            }
            let sure = missed_confidence(stretch, note, group, evidence);
            missing.push(Doubt { index, group, sure });
        }
    }
    missing
}

/// True if another hand or voice strikes the key of `note` so close by that one strike serves both.
fn shares_key(stretch: Matched<'_>, note: &PathNote, group: usize) -> bool {
    let times = &stretch.matching.times;
    let near = group.saturating_sub(3)..(group + 4).min(times.len());
    near.filter(|&other| other != group && (times[other] - times[group]).abs() < SHARED_KEY_S).any(|other| {
        let strikes = &stretch.matching.strikes[other];
        let mut notes = stretch.notes(other).iter().zip(strikes);
        notes.any(|(twin, strike)| {
            let elsewhere = (twin.part, twin.staff) != (note.part, note.staff);
            twin.pitch == note.pitch && elsewhere && strike.is_some()
        })
    })
}

/// How surely a written note that was not transcribed did not sound, 0-1.
fn missed_confidence(
    stretch: Matched<'_>,
    note: &PathNote,
    group: usize,
    evidence: Option<&EvidenceLog>,
) -> f32 {
    let due = stretch.matching.times[group];
    let until = stretch.line.time_at((note.onset + note.duration).to_f64()).0;
    let mut sure = 0.9;
    if note.ornament != Ornament::Plain {
        sure *= 0.6;
    }
    let Some(evidence) = evidence else { return sure };
    let began = evidence.onset_peak(note.pitch, Seconds(due - 0.07), Seconds(due + 0.10));
    let sounded = evidence.sounding_mean(
        note.pitch,
        Seconds(due + 0.03),
        Seconds((due + 0.15).min(until.max(due + 0.06))),
    );
    // A key that was struck shortly before may still sound: then only an onset speaks for the note.
    let held = stretch
        .played
        .iter()
        .any(|other| other.pitch == note.pitch && other.onset.0 < due - 0.07 && other.offset.0 > due + 0.05);
    sure *= (1.0 - began / 0.35).clamp(0.0, 1.0);
    if !held {
        sure *= (1.0 - sounded / 0.6).clamp(0.0, 1.0);
    }
    sure
}

/// True for a note that only plays out an ornament that is written there, or the second player of a unison.
fn forgiven(stretch: Matched<'_>, doubt: &Doubt) -> bool {
    let played = &stretch.played[doubt.index];
    let times = &stretch.matching.times;
    let near = doubt.group.saturating_sub(2)..(doubt.group + 3).min(times.len());
    let unison = near.filter(|&group| (times[group] - played.onset.0).abs() < UNISON_S).any(|group| {
        let notes = stretch.notes(group);
        notes.iter().filter(|note| note.pitch == played.pitch).count() > 1
    });
    if unison {
        return true;
    }
    (doubt.group.saturating_sub(24)..(doubt.group + 2).min(times.len())).any(|group| {
        stretch.notes(group).iter().any(|note| {
            let reach = match note.ornament {
                Ornament::Plain if note.grace => 2,
                Ornament::Plain | Ornament::Arpeggio => return false,
                Ornament::Trill | Ornament::Mordent | Ornament::Turn => 2,
                Ornament::Tremolo => 12,
            };
            let end = stretch.line.time_at((note.onset + note.duration).to_f64()).0;
            let span = times[group] - 0.3..end.max(times[group]) + 0.12;
            span.contains(&played.onset.0) && note.pitch.0.abs_diff(played.pitch.0) <= reach
        })
    })
}

/// How surely a transcribed note that is not written was really struck, 0-1.
fn extra_confidence(stretch: Matched<'_>, doubt: &Doubt, evidence: Option<&EvidenceLog>) -> f32 {
    let played = &stretch.played[doubt.index];
    let mut sure = 0.9;
    let Some(evidence) = evidence else { return sure };
    let peak = evidence.onset_peak(played.pitch, played.onset - Seconds(0.03), played.onset + Seconds(0.03));
    sure *= ((peak - 0.1) / 0.5).clamp(0.2, 1.0);
    sure *= slip_likelihood(stretch, doubt);
    let near = between(stretch.played, played.onset - Seconds(2.0), played.onset + Seconds(0.06));
    for other in near.map(|j| &stretch.played[j]) {
        let together = (other.onset.0 - played.onset.0).abs() < 0.06;
        let sounding = other.offset.0 > played.onset.0 - 0.1 && other.onset.0 <= played.onset.0 + 0.06;
        if other.pitch == played.pitch && other.onset.0 < played.onset.0 && sounding {
            sure *= 0.5; // Heard a second time: the same strike, or a beat in its tone.
        } else if together && partial_of(other.pitch, played.pitch) && other.velocity >= played.velocity {
            sure *= 0.45;
        } else if together && partial_of(played.pitch, other.pitch) {
            sure *= 0.6;
        }
    }
    sure
}

/// How likely a finger got to where an extra note is: slips land beside the keys that are played around it, while a
/// transcriber's ghosts lie anywhere.
fn slip_likelihood(stretch: Matched<'_>, doubt: &Doubt) -> f32 {
    let played = &stretch.played[doubt.index];
    let groups = stretch.matching.groups.len();
    let near = doubt.group.saturating_sub(2)..(doubt.group + 3).min(groups);
    let distance = near
        .flat_map(|group| stretch.notes(group))
        .map(|note| note.pitch.0.abs_diff(played.pitch.0))
        .filter(|&distance| distance > 0)
        .min();
    match distance {
        Some(..=2) => 1.0,
        Some(3..=4) => 0.7,
        _ => 0.5,
    }
}

/// True if `upper` is where a partial of `lower` lies.
fn partial_of(lower: Pitch, upper: Pitch) -> bool {
    upper.0.checked_sub(lower.0).is_some_and(|interval| PARTIALS.contains(&interval))
}

/// Pairs a missed note with an extra one beside it into one wrong note, or one note out of time; the rest stand for
/// themselves.
fn note_faults(stretch: Matched<'_>, missing: Vec<Doubt>, extra: Vec<Doubt>) -> Vec<Fault> {
    let (notes, played) = (&stretch.path.notes, stretch.played);
    let times = &stretch.matching.times;
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for (m, missed) in missing.iter().enumerate() {
        for (e, struck) in extra.iter().enumerate() {
            let semitones = notes[missed.index].pitch.0.abs_diff(played[struck.index].pitch.0);
            let off = (played[struck.index].onset.0 - times[missed.group]).abs();
            if semitones == 0 && off <= LATE_S {
                pairs.push((3.0 + 5.0 * off / LATE_S, m, e));
            } else if semitones > 0 && semitones <= SLIP_SEMITONES && off <= SLIP_S {
                pairs.push((semitones as f64 + off / 0.03, m, e));
            }
        }
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut missed_free = vec![true; missing.len()];
    let mut extra_free = vec![true; extra.len()];
    let mut faults = Vec::new();
    let mut tell = |kind, group: usize, at: f64, pitch, note: Option<&PathNote>, confidence| {
        let beat = stretch.beat(group);
        let step = stretch.notes(group)[0].step;
        let note = note.map(|note| note.id);
        faults.push(Fault { kind, at: Seconds(at), step, beat, pitch: Some(pitch), note, confidence });
    };
    for (_, m, e) in pairs {
        let (missed, struck) = (missing[m], extra[e]);
        if missed_free[m] && extra_free[e] {
            (missed_free[m], extra_free[e]) = (false, false);
            // Each half makes the other likelier.
            let sure = 1.0 - (1.0 - missed.sure) * (1.0 - struck.sure);
            let note = &played[struck.index];
            let written = &notes[missed.index];
            let sure = sure * missed.sure.max(struck.sure);
            let kind = if note.pitch == written.pitch { FaultKind::Timing } else { FaultKind::Wrong };
            tell(kind, missed.group, note.onset.0, note.pitch, Some(written), sure);
        }
    }
    for (missed, _) in missing.iter().zip(&missed_free).filter(|(_, free)| **free) {
        let note = &notes[missed.index];
        tell(FaultKind::Missed, missed.group, times[missed.group], note.pitch, Some(note), missed.sure);
    }
    for (struck, _) in extra.iter().zip(&extra_free).filter(|(_, free)| **free) {
        let note = &played[struck.index];
        tell(FaultKind::Extra, struck.group, note.onset.0, note.pitch, None, struck.sure);
    }
    faults
}
