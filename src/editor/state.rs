//! What the editor itself remembers: preferences that persist, and where each panel is scrolled to.

use super::roll::RollState;
use super::score_choice::ScoreChoiceState;
use super::score_view::ScoreViewState;
use super::status_row::ExportState;
use super::strings::Language;
use super::take_list::TakeListState;
use super::take_map::TakeMapState;
use super::theme::PaperKind;
use super::todo::TodoState;
use super::top_bar::TopBarState;
use serde::{Deserialize, Serialize};

/// What the user prefers; its owner keeps it from session to session.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// Language of the editor.
    pub language: Language,
    /// What the score is drawn on.
    pub paper: PaperKind,
    /// Scale of everything, 0.75-3.
    pub scale: f32,
    /// The score stands still and is turned like a page, instead of gliding.
    pub turn_pages: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Preferences {
            language: Language::default(),
            paper: PaperKind::default(),
            scale: 1.0,
            turn_pages: false,
        }
    }
}

/// Everything the editor remembers between frames.
#[derive(Clone, Debug, Default)]
pub struct EditorState {
    /// What persists.
    pub preferences: Preferences,
    /// The path step in the inspector.
    pub inspected: Option<u32>,
    /// The settings are unfolded.
    pub settings_open: bool,
    /// The take that was being recorded in the last frame, by number; `None` before the first.
    pub(super) recorded: Option<Option<u32>>,
    pub(super) top_bar: TopBarState,
    pub(super) roll: RollState,
    pub(super) score_choice: ScoreChoiceState,
    pub(super) score_view: ScoreViewState,
    pub(super) take_list: TakeListState,
    pub(super) take_map: TakeMapState,
    pub(super) exports: ExportState,
    pub(super) todo: TodoState,
}

impl EditorState {
    /// The take that is selected in the list, by number.
    pub fn selected_take(&self) -> Option<u32> {
        self.take_list.selected()
    }
}
