//! `align`: where in the score a whole recording is, at best knowledge.

use super::hear::Listening;
use super::score::ScoreChoice;
use super::{files, follow, progress};
use crate::engine::OfflineAligner;
use crate::follower::Alignment;
use crate::performance::{FollowState, PositionReport};
use crate::score::PlayingPath;
use crate::units::{Bpm, FrameIndex, Seconds};
use anyhow::{Context, Result};
use clap::Args;
use std::path::{Path, PathBuf};

/// Samples pushed at a time; the alignment does not depend on it.
const BLOCK: usize = 4096;

#[derive(Args)]
pub(super) struct Align {
    /// Recording: wav, aiff, flac, mp3, ogg, m4a; any rate, any channels
    audio: PathBuf,
    /// Score: .musicxml, .xml, .mxl or .mid
    score: PathBuf,
    /// Write one row for every 10 ms here; `-` is standard output
    #[arg(long, value_name = "OUT.tsv")]
    trace: Option<PathBuf>,
    #[command(flatten)]
    listening: Listening,
    #[command(flatten)]
    choice: ScoreChoice,
}

impl Align {
    pub(super) fn run(self) -> Result<()> {
        let path = self.choice.read(&self.score)?.path;
        let sound = files::read_sound(&self.audio)?;
        let config = self.listening.config();
        let rate_hz = f64::from(sound.rate_hz);
        let mut aligner =
            OfflineAligner::new(&config, rate_hz, &path).with_context(|| self.audio.display().to_string())?;
        let bar = progress::bar(sound.samples.len() as u64, "aligning");
        let mut events = Vec::new();
        for block in sound.samples.chunks(BLOCK) {
            aligner.push(block, &mut events);
            events.clear();
            bar.inc(block.len() as u64);
        }
        let alignment = aligner.finish(&mut events);
        bar.finish_and_clear();
        if let Some(trace) = &self.trace {
            let length = Seconds(sound.samples.len() as f64 / rate_hz);
            let reports = reports(&alignment, &path, length);
            files::write(trace, |out| follow::write_trace(&reports, &path, out))?;
        }
        if self.trace.as_deref() != Some(Path::new("-")) {
            println!("{}", summary(&self.audio, &alignment));
        }
        Ok(())
    }
}

/// One report for every 10 ms of a recording of `length`, in the form that the live follower has.
fn reports(alignment: &Alignment, path: &PlayingPath, length: Seconds) -> Vec<PositionReport> {
    let mut tempo = path.tempo_at(0.0);
    (0..=length.frame().0)
        .map(|frame| {
            let at = FrameIndex(frame).seconds();
            let place = alignment.position_at(at);
            if let Some(seconds) = alignment.seconds_per_beat_at(at).filter(|&seconds| seconds > 0.0) {
                tempo = Bpm(60.0 / seconds);
            }
            PositionReport {
                at,
                beat: place.map(|place| place.beat),
                confidence: place.map_or(0.0, |place| place.confidence),
                tempo,
                state: if place.is_some() { FollowState::Following } else { FollowState::Waiting },
                candidates: Default::default(),
            }
        })
        .collect()
}

fn summary(audio: &Path, alignment: &Alignment) -> String {
    let events: usize = alignment.stretches.iter().map(Vec::len).sum();
    let stretches = alignment.stretches.len();
    let plural = if stretches == 1 { "" } else { "es" };
    format!("{}: {events} score onsets placed, in {stretches} stretch{plural} of playing", audio.display())
}
