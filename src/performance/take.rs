//! Takes of a session: what was covered, and what went wrong.

use super::AlignedBeat;
use crate::score::NoteId;
use crate::units::{Pitch, SampleIndex, Seconds};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// How far a sustained note may lie off the tuning of its take and be no fault, in cents: nobody holds a note to less than
/// one, and 100 are another note.
pub const OFF_TUNE_RANGE_CENTS: RangeInclusive<f32> = 1.0..=100.0;

/// The same where nobody says otherwise: a quarter of a semitone.
pub const OFF_TUNE_CENTS: f32 = 25.0;

/// Contiguous playing along the path without a jump.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// Recording time of its first note.
    pub start: Seconds,
    /// Recording time where it ends.
    pub end: Seconds,
    /// Path step it starts in.
    pub from_step: u32,
    /// Path step it ends in (inclusive).
    pub to_step: u32,
    /// Path position of its start.
    pub from_beat: f64,
    /// Path position of its end.
    pub to_beat: f64,
}

/// A fault held less likely than this is a doubt: told, but not counted against a take.
pub const DOUBT_BELOW: f32 = 0.5;

/// What can be wrong with a passage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultKind {
    /// Another pitch sounded in place of the written one.
    Wrong,
    /// A written note did not sound.
    Missed,
    /// A note sounded that is not written.
    Extra,
    /// A note or chord was struck again before going on.
    Stutter,
    /// Playing halted beyond what the tempo explains.
    Hesitation,
    /// A note came early or late against the tempo around it.
    Timing,
    /// A note of a single line was sustained off the tuning of its take.
    Intonation,
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// Recording time.
    pub at: Seconds,
    /// Path step.
    pub step: u32,
    /// Path position in beats.
    pub beat: f64,
    /// The pitch played (wrong, extra) or written (missed), where one is meant.
    pub pitch: Option<Pitch>,
    /// The printed note meant (wrong, missed, timing), where there is one.
    #[serde(default)]
    pub note: Option<NoteId>,
    /// 0-1.
    pub confidence: f32,
    /// How far above the tuning of its take the note was, in cents (intonation); negative below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cents: Option<f32>,
}

impl Fault {
    /// It is more likely none: it leaves a measure clean.
    pub fn is_doubt(&self) -> bool {
        self.confidence < DOUBT_BELOW
    }
}

/// One take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Take {
    /// Recording time where it starts.
    pub start: Seconds,
    /// Recording time where it ends.
    pub end: Seconds,
    /// Position of `start` on the host's timeline, where a host was recording.
    #[serde(default)]
    pub host_start: Option<SampleIndex>,
    /// What it covers, in recording order.
    pub stretches: Vec<Stretch>,
    /// Where its beats came, in recording order: the take's tempo curve. Beats go back where a stretch begins.
    #[serde(default)]
    pub beats: Vec<AlignedBeat>,
    /// What is wrong in it, in recording order.
    pub faults: Vec<Fault>,
    /// What each of several listeners heard, each its own parts; empty where one listened to all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub voices: Vec<Voice>,
}

/// What one of several listeners heard of a take.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Voice {
    /// The parts that it followed, by their indices in the score, in order.
    pub parts: Vec<u16>,
    /// What of them it heard, in recording order.
    pub stretches: Vec<Stretch>,
    /// What was wrong in that, in recording order.
    pub faults: Vec<Fault>,
}

impl Take {
    /// A take of which nothing is known but its bounds.
    pub fn plain(start: Seconds, end: Seconds) -> Take {
        Take {
            start,
            end,
            host_start: None,
            stretches: Vec::new(),
            beats: Vec::new(),
            faults: Vec::new(),
            voices: Vec::new(),
        }
    }
}

/// How well one path step is covered by all takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Path step.
    pub step: u32,
    /// Takes (indices) that cover the whole of it.
    pub takes: Vec<u32>,
    /// Those of them without a fault in it that is no doubt.
    pub clean: Vec<u32>,
}

/// How well one part is covered by all takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartCoverage {
    /// The part's name; may be empty.
    pub name: String,
    /// Every path step; a take is clean in it if no fault in it is this part's.
    pub steps: Vec<Coverage>,
}
