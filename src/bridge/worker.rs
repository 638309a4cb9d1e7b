//! The thread that thinks: it owns the engine.

use super::channel::{Mark, MarkAt, ReadyEvent, ReadyKind, WorkerHalf};
use super::command::Command;
use super::heard::Heard;
use super::instance::Shared;
use super::score_source::{LoadedScore, ScoreLoadError, ScoreSource};
use super::snapshot::{MESSAGES, Message, Overload, Place, Severity, Snapshot};
use super::stream::Stream;
use crate::engine::{EngineConfig, EngineEvent};
use crate::performance::{FollowState, NoteEvent, PositionReport};
use crate::score::PlayingPath;
use crate::units::{Pitch, SampleIndex, Seconds};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Samples given to the engine at once.
const CHUNK: usize = 2048;

/// Longest sleep while audio runs: it bounds the delay that the polling adds.
const NAP: Duration = Duration::from_millis(2);

/// Sleep while no audio has come for a while.
const IDLE_NAP: Duration = Duration::from_millis(20);

/// How long silence from the host lasts before the worker naps longer.
const IDLE_AFTER: Duration = Duration::from_millis(500);

/// Least time between two snapshots.
const SNAPSHOT_EVERY: Duration = Duration::from_millis(16);

/// An engine that failed this often since activation is not started again.
const FAILURES_AT_MOST: u32 = 5;

/// What the worker thread knows.
pub(super) struct Worker<E: Stream> {
    shared: Arc<Shared>,
    commands: crossbeam_channel::Receiver<Command>,
    config: EngineConfig,
    line: Option<Line<E>>,
    score: Option<Arc<LoadedScore>>,
    messages: VecDeque<Message>,
    /// Messages so far.
    said: u64,
    last_snapshot: Instant,
    changed: bool,
}

/// One activation: rings, engine, and where the stream is.
struct Line<E> {
    half: WorkerHalf,
    engine: Option<E>,
    restarts: u32,
    epoch: u32,
    /// Samples taken from the ring since it was made.
    position: u64,
    /// Stream time in samples since the last restart.
    now: u64,
    /// Stream time at which the engine was started: its own time counts from there.
    origin: u64,
    marks: VecDeque<MarkAt>,
    /// Ready events that the ring had no room for.
    backlog: VecDeque<ReadyEvent>,
    /// Keys that were reported as struck and not yet as ended.
    sounding: [bool; 128],
    report: Option<PositionReport>,
    /// Path step and quarter last sent.
    sent_place: Option<(u32, u8)>,
    heard: Heard,
    events: Vec<EngineEvent>,
    chunk: Vec<f32>,
    busy_s: f64,
    load: f32,
    last_audio: Instant,
}

impl<E: Stream> Worker<E> {
    pub fn new(shared: Arc<Shared>, commands: crossbeam_channel::Receiver<Command>) -> Worker<E> {
        Worker {
            shared,
            commands,
            config: EngineConfig::default(),
            line: None,
            score: None,
            messages: VecDeque::new(),
            said: 0,
            last_snapshot: Instant::now(),
            changed: true,
        }
    }

    /// Works until told to stop.
    pub fn run(mut self) {
        loop {
            // Audio is counted first: whatever was asked or set before it was pushed is then seen before it is heard.
            let mut available = self.line.as_mut().map_or(0, Line::available);
            while let Ok(command) = self.commands.try_recv() {
                if matches!(command, Command::Stop) {
                    return;
                }
                if matches!(command, Command::Connect(_)) {
                    available = 0;
                }
                self.obey(command);
                self.changed = true;
            }
            let worked = self.listen(available);
            self.publish();
            if !worked {
                let idle = self.line.as_ref().is_none_or(|line| line.last_audio.elapsed() > IDLE_AFTER);
                std::thread::park_timeout(if idle { IDLE_NAP } else { NAP });
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Connect(half) => self.connect(half),
            Command::LoadFile(path) => {
                let source = ScoreSource::from_file(&path);
                self.load(source);
            }
            Command::LoadScore(source) => self.load(Ok(source)),
            Command::ForgetScore => {
                self.score = None;
                self.shared.keep_source(None);
                self.with_engine(|engine| engine.set_score(None));
                self.forget_place();
            }
            Command::Follow(command) => self.with_engine(|engine| engine.command(command)),
            Command::Report(severity, text) => self.say(severity, text),
            Command::Stop => {}
        }
    }

    fn connect(&mut self, half: WorkerHalf) {
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
    }

    /// Reads a score; on success it replaces the present one, otherwise the present one stays.
    fn load(&mut self, source: Result<ScoreSource, ScoreLoadError>) {
        let read = source.and_then(|source| {
            let name = source.name.clone();
            catch_unwind(AssertUnwindSafe(|| LoadedScore::read(source)))
                .unwrap_or(Err(ScoreLoadError::Unreadable { name, reason: "the reader failed".into() }))
        });
        match read {
            Ok(loaded) => {
                let loaded = Arc::new(loaded);
                self.shared.keep_source(Some(loaded.source.clone()));
                self.score = Some(loaded.clone());
                self.with_engine(|engine| engine.set_score(Some(loaded.path.clone())));
                self.forget_place();
            }
            Err(error) => {
                // What would be saved must be what is followed.
                self.shared.keep_source(self.score.as_ref().map(|loaded| loaded.source.clone()));
                self.say(Severity::Error, error.to_string());
            }
        }
    }

    fn forget_place(&mut self) {
        if let Some(line) = &mut self.line {
            line.report = None;
            line.sent_place = None;
        }
    }

    fn say(&mut self, severity: Severity, text: String) {
        if self.messages.len() == MESSAGES {
            self.messages.pop_front();
        }
        self.said += 1;
        self.messages.push_back(Message { id: self.said, severity, text });
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
        let path = self.score.as_ref().map(|loaded| &*loaded.path);
        let start = Instant::now();
        let worked = available > 0 || !line.marks.is_empty();
        let heard = catch_unwind(AssertUnwindSafe(|| line.hear(available, path)));
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
        let due = self.last_snapshot.elapsed() >= SNAPSHOT_EVERY && self.shared.looked_at();
        if !due && !self.changed {
            return;
        }
        self.changed = false;
        self.last_snapshot = Instant::now();
        let mut snapshot = Snapshot {
            messages: self.messages.iter().cloned().collect(),
            score: self.score.clone(),
            ..Snapshot::default()
        };
        if let Some(line) = &mut self.line {
            line.describe(&mut snapshot);
        }
        self.shared.publish(snapshot);
    }
}

impl<E: Stream> Line<E> {
    fn new(half: WorkerHalf) -> Line<E> {
        let heard = Heard::new(half.rate_hz);
        Line {
            half,
            engine: None,
            restarts: 0,
            epoch: 0,
            position: 0,
            now: 0,
            origin: 0,
            marks: VecDeque::new(),
            backlog: VecDeque::new(),
            sounding: [false; 128],
            report: None,
            sent_place: None,
            heard,
            events: Vec::new(),
            chunk: vec![0.0; CHUNK],
            busy_s: 0.0,
            load: 0.0,
            last_audio: Instant::now(),
        }
    }

    /// Samples in the ring; every mark that comes before the last of them is in [`Line::marks`] afterwards.
    fn available(&mut self) -> usize {
        // Samples first: a mark goes into its ring before the samples that follow it.
        let available = self.half.samples.slots();
        while let Ok(mark) = self.half.marks.pop() {
            self.marks.push_back(mark);
        }
        available
    }

    /// Hears `available` samples and the marks among them.
    fn hear(&mut self, available: usize, path: Option<&PlayingPath>) {
        let end = self.position + available as u64;
        self.skip_what_was_restarted();
        while self.position < end || self.marks.front().is_some_and(|mark| mark.position == self.position) {
            match self.marks.front().copied() {
                Some(MarkAt { position, mark }) if position == self.position => {
                    self.marks.pop_front();
                    self.pass_mark(mark, path);
                }
                next => {
                    let until = next.map_or(end, |mark| mark.position.min(end));
                    self.hear_chunk(((until - self.position) as usize).min(CHUNK), path);
                }
            }
        }
        self.flush_backlog();
    }

    /// Nobody waits for what came before the last restart.
    fn skip_what_was_restarted(&mut self) {
        let restart = self.marks.iter().rposition(|mark| matches!(mark.mark, Mark::Restart { .. }));
        let Some(index) = restart else { return };
        let position = self.marks[index].position;
        self.marks.drain(..index);
        let skipped = (position - self.position) as usize;
        if let Ok(chunk) = self.half.samples.read_chunk(skipped) {
            chunk.commit_all();
        }
        self.position = position;
        self.half.tally.done.store(self.position, Ordering::Release);
    }

    fn pass_mark(&mut self, mark: Mark, path: Option<&PlayingPath>) {
        match mark {
            Mark::Restart { epoch } => {
                self.epoch = epoch;
                self.now = 0;
                self.origin = 0;
                self.sounding = [false; 128];
                self.backlog.clear();
                self.report = None;
                self.sent_place = None;
                self.heard.restart();
                if let Some(engine) = &mut self.engine {
                    engine.reset();
                }
            }
            Mark::Gap { missing } => {
                self.now += missing;
                self.events.clear();
                if let Some(engine) = &mut self.engine {
                    engine.gap(missing, &mut self.events);
                }
                self.pass_events(path);
            }
        }
    }

    fn hear_chunk(&mut self, length: usize, path: Option<&PlayingPath>) {
        let chunk = &mut self.chunk[..length];
        if self.half.samples.pop_entire_slice(chunk).is_err() {
            unreachable!("{length} samples were in the ring, and only this end takes them");
        }
        self.position += length as u64;
        self.now += length as u64;
        self.last_audio = Instant::now();
        self.heard.level_of(chunk);
        self.events.clear();
        if let Some(engine) = &mut self.engine {
            engine.push(chunk, &mut self.events);
        }
        self.pass_events(path);
        self.flush_backlog();
        self.half.tally.done.store(self.position, Ordering::Release);
    }

    /// Sorts what the engine said: notes and places to the audio thread, all to the snapshot.
    fn pass_events(&mut self, path: Option<&PlayingPath>) {
        let events = std::mem::take(&mut self.events);
        let origin = SampleIndex(self.origin).seconds(self.half.rate_hz);
        for event in &events {
            match event {
                EngineEvent::Note(note) => self.pass_note(*note, origin),
                EngineEvent::Position(report) => {
                    self.pass_position(PositionReport { at: report.at + origin, ..*report }, path);
                }
                EngineEvent::Evidence(_) | EngineEvent::Gap { .. } => {}
            }
        }
        self.events = events;
    }

    fn pass_note(&mut self, note: NoteEvent, origin: Seconds) {
        let (at, emitted, kind) = match note {
            NoteEvent::On { pitch, velocity, at, emitted } => {
                let Some(sounding) = self.sounding.get_mut(usize::from(pitch.0)) else { return };
                *sounding = true;
                self.heard.start(pitch, velocity, at + origin, self.report.and_then(|report| report.beat));
                (at, emitted, ReadyKind::NoteOn { pitch: pitch.0, velocity })
            }
            NoteEvent::Off { pitch, at, emitted } => {
                let Some(sounding) = self.sounding.get_mut(usize::from(pitch.0)) else { return };
                *sounding = false;
                self.heard.end(pitch, at + origin);
                (at, emitted, ReadyKind::NoteOff { pitch: pitch.0 })
            }
            NoteEvent::Pedal { down, at, emitted } => (at, emitted, ReadyKind::Pedal { down }),
        };
        self.send(at + origin, emitted + origin, kind);
    }

    fn pass_position(&mut self, report: PositionReport, path: Option<&PlayingPath>) {
        self.report = Some(report);
        let (FollowState::Following, Some(beat), Some(path)) = (report.state, report.beat, path) else {
            return;
        };
        let Some(step) = path.step_at(beat) else { return };
        let quarter = (beat - path.steps[step].start.to_f64()).clamp(0.0, 126.0) as u8 + 1;
        let place = (step as u32 + 1, quarter);
        if self.sent_place != Some(place) {
            self.sent_place = Some(place);
            self.send(report.at, report.at, ReadyKind::Place { measure: place.0, beat: place.1 });
        }
    }

    fn send(&mut self, at: Seconds, emitted: Seconds, kind: ReadyKind) {
        let rate_hz = self.half.rate_hz;
        self.backlog.push_back(ReadyEvent {
            epoch: self.epoch,
            at: at.sample(rate_hz).0,
            emitted: emitted.sample(rate_hz).0,
            kind,
        });
    }

    fn flush_backlog(&mut self) {
        while let Some(event) = self.backlog.pop_front() {
            if self.half.events.push(event).is_err() {
                self.backlog.push_front(event);
                return;
            }
        }
    }

    /// Ends every note that was reported as struck.
    fn end_all_notes(&mut self) {
        let now = Seconds(self.now as f64 / self.half.rate_hz);
        for pitch in 0..128u8 {
            if std::mem::take(&mut self.sounding[usize::from(pitch)]) {
                self.heard.end(Pitch(pitch), now);
                self.send(now, now, ReadyKind::NoteOff { pitch });
            }
        }
        self.flush_backlog();
        self.half.tally.done.store(self.position, Ordering::Release);
    }

    /// Smooths, over about a second of audio, the share of time that hearing takes.
    fn measure_load(&mut self, busy_s: f64, samples: usize) {
        let audio_s = samples as f64 / self.half.rate_hz;
        let keep = (-audio_s).exp();
        self.busy_s = self.busy_s * keep + busy_s * (1.0 - keep) / audio_s.max(1e-9);
        self.load = self.busy_s as f32;
    }

    fn describe(&mut self, snapshot: &mut Snapshot) {
        let tally = &self.half.tally;
        snapshot.rate_hz = self.half.rate_hz;
        snapshot.now = Seconds(self.now as f64 / self.half.rate_hz);
        snapshot.position = self.report;
        snapshot.place = self
            .report
            .and_then(|report| report.beat)
            .zip(snapshot.score.as_ref())
            .and_then(|(beat, loaded)| Place::on(&loaded.score.path, beat));
        snapshot.notes = self.heard.notes(snapshot.now);
        snapshot.level = self.heard.level();
        snapshot.load = self.load;
        snapshot.overload = Overload {
            dropped_samples: tally.dropped.load(Ordering::Relaxed),
            invalid_samples: tally.invalid.load(Ordering::Relaxed),
            late_events: tally.late.load(Ordering::Relaxed),
            restarts: self.restarts,
        };
    }
}
