//! The shapes that double every colour, and the small icons: drawn, not typed, so that no font need have them.

use super::theme;
use super::view::Verdict;
use crate::performance::FollowState;
use egui::epaint::{Mesh, PathShape, Vertex, WHITE_UV};
use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, Vec2, pos2, vec2};
use std::f32::consts::{PI, TAU};

/// ok ●, timing ◐, wrong ✗, missed ○, doubt ?, open ·
pub fn verdict(painter: &Painter, center: Pos2, radius: f32, verdict: Verdict, color: Color32) {
    match verdict {
        Verdict::Open => {
            painter.circle_filled(center, radius * 0.35, color);
        }
        Verdict::Ok => {
            painter.circle_filled(center, radius, color);
        }
        Verdict::Timing => half_disc(painter, center, radius, color),
        Verdict::Wrong => cross(painter, center, radius * 0.85, Stroke::new(radius * 0.45, color)),
        Verdict::Missed => {
            painter.circle_stroke(center, radius * 0.85, Stroke::new(radius * 0.35, color));
        }
        Verdict::Doubt => question(painter, center, radius, color),
    }
}

/// following ●, unsure ◐, lost ✗, waiting ○
pub fn state(painter: &Painter, center: Pos2, radius: f32, state: FollowState, color: Color32) {
    let shape = match state {
        FollowState::Following => Verdict::Ok,
        FollowState::Unsure => Verdict::Timing,
        FollowState::Lost => Verdict::Wrong,
        FollowState::Waiting => Verdict::Missed,
    };
    verdict(painter, center, radius, shape, color);
}

fn half_disc(painter: &Painter, center: Pos2, radius: f32, color: Color32) {
    painter.circle_stroke(center, radius * 0.88, Stroke::new(radius * 0.24, color));
    let arc = (0..=12).map(|k| center + radius * Vec2::angled(PI / 2.0 + PI * k as f32 / 12.0)).collect();
    painter.add(PathShape::convex_polygon(arc, color, Stroke::NONE));
}

/// ?
fn question(painter: &Painter, center: Pos2, radius: f32, color: Color32) {
    let bend = radius * 0.52;
    let hook = center - vec2(0.0, radius * 0.45);
    // From the left over the top to the right, and down to the middle.
    let mut line: Vec<Pos2> =
        (0..=15).map(|k| hook + bend * Vec2::angled(PI + 1.5 * PI * k as f32 / 15.0)).collect();
    line.push(center + vec2(0.0, radius * 0.42));
    painter.line(line, Stroke::new(radius * 0.32, color));
    painter.circle_filled(center + vec2(0.0, radius * 0.9), radius * 0.23, color);
}

/// ✗
pub fn cross(painter: &Painter, center: Pos2, radius: f32, stroke: Stroke) {
    let d = vec2(radius, radius);
    painter.line_segment([center - d, center + d], stroke);
    painter.line_segment([center + vec2(-radius, radius), center + vec2(radius, -radius)], stroke);
}

/// Two upright lines: held.
pub fn pause(painter: &Painter, center: Pos2, radius: f32, color: Color32) {
    for x in [-0.5, 0.5] {
        painter.line_segment(
            [center + vec2(x * radius, -0.8 * radius), center + vec2(x * radius, 0.8 * radius)],
            Stroke::new(radius * 0.45, color),
        );
    }
}

/// ★ or ☆
pub fn star(painter: &Painter, center: Pos2, radius: f32, filled: bool, color: Color32) {
    let point = |k: usize| {
        let reach = if k.is_multiple_of(2) { radius } else { radius * 0.45 };
        center + reach * Vec2::angled(-PI / 2.0 + PI * k as f32 / 5.0)
    };
    if filled {
        let mut mesh = Mesh::default();
        mesh.vertices.push(vertex(center, color));
        mesh.vertices.extend((0..10).map(|k| vertex(point(k), color)));
        for k in 0..10u32 {
            mesh.add_triangle(0, 1 + k, 1 + (k + 1) % 10);
        }
        painter.add(Shape::mesh(mesh));
    }
    let edge = Stroke::new(1.0, color);
    painter.add(Shape::closed_line((0..10).map(point).collect(), edge));
}

/// A small triangle that says "there is more below".
pub fn more(painter: &Painter, center: Pos2, radius: f32, color: Color32) {
    let points = vec![
        center + vec2(-radius, -radius * 0.5),
        center + vec2(radius, -radius * 0.5),
        center + vec2(0.0, radius * 0.7),
    ];
    painter.add(PathShape::convex_polygon(points, color, Stroke::NONE));
}

/// Three sliders: settings.
pub fn sliders(painter: &Painter, center: Pos2, radius: f32, color: Color32, back: Color32) {
    for (row, knob) in [(-0.7, 0.35), (0.0, -0.4), (0.7, 0.15)] {
        let y = center.y + row * radius;
        painter
            .line_segment([pos2(center.x - radius, y), pos2(center.x + radius, y)], Stroke::new(1.5, color));
        painter.circle(pos2(center.x + knob * radius, y), radius * 0.28, back, Stroke::new(1.5, color));
    }
}

/// A quarter note, upright, `height` points tall, standing on `foot`.
pub fn quarter(painter: &Painter, foot: Pos2, height: f32, color: Color32) {
    let head = vec2(height * 0.2, height * 0.14);
    let center = foot - vec2(0.0, head.y);
    painter.add(ellipse(center, head, -0.35, color));
    let stem = center.x + head.x * 0.88;
    painter.line_segment(
        [pos2(stem, center.y - head.y * 0.3), pos2(stem, foot.y - height)],
        Stroke::new((height * 0.08).max(1.0), color),
    );
}

/// A filled ellipse with half axes `half`, turned by `angle` radians.
fn ellipse(center: Pos2, half: Vec2, angle: f32, color: Color32) -> Shape {
    let turn = egui::emath::Rot2::from_angle(angle);
    let points = (0..20)
        .map(|k| {
            let (sin, cos) = (TAU * k as f32 / 20.0).sin_cos();
            center + turn * vec2(half.x * cos, half.y * sin)
        })
        .collect();
    PathShape::convex_polygon(points, color, Stroke::NONE).into()
}

/// Slanting lines over `rect`: something is missing here.
pub fn hatch(painter: &Painter, rect: Rect, step: f32, stroke: Stroke) {
    let clipped = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
    // Lines keep their place when neighbouring rectangles are hatched apart, because they are laid on one grid.
    let visible = rect.intersect(painter.clip_rect());
    if !visible.is_positive() {
        return;
    }
    let first = ((visible.left() + visible.top()) / step).floor() as i64;
    let last = ((visible.right() + visible.bottom()) / step).ceil() as i64;
    for k in first..=last {
        let sum = k as f32 * step;
        clipped.line_segment(
            [pos2(sum - rect.bottom(), rect.bottom()), pos2(sum - rect.top(), rect.top())],
            stroke,
        );
    }
}

/// The score's cursor: solid when following, faded when unsure or waiting, a dashed band when lost.
///
/// `band`: the last sure measure's extent, for the lost cursor.
pub fn cursor(
    painter: &Painter,
    x: f32,
    y: egui::Rangef,
    band: egui::Rangef,
    state: FollowState,
    color: Color32,
) {
    match state {
        FollowState::Following => flagged_line(painter, x, y, Stroke::new(2.0, color)),
        FollowState::Unsure | FollowState::Waiting => {
            flagged_line(painter, x, y, Stroke::new(2.0, color.gamma_multiply(0.45)));
        }
        FollowState::Lost => {
            let rect = Rect::from_x_y_ranges(band, y);
            painter.rect_filled(rect, 2.0, color.gamma_multiply(0.10));
            let corners =
                [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
            painter.extend(Shape::dashed_line(&corners, Stroke::new(1.5, color), 6.0, 4.0));
        }
    }
}

fn flagged_line(painter: &Painter, x: f32, y: egui::Rangef, stroke: Stroke) {
    painter.vline(x, y, stroke);
    let flag = vec![pos2(x - 5.0, y.min), pos2(x + 5.0, y.min), pos2(x, y.min + 7.0)];
    painter.add(PathShape::convex_polygon(flag, stroke.color, Stroke::NONE));
}

/// A mesh vertex of plain colour.
pub fn vertex(pos: Pos2, color: Color32) -> Vertex {
    Vertex { pos, uv: WHITE_UV, color }
}

/// A heading in small capitals' manner, for the corner of a panel.
pub fn corner_title(painter: &Painter, at: Pos2, title: &str) -> Rect {
    painter.text(at, egui::Align2::LEFT_TOP, title, theme::strong(11.0), theme::DIM)
}
