//! The thread that listens to each take a second time.
//!
//! It is fed while the take is played, with the evidence that the engine finds anyway; when the take is over only the
//! way back through it is left to do. The queue is bounded: where this thread falls behind, the worker waits for it.

use super::edit::planned;
use super::instance::Shared;
use super::journal::Journal;
use super::session::{Covered, CoveredStep, is_of};
use super::{LoadedScore, Severity};
use crate::engine::{EngineEvent, EstimatorKind, SecondPass};
use crate::performance::{PlayedNote, Take};
use crate::takes::{FaultTolerance, Recorded, Transport, TransportChange, coverage};
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
    /// Its number in the log, where the live estimate stands.
    pub number: u32,
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
        let passes = Passes { shared, underway: HashMap::new(), score: None, journal: Journal::default() };
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
                    self.enter(pass, score.as_deref(), *ended);
                    self.reckon(queue);
                    self.write_journal();
                }
            }
            Job::Forget { id } => {
                self.underway.remove(&id);
            }
            Job::Reckon { score } => {
                self.score = score;
                self.reckon(queue);
                self.write_journal();
            }
        }
    }

    /// Writes what changed in the book, where the user agreed.
    fn write_journal(&mut self) {
        let Some(folder) = self.shared.journal() else { return self.journal.close() };
        let log = self.shared.session.log().clone();
        if let Err(error) = self.journal.follow(&folder, &log) {
            self.shared.notice(Severity::Error, format!("the journal cannot be written: {error}"));
        }
    }

    /// Puts what a finished pass found into the log.
    fn enter(&mut self, pass: SecondPass, score: Option<&LoadedScore>, ended: Ended) {
        let Ended { number, start, end, by_transport, known } = ended;
        let listened = pass.finish(end);
        let host = SampleIndex(0);
        let transport = [
            Transport { at: start, change: TransportChange::Start, host },
            Transport { at: end, change: TransportChange::Stop, host },
        ];
        let transport: &[Transport] = if by_transport { &transport } else { &[] };
        let mut takes = match score {
            Some(score) => listened.heard(transport).takes(&score.path, FaultTolerance::default()),
            None => vec![plain(start, end)],
        };
        if by_transport {
            takes.truncate(1);
        }
        let mut recorded: Vec<Recorded> =
            takes.into_iter().map(|take| of_take(take, &listened.notes, &known, start)).collect();
        let mut log = self.shared.session.log();
        if recorded.is_empty() {
            return log.withdraw(number);
        }
        log.replace(number, recorded.remove(0));
        let full = recorded.into_iter().find_map(|recorded| log.add(recorded).err());
        drop(log);
        if let Some(error) = full {
            self.shared.notice(Severity::Error, error.to_string());
        }
    }

    /// Reckons coverage and edit anew, unless more jobs wait that will ask for it.
    fn reckon(&self, queue: &Receiver<Job>) {
        let Some(score) = &self.score else { return self.shared.session.cover(Covered::default()) };
        if queue.len() > QUEUE / 2 {
            return;
        }
        let grid = score.grid;
        let (mut log, choices): (Vec<_>, _) = {
            let log = self.shared.session.log();
            (log.entries().cloned().collect(), log.choices(grid))
        };
        log.retain(|entry| is_of(entry, grid) && !entry.remarks.rejected);
        let (numbers, takes): (Vec<u32>, Vec<Take>) = log
            .iter()
            .map(|entry| {
                let Take { start, end, host_start, stretches, faults, .. } = &entry.recorded.take;
                let (stretches, faults) = (stretches.clone(), faults.clone());
                let (start, end, host_start) = (*start, *end, *host_start);
                (entry.number, Take { start, end, host_start, stretches, beats: vec![], faults })
            })
            .unzip();
        let named = |indices: &mut dyn Iterator<Item = &u32>| -> Vec<u32> {
            indices.map(|index| numbers[*index as usize]).collect()
        };
        // Of a take that was heard live only, nobody knows whether it is clean.
        let judged = |index: &&u32| log[**index as usize].recorded.exact;
        let steps = coverage(&score.path, &takes)
            .into_iter()
            .map(|step| CoveredStep {
                takes: named(&mut step.takes.iter()),
                clean: named(&mut step.clean.iter().filter(judged)),
            })
            .collect();
        let mut plan = planned(score, &log, &choices);
        plan.segments.iter_mut().for_each(|piece| piece.take = numbers[piece.take as usize]);
        self.shared.session.cover(Covered { grid, steps, plan: Arc::new(plan) });
    }
}

/// A take of which nothing is known but its bounds.
pub(super) fn plain(start: Seconds, end: Seconds) -> Take {
    Take { start, end, host_start: None, stretches: vec![], beats: vec![], faults: vec![] }
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
