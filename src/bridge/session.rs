//! The session's book, shared by the worker, the second pass, the editor and the host's main thread.

use crate::performance::{Coverage, Cue, EditChoices, EditPlan};
use crate::takes::{Change, Entry, SessionLog};
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A step's coverage by numbers of takes, which stay when takes come and go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CoveredStep {
    /// Takes that hold the whole step.
    pub takes: Vec<u32>,
    /// Those of them without a fault in it.
    pub clean: Vec<u32>,
}

/// Coverage of every step of one score, and the edit proposed of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Covered {
    /// The score's measures.
    pub grid: u64,
    pub steps: Vec<CoveredStep>,
    /// Its takes are numbers.
    pub plan: Arc<EditPlan>,
}

/// The book, behind a lock that no audio thread ever takes.
#[derive(Debug)]
pub(super) struct Session {
    log: Mutex<SessionLog>,
    covered: Mutex<Arc<Covered>>,
}

/// The book as the editor sees it.
#[derive(Clone, Debug, Default)]
pub struct BookView {
    /// The takes of the score in use, by number.
    pub entries: Vec<Arc<Entry>>,
    /// How each step of that score is covered; indices into `entries`. Empty until it was first reckoned.
    pub coverage: Arc<[Coverage]>,
    /// Takes of other scores, which are kept and not shown.
    pub elsewhere: usize,
    /// The proposed edit, in which a take is its number.
    pub plan: Arc<EditPlan>,
    /// What was chosen for it; takes by their numbers.
    pub choices: EditChoices,
    /// The cues in path order.
    pub cues: Arc<[Cue]>,
    /// What undo would take back.
    pub undo: Option<Change>,
    /// What redo would bring again.
    pub redo: Option<Change>,
}

impl Default for Session {
    fn default() -> Self {
        // The standard library seeds its hashers from the system's randomness.
        let id = RandomState::new().build_hasher().finish();
        Session { log: Mutex::new(SessionLog::new(id)), covered: Mutex::default() }
    }
}

impl Session {
    /// The log. Held for moments only.
    pub fn log(&self) -> MutexGuard<'_, SessionLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn covered(&self) -> Arc<Covered> {
        self.covered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn cover(&self, covered: Covered) {
        *self.covered.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(covered);
    }

    /// The book as it stands, for the score whose measures are `grid` (0: none).
    pub fn view(&self, grid: u64) -> BookView {
        let covered = self.covered();
        let log = self.log();
        let (entries, elsewhere): (Vec<Arc<Entry>>, Vec<Arc<Entry>>) =
            log.entries().cloned().partition(|entry| is_of(entry, grid));
        let index: HashMap<u32, u32> = entries.iter().zip(0..).map(|(entry, n)| (entry.number, n)).collect();
        let indices =
            |numbers: &[u32]| numbers.iter().filter_map(|number| index.get(number).copied()).collect();
        let steps: &[CoveredStep] = if covered.grid == grid { &covered.steps } else { &[] };
        let coverage = steps.iter().zip(0..).map(|(covered, step)| Coverage {
            step,
            takes: indices(&covered.takes),
            clean: indices(&covered.clean),
        });
        BookView {
            coverage: coverage.collect(),
            entries,
            elsewhere: elsewhere.len(),
            plan: if covered.grid == grid { covered.plan.clone() } else { Arc::default() },
            choices: log.choices(grid),
            cues: log.cues().into(),
            undo: log.undoable(),
            redo: log.redoable(),
        }
    }
}

/// Whether a take belongs to the score of these measures; takes without a score belong to every one.
pub(super) fn is_of(entry: &Entry, grid: u64) -> bool {
    [0, grid].contains(&entry.recorded.grid)
}
