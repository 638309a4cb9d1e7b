//! Markers and regions for editors.

use super::SessionView;
use super::book::fault_words;
use std::io::{self, Write};

/// Which program the markers are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkerFormat {
    /// `name,start_s,end_s,kind`, RFC 4180; an empty end is a point.
    Csv,
    /// REAPER's region/marker manager: `#,Name,Start,End,Length`, times in seconds.
    Reaper,
    /// Audacity's label track: start, end and text with tabs. Ardour and Sonic Visualiser read it as well.
    Audacity,
    /// A cue sheet with a track for each stretch.
    Cue,
}

/// A marker, or a region where it has an end.
struct Marker {
    name: String,
    start: f64,
    end: Option<f64>,
    kind: &'static str,
}

/// Writes a region for every stretch and a marker for every fault, in recording order.
///
/// A cue sheet holds stretches only, for it has no other place for a name, and at most 99 of them.
///
/// # Errors
/// The destination's.
pub fn write_markers(session: &SessionView<'_>, format: MarkerFormat, mut out: impl Write) -> io::Result<()> {
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
            writeln!(out, "FILE \"{}\" WAVE", title(session.recording))?;
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
    }
    Ok(())
}

fn markers(session: &SessionView<'_>) -> Vec<Marker> {
    let mut markers = Vec::new();
    for (index, take) in session.takes.iter().enumerate() {
        for stretch in &take.stretches {
            let measures = session.measures(stretch.from_step, stretch.to_step);
            markers.push(Marker {
                name: format!("take {} m. {measures}", index + 1),
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
