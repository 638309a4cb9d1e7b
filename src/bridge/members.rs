//! Which plugin instances of this process share a book.
//!
//! Instances that follow the same score come together in one session, where their books do not say otherwise: an instance
//! whose book is empty takes part in that of another with its score; instances whose projects kept the same book, told by its
//! id, share it. The first of those who follow a score leads: it reckons the coverage and sends the cues. Workers and the host's
//! main thread come here, audio threads never.

use super::LoadedScore;
use super::session::Session;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

/// Tells an instance from all others of this process.
pub(super) type MemberId = u64;

/// Tells scores apart: the file, and the order in which its measures are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScoreKey {
    file: u64,
    grid: u64,
}

impl ScoreKey {
    pub fn of(score: &LoadedScore) -> ScoreKey {
        let mut hasher = DefaultHasher::new();
        score.source.bytes.hash(&mut hasher);
        ScoreKey { file: hasher.finish(), grid: score.grid }
    }
}

/// One instance in a session.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    pub id: MemberId,
    /// The score that it follows.
    pub score: Option<ScoreKey>,
    /// The parts of it that it follows, in order.
    pub parts: Vec<u16>,
    /// Its user agreed to a journal.
    pub journal: bool,
    /// It shares its book with others.
    pub shares: bool,
}

impl Member {
    pub fn new() -> Member {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Member { id, score: None, parts: Vec::new(), journal: false, shares: true }
    }
}

/// How many share an instance's book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Company {
    /// Instances with this book, this one included; 0 where it is not to be shared.
    pub members: usize,
    /// This one leads.
    pub leads: bool,
}

/// The sessions of this process.
#[derive(Debug, Default)]
pub(super) struct Registry {
    sessions: Mutex<Vec<Weak<Session>>>,
}

impl Registry {
    /// The one of this process; of a bundle, for each has its own copy of the library.
    pub fn of_process() -> Arc<Registry> {
        static PROCESS: LazyLock<Arc<Registry>> = LazyLock::new(Arc::default);
        PROCESS.clone()
    }

    /// A session for an instance that is new.
    pub fn enter(&self, member: Member) -> Arc<Session> {
        let session = Arc::new(Session::default());
        session.members().push(member);
        Registry::open(&mut self.locked(), &session);
        session
    }

    fn open(sessions: &mut Vec<Weak<Session>>, session: &Arc<Session>) {
        sessions.retain(|known| known.strong_count() > 0);
        sessions.push(Arc::downgrade(session));
    }

    /// The session that the instance belongs into, being what `change` makes of it, and takes part in from now on.
    pub fn place(
        &self,
        present: &Arc<Session>,
        id: MemberId,
        change: impl FnOnce(&mut Member),
    ) -> Arc<Session> {
        // Held throughout, so that two instances never move at once.
        let sessions = self.locked();
        let (member, alone) = {
            let mut members = present.members();
            let Some(member) = members.iter_mut().find(|member| member.id == id) else {
                return present.clone();
            };
            change(member);
            (member.clone(), members.len() == 1)
        };
        present.tell();
        if !alone || !member.shares {
            return present.clone();
        }
        let (own_id, is_empty) = {
            let log = present.log();
            (log.id(), log.is_empty())
        };
        let others = sessions.iter().filter_map(Weak::upgrade).filter(|other| !Arc::ptr_eq(other, present));
        let wanted = others.into_iter().find(|other| {
            let members = other.members();
            let open = !members.is_empty() && members.iter().all(|member| member.shares);
            let same_score =
                member.score.is_some() && members.iter().any(|other| other.score == member.score);
            drop(members);
            let log = other.log();
            open && (log.id() == own_id || same_score && (is_empty || log.is_empty()))
        });
        let Some(other) = wanted else { return present.clone() };
        let log = present.log().clone();
        let took = other.log().adopt(log);
        if took {
            let passes = std::mem::take(&mut *present.passes());
            other.passes().take_over(passes);
        }
        present.members().clear();
        other.members().push(member);
        other.tell();
        other
    }

    /// A session of its own for an instance that shares one, with the same book or an empty one.
    pub fn part(&self, present: &Arc<Session>, id: MemberId, keep: bool) -> Arc<Session> {
        // As in `place`: who joins meanwhile must not find the session that is being left.
        let mut sessions = self.locked();
        let mut members = present.members();
        let Some(index) = members.iter().position(|member| member.id == id) else { return present.clone() };
        let member = members.remove(index);
        drop(members);
        present.tell();
        let session = if keep { Session::holding(present.log().clone()) } else { Session::default() };
        let session = Arc::new(session);
        session.members().push(member);
        Registry::open(&mut sessions, &session);
        session
    }

    /// The instance is gone; what it led, the next leads.
    pub fn leave(&self, present: &Arc<Session>, id: MemberId) {
        let _held = self.locked();
        present.members().retain(|member| member.id != id);
        present.passes().leave(id);
        present.tell();
    }

    /// The session that a pass is entered in.
    pub fn session_of_pass(&self, pass: u64) -> Option<Arc<Session>> {
        let sessions: Vec<Arc<Session>> = self.locked().iter().filter_map(Weak::upgrade).collect();
        sessions.into_iter().find(|session| session.passes().has(pass))
    }

    fn locked(&self) -> MutexGuard<'_, Vec<Weak<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
