//! What the engraver's program answers.

use serde::{Deserialize, Serialize};
use std::io::{self, Write};

/// Changes with what the program is given and answers: whoever starts it says which one is meant.
pub const EDITION: &str = "1";

/// What became of one document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// Its pages, as SVG.
    Pages(Vec<String>),
    /// Verovio does not read it.
    Unreadable,
    /// The program could not work at all; in words.
    Failed(String),
}

impl Answer {
    /// Writes it as one line of JSON.
    ///
    /// # Errors
    /// As `out`'s.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// The answer that `bytes` are, if they are a whole one.
    pub(super) fn read(bytes: &[u8]) -> Option<Answer> {
        serde_json::from_slice(bytes).ok()
    }
}
