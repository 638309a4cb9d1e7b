//! What the features of a doubt weigh; written by `tests/compare/fit_faults.py` from 143 sessions.

use super::doubt::{EXTRA_FEATURES, FAINT_FEATURES, MISSING_FEATURES};

/// A written note that was not struck, or hardly.
#[rustfmt::skip]
#[allow(clippy::approx_constant)]
pub(super) const MISSING: [f32; MISSING_FEATURES] = [
    -6.071, -0.373, -0.162, 0.392, -1.037, 0.117, 2.620, -0.937, 0.034, -0.555,
    -1.236, 0.211, -2.248, -0.028, 0.706, 0.094, 0.196, -0.484, -0.302, 0.393,
    0.075, -0.143, -0.028, -0.007, 0.132, -0.478, -1.051, -1.779, 7.624, 1.749,
    0.229, 0.481, -0.060, 0.627, -0.292, -3.024, -0.398, -0.055, 0.556, -0.370,
    -1.761, -0.417, 0.945, 0.493, -0.505, 2.369,
];

/// A strike that is not written.
#[rustfmt::skip]
#[allow(clippy::approx_constant)]
pub(super) const EXTRA: [f32; EXTRA_FEATURES] = [
    -9.648, 0.514, 0.072, -0.409, -0.782, -1.520, -0.366, -0.099, 0.871, 1.052,
    0.163, 0.077, 1.968, 1.827, 0.305, 0.997, -0.009, 0.211, -0.554, 0.169,
    -0.618, 0.361, -0.237, -0.157, -0.274, -0.383, 0.358, 8.874, 5.967, -1.964,
    -2.258, 3.344, 0.622, 1.322, -5.260, -2.642, -0.622, 2.850, -1.542, 4.270,
    2.086, -0.839, -1.055, -0.394, 2.489,
];

/// A key brushed beside a written one.
#[rustfmt::skip]
#[allow(clippy::approx_constant)]
pub(super) const FAINT: [f32; FAINT_FEATURES] = [
    -8.571, -0.133, -0.323, 0.572, -0.536, -2.360, -0.499, -1.368, 1.787, 0.980,
    0.773, 0.386, 1.167, 0.334, 0.068, -0.209, -0.078, 0.315, -0.665, -0.508,
    -0.375, 0.374, -0.242, 0.179, -0.126, 0.049, 0.990, 5.591, 2.253, -0.677,
    -2.015, -3.159, -0.275, 0.073, 0.120, 0.060, 3.141, 0.315, 1.600, 0.765,
];
