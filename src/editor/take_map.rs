//! Which take covers which measure: a column a measure, a row a take, and below them whether it is covered cleanly.

use super::action::{Action, Actions};
use super::look::{Look, step_number};
use super::strings::Text;
use super::take_cells::{Cell, Played, cells};
use super::top_bar::focus_ring;
use super::view::{TakeRow, Verdict, View};
use super::{marks, theme};
use crate::score::Score;
use egui::{Align2, Color32, EventFilter, Key, Mesh, Rect, Response, Sense, Shape, Stroke, Ui};
use egui::{Role, WidgetInfo, pos2, vec2};
use std::sync::Arc;

/// What the map remembers: where it is scrolled to, and the cells of each take as long as it does not change.
///
/// Memory: 3 bytes a take and measure; 1.3 MB for 500 takes of an 848-measure score.
#[derive(Clone, Debug, Default)]
pub struct TakeMapState {
    rows: Vec<(Arc<TakeRow>, Vec<Cell>)>,
    of_score: Option<Arc<Score>>,
    /// Points scrolled to the right and down.
    scroll: egui::Vec2,
    /// The step that was last scrolled into view.
    shown: Option<usize>,
    /// The row that the keyboard is on, 0 = newest take.
    row: usize,
}

/// What stands left of the first measure's column.
pub(super) const GUTTER: f32 = 64.0;
const ROW: f32 = 11.0;
const HEADER: f32 = 20.0;
const COVERAGE: f32 = 16.0;

/// Width of a measure's column where `width` points are there for `steps` of them.
pub(super) fn column_width(width: f32, steps: usize) -> f32 {
    (width / steps.max(1) as f32).clamp(4.0, 26.0)
}

impl TakeMapState {
    /// Points scrolled to the right.
    pub(super) fn scroll_x(&self) -> f32 {
        self.scroll.x
    }

    fn refresh(&mut self, view: &View, score: &Arc<Score>) {
        if !self.of_score.as_ref().is_some_and(|known| Arc::ptr_eq(known, score)) {
            self.rows.clear();
            self.of_score = Some(score.clone());
            self.shown = None;
        }
        self.rows.truncate(view.takes.len());
        for (index, row) in view.takes.iter().enumerate() {
            if self.rows.get(index).is_some_and(|(known, _)| Arc::ptr_eq(known, row)) {
                continue;
            }
            let cells = cells(row, &score.path);
            match self.rows.get_mut(index) {
                Some(slot) => *slot = (row.clone(), cells),
                None => self.rows.push((row.clone(), cells)),
            }
        }
    }
}

struct Grid {
    plot: Rect,
    column: f32,
    scroll: egui::Vec2,
    steps: usize,
    takes: usize,
}

impl Grid {
    fn x(&self, step: usize) -> f32 {
        self.plot.left() + step as f32 * self.column - self.scroll.x
    }

    fn y(&self, row: usize) -> f32 {
        self.plot.top() + row as f32 * ROW - self.scroll.y
    }

    fn visible_steps(&self) -> std::ops::Range<usize> {
        let first = (self.scroll.x / self.column).floor() as usize;
        let last = ((self.scroll.x + self.plot.width()) / self.column).ceil() as usize;
        first.min(self.steps)..last.min(self.steps)
    }

    fn visible_rows(&self) -> std::ops::Range<usize> {
        let first = (self.scroll.y / ROW).floor() as usize;
        let last = ((self.scroll.y + self.plot.height()) / ROW).ceil() as usize;
        first.min(self.takes)..last.min(self.takes)
    }

    fn step_at(&self, x: f32) -> Option<usize> {
        let step = ((x - self.plot.left() + self.scroll.x) / self.column).floor();
        (x >= self.plot.left() && step >= 0.0 && (step as usize) < self.steps).then_some(step as usize)
    }

    fn row_at(&self, y: f32) -> Option<usize> {
        let row = ((y - self.plot.top() + self.scroll.y) / ROW).floor();
        (self.plot.y_range().contains(y) && row >= 0.0 && (row as usize) < self.takes).then_some(row as usize)
    }
}

/// Draws the map into what is left of `ui`; `inspected` is the column that is marked.
pub fn take_map(
    ui: &mut Ui,
    look: &Look,
    view: &View,
    state: &mut TakeMapState,
    inspected: Option<u32>,
) -> Actions {
    let mut actions = Actions::new();
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Grid, true, look.text(Text::TakeMap)));
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, theme::WELL);
    let title = marks::corner_title(&painter, rect.min + vec2(10.0, 5.0), look.text(Text::TakeMap));
    let Some(score) = view.score().filter(|score| !score.path.steps.is_empty()) else {
        focus_ring(ui, &response, rect);
        response.on_hover_text_at_pointer(look.text(Text::TakeMapHint));
        return actions;
    };
    state.refresh(view, score);

    let plot = Rect::from_min_max(rect.min + vec2(GUTTER, HEADER), rect.max - vec2(10.0, COVERAGE + 8.0));
    let steps = score.path.steps.len();
    let column = column_width(plot.width(), steps);
    let most = vec2(
        (steps as f32 * column - plot.width()).max(0.0),
        (view.takes.len() as f32 * ROW - plot.height()).max(0.0),
    );
    navigate(ui, &response, view, state, inspected, &mut actions, steps);
    // Keep what is played, or looked at, in sight; but leave the view alone while that stays the same.
    let wanted = view.step().or(inspected.map(|step| step as usize));
    if wanted != state.shown {
        if let Some(step) = wanted {
            let x = step as f32 * column;
            if x < state.scroll.x + 2.0 * column || x > state.scroll.x + plot.width() - 6.0 * column {
                state.scroll.x = x - plot.width() / 3.0;
            }
        }
        state.shown = wanted;
    }
    state.scroll = state.scroll.clamp(egui::Vec2::ZERO, most);
    let grid = Grid { plot, column, scroll: state.scroll, steps, takes: view.takes.len() };

    header(&painter, &grid, rect, title, score, view);
    let inside = painter.with_clip_rect(plot.intersect(rect));
    let mut mesh = Mesh::default();
    let mut doubtful = Vec::new();
    for row in grid.visible_rows() {
        let Some((take, cells)) = state.rows.get(grid.takes - 1 - row) else { continue };
        let y = grid.y(row) + ROW / 2.0;
        if plot.y_range().contains(y) {
            let color = if take.recording { theme::WRONG_ON_CHROME } else { theme::DIM };
            let at = pos2(plot.left() - 8.0, y);
            painter.text(at, Align2::RIGHT_CENTER, take.number.to_string(), theme::text(10.0), color);
        }
        for step in grid.visible_steps() {
            let block = cell(&mut mesh, &grid, step, row, cells[step].played);
            if cells[step].doubts > 0 {
                doubtful.push(block);
            }
        }
    }
    inside.add(Shape::mesh(mesh));
    for block in doubtful {
        doubt(&inside, block);
    }
    if view.takes.is_empty() {
        let hint = look.text(Text::TakeMapHint);
        let galley = painter.layout(hint.to_owned(), theme::text(11.0), theme::DIM, plot.width() - 20.0);
        inside.galley(plot.center() - galley.size() / 2.0, galley, theme::DIM);
    }
    coverage(&painter, &grid, rect, view, look);
    if let Some(step) = inspected.map(|step| step as usize).filter(|step| *step < steps) {
        let column = Rect::from_min_max(
            pos2(grid.x(step) - 1.0, plot.top() - 2.0),
            pos2(grid.x(step) + grid.column, rect.bottom() - 3.0),
        );
        let edge = Stroke::new(1.5, theme::CURSOR_ON_CHROME);
        painter
            .with_clip_rect(Rect::from_x_y_ranges(plot.x_range().expand(2.0), rect.y_range()))
            .rect_stroke(column, 2.0, edge, egui::StrokeKind::Outside);
    }
    focus_ring(ui, &response, rect);

    let hovered = response.hover_pos().and_then(|at| Some((grid.step_at(at.x)?, grid.row_at(at.y))));
    if let Some((step, row)) = hovered {
        if response.clicked() {
            actions.push(Action::Inspect(step as u32));
            state.row = row.unwrap_or(0);
        }
        if response.double_clicked() {
            actions.push(Action::StartAt(score.path.steps[step].start.to_f64()));
        }
        let number = step_number(&score.path.steps[step]);
        let told = row.and_then(|row| state.rows.get(grid.takes - 1 - row)).map(|(take, cells)| {
            let cell = cells[step];
            let told = match cell.played {
                Played::Not => look.with(Text::CellNone, &[&take.number, &number]),
                Played::Clean => look.with(Text::CellClean, &[&take.number, &number]),
                Played::Partial => look.with(Text::CellPartial, &[&take.number, &number]),
                Played::Whole => look.with(Text::CellPlayed, &[&take.number, &number]),
                Played::Unsteady(count) | Played::Faulty(count) => {
                    look.with(Text::CellFaults, &[&take.number, &number, &count])
                }
            };
            match cell.doubts {
                0 => told,
                doubts => format!("{told}\n{}", look.with(Text::Doubts, &[&doubts])),
            }
        });
        response.on_hover_text_at_pointer(told.unwrap_or_else(|| look.with(Text::MeasureN, &[&number])));
    } else {
        response.on_hover_text_at_pointer(look.text(Text::TakeMapHint));
    }
    actions
}

fn navigate(
    ui: &Ui,
    response: &Response,
    view: &View,
    state: &mut TakeMapState,
    inspected: Option<u32>,
    actions: &mut Actions,
    steps: usize,
) {
    if response.hovered() {
        let scroll = ui.input(egui::InputState::smooth_scroll_delta);
        state.scroll -= scroll;
    }
    if response.dragged() {
        state.scroll -= response.drag_delta();
    }
    if !response.has_focus() {
        return;
    }
    let arrows = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..Default::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    let (across, down, enter) = ui.input(|input| {
        let pressed = |key| i64::from(input.key_pressed(key));
        (
            pressed(Key::ArrowRight) - pressed(Key::ArrowLeft),
            pressed(Key::ArrowDown) - pressed(Key::ArrowUp),
            input.key_pressed(Key::Enter),
        )
    });
    let here = inspected.map_or_else(|| view.step().unwrap_or(0), |step| step as usize);
    if across != 0 {
        let step = (here as i64 + across).clamp(0, steps as i64 - 1);
        actions.push(Action::Inspect(step as u32));
    }
    if down != 0 {
        state.row = (state.row as i64 + down).clamp(0, view.takes.len() as i64) as usize;
        state.scroll.y = state.row as f32 * ROW - ROW;
    }
    if enter && let Some(step) = view.score().and_then(|score| score.path.steps.get(here)) {
        actions.push(Action::StartAt(step.start.to_f64()));
    }
}

/// Clean is a full block, unsteady a block two thirds high, faulty a third, partial a faint one, one that nobody judged
/// yet a line in the middle: the shape tells what the colour does.
fn cell(mesh: &mut Mesh, grid: &Grid, step: usize, row: usize, played: Played) -> Rect {
    let gap = if grid.column > 7.0 { 1.0 } else { 0.0 };
    let left = grid.x(step);
    let block = Rect::from_min_max(
        pos2(left, grid.y(row) + 1.0),
        pos2(left + grid.column - gap, grid.y(row) + ROW - 1.0),
    );
    let part = |share: f32, color: Color32, mesh: &mut Mesh| {
        mesh.add_colored_rect(block.with_min_y(block.bottom() - block.height() * share), color);
    };
    match played {
        Played::Not => mesh.add_colored_rect(block, Color32::from_white_alpha(6)),
        Played::Partial => {
            mesh.add_colored_rect(block, Color32::from_white_alpha(44));
        }
        Played::Whole => {
            mesh.add_colored_rect(block, theme::CURSOR.gamma_multiply(0.25));
            let middle = block.shrink2(vec2(0.0, block.height() * 0.3));
            mesh.add_colored_rect(middle, theme::CURSOR_ON_CHROME.gamma_multiply(0.8));
        }
        Played::Clean => part(1.0, theme::OK, mesh),
        Played::Unsteady(_) => {
            mesh.add_colored_rect(block, theme::TIMING.gamma_multiply(0.22));
            part(0.66, theme::TIMING, mesh);
        }
        Played::Faulty(_) => {
            mesh.add_colored_rect(block, theme::WRONG.gamma_multiply(0.3));
            part(0.33, theme::WRONG, mesh);
        }
    }
    block
}

/// Where something is more likely no fault: a small question mark, or a dot where there is no room for one.
fn doubt(painter: &egui::Painter, block: Rect) {
    let color = theme::TEXT.gamma_multiply(0.85);
    if block.width() > 7.0 {
        marks::verdict(painter, block.center(), 3.4, Verdict::Doubt, color);
    } else {
        painter.rect_filled(Rect::from_center_size(block.center(), vec2(2.0, 2.0)), 0.0, color);
    }
}

/// Measure numbers, and where playing is.
fn header(painter: &egui::Painter, grid: &Grid, rect: Rect, title: Rect, score: &Score, view: &View) {
    let strip =
        painter.with_clip_rect(Rect::from_x_y_ranges(grid.plot.x_range().expand(12.0), rect.y_range()));
    let every = [1, 2, 5, 10, 20, 50, 100]
        .into_iter()
        .find(|every| *every as f32 * grid.column >= 34.0)
        .unwrap_or(200);
    for step in grid.visible_steps().filter(|step| step % every == 0) {
        let at = pos2(grid.x(step) + grid.column / 2.0, rect.top() + 5.0);
        let number = step_number(&score.path.steps[step]);
        let galley = strip.layout_no_wrap(number, theme::text(10.0), theme::DIM);
        let place = Align2::CENTER_TOP.anchor_size(at, galley.size());
        // A long title reaches over the first columns.
        if !place.intersects(title) {
            strip.galley(place.min, galley, theme::DIM);
        }
    }
    if let Some(step) = view.step() {
        let column = Rect::from_x_y_ranges(
            grid.x(step)..=grid.x(step) + grid.column,
            grid.plot.top() - 2.0..=rect.bottom() - 4.0,
        );
        strip.rect_filled(column, 1.0, theme::MEASURE.gamma_multiply(0.28));
        marks::more(&strip, pos2(column.center().x, grid.plot.top() - 4.0), 4.0, theme::MEASURE);
    }
}

fn coverage(painter: &egui::Painter, grid: &Grid, rect: Rect, view: &View, look: &Look) {
    let row = Rect::from_min_max(
        pos2(grid.plot.left(), rect.bottom() - COVERAGE - 4.0),
        pos2(grid.plot.right(), rect.bottom() - 4.0),
    );
    painter.hline(rect.x_range(), row.top() - 2.0, Stroke::new(1.0, theme::LINE));
    let at = pos2(row.left() - 8.0, row.center().y);
    painter.text(at, Align2::RIGHT_CENTER, look.text(Text::Covered), theme::strong(10.0), theme::DIM);
    let inside = painter.with_clip_rect(row.intersect(rect));
    let gap = if grid.column > 7.0 { 1.0 } else { 0.0 };
    let (mut clean, mut count) = (0usize, 0usize);
    for (step, covered) in view.coverage.iter().enumerate().take(grid.steps) {
        count += 1;
        clean += usize::from(!covered.clean.is_empty());
        if !grid.visible_steps().contains(&step) {
            continue;
        }
        let block = Rect::from_x_y_ranges(grid.x(step)..=grid.x(step) + grid.column - gap, row.y_range());
        if !covered.clean.is_empty() {
            inside.rect_filled(block, 0.0, theme::OK_ON_CHROME);
        } else if covered.takes.is_empty() {
            inside.rect_filled(block, 0.0, Color32::from_white_alpha(8));
        } else {
            inside.rect_filled(block, 0.0, theme::WRONG.gamma_multiply(0.25));
            marks::hatch(&inside, block, 6.0, Stroke::new(1.2, theme::WRONG_ON_CHROME));
        }
    }
    if count > 0 {
        let sum = look.with(Text::CoverageSum, &[&clean, &count]);
        let galley = painter.layout_no_wrap(sum, theme::text(10.0), theme::DIM);
        let at = pos2(rect.right() - 10.0 - galley.size().x, rect.top() + 5.0);
        // The header's numbers pass below this line of text.
        painter.rect_filled(Rect::from_min_size(at, galley.size()).expand2(vec2(8.0, 1.0)), 0.0, theme::WELL);
        painter.galley(at, galley, theme::DIM);
    }
}
