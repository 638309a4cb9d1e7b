//! `session`: the take log of a recording, and what an engineer uses of it.

use super::files;
use super::hear::{self, Listening};
use super::score::ScoreChoice;
use super::transcribe::unit_interval;
use crate::engine::{Book, EngineConfig, SecondPass};
use crate::performance::{AlignedBeat, EditChoices, OFF_TUNE_CENTS, OFF_TUNE_RANGE_CENTS, Take};
use crate::readers::Sound;
use crate::score::{PlayingPath, Score};
use crate::takes::{FaultTolerance, bends, part_coverage};
use crate::writers::{
    MapDensity, MarkerFormat, SessionView, TempoMap, write_coverage_csv, write_edl, write_markers,
    write_reaper_project, write_session_json, write_take_sheet,
};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Crossfade at the joins of a REAPER project, in seconds.
const FADE_S: f64 = 0.015;

#[derive(Args)]
pub(super) struct Session {
    /// Recording: wav, aiff, flac, mp3, ogg, m4a; any rate, any channels
    audio: PathBuf,
    /// Score: .musicxml, .xml, .mxl or .mid
    score: PathBuf,
    /// Write takes, coverage and edit plan as JSON; `-` is standard output, and so for every file here
    #[arg(long, value_name = "OUT.json")]
    json: Option<PathBuf>,
    /// Write the take sheet, one printable page
    #[arg(long, value_name = "OUT.html")]
    sheet: Option<PathBuf>,
    /// Write coverage as a table
    #[arg(long, value_name = "OUT.csv")]
    coverage: Option<PathBuf>,
    /// Write stretches and faults as markers
    #[arg(long, value_name = "OUT")]
    markers: Option<PathBuf>,
    /// Whose markers
    #[arg(long, value_enum, default_value = "csv")]
    marker_format: Markers,
    /// Write the edit plan as a CMX 3600 edit decision list
    #[arg(long, value_name = "OUT.edl")]
    edl: Option<PathBuf>,
    /// Write the edit plan as a REAPER project
    #[arg(long, value_name = "OUT.rpp")]
    reaper: Option<PathBuf>,
    /// Write one take's tempo and meter as MIDI, so that a DAW's grid follows the playing
    #[arg(long, value_name = "OUT.mid")]
    tempo_map: Option<PathBuf>,
    /// Which take, counted from 1, the tempo map is of; its longest stretch is mapped
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
    take: u32,
    /// How often the tempo map changes
    #[arg(long, value_enum, default_value = "beat")]
    density: Density,
    /// In the edit plan, these printed measures come from this take, counted from 1, where it holds them whole; repeatable
    #[arg(long = "use", value_name = "TAKE:FROM-TO")]
    chosen: Vec<String>,
    /// Leave out faults held less likely than this, 0-1 [default: 0.3 for wrong, missed and extra notes, 0.5 for others]; those below 0.5 leave a measure clean
    #[arg(long, value_name = "P", value_parser = unit_interval)]
    fault_confidence: Option<f32>,
    /// How far a sustained note of a single line (voice, strings, winds) may lie off the tuning of its take, in cents
    #[arg(long, default_value_t = OFF_TUNE_CENTS, value_name = "CENTS", value_parser = off_tune)]
    off_tune: f32,
    #[command(flatten)]
    listening: Listening,
    #[command(flatten)]
    choice: ScoreChoice,
}

/// Formats of markers.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Markers {
    /// name, start, end, kind
    Csv,
    /// REAPER's region and marker manager
    Reaper,
    /// Audacity's label track, which Sonic Visualiser reads too
    Audacity,
    /// Cue sheet
    Cue,
    /// MIDI file of marker events, which Ardour and most hosts import
    Midi,
}

/// Densities of the tempo map.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Density {
    /// Every quarter note
    Beat,
    /// Every measure
    Measure,
    /// Where the tempo changes
    Phrase,
}

impl Session {
    pub(super) fn run(self) -> Result<()> {
        let sound = files::read_sound(&self.audio)?;
        let score = self.choice.read(&self.score)?;
        let choices = self.choices(&score)?;
        let bends = bends(&score.parts, &score.path);
        let path = score.path;
        let config = self.listening.config();
        let off_tune_cents = self.off_tune;
        let usual = FaultTolerance { off_tune_cents, ..FaultTolerance::default() };
        let tolerance = self.fault_confidence.map_or(usual, |least| FaultTolerance {
            report_above: least,
            notes_above: least,
            ..usual
        });
        let book = listen(&sound, &path, &config, &choices, tolerance, bends)
            .with_context(|| self.audio.display().to_string())?;
        if let Some(chosen) = choices.takes.iter().find(|chosen| chosen.take as usize >= book.takes.len()) {
            bail!("--use: expected a take up to {}, found {}", book.takes.len(), chosen.take + 1);
        }
        let recording =
            self.audio.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let parts = part_coverage(&path, &book.takes, &score.parts);
        let view = SessionView {
            title: &score.title,
            recording: Some(&recording),
            path: &path,
            takes: &book.takes,
            numbers: &[],
            coverage: &book.coverage,
            parts: &parts,
            plan: &book.plan,
            marks: &[],
        };
        if let Some(out) = &self.json {
            files::write(out, |out| Ok(write_session_json(&view, out)?))?;
        }
        if let Some(out) = &self.sheet {
            files::write(out, |out| Ok(write_take_sheet(&view, out)?))?;
        }
        if let Some(out) = &self.coverage {
            files::write(out, |out| Ok(write_coverage_csv(&view, out)?))?;
        }
        if let Some(out) = &self.markers {
            let format = match self.marker_format {
                Markers::Csv => MarkerFormat::Csv,
                Markers::Reaper => MarkerFormat::Reaper,
                Markers::Audacity => MarkerFormat::Audacity,
                Markers::Cue => MarkerFormat::Cue,
                Markers::Midi => MarkerFormat::Midi,
            };
            files::write(out, |out| Ok(write_markers(&view, format, out)?))?;
        }
        if let Some(out) = &self.edl {
            files::write(out, |out| Ok(write_edl(&view, out)?))?;
        }
        if let Some(out) = &self.reaper {
            files::write(out, |out| Ok(write_reaper_project(&view, FADE_S, out)?))?;
        }
        if let Some(out) = &self.tempo_map {
            self.write_tempo_map(out, &path, &book.takes)?;
        }
        let outputs = [
            &self.json,
            &self.sheet,
            &self.coverage,
            &self.markers,
            &self.edl,
            &self.reaper,
            &self.tempo_map,
        ];
        if !outputs.into_iter().flatten().any(|out| out == Path::new("-")) {
            self.summarise(&view);
        }
        Ok(())
    }

    /// What is to come from which take, in the order given: what comes later counts.
    fn choices(&self, score: &Score) -> Result<EditChoices> {
        let mut choices = EditChoices::default();
        for text in &self.chosen {
            let parts = text.split_once(':').and_then(|(take, measures)| {
                Some((take.trim().parse::<u32>().ok()?.checked_sub(1)?, measures))
            });
            let Some((take, measures)) = parts else {
                bail!(
                    "--use: expected a take from 1, a colon and printed measures, such as 2:17-28, found {text}"
                );
            };
            let meant = score.path_by_numbers(measures).with_context(|| format!("--use {text}"))?;
            let meant: HashSet<u32> = meant.steps.iter().map(|step| step.measure).collect();
            let mut from = 0;
            for run in
                score.path.steps.chunk_by(|a, b| meant.contains(&a.measure) == meant.contains(&b.measure))
            {
                let next = from + run.len() as u32;
                if meant.contains(&run[0].measure) {
                    choices.choose(from, next - 1, Some(take));
                }
                from = next;
            }
        }
        Ok(choices)
    }

    fn write_tempo_map(&self, out: &Path, path: &PlayingPath, takes: &[Take]) -> Result<()> {
        let Some(take) = takes.get(self.take as usize - 1) else {
            bail!("--take: expected a take up to {}, found {}", takes.len(), self.take);
        };
        let Some(beats) = longest_stretch(&take.beats) else {
            bail!("take {}: nothing of the score was recognised in it", self.take);
        };
        write_tempo_map(out, path, &beats, self.density)
    }

    /// A line a take, for people.
    fn summarise(&self, view: &SessionView<'_>) {
        println!("{}: takes: {}", self.audio.display(), view.takes.len());
        for (index, take) in view.takes.iter().enumerate() {
            let doubts = take.faults.iter().filter(|fault| fault.is_doubt()).count();
            println!(
                "take {}: {:.2}-{:.2} s, measures {}, faults: {}, doubts: {doubts}",
                index + 1,
                take.start.0,
                take.end.0,
                view.covers(take),
                take.faults.len() - doubts
            );
        }
        let clean = view.coverage.iter().filter(|coverage| !coverage.clean.is_empty()).count();
        println!("clean: {clean} of {} measures", view.coverage.len());
    }
}

/// Hears the recording, aligns it as a whole and makes the book of it.
fn listen(
    sound: &Sound,
    path: &PlayingPath,
    config: &EngineConfig,
    choices: &EditChoices,
    tolerance: FaultTolerance,
    bends: bool,
) -> Result<Book> {
    let mut pass = SecondPass::new(Some(path), config.estimator);
    let heard = hear::hear_twice(sound, config, None, "listening", &mut pass)?;
    let listened = pass.finish(heard.end);
    Ok(Book::new(path, &listened.heard(&[], bends), choices, tolerance))
}

fn off_tune(text: &str) -> Result<f32, String> {
    let cents = text.parse::<f32>().ok().filter(|cents| OFF_TUNE_RANGE_CENTS.contains(cents));
    cents.ok_or_else(|| String::from("expected cents from 1 to 100"))
}

/// The beats of the stretch with most of them.
pub(super) fn longest_stretch(beats: &[AlignedBeat]) -> Option<Vec<AlignedBeat>> {
    let runs = beats.chunk_by(|a, b| b.beat > a.beat && b.time > a.time);
    runs.max_by_key(|run| run.len()).map(<[AlignedBeat]>::to_vec)
}

/// Writes a tempo map and says on standard error how far the beats are off it.
pub(super) fn write_tempo_map(
    out: &Path,
    path: &PlayingPath,
    beats: &[AlignedBeat],
    density: Density,
) -> Result<()> {
    let density = match density {
        Density::Beat => MapDensity::Beat,
        Density::Measure => MapDensity::Measure,
        Density::Phrase => MapDensity::Phrase,
    };
    let map = TempoMap::new(path, beats, density);
    files::write(out, |out| Ok(map.write(path, out).map(|_| ())?))?;
    let mut errors = map.errors(beats);
    errors.sort_by(f64::total_cmp);
    if let (Some(median), Some(most)) = (errors.get(errors.len() / 2), errors.last()) {
        eprintln!(
            "tempo map: {} changes; beats off the grid: median {:.1} ms, at most {:.1} ms",
            map.len(),
            1e3 * median,
            1e3 * most
        );
    }
    Ok(())
}
