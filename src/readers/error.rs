//! Why a score cannot be read.

use crate::score::ScoreError;

/// Why a score cannot be read: where, what was expected, what was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Neither MusicXML, nor compressed MusicXML, nor MIDI.
    #[error("expected MusicXML, compressed MusicXML (.mxl) or a MIDI file, found {found}")]
    UnknownFormat {
        /// How the file begins.
        found: String,
    },
    /// More than is accepted.
    #[error("{what}: at most {limit} accepted, found {found}")]
    TooLarge {
        /// What there is too much of, with its unit.
        what: &'static str,
        /// The most accepted.
        limit: u64,
        /// What was found.
        found: u64,
    },
    /// Less memory can be had than reading takes.
    #[error("reading it takes {} MB of memory, and so much is not to be had", wanted >> 20)]
    NoMemory {
        /// Bytes that reading may take.
        wanted: usize,
    },
    /// Not well-formed XML, or a construct that is not accepted.
    #[error("line {line}, column {column}: {message}")]
    Xml {
        /// Counted from 1.
        line: u32,
        /// Counted from 1.
        column: u32,
        /// What was expected and found.
        message: String,
    },
    /// Well-formed XML that is no MusicXML.
    #[error("expected the element {expected}, found <{found}>")]
    NotMusicXml {
        /// The element that MusicXML has there.
        expected: &'static str,
        /// The element that is there.
        found: String,
    },
    /// A broken archive, or one without a score.
    #[error("compressed MusicXML: {0}")]
    Archive(String),
    /// A broken MIDI file.
    #[error("MIDI file: {0}")]
    Midi(String),
    /// The score has no note that could sound.
    #[error("the score has no measures")]
    Empty,
    /// The order of playing cannot be made.
    #[error(transparent)]
    Order(#[from] ScoreError),
}
