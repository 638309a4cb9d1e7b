//! The network-free estimator: log-frequency spectra to note evidence by non-negative decomposition on harmonic
//! templates, strikes by the rise of the decomposition's activations.
//!
//! It is the baseline that a learned estimator is measured against, and what runs where that cannot.

mod background;
mod decomposition;
mod estimator;
mod templates;

pub use estimator::HarmonicEstimator;
pub use templates::HarmonicTemplates;
