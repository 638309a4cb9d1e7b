//! What can be wrong with a score's playing order.

/// Why a playing path cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScoreError {
    /// Repeats within repeats make the piece endless.
    #[error("the playing order has more than {limit} measures")]
    TooManySteps {
        /// The most that is accepted.
        limit: usize,
    },
    /// Too many notes along the path.
    #[error("the playing order has {found} notes or more, at most {limit} are accepted")]
    TooManyNotes {
        /// The most that is accepted.
        limit: usize,
        /// Counted so far.
        found: usize,
    },
    /// A playing order that cannot be understood.
    #[error("expected measures such as 1-8, 12 or 2:1-, found {item:?}")]
    Path {
        /// The item of the list.
        item: String,
    },
    /// A measure number that the score does not have, or not there.
    #[error("the score has no measure {number:?} there")]
    NoSuchMeasure {
        /// The number asked for.
        number: String,
    },
    /// A section that the score does not have.
    #[error("the score has {found} sections, none is number {number}")]
    NoSuchSection {
        /// Counted from 1.
        number: usize,
        /// How many there are.
        found: usize,
    },
    /// A part that the score does not have.
    #[error("the score has no part {item:?}, it has: {parts}")]
    NoSuchPart {
        /// The part asked for.
        item: String,
        /// What there is.
        parts: String,
    },
}
