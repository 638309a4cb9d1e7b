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
}
