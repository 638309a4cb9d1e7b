//! What the user asked for. A panel returns these; whoever owns the engine carries them out.

use super::view::Settings;
use crate::bridge::Export;
use crate::performance::{Cue, EditChoices};
use crate::score::{Choice, PrintWish};

/// What one frame's clicks and keys ask for, in order.
pub type Actions = Vec<Action>;

/// One thing the user asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Read the score of this path.
    LoadPath(String),
    /// Open the system's file dialog for a score.
    BrowseScore,
    /// Put the score away.
    UnloadScore,
    /// Follow these parts of the score, in this order.
    Choose(Choice),
    /// Playing goes on at this path position, in beats.
    StartAt(f64),
    /// Follow only between these path positions, in beats, or everywhere.
    SetRange(Option<(f64, f64)>),
    /// Hold the position, or let it go on.
    Hold(bool),
    /// Forget the position and search everywhere.
    Relocate,
    /// Log takes, or stop.
    Arm(bool),
    /// Attach a cue at this path position, in beats.
    AddCue(f64),
    /// Make the cue of this index another.
    SetCue(usize, Cue),
    /// Remove the cue of this index.
    RemoveCue(usize),
    /// Give the take of this number 0-3 stars.
    Star {
        /// Which take.
        take: u32,
        /// How many.
        stars: u8,
    },
    /// Put the take of this number aside, or bring it back.
    Reject {
        /// Which take.
        take: u32,
        /// Aside or not.
        rejected: bool,
    },
    /// Name the take of this number.
    RenameTake {
        /// Which take.
        take: u32,
        /// The new name; may be empty.
        name: String,
    },
    /// Comment on the take of this number.
    CommentTake {
        /// Which take.
        take: u32,
        /// The new comment; may be empty.
        comment: String,
    },
    /// Delete the take of this number from the book (never from the recording).
    DeleteTake(u32),
    /// Keep to these choices in the edit.
    ChooseEdit(EditChoices),
    /// Take back the last change of the book.
    Undo,
    /// Bring again what was taken back.
    Redo,
    /// Make a file of the session.
    Export(Export),
    /// Write files into this folder from now on; empty is the user's own.
    SetExportFolder(String),
    /// Put these settings in force.
    Set(Settings),
    /// Forget that the input clipped.
    ResetClip,
    /// The message of this id was read.
    Dismiss(u64),
    /// Draw everything at this scale, 0.75-3.
    SetScale(f32),
    /// These pages are looked at, in this size: engrave them next.
    Engrave(PrintWish),
    /// Look at this path step in the inspector. The editor carries this out itself.
    Inspect(u32),
    /// Close the inspector, which then lists what is still to do. The editor carries this out itself.
    CloseInspector,
}
