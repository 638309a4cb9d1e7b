//! What was played: note evidence, notes, positions in the score, takes.

mod alignment;
mod note;
mod plan;
mod posteriorgram;
mod take;

pub use alignment::{AlignedBeat, Candidate, FollowState, PositionReport};
pub use note::{NoteEvent, PlayedNote};
pub use plan::{Decision, EditPlan, Mark, PlanSegment};
pub use posteriorgram::PosteriorFrame;
pub use take::{Coverage, Fault, FaultKind, Stretch, Take};
