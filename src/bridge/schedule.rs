//! When each ready event leaves for the host.

use super::{ReadyEvent, ReadyKind};

/// How events are timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// As soon as they are known.
    Live,
    /// A fixed time after they truly happened.
    Aligned {
        /// That time, in samples; the audio is delayed by as much.
        latency: u64,
    },
}

/// Events that wait for their sample. An event's time is the sample it is due at, or the first sample of the
/// current block if that is past; events of one pitch never overtake each other.
///
/// # Realtime safety
/// Allocates only in [`Schedule::new`].
pub struct Schedule {
    /// Ordered by due sample, equal ones in order of arrival.
    waiting: Vec<(u64, ReadyKind)>,
    /// Latest due sample given out for each pitch.
    last_due: [u64; 128],
}

impl Schedule {
    /// Room for `capacity` waiting events.
    pub fn new(capacity: usize) -> Schedule {
        Schedule { waiting: Vec::with_capacity(capacity), last_due: [0; 128] }
    }

    /// True when no further event can be taken.
    pub fn is_full(&self) -> bool {
        self.waiting.len() == self.waiting.capacity()
    }

    /// Takes an event; `now` is the first sample of the current block: where it is known too late it is due then.
    ///
    /// # Panics
    /// In debug builds, if the schedule is full.
    pub fn insert(&mut self, event: ReadyEvent, timing: Timing, now: u64) {
        debug_assert!(!self.is_full(), "schedule of {} events is full", self.waiting.len());
        let wanted = match timing {
            Timing::Live => event.emitted,
            Timing::Aligned { latency } => event.at + latency,
        };
        let mut due = wanted.max(now);
        if let ReadyKind::NoteOn { pitch, .. } | ReadyKind::NoteOff { pitch } = event.kind {
            let last = &mut self.last_due[usize::from(pitch & 127)];
            due = due.max(*last);
            *last = due;
        }
        let place = self.waiting.partition_point(|&(other, _)| other <= due);
        self.waiting.insert(place, (due, event.kind));
    }

    /// Gives every event due before sample `end` to `send`, in order, with its due sample.
    pub fn take_until(&mut self, end: u64, mut send: impl FnMut(u64, ReadyKind)) {
        let ready = self.waiting.partition_point(|&(due, _)| due < end);
        for (due, kind) in self.waiting.drain(..ready) {
            send(due, kind);
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.waiting.clear();
        self.last_due = [0; 128];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn on(pitch: u8, at: u64, emitted: u64) -> ReadyEvent {
        ReadyEvent { epoch: 0, at, emitted, kind: ReadyKind::NoteOn { pitch, velocity: 64 } }
    }

    fn off(pitch: u8, at: u64, emitted: u64) -> ReadyEvent {
        ReadyEvent { epoch: 0, at, emitted, kind: ReadyKind::NoteOff { pitch } }
    }

    #[test]
    fn aligned_events_leave_exactly_the_latency_after_they_happened() {
        let timing = Timing::Aligned { latency: 1000 };
        let mut schedule = Schedule::new(8);
        schedule.insert(on(60, 100, 700), timing, 640);
        schedule.insert(on(50, 90, 700), timing, 640);
        // Known too late: it leaves at once.
        schedule.insert(on(70, 10, 1100), timing, 1110);
        let mut sent = Vec::new();
        schedule.take_until(1100, |due, _| sent.push(due));
        assert_eq!(sent, [1090]);
        schedule.take_until(1200, |due, _| sent.push(due));
        assert_eq!(sent, [1090, 1100, 1110]);
    }

    #[test]
    fn a_note_that_is_struck_again_before_its_end_was_known_stays_on() {
        let timing = Timing::Aligned { latency: 100 };
        let mut schedule = Schedule::new(8);
        schedule.insert(on(60, 0, 10), timing, 0);
        schedule.insert(off(60, 50, 60), timing, 0);
        schedule.insert(on(60, 49, 60), timing, 0);
        let mut sent = Vec::new();
        schedule.take_until(1000, |due, kind| sent.push((due, kind)));
        assert!(matches!(sent[2], (150, ReadyKind::NoteOn { .. })), "{sent:?}");
    }

    proptest! {
        /// Live events leave at the sample where they were known, whatever the blocks.
        #[test]
        fn live_events_leave_at_the_same_samples_whatever_the_blocks(
            emitted in proptest::collection::vec(0u64..5000, 1..60),
            blocks in proptest::collection::vec(1u64..700, 1..40),
        ) {
            let mut emitted = emitted;
            emitted.sort_unstable();
            let mut schedule = Schedule::new(64);
            let mut sent = Vec::new();
            let mut now = 0;
            let mut next = 0;
            for block in blocks.iter().cycle() {
                let end = now + block;
                // An offline host has the worker's events before the block is over.
                while next < emitted.len() && emitted[next] < end {
                    schedule.insert(on((next % 128) as u8, 0, emitted[next]), Timing::Live, now);
                    next += 1;
                }
                schedule.take_until(end, |due, _| sent.push(due));
                now = end;
                if now > 5000 {
                    break;
                }
            }
            prop_assert_eq!(sent, emitted);
        }
    }
}
