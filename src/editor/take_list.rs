//! The session's takes, newest first, with stars, names and comments.

use super::action::{Action, Actions};
use super::look::{Look, step_range};
use super::strings::Text;
use super::top_bar::focus_ring;
use super::view::{TakeRow, View};
use super::{marks, theme};
use egui::{Align2, Key, Rect, Role, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

/// What the list remembers.
#[derive(Clone, Debug, Default)]
pub struct TakeListState {
    /// The take whose details are unfolded, by number.
    selected: Option<u32>,
    /// The name and comment being typed for it.
    name: String,
    comment: String,
}

impl TakeListState {
    /// The take whose details are unfolded, by number.
    pub fn selected(&self) -> Option<u32> {
        self.selected
    }
}

const ROW: f32 = 30.0;

/// Draws the list into what is left of `ui`.
pub fn take_list(ui: &mut Ui, look: &Look, view: &View, state: &mut TakeListState) -> Actions {
    let mut actions = Actions::new();
    heading(ui, look.text(Text::Takes), Some(view.takes.len()));
    if view.elsewhere > 0 {
        let text = look.with(Text::Elsewhere, &[&view.elsewhere]);
        ui.label(egui::RichText::new(text).color(theme::DIM).size(12.0));
    }
    if view.abilities.arm && !view.transport.armed {
        ui.label(egui::RichText::new(look.text(Text::NotLogged)).color(theme::TIMING).size(12.0));
    } else if view.takes.is_empty() {
        ui.label(egui::RichText::new(look.text(Text::NoTakes)).color(theme::DIM).size(12.0));
    }
    if view.takes.is_empty() {
        return actions;
    }
    if view.abilities.edit_takes
        && let Some(row) = view.takes.iter().find(|row| Some(row.number) == state.selected)
    {
        details(ui, look, row, state, &mut actions);
    }
    ui.spacing_mut().item_spacing.y = 2.0;
    ScrollArea::vertical().auto_shrink(false).show_rows(ui, ROW, view.takes.len(), |ui, range| {
        for index in range {
            let row = &view.takes[view.takes.len() - 1 - index];
            take_row(ui, look, view, row, state, &mut actions);
        }
    });
    actions
}

/// A section's title with a count.
pub(super) fn heading(ui: &mut Ui, title: &str, count: Option<usize>) {
    ui.horizontal(|ui| {
        ui.label(egui::RichText::new(title).font(theme::strong(11.0)).color(theme::DIM));
        if let Some(count) = count.filter(|count| *count > 0) {
            ui.label(egui::RichText::new(count.to_string()).font(theme::text(11.0)).color(theme::FAINT));
        }
    });
}

/// The measures that a take covers, first to last of its longest stretch, with a plus where there are more.
fn measures(view: &View, row: &TakeRow) -> String {
    let longest =
        row.take.stretches.iter().max_by_key(|stretch| stretch.to_step.saturating_sub(stretch.from_step));
    let Some(longest) = longest else { return "–".to_owned() };
    let range = step_range(view, longest.from_step as usize, longest.to_step as usize);
    if row.take.stretches.len() > 1 { format!("{range} +{}", row.take.stretches.len() - 1) } else { range }
}

/// A length of time as `m:ss`.
fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    format!("{}:{:02}", whole / 60, whole % 60)
}

fn take_row(
    ui: &mut Ui,
    look: &Look,
    view: &View,
    row: &TakeRow,
    state: &mut TakeListState,
    actions: &mut Actions,
) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let selected = state.selected == Some(row.number);
    let measures = measures(view, row);
    let faults = row.faults().count();
    let length = clock(row.take.end.0 - row.take.start.0);
    let mut spoken = if row.judged {
        look.with(Text::TakeHint, &[&row.number, &measures, &faults, &length])
    } else {
        look.with(Text::NotJudged, &[&row.number, &measures, &length])
    };
    let doubts = row.doubts().count();
    if doubts > 0 {
        spoken += &format!("\n{}", look.with(Text::Doubts, &[&doubts]));
    }
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, &spoken));
    let painter = ui.painter_at(rect);
    let fill = if selected || row.recording {
        theme::RAISED
    } else if response.hovered() {
        theme::RAISED.gamma_multiply(0.6)
    } else {
        egui::Color32::TRANSPARENT
    };
    painter.rect_filled(rect, 5.0, fill);

    let y = rect.center().y;
    if row.recording {
        painter.circle_filled(pos2(rect.left() + 9.0, y), 4.0, theme::WRONG_ON_CHROME);
    }
    let at = pos2(rect.left() + 44.0, y);
    painter.text(at, Align2::RIGHT_CENTER, row.number.to_string(), theme::strong(13.0), theme::TEXT);

    let stars = Rect::from_min_max(pos2(rect.right() - 54.0, rect.top()), rect.right_bottom());
    let middle =
        Rect::from_min_max(pos2(rect.left() + 54.0, rect.top()), pos2(stars.left() - 46.0, rect.bottom()));
    let clipped = painter.with_clip_rect(middle);
    let color = if row.rejected { theme::DIM } else { theme::TEXT };
    let above = if row.name.is_empty() { &measures } else { &row.name };
    if row.name.is_empty() && row.comment.is_empty() {
        clipped.text(middle.left_center(), Align2::LEFT_CENTER, above, theme::text(13.0), color);
    } else {
        let below = if row.comment.is_empty() { &measures } else { &row.comment };
        clipped.text(middle.left_top() + vec2(0.0, 2.0), Align2::LEFT_TOP, above, theme::text(12.5), color);
        clipped.text(
            middle.left_bottom() - vec2(0.0, 1.0),
            Align2::LEFT_BOTTOM,
            below,
            theme::text(10.0),
            theme::DIM,
        );
    }

    if row.rejected {
        let line = Rect::from_center_size(middle.center(), vec2(middle.width() - 4.0, 0.0));
        clipped.hline(line.x_range(), y, Stroke::new(1.0, theme::DIM));
    }

    let count = pos2(stars.left() - 12.0, y);
    if row.recording {
        painter.text(
            count,
            Align2::RIGHT_CENTER,
            look.text(Text::Recording),
            theme::text(11.0),
            theme::WRONG_ON_CHROME,
        );
    } else if !row.judged {
        painter.text(count, Align2::RIGHT_CENTER, "…", theme::text(13.0), theme::DIM);
    } else if faults > 0 {
        painter.text(count, Align2::RIGHT_CENTER, faults.to_string(), theme::text(12.0), theme::TEXT);
        marks::cross(&painter, count - vec2(30.0, 0.0), 3.0, Stroke::new(1.6, theme::WRONG_ON_CHROME));
    } else if !row.take.stretches.is_empty() {
        painter.circle_filled(count - vec2(4.0, 0.0), 3.5, theme::OK_ON_CHROME);
    }
    focus_ring(ui, &response, rect);
    if response.clicked() {
        state.selected = (!selected).then_some(row.number);
        state.name.clone_from(&row.name);
        state.comment.clone_from(&row.comment);
    }
    response.on_hover_text(spoken);
    self::stars(ui, look, view, row, stars, actions);
}

fn stars(ui: &mut Ui, look: &Look, view: &View, row: &TakeRow, rect: Rect, actions: &mut Actions) {
    if !view.abilities.edit_takes {
        return;
    }
    for star in 1..=3u8 {
        let center = pos2(rect.left() + 9.0 + 16.0 * f32::from(star - 1), rect.center().y);
        let hit = Rect::from_center_size(center, vec2(16.0, 24.0));
        let response = ui.interact(hit, ui.scope_id().with(("star", row.number, star)), Sense::click());
        let spoken = look.with(Text::StarHint, &[&row.number, &star]);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, row.stars >= star, &spoken));
        let lit = row.stars >= star;
        let color = if lit {
            theme::MEASURE
        } else if response.hovered() {
            theme::DIM
        } else {
            theme::FAINT
        };
        marks::star(ui.painter(), center, 5.5, lit, color);
        focus_ring(ui, &response, hit);
        if response.clicked() {
            // The star that is lit last goes out again.
            let stars = if row.stars == star { star - 1 } else { star };
            actions.push(Action::Star { take: row.number, stars });
        }
        response.on_hover_text(spoken);
    }
}

fn details(ui: &mut Ui, look: &Look, row: &TakeRow, state: &mut TakeListState, actions: &mut Actions) {
    egui::Frame::new().fill(theme::RAISED).corner_radius(6.0).inner_margin(8.0).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.label(egui::RichText::new(look.with(Text::TakeN, &[&row.number])).font(theme::strong(12.0)));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.button(look.text(Text::Delete)).on_hover_text(look.text(Text::DeleteHint)).clicked() {
                    actions.push(Action::DeleteTake(row.number));
                    state.selected = None;
                }
                let reject = ui.selectable_label(row.rejected, look.text(Text::Reject));
                if reject.on_hover_text(look.text(Text::RejectHint)).clicked() {
                    actions.push(Action::Reject { take: row.number, rejected: !row.rejected });
                }
            });
        });
        let field = |ui: &mut Ui, value: &mut String, label: Text| {
            let label = look.with(label, &[&row.number]);
            let field =
                ui.add(egui::TextEdit::singleline(value).hint_text(&label).desired_width(f32::INFINITY));
            field.widget_info(|| {
                let mut info = WidgetInfo::text_edit(true, value.as_str(), value.as_str(), &label);
                info.label = Some(label.clone());
                info
            });
            let escaped = ui.input(|input| input.key_pressed(Key::Escape));
            (field.lost_focus() && !escaped).then(|| value.trim().to_owned())
        };
        if let Some(name) = field(ui, &mut state.name, Text::TakeName).filter(|name| *name != row.name) {
            actions.push(Action::RenameTake { take: row.number, name });
        }
        if let Some(comment) =
            field(ui, &mut state.comment, Text::TakeComment).filter(|text| *text != row.comment)
        {
            actions.push(Action::CommentTake { take: row.number, comment });
        }
    });
}

/// A small ✗ that takes something away.
pub(super) fn close_button(ui: &mut Ui, label: &str) -> egui::Response {
    let (rect, response) = ui.allocate_exact_size(vec2(20.0, 20.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, label));
    let color = if response.hovered() { theme::TEXT } else { theme::DIM };
    marks::cross(ui.painter(), rect.center(), 4.0, Stroke::new(1.5, color));
    focus_ring(ui, &response, rect);
    response.on_hover_text(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_rounds_to_whole_seconds() {
        assert_eq!(clock(-1.0), "0:00");
        assert_eq!(clock(59.6), "1:00");
        assert_eq!(clock(3_725.0), "62:05");
    }
}
