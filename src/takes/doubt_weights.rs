//! What the features of a doubt weigh; written by `tests/compare/fit_faults.py` from 143 sessions.

use super::doubt::{EXTRA_FEATURES, FAINT_FEATURES, MISSING_FEATURES};

/// A written note that was not struck, or hardly.
#[rustfmt::skip]
#[allow(clippy::approx_constant)]
pub(super) const MISSING: [f32; MISSING_FEATURES] = [
    -5.811, -0.044, -0.569, 0.264, -0.768, 0.200, 2.346, -0.888, 0.095, -0.716,
    -1.109, 0.246, -2.253, -0.015, 0.593, 0.092, 0.148, -0.519, -0.290, 0.350,
    0.139, -0.085, -0.078, 0.012, 0.090, -0.372, -1.018, -1.706, 6.883, 1.820,
    0.371, 0.682, -0.114, 0.630, -0.315, -2.910, -0.297, 0.308, 0.183, -0.481,
    -1.752, -0.821, 0.843, 0.501, 0.853, 2.643,
];

/// A strike that is not written.
#[rustfmt::skip]
#[allow(clippy::approx_constant)]
pub(super) const EXTRA: [f32; EXTRA_FEATURES] = [
    -8.621, 0.994, -0.308, -0.460, -1.087, -0.956, -0.095, -0.420, 0.914, 1.142,
    -0.001, 0.134, 2.143, 2.057, 0.404, 1.468, 0.069, -0.064, -0.443, 0.102,
    -0.746, 0.080, 0.080, -0.404, -0.193, -0.370, 0.598, 6.961, 4.520, -1.733,
    -1.955, 5.737, 0.789, 0.877, -5.311, -1.462, -1.692, 2.305, -1.492, 2.246,
    2.550, -1.100, -1.079, -0.615, 2.944,
];

/// A key brushed beside a written one.
#[rustfmt::skip]
#[allow(clippy::approx_constant)]
pub(super) const FAINT: [f32; FAINT_FEATURES] = [
    -7.875, -0.598, -0.263, 0.407, -0.419, -2.728, 0.205, -1.422, 1.937, 1.078,
    0.881, 0.235, 0.512, 0.263, 0.171, 0.104, -0.116, 0.443, -0.811, -0.466,
    -0.420, 0.312, -0.266, 0.244, -0.195, 0.057, 0.806, 6.283, 0.680, -0.594,
    -2.376, -2.983, -0.355, -0.095, 0.381, -0.168, 1.811, -0.624, 1.090, 0.444,
];
