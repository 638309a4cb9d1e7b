//! What all threads of one plugin instance share, the audio thread excepted.

use super::channel::Connections;
use super::journal;
use super::latency::Latency;
use super::members::{Member, MemberId, Registry};
use super::session::Session;
use super::watch::Watch;
use super::{News, RemoteSettings, ScoreSource, Settings, Severity, Snapshot};
use crate::takes::{FaultTolerance, SessionLog};
use arc_swap::{ArcSwap, ArcSwapOption};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Notices that wait at most.
const NOTICES: usize = 32;

/// What every thread may look at.
#[derive(Debug)]
pub(super) struct Shared {
    pub settings: Settings,
    pub snapshot: ArcSwap<Snapshot>,
    pub source: ArcSwapOption<ScoreSource>,
    looked_at: AtomicBool,
    /// The editor, while it is open.
    pub watch: Arc<Watch>,
    pub remote: ArcSwap<RemoteSettings>,
    /// Where the journal goes; `None` where the user did not agree to one.
    pub journal: ArcSwapOption<PathBuf>,
    /// The book: this instance's alone, or that of several.
    session: ArcSwap<Session>,
    /// Held by whoever may put another session in its place.
    placing: Mutex<()>,
    registry: Arc<Registry>,
    /// This instance among those that share its book.
    pub member: MemberId,
    /// How strict the faults of takes are that are over from now on.
    pub tolerance: ArcSwap<FaultTolerance>,
    /// The bits of a 32-bit float.
    recording_latency_ms: AtomicU32,
    pub disarmed: AtomicBool,
    notices: Mutex<Vec<Notice>>,
    unheard: AtomicBool,
    pub choosing: AtomicBool,
    /// The audio thread has another value of a parameter, which the editor may show.
    pub automated: AtomicBool,
    pub latency: Latency,
    /// The project has yet to be saved, and the host does not know it.
    pub unsaved: News,
    /// To be connected, each with a command of its own.
    pub connections: Connections,
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
            tolerance: ArcSwap::default(),
            recording_latency_ms: AtomicU32::default(),
            disarmed: AtomicBool::default(),
            notices: Mutex::default(),
            unheard: AtomicBool::default(),
            choosing: AtomicBool::default(),
            automated: AtomicBool::default(),
            latency: Latency::default(),
            unsaved: News::default(),
            connections: Connections::default(),
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
    pub fn leave(&self) {
        self.registry.leave(&self.session(), self.member);
    }

    /// Tells the user something from any thread but the audio thread.
    pub fn notice(&self, severity: Severity, text: String) {
        self.tell(Notice { severity, text, folder: None });
    }

    /// The same, with what belongs to it.
    pub fn tell(&self, notice: Notice) {
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

    /// How much earlier the host lays what it records than a plugin hears it.
    pub fn recording_latency_ms(&self) -> f32 {
        f32::from_bits(self.recording_latency_ms.load(Ordering::Relaxed))
    }

    /// Sets that; within [`super::RECORDING_LATENCY_RANGE_MS`].
    pub fn set_recording_latency(&self, ms: f32) {
        self.recording_latency_ms.store(ms.to_bits(), Ordering::Relaxed);
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
                let text = format!("takes that the project did not have came back from the journal: {count}");
                self.notice(Severity::Note, text);
                self.unsaved.arise();
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
