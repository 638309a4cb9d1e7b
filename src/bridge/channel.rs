//! The rings between the audio thread and the worker.
//!
//! Time on both ends counts host samples since the last restart of the stream (an *epoch*), samples that were
//! dropped included. Ring positions count samples that went through the ring since it was made.

use super::transport::TransportMark;
use crate::performance::CueMessage;
use rtrb::{Consumer, Producer, RingBuffer};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Audio that the ring holds before samples are dropped, in seconds: long enough to read a large score meanwhile.
const RING_S: f64 = 4.0;

/// The shortest activation that is listened to though it is over, in seconds.
const LEAST_S: f64 = 0.1;

/// Marks waiting in the ring at once. More than a handful means that the host resets without end.
const MARKS: usize = 64;

/// Ready events waiting in the ring at once; what does not fit waits on the worker's side.
const EVENTS: usize = 4096;

/// Something that happened to the stream between two samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// The stream starts anew; what follows belongs to this epoch.
    Restart { epoch: u32 },
    /// So many samples were dropped here.
    Gap { missing: u64 },
    /// The host's transport changed.
    Transport(TransportMark),
}

/// A mark and the ring position of the sample it comes before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MarkAt {
    pub position: u64,
    pub mark: Mark,
}

/// What the audio thread can send to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadyKind {
    /// A key was struck.
    NoteOn {
        /// MIDI pitch.
        pitch: u8,
        /// 1-127.
        velocity: u8,
    },
    /// A note ended.
    NoteOff {
        /// MIDI pitch.
        pitch: u8,
    },
    /// The sustain pedal went down or up.
    Pedal {
        /// Down or up.
        down: bool,
    },
    /// The note that sounds lies elsewhere than before.
    Bend {
        /// 14-bit pitch bend over a range of ±2 semitones: 0-16383, 8192 is unbent.
        value: u16,
    },
    /// Another beat of the playing path was reached while the follower was sure.
    Place {
        /// Path step, 1 = first.
        measure: u32,
        /// Quarter note within the measure, 1 = first.
        beat: u8,
    },
    /// The playing came past a cue.
    Cue {
        /// MIDI channel, 0-15.
        channel: u8,
        /// What it sends.
        message: CueMessage,
    },
    /// The note of a cue ends.
    CueEnd {
        /// MIDI channel, 0-15.
        channel: u8,
        /// MIDI pitch.
        pitch: u8,
    },
}

/// An event on its way to the audio thread, in samples since the stream's last restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadyEvent {
    /// Which restart of the stream it belongs to.
    pub epoch: u32,
    /// When it truly happened.
    pub at: u64,
    /// When the engine knew: input consumed.
    pub emitted: u64,
    /// What it is.
    pub kind: ReadyKind,
}

/// Counters that both ends see.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Ring samples that the worker is done with, their events already in the ring.
    pub done: AtomicU64,
    /// Samples dropped because the ring was full.
    pub dropped: AtomicU64,
    /// NaN, infinite and denormal input samples that were replaced by silence.
    pub invalid: AtomicU64,
}

impl Tally {
    /// Adds to a counter without a read-modify-write when there is nothing to add.
    pub fn add(counter: &AtomicU64, count: u64) {
        if count > 0 {
            counter.fetch_add(count, Ordering::Relaxed);
        }
    }
}

/// The audio thread's half of the rings.
pub(super) struct AudioHalf {
    pub samples: Producer<f32>,
    pub marks: Producer<MarkAt>,
    pub events: Consumer<ReadyEvent>,
    pub tally: Arc<Tally>,
}

/// The worker's half of the rings.
pub(super) struct WorkerHalf {
    /// Samples per second of the host.
    pub rate_hz: f64,
    pub samples: Consumer<f32>,
    pub marks: Consumer<MarkAt>,
    pub events: Producer<ReadyEvent>,
    pub tally: Arc<Tally>,
}

impl WorkerHalf {
    /// The activation is over already, and too little came through for anything to be heard in it: hosts that scan, or
    /// change their settings, activate again and again.
    pub fn came_to_nothing(&self) -> bool {
        self.samples.is_abandoned() && (self.samples.slots() as f64) < LEAST_S * self.rate_hz
    }
}

/// The worker's halves that it has not come to yet, in order.
#[derive(Default)]
pub(super) struct Connections(Mutex<VecDeque<WorkerHalf>>);

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Connections").field(&self.waiting().len()).finish()
    }
}

impl Connections {
    /// One more. Of those before, what came to nothing need not wait for the worker: a host may activate faster than it looks.
    pub fn offer(&self, half: WorkerHalf) {
        let mut waiting = self.waiting();
        waiting.retain(|half| !half.came_to_nothing());
        waiting.push_back(half);
    }

    /// The next one, if it is not over already.
    pub fn next(&self) -> Option<WorkerHalf> {
        self.waiting().pop_front()
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<WorkerHalf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the rings for one activation. Allocates.
pub(super) fn rings(rate_hz: f64, largest_block: usize) -> (AudioHalf, WorkerHalf) {
    let capacity = ((rate_hz * RING_S) as usize).max(2 * largest_block);
    let (samples_in, samples_out) = RingBuffer::new(capacity);
    let (marks_in, marks_out) = RingBuffer::new(MARKS);
    let (events_in, events_out) = RingBuffer::new(EVENTS);
    let tally = Arc::new(Tally::default());
    (
        AudioHalf { samples: samples_in, marks: marks_in, events: events_out, tally: tally.clone() },
        WorkerHalf { rate_hz, samples: samples_out, marks: marks_out, events: events_in, tally },
    )
}
