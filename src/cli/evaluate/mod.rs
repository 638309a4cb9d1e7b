//! `evaluate`: every item of a corpus folder, transcribed, followed and scored.

mod corpus;
mod matching;
mod notes;
mod planted;
mod position;
mod report;

use super::hear::{self, Listening};
use super::{files, follow, transcribe};
use crate::engine::EngineConfig;
use crate::performance::{PlayedNote, PositionReport};
use anyhow::{Context, Result};
use clap::Args;
use notes::{Note, score_notes};
use planted::score_planted;
use position::{Report, score_positions};
use report::{ItemReport, write_json, write_table};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct Evaluate {
    /// Corpus folder: a folder an item, with audio.flac, notes.tsv and, to follow, a score and alignment.tsv
    folder: PathBuf,
    /// Write all figures here; `-` is standard output
    #[arg(long, value_name = "OUT.json")]
    json: Option<PathBuf>,
    #[command(flatten)]
    listening: Listening,
    /// How far the followed score may sway which notes are heard, 0-1
    #[arg(long, default_value_t = 0.0, value_parser = transcribe::unit_interval)]
    score_assist: f32,
    /// Only items whose name contains this
    #[arg(long, default_value = "")]
    only: String,
    /// Also write each item's notes and trace into this folder
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

impl Evaluate {
    pub(super) fn run(self) -> Result<()> {
        let config = EngineConfig { score_assist: self.score_assist, ..self.listening.config() };
        if let Some(folder) = &self.keep {
            std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        let mut reports = Vec::new();
        for folder in corpus::item_folders(&self.folder)? {
            if folder.file_name().is_some_and(|name| !name.to_string_lossy().contains(&self.only)) {
                continue;
            }
            reports.push(self.evaluate_item(&folder, &config)?);
        }
        if let Some(path) = &self.json {
            files::write(path, |out| write_json(&reports, out))?;
        }
        if self.json.as_deref() != Some(Path::new("-")) {
            files::write(Path::new("-"), |out| write_table(&reports, out))?;
        }
        Ok(())
    }

    fn evaluate_item(&self, folder: &Path, config: &EngineConfig) -> Result<ItemReport> {
        let item = corpus::read_item(folder)?;
        let heard = hear::hear(&item.sound, config, item.score.clone(), &item.name)
            .with_context(|| folder.display().to_string())?;
        let seconds = item.sound.samples.len() as f64 / f64::from(item.sound.rate_hz);
        let speed = seconds / heard.cost.as_secs_f64().max(1e-9);
        let positions = item.score.as_ref().map(|_| {
            let told = heard.positions.iter();
            let told: Vec<Report> = told.map(as_traced).collect();
            score_positions(&item.positions, &told)
        });
        if let (Some(keep), Some(path)) = (&self.keep, &item.score) {
            let trace = keep.join(format!("{}.trace.tsv", item.name));
            files::write(&trace, |out| follow::write_trace(&heard.positions, path, out))?;
        }
        let played = heard.ledger.into_notes();
        if let Some(keep) = &self.keep {
            let events = keep.join(format!("{}.events.tsv", item.name));
            files::write(&events, |out| transcribe::write_events(&played, out))?;
        }
        let estimated: Vec<Note> = played.iter().map(as_note).collect();
        Ok(ItemReport {
            name: item.name,
            group: item.group,
            seconds,
            speed,
            notes: score_notes(&item.notes, &estimated),
            planted: (!item.planted.is_empty()).then(|| score_planted(&item.planted, &estimated)),
            position: positions,
        })
    }
}

/// What the trace says of a report: judged are the figures that are written, to their last decimal.
fn as_traced(report: &PositionReport) -> Report {
    let written = |value: f64| (value * 1e4).round() / 1e4;
    Report { time_s: written(report.at.0), beat: report.beat.map(written) }
}

fn as_note(note: &PlayedNote) -> Note {
    Note {
        onset_s: note.onset.0,
        offset_s: note.offset.0,
        pitch: note.pitch.0,
        velocity: f64::from(note.velocity),
        emitted_s: note.emitted.0,
    }
}
