//! Which parts of the score are followed, and in which order its measures are played.

use super::action::{Action, Actions};
use super::look::Look;
use super::strings::Text;
use super::theme;
use super::view::View;
use crate::score::{Choice, Score};
use egui::{Key, RichText, TextEdit, Ui, WidgetInfo};

/// The order being typed.
#[derive(Clone, Debug, Default)]
pub struct ScoreChoiceState {
    order: String,
}

/// Draws the choice of parts and of the playing order; nothing without a score, or where the owner cannot choose.
pub fn score_choice(ui: &mut Ui, look: &Look, view: &View, state: &mut ScoreChoiceState) -> Actions {
    let mut actions = Actions::new();
    let Some(score) = view.score().filter(|_| view.abilities.choose) else { return actions };
    let mut wanted = view.choice.clone();
    if score.parts.len() > 1 {
        parts(ui, look, score, &mut wanted);
    }
    order(ui, look, score, &view.choice, state, &mut wanted);
    if wanted != view.choice {
        actions.push(Action::Choose(wanted));
    }
    actions
}

fn parts(ui: &mut Ui, look: &Look, score: &Score, wanted: &mut Choice) {
    let chosen =
        score.parts_by_name(&wanted.parts).unwrap_or_else(|_| (0..score.parts.len() as u16).collect());
    ui.add_space(6.0);
    let title = RichText::new(look.text(Text::Parts)).font(theme::strong(11.0)).color(theme::DIM);
    ui.label(title).on_hover_text(look.text(Text::PartsHint));
    let mut now = chosen.clone();
    for (index, part) in score.parts.iter().enumerate() {
        let index = index as u16;
        let mut on = chosen.contains(&index);
        let name = if part.name.trim().is_empty() { (index + 1).to_string() } else { part.name.clone() };
        // One part must remain: a follower without notes has nothing to go by.
        let last = on && chosen.len() == 1;
        let field = ui.add_enabled(!last, egui::Checkbox::new(&mut on, name));
        if field.on_hover_text(look.text(Text::PartsHint)).changed() {
            now.retain(|&part| part != index);
            if on {
                now.push(index);
            }
        }
    }
    if now != chosen {
        now.sort_unstable();
        let numbers: Vec<String> = now.iter().map(|part| (part + 1).to_string()).collect();
        wanted.parts = if now.len() == score.parts.len() { String::new() } else { numbers.join(", ") };
    }
}

fn order(
    ui: &mut Ui,
    look: &Look,
    score: &Score,
    current: &Choice,
    state: &mut ScoreChoiceState,
    wanted: &mut Choice,
) {
    ui.add_space(6.0);
    let title = RichText::new(look.text(Text::PlayingOrder)).font(theme::strong(11.0)).color(theme::DIM);
    ui.label(title).on_hover_text(look.text(Text::PlayingOrderHint));
    // Without a choice of the user's, what the score itself says stands there.
    let written = if current.path.is_empty() { score.path_text(&score.path) } else { current.path.clone() };
    let id = ui.make_persistent_id("playing order");
    if !ui.ctx().memory(|memory| memory.has_focus(id)) {
        state.order.clone_from(&written);
    }
    let edit = TextEdit::singleline(&mut state.order).id(id).desired_width(f32::INFINITY);
    let field = ui.add(edit).on_hover_text(look.text(Text::PlayingOrderHint));
    let label = look.text(Text::PlayingOrder);
    field.widget_info(|| {
        let mut info = WidgetInfo::text_edit(true, &written, &state.order, label);
        info.label = Some(label.to_string());
        info
    });
    let escaped = ui.input(|input| input.key_pressed(Key::Escape));
    if field.lost_focus() && !escaped && state.order.trim() != written.trim() {
        wanted.path = state.order.trim().to_owned();
    }
}
