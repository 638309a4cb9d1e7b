//! Tempo along the score: this take bold, the others grey, the printed tempo dashed.

use super::look::Look;
use super::marks;
use super::strings::Text;
use super::theme;
use super::view::View;
use crate::units::Bpm;
use egui::{Align2, Rect, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

/// Draws the view into what is left of `ui`.
pub fn tempo_view(ui: &mut Ui, look: &Look, view: &View) {
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, look.text(Text::TempoView)));
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, theme::WELL);
    let title = marks::corner_title(&painter, rect.min + vec2(10.0, 6.0), look.text(Text::TempoView));
    let Some(score) = view.score() else { return };
    let end = score.path.end().to_f64().max(1.0);

    let plot = Rect::from_min_max(rect.min + vec2(64.0, 8.0), rect.max - vec2(10.0, 8.0));
    if !plot.is_positive() {
        return;
    }
    let (low, high) = range(view, score.path.tempos.iter().map(|change| change.tempo));
    let x = |beat: f64| plot.left() + plot.width() * (beat / end).clamp(0.0, 1.0) as f32;
    let y =
        |tempo: Bpm| plot.bottom() - plot.height() * ((tempo.0 - low) / (high - low)).clamp(0.0, 1.0) as f32;

    for bpm in grid(low, high) {
        let y = y(Bpm(bpm));
        painter.hline(plot.x_range(), y, Stroke::new(1.0, theme::LINE.gamma_multiply(0.7)));
        let galley = painter.layout_no_wrap(format!("{bpm}"), theme::text(10.0), theme::DIM);
        let label = Align2::RIGHT_CENTER.anchor_size(pos2(plot.left() - 6.0, y), galley.size());
        // The title stands where a high tempo's number would.
        if !label.intersects(title) {
            painter.galley(label.min, galley, theme::DIM);
        }
    }

    let mut printed = vec![pos2(x(0.0), y(score.path.tempo_at(0.0)))];
    for change in &score.path.tempos {
        let at = x(change.at.to_f64());
        if let Some(last) = printed.last().copied() {
            printed.push(pos2(at, last.y));
        }
        printed.push(pos2(at, y(change.tempo)));
    }
    if let Some(last) = printed.last().copied() {
        printed.push(pos2(plot.right(), last.y));
    }
    painter.extend(Shape::dashed_line(&printed, Stroke::new(1.0, theme::FAINT), 5.0, 4.0));

    let newest = view.tempos.len().saturating_sub(1);
    for (index, curve) in view.tempos.iter().enumerate() {
        let stroke = if index == newest {
            Stroke::new(2.0, theme::CURSOR_ON_CHROME)
        } else {
            Stroke::new(1.0, theme::FAINT)
        };
        for run in runs(&curve.points, plot.width() as usize) {
            painter.line(run.iter().map(|(beat, tempo)| pos2(x(*beat), y(*tempo))).collect(), stroke);
        }
    }
    if let (Some(beat), Some(report)) = (view.beat(), &view.position) {
        let at = pos2(x(beat), y(report.tempo));
        painter.vline(at.x, plot.y_range(), Stroke::new(1.0, theme::CURSOR_ON_CHROME.gamma_multiply(0.5)));
        painter.circle_filled(at, 3.5, theme::CURSOR_ON_CHROME);
    }
    response.on_hover_text(look.text(Text::TempoViewHint));
}

/// The tempos to show, lowest and highest, with some room and never without extent.
fn range(view: &View, printed: impl Iterator<Item = Bpm>) -> (f64, f64) {
    let played = view.tempos.iter().flat_map(|curve| curve.points.iter().map(|point| point.1));
    let (low, high) = played
        .chain(printed)
        .filter(|tempo| tempo.0.is_finite())
        .fold((f64::INFINITY, 0.0f64), |(low, high), tempo| (low.min(tempo.0), high.max(tempo.0)));
    if low > high {
        return (60.0, 180.0);
    }
    let room = ((high - low) * 0.15).max(8.0);
    ((low - room).max(0.0), high + room)
}

/// At most four round tempos between `low` and `high`.
fn grid(low: f64, high: f64) -> Vec<f64> {
    let step =
        [5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0].into_iter().find(|step| (high - low) / step <= 4.0);
    let step = step.unwrap_or(1000.0);
    let first = (low / step).ceil() as i64;
    (first..first + 5).map(|k| k as f64 * step).filter(|bpm| *bpm <= high).collect()
}

/// The stretches of a curve in which the path position goes on, thinned to at most two points a pixel.
fn runs(points: &[(f64, Bpm)], pixels: usize) -> Vec<Vec<(f64, Bpm)>> {
    let stride = (points.len() / (2 * pixels.max(1))).max(1);
    let mut runs = vec![Vec::new()];
    let mut last = f64::NEG_INFINITY;
    for point in points.iter().step_by(stride) {
        // A jump, back or far ahead, is not a line.
        if point.0 < last || point.0 > last + 4.0 + stride as f64 {
            runs.push(Vec::new());
        }
        last = point.0;
        if let Some(run) = runs.last_mut() {
            run.push(*point);
        }
    }
    runs.retain(|run| run.len() > 1);
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_breaks_where_playing_jumps() {
        let points: Vec<_> = [0.0, 1.0, 2.0, 0.5, 1.5, 30.0, 31.0].map(|beat| (beat, Bpm(90.0))).into();
        let lengths: Vec<_> = runs(&points, 1000).iter().map(Vec::len).collect();
        assert_eq!(lengths, [3, 2, 2]);
        assert!(runs(&points.repeat(1000), 100).iter().map(Vec::len).sum::<usize>() <= 400);
    }

    #[test]
    fn the_grid_stays_within_the_range() {
        for (low, high) in [(60.0, 180.0), (88.0, 96.0), (0.0, 3000.0)] {
            let grid = grid(low, high);
            assert!(!grid.is_empty() && grid.len() <= 5, "{grid:?}");
            assert!(grid.iter().all(|bpm| (low..=high).contains(bpm)), "{grid:?}");
        }
    }
}
