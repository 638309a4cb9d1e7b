//! What can go wrong between a score and its page.

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
    /// The score holds what is known to make the engraver crash.
    #[error("the engraver would not survive this score: {0}")]
    Unsound(String),
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
