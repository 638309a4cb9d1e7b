//! Runs a whole sound through the engine.

use super::progress;
use crate::engine::{Engine, EngineConfig, EngineEvent};
use crate::notes::NoteLedger;
use crate::performance::PositionReport;
use crate::readers::Sound;
use crate::score::PlayingPath;
use anyhow::Result;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Samples pushed at a time; the events do not depend on it.
const BLOCK: usize = 4096;

/// What the engine had to say about a sound.
pub(super) struct Heard {
    pub(super) ledger: NoteLedger,
    /// One each hop if a score was given.
    pub(super) positions: Vec<PositionReport>,
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
    let mut engine = Engine::new(config, f64::from(sound.rate_hz))?;
    engine.set_score(path);
    let mut heard = Heard { ledger: NoteLedger::default(), positions: Vec::new(), cost: Duration::ZERO };
    let mut events = Vec::new();
    let bar = progress::bar(sound.samples.len() as u64, message);
    let clock = Clock::start();
    for block in sound.samples.chunks(BLOCK) {
        engine.push(block, &mut events);
        heard.enter(&mut events);
        bar.inc(block.len() as u64);
    }
    engine.finish(&mut events);
    heard.enter(&mut events);
    heard.cost = clock.elapsed();
    bar.finish_and_clear();
    Ok(heard)
}

impl Heard {
    fn enter(&mut self, events: &mut Vec<EngineEvent>) {
        for event in events.drain(..) {
            match event {
                EngineEvent::Note(note) => self.ledger.enter(&note),
                EngineEvent::Position(report) => self.positions.push(report),
                EngineEvent::Evidence(_) | EngineEvent::Gap { .. } => {}
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
