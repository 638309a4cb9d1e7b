//! What went wrong in a take: wrong, missed and extra notes, and (in `stumbles`) faults of time.
//!
//! Every doubt is weighed, not decided, by what the note evidence says for and against it (in `doubt`): a written note that was not
//! transcribed is missed only as far as it neither began nor sounded, and a transcribed note that is not written is extra
//! only as far as it is no overtone, echo or neighbour of what is. Ornaments are forgiven.

use super::doubt::{self, DoubtKind, Usual};
use super::evidence::EvidenceLog;
use super::faint::{FaintStrike, faint_strikes, unsure};
use super::matching::{MatchedStretch, Matching};
use super::stumbles::{Matched, stumbles};
use crate::performance::{DOUBT_BELOW, Fault, FaultKind, OFF_TUNE_CENTS, PlayedNote, Take};
use crate::score::{Ornament, PathNote, PlayingPath};
use crate::units::{Pitch, Seconds};

/// Wrong, missed and extra notes are told from this likelihood on, unless another is asked for: whoever listens again wants to know where
/// to. What is more likely none leaves a measure clean.
const NOTES_ABOVE: f32 = 0.3;

/// How strict the faults are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaultTolerance {
    /// Faults of time and intonation held less likely than this are not reported, 0-1.
    pub report_above: f32,
    /// Nor are wrong, missed and extra notes held less likely than this, 0-1; see [`Fault::is_doubt`].
    pub notes_above: f32,
    /// A sustained note may lie this far off the tuning of its take, in cents.
    pub off_tune_cents: f32,
}

impl Default for FaultTolerance {
    fn default() -> FaultTolerance {
        FaultTolerance { report_above: DOUBT_BELOW, notes_above: NOTES_ABOVE, off_tune_cents: OFF_TUNE_CENTS }
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
    for_each_stretch(path, take, notes, |stretch, unmatched| {
        let stumbles = stumbles(stretch, unmatched);
        let mut extra = unwritten(stretch, unmatched, &stumbles.explained);
        let mut missed = missing(stretch, evidence);
        all.extend(stumbles.faults);
        if let Some(evidence) = evidence {
            let usual = Usual::new(stretch, evidence);
            extra.extend(brushed(stretch, &missed, evidence, &usual));
            weigh(stretch, &mut missed, &mut extra, &usual);
        }
        all.extend(note_faults(stretch, missed, extra));
    });
    let least = |kind| match kind {
        FaultKind::Wrong | FaultKind::Missed | FaultKind::Extra => tolerance.notes_above,
        _ => tolerance.report_above,
    };
    all.retain(|fault| fault.confidence >= least(fault.kind));
    all.sort_by(|a, b| a.at.0.total_cmp(&b.at.0));
    all
}

/// Everything that [`faults`] weighs in a take, unweighed: to fit the weights to.
pub fn doubts(
    path: &PlayingPath,
    take: &Take,
    notes: &[PlayedNote],
    evidence: &EvidenceLog,
) -> Vec<super::Doubt> {
    let mut all = Vec::new();
    for_each_stretch(path, take, notes, |stretch, unmatched| {
        let explained = stumbles(stretch, unmatched).explained;
        let mut tell = |kind, at, pitch, features| all.push(super::Doubt { kind, at, pitch, features });
        let extra = unwritten(stretch, unmatched, &explained);
        let missed = missing(stretch, Some(evidence));
        let usual = &Usual::new(stretch, evidence);
        for strike in &extra {
            let Some(index) = strike.played else { continue };
            let slip = beside_missing(stretch, &missed, strike.pitch, strike.at);
            let features = doubt::extra(stretch, index, strike.group, slip, usual).to_vec();
            tell(DoubtKind::Extra, strike.at, strike.pitch, features);
        }
        for doubt in &missed {
            let note = &path.notes[doubt.index];
            let slip = beside_extra(stretch, &extra, *doubt);
            let features = doubt::missing(stretch, (note, doubt.group), doubt.strike, slip, usual).to_vec();
            tell(DoubtKind::Missing, Seconds(stretch.matching.times[doubt.group]), note.pitch, features);
        }
        for FaintStrike { pitch, at, group } in faint_strikes(stretch, evidence) {
            let slip = beside_missing(stretch, &missed, pitch, at);
            let features = doubt::faint(stretch, (pitch, at), group, slip, usual).to_vec();
            tell(DoubtKind::Faint, at, pitch, features);
        }
    });
    all
}

/// Gives each stretch of a take, matched, to `weigh`, with the played notes in it that are no written note's strike.
pub(super) fn for_each_stretch(
    path: &PlayingPath,
    take: &Take,
    notes: &[PlayedNote],
    mut weigh: impl FnMut(Matched<'_>, &[usize]),
) {
    for index in 0..take.stretches.len() {
        let Some(matched) = Matching::of_stretch(path, take, index, notes) else { continue };
        let MatchedStretch { line, range, matching } = matched;
        let mut struck = vec![false; range.len()];
        for (_, strike) in matching.pairs() {
            struck[strike - range.start] = true;
        }
        let unmatched: Vec<usize> = range.clone().filter(|&j| !struck[j - range.start]).collect();
        weigh(Matched { path, played: notes, matching: &matching, line: &line }, &unmatched);
    }
}

/// The strikes that nothing written, no stumble and no ornament explains, not yet weighed.
fn unwritten(stretch: Matched<'_>, unmatched: &[usize], explained: &[usize]) -> Vec<Extra> {
    let strikes = unmatched.iter().copied().filter(|strike| !explained.contains(strike));
    let doubts = strikes.map(|strike| {
        let note = &stretch.played[strike];
        let group = nearest_group(stretch.matching, note.onset.0);
        Extra { played: Some(strike), pitch: note.pitch, at: note.onset, group, sure: BY_THE_NOTES }
    });
    doubts.filter(|doubt| !forgiven(stretch, doubt)).collect()
}

/// The keys that were more likely brushed than not, weighed.
fn brushed(stretch: Matched<'_>, missed: &[Missed], evidence: &EvidenceLog, usual: &Usual<'_>) -> Vec<Extra> {
    let weighed = faint_strikes(stretch, evidence).into_iter().map(|strike| {
        let FaintStrike { pitch, at, group } = strike;
        let slip = beside_missing(stretch, missed, pitch, at);
        let features = doubt::faint(stretch, (pitch, at), group, slip, usual);
        Extra { played: None, pitch, at, group, sure: doubt::faint_likelihood(&features) }
    });
    weighed.filter(|doubt| doubt.sure >= LIKELY && !forgiven(stretch, doubt)).collect()
}

/// Whether a written note that was not struck is so near that a finger may have slipped from it.
fn beside_missing(stretch: Matched<'_>, missed: &[Missed], pitch: Pitch, at: Seconds) -> bool {
    let mut unstruck = missed.iter().filter(|missed| missed.strike.is_none());
    unstruck.any(|missed| slipped(missed.written(stretch), (pitch, at.0)))
}

/// Whether a transcribed strike that is not written is where a finger may have slipped to from a written note.
fn beside_extra(stretch: Matched<'_>, extra: &[Extra], missed: Missed) -> bool {
    let mut heard = extra.iter().filter(|extra| extra.played.is_some());
    heard.any(|extra| slipped(missed.written(stretch), (extra.pitch, extra.at.0)))
}

/// Two places, pitch and time, that one finger can have meant and struck.
fn slipped(a: (Pitch, f64), b: (Pitch, f64)) -> bool {
    (1..=SLIP_SEMITONES).contains(&a.0.0.abs_diff(b.0.0)) && (a.1 - b.1).abs() <= SLIP_S
}

/// A path note that may have been left out.
#[derive(Clone, Copy, Debug)]
struct Missed {
    index: usize,
    group: usize,
    /// The played note that was taken for it, where that is not sure.
    strike: Option<usize>,
    sure: f32,
}

impl Missed {
    fn written(self, stretch: Matched<'_>) -> (Pitch, f64) {
        (stretch.path.notes[self.index].pitch, stretch.matching.times[self.group])
    }
}

/// A strike that may be nothing that is written.
#[derive(Clone, Copy, Debug)]
struct Extra {
    /// The played note; `None` where none was transcribed.
    played: Option<usize>,
    pitch: Pitch,
    at: Seconds,
    group: usize,
    sure: f32,
}

/// The group struck nearest to `time`.
fn nearest_group(matching: &Matching, time: f64) -> usize {
    let after = matching.times.partition_point(|&t| t <= time).min(matching.times.len() - 1);
    let before = after.saturating_sub(1);
    if (matching.times[before] - time).abs() <= (matching.times[after] - time).abs() { before } else { after }
}

/// How sure a fault is as far as the notes tell that were transcribed.
const BY_THE_NOTES: f32 = 0.9;
/// A brushed key less likely than this is nothing, and makes no note beside it a wrong one.
const LIKELY: f32 = 0.35;
/// What an ornament leaves of it: much is left out there.
const ORNAMENTED: f32 = 0.6;

/// Weighs doubts by the evidence for them. Each kind makes the other likelier where a slip of the finger would have both.
fn weigh(stretch: Matched<'_>, missing: &mut [Missed], extra: &mut [Extra], usual: &Usual<'_>) {
    for doubt in missing.iter_mut() {
        let note = &stretch.path.notes[doubt.index];
        let slip = beside_extra(stretch, extra, *doubt);
        let features = doubt::missing(stretch, (note, doubt.group), doubt.strike, slip, usual);
        let ornament = if note.ornament == Ornament::Plain { 1.0 } else { ORNAMENTED };
        doubt.sure = doubt::missing_likelihood(&features) * ornament;
    }
    for doubt in extra.iter_mut() {
        let Some(played) = doubt.played else { continue };
        let slip = beside_missing(stretch, missing, doubt.pitch, doubt.at);
        let features = doubt::extra(stretch, played, doubt.group, slip, usual);
        doubt.sure = doubt::extra_likelihood(&features);
    }
}

/// Written notes without a strike, each as sure as the notes alone tell; with evidence, those whose strike is not sure as well.
fn missing(stretch: Matched<'_>, evidence: Option<&EvidenceLog>) -> Vec<Missed> {
    let mut missing = Vec::new();
    for (group, (notes, strikes)) in stretch.matching.groups.iter().zip(&stretch.matching.strikes).enumerate()
    {
        for (index, strike) in notes.notes.clone().zip(strikes) {
            let note = &stretch.path.notes[index];
            // A grace note may be left out; the second voice of a unison has no key of its own.
            let mut twins = stretch.path.notes[notes.notes.start..index].iter();
            let unison = twins.any(|twin| twin.pitch == note.pitch) || shares_key(stretch, note, group);
            let sure = |played: &usize| !evidence.is_some_and(|log| unsure(&stretch.played[*played], log));
            if strike.as_ref().is_some_and(sure) || note.grace || unison || note.pitch.key().is_none() {
                continue;
            }
            let sure = BY_THE_NOTES * if note.ornament == Ornament::Plain { 1.0 } else { ORNAMENTED };
            missing.push(Missed { index, group, strike: *strike, sure });
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

/// True for a note that only plays out an ornament that is written there, or the second player of a unison.
fn forgiven(stretch: Matched<'_>, doubt: &Extra) -> bool {
    let times = &stretch.matching.times;
    let near = doubt.group.saturating_sub(2)..(doubt.group + 3).min(times.len());
    let unison = near.filter(|&group| (times[group] - doubt.at.0).abs() < UNISON_S).any(|group| {
        let notes = stretch.notes(group);
        notes.iter().filter(|note| note.pitch == doubt.pitch).count() > 1
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
            span.contains(&doubt.at.0) && note.pitch.0.abs_diff(doubt.pitch.0) <= reach
        })
    })
}

/// Pairs a missed note with an extra one beside it into one wrong note, or one note out of time; the rest stand for
/// themselves.
fn note_faults(stretch: Matched<'_>, missing: Vec<Missed>, extra: Vec<Extra>) -> Vec<Fault> {
    let notes = &stretch.path.notes;
    let times = &stretch.matching.times;
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for (m, missed) in missing.iter().enumerate() {
        for (e, struck) in extra.iter().enumerate() {
            let semitones = notes[missed.index].pitch.0.abs_diff(struck.pitch.0);
            let off = (struck.at.0 - times[missed.group]).abs();
            // A key that was brushed is not the written note come late.
            if semitones == 0 && off <= LATE_S && struck.played.is_some() {
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
        let at = Seconds(at);
        faults.push(Fault { kind, at, step, beat, pitch: Some(pitch), note, confidence, cents: None });
    };
    for (_, m, e) in pairs {
        let (missed, struck) = (missing[m], extra[e]);
        if missed_free[m] && extra_free[e] {
            (missed_free[m], extra_free[e]) = (false, false);
            let written = &notes[missed.index];
            let sure = missed.sure.max(struck.sure);
            let kind = if struck.pitch == written.pitch { FaultKind::Timing } else { FaultKind::Wrong };
            tell(kind, missed.group, struck.at.0, struck.pitch, Some(written), sure);
        }
    }
    for (missed, _) in missing.iter().zip(&missed_free).filter(|(_, free)| **free) {
        let note = &notes[missed.index];
        tell(FaultKind::Missed, missed.group, times[missed.group], note.pitch, Some(note), missed.sure);
    }
    for (struck, _) in extra.iter().zip(&extra_free).filter(|(_, free)| **free) {
        tell(FaultKind::Extra, struck.group, struck.at.0, struck.pitch, None, struck.sure);
    }
    faults
}
