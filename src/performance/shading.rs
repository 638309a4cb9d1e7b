//! What the ear made of the last seconds, coarsely: for the eyes.

use crate::units::{KEYS, Seconds};
use std::sync::Arc;

/// How likely each key sounded, in columns of [`Shading::COLUMN`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shading {
    /// Start of the first column.
    pub from: Seconds,
    /// Greatest probability of each key within the column, 0-255; index 0 is A0. Oldest first.
    pub columns: Arc<[[u8; KEYS]]>,
}

impl Shading {
    /// Length of a column.
    pub const COLUMN: Seconds = Seconds(0.05);

    /// End of the last column.
    pub fn to(&self) -> Seconds {
        Seconds(self.from.0 + self.columns.len() as f64 * Shading::COLUMN.0)
    }
}
