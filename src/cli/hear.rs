//! Runs a whole sound through the engine.

use super::{Delay, Estimator, progress};
use crate::audio::REFERENCE_RANGE_HZ;
use crate::engine::{Engine, EngineConfig, EngineEvent, SecondPass};
use crate::notes::NoteLedger;
use crate::performance::PositionReport;
use crate::readers::Sound;
use crate::score::PlayingPath;
use crate::units::Seconds;
use anyhow::Result;
use clap::Args;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Samples pushed at a time; the events do not depend on it.
const BLOCK: usize = 4096;

/// How to listen: what all commands that do have in common.
#[derive(Args)]
pub(super) struct Listening {
    /// Where note evidence comes from
    #[arg(long, value_enum, default_value_t)]
    estimator: Estimator,
    /// How long after an attack a note is decided, in milliseconds: later is surer; 20 tells nothing that is not known after 50
    #[arg(long, value_enum, value_name = "MS", default_value_t)]
    delay: Delay,
    /// Pitch that the players tuned A4 to, in Hz, 390-470: 415 hears a baroque pitch as it is written
    #[arg(long, value_name = "HZ", default_value_t = 440.0, value_parser = reference)]
    a4: f32,
}

impl Listening {
    /// The engine's settings for listening so, everything else by default.
    pub(super) fn config(&self) -> EngineConfig {
        EngineConfig {
            estimator: self.estimator.into(),
            decision_delay: self.delay.into(),
            reference_hz: self.a4,
            ..EngineConfig::default()
        }
    }
}

fn reference(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if REFERENCE_RANGE_HZ.contains(&f64::from(value)) => Ok(value),
        _ => Err(format!("expected a frequency from 390 to 470 Hz, found {text}")),
    }
}

/// What the engine had to say about a sound.
pub(super) struct Heard {
    pub(super) ledger: NoteLedger,
    /// One each hop if a score was given.
    pub(super) positions: Vec<PositionReport>,
    /// Stream time where it ended.
    pub(super) end: Seconds,
    /// What the engine took, on the processor's clock where the system tells (Linux), else on the wall's.
    pub(super) cost: Duration,
}

/// Runs `sound` through an engine, following `path` if there is one.
pub(super) fn hear(
    sound: &Sound,
    config: &EngineConfig,
    path: Option<Arc<PlayingPath>>,
    message: &str,
) -> Result<Heard> {
    run(sound, config, path, message, None)
}

/// The same, with a second pass that hears it all.
pub(super) fn hear_twice(
    sound: &Sound,
    config: &EngineConfig,
    path: Option<Arc<PlayingPath>>,
    message: &str,
    pass: &mut SecondPass,
) -> Result<Heard> {
    run(sound, config, path, message, Some(pass))
}

fn run(
    sound: &Sound,
    config: &EngineConfig,
    path: Option<Arc<PlayingPath>>,
    message: &str,
    mut pass: Option<&mut SecondPass>,
) -> Result<Heard> {
    let mut engine = Engine::new(config, f64::from(sound.rate_hz))?;
    engine.set_score(path);
    engine.set_evidence(pass.is_some());
    let mut heard = Heard {
        ledger: NoteLedger::default(),
        positions: Vec::new(),
        end: Seconds(0.0),
        cost: Duration::ZERO,
    };
    let mut events = Vec::new();
    let bar = progress::bar(sound.samples.len() as u64, message);
    let clock = Clock::start();
    for block in sound.samples.chunks(BLOCK) {
        engine.push(block, &mut events);
        heard.enter(&mut events, pass.as_deref_mut());
        bar.inc(block.len() as u64);
    }
    engine.finish(&mut events);
    heard.enter(&mut events, pass);
    heard.cost = clock.elapsed();
    heard.end = engine.consumed();
    bar.finish_and_clear();
    Ok(heard)
}

impl Heard {
    fn enter(&mut self, events: &mut Vec<EngineEvent>, pass: Option<&mut SecondPass>) {
        if let Some(pass) = pass {
            events.iter().for_each(|event| pass.hear(event));
        }
        for event in events.drain(..) {
            match event {
                EngineEvent::Note(note) => self.ledger.enter(&note),
                EngineEvent::Position(report) => self.positions.push(report),
                EngineEvent::Evidence(_)
                | EngineEvent::Hindsight(_)
                | EngineEvent::Intonation { .. }
                | EngineEvent::Gap { .. } => {}
            }
        }
    }
}

/// Processor time of this thread.
struct Clock {
    thread: Option<Duration>,
    wall: Instant,
}

impl Clock {
    fn start() -> Clock {
        Clock { thread: thread_time(), wall: Instant::now() }
    }

    fn elapsed(&self) -> Duration {
        match (self.thread, thread_time()) {
            (Some(then), Some(now)) if now > then => now - then,
            _ => self.wall.elapsed(),
        }
    }
}

/// Linux: nanoseconds on a processor, the first figure of the thread's schedstat.
fn thread_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}
