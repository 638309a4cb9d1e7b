//! What speaks for and against a fault: a written note that was not struck, or hardly, a strike that is not written, or a key
//! beside a written one that seems to have been brushed.
//!
//! Each doubt is a row of numbers, and its likelihood a logistic function of them. The weights, in `doubt_weights`, were fitted on
//! performances with planted faults (`tests/compare/plant_sessions.py`, `examples/weigh_faults.rs`, `tests/compare/fit_faults.py`).

use super::doubt_weights::{EXTRA, FAINT, MISSING};
use super::evidence::EvidenceLog;
use super::matching::between;
use super::stumbles::Matched;
use crate::performance::PlayedNote;
use crate::score::{Ornament, PathNote};
use crate::units::{Pitch, Seconds};

/// Intervals above a struck note at which its partials can be taken for notes, in semitones.
const PARTIALS: [u8; 8] = [12, 19, 24, 28, 31, 34, 36, 38];
/// Notes that begin within this of each other were struck together, in seconds.
const TOGETHER_S: f64 = 0.06;

/// Farthest from a moment that its evidence is looked for, in seconds.
const REACH_S: f64 = 0.3;
/// So near the evidence of a strike reaches, in seconds.
const APART_S: f64 = 0.03;

/// How many numbers tell what was heard of a key around a moment, and of the keys that can be mistaken for it.
const HEARD: usize = 31;
/// What is known of a written note that was not struck, or hardly.
pub(super) const MISSING_FEATURES: usize = HEARD + 15;
/// What is known of a transcribed note that is not written.
pub(super) const EXTRA_FEATURES: usize = HEARD + 14;
/// What is known of a key beside a written one that no note was transcribed of.
pub(super) const FAINT_FEATURES: usize = HEARD + 9;

/// How likely the fault is, 0-1: a logistic function of the weighed features.
fn likelihood<const N: usize>(weights: &[f32; N], features: &[f32; N]) -> f32 {
    let sum: f32 = weights.iter().zip(features).map(|(weight, feature)| weight * feature).sum();
    1.0 / (1.0 + (-sum).exp())
}

/// How likely a written note was not played, 0-1.
pub(super) fn missing_likelihood(features: &[f32; MISSING_FEATURES]) -> f32 {
    likelihood(&MISSING, features)
}

/// How likely a strike that is not written was played, 0-1.
pub(super) fn extra_likelihood(features: &[f32; EXTRA_FEATURES]) -> f32 {
    likelihood(&EXTRA, features)
}

/// How likely a key beside a written one was brushed, 0-1.
pub(super) fn faint_likelihood(features: &[f32; FAINT_FEATURES]) -> f32 {
    likelihood(&FAINT, features)
}

/// What a doubt is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoubtKind {
    /// A written note without a strike, or with one that is not sure.
    Missing,
    /// A strike that is not written.
    Extra,
    /// A key beside a written one that something was heard of.
    Faint,
}

/// A doubt as the fitting sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Doubt {
    /// What it is about.
    pub kind: DoubtKind,
    /// When it was struck, or due.
    pub at: Seconds,
    /// The pitch struck, or written.
    pub pitch: Pitch,
    /// What its likelihood is made from, the first always 1.
    pub features: Vec<f32>,
}

/// A probability as evidence: its logit, a quarter of it, so that certainty is about 1.
fn logit(probability: f32) -> f32 {
    let p = probability.clamp(0.002, 0.998);
    (p / (1.0 - p)).ln() / 4.0
}

/// True if `upper` is where a partial of `lower` lies.
fn partial_of(lower: Pitch, upper: Pitch) -> bool {
    upper.0.checked_sub(lower.0).is_some_and(|interval| PARTIALS.contains(&interval))
}

fn is(yes: bool) -> f32 {
    f32::from(u8::from(yes))
}

/// The features of both halves, in a row.
fn joined<const A: usize, const ALL: usize>(heard: [f32; HEARD], known: [f32; A]) -> [f32; ALL] {
    let mut all = [0.0; ALL];
    all[..HEARD].copy_from_slice(&heard);
    all[HEARD..].copy_from_slice(&known);
    all
}

/// How long before and after `at` the transcribed strikes of `pitch` before and after it leave clear, in seconds from `at`.
fn clear_of(stretch: Matched<'_>, pitch: Pitch, at: Seconds) -> (f64, f64) {
    let near = between(stretch.played, at - Seconds(REACH_S), at + Seconds(REACH_S));
    let others =
        stretch.played[near].iter().filter(|note| note.pitch == pitch).map(|note| note.onset.0 - at.0);
    others.fold((-REACH_S, REACH_S), |(from, to), off| match off {
        off if off > APART_S => (from, to.min(off - APART_S)),
        off if off < -APART_S => (from.max(off + APART_S), to),
        _ => (from, to),
    })
}

/// How long before and after a moment tells how strikes usually show there, in seconds.
const USUAL_S: f64 = 4.0;
/// Farthest key whose strikes are of the same instrument and register, in semitones; and how many strikes of other keys count as one.
const REGISTER: u8 = 7;
const OTHERS: f32 = 4.0;

/// What is usually heard of a strike: how surely its key begins, how surely it sounds, and how surely a key beside it seems to begin.
/// Bowed and sung notes begin less surely than struck ones, and their vibrato moves the keys beside them.
type Manner = [f32; 3];

/// The note evidence of a take, and how the strikes of written notes show in it.
pub(super) struct Usual<'a> {
    log: &'a EvidenceLog,
    /// Of each strike of a stretch, by onset.
    strikes: Vec<(Seconds, Pitch, Manner)>,
}

impl<'a> Usual<'a> {
    /// Of the strikes that were matched with written notes.
    pub fn new(stretch: Matched<'_>, log: &'a EvidenceLog) -> Usual<'a> {
        let manner = |&PlayedNote { pitch, onset, .. }: &PlayedNote| {
            let near = |pitch: Pitch, from: f64, to: f64| {
                log.onset_peak(pitch, onset + Seconds(from), onset + Seconds(to))
            };
            let sounds = log.sounding_mean(pitch, onset + Seconds(0.02), onset + Seconds(0.12));
            let beside = [-1, 1].map(|by| near(Pitch(pitch.0.saturating_add_signed(by)), -0.03, 0.15));
            let manner = [near(pitch, -0.03, 0.03), sounds, beside[0].max(beside[1])].map(logit);
            (onset, pitch, manner)
        };
        let mut strikes: Vec<_> =
            stretch.matching.pairs().map(|(_, strike)| manner(&stretch.played[strike])).collect();
        strikes.sort_by(|a, b| a.0.0.total_cmp(&b.0.0));
        Usual { log, strikes }
    }

    /// The mean of the strikes around `at`, those of the register of `pitch` above all.
    fn around(&self, pitch: Pitch, at: Seconds) -> Manner {
        let from = self.strikes.partition_point(|strike| strike.0 < at - Seconds(USUAL_S));
        let to = self.strikes.partition_point(|strike| strike.0 <= at + Seconds(USUAL_S));
        let (mut sums, mut weights) = ([0.0; 3], 0.0);
        for (_, other, manner) in &self.strikes[from..to.max(from)] {
            let weight = if other.0.abs_diff(pitch.0) <= REGISTER { 1.0 } else { 1.0 / OTHERS };
            weights += weight;
            sums.iter_mut().zip(manner).for_each(|(sum, value)| *sum += weight * value);
        }
        sums.map(|sum| if weights > 0.0 { sum / weights } else { 0.0 })
    }
}

/// How long before and after a group of notes its own onset is meant rather than that of the group beside it, in seconds from its time.
fn halfway(times: &[f64], group: usize) -> (f64, f64) {
    let off = |beside: Option<&f64>| beside.map(|beside| (beside - times[group]) / 2.0);
    let before = off(group.checked_sub(1).and_then(|before| times.get(before)));
    let after = off(times.get(group + 1));
    (before.map_or(-REACH_S, |off| off.min(-APART_S)), after.map_or(REACH_S, |off| off.max(APART_S)))
}

/// What was heard of `pitch` around `at`: one, how surely it began at, near and around that moment, how surely it sounded before and
/// after; then whether its neighbours and the keys that share partials with it began, and sounded; then two of these by whether it rang;
/// then how strikes usually show there.
///
/// `clear`: from when till when no other strike of the key can be what was heard, in seconds from `at`.
fn heard(usual: &Usual<'_>, pitch: Pitch, at: Seconds, clear: (f64, f64)) -> [f32; HEARD] {
    let evidence = usual.log;
    let span = |from: f64, to: f64| (at + Seconds(from), at + Seconds(to));
    let began = |from: f64, to: f64| {
        let (from, to) = span(from.max(clear.0), to.min(clear.1));
        logit(evidence.onset_peak(pitch, from, to))
    };
    let mean_of = |pitch: Pitch, from: f64, to: f64| {
        let (from, to) = span(from, to);
        evidence.sounding_mean(pitch, from, to)
    };
    let mean = |from: f64, to: f64| logit(mean_of(pitch, from, to));
    let others = |intervals: [i8; 2]| intervals.map(|by| Pitch(pitch.0.saturating_add_signed(by)));
    let began_of = |pitches: [Pitch; 2]| {
        let (from, to) = span(-0.05, 0.05);
        logit(pitches.map(|pitch| evidence.onset_peak(pitch, from, to)).into_iter().fold(0.0, f32::max))
    };
    let sounded_of = |pitches: [Pitch; 2], from: f64, to: f64| {
        logit(pitches.map(|pitch| mean_of(pitch, from, to)).into_iter().fold(0.0, f32::max))
    };
    let (from, to) = span(-0.02, 0.12);
    let own = [
        1.0,
        began(-0.01, 0.01),
        began(-0.03, 0.03),
        began(-0.06, 0.08),
        began(-0.15, 0.20),
        mean(-0.12, -0.03),
        mean(0.0, 0.02),
        mean(0.02, 0.05),
        mean(0.06, 0.09),
        mean(0.10, 0.14),
        mean(0.15, 0.24),
        mean(0.02, 0.12),
        logit(evidence.sounding_peak(pitch, from, to)),
    ];
    let neighbours = others([-1, 1]);
    let kin = [
        neighbours,
        others([-2, 2]),
        others([-12, -24]),
        others([12, 24]),
        others([-19, -7]),
        others([19, 7]),
    ];
    let of_kin = kin.into_iter().flat_map(|pitches| [began_of(pitches), sounded_of(pitches, 0.02, 0.12)]);
    // Of a key that rings already, that it sounds says little, and how it began all.
    let rang = mean_of(pitch, -0.12, -0.03);
    let ringing =
        [sounded_of(neighbours, -0.12, -0.03), mean(0.02, 0.12) * (1.0 - rang), began(-0.06, 0.08) * rang];
    let mut all = own.into_iter().chain(of_kin).chain(ringing).chain(usual.around(pitch, at));
    let features = std::array::from_fn(|_| all.next().unwrap_or_default());
    debug_assert!(all.next().is_none(), "HEARD is how many there are");
    features
}

/// What is known of `note`, written in `group`, that was not struck, or by `strike`, which is not sure. `slip`: a strike that is not
/// written is where the finger may have slipped to.
pub(super) fn missing(
    stretch: Matched<'_>,
    (note, group): (&PathNote, usize),
    strike: Option<usize>,
    slip: bool,
    usual: &Usual<'_>,
) -> [f32; MISSING_FEATURES] {
    let due = stretch.matching.times[group];
    let until = stretch.line.time_at((note.onset + note.duration).to_f64()).0;
    let held = stretch
        .played
        .iter()
        .any(|other| other.pitch == note.pitch && other.onset.0 < due - 0.07 && other.offset.0 > due + 0.05);
    let strikes = stretch.matching.strikes[group].iter();
    let struck = stretch.notes(group).iter().zip(strikes);
    let struck = struck.filter_map(|(written, strike)| Some((written.pitch, stretch.played[(*strike)?])));
    let others: Vec<(Pitch, PlayedNote)> = struck.filter(|(pitch, _)| *pitch != note.pitch).collect();
    let masked = others.iter().any(|&(other, _)| partial_of(other, note.pitch));
    let octave = others.iter().any(|&(other, _)| other.0 + 12 == note.pitch.0);
    let loudest = others.iter().map(|(_, played)| played.velocity).max().unwrap_or(0);
    let own = strike.map(|strike| stretch.played[strike]);
    let at = own.map_or(Seconds(due), |own| own.onset);
    let clear = clear_of(stretch, note.pitch, at);
    let beside = halfway(&stretch.matching.times, group);
    let clear = (clear.0.max(beside.0), clear.1.min(beside.1));
    let pitches = || stretch.notes(group).iter().map(|written| written.pitch);
    joined(
        heard(usual, note.pitch, at, clear),
        [
            is(held),
            is(masked),
            is(octave),
            (stretch.notes(group).len() as f32 - 1.0).min(6.0) / 6.0,
            (1.0 - (until - due) / 0.3).clamp(0.0, 1.0) as f32,
            f32::from(note.pitch.0.abs_diff(64)) / 44.0,
            stretch.matching.share(stretch.path, group) as f32 * is(note.ornament == Ornament::Plain),
            is(own.is_some()),
            own.map_or(0.0, |own| ((own.offset.0 - own.onset.0) / 0.1).min(1.0) as f32),
            own.map_or(0.0, |own| f32::from(own.velocity) / 127.0),
            f32::from(loudest) / 127.0,
            is(pitches().max() == Some(note.pitch)),
            is(pitches().min() == Some(note.pitch)),
            ((at.0 - due).abs() / 0.1).min(1.0) as f32,
            is(slip),
        ],
    )
}

/// What is known of a strike near `group` that is not written. `slip`: a written note without a strike is where the finger may have
/// slipped from.
pub(super) fn extra(
    stretch: Matched<'_>,
    strike: usize,
    group: usize,
    slip: bool,
    usual: &Usual<'_>,
) -> [f32; EXTRA_FEATURES] {
    let note = &stretch.played[strike];
    let at = note.onset;
    let around = between(stretch.played, at - Seconds(3.0), at + Seconds(TOGETHER_S));
    let (mut upper, mut lower, mut rings) = (0.0f32, 0.0f32, 0.0f32);
    let (mut loudest, mut beside_it) = (0u8, 0);
    let louder = |other: &PlayedNote| f32::from(other.velocity) / f32::from(note.velocity.max(1));
    for index in around.filter(|&index| index != strike) {
        let other = &stretch.played[index];
        let beside = (other.onset.0 - at.0).abs() < TOGETHER_S;
        if beside {
            beside_it += 1;
            loudest = loudest.max(other.velocity);
            if partial_of(other.pitch, note.pitch) {
                upper = upper.max(louder(other).min(2.0) / 2.0);
            }
            if partial_of(note.pitch, other.pitch) {
                lower = lower.max(louder(other).min(2.0) / 2.0);
            }
        }
        let sounds = other.offset.0 > at.0 - 0.1 && other.onset.0 < at.0;
        if other.pitch == note.pitch && sounds {
            rings = 1.0;
        }
    }
    let near = group.saturating_sub(2)..(group + 3).min(stretch.matching.groups.len());
    let written = || near.clone().flat_map(|group| stretch.notes(group)).map(|written| written.pitch.0);
    let distance = written().map(|pitch| pitch.abs_diff(note.pitch.0)).filter(|&d| d > 0).min().unwrap_or(88);
    let octave = written().any(|pitch| pitch.abs_diff(note.pitch.0).is_multiple_of(12));
    let same = written().any(|pitch| pitch == note.pitch.0);
    joined(
        heard(usual, note.pitch, at, clear_of(stretch, note.pitch, at)),
        [
            f32::from(note.velocity) / 127.0,
            ((note.offset.0 - at.0) / 0.3).clamp(0.0, 1.0) as f32,
            ((note.offset.0 - at.0) / 0.05).clamp(0.0, 1.0) as f32,
            upper,
            lower,
            rings,
            is(distance <= 2),
            is(distance > 4),
            if loudest == 0 { 0.0 } else { (1.0 - f32::from(note.velocity) / f32::from(loudest)).max(0.0) },
            is(beside_it == 0),
            is(octave),
            is(same),
            ((at.0 - stretch.matching.times[group]).abs() / 0.1).min(1.0) as f32,
            is(slip),
        ],
    )
}

/// What is known of `pitch`, beside a note written in `group`, of which no note was transcribed though something was heard of it
/// around `at`. `slip`: as of a strike that is not written.
pub(super) fn faint(
    stretch: Matched<'_>,
    (pitch, at): (Pitch, Seconds),
    group: usize,
    slip: bool,
    usual: &Usual<'_>,
) -> [f32; FAINT_FEATURES] {
    let near = between(stretch.played, at - Seconds(TOGETHER_S), at + Seconds(TOGETHER_S));
    let near = &stretch.played[near];
    let loudest = |notes: &mut dyn Iterator<Item = &PlayedNote>| {
        f32::from(notes.map(|note| note.velocity).max().unwrap_or(0)) / 127.0
    };
    let written = || stretch.notes(group).iter().map(|written| written.pitch.0);
    let distance = written().map(|other| other.abs_diff(pitch.0)).min().unwrap_or(88);
    joined(
        heard(usual, pitch, at, clear_of(stretch, pitch, at)),
        [
            is(near.iter().any(|note| partial_of(note.pitch, pitch))),
            is(near.iter().any(|note| partial_of(pitch, note.pitch))),
            is(distance > 1),
            is(written().any(|other| other.abs_diff(pitch.0).is_multiple_of(12))),
            (near.len() as f32).min(8.0) / 8.0,
            loudest(&mut near.iter()),
            loudest(&mut near.iter().filter(|note| note.pitch.0.abs_diff(pitch.0) <= 2)),
            ((at.0 - stretch.matching.times[group]).abs() / 0.1).min(1.0) as f32,
            is(slip),
        ],
    )
}
