//! What speaks for and against a fault: a written note without a strike, a strike that is not written, or a key beside a
//! written one that seems to have been brushed.
//!
//! Each doubt is a row of numbers, and its likelihood a logistic function of them. The weights were fitted on performances
//! with planted faults (`tests/compare/plant_sessions.py`, `examples/weigh_faults.rs`, `tests/compare/fit_faults.py`).

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

/// What is known of a written note that was not transcribed.
pub const MISSING_FEATURES: [&str; 12] = [
    "one",
    "began",
    "began_wide",
    "sounded",
    "sounded_later",
    "held",
    "masked",
    "octave_below",
    "chord",
    "short",
    "extreme",
    "group_heard",
];

/// What is known of a transcribed note that is not written.
pub const EXTRA_FEATURES: [&str; 14] = [
    "one",
    "peak",
    "sounded",
    "velocity",
    "length",
    "upper_partial",
    "lower_partial",
    "neighbour",
    "rings",
    "slip",
    "far",
    "softer",
    "alone",
    "octave_written",
];

/// What is known of a key beside a written one that no note was transcribed of.
pub const FAINT_FEATURES: [&str; 9] = [
    "one",
    "peak",
    "sounded",
    "sounded_later",
    "sounded_before",
    "upper_partial",
    "far",
    "neighbour",
    "octave_written",
];

/// What the features weigh, in the same order; the last one weighs whether a doubt of the other kind is beside it, where a slip
/// of the finger would have it. Fitted on 80 sessions of a minute, 37,400 notes, 1,951 planted faults.
const MISSING_WEIGHTS: [f32; MISSING_FEATURES.len() + 1] =
    [-1.83, -1.67, -1.97, 0.43, -2.69, 0.76, -1.42, -0.29, -1.29, -0.76, -1.20, -1.25, 2.68];
const EXTRA_WEIGHTS: [f32; EXTRA_FEATURES.len() + 1] =
    [-2.10, 0.09, 3.54, 0.07, 1.14, -5.03, -3.07, 1.93, -3.54, 3.41, -1.34, -0.40, 0.21, -1.91, 1.54];
const FAINT_WEIGHTS: [f32; FAINT_FEATURES.len() + 1] =
    [-4.38, -1.33, 2.71, 2.29, -4.83, -1.55, -0.92, 0.63, -1.39, -0.31];

/// How likely a written note without a strike was not played, 0-1. `slip`: a strike that is not written is beside it.
pub(super) fn missing_likelihood(features: &[f32; MISSING_FEATURES.len()], slip: bool) -> f32 {
    likelihood(&MISSING_WEIGHTS, features, slip)
}

/// How likely a strike that is not written was played, 0-1. `slip`: a written note without a strike is beside it.
pub(super) fn extra_likelihood(features: &[f32; EXTRA_FEATURES.len()], slip: bool) -> f32 {
    likelihood(&EXTRA_WEIGHTS, features, slip)
}

fn likelihood(weights: &[f32], features: &[f32], slip: bool) -> f32 {
    let slip = f32::from(u8::from(slip));
    let all = features.iter().copied().chain([slip]);
    let sum: f32 = weights.iter().zip(all).map(|(weight, feature)| weight * feature).sum();
    1.0 / (1.0 + (-sum).exp())
}

/// How likely a key beside a written one was brushed, 0-1. `slip`: a written note without a strike is beside it.
pub(super) fn faint_likelihood(features: &[f32; FAINT_FEATURES.len()], slip: bool) -> f32 {
    likelihood(&FAINT_WEIGHTS, features, slip)
}

/// What a doubt is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoubtKind {
    /// A written note without a strike.
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
    /// In the order of [`MISSING_FEATURES`], [`EXTRA_FEATURES`] or [`FAINT_FEATURES`].
    pub features: Vec<f32>,
}

/// A probability as evidence: its logit, a quarter of it, so that certainty is about 1.
fn logit(probability: f32) -> f32 {
    let p = probability.clamp(0.01, 0.99);
    (p / (1.0 - p)).ln() / 4.0
}

/// True if `upper` is where a partial of `lower` lies.
fn partial_of(lower: Pitch, upper: Pitch) -> bool {
    upper.0.checked_sub(lower.0).is_some_and(|interval| PARTIALS.contains(&interval))
}

/// What is known of `note`, written in `group`, for which no strike was found.
pub(super) fn missing(
    stretch: Matched<'_>,
    note: &PathNote,
    group: usize,
    evidence: &EvidenceLog,
) -> [f32; MISSING_FEATURES.len()] {
    let due = stretch.matching.times[group];
    let until = stretch.line.time_at((note.onset + note.duration).to_f64()).0;
    let peak = |from: f64, to: f64| evidence.onset_peak(note.pitch, Seconds(due + from), Seconds(due + to));
    let mean = |from: f64, to: f64| {
        let to = (due + to).min(until.max(due + from + 0.03));
        evidence.sounding_mean(note.pitch, Seconds(due + from), Seconds(to))
    };
    let held = stretch
        .played
        .iter()
        .any(|other| other.pitch == note.pitch && other.onset.0 < due - 0.07 && other.offset.0 > due + 0.05);
    let strikes = stretch.matching.strikes[group].iter();
    let struck: Vec<Pitch> = stretch
        .notes(group)
        .iter()
        .zip(strikes)
        .filter(|(_, strike)| strike.is_some())
        .map(|(written, _)| written.pitch)
        .collect();
    let masked = struck.iter().any(|&other| partial_of(other, note.pitch));
    let octave = struck.iter().any(|&other| other.0 + 12 == note.pitch.0);
    [
        1.0,
        logit(peak(-0.06, 0.08)),
        logit(peak(-0.15, 0.20)),
        logit(mean(0.02, 0.12)),
        logit(mean(0.10, 0.35)),
        f32::from(u8::from(held)),
        f32::from(u8::from(masked)),
        f32::from(u8::from(octave)),
        (stretch.notes(group).len() as f32 - 1.0).min(6.0) / 6.0,
        (1.0 - (until - due) / 0.3).clamp(0.0, 1.0) as f32,
        f32::from(note.pitch.0.abs_diff(64)) / 44.0,
        stretch.matching.share(stretch.path, group) as f32
            * f32::from(u8::from(note.ornament == Ornament::Plain)),
    ]
}

/// What is known of a strike near `group` that is not written.
pub(super) fn extra(
    stretch: Matched<'_>,
    strike: usize,
    group: usize,
    evidence: &EvidenceLog,
) -> [f32; EXTRA_FEATURES.len()] {
    let note = &stretch.played[strike];
    let at = note.onset;
    let peak = |pitch| evidence.onset_peak(pitch, at - Seconds(0.03), at + Seconds(0.03));
    let own = peak(note.pitch);
    let around = between(stretch.played, at - Seconds(3.0), at + Seconds(TOGETHER_S));
    let (mut upper, mut lower, mut rings) = (0.0f32, 0.0f32, 0.0f32);
    let (mut loudest, mut together) = (0u8, 0);
    let louder = |other: &PlayedNote| f32::from(other.velocity) / f32::from(note.velocity.max(1));
    for index in around.filter(|&index| index != strike) {
        let other = &stretch.played[index];
        let beside = (other.onset.0 - at.0).abs() < TOGETHER_S;
        if beside {
            together += 1;
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
    let neighbours = [note.pitch.0.saturating_sub(1), note.pitch.0 + 1];
    let neighbour = neighbours.iter().map(|&pitch| peak(Pitch(pitch))).fold(0.0f32, f32::max);
    let near = group.saturating_sub(2)..(group + 3).min(stretch.matching.groups.len());
    let written = || near.clone().flat_map(|group| stretch.notes(group)).map(|written| written.pitch.0);
    let distance = written().map(|pitch| pitch.abs_diff(note.pitch.0)).filter(|&d| d > 0).min().unwrap_or(88);
    let octave = written().any(|pitch| pitch.abs_diff(note.pitch.0).is_multiple_of(12));
    let is = |yes: bool| f32::from(u8::from(yes));
    [
        1.0,
        logit(own),
        logit(evidence.sounding_mean(note.pitch, at + Seconds(0.02), at + Seconds(0.12))),
        f32::from(note.velocity) / 127.0,
        ((note.offset.0 - at.0) / 0.3).clamp(0.0, 1.0) as f32,
        upper,
        lower,
        logit(neighbour),
        rings,
        is(distance <= 2),
        is(distance > 4),
        if loudest == 0 { 0.0 } else { (1.0 - f32::from(note.velocity) / f32::from(loudest)).max(0.0) },
        is(together == 0),
        is(octave),
    ]
}

/// What is known of `pitch`, beside a note written in `group`, of which no note was transcribed though something was heard of it
/// around `at`.
pub(super) fn faint(
    stretch: Matched<'_>,
    (pitch, at): (Pitch, Seconds),
    group: usize,
    evidence: &EvidenceLog,
) -> [f32; FAINT_FEATURES.len()] {
    let mean = |from: f64, to: f64| evidence.sounding_mean(pitch, at + Seconds(from), at + Seconds(to));
    let struck = |other: u8| {
        let other = Pitch(other);
        evidence.onset_peak(other, at - Seconds(TOGETHER_S), at + Seconds(TOGETHER_S))
    };
    let together = between(stretch.played, at - Seconds(TOGETHER_S), at + Seconds(TOGETHER_S));
    let partial = together.into_iter().any(|index| partial_of(stretch.played[index].pitch, pitch));
    let written = || stretch.notes(group).iter().map(|written| written.pitch.0);
    let distance = written().map(|other| other.abs_diff(pitch.0)).min().unwrap_or(88);
    let neighbour = struck(pitch.0.saturating_sub(1)).max(struck(pitch.0 + 1));
    let octave = written().any(|other| other.abs_diff(pitch.0).is_multiple_of(12));
    let is = |yes: bool| f32::from(u8::from(yes));
    [
        1.0,
        logit(evidence.onset_peak(pitch, at, at)),
        logit(mean(0.02, 0.12)),
        logit(mean(0.10, 0.25)),
        logit(mean(-0.12, -0.02)),
        is(partial),
        is(distance > 1),
        logit(neighbour),
        is(octave),
    ]
}
