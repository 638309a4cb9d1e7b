//! Features to posteriorgram: the transcriber's neural network, one causal step a hop.

mod kernels;
mod model;
mod strikes;
mod weights;

pub use model::{NetworkEstimator, VELOCITY_INPUTS};
pub use strikes::{STRIKE_INPUTS, STRIKE_LAGS, StrikeJudge};
pub use weights::{NetworkError, Sizes, Weights};

/// Log-frequency bins of a feature frame, 3 a semitone; bin `3 k + 1` is centred on key `k`.
pub const BINS: usize = 288;

/// Time resolutions of a feature frame.
pub const RESOLUTIONS: usize = 3;
