//! Played notes to a standard MIDI file.

use super::smf::{self, Timed};
use crate::performance::PlayedNote;
use crate::units::Seconds;
use midly::num::{u4, u7, u14, u24};
use midly::{MetaMessage, MidiMessage, PitchBend, TrackEventKind};
use std::io::Write;

/// Ticks a second: 960 a quarter note at 120 per minute, so a tick is 0.52 ms.
pub(super) const TICKS_PER_SECOND: f64 = 1920.0;
pub(super) const TICKS_PER_QUARTER: u16 = 960;
pub(super) const MICROSECONDS_PER_QUARTER: u32 = 500_000;
const SUSTAIN: u8 = 64;

/// Why a MIDI file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum MidiWriteError {
    /// The destination failed.
    #[error("writing MIDI: {0}")]
    Io(#[from] std::io::Error),
    /// MIDI counts at most 2²⁸ ticks between two events.
    #[error("a pause of {actual_s:.0} s does not fit a MIDI file, at most {expected_s:.0} s do")]
    TooLong {
        /// What fits.
        expected_s: f64,
        /// What was found.
        actual_s: f64,
    },
}

/// What the note-offs of the file mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MidiStyle<'a> {
    /// Notes end where their sound ends, pedal included.
    Sounding,
    /// Notes end where the key is released, and the sustain pedal is written as CC 64: `pedal` is its (time, down)
    /// changes in time order. A note that ends while the pedal is down was let go by the pedal, not by its key;
    /// its key is taken to be released at the latest when the pedal goes down after its onset.
    Keyed(&'a [(Seconds, bool)]),
}

/// Writes `notes` (any order) as a one-track MIDI file whose time 0 is stream time 0.
///
/// Two notes of one pitch never overlap in the file: the earlier ends where the later begins. `bends` (time, 14-bit value),
/// in order, are written as pitch bend.
///
/// # Errors
/// [`MidiWriteError`].
pub fn write_midi(
    notes: &[PlayedNote],
    style: MidiStyle,
    bends: &[(Seconds, u16)],
    out: impl Write,
) -> Result<(), MidiWriteError> {
    let mut events = note_events(notes, style);
    if let MidiStyle::Keyed(pedal) = style {
        for &(at, down) in pedal {
            let message = MidiMessage::Controller {
                controller: u7::new(SUSTAIN),
                value: u7::new(if down { 127 } else { 0 }),
            };
            events.push((tick(at), 1, message));
        }
    }
    for &(at, value) in bends {
        let bend = PitchBend(u14::new(value.min(16_383)));
        events.push((tick(at), 1, MidiMessage::PitchBend { bend }));
    }
    let tempo = MetaMessage::Tempo(u24::new(MICROSECONDS_PER_QUARTER));
    let message = |message| TrackEventKind::Midi { channel: u4::new(0), message };
    // At one tick: offs, then the pedal and bends, then ons.
    let timed = events.into_iter().map(|(tick, order, event)| (tick, order, message(event)));
    let events: Vec<Timed> = std::iter::once((0, 0, TrackEventKind::Meta(tempo))).chain(timed).collect();
    let track = smf::track(events, 0).map_err(|pause| pause.at(TICKS_PER_SECOND))?;
    Ok(smf::write(vec![track], TICKS_PER_QUARTER, out)?)
}

pub(super) fn tick(at: Seconds) -> u64 {
    (at.0 * TICKS_PER_SECOND).round().max(0.0) as u64
}

/// Note-ons (order 2) and note-offs (order 0).
fn note_events(notes: &[PlayedNote], style: MidiStyle) -> Vec<(u64, u8, MidiMessage)> {
    let mut sorted: Vec<&PlayedNote> = notes.iter().collect();
    sorted.sort_by(|a, b| a.pitch.cmp(&b.pitch).then(a.onset.0.total_cmp(&b.onset.0)));
    let mut events = Vec::with_capacity(notes.len() * 2);
    for (i, note) in sorted.iter().enumerate() {
        let on = tick(note.onset);
        let end = match style {
            MidiStyle::Sounding => note.offset,
            MidiStyle::Keyed(pedal) => key_release(note, pedal),
        };
        let mut off = tick(end).max(on + 1);
        if let Some(next) = sorted.get(i + 1).filter(|next| next.pitch == note.pitch) {
            let next_on = tick(next.onset);
            if next_on <= on {
                // The same strike twice: the file keeps the last.
                continue;
            }
            off = off.min(next_on);
        }
        let key = u7::new(note.pitch.0.min(127));
        let vel = u7::new(note.velocity.clamp(1, 127));
        events.push((on, 2, MidiMessage::NoteOn { key, vel }));
        events.push((off, 0, MidiMessage::NoteOff { key, vel: u7::new(64) }));
    }
    events
}

/// When the key of `note` was let go, as far as its sound and the pedal tell.
fn key_release(note: &PlayedNote, pedal: &[(Seconds, bool)]) -> Seconds {
    let last_change = pedal.iter().rev().find(|(at, _)| at.0 < note.offset.0);
    match last_change {
        Some(&(down_at, true)) if down_at.0 > note.onset.0 => down_at,
        // Struck and ended under one pedal: the key's release cannot be heard.
        _ => note.offset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Pitch;
    use midly::Smf;
    use proptest::prelude::*;

    fn read_back(bytes: &[u8]) -> Vec<(u64, u64, u8, u8)> {
        let file = Smf::parse(bytes).unwrap();
        let mut now = 0u64;
        let mut open: [Option<(u64, u8)>; 128] = [None; 128];
        let mut notes = vec![];
        for event in &file.tracks[0] {
            now += event.delta.as_int() as u64;
            if let TrackEventKind::Midi { message, .. } = event.kind {
                match message {
                    MidiMessage::NoteOn { key, vel } => {
                        let before = open[key.as_int() as usize].replace((now, vel.as_int()));
                        assert!(before.is_none(), "struck while down");
                    }
                    MidiMessage::NoteOff { key, .. } => {
                        let (on, vel) = open[key.as_int() as usize].take().expect("off without on");
                        notes.push((on, now, key.as_int(), vel));
                    }
                    _ => {}
                }
            }
        }
        assert!(open.iter().all(Option::is_none), "a note hangs");
        notes.sort_by_key(|&(on, _, pitch, _)| (pitch, on));
        notes
    }

    proptest! {
        /// Write then read gives the same notes, cut at the next strike of their pitch.
        #[test]
        fn notes_come_back(raw in prop::collection::vec((0u32..60_000, 1u32..4000, 21u8..109, 1u8..128), 0..80)) {
            let mut notes: Vec<PlayedNote> = raw.iter().map(|&(on, length, pitch, velocity)| PlayedNote {
                onset: Seconds(f64::from(on) / 1000.0),
                offset: Seconds(f64::from(on + length) / 1000.0),
                pitch: Pitch(pitch),
                velocity,
                emitted: Seconds(f64::from(on) / 1000.0),
            }).collect();
            notes.sort_by(|a, b| a.pitch.cmp(&b.pitch).then(a.onset.0.total_cmp(&b.onset.0)));
            notes.dedup_by(|b, a| a.pitch == b.pitch && (b.onset.0 - a.onset.0).abs() < 0.002);
            let mut bytes = vec![];
            write_midi(&notes, MidiStyle::Sounding, &[], &mut bytes).unwrap();
            let back = read_back(&bytes);
            prop_assert_eq!(back.len(), notes.len());
            for (i, (note, &(on, off, pitch, velocity))) in notes.iter().zip(&back).enumerate() {
                let mut end = note.offset.0;
                if let Some(next) = notes.get(i + 1).filter(|next| next.pitch == note.pitch) {
                    end = end.min(next.onset.0);
                }
                prop_assert_eq!((pitch, velocity), (note.pitch.0, note.velocity));
                prop_assert!((on as f64 / TICKS_PER_SECOND - note.onset.0).abs() < 0.0006);
                prop_assert!((off as f64 / TICKS_PER_SECOND - end).abs() < 0.0012);
            }
        }
    }

    #[test]
    fn keyed_notes_end_where_the_pedal_took_over() {
        let note = PlayedNote {
            onset: Seconds(1.0),
            offset: Seconds(3.0),
            pitch: Pitch(60),
            velocity: 80,
            emitted: Seconds(1.05),
        };
        let pedal = [(Seconds(1.5), true), (Seconds(3.0), false)];
        let mut bytes = vec![];
        write_midi(&[note], MidiStyle::Keyed(&pedal), &[], &mut bytes).unwrap();
        assert_eq!(read_back(&bytes), vec![(1920, 2880, 60, 80)]);
        let file = Smf::parse(&bytes).unwrap();
        let values: Vec<u8> =
            file.tracks[0]
                .iter()
                .filter_map(|event| match event.kind {
                    TrackEventKind::Midi {
                        message: MidiMessage::Controller { controller, value }, ..
                    } if controller.as_int() == SUSTAIN => Some(value.as_int()),
                    _ => None,
                })
                .collect();
        assert_eq!(values, vec![127, 0]);
    }
}
