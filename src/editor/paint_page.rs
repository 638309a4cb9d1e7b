//! Paints one engraved system: its ink, and over it the notes of which something is known.

use super::engraved::Engraved;
use super::look::Look;
use super::view::Verdict;
use super::{marks, theme};
use crate::score::{Area, InkPicture, PrintedGlyph, PrintedNote};
use egui::{
    Align2, Color32, ColorImage, Context, Painter, Pos2, Rect, Stroke, TextureHandle, TextureOptions, pos2,
    vec2,
};
use std::sync::Arc;

/// The pictures of pages as textures; those that are no longer on view are let go.
#[derive(Clone, Default)]
pub struct Inks {
    textures: Vec<(Arc<InkPicture>, TextureHandle)>,
}

impl std::fmt::Debug for Inks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inks").field("textures", &self.textures.len()).finish()
    }
}

impl Inks {
    /// Lets go of all that is not in `pictures`.
    pub fn keep(&mut self, pictures: &[Arc<InkPicture>]) {
        self.textures.retain(|(known, _)| pictures.iter().any(|picture| Arc::ptr_eq(known, picture)));
    }

    /// The texture of a page, made at its first use.
    fn texture(&mut self, context: &Context, picture: &Arc<InkPicture>) -> egui::TextureId {
        if let Some((_, texture)) = self.textures.iter().find(|(known, _)| Arc::ptr_eq(known, picture)) {
            return texture.id();
        }
        let pixels = picture.cover.iter().map(|cover| Color32::from_white_alpha(*cover)).collect();
        let image = ColorImage::new([picture.width, picture.height], pixels);
        let texture = context.load_texture(format!("page {}", picture.page), image, TextureOptions::LINEAR);
        let id = texture.id();
        self.textures.push((picture.clone(), texture));
        id
    }
}

/// Where and how one engraved system is painted.
pub struct PageBrush<'a> {
    /// Language and paper.
    pub look: &'a Look,
    /// What to paint with.
    pub painter: &'a Painter,
    /// Top left of the page.
    pub origin: Pos2,
    /// Points of a staff space.
    pub space: f32,
    /// It was played: paint it back into the paper.
    pub dimmed: bool,
    /// The step that is played.
    pub step: Option<usize>,
}

impl PageBrush<'_> {
    fn at(&self, x: f32, y: f32) -> Pos2 {
        self.origin + self.space * vec2(x, y)
    }

    fn color(&self, color: Color32) -> Color32 {
        if self.dimmed { self.look.paper.dimmed(color) } else { color }
    }

    fn glyph(&self, glyph: &PrintedGlyph, color: Color32) {
        // Other signs are not in the editor's music font.
        let known = matches!(glyph.code, '\u{E0A0}'..='\u{E0AF}' | '\u{E0D9}'..='\u{E0DC}' | '\u{E0E0}'..='\u{E0E1}'
            | '\u{E240}'..='\u{E24F}' | '\u{E260}'..='\u{E26F}');
        if known {
            let font = theme::music(self.space * glyph.size);
            self.painter.text(self.at(glyph.x, glyph.y), Align2::LEFT_CENTER, glyph.code, font, color);
        }
    }

    fn rect(&self, area: &Area) -> Rect {
        Rect::from_min_max(self.at(area.left, area.top), self.at(area.right, area.bottom))
    }
}

/// Paints page `page`; `verdicts` are those of the path's notes.
pub fn paint_page(
    brush: &PageBrush<'_>,
    inks: &mut Inks,
    engraved: &Engraved,
    page: usize,
    verdicts: &[Verdict],
) {
    let printed = &engraved.printed.pages[page];
    let sheet = Area { left: 0.0, top: 0.0, right: printed.width, bottom: printed.height };
    match engraved.printed.pictures.iter().find(|picture| picture.page as usize == page) {
        Some(picture) => {
            let texture = inks.texture(brush.painter.ctx(), picture);
            let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            brush.painter.image(
                texture,
                ink_rect(brush, &sheet, picture),
                uv,
                brush.color(brush.look.paper.ink),
            );
        }
        // Its ink is on the way.
        None => {
            for measure in &printed.measures {
                let stroke = Stroke::new(1.0, brush.color(brush.look.paper.staff));
                brush.painter.rect_stroke(brush.rect(&measure.area), 0.0, stroke, egui::StrokeKind::Inside);
            }
            return;
        }
    }
    let known: Vec<Verdict> =
        printed.notes.iter().map(|note| engraved.verdict(note.id, verdicts, brush.step)).collect();
    for stem in &printed.stems {
        let notes = stem.first as usize..(stem.first + stem.count) as usize;
        let Some(on_stem) = known.get(notes) else { continue };
        let verdict = on_stem.first().copied().unwrap_or_default();
        // A stem takes the colour of its heads where they agree.
        if verdict == Verdict::Open || on_stem.iter().any(|other| *other != verdict) {
            continue;
        }
        let color = brush.color(brush.look.paper.note(verdict));
        let ends = [brush.at(stem.x, stem.top), brush.at(stem.x, stem.bottom)];
        let width = (stem.width * brush.space).max(1.0 / brush.painter.pixels_per_point());
        brush.painter.line_segment(ends, Stroke::new(width * 1.15, color));
        if let Some(flag) = &stem.flag {
            brush.glyph(flag, color);
        }
    }
    for (note, verdict) in printed.notes.iter().zip(known) {
        if verdict != Verdict::Open {
            paint_note(brush, note, verdict);
        }
    }
}

/// The page, on whole pixels where its picture was made for this size.
fn ink_rect(brush: &PageBrush<'_>, sheet: &Area, picture: &InkPicture) -> Rect {
    let rect = brush.rect(sheet);
    let pixels = brush.painter.pixels_per_point();
    let size = vec2(picture.width as f32, picture.height as f32) / pixels;
    if (size.x - rect.width()).abs() < 1.0 { Rect::from_min_size(rect.min, size) } else { rect }
}

fn paint_note(brush: &PageBrush<'_>, note: &PrintedNote, verdict: Verdict) {
    let color = brush.color(brush.look.paper.note(verdict));
    for glyph in &note.glyphs {
        brush.glyph(glyph, color);
    }
    let head = brush.rect(&note.head);
    match verdict {
        Verdict::Open | Verdict::Ok => {}
        Verdict::Missed => {
            let stroke = Stroke::new((0.15 * brush.space).max(1.0), color);
            brush.painter.circle_stroke(head.center(), brush.space * 0.95, stroke);
        }
        Verdict::Wrong | Verdict::Timing | Verdict::Doubt => {
            let mark = pos2(head.center().x, head.top() - 0.65 * brush.space);
            marks::verdict(brush.painter, mark, brush.space * 0.42, verdict, color);
        }
    }
}
