//! The thread that thinks: it owns the engine.

use super::bookkeeper::Bookkeeper;
use super::channel::WorkerHalf;
use super::command::Command;
use super::cue_track::CueTrack;
use super::line::{Line, Room};
use super::members::{Company, ScoreKey};
use super::remote::Remote;
use super::score_source::{LoadedScore, ScoreLoadError, ScoreSource};
use super::session::BookView;
use super::shared::{Notice, Shared};
use super::snapshot::{MESSAGES, Message, Severity, Snapshot};
use super::stream::Stream;
use crate::engine::{EngineConfig, FollowCommand};
use crate::takes::{Entry, parts_of};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Longest sleep while audio runs: it bounds the delay that the polling adds.
const NAP: Duration = Duration::from_millis(2);

/// Sleep while no audio has come for a while.
const IDLE_NAP: Duration = Duration::from_millis(20);

/// How long silence from the host lasts before the worker naps longer.
const IDLE_AFTER: Duration = Duration::from_millis(500);

/// Least time between two snapshots.
pub(super) const SNAPSHOT_EVERY: Duration = Duration::from_millis(16);

/// Least time between two times that the host is told of what is to be saved: some take down all of it each time, to undo it.
const UNSAVED_EVERY: Duration = Duration::from_secs(1);

/// Least time between two looks at the take that runs.
const LIVE_EVERY: Duration = Duration::from_millis(250);

/// How long silence from the host lasts before what it recorded is over, whatever its transport said last: its device is gone, the track
/// inactive.
const OVER_AFTER: Duration = Duration::from_secs(2);

/// An engine that failed this often since activation is not started again.
const FAILURES_AT_MOST: u32 = 5;

/// What the worker thread knows.
pub(super) struct Worker<E: Stream> {
    shared: Arc<Shared>,
    commands: crossbeam_channel::Receiver<Command>,
    config: EngineConfig,
    line: Option<Line<E>>,
    score: Option<Arc<LoadedScore>>,
    book: Bookkeeper,
    cues: CueTrack,
    remote: Remote,
    held: bool,
    range: Option<(f64, f64)>,
    /// The book as last published, and what it was made from.
    book_view: Arc<BookView>,
    book_seen: Option<[u64; 4]>,
    /// The session, and what of its news was heard.
    book_news: (usize, u64),
    /// First of those who share the book and follow its score: the cues are this one's to send.
    leads: bool,
    live: Option<Arc<Entry>>,
    live_seen: Instant,
    messages: VecDeque<Message>,
    /// Messages so far.
    said: u64,
    last_snapshot: Instant,
    last_unsaved: Option<Instant>,
    changed: bool,
    /// Something was heard since the last snapshot.
    heard: bool,
}

impl<E: Stream> Worker<E> {
    pub fn new(shared: Arc<Shared>, commands: crossbeam_channel::Receiver<Command>) -> Worker<E> {
        Worker {
            book: Bookkeeper::new(shared.clone()),
            shared,
            commands,
            config: EngineConfig::default(),
            line: None,
            score: None,
            cues: CueTrack::default(),
            remote: Remote::default(),
            held: false,
            range: None,
            book_view: Arc::default(),
            book_seen: None,
            book_news: (0, 0),
            leads: true,
            live: None,
            live_seen: Instant::now(),
            messages: VecDeque::new(),
            said: 0,
            last_snapshot: Instant::now(),
            last_unsaved: None,
            changed: true,
            heard: false,
        }
    }

    /// Works until told to stop.
    pub fn run(mut self) {
        while let Some(worked) = self.round() {
            if !worked {
                let silent = self.line.as_ref().map(|line| (line.last_audio.elapsed(), line.now_s()));
                let idle = silent.is_none_or(|(silent, _)| silent > IDLE_AFTER);
                if let Some((_, now)) = silent.filter(|(silent, _)| *silent > OVER_AFTER) {
                    self.book.idle_for_long(now);
                } else if idle {
                    self.book.idle();
                }
                std::thread::park_timeout(if idle { IDLE_NAP } else { NAP });
            }
        }
    }

    /// Does what there is to do. Whether it heard anything; `None` when it is to stop.
    pub fn round(&mut self) -> Option<bool> {
        // Audio is counted first: whatever was asked or set before it was pushed is then seen before it is heard.
        let mut available = self.line.as_mut().map_or(0, Line::available);
        while let Ok(command) = self.commands.try_recv() {
            if matches!(command, Command::Stop) {
                self.hear_of_book();
                self.end_line();
                return None;
            }
            if matches!(command, Command::Connect) {
                available = 0;
            }
            self.obey(command);
            self.changed = true;
        }
        self.hear_of_book();
        let worked = self.listen(available);
        self.shared.latency.news.pass_on();
        self.tell_unsaved();
        self.heard |= worked | self.shared.automated.swap(false, Ordering::Relaxed);
        for notice in self.shared.notices() {
            self.pass_on(notice);
        }
        self.publish();
        Some(worked)
    }

    fn tell_unsaved(&mut self) {
        let due = self.last_unsaved.is_none_or(|last| last.elapsed() >= UNSAVED_EVERY);
        if due && self.shared.unsaved.pass_on() {
            self.last_unsaved = Some(Instant::now());
        }
    }

    /// Follows what this instance, or another with the same book, changed in it.
    fn hear_of_book(&mut self) {
        let session = self.shared.session();
        let news = (Arc::as_ptr(&session) as usize, session.news());
        if self.book_news == news {
            return;
        }
        self.book_news = news;
        self.cues.set(session.log().cues().into());
        self.leads = session.leads(self.shared.member);
        self.book.reckon();
        self.changed = true;
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Connect => {
                if let Some(half) = self.shared.connections.next() {
                    self.connect(half);
                }
            }
            Command::LoadFile(path) => {
                let source = ScoreSource::from_file(&path);
                if self.load(source) {
                    self.shared.unsaved.arise();
                }
            }
            Command::LoadScore(source) => {
                self.load(Ok(source));
            }
            Command::Choose(choice) => {
                if let Some(loaded) = &self.score {
                    let source = ScoreSource { choice, ..loaded.source.clone() };
                    if self.load(Ok(source)) {
                        self.shared.unsaved.arise();
                    }
                }
            }
            Command::ForgetScore => {
                self.score = None;
                self.shared.keep_source(None);
                self.use_score();
            }
            Command::Follow(command) => self.follow(command),
            Command::Remote(settings) => {
                if let Err(error) = self.remote.configure(&settings) {
                    self.say(Severity::Error, error.to_string());
                }
            }
            Command::BookChanged => self.shared.session().tell(),
            Command::Look => {}
            Command::Report(severity, text) => self.say(severity, text),
            Command::Stop => {}
        }
    }

    /// Tells the engine whose notes and evidence count that the score is another.
    fn use_score(&mut self) {
        let score = self.score.clone();
        self.range = None;
        let followed = score.as_ref().map(|loaded| (ScoreKey::of(loaded), parts_of(&loaded.path)));
        let (key, parts) = followed.unzip();
        self.shared.place(|member| (member.score, member.parts) = (key, parts.unwrap_or_default()));
        self.book.set_score(score.clone(), key);
        self.with_engine(|engine| engine.set_score(score.map(|loaded| loaded.path.clone())));
        self.command_again();
        self.forget_place();
    }

    fn follow(&mut self, command: FollowCommand) {
        match command {
            FollowCommand::Hold(held) => self.held = held,
            FollowCommand::Restrict(range) => self.range = range,
            FollowCommand::StartAt(_) | FollowCommand::Relocate => self.cues.forget_place(),
            FollowCommand::Expect(_) => {}
        }
        self.with_engine(|engine| engine.command(command));
    }

    /// Tells an engine that was made or started anew what it was told before.
    fn command_again(&mut self) {
        let (held, range) = (self.held, self.range);
        self.with_engine(|engine| {
            if range.is_some() {
                engine.command(FollowCommand::Restrict(range));
            }
            if held {
                engine.command(FollowCommand::Hold(true));
            }
        });
    }

    /// The present line is over; what was recorded on it goes into the book.
    fn end_line(&mut self) {
        let (book, cues, remote) = (&mut self.book, &mut self.cues, &mut self.remote);
        let commands = (self.held, self.range);
        if let Some(line) = &mut self.line {
            let room = Room { path: None, book, cues, remote, commands, leads: self.leads };
            let _ = catch_unwind(AssertUnwindSafe(|| line.end(room)));
        }
    }

    fn connect(&mut self, half: WorkerHalf) {
        self.end_line();
        if half.came_to_nothing() {
            self.line = None;
            return;
        }
        self.config = self.shared.settings.load(self.config.estimator);
        self.line = Some(Line::new(half));
        self.start_engine();
    }

    /// Makes the engine for the present line, with the present score.
    fn start_engine(&mut self) {
        let Some(line) = &mut self.line else { return };
        let (config, rate_hz, score) = (&self.config, line.half.rate_hz, self.score.clone());
        let made = catch_unwind(AssertUnwindSafe(|| {
            let mut engine = E::start(config, rate_hz)?;
            engine.set_score(score.map(|loaded| loaded.path.clone()));
            Ok::<E, String>(engine)
        }));
        match made {
            Ok(Ok(engine)) => {
                line.engine = Some(engine);
                line.origin = line.now;
            }
            Ok(Err(reason)) => self.say(Severity::Error, reason),
            Err(_) => self.say(Severity::Error, format!("no engine could be started at {rate_hz} Hz")),
        }
        self.command_again();
    }

    /// Reads a score; on success, which it returns, it replaces the present one, otherwise the present one stays.
    fn load(&mut self, source: Result<ScoreSource, ScoreLoadError>) -> bool {
        let read = source.and_then(|source| {
            let name = source.name.clone();
            catch_unwind(AssertUnwindSafe(|| LoadedScore::read(source)))
                .unwrap_or(Err(ScoreLoadError::Unreadable { name, reason: "the reader failed".into() }))
        });
        match read {
            Ok(loaded) => {
                let loaded = Arc::new(loaded);
                self.shared.keep_source(Some(loaded.source.clone()));
                self.score = Some(loaded);
                // It is seen at once; the follower takes its time over a long one.
                self.range = None;
                self.forget_place();
                self.changed = true;
                self.publish();
                self.use_score();
                true
            }
            Err(error) => {
                // What would be saved must be what is followed.
                self.shared.keep_source(self.score.as_ref().map(|loaded| loaded.source.clone()));
                self.say(Severity::Error, error.to_string());
                false
            }
        }
    }

    fn forget_place(&mut self) {
        if let Some(line) = &mut self.line {
            line.report = None;
            line.sent_place = None;
        }
        self.cues.forget_place();
    }

    fn say(&mut self, severity: Severity, text: String) {
        self.pass_on(Notice { severity, text, folder: None });
    }

    fn pass_on(&mut self, notice: Notice) {
        let Notice { severity, text, folder } = notice;
        if self.messages.len() == MESSAGES {
            self.messages.pop_front();
        }
        self.said += 1;
        self.messages.push_back(Message { id: self.said, severity, text, folder });
        self.changed = true;
    }

    /// Lets `act` at the engine, if there is one; a panic ends that engine and starts another.
    fn with_engine(&mut self, act: impl FnOnce(&mut E)) {
        let Some(engine) = self.line.as_mut().and_then(|line| line.engine.as_mut()) else { return };
        if catch_unwind(AssertUnwindSafe(|| act(engine))).is_err() {
            self.recover();
        }
    }

    /// Hears `available` samples of the ring and their marks. Returns whether there was anything.
    fn listen(&mut self, available: usize) -> bool {
        let wanted = self.shared.settings.load(self.config.estimator);
        if wanted != self.config {
            self.config = wanted.clone();
            self.with_engine(|engine| engine.configure(&wanted));
        }
        let Some(line) = &mut self.line else { return false };
        self.book.configure(self.config.estimator, self.config.minimum_note_s);
        let room = Room {
            path: self.score.as_ref().map(|loaded| &*loaded.path),
            book: &mut self.book,
            cues: &mut self.cues,
            remote: &mut self.remote,
            commands: (self.held, self.range),
            leads: self.leads,
        };
        let start = Instant::now();
        let worked = available > 0 || !line.marks.is_empty();
        let heard = catch_unwind(AssertUnwindSafe(|| line.hear(available, room)));
        if available > 0 {
            line.measure_load(start.elapsed().as_secs_f64(), available);
        }
        if heard.is_err() {
            self.recover();
        }
        worked
    }

    /// After a panic: ends what sounds, says so, starts another engine unless that happened too often.
    fn recover(&mut self) {
        let Some(line) = &mut self.line else { return };
        line.end_all_notes();
        line.lift_pedal();
        self.book.end_all(line.now_s());
        line.restarts += 1;
        let (restarts, failed) = (line.restarts, line.engine.take());
        // A failed engine may fail again while it is dropped.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(failed)));
        if restarts < FAILURES_AT_MOST {
            self.say(Severity::Error, "the engine failed and was started anew; please report this".into());
            self.start_engine();
        } else {
            self.say(Severity::Error, "the engine failed again and again, and is now stopped".into());
        }
    }

    /// Publishes a snapshot if somebody looks, or something changed.
    fn publish(&mut self) {
        // An open editor is told of what is new, and looks then; others look when they like.
        let wanted = || match self.shared.watch.is_watched() {
            true => self.heard || self.book_seen != Some(self.book_now()),
            false => self.shared.looked_at(),
        };
        let due = self.last_snapshot.elapsed() >= SNAPSHOT_EVERY && wanted();
        if !due && !self.changed {
            return;
        }
        (self.changed, self.heard) = (false, false);
        self.last_snapshot = Instant::now();
        let mut snapshot = Snapshot {
            messages: self.messages.iter().cloned().collect(),
            score: self.score.clone(),
            book: self.look_at_book(),
            live: self.live.clone(),
            armed: self.shared.armed(),
            held: self.held,
            range: self.range,
            company: self.company(),
            ..Snapshot::default()
        };
        if let Some(line) = &mut self.line {
            line.describe(&mut snapshot);
        }
        self.shared.publish(snapshot);
    }

    fn company(&self) -> Company {
        let session = self.shared.session();
        let members = session.members();
        let shares = members.iter().any(|member| member.id == self.shared.member && member.shares);
        Company { members: if shares { members.len() } else { 0 }, leads: self.leads }
    }

    /// What tells one state of the book from another.
    fn book_now(&self) -> [u64; 4] {
        self.shared.session().state(self.score.as_ref().map_or(0, |loaded| loaded.grid))
    }

    /// The book as it stands; made anew only where something in it changed.
    fn look_at_book(&mut self) -> Arc<BookView> {
        let grid = self.score.as_ref().map_or(0, |loaded| loaded.grid);
        let seen = Some(self.book_now());
        if self.book_seen != seen {
            self.book_seen = seen;
            self.book_view = Arc::new(self.shared.session().view(grid));
            self.cues.set(self.book_view.cues.clone());
        }
        let now = self.line.as_ref().map(Line::now_s);
        if self.live_seen.elapsed() >= LIVE_EVERY || self.live.is_none() {
            self.live_seen = Instant::now();
            self.live = now.and_then(|now| self.book.live(now)).map(Arc::new);
        }
        self.book_view.clone()
    }
}
