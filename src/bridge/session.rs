//! The session's book, shared by the worker, the second pass, the editor and the host's main thread.

use super::members::{Member, MemberId, ScoreKey};
use super::passes::Passes;
use crate::performance::{Coverage, Cue, EditChoices, EditPlan};
use crate::takes::{Change, Entry, Recorded, SessionLog};
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
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

/// Scores whose coverage is kept.
const COVERED_SCORES: usize = 8;

/// One book, of one plugin instance or of several in this process. No audio thread ever takes one of its locks.
#[derive(Debug)]
pub(super) struct Session {
    log: Mutex<SessionLog>,
    covered: Mutex<Vec<Arc<Covered>>>,
    /// How often coverage was reckoned.
    reckoned: AtomicU64,
    members: Mutex<Vec<Member>>,
    passes: Mutex<Passes>,
    /// Rises when something was changed that every member must hear of.
    news: AtomicU64,
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
        Session::holding(SessionLog::new(id))
    }
}

impl Session {
    /// A session without members, with this log.
    pub fn holding(log: SessionLog) -> Session {
        Session {
            log: Mutex::new(log),
            covered: Mutex::default(),
            reckoned: AtomicU64::new(0),
            members: Mutex::default(),
            passes: Mutex::default(),
            news: AtomicU64::new(0),
        }
    }

    /// The log. Held for moments only.
    pub fn log(&self) -> MutexGuard<'_, SessionLog> {
        locked(&self.log)
    }

    /// Those who share the book, in the order in which they came. Held for moments only.
    pub fn members(&self) -> MutexGuard<'_, Vec<Member>> {
        locked(&self.members)
    }

    /// The passes of the transport that members hear. Held for moments only, and never while the log is.
    pub fn passes(&self) -> MutexGuard<'_, Passes> {
        locked(&self.passes)
    }

    /// A number that rises whenever members must look again.
    pub fn news(&self) -> u64 {
        self.news.load(Ordering::Acquire)
    }

    /// Something was changed that every member must hear of.
    pub fn tell(&self) {
        self.news.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether this member is the first of those who follow its score.
    pub fn leads(&self, id: MemberId) -> bool {
        let members = self.members();
        let score = members.iter().find(|member| member.id == id).map(|member| member.score);
        members.iter().find(|member| Some(member.score) == score).is_none_or(|first| first.id == id)
    }

    /// Whether this member is the first of those whose users agreed to a journal.
    pub fn keeps_journal(&self, id: MemberId) -> bool {
        self.members().iter().find(|member| member.journal).is_some_and(|first| first.id == id)
    }

    /// The parts that those follow together who follow this score, in order.
    pub fn parts_of(&self, score: ScoreKey) -> Vec<u16> {
        let members = self.members();
        let same = members.iter().filter(|member| member.score == Some(score));
        let mut parts: Vec<u16> = same.flat_map(|member| member.parts.iter().copied()).collect();
        parts.sort_unstable();
        parts.dedup();
        parts
    }

    pub fn covered(&self, grid: u64) -> Arc<Covered> {
        locked(&self.covered).iter().find(|covered| covered.grid == grid).cloned().unwrap_or_default()
    }

    pub fn cover(&self, covered: Covered) {
        let mut all = locked(&self.covered);
        all.retain(|known| known.grid != covered.grid);
        if all.len() == COVERED_SCORES {
            all.remove(0);
        }
        all.push(Arc::new(covered));
        self.reckoned.fetch_add(1, Ordering::AcqRel);
    }

    /// What tells one state of the book, as one sees it who follows the score with these measures, from another.
    pub fn state(&self, grid: u64) -> [u64; 4] {
        let reckoned = self.reckoned.load(Ordering::Acquire);
        let log = self.log();
        [log.id(), log.revision(), reckoned, grid]
    }

    /// The book as it stands, for the score whose measures are `grid` (0: none).
    pub fn view(&self, grid: u64) -> BookView {
        let covered = self.covered(grid);
        let log = self.log();
        let (entries, elsewhere): (Vec<Arc<Entry>>, Vec<Arc<Entry>>) =
            log.entries().cloned().partition(|entry| is_of(entry, grid));
        let index: HashMap<u32, u32> = entries.iter().zip(0..).map(|(entry, n)| (entry.number, n)).collect();
        let indices =
            |numbers: &[u32]| numbers.iter().filter_map(|number| index.get(number).copied()).collect();
        let coverage = covered.steps.iter().zip(0..).map(|(covered, step)| Coverage {
            step,
            takes: indices(&covered.takes),
            clean: indices(&covered.clean),
        });
        BookView {
            coverage: coverage.collect(),
            entries,
            elsewhere: elsewhere.len(),
            plan: covered.plan.clone(),
            choices: log.choices(grid),
            cues: log.cues().into(),
            undo: log.undoable(),
            redo: log.redoable(),
        }
    }

    /// Where in the score of these measures the latest take was that lies at `host_s` on the host's timeline, in beats.
    pub fn place_at(&self, host_s: f64, grid: u64) -> Option<f64> {
        let log = self.log();
        let of_score = log.entries().filter(|entry| grid != 0 && entry.recorded.grid == grid);
        let places = of_score.filter(|entry| !entry.remarks.rejected);
        places
            .filter_map(|entry| Some((entry.number, place_in(&entry.recorded, host_s)?)))
            .max_by_key(|place| place.0)
            .map(|place| place.1)
    }
}

/// Longest time between two beats of a take that says where one is between them, in seconds.
const LONGEST_GAP_S: f64 = 6.0;

/// Where a take was at `host_s` on the host's timeline.
fn place_in(recorded: &Recorded, host_s: f64) -> Option<f64> {
    let time = recorded.take.start.0 + (host_s - recorded.host_start_s?);
    let pairs = recorded.take.beats.windows(2);
    let (from, to) = pairs.map(|pair| (pair[0], pair[1])).find(|(from, to)| {
        let span = from.time.0..to.time.0;
        span.contains(&time) && to.beat > from.beat && span.end - span.start <= LONGEST_GAP_S
    })?;
    let passed = (time - from.time.0) / (to.time.0 - from.time.0);
    Some(from.beat + passed * (to.beat - from.beat))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a take belongs to the score of these measures; takes without a score belong to every one.
pub(super) fn is_of(entry: &Entry, grid: u64) -> bool {
    [0, grid].contains(&entry.recorded.grid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::{AlignedBeat, Take};
    use crate::takes::Edit;
    use crate::units::Seconds;

    fn recorded(host_start_s: f64, from_beat: f64, grid: u64) -> Recorded {
        let beats = (0..20).map(|n| AlignedBeat {
            beat: from_beat + f64::from(n),
            time: Seconds(1.0 + 0.5 * f64::from(n)),
            confidence: 1.0,
        });
        let take = Take {
            start: Seconds(0.0),
            end: Seconds(12.0),
            host_start: None,
            stretches: Vec::new(),
            beats: beats.collect(),
            faults: Vec::new(),
            voices: Vec::new(),
        };
        Recorded {
            take,
            notes: Vec::new(),
            rate_hz: 48_000.0,
            host_start_s: Some(host_start_s),
            began_unix_s: 0,
            grid,
            exact: true,
        }
    }

    #[test]
    fn a_punch_in_is_where_the_latest_take_was() {
        let session = Session::default();
        for (host_start_s, from_beat, grid) in [(10.0, 0.0, 5), (15.0, 40.0, 5), (15.0, 80.0, 6)] {
            session.log().add(recorded(host_start_s, from_beat, grid)).unwrap();
        }
        // Only the first take reaches back to 12 s, one second of silence and two beats after its start.
        assert_eq!(session.place_at(12.0, 5), Some(2.0));
        assert_eq!(session.place_at(17.25, 5), Some(42.5));
        assert_eq!(session.place_at(15.5, 5), Some(9.0));
        assert_eq!(session.place_at(100.0, 5), None);
        assert_eq!(session.place_at(17.25, 7), None);
        session.log().edit(Edit::Reject { take: 2, rejected: true });
        assert_eq!(session.place_at(17.25, 5), Some(12.5));
    }
}
