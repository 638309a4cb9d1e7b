//! What was played: note evidence, notes, positions in the score, takes.

mod alignment;
mod cue;
mod note;
mod plan;
mod posteriorgram;
mod take;

pub use alignment::{AlignedBeat, Candidate, FollowState, PositionReport};
pub use cue::{Cue, CueMessage};
pub use note::{NoteEvent, PlayedNote};
pub use plan::{Decision, EditPlan, Mark, PlanSegment};
pub use posteriorgram::PosteriorFrame;
pub use take::{Coverage, Fault, FaultKind, Stretch, Take};
