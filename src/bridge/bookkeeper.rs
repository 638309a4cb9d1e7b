//! The worker's part of the book: when a take runs, what was heard in it, and a live estimate of it.

use super::live_take::LiveTake;
use super::members::ScoreKey;
use super::second_pass::{Ended, Job, SecondPassThread};
use super::shared::Shared;
use super::transport::TransportMark;
use super::{HostTransport, LoadedScore, Severity};
use crate::engine::{EngineEvent, EstimatorKind};
use crate::performance::{NoteEvent, PositionReport, Take};
use crate::takes::{Contribution, Entry, Recorded, Remarks};
use crate::units::Seconds;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Shorter spans of a running transport are no takes: somebody looked for a place.
const SHORTEST_S: f64 = 1.0;
/// A take is cut here and goes on as the next, so that memory stays bounded.
const LONGEST_S: f64 = 4.0 * 3600.0;
/// How long after a take's end the engine may still have notes of it, beyond the shortest note's length.
const SETTLE_S: f64 = 0.3;
/// Without a transport: the pause that ends a take, and what is kept of the time before its first note.
const FREE_PAUSE_S: f64 = 4.0;
const FREE_LEAD_S: f64 = 0.5;
/// Events kept while nothing runs, so that a take can begin a little before its first note was known.
const LEAD_EVENTS: usize = 160;

/// What set a take off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// The host records.
    Recording,
    /// The host plays, and never said that it records.
    Playing,
    /// The host has no transport: somebody plays.
    Sound,
}

/// A take that runs, or whose last notes are awaited. Times are stream time.
struct Running {
    /// The pass that it is part of.
    id: u64,
    cause: Cause,
    start: Seconds,
    /// The engine's time 0 in stream time.
    origin: Seconds,
    end: Option<Seconds>,
    host_start: Option<i64>,
    rate_hz: f64,
    began_unix_s: u64,
    score: Option<Arc<LoadedScore>>,
    notes: usize,
    sounding: usize,
    last_sound: Seconds,
    live: LiveTake,
}

/// Keeps the book up to date from the worker's side.
pub(super) struct Bookkeeper {
    shared: Arc<Shared>,
    passes: Option<SecondPassThread>,
    score: Option<Arc<LoadedScore>>,
    key: Option<ScoreKey>,
    estimator: EstimatorKind,
    host: HostTransport,
    /// A position of the host that runs, and the stream time where it was.
    anchor: Option<(i64, Seconds)>,
    /// The host said once that it records: from then on only that makes takes.
    records: bool,
    running: Option<Running>,
    closing: Vec<Running>,
    lead: VecDeque<EngineEvent>,
    settle_s: f64,
}

impl Bookkeeper {
    pub fn new(shared: Arc<Shared>) -> Bookkeeper {
        Bookkeeper {
            shared,
            passes: None,
            score: None,
            key: None,
            estimator: EstimatorKind::default(),
            host: HostTransport::default(),
            anchor: None,
            records: false,
            running: None,
            closing: Vec::new(),
            lead: VecDeque::new(),
            settle_s: SETTLE_S,
        }
    }

    /// Takes the engine's settings that matter here.
    pub fn configure(&mut self, estimator: EstimatorKind, minimum_note_s: f32) {
        self.estimator = estimator;
        self.settle_s = SETTLE_S + f64::from(minimum_note_s);
    }

    /// Takes another score. A take that runs goes on with the one it began with.
    pub fn set_score(&mut self, score: Option<Arc<LoadedScore>>, key: Option<ScoreKey>) {
        (self.score, self.key) = (score, key);
        self.reckon();
    }

    /// Has the coverage reckoned anew, after a change of the log.
    pub fn reckon(&mut self) {
        if self.passes.is_none() && self.score.is_none() && self.shared.journal().is_none() {
            return;
        }
        self.send(Job::Reckon { score: self.score.clone() });
    }

    /// The engine's evidence has a reader.
    pub fn is_listening(&self) -> bool {
        self.running.is_some() || !self.closing.is_empty()
    }

    /// The transport changed at stream time `now`.
    pub fn transport(&mut self, mark: TransportMark, now: Seconds, origin: Seconds, rate_hz: f64) {
        let host = mark.host;
        if host.recording && host.playing && !self.records {
            self.records = true;
            // What ran before the host first recorded was a pre-roll, or a look at the session.
            if self.running.as_ref().is_some_and(|running| running.cause != Cause::Recording)
                && let Some(running) = self.running.take()
            {
                self.forget(running.id);
            }
        }
        self.host = host;
        self.anchor = host.position.filter(|_| host.playing).map(|position| (position, now));
        let wanted = self.wanted();
        let goes_on = !mark.jumped && self.running.as_ref().map(|running| running.cause) == wanted;
        // Without a transport a take begins with its first note.
        let starts = wanted.filter(|cause| *cause != Cause::Sound);
        if !goes_on {
            self.end_running(now);
            if let Some(cause) = starts {
                self.begin(cause, now, origin, rate_hz);
            }
        }
    }

    /// Where the take that the transport just began will start, if an earlier one lies there on the host's timeline.
    pub fn expected_start(&self) -> Option<f64> {
        let (running, score) = (self.running.as_ref()?, self.score.as_ref()?);
        let host_s = running.host_start? as f64 / running.rate_hz;
        self.shared.session().place_at(host_s, score.grid)
    }

    /// What should make a take now.
    fn wanted(&self) -> Option<Cause> {
        if !self.shared.armed() {
            return None;
        }
        match self.host {
            HostTransport { known: false, .. } => Some(Cause::Sound),
            HostTransport { playing: false, .. } => None,
            HostTransport { recording: true, .. } => Some(Cause::Recording),
            _ if self.records => None,
            _ => Some(Cause::Playing),
        }
    }

    /// Takes what the engine said; `now` is the stream time up to which it heard.
    pub fn hear(&mut self, events: &mut Vec<EngineEvent>, now: Seconds, origin: Seconds, rate_hz: f64) {
        self.follow_arming(now, origin, rate_hz);
        if self.running.is_none() && self.wanted() == Some(Cause::Sound) {
            self.wait_for_sound(events, now, origin, rate_hz);
        }
        for take in self.closing.iter_mut().chain(&mut self.running) {
            let heard: Vec<EngineEvent> = events.iter().filter_map(|event| take.part_of(event)).collect();
            if !heard.is_empty() {
                let job = Job::Hear { id: take.id, events: heard };
                if !self.passes.as_ref().is_some_and(|passes| passes.send(job)) {
                    self.shared.no_second_pass();
                }
            }
        }
        events.clear();
        if let Some(running) = &self.running {
            let silent = running.sounding == 0 && now.0 - running.last_sound.0 > FREE_PAUSE_S;
            if running.cause == Cause::Sound && silent {
                let end = Seconds(running.last_sound.0 + FREE_LEAD_S);
                self.end_running(end);
            } else if now.0 - running.start.0 > LONGEST_S {
                let cause = running.cause;
                self.end_running(now);
                self.begin(cause, now, origin, rate_hz);
            }
        }
        self.close_settled(Some(now));
    }

    /// Takes one report of the follower, for the live estimate. Its time is stream time.
    pub fn follow(&mut self, report: &PositionReport) {
        if let Some(running) = &mut self.running
            && let (Some(score), Some(followed)) = (&running.score, &self.score)
            && Arc::ptr_eq(score, followed)
        {
            running.live.follow(report, &score.path);
        }
    }

    /// The engine is lost, or the stream ends: what runs is over.
    pub fn end_all(&mut self, now: Seconds) {
        self.end_running(now);
        self.close_settled(None);
        self.lead.clear();
    }

    /// The stream starts anew: what runs is over, and the host is about to say where it is.
    pub fn restart(&mut self, now: Seconds) {
        self.end_all(now);
        self.anchor = None;
    }

    /// No audio has come for a while, so nothing more of what is over will come either.
    pub fn idle(&mut self) {
        if !self.closing.is_empty() {
            self.close_settled(None);
        }
    }

    /// None has come for so long that what runs is over. If it comes again, so does another take.
    pub fn idle_for_long(&mut self, now: Seconds) {
        if self.is_listening() {
            self.end_all(now);
        }
    }

    /// The take that runs, as far as it is known.
    pub fn live(&self, now: Seconds) -> Option<Entry> {
        let running = self.running.as_ref()?;
        let session = self.shared.session();
        let known = session.passes().number(running.id);
        let number = known.unwrap_or_else(|| session.log().next_number());
        let recorded = Arc::new(running.estimate(now));
        Some(Entry { number, recorded, remarks: Remarks::default() })
    }

    /// Arming and disarming take effect at once.
    fn follow_arming(&mut self, now: Seconds, origin: Seconds, rate_hz: f64) {
        match (self.wanted(), &self.running) {
            (None, Some(_)) => self.end_running(now),
            (Some(cause @ (Cause::Recording | Cause::Playing)), None) => {
                self.begin(cause, now, origin, rate_hz);
            }
            _ => {}
        }
    }

    /// Keeps the last second until a note begins, and then begins a take with it.
    fn wait_for_sound(&mut self, events: &mut Vec<EngineEvent>, now: Seconds, origin: Seconds, rate_hz: f64) {
        let first = events.iter().find_map(|event| match event {
            EngineEvent::Note(NoteEvent::On { at, .. }) => Some(*at + origin),
            _ => None,
        });
        let told = |event: &EngineEvent| !matches!(event, EngineEvent::Position(_) | EngineEvent::Gap { .. });
        self.lead.extend(events.drain(..).filter(told));
        if let Some(first) = first {
            events.extend(self.lead.drain(..));
            let start = Seconds((first.0 - FREE_LEAD_S).max(origin.0).min(now.0));
            self.begin(Cause::Sound, start, origin, rate_hz);
        }
        while self.lead.len() > LEAD_EVENTS {
            self.lead.pop_front();
        }
    }

    fn begin(&mut self, cause: Cause, start: Seconds, origin: Seconds, rate_hz: f64) {
        let since = |at: Seconds| ((start.0 - at.0) * rate_hz).round() as i64;
        let host_start = self.anchor.map(|(position, at)| position.saturating_add(since(at)));
        // Without a transport nobody knows what others hear meanwhile.
        let place_s = host_start.filter(|_| cause != Cause::Sound).map(|at| at as f64 / rate_hz);
        let id = self.shared.session().passes().begin(self.shared.member, self.key, place_s);
        let began_unix_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        self.send(Job::Begin { id, score: self.score.clone(), estimator: self.estimator });
        self.running = Some(Running {
            id,
            cause,
            start,
            origin,
            end: None,
            host_start,
            rate_hz,
            began_unix_s,
            score: self.score.clone(),
            notes: 0,
            sounding: 0,
            last_sound: start,
            live: LiveTake::default(),
        });
    }

    fn end_running(&mut self, end: Seconds) {
        if let Some(mut running) = self.running.take() {
            running.end = Some(end);
            self.closing.push(running);
        }
    }

    /// Closes the takes of which nothing more will come; all of them if `now` is not given.
    fn close_settled(&mut self, now: Option<Seconds>) {
        let settle_s = self.settle_s;
        let settled =
            |take: &mut Running| now.is_none_or(|now| take.end.is_none_or(|end| now.0 >= end.0 + settle_s));
        let over: Vec<Running> = self.closing.extract_if(.., settled).collect();
        for take in over {
            let end = take.end.unwrap_or(take.start);
            let long = end.0 - take.start.0 >= SHORTEST_S;
            if !long || take.notes == 0 && take.cause != Cause::Recording {
                self.forget(take.id);
                continue;
            }
            let known = take.estimate(end);
            let heard = Contribution::new(known.clone(), take.score.as_ref().map(|score| &*score.path));
            match self.shared.session().close_pass(self.shared.member, take.id, heard) {
                Ok(_) => {
                    self.shared.unsaved.arise();
                    let ended = Ended {
                        start: take.start - take.origin,
                        end: end - take.origin,
                        by_transport: take.cause != Cause::Sound,
                        known,
                    };
                    self.send(Job::End { id: take.id, ended: Box::new(ended) });
                }
                Err(error) => {
                    self.forget(take.id);
                    self.shared.notice(Severity::Error, error.to_string());
                }
            }
        }
    }

    /// A pass was no take.
    fn forget(&mut self, id: u64) {
        self.shared.session().forget_pass(self.shared.member, id);
        self.send(Job::Forget { id });
    }

    fn send(&mut self, job: Job) {
        let shared = &self.shared;
        let passes = self.passes.get_or_insert_with(|| SecondPassThread::start(shared.clone()));
        if !passes.send(job) {
            self.shared.no_second_pass();
        }
    }
}

impl Running {
    /// The event, if it belongs to this take.
    fn part_of(&mut self, event: &EngineEvent) -> Option<EngineEvent> {
        let within = |at: Seconds| {
            let at = at.0 + self.origin.0;
            at >= self.start.0 && self.end.is_none_or(|end| at < end.0)
        };
        match event {
            EngineEvent::Evidence(frame) | EngineEvent::Hindsight(frame) => {
                within(frame.frame.seconds()).then(|| event.clone())
            }
            EngineEvent::Intonation { at, .. } => within(*at).then(|| event.clone()),
            EngineEvent::Note(NoteEvent::On { at, .. }) => {
                if !within(*at) {
                    return None;
                }
                self.notes += 1;
                self.sounding += 1;
                self.last_sound = *at + self.origin;
                Some(event.clone())
            }
            EngineEvent::Note(NoteEvent::Off { at, .. }) => {
                self.sounding = self.sounding.saturating_sub(1);
                self.last_sound = Seconds(self.last_sound.0.max(at.0 + self.origin.0));
                Some(event.clone())
            }
            _ => None,
        }
    }

    /// What is known of it while, or as soon as, it is played.
    fn estimate(&self, end: Seconds) -> Recorded {
        let host_start_s = self.host_start.map(|position| position as f64 / self.rate_hz);
        let mut take = Take::plain(self.start, Seconds(end.0.max(self.start.0)));
        self.live.describe(&mut take, self.score.as_ref().map(|score| &*score.path));
        let mut recorded = Recorded {
            take,
            notes: Vec::new(),
            rate_hz: self.rate_hz,
            host_start_s,
            began_unix_s: self.began_unix_s,
            grid: self.score.as_ref().map_or(0, |score| score.grid),
            exact: false,
        };
        recorded.shift(-self.start.0);
        recorded
    }
}
