//! What is written: the printed score, and the path along which it is played.

mod error;
mod flow;
mod model;
mod order;
mod passes;
mod path;
mod position;
mod print;
mod selection;
mod sounding;
mod unfold;
mod waymarks;

pub use error::ScoreError;
pub use flow::{Flow, Jump, JumpTarget};
pub use model::{
    GraceKind, Mark, MarkKind, Measure, Note, NoteId, Ornament, Part, Score, ScoreSource, Section, Ties,
};
pub use order::{MAX_STEPS, playing_order};
pub use path::{PathNote, PathStep, PlayingPath, TempoChange};
pub use position::PrintedPosition;
pub use print::{
    Area, InkPicture, PrintWish, PrintedGlyph, PrintedMeasure, PrintedNote, PrintedPage, PrintedScore,
    PrintedStem,
};
pub use selection::Choice;
pub use sounding::SoundingTime;
pub use unfold::MAX_PATH_NOTES;
pub use waymarks::Waymarks;
