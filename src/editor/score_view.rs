//! The score: systems of staves with the measure being played, the cursor, and what was heard.

use super::action::{Action, Actions};
use super::engraved::Engraved;
use super::look::Look;
use super::notation::Sheet;
use super::paint_page::{Inks, PageBrush, paint_page};
use super::paint_system::{Brush, paint_system};
use super::score_empty::empty;
use super::score_layout::Layout;
use super::score_marks;
use super::score_pointer::{navigate, pointer};
use super::strings::Text;
use super::top_bar::focus_ring;
use super::view::{EngravingSlot, View};
use crate::performance::FollowState;
use crate::score::{Area, PrintWish, Score};
use egui::{Pos2, Rangef, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2};
use std::sync::Arc;

/// What the score view remembers.
///
/// Memory: the light sheet takes about 200 bytes a note, 2.5 MB for an 848-measure quartet of 12,000 notes; engraved
/// pages about the same, and the textures of those on view and their neighbours.
#[derive(Clone, Debug)]
pub struct ScoreViewState {
    score: Option<Arc<Score>>,
    sheet: Option<(f32, Arc<Sheet>)>,
    engraved: Option<Arc<Engraved>>,
    inks: Inks,
    /// What was last asked of the engraver.
    wished: Option<PrintWish>,
    /// 0.5-3.
    pub(super) zoom: f32,
    /// Points scrolled down.
    pub(super) scroll: f32,
    /// The user looks elsewhere: the view does not follow.
    pub(super) free: bool,
    /// The measure that the keyboard is on.
    pub(super) caret: Option<usize>,
    /// Where a drag began, as a path step.
    pub(super) drag: Option<usize>,
    /// A click that may yet become a double click: when, and which beat.
    pub(super) pending: Option<(f64, f64)>,
    /// The last place that was sure.
    sure: Option<f64>,
    /// A step that is to be brought into view as soon as it is there.
    look: Option<usize>,
    /// What stood at the top when the sheet was laid out as `laid_out` says: a step, and the points that its system is
    /// below the top of the window.
    top: Option<(usize, f32)>,
    laid_out: Option<(Kind, f32)>,
}

/// Which sheet is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Light,
    Excerpt,
    Pages,
}

impl Default for ScoreViewState {
    fn default() -> Self {
        ScoreViewState {
            score: None,
            sheet: None,
            engraved: None,
            inks: Inks::default(),
            wished: None,
            zoom: 1.0,
            scroll: 0.0,
            free: false,
            caret: None,
            drag: None,
            pending: None,
            sure: None,
            look: None,
            top: None,
            laid_out: None,
        }
    }
}

impl ScoreViewState {
    /// Shows this step next, wherever playing is.
    pub(super) fn look_at(&mut self, step: usize) {
        self.look = Some(step);
        self.caret = Some(step);
        self.free = true;
    }

    /// Shows where playing is again.
    pub(super) fn follow_again(&mut self) {
        (self.free, self.look) = (false, None);
    }

    /// First and last step of a drag that goes on.
    pub(super) fn dragged(&self) -> (Option<usize>, Option<usize>) {
        (self.drag, self.caret)
    }
}

/// Points of a staff space at zoom 1.
const SPACE: f32 = 7.0;
/// The narrowest paper that is engraved, in staff spaces.
const NARROWEST: f32 = 40.0;

/// Draws the score into what is left of `ui`. `turns`: the sheet stands still and is turned, instead of gliding.
pub fn score_view(ui: &mut Ui, look: &Look, view: &View, state: &mut ScoreViewState, turns: bool) -> Actions {
    let mut actions = Actions::new();
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Document, true, look.text(Text::Score)));
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, look.paper.sheet);
    let Some(score) = view.score().filter(|score| !score.path.steps.is_empty()).cloned() else {
        empty(ui, look, view, rect, &mut actions);
        return actions;
    };
    if !state.score.as_ref().is_some_and(|known| Arc::ptr_eq(known, &score)) {
        *state = ScoreViewState { zoom: state.zoom, score: Some(score.clone()), ..ScoreViewState::default() };
    }
    if let Some(report) = view.position.as_ref().filter(|report| report.state == FollowState::Following) {
        state.sure = report.beat.or(state.sure);
    }
    let beat = shown_beat(view, state);
    let step = beat.and_then(|beat| score.path.step_at(beat));
    let sought = if state.free { state.caret.or(step) } else { step };
    let (layout, space) = layout(ui, view, state, &score, rect, sought);
    let is_new = keep_place(state, &layout, &score, space);
    bring_into_view(state, &layout, &score, rect, space);

    actions.extend(navigate(ui, &response, view, state, &layout, space, step));
    let scroll = follow(ui, state, &layout, &score, rect, (space, turns, is_new), step);
    let page = Page { layout: &layout, score: &score, rect, space, scroll };
    let near = step.or(state.caret).unwrap_or(0);
    let target = response.hover_pos().and_then(|at| page.at(at, near));
    pointer(ui, &response, view, state, target, &score, &mut actions);

    let played = step.map_or(0, |step| layout.system_of(&score, step));
    let visible: Vec<usize> = page.visible().collect();
    state.top = visible.first().and_then(|&system| {
        Some((layout.first_step(system, near)?, layout.band(system).0 * space - state.scroll))
    });
    for &system in &visible {
        let dimmed = step.is_some() && system < played && !state.free;
        score_marks::backdrop(&painter, &page, look, view, system, step, state);
        match &layout {
            Layout::Light(sheet) => {
                let origin = page.origin(system) + egui::vec2(Layout::LIGHT_MARGIN * space, 0.0);
                let brush = Brush { look, painter: &painter, origin, space, dimmed };
                paint_system(&brush, &score, &view.verdicts, &sheet.systems[system]);
            }
            Layout::Engraved(engraved) => {
                let origin = page.origin(system);
                let brush = PageBrush { look, painter: &painter, origin, space, dimmed, step };
                paint_page(&brush, &mut state.inks, engraved, system, &view.verdicts);
            }
        }
    }
    if let (Some(beat), Some(step)) = (beat, step) {
        score_marks::cursor(&painter, &page, look, view, beat, step);
    }
    score_marks::cues(&painter, &page, look, view);
    if let Some(step) = state.caret.filter(|_| response.has_focus() || state.free)
        && let Some(place) = layout.place(&score, step)
    {
        let frame = page.rect_of(&place.area).expand(2.0);
        painter.rect_stroke(frame, 4.0, Stroke::new(2.0, look.paper.cursor), egui::StrokeKind::Outside);
    }
    let usable = state.engraved.as_ref().is_none_or(|engraved| engraved.is_usable(&score));
    let corner = score_marks::engraving_note(&painter, look, view, rect, usable);
    score_marks::legend(&painter, look, view, corner, rect);
    score_marks::overlay(ui, look, view, state, &score, rect, &mut actions);
    focus_ring(ui, &response, rect);
    let looked_at = step.filter(|_| !state.free).or(state.caret).or(state.top.map(|(step, _)| step));
    let measure = looked_at.and_then(|step| score.path.steps.get(step)).map_or(0, |step| step.measure);
    actions.extend(wish(ui, view, state, &layout, &visible, (rect, measure)));
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

/// The engraved pages where they show what is played, and the light notation until then; with the points of a staff
/// space.
fn layout(
    ui: &Ui,
    view: &View,
    state: &mut ScoreViewState,
    score: &Arc<Score>,
    rect: Rect,
    step: Option<usize>,
) -> (Layout, f32) {
    match &view.engraving {
        EngravingSlot::Ready(printed) => {
            if !state.engraved.as_ref().is_some_and(|known| Arc::ptr_eq(&known.printed, printed)) {
                state.engraved = Some(Arc::new(Engraved::of(score, printed)));
                state.inks.keep(&printed.pictures);
            }
        }
        _ => state.engraved = None,
    }
    if let Some(engraved) = &state.engraved {
        let reached = step.and_then(|step| score.path.steps.get(step));
        let shows = reached.is_none_or(|step| engraved.cell(step.measure).is_some());
        if engraved.is_usable(score) && (shows || engraved.printed.complete) && engraved.printed.width > 0.0 {
            // Until pages of this width are there, those of the former fill it.
            let space = rect.width() / engraved.printed.width;
            return (Layout::Engraved(engraved.clone()), space);
        }
    }
    let space = staff_space(ui, state.zoom);
    let width = Layout::room(rect.width() / space);
    let sheet = match &state.sheet {
        Some((known, sheet)) if (known - width).abs() < 0.5 => sheet.clone(),
        _ => {
            let sheet = Arc::new(Sheet::of(score, width));
            state.sheet = Some((width, sheet.clone()));
            sheet
        }
    };
    (Layout::Light(sheet), space)
}

/// Lets what stood at the top of the window stand there where the sheet is another one; true if it is.
fn keep_place(state: &mut ScoreViewState, layout: &Layout, score: &Score, space: f32) -> bool {
    let kind = match layout {
        Layout::Light(_) => Kind::Light,
        Layout::Engraved(engraved) if engraved.printed.excerpt => Kind::Excerpt,
        Layout::Engraved(_) => Kind::Pages,
    };
    let before = state.laid_out.replace((kind, space));
    if before == Some((kind, space)) {
        return false;
    }
    if let Some((step, below)) = state.top.filter(|_| before.is_some())
        && layout.place(score, step).is_some()
    {
        state.scroll = layout.band(layout.system_of(score, step)).0 * space - below;
    }
    true
}

/// Scrolls to the step that is to be seen, if it is on the sheet.
fn bring_into_view(state: &mut ScoreViewState, layout: &Layout, score: &Score, rect: Rect, space: f32) {
    let Some(step) = state.look.filter(|step| layout.place(score, *step).is_some()) else { return };
    state.look = None;
    let (top, height) = layout.band(layout.system_of(score, step));
    let (top, bottom) = (top * space, (top + height) * space);
    if top < state.scroll || bottom > state.scroll + rect.height() {
        state.scroll = top - ((rect.height() - height * space) * 0.3).max(0.0);
    }
}

/// What is to be engraved next, when it is not what was asked for last.
fn wish(
    ui: &Ui,
    view: &View,
    state: &mut ScoreViewState,
    layout: &Layout,
    visible: &[usize],
    (rect, measure): (Rect, u32),
) -> Option<Action> {
    if matches!(view.engraving, EngravingSlot::Unavailable | EngravingSlot::Failed(_)) {
        return None;
    }
    let width = (rect.width() / staff_space(ui, state.zoom)).max(NARROWEST);
    let (first, last) = match (layout, visible) {
        (Layout::Engraved(_), [first, .., last]) => (*first as u32, *last as u32),
        (Layout::Engraved(_), [only]) => (*only as u32, *only as u32),
        _ => (0, 2),
    };
    let pixels_per_space = rect.width() * ui.pixels_per_point() / width;
    let of_excerpt = matches!(layout, Layout::Engraved(engraved) if engraved.printed.excerpt);
    let wish = PrintWish { width, pixels_per_space, first, last, of_excerpt, measure };
    if state.wished == Some(wish) {
        return None;
    }
    state.wished = Some(wish);
    Some(Action::Engrave(wish))
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
pub struct Page<'a> {
    /// What is on it.
    pub layout: &'a Layout,
    /// The score that it is of.
    pub score: &'a Score,
    /// The window.
    pub rect: Rect,
    /// Points of a staff space.
    pub space: f32,
    scroll: f32,
}

impl Page<'_> {
    /// Top left of a system, on a whole point.
    fn origin(&self, system: usize) -> Pos2 {
        let (top, _) = self.layout.band(system);
        pos2(self.rect.left(), (self.rect.top() + top * self.space - self.scroll).round())
    }

    fn visible(&self) -> impl Iterator<Item = usize> {
        let shown = Rangef::new(self.scroll, self.scroll + self.rect.height());
        (0..self.layout.systems()).filter(move |system| {
            let (top, height) = self.layout.band(*system);
            shown.intersects(Rangef::new(top * self.space, (top + height) * self.space))
        })
    }

    /// A part of the sheet in the window.
    pub fn rect_of(&self, area: &Area) -> Rect {
        let at = |x: f32, y: f32| {
            pos2(self.rect.left() + x * self.space, self.rect.top() + y * self.space - self.scroll)
        };
        Rect::from_min_max(at(area.left, area.top), at(area.right, area.bottom))
    }

    /// The path step and beat at a point.
    fn at(&self, at: Pos2, near: usize) -> Option<(usize, f64)> {
        let x = (at.x - self.rect.left()) / self.space;
        let y = (at.y - self.rect.top() + self.scroll) / self.space;
        self.layout.at(self.score, x, y, near)
    }
}

/// Points to scroll to, so that the system being played stands in the upper third with a glimpse of the one before; or,
/// with `turns`, so that the page turns when it leaves it.
fn follow(
    ui: &Ui,
    state: &mut ScoreViewState,
    layout: &Layout,
    score: &Score,
    rect: Rect,
    (space, turns, is_new): (f32, bool, bool),
    step: Option<usize>,
) -> f32 {
    let most = (layout.height() * space + 12.0 - rect.height()).max(0.0);
    if !state.free
        && let Some(step) = step
    {
        let index = layout.system_of(score, step);
        let (top, height) = layout.band(index);
        let (top, height) = (top * space, height * space);
        if turns {
            let shown = state.scroll..=state.scroll + rect.height() + 1.0;
            if !(shown.contains(&top) && shown.contains(&(top + height))) {
                state.scroll = top;
            }
        } else {
            let glimpse = ((rect.height() - height) * 0.3).clamp(0.0, rect.height() * 0.22);
            state.scroll = top - if index > 0 { glimpse } else { 0.0 };
        }
    }
    state.scroll = state.scroll.clamp(0.0, most);
    // The glide runs only while the target differs, and asks for frames only then.
    let id = ui.scope_id().with("glide");
    let glide = if state.free || turns || is_new { 0.0 } else { 0.25 };
    ui.ctx().animate_value_with_time(id, state.scroll, glide)
}
