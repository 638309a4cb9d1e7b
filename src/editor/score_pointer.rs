//! The score in the user's hands: wheel, keys, clicks and drags.

use super::action::{Action, Actions};
use super::score_layout::Layout;
use super::score_view::ScoreViewState;
use super::view::View;
use crate::score::Score;
use egui::{EventFilter, Key, Response, Ui};

/// A second click later than this is a click of its own.
const DOUBLE_CLICK_S: f64 = 0.3;

/// Wheel and keys.
pub fn navigate(
    ui: &Ui,
    response: &Response,
    view: &View,
    state: &mut ScoreViewState,
    layout: &Layout,
    space: f32,
    step: Option<usize>,
) -> Actions {
    let mut actions = Actions::new();
    if response.hovered() {
        let (scroll, zoom) = ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta()));
        if scroll != 0.0 {
            state.scroll -= scroll;
            state.free = true;
        }
        state.zoom = (state.zoom * zoom).clamp(0.5, 3.0);
    }
    if !response.has_focus() {
        return actions;
    }
    let filter = EventFilter {
        horizontal_arrows: true,
        vertical_arrows: true,
        escape: true,
        ..EventFilter::default()
    };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let Some(score) = view.score() else { return actions };
    let path = &score.path;
    let last = path.steps.len() - 1;
    let here = state.caret.or(step).unwrap_or(0).min(last);
    let pressed = |key| ui.input(|input| input.key_pressed(key));
    let system = layout.system_of(score, here);
    let neighbour = |offset: isize| layout.first_step(system.checked_add_signed(offset)?, here);
    let moved = if pressed(Key::ArrowRight) {
        Some((here + 1).min(last))
    } else if pressed(Key::ArrowLeft) {
        Some(here.saturating_sub(1))
    } else if pressed(Key::ArrowDown) {
        neighbour(1)
    } else if pressed(Key::ArrowUp) {
        neighbour(-1)
    } else {
        None
    };
    if let Some(moved) = moved {
        state.caret = Some(moved);
        state.free = true;
        actions.push(Action::Inspect(moved as u32));
        let (top, height) = layout.band(layout.system_of(score, moved));
        let (top, bottom) = (top * space, (top + height) * space);
        state.scroll = state.scroll.clamp((bottom - response.rect.height()).min(top), top);
    }
    let start = path.steps[here].start.to_f64();
    if pressed(Key::Enter) {
        state.free = false;
        actions.push(Action::StartAt(start));
    }
    if pressed(Key::C) && view.abilities.cues {
        actions.push(Action::AddCue(start));
    }
    if pressed(Key::Escape) {
        if view.transport.range.is_some() {
            actions.push(Action::SetRange(None));
        }
        state.free = false;
        state.caret = None;
    }
    for (key, factor) in [(Key::Plus, 1.15), (Key::Equals, 1.15), (Key::Minus, 1.0 / 1.15)] {
        if pressed(key) {
            state.zoom = (state.zoom * factor).clamp(0.5, 3.0);
        }
    }
    actions
}

/// Clicks and drags; `target` is the step and beat under the pointer.
pub fn pointer(
    ui: &Ui,
    response: &Response,
    view: &View,
    state: &mut ScoreViewState,
    target: Option<(usize, f64)>,
    score: &Score,
    actions: &mut Actions,
) {
    let now = ui.input(|input| input.time);
    if let Some((clicked, beat)) = state.pending {
        if now - clicked >= DOUBLE_CLICK_S {
            state.pending = None;
            state.free = false;
            actions.push(Action::StartAt(beat));
        } else {
            let left = std::time::Duration::from_secs_f64(clicked + DOUBLE_CLICK_S - now);
            ui.ctx().request_repaint_after(left);
        }
    }
    let Some((step, beat)) = target else {
        if response.drag_stopped() {
            state.drag = None;
        }
        return;
    };
    if response.double_clicked() && view.abilities.cues {
        state.pending = None;
        actions.push(Action::AddCue(score.path.steps[step].start.to_f64()));
    } else if response.clicked() {
        state.caret = Some(step);
        actions.push(Action::Inspect(step as u32));
        if view.abilities.cues {
            state.pending = Some((now, beat));
            ui.ctx().request_repaint_after(std::time::Duration::from_secs_f64(DOUBLE_CLICK_S));
        } else {
            state.free = false;
            actions.push(Action::StartAt(beat));
        }
    }
    if view.abilities.range && response.drag_started() {
        state.drag = Some(step);
    }
    if response.drag_stopped()
        && let Some(from) = state.drag.take()
    {
        let (first, last) = (&score.path.steps[from.min(step)], &score.path.steps[from.max(step)]);
        actions.push(Action::SetRange(Some((first.start.to_f64(), (last.start + last.length).to_f64()))));
    }
    if state.drag.is_some() && response.dragged() {
        state.caret = Some(step);
    }
}
