//! Why an engine cannot be made.

use crate::audio::AudioError;

/// Why an engine cannot be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EngineError {
    /// The front end does not take this stream.
    #[error(transparent)]
    Audio(#[from] AudioError),
}
