//! What is heard over what is written, along stream time: the past to the left of the cursor, what is expected to
//! the right.

use super::look::{Look, step_number};
use super::strings::Text;
use super::top_bar::focus_ring;
use super::view::{Verdict, View};
use super::{marks, theme};
use crate::performance::FollowState;
use crate::score::{PathNote, PlayingPath};
use crate::units::{HOP_S, KEYS, Pitch};
use egui::{
    Align2, Color32, ColorImage, CornerRadius, Key, Painter, Rect, Response, Sense, Shape, Stroke,
    TextureHandle, TextureOptions, Ui,
};
use egui::{EventFilter, Role, WidgetInfo, pos2, vec2};
use std::sync::Arc;

/// Where the roll is looked at.
#[derive(Clone)]
pub struct RollState {
    /// What notes were made of, as a picture: a column of pixels for each of its columns.
    shade: Option<(Arc<[[u8; KEYS]]>, TextureHandle)>,
    /// Seconds from edge to edge, 2-60.
    span_s: f64,
    /// Seconds that the view is behind now, 0-60.
    back_s: f64,
}

impl Default for RollState {
    fn default() -> Self {
        RollState { shade: None, span_s: 12.0, back_s: 0.0 }
    }
}

impl std::fmt::Debug for RollState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RollState").field("span_s", &self.span_s).field("back_s", &self.back_s).finish()
    }
}

/// Where "now" stands across the roll.
const NOW_AT: f64 = 0.62;
/// Nobody plays where the input stays below this, in dB.
const SILENCE_DB: f32 = -60.0;
/// Playing that moves on by more than this between two points of the trail has jumped, in beats.
const JUMP_BEATS: f64 = 1.5;

/// A stretch of stream time in which the path position moved evenly.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Run {
    from_s: f64,
    to_s: f64,
    from_beat: f64,
    to_beat: f64,
}

impl Run {
    fn time(&self, beat: f64) -> f64 {
        let beats = self.to_beat - self.from_beat;
        if beats > 0.0 {
            self.from_s + (beat - self.from_beat) / beats * (self.to_s - self.from_s)
        } else {
            self.from_s
        }
    }

    fn seconds_per_beat(&self) -> f64 {
        let beats = self.to_beat - self.from_beat;
        if beats > 1e-3 { ((self.to_s - self.from_s) / beats).min(4.0) } else { 0.5 }
    }
}

struct Axes {
    plot: Rect,
    left_s: f64,
    span_s: f64,
    lowest: f64,
    lane: f32,
}

impl Axes {
    fn x(&self, at_s: f64) -> f32 {
        self.plot.left() + ((at_s - self.left_s) / self.span_s) as f32 * self.plot.width()
    }

    fn lane(&self, pitch: Pitch) -> Rect {
        let bottom = self.plot.bottom() - (f64::from(pitch.0) - self.lowest) as f32 * self.lane;
        Rect::from_x_y_ranges(self.plot.x_range(), bottom - self.lane..=bottom)
    }
}

/// Draws the roll into what is left of `ui`.
pub fn roll(ui: &mut Ui, look: &Look, view: &View, state: &mut RollState) {
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, look.text(Text::Roll)));
    navigate(ui, &response, rect, state);

    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, theme::WELL);
    let (lowest, highest) = pitch_range(view);
    let plot = Rect::from_min_max(rect.min + vec2(0.0, 14.0), rect.max - vec2(0.0, 2.0));
    let axes = Axes {
        plot,
        left_s: view.now.0 - state.back_s - NOW_AT * state.span_s,
        span_s: state.span_s,
        lowest: f64::from(lowest) - 0.5,
        lane: plot.height() / (f32::from(highest) - f32::from(lowest) + 2.0),
    };

    lanes(&painter, &axes, lowest, highest);
    shade(&painter, &axes, view, state);
    if let Some(score) = view.score() {
        for run in runs(view, &axes) {
            written(&painter, &axes, view, &score.path, run, false);
        }
        if let Some(run) = expected(view, &axes) {
            written(&painter, &axes, view, &score.path, run, true);
        }
    }
    if view.heard.is_empty() && view.level.peak_db < SILENCE_DB {
        let hint = look.text(Text::NothingHeard).to_owned();
        let galley = painter.layout(hint, theme::text(12.0), theme::DIM, plot.width() * NOW_AT as f32 - 40.0);
        painter.galley(plot.left_top() + vec2(30.0, 12.0), galley, theme::DIM);
    }
    for note in &view.heard {
        let end = note.offset.map_or(view.now.0, |offset| offset.0);
        let x = axes.x(note.onset.0)..=axes.x(end).max(axes.x(note.onset.0) + 3.0);
        if *x.end() < rect.left() || *x.start() > rect.right() {
            continue;
        }
        let lane = axes.lane(note.pitch);
        let thickness = axes.lane.clamp(3.0, 10.0);
        let bar =
            Rect::from_x_y_ranges(x, lane.center().y - thickness / 2.0..=lane.center().y + thickness / 2.0);
        let color = theme::verdict_color(note.verdict);
        let strength = 0.45 + 0.55 * f32::from(note.velocity) / 127.0;
        painter.rect_filled(bar, CornerRadius::same(2), color.gamma_multiply(strength));
        if matches!(note.verdict, Verdict::Wrong | Verdict::Timing) {
            marks::verdict(&painter, bar.left_center() - vec2(7.0, 0.0), 4.0, note.verdict, color);
        }
    }
    now_line(&painter, &axes, view, rect);

    marks::corner_title(&painter, rect.min + vec2(10.0, 4.0), look.text(Text::Roll));
    if state.back_s > 0.0 {
        let label = format!("{}  {:.0} s", look.text(Text::Now), -state.back_s);
        let at = rect.right_top() + vec2(-10.0, 4.0);
        painter.text(at, Align2::RIGHT_TOP, label, theme::strong(11.0), theme::CURSOR_ON_CHROME);
    }
    focus_ring(ui, &response, rect);
    response.on_hover_text_at_pointer(look.text(Text::RollHint));
}

fn navigate(ui: &Ui, response: &Response, rect: Rect, state: &mut RollState) {
    let mut zoom = 1.0f64;
    let mut back = 0.0;
    if response.hovered() {
        let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta(), input.zoom_delta()));
        zoom *= (f64::from(-scroll.y) / 300.0).exp() / f64::from(pinch);
        back += f64::from(scroll.x) / f64::from(rect.width()) * state.span_s;
    }
    if response.dragged() {
        back += f64::from(response.drag_delta().x) / f64::from(rect.width()) * state.span_s;
    }
    if response.has_focus() {
        let arrows = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..Default::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
        ui.input(|input| {
            let pressed = |key| f64::from(u8::from(input.key_pressed(key)));
            back += (pressed(Key::ArrowLeft) - pressed(Key::ArrowRight)) * state.span_s / 8.0;
            zoom *= (0.25 * (pressed(Key::ArrowDown) - pressed(Key::ArrowUp))).exp();
            if input.key_pressed(Key::Home) {
                back = -state.back_s;
            }
        });
    }
    if response.double_clicked() {
        *state = RollState { shade: state.shade.take(), ..RollState::default() };
    } else {
        state.span_s = (state.span_s * zoom).clamp(2.0, 60.0);
        state.back_s = (state.back_s + back).clamp(0.0, 60.0);
    }
}

/// Lowest and highest pitch to show, at least two octaves apart.
fn pitch_range(view: &View) -> (u8, u8) {
    let written = view.score().map(|score| score.path.notes.as_slice()).unwrap_or_default();
    let pitches = written.iter().map(|note| note.pitch.0).chain(view.heard.iter().map(|note| note.pitch.0));
    let (low, high) = pitches.fold((127, 0), |(low, high), pitch| (pitch.min(low), pitch.max(high)));
    if low > high {
        return (36, 84);
    }
    let missing = 24u8.saturating_sub(high - low);
    (low.saturating_sub(missing / 2), (high + missing.div_ceil(2)).min(127))
}

fn lanes(painter: &Painter, axes: &Axes, lowest: u8, highest: u8) {
    for pitch in lowest..=highest {
        let lane = axes.lane(Pitch(pitch));
        match pitch % 12 {
            0 => {
                painter.hline(
                    lane.x_range(),
                    lane.bottom(),
                    Stroke::new(1.0, theme::LINE.gamma_multiply(0.8)),
                );
                let at = lane.left_bottom() + vec2(4.0, -axes.lane / 2.0);
                let name = format!("C{}", i32::from(pitch) / 12 - 1);
                painter.text(at, Align2::LEFT_CENTER, name, theme::text(9.0), theme::FAINT);
            }
            1 | 3 | 6 | 8 | 10 if axes.lane >= 3.0 => {
                painter.rect_filled(lane, 0.0, Color32::from_black_alpha(28));
            }
            _ => {}
        }
    }
}

/// What notes were made of: the stronger, the likelier.
fn shade(painter: &Painter, axes: &Axes, view: &View, state: &mut RollState) {
    let columns = &view.shading.columns;
    if columns.is_empty() {
        state.shade = None;
        return;
    }
    if !state.shade.as_ref().is_some_and(|(known, _)| Arc::ptr_eq(known, columns)) {
        let pixels = (0..KEYS).rev().flat_map(|key| columns.iter().map(move |keys| shade_of(keys[key])));
        let image = ColorImage::new([columns.len(), KEYS], pixels.collect());
        match &mut state.shade {
            Some((known, texture)) => {
                texture.set(image, TextureOptions::LINEAR);
                *known = columns.clone();
            }
            none => {
                let texture = painter.ctx().load_texture("shading", image, TextureOptions::LINEAR);
                *none = Some((columns.clone(), texture));
            }
        }
    }
    let Some((_, texture)) = &state.shade else { return };
    let (low, high) = (axes.lane(Pitch::from_key(0)), axes.lane(Pitch::from_key(KEYS - 1)));
    let rect = Rect::from_x_y_ranges(
        axes.x(view.shading.from.0)..=axes.x(view.shading.to().0),
        high.top()..=low.bottom(),
    );
    let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    painter.with_clip_rect(axes.plot).image(texture.id(), rect, uv, Color32::WHITE);
}

/// Weak evidence is everywhere and says nothing: it is left dark.
fn shade_of(probability: u8) -> Color32 {
    let strength = (f32::from(probability) / 255.0 - 0.08).max(0.0) / 0.92;
    theme::CURSOR_ON_CHROME.gamma_multiply(0.42 * strength)
}

/// The visible past as stretches of even movement, from the trail.
fn runs(view: &View, axes: &Axes) -> Vec<Run> {
    let visible = axes.left_s - 4.0..=axes.left_s + axes.span_s;
    // Movement between points closer than a few hops is finer than a pixel.
    let coarse = (axes.span_s / f64::from(axes.plot.width().max(1.0))).max(4.0 * HOP_S);
    let mut runs = Vec::new();
    let mut from: Option<(f64, f64)> = None;
    for point in view.trail.iter().filter(|point| visible.contains(&point.at.0)) {
        let Some(beat) = point.beat else {
            from = None;
            continue;
        };
        let here = (point.at.0, beat);
        match from {
            Some((from_s, from_beat)) if !(0.0..JUMP_BEATS).contains(&(beat - from_beat)) => {
                debug_assert!(from_s <= here.0, "the trail is in time order");
                from = Some(here);
            }
            Some((from_s, from_beat)) if here.0 - from_s >= coarse => {
                runs.push(Run { from_s, to_s: here.0, from_beat, to_beat: beat });
                from = Some(here);
            }
            Some(_) => {}
            None => from = Some(here),
        }
    }
    runs
}

/// What comes next, if playing goes on as it does.
fn expected(view: &View, axes: &Axes) -> Option<Run> {
    let report = view.position.as_ref()?;
    let beat = report.beat?;
    if report.state == FollowState::Lost
        || view.transport.held
        || report.tempo.0.is_nan()
        || report.tempo.0 < 1.0
    {
        return None;
    }
    let ahead_s = axes.left_s + axes.span_s - view.now.0;
    let to_beat = beat + ahead_s / report.tempo.seconds_per_beat();
    (ahead_s > 0.0).then_some(Run {
        from_s: view.now.0,
        to_s: view.now.0 + ahead_s,
        from_beat: beat,
        to_beat,
    })
}

/// The written notes and measure lines that `run` passes.
fn written(painter: &Painter, axes: &Axes, view: &View, path: &PlayingPath, run: Run, ahead: bool) {
    let from = path.notes.partition_point(|note| note.onset.to_f64() < run.from_beat);
    let to = path.notes.partition_point(|note| note.onset.to_f64() < run.to_beat);
    for index in from..to {
        let verdict = view.verdicts.get(index).copied().unwrap_or_default();
        ghost(painter, axes, &path.notes[index], run, verdict, ahead);
    }
    let from = path.steps.partition_point(|step| step.start.to_f64() < run.from_beat);
    let to = path.steps.partition_point(|step| step.start.to_f64() < run.to_beat);
    let strength = if ahead { 0.5 } else { 1.0 };
    for step in &path.steps[from..to] {
        let x = axes.x(run.time(step.start.to_f64())).round() + 0.5;
        painter.vline(x, axes.plot.y_range(), Stroke::new(1.0, theme::FAINT.gamma_multiply(0.7 * strength)));
        // The panel's title stands at the left.
        if x < axes.plot.left() + 56.0 {
            continue;
        }
        let at = pos2(x + 3.0, axes.plot.top() - 11.0);
        let color = theme::DIM.gamma_multiply(0.6 + 0.4 * strength);
        painter.text(at, Align2::LEFT_TOP, step_number(step), theme::text(10.0), color);
    }
}

fn ghost(painter: &Painter, axes: &Axes, note: &PathNote, run: Run, verdict: Verdict, ahead: bool) {
    let onset = run.time(note.onset.to_f64());
    let length = (note.duration.to_f64() * run.seconds_per_beat()).max(0.04);
    let lane = axes.lane(note.pitch);
    let thickness = axes.lane.clamp(3.0, 10.0);
    let right = axes.x(onset + length) - 1.0;
    let bar = Rect::from_x_y_ranges(
        axes.x(onset)..=right.max(axes.x(onset) + 2.0),
        lane.center().y - thickness / 2.0..=lane.center().y + thickness / 2.0,
    );
    if verdict == Verdict::Missed && !ahead {
        let color = theme::verdict_color(verdict);
        painter.rect_stroke(bar, 2.0, Stroke::new(1.0, color), egui::StrokeKind::Inside);
        marks::verdict(painter, bar.left_center() - vec2(7.0, 0.0), 3.5, verdict, color);
    } else {
        let fill = theme::FAINT.gamma_multiply(if ahead { 0.75 } else { 0.55 });
        painter.rect_filled(bar, 2.0, fill);
        if verdict == Verdict::Doubt && !ahead {
            let color = theme::verdict_color(verdict);
            marks::verdict(painter, bar.left_center() - vec2(7.0, 0.0), 3.5, verdict, color);
        }
    }
}

fn now_line(painter: &Painter, axes: &Axes, view: &View, rect: Rect) {
    let x = axes.x(view.now.0);
    if !rect.x_range().contains(x) {
        return;
    }
    let state = view.position.as_ref().map_or(FollowState::Following, |report| report.state);
    let color = theme::CURSOR_ON_CHROME;
    match state {
        FollowState::Following => {
            painter.vline(x, axes.plot.y_range(), Stroke::new(1.5, color));
        }
        FollowState::Unsure | FollowState::Waiting => {
            painter.vline(x, axes.plot.y_range(), Stroke::new(1.5, color.gamma_multiply(0.5)));
        }
        FollowState::Lost => {
            let ends = [pos2(x, axes.plot.top()), pos2(x, axes.plot.bottom())];
            painter.extend(Shape::dashed_line(&ends, Stroke::new(1.5, color), 5.0, 4.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::editor::view::TrailPoint;
    use crate::units::Seconds;

    #[test]
    fn the_past_breaks_where_playing_jumps_or_is_not_known() {
        let view = View {
            trail: (0..100)
                .map(|k| TrailPoint {
                    at: Seconds(f64::from(k) * 0.1),
                    beat: match k {
                        40..50 => None,
                        70.. => Some(f64::from(k - 70) * 0.2),
                        _ => Some(f64::from(k) * 0.2),
                    },
                })
                .collect(),
            now: Seconds(10.0),
            ..View::default()
        };
        let plot = Rect::from_min_size(egui::Pos2::ZERO, vec2(1200.0, 100.0));
        let axes = Axes { plot, left_s: 0.0, span_s: 12.0, lowest: 20.0, lane: 3.0 };
        let runs = runs(&view, &axes);
        assert_eq!(runs.len(), 39 + 19 + 29);
        assert!(runs.iter().all(|run| (run.seconds_per_beat() - 0.5).abs() < 1e-9), "{runs:?}");
        assert!((runs[10].time(runs[10].from_beat + 0.1) - runs[10].from_s - 0.05).abs() < 1e-9);
    }

    #[test]
    fn the_pitch_range_is_never_narrow() {
        assert_eq!(pitch_range(&View::default()), (36, 84));
        let note = |pitch| super::super::view::HeardNote {
            onset: Seconds(0.0),
            offset: None,
            pitch: Pitch(pitch),
            velocity: 64,
            verdict: Verdict::Open,
        };
        let view = View { heard: vec![note(126)], ..View::default() };
        let (low, high) = pitch_range(&view);
        assert!(high <= 127 && low < 120);
        let view = View { heard: vec![note(21), note(108)], ..View::default() };
        assert_eq!(pitch_range(&view), (21, 108));
    }
}
