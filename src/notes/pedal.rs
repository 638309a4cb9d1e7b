//! The sustain pedal, told from the notes alone.

use crate::performance::NoteEvent;
use crate::units::Seconds;

/// Ends become known later than beginnings. Events are weighed in the order in which they happened, so long after they did:
/// nine ends of ten are known by then. In seconds.
const SETTLE_S: f64 = 0.15;

/// Where more events than this wait, the earliest are weighed at once: more than a piano can make in that time.
const WAITING: usize = 512;

/// Strikes closer together than this are one chord, seconds.
const CHORD_S: f64 = 0.1;

/// So many strikes, one after another, that all go on sounding are more than fingers hold in most music.
const HELD_STRIKES: usize = 3;

/// More notes than this at once are more than fingers hold, however they were struck.
const HELD_NOTES: usize = 6;

/// Notes that end within this time end together, seconds.
const TOGETHER_S: f64 = 0.06;

/// So many notes, of as many strikes, must end together for the pedal to have gone up: fingers let go one by one, or
/// all of one chord.
const ENDED_TOGETHER: usize = 3;

/// A key struck again within this time of its note's end says how the music is pedalled, in seconds.
const AGAIN_S: f64 = 0.6;

/// Longest silence of a key that is struck again while the pedal holds its note, in seconds: none, but for what a hop hides. A finger
/// must let the key up first, and the damper falls.
const UNBROKEN_S: f64 = 0.02;

/// Of the keys struck again, so large a share whose notes went on until then is a player who pedals throughout: the foot is down
/// at every strike, and goes up to clear what sounds.
const THROUGHOUT: f32 = 0.6;

/// What is counted before any key was struck again: a third of three.
const NEVER_AGAIN: (f32, f32) = (1.0, 3.0);

/// What one more strike takes from the weight of those before it.
const FORGETTING: f32 = 0.02;

/// Infers from what sounds, what ends and what is struck again when the sustain pedal goes down and up.
///
/// Down is said at the strike that makes it one too many for fingers, or at the first one of a player who pedals throughout; the foot
/// was down earlier, or goes down later, but nothing tells when. Up is said when notes of several strikes end together, or nothing
/// sounds any more; never later than that, so that the pedal cannot hang.
///
/// # Latency
/// 0.15 s: ends become known late.
///
/// # Realtime safety
/// Does not allocate after construction.
#[derive(Clone, Debug)]
pub struct PedalTracker {
    /// What is not weighed yet, in the order in which it will be.
    waiting: Vec<Change>,
    /// Onset of what sounds on each pitch.
    sounding: [Option<Seconds>; 128],
    /// End and onset of what last ended on each pitch since the pedal last changed.
    ended: [Option<(Seconds, Seconds)>; 128],
    /// When the last note of each pitch ended.
    silent_since: [Option<Seconds>; 128],
    /// Strikes of keys struck before: those whose note had gone on until then, and all, the later the weightier.
    again: (f32, f32),
    down: bool,
    /// When it last changed.
    changed: Seconds,
}

/// A note that begins or ends.
#[derive(Clone, Copy, Debug)]
struct Change {
    /// When it counts: when it happened, or as soon afterwards as it can.
    due: Seconds,
    at: Seconds,
    pitch: usize,
    begins: bool,
}

impl Default for PedalTracker {
    fn default() -> Self {
        PedalTracker {
            waiting: Vec::with_capacity(2 * WAITING),
            sounding: [None; 128],
            ended: [None; 128],
            silent_since: [None; 128],
            again: NEVER_AGAIN,
            down: false,
            changed: Seconds(0.0),
        }
    }
}

impl PedalTracker {
    /// Takes a note event, to be weighed by [`PedalTracker::advance`], which is to follow each hop's events; pedal events and bends
    /// are left alone.
    pub fn enter(&mut self, event: &NoteEvent) {
        let (pitch, at, emitted, begins) = match *event {
            NoteEvent::On { pitch, at, emitted, .. } => (pitch, at, emitted, true),
            NoteEvent::Off { pitch, at, emitted } => (pitch, at, emitted, false),
            NoteEvent::Pedal { .. } | NoteEvent::Bend { .. } => return,
        };
        let due = Seconds(at.0.max(emitted.0 - SETTLE_S));
        let change = Change { due, at, pitch: usize::from(pitch.0 & 127), begins };
        // What ends at a moment ends before what begins then.
        let sooner = |other: &Change| other.due.0 < due.0 || (other.due == due && (begins || !other.begins));
        let place = self.waiting.partition_point(sooner);
        self.waiting.insert(place, change);
    }

    /// What the pedal did at the next of the events that have settled by `now`, if anything; to be called until nothing is left.
    pub fn advance(&mut self, now: Seconds) -> Option<NoteEvent> {
        self.advance_to(Seconds(now.0 - SETTLE_S), now)
    }

    /// The same of all events so far, at the end of a stream.
    pub fn conclude(&mut self, now: Seconds) -> Option<NoteEvent> {
        self.advance_to(Seconds(f64::INFINITY), now)
    }

    fn advance_to(&mut self, settled: Seconds, now: Seconds) -> Option<NoteEvent> {
        let ripe = |waiting: &[Change]| {
            waiting.len() > WAITING || waiting.first().is_some_and(|change| change.due.0 <= settled.0)
        };
        while ripe(&self.waiting) {
            let change = self.waiting.remove(0);
            if let Some(down) = self.weigh(change) {
                let at = Seconds(self.changed.0.min(now.0));
                return Some(NoteEvent::Pedal { down, at, emitted: now });
            }
        }
        None
    }

    /// Whether the pedal went down or up at `change`, if either.
    fn weigh(&mut self, change: Change) -> Option<bool> {
        let Change { due, at, pitch, begins } = change;
        if !begins {
            self.silent_since[pitch] = Some(at);
            let onset = self.sounding[pitch].take();
            // A note that its key's next strike ends is not let go.
            let soon = |next: &Change| next.begins && next.pitch == pitch && next.at.0 - at.0 <= UNBROKEN_S;
            if self.waiting.iter().any(soon) {
                return None;
            }
            self.ended[pitch] = onset.map(|onset| (at, onset));
            return (self.down && self.has_gone_up(at)).then(|| self.turn(false, at));
        }
        if let Some(end) = self.silent_since[pitch].filter(|end| at.0 - end.0 <= AGAIN_S) {
            let unbroken = f32::from(u8::from(at.0 - end.0 <= UNBROKEN_S));
            self.again.0 = self.again.0 * (1.0 - FORGETTING) + unbroken;
            self.again.1 = self.again.1 * (1.0 - FORGETTING) + 1.0;
        }
        self.sounding[pitch] = Some(at);
        (!self.down && self.has_gone_down()).then(|| self.turn(true, due))
    }

    fn has_gone_down(&self) -> bool {
        let sounding = || self.sounding.iter().flatten().copied();
        self.again.0 >= THROUGHOUT * self.again.1
            || sounding().count() > HELD_NOTES
            || strikes(sounding()) >= HELD_STRIKES
    }

    fn has_gone_up(&self, now: Seconds) -> bool {
        let together = || self.ended.iter().flatten().filter(|(end, _)| (now.0 - end.0).abs() <= TOGETHER_S);
        self.sounding.iter().all(Option::is_none)
            || (together().count() >= ENDED_TOGETHER
                && strikes(together().map(|(_, onset)| *onset)) >= ENDED_TOGETHER)
    }

    fn turn(&mut self, down: bool, at: Seconds) -> bool {
        self.down = down;
        self.changed = Seconds(at.0.max(self.changed.0));
        self.ended = [None; 128];
        down
    }

    /// Forgets everything: the stream begins anew, and its time with it.
    pub fn reset(&mut self) {
        self.waiting.clear();
        self.sounding = [None; 128];
        self.ended = [None; 128];
        self.silent_since = [None; 128];
        self.again = NEVER_AGAIN;
        self.down = false;
        self.changed = Seconds(0.0);
    }
}

/// How many strikes these onsets make, those of a chord being one.
fn strikes(onsets: impl Iterator<Item = Seconds>) -> usize {
    let mut sorted = [f64::INFINITY; 128];
    let mut count = 0;
    for (place, onset) in sorted.iter_mut().zip(onsets) {
        *place = onset.0;
        count += 1;
    }
    let sorted = &mut sorted[..count];
    sorted.sort_unstable_by(f64::total_cmp);
    let apart = sorted.windows(2).filter(|pair| pair[1] - pair[0] > CHORD_S).count();
    if count == 0 { 0 } else { apart + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Pitch;
    use proptest::prelude::*;

    /// What the pedal did, for notes given as (pitch, onset, end), of which each end is known `late_s` after it.
    fn pedal_late(notes: &[(u8, f64, f64)], late_s: f64) -> Vec<(bool, f64)> {
        let mut events: Vec<(f64, NoteEvent)> = Vec::new();
        for &(pitch, onset, end) in notes {
            let (on, off) = (Seconds(onset), Seconds(end));
            let pitch = Pitch(pitch);
            events.push((onset, NoteEvent::On { pitch, velocity: 64, at: on, emitted: on }));
            let known = Seconds(end + late_s);
            events.push((known.0, NoteEvent::Off { pitch, at: off, emitted: known }));
        }
        events.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut tracker = PedalTracker::default();
        let mut told = Vec::new();
        for (now, event) in &events {
            // What settled before this event was told before it.
            told.extend(std::iter::from_fn(|| tracker.advance(Seconds(*now))));
            tracker.enter(event);
        }
        let end = events.last().map_or(0.0, |(now, _)| *now);
        told.extend(std::iter::from_fn(|| tracker.conclude(Seconds(end))));
        let told = told.into_iter().map(|event| match event {
            NoteEvent::Pedal { down, at, emitted } => {
                assert!(at.0 <= emitted.0);
                (down, at.0)
            }
            other => panic!("{other:?}"),
        });
        told.collect()
    }

    fn pedal(notes: &[(u8, f64, f64)]) -> Vec<(bool, f64)> {
        pedal_late(notes, 0.0)
    }

    #[test]
    fn a_broken_chord_that_ends_as_one_was_held_by_the_pedal() {
        let notes = [(48, 0.0, 2.0), (55, 0.2, 2.01), (60, 0.4, 2.02), (64, 0.6, 2.03)];
        assert_eq!(pedal(&notes), [(true, 0.4), (false, 2.02)]);
    }

    #[test]
    fn detached_notes_and_chords_need_no_pedal() {
        let scale: Vec<(u8, f64, f64)> =
            (0..12).map(|n| (60 + n, 0.2 * f64::from(n), 0.2 * f64::from(n) + 0.25)).collect();
        assert_eq!(pedal(&scale), []);
        let chords: Vec<(u8, f64, f64)> =
            (0..4).flat_map(|n| [60, 64, 67, 72].map(|p| (p, f64::from(n), f64::from(n) + 0.9))).collect();
        assert_eq!(pedal(&chords), []);
    }

    /// A key struck twelve times, every 0.3 s, `gap_s` of silence before each.
    fn struck_again(gap_s: f64) -> Vec<(u8, f64, f64)> {
        (0..12).map(|n| (60, 0.3 * f64::from(n), 0.3 * f64::from(n + 1) - gap_s)).collect()
    }

    #[test]
    fn a_key_struck_again_while_it_sounds_is_held_by_the_pedal() {
        // The third one makes three of five.
        let told = pedal(&struck_again(0.0));
        assert_eq!(told.len(), 2);
        assert!(told[0].0 && (told[0].1 - 0.6).abs() < 1e-9, "{told:?}");
        assert!(!told[1].0 && (told[1].1 - 3.6).abs() < 1e-9, "{told:?}");
        assert_eq!(pedal(&struck_again(0.05)), []);
    }

    #[test]
    fn ends_that_become_known_late_are_no_overlap() {
        let scale: Vec<(u8, f64, f64)> =
            (0..12).map(|n| (60 + n, 0.12 * f64::from(n), 0.12 * f64::from(n) + 0.11)).collect();
        assert_eq!(pedal_late(&scale, 0.14), []);
        let held = [(48, 0.0, 2.0), (55, 0.2, 2.01), (60, 0.4, 2.02), (64, 0.6, 2.03)];
        assert_eq!(pedal_late(&held, 0.14), [(true, 0.4), (false, 2.02)]);
    }

    proptest! {
        /// Down and up alternate, in order of time, and it is up once nothing sounds.
        #[test]
        fn the_pedal_never_hangs(raw in prop::collection::vec((21u8..109, 0u32..8000, 1u32..3000), 0..80), late in 0u32..400) {
            let mut notes: Vec<(u8, f64, f64)> = Vec::new();
            for (pitch, onset, length) in raw {
                let (onset, end) = (f64::from(onset) / 1000.0, f64::from(onset + length) / 1000.0);
                if notes.iter().all(|note| note.0 != pitch || end < note.1 || note.2 < onset) {
                    notes.push((pitch, onset, end));
                }
            }
            let told = pedal_late(&notes, f64::from(late) / 1000.0);
            prop_assert!(told.iter().enumerate().all(|(n, (down, _))| *down == (n % 2 == 0)), "{:?}", told);
            prop_assert!(told.len().is_multiple_of(2), "the pedal hangs: {:?}", told);
            prop_assert!(told.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{:?}", told);
        }
    }
}
