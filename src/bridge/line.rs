//! One activation: the worker's side of the rings, and the engine that hears what comes through them.

use super::bookkeeper::Bookkeeper;
use super::channel::{Mark, MarkAt, ReadyEvent, ReadyKind, WorkerHalf};
use super::cue_track::CueTrack;
use super::heard::Heard;
use super::remote::Remote;
use super::snapshot::{Overload, Place, Snapshot};
use super::stream::Stream;
use crate::engine::{EngineEvent, FollowCommand};
use crate::notes::pitch_bend_value;
use crate::performance::{CueMessage, FollowState, NoteEvent, PositionReport};
use crate::score::PlayingPath;
use crate::units::{Pitch, SampleIndex, Seconds};
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Samples given to the engine at once.
const CHUNK: usize = 2048;

/// How long the note of a cue lasts, in seconds.
const CUE_NOTE_S: f64 = 0.1;

/// What a line needs of the worker while it hears.
pub(super) struct Room<'a> {
    pub path: Option<&'a PlayingPath>,
    pub book: &'a mut Bookkeeper,
    pub cues: &'a mut CueTrack,
    pub remote: &'a mut Remote,
    /// The follower is held; it is kept within this range.
    pub commands: (bool, Option<(f64, f64)>),
    /// The cues are this instance's to send.
    pub leads: bool,
}

/// One activation: rings, engine, and where the stream is.
pub(super) struct Line<E> {
    pub half: WorkerHalf,
    pub engine: Option<E>,
    pub restarts: u32,
    epoch: u32,
    /// Samples taken from the ring since it was made.
    position: u64,
    /// Stream time in samples since the last restart.
    pub now: u64,
    /// Stream time at which the engine was started: its own time counts from there.
    pub origin: u64,
    pub marks: VecDeque<MarkAt>,
    /// Ready events that the ring had no room for.
    backlog: VecDeque<ReadyEvent>,
    /// Keys that were reported as struck and not yet as ended.
    sounding: [bool; 128],
    pub report: Option<PositionReport>,
    /// Path step and quarter last sent.
    pub sent_place: Option<(u32, u8)>,
    heard: Heard,
    events: Vec<EngineEvent>,
    chunk: Vec<f32>,
    busy_s: f64,
    load: f32,
    pub last_audio: Instant,
}

impl<E: Stream> Line<E> {
    pub fn new(half: WorkerHalf) -> Line<E> {
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
    pub fn available(&mut self) -> usize {
        // Samples first: a mark goes into its ring before the samples that follow it.
        let available = self.half.samples.slots();
        while let Ok(mark) = self.half.marks.pop() {
            self.marks.push_back(mark);
        }
        available
    }

    /// Hears `available` samples and the marks among them.
    pub fn hear(&mut self, available: usize, mut room: Room<'_>) {
        let end = self.position + available as u64;
        if !room.book.is_listening() {
            self.skip_what_was_restarted();
        }
        while self.position < end || self.marks.front().is_some_and(|mark| mark.position == self.position) {
            match self.marks.front().copied() {
                Some(MarkAt { position, mark }) if position == self.position => {
                    self.marks.pop_front();
                    self.pass_mark(mark, &mut room);
                }
                next => {
                    let until = next.map_or(end, |mark| mark.position.min(end));
                    self.hear_chunk(((until - self.position) as usize).min(CHUNK), &mut room);
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

    fn pass_mark(&mut self, mark: Mark, room: &mut Room<'_>) {
        match mark {
            Mark::Restart { epoch } => {
                self.let_out(room);
                room.book.restart(self.now_s());
                room.cues.restart();
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
                    // A reset opens the whole score to the follower again; what it was told stays.
                    let (_, range) = room.commands;
                    if range.is_some() {
                        engine.command(FollowCommand::Restrict(range));
                    }
                }
            }
            Mark::Transport(change) => {
                let origin = self.origin_s();
                room.book.transport(change, self.now_s(), origin, self.half.rate_hz);
                let expected = room.book.expected_start().filter(|_| change.jumped || change.host.playing);
                if let (Some(beat), Some(engine)) = (expected, &mut self.engine) {
                    engine.command(FollowCommand::Expect(beat));
                }
            }
            Mark::Gap { missing } => {
                self.now += missing;
                self.events.clear();
                if let Some(engine) = &mut self.engine {
                    engine.gap(missing, &mut self.events);
                }
                self.pass_events(room);
            }
        }
    }

    /// Lets the book have what the engine has not told yet; nobody else waits for it.
    fn let_out(&mut self, room: &mut Room<'_>) {
        if !room.book.is_listening() {
            return;
        }
        self.events.clear();
        if let Some(engine) = &mut self.engine {
            engine.finish(&mut self.events);
        }
        let (now, origin) = (self.now_s(), self.origin_s());
        room.book.hear(&mut self.events, now, origin, self.half.rate_hz);
    }

    /// The line is over.
    pub fn end(&mut self, mut room: Room<'_>) {
        self.let_out(&mut room);
        room.book.end_all(self.now_s());
    }

    /// Stream time.
    pub fn now_s(&self) -> Seconds {
        SampleIndex(self.now).seconds(self.half.rate_hz)
    }

    /// The engine's time 0 in stream time.
    fn origin_s(&self) -> Seconds {
        SampleIndex(self.origin).seconds(self.half.rate_hz)
    }

    fn hear_chunk(&mut self, length: usize, room: &mut Room<'_>) {
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
        self.pass_events(room);
        self.flush_backlog();
        self.half.tally.done.store(self.position, Ordering::Release);
    }

    /// Sorts what the engine said: notes and places to the audio thread, all to the snapshot and the book.
    fn pass_events(&mut self, room: &mut Room<'_>) {
        let mut events = std::mem::take(&mut self.events);
        let origin = self.origin_s();
        for event in &events {
            match event {
                EngineEvent::Note(note) => self.pass_note(*note, origin),
                EngineEvent::Position(report) => {
                    let report = PositionReport { at: report.at + origin, ..*report };
                    room.book.follow(&report);
                    self.pass_position(report, room);
                }
                EngineEvent::Evidence(frame) => {
                    self.heard.shade(frame.frame.seconds() + origin, &frame.sounding);
                }
                EngineEvent::Hindsight(_) | EngineEvent::Intonation { .. } | EngineEvent::Gap { .. } => {}
            }
        }
        room.book.hear(&mut events, self.now_s(), origin, self.half.rate_hz);
        self.events = events;
    }

    fn pass_note(&mut self, note: NoteEvent, origin: Seconds) {
        let (at, emitted, kind) = match note {
            NoteEvent::On { pitch, velocity, at, emitted } => {
                let Some(sounding) = self.sounding.get_mut(usize::from(pitch.0)) else { return };
                *sounding = true;
                self.heard.late(emitted - at);
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
            NoteEvent::Bend { cents, at, emitted } => {
                (at, emitted, ReadyKind::Bend { value: pitch_bend_value(cents) })
            }
        };
        self.send(at + origin, emitted + origin, kind);
    }

    fn pass_position(&mut self, report: PositionReport, room: &mut Room<'_>) {
        self.report = Some(report);
        room.remote.position(&report, room.path);
        let (FollowState::Following, Some(beat), Some(path)) = (report.state, report.beat, room.path) else {
            if report.state == FollowState::Lost {
                room.cues.forget_place();
            }
            return;
        };
        // Whoever does not lead keeps count all the same, for it may have to go on.
        let leads = room.leads;
        for cue in room.cues.pass(beat, report.tempo).filter(|_| leads) {
            room.remote.cue(cue, path);
            let (channel, message) = (cue.channel, cue.message);
            self.send(report.at, report.at, ReadyKind::Cue { channel, message });
            if let CueMessage::Note { pitch, .. } = message {
                let end = report.at + Seconds(CUE_NOTE_S);
                self.send(end, end, ReadyKind::CueEnd { channel, pitch });
            }
        }
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
    pub fn end_all_notes(&mut self) {
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

    /// The pedal is up, whatever was said of it.
    pub fn lift_pedal(&mut self) {
        let now = self.now_s();
        self.send(now, now, ReadyKind::Pedal { down: false });
        self.flush_backlog();
    }

    /// Smooths, over about a second of audio, the share of time that hearing takes.
    pub fn measure_load(&mut self, busy_s: f64, samples: usize) {
        let audio_s = samples as f64 / self.half.rate_hz;
        let keep = (-audio_s).exp();
        self.busy_s = self.busy_s * keep + busy_s * (1.0 - keep) / audio_s.max(1e-9);
        self.load = self.busy_s as f32;
    }

    pub fn describe(&mut self, snapshot: &mut Snapshot) {
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
        snapshot.shading = self.heard.shading();
        snapshot.latency = self.heard.latency();
        snapshot.level = self.heard.level();
        snapshot.load = self.load;
        snapshot.overload = Overload {
            dropped_samples: tally.dropped.load(Ordering::Relaxed),
            invalid_samples: tally.invalid.load(Ordering::Relaxed),
            restarts: self.restarts,
        };
    }
}
