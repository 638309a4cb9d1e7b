//! `transcribe`: what is played, as MIDI and as a table.

use super::files;
use super::hear::{self, Heard, Listening};
use super::score::ScoreChoice;
use crate::engine::{EngineConfig, Listened, SecondPass};
use crate::notes::{pitch_bend_value, quantised};
use crate::performance::{Notated, PlayedNote};
use crate::score::Score;
use crate::takes::{FaultTolerance, notate};
use crate::units::Seconds;
use crate::writers::{MidiStyle, write_midi, write_notated_midi, write_score_musicxml};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Args)]
pub(super) struct Transcribe {
    /// Recording: wav, aiff, flac, mp3, ogg, m4a; any rate, any channels
    audio: PathBuf,
    /// Write MIDI here; `-` is standard output
    #[arg(short, long, value_name = "OUT.mid")]
    output: Option<PathBuf>,
    /// Write a table of notes here: when each was known, began and ended, pitch, velocity
    #[arg(long, value_name = "OUT.tsv")]
    events: Option<PathBuf>,
    /// Write what is played as notation: with `--score` the performed pitches on the score's rhythm, otherwise on a pulse found
    /// in the playing, in common time
    #[arg(long, value_name = "OUT.musicxml")]
    musicxml: Option<PathBuf>,
    /// Write the same notes as MIDI on the grid of the beats
    #[arg(long, value_name = "OUT.mid")]
    quantised: Option<PathBuf>,
    /// Write key releases and the sustain pedal (CC 64) instead of notes as they sound
    #[arg(long)]
    keyed: bool,
    /// For what plays one note at a time: write vibrato, slides and intonation as pitch bend, over ±2 semitones
    #[arg(long)]
    bend: bool,
    #[command(flatten)]
    listening: Listening,
    /// Note sensitivity, 0-1
    #[arg(long, default_value_t = 0.5, value_parser = unit_interval)]
    sensitivity: f32,
    /// Follow this score and let it sway what is heard: .musicxml, .xml, .mxl or .mid
    #[arg(long, value_name = "SCORE")]
    score: Option<PathBuf>,
    /// How far the score sways, in per cent: 0 not at all; clear notes that are not written stay at any setting
    #[arg(long, value_name = "0-100", default_value_t = 50, requires = "score",
        value_parser = clap::value_parser!(u8).range(0..=100))]
    assist: u8,
    #[command(flatten)]
    choice: ScoreChoice,
}

impl Transcribe {
    pub(super) fn run(self) -> Result<()> {
        let score = match &self.score {
            Some(score) => Some(self.choice.read(score)?),
            None if self.choice.is_made() => {
                bail!("--parts, --path and --section choose from a score: give one with --score")
            }
            None => None,
        };
        let path = score.as_ref().map(|score| Arc::new(score.path.clone()));
        let sound = files::read_sound(&self.audio)?;
        let config = EngineConfig {
            sensitivity: self.sensitivity,
            score_assist: if path.is_some() { f32::from(self.assist) / 100.0 } else { 0.0 },
            follow: path.is_some(),
            pitch_bend: self.bend,
            ..self.listening.config()
        };
        let named = || self.audio.display().to_string();
        let notation = self.musicxml.is_some() || self.quantised.is_some();
        let mut pass =
            (notation && score.is_some()).then(|| SecondPass::new(path.as_deref(), config.estimator));
        let heard = match &mut pass {
            Some(pass) => hear::hear_twice(&sound, &config, path, "transcribing", pass),
            None => hear::hear(&sound, &config, path, "transcribing"),
        };
        let Heard { ledger, end, .. } = heard.with_context(named)?;
        let pedal = ledger.pedal().to_vec();
        let bends: Vec<(Seconds, u16)> =
            ledger.bends().iter().map(|&(at, cents)| (at, pitch_bend_value(cents))).collect();
        let notes = ledger.into_notes();
        if notation {
            let notated = match (&score, pass) {
                (Some(score), Some(pass)) => on_the_score(score, &pass.finish(end), &named())?,
                _ => {
                    let name = self.audio.file_stem().unwrap_or_default().to_string_lossy();
                    quantised(&name, &notes)
                }
            };
            if let Some(out) = &self.musicxml {
                files::write(out, |out| Ok(write_score_musicxml(&notated.score, out)?))?;
            }
            if let Some(out) = &self.quantised {
                files::write(out, |out| Ok(write_notated_midi(&notated, out)?))?;
            }
        }
        if let Some(path) = &self.output {
            let style = if self.keyed { MidiStyle::Keyed(&pedal) } else { MidiStyle::Sounding };
            files::write(path, |out| Ok(write_midi(&notes, style, &bends, out)?))?;
        }
        if let Some(path) = &self.events {
            files::write(path, |out| write_events(&notes, out))?;
        }
        let outputs = [&self.output, &self.events, &self.musicxml, &self.quantised];
        let quiet = outputs.into_iter().flatten().any(|path| path == Path::new("-"));
        if !quiet {
            let seconds = sound.samples.len() as f64 / f64::from(sound.rate_hz);
            println!("{}: {} notes in {seconds:.1} s", self.audio.display(), notes.len());
        }
        if sound.repaired > 0 {
            eprintln!(
                "{}: {} samples were not finite and became silence",
                self.audio.display(),
                sound.repaired
            );
        }
        Ok(())
    }
}

/// The performance on the score's rhythm; says on standard error what has no place there.
fn on_the_score(score: &Score, listened: &Listened, name: &str) -> Result<Notated> {
    let takes = listened.heard(&[], false).takes(&score.path, FaultTolerance::default());
    if takes.is_empty() {
        bail!("{name}: nothing of the score was recognised, so there is no rhythm to write on");
    }
    let notated = notate(score, &takes, &listened.notes);
    let (written, played) = (notated.score.notes.len(), listened.notes.len());
    if written < played {
        eprintln!(
            "{name}: {} of {played} notes have no place in the score and are not written",
            played - written
        );
    }
    Ok(notated)
}

pub(super) fn write_events(notes: &[PlayedNote], out: &mut dyn Write) -> Result<()> {
    writeln!(out, "emitted_s\tonset_s\toffset_s\tmidi_pitch\tvelocity")?;
    let mut notes: Vec<&PlayedNote> = notes.iter().collect();
    notes.sort_by(|a, b| a.emitted.0.total_cmp(&b.emitted.0).then(a.pitch.cmp(&b.pitch)));
    for note in notes {
        let (emitted, onset, offset) = (note.emitted.0, note.onset.0, note.offset.0);
        writeln!(out, "{emitted:.4}\t{onset:.4}\t{offset:.4}\t{}\t{}", note.pitch.0, note.velocity)?;
    }
    Ok(())
}

/// Parses a number from 0 to 1.
pub(super) fn unit_interval(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err(format!("expected a number from 0 to 1, found {text}")),
    }
}
