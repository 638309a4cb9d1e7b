//! Files of the session: what the writers make, in a folder that the user chose.
//!
//! Times in the files are those of the host's timeline, where the host told them, less its recording latency; otherwise takes
//! lie end to end. The book keeps what the host told, so that another latency moves old takes too.

use super::LoadedScore;
use super::edit::planned;
use super::members::ScoreKey;
use super::session::is_of;
use super::shared::Shared;
use crate::notes::quantised;
use crate::performance::{AlignedBeat, Coverage, EditChoices, EditPlan, Mark, Notated, PlayedNote, Take};
use crate::score::PlayingPath;
use crate::takes::{Entry, Recorded, coverage, notate, part_coverage};
use crate::units::Seconds;
use crate::writers::{
    MapDensity, MarkerFormat, MidiStyle, SessionView, TempoMap, write_edl, write_markers, write_midi,
    write_notated_midi, write_reaper_project, write_score_musicxml, write_session_json, write_take_sheet,
};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;

/// Crossfade at the joins of a REAPER project, in seconds.
const FADE_S: f64 = 0.015;
/// Files of one name in a folder at most.
const SAME_NAME: u32 = 9_999;

/// What can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Export {
    /// The notes of a take, as they sounded (`.mid`).
    Midi,
    /// A take as notation: its pitches on the score's rhythm, or without a score on a pulse found in the playing (`.musicxml`).
    MusicXml,
    /// The same notes as MIDI on the grid of the beats (`.mid`).
    Quantised,
    /// The tempo and meter of a take's longest stretch (`.mid`).
    TempoMap,
    /// Stretches and faults of all takes, for REAPER (`.csv`), as Audacity's labels (`.txt`) and as MIDI markers for Ardour and
    /// others (`.mid`).
    Markers,
    /// Coverage, takes and faults, to read and print (`.html`), and the same for programs (`.json`).
    TakeSheet,
    /// The proposed edit, as a CMX 3600 list (`.edl`) and a REAPER project (`.rpp`).
    EditPlan,
}

impl Export {
    /// All there are, in the order of their buttons.
    pub const ALL: [Export; 7] = [
        Export::Midi,
        Export::MusicXml,
        Export::Quantised,
        Export::TempoMap,
        Export::Markers,
        Export::TakeSheet,
        Export::EditPlan,
    ];
}

/// Why nothing was written.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The folder is missing.
    #[error("{folder}: expected a folder, found none: nothing was written")]
    NoFolder {
        /// As the user gave it.
        folder: String,
    },
    /// The disk is full.
    #[error("{folder}: the disk is full: {name} was not written")]
    Full {
        /// As the user gave it.
        folder: String,
        /// The file's name.
        name: String,
    },
    /// The system refused in another way.
    #[error("{name} was not written: {error}")]
    File {
        /// The file's name.
        name: String,
        /// What the system says.
        error: io::Error,
    },
    /// The take is not there.
    #[error("there is no take yet: nothing was written")]
    NoTake,
    /// The take has too little of the score for this.
    #[error("take {take}: nothing of the score was recognised in it, so there is no tempo to write")]
    NoTempo {
        /// Its number.
        take: u32,
    },
    /// The take's notes were left out of the project.
    #[error("take {take}: its notes are not in the book: nothing was written")]
    NoNotes {
        /// Its number.
        take: u32,
    },
    /// It needs a score.
    #[error("this needs a score: load one, and write it again")]
    NoScore,
}

/// What the files are made of.
struct Book {
    /// The takes of the score in use.
    entries: Vec<Arc<Entry>>,
    choices: EditChoices,
    /// How much earlier the host lays what it records than a plugin hears it, in seconds.
    latency_s: f64,
}

/// Writes the files, and returns their names.
pub(super) fn write(
    shared: &Shared,
    score: Option<&LoadedScore>,
    export: Export,
    take: Option<u32>,
    folder: &Path,
) -> Result<Vec<String>, ExportError> {
    let grid = score.map_or(0, |score| score.grid);
    let book = {
        let session = shared.session();
        let log = session.log();
        Book {
            entries: log.entries().filter(|entry| is_of(entry, grid)).cloned().collect(),
            choices: log.choices(grid),
            latency_s: f64::from(shared.recording_latency_ms()) / 1000.0,
        }
    };
    let chosen = match take {
        Some(number) => book.entries.iter().find(|entry| entry.number == number),
        None => book.entries.last(),
    };
    let chosen = chosen.ok_or(ExportError::NoTake)?;
    let piece = score.map_or("colla parte", |score| &score.score.title);
    let piece = file_name(if piece.trim().is_empty() { "colla parte" } else { piece });
    let of_take = format!("{piece} take {}", chosen.number);
    match export {
        Export::Midi => {
            let notes = book.on_timeline(&chosen.recorded).notes;
            // One in which somebody played, or may have.
            if notes.is_empty() && (!chosen.recorded.exact || !chosen.recorded.take.stretches.is_empty()) {
                return Err(ExportError::NoNotes { take: chosen.number });
            }
            file(folder, &of_take, "mid", |out| midi(&notes, out)).map(|name| vec![name])
        }
        Export::MusicXml => {
            let notated = notated(chosen, score, &of_take)?;
            file(folder, &of_take, "musicxml", |out| write_score_musicxml(&notated.score, out))
                .map(|name| vec![name])
        }
        Export::Quantised => {
            let notated = notated(chosen, score, &of_take)?;
            let name = format!("{of_take} quantised");
            file(folder, &name, "mid", |out| write_notated_midi(&notated, out).map_err(io::Error::other))
                .map(|name| vec![name])
        }
        Export::TempoMap => {
            let score = score.ok_or(ExportError::NoScore)?;
            let beats = longest_stretch(&book.on_timeline(&chosen.recorded).take)
                .ok_or(ExportError::NoTempo { take: chosen.number })?;
            let map = TempoMap::new(&score.path, &beats, MapDensity::Beat);
            let name = format!("{of_take} tempo");
            file(folder, &name, "mid", |out| {
                map.write(&score.path, out).map(|_| ()).map_err(io::Error::other)
            })
            .map(|name| vec![name])
        }
        _ => {
            let score = score.ok_or(ExportError::NoScore)?;
            // Whoever writes, the files are of all parts that are followed.
            let path = score.path_of(&shared.session().parts_of(ScoreKey::of(score)));
            whole(score, &path, &book, export, &piece, folder)
        }
    }
}

/// Writes what is made of all takes.
fn whole(
    score: &LoadedScore,
    path: &PlayingPath,
    book: &Book,
    export: Export,
    piece: &str,
    folder: &Path,
) -> Result<Vec<String>, ExportError> {
    let entries = &book.entries;
    let takes: Vec<Take> = entries.iter().map(|entry| entry.recorded.take.clone()).collect();
    let marks: Vec<Mark> = entries.iter().zip(0..).flat_map(|(entry, index)| entry.marks(index)).collect();
    // As in the window: a rejected take counts for nothing, and of one that was heard live only nobody knows whether it is clean.
    let counted = |takes: &[Take]| -> Vec<Take> {
        let count = |(take, entry): (&Take, &Arc<Entry>)| match entry.remarks.rejected {
            true => Take::plain(take.start, take.end),
            false => take.clone(),
        };
        takes.iter().zip(entries).map(count).collect()
    };
    let judge = |steps: &mut Vec<Coverage>| {
        for step in steps {
            step.clean.retain(|take| entries[*take as usize].recorded.exact);
        }
    };
    let mut coverage = coverage(path, &counted(&takes));
    judge(&mut coverage);
    let plan = if matches!(export, Export::Markers) {
        EditPlan::default()
    } else {
        let mut plan = planned(path, entries, &book.choices);
        for piece in &mut plan.segments {
            let place = book.place(&entries[piece.take as usize].recorded);
            (piece.start, piece.end) = (place.of(piece.start), place.of(piece.end));
        }
        plan
    };
    let takes: Vec<Take> = entries.iter().map(|entry| book.on_timeline(&entry.recorded).take).collect();
    let numbers: Vec<u32> = entries.iter().map(|entry| entry.number).collect();
    let mut parts = part_coverage(path, &counted(&takes), &score.score.parts);
    parts.iter_mut().for_each(|part| judge(&mut part.steps));
    let view = SessionView {
        title: &score.score.title,
        recording: None,
        path,
        takes: &takes,
        numbers: &numbers,
        coverage: &coverage,
        parts: &parts,
        plan: &plan,
        marks: &marks,
    };
    let named = |what: &str| format!("{piece} {what}");
    let markers =
        |format| move |out: &mut dyn Write| write_markers(&view, format, out).map_err(io::Error::other);
    Ok(match export {
        Export::Markers => vec![
            file(folder, &named("markers"), "csv", markers(MarkerFormat::Reaper))?,
            file(folder, &named("labels"), "txt", markers(MarkerFormat::Audacity))?,
            file(folder, &named("markers"), "mid", markers(MarkerFormat::Midi))?,
        ],
        Export::EditPlan => vec![
            file(folder, &named("edit"), "edl", |out| write_edl(&view, out))?,
            file(folder, &named("edit"), "rpp", |out| write_reaper_project(&view, FADE_S, out))?,
        ],
        _ => vec![
            file(folder, &named("takes"), "html", |out| write_take_sheet(&view, out))?,
            file(folder, &named("takes"), "json", |out| write_session_json(&view, out))?,
        ],
    })
}

/// A take on the score's rhythm; where nothing of the score was recognised in it, on its own pulse.
fn notated(entry: &Entry, score: Option<&LoadedScore>, title: &str) -> Result<Notated, ExportError> {
    let Recorded { take, notes, .. } = &*entry.recorded;
    if notes.is_empty() {
        return Err(ExportError::NoNotes { take: entry.number });
    }
    let on_score = score.map(|score| notate(&score.score, std::slice::from_ref(take), notes));
    let on_score = on_score.filter(|notated| !notated.score.notes.is_empty());
    Ok(on_score.unwrap_or_else(|| quantised(title, notes)))
}

fn midi(notes: &[PlayedNote], out: &mut dyn Write) -> io::Result<()> {
    write_midi(notes, MidiStyle::Sounding, &[], out).map_err(io::Error::other)
}

/// Where a take lies on the host's timeline.
#[derive(Clone, Copy)]
struct HostPlace {
    /// From the log's time, in seconds.
    shift_s: f64,
    /// What would lie earlier is not in the host's recording.
    earliest_s: f64,
}

impl HostPlace {
    /// The host's time of a moment of the log, never before the recording.
    fn of(self, moment: Seconds) -> Seconds {
        Seconds((moment.0 + self.shift_s).max(self.earliest_s))
    }

    fn holds(self, moment: Seconds) -> bool {
        moment.0 + self.shift_s >= self.earliest_s
    }
}

impl Book {
    /// A recording begins at the timeline's start at the earliest, or where the host itself said an earlier time.
    fn place(&self, recorded: &Recorded) -> HostPlace {
        match recorded.host_start_s {
            Some(start_s) => HostPlace {
                shift_s: start_s - self.latency_s - recorded.take.start.0,
                earliest_s: start_s.min(0.0),
            },
            None => HostPlace { shift_s: 0.0, earliest_s: f64::NEG_INFINITY },
        }
    }

    fn on_timeline(&self, recorded: &Recorded) -> Recorded {
        let place = self.place(recorded);
        let mut moved = recorded.clone();
        // What is over before the recording begins is not in it; a beat at another time than it was played is none.
        moved.notes.retain(|note| place.holds(note.offset));
        moved.take.beats.retain(|point| place.holds(point.time));
        moved.move_times(|moment| place.of(moment));
        moved
    }
}

/// The beats of the stretch with most of them; `None` where there is no tempo in it.
fn longest_stretch(take: &Take) -> Option<Vec<AlignedBeat>> {
    let runs = take.beats.chunk_by(|a, b| b.beat > a.beat && b.time > a.time);
    runs.max_by_key(|run| run.len()).filter(|run| run.len() > 1).map(<[AlignedBeat]>::to_vec)
}

/// A name that every system takes: no separators, no control characters, at most 80 characters.
fn file_name(text: &str) -> String {
    let plain = |c: char| if c.is_control() || r#"/\:*?"<>|"#.contains(c) { '_' } else { c };
    let name: String = text.trim().chars().take(80).map(plain).collect();
    name.trim_matches(|c: char| c == '.' || c.is_whitespace()).to_owned()
}

/// Writes one file beside its final place and moves it there once it is whole; a file that is there already stays,
/// and the new one gets a number. Returns the name.
fn file(
    folder: &Path,
    stem: &str,
    extension: &str,
    contents: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<String, ExportError> {
    let shown = || folder.display().to_string();
    if !fs::metadata(folder).is_ok_and(|found| found.is_dir()) {
        return Err(ExportError::NoFolder { folder: shown() });
    }
    let failed = |error: io::Error| {
        let name = format!("{stem}.{extension}");
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ExportError::Full { folder: shown(), name },
            ErrorKind::NotFound => ExportError::NoFolder { folder: shown() },
            _ => ExportError::File { name, error },
        }
    };
    let part = folder.join(format!(".{stem}.{extension}.{}.part", std::process::id()));
    let written = create(&part).and_then(|file| {
        let mut out = BufWriter::new(file);
        contents(&mut out)?;
        out.into_inner()?.sync_all()
    });
    let moved = written.and_then(|()| {
        let names = (1..SAME_NAME).map(|n| match n {
            1 => format!("{stem}.{extension}"),
            n => format!("{stem} ({n}).{extension}"),
        });
        for name in names {
            // Claims the name first, so that two exports at once never meet in one file.
            match create(&folder.join(&name)) {
                Ok(claimed) => {
                    // Windows replaces no file that is open.
                    drop(claimed);
                    return fs::rename(&part, folder.join(&name)).map(|()| name);
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::from(ErrorKind::AlreadyExists))
    });
    moved.map_err(|error| {
        let _ = fs::remove_file(&part);
        failed(error)
    })
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("colla-parte-export-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_that_is_there_stays_and_the_new_one_gets_a_number() {
        let folder = folder("twice");
        for text in ["first", "second"] {
            file(&folder, "étude", "txt", |out| out.write_all(text.as_bytes())).unwrap();
        }
        assert_eq!(names(&folder), ["étude (2).txt", "étude.txt"]);
        assert_eq!(fs::read_to_string(folder.join("étude.txt")).unwrap(), "first");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_full_disk_is_said_and_leaves_nothing_behind() {
        let folder = folder("full");
        let full = |out: &mut dyn Write| {
            out.write_all(b"the first half")?;
            Err(io::Error::from(ErrorKind::StorageFull))
        };
        let error = file(&folder, "a", "mid", full).unwrap_err().to_string();
        assert!(error.contains("the disk is full: a.mid was not written"), "{error}");
        assert!(names(&folder).is_empty());
        fs::remove_dir_all(&folder).unwrap();
        let error = file(&folder, "a", "mid", |_| Ok(())).unwrap_err();
        assert!(matches!(&error, ExportError::NoFolder { .. }), "{error}");
    }

    #[test]
    fn titles_become_names_that_every_system_takes() {
        assert_eq!(file_name(" Sonata: \"Op. 53\" / I. "), "Sonata_ _Op. 53_ _ I");
        assert_eq!(file_name(&"é".repeat(300)).chars().count(), 80);
    }
}
