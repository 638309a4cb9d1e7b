//! Markers and regions for editors.

use super::book::fault_words;
use super::midi::{MICROSECONDS_PER_QUARTER, TICKS_PER_QUARTER, TICKS_PER_SECOND, tick};
use super::smf::{self, Timed};
use super::{MidiWriteError, SessionView};
use crate::units::Seconds;
use midly::num::{u4, u7, u24};
use midly::{MetaMessage, MidiMessage, TrackEventKind};
use std::io::Write;

/// Which program the markers are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerFormat {
    /// `name,start_s,end_s,kind`, RFC 4180; an empty end is a point.
    Csv,
    /// REAPER's region/marker manager: `#,Name,Start,End,Length`, times in seconds.
    Reaper,
    /// Audacity's label track: start, end and text with tabs. Sonic Visualiser reads it as a layer.
    Audacity,
    /// A cue sheet with a track for each stretch.
    Cue,
    /// A MIDI file of marker events at recording time, which Ardour imports as the markers of a clip (*Import MIDI markers*;
    /// *Convert Region Cue Markers to Location Markers* puts them on the timeline), and most other hosts too. MIDI has points
    /// only: the end of a stretch is a marker of its own.
    Midi,
}

/// A marker, or a region where it has an end.
struct Marker {
    name: String,
    start: f64,
    end: Option<f64>,
    kind: &'static str,
}

/// Writes a region for every stretch and a marker for every fault, in recording order; a doubt's name ends in a question mark.
///
/// A cue sheet holds stretches only, for it has no other place for a name, and at most 99 of them.
///
/// # Errors
/// The destination's; [`MidiWriteError::TooLong`] of a MIDI file.
pub fn write_markers(
    session: &SessionView<'_>,
    format: MarkerFormat,
    mut out: impl Write,
) -> Result<(), MidiWriteError> {
    let markers = markers(session);
    match format {
        MarkerFormat::Csv => {
            write!(out, "name,start_s,end_s,kind\r\n")?;
            for marker in &markers {
                let end = marker.end.map_or(String::new(), |end| format!("{end:.4}"));
                write!(out, "{},{:.4},{end},{}\r\n", quoted(&marker.name), marker.start, marker.kind)?;
            }
        }
        MarkerFormat::Reaper => {
            write!(out, "#,Name,Start,End,Length\r\n")?;
            let (mut regions, mut points) = (0, 0);
            for marker in &markers {
                let name = quoted(&marker.name);
                let start = marker.start;
                match marker.end {
                    Some(end) => {
                        regions += 1;
                        write!(out, "R{regions},{name},{start:.6},{end:.6},{:.6}\r\n", end - start)?;
                    }
                    None => {
                        points += 1;
                        write!(out, "M{points},{name},{start:.6},,\r\n")?;
                    }
                }
            }
        }
        MarkerFormat::Audacity => {
            for marker in &markers {
                let end = marker.end.unwrap_or(marker.start);
                let name = marker.name.replace(['\t', '\n', '\r'], " ");
                writeln!(out, "{:.6}\t{end:.6}\t{name}", marker.start)?;
            }
        }
        MarkerFormat::Cue => {
            let title = |text: &str| text.replace('"', "'").replace(['\n', '\r'], " ");
            writeln!(out, "TITLE \"{}\"", title(session.title))?;
            writeln!(out, "FILE \"{}\" WAVE", title(&session.file()))?;
            let regions = markers.iter().filter(|marker| marker.end.is_some()).take(99);
            for (index, marker) in regions.enumerate() {
                // Cue sheets count minutes, seconds and 75 frames a second.
                let frames = (marker.start.max(0.0) * 75.0).round() as u64;
                writeln!(out, "  TRACK {:02} AUDIO", index + 1)?;
                writeln!(out, "    TITLE \"{}\"", title(&marker.name))?;
                let (minutes, seconds) = (frames / 4500, frames / 75 % 60);
                writeln!(out, "    INDEX 01 {minutes:02}:{seconds:02}:{:02}", frames % 75)?;
            }
        }
        MarkerFormat::Midi => write_smf(&markers, out)?,
    }
    Ok(())
}

fn write_smf(markers: &[Marker], out: impl Write) -> Result<(), MidiWriteError> {
    let mut points: Vec<(f64, String)> = Vec::new();
    for marker in markers {
        points.push((marker.start, marker.name.clone()));
        points.extend(marker.end.map(|end| (end, format!("end of {}", marker.name))));
    }
    let tempo = MetaMessage::Tempo(u24::new(MICROSECONDS_PER_QUARTER));
    // Ardour (7.3) leaves out a track without a channel event, its markers with it. This one changes nothing.
    let all_notes_off = MidiMessage::Controller { controller: u7::new(123), value: u7::new(0) };
    let channel_event = TrackEventKind::Midi { channel: u4::new(0), message: all_notes_off };
    let mut events: Vec<Timed> = vec![(0, 0, TrackEventKind::Meta(tempo)), (0, 1, channel_event)];
    // Nor does it keep two markers at one tick.
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut next = 0;
    for (at, name) in &points {
        let here = tick(Seconds(*at)).max(next);
        events.push((here, 2, TrackEventKind::Meta(MetaMessage::Marker(name.as_bytes()))));
        next = here + 1;
    }
    let track = smf::track(events, 0).map_err(|pause| pause.at(TICKS_PER_SECOND))?;
    Ok(smf::write(vec![track], TICKS_PER_QUARTER, out)?)
}

fn markers(session: &SessionView<'_>) -> Vec<Marker> {
    let mut markers = Vec::new();
    for (index, take) in session.takes.iter().enumerate() {
        for stretch in &take.stretches {
            let measures = session.measures(stretch.from_step, stretch.to_step);
            markers.push(Marker {
                name: format!("take {} m. {measures}", session.number(index as u32)),
                start: stretch.start.0,
                end: Some(stretch.end.0),
                kind: "take",
            });
        }
        for fault in &take.faults {
            markers.push(Marker {
                name: format!("m. {} {}", session.measure(fault.step), fault_words(fault)),
                start: fault.at.0,
                end: None,
                kind: super::book::kind_name(fault.kind),
            });
        }
    }
    markers.sort_by(|a, b| a.start.total_cmp(&b.start));
    markers
}

/// A field of comma-separated values, quoted where RFC 4180 asks for it.
pub(super) fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_string()
    }
}
