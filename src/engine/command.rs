//! What the follower can be told while it runs.

use serde::{Deserialize, Serialize};

/// What the follower can be told while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum FollowCommand {
    /// The playing is about to start, or is, at this path position in beats.
    StartAt(f64),
    /// Forget the place and look for it everywhere.
    Relocate,
}
