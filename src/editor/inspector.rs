//! One measure: which takes cover it, which is best, what is wrong in it. Without one, what is still to do.

use super::action::{Action, Actions};
use super::look::{Look, pitch_name, step_number};
use super::strings::Text;
use super::take_list::close_button;
use super::todo::{TodoState, todo};
use super::view::{TakeRow, Verdict, View};
use super::{marks, theme};
use crate::performance::{Fault, FaultKind};
use egui::{ScrollArea, Sense, Ui, vec2};

/// Draws the inspector of path step `step` into what is left of `ui`.
pub fn inspector(ui: &mut Ui, look: &Look, view: &View, step: Option<u32>, todos: &mut TodoState) -> Actions {
    let mut actions = Actions::new();
    let known = step.and_then(|step| Some((step, view.score()?.path.steps.get(step as usize)?)));
    let Some((index, step)) = known else {
        return todo(ui, look, view, todos);
    };
    ui.horizontal(|ui| {
        let title = look.with(Text::MeasureN, &[&step_number(step)]);
        ui.label(egui::RichText::new(title).font(theme::strong(15.0)));
        if step.pass > 1 {
            let pass = look.with(Text::Pass, &[&step.pass]);
            ui.label(egui::RichText::new(pass).color(theme::MEASURE).size(11.0));
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if close_button(ui, look.text(Text::TodoBack)).clicked() {
                actions.push(Action::CloseInspector);
            }
            let start = ui.button(look.text(Text::StartHere)).on_hover_text(look.text(Text::StartHereHint));
            if start.clicked() {
                actions.push(Action::StartAt(step.start.to_f64()));
            }
        });
    });
    let covered = view.coverage.get(index as usize);
    let (takes, clean) = covered.map_or((0, 0), |covered| (covered.takes.len(), covered.clean.len()));
    let summary = match (takes, clean) {
        (0, _) => look.text(Text::NeverPlayed).to_owned(),
        (_, 0) => {
            format!("{} – {}", look.with(Text::CoveredBy, &[&takes, &clean]), look.text(Text::NeverClean))
        }
        _ => look.with(Text::CoveredBy, &[&takes, &clean]),
    };
    ui.label(egui::RichText::new(summary).color(theme::DIM));

    let Some(best) = best(view, index) else { return actions };
    if !best.judged {
        ui.label(egui::RichText::new(look.with(Text::TodoJudging, &[&best.number])).color(theme::DIM));
        return actions;
    }
    ui.label(egui::RichText::new(look.with(Text::Best, &[&best.number])).color(theme::OK_ON_CHROME));
    ui.spacing_mut().item_spacing.y = 3.0;
    ScrollArea::vertical().id_salt("faults").auto_shrink(false).show(ui, |ui| {
        let here = |fault: &&Fault| fault.step == index;
        for fault in best.faults().filter(here).chain(best.doubts().filter(here)) {
            ui.horizontal(|ui| row(ui, look, view, best, fault));
        }
    });
    actions
}

/// One fault of a take, and when it was; a doubt is dimmed, and says how likely it is.
fn row(ui: &mut Ui, look: &Look, view: &View, of: &TakeRow, fault: &Fault) {
    let (rect, _) = ui.allocate_exact_size(vec2(14.0, 16.0), Sense::hover());
    let verdict = match fault.kind {
        _ if fault.is_doubt() => Verdict::Doubt,
        FaultKind::Wrong | FaultKind::Extra => Verdict::Wrong,
        FaultKind::Missed => Verdict::Missed,
        _ => Verdict::Timing,
    };
    marks::verdict(ui.painter(), rect.center(), 4.5, verdict, theme::verdict_color(verdict));
    let told = told(look, fault);
    if fault.is_doubt() {
        // Never rounded up to what is no doubt.
        let percent = (100.0 * fault.confidence).floor();
        let told = look.with(Text::FaultDoubt, &[&told, &percent]);
        let label = ui.label(egui::RichText::new(told).color(theme::DIM).size(12.0));
        label.on_hover_text(look.with(Text::FaultDoubtHint, &[&percent]));
    } else {
        ui.label(egui::RichText::new(told).size(12.0));
    }
    let into = fault.at.0 - of.take.start.0;
    let (at, hint) = match of.host_start {
        // As it is written to files.
        Some(start) => {
            let latency_s = f64::from(view.settings.recording_latency_ms) / 1000.0;
            (start.0 + into - latency_s, Text::AtHost)
        }
        None => (into, Text::AtTake),
    };
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        let at = egui::RichText::new(clock(at)).color(theme::DIM).size(11.0);
        ui.label(at).on_hover_text(look.text(hint));
    });
}

/// A time as `m:ss.s`.
fn clock(seconds: f64) -> String {
    let tenths = (seconds.max(0.0) * 10.0).round() as u64;
    format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

/// The take to use for a step: judged before unjudged, clean before faulty, more stars before fewer, later before earlier.
fn best(view: &View, step: u32) -> Option<&TakeRow> {
    let covered = view.coverage.get(step as usize)?;
    covered.takes.iter().filter_map(|index| view.takes.get(*index as usize)).map(AsRef::as_ref).max_by_key(
        |row| {
            let faults = row.faults().filter(|fault| fault.step == step).count();
            (row.judged, std::cmp::Reverse(faults), row.stars, row.number)
        },
    )
}

fn told(look: &Look, fault: &Fault) -> String {
    let mut pitch = fault.pitch.map(pitch_name).unwrap_or_default();
    if let Some(cents) = fault.cents {
        pitch.push_str(&format!(" {cents:+.0} ct"));
    }
    let text = match fault.kind {
        FaultKind::Wrong => Text::FaultWrong,
        FaultKind::Missed => Text::FaultMissed,
        FaultKind::Extra => Text::FaultExtra,
        FaultKind::Stutter => Text::FaultStutter,
        FaultKind::Hesitation => Text::FaultHesitation,
        FaultKind::Timing => Text::FaultTiming,
        FaultKind::Intonation => Text::FaultIntonation,
    };
    look.with(text, &[&pitch]).trim_end().to_owned()
}
