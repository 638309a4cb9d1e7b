//! What the follower can be told while it runs.

use serde::{Deserialize, Serialize};

/// What the follower can be told while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum FollowCommand {
    /// The playing is about to start, or is, at this path position in beats.
    StartAt(f64),
    /// If playing pauses, it will most likely go on at this path position in beats.
    Expect(f64),
    /// Forget the place and look for it everywhere.
    Relocate,
    /// Hold the position where it is, whatever is played, or let it go again.
    Hold(bool),
    /// Only places from this path position to before that one are possible; `None` opens all.
    Restrict(Option<(f64, f64)>),
}
