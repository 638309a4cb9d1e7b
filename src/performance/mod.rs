//! What was played: note evidence, notes, positions in the score, takes.

mod alignment;
mod note;
mod posteriorgram;
mod take;

pub use alignment::{AlignedBeat, Candidate, FollowState, PositionReport};
pub use note::{NoteEvent, PlayedNote};
pub use posteriorgram::PosteriorFrame;
pub use take::{Coverage, Fault, FaultKind, Stretch, Take};
