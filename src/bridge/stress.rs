//! The rings under two real threads: every sample arrives once, in order, at its time, however blocks, restarts, gaps and
//! a slow worker fall together.

use super::stream::Stream;
use super::{Bridge, HostTransport, RealtimeEnd, Schedule, Timing};
use crate::engine::{EngineConfig, EngineEvent, FollowCommand};
use crate::performance::NoteEvent;
use crate::score::PlayingPath;
use crate::units::{Pitch, SampleIndex};
use std::sync::Arc;
use std::time::Duration;

const RATE_HZ: f64 = 8_000.0;

/// Times that a sample can tell: beyond them they begin anew.
const TIMES: u64 = 1 << 20;

/// Blocks that are pushed. Miri, which looks at every access to memory, has not the time for all of them.
const BLOCKS: usize = if cfg!(miri) { 400 } else { 20_000 };

/// Blocks from one restart to the next, and from one wait for the worker to the next, in the mean.
const RESTART_EVERY: u64 = if cfg!(miri) { 40 } else { 200 };
const WAIT_EVERY: u64 = if cfg!(miri) { 150 } else { 20 };

/// How long a worker may take.
const PATIENCE: Duration = Duration::from_secs(if cfg!(miri) { 600 } else { 20 });

/// Restarts that a sample can tell apart; the first 23 bits and the sign of a 32-bit float hold both.
const EPOCHS: u64 = 8;

/// The sample of a moment: which restart, and how long after it.
fn sample(epoch: u64, now: u64) -> f32 {
    ((epoch % EPOCHS) * TIMES + now % TIMES) as f32
}

/// A sequence of numbers for each seed (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end
    }
}

/// An engine that knows which sample must come next, and panics at any other. Each thousandth strikes or ends a note. Now and
/// then it is so slow that the ring overflows.
struct Witness {
    now: u64,
    epoch: Option<u64>,
    sounds: bool,
    random: Random,
}

impl Stream for Witness {
    fn start(_config: &EngineConfig, _rate_hz: f64) -> Result<Witness, String> {
        Ok(Witness { now: 0, epoch: None, sounds: false, random: Random(77) })
    }

    fn configure(&mut self, _config: &EngineConfig) {}

    fn set_score(&mut self, _path: Option<Arc<PlayingPath>>) {}

    fn command(&mut self, _command: FollowCommand) {}

    fn push(&mut self, samples: &[f32], events: &mut Vec<EngineEvent>) {
        if self.random.below(150) == 0 {
            std::thread::sleep(Duration::from_millis(3));
        }
        for &found in samples {
            let epoch = *self.epoch.get_or_insert(found as u64 / TIMES);
            let expected = sample(epoch, self.now);
            assert!(
                found == expected,
                "expected {expected} at {} of restart {epoch}, found {found}",
                self.now
            );
            if self.now.is_multiple_of(1000) {
                let at = SampleIndex(self.now).seconds(RATE_HZ);
                let pitch = Pitch(60);
                self.sounds = !self.sounds;
                events.push(EngineEvent::Note(if self.sounds {
                    NoteEvent::On { pitch, velocity: 64, at, emitted: at }
                } else {
                    NoteEvent::Off { pitch, at, emitted: at }
                }));
            }
            self.now += 1;
        }
    }

    fn gap(&mut self, missing: u64, _events: &mut Vec<EngineEvent>) {
        self.now += missing;
    }

    fn finish(&mut self, _events: &mut Vec<EngineEvent>) {}

    fn reset(&mut self) {
        self.now = 0;
        self.epoch = None;
        self.sounds = false;
    }
}

/// The audio thread: pushes blocks as fast as it can, now and then restarts, changes its transport, or lets the worker
/// catch up. Returns the events that came, and how often it restarted.
fn play(end: &mut RealtimeEnd, blocks: usize, random: &mut Random) -> (usize, u64) {
    let mut schedule = Schedule::new(4096);
    let (mut count, mut epoch, mut block) = (0, 0, Vec::new());
    for _ in 0..blocks {
        if random.below(RESTART_EVERY) == 0 {
            end.restart();
            schedule.clear();
            epoch += 1;
        }
        if random.below(100) == 0 {
            let (playing, recording) = (random.below(2) == 1, random.below(2) == 1);
            let position = Some(random.below(1 << 30) as i64);
            end.transport(HostTransport { known: true, playing, recording, position }, 1);
        }
        let (start, length) = (end.now(), 1 + random.below(700));
        block.clear();
        block.extend((start..start + length).map(|now| sample(epoch, now)));
        end.push(&block, None, 1.0);
        if random.below(WAIT_EVERY) == 0 {
            assert!(end.wait(PATIENCE), "the worker never finished");
        }
        end.collect(&mut schedule, Timing::Live, start);
        schedule.take_until(end.now(), |due, _| {
            assert!((start..end.now()).contains(&due), "an event at {due} of a block at {start}");
            count += 1;
        });
    }
    (count, epoch)
}

#[test]
fn every_sample_arrives_once_in_order_and_at_its_time() {
    let bridge = Bridge::default();
    let mut end = bridge.connect_with::<Witness>(RATE_HZ, 1024).expect("a thread");
    let mut random = Random(5);
    let (events, restarts) = play(&mut end, BLOCKS, &mut random);
    assert!(end.wait(PATIENCE), "the worker never finished");
    // The worker publishes what it knows soon after somebody looked.
    let _ = bridge.snapshot();
    std::thread::sleep(Duration::from_millis(100));
    let overload = bridge.snapshot().overload;
    assert_eq!(overload.restarts, 0, "the witness saw a sample out of its place");
    let (enough_events, enough_restarts) = (BLOCKS / 200, BLOCKS as u64 / RESTART_EVERY / 2);
    assert!(
        events > enough_events && restarts > enough_restarts,
        "{events} events, {restarts} restarts: nothing was tried"
    );
    // How far the worker falls behind is up to Miri there.
    assert!(cfg!(miri) || overload.dropped_samples > 0, "the ring never overflowed: gaps were not tried");
}
