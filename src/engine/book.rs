//! The session's book: takes, their coverage and faults, and the edit that they allow.

use crate::performance::{AlignedBeat, Coverage, EditChoices, EditPlan, PlayedNote, Take};
use crate::score::PlayingPath;
use crate::takes::{
    EvidenceLog, FaultTolerance, IntonationLog, Segmentation, Transport, coverage, edit_plan, faults,
    off_tune, segment,
};

/// What was heard in a session.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// The notes, ordered by onset.
    pub notes: &'a [PlayedNote],
    /// Where the playing was, in recording order; beats go back, or leap, where it jumped.
    pub beats: &'a [AlignedBeat],
    /// The note evidence, where it was kept.
    pub evidence: Option<&'a EvidenceLog>,
    /// Where lone notes lay, for what can be out of tune.
    pub intonation: Option<&'a IntonationLog>,
    /// What the host's transport did; empty for a plain recording.
    pub transport: &'a [Transport],
}

impl Heard<'_> {
    /// The takes with their faults: one for each span that the transport ran, or, with an empty transport, those
    /// that pauses and jumps set apart.
    pub fn takes(&self, path: &PlayingPath, tolerance: FaultTolerance) -> Vec<Take> {
        let Heard { notes, beats, evidence, intonation, transport } = *self;
        let mut takes = segment(&Segmentation { path, beats, notes, transport });
        for take in &mut takes {
            take.faults = faults(path, take, notes, evidence, tolerance);
            if let Some(log) = intonation {
                take.faults.extend(off_tune(path, take, notes, log, tolerance));
                take.faults.sort_by(|a, b| a.at.0.total_cmp(&b.at.0));
            }
        }
        takes
    }
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
    /// Makes the book from what was heard and what the human chose for the edit; takes are counted from 0.
    pub fn new(
        path: &PlayingPath,
        heard: &Heard<'_>,
        choices: &EditChoices,
        tolerance: FaultTolerance,
    ) -> Book {
        let takes = heard.takes(path, tolerance);
        let coverage = coverage(path, &takes);
        let plan = edit_plan(path, &takes, &[], choices, heard.notes);
        Book { takes, coverage, plan }
    }
}
