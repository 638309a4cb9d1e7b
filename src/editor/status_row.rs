//! The bottom row: what can be done, how the machine fares; and above it, when there is one, what must be read.

use super::action::{Action, Actions};
use super::look::{Look, step_range};
use super::strings::Text;
use super::take_list::close_button;
use super::view::{Gravity, Verdict, View};
use super::{marks, theme};
use crate::bridge::{Company, Export};
use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{Align, Button, Layout, PopupCloseBehavior, RichText, Role, Sense, Stroke, Ui, WidgetInfo, vec2};

/// Height of the row in points.
pub const HEIGHT: f32 = 36.0;

/// What the row remembers: the folder being typed, while it is.
#[derive(Clone, Debug, Default)]
pub struct ExportState {
    folder: Option<String>,
}

/// Draws the row into `ui`.
///
/// `selected`: the take that exports are of, where one is selected.
pub fn status_row(
    ui: &mut Ui,
    look: &Look,
    view: &View,
    state: &mut ExportState,
    selected: Option<u32>,
) -> Actions {
    let mut actions = Actions::new();
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let mut ask = |action: Action| actions.push(action);
        if view.abilities.arm {
            let armed = view.transport.armed;
            if toggle(ui, look, Text::Arm, Text::ArmHint, armed, theme::WRONG).clicked() {
                ask(Action::Arm(!armed));
            }
        }
        if view.score().is_some() {
            if view.abilities.hold {
                let held = view.transport.held;
                if toggle(ui, look, Text::Hold, Text::HoldHint, held, theme::CURSOR).clicked() {
                    ask(Action::Hold(!held));
                }
            }
            if ui.button(look.text(Text::Relocate)).on_hover_text(look.text(Text::RelocateHint)).clicked() {
                ask(Action::Relocate);
            }
            if let Some((from, to)) = view.transport.range {
                let steps =
                    view.score().map(|score| (score.path.step_at(from), score.path.step_at(to - 1e-6)));
                let range = match steps {
                    Some((Some(from), Some(to))) => step_range(view, from, to),
                    _ => String::new(),
                };
                let hint = look.with(Text::LiftRangeHint, &[&range]);
                if ui.button(look.text(Text::LiftRange)).on_hover_text(hint).clicked() {
                    ask(Action::SetRange(None));
                }
            }
        }
        if view.abilities.edit_takes {
            ui.add_space(8.0);
            for (text, hint, what, action) in [
                (Text::Undo, Text::UndoHint, &view.undo, Action::Undo),
                (Text::Redo, Text::RedoHint, &view.redo, Action::Redo),
            ] {
                let button = ui.add_enabled(what.is_some(), Button::new(look.text(text)));
                let hint = look.with(hint, &[&what.as_deref().unwrap_or("–")]);
                if button.on_hover_text(hint).clicked() {
                    ask(action);
                }
            }
        }
        ui.add_space(8.0);
        if !view.abilities.exports.is_empty() {
            exports(ui, look, view, state, selected, &mut ask);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| health(ui, look, view));
    });
    actions
}

fn toggle(
    ui: &mut Ui,
    look: &Look,
    text: Text,
    hint: Text,
    on: bool,
    color: egui::Color32,
) -> egui::Response {
    let label = RichText::new(look.text(text)).font(if on { theme::strong(13.0) } else { theme::text(13.0) });
    let button = if on { Button::new(label).fill(color) } else { Button::new(label) };
    let response = ui.add(button);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, on, look.text(text)));
    response.on_hover_text(look.text(hint))
}

/// The files that can be written, the folder that they go to, and which take is meant.
fn exports(
    ui: &mut Ui,
    look: &Look,
    view: &View,
    state: &mut ExportState,
    selected: Option<u32>,
    ask: &mut impl FnMut(Action),
) {
    let labels = |export| match export {
        Export::Midi => (Text::SaveMidi, Text::SaveMidiHint),
        Export::MusicXml => (Text::SaveMusicXml, Text::SaveMusicXmlHint),
        Export::Quantised => (Text::SaveQuantised, Text::SaveQuantisedHint),
        Export::TempoMap => (Text::SaveTempo, Text::SaveTempoHint),
        Export::Markers => (Text::SaveMarkers, Text::SaveMarkersHint),
        Export::TakeSheet => (Text::SaveSheet, Text::SaveSheetHint),
        Export::EditPlan => (Text::SaveEdit, Text::SaveEditHint),
    };
    let newest = || view.takes.iter().rev().find(|take| !take.recording).map(|take| take.number);
    let take = selected.or_else(newest);
    let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let (response, _) = MenuButton::new(look.text(Text::SaveMenu)).config(config).ui(ui, |ui| {
        ui.set_min_width(320.0);
        ui.set_max_width(320.0);
        let told = match take {
            Some(take) => look.with(Text::SaveOf, &[&take]),
            // Nothing is recorded yet: there is nothing to write.
            None => look.text(Text::NoTakes).to_owned(),
        };
        ui.label(RichText::new(told).color(theme::DIM).size(12.0));
        for export in &view.abilities.exports {
            let (text, hint) = labels(*export);
            let button = ui.add_enabled(take.is_some(), Button::new(look.text(text)));
            if button.on_hover_text(look.text(hint)).clicked() {
                ask(Action::Export(*export));
                ui.close();
            }
        }
        ui.separator();
        ui.label(RichText::new(look.text(Text::FolderLabel)).color(theme::DIM).size(12.0));
        let mut typed = state.folder.take().unwrap_or_else(|| view.export_folder.clone());
        let field = ui.add(egui::TextEdit::singleline(&mut typed).desired_width(f32::INFINITY));
        field.widget_info(|| {
            let mut info = WidgetInfo::text_edit(true, &typed, &typed, "");
            info.label = Some(look.text(Text::FolderLabel).to_owned());
            info
        });
        if field.lost_focus() && typed.trim() != view.export_folder {
            ask(Action::SetExportFolder(typed.trim().trim_matches('"').to_owned()));
        } else if field.has_focus() {
            state.folder = Some(typed);
        }
        field.on_hover_text(look.text(Text::FolderHint));
    });
    response.on_hover_text(look.text(Text::SaveMenuHint));
}

fn health(ui: &mut Ui, look: &Look, view: &View) {
    let small = |ui: &mut Ui, text: String, hint: Text| {
        ui.label(RichText::new(text).size(11.0).color(theme::DIM)).on_hover_text(look.text(hint));
    };
    ui.spacing_mut().item_spacing.x = 14.0;
    if view.load.overloaded {
        badge(ui, look.text(Text::Overload), theme::WRONG_ON_CHROME)
            .on_hover_text(look.text(Text::OverloadHint));
    }
    if view.load.dropped.0 > 0.0 {
        let text = look.with(Text::Dropped, &[&format!("{:.1}", view.load.dropped.0)]);
        badge(ui, &text, theme::TIMING).on_hover_text(look.text(Text::DroppedHint));
    }
    // In a narrow window what warns stays, and what is only good to know goes.
    if ui.available_width() < 80.0 {
        return;
    }
    let share = format!("{:.0}", (view.load.share * 100.0).clamp(0.0, 999.0));
    small(ui, look.with(Text::LoadShare, &[&share]), Text::LoadHint);
    if let Some(latency) = view.latency.filter(|_| ui.available_width() > 110.0) {
        let ms = format!("{:.0}", latency.0 * 1e3);
        small(ui, look.with(Text::Latency, &[&ms]), Text::LatencyHint);
    }
    if let Some(company) = view.company.filter(|_| ui.available_width() > 160.0) {
        let text = match company {
            Company { members: 0, .. } => look.text(Text::BookUnshared).to_owned(),
            Company { members: 1, .. } => look.text(Text::BookAlone).to_owned(),
            Company { members, leads: true } => look.with(Text::BookLed, &[&members]),
            Company { members, leads: false } => look.with(Text::BookShared, &[&members]),
        };
        small(ui, text, Text::BookCompanyHint);
    }
}

/// A warning with a mark before it.
fn badge(ui: &mut Ui, text: &str, color: egui::Color32) -> egui::Response {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::strong(11.0), color);
    let (rect, response) = ui.allocate_exact_size(galley.size() + vec2(30.0, 8.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    let painter = ui.painter();
    painter.rect(
        rect,
        10.0,
        color.gamma_multiply(0.14),
        Stroke::new(1.0, color.gamma_multiply(0.5)),
        egui::StrokeKind::Inside,
    );
    marks::verdict(painter, rect.left_center() + vec2(12.0, 0.0), 4.0, Verdict::Wrong, color);
    painter.galley(rect.min + vec2(21.0, 4.0), galley, color);
    response
}

/// Draws the newest message, if there is one, into `ui`.
pub fn message_strip(ui: &mut Ui, look: &Look, view: &View) -> Actions {
    let mut actions = Actions::new();
    let Some(message) = view.messages.last() else { return actions };
    let (color, mark) = match message.gravity {
        Gravity::Note => (theme::OK_ON_CHROME, Verdict::Ok),
        Gravity::Warning => (theme::TIMING, Verdict::Timing),
        Gravity::Error => (theme::WRONG_ON_CHROME, Verdict::Wrong),
    };
    let edge = ui.max_rect();
    ui.painter().rect_filled(edge, 0.0, color.gamma_multiply(0.10));
    ui.painter().rect_filled(edge.with_max_x(edge.left() + 3.0), 0.0, color);
    ui.horizontal_centered(|ui| {
        ui.add_space(10.0);
        let (rect, _) = ui.allocate_exact_size(vec2(12.0, 16.0), Sense::hover());
        marks::verdict(ui.painter(), rect.center(), 5.0, mark, color);
        let room = ui.available_width() - if message.folder.is_some() { 270.0 } else { 60.0 };
        ui.allocate_ui_with_layout(vec2(room, 20.0), Layout::left_to_right(Align::Center), |ui| {
            ui.add(egui::Label::new(&message.text).truncate()).on_hover_text(&message.text);
        });
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(6.0);
            if close_button(ui, look.text(Text::Dismiss)).clicked() {
                actions.push(Action::Dismiss(message.id));
            }
            if let Some(folder) = &message.folder {
                let copy = ui.button(look.text(Text::CopyPath)).on_hover_text(look.text(Text::CopyPathHint));
                if copy.clicked() {
                    ui.ctx().copy_text(folder.clone());
                }
                let show =
                    ui.button(look.text(Text::ShowFolder)).on_hover_text(look.text(Text::ShowFolderHint));
                if show.clicked() {
                    ui.ctx().open_url(egui::OpenUrl::new_tab(folder));
                }
            }
            if view.messages.len() > 1 {
                ui.label(RichText::new(format!("+{}", view.messages.len() - 1)).color(theme::DIM));
            }
        });
    });
    actions
}
