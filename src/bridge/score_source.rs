//! Scores as they come in: a file or bytes, and what they were read as.

use crate::readers::{MAX_FILE_BYTES, ReadError, read_score};
use crate::score::{Choice, PlayingPath, Score, ScoreError};
use crate::takes::{measure_grid, parts_of};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;

/// A score's file name and bytes, kept as they came so that a project can carry them, and what of it is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreSource {
    /// File name without its folder.
    pub name: String,
    /// The file's bytes.
    pub bytes: Arc<[u8]>,
    /// Which parts, in which order.
    pub choice: Choice,
}

/// A score that was read.
#[derive(Debug)]
pub struct LoadedScore {
    /// Where it came from.
    pub source: ScoreSource,
    /// What it says.
    pub score: Arc<Score>,
    /// What of it is played, in playing order, as the engine takes it.
    pub path: Arc<PlayingPath>,
    /// Its measures, see [`measure_grid`].
    pub grid: u64,
}

/// Why a score could not be loaded.
#[derive(Debug, Error)]
pub enum ScoreLoadError {
    /// The file can't be opened or read.
    #[error("{name}: {error}")]
    File {
        /// File name as given.
        name: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file is no plain file.
    #[error("{name}: expected a score file, found a folder or device")]
    NotAFile {
        /// File name as given.
        name: String,
    },
    /// The file is larger than any score.
    #[error("{name}: expected at most {limit} bytes, found more")]
    TooLarge {
        /// File name as given.
        name: String,
        /// Largest size accepted.
        limit: usize,
    },
    /// The bytes are no score that can be read.
    #[error("{name}: {error}")]
    Read {
        /// File name.
        name: String,
        /// What the reader says.
        error: ReadError,
    },
    /// The score has nothing to follow.
    #[error("{name}: expected a score with notes, found none")]
    Empty {
        /// File name.
        name: String,
    },
    /// The choice of parts or measures does not fit the score.
    #[error("{name}: {error}")]
    Choice {
        /// File name.
        name: String,
        /// What does not fit.
        error: ScoreError,
    },
    /// Reading it failed in a way that it should not.
    #[error("{name}: {reason}")]
    Unreadable {
        /// File name.
        name: String,
        /// What is known.
        reason: String,
    },
}

impl ScoreSource {
    /// Reads a file.
    ///
    /// # Errors
    /// If it is missing, unreadable, not a plain file or beyond the readers' size limit.
    pub fn from_file(path: &Path) -> Result<ScoreSource, ScoreLoadError> {
        let name = path.display().to_string();
        let failed = |error| ScoreLoadError::File { name: name.clone(), error };
        // Asked before it is opened: opening a pipe waits for its writer.
        if !std::fs::metadata(path).map_err(failed)?.is_file() {
            return Err(ScoreLoadError::NotAFile { name });
        }
        let file = std::fs::File::open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() > MAX_FILE_BYTES {
            return Err(ScoreLoadError::TooLarge { name, limit: MAX_FILE_BYTES });
        }
        let short = path.file_name().map_or(name.clone(), |file| file.to_string_lossy().into_owned());
        Ok(ScoreSource { name: short, bytes: bytes.into(), choice: Choice::default() })
    }
}

impl LoadedScore {
    /// Reads a score's bytes.
    ///
    /// # Errors
    /// If they are no score, or the choice does not fit it, or there are no notes in what is chosen.
    pub fn read(source: ScoreSource) -> Result<LoadedScore, ScoreLoadError> {
        let stem = Path::new(&source.name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let mut score = read_score(&source.bytes, stem.as_deref().unwrap_or(&source.name))
            .map_err(|error| ScoreLoadError::Read { name: source.name.clone(), error })?;
        score
            .choose(&source.choice)
            .map_err(|error| ScoreLoadError::Choice { name: source.name.clone(), error })?;
        if score.path.notes.is_empty() {
            return Err(ScoreLoadError::Empty { name: source.name });
        }
        let path = Arc::new(score.path.clone());
        let grid = measure_grid(&path);
        Ok(LoadedScore { source, score: Arc::new(score), path, grid })
    }

    /// The same path with all notes of these parts; the own path where it has them, or where there are none.
    pub(super) fn path_of(&self, parts: &[u16]) -> Arc<PlayingPath> {
        if parts.is_empty() || parts == parts_of(&self.path) {
            return self.path.clone();
        }
        let mut whole = Score::clone(&self.score);
        if let Ok(own_order) = read_score(&self.source.bytes, &self.source.name) {
            whole = own_order;
        }
        let order = Choice { parts: String::new(), path: self.source.choice.path.clone() };
        match whole.choose(&order) {
            Ok(()) => Arc::new(whole.path.for_parts(parts)),
            Err(_) => self.path.clone(),
        }
    }
}
