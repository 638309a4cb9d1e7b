//! The streaming engine: samples in, events out, in one direction.

use super::hearing::Hearing;
use super::{EngineConfig, EngineError, EngineEvent, EstimatorKind, FollowCommand};
use crate::audio::{Conditioner, FrontEnd, Resampler, SpectralFrame, intonation_cents};
use crate::follower::Follower;
use crate::notes::{BendTracker, NoteTracker, PedalTracker, ScorePrior, TrackerConfig};
use crate::performance::{DecisionDelay, FollowState, NoteEvent, PositionReport, PosteriorFrame, Strike};
use crate::score::PlayingPath;
use crate::units::{FrameIndex, HOP_S, KEYS, SampleIndex, Seconds};
use std::sync::Arc;

/// Samples conditioned at a time.
const CHUNK: usize = 256;

/// Hears, notes and follows one mono stream.
///
/// The events are the same bit for bit however the stream is cut into blocks: what happens depends on sample
/// counts alone. Made and run on a worker thread; nothing here waits, locks or reads a clock.
pub struct Engine {
    rate_hz: f64,
    stream: Stream,
    conditioner: Conditioner,
    front_end: FrontEnd,
    conditioned: Vec<f32>,
    /// Samples taken in since the stream began, lost ones included.
    consumed: u64,
    /// Samples to leave out so that frames after a gap stay on the stream's 10 ms grid.
    skip: u64,
}

/// All behind the front end: one call a frame.
struct Stream {
    config: EngineConfig,
    hearing: Hearing,
    tracker: NoteTracker,
    pedal: PedalTracker,
    bend: BendTracker,
    prior: ScorePrior,
    follower: Option<Follower>,
    want_evidence: bool,
    /// Stream time of the front end's frame 0, in frames: above zero after a gap.
    base: u64,
    /// The next frame whose evidence is due.
    next: u64,
    latency_s: f64,
    notes: Vec<NoteEvent>,
    swayed: PosteriorFrame,
    /// What was judged with it of an earlier frame again, by the surest heads, if anything was.
    surest: Option<PosteriorFrame>,
    strikes: Vec<Strike>,
}

impl Engine {
    /// An engine for a stream of `rate_hz`, 8-192 kHz.
    ///
    /// # Errors
    /// [`EngineError::Audio`] if the rate is out of range, [`EngineError::Network`] if the network cannot be had.
    pub fn new(config: &EngineConfig, rate_hz: f64) -> Result<Engine, EngineError> {
        let mut front_end = FrontEnd::new(rate_hz)?;
        front_end.tune(f64::from(config.reference_hz));
        let tracker = NoteTracker::new(Hearing::tracker_config(config.estimator, config.decision_delay));
        let stream = Stream {
            config: config.clone(),
            hearing: Hearing::new(config.estimator, config.decision_delay)?,
            tracker,
            pedal: PedalTracker::default(),
            bend: BendTracker::default(),
            prior: ScorePrior::default(),
            follower: None,
            want_evidence: false,
            base: 0,
            next: 0,
            latency_s: front_end.latency_s(),
            notes: Vec::with_capacity(64),
            swayed: PosteriorFrame::silent(FrameIndex(0)),
            surest: None,
            strikes: Vec::with_capacity(KEYS),
        };
        let mut engine = Engine {
            rate_hz,
            stream,
            conditioner: Conditioner::new(rate_hz),
            front_end,
            conditioned: Vec::with_capacity(CHUNK),
            consumed: 0,
            skip: 0,
        };
        engine.set_config(config);
        Ok(engine)
    }

    /// Changes the settings from the next hop on. The estimator stays the one the engine was made with.
    pub fn set_config(&mut self, config: &EngineConfig) {
        let estimator = self.stream.config.estimator;
        if config.reference_hz.to_bits() != self.stream.config.reference_hz.to_bits() {
            self.front_end.tune(f64::from(config.reference_hz));
        }
        self.stream.config = EngineConfig { estimator, ..config.clone() };
        let c = &self.stream.config;
        self.stream.tracker.set_config(Hearing::tracker_config(estimator, c.decision_delay));
        self.stream.tracker.set_live(
            c.sensitivity,
            c.lowest_pitch,
            c.highest_pitch,
            c.minimum_note_s,
            c.velocity_curve,
        );
    }

    /// Whether each hop's evidence, and the intonation of a lone note, comes out as an event.
    pub fn set_evidence(&mut self, wanted: bool) {
        self.stream.want_evidence = wanted;
    }

    /// Loads a score to follow, or takes it away. The follower starts anew.
    pub fn set_score(&mut self, path: Option<Arc<PlayingPath>>) {
        let settings = Hearing::follower_settings(self.stream.config.estimator);
        self.stream.follower = path.map(|path| Follower::new(path, settings));
        self.stream.prior.clear();
    }

    /// Tells the follower something; nothing happens while no score is loaded.
    pub fn command(&mut self, command: FollowCommand) {
        let Some(follower) = &mut self.stream.follower else { return };
        match command {
            FollowCommand::StartAt(beat) => follower.start_here(beat),
            FollowCommand::Expect(beat) => return follower.expect(beat),
            FollowCommand::Relocate => follower.relocate(),
            FollowCommand::Hold(held) => follower.hold(held),
            FollowCommand::Restrict(range) => follower.restrict(range),
        }
        self.stream.prior.clear();
    }

    /// The thresholds by which this estimator's evidence becomes notes.
    pub fn tracker_config(estimator: EstimatorKind, delay: DecisionDelay) -> TrackerConfig {
        Hearing::tracker_config(estimator, delay)
    }

    /// What [`Engine::latency`] will be at this rate, but for the time that a note is held back to see how long it
    /// is. Makes no engine, but allocates.
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub fn answer_time(
        estimator: EstimatorKind,
        delay: DecisionDelay,
        rate_hz: f64,
    ) -> Result<Seconds, EngineError> {
        let front_end_s = Resampler::new(rate_hz)?.latency_s();
        Ok(Seconds(front_end_s + (Hearing::look_ahead_of(estimator, delay) + 1) as f64 * HOP_S))
    }

    /// The most by which an event's emission can lag what it tells of, at the present settings: the delay that
    /// *Aligned* timing needs. A note that begins softly may still come later.
    pub fn latency(&self) -> Seconds {
        let stream = &self.stream;
        let held = f64::from(stream.config.minimum_note_s).max(3.0 * HOP_S);
        Seconds(stream.latency_s + stream.hearing.look_ahead() as f64 * HOP_S + held + HOP_S)
    }

    /// Stream time: input taken in so far, lost input included.
    pub fn consumed(&self) -> Seconds {
        SampleIndex(self.consumed).seconds(self.rate_hz)
    }

    /// Samples so far that were not finite, or denormal, and became silence.
    pub fn repaired(&self) -> u64 {
        self.conditioner.repaired()
    }

    /// Takes the next samples of the stream and appends what they bring to `events`, in stream order.
    pub fn push(&mut self, samples: &[f32], events: &mut Vec<EngineEvent>) {
        if self.stream.hearing.waits_otherwise(self.stream.config.decision_delay) {
            self.resume_after(0, events);
        }
        let skipped = self.skip.min(samples.len() as u64);
        self.skip -= skipped;
        self.consumed += samples.len() as u64;
        self.feed(&samples[skipped as usize..], None, events);
    }

    /// Notes that `missing` samples of the stream were lost before the next one. What sounds is ended, for nobody
    /// knows whether it still does; the clock runs on.
    pub fn gap(&mut self, missing: u64, events: &mut Vec<EngineEvent>) {
        self.resume_after(missing, events);
        let at = self.consumed();
        let missing = SampleIndex(missing).seconds(self.rate_hz);
        events.push(EngineEvent::Gap { at, missing });
    }

    /// Ends what sounds and listens anew, `missing` samples on.
    fn resume_after(&mut self, missing: u64, events: &mut Vec<EngineEvent>) {
        self.drain(events);
        let at = self.consumed();
        self.stream.release(at, events);
        self.consumed += missing;
        let resume = SampleIndex(self.consumed).seconds(self.rate_hz);
        // Frames go on at the next point of the stream's 10 ms grid.
        let base = ((resume.0 / HOP_S).ceil() as u64).max(self.stream.next);
        self.stream.silence_until(base, resume, events);
        let grid = FrameIndex(base).seconds().sample(self.rate_hz).0;
        self.skip = grid.saturating_sub(self.consumed);
        self.conditioner.reset();
        self.front_end.reset();
        self.stream.hearing.set_delay(self.stream.config.decision_delay);
        self.stream.restart_at(base);
    }

    /// Ends the stream: what is still on its way comes out, and every note ends.
    pub fn finish(&mut self, events: &mut Vec<EngineEvent>) {
        self.drain(events);
        let at = self.consumed();
        self.stream.release(at, events);
    }

    /// Ends every note and forgets the stream; the next sample is the first of a new one. Settings and the score
    /// stay, the follower starts anew.
    pub fn reset(&mut self, events: &mut Vec<EngineEvent>) {
        let at = self.consumed();
        self.stream.release(at, events);
        self.conditioner.reset();
        self.front_end.reset();
        self.stream.restart_at(0);
        self.stream.pedal.reset();
        self.stream.tracker.forget_dynamics();
        self.stream.prior.clear();
        if let Some(follower) = &mut self.stream.follower {
            follower.reset();
        }
        self.consumed = 0;
        self.skip = 0;
    }

    /// Runs silence through so that all frames up to the newest sample come out.
    fn drain(&mut self, events: &mut Vec<EngineEvent>) {
        let ahead_s = self.stream.latency_s + (self.stream.hearing.look_ahead() + 1) as f64 * HOP_S;
        let silence = vec![0.0; Seconds(ahead_s).sample(self.rate_hz).0 as usize];
        let end = self.consumed();
        self.feed(&silence, Some(end), events);
    }

    /// `end`: frames that describe moments after it are left out, and nothing is emitted later.
    fn feed(&mut self, mut samples: &[f32], end: Option<Seconds>, events: &mut Vec<EngineEvent>) {
        while !samples.is_empty() {
            let (now, later) = samples.split_at(samples.len().min(CHUNK));
            samples = later;
            self.conditioned.clear();
            self.conditioned.extend_from_slice(now);
            self.conditioner.process(&mut self.conditioned);
            let stream = &mut self.stream;
            self.front_end.push(&self.conditioned, |spectrum| stream.step(spectrum, end, events));
        }
    }
}

impl Stream {
    fn step(&mut self, spectrum: &SpectralFrame, end: Option<Seconds>, events: &mut Vec<EngineEvent>) {
        let newest = self.base + spectrum.frame.0;
        let look_ahead = self.hearing.look_ahead();
        // The first spectra after a start complete moments before it: the estimator hears them, nobody is told.
        let described = FrameIndex(newest.saturating_sub(look_ahead));
        let mut emitted = Seconds(FrameIndex(newest).seconds().0 + self.latency_s);
        let evidence = self.hearing.step(spectrum, described);
        if newest < self.base + look_ahead {
            return;
        }
        if let Some(end) = end {
            if described.seconds().0 > end.0 {
                return;
            }
            emitted = Seconds(emitted.0.min(end.0));
        }
        self.swayed.clone_from(evidence);
        let surest = self.hearing.other_judgements().last();
        self.surest = surest.filter(|other| (self.base..described.0).contains(&other.frame.0)).cloned();
        self.strikes.clear();
        self.strikes.extend_from_slice(self.hearing.strikes());
        self.tell(FrameIndex(newest), emitted, events);
        let newest = FrameIndex(newest).seconds();
        self.tell_bend(spectrum, Seconds(newest.0 - BendTracker::LAG_S), emitted, events);
    }

    /// Sends the frame in `swayed` on to the tracker and the listeners.
    fn tell(&mut self, newest: FrameIndex, emitted: Seconds, events: &mut Vec<EngineEvent>) {
        debug_assert_eq!(self.swayed.frame.0, self.next, "a frame was left out");
        self.next = self.swayed.frame.0 + 1;
        if self.want_evidence {
            let evidence = Arc::new(self.swayed.clone());
            let surest = self.surest.take().map_or_else(|| evidence.clone(), Arc::new);
            events.push(EngineEvent::Evidence(evidence));
            events.push(EngineEvent::Hindsight(surest));
        }
        self.follow(emitted, events);
        self.prior.apply(&mut self.swayed);
        self.strikes.iter_mut().for_each(|strike| self.prior.sway(strike));
        self.tracker.step(&self.swayed, &self.strikes, newest, emitted, &mut self.notes);
        self.tell_notes(events);
        events.extend(std::iter::from_fn(|| self.pedal.advance(emitted)).map(EngineEvent::Note));
    }

    /// Advances the follower by the frame in `swayed`, as it was before the score swayed it.
    fn follow(&mut self, emitted: Seconds, events: &mut Vec<EngineEvent>) {
        let Some(follower) = self.follower.as_mut().filter(|_| self.config.follow) else { return };
        let known_delay = emitted - self.swayed.frame.seconds();
        let report = PositionReport { at: emitted, ..follower.step(&self.swayed, known_delay) };
        events.push(EngineEvent::Position(report));
        match report.beat {
            Some(beat) if report.state == FollowState::Following => {
                // The next frame's moment lies the known delay before the position told.
                let per_beat = report.tempo.seconds_per_beat();
                let heard = beat - known_delay.0 / per_beat;
                let assist = self.config.score_assist;
                self.prior.expect(follower.path(), heard, per_beat, assist, report.confidence);
            }
            _ => self.prior.clear(),
        }
    }

    fn release(&mut self, at: Seconds, events: &mut Vec<EngineEvent>) {
        self.tracker.release_all(at, at, &mut self.notes);
        self.tell_notes(events);
        events.extend(std::iter::from_fn(|| self.pedal.conclude(at)).map(EngineEvent::Note));
        events.extend(self.bend.unbend(at, at).map(EngineEvent::Note));
    }

    /// Sends the notes on; a bend goes back before the next note.
    fn tell_notes(&mut self, events: &mut Vec<EngineEvent>) {
        for note in self.notes.drain(..) {
            self.pedal.enter(&note);
            events.extend(self.bend.enter(&note).map(EngineEvent::Note));
            events.push(EngineEvent::Note(note));
        }
    }

    /// Tells how the one note that sounds bent at `at`, by the newest spectrum.
    fn tell_bend(
        &mut self,
        spectrum: &SpectralFrame,
        at: Seconds,
        emitted: Seconds,
        events: &mut Vec<EngineEvent>,
    ) {
        let lone = self.bend.wanted(at).filter(|_| self.config.pitch_bend || self.want_evidence);
        let placed = lone.and_then(|pitch| Some((pitch, intonation_cents(spectrum, pitch)?)));
        if let Some((pitch, cents)) = placed.filter(|_| self.want_evidence) {
            events.push(EngineEvent::Intonation { pitch, cents, at });
        }
        let bend = if self.config.pitch_bend {
            placed.and_then(|(_, cents)| self.bend.place(cents, at, emitted))
        } else {
            self.bend.unbend(at, emitted)
        };
        events.extend(bend.map(EngineEvent::Note));
    }

    /// Fills up with silent frames to `base`.
    fn silence_until(&mut self, base: u64, emitted: Seconds, events: &mut Vec<EngineEvent>) {
        while self.next < base {
            self.swayed = PosteriorFrame::silent(FrameIndex(self.next));
            self.surest = None;
            self.strikes.clear();
            self.tell(self.swayed.frame, emitted, events);
        }
    }

    fn restart_at(&mut self, base: u64) {
        self.hearing.reset();
        self.base = base;
        self.next = base;
    }
}
