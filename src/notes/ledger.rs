//! Note events back together into whole notes.

use crate::performance::{NoteEvent, PlayedNote};
use crate::units::{Pitch, Seconds};

/// Collects a stream of note events into whole notes and pedal changes.
#[derive(Clone, Debug)]
pub struct NoteLedger {
    open: [Option<PlayedNote>; 128],
    notes: Vec<PlayedNote>,
    pedal: Vec<(Seconds, bool)>,
    bends: Vec<(Seconds, f32)>,
}

impl Default for NoteLedger {
    fn default() -> Self {
        NoteLedger { open: [None; 128], notes: Vec::new(), pedal: Vec::new(), bends: Vec::new() }
    }
}

impl NoteLedger {
    /// Enters one event.
    pub fn enter(&mut self, event: &NoteEvent) {
        match *event {
            NoteEvent::On { pitch, velocity, at, emitted } => {
                debug_assert!(self.open[slot(pitch)].is_none(), "{pitch:?} struck twice without an end");
                self.open[slot(pitch)] = Some(PlayedNote { onset: at, offset: at, pitch, velocity, emitted });
            }
            NoteEvent::Off { pitch, at, .. } => {
                debug_assert!(self.open[slot(pitch)].is_some(), "{pitch:?} ended without a start");
                if let Some(mut note) = self.open[slot(pitch)].take() {
                    note.offset = at;
                    self.notes.push(note);
                }
            }
            NoteEvent::Pedal { down, at, .. } => self.pedal.push((at, down)),
            NoteEvent::Bend { cents, at, .. } => self.bends.push((at, cents)),
        }
    }

    /// Whole notes so far, in the order in which they ended.
    pub fn notes(&self) -> &[PlayedNote] {
        &self.notes
    }

    /// Sustain pedal changes so far: time, down.
    pub fn pedal(&self) -> &[(Seconds, bool)] {
        &self.pedal
    }

    /// Bends so far: time, cents.
    pub fn bends(&self) -> &[(Seconds, f32)] {
        &self.bends
    }

    /// Notes that have begun and not ended.
    pub fn sounding(&self) -> impl Iterator<Item = &PlayedNote> {
        self.open.iter().flatten()
    }

    /// All whole notes, ordered by onset, then pitch.
    pub fn into_notes(mut self) -> Vec<PlayedNote> {
        self.notes.sort_by(|a, b| a.onset.0.total_cmp(&b.onset.0).then(a.pitch.cmp(&b.pitch)));
        self.notes
    }
}

fn slot(pitch: Pitch) -> usize {
    usize::from(pitch.0 & 0x7f)
}
