//! Pitch bend of a single line: vibrato, slides, how far from its key a tone lies.

use crate::performance::NoteEvent;
use crate::units::{Pitch, Seconds};

/// After its onset a tone is placed no sooner than this, when the window holds little of what was before; seconds.
const SETTLED_S: f64 = 0.05;

/// Least change that is told, cents.
const STEP_CENTS: f32 = 2.0;

/// Furthest that is told, cents: beyond half a semitone and a wide vibrato it is another key.
const FURTHEST_CENTS: f32 = 80.0;

/// Range of the pitch bend that is sent, either way, cents: what instruments have unless told otherwise.
const RANGE_CENTS: f32 = 200.0;

/// The 14-bit MIDI pitch bend for `cents`, over a range of ±2 semitones: 0-16383, 8192 is unbent.
pub fn pitch_bend_value(cents: f32) -> u16 {
    (8192.0 + (cents / RANGE_CENTS * 8192.0).round()).clamp(0.0, 16_383.0) as u16
}

/// Makes bend events for what plays one note at a time. Where two sound at once the bend stays as it is; a new note
/// begins unbent.
///
/// # Latency
/// [`BendTracker::LAG_S`] and the end of the hop.
///
/// # Realtime safety
/// Does not allocate.
#[derive(Clone, Debug, Default)]
pub struct BendTracker {
    /// Notes that sound, by pitch.
    sounding: u128,
    /// The newest note and its onset.
    newest: Option<(Pitch, Seconds)>,
    /// As last told, cents.
    told: f32,
    /// The mean of what was measured, weighing the newest most, cents.
    mean: Option<f32>,
}

impl BendTracker {
    /// How long before the newest sample that what is measured there, and the mean of it, was so, seconds.
    pub const LAG_S: f64 = 0.05;

    /// Takes a note event and returns what must be told before it, if anything.
    pub fn enter(&mut self, event: &NoteEvent) -> Option<NoteEvent> {
        match *event {
            NoteEvent::On { pitch, at, emitted, .. } => {
                self.sounding |= 1 << (pitch.0 & 127);
                self.newest = Some((pitch, at));
                self.unbend(at, emitted)
            }
            NoteEvent::Off { pitch, .. } => {
                self.sounding &= !(1 << (pitch.0 & 127));
                None
            }
            NoteEvent::Pedal { .. } | NoteEvent::Bend { .. } => None,
        }
    }

    /// The pitch whose place is wanted at `at`, if there is one note alone and it has settled.
    pub fn wanted(&self, at: Seconds) -> Option<Pitch> {
        let (pitch, onset) = self.newest?;
        let alone = self.sounding == 1 << (pitch.0 & 127);
        (alone && at.0 >= onset.0 + SETTLED_S).then_some(pitch)
    }

    /// Takes what was measured of [`BendTracker::wanted`] and returns what there is to tell.
    pub fn place(&mut self, cents: f32, at: Seconds, emitted: Seconds) -> Option<NoteEvent> {
        let cents = cents.clamp(-FURTHEST_CENTS, FURTHEST_CENTS);
        let mean = self.mean.map_or(cents, |mean| 0.5 * (mean + cents));
        self.mean = Some(mean);
        if (mean - self.told).abs() < STEP_CENTS {
            return None;
        }
        self.told = mean;
        Some(NoteEvent::Bend { cents: mean, at, emitted })
    }

    /// Back to unbent, if it is not.
    pub fn unbend(&mut self, at: Seconds, emitted: Seconds) -> Option<NoteEvent> {
        self.mean = None;
        let bent = std::mem::take(&mut self.told) != 0.0;
        bent.then_some(NoteEvent::Bend { cents: 0.0, at, emitted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(pitch: u8, at: f64) -> NoteEvent {
        NoteEvent::On { pitch: Pitch(pitch), velocity: 80, at: Seconds(at), emitted: Seconds(at) }
    }

    fn off(pitch: u8, at: f64) -> NoteEvent {
        NoteEvent::Off { pitch: Pitch(pitch), at: Seconds(at), emitted: Seconds(at) }
    }

    #[test]
    fn one_note_bends_and_the_next_begins_unbent() {
        let mut bends = BendTracker::default();
        assert_eq!(bends.enter(&on(60, 1.0)), None);
        assert_eq!(bends.wanted(Seconds(1.04)), None, "not settled");
        assert_eq!(bends.wanted(Seconds(1.08)), Some(Pitch(60)));
        let bend = bends.place(20.0, Seconds(1.08), Seconds(1.11));
        assert!(matches!(bend, Some(NoteEvent::Bend { cents: 20.0, .. })));
        assert_eq!(bends.place(21.0, Seconds(1.09), Seconds(1.12)), None, "too little to tell");
        bends.enter(&off(60, 1.5));
        let back = bends.enter(&on(62, 1.5));
        assert!(matches!(back, Some(NoteEvent::Bend { cents: 0.0, .. })));
        assert_eq!(bends.enter(&on(64, 2.0)), None, "it is unbent already");
    }

    #[test]
    fn two_notes_at_once_have_no_bend_of_their_own() {
        let mut bends = BendTracker::default();
        bends.enter(&on(60, 1.0));
        bends.enter(&on(64, 1.0));
        assert_eq!(bends.wanted(Seconds(2.0)), None);
        bends.enter(&off(64, 2.0));
        assert_eq!(bends.wanted(Seconds(2.1)), None, "what goes on is not the newest");
    }

    #[test]
    fn cents_are_a_14_bit_number() {
        let values = [-300.0, -200.0, 0.0, 50.0, 199.99, f32::NAN].map(pitch_bend_value);
        assert_eq!(values, [0, 0, 8192, 10_240, 16_383, 0]);
    }

    #[test]
    fn what_ends_ends_unbent() {
        let mut bends = BendTracker::default();
        bends.enter(&on(60, 1.0));
        bends.place(-200.0, Seconds(1.2), Seconds(1.2));
        let back = bends.unbend(Seconds(2.0), Seconds(2.0));
        assert_eq!(back, Some(NoteEvent::Bend { cents: 0.0, at: Seconds(2.0), emitted: Seconds(2.0) }));
        assert_eq!(bends.unbend(Seconds(3.0), Seconds(3.0)), None);
    }
}
