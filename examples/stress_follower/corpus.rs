//! Corpus items with their true notes as evidence.

use crate::rehearsal::Random;
use crate::rehearsal::ear::{self, Ear};
use crate::rehearsal::player::Sound;
use colla_parte::follower::Smoother;
use colla_parte::score::{NoteId, Ornament, PathNote, PathStep, PlayingPath};
use colla_parte::units::{Beats, FrameIndex, Pitch};
use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

/// Follows the notes of the item in folder `item`, or aligns them if `offline`, and writes the trace to `trace`.
pub fn follow_item(item: &str, trace: &str, ear: Ear, offline: bool) -> Result<(), Box<dyn Error>> {
    let path = Arc::new(path(&table(item, "score_notes.tsv")?)?);
    let sounds = sounds(&table(item, "notes.tsv")?)?;
    let length = sounds.iter().map(|sound| sound.offset_s).fold(0.0, f64::max) + 1.0;
    let frames = ear::listen(&mut Random::new(1), &sounds, length, ear);
    if offline {
        let mut smoother = Smoother::new(&path, crate::settings());
        frames.iter().for_each(|frame| smoother.push(frame));
        let alignment = smoother.finish();
        let mut text = String::from("audio_seconds\tscore_beat\n");
        for hop in 0..frames.len() {
            let time = FrameIndex(hop as u64).seconds();
            let beat = alignment.position_at(time).map_or(f64::NAN, |point| point.beat);
            writeln!(text, "{:.4}\t{beat:.4}", time.0)?;
        }
        return Ok(std::fs::write(trace, text)?);
    }
    let (reports, _) = crate::follow(&path, &frames);
    let mut text = String::from("audio_seconds\tscore_beat\tmeasure\tconfidence\tbpm\tstate\n");
    for report in reports {
        let beat = report.beat.map_or(String::from("nan"), |beat| format!("{beat:.4}"));
        let (at, confidence, bpm) = (report.at.0, report.confidence, report.tempo.0);
        writeln!(text, "{at:.4}\t{beat}\t-\t{confidence:.3}\t{bpm:.1}\t{}", report.state.name())?;
    }
    Ok(std::fs::write(trace, text)?)
}

/// Rows of a table with its header first.
fn table(item: &str, name: &str) -> Result<Vec<Vec<String>>, Box<dyn Error>> {
    let text = std::fs::read_to_string(Path::new(item).join(name))?;
    Ok(text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
}

fn column<'a>(rows: &'a [Vec<String>], name: &str) -> Result<Vec<&'a str>, Box<dyn Error>> {
    let at = rows.first().and_then(|header| header.iter().position(|h| h == name));
    let at = at.ok_or_else(|| format!("no column {name}"))?;
    rows[1..].iter().map(|row| Ok(row.get(at).ok_or("short row")?.as_str())).collect()
}

fn path(rows: &[Vec<String>]) -> Result<PlayingPath, Box<dyn Error>> {
    let (beats, lengths) = (column(rows, "score_beat")?, column(rows, "duration_beats")?);
    let (pitches, measures) = (column(rows, "midi_pitch")?, column(rows, "measure")?);
    let graces = column(rows, "grace")?;
    let mut path = PlayingPath::default();
    for n in 0..beats.len() {
        let onset = Beats::nearest(beats[n].parse()?);
        if path.steps.last().is_none_or(|step| step.number != measures[n]) && graces[n] == "0" {
            if let Some(step) = path.steps.last_mut() {
                step.length = onset - step.start;
            }
            let number = measures[n].to_owned();
            let measure = path.steps.len() as u32;
            path.steps.push(PathStep {
                measure,
                number,
                pass: 1,
                start: onset,
                length: Beats::whole(1),
                meter: (4, 4),
            });
        }
        path.notes.push(PathNote {
            id: NoteId(n as u32),
            step: path.steps.len().saturating_sub(1) as u32,
            onset,
            duration: Beats::nearest(lengths[n].parse()?),
            pitch: Pitch(pitches[n].parse()?),
            part: 0,
            staff: 1,
            grace: graces[n] != "0",
            fermata: false,
            ornament: Ornament::Plain,
        });
    }
    Ok(path)
}

fn sounds(rows: &[Vec<String>]) -> Result<Vec<Sound>, Box<dyn Error>> {
    let (onsets, offsets) = (column(rows, "onset_s")?, column(rows, "offset_s")?);
    let pitches = column(rows, "midi_pitch")?;
    let mut sounds = Vec::new();
    for n in 0..onsets.len() {
        if let Some(key) = Pitch(pitches[n].parse()?).key() {
            sounds.push(Sound { onset_s: onsets[n].parse()?, offset_s: offsets[n].parse()?, key });
        }
    }
    Ok(sounds)
}
