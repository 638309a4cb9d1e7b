//! What the human decided about takes and measures, and the edit that is proposed from it.

use crate::units::Seconds;
use serde::{Deserialize, Serialize};

/// One decision of the producer's; it outweighs whatever was computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// The favourite.
    Star,
    /// Not to be used.
    Reject,
    /// Words to remember.
    Note(String),
}

/// A decision about a take, or about one path step of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Index of the take.
    pub take: u32,
    /// The path step meant; `None` is the whole take.
    pub step: Option<u32>,
    /// What was decided.
    pub decision: Decision,
}

/// One piece of an edit: playing taken from one stretch of one take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanSegment {
    /// Index of the take.
    pub take: u32,
    /// Index of the stretch in the take.
    pub stretch: u32,
    /// First path step that comes from it.
    pub from_step: u32,
    /// Last path step that comes from it.
    pub to_step: u32,
    /// Path position where it begins.
    pub from_beat: f64,
    /// Path position where it ends.
    pub to_beat: f64,
    /// Recording time where it begins.
    pub start: Seconds,
    /// Recording time where it ends.
    pub end: Seconds,
    /// Path steps in it that have a fault in this take.
    pub faulty: Vec<u32>,
    /// Why it joins the one before here; nothing where there is none before.
    pub reason: Option<JoinReason>,
}

/// Why one piece of an edit joins another where it does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct JoinReason {
    /// What is there.
    pub place: JoinPlace,
    /// The human wants a join around here.
    pub chosen: bool,
    /// By which share of itself the tempo differs; unknown at a bare measure line.
    pub tempo_off: Option<f64>,
}

/// What is where a join is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JoinPlace {
    /// Just what the human chose.
    Chosen,
    /// A measure line, and nothing better near it.
    MeasureLine,
    /// The end of a rest.
    Rest,
    /// The end of a long note.
    LongNote,
    /// An onset.
    Onset,
}

impl JoinReason {
    /// Tempi that differ less count as the same.
    pub const SAME_TEMPO: f64 = 0.05;

    /// The tempo is the same on both sides, if that is known.
    pub fn tempo_matches(&self) -> Option<bool> {
        self.tempo_off.map(|off| off < JoinReason::SAME_TEMPO)
    }
}

/// In English, as files have it.
impl std::fmt::Display for JoinReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.chosen && self.place != JoinPlace::Chosen {
            f.write_str("chosen, ")?;
        }
        f.write_str(match self.place {
            JoinPlace::Chosen => "chosen",
            JoinPlace::MeasureLine => "at the measure line",
            JoinPlace::Rest => "after a rest",
            JoinPlace::LongNote => "after a long note",
            JoinPlace::Onset => "before an onset",
        })?;
        let Some(off) = self.tempo_off else { return Ok(()) };
        let tempo = if self.tempo_matches() == Some(true) { "matches" } else { "differs" };
        write!(f, "; tempo {tempo} ({:+.0} %)", 100.0 * off)
    }
}

/// A proposed edit of the whole path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EditPlan {
    /// The pieces in path order.
    pub segments: Vec<PlanSegment>,
    /// Path steps that no take covers (or only rejected ones).
    pub uncovered: Vec<u32>,
}

impl EditPlan {
    /// The pieces on both sides of the join before piece `index`; `None` where there is no join.
    pub fn join(&self, index: usize) -> Option<(&PlanSegment, &PlanSegment)> {
        let (before, after) = (self.segments.get(index.checked_sub(1)?)?, self.segments.get(index)?);
        (before.to_step.checked_add(1)? == after.from_step).then_some((before, after))
    }

    /// The first and the last step that the join before piece `index` can be moved to: both pieces keep one.
    pub fn reach(&self, index: usize) -> Option<(u32, u32)> {
        let (before, after) = self.join(index)?;
        Some((before.from_step + 1, after.to_step))
    }
}
