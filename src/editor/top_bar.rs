//! The bar on top: which score, how sure, where, how fast, how loud.

use super::action::{Action, Actions};
use super::look::{Look, step_number};
use super::strings::Text;
use super::view::{Level, ScoreSlot, View};
use super::{marks, theme};
use crate::performance::{FollowState, PositionReport};
use egui::{
    Align2, Color32, CornerRadius, Key, Popup, PopupCloseBehavior, Rect, Response, Sense, Stroke, Ui,
};
use egui::{Role, WidgetInfo, pos2, vec2};

/// What the bar remembers.
#[derive(Clone, Debug, Default)]
pub struct TopBarState {
    /// The path being typed.
    path: String,
}

/// Height of the bar in points.
pub const HEIGHT: f32 = 44.0;

/// Draws the bar into `ui`. `settings_open` is toggled by its last button.
pub fn top_bar(
    ui: &mut Ui,
    look: &Look,
    view: &View,
    state: &mut TopBarState,
    settings_open: &mut bool,
) -> Actions {
    let mut actions = Actions::new();
    let roomy = ui.available_width() > 1000.0;
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = if roomy { 18.0 } else { 10.0 };
        let others = if roomy { 760.0 } else { 590.0 };
        let width = (ui.available_width() - others).clamp(150.0, 340.0);
        score_picker(ui, look, view, state, width, &mut actions);
        state_chip(ui, look, view);
        position(ui, look, view, if roomy { 190.0 } else { 150.0 });
        confidence(ui, look, view.position.as_ref(), roomy);
        tempo(ui, look, view.position.as_ref());
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let button =
                icon_button(ui, look.text(Text::Settings), *settings_open, |painter, center, color, back| {
                    marks::sliders(painter, center, 8.0, color, back);
                });
            if button.clicked() {
                *settings_open = !*settings_open;
            }
            let width = (ui.available_width() - 4.0).clamp(110.0, 230.0);
            if input_meter(ui, look, view.level, width).clicked() {
                actions.push(Action::ResetClip);
            }
        });
    });
    actions
}

fn score_picker(
    ui: &mut Ui,
    look: &Look,
    view: &View,
    state: &mut TopBarState,
    width: f32,
    actions: &mut Actions,
) {
    let (title, below) = match &view.score {
        ScoreSlot::Empty => (look.text(Text::LoadScore).to_owned(), look.text(Text::NoScore).to_owned()),
        ScoreSlot::Loading { name, former } => (
            look.with(Text::Loading, &[name]),
            former.as_ref().map(|score| score.title.clone()).unwrap_or_default(),
        ),
        ScoreSlot::Ready { name, score } => match (score.title.is_empty(), score.composer.is_empty()) {
            (true, _) => (name.clone(), score.composer.clone()),
            (false, true) => (score.title.clone(), name.clone()),
            (false, false) => (score.title.clone(), score.composer.clone()),
        },
    };
    let (rect, response) = ui.allocate_exact_size(vec2(width, 34.0), Sense::click());
    response.widget_info(|| {
        WidgetInfo::labeled(Role::Button, true, format!("{}: {title}", look.text(Text::Score)))
    });
    let visuals = ui.style().interact(&response);
    ui.painter().rect(
        rect,
        visuals.corner_radius,
        visuals.weak_bg_fill,
        visuals.bg_stroke,
        egui::StrokeKind::Inside,
    );
    let inner = rect.shrink2(vec2(10.0, 3.0)).with_max_x(rect.right() - 24.0);
    let painter = ui.painter().with_clip_rect(inner);
    if below.is_empty() {
        painter.text(inner.left_center(), Align2::LEFT_CENTER, &title, theme::strong(13.0), theme::TEXT);
    } else {
        painter.text(inner.left_top(), Align2::LEFT_TOP, &title, theme::strong(13.0), theme::TEXT);
        painter.text(inner.left_bottom(), Align2::LEFT_BOTTOM, &below, theme::text(10.5), theme::DIM);
    }
    marks::more(ui.painter(), pos2(rect.right() - 13.0, rect.center().y), 4.5, theme::DIM);

    Popup::menu(&response).close_behavior(PopupCloseBehavior::CloseOnClickOutside).width(420.0).show(|ui| {
        ui.label(egui::RichText::new(look.text(Text::LoadScore)).font(theme::strong(14.0)));
        ui.label(egui::RichText::new(look.text(Text::LoadScoreHint)).color(theme::DIM));
        ui.horizontal(|ui| {
            let field = ui.add(
                egui::TextEdit::singleline(&mut state.path)
                    .hint_text(look.text(Text::ScorePath))
                    .align(egui::Align2::LEFT_CENTER)
                    .desired_width(ui.available_width() - 90.0),
            );
            field.widget_info(|| {
                let label = look.text(Text::ScorePath);
                let mut info = WidgetInfo::text_edit(true, &state.path, &state.path, label);
                info.label = Some(label.to_string());
                info
            });
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            let open =
                ui.add_enabled(!state.path.trim().is_empty(), egui::Button::new(look.text(Text::Open)));
            if (open.clicked() || entered) && !state.path.trim().is_empty() {
                actions.push(Action::LoadPath(unquoted(&state.path)));
                ui.close();
            }
        });
        ui.horizontal(|ui| {
            if view.abilities.browse && ui.button(look.text(Text::Browse)).clicked() {
                actions.push(Action::BrowseScore);
                ui.close();
            }
            if view.score().is_some() {
                let unload = ui.button(look.text(Text::Unload)).on_hover_text(look.text(Text::UnloadHint));
                if unload.clicked() {
                    actions.push(Action::UnloadScore);
                    ui.close();
                }
            }
        });
    });
    response.on_hover_text(look.text(Text::LoadScoreHint));
}

/// A path as file managers paste it: without blanks around it, quotes, or a `file://` before it.
fn unquoted(path: &str) -> String {
    let path = path.trim();
    let path = path.trim_matches(|c| c == '"' || c == '\'');
    path.strip_prefix("file://").unwrap_or(path).to_owned()
}

fn state_chip(ui: &mut Ui, look: &Look, view: &View) {
    let followed = view.score().is_some() && view.settings.follow;
    let state = view.position.as_ref().map_or(FollowState::Waiting, |report| report.state);
    let (word, hint) = match state {
        _ if view.transport.held => (Text::Held, Text::HoldHint),
        _ if !followed => (Text::Transcribing, Text::EmptyBody),
        FollowState::Waiting => (Text::Waiting, Text::WaitingHint),
        FollowState::Following => (Text::Following, Text::FollowingHint),
        FollowState::Unsure => (Text::Unsure, Text::UnsureHint),
        FollowState::Lost => (Text::Lost, Text::LostHint),
    };
    let color =
        if view.transport.held || !followed { theme::CURSOR_ON_CHROME } else { theme::state_color(state) };
    let word = look.text(word);
    let galley = ui.painter().layout_no_wrap(word.to_owned(), theme::strong(12.0), color);
    let (rect, response) =
        ui.allocate_exact_size(vec2(galley.size().x.max(72.0) + 34.0, 26.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, word));
    let painter = ui.painter();
    painter.rect(
        rect,
        13.0,
        color.gamma_multiply(0.13),
        Stroke::new(1.0, color.gamma_multiply(0.5)),
        egui::StrokeKind::Inside,
    );
    let dot = pos2(rect.left() + 15.0, rect.center().y);
    if view.transport.held {
        marks::pause(painter, dot, 5.0, color);
    } else if followed {
        marks::state(painter, dot, 5.0, state, color);
    } else {
        painter.circle_filled(dot, 4.0, color);
    }
    painter.galley(pos2(rect.left() + 26.0, rect.center().y - galley.size().y / 2.0), galley, color);
    response.on_hover_text(look.text(hint));
}

/// Measure and beat within it, both from 1, of a path position.
fn measure_and_beat(view: &View, beat: f64) -> Option<(String, f64, u32)> {
    let path = &view.score()?.path;
    let step = &path.steps[path.step_at(beat)?];
    let unit = 4.0 / f64::from(step.meter.1.max(1));
    let full = f64::from(step.meter.0) * unit;
    // A pick-up is the end of a measure, not its beginning.
    let lead = if path.steps.first() == Some(step) { (full - step.length.to_f64()).max(0.0) } else { 0.0 };
    let within = (beat - step.start.to_f64()).clamp(0.0, step.length.to_f64().max(0.0)) + lead;
    Some((step_number(step), within / unit + 1.0, step.pass))
}

fn position(ui: &mut Ui, look: &Look, view: &View, width: f32) {
    let (rect, response) = ui.allocate_exact_size(vec2(width, 34.0), Sense::hover());
    let painter = ui.painter().with_clip_rect(rect);
    let believed = view.beat().and_then(|beat| measure_and_beat(view, beat));
    let sure = view.position.as_ref().is_some_and(|report| report.state == FollowState::Following);
    let label = painter.text(
        rect.left_center(),
        Align2::LEFT_CENTER,
        look.text(Text::Measure),
        theme::text(11.0),
        theme::DIM,
    );
    let at = pos2(label.right() + 7.0, rect.center().y);
    let spoken = match &believed {
        Some((number, beat, pass)) => {
            let color = if sure { theme::TEXT } else { theme::DIM };
            let number = painter.text(at, Align2::LEFT_CENTER, number, theme::strong(23.0), color);
            // Whole beats: a tenth would only flicker.
            let beat = format!(".{}", beat.floor());
            let beat = painter.text(
                pos2(number.right(), number.bottom() - 4.0),
                Align2::LEFT_BOTTOM,
                beat,
                theme::text(15.0),
                theme::DIM,
            );
            if *pass > 1 {
                let text = look.with(Text::Pass, &[pass]);
                let galley = painter.layout_no_wrap(text, theme::text(11.0), theme::MEASURE);
                let chip = Rect::from_min_size(
                    pos2(beat.right() + 8.0, rect.center().y - 8.5),
                    galley.size() + vec2(12.0, 4.0),
                );
                painter.rect_filled(chip, 8.0, theme::MEASURE.gamma_multiply(0.15));
                painter.galley(chip.min + vec2(6.0, 2.0), galley, theme::MEASURE);
            }
            format!("{} {}", look.with(Text::MeasureN, &[&number_of(view)]), look.with(Text::Pass, &[pass]))
        }
        None => {
            painter.text(at, Align2::LEFT_CENTER, "–", theme::strong(23.0), theme::FAINT);
            look.with(Text::MeasureN, &[&"–"])
        }
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
    response.on_hover_text(look.text(Text::PositionHint));
}

fn number_of(view: &View) -> String {
    view.beat().and_then(|beat| measure_and_beat(view, beat)).map_or_else(String::new, |(number, ..)| number)
}

fn confidence(ui: &mut Ui, look: &Look, report: Option<&PositionReport>, roomy: bool) {
    const CELLS: usize = 5;
    let label_width = if roomy { 74.0 } else { 0.0 };
    let (rect, response) =
        ui.allocate_exact_size(vec2(label_width + CELLS as f32 * 9.0, 26.0), Sense::hover());
    let percent = (report.map_or(0.0, |report| report.confidence).clamp(0.0, 1.0) * 100.0).round() as u32;
    let painter = ui.painter();
    if roomy {
        painter.text(
            rect.left_center(),
            Align2::LEFT_CENTER,
            look.text(Text::Confidence),
            theme::text(11.0),
            theme::DIM,
        );
    }
    let lit = (percent as f32 / 100.0 * CELLS as f32).round() as usize;
    for cell in 0..CELLS {
        // Taller to the right, so that the count reads without colour.
        let height = 8.0 + 2.0 * cell as f32;
        let left = rect.left() + label_width + 9.0 * cell as f32;
        let bottom = rect.center().y + 8.0;
        let cell_rect = Rect::from_min_max(pos2(left, bottom - height), pos2(left + 6.0, bottom));
        painter.rect_filled(
            cell_rect,
            1.5,
            if cell < lit { theme::TEXT } else { theme::FAINT.gamma_multiply(0.6) },
        );
    }
    let spoken = format!("{}: {percent} %", look.text(Text::Confidence));
    response.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, &spoken));
    response.on_hover_text(look.with(Text::ConfidenceHint, &[&percent]));
}

fn tempo(ui: &mut Ui, look: &Look, report: Option<&PositionReport>) {
    let (rect, response) = ui.allocate_exact_size(vec2(66.0, 26.0), Sense::hover());
    let bpm = report.filter(|report| report.beat.is_some()).map(|report| report.tempo.0.round());
    let text = bpm.map_or_else(|| "–".to_owned(), |bpm| format!("{bpm}"));
    let color = if bpm.is_some() { theme::TEXT } else { theme::FAINT };
    let painter = ui.painter();
    marks::quarter(painter, pos2(rect.left() + 5.0, rect.center().y + 7.0), 17.0, theme::DIM);
    painter.text(
        pos2(rect.left() + 14.0, rect.center().y),
        Align2::LEFT_CENTER,
        format!("= {text}"),
        theme::strong(15.0),
        color,
    );
    response.widget_info(|| {
        WidgetInfo::labeled(Role::Label, true, format!("{}: {text}", look.text(Text::Tempo)))
    });
    response.on_hover_text(look.text(Text::TempoHint));
}

fn input_meter(ui: &mut Ui, look: &Look, level: Level, width: f32) -> Response {
    const FLOOR_DB: f32 = -60.0;
    let (rect, response) = ui.allocate_exact_size(vec2(width, 26.0), Sense::click());
    let painter = ui.painter();
    painter.text(
        rect.left_center(),
        Align2::LEFT_CENTER,
        look.text(Text::Input),
        theme::strong(11.0),
        theme::DIM,
    );
    let bar = Rect::from_min_max(
        pos2(rect.left() + 20.0, rect.center().y - 4.0),
        pos2(rect.right() - 52.0, rect.center().y + 4.0),
    );
    painter.rect_filled(bar, 2.0, theme::WELL);
    let at = |db: f32| bar.left() + bar.width() * ((db - FLOOR_DB) / -FLOOR_DB).clamp(0.0, 1.0);
    let zones = [
        (-60.0, -12.0, theme::OK_ON_CHROME),
        (-12.0, -3.0, theme::TIMING),
        (-3.0, 0.0, theme::WRONG_ON_CHROME),
    ];
    for (from, to, color) in zones {
        if level.rms_db > from {
            let lit =
                Rect::from_min_max(pos2(at(from), bar.top()), pos2(at(level.rms_db.min(to)), bar.bottom()));
            painter.rect_filled(lit, CornerRadius::same(1), color);
        }
    }
    if level.peak_db > FLOOR_DB {
        painter.vline(at(level.peak_db), bar.y_range().expand(1.0), Stroke::new(2.0, theme::TEXT));
    }
    let end = Rect::from_min_max(
        pos2(bar.right() + 6.0, rect.top() + 4.0),
        pos2(rect.right(), rect.bottom() - 4.0),
    );
    let spoken = if level.clipped {
        painter.rect_filled(end.with_max_x(end.left() + 36.0), 3.0, theme::WRONG);
        let middle = end.with_max_x(end.left() + 36.0).center();
        painter.text(middle, Align2::CENTER_CENTER, "CLIP", theme::strong(10.5), Color32::WHITE);
        look.text(Text::Clipped).to_owned()
    } else {
        let text = if level.peak_db > -119.0 {
            format!("{:.0} dB", level.peak_db.min(0.0))
        } else {
            "-∞ dB".to_owned()
        };
        painter.text(end.right_center(), Align2::RIGHT_CENTER, &text, theme::text(11.0), theme::DIM);
        text
    };
    response.widget_info(|| {
        WidgetInfo::labeled(Role::Button, true, format!("{}: {spoken}", look.text(Text::Input)))
    });
    focus_ring(ui, &response, rect);
    response.on_hover_text(look.text(Text::InputHint))
}

/// A button that is an icon, with `label` as tooltip and for screen readers.
pub(super) fn icon_button(
    ui: &mut Ui,
    label: &str,
    on: bool,
    draw: impl FnOnce(&egui::Painter, egui::Pos2, Color32, Color32),
) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(32.0, 28.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, on, label));
    let visuals = if on { ui.visuals().widgets.open } else { *ui.style().interact(&response) };
    ui.painter().rect(
        rect,
        visuals.corner_radius,
        visuals.weak_bg_fill,
        visuals.bg_stroke,
        egui::StrokeKind::Inside,
    );
    draw(ui.painter(), rect.center(), visuals.fg_stroke.color, visuals.weak_bg_fill);
    response.on_hover_text(label)
}

/// A line round what the keyboard is on, for things that egui does not frame itself.
pub(super) fn focus_ring(ui: &Ui, response: &Response, rect: Rect) {
    if response.has_focus() {
        ui.painter().rect_stroke(
            rect,
            4.0,
            Stroke::new(1.5, theme::CURSOR_ON_CHROME),
            egui::StrokeKind::Inside,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_paths_lose_quotes_and_scheme() {
        assert_eq!(unquoted("  \"/a b/c.mxl\" "), "/a b/c.mxl");
        assert_eq!(unquoted("file:///a/c.xml"), "/a/c.xml");
        assert_eq!(unquoted("/it's/c.xml"), "/it's/c.xml");
    }
}
