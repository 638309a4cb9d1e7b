//! Paints one system of the light notation.

use super::look::{Look, step_number};
use super::notation::{BEAM, Chord, GRACE, HEAD, Head, MeasureBox, STAFF, System, glyph};
use super::view::Verdict;
use super::{marks, theme};
use crate::score::Score;
use egui::epaint::PathShape;
use egui::{Align2, Color32, Painter, Pos2, Rangef, Stroke, pos2, vec2};

/// Where and how one system is painted.
pub struct Brush<'a> {
    /// Language and paper.
    pub look: &'a Look,
    /// What to paint with.
    pub painter: &'a Painter,
    /// Top left of the system.
    pub origin: Pos2,
    /// Points of a staff space.
    pub space: f32,
    /// It was played: paint it back into the paper.
    pub dimmed: bool,
}

impl Brush<'_> {
    fn at(&self, x: f32, y: f32) -> Pos2 {
        self.origin + self.space * vec2(x, y)
    }

    fn color(&self, color: Color32) -> Color32 {
        if self.dimmed { self.look.paper.dimmed(color) } else { color }
    }

    fn ink(&self) -> Color32 {
        self.color(self.look.paper.ink)
    }

    /// A music glyph with its left edge at `x` and its own line at `y`, both in staff spaces.
    fn glyph(&self, x: f32, y: f32, glyph: char, scale: f32, color: Color32) {
        let font = theme::music(self.space * scale);
        self.painter.text(self.at(x, y), Align2::LEFT_CENTER, glyph, font, color);
    }

    fn hairline(&self) -> f32 {
        (self.space * 0.11).max(1.0 / self.painter.pixels_per_point())
    }
}

/// Paints a system; `verdicts` are those of the path's notes.
pub fn paint_system(brush: &Brush<'_>, score: &Score, verdicts: &[Verdict], system: &System) {
    staves(brush, system);
    for measure in &system.measures {
        lines(brush, score, system, measure);
        for rest in &measure.rests {
            let y = system.staves[rest.stave].y + rest.y;
            brush.glyph(rest.x, y, rest.glyph, 1.0, brush.ink());
        }
        for chord in &measure.chords {
            chord_at(brush, system.staves[chord.stave].y, chord, verdicts);
        }
        beams(brush, system, measure);
    }
}

fn staves(brush: &Brush<'_>, system: &System) {
    let right = system.measures.last().map_or(0.0, |measure| measure.right);
    let color = brush.color(brush.look.paper.staff);
    let stroke = Stroke::new(brush.hairline(), color);
    for stave in &system.staves {
        for line in 0..5 {
            let from = brush.at(0.0, stave.y + line as f32);
            let y = brush.painter.round_to_pixel_center(from.y);
            brush.painter.hline(Rangef::new(from.x, brush.at(right, 0.0).x), y, stroke);
        }
        let (clef, line) = stave.clef.glyph();
        brush.glyph(0.5, stave.y + line, clef, 1.0, brush.ink());
    }
    let (top, bottom) = system.extent();
    let ink = brush.ink();
    if system.staves.len() > 1 {
        let y = Rangef::new(brush.at(0.0, top).y, brush.at(0.0, bottom).y);
        brush.painter.vline(brush.at(0.0, 0.0).x, y, Stroke::new(brush.hairline() * 1.4, ink));
    }
    // One thick line joins the staves of a part, as a brace would.
    let mut index = 0;
    while index < system.staves.len() {
        let joined = system.staves[index + 1..].iter().take_while(|stave| stave.joined).count();
        if joined > 0 {
            let y = Rangef::new(
                brush.at(0.0, system.staves[index].y).y,
                brush.at(0.0, system.staves[index + joined].y + STAFF).y,
            );
            brush.painter.vline(brush.at(-0.7, 0.0).x, y, Stroke::new(brush.space * 0.4, ink));
        }
        index += joined + 1;
    }
}

fn lines(brush: &Brush<'_>, score: &Score, system: &System, measure: &MeasureBox) {
    let ink = brush.ink();
    let last = measure.step + 1 == score.path.steps.len();
    for (index, stave) in system.staves.iter().enumerate() {
        // Measure lines run through the staves of one part.
        let next = system.staves.get(index + 1).filter(|next| next.joined);
        let bottom = next.map_or(stave.y + STAFF, |next| next.y);
        let y = Rangef::new(brush.at(0.0, stave.y).y, brush.at(0.0, bottom).y);
        let x = brush.painter.round_to_pixel_center(brush.at(measure.right, 0.0).x);
        if last {
            brush.painter.vline(x - brush.space * 0.25, y, Stroke::new(brush.space * 0.5, ink));
            brush.painter.vline(x - brush.space, y, Stroke::new(brush.hairline() * 1.3, ink));
        } else {
            brush.painter.vline(x, y, Stroke::new(brush.hairline() * 1.3, ink));
        }
        if let Some((upper, lower)) = measure.meter {
            for (number, y) in [(upper, 1.0), (lower, 3.0)] {
                let digits = number.to_string();
                let left = measure.left + 1.0 + if digits.len() > 1 { -0.2 } else { 0.4 };
                for (place, digit) in digits.bytes().enumerate() {
                    let code = glyph::METER_0 + u32::from(digit - b'0');
                    let x = left + 1.5 * place as f32;
                    brush.glyph(x, stave.y + y, char::from_u32(code).unwrap_or(' '), 1.0, ink);
                }
            }
        }
    }
    if let Some(step) = score.path.steps.get(measure.step) {
        let text =
            if step.pass > 1 { format!("{} ({})", step_number(step), step.pass) } else { step_number(step) };
        let size = (brush.space * 1.5).clamp(9.0, 14.0);
        let at = brush.at(measure.left + 0.2, 1.7);
        brush.painter.text(
            at,
            Align2::LEFT_BOTTOM,
            text,
            theme::text(size),
            brush.color(brush.look.paper.staff),
        );
    }
}

fn chord_at(brush: &Brush<'_>, stave: f32, chord: &Chord, verdicts: &[Verdict]) {
    let scale = if chord.grace { GRACE } else { 1.0 };
    let of = |head: &Head| verdicts.get(head.note).copied().unwrap_or_default();
    // A stem has the colour of its chord where all heads agree.
    let first = chord.heads.first().map(of).unwrap_or_default();
    let agreed = chord.heads.iter().all(|head| of(head) == first);
    let stem_color = brush.color(brush.look.paper.note(if agreed { first } else { Verdict::Open }));
    ledger_lines(brush, stave, chord, scale);
    if let Some((x, foot, tip)) = chord.stem {
        let (from, to) = (brush.at(x, stave + foot), brush.at(x, stave + tip));
        brush
            .painter
            .line_segment([from, to], Stroke::new(brush.hairline() * 1.1 * scale.max(0.8), stem_color));
        if let Some(flag) = chord.flag {
            brush.glyph(x - 0.05, stave + tip, flag, scale, stem_color);
        }
    }
    for head in &chord.heads {
        let verdict = of(head);
        let color = brush.color(brush.look.paper.note(verdict));
        let y = stave + head.y;
        brush.glyph(head.x, y, head.glyph, scale, color);
        if let Some(accidental) = head.accidental {
            let x = chord.heads.iter().map(|head| head.x).fold(head.x, f32::min) - 1.15 * scale;
            brush.glyph(x, y, accidental, scale, color);
        }
        if chord.dotted {
            // On a line the dot moves into the space above.
            let lift = if (head.y * 2.0).round() as i32 % 2 == 0 { 0.5 } else { 0.0 };
            brush.painter.circle_filled(brush.at(head.x + HEAD + 0.55, y - lift), brush.space * 0.2, color);
        }
        if head.tied {
            let center = brush.at(head.x - 1.1, y + if chord.up { 0.9 } else { -0.9 });
            let bend = if chord.up { 0.5 } else { -0.5 } * brush.space;
            let half = brush.space * 0.9;
            let points: Vec<Pos2> = (0..=8)
                .map(|k| {
                    let t = k as f32 / 4.0 - 1.0;
                    center + vec2(half * t, bend * (1.0 - t * t))
                })
                .collect();
            brush.painter.line(points, Stroke::new(brush.hairline() * 1.2, color));
        }
        let mark = pos2(
            brush.at(head.x + HEAD * scale / 2.0, 0.0).x,
            brush.at(0.0, y + if chord.up { 1.15 } else { -1.15 }).y,
        );
        match verdict {
            Verdict::Open | Verdict::Ok => {}
            Verdict::Missed => {
                let center = brush.at(head.x + HEAD * scale / 2.0, y);
                brush.painter.circle_stroke(
                    center,
                    brush.space * 0.95,
                    Stroke::new(brush.hairline() * 1.4, color),
                );
            }
            Verdict::Wrong | Verdict::Timing | Verdict::Doubt => {
                marks::verdict(brush.painter, mark, brush.space * 0.42, verdict, color)
            }
        }
    }
    if let Some(above) = chord.above {
        let (top, _) = chord.ink();
        let x = chord.heads.first().map_or(0.0, |head| head.x) - 0.5;
        brush.glyph(x, stave + top.min(-0.4) - 0.6, above, 1.0, brush.ink());
    }
}

fn ledger_lines(brush: &Brush<'_>, stave: f32, chord: &Chord, scale: f32) {
    let stroke = Stroke::new(brush.hairline() * 1.2, brush.color(brush.look.paper.staff));
    for head in &chord.heads {
        let mut lines: Vec<i32> = Vec::new();
        lines.extend(((head.y.ceil() as i32).max(-20)..=-1).rev());
        lines.extend(5..=(head.y.floor() as i32).min(24));
        for line in lines {
            let (from, to) =
                (brush.at(head.x - 0.35, stave + line as f32), brush.at(head.x + HEAD * scale + 0.35, 0.0));
            let y = brush.painter.round_to_pixel_center(from.y);
            brush.painter.hline(Rangef::new(from.x, to.x), y, stroke);
        }
    }
}

fn beams(brush: &Brush<'_>, system: &System, measure: &MeasureBox) {
    let half = BEAM / 2.0;
    let ink = brush.ink();
    for beam in &measure.beams {
        let stave = system.staves[beam.stave].y;
        let corners = [
            (beam.from.0, beam.from.1 - half),
            (beam.to.0, beam.to.1 - half),
            (beam.to.0, beam.to.1 + half),
            (beam.from.0, beam.from.1 + half),
        ];
        let corners = corners.map(|(x, y)| brush.at(x, stave + y));
        brush.painter.add(PathShape::convex_polygon(corners.to_vec(), ink, Stroke::NONE));
    }
}
