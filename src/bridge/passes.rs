//! Passes of the host's transport, each heard by one instance or by several: what each heard of it makes one take.

use super::members::{MemberId, ScoreKey};
use super::session::Session;
use crate::takes::{Contribution, LogError, Recorded, merged};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Farthest apart that the beginnings of one pass lie on the host's timeline, in seconds.
const SAME_PLACE_S: f64 = 0.05;
/// How long after another began a pass that an instance may still begin to hear it: its worker may be behind by as much
/// audio as waits for it.
const SAME_TIME: Duration = Duration::from_secs(8);
/// Passes kept at most, beyond those that are needed.
const KEPT: usize = 256;

/// What is known of one who hears a pass.
#[derive(Debug)]
struct Listener {
    id: MemberId,
    /// It hears it still.
    hears: bool,
    /// It may still come to know better.
    pending: bool,
    contribution: Option<Contribution>,
}

/// One pass.
#[derive(Debug)]
struct Pass {
    id: u64,
    score: Option<ScoreKey>,
    /// Where it began on the host's timeline; without a place nobody else hears it.
    host_start_s: Option<f64>,
    began: Instant,
    listeners: Vec<Listener>,
    /// The number of its take, once it has one.
    number: Option<u32>,
}

impl Pass {
    fn is_heard_by(&self, id: MemberId) -> bool {
        self.listeners.iter().any(|listener| listener.id == id)
    }

    /// Whether an instance that now begins to hear at `host_s` hears this pass.
    fn is_at(&self, host_s: f64) -> bool {
        let Some(start_s) = self.host_start_s else { return false };
        let running = self.listeners.iter().any(|listener| listener.hears);
        let same_place = (start_s - host_s).abs() <= SAME_PLACE_S;
        same_place && (running || self.began.elapsed() < SAME_TIME) || running && host_s > start_s
    }

    fn is_over(&self) -> bool {
        self.listeners.iter().all(|listener| !listener.hears && !listener.pending)
    }
}

/// The passes of a session, in the order in which they began.
#[derive(Debug, Default)]
pub(super) struct Passes {
    all: Vec<Pass>,
}

impl Passes {
    /// `id` begins to hear a pass, at this place of the host's timeline where it has one; returns the pass's number.
    pub fn begin(&mut self, id: MemberId, score: Option<ScoreKey>, host_start_s: Option<f64>) -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        self.all.retain(|pass| !pass.is_over() || pass.began.elapsed() < SAME_TIME);
        let surplus = (self.all.len() + 1).saturating_sub(KEPT);
        self.all.drain(..surplus);
        let listener = Listener { id, hears: true, pending: true, contribution: None };
        let known = self.all.iter_mut().find(|pass| {
            pass.score == score
                && !pass.is_heard_by(id)
                && host_start_s.is_some_and(|host_s| pass.is_at(host_s))
        });
        if let Some(pass) = known {
            pass.listeners.push(listener);
            return pass.id;
        }
        let pass = Pass {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            score,
            host_start_s,
            began: Instant::now(),
            listeners: vec![listener],
            number: None,
        };
        let number = pass.id;
        self.all.push(pass);
        number
    }

    /// Whether this pass is one of them.
    pub fn has(&self, pass: u64) -> bool {
        self.all.iter().any(|known| known.id == pass)
    }

    /// The number of a pass's take, once it has one.
    pub fn number(&self, pass: u64) -> Option<u32> {
        self.all.iter().find(|known| known.id == pass)?.number
    }

    /// Takes in the passes of a session that was merged into this one.
    pub fn take_over(&mut self, mut others: Passes) {
        self.all.append(&mut others.all);
    }

    /// The numbers of takes mean others now.
    pub fn forget(&mut self) {
        self.all.clear();
    }

    /// An instance is gone.
    pub fn leave(&mut self, id: MemberId) {
        let listeners = self.all.iter_mut().flat_map(|pass| &mut pass.listeners);
        listeners.filter(|listener| listener.id == id).for_each(|listener| {
            (listener.hears, listener.pending) = (false, false);
        });
    }
}

impl Session {
    /// What an instance heard of a pass, as far as it is known when it is over; the number of its take.
    ///
    /// # Errors
    /// [`LogError::Full`].
    pub fn close_pass(&self, id: MemberId, pass: u64, heard: Contribution) -> Result<u32, LogError> {
        self.contribute(id, pass, Some(heard), true).map(|number| number.unwrap_or_default())
    }

    /// What a second hearing found; nothing, if it was no take.
    pub fn improve_pass(&self, id: MemberId, pass: u64, heard: Option<Contribution>) {
        if self.passes().has(pass) {
            // A pass that has its take needs no room for another.
            let _ = self.contribute(id, pass, heard, false);
        }
    }

    fn contribute(
        &self,
        id: MemberId,
        pass: u64,
        heard: Option<Contribution>,
        pending: bool,
    ) -> Result<Option<u32>, LogError> {
        let order: Vec<MemberId> = self.members().iter().map(|member| member.id).collect();
        let mut passes = self.passes();
        let known = passes.all.iter().position(|known| known.id == pass);
        // A pass that began in another session is this one's own.
        let index = known.unwrap_or_else(|| {
            let (listeners, began) = (Vec::new(), Instant::now());
            passes.all.push(Pass {
                id: pass,
                score: None,
                host_start_s: None,
                began,
                listeners,
                number: None,
            });
            passes.all.len() - 1
        });
        let known = &mut passes.all[index];
        known.listeners.retain(|listener| listener.id != id);
        known.listeners.push(Listener { id, hears: false, pending, contribution: heard });
        let rank = |listener: &Listener| order.iter().position(|member| *member == listener.id);
        // Who leads comes first; who is gone, last.
        known.listeners.sort_by_key(|listener| rank(listener).unwrap_or(usize::MAX));
        let heard: Vec<&Contribution> =
            known.listeners.iter().filter_map(|listener| listener.contribution.as_ref()).collect();
        let take: Option<Recorded> = merged(&heard, order.len() < 2);
        let mut log = self.log();
        known.number = match (take, known.number) {
            (Some(take), Some(number)) => {
                log.replace(number, take);
                Some(number)
            }
            (Some(take), None) => Some(log.add(take)?),
            (None, number) => {
                if let Some(number) = number {
                    log.withdraw(number);
                }
                None
            }
        };
        Ok(known.number)
    }

    /// A pass was no take for this instance.
    pub fn forget_pass(&self, id: MemberId, pass: u64) {
        self.improve_pass(id, pass, None);
    }
}
