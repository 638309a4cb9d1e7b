//! Why an engine cannot be made.

use crate::audio::AudioError;
use crate::network::NetworkError;

/// Why an engine cannot be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum EngineError {
    /// The front end does not take this stream.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// The network's weights cannot be used.
    #[error(transparent)]
    Network(#[from] NetworkError),
}
