//! The truth of a recording, and how near to it something is.

use crate::Place;
use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// How far an onset may lie from the true one, in seconds.
const ONSET_S: f64 = 0.05;

/// The true notes: onset in seconds and pitch.
pub struct Notes(Vec<(f64, u8)>);

/// How well notes agree with the truth.
pub struct Agreement {
    /// How many true notes there are.
    pub truth: usize,
    /// Share of the notes that are true.
    pub precision: f64,
    /// Share of the true notes that were found.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
}

/// Reads `notes.tsv`.
pub fn notes(path: &Path) -> Result<Notes> {
    let rows = table(path, &["onset_s", "midi_pitch"])?;
    Ok(Notes(rows.into_iter().map(|row| (row[0], row[1] as u8)).collect()))
}

impl Notes {
    /// Matches each note to at most one true note of its pitch within 50 ms. Going through both in order of time
    /// finds as many pairs as any matching can.
    pub fn f1(&self, found: &[(f64, u8)]) -> Agreement {
        let mut hits = 0;
        for pitch in 0..128 {
            let of = |notes: &[(f64, u8)]| {
                let mut onsets: Vec<f64> = notes.iter().filter(|note| note.1 == pitch).map(|n| n.0).collect();
                onsets.sort_by(f64::total_cmp);
                onsets
            };
            let (truth, found) = (of(&self.0), of(found));
            let (mut i, mut j) = (0, 0);
            while i < truth.len() && j < found.len() {
                if (truth[i] - found[j]).abs() <= ONSET_S {
                    hits += 1;
                    i += 1;
                    j += 1;
                } else if truth[i] < found[j] {
                    i += 1;
                } else {
                    j += 1;
                }
            }
        }
        let precision = hits as f64 / found.len().max(1) as f64;
        let recall = hits as f64 / self.0.len().max(1) as f64;
        let f1 = 2.0 * precision * recall / (precision + recall).max(1e-12);
        Agreement { truth: self.0.len(), precision, recall, f1 }
    }
}

/// At how many of the true score onsets the place last sent, or one sent within a second, is in the right measure.
/// `None` if the measures of the recording are not plain numbers from 1 on, each played once.
pub fn steps_right(path: &Path, places: &[Place]) -> Result<Option<(usize, usize)>> {
    let rows = table(path, &["measure", "audio_seconds"])?;
    if rows.is_empty() || rows.windows(2).any(|pair| pair[1][0] < pair[0][0]) || rows[0][0] > 1.0 {
        return Ok(None);
    }
    // A pick-up is measure 0 in print and the first along the playing order.
    let first = rows[0][0];
    let right = rows
        .iter()
        .filter(|row| {
            let measure = (row[0] - first + 1.0) as u64 % 128;
            let last = places.iter().rev().find(|place| place.at_s <= row[1]);
            let near = places.iter().filter(|place| (place.at_s - row[1]).abs() <= 1.0);
            last.into_iter().chain(near).any(|place| u64::from(place.measure) == measure)
        })
        .count();
    Ok(Some((right, rows.len())))
}

/// The named columns of a table with a header, as numbers; rows where one is no number are left out.
fn table(path: &Path, columns: &[&str]) -> Result<Vec<Vec<f64>>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let indices = columns
        .iter()
        .map(|column| {
            header.iter().position(|name| name == column).with_context(|| format!("no column {column}"))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(lines
        .filter_map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            indices.iter().map(|&index| fields.get(index)?.parse().ok()).collect()
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_match_once_and_only_within_50_ms() {
        let truth = Notes(vec![(1.0, 60), (1.06, 60), (2.0, 62), (3.0, 64)]);
        let agreement = truth.f1(&[(1.04, 60), (1.05, 60), (2.051, 62), (3.0, 65)]);
        assert_eq!((agreement.precision, agreement.recall), (0.5, 0.5));
    }
}
