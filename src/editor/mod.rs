//! The editor: panels drawn from a plain snapshot.
//!
//! `View` in, `Actions` out; every panel is a function of the snapshot and of its own small state (zoom, what is
//! unfolded), names only egui and ground types, and can so be drawn and clicked in a test with no plugin, no
//! audio and no window. [`editor`] lays all of them out.
//!
//! Nothing here asks for repaints on its own: an unchanged view costs nothing. Its owner repaints when there is
//! news.

mod action;
mod app;
mod cue_list;
mod engraved;
mod inspector;
mod look;
mod marks;
mod notation;
mod paint_page;
mod paint_system;
mod plan_view;
mod roll;
mod score_choice;
mod score_empty;
mod score_layout;
mod score_marks;
mod score_pointer;
mod score_view;
mod settings;
mod state;
mod status_row;
mod strings;
mod take_cells;
mod take_list;
mod take_map;
mod tempo_view;
mod theme;
mod todo;
mod top_bar;
mod view;

pub use action::{Action, Actions};
pub use app::{MINIMUM_SIZE, START_SIZE, editor};
pub use look::Look;
pub use state::{EditorState, Preferences};
pub use strings::{Language, Text};
pub use theme::{PaperKind, install};
pub use view::{
    Abilities, EngravingSlot, Gravity, HeardNote, Level, Load, Message, ScoreSlot, Settings, TakeRow,
    TempoCurve, Timing, TrailPoint, Transport, Verdict, View,
};
