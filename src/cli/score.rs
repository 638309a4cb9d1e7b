//! `score`: what was read of a score, and in which order it is played.

use super::files;
use crate::readers::source_with_ids;
use crate::score::{PlayingPath, Score, ScoreSource};
use crate::writers::{write_score_midi, write_score_musicxml};
use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct ShowScore {
    /// Score: .musicxml, .xml, .mxl, .mid
    score: PathBuf,
    /// Write title, parts and the playing order here; `-` is standard output
    #[arg(long, value_name = "OUT.json")]
    json: Option<PathBuf>,
    /// Write a table of the notes in playing order here
    #[arg(long, value_name = "OUT.tsv")]
    notes: Option<PathBuf>,
    /// Write the score as it is played, metronomically, as MIDI here
    #[arg(long, value_name = "OUT.mid")]
    midi: Option<PathBuf>,
    /// Write MusicXML with our ids on every note and measure here: the score's own, or one made of the MIDI file
    #[arg(long, value_name = "OUT.musicxml")]
    source: Option<PathBuf>,
    /// Engrave this page, counted from 1, as a picture into -o
    #[arg(long, value_name = "N", requires = "picture")]
    page: Option<usize>,
    /// The picture of that page; `-` is standard output
    #[arg(short = 'o', value_name = "OUT.png", requires = "page")]
    picture: Option<PathBuf>,
    #[command(flatten)]
    choice: ScoreChoice,
}

/// What is played of a score.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct ScoreChoice {
    /// Parts: numbers and names, such as "violin", "1,3", or "-click" for all but that
    #[arg(long, value_name = "LIST", allow_hyphen_values = true)]
    parts: Option<String>,
    /// Playing order in printed measure numbers instead of the score's own, such as "1-8,1-7,9-"
    #[arg(long, value_name = "LIST")]
    path: Option<String>,
    /// Only this piece or movement of the file, counted from 1
    #[arg(long, value_name = "N", conflicts_with = "path")]
    section: Option<usize>,
}

impl ScoreChoice {
    /// Reads a score to be followed: as chosen, and with notes in it.
    pub(super) fn read(&self, file: &Path) -> Result<Score> {
        let mut score = files::read_score(file)?;
        self.apply(&mut score).with_context(|| file.display().to_string())?;
        if score.path.notes.is_empty() {
            bail!("{}: no notes in it to follow", file.display());
        }
        Ok(score)
    }

    /// Whether anything but the whole score in its own order is chosen.
    pub(super) fn is_made(&self) -> bool {
        self.parts.is_some() || self.path.is_some() || self.section.is_some()
    }

    /// Puts the chosen path in the place of the score's own.
    fn apply(&self, score: &mut Score) -> Result<()> {
        if let Some(numbers) = &self.path {
            score.path = score.path_by_numbers(numbers).context("--path")?;
        }
        if let Some(section) = self.section {
            score.path = score.path_of_section(section.wrapping_sub(1)).context("--section")?;
        }
        if let Some(parts) = &self.parts {
            score.path = score.path.for_parts(&score.parts_by_name(parts).context("--parts")?);
        }
        Ok(())
    }
}

impl ShowScore {
    pub(super) fn run(self) -> Result<()> {
        let name = || self.score.display().to_string();
        let mut score = files::read_score(&self.score)?;
        self.choice.apply(&mut score).with_context(name)?;
        if let Some(path) = &self.json {
            files::write(path, |out| write_json(&score, out))?;
        }
        if let Some(path) = &self.notes {
            files::write(path, |out| write_notes(&score.path, out))?;
        }
        if let Some(path) = &self.midi {
            files::write(path, |out| Ok(write_score_midi(&score, out)?))?;
        }
        if let Some(path) = &self.source {
            let source = self.source_of(&score)?;
            files::write(path, |out| Ok(out.write_all(source.as_bytes())?))?;
        }
        if let (Some(page), Some(path)) = (self.page, &self.picture) {
            let picture = self.engraved(&score, page).with_context(name)?;
            files::write(path, |out| Ok(out.write_all(&picture)?))?;
        }
        let outputs = [&self.json, &self.notes, &self.midi, &self.source, &self.picture];
        if !outputs.into_iter().flatten().any(|path| path == Path::new("-")) {
            print!("{}", summary(&score));
        }
        Ok(())
    }

    /// MusicXML with our ids: the document itself, or one made of the MIDI file.
    fn source_of(&self, score: &Score) -> Result<String> {
        let name = || self.score.display().to_string();
        match score.source {
            ScoreSource::MusicXml => source_with_ids(&files::read(&self.score)?).with_context(name),
            ScoreSource::QuantisedMidi | ScoreSource::PerformedMidi => {
                let mut text = Vec::new();
                write_score_musicxml(score, &mut text)?;
                Ok(String::from_utf8(text)?)
            }
        }
    }

    /// A page as PNG.
    #[cfg(feature = "engrave")]
    fn engraved(&self, score: &Score, wanted: usize) -> Result<Vec<u8>> {
        use crate::engraving::{Breaks, EngraveError, Engraver, Painter, Paper};
        let pages = Engraver::find()?.pages(&self.source_of(score)?, Paper::A4, Breaks::Needed)?;
        let page = wanted.checked_sub(1).and_then(|index| pages.get(index));
        let page = page.ok_or(EngraveError::NoPage { page: wanted, pages: pages.len() })?;
        Ok(Painter::default().png(page, PAGE_PIXELS / page.print.width)?)
    }

    #[cfg(not(feature = "engrave"))]
    fn engraved(&self, _: &Score, _: usize) -> Result<Vec<u8>> {
        bail!("this command was built without the engraver: expected one built with the feature `engrave`")
    }
}

/// Width of the picture of a page.
#[cfg(feature = "engrave")]
const PAGE_PIXELS: f32 = 1654.0;

/// A few lines for the eye.
fn summary(score: &Score) -> String {
    let mut text = String::new();
    let composer = if score.composer.is_empty() { String::new() } else { format!(" ({})", score.composer) };
    text += &format!("{}{composer}\n", one_line(&score.title));
    let source = match score.source {
        ScoreSource::MusicXml => "MusicXML",
        ScoreSource::QuantisedMidi => "MIDI on a grid",
        ScoreSource::PerformedMidi => "MIDI as performed: its measures are only what its tempo map says",
    };
    text += &format!("read as {source}\n");
    for (index, part) in score.parts.iter().enumerate() {
        let played = score.path.notes.iter().filter(|note| usize::from(note.part) == index).count();
        text += &format!("part {}: {}, {played} notes\n", index + 1, one_line(&part.name));
    }
    let (steps, notes) = (score.path.steps.len(), score.path.notes.len());
    let beats = score.path.end();
    text += &format!("{} measures, played as {steps}, {beats} beats, {notes} notes\n", score.measures.len());
    if score.sections.len() > 1 {
        text += &format!("{} pieces or movements\n", score.sections.len());
    }
    text + &format!("order: {}\n", score.path_text(&score.path))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn write_json(score: &Score, out: &mut dyn Write) -> Result<()> {
    let parts: Vec<_> = score
        .parts
        .iter()
        .enumerate()
        .map(|(index, part)| {
            let notes = score.path.notes.iter().filter(|note| usize::from(note.part) == index).count();
            json!({"name": part.name, "notes": notes, "staves": part.staves})
        })
        .collect();
    let path: Vec<_> = score
        .path
        .steps
        .iter()
        .map(|step| {
            json!({
                "measure": step.number,
                "start_beat": rounded(step.start.to_f64()),
                "beats": rounded(step.length.to_f64()),
                "pass": step.pass,
                "index": step.measure,
                "meter": format!("{}/{}", step.meter.0, step.meter.1),
            })
        })
        .collect();
    let sections: Vec<_> = score
        .sections
        .iter()
        .map(|section| json!({"name": section.name, "first_index": section.first_measure}))
        .collect();
    let tempos: Vec<_> = score
        .path
        .tempos
        .iter()
        .map(|change| json!({"start_beat": rounded(change.at.to_f64()), "bpm": change.tempo.0}))
        .collect();
    let value = json!({
        "title": score.title,
        "composer": score.composer,
        "source": score.source,
        "parts": parts,
        "measures": score.measures.len(),
        "notes": score.path.notes.len(),
        "beats": rounded(score.path.end().to_f64()),
        "order": score.path_text(&score.path),
        "sections": sections,
        "tempos": tempos,
        "path": path,
    });
    serde_json::to_writer_pretty(&mut *out, &value)?;
    Ok(writeln!(out)?)
}

/// To the four decimals in which the project writes beats.
fn rounded(beats: f64) -> f64 {
    (beats * 1e4).round() / 1e4
}

fn write_notes(path: &PlayingPath, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "score_note_id\tscore_beat\tduration_beats\tmidi_pitch\tpart\tstaff\tmeasure\tgrace")?;
    for note in &path.notes {
        let step = &path.steps[note.step as usize];
        writeln!(
            out,
            "n{}-{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
            note.id.0,
            step.pass,
            note.onset,
            note.duration,
            note.pitch.0,
            note.part,
            note.staff,
            step.number.replace(['\t', '\n', '\r'], " "),
            u8::from(note.grace),
        )?;
    }
    Ok(())
}
