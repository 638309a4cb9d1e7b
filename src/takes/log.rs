//! The takes of a session in the order in which they were recorded, with what the user said of them.
//!
//! Times of the log are those of all takes laid end to end: a take keeps its own length, and a second lies between two.

use super::entry::{Entry, Recorded, Remarks};
use super::kept_choices::KeptChoices;
use crate::performance::{Cue, EditChoices};
use std::sync::Arc;
use thiserror::Error;

/// Takes that a log holds at most.
pub const MAX_TAKES: usize = 5_000;
/// Changes that can be taken back at most.
const UNDO_STEPS: usize = 200;
/// Cues at most, and characters of a name and of a comment.
const MAX_CUES: usize = 1_000;
const NAME_CHARACTERS: usize = 120;
const COMMENT_CHARACTERS: usize = 2_000;
/// What lies between two takes, in seconds.
const BETWEEN_S: f64 = 1.0;

/// One change that the user asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Gives a take 0-3 stars.
    Stars {
        /// Its number.
        take: u32,
        /// How many; more than 3 count as 3.
        stars: u8,
    },
    /// Puts a take aside, or brings it back.
    Reject {
        /// Its number.
        take: u32,
        /// Aside or not.
        rejected: bool,
    },
    /// Names a take.
    Name {
        /// Its number.
        take: u32,
        /// The new name, cut after 120 characters.
        name: String,
    },
    /// Comments on a take.
    Comment {
        /// Its number.
        take: u32,
        /// The new comment, cut after 2,000 characters.
        comment: String,
    },
    /// Takes a take out of the book.
    Delete {
        /// Its number.
        take: u32,
    },
    /// Replaces all cues; those beyond the first 1,000 are left out.
    Cues(Vec<Cue>),
    /// Replaces what was chosen for the edit of one score.
    Choices {
        /// The score's measures, see [`measure_grid`](super::measure_grid).
        grid: u64,
        /// Its takes by their numbers.
        choices: EditChoices,
    },
}

/// What a change was about, for the words beside undo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The stars of this take.
    Stars(u32),
    /// Whether this take may be used.
    Reject(u32),
    /// The name of this take.
    Name(u32),
    /// The comment on this take.
    Comment(u32),
    /// This take was deleted.
    Delete(u32),
    /// The cues.
    Cues,
    /// What was chosen for the edit.
    Choices,
    /// Another book took this one's place.
    Replace,
}

/// Why a log does not take something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LogError {
    /// It is full.
    #[error("the book is full: expected at most {MAX_TAKES} takes; delete some, and the next ones are kept")]
    Full,
}

/// One step of the history.
#[derive(Clone, Debug, PartialEq)]
struct Step {
    change: Change,
    before: State,
    after: State,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Remarks(u32, Remarks),
    Cues(Vec<Cue>),
    Choices(u64, EditChoices),
    Book(Box<Contents>),
}

/// All that a project keeps of a log.
#[derive(Clone, Debug, Default, PartialEq)]
struct Contents {
    id: u64,
    next: u32,
    clock_s: f64,
    entries: Vec<Arc<Entry>>,
    cues: Vec<Cue>,
    choices: KeptChoices,
}

/// The log of a session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionLog {
    contents: Contents,
    revision: u64,
    done: Vec<Step>,
    undone: Vec<Step>,
}

impl SessionLog {
    /// An empty log; `id` tells it from those of other sessions.
    pub fn new(id: u64) -> SessionLog {
        SessionLog { contents: Contents { id, next: 1, ..Contents::default() }, ..SessionLog::default() }
    }

    /// A log out of what a project kept. Entries stand in the order given; numbers that come twice are left out.
    pub fn from_saved(
        id: u64,
        revision: u64,
        entries: Vec<Entry>,
        cues: Vec<Cue>,
        choices: Vec<(u64, EditChoices)>,
    ) -> SessionLog {
        let mut log = SessionLog { revision, ..SessionLog::new(id) };
        for entry in entries.into_iter().take(MAX_TAKES) {
            if entry.number >= log.contents.next {
                log.contents.next = entry.number.saturating_add(1);
                log.contents.clock_s =
                    log.contents.clock_s.max(entry.recorded.take.end.0 + BETWEEN_S).max(0.0);
                log.contents.entries.push(Arc::new(entry));
            }
        }
        log.contents.cues = cues.into_iter().take(MAX_CUES).collect();
        log.contents.choices = choices.into_iter().collect();
        log
    }

    /// The next take gets no number below this one: a number that was given is not given again, whatever became of its take.
    pub fn count_from(&mut self, next: u32) {
        self.contents.next = self.contents.next.max(next);
    }

    /// Tells logs of different sessions apart.
    pub fn id(&self) -> u64 {
        self.contents.id
    }

    /// Rises with every change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The takes that were not deleted, in the order of their numbers.
    pub fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.contents.entries.iter().filter(|entry| !entry.remarks.deleted)
    }

    /// The cues in path order.
    pub fn cues(&self) -> &[Cue] {
        &self.contents.cues
    }

    /// What was chosen for the edit of the score with these measures; takes by their numbers.
    pub fn choices(&self, grid: u64) -> EditChoices {
        self.contents.choices.of(grid)
    }

    /// The same for all scores, by their measures.
    pub fn all_choices(&self) -> &[(u64, EditChoices)] {
        self.contents.choices.all()
    }

    /// The number that the next take gets.
    pub fn next_number(&self) -> u32 {
        self.contents.next
    }

    /// Enters a take whose own start is time 0, and returns its number.
    ///
    /// # Errors
    /// [`LogError::Full`].
    pub fn add(&mut self, mut recorded: Recorded) -> Result<u32, LogError> {
        if self.contents.entries.len() >= MAX_TAKES {
            self.contents.entries.retain(|entry| !entry.remarks.deleted);
        }
        if self.contents.entries.len() >= MAX_TAKES {
            return Err(LogError::Full);
        }
        recorded.shift(self.contents.clock_s);
        self.contents.clock_s = recorded.take.end.0.max(self.contents.clock_s) + BETWEEN_S;
        let number = self.contents.next;
        self.contents.next = number.saturating_add(1);
        let (recorded, remarks) = (Arc::new(recorded), Remarks::default());
        self.contents.entries.push(Arc::new(Entry { number, recorded, remarks }));
        self.revision += 1;
        Ok(number)
    }

    /// Puts a better estimate of a take, whose own start is time 0, in the place of the former one. Nothing
    /// happens if the take is gone.
    pub fn replace(&mut self, number: u32, mut recorded: Recorded) {
        let Some(index) = self.index(number) else { return };
        let entry = &self.contents.entries[index];
        recorded.shift(entry.recorded.take.start.0);
        let remarks = entry.remarks.clone();
        self.contents.entries[index] = Arc::new(Entry { number, recorded: Arc::new(recorded), remarks });
        self.make_room_after(index);
        self.revision += 1;
    }

    /// Moves the takes after this one on, as far as it has grown into them.
    fn make_room_after(&mut self, index: usize) {
        let entries = &mut self.contents.entries;
        for next in index + 1..entries.len() {
            let from = entries[next - 1].recorded.take.end.0 + BETWEEN_S;
            let by_s = from - entries[next].recorded.take.start.0;
            if by_s <= 0.0 {
                break;
            }
            let mut recorded = Recorded::clone(&entries[next].recorded);
            recorded.shift(by_s);
            entries[next] = Arc::new(Entry { recorded: Arc::new(recorded), ..Entry::clone(&entries[next]) });
        }
        if let Some(last) = entries.last() {
            self.contents.clock_s = self.contents.clock_s.max(last.recorded.take.end.0 + BETWEEN_S);
        }
    }

    /// Takes an estimate away that turned out to be no take. Undo knows nothing of it.
    pub fn withdraw(&mut self, number: u32) {
        if let Some(index) = self.index(number) {
            self.contents.entries.remove(index);
            self.revision += 1;
        }
    }

    /// Carries out what the user asks; what changes nothing leaves no trace in the history.
    pub fn edit(&mut self, edit: Edit) {
        let (change, after) = match edit {
            Edit::Cues(mut cues) => {
                cues.retain(|cue| cue.beat.is_finite());
                cues.sort_by(|a, b| a.beat.total_cmp(&b.beat));
                cues.truncate(MAX_CUES);
                (Change::Cues, State::Cues(cues))
            }
            Edit::Choices { grid, mut choices } => {
                choices.tidy();
                (Change::Choices, State::Choices(grid, choices))
            }
            Edit::Stars { take, stars } => {
                (Change::Stars(take), self.remarked(take, |remarks| remarks.stars = stars.min(3)))
            }
            Edit::Reject { take, rejected } => {
                (Change::Reject(take), self.remarked(take, |remarks| remarks.rejected = rejected))
            }
            Edit::Name { take, name } => {
                let name = name.chars().take(NAME_CHARACTERS).collect();
                (Change::Name(take), self.remarked(take, |remarks| remarks.name = name))
            }
            Edit::Comment { take, comment } => {
                let comment = comment.chars().take(COMMENT_CHARACTERS).collect();
                (Change::Comment(take), self.remarked(take, |remarks| remarks.comment = comment))
            }
            Edit::Delete { take } => {
                (Change::Delete(take), self.remarked(take, |remarks| remarks.deleted = true))
            }
        };
        let before = self.state_like(&after);
        if before != after {
            self.put(after.clone());
            self.remember(Step { change, before, after });
        }
    }

    /// Nothing was recorded or noted in it.
    pub fn is_empty(&self) -> bool {
        self.contents.entries.is_empty() && self.contents.cues.is_empty()
    }

    /// Puts the book of a project in the place of this one; undo takes that back. The same session's book is merged with
    /// this one: takes that only one of the two has are kept, so that a host's undo loses none, and what else was said is the
    /// newer one's. Returns whether anything changed.
    pub fn adopt(&mut self, other: SessionLog) -> bool {
        // A preset without a book is no reason to put one away.
        if other.is_empty() && !self.is_empty() {
            return false;
        }
        if self.is_empty() {
            let older = other.contents.id == self.contents.id && other.revision <= self.revision;
            if !older {
                let revision = other.revision.max(self.revision);
                *self = SessionLog { revision, ..other };
            }
            return !older;
        }
        if other.contents.id == self.contents.id {
            return self.merge(other);
        }
        let revision = self.revision.max(other.revision) + 1;
        let before = State::Book(Box::new(std::mem::take(&mut self.contents)));
        let after = State::Book(Box::new(other.contents));
        self.put(after.clone());
        self.revision = revision;
        self.remember(Step { change: Change::Replace, before, after });
        true
    }

    /// Takes in what another copy of this session has and this one has not.
    fn merge(&mut self, other: SessionLog) -> bool {
        let newer = other.revision > self.revision;
        let before = self.contents.entries.len();
        let counterpart = |entry: &Entry| {
            let same = |theirs: &&Arc<Entry>| theirs.number == entry.number;
            other.contents.entries.iter().find(same).is_some_and(|theirs| theirs.is_take_of(entry))
        };
        // Takes that only this copy has under their numbers: it may have got them from the other before.
        let own: Vec<Arc<Entry>> =
            self.contents.entries.iter().filter(|entry| !counterpart(entry)).cloned().collect();
        for theirs in &other.contents.entries {
            if own.iter().any(|entry| entry.is_take_of(theirs)) {
                continue;
            }
            match self.index(theirs.number) {
                Some(index) if self.contents.entries[index].is_take_of(theirs) && newer => {
                    self.take_over(index, theirs);
                }
                Some(index) if self.contents.entries[index].is_take_of(theirs) => {}
                // Each copy went on alone, and counted its takes by itself.
                Some(_) => self.append(theirs, None),
                // An estimate that is missing here proved perhaps to be no take.
                None if newer || theirs.recorded.exact => self.append(theirs, Some(theirs.number)),
                None => {}
            }
        }
        if newer {
            self.contents.cues = other.contents.cues;
            self.contents.choices = other.contents.choices;
        }
        let changed = newer || self.contents.entries.len() != before;
        if changed {
            self.revision = self.revision.max(other.revision) + 1;
        }
        changed
    }

    /// Replaces a take by what a newer copy of this session says of it.
    fn take_over(&mut self, index: usize, theirs: &Entry) {
        let own = &self.contents.entries[index];
        let mut recorded = own.recorded.clone();
        if theirs.recorded.exact || !recorded.exact {
            let mut moved = Recorded::clone(&theirs.recorded);
            moved.shift(recorded.take.start.0 - moved.take.start.0);
            recorded = Arc::new(moved);
        }
        let number = own.number;
        self.contents.entries[index] = Arc::new(Entry { number, recorded, remarks: theirs.remarks.clone() });
        self.make_room_after(index);
    }

    /// Enters a take of another copy of this session, under its own number where that is free.
    fn append(&mut self, theirs: &Entry, number: Option<u32>) {
        if self.contents.entries.len() >= MAX_TAKES {
            return;
        }
        let number = number.unwrap_or(self.contents.next);
        let at = self.contents.entries.partition_point(|entry| entry.number < number);
        let mut recorded = Recorded::clone(&theirs.recorded);
        let before = at.checked_sub(1).map(|before| self.contents.entries[before].recorded.take.end.0);
        recorded.shift(before.map_or(0.0, |end| end + BETWEEN_S) - recorded.take.start.0);
        let entry = Entry { number, recorded: Arc::new(recorded), remarks: theirs.remarks.clone() };
        self.contents.entries.insert(at, Arc::new(entry));
        self.contents.next = self.contents.next.max(number.saturating_add(1));
        self.make_room_after(at);
    }

    /// What undo would take back.
    pub fn undoable(&self) -> Option<Change> {
        self.done.last().map(|step| step.change)
    }

    /// What redo would bring again.
    pub fn redoable(&self) -> Option<Change> {
        self.undone.last().map(|step| step.change)
    }

    /// Takes the last change back.
    pub fn undo(&mut self) {
        if let Some(mut step) = self.done.pop() {
            // Takes recorded into a book that came in go with it, so what is left is remembered as it is.
            step.after = self.state_like(&step.after);
            self.put(step.before.clone());
            self.undone.push(step);
        }
    }

    /// Brings the change that was taken back last again.
    pub fn redo(&mut self) {
        if let Some(mut step) = self.undone.pop() {
            step.before = self.state_like(&step.before);
            self.put(step.after.clone());
            self.done.push(step);
        }
    }

    fn index(&self, number: u32) -> Option<usize> {
        self.contents.entries.iter().position(|entry| entry.number == number)
    }

    /// What the remarks on a take would be after `change`.
    fn remarked(&self, take: u32, change: impl FnOnce(&mut Remarks)) -> State {
        let known = self.index(take).map(|index| self.contents.entries[index].remarks.clone());
        let mut remarks = known.unwrap_or_default();
        if self.index(take).is_some() {
            change(&mut remarks);
        }
        State::Remarks(take, remarks)
    }

    /// The present state of whatever `like` is a state of.
    fn state_like(&self, like: &State) -> State {
        match like {
            State::Remarks(take, _) => self.remarked(*take, |_| {}),
            State::Cues(_) => State::Cues(self.contents.cues.clone()),
            State::Choices(grid, _) => State::Choices(*grid, self.choices(*grid)),
            State::Book(_) => State::Book(Box::new(self.contents.clone())),
        }
    }

    fn put(&mut self, state: State) {
        match state {
            State::Remarks(take, remarks) => {
                if let Some(index) = self.index(take) {
                    let entry = &mut self.contents.entries[index];
                    *entry = Arc::new(Entry { remarks, ..Entry::clone(entry) });
                }
            }
            State::Cues(cues) => self.contents.cues = cues,
            State::Choices(grid, choices) => self.contents.choices.put(grid, choices),
            State::Book(contents) => self.contents = *contents,
        }
        self.revision += 1;
    }

    fn remember(&mut self, step: Step) {
        self.undone.clear();
        if self.done.len() == UNDO_STEPS {
            self.done.remove(0);
        }
        self.done.push(step);
    }
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
