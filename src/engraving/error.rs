//! What can go wrong between a score and its page.

use std::path::PathBuf;
use std::time::Duration;
use thiserror::Error;

/// Why a score could not be engraved.
#[derive(Debug, Error)]
pub enum EngraveError {
    /// The engraver's fonts can't be put where it reads them.
    #[error("the engraver's fonts: {folder}: {reason}")]
    Resources {
        /// Where they belong.
        folder: String,
        /// What is wrong with it.
        reason: String,
    },
    /// More than the engraver is given.
    #[error("{what}: expected at most {limit}, found {found}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// The most that is accepted.
        limit: usize,
        /// What there is.
        found: usize,
    },
    /// The engraver does not read the score.
    #[error("the engraver cannot read this score")]
    Unreadable,
    /// The engraver is a program of its own, and not there.
    #[error("the engraver's program is not installed: expected one of {}", names(.looked_for))]
    Missing {
        /// Where it was looked for.
        looked_for: Vec<PathBuf>,
    },
    /// The engraver's program does not work.
    #[error("{program}: {reason}", program = .program.display())]
    Program {
        /// Which program.
        program: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The engraver's program broke off.
    #[error("the engraver did not survive this score ({0})")]
    Died(String),
    /// The engraver took too long.
    #[error("the engraver was not done with this score after {} s", .0.as_secs_f64())]
    TooLong(Duration),
    /// Nobody waits for it any more.
    #[error("the engraver was stopped")]
    Stopped,
    /// There is no such page.
    #[error("page {page}: expected one of 1 to {pages}")]
    NoPage {
        /// The page asked for.
        page: usize,
        /// How many there are.
        pages: usize,
    },
    /// A page is not as it should be.
    #[error("page {page}: {reason}")]
    Page {
        /// Which page, from 1.
        page: usize,
        /// What was expected and found.
        reason: String,
    },
    /// A page can't be painted.
    #[error("a page cannot be painted: {reason}")]
    Picture {
        /// Why not.
        reason: String,
    },
}

fn names(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}
