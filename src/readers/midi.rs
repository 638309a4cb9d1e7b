//! Standard MIDI files as scores: parts, measures and chords derived from what there is.
//!
//! Positions are exact fractions of a quarter note. Where the notes of a file lie on the grid of its beats, they are
//! put onto it exactly; where they do not, it was played in, and chords are gathered from what was struck together.

mod grid;
mod tracks;

use self::tracks::{RawTrack, Span, TimeBase};
use super::ReadError;
use crate::score::{Flow, Mark, MarkKind, Measure, Note, Part, Score, Section, playing_order};
use crate::units::{Beats, Bpm, Pitch};
use midly::Format;

/// The most measures that a file may be long.
const MAX_MEASURES: usize = 65_536;

/// The most notes.
const MAX_NOTES: usize = 2_000_000;

/// The General MIDI percussion channel, counted from 0.
const PERCUSSION: u8 = 9;

/// Reads a standard MIDI file of any format and time division.
///
/// Format 2 files, whose tracks are pieces of their own, become one score with a section for each. With SMPTE time
/// there are no beats; half a second is taken for one.
///
/// # Errors
/// [`ReadError::Midi`] for broken files, [`ReadError::TooLarge`] beyond the limits, [`ReadError::Empty`] without
/// notes that take time.
pub(super) fn read(bytes: &[u8]) -> Result<Score, ReadError> {
    check_division(bytes)?;
    let broken = |error: midly::Error| ReadError::Midi(error.to_string());
    let (header, chunks) = midly::parse(bytes).map_err(broken)?;
    let base = TimeBase::of(header.timing);
    let sequential = header.format == Format::Sequential;
    let mut tracks = Vec::new();
    for (index, chunk) in chunks.enumerate() {
        tracks.push(RawTrack::read(&tracks::events(index, chunk.map_err(broken)?)?, base));
    }
    let count: usize = tracks.iter().map(|track| track.spans.len()).sum();
    if count > MAX_NOTES {
        return Err(ReadError::TooLarge { what: "notes", limit: MAX_NOTES as u64, found: count as u64 });
    }
    if count == 0 {
        return Err(ReadError::Empty);
    }
    let source = grid::settle(&mut tracks, base);
    let mut score = Score { source, ..Score::default() };
    let parts = parts(&tracks, &mut score);
    if sequential {
        for (index, track) in tracks.iter().enumerate() {
            piece(&mut score, std::slice::from_ref(track), &parts[index..=index])?;
        }
    } else {
        piece(&mut score, &tracks, &parts)?;
    }
    // Notes that all begin and end at once are no score.
    if score.measures.is_empty() {
        return Err(ReadError::Empty);
    }
    score.notes.sort_by_key(|note| (note.measure, note.onset, note.part, note.pitch, note.duration));
    score.marks.sort_by_key(|mark| (mark.measure, mark.onset, mark.part));
    score.path = score.path_in(&playing_order(&score.measures, &score.sections)?)?;
    Ok(score)
}

/// Refuses time codes that there are not; the parser expects one of the four.
fn check_division(bytes: &[u8]) -> Result<(), ReadError> {
    match bytes.get(12).map(|&byte| byte as i8) {
        Some(rate) if rate < 0 && ![-24, -25, -29, -30].contains(&rate) => Err(ReadError::Midi(format!(
            "expected 24, 25, 29 or 30 frames a second, found {}",
            -i32::from(rate)
        ))),
        _ => Ok(()),
    }
}

/// For each track, the score's part for each of the channels that it uses.
type ChannelParts = Vec<(u8, u16)>;

/// One part for each track and channel that has notes.
fn parts(tracks: &[RawTrack], score: &mut Score) -> Vec<ChannelParts> {
    let mut all = Vec::with_capacity(tracks.len());
    for track in tracks {
        let mut channels: Vec<u8> = track.spans.iter().map(|span| span.channel).collect();
        channels.sort_unstable();
        channels.dedup();
        let alone = channels.len() == 1;
        let mut own = ChannelParts::new();
        for channel in channels {
            let name = match (track.name.is_empty(), alone) {
                (false, true) => track.name.clone(),
                (false, false) => format!("{} (channel {})", track.name, channel + 1),
                (true, _) => format!("channel {}", channel + 1),
            };
            own.push((channel, score.parts.len() as u16));
            score.parts.push(Part { name, staves: 1 });
        }
        all.push(own);
    }
    all
}

/// Adds the measures, notes and marks of tracks that sound together, as a section.
fn piece(score: &mut Score, tracks: &[RawTrack], parts: &[ChannelParts]) -> Result<(), ReadError> {
    let end = tracks.iter().flat_map(|track| &track.spans).map(Span::end).max().unwrap_or(Beats::ZERO);
    if end == Beats::ZERO {
        return Ok(());
    }
    let first = score.measures.len();
    let title = tracks.iter().find(|track| track.spans.is_empty() && !track.name.is_empty());
    let name = title.map_or(String::new(), |track| track.name.clone());
    if score.title.is_empty() {
        score.title.clone_from(&name);
    }
    score.sections.push(Section { first_measure: first as u32, name });
    let starts = measures(score, tracks, end)?;
    let place = |at: Beats| {
        let index = starts.partition_point(|start| *start <= at).saturating_sub(1);
        ((first + index) as u32, at - starts[index])
    };
    for (track, parts) in tracks.iter().zip(parts) {
        let part_of =
            |channel: u8| parts.iter().find(|(there, _)| *there == channel).map_or(0, |(_, part)| *part);
        for span in &track.spans {
            let (measure, onset) = place(span.onset);
            score.notes.push(Note {
                part: part_of(span.channel),
                unpitched: span.channel == PERCUSSION,
                ..Note::plain(measure, onset, span.duration, Pitch(span.key))
            });
        }
        let first_part = parts.first().map_or(0, |(_, part)| *part);
        let mut mark = |at: Beats, part: u16, kind: MarkKind| {
            if at < end {
                let (measure, onset) = place(at);
                score.marks.push(Mark { measure, onset, part, staff: 1, kind });
            }
        };
        for &(at, tempo) in &track.tempos {
            mark(at, first_part, MarkKind::Tempo(Bpm(tempo)));
        }
        for &(at, channel, down) in &track.pedal {
            mark(at, part_of(channel), MarkKind::Pedal(down));
        }
        for &(at, fifths) in &track.keys {
            mark(at, first_part, MarkKind::Key(fifths));
        }
        for (at, syllable) in &track.lyrics {
            mark(*at, first_part, MarkKind::Lyric(syllable.clone()));
        }
        for (at, text) in &track.markers {
            if *at < end {
                let (measure, _) = place(*at);
                score.measures[measure as usize].rehearsal.get_or_insert_with(|| text.clone());
            }
        }
    }
    Ok(())
}

/// Adds measures up to `end`, as the meter changes have it; a change within a measure ends it early. Returns where
/// each begins.
fn measures(score: &mut Score, tracks: &[RawTrack], end: Beats) -> Result<Vec<Beats>, ReadError> {
    let mut changes: Vec<(Beats, (u16, u16))> =
        tracks.iter().flat_map(|track| track.meters.iter().copied()).collect();
    changes.sort_by_key(|(at, _)| *at);
    let mut starts = Vec::new();
    let (mut at, mut meter, mut next) = (Beats::ZERO, (4u16, 4u16), 0);
    while at < end {
        while changes.get(next).is_some_and(|(change, _)| *change <= at) {
            meter = changes[next].1;
            next += 1;
        }
        let full = Beats::whole(meter.0.into()).scaled(4, meter.1.into());
        let length = match changes.get(next) {
            Some((change, _)) if *change < at + full => *change - at,
            _ => full,
        };
        if starts.len() >= MAX_MEASURES {
            let found = starts.len() as u64 + 1;
            return Err(ReadError::TooLarge { what: "measures", limit: MAX_MEASURES as u64, found });
        }
        starts.push(at);
        score.measures.push(Measure {
            number: starts.len().to_string(),
            length,
            meter,
            rehearsal: None,
            flow: Flow::default(),
        });
        at = at + length;
    }
    Ok(starts)
}
