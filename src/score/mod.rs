//! What is written: the printed score, and the path along which it is played.

mod model;
mod path;

pub use model::{Measure, Note, NoteId, Ornament, Part, Score};
pub use path::{PathNote, PathStep, PlayingPath, TempoChange};
