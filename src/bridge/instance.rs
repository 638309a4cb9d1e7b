//! One plugin instance's bridge: what the audio thread, the editor and the host's main thread share.

use super::channel::rings;
use super::command::Command;
use super::export;
use super::journal;
use super::members::{Member, MemberId, Registry};
use super::session::Session;
use super::stream::Stream;
use super::watch::Watch;
use super::worker::Worker;
use super::{Export, RealtimeEnd, RemoteSettings, ScoreSource, Settings, Severity, Snapshot};
use crate::engine::{Engine, FollowCommand};
use crate::score::Choice;
use crate::takes::{Edit, SessionLog};
use arc_swap::{ArcSwap, ArcSwapOption};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Notices that wait at most.
const NOTICES: usize = 32;

/// What every thread may look at.
#[derive(Debug)]
pub(super) struct Shared {
    pub settings: Settings,
    snapshot: ArcSwap<Snapshot>,
    source: ArcSwapOption<ScoreSource>,
    looked_at: AtomicBool,
    /// The editor, while it is open.
    pub watch: Arc<Watch>,
    remote: ArcSwap<RemoteSettings>,
    /// Where the journal goes; `None` where the user did not agree to one.
    journal: ArcSwapOption<PathBuf>,
    /// The book: this instance's alone, or that of several.
    session: ArcSwap<Session>,
    /// Held by whoever may put another session in its place.
    placing: Mutex<()>,
    registry: Arc<Registry>,
    /// This instance among those that share its book.
    pub member: MemberId,
    disarmed: AtomicBool,
    notices: Mutex<Vec<Notice>>,
    unheard: AtomicBool,
    choosing: AtomicBool,
}

/// Something to tell the user that waits for the worker.
#[derive(Debug)]
pub(super) struct Notice {
    pub severity: Severity,
    pub text: String,
    /// The folder that files were written to.
    pub folder: Option<Arc<Path>>,
}

impl Default for Shared {
    /// Shares its book with other instances of this process; in tests, with none.
    fn default() -> Self {
        Shared::among(if cfg!(test) { Arc::default() } else { Registry::of_process() })
    }
}

impl Shared {
    /// One instance among those of `registry`.
    pub fn among(registry: Arc<Registry>) -> Shared {
        let member = Member::new();
        let id = member.id;
        Shared {
            settings: Settings::default(),
            snapshot: ArcSwap::default(),
            source: ArcSwapOption::default(),
            looked_at: AtomicBool::default(),
            watch: Arc::default(),
            remote: ArcSwap::default(),
            journal: ArcSwapOption::default(),
            session: ArcSwap::new(registry.enter(member)),
            placing: Mutex::default(),
            registry,
            member: id,
            disarmed: AtomicBool::default(),
            notices: Mutex::default(),
            unheard: AtomicBool::default(),
            choosing: AtomicBool::default(),
        }
    }

    /// The book, and who shares it. Another session may take its place at any time.
    pub fn session(&self) -> Arc<Session> {
        self.session.load_full()
    }

    /// The session that a pass is entered in, which may be one that this instance has left.
    pub fn session_of_pass(&self, pass: u64) -> Option<Arc<Session>> {
        let session = self.session();
        if session.passes().has(pass) { Some(session) } else { self.registry.session_of_pass(pass) }
    }

    /// What this instance is among others is another now; it may come into another session by that.
    pub fn place(&self, change: impl FnOnce(&mut Member)) {
        let _placing = self.placing.lock().unwrap_or_else(PoisonError::into_inner);
        self.place_now(change);
    }

    /// The same, where nobody else can do it meanwhile.
    fn place_now(&self, change: impl FnOnce(&mut Member)) {
        self.session.store(self.registry.place(&self.session(), self.member, change));
    }

    /// Shares the book with other instances from now on, or goes on alone with it.
    pub fn share(&self, shares: bool) {
        let _placing = self.placing.lock().unwrap_or_else(PoisonError::into_inner);
        let session = self.session();
        if self.shares() == shares {
            return;
        }
        if !shares && session.members().len() > 1 {
            self.session.store(self.registry.part(&session, self.member, true));
        }
        self.place_now(|member| member.shares = shares);
    }

    /// Whether this instance shares its book.
    pub fn shares(&self) -> bool {
        let session = self.session();
        let members = session.members();
        members.iter().find(|member| member.id == self.member).is_some_and(|member| member.shares)
    }

    /// Takes in the book that a project kept; whether anything changed. Another book than the one that is shared is this
    /// instance's alone.
    pub fn adopt(&self, log: SessionLog) -> bool {
        let _placing = self.placing.lock().unwrap_or_else(PoisonError::into_inner);
        let session = self.session();
        let (id, is_empty) = {
            let present = session.log();
            (present.id(), present.is_empty())
        };
        let other = id != log.id();
        if other && !is_empty && !log.is_empty() && session.members().len() > 1 {
            self.session.store(self.registry.part(&session, self.member, false));
        }
        let session = self.session();
        let adopted = session.log().adopt(log);
        if adopted && other && !is_empty {
            session.passes().forget();
        }
        // Others may have the same book.
        self.place_now(|_| {});
        adopted
    }

    /// The instance is gone.
    fn leave(&self) {
        self.registry.leave(&self.session(), self.member);
    }

    /// Tells the user something from any thread but the audio thread.
    pub fn notice(&self, severity: Severity, text: String) {
        self.tell(Notice { severity, text, folder: None });
    }

    fn tell(&self, notice: Notice) {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        if notices.len() < NOTICES {
            notices.push(notice);
        }
    }

    /// What was to be told since the last time this was asked.
    pub fn notices(&self) -> Vec<Notice> {
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Says once that takes keep their live estimates.
    pub fn no_second_pass(&self) {
        if !self.unheard.swap(true, Ordering::Relaxed) {
            let text = "there is no second pass: takes keep what was estimated live";
            self.notice(Severity::Error, text.into());
        }
    }

    /// Takes are logged.
    pub fn armed(&self) -> bool {
        !self.disarmed.load(Ordering::Relaxed)
    }

    /// The folder of the journal, where there is to be one.
    pub fn journal(&self) -> Option<Arc<PathBuf>> {
        self.journal.load_full()
    }

    /// Brings back the takes that only the journal has.
    pub fn recover(&self) -> bool {
        let Some(folder) = self.journal() else { return false };
        let log = self.session().log().clone();
        match journal::recovered(&folder, &log) {
            Ok(Some((log, count))) => {
                let text = format!("{count} takes that the project did not have came back from the journal");
                self.notice(Severity::Note, text);
                self.adopt(log)
            }
            Ok(None) => false,
            Err(error) => {
                self.notice(Severity::Error, format!("the journal cannot be read: {error}"));
                false
            }
        }
    }

    pub fn publish(&self, snapshot: Snapshot) {
        self.snapshot.store(Arc::new(snapshot));
        self.watch.tell();
    }

    /// What the worker last published.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.looked_at.store(true, Ordering::Relaxed);
        self.snapshot.load_full()
    }

    /// Whether somebody took a snapshot since the last time this was asked.
    pub fn looked_at(&self) -> bool {
        self.looked_at.swap(false, Ordering::Relaxed)
    }

    pub fn keep_source(&self, source: Option<ScoreSource>) {
        self.source.store(source.map(Arc::new));
    }
}

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
        let _ = self.commands.send(Command::Connect(worker));
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
        self.shared.session().log().undo();
        self.request(Command::BookChanged);
    }

    /// Brings again what was taken back last.
    pub fn redo(&self) {
        self.shared.session().log().redo();
        self.request(Command::BookChanged);
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
