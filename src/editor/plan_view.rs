//! The proposed edit: a block a piece over the measures it comes from, and between them the joins, which can be moved, pinned
//! and let go. A piece can be taken from another take. The columns are those of the take map above it.

use super::action::{Action, Actions};
use super::look::{Look, step_number, step_range};
use super::strings::Text;
use super::take_map::{GUTTER, TakeMapState, column_width};
use super::top_bar::focus_ring;
use super::view::{TakeRow, View};
use super::{marks, theme};
use crate::performance::{EditChoices, JoinPlace, JoinReason, PlanSegment};
use crate::score::PlayingPath;
use egui::{
    Align2, Button, Color32, CursorIcon, EventFilter, Key, Popup, Rect, Response, RichText, ScrollArea,
};
use egui::{Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use std::cmp::Reverse;

/// Height of the panel in points.
pub const HEIGHT: f32 = 58.0;
/// Width of what takes hold of a join.
const HANDLE: f32 = 11.0;

/// Where the steps are drawn.
struct Columns {
    left: f32,
    column: f32,
    scroll: f32,
}

impl Columns {
    fn x(&self, path: &PlayingPath, beat: f64) -> f32 {
        let step = path.step_at(beat).unwrap_or(if beat > 0.0 { path.steps.len() } else { 0 });
        let within = path.steps.get(step).map_or(0.0, |step| {
            let length = step.length.to_f64();
            if length > 0.0 { (beat - step.start.to_f64()) / length } else { 0.0 }
        });
        self.left + (step as f32 + within as f32) * self.column - self.scroll
    }

    /// The step whose start is nearest to `x`.
    fn line_near(&self, x: f32) -> u32 {
        ((x - self.left + self.scroll) / self.column).round().max(0.0) as u32
    }
}

/// Draws the edit into what is left of `ui`, under the columns of `map`.
pub fn plan_view(ui: &mut Ui, look: &Look, view: &View, map: &TakeMapState) -> Actions {
    let mut actions = Actions::new();
    let rect = ui.available_rect_before_wrap();
    ui.painter().rect_filled(rect, 0.0, theme::WELL);
    let title = marks::corner_title(ui.painter(), rect.min + vec2(10.0, 5.0), look.text(Text::Plan));
    let Some(path) = view.score().map(|score| &score.path) else { return actions };
    summary(ui, look, view, rect, title.right() + 12.0, &mut actions);
    let strip = Rect::from_min_max(rect.min + vec2(GUTTER, 27.0), rect.max - vec2(10.0, 5.0));
    let columns = Columns {
        left: strip.left(),
        column: column_width(strip.width(), path.steps.len()),
        scroll: map.scroll_x(),
    };
    let pieces = &view.plan.segments;
    for &step in &view.plan.uncovered {
        let Some(step) = path.steps.get(step as usize) else { continue };
        let left = columns.x(path, step.start.to_f64());
        let gap = Rect::from_x_y_ranges(left..=left + columns.column, strip.y_range()).intersect(strip);
        if gap.is_positive() {
            ui.painter().rect_filled(gap.shrink2(vec2(0.5, 9.0)), 0.0, Color32::from_white_alpha(8));
        }
    }
    for (index, piece) in pieces.iter().enumerate() {
        let span = columns.x(path, piece.from_beat)..=columns.x(path, piece.to_beat);
        let block = Rect::from_x_y_ranges(span, strip.y_range()).intersect(strip);
        if block.is_positive() {
            piece_block(ui, look, view, index, block, &columns, &mut actions);
        }
    }
    for (index, piece) in pieces.iter().enumerate().skip(1) {
        let x = columns.x(path, piece.from_beat);
        if view.plan.join(index).is_some() && strip.x_range().expand(1.0).contains(x) {
            join_handle(ui, look, view, index, x, strip, &columns, &mut actions);
        }
    }
    actions
}

/// What there is to know of the whole, and the way back to what was proposed.
fn summary(ui: &mut Ui, look: &Look, view: &View, rect: Rect, left: f32, actions: &mut Actions) {
    let plan = &view.plan;
    let joins = (1..plan.segments.len()).filter(|index| plan.join(*index).is_some()).count();
    let faulty: usize = plan.segments.iter().map(|piece| piece.faulty.len()).sum();
    let line = Rect::from_min_max(pos2(left, rect.top() + 2.0), pos2(rect.right() - 10.0, rect.top() + 20.0));
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    ui.scope_builder(egui::UiBuilder::new().max_rect(line).layout(layout), |ui| {
        let told = look.with(Text::PlanSum, &[&joins, &faulty, &plan.uncovered.len()]);
        ui.add(egui::Label::new(RichText::new(told).size(10.0).color(theme::DIM)).truncate());
        if !view.choices.is_empty() {
            let button = Button::new(RichText::new(look.text(Text::PlanReset)).size(11.0)).small();
            if ui.add(button).on_hover_text(look.text(Text::PlanResetHint)).clicked() {
                actions.push(Action::ChooseEdit(EditChoices::default()));
            }
        }
    });
}

/// One piece, and the choice of another take for it.
fn piece_block(
    ui: &mut Ui,
    look: &Look,
    view: &View,
    index: usize,
    block: Rect,
    columns: &Columns,
    actions: &mut Actions,
) {
    let piece = &view.plan.segments[index];
    let measures = step_range(view, piece.from_step as usize, piece.to_step as usize);
    let label = look.with(Text::PlanPiece, &[&measures, &piece.take]);
    let response = ui.interact(block, ui.scope_id().with(("piece", index)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
    let painter = ui.painter().with_clip_rect(block);
    let body = block.shrink2(vec2(0.5, 0.0));
    let fill = if response.hovered() { theme::HOVER } else { theme::RAISED };
    painter.rect_filled(body, 3.0, fill);
    let chosen = view.choices.takes.iter().any(|chosen| {
        chosen.take == piece.take && chosen.from_step <= piece.to_step && chosen.to_step >= piece.from_step
    });
    if chosen {
        painter.rect_stroke(body, 3.0, Stroke::new(1.0, theme::CURSOR_ON_CHROME), StrokeKind::Inside);
    }
    if let Some(path) = view.score().map(|score| &score.path) {
        for step in piece.faulty.iter().filter_map(|step| path.steps.get(*step as usize)) {
            let left = columns.x(path, step.start.to_f64());
            let span = left + 1.0..=left + columns.column - 1.0;
            let spot = Rect::from_x_y_ranges(span, body.bottom() - 8.0..=body.bottom() - 1.0);
            painter.rect_filled(spot, 0.0, theme::WRONG.gamma_multiply(0.45));
            marks::hatch(&painter, spot, 5.0, Stroke::new(1.0, theme::WRONG_ON_CHROME));
        }
    }
    let text =
        if body.width() > 64.0 { look.with(Text::TakeN, &[&piece.take]) } else { piece.take.to_string() };
    let at = body.center() - vec2(0.0, if piece.faulty.is_empty() { 0.0 } else { 3.0 });
    painter.text(at, Align2::CENTER_CENTER, text, theme::strong(11.0), theme::TEXT);
    focus_ring(ui, &response, block);
    Popup::menu(&response).show(|ui| other_takes(ui, look, view, piece, actions));
    let told = match piece.faulty.len() {
        0 => format!("{label}\n{}", look.text(Text::PlanPieceHint)),
        _ => {
            let path = view.score().map(|score| &score.path);
            let numbers =
                piece.faulty.iter().filter_map(|step| path?.steps.get(*step as usize)).map(step_number);
            let numbers = numbers.collect::<Vec<_>>().join(", ");
            let faulty = look.with(Text::PlanFaulty, &[&numbers]);
            format!("{label}\n{faulty}\n{}", look.text(Text::PlanPieceHint))
        }
    };
    response.on_hover_text_at_pointer(told);
}

/// The takes that hold the whole of a piece, best first.
fn other_takes(ui: &mut Ui, look: &Look, view: &View, piece: &PlanSegment, actions: &mut Actions) {
    ui.set_min_width(200.0);
    let (from, to) = (piece.from_step, piece.to_step);
    let measures = step_range(view, from as usize, to as usize);
    ui.label(RichText::new(look.with(Text::PlanFrom, &[&measures])).color(theme::DIM).size(12.0));
    let faults = |row: &TakeRow| row.faults().filter(|fault| (from..=to).contains(&fault.step)).count();
    let mut rows: Vec<(usize, &TakeRow)> = view
        .takes
        .iter()
        .enumerate()
        .filter(|(index, row)| {
            !row.rejected && !row.recording && (from..=to).all(|step| holds(view, *index, step))
        })
        .map(|(_, row)| (faults(row), row.as_ref()))
        .collect();
    rows.sort_by_key(|(faults, row)| (*faults, Reverse((row.stars, row.number))));
    let mut choose = |ui: &Ui, take: Option<u32>| {
        let mut choices = view.choices.clone();
        choices.choose(from, to, take);
        actions.push(Action::ChooseEdit(choices));
        ui.close();
    };
    ScrollArea::vertical().max_height(220.0).show(ui, |ui| {
        for (faults, row) in rows {
            let told = match faults {
                0 => look.with(Text::PlanClean, &[&row.number]),
                _ => look.with(Text::PlanFaults, &[&row.number, &faults]),
            };
            if ui.selectable_label(row.number == piece.take, told).clicked() {
                choose(ui, Some(row.number));
            }
        }
    });
    ui.separator();
    if ui.button(look.text(Text::PlanFree)).on_hover_text(look.text(Text::PlanFreeHint)).clicked() {
        choose(ui, None);
    }
}

/// Whether the take of this index holds the whole step.
fn holds(view: &View, index: usize, step: u32) -> bool {
    view.coverage.get(step as usize).is_some_and(|covered| covered.takes.contains(&(index as u32)))
}

/// The first and the last step that the join before piece `index` can go to: its takes hold what it would pass over.
fn reach(view: &View, index: usize) -> Option<(u32, u32)> {
    let (before, after) = view.plan.join(index)?;
    let (first, last) = view.plan.reach(index)?;
    let of = |number: u32| view.takes.iter().position(|row| row.number == number);
    let (before_row, after_row, old) = (of(before.take)?, of(after.take)?, after.from_step);
    let back = (first..old).rev().take_while(|step| holds(view, after_row, *step)).count() as u32;
    let on = (old..last).take_while(|step| holds(view, before_row, *step)).count() as u32;
    Some((old - back, old + on))
}

/// What a join is asked to do.
enum Wish {
    Move(u32, Option<f64>),
    Pin,
    LetGo,
}

/// One join: drag it, or give it the keyboard.
#[allow(clippy::too_many_arguments)] // Where it is drawn takes three of them.
fn join_handle(
    ui: &mut Ui,
    look: &Look,
    view: &View,
    index: usize,
    x: f32,
    strip: Rect,
    columns: &Columns,
    actions: &mut Actions,
) {
    let (Some((before, after)), Some((first, last))) = (view.plan.join(index), reach(view, index)) else {
        return;
    };
    let Some(path) = view.score().map(|score| &score.path) else { return };
    let hold = Rect::from_center_size(pos2(x, strip.center().y), vec2(HANDLE, strip.height()))
        .with_min_y(strip.top() - 8.0);
    let response = ui.interact(hold, ui.scope_id().with(("join", index)), Sense::click_and_drag());
    let pinned = view.choices.join(after.from_step, before.take, after.take).is_some();
    let number = path.steps.get(after.from_step as usize).map(step_number).unwrap_or_default();
    let label = look.with(Text::PlanJoin, &[&before.take, &after.take, &number]);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, pinned, &label));
    let lively = response.hovered() || response.dragged() || response.has_focus();
    let color = if pinned || lively { theme::CURSOR_ON_CHROME } else { theme::TEXT };
    let painter = ui.painter();
    painter.vline(x, strip.y_range().expand(2.0), Stroke::new(if lively { 2.0 } else { 1.0 }, color));
    let head = pos2(x, strip.top() - 3.5);
    if pinned {
        marks::more(painter, head - vec2(0.0, 0.5), 4.5, color);
    } else {
        painter.circle(head, 3.0, theme::WELL, Stroke::new(1.2, color));
    }
    focus_ring(ui, &response, hold);

    let pointer = ui.input(|input| {
        input.pointer.interact_pos().filter(|_| response.dragged() || response.drag_stopped())
    });
    let fine = ui.input(|input| input.modifiers.shift);
    let target = pointer.map(|at| {
        let step = columns.line_near(at.x).clamp(first, last);
        if fine { onset_near(path, columns, at.x, first, last) } else { (step, None) }
    });
    let mut wish = keys(ui, &response, path, after, (first, last));
    if let Some((step, beat)) = target {
        let at = beat.or_else(|| Some(path.steps.get(step as usize)?.start.to_f64()));
        let line = columns.x(path, at.unwrap_or(after.from_beat));
        ui.painter().vline(line, strip.y_range().expand(4.0), Stroke::new(2.0, theme::MEASURE));
        if response.drag_stopped() {
            wish = Some(Wish::Move(step, beat));
        }
    }
    if response.clicked() {
        wish = Some(if pinned { Wish::LetGo } else { Wish::Pin });
    }
    if let Some(wish) = wish {
        let mut choices = view.choices.clone();
        match wish {
            Wish::Move(step, beat) => choices.move_join(&view.plan, index, step, beat),
            Wish::Pin => choices.pin(&view.plan, index),
            Wish::LetGo => choices.let_go(&view.plan, index),
        }
        if choices != view.choices {
            actions.push(Action::ChooseEdit(choices));
        }
    }
    let reason = after.reason.map_or(String::new(), |reason| told_reason(look, &reason) + "\n");
    let told = format!("{label}\n{reason}{}", look.text(Text::PlanJoinHint));
    response.on_hover_cursor(CursorIcon::ResizeHorizontal).on_hover_text_at_pointer(told);
}

/// Why a join is where it is.
fn told_reason(look: &Look, reason: &JoinReason) -> String {
    let place = look.text(match reason.place {
        JoinPlace::Chosen => Text::JoinChosen,
        JoinPlace::MeasureLine => Text::JoinLine,
        JoinPlace::Rest => Text::JoinRest,
        JoinPlace::LongNote => Text::JoinLongNote,
        JoinPlace::Onset => Text::JoinOnset,
    });
    let mut told = match reason.place {
        JoinPlace::Chosen => place.to_owned(),
        _ if reason.chosen => format!("{}, {place}", look.text(Text::JoinChosen)),
        _ => place.to_owned(),
    };
    if let (Some(off), Some(matches)) = (reason.tempo_off, reason.tempo_matches()) {
        let tempo = if matches { Text::JoinTempoMatches } else { Text::JoinTempoDiffers };
        told += "; ";
        told += &look.with(tempo, &[&format!("{:.0}", 100.0 * off)]);
    }
    told
}

/// Arrows move by a measure, with shift by a note; delete lets go.
fn keys(
    ui: &Ui,
    response: &Response,
    path: &PlayingPath,
    after: &PlanSegment,
    (first, last): (u32, u32),
) -> Option<Wish> {
    if !response.has_focus() {
        return None;
    }
    let arrows = EventFilter { horizontal_arrows: true, ..Default::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    let (across, fine, delete) = ui.input(|input| {
        let pressed = |key| i64::from(input.key_pressed(key));
        let delete = input.key_pressed(Key::Delete) || input.key_pressed(Key::Backspace);
        (pressed(Key::ArrowRight) - pressed(Key::ArrowLeft), input.modifiers.shift, delete)
    });
    if delete {
        return Some(Wish::LetGo);
    }
    if across == 0 {
        return None;
    }
    if !fine {
        let step = (i64::from(after.from_step) + across).clamp(first.into(), last.into()) as u32;
        return (step != after.from_step).then_some(Wish::Move(step, None));
    }
    let here = after.from_beat;
    let mut onsets = path.notes.iter().map(|note| note.onset.to_f64());
    let next = if across > 0 {
        onsets.find(|beat| *beat > here + 1e-6)
    } else {
        onsets.take_while(|beat| *beat < here - 1e-6).last()
    };
    let beat = next?;
    let step = line_of(path, beat)?;
    (first..=last).contains(&step).then_some(Wish::Move(step, Some(beat)))
}

/// The step whose start a join at `beat` belongs to: the nearest.
fn line_of(path: &PlayingPath, beat: f64) -> Option<u32> {
    let index = path.step_at(beat)?;
    let step = path.steps.get(index)?;
    let late = beat - step.start.to_f64() > step.length.to_f64() / 2.0;
    Some(index as u32 + u32::from(late))
}

/// The onset nearest to `x` that a join within these steps can lie at.
fn onset_near(path: &PlayingPath, columns: &Columns, x: f32, first: u32, last: u32) -> (u32, Option<f64>) {
    let near = columns.line_near(x).clamp(first, last);
    // A join belongs to the nearest measure line, so only the measures on both sides are looked through.
    let from = path.notes.partition_point(|note| note.step + 1 < near);
    let candidates = path.notes[from..].iter().take_while(|note| note.step <= near).filter_map(|note| {
        let beat = note.onset.to_f64();
        line_of(path, beat).filter(|line| (first..=last).contains(line)).map(|line| (line, beat))
    });
    let off = |beat: f64| (columns.x(path, beat) - x).abs();
    candidates
        .min_by(|a, b| off(a.1).total_cmp(&off(b.1)))
        .map_or((near, None), |(line, beat)| (line, Some(beat)))
}
