//! One plugin instance's bridge: what the audio thread, the editor and the host's main thread share.

use super::channel::rings;
use super::command::Command;
use super::export;
use super::journal;
use super::shared::{Notice, Shared};
use super::stream::Stream;
use super::worker::Worker;
use super::{Export, Latency, News, RealtimeEnd, RemoteSettings, ScoreSource, Settings, Severity, Snapshot};
use crate::engine::{Engine, FollowCommand};
use crate::performance::OFF_TUNE_RANGE_CENTS;
use crate::score::Choice;
use crate::takes::{Edit, FaultTolerance, SessionLog};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Recording latencies that can be set, in milliseconds.
pub const RECORDING_LATENCY_RANGE_MS: RangeInclusive<f32> = 0.0..=1000.0;

/// One plugin instance's bridge. It outlives activations, so the editor never holds a stale handle. The worker
/// thread starts with the first thing there is to do and ends with the bridge.
pub struct Bridge {
    shared: Arc<Shared>,
    commands: Sender<Command>,
    worker: Mutex<WorkerThread>,
    exports: Mutex<Vec<JoinHandle<()>>>,
    #[cfg(feature = "engrave")]
    engraver: super::engraver::EngraverThread,
}

enum WorkerThread {
    Waiting(Receiver<Command>),
    Running(JoinHandle<()>),
    Failed,
}

impl Default for Bridge {
    fn default() -> Self {
        Bridge::of(Shared::default())
    }
}

impl Bridge {
    pub(super) fn of(shared: Shared) -> Bridge {
        let (commands, requests) = unbounded();
        let shared = Arc::new(shared);
        Bridge {
            #[cfg(feature = "engrave")]
            engraver: super::engraver::EngraverThread::new(shared.watch.clone()),
            shared,
            commands,
            worker: Mutex::new(WorkerThread::Waiting(requests)),
            exports: Mutex::default(),
        }
    }

    /// Connects an audio thread that runs at `rate_hz` with blocks of `largest_block` samples at most; an earlier
    /// connection ends. Allocates. `None` if the system gives no thread.
    pub fn connect(&self, rate_hz: f64, largest_block: usize) -> Option<RealtimeEnd> {
        self.connect_with::<Engine>(rate_hz, largest_block)
    }

    pub(super) fn connect_with<E: Stream + 'static>(
        &self,
        rate_hz: f64,
        largest_block: usize,
    ) -> Option<RealtimeEnd> {
        let thread = self.worker_thread::<E>()?;
        let (audio, worker) = rings(rate_hz, largest_block);
        // The receiver lives as long as the thread, which ends only with the bridge.
        self.shared.connections.offer(worker);
        let _ = self.commands.send(Command::Connect);
        thread.unpark();
        Some(RealtimeEnd::new(audio, thread, rate_hz))
    }

    fn worker_thread<E: Stream + 'static>(&self) -> Option<std::thread::Thread> {
        let mut worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        if let WorkerThread::Waiting(requests) = &*worker {
            let (shared, requests) = (self.shared.clone(), requests.clone());
            let started = std::thread::Builder::new()
                .name("colla-parte".into())
                .spawn(move || Worker::<E>::new(shared, requests).run());
            *worker = started.map_or(WorkerThread::Failed, WorkerThread::Running);
        }
        match &*worker {
            WorkerThread::Running(handle) => Some(handle.thread().clone()),
            _ => None,
        }
    }

    fn request(&self, command: Command) {
        let _ = self.commands.send(command);
        if let Some(thread) = self.worker_thread::<Engine>() {
            thread.unpark();
        }
    }

    /// The settings that the worker follows.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// What the worker last knew.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.snapshot()
    }

    /// Calls `tell` whenever there is something new to see, from any thread but the audio thread, until [`Bridge::unwatch`]. While
    /// nothing plays and nothing is changed there is no news.
    pub fn watch(&self, tell: impl Fn() + Send + Sync + 'static) {
        self.shared.watch.set(Some(Box::new(tell)));
    }

    /// Nobody looks any more.
    pub fn unwatch(&self) {
        self.shared.watch.set(None);
    }

    /// Has whoever watches look anew: a parameter is another. Not for the audio thread.
    pub fn tell(&self) {
        self.shared.watch.tell();
    }

    /// The same, with the worker's next round.
    ///
    /// # Realtime safety
    /// Wait-free.
    pub fn automated(&self) {
        self.shared.automated.store(true, Ordering::Relaxed);
    }

    /// The latency, and who is told of it.
    pub fn latency(&self) -> &Latency {
        &self.shared.latency
    }

    /// What a project keeps is another than it was saved with, where the host does not know it by itself, and who is told of that.
    pub fn unsaved(&self) -> &News {
        &self.shared.unsaved
    }

    /// The user changed what a project keeps.
    pub fn touch(&self) {
        self.shared.unsaved.arise();
        // Whoever tells it must run.
        self.request(Command::Look);
    }

    /// Reads a score file and follows it; a file that is no score leaves a message, and the present score stays.
    pub fn load_score_file(&self, path: PathBuf) {
        self.request(Command::LoadFile(path));
    }

    /// Runs `choose`, which takes as long as a person does, on a thread of its own, and loads the score file that it
    /// gives. `Ok(None)` is a choice not made; an error becomes a message. While one choice is open, no other is.
    ///
    /// The thread is not waited for: a choice still open when the bridge ends goes on alone and comes to nothing.
    /// (A host that unloads the library then does no harm: the C library keeps it mapped while one of its threads has
    /// thread-local destructors to run, as every Rust thread has.)
    pub fn choose_score_file(
        &self,
        choose: impl FnOnce() -> Result<Option<PathBuf>, String> + Send + 'static,
    ) {
        if self.shared.choosing.swap(true, Ordering::AcqRel) {
            return;
        }
        let (shared, commands, worker) =
            (self.shared.clone(), self.commands.clone(), self.worker_thread::<Engine>());
        let started = std::thread::Builder::new().name("colla-parte-choice".into()).spawn(move || {
            let choice = catch_unwind(AssertUnwindSafe(choose));
            shared.choosing.store(false, Ordering::Release);
            let _ = commands.send(match choice {
                Ok(Ok(Some(path))) => Command::LoadFile(path),
                Ok(Ok(None)) => return,
                Ok(Err(reason)) => Command::Report(Severity::Error, reason),
                Err(_) => Command::Report(Severity::Error, "the file dialog failed".into()),
            });
            if let Some(worker) = worker {
                worker.unpark();
            }
        });
        if started.is_err() {
            self.shared.choosing.store(false, Ordering::Release);
            self.report(Severity::Error, "the system gives no thread for a file dialog".into());
        }
    }

    /// Follows a score that came with the project. It is what [`Bridge::score_source`] gives from now on.
    pub fn load_score(&self, source: ScoreSource) {
        self.shared.keep_source(Some(source.clone()));
        self.request(Command::LoadScore(source));
    }

    /// Follows these parts, in this order, of the present score. A choice that does not fit it leaves a message, and the
    /// present one stays.
    pub fn choose(&self, choice: Choice) {
        self.request(Command::Choose(choice));
    }

    /// Follows nothing from now on.
    pub fn forget_score(&self) {
        self.shared.keep_source(None);
        self.request(Command::ForgetScore);
    }

    /// The bytes of the score that is followed, to be saved with the project.
    pub fn score_source(&self) -> Option<Arc<ScoreSource>> {
        self.shared.source.load_full()
    }

    /// Tells the follower something.
    pub fn follow(&self, command: FollowCommand) {
        self.request(Command::Follow(command));
    }

    /// Sends position and cues as OSC from now on, or no longer; an address that cannot be read leaves a message.
    pub fn send_remote(&self, settings: RemoteSettings) {
        if *self.remote() != settings {
            self.shared.remote.store(Arc::new(settings.clone()));
            self.request(Command::Remote(settings));
        }
    }

    /// Where OSC goes.
    pub fn remote(&self) -> Arc<RemoteSettings> {
        self.shared.remote.load_full()
    }

    /// Keeps a journal of the book beside the project from now on, or no longer: with the user's consent. Takes that only the
    /// journal has come back.
    pub fn keep_journal(&self, keep: bool) {
        if keep == self.keeps_journal() {
            return;
        }
        let folder = if keep { journal::usual_folder() } else { None };
        if keep && folder.is_none() {
            self.report(Severity::Error, "there is no home folder to keep a journal in".into());
        }
        self.keep_journal_in(folder);
    }

    pub(super) fn keep_journal_in(&self, folder: Option<PathBuf>) {
        let keeps = folder.is_some();
        self.shared.journal.store(folder.map(Arc::new));
        self.shared.place(|member| member.journal = keeps);
        self.shared.recover();
        self.request(Command::BookChanged);
    }

    #[cfg(test)]
    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Shares the book with other instances of this process from now on, or goes on alone with it. Instances that follow the same
    /// score come together where one of them has no book yet, or both have the same.
    pub fn share_book(&self, shares: bool) {
        if shares != self.shared.shares() {
            self.shared.share(shares);
            self.request(Command::BookChanged);
        }
    }

    /// Whether the book is shared with other instances.
    pub fn shares_book(&self) -> bool {
        self.shared.shares()
    }

    /// From how many cents off its take's tuning a sustained note is a fault, in takes that end from now on; brought within
    /// [`OFF_TUNE_RANGE_CENTS`].
    pub fn tolerate_off_tune(&self, cents: f32) {
        let (least, most) = OFF_TUNE_RANGE_CENTS.into_inner();
        let off_tune_cents = if cents.is_finite() {
            cents.clamp(least, most)
        } else {
            FaultTolerance::default().off_tune_cents
        };
        let tolerance = FaultTolerance { off_tune_cents, ..**self.shared.tolerance.load() };
        self.shared.tolerance.store(Arc::new(tolerance));
    }

    /// The cents that [`Bridge::tolerate_off_tune`] set; [`OFF_TUNE_CENTS`](crate::performance::OFF_TUNE_CENTS) before.
    pub fn off_tune_cents(&self) -> f32 {
        self.shared.tolerance.load().off_tune_cents
    }

    /// How much earlier the host lays what it records than a plugin hears it; brought within
    /// [`RECORDING_LATENCY_RANGE_MS`]. All files that are written from now on are earlier by so much where they are in the host's
    /// time; what leaves live is not.
    pub fn set_recording_latency(&self, ms: f32) {
        let (least, most) = RECORDING_LATENCY_RANGE_MS.into_inner();
        self.shared.set_recording_latency(if ms.is_finite() { ms.clamp(least, most) } else { 0.0 });
    }

    /// What [`Bridge::set_recording_latency`] set, in milliseconds; 0 before.
    pub fn recording_latency_ms(&self) -> f32 {
        self.shared.recording_latency_ms()
    }

    /// Whether a journal is kept.
    pub fn keeps_journal(&self) -> bool {
        self.shared.journal().is_some()
    }

    /// Logs takes from now on, or no longer. A take that runs ends with it.
    pub fn arm(&self, armed: bool) {
        self.shared.disarmed.store(!armed, Ordering::Relaxed);
        self.request(Command::Look);
    }

    /// Lets `look` at the session's log. The log is locked meanwhile: not for the audio thread.
    pub fn with_book<R>(&self, look: impl FnOnce(&SessionLog) -> R) -> R {
        look(&self.shared.session().log())
    }

    /// Changes the book, with undo.
    pub fn edit_book(&self, edit: Edit) {
        self.shared.session().log().edit(edit);
        self.request(Command::BookChanged);
    }

    /// Takes back the last change of the book.
    pub fn undo(&self) {
        self.step(SessionLog::undo);
        self.request(Command::BookChanged);
    }

    /// Brings again what was taken back last.
    pub fn redo(&self) {
        self.step(SessionLog::redo);
        self.request(Command::BookChanged);
    }

    /// Goes through what was done. Where another book comes back by that, the takes that are still listened to are none of it.
    fn step(&self, step: impl FnOnce(&mut SessionLog)) {
        let session = self.shared.session();
        let another = {
            let mut log = session.log();
            let before = log.id();
            step(&mut log);
            log.id() != before
        };
        if another {
            session.passes().forget();
        }
    }

    /// Puts the book that a project kept in the place of the present one, see [`SessionLog::adopt`].
    pub fn restore_book(&self, log: SessionLog) {
        let adopted = self.shared.adopt(log);
        if self.shared.recover() || adopted {
            self.request(Command::BookChanged);
        }
    }

    /// Writes files of the session into `folder` on a thread of their own; a message says what became of it.
    /// `take`: the number of the take meant, where one is; otherwise the newest.
    pub fn export(&self, export: Export, take: Option<u32>, folder: PathBuf) {
        // Whoever tells what became of it must run.
        let _ = self.worker_thread::<Engine>();
        let score = self.shared.snapshot.load().score.clone();
        let shared = self.shared.clone();
        let job = move || match export::write(&shared, score.as_deref(), export, take, &folder) {
            Ok(names) => {
                let text = format!("{}: wrote {}", folder.display(), names.join(", "));
                shared.tell(Notice { severity: Severity::Note, text, folder: Some(folder.into()) });
            }
            Err(error) => shared.notice(Severity::Error, error.to_string()),
        };
        match std::thread::Builder::new().name("colla-parte-export".into()).spawn(job) {
            Ok(thread) => {
                let mut exports = self.exports.lock().unwrap_or_else(PoisonError::into_inner);
                exports.retain(|thread| !thread.is_finished());
                exports.push(thread);
            }
            Err(error) => self.report(Severity::Error, format!("the export could not be started: {error}")),
        }
    }

    /// How far the engraving of `score` is. Never waits.
    #[cfg(feature = "engrave")]
    pub fn engraving(&self, score: &super::LoadedScore) -> super::Engraving {
        self.engraver.newest(score)
    }

    /// Engraves this next, on a thread of its own: what was asked for before and is not done is dropped.
    #[cfg(feature = "engrave")]
    pub fn engrave(&self, score: Arc<super::LoadedScore>, wish: crate::score::PrintWish) {
        self.engraver.ask(score, wish);
    }

    /// Tells the user something.
    pub fn report(&self, severity: Severity, text: String) {
        self.request(Command::Report(severity, text));
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = self.commands.send(Command::Stop);
        let worker = self.worker.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let WorkerThread::Running(handle) = std::mem::replace(worker, WorkerThread::Failed) {
            handle.thread().unpark();
            // The host may unload the library next, so the thread must be gone.
            let _ = handle.join();
        }
        for export in self.exports.get_mut().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = export.join();
        }
        self.shared.leave();
    }
}
