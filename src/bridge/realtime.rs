//! The audio thread's end of the bridge.

use super::channel::{AudioHalf, Mark, MarkAt, Tally};
use super::transport::TransportWatch;
use super::{HostTransport, Schedule, Timing};
use std::sync::atomic::Ordering;
use std::thread::Thread;
use std::time::{Duration, Instant};

/// How long a rendering host's thread sleeps between looks at the worker.
const WAIT_STEP: Duration = Duration::from_micros(50);

/// How long it gives way to other threads before it sleeps: a short block is heard sooner than the shortest sleep ends,
/// which is .1 ms on Linux and may be 1 ms on Windows.
const GIVE_WAY: Duration = Duration::from_micros(500);

/// What the audio thread holds: it copies samples in, takes ready events out, and waits only where a host renders
/// faster than time.
///
/// # Realtime safety
/// [`RealtimeEnd::transport`], [`RealtimeEnd::push`], [`RealtimeEnd::collect`] and [`RealtimeEnd::restart`] are wait-free and neither
/// allocate nor call the system. [`RealtimeEnd::wait`] and
/// [`RealtimeEnd::doze`] sleep.
pub struct RealtimeEnd {
    half: AudioHalf,
    worker: Thread,
    epoch: u32,
    restart_pending: bool,
    /// Samples since the last restart, dropped ones included.
    now: u64,
    /// Samples that went into the ring since it was made.
    pushed: u64,
    /// Samples dropped and not yet marked.
    missing: u64,
    transport: TransportWatch,
}

impl RealtimeEnd {
    pub(super) fn new(half: AudioHalf, worker: Thread, rate_hz: f64) -> RealtimeEnd {
        let transport = TransportWatch::new(rate_hz);
        RealtimeEnd {
            half,
            worker,
            epoch: 0,
            restart_pending: true,
            now: 0,
            pushed: 0,
            missing: 0,
            transport,
        }
    }

    /// Notes what the host says of its transport at the first of the next `length` samples to be pushed.
    pub fn transport(&mut self, host: HostTransport, length: usize) {
        self.transport.see(host, length);
    }

    /// Samples since the last restart: the time of the next sample to be pushed.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Starts the stream anew: time goes back to zero, events of before are forgotten.
    pub fn restart(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        self.restart_pending = true;
        self.now = 0;
        self.missing = 0;
        self.transport.forget();
        // At once: there may be no more audio, and what was recorded is over. Where there is no room it goes before the next sample.
        self.push_marks();
    }

    /// Copies one block to the worker as mono: `left`, or the mean of both channels, times `gain`. Samples that are
    /// not finite or are denormal become silence. When the ring is full the block is dropped, counted, and marked
    /// as a gap once there is room again.
    ///
    /// # Panics
    /// In debug builds, if the channels differ in length.
    pub fn push(&mut self, left: &[f32], right: Option<&[f32]>, gain: f32) {
        debug_assert!(right.is_none_or(|right| right.len() == left.len()), "channels differ in length");
        let length = left.len() as u64;
        if length == 0 {
            return;
        }
        if !self.push_marks() || !self.has_room(left.len()) {
            self.missing += length;
            self.now += length;
            Tally::add(&self.half.tally.dropped, length);
            return;
        }
        let mut invalid = 0u64;
        let mut clean = |sample: f32| {
            if sample.is_normal() || sample == 0.0 {
                sample
            } else {
                invalid += 1;
                0.0
            }
        };
        let Ok(chunk) = self.half.samples.write_chunk_uninit(left.len()) else {
            unreachable!("room was there, and only this end fills it");
        };
        match right {
            None => chunk.fill_from_iter(left.iter().map(|&sample| clean(sample) * gain)),
            Some(right) => {
                let half = 0.5 * gain;
                chunk.fill_from_iter(left.iter().zip(right).map(|(&l, &r)| (clean(l) + clean(r)) * half))
            }
        };
        Tally::add(&self.half.tally.invalid, invalid);
        self.pushed += length;
        self.now += length;
    }

    /// Room for a block. After an overflow the ring is first left to run half empty, so that one long gap arises
    /// and not hundreds.
    fn has_room(&mut self, length: usize) -> bool {
        let wanted =
            if self.missing > 0 { length.max(self.half.samples.buffer().capacity() / 2) } else { length };
        self.half.samples.slots() >= wanted
    }

    /// Puts the marks that come before the next sample into the ring. False if they don't fit.
    fn push_marks(&mut self) -> bool {
        if self.restart_pending {
            let mark = Mark::Restart { epoch: self.epoch };
            if self.half.marks.push(MarkAt { position: self.pushed, mark }).is_err() {
                return false;
            }
            self.restart_pending = false;
        }
        if self.missing > 0 && self.has_room(0) {
            let mark = Mark::Gap { missing: self.missing };
            if self.half.marks.push(MarkAt { position: self.pushed, mark }).is_err() {
                return false;
            }
            self.missing = 0;
        }
        if let Some(change) = self.transport.pending()
            && self.missing == 0
        {
            let mark = Mark::Transport(change);
            // Where marks find no room, the change waits; the audio does not.
            if self.half.marks.push(MarkAt { position: self.pushed, mark }).is_ok() {
                self.transport.told();
            }
        }
        true
    }

    /// Moves every ready event into `schedule`; `block_start` is the time of the current block's first sample.
    pub fn collect(&mut self, schedule: &mut Schedule, timing: Timing, block_start: u64) {
        while !schedule.is_full() {
            let Ok(event) = self.half.events.pop() else { break };
            if event.epoch == self.epoch {
                schedule.insert(event, timing, block_start);
            }
        }
    }

    /// Waits until the worker is done with everything that was pushed, for `at_most` at the longest. Returns whether
    /// it is. Only for hosts that run ahead of time: it sleeps.
    pub fn wait(&self, at_most: Duration) -> bool {
        let start = Instant::now();
        while self.half.tally.done.load(Ordering::Acquire) < self.pushed {
            let waited = start.elapsed();
            if waited >= at_most {
                return false;
            }
            if waited < GIVE_WAY {
                self.worker.unpark();
                std::thread::yield_now();
            } else {
                self.doze();
            }
        }
        true
    }

    /// Wakes the worker and sleeps for a moment: for those who look again and again at what it publishes, never for
    /// the audio thread of a host in real time.
    pub fn doze(&self) {
        self.worker.unpark();
        std::thread::sleep(WAIT_STEP);
    }
}
