//! The session's book: takes, their coverage and faults, and the edit that they allow.

use crate::performance::{
    AlignedBeat, Coverage, EditPlan, FollowState, Mark, PlayedNote, PositionReport, Take,
};
use crate::score::PlayingPath;
use crate::takes::{
    EvidenceLog, FaultTolerance, Segmentation, Transport, coverage, edit_plan, faults, segment,
};
use crate::units::Seconds;

/// What was heard in a session.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// The notes, ordered by onset.
    pub notes: &'a [PlayedNote],
    /// Where the playing was, in recording order; beats go back, or leap, where it jumped.
    pub beats: &'a [AlignedBeat],
    /// The note evidence, where it was kept.
    pub evidence: Option<&'a EvidenceLog>,
    /// What the host's transport did; empty for a plain recording.
    pub transport: &'a [Transport],
}

/// The book of one session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Book {
    /// The takes with their faults.
    pub takes: Vec<Take>,
    /// Coverage of every path step.
    pub coverage: Vec<Coverage>,
    /// The proposed edit.
    pub plan: EditPlan,
}

impl Book {
    /// Makes the book from what was heard and what the human decided.
    pub fn new(path: &PlayingPath, heard: &Heard<'_>, marks: &[Mark], tolerance: FaultTolerance) -> Book {
        let Heard { notes, beats, evidence, transport } = *heard;
        let mut takes = segment(&Segmentation { path, beats, notes, transport });
        for take in &mut takes {
            take.faults = faults(path, take, notes, evidence, tolerance);
        }
        let coverage = coverage(path, &takes);
        let plan = edit_plan(path, &takes, marks, notes);
        Book { takes, coverage, plan }
    }
}

/// Largest advance between two reports that is playing and not a jump, in beats.
const STEADY_BEATS: f64 = 1.0;

/// The onsets of `path` that the follower's cursor passed while it was sure, each with the time it did so: an
/// alignment from what was known live.
pub fn passed_beats(path: &PlayingPath, reports: &[PositionReport]) -> Vec<AlignedBeat> {
    let mut onsets: Vec<f64> = path.notes.iter().map(|note| note.onset.to_f64()).collect();
    onsets.dedup();
    let mut beats = Vec::new();
    let mut before: Option<(f64, f64)> = None;
    for report in reports {
        let sure = report.state == FollowState::Following;
        let Some(beat) = report.beat.filter(|beat| sure && beat.is_finite()) else {
            before = None;
            continue;
        };
        let now = report.at.0;
        if let Some((last, at)) = before
            && (0.0..STEADY_BEATS).contains(&(beat - last))
        {
            let first = onsets.partition_point(|&onset| onset <= last);
            for &onset in onsets[first..].iter().take_while(|&&onset| onset <= beat) {
                let time = Seconds(at + (now - at) * (onset - last) / (beat - last).max(1e-9));
                beats.push(AlignedBeat { beat: onset, time, confidence: report.confidence });
            }
        }
        before = Some((beat, now));
    }
    beats
}
