//! What was played: note evidence, notes, positions in the score, takes.

mod alignment;
mod cue;
mod edit_choices;
mod notated;
mod note;
mod plan;
mod posteriorgram;
mod shading;
mod take;

pub use alignment::{AlignedBeat, Candidate, FollowState, PositionReport};
pub use cue::{Cue, CueMessage};
pub use edit_choices::{ChosenJoin, ChosenTake, EditChoices};
pub use notated::{Notated, WrittenNote};
pub use note::{NoteEvent, PlayedNote};
pub use plan::{Decision, EditPlan, JoinPlace, JoinReason, Mark, PlanSegment};
pub use posteriorgram::{DecisionDelay, PosteriorFrame, Strike};
pub use shading::Shading;
pub use take::{
    Coverage, DOUBT_BELOW, Fault, FaultKind, OFF_TUNE_CENTS, OFF_TUNE_RANGE_CENTS, PartCoverage, Stretch,
    Take, Voice,
};
