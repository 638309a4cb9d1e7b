//! The thread that listens to each take a second time.
//!
//! It is fed while the take is played, with the evidence that the engine finds anyway; when the take is over only the
//! way back through it is left to do. The queue is bounded: where this thread falls behind, the worker waits for it.

use super::edit::planned;
use super::journal::Journal;
use super::members::ScoreKey;
use super::session::{Covered, CoveredStep, is_of};
use super::shared::Shared;
use super::{LoadedScore, Severity};
use crate::engine::{EngineEvent, EstimatorKind, SecondPass};
use crate::performance::{PlayedNote, Take};
use crate::score::PlayingPath;
use crate::takes::{Contribution, Recorded, Transport, TransportChange, bends, coverage};
use crate::units::{SampleIndex, Seconds};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

/// Jobs that may wait: about a minute of a take at 48 kHz, some 6 MB.
const QUEUE: usize = 1_500;

/// What is to be done.
pub(super) enum Job {
    /// A take begins.
    Begin { id: u64, score: Option<Arc<LoadedScore>>, estimator: EstimatorKind },
    /// This was heard in it.
    Hear { id: u64, events: Vec<EngineEvent> },
    /// It is over.
    End { id: u64, ended: Box<Ended> },
    /// It was none.
    Forget { id: u64 },
    /// This score is in use now, and the log may have changed.
    Reckon { score: Option<Arc<LoadedScore>> },
}

/// What is known of a take when it is over; times are the engine's.
pub(super) struct Ended {
    pub start: Seconds,
    pub end: Seconds,
    /// The host's transport set its bounds; otherwise pauses do.
    pub by_transport: bool,
    /// All that does not come from listening.
    pub known: Recorded,
}

/// The thread and the queue to it.
pub(super) struct SecondPassThread {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl SecondPassThread {
    /// Starts it; without a thread from the system every job is refused.
    pub fn start(shared: Arc<Shared>) -> SecondPassThread {
        let (jobs, queue) = bounded(QUEUE);
        let (underway, journal) = (HashMap::new(), Journal::default());
        let passes = Passes { shared, underway, score: None, journal, together: None };
        let thread =
            std::thread::Builder::new().name("colla-parte-book".into()).spawn(move || passes.run(&queue));
        SecondPassThread { jobs: thread.is_ok().then_some(jobs), thread: thread.ok() }
    }

    /// Hands a job over; waits if the queue is full. Returns whether it was taken.
    pub fn send(&self, job: Job) -> bool {
        self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok())
    }
}

impl Drop for SecondPassThread {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // The host may unload the library next, so the thread must be gone.
            let _ = thread.join();
        }
    }
}

struct Passes {
    shared: Arc<Shared>,
    underway: HashMap<u64, (SecondPass, Option<Arc<LoadedScore>>)>,
    /// The score whose coverage is reckoned.
    score: Option<Arc<LoadedScore>>,
    journal: Journal,
    /// The path of all who follow that score, and their parts.
    together: Option<(Arc<LoadedScore>, Vec<u16>, Arc<PlayingPath>)>,
}

impl Passes {
    fn run(mut self, queue: &Receiver<Job>) {
        while let Ok(job) = queue.recv() {
            let failed = catch_unwind(AssertUnwindSafe(|| self.work(job, queue))).is_err();
            if failed {
                let text = "the second pass of a take failed: its live estimate stays; please report this";
                self.shared.notice(Severity::Error, text.into());
            }
        }
    }

    fn work(&mut self, job: Job, queue: &Receiver<Job>) {
        match job {
            Job::Begin { id, score, estimator } => {
                let pass = SecondPass::new(score.as_ref().map(|score| &*score.path), estimator);
                self.underway.insert(id, (pass, score));
            }
            Job::Hear { id, events } => {
                // Taken out meanwhile: a pass that fails is not fed again.
                if let Some((mut pass, score)) = self.underway.remove(&id) {
                    events.iter().for_each(|event| pass.hear(event));
                    self.underway.insert(id, (pass, score));
                }
            }
            Job::End { id, ended } => {
                if let Some((pass, score)) = self.underway.remove(&id) {
                    self.enter(id, pass, score.as_deref(), *ended);
                    self.follow_book(queue);
                    let session = self.shared.session();
                    if session.members().len() > 1 {
                        session.tell();
                    }
                }
            }
            Job::Forget { id } => {
                self.underway.remove(&id);
            }
            Job::Reckon { score } => {
                self.score = score;
                self.follow_book(queue);
            }
        }
    }

    /// Does what is this instance's to do after a change of the book.
    fn follow_book(&mut self, queue: &Receiver<Job>) {
        if self.shared.session().leads(self.shared.member) {
            self.reckon(queue);
        }
        self.write_journal();
    }

    /// Writes what changed in the book, where the user agreed. Of those who share it, one does.
    fn write_journal(&mut self) {
        let session = self.shared.session();
        let folder = self.shared.journal().filter(|_| session.keeps_journal(self.shared.member));
        let Some(folder) = folder else { return self.journal.close() };
        let log = session.log().clone();
        if let Err(error) = self.journal.follow(&folder, &log) {
            self.shared.notice(Severity::Error, format!("the journal cannot be written: {error}"));
        }
    }

    /// Puts what a finished pass found into the log.
    fn enter(&mut self, id: u64, pass: SecondPass, score: Option<&LoadedScore>, ended: Ended) {
        let Ended { start, end, by_transport, known } = ended;
        let listened = pass.finish(end);
        let host = SampleIndex(0);
        let transport = [
            Transport { at: start, change: TransportChange::Start, host },
            Transport { at: end, change: TransportChange::Stop, host },
        ];
        let transport: &[Transport] = if by_transport { &transport } else { &[] };
        let mut takes = match score {
            Some(score) => {
                let bends = bends(&score.score.parts, &score.path);
                listened.heard(transport, bends).takes(&score.path, **self.shared.tolerance.load())
            }
            None => vec![Take::plain(start, end)],
        };
        if by_transport {
            takes.truncate(1);
        }
        let mut recorded: Vec<Recorded> =
            takes.into_iter().map(|take| of_take(take, &listened.notes, &known, start)).collect();
        let Some(session) = self.shared.session_of_pass(id) else { return };
        let path = score.map(|score| &*score.path);
        let first = (!recorded.is_empty()).then(|| Contribution::new(recorded.remove(0), path));
        session.improve_pass(self.shared.member, id, first);
        let mut log = session.log();
        let full = recorded.into_iter().find_map(|recorded| log.add(recorded).err());
        drop(log);
        self.shared.unsaved.arise();
        if let Some(error) = full {
            self.shared.notice(Severity::Error, error.to_string());
        }
    }

    /// Reckons coverage and edit anew, unless more jobs wait that will ask for it.
    fn reckon(&mut self, queue: &Receiver<Job>) {
        let Some(score) = self.score.clone() else { return };
        if queue.len() > QUEUE / 2 {
            return;
        }
        let (session, grid) = (self.shared.session(), score.grid);
        let parts = session.parts_of(ScoreKey::of(&score));
        let path = match &self.together {
            Some((of, known, path)) if Arc::ptr_eq(of, &score) && *known == parts => path.clone(),
            _ => {
                let path = score.path_of(&parts);
                self.together = Some((score.clone(), parts, path.clone()));
                path
            }
        };
        let (mut log, choices): (Vec<_>, _) = {
            let log = session.log();
            (log.entries().cloned().collect(), log.choices(grid))
        };
        log.retain(|entry| is_of(entry, grid) && !entry.remarks.rejected);
        let (numbers, takes): (Vec<u32>, Vec<Take>) = log
            .iter()
            .map(|entry| {
                let Take { start, end, stretches, faults, voices, .. } = &entry.recorded.take;
                let (stretches, faults, voices) = (stretches.clone(), faults.clone(), voices.clone());
                (entry.number, Take { stretches, faults, voices, ..Take::plain(*start, *end) })
            })
            .unzip();
        let named = |indices: &mut dyn Iterator<Item = &u32>| -> Vec<u32> {
            indices.map(|index| numbers[*index as usize]).collect()
        };
        // Of a take that was heard live only, nobody knows whether it is clean.
        let judged = |index: &&u32| log[**index as usize].recorded.exact;
        let steps = coverage(&path, &takes)
            .into_iter()
            .map(|step| CoveredStep {
                takes: named(&mut step.takes.iter()),
                clean: named(&mut step.clean.iter().filter(judged)),
            })
            .collect();
        let mut plan = planned(&path, &log, &choices);
        plan.segments.iter_mut().for_each(|piece| piece.take = numbers[piece.take as usize]);
        session.cover(Covered { grid, steps, plan: Arc::new(plan) });
    }
}

/// A take with its notes, its own start at time 0. `began`: when listening began.
fn of_take(take: Take, notes: &[PlayedNote], known: &Recorded, began: Seconds) -> Recorded {
    let (from, to) = (take.start, take.end);
    let host_start_s = known.host_start_s.map(|start_s| start_s + (from.0 - began.0));
    let mut recorded = Recorded {
        notes: notes.iter().filter(|note| (from.0 - 0.05..to.0).contains(&note.onset.0)).copied().collect(),
        take,
        host_start_s,
        began_unix_s: known.began_unix_s + (from.0 - began.0).max(0.0) as u64,
        exact: true,
        ..known.clone()
    };
    recorded.take.host_start = host_start_s
        .filter(|start_s| *start_s >= 0.0)
        .map(|start_s| Seconds(start_s).sample(recorded.rate_hz));
    recorded.shift(-from.0);
    recorded
}
