//! Recordings with their notes, for measuring: folders with `audio.flac` and `notes.tsv`.

use crate::Piece;
use crate::performance::Sounding;
use anyhow::{Context, Result};
use colla_parte::readers::decode_sound;
use std::path::{Path, PathBuf};

/// The folders within `corpus` that hold a recording and its notes, sorted.
pub fn list(corpus: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(corpus).with_context(|| format!("reading {}", corpus.display()))?;
    let mut folders = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    folders.retain(|folder| folder.join("audio.flac").exists() && folder.join("notes.tsv").exists());
    folders.sort();
    Ok(folders)
}

/// The recording in `folder`, its channels mixed.
pub fn read(folder: &Path) -> Result<Piece> {
    let path = folder.join("audio.flac");
    let bytes = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let sound = decode_sound(bytes).with_context(|| format!("reading {}", path.display()))?;
    let table = std::fs::read_to_string(folder.join("notes.tsv"))?;
    let mut lines = table.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let column =
        |name: &str| header.iter().position(|&found| found == name).with_context(|| format!("no {name}"));
    let columns = [column("onset_s")?, column("offset_s")?, column("midi_pitch")?, column("velocity")?];
    let mut notes = Vec::new();
    for line in lines {
        let fields: Vec<&str> = line.split('\t').collect();
        let value = |i: usize| -> Result<f64> { Ok(fields.get(columns[i]).context("a short row")?.parse()?) };
        let (pitch, velocity) = (value(2)? as u8, value(3)? as u8);
        notes.push(Sounding { onset_s: value(0)?, offset_s: value(1)?, pitch, velocity });
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Piece { signal: sound.samples, rate_hz: f64::from(sound.rate_hz), notes, sounds: name })
}
