//! The follower: note evidence to a position in the score, hop by hop.
//!
//! [`Follower`] is pure and owns no thread. Inside, in the order of the data: `observation` picks probable onsets out
//! of the frames; `events` is the playing path as onsets to come; `decoder` keeps the posterior over all events, in the
//! columns of `hypotheses` over which `sweep` goes, with durations from `wait` and `tempo` and destinations of jumps from `relocate`; `gate` decides which place is
//! believed; `cursor` turns the last event heard into a position at this very moment.
//!
//! [`Smoother`] is the second pass over a whole recording: the same model, traced back from the end by `history`.

mod cursor;
mod decoder;
mod events;
mod follow;
mod gate;
mod history;
mod hypotheses;
mod lanes;
mod observation;
mod relocate;
mod settings;
mod smoother;
mod sweep;
mod tempo;
mod wait;

pub use follow::Follower;
pub use settings::FollowerSettings;
pub use smoother::{Alignment, Smoother};
