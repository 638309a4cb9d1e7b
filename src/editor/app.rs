//! All panels laid out in one window.

use super::action::{Action, Actions};
use super::cue_list::cue_list;
use super::look::Look;
use super::score_view::score_view;
use super::settings::settings;
use super::state::EditorState;
use super::strings::Text;
use super::take_list::take_list;
use super::view::View;
use super::{inspector, plan_view, roll, status_row, take_map, tempo_view, theme, top_bar};
use egui::{
    Align2, CentralPanel, Color32, Frame, Key, KeyboardShortcut, Margin, Modifiers, Panel, Stroke, Ui, Vec2,
};

/// The smallest window that the editor is made for, in points.
pub const MINIMUM_SIZE: Vec2 = Vec2::new(800.0, 500.0);
/// The window it starts with.
pub const START_SIZE: Vec2 = Vec2::new(1200.0, 800.0);

const SIDE: f32 = 268.0;
/// The settings have longer lines than the side column.
const SETTINGS: f32 = 372.0;

/// Draws the whole editor into `ui` and returns what the user asked for.
///
/// [`install`](super::install) must have been called for the context once.
pub fn editor(ui: &mut Ui, view: &View, state: &mut EditorState) -> Actions {
    let recorded = view.recording().map(|row| row.number);
    let before = state.recorded.replace(recorded);
    if recorded.is_some() && before.is_some_and(|before| before != recorded) {
        // Whatever was looked at meanwhile: a new take is followed, and after it the list says what is left.
        state.inspected = None;
        state.score_view.follow_again();
    }
    let look = Look::of(&state.preferences);
    let look = &look;
    let mut actions = shortcuts(ui, view);
    let size = ui.available_size();
    let low = size.y < 640.0;
    let bar = |x: i8, y: i8| Frame::new().fill(theme::CHROME).inner_margin(Margin::symmetric(x, y));
    let plain = Frame::new().fill(theme::CHROME);

    Panel::top("top").exact_size(top_bar::HEIGHT).resizable(false).frame(bar(10, 0)).show(ui, |ui| {
        actions.extend(top_bar::top_bar(ui, look, view, &mut state.top_bar, &mut state.settings_open));
    });
    Panel::bottom("status").exact_size(status_row::HEIGHT).resizable(false).frame(bar(10, 0)).show(
        ui,
        |ui| {
            actions.extend(status_row::status_row(
                ui,
                look,
                view,
                &mut state.exports,
                state.take_list.selected(),
            ));
        },
    );
    if !view.messages.is_empty() {
        Panel::bottom("message").exact_size(30.0).resizable(false).frame(plain).show(ui, |ui| {
            actions.extend(status_row::message_strip(ui, look, view));
        });
    }
    if view.abilities.takes && view.score().is_some() {
        let scrolled = state.take_map.scroll_x();
        if !view.plan.segments.is_empty() {
            let edit = Panel::bottom("plan").exact_size(plan_view::HEIGHT).resizable(false).frame(plain);
            edit.show(ui, |ui| actions.extend(plan_view::plan_view(ui, look, view, &state.take_map)));
        }
        let height = if low { 84.0 } else { 128.0 };
        let map = Panel::bottom("map").default_size(height).size_range(70.0..=size.y * 0.5).resizable(true);
        map.frame(plain).show(ui, |ui| {
            actions.extend(take_map::take_map(ui, look, view, &mut state.take_map, state.inspected));
        });
        if scrolled != state.take_map.scroll_x() {
            // The edit stands under the map's columns, and was drawn before they moved.
            ui.ctx().request_repaint();
        }
    }
    if state.settings_open {
        Panel::right("settings").exact_size(SETTINGS).resizable(false).frame(bar(12, 10)).show(ui, |ui| {
            actions.extend(settings(ui, look, view, &mut state.preferences, &mut state.score_choice));
        });
    } else if view.abilities.takes {
        Panel::right("side").exact_size(SIDE).resizable(false).frame(bar(12, 10)).show(ui, |ui| {
            side(ui, look, view, state, &mut actions);
        });
    }
    // What is inspected in the map or the list is shown in the score as well.
    for action in &actions {
        if let Action::Inspect(step) = action {
            state.score_view.look_at(*step as usize);
        }
    }
    CentralPanel::no_frame().show(ui, |ui| {
        if view.score().is_some() {
            let tempo = Panel::bottom("tempo").default_size(if low { 44.0 } else { 70.0 });
            tempo.size_range(36.0..=200.0).resizable(true).frame(plain).show(ui, |ui| {
                tempo_view::tempo_view(ui, look, view);
            });
        }
        let height = if low { 84.0 } else { 150.0 };
        let roll = Panel::bottom("roll").default_size(height).size_range(60.0..=size.y * 0.5).resizable(true);
        roll.frame(plain).show(ui, |ui| roll::roll(ui, look, view, &mut state.roll));
        CentralPanel::no_frame().show(ui, |ui| {
            actions.extend(score_view(ui, look, view, &mut state.score_view, state.preferences.turn_pages));
        });
    });
    drop_target(ui, look, &mut actions);

    actions.retain(|action| {
        match action {
            Action::Inspect(step) => {
                state.inspected = Some(*step);
                state.settings_open = false;
            }
            Action::CloseInspector => state.inspected = None,
            _ => return true,
        }
        false
    });
    actions
}

fn side(ui: &mut Ui, look: &Look, view: &View, state: &mut EditorState, actions: &mut Actions) {
    // In a low window the inspector stands in the cues' place, and only when there is something to inspect.
    let cramped = ui.available_height() < 280.0;
    if view.score().is_some() && (!cramped || state.inspected.is_some()) {
        let frame = Frame::new().fill(theme::CHROME).inner_margin(Margin { top: 8, ..Margin::ZERO });
        let tall = if ui.available_height() < 360.0 { 92.0 } else { 168.0 };
        Panel::bottom("inspector").exact_size(tall).resizable(false).frame(frame).show(ui, |ui| {
            actions.extend(inspector::inspector(ui, look, view, state.inspected, &mut state.todo));
        });
    }
    if view.abilities.cues && view.score().is_some() && !(cramped && state.inspected.is_some()) {
        actions.extend(cue_list(ui, look, view));
        ui.separator();
    }
    actions.extend(take_list(ui, look, view, &mut state.take_list));
}

fn shortcuts(ui: &Ui, view: &View) -> Actions {
    let undo = KeyboardShortcut::new(Modifiers::COMMAND, Key::Z);
    let redo = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);
    // A text field keeps its own undo.
    if ui.ctx().text_edit_focused() || !view.abilities.edit_takes {
        return Actions::new();
    }
    ui.input_mut(|input| {
        // The longer shortcut first: the shorter one matches it too.
        if input.consume_shortcut(&redo) && view.redo.is_some() {
            vec![Action::Redo]
        } else if input.consume_shortcut(&undo) && view.undo.is_some() {
            vec![Action::Undo]
        } else {
            Actions::new()
        }
    })
}

/// Takes files that are dropped on the window, and says so while they hover over it.
fn drop_target(ui: &Ui, look: &Look, actions: &mut Actions) {
    let (hovering, dropped) =
        ui.input(|input| (!input.raw.hovered_files.is_empty(), input.raw.dropped_files.clone()));
    if hovering {
        let rect = ui.ctx().content_rect();
        let painter =
            ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop")));
        painter.rect_filled(rect, 0.0, Color32::from_black_alpha(170));
        let frame = rect.shrink(24.0);
        painter.rect_stroke(frame, 12.0, Stroke::new(2.0, theme::CURSOR_ON_CHROME), egui::StrokeKind::Inside);
        let text = look.text(Text::DropHere);
        painter.text(rect.center(), Align2::CENTER_CENTER, text, theme::strong(22.0), theme::TEXT);
    }
    // One score at a time: the last of several wins, as it would if they were dropped one by one.
    if let Some(file) = dropped.last() {
        actions.push(Action::LoadPath(file.path().to_string_lossy().into_owned()));
    }
}
