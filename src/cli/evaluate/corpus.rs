//! A corpus folder: one item a folder, each a recording with its truth.

use super::notes::Note;
use super::planted::Planted;
use super::position::TruePosition;
use crate::cli::files;
use crate::readers::{Sound, read_score};
use crate::score::PlayingPath;
use anyhow::{Context, Result, bail};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One recording with what is known about it.
pub(super) struct Item {
    pub(super) name: String,
    /// Instrument, or `session` where the player jumps or errs on purpose.
    pub(super) group: String,
    pub(super) sound: Sound,
    pub(super) notes: Vec<Note>,
    /// What is to be followed; absent where the item has no score or no alignment.
    pub(super) score: Option<Arc<PlayingPath>>,
    pub(super) positions: Vec<TruePosition>,
    /// Notes played on purpose though the score does not have them.
    pub(super) planted: Vec<Planted>,
}

/// The items' folders in `root`, by name; `root` itself if it is one item.
pub(super) fn item_folders(root: &Path) -> Result<Vec<PathBuf>> {
    let name = || root.display().to_string();
    if !root.is_dir() {
        bail!("{}: not a folder, expected a corpus", root.display());
    }
    if root.join("notes.tsv").is_file() {
        return Ok(vec![root.to_path_buf()]);
    }
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root)
        .with_context(name)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("notes.tsv").is_file())
        .collect();
    folders.sort();
    if folders.is_empty() {
        bail!("{}: no item in it: expected folders with audio.flac and notes.tsv", root.display());
    }
    Ok(folders)
}

/// Reads one item.
pub(super) fn read_item(folder: &Path) -> Result<Item> {
    let name = folder.file_name().map_or_else(|| "item".into(), |name| name.to_string_lossy().into_owned());
    let sound = files::read_sound(&first_of(
        folder,
        &["audio.flac", "audio.wav", "audio.ogg", "audio.mp3", "audio.m4a", "audio.aiff"],
    )?)?;
    let notes = read_notes(&folder.join("notes.tsv"))?;
    let alignment = folder.join("alignment.tsv");
    let positions = if alignment.is_file() { read_positions(&alignment)? } else { Vec::new() };
    let written = first_of(folder, &["score.musicxml", "score.xml", "score.mxl", "score.mid"]).ok();
    let score = match written {
        Some(path) if !positions.is_empty() => {
            let score =
                read_score(&files::read(&path)?, &name).with_context(|| path.display().to_string())?;
            Some(Arc::new(score.path))
        }
        _ => None,
    };
    let errors = folder.join("errors.tsv");
    let planted = if errors.is_file() { read_planted(&errors)? } else { Vec::new() };
    let errs = errors.is_file() || positions.iter().any(|row| row.segment > 0);
    let group = if errs { "session".into() } else { instrument(folder) };
    Ok(Item { name, group, sound, notes, score, positions, planted })
}

fn first_of(folder: &Path, names: &[&str]) -> Result<PathBuf> {
    match names.iter().map(|name| folder.join(name)).find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => bail!("{}: none of {} in it", folder.display(), names.join(", ")),
    }
}

fn instrument(folder: &Path) -> String {
    let meta = std::fs::read_to_string(folder.join("meta.json")).unwrap_or_default();
    let meta: serde_json::Value = serde_json::from_str(&meta).unwrap_or_default();
    let stated = meta["instrument"].as_str().unwrap_or("other");
    // What follows a bracket says which instrument of its kind it was.
    stated.split(['(', ',']).next().unwrap_or(stated).trim().to_owned()
}

fn read_notes(path: &Path) -> Result<Vec<Note>> {
    let table = Table::read(path)?;
    let rows = 0..table.rows.len();
    rows.map(|row| {
        let onset_s = table.number(row, "onset_s")?;
        let pitch = table.number(row, "midi_pitch")?;
        Ok(Note {
            onset_s,
            offset_s: table.number(row, "offset_s")?,
            pitch: pitch as u8,
            velocity: table.number(row, "velocity")?,
            emitted_s: onset_s,
        })
    })
    .collect()
}

fn read_planted(path: &Path) -> Result<Vec<Planted>> {
    let table = Table::read(path)?;
    let kinds = (0..table.rows.len()).filter_map(|row| {
        let wrong = match table.text(row, "kind")? {
            "wrong" => true,
            "extra" => false,
            _ => return None,
        };
        Some((row, wrong))
    });
    kinds
        .map(|(row, wrong)| {
            let (time_s, pitch) = (table.number(row, "audio_seconds")?, table.number(row, "played_pitch")?);
            Ok(Planted { time_s, pitch: pitch as u8, wrong })
        })
        .collect()
}

fn read_positions(path: &Path) -> Result<Vec<TruePosition>> {
    let table = Table::read(path)?;
    let mut segments: HashMap<String, usize> = HashMap::new();
    let rows = 0..table.rows.len();
    rows.map(|row| {
        let label = table.text(row, "segment").unwrap_or("0").to_owned();
        let known = segments.len();
        Ok(TruePosition {
            beat: table.number(row, "score_beat")?,
            time_s: table.number(row, "audio_seconds")?,
            segment: *segments.entry(label).or_insert(known),
        })
    })
    .collect()
}

/// A table of tab-separated values under a line of names.
struct Table {
    path: PathBuf,
    columns: HashMap<String, usize>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(path: &Path) -> Result<Table> {
        let bytes = files::read(path)?;
        let text = String::from_utf8_lossy(&bytes);
        let cells = |line: &str| line.split('\t').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
        let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let names = lines.next().map(cells).unwrap_or_default();
        Ok(Table {
            path: path.to_path_buf(),
            columns: names.into_iter().enumerate().map(|(i, name)| (name, i)).collect(),
            rows: lines.map(cells).collect(),
        })
    }

    fn text(&self, row: usize, column: &str) -> Option<&str> {
        self.rows[row].get(*self.columns.get(column)?).map(String::as_str)
    }

    fn number(&self, row: usize, column: &str) -> Result<f64> {
        let found = self.text(row, column);
        match found.and_then(|text| text.parse::<f64>().ok()).filter(|number| number.is_finite()) {
            Some(number) => Ok(number),
            None => bail!(
                "{}: line {}: expected a number under {column}, found {}",
                self.path.display(),
                row + 2,
                found.unwrap_or("nothing")
            ),
        }
    }
}
