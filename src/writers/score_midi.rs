//! A score as it is played, as a standard MIDI file on the beats' own grid.

use super::smf::{self, LONGEST_PAUSE, Timed};
use crate::performance::Notated;
use crate::score::{NoteId, PlayingPath, Score, SoundingTime};
use crate::units::{Beats, Bpm, Pitch};
use midly::num::{u4, u7, u24};
use midly::{MetaMessage, MidiMessage, Track, TrackEventKind};
use std::io::Write;

/// Ticks a quarter note: 2⁵·3²·5·7, so that the usual tuplets are exact.
const TICKS_PER_QUARTER: u16 = 10_080;

const PERCUSSION_CHANNEL: u8 = 9;
const VELOCITY: u8 = 64;

/// Why a score could not be written as MIDI.
#[derive(Debug, thiserror::Error)]
pub enum ScoreMidiError {
    /// The destination failed.
    #[error("writing MIDI: {0}")]
    Io(#[from] std::io::Error),
    /// MIDI counts at most 2²⁸ ticks between two events.
    #[error("a pause of {actual_beats:.0} beats does not fit a MIDI file, at most {expected_beats} do")]
    TooLong {
        /// What fits.
        expected_beats: u32,
        /// What was found.
        actual_beats: f64,
    },
}

/// Writes the score's playing path as a format 1 file: a track of tempi and meters,
/// then one a part. Beat 0 is tick 0. Grace notes sound as [`Score::sounding_times`] has it; two notes of one pitch
/// in one part never overlap: the earlier ends where the later begins.
///
/// # Errors
/// [`ScoreMidiError`].
pub fn write_score_midi(score: &Score, out: impl Write) -> Result<(), ScoreMidiError> {
    write(score, &[], out)
}

/// Writes a performance that was written down, as [`write_score_midi`] writes scores, each note as loud as it was played:
/// quantised MIDI.
///
/// # Errors
/// [`ScoreMidiError`].
pub fn write_notated_midi(notated: &Notated, out: impl Write) -> Result<(), ScoreMidiError> {
    write(&notated.score, &notated.velocities, out)
}

/// `velocities`: by printed note; what it lacks is [`VELOCITY`].
fn write(score: &Score, velocities: &[u8], out: impl Write) -> Result<(), ScoreMidiError> {
    let path = &score.path;
    let mut tracks = vec![conductor(path, score.title.as_bytes())?];
    let sounding = score.sounding_times();
    for (index, part) in score.parts.iter().enumerate() {
        let of_part = path.notes.iter().zip(&sounding).filter(|(note, _)| usize::from(note.part) == index);
        let velocity = |id: NoteId| velocities.get(id.0 as usize).copied().unwrap_or(VELOCITY).clamp(1, 127);
        let notes: Vec<(Pitch, u8, SoundingTime)> =
            of_part.map(|(note, time)| (note.pitch, velocity(note.id), *time)).collect();
        tracks.push(part_track(&notes, part.name.as_bytes(), channel(index))?);
    }
    Ok(smf::write(tracks, TICKS_PER_QUARTER, out)?)
}

/// Parts beyond the fifteenth share channels.
fn channel(part: usize) -> u4 {
    let channel = (part % 15) as u8;
    u4::new(if channel >= PERCUSSION_CHANNEL { channel + 1 } else { channel })
}

fn conductor<'a>(path: &PlayingPath, title: &'a [u8]) -> Result<Track<'a>, ScoreMidiError> {
    let mut events = vec![(0, 0, TrackEventKind::Meta(MetaMessage::TrackName(title)))];
    let mut meter = (0, 0);
    for step in &path.steps {
        if step.meter != meter && step.meter.1.is_power_of_two() && step.meter.0 > 0 && step.meter.0 < 256 {
            meter = step.meter;
            let power = meter.1.trailing_zeros() as u8;
            let message = MetaMessage::TimeSignature(meter.0 as u8, power, 24, 8);
            events.push((tick(step.start), 1, TrackEventKind::Meta(message)));
        }
    }
    for change in &path.tempos {
        let Bpm(tempo) = change.tempo;
        let micros = u24::new((6e7 / tempo).round().clamp(1.0, 16_777_215.0) as u32);
        events.push((tick(change.at), 2, TrackEventKind::Meta(MetaMessage::Tempo(micros))));
    }
    finished(events, tick(path.end()))
}

fn part_track<'a>(
    notes: &[(Pitch, u8, SoundingTime)],
    name: &'a [u8],
    channel: u4,
) -> Result<Track<'a>, ScoreMidiError> {
    let mut events = vec![(0, 0, TrackEventKind::Meta(MetaMessage::TrackName(name)))];
    let mut spans: Vec<(u8, u64, u64, u8)> = Vec::with_capacity(notes.len());
    for (pitch, velocity, time) in notes {
        let start = tick(time.onset);
        spans.push((pitch.0.min(127), start, (start + tick(time.duration)).max(start + 1), *velocity));
    }
    spans.sort_unstable();
    let mut end = 0;
    for index in 0..spans.len() {
        let (pitch, start, stop, velocity) = spans[index];
        let next = spans.get(index + 1).filter(|next| next.0 == pitch).map_or(u64::MAX, |next| next.1);
        if next == start {
            // Two voices strike one key: the longer is later in the order, and sounds.
            continue;
        }
        let stop = stop.min(next);
        end = end.max(stop);
        let key = u7::new(pitch);
        let on = MidiMessage::NoteOn { key, vel: u7::new(velocity) };
        let off = MidiMessage::NoteOff { key, vel: u7::new(VELOCITY) };
        events.push((start, 2, TrackEventKind::Midi { channel, message: on }));
        events.push((stop, 1, TrackEventKind::Midi { channel, message: off }));
    }
    finished(events, end)
}

fn tick(beats: Beats) -> u64 {
    (beats.to_f64() * f64::from(TICKS_PER_QUARTER)).round().max(0.0) as u64
}

/// Absolute ticks, with their order at one tick, to a track.
fn finished(events: Vec<Timed>, end: u64) -> Result<Track, ScoreMidiError> {
    smf::track(events, end).map_err(|pause| ScoreMidiError::TooLong {
        expected_beats: LONGEST_PAUSE / u32::from(TICKS_PER_QUARTER),
        actual_beats: pause.0 as f64 / f64::from(TICKS_PER_QUARTER),
    })
}
