//! Corpus items, with their true notes or with kept evidence.

use crate::rehearsal::Random;
use crate::rehearsal::ear::{self, Ear};
use crate::rehearsal::player::Sound;
use colla_parte::follower::Smoother;
use colla_parte::performance::PosteriorFrame;
use colla_parte::readers::read_score;
use colla_parte::score::{NoteId, Ornament, PathNote, PathStep, PlayingPath};
use colla_parte::units::{Beats, FrameIndex, KEYS, Pitch, Seconds};
use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

/// What is followed, and what is heard of it.
pub struct Heard {
    path: Arc<PlayingPath>,
    frames: Vec<PosteriorFrame>,
    /// How late each frame comes.
    delay: Seconds,
}

/// The true notes of the item in folder `item`, as `ear` hears them.
pub fn true_notes(item: &str, ear: Ear) -> Result<Heard, Box<dyn Error>> {
    let path = Arc::new(path(&table(item, "score_notes.tsv")?)?);
    let sounds = sounds(&table(item, "notes.tsv")?)?;
    let length = sounds.iter().map(|sound| sound.offset_s).fold(0.0, f64::max) + 1.0;
    let frames = ear::listen(&mut Random::new(1), &sounds, length, ear);
    Ok(Heard { path, frames, delay: crate::DELAY })
}

/// What `examples/keep_evidence` kept in `evidence`, beside the score that was played.
pub fn kept(evidence: &str, score: &str) -> Result<Heard, Box<dyn Error>> {
    let path = Arc::new(read_score(&std::fs::read(score)?, "score")?.path);
    let bytes = std::fs::read(evidence)?;
    let values: Vec<f32> =
        bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let rows = values.chunks_exact(2 * KEYS + 1);
    let frames = rows
        .clone()
        .enumerate()
        .map(|(n, row)| {
            let mut frame = PosteriorFrame::silent(FrameIndex(n as u64));
            frame.onset.copy_from_slice(&row[..KEYS]);
            frame.sounding.copy_from_slice(&row[KEYS..2 * KEYS]);
            frame
        })
        .collect();
    // The last frames come early: the recording ends.
    let delay = rows.map(|row| f64::from(row[2 * KEYS])).fold(0.0, f64::max);
    Ok(Heard { path, frames, delay: Seconds(delay) })
}

/// Follows what was heard, or aligns it if `offline`, and writes the trace to `trace`.
pub fn follow(heard: &Heard, trace: &str, offline: bool) -> Result<(), Box<dyn Error>> {
    let Heard { path, frames, delay } = heard;
    if offline {
        let mut smoother = Smoother::new(path, crate::settings());
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
    let (reports, _) = crate::follow(path, frames, *delay);
    let mut text = String::from("audio_seconds\tscore_beat\tmeasure\tconfidence\tbpm\tstate\tcandidates\n");
    for report in reports {
        let beat = report.beat.map_or(String::from("nan"), |beat| format!("{beat:.4}"));
        let (at, confidence, bpm) = (report.at.0, report.confidence, report.tempo.0);
        let candidates = report.candidates.map(|c| format!("{:.2}:{:.3}", c.beat, c.weight)).join(" ");
        let state = report.state.name();
        writeln!(text, "{at:.4}\t{beat}\t-\t{confidence:.3}\t{bpm:.1}\t{state}\t{candidates}")?;
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
