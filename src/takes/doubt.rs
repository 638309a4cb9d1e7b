//! What speaks for and against a fault: a written note without a strike, or a strike that is not written.
//!
//! Each doubt is a row of numbers, and its likelihood a logistic function of them. The weights were fitted on performances
//! with planted faults (`tests/compare/plant_faults.py`, `examples/weigh_faults.rs`, `tests/compare/fit_faults.py`).

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

/// What the features weigh, in the same order; the last one weighs whether a doubt of the other kind is beside it, where a slip
/// of the finger would have it. Fitted on 64 performances of a minute, 37,500 notes, 1,512 planted faults.
const MISSING_WEIGHTS: [f32; MISSING_FEATURES.len() + 1] =
    [-2.79, -2.02, -0.25, -0.79, -1.67, 2.08, -0.75, -0.42, -1.57, -0.81, -1.80, 0.53, 1.42];
const EXTRA_WEIGHTS: [f32; EXTRA_FEATURES.len() + 1] =
    [-2.84, 2.05, 3.28, 0.30, -0.04, -0.89, -1.31, 0.95, -1.98, 1.70, -0.40, -0.36, 0.63, -1.81, 1.26];

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

/// A doubt as the fitting sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Doubt {
    /// It is about a strike that is not written; otherwise about a written note without a strike.
    pub extra: bool,
    /// When it was struck, or due.
    pub at: Seconds,
    /// The pitch struck, or written.
    pub pitch: Pitch,
    /// In the order of [`EXTRA_FEATURES`] or [`MISSING_FEATURES`].
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
