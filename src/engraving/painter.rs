//! Pages to ink.

use super::engraver::UNITS_PER_SPACE;
use super::{EngraveError, EngravedPage};
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{self, Tree, fontdb::Database};
use std::sync::Arc;

/// Text on pages: Latin, Greek and Cyrillic; other scripts are left out.
const FONTS: [&[u8]; 5] = [
    include_bytes!("../../assets/fonts/serif.ttf"),
    include_bytes!("../../assets/fonts/serif-italic.ttf"),
    include_bytes!("../../assets/fonts/serif-bold.ttf"),
    include_bytes!("../../assets/fonts/serif-bold-italic.ttf"),
    include_bytes!("../../assets/fonts/music.otf"),
];

/// The most pixels of one side of a picture.
const MAX_SIDE: f32 = 16384.0;

/// Paints pages.
pub struct Painter {
    options: usvg::Options<'static>,
}

impl Default for Painter {
    fn default() -> Self {
        let mut fonts = Database::new();
        for font in FONTS {
            fonts.load_font_data(font.to_vec());
        }
        // Whatever family is asked for: there is one.
        fonts.set_serif_family("Colla Serif");
        fonts.set_sans_serif_family("Colla Serif");
        let mut options = usvg::Options { fontdb: Arc::new(fonts), ..usvg::Options::default() };
        options.font_family = "Colla Serif".into();
        // A score's text can't make anything be opened.
        options.image_href_resolver.resolve_string = Box::new(|_, _| None);
        Painter { options }
    }
}

impl Painter {
    /// How much of each pixel the ink of a page covers, 0-255, row by row; width and height in pixels.
    ///
    /// # Errors
    /// If the page can't be painted, or the picture would be too large.
    pub fn cover(
        &self,
        page: &EngravedPage,
        pixels_per_space: f32,
    ) -> Result<(usize, usize, Vec<u8>), EngraveError> {
        let picture = self.picture(page, pixels_per_space, None)?;
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        Ok((width, height, picture.pixels().iter().map(|pixel| pixel.alpha()).collect()))
    }

    /// The page as a PNG file, black on white.
    ///
    /// # Errors
    /// As [`Painter::cover`].
    pub fn png(&self, page: &EngravedPage, pixels_per_space: f32) -> Result<Vec<u8>, EngraveError> {
        let picture = self.picture(page, pixels_per_space, Some(Color::WHITE))?;
        picture.encode_png().map_err(|error| wrong(error.to_string()))
    }

    fn picture(
        &self,
        page: &EngravedPage,
        pixels_per_space: f32,
        paper: Option<Color>,
    ) -> Result<Pixmap, EngraveError> {
        let side = |spaces: f32| (spaces * pixels_per_space).round().clamp(1.0, MAX_SIDE) as u32;
        let (width, height) = (side(page.print.width), side(page.print.height));
        let svg = page.svg.replace("font-family=\"Bravura\"", "font-family=\"Colla Music\"");
        let tree = Tree::from_str(&svg, &self.options).map_err(|error| wrong(error.to_string()))?;
        let mut picture = Pixmap::new(width, height)
            .ok_or_else(|| wrong(format!("expected a picture, found {width}×{height} pixels")))?;
        if let Some(paper) = paper {
            picture.fill(paper);
        }
        let scale = pixels_per_space / UNITS_PER_SPACE;
        resvg::render(&tree, Transform::from_scale(scale, scale), &mut picture.as_mut());
        Ok(picture)
    }
}

fn wrong(reason: String) -> EngraveError {
    EngraveError::Picture { reason }
}
