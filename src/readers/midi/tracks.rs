//! One MIDI track: its notes as spans, and what else is at a place.

use crate::readers::ReadError;
use crate::units::Beats;
use midly::{EventIter, MetaMessage, MidiMessage, Timing, TrackEvent, TrackEventKind};
use std::collections::HashMap;
use std::collections::VecDeque;

const SUSTAIN: u8 = 64;

/// The most marks of one kind that are kept of a track; a file may hold millions of events.
const MAX_MARKS: usize = 100_000;

/// How ticks count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TimeBase {
    /// Beats per tick, as a fraction.
    numerator: i64,
    denominator: i64,
    /// Tempo events mean something: there are ticks per quarter note.
    pub metrical: bool,
}

impl TimeBase {
    pub(super) fn of(timing: Timing) -> TimeBase {
        match timing {
            Timing::Metrical(per_quarter) => {
                TimeBase { numerator: 1, denominator: i64::from(per_quarter.as_int()).max(1), metrical: true }
            }
            Timing::Timecode(fps, per_frame) => {
                // Two beats a second; 29.97 frames a second is 30000/1001.
                let per_frame = i64::from(per_frame).max(1);
                let (frames, seconds) = match fps {
                    midly::Fps::Fps29 => (30_000, 1001),
                    whole => (i64::from(whole.as_int()), 1),
                };
                TimeBase { numerator: 2 * seconds, denominator: frames * per_frame, metrical: false }
            }
        }
    }

    pub(super) fn beats(self, ticks: u64) -> Beats {
        Beats::whole(ticks.min(1 << 40) as i64).scaled(self.numerator, self.denominator)
    }
}

/// The events of a track, the first being track 0. Running status goes on past meta events, where it must not but in some files does.
///
/// # Errors
/// [`ReadError::Midi`] with the place where something else stands before the end of the track.
pub(super) fn events(index: usize, mut track: EventIter) -> Result<Vec<TrackEvent>, ReadError> {
    let length = track.unread().len();
    let mut events = Vec::new();
    let mut status = None;
    let mut ended = false;
    loop {
        let rest = track.unread();
        match track.next() {
            Some(Ok(event)) => {
                ended |= matches!(event.kind, TrackEventKind::Meta(MetaMessage::EndOfTrack));
                events.push(event);
            }
            None if ended || rest.is_empty() => return Ok(events),
            Some(Err(_)) | None => {
                return Err(ReadError::Midi(format!(
                    "track {}, byte {}: expected an event, found {:02x?}",
                    index + 1,
                    length - rest.len() + 1,
                    &rest[..rest.len().min(4)]
                )));
            }
        }
        status = track.running_status().or(status);
        *track.running_status_mut() = status;
    }
}

/// A note from key down to key up.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Span {
    pub channel: u8,
    pub key: u8,
    pub onset: Beats,
    pub duration: Beats,
}

impl Span {
    pub(super) fn end(&self) -> Beats {
        self.onset + self.duration
    }
}

/// What a track holds.
#[derive(Default)]
pub(super) struct RawTrack {
    pub name: String,
    pub spans: Vec<Span>,
    /// Quarter notes per minute.
    pub tempos: Vec<(Beats, f64)>,
    pub meters: Vec<(Beats, (u16, u16))>,
    pub keys: Vec<(Beats, i8)>,
    /// Channel, and whether the pedal goes down.
    pub pedal: Vec<(Beats, u8, bool)>,
    pub lyrics: Vec<(Beats, String)>,
    pub markers: Vec<(Beats, String)>,
}

impl RawTrack {
    /// Reads a track. A note-off ends the note of its key that has sounded longest; what is never ended sounds to the
    /// last event of the track.
    pub(super) fn read(events: &[TrackEvent], base: TimeBase) -> RawTrack {
        let mut track = RawTrack::default();
        let mut down: HashMap<(u8, u8), VecDeque<usize>> = HashMap::new();
        let mut pedal_down = [false; 16];
        let mut ticks = 0u64;
        for event in events {
            ticks = ticks.saturating_add(event.delta.as_int().into());
            match event.kind {
                TrackEventKind::Midi { channel, message } => {
                    let channel = channel.as_int();
                    match message {
                        MidiMessage::NoteOn { key, vel } if vel > 0 => {
                            down.entry((channel, key.as_int())).or_default().push_back(track.spans.len());
                            let onset = base.beats(ticks);
                            let key = key.as_int();
                            track.spans.push(Span { channel, key, onset, duration: Beats::ZERO });
                        }
                        MidiMessage::NoteOn { key, .. } | MidiMessage::NoteOff { key, .. } => {
                            let held = down.get_mut(&(channel, key.as_int())).and_then(VecDeque::pop_front);
                            if let Some(index) = held {
                                track.spans[index].duration = base.beats(ticks) - track.spans[index].onset;
                            }
                        }
                        MidiMessage::Controller { controller, value } if controller == SUSTAIN => {
                            let now = value >= 64;
                            let before = &mut pedal_down[usize::from(channel)];
                            if *before != now && track.pedal.len() < MAX_MARKS {
                                *before = now;
                                track.pedal.push((base.beats(ticks), channel, now));
                            }
                        }
                        _ => {}
                    }
                }
                TrackEventKind::Meta(message) => track.meta(message, base.beats(ticks), base),
                _ => {}
            }
        }
        let end = base.beats(ticks);
        for index in down.into_values().flatten() {
            track.spans[index].duration = end - track.spans[index].onset;
        }
        track
    }

    fn meta(&mut self, message: MetaMessage, at: Beats, base: TimeBase) {
        match message {
            MetaMessage::TrackName(name) if self.name.is_empty() => self.name = text(name),
            MetaMessage::InstrumentName(name) if self.name.is_empty() => self.name = text(name),
            MetaMessage::Tempo(micros) if base.metrical && self.tempos.len() < MAX_MARKS => {
                let tempo = 6e7 / f64::from(micros.as_int().max(1));
                if (1.0..=2000.0).contains(&tempo) {
                    self.tempos.push((at, tempo));
                }
            }
            MetaMessage::TimeSignature(beats @ 1.., power @ ..=6, _, _) if self.meters.len() < MAX_MARKS => {
                self.meters.push((at, (beats.into(), 1 << power)));
            }
            MetaMessage::KeySignature(fifths, _) if self.keys.len() < MAX_MARKS => {
                self.keys.push((at, fifths))
            }
            MetaMessage::Lyric(syllable) if self.lyrics.len() < MAX_MARKS => {
                self.lyrics.push((at, text(syllable)))
            }
            MetaMessage::Marker(name) if self.markers.len() < MAX_MARKS => {
                self.markers.push((at, text(name)))
            }
            _ => {}
        }
    }
}

/// Text of a file that does not say its encoding: UTF-8 if it is that, else Latin-1.
fn text(bytes: &[u8]) -> String {
    const LONGEST: usize = 200;
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.chars().take(LONGEST).collect::<String>(),
        Err(_) => bytes.iter().take(LONGEST).map(|&byte| char::from(byte)).collect(),
    };
    text.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_string()
}
