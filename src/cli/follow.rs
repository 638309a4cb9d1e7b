//! `follow`: what the plugin would have said about the place in the score, and when.

use super::files;
use super::hear::{self, Listening};
use super::score::ScoreChoice;
use crate::performance::PositionReport;
use crate::score::PlayingPath;
use anyhow::{Context, Result};
use clap::Args;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Args)]
pub(super) struct Follow {
    /// Recording: wav, aiff, flac, mp3, ogg, m4a; any rate, any channels
    audio: PathBuf,
    /// Score: .musicxml, .xml, .mxl or .mid
    score: PathBuf,
    /// Write one row a hop here, in stream order; `-` is standard output
    #[arg(long, value_name = "OUT.tsv")]
    trace: Option<PathBuf>,
    #[command(flatten)]
    listening: Listening,
    #[command(flatten)]
    choice: ScoreChoice,
}

impl Follow {
    pub(super) fn run(self) -> Result<()> {
        let path = Arc::new(self.choice.read(&self.score)?.path);
        let sound = files::read_sound(&self.audio)?;
        let config = self.listening.config();
        let heard = hear::hear(&sound, &config, Some(path.clone()), "following")
            .with_context(|| self.audio.display().to_string())?;
        if let Some(trace) = &self.trace {
            files::write(trace, |out| write_trace(&heard.positions, &path, out))?;
        }
        if self.trace.as_deref() != Some(Path::new("-")) {
            println!("{}", summary(&self.audio, &heard.positions, &path));
        }
        Ok(())
    }
}

/// One row a report: stream time, beat, printed measure, confidence, tempo, state. No position is `nan` and `-`.
pub(super) fn write_trace(reports: &[PositionReport], path: &PlayingPath, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "audio_seconds\tscore_beat\tmeasure\tconfidence\tbpm\tstate")?;
    for report in reports {
        write!(out, "{:.4}\t", report.at.0)?;
        match report.beat {
            Some(beat) => write!(out, "{beat:.4}\t{}", measure_at(path, beat))?,
            None => write!(out, "nan\t-")?,
        }
        writeln!(out, "\t{:.3}\t{:.2}\t{}", report.confidence, report.tempo.0, report.state.name())?;
    }
    Ok(())
}

fn measure_at(path: &PlayingPath, beat: f64) -> &str {
    path.step_at(beat).map_or("-", |step| path.steps[step].number.as_str())
}

fn summary(audio: &Path, reports: &[PositionReport], path: &PlayingPath) -> String {
    let placed = reports.iter().filter(|report| report.beat.is_some()).count();
    let share = 100.0 * placed as f64 / reports.len().max(1) as f64;
    let last = reports.iter().rev().find_map(|report| report.beat);
    let place = last.map_or("nowhere".to_owned(), |beat| {
        format!("measure {} (beat {beat:.2} of {:.2})", measure_at(path, beat), path.end().to_f64())
    });
    format!("{}: a place for {share:.0} % of the time, last at {place}", audio.display())
}
