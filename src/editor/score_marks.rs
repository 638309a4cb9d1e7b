//! What is drawn under and over the notes: the measure being played, the range, the cursor, cues, places that compete.

use super::action::{Action, Actions};
use super::look::{Look, step_number};
use super::score_layout::Place;
use super::score_view::{Page, ScoreViewState};
use super::strings::Text;
use super::view::{EngravingSlot, Verdict, View};
use super::{marks, theme};
use crate::performance::FollowState;
use crate::score::Score;
use egui::{Align2, Galley, Painter, Pos2, Rangef, Rect, Stroke, Ui, pos2, vec2};
use std::sync::Arc;

/// What lies under the notes of one system: the measure being played, the next, the range.
pub fn backdrop(
    painter: &Painter,
    page: &Page<'_>,
    look: &Look,
    view: &View,
    system: usize,
    step: Option<usize>,
    state: &ScoreViewState,
) {
    let state_now = view.position.as_ref().map_or(FollowState::Waiting, |report| report.state);
    for place in page.layout.places(system) {
        let rect = page.rect_of(&place.area);
        let starts = || place.steps.iter().map(|step| page.score.path.steps[*step as usize].start.to_f64());
        if let Some((from, to)) = view.transport.range
            && !starts().any(|start| start >= from - 1e-6 && start <= to - 1e-6)
        {
            let out = rect.expand2(vec2(0.0, page.space));
            painter.rect_filled(out, 0.0, look.paper.ink.gamma_multiply(0.09));
        }
        if let (Some(from), Some(to)) = state.dragged()
            && place.steps.iter().any(|step| (from.min(to)..=from.max(to)).contains(&(*step as usize)))
        {
            painter.rect_filled(rect, 0.0, look.paper.ahead.gamma_multiply(0.12));
        }
        let holds = |step: usize| place.steps.contains(&(step as u32));
        if step.is_some_and(holds) && state_now != FollowState::Lost {
            let strength = if state_now == FollowState::Following { 1.0 } else { 0.5 };
            painter.rect_filled(rect, 3.0, look.paper.measure.gamma_multiply(strength));
        } else if step.is_some_and(|step| holds(step + 1)) && state_now == FollowState::Following {
            painter.rect_stroke(
                rect,
                5.0,
                Stroke::new(1.0, look.paper.ahead.gamma_multiply(0.55)),
                egui::StrokeKind::Inside,
            );
        }
        if matches!(state_now, FollowState::Lost | FollowState::Unsure) {
            candidate(painter, page, look, view, &place, rect);
        }
    }
}

/// The places that compete, numbered, in dashed frames.
fn candidate(painter: &Painter, page: &Page<'_>, look: &Look, view: &View, place: &Place, rect: Rect) {
    let Some(report) = &view.position else { return };
    let mut offset = 0.0;
    for (index, candidate) in report.candidates.iter().enumerate().filter(|(_, one)| one.weight > 0.0) {
        let step = page.score.path.step_at(candidate.beat);
        if !step.is_some_and(|step| place.steps.contains(&(step as u32))) {
            continue;
        }
        let color = look.paper.ahead.gamma_multiply(0.35 + 0.65 * candidate.weight.clamp(0.0, 1.0));
        let corners =
            [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
        painter.extend(egui::Shape::dashed_line(&corners, Stroke::new(1.5, color), 5.0, 4.0));
        // Passes of one printed measure stand side by side.
        let at = rect.right_top() + vec2(-1.6, 0.2) * page.space - vec2(offset, 0.0);
        offset += 18.0;
        painter.circle_filled(at, 8.0, color);
        painter.text(
            at,
            Align2::CENTER_CENTER,
            (index + 1).to_string(),
            theme::strong(11.0),
            look.paper.sheet,
        );
    }
}

/// The line at the beat being played.
pub fn cursor(painter: &Painter, page: &Page<'_>, look: &Look, view: &View, beat: f64, step: usize) {
    let Some(place) = page.layout.place(page.score, step) else { return };
    let Some(x) = page.layout.x(page.score, step, beat) else { return };
    let state = view.position.as_ref().map_or(FollowState::Waiting, |report| report.state);
    let rect = page.rect_of(&place.area);
    let x = page.rect.left() + x * page.space;
    marks::cursor(painter, x, rect.y_range().expand(4.0), rect.x_range(), state, look.paper.cursor);
}

/// A tag at each cue.
pub fn cues(painter: &Painter, page: &Page<'_>, look: &Look, view: &View) {
    for cue in &view.cues {
        let Some(step) = page.score.path.step_at(cue.beat) else { continue };
        let (Some(place), Some(x)) =
            (page.layout.place(page.score, step), page.layout.x(page.score, step, cue.beat))
        else {
            continue;
        };
        let rect = page.rect_of(&place.area);
        let foot = pos2(page.rect.left() + x * page.space, rect.top() - 0.2 * page.space);
        let galley = painter.layout_no_wrap(cue.name.clone(), theme::strong(11.0), look.paper.sheet);
        let tag =
            Rect::from_min_size(foot - vec2(2.0, galley.size().y + 4.0), galley.size() + vec2(10.0, 3.0));
        painter.rect_filled(tag, 3.0, look.paper.cursor);
        painter.vline(
            tag.left() + 1.0,
            Rangef::new(tag.top(), foot.y + page.space),
            Stroke::new(2.0, look.paper.cursor),
        );
        painter.galley(tag.min + vec2(5.0, 1.5), galley, look.paper.sheet);
    }
}

/// Says in a corner of the sheet why it is not engraved, or that it will be. Returns where the next note's lower right
/// corner belongs.
pub fn engraving_note(painter: &Painter, look: &Look, view: &View, rect: Rect, usable: bool) -> Pos2 {
    let corner = rect.right_bottom() - vec2(10.0, 8.0);
    let text = match &view.engraving {
        EngravingSlot::Failed(reason) => look.with(Text::NotEngraved, &[reason]),
        EngravingSlot::Working => look.text(Text::BeingEngraved).to_owned(),
        EngravingSlot::Ready(_) if !usable => look.with(Text::NotEngraved, &[&look.text(Text::NotThisScore)]),
        EngravingSlot::Ready(printed) if !printed.complete => look.text(Text::EngravingTheRest).to_owned(),
        EngravingSlot::Unavailable | EngravingSlot::Ready(_) => return corner,
    };
    let color = look.paper.ink.gamma_multiply(0.6);
    let width = rect.width() * 0.7;
    let galley = painter.layout(text, theme::text(11.0), color, width);
    let at = corner - galley.size();
    let back = Rect::from_min_size(at, galley.size()).expand2(vec2(6.0, 3.0));
    painter.rect_filled(back, 4.0, look.paper.sheet.gamma_multiply(0.92));
    painter.galley(at, galley, color);
    corner - vec2(0.0, back.height() + 3.0)
}

/// What the notes' colours and shapes mean, and of which take they are; `corner` is its lower right one.
pub fn legend(painter: &Painter, look: &Look, view: &View, corner: Pos2, rect: Rect) {
    let Some(take) = view.judged.filter(|_| view.verdicts.iter().any(|verdict| *verdict != Verdict::Open))
    else {
        return;
    };
    let ink = look.paper.ink.gamma_multiply(0.75);
    let plain = |text: String| painter.layout_no_wrap(text, theme::text(11.0), ink);
    let of = plain(look.with(Text::LegendOf, &[&take]));
    let doubt = Some((Verdict::Doubt, Text::LegendDoubt)).filter(|_| view.verdicts.contains(&Verdict::Doubt));
    let marks = [
        (Verdict::Ok, Text::LegendOk),
        (Verdict::Timing, Text::LegendTiming),
        (Verdict::Wrong, Text::LegendWrong),
        (Verdict::Missed, Text::LegendMissed),
    ]
    .into_iter()
    .chain(doubt)
    .map(|(verdict, text)| (verdict, plain(look.text(text).to_owned())))
    .collect::<Vec<_>>();
    let width = of.size().x + marks.iter().map(|(_, text)| text.size().x + 24.0).sum::<f32>();
    if width > rect.width() - 40.0 {
        return;
    }
    let height = of.size().y;
    let mut at = corner - vec2(width, height);
    let back = Rect::from_min_size(at, vec2(width, height)).expand2(vec2(6.0, 3.0));
    painter.rect_filled(back, 4.0, look.paper.sheet.gamma_multiply(0.92));
    let write = |at: &mut Pos2, text: Arc<Galley>| {
        let advance = text.size().x;
        painter.galley(*at, text, ink);
        at.x += advance;
    };
    write(&mut at, of);
    for (verdict, text) in marks {
        let center = at + vec2(14.0, height / 2.0);
        marks::verdict(painter, center, 4.0, verdict, look.paper.note(verdict));
        at.x += 24.0;
        write(&mut at, text);
    }
}

/// Buttons that float over the paper: candidates, and the way back to the position.
pub fn overlay(
    ui: &mut Ui,
    look: &Look,
    view: &View,
    state: &mut ScoreViewState,
    score: &Score,
    rect: Rect,
    actions: &mut Actions,
) {
    let report = view.position.as_ref();
    let doubtful = report.filter(|report| matches!(report.state, FollowState::Lost | FollowState::Unsure));
    let places: Vec<_> = doubtful
        .into_iter()
        .flat_map(|report| report.candidates.iter().filter(|place| place.weight > 0.0))
        .filter_map(|place| Some((place, score.path.steps.get(score.path.step_at(place.beat)?)?)))
        .collect();
    if places.is_empty() && !state.free {
        return;
    }
    let strip =
        Rect::from_min_max(pos2(rect.left() + 10.0, rect.bottom() - 40.0), rect.max - vec2(10.0, 8.0));
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(strip).layout(layout));
    egui::Frame::new().fill(theme::CHROME).corner_radius(8.0).inner_margin(4.0).show(&mut child, |ui| {
        ui.set_max_height(24.0);
        if !places.is_empty() {
            ui.label(egui::RichText::new(look.text(Text::Candidates)).color(theme::DIM));
        }
        for (index, (place, step)) in places.iter().enumerate() {
            let label = format!("{}  {}", index + 1, look.with(Text::MeasureN, &[&step_number(step)]));
            let percent = format!("{:.0}", place.weight.clamp(0.0, 1.0) * 100.0);
            let hint = look.with(Text::CandidateHint, &[&percent]);
            if ui.button(label).on_hover_text(hint).clicked() {
                actions.push(Action::StartAt(place.beat));
            }
        }
        if state.free && ui.button(look.text(Text::BackToPosition)).clicked() {
            state.free = false;
            state.caret = None;
        }
    });
}
