//! Colours, type and spacing; every colour that means something is doubled by a shape (see [`super::marks`]).

use super::view::Verdict;
use crate::performance::FollowState;
use egui::style::{WidgetVisuals, Widgets};
use egui::{
    Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Stroke, TextStyle, Vec2,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Background of everything that is not paper.
pub const CHROME: Color32 = Color32::from_rgb(0x26, 0x28, 0x2C);
/// Wells in the chrome: roll, tempo view, take map.
pub const WELL: Color32 = Color32::from_rgb(0x1B, 0x1D, 0x20);
/// Things raised from the chrome: buttons, cards.
pub const RAISED: Color32 = Color32::from_rgb(0x33, 0x36, 0x3B);
/// Raised things under the pointer.
pub const HOVER: Color32 = Color32::from_rgb(0x40, 0x44, 0x4B);
/// Hairlines between panels.
pub const LINE: Color32 = Color32::from_rgb(0x3B, 0x3E, 0x44);
/// Text on chrome.
pub const TEXT: Color32 = Color32::from_rgb(0xE9, 0xEA, 0xED);
/// Text of lesser weight on chrome; 4.5:1 against it.
pub const DIM: Color32 = Color32::from_rgb(0x9D, 0xA2, 0xAB);
/// Marks of least weight on chrome: axes, ghosts.
pub const FAINT: Color32 = Color32::from_rgb(0x55, 0x59, 0x61);

/// The measure being played.
pub const MEASURE: Color32 = Color32::from_rgb(0xFF, 0xE2, 0x96);
/// Cursor, selection, links.
pub const CURSOR: Color32 = Color32::from_rgb(0x1E, 0x64, 0xE6);
/// As written.
pub const OK: Color32 = Color32::from_rgb(0x14, 0x82, 0x46);
/// Early or late.
pub const TIMING: Color32 = Color32::from_rgb(0xE1, 0x8C, 0x00);
/// Wrong or missed.
pub const WRONG: Color32 = Color32::from_rgb(0xD2, 0x28, 0x28);

/// The colours above, lightened where they must be read on chrome.
pub const CURSOR_ON_CHROME: Color32 = Color32::from_rgb(0x6F, 0xA1, 0xF7);
/// See [`OK`].
pub const OK_ON_CHROME: Color32 = Color32::from_rgb(0x3F, 0xBF, 0x7C);
/// See [`WRONG`].
pub const WRONG_ON_CHROME: Color32 = Color32::from_rgb(0xF2, 0x6D, 0x6D);

/// The family of weightier text.
const STRONG: &str = "strong";
/// The family of music glyphs (SMuFL code points).
const MUSIC: &str = "music";

/// What the score is drawn on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PaperKind {
    /// Dark on light.
    #[default]
    Light,
    /// Light on dark, for a dim room.
    Dark,
}

/// Colours of the score.
#[derive(Clone, Copy, Debug)]
pub struct Paper {
    /// The sheet.
    pub sheet: Color32,
    /// Notes and text.
    pub ink: Color32,
    /// Staff lines.
    pub staff: Color32,
    /// The measure being played.
    pub measure: Color32,
    /// The next measure, and where a range is.
    pub ahead: Color32,
    /// The cursor.
    pub cursor: Color32,
    /// Systems that were played.
    dim: f32,
    verdicts: [Color32; 3],
}

impl Paper {
    /// Of this kind.
    pub fn of(kind: PaperKind) -> Paper {
        match kind {
            PaperKind::Light => Paper {
                sheet: Color32::from_rgb(0xFC, 0xFA, 0xF4),
                ink: Color32::from_rgb(0x16, 0x16, 0x18),
                staff: Color32::from_rgb(0x8E, 0x8C, 0x86),
                measure: MEASURE,
                ahead: CURSOR,
                cursor: CURSOR,
                dim: 0.45,
                verdicts: [OK, TIMING, WRONG],
            },
            PaperKind::Dark => Paper {
                sheet: Color32::from_rgb(0x17, 0x18, 0x1A),
                ink: Color32::from_rgb(0xE6, 0xE3, 0xDA),
                staff: Color32::from_rgb(0x6A, 0x6A, 0x6C),
                measure: Color32::from_rgb(0x4D, 0x42, 0x22),
                ahead: CURSOR_ON_CHROME,
                cursor: CURSOR_ON_CHROME,
                dim: 0.5,
                verdicts: [OK_ON_CHROME, TIMING, WRONG_ON_CHROME],
            },
        }
    }

    /// The colour of a written note.
    pub fn note(&self, verdict: Verdict) -> Color32 {
        match verdict {
            Verdict::Open | Verdict::Doubt => self.ink,
            Verdict::Ok => self.verdicts[0],
            Verdict::Timing => self.verdicts[1],
            Verdict::Wrong | Verdict::Missed => self.verdicts[2],
        }
    }

    /// `color` as it looks in a system that was played.
    pub fn dimmed(&self, color: Color32) -> Color32 {
        self.sheet.lerp_to_gamma(color, self.dim)
    }
}

/// The colour of a verdict on chrome.
pub fn verdict_color(verdict: Verdict) -> Color32 {
    match verdict {
        Verdict::Open => CURSOR_ON_CHROME,
        Verdict::Doubt => DIM,
        Verdict::Ok => OK_ON_CHROME,
        Verdict::Timing => TIMING,
        Verdict::Wrong | Verdict::Missed => WRONG_ON_CHROME,
    }
}

/// The colour of a follower's state on chrome.
pub fn state_color(state: FollowState) -> Color32 {
    match state {
        FollowState::Waiting => DIM,
        FollowState::Following => OK_ON_CHROME,
        FollowState::Unsure => TIMING,
        FollowState::Lost => WRONG_ON_CHROME,
    }
}

/// Ordinary text of `size` points.
pub fn text(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Weightier text of `size` points.
pub fn strong(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(STRONG.into()))
}

/// Music glyphs for a staff whose lines are `space` points apart.
pub fn music(space: f32) -> FontId {
    FontId::new(4.0 * space, FontFamily::Name(MUSIC.into()))
}

/// Brings fonts and style into a context, once when its window opens.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    ctx.set_theme(egui::Theme::Dark);
    ctx.all_styles_mut(style);
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let files: [(&str, &'static [u8]); 5] = [
        ("inter", include_bytes!("../../assets/fonts/inter-regular.otf")),
        ("inter-strong", include_bytes!("../../assets/fonts/inter-semibold.otf")),
        ("jp", include_bytes!("../../assets/fonts/noto-jp-regular.otf")),
        ("jp-strong", include_bytes!("../../assets/fonts/noto-jp-bold.otf")),
        ("music", include_bytes!("../../assets/fonts/music.otf")),
    ];
    for (name, bytes) in files {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    let fallback = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    let family = |first: &[&str]| {
        first.iter().map(|name| (*name).to_owned()).chain(fallback.iter().cloned()).collect::<Vec<_>>()
    };
    fonts.families.insert(FontFamily::Proportional, family(&["inter", "jp"]));
    fonts.families.insert(FontFamily::Name(STRONG.into()), family(&["inter-strong", "jp-strong"]));
    fonts.families.insert(FontFamily::Name(MUSIC.into()), family(&["music"]));
    fonts
}

fn style(style: &mut egui::Style) {
    style.text_styles = [
        (TextStyle::Small, text(11.0)),
        (TextStyle::Body, text(13.0)),
        (TextStyle::Button, text(13.0)),
        (TextStyle::Heading, strong(16.0)),
        (TextStyle::Monospace, text(13.0)),
    ]
    .into();
    let spacing = &mut style.spacing;
    spacing.item_spacing = Vec2::new(8.0, 6.0);
    spacing.button_padding = Vec2::new(10.0, 4.0);
    spacing.interact_size = Vec2::new(28.0, 24.0);
    spacing.menu_margin = Margin::same(10);
    spacing.tooltip_width = 320.0;
    spacing.scroll.floating = true;
    style.interaction.tooltip_delay = 0.4;

    let visuals = &mut style.visuals;
    *visuals = egui::Visuals::dark();
    visuals.override_text_color = Some(TEXT);
    visuals.weak_text_color = Some(DIM);
    visuals.panel_fill = CHROME;
    visuals.window_fill = Color32::from_rgb(0x2C, 0x2F, 0x33);
    visuals.window_stroke = Stroke::new(1.0, Color32::from_rgb(0x46, 0x4A, 0x51));
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.menu_corner_radius = CornerRadius::same(8);
    visuals.extreme_bg_color = WELL;
    visuals.faint_bg_color = Color32::from_rgb(0x2A, 0x2D, 0x31);
    visuals.hyperlink_color = CURSOR_ON_CHROME;
    visuals.warn_fg_color = TIMING;
    visuals.error_fg_color = WRONG_ON_CHROME;
    visuals.selection.bg_fill = CURSOR;
    visuals.selection.stroke = Stroke::new(1.0, Color32::WHITE);
    visuals.slider_trailing_fill = true;
    visuals.widgets = widgets();
}

fn widgets() -> Widgets {
    let of = |fill: Color32, edge: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, edge),
        corner_radius: CornerRadius::same(5),
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    Widgets {
        noninteractive: of(CHROME, LINE, TEXT),
        inactive: of(RAISED, Color32::from_rgb(0x42, 0x46, 0x4D), TEXT),
        hovered: of(HOVER, Color32::from_rgb(0x5A, 0x5F, 0x68), Color32::WHITE),
        active: of(Color32::from_rgb(0x4A, 0x4F, 0x57), CURSOR_ON_CHROME, Color32::WHITE),
        open: of(HOVER, CURSOR_ON_CHROME, Color32::WHITE),
    }
}
