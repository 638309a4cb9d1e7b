//! Musical time: exact rational beats, tempo.

use num_rational::Ratio;
use num_traits::{CheckedAdd, CheckedMul, CheckedSub, ToPrimitive};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::ops::{Add, Sub};

/// A score position or duration in quarter notes, as an exact fraction.
///
/// Arithmetic never overflows: where a sum's exact fraction does not fit 64 bits (only hostile files get
/// there), it is rounded to the nearest 1/10080 of a beat and saturates.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Beats(Ratio<i64>);

/// The grid that sums fall back to when their exact fraction does not fit: 2⁵·3²·5·7, so that common tuplets
/// stay exact.
const FALLBACK_GRID: i64 = 10_080;

/// Whole numbers up to here are exact in floating point.
const EXACT: u64 = 1 << 53;

impl Beats {
    /// No beats.
    pub const ZERO: Beats = Beats(Ratio::new_raw(0, 1));

    /// The fraction `numerator / denominator`; a zero denominator gives `None`.
    pub fn new(numerator: i64, denominator: i64) -> Option<Beats> {
        if denominator == 0 || denominator == i64::MIN || numerator == i64::MIN {
            return None;
        }
        Some(Beats(Ratio::new(numerator, denominator)))
    }

    /// Whole quarter notes.
    pub const fn whole(beats: i64) -> Beats {
        Beats(Ratio::new_raw(beats, 1))
    }

    /// The nearest multiple of 1/10080 beat; not-a-number gives zero, infinities saturate.
    pub fn nearest(beats: f64) -> Beats {
        let ticks = beats * FALLBACK_GRID as f64;
        // A float-to-integer cast saturates, and maps NaN to 0.
        Beats(Ratio::new((ticks.round() as i64).clamp(-i64::MAX / 2, i64::MAX / 2), FALLBACK_GRID))
    }

    /// The value as floating point: the nearest there is.
    pub fn to_f64(self) -> f64 {
        let (numerator, denominator) = (*self.0.numer(), *self.0.denom());
        // Both exact, so that their quotient is rounded once, like the library's far slower way.
        if numerator.unsigned_abs() <= EXACT && denominator.unsigned_abs() <= EXACT {
            numerator as f64 / denominator as f64
        } else {
            self.0.to_f64().unwrap_or(0.0)
        }
    }

    /// Numerator of the reduced fraction.
    pub fn numerator(self) -> i64 {
        *self.0.numer()
    }

    /// Denominator of the reduced fraction, at least 1.
    pub fn denominator(self) -> i64 {
        *self.0.denom()
    }

    /// This many beats times the fraction `numerator / denominator`.
    ///
    /// # Panics
    /// In debug builds, if `denominator` is zero.
    pub fn scaled(self, numerator: i64, denominator: i64) -> Beats {
        debug_assert!(denominator != 0, "scaled by {numerator}/0");
        if denominator == 0 {
            return self;
        }
        match self.0.checked_mul(&Ratio::new(numerator, denominator)) {
            Some(product) => Beats(product),
            None => Beats::nearest(self.to_f64() * numerator as f64 / denominator as f64),
        }
    }

    /// True below zero.
    pub fn is_negative(self) -> bool {
        *self.0.numer() < 0
    }
}

impl Default for Beats {
    fn default() -> Self {
        Beats::ZERO
    }
}

impl Add for Beats {
    type Output = Beats;
    fn add(self, other: Beats) -> Beats {
        match self.0.checked_add(&other.0) {
            Some(sum) => Beats(sum),
            None => Beats::nearest(self.to_f64() + other.to_f64()),
        }
    }
}

impl Sub for Beats {
    type Output = Beats;
    fn sub(self, other: Beats) -> Beats {
        match self.0.checked_sub(&other.0) {
            Some(difference) => Beats(difference),
            None => Beats::nearest(self.to_f64() - other.to_f64()),
        }
    }
}

impl std::iter::Sum for Beats {
    fn sum<I: Iterator<Item = Beats>>(beats: I) -> Beats {
        beats.fold(Beats::ZERO, Add::add)
    }
}

impl fmt::Debug for Beats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator(), self.denominator())
    }
}

/// Four decimals, as every text format of the project writes beats.
impl fmt::Display for Beats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4}", self.to_f64())
    }
}

/// As the pair `[numerator, denominator]`.
impl Serialize for Beats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.numerator(), self.denominator()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Beats {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Beats, D::Error> {
        let (numerator, denominator) = <(i64, i64)>::deserialize(deserializer)?;
        Beats::new(numerator, denominator)
            .ok_or_else(|| serde::de::Error::custom("a fraction of beats with denominator zero"))
    }
}

/// A tempo in quarter notes per minute; finite and above zero.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Bpm(pub f64);

impl Bpm {
    /// The tempo a score without tempo marks is taken to have.
    pub const DEFAULT: Bpm = Bpm(120.0);

    /// Seconds that one quarter note lasts.
    pub fn seconds_per_beat(self) -> f64 {
        60.0 / self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn thirds_add_up_exactly() {
        let third = Beats::new(1, 3).unwrap();
        assert_eq!(third + third + third, Beats::whole(1));
        assert_eq!(Beats::whole(4).scaled(1, 12), third);
    }

    proptest! {
        #[test]
        fn floating_point_is_the_nearest(
            numerator in prop_oneof![-100_000i64..100_000, any::<i64>()],
            denominator in prop_oneof![1i64..50_000, 1..i64::MAX],
        ) {
            if let Some(beats) = Beats::new(numerator, denominator) {
                prop_assert_eq!(beats.to_f64().to_bits(), beats.0.to_f64().unwrap().to_bits());
            }
        }
    }

    #[test]
    fn sums_that_do_not_fit_are_rounded_and_never_overflow() {
        let a = Beats::new(1, 4_611_686_018_427_387_847).unwrap();
        let b = Beats::new(1, 4_611_686_018_427_387_817).unwrap();
        assert_eq!(a + b, Beats::ZERO);
        let huge = Beats::whole(i64::MAX / 2);
        assert!((huge + huge).to_f64() > 1e14);
        assert_eq!(Beats::nearest(f64::NAN), Beats::ZERO);
    }
}
