//! The sheet before there is a score.

use super::action::{Action, Actions};
use super::look::Look;
use super::notation::{self, STAFF};
use super::strings::Text;
use super::theme;
use super::view::{ScoreSlot, View};
use egui::{Align2, Rect, Stroke, Ui, pos2, vec2};

/// Says what will stand here, with a button that brings it.
pub fn empty(ui: &mut Ui, look: &Look, view: &View, rect: Rect, actions: &mut Actions) {
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
