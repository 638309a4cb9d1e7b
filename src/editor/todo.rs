//! What is still to do: the measures that no take covers cleanly, worst first.

use super::action::{Action, Actions};
use super::look::{Look, step_range};
use super::strings::Text;
use super::take_list::heading;
use super::theme;
use super::top_bar::focus_ring;
use super::view::View;
use crate::performance::Coverage;
use egui::{Align2, Color32, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

/// Height of a line.
const ROW: f32 = 20.0;
/// Width of the measures' numbers.
const NUMBERS: f32 = 62.0;

/// One passage that wants another take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Todo {
    from: u32,
    to: u32,
    /// Number and faults of the take with the fewest; `None` where nobody has played it.
    best: Option<(u32, usize)>,
}

/// The list, as long as the book stays the same.
#[derive(Clone, Debug, Default)]
pub struct TodoState {
    of: Option<Arc<[Coverage]>>,
    todos: Vec<Todo>,
}

impl TodoState {
    fn refresh(&mut self, view: &View) {
        if self.of.as_ref().is_some_and(|known| Arc::ptr_eq(known, &view.coverage)) {
            return;
        }
        self.todos = todos(view);
        self.of = Some(view.coverage.clone());
    }
}

/// What is still to do: measures with faults before those that nobody has played, the most faults first.
fn todos(view: &View) -> Vec<Todo> {
    let mut faults: HashMap<(u32, u32), usize> = HashMap::new();
    for (row, index) in view.takes.iter().zip(0..) {
        for fault in row.faults() {
            *faults.entry((index, fault.step)).or_default() += 1;
        }
    }
    let mut todos: Vec<Todo> = Vec::new();
    for (covered, step) in view.coverage.iter().zip(0..).filter(|(covered, _)| covered.clean.is_empty()) {
        if covered.takes.is_empty() {
            match todos.last_mut().filter(|last| last.best.is_none() && last.to + 1 == step) {
                Some(last) => last.to = step,
                None => todos.push(Todo { from: step, to: step, best: None }),
            }
            continue;
        }
        let judged = covered.takes.iter().filter_map(|index| {
            let row = view.takes.get(*index as usize).filter(|row| row.judged)?;
            Some((row.number, faults.get(&(*index, step)).copied().unwrap_or(0)))
        });
        // Where all that covers it waits to be judged, nobody knows yet.
        if let Some(best) = judged.min_by_key(|(number, faults)| (*faults, Reverse(*number))) {
            todos.push(Todo { from: step, to: step, best: Some(best) });
        }
    }
    todos.sort_by_key(|todo| (todo.best.is_none(), Reverse(todo.best.map_or(0, |best| best.1))));
    todos
}

/// Draws the list into what is left of `ui`, or what is to be done before there is one.
pub fn todo(ui: &mut Ui, look: &Look, view: &View, state: &mut TodoState) -> Actions {
    let mut actions = Actions::new();
    state.refresh(view);
    let measures = state.todos.iter().map(|todo| (todo.to + 1 - todo.from) as usize).sum();
    let has_takes = view.takes.iter().any(|row| !row.recording);
    heading(ui, look.text(Text::TodoTitle), Some(measures).filter(|_| has_takes));
    let say = |ui: &mut Ui, text: String| {
        ui.label(egui::RichText::new(text).color(theme::DIM).size(12.0));
    };
    if !has_takes {
        say(ui, look.text(Text::TodoWaits).to_owned());
        return actions;
    }
    let unjudged = view.takes.iter().rev().find(|row| !row.judged && !row.recording);
    if let Some(row) = unjudged {
        say(ui, look.with(Text::TodoJudging, &[&row.number]));
    } else if state.todos.is_empty() && !view.coverage.is_empty() {
        say(ui, look.text(Text::TodoDone).to_owned());
    }
    ui.spacing_mut().item_spacing.y = 1.0;
    ScrollArea::vertical().id_salt("todo").auto_shrink(false).show_rows(
        ui,
        ROW,
        state.todos.len(),
        |ui, rows| {
            for todo in &state.todos[rows] {
                actions.extend(row(ui, look, view, todo));
            }
        },
    );
    actions
}

fn row(ui: &mut Ui, look: &Look, view: &View, todo: &Todo) -> Option<Action> {
    let mut numbers = step_range(view, todo.from as usize, todo.to as usize);
    let step = view.score().and_then(|score| score.path.steps.get(todo.from as usize));
    if let Some(step) = step.filter(|step| step.pass > 1) {
        // As the light notation numbers them.
        numbers += &format!(" ({})", step.pass);
    }
    let reason = match todo.best {
        Some((take, faults)) => look.with(Text::TodoBest, &[&take, &faults]),
        None => look.text(Text::NeverPlayed).to_owned(),
    };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let spoken = format!("{}: {reason}", look.with(Text::MeasureN, &[&numbers]));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &spoken));
    let fill = if response.hovered() { theme::RAISED } else { Color32::TRANSPARENT };
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 4.0, fill);
    let at = rect.left_center() + vec2(6.0, 0.0);
    painter.text(at, Align2::LEFT_CENTER, numbers, theme::strong(12.0), theme::TEXT);
    let color = if todo.best.is_some() { theme::WRONG_ON_CHROME } else { theme::DIM };
    let at = rect.left_center() + vec2(NUMBERS, 0.0);
    painter.text(at, Align2::LEFT_CENTER, reason, theme::text(12.0), color);
    focus_ring(ui, &response, rect);
    let clicked = response.clicked();
    response.on_hover_text(format!("{spoken}\n{}", look.text(Text::TodoHint)));
    clicked.then_some(Action::Inspect(todo.from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::editor::TakeRow;
    use crate::performance::{Fault, FaultKind, Take};
    use crate::units::Seconds;

    #[test]
    fn the_worst_measure_comes_first_and_what_nobody_judged_is_not_blamed() {
        let fault = |step, confidence| Fault {
            kind: FaultKind::Wrong,
            at: Seconds(0.0),
            step,
            beat: 0.0,
            pitch: None,
            note: None,
            confidence,
            cents: None,
        };
        // What is more likely no fault does not count.
        let doubts = [(1, 0.49), (2, 0.4), (2, 0.35)];
        let take = |number, faults: &[u32], judged| {
            Arc::new(TakeRow {
                number,
                take: Take {
                    start: Seconds(0.0),
                    end: Seconds(9.0),
                    host_start: None,
                    beats: vec![],
                    stretches: vec![],
                    faults: faults
                        .iter()
                        .map(|step| (*step, 1.0))
                        .chain(doubts)
                        .map(|(step, confidence)| fault(step, confidence))
                        .collect(),
                    voices: vec![],
                },
                name: String::new(),
                comment: String::new(),
                stars: 0,
                rejected: false,
                recording: false,
                judged,
                host_start: None,
            })
        };
        let covered =
            |step, takes: &[u32], clean: &[u32]| Coverage { step, takes: takes.into(), clean: clean.into() };
        let view = View {
            takes: vec![take(1, &[1, 2, 2], true), take(2, &[1, 1, 2, 2, 2], true), take(3, &[], false)],
            coverage: Arc::new([
                covered(0, &[0, 1], &[0, 1]),
                covered(1, &[0, 1], &[]),
                covered(2, &[0, 1, 2], &[]),
                covered(3, &[2], &[]),
                covered(4, &[], &[]),
                covered(5, &[], &[]),
            ]),
            ..View::default()
        };
        let expected = [
            Todo { from: 2, to: 2, best: Some((1, 2)) },
            Todo { from: 1, to: 1, best: Some((1, 1)) },
            Todo { from: 4, to: 5, best: None },
        ];
        assert_eq!(todos(&view), expected);
    }
}
