//! The score: systems of staves with the measure being played, the cursor, and what was heard.

use super::action::{Action, Actions};
use super::look::{Look, step_number};
use super::notation::{self, MeasureBox, STAFF, Sheet, System};
use super::paint_system::{Brush, paint_system};
use super::strings::Text;
use super::top_bar::focus_ring;
use super::view::{ScoreSlot, View};
use super::{marks, theme};
use crate::performance::FollowState;
use crate::score::Score;
use egui::{
    Align2, EventFilter, Key, Painter, Pos2, Rangef, Rect, Response, Role, Sense, Stroke, Ui, WidgetInfo,
};
use egui::{pos2, vec2};
use std::sync::Arc;

/// What the score view remembers.
///
/// Memory: the laid-out sheet takes about 200 bytes a note; 2.5 MB for an 848-measure quartet of 12,000 notes.
#[derive(Clone, Debug)]
pub struct ScoreViewState {
    sheet: Option<(Arc<Score>, f32, Arc<Sheet>)>,
    /// 0.5-3.
    zoom: f32,
    /// Points scrolled down.
    scroll: f32,
    /// The user looks elsewhere: the view does not follow.
    free: bool,
    /// The measure that the keyboard is on.
    caret: Option<usize>,
    /// Where a drag began, as a path step.
    drag: Option<usize>,
    /// A click that may yet become a double click: when, and which beat.
    pending: Option<(f64, f64)>,
    /// The last place that was sure.
    sure: Option<f64>,
}

impl Default for ScoreViewState {
    fn default() -> Self {
        ScoreViewState {
            sheet: None,
            zoom: 1.0,
            scroll: 0.0,
            free: false,
            caret: None,
            drag: None,
            pending: None,
            sure: None,
        }
    }
}

/// A second click later than this is a click of its own.
const DOUBLE_CLICK_S: f64 = 0.3;
/// Points of a staff space at zoom 1.
const SPACE: f32 = 7.0;
/// Paper left and right of the systems, in staff spaces.
const MARGIN: f32 = 3.0;

/// Draws the score into what is left of `ui`.
pub fn score_view(ui: &mut Ui, look: &Look, view: &View, state: &mut ScoreViewState) -> Actions {
    let mut actions = Actions::new();
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Document, true, look.text(Text::Score)));
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, look.paper.sheet);
    let Some(score) = view.score().filter(|score| !score.path.steps.is_empty()).cloned() else {
        empty(ui, look, view, rect, &mut actions);
        return actions;
    };
    if !state.sheet.as_ref().is_some_and(|(known, ..)| Arc::ptr_eq(known, &score)) {
        *state = ScoreViewState { zoom: state.zoom, ..ScoreViewState::default() };
    }
    let space = staff_space(ui, state.zoom);
    let sheet = laid_out(state, &score, (rect.width() / space - 2.0 * MARGIN).max(20.0));
    if let Some(report) = view.position.as_ref().filter(|report| report.state == FollowState::Following) {
        state.sure = report.beat.or(state.sure);
    }
    let beat = shown_beat(view, state);
    let step = beat.and_then(|beat| score.path.step_at(beat));

    actions.extend(navigate(ui, &response, view, state, &sheet, space, step));
    let page = Page { sheet: &sheet, rect, space, scroll: follow(ui, state, &sheet, rect, space, step) };
    let target = response.hover_pos().and_then(|at| page.at(at));
    pointer(ui, &response, view, state, target, &score, &mut actions);

    let played = step.map_or(0, |step| sheet.system_of(step));
    for (index, system) in page.visible() {
        let dimmed = step.is_some() && index < played && !state.free;
        backdrop(&painter, &page, look, view, system, step, state);
        let brush = Brush { look, painter: &painter, origin: page.origin(system), space, dimmed };
        paint_system(&brush, &score, &view.verdicts, system);
    }
    if let (Some(beat), Some(step)) = (beat, step) {
        cursor(&painter, &page, look, view, beat, step);
    }
    cues(&painter, &page, look, view, &score);
    if let Some(step) = state.caret.filter(|_| response.has_focus())
        && let Some((system, measure)) = sheet.measure(step)
    {
        let frame = page.measure_rect(system, measure).expand(2.0);
        painter.rect_stroke(frame, 4.0, Stroke::new(2.0, look.paper.cursor), egui::StrokeKind::Outside);
    }
    overlay(ui, look, view, state, &score, rect, &mut actions);
    focus_ring(ui, &response, rect);
    let hint = format!("{}\n{}", look.text(Text::ScoreHint), look.text(Text::ScoreKeys));
    if response.hovered() && target.is_none() {
        response.on_hover_text_at_pointer(hint);
    }
    actions
}

/// Points of a staff space: half of it is a whole number of pixels, so that lines and heads are crisp.
fn staff_space(ui: &Ui, zoom: f32) -> f32 {
    let pixels = ui.pixels_per_point();
    ((SPACE * zoom * pixels / 2.0).round() * 2.0).max(4.0) / pixels
}

fn laid_out(state: &mut ScoreViewState, score: &Arc<Score>, width: f32) -> Arc<Sheet> {
    match &state.sheet {
        Some((_, known, sheet)) if (known - width).abs() < 0.5 => sheet.clone(),
        _ => {
            let sheet = Arc::new(Sheet::of(score, width));
            state.sheet = Some((score.clone(), width, sheet.clone()));
            sheet
        }
    }
}

/// Where the cursor is: the last sure place while lost, so that nothing is shown that is not believed.
fn shown_beat(view: &View, state: &ScoreViewState) -> Option<f64> {
    let report = view.position.as_ref()?;
    match report.state {
        FollowState::Lost => state.sure.or(report.beat),
        _ => report.beat.or(state.sure),
    }
}

/// A sheet in its window.
struct Page<'a> {
    sheet: &'a Sheet,
    rect: Rect,
    space: f32,
    scroll: f32,
}

impl Page<'_> {
    fn origin(&self, system: &System) -> Pos2 {
        pos2(
            self.rect.left() + MARGIN * self.space,
            (self.rect.top() + system.top * self.space - self.scroll).round(),
        )
    }

    fn visible(&self) -> impl Iterator<Item = (usize, &System)> {
        let shown = Rangef::new(self.scroll, self.scroll + self.rect.height());
        self.sheet.systems.iter().enumerate().filter(move |(_, system)| {
            shown.intersects(Rangef::new(system.top * self.space, (system.top + system.height) * self.space))
        })
    }

    fn measure_rect(&self, system: &System, measure: &MeasureBox) -> Rect {
        let origin = self.origin(system);
        let (top, bottom) = system.extent();
        Rect::from_min_max(
            origin + self.space * vec2(measure.left, top - 1.2),
            origin + self.space * vec2(measure.right, bottom + 1.2),
        )
    }

    /// The path step and beat at a point.
    fn at(&self, at: Pos2) -> Option<(usize, f64)> {
        let system = self.visible().map(|(_, system)| system).find(|system| {
            let top = self.origin(system).y;
            (top..top + (system.height + 1.0) * self.space).contains(&at.y)
        })?;
        let x = (at.x - self.origin(system).x) / self.space;
        let measure = system.measures.iter().find(|measure| (measure.left..measure.right).contains(&x))?;
        Some((measure.step, measure.beat(x)?))
    }
}

/// Points to scroll to, so that the system being played stands in the upper third with a glimpse of the one before.
fn follow(
    ui: &Ui,
    state: &mut ScoreViewState,
    sheet: &Sheet,
    rect: Rect,
    space: f32,
    step: Option<usize>,
) -> f32 {
    let most = (sheet.height() * space + 12.0 - rect.height()).max(0.0);
    if !state.free
        && let Some(step) = step
    {
        let index = sheet.system_of(step);
        if let Some(system) = sheet.systems.get(index) {
            let height = system.height * space;
            let glimpse = ((rect.height() - height) * 0.3).clamp(0.0, rect.height() * 0.22);
            state.scroll = system.top * space - if index > 0 { glimpse } else { 0.0 };
        }
    }
    state.scroll = state.scroll.clamp(0.0, most);
    // The glide runs only while the target differs, and asks for frames only then.
    let id = ui.scope_id().with("glide");
    let glide = if state.free { 0.0 } else { 0.25 };
    ui.ctx().animate_value_with_time(id, state.scroll, glide)
}

fn navigate(
    ui: &Ui,
    response: &Response,
    view: &View,
    state: &mut ScoreViewState,
    sheet: &Sheet,
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
    let Some(path) = view.score().map(|score| &score.path) else { return actions };
    let last = path.steps.len() - 1;
    let here = state.caret.or(step).unwrap_or(0).min(last);
    let pressed = |key| ui.input(|input| input.key_pressed(key));
    let system = sheet.system_of(here);
    let neighbour = |offset: isize| {
        let index = system.checked_add_signed(offset)?;
        sheet.systems.get(index)?.measures.first().map(|measure| measure.step)
    };
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
        if let Some(system) = sheet.systems.get(sheet.system_of(moved)) {
            let (top, bottom) = (system.top * space, (system.top + system.height) * space);
            state.scroll = state.scroll.clamp((bottom - response.rect.height()).min(top), top);
        }
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

fn pointer(
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

/// What lies under the notes of one system: the measure being played, the next, the range.
fn backdrop(
    painter: &Painter,
    page: &Page<'_>,
    look: &Look,
    view: &View,
    system: &System,
    step: Option<usize>,
    state: &ScoreViewState,
) {
    let state_now = view.position.as_ref().map_or(FollowState::Waiting, |report| report.state);
    for measure in &system.measures {
        let rect = page.measure_rect(system, measure);
        if let Some((from, to)) = view.transport.range {
            let start = measure.anchors.first().map_or(0.0, |anchor| anchor.0);
            if start < from - 1e-6 || start > to - 1e-6 {
                painter.rect_filled(
                    rect.expand2(vec2(0.0, page.space)),
                    0.0,
                    look.paper.ink.gamma_multiply(0.09),
                );
            }
        }
        if let (Some(from), Some(to)) = (state.drag, state.caret)
            && (from.min(to)..=from.max(to)).contains(&measure.step)
        {
            painter.rect_filled(rect, 0.0, look.paper.ahead.gamma_multiply(0.12));
        }
        if Some(measure.step) == step && state_now != FollowState::Lost {
            let strength = if state_now == FollowState::Following { 1.0 } else { 0.5 };
            painter.rect_filled(rect, 3.0, look.paper.measure.gamma_multiply(strength));
        } else if step.is_some_and(|step| measure.step == step + 1) && state_now == FollowState::Following {
            painter.rect_stroke(
                rect,
                5.0,
                Stroke::new(1.0, look.paper.ahead.gamma_multiply(0.55)),
                egui::StrokeKind::Inside,
            );
        }
        if matches!(state_now, FollowState::Lost | FollowState::Unsure) {
            candidate(painter, page, look, view, measure, rect);
        }
    }
}

/// The places that compete, numbered, in dashed frames.
fn candidate(painter: &Painter, page: &Page<'_>, look: &Look, view: &View, measure: &MeasureBox, rect: Rect) {
    let Some(report) = &view.position else { return };
    let (Some(first), Some(last)) = (measure.anchors.first(), measure.anchors.last()) else { return };
    for (index, place) in report.candidates.iter().enumerate().filter(|(_, place)| place.weight > 0.0) {
        if !(first.0..last.0).contains(&place.beat) {
            continue;
        }
        let color = look.paper.ahead.gamma_multiply(0.35 + 0.65 * place.weight.clamp(0.0, 1.0));
        let corners =
            [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
        painter.extend(egui::Shape::dashed_line(&corners, Stroke::new(1.5, color), 5.0, 4.0));
        let at = rect.right_top() + vec2(-1.6, 0.2) * page.space;
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

fn cursor(painter: &Painter, page: &Page<'_>, look: &Look, view: &View, beat: f64, step: usize) {
    let Some((system, measure)) = page.sheet.measure(step) else { return };
    let state = view.position.as_ref().map_or(FollowState::Waiting, |report| report.state);
    let rect = page.measure_rect(system, measure);
    let x = page.origin(system).x + measure.x(beat) * page.space;
    marks::cursor(painter, x, rect.y_range().expand(4.0), rect.x_range(), state, look.paper.cursor);
}

fn cues(painter: &Painter, page: &Page<'_>, look: &Look, view: &View, score: &Score) {
    for cue in &view.cues {
        let Some((system, measure)) = score.path.step_at(cue.beat).and_then(|step| page.sheet.measure(step))
        else {
            continue;
        };
        let origin = page.origin(system);
        let (top, _) = system.extent();
        let foot = origin + page.space * vec2(measure.x(cue.beat), top - 1.4);
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

/// Buttons that float over the paper: candidates, and the way back to the position.
fn overlay(
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

/// The sheet before there is a score.
fn empty(ui: &mut Ui, look: &Look, view: &View, rect: Rect, actions: &mut Actions) {
    let painter = ui.painter_at(rect);
    let ink = look.paper.ink;
    let center = rect.center() - vec2(0.0, 30.0);
    // An empty staff with its clef: what will stand here.
    let space = 9.0;
    let staff =
        Rect::from_center_size(center - vec2(0.0, 58.0), vec2(rect.width().min(420.0), STAFF * space));
    for line in 0..5 {
        let y = (staff.top() + line as f32 * space).round() + 0.5;
        painter.hline(staff.x_range(), y, Stroke::new(1.0, look.paper.staff.gamma_multiply(0.6)));
    }
    let clef = pos2(staff.left() + space, staff.top().round() + 3.0 * space + 0.5);
    let glyph = notation::glyph::G_CLEF;
    painter.text(clef, Align2::LEFT_CENTER, glyph, theme::music(space), ink.gamma_multiply(0.55));

    let (title, body) = match &view.score {
        ScoreSlot::Loading { name, .. } => (look.with(Text::Loading, &[name]), ""),
        _ => (look.text(Text::EmptyTitle).to_owned(), look.text(Text::EmptyBody)),
    };
    painter.text(center + vec2(0.0, 6.0), Align2::CENTER_CENTER, title, theme::strong(22.0), ink);
    let mut job = egui::text::LayoutJob::simple(
        body.to_owned(),
        theme::text(13.0),
        ink.gamma_multiply(0.65),
        rect.width().min(620.0) - 40.0,
    );
    job.halign = egui::Align::Center;
    let galley = painter.layout_job(job);
    let below = center + vec2(0.0, 28.0);
    let end = below.y + galley.size().y;
    painter.galley(below, galley, ink);
    if view.abilities.browse && matches!(view.score, ScoreSlot::Empty) {
        let spot = Rect::from_center_size(pos2(rect.center().x, end + 28.0), vec2(180.0, 32.0));
        let label = egui::RichText::new(look.text(Text::LoadScore)).font(theme::strong(13.0));
        let button = egui::Button::new(label).fill(theme::CURSOR).stroke(Stroke::NONE);
        let response = ui.put(spot, button).on_hover_text(look.text(Text::LoadScoreHint));
        if response.clicked() {
            actions.push(Action::BrowseScore);
        }
    }
}
