//! Keys brushed in passing: too soft or too short to be transcribed, but heard beside what is written; and written notes whose
//! strikes are not sure.
//!
//! The note tracker weighs every key of every moment and must not be wrong often. Beside a note that the score has just
//! there, far less evidence is enough: few keys are in question, and that one of them sounds is rarely by chance.

use super::evidence::EvidenceLog;
use super::stumbles::Matched;
use crate::performance::PlayedNote;
use crate::units::{Pitch, Seconds};

/// Farthest that a brushed key lies from the one that was meant, in semitones.
const REACH: u8 = 2;
/// Before and after its chord a brushed key is struck at most so long, in seconds.
const AROUND_S: (f64, f64) = (0.06, 0.09);
/// Where the key is written, or a note of it was transcribed, within this time, it is nothing new, in seconds.
const NEAR_S: f64 = 0.13;
/// Notes that begin so soon after are what was heard, in seconds.
const SOON_S: f64 = 0.15;
/// So many notes back one is looked for that still sounds.
const RINGING: usize = 64;
/// Least that a key that is looked at sounds in the tenth of a second after its strike.
const LEAST_SOUNDING: f32 = 0.05;
/// And the least probability of its strike, or else the least rise of its sounding.
const LEAST_STRIKE: f32 = 0.012;
const LEAST_RISE: f32 = 0.12;
/// A strike below this, or a note shorter than this many seconds, may be none.
const SURE_STRIKE: f32 = 0.65;
const SURE_LENGTH_S: f64 = 0.045;

/// Something heard of a key beside a written one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FaintStrike {
    pub pitch: Pitch,
    pub at: Seconds,
    pub group: usize,
}

/// All of a stretch, in the order of its groups.
pub(super) fn faint_strikes(stretch: Matched<'_>, evidence: &EvidenceLog) -> Vec<FaintStrike> {
    let mut found: Vec<FaintStrike> = Vec::new();
    for group in 0..stretch.matching.groups.len() {
        // Where nothing was struck, nothing was brushed.
        if stretch.matching.strikes[group].iter().all(Option::is_none) {
            continue;
        }
        let mut beside: Vec<u8> = stretch
            .notes(group)
            .iter()
            .flat_map(|note| (1..=REACH).flat_map(|by| [note.pitch.0.saturating_sub(by), note.pitch.0 + by]))
            .collect();
        beside.sort_unstable();
        beside.dedup();
        for pitch in beside.into_iter().map(Pitch) {
            if let Some(strike) = heard(stretch, group, pitch, evidence) {
                let mut before = found.iter().rev().take_while(|other| other.at.0 > strike.at.0 - 1.0);
                if !before.any(|other| other.pitch == pitch && (other.at.0 - strike.at.0).abs() < SOON_S) {
                    found.push(strike);
                }
            }
        }
    }
    found
}

/// What was heard of `pitch` around `group`, if it is not a note that is written or transcribed there.
fn heard(stretch: Matched<'_>, group: usize, pitch: Pitch, evidence: &EvidenceLog) -> Option<FaintStrike> {
    pitch.key()?;
    let times = &stretch.matching.times;
    let time = times[group];
    let first = times[..group].iter().rev().take_while(|&&t| t > time - NEAR_S).count();
    let last = times[group..].iter().take_while(|&&t| t < time + NEAR_S).count();
    let mut near = (group - first..group + last).flat_map(|group| stretch.notes(group));
    if near.any(|note| note.pitch == pitch) {
        return None;
    }
    let end = stretch.played.partition_point(|note| note.onset.0 < time + SOON_S);
    let sounds = |note: &PlayedNote| note.pitch == pitch && note.offset.0 > time - 0.1;
    if stretch.played[..end].iter().rev().take(RINGING).any(sounds) {
        return None;
    }
    let (from, to) = (Seconds(time - AROUND_S.0), Seconds(time + AROUND_S.1));
    let struck = evidence.onset_peak(pitch, from, to) >= LEAST_STRIKE;
    let at = if struck { evidence.onset_peak_at(pitch, from, to) } else { Seconds(time) };
    let sounding = evidence.sounding_peak(pitch, at + Seconds(0.02), at + Seconds(0.12));
    let before = || evidence.sounding_mean(pitch, at - Seconds(0.12), at - Seconds(0.03));
    let likely = sounding >= LEAST_SOUNDING && (struck || sounding - before() >= LEAST_RISE);
    likely.then_some(FaintStrike { pitch, at, group })
}

/// Whether the transcribed `note` may be none at all.
pub(super) fn unsure(note: &PlayedNote, evidence: &EvidenceLog) -> bool {
    let (from, to) = (note.onset - Seconds(0.03), note.onset + Seconds(0.03));
    note.offset.0 - note.onset.0 < SURE_LENGTH_S || evidence.onset_peak(note.pitch, from, to) < SURE_STRIKE
}
