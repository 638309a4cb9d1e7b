//! The cues: where they stand, and what they send.

use super::action::{Action, Actions};
use super::look::{Look, pitch_name, step_number};
use super::strings::Text;
use super::take_list::{close_button, heading};
use super::theme;
use super::view::View;
use crate::performance::{Cue, CueMessage};
use crate::units::Pitch;
use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{DragValue, PopupCloseBehavior, RichText, ScrollArea, Ui};

/// Highest controller that a cue sends: those above are channel modes.
const HIGHEST_CC: u8 = 119;

/// How long before the turn a page turns unless it is set otherwise, in seconds.
const PAGE_LEAD_S: f32 = 2.0;

/// Draws the cues into what is left of `ui`.
pub fn cue_list(ui: &mut Ui, look: &Look, view: &View) -> Actions {
    let mut actions = Actions::new();
    heading(ui, look.text(Text::Cues), Some(view.cues.len()));
    if view.cues.is_empty() {
        ui.label(RichText::new(look.text(Text::NoCues)).color(theme::DIM).size(12.0));
        return actions;
    }
    ScrollArea::vertical().id_salt("cues").max_height(96.0).auto_shrink([false, true]).show(ui, |ui| {
        for (index, cue) in view.cues.iter().enumerate() {
            ui.horizontal(|ui| {
                let number = view
                    .score()
                    .and_then(|score| score.path.steps.get(score.path.step_at(cue.beat)?))
                    .map_or_else(String::new, step_number);
                let place = look.with(Text::MeasureN, &[&number]);
                ui.label(RichText::new(&cue.name).font(theme::strong(13.0)));
                ui.label(RichText::new(place).color(theme::DIM));
                if let Some(changed) = message_menu(ui, look, cue) {
                    actions.push(Action::SetCue(index, changed));
                }
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    let label = look.with(Text::RemoveCue, &[&cue.name]);
                    if close_button(ui, &label).clicked() {
                        actions.push(Action::RemoveCue(index));
                    }
                });
            });
        }
    });
    actions
}

/// What a cue sends, in a few characters.
fn told(message: CueMessage) -> String {
    match message {
        CueMessage::Control { number, value } => format!("CC {number} = {value}"),
        CueMessage::Note { pitch, .. } => pitch_name(Pitch(pitch)),
    }
}

/// A button that says what the cue sends and opens what can be changed of it. Returns the cue, if it was changed.
fn message_menu(ui: &mut Ui, look: &Look, cue: &Cue) -> Option<Cue> {
    let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let text = RichText::new(format!("→ {}", told(cue.message))).size(12.0);
    let mut changed = cue.clone();
    let (response, _) = MenuButton::new(text).config(config).ui(ui, |ui| {
        ui.horizontal(|ui| {
            let (number, value) = match changed.message {
                CueMessage::Control { number, value } => (number, value),
                CueMessage::Note { pitch, velocity } => (pitch, velocity),
            };
            let control = CueMessage::Control { number: number.min(HIGHEST_CC), value };
            let note = CueMessage::Note { pitch: number, velocity: value.max(1) };
            let is_control = matches!(changed.message, CueMessage::Control { .. });
            for (label, message, chosen) in [
                ("CC".to_owned(), control, is_control),
                (look.text(Text::Note).to_owned(), note, !is_control),
            ] {
                if ui.selectable_label(chosen, label).clicked() {
                    changed.message = message;
                }
            }
        });
        let row = |ui: &mut Ui, text: Text, value: &mut u8, range: std::ops::RangeInclusive<u8>| {
            ui.horizontal(|ui| {
                let label = ui.label(look.text(text));
                ui.add(DragValue::new(value).range(range)).labelled_by(label.id);
            });
        };
        match &mut changed.message {
            CueMessage::Control { number, value } => {
                row(ui, Text::CueNumber, number, 0..=HIGHEST_CC);
                row(ui, Text::CueValue, value, 0..=127);
            }
            CueMessage::Note { pitch, velocity } => {
                row(ui, Text::CuePitch, pitch, 0..=127);
                row(ui, Text::CueValue, velocity, 1..=127);
            }
        }
        let mut channel = changed.channel + 1;
        row(ui, Text::Channel, &mut channel, 1..=16);
        changed.channel = channel.clamp(1, 16) - 1;
        ui.horizontal(|ui| {
            let label = ui.label(look.text(Text::CueLead));
            let lead = DragValue::new(&mut changed.lead_s).range(0.0..=Cue::LONGEST_LEAD_S).speed(0.05);
            ui.add(lead.max_decimals(2).suffix(" s")).labelled_by(label.id);
        });
        ui.checkbox(&mut changed.once, look.text(Text::CueOnce));
        if ui.checkbox(&mut changed.page_turn, look.text(Text::CuePage)).clicked()
            && changed.page_turn
            && changed.lead_s == 0.0
        {
            changed.lead_s = PAGE_LEAD_S;
        }
    });
    response.on_hover_text(look.text(Text::CueHint));
    (changed != *cue).then_some(changed)
}
