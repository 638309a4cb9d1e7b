//! What a panel needs to know to look right: language and paper.

use super::state::Preferences;
use super::strings::{Language, Text};
use super::theme::Paper;
use super::view::View;
use crate::score::PathStep;
use std::fmt::Display;

/// Language and paper of one frame.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Language of every phrase.
    pub language: Language,
    /// Colours of the score.
    pub paper: Paper,
}

impl Look {
    /// As the user prefers.
    pub fn of(preferences: &Preferences) -> Look {
        Look { language: preferences.language, paper: Paper::of(preferences.paper) }
    }

    /// A phrase.
    pub fn text(&self, text: Text) -> &'static str {
        text.of(self.language)
    }

    /// A phrase with its places filled.
    pub fn with(&self, text: Text, places: &[&dyn Display]) -> String {
        text.with(self.language, places)
    }
}

/// The printed number of a step, or its place in the path where none is printed.
pub fn step_number(step: &PathStep) -> String {
    if step.number.is_empty() { format!("[{}]", step.measure + 1) } else { step.number.clone() }
}

/// The printed numbers of a range of steps, as `12-36` or `12`.
pub fn step_range(view: &View, from: usize, to: usize) -> String {
    let Some(score) = view.score() else { return String::new() };
    let steps = &score.path.steps;
    match (steps.get(from), steps.get(to)) {
        (Some(a), Some(b)) if from != to => format!("{}-{}", step_number(a), step_number(b)),
        (Some(a), _) => step_number(a),
        _ => String::new(),
    }
}

/// A pitch as musicians write it, with middle C as C4.
pub fn pitch_name(pitch: crate::units::Pitch) -> String {
    const NAMES: [&str; 12] = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
    format!("{}{}", NAMES[pitch.0 as usize % 12], pitch.0 as i32 / 12 - 1)
}
