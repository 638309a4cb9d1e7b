//! What the editor and the host's main thread ask of the worker.

use super::{RemoteSettings, ScoreSource, Severity};
use crate::engine::FollowCommand;
use crate::score::Choice;
use std::path::PathBuf;

/// One request; the worker takes them in order, before further audio.
pub(super) enum Command {
    /// Something that all threads share is another: show it.
    Look,
    /// Audio now comes through the next of `Shared::connections`.
    Connect,
    /// Read this file and follow it, if it is a score; otherwise say why not.
    LoadFile(PathBuf),
    /// Follow this score.
    LoadScore(ScoreSource),
    /// Follow these parts, in this order, of the present score.
    Choose(Choice),
    /// Follow nothing.
    ForgetScore,
    /// Tell the follower something.
    Follow(FollowCommand),
    /// Send position and cues to there from now on, or nowhere.
    Remote(RemoteSettings),
    /// The session's log was changed.
    BookChanged,
    /// Say this to the user.
    Report(Severity, String),
    /// End the thread.
    Stop,
}
