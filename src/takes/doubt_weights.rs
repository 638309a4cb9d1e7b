//! What the features of a doubt weigh; written by `tests/compare/fit_faults.py` from 143 sessions.

use super::doubt::{EXTRA_FEATURES, FAINT_FEATURES, MISSING_FEATURES};

/// A written note that was not struck, or hardly.
#[rustfmt::skip]
#[allow(clippy::approx_constant)]
pub(super) const MISSING: [f32; MISSING_FEATURES] = [
    -6.335, -0.372, -0.123, 0.238, -0.796, 0.214, 2.233, -0.781, -0.084, -0.692,
    -1.190, 0.465, -2.411, 0.028, 0.555, 0.023, 0.167, -0.502, -0.303, 0.359,
    0.095, -0.109, -0.059, -0.051, 0.145, -0.349, -0.962, -1.891, 6.194, 1.824,
    0.133, 0.709, -0.033, 0.492, -0.346, -2.936, -0.359, 0.332, -0.364, 0.042,
    -1.449, -0.529, 0.922, 0.550, 1.233, 2.815,
];

/// A strike that is not written.
#[rustfmt::skip]
#[allow(clippy::approx_constant)]
pub(super) const EXTRA: [f32; EXTRA_FEATURES] = [
    -7.579, 0.232, -0.178, -0.330, -0.530, -1.143, -0.407, -0.216, 1.065, 1.149,
    -0.054, 0.056, 1.958, 2.003, 0.343, 1.620, -0.079, -0.377, -0.371, 0.008,
    -0.654, 0.109, -0.127, -0.258, -0.300, -0.336, 0.561, 7.970, 5.089, -1.445,
    -1.383, 3.015, -0.006, 1.307, -4.865, -2.156, -0.932, 2.272, -1.533, 1.376,
    1.767, -0.675, -0.994, -1.110, 3.011,
];

/// A key brushed beside a written one.
#[rustfmt::skip]
#[allow(clippy::approx_constant)]
pub(super) const FAINT: [f32; FAINT_FEATURES] = [
    -7.632, -0.193, -0.346, 0.491, -0.547, -2.691, -0.044, -1.377, 1.803, 0.809,
    1.027, 0.105, 1.288, 0.268, -0.025, -0.213, -0.148, 0.397, -0.893, -0.384,
    -0.587, 0.301, -0.165, 0.227, -0.089, 0.083, 1.130, 5.364, 0.363, -0.516,
    -2.362, -3.260, -0.317, -0.028, 0.358, 0.027, 1.201, -0.504, 0.913, 0.116,
];
