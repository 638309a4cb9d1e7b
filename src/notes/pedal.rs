//! The sustain pedal, told from the notes alone.

use crate::performance::NoteEvent;
use crate::units::Seconds;

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

/// Infers from what sounds and what ends when the sustain pedal goes down and up.
///
/// Down is said at the strike that makes it one too many for fingers; the foot was down earlier, but nothing tells when.
/// Up is said when notes of several strikes end together, or nothing sounds any more; never later than that, so that
/// the pedal cannot hang.
///
/// # Latency
/// None beyond that of the note events.
///
/// # Realtime safety
/// Does not allocate.
#[derive(Clone, Debug)]
pub struct PedalTracker {
    /// Onset of what sounds on each pitch.
    sounding: [Option<Seconds>; 128],
    /// End and onset of what last ended on each pitch.
    ended: [Option<(Seconds, Seconds)>; 128],
    down: bool,
    /// When it last changed.
    changed: Seconds,
}

impl Default for PedalTracker {
    fn default() -> Self {
        PedalTracker { sounding: [None; 128], ended: [None; 128], down: false, changed: Seconds(0.0) }
    }
}

impl PedalTracker {
    /// Takes a note event and returns what the pedal did at it, if anything; pedal events are left alone.
    pub fn enter(&mut self, event: &NoteEvent) -> Option<NoteEvent> {
        let (at, emitted) = match *event {
            NoteEvent::On { pitch, at, emitted, .. } => {
                self.sounding[usize::from(pitch.0 & 127)] = Some(at);
                (at, emitted)
            }
            NoteEvent::Off { pitch, at, emitted } => {
                let pitch = usize::from(pitch.0 & 127);
                self.ended[pitch] = self.sounding[pitch].take().map(|onset| (at, onset));
                if self.down && self.has_gone_up(at) {
                    return Some(self.change(false, at, emitted));
                }
                return None;
            }
            NoteEvent::Pedal { .. } | NoteEvent::Bend { .. } => return None,
        };
        let held = self.sounding.iter().flatten().count();
        let gone_down = !self.down
            && (held > HELD_NOTES || strikes(self.sounding.iter().flatten().copied()) >= HELD_STRIKES);
        gone_down.then(|| self.change(true, at, emitted))
    }

    fn has_gone_up(&self, now: Seconds) -> bool {
        let together = || self.ended.iter().flatten().filter(|(end, _)| (now.0 - end.0).abs() <= TOGETHER_S);
        self.sounding.iter().all(Option::is_none)
            || (together().count() >= ENDED_TOGETHER
                && strikes(together().map(|(_, onset)| *onset)) >= ENDED_TOGETHER)
    }

    fn change(&mut self, down: bool, at: Seconds, emitted: Seconds) -> NoteEvent {
        self.down = down;
        self.changed = Seconds(at.0.max(self.changed.0).min(emitted.0));
        self.ended = [None; 128];
        NoteEvent::Pedal { down, at: self.changed, emitted }
    }

    /// Forgets everything: the stream begins anew, and its time with it.
    pub fn reset(&mut self) {
        *self = PedalTracker::default();
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

    /// What the pedal did, for notes given as (pitch, onset, end).
    fn pedal(notes: &[(u8, f64, f64)]) -> Vec<(bool, f64)> {
        let mut events: Vec<(f64, NoteEvent)> = Vec::new();
        for &(pitch, onset, end) in notes {
            let (on, off) = (Seconds(onset), Seconds(end));
            let pitch = Pitch(pitch);
            events.push((onset, NoteEvent::On { pitch, velocity: 64, at: on, emitted: on }));
            events.push((end, NoteEvent::Off { pitch, at: off, emitted: off }));
        }
        events.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut tracker = PedalTracker::default();
        let told = events.iter().filter_map(|(_, event)| tracker.enter(event));
        told.map(|event| match event {
            NoteEvent::Pedal { down, at, .. } => (down, at.0),
            other => panic!("{other:?}"),
        })
        .collect()
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

    proptest! {
        /// Down and up alternate, in order of time, and it is up once nothing sounds.
        #[test]
        fn the_pedal_never_hangs(raw in prop::collection::vec((21u8..109, 0u32..8000, 1u32..3000), 0..80)) {
            let mut notes: Vec<(u8, f64, f64)> = Vec::new();
            for (pitch, onset, length) in raw {
                let (onset, end) = (f64::from(onset) / 1000.0, f64::from(onset + length) / 1000.0);
                if notes.iter().all(|note| note.0 != pitch || end < note.1 || note.2 < onset) {
                    notes.push((pitch, onset, end));
                }
            }
            let told = pedal(&notes);
            prop_assert!(told.iter().enumerate().all(|(n, (down, _))| *down == (n % 2 == 0)), "{:?}", told);
            prop_assert!(told.len().is_multiple_of(2), "the pedal hangs: {:?}", told);
            prop_assert!(told.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{:?}", told);
        }
    }
}
