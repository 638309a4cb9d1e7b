//! The edit that is proposed of a book's takes, and what it keeps to.

use crate::performance::{EditChoices, EditPlan, Mark, PlayedNote, Take};
use crate::score::PlayingPath;
use crate::takes::{Entry, edit_plan};
use std::collections::HashMap;
use std::sync::Arc;

/// Proposes an edit of a score. `choices` name takes by number; the plan's takes are indices into `entries`, its times those
/// of the log.
pub(super) fn planned(path: &PlayingPath, entries: &[Arc<Entry>], choices: &EditChoices) -> EditPlan {
    let takes: Vec<Take> = entries.iter().map(|entry| entry.recorded.take.clone()).collect();
    let marks: Vec<Mark> = entries.iter().zip(0..).flat_map(|(entry, index)| entry.marks(index)).collect();
    // Takes lie end to end in the log, so no two of them sound at one time.
    let notes: Vec<PlayedNote> =
        entries.iter().flat_map(|entry| entry.recorded.notes.iter().copied()).collect();
    let index: HashMap<u32, u32> = entries.iter().zip(0..).map(|(entry, n)| (entry.number, n)).collect();
    let choices = choices.renumbered(|number| index.get(&number).copied());
    edit_plan(path, &takes, &marks, &choices, &notes)
}
