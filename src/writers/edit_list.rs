//! The edit plan for editors: CMX 3600 edit decision list and a REAPER project.

use super::SessionView;
use std::io::{self, Write};

/// Frames a second of the edit decision list's timecode (non-drop).
const EDL_FPS: u64 = 30;

/// Writes the edit plan as a CMX 3600 list at 30 frames a second (non-drop), record time from 01:00:00:00.
///
/// A clip is named after the recording's file; where that is not known, after its take: the source's time is then that of the host's
/// timeline, which hosts stamp their files with.
///
/// Timecode rounds every cut to 33 ms: the exact times follow each event as comments. Where the list's 999 events do
/// not do, the rest is left out with a comment that says so.
///
/// # Errors
/// The destination's.
pub fn write_edl(session: &SessionView<'_>, mut out: impl Write) -> io::Result<()> {
    writeln!(out, "TITLE: {}", one_line(session.title))?;
    writeln!(out, "FCM: NON-DROP FRAME")?;
    writeln!(out)?;
    let mut record = 3600 * EDL_FPS;
    for (index, piece) in session.plan.segments.iter().enumerate() {
        if index == 999 {
            writeln!(out, "* {} MORE EVENTS DO NOT FIT", session.plan.segments.len() - index)?;
            break;
        }
        let source = frames(piece.start.0);
        let length = frames(piece.end.0).saturating_sub(source).max(1);
        writeln!(
            out,
            "{:03}  {:<8} AA    C        {} {} {} {}",
            index + 1,
            "AX",
            timecode(source),
            timecode(source + length),
            timecode(record),
            timecode(record + length),
        )?;
        record += length;
        let measures = session.measures(piece.from_step, piece.to_step);
        match session.recording {
            Some(recording) => writeln!(out, "* FROM CLIP NAME: {}", one_line(recording))?,
            None => writeln!(out, "* FROM CLIP NAME: take {}", session.number(piece.take))?,
        }
        writeln!(out, "* TAKE {} MEASURES {measures}", session.number(piece.take))?;
        writeln!(out, "* EXACT SOURCE {:.6} {:.6}", piece.start.0, piece.end.0)?;
    }
    Ok(())
}

/// Writes the edit plan as a REAPER project: one track with an item for each piece, crossfaded over `fade_s`
/// seconds, and a region for each. The recording is referred to by name, so the project belongs beside it; a host's timeline is taken to
/// be in one file from its start on, of the piece's name (`.wav`).
///
/// # Errors
/// The destination's.
pub fn write_reaper_project(session: &SessionView<'_>, fade_s: f64, mut out: impl Write) -> io::Result<()> {
    let name = |text: &str| one_line(text).replace('"', "'");
    writeln!(out, "<REAPER_PROJECT 0.1 \"7.0\" 0")?;
    let mut at = 0.0;
    for (index, piece) in session.plan.segments.iter().enumerate() {
        let number = index + 1;
        let measures = session.measures(piece.from_step, piece.to_step);
        let label = format!("m. {} take {}", name(&measures), session.number(piece.take));
        writeln!(out, "  MARKER {number} {at:.6} \"{label}\" 1")?;
        at += piece.end.0 - piece.start.0;
        writeln!(out, "  MARKER {number} {at:.6} \"\" 1")?;
    }
    writeln!(out, "  <TRACK\n    NAME \"{} edit\"", name(session.title))?;
    at = 0.0;
    for (index, piece) in session.plan.segments.iter().enumerate() {
        let lead = if index == 0 { 0.0 } else { fade_s.min(piece.start.0.max(0.0)) };
        let length = piece.end.0 - piece.start.0;
        writeln!(out, "    <ITEM")?;
        writeln!(out, "      POSITION {:.6}", at - lead)?;
        writeln!(out, "      LENGTH {:.6}", length + lead)?;
        writeln!(out, "      FADEIN 1 {lead:.6} 0 1 0 0")?;
        writeln!(out, "      FADEOUT 1 0.010000 0 1 0 0")?;
        writeln!(out, "      NAME \"take {}\"", session.number(piece.take))?;
        writeln!(out, "      SOFFS {:.6}", piece.start.0 - lead)?;
        writeln!(out, "      <SOURCE WAVE\n        FILE \"{}\"\n      >", name(&session.file()))?;
        writeln!(out, "    >")?;
        at += length;
    }
    writeln!(out, "  >\n>")
}

fn frames(seconds: f64) -> u64 {
    (seconds.max(0.0) * EDL_FPS as f64).round() as u64
}

/// `hh:mm:ss:ff`.
fn timecode(frames: u64) -> String {
    let seconds = frames / EDL_FPS;
    format!("{:02}:{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60, frames % EDL_FPS)
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
