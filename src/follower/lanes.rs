//! Arithmetic on as many events at once as the machine's vectors hold: what the follower's formulas are written in
//! where they sweep over all events.
//!
//! No operation is fused or reordered, so results are the same whatever the width.

use pulp::Simd;
use std::ops::{Add, Div, Mul, Sub};

/// Values of neighbouring events.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lanes<S: Simd> {
    simd: S,
    values: S::f32s,
}

impl<S: Simd> Lanes<S> {
    /// How many events those are.
    pub const COUNT: usize = S::F32_LANES;

    /// The same value for all.
    #[inline(always)]
    pub fn splat(simd: S, value: f32) -> Self {
        Lanes { simd, values: simd.splat_f32s(value) }
    }

    /// Those of `column` from `at` on.
    ///
    /// # Panics
    /// If the column ends before the last of them.
    #[inline(always)]
    pub fn load(simd: S, column: &[f32], at: usize) -> Self {
        Lanes { simd, values: S::as_simd_f32s(&column[at..at + S::F32_LANES]).0[0] }
    }

    /// Puts them into `column` from `at` on.
    ///
    /// # Panics
    /// If the column ends before the last of them.
    #[inline(always)]
    pub fn store(self, column: &mut [f32], at: usize) {
        S::as_mut_simd_f32s(&mut column[at..at + S::F32_LANES]).0[0] = self.values;
    }

    #[inline(always)]
    fn with(self, values: S::f32s) -> Self {
        Lanes { values, ..self }
    }

    /// Square roots.
    #[inline(always)]
    pub fn sqrt(self) -> Self {
        self.with(self.simd.sqrt_f32s(self.values))
    }

    /// Magnitudes.
    #[inline(always)]
    pub fn abs(self) -> Self {
        self.with(self.simd.abs_f32s(self.values))
    }

    /// The lesser of each two.
    #[inline(always)]
    pub fn min(self, other: Self) -> Self {
        self.with(self.simd.min_f32s(self.values, other.values))
    }

    /// The greater of each two.
    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        self.with(self.simd.max_f32s(self.values, other.values))
    }

    /// `yes` where these are greater than `than`, else `no`.
    #[inline(always)]
    pub fn if_greater(self, than: Self, yes: Self, no: Self) -> Self {
        let mask = self.simd.greater_than_f32s(self.values, than.values);
        self.with(self.simd.select_f32s(mask, yes.values, no.values))
    }
}

impl<S: Simd> Add for Lanes<S> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.with(self.simd.add_f32s(self.values, other.values))
    }
}

impl<S: Simd> Sub for Lanes<S> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.with(self.simd.sub_f32s(self.values, other.values))
    }
}

impl<S: Simd> Mul for Lanes<S> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.with(self.simd.mul_f32s(self.values, other.values))
    }
}

impl<S: Simd> Div for Lanes<S> {
    type Output = Self;

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.with(self.simd.div_f32s(self.values, other.values))
    }
}
