//! Verovio, as far as it is needed.

use super::{EngraveError, reading, soundness};
use crate::score::PrintedPage;
use cxx::UniquePtr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use verovio_sys::ffi;

/// The largest source accepted, in bytes. (Verovio's memory for it is some fifteen times as much.)
pub const MAX_SOURCE_BYTES: usize = 40 << 20;

/// Verovio's own unit, of which a staff space has 18.
pub(super) const UNITS_PER_SPACE: f32 = 18.0;

/// Verovio keeps some things for the whole process, such as the threshold of its log: one engraver works at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What is engraved on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Paper {
    /// One page for each system, as high as the system needs.
    Strips {
        /// In staff spaces.
        width: f32,
    },
    /// A4 with staves of 7.2 mm.
    A4,
}

impl Paper {
    /// Verovio's options for it. `heeds`: the line breaks that the document asks for are kept, all of them, beside those that
    /// its width demands.
    fn options(self, heeds: bool) -> String {
        let size = match self {
            Paper::Strips { width } => {
                let width = (width.clamp(20.0, 2000.0) * UNITS_PER_SPACE).round();
                format!(
                    r#""pageWidth": {width}, "pageHeight": 60000, "adjustPageHeight": true, "systemMaxPerPage": 1,
                    "pageMarginLeft": 36, "pageMarginRight": 36, "pageMarginTop": 18, "pageMarginBottom": 18,
                    "header": "none""#
                )
            }
            Paper::A4 => {
                r#""pageWidth": 2100, "pageHeight": 2970, "adjustPageHeight": false, "systemMaxPerPage": 0,
                "pageMarginLeft": 120, "pageMarginRight": 120, "pageMarginTop": 120, "pageMarginBottom": 120,
                "header": "auto""#
                    .to_owned()
            }
        };
        let breaks = if heeds { r#""smart", "breaksSmartSb": 0.0"# } else { r#""auto""# };
        format!(
            r#"{{{size}, "breaks": {breaks}, "condense": "none", "expandNever": true, "footer": "none",
            "font": "Bravura", "fontFallback": "Bravura", "smuflTextFont": "none", "inputFrom": "musicxml",
            "scale": 100, "svgFormatRaw": true, "xmlIdSeed": 1}}"#
        )
    }
}

/// One page as it came out of the engraver.
#[derive(Clone, Debug)]
pub struct EngravedPage {
    /// Where everything is.
    pub print: Arc<PrintedPage>,
    /// The page, for [`super::Painter`].
    pub svg: String,
}

/// Lays out scores. It stays in the thread that made it.
pub struct Engraver {
    toolkit: UniquePtr<ffi::Toolkit>,
    pages: usize,
}

impl Engraver {
    /// `resources`: the folder with Verovio's fonts, see [`super::resources::unpack`]. Takes some 50 ms.
    ///
    /// # Errors
    /// If the fonts are not in that folder.
    pub fn new(resources: &Path) -> Result<Engraver, EngraveError> {
        let _alone = alone();
        ffi::enable_log(0);
        let mut toolkit = ffi::new_toolkit(false);
        let wrong = |reason: &str| EngraveError::Resources {
            folder: resources.display().to_string(),
            reason: reason.to_owned(),
        };
        let folder = resources.to_str().ok_or_else(|| wrong("expected a path in Unicode"))?;
        if !ffi::set_resource_path(toolkit.pin_mut(), folder) {
            return Err(wrong("expected Verovio's fonts, found none"));
        }
        Ok(Engraver { toolkit, pages: 0 })
    }

    /// Looks whether there is anything against engraving this MusicXML, without doing it.
    ///
    /// # Errors
    /// If it is too large, no MusicXML, or holds what makes Verovio crash.
    pub fn examine(source: &str) -> Result<(), EngraveError> {
        if source.len() > MAX_SOURCE_BYTES {
            return Err(EngraveError::TooLarge {
                what: "bytes of the score's text",
                limit: MAX_SOURCE_BYTES,
                found: source.len(),
            });
        }
        // Of a text that is no score Verovio makes an empty page.
        if !source.contains("<score-") {
            return Err(EngraveError::Unreadable);
        }
        soundness::objection(source).map_or(Ok(()), |reason| Err(EngraveError::Unsound(reason)))
    }

    /// Reads MusicXML and lays it out. Returns the number of pages.
    ///
    /// # Errors
    /// As [`Engraver::examine`], or if Verovio does not read it; nothing is loaded then.
    pub fn load(&mut self, source: &str, paper: Paper) -> Result<usize, EngraveError> {
        self.load_with(source, &paper.options(false))
    }

    /// The same, with a new line wherever the document asks for one.
    ///
    /// # Errors
    /// As [`Engraver::load`].
    pub fn load_broken(&mut self, source: &str, paper: Paper) -> Result<usize, EngraveError> {
        self.load_with(source, &paper.options(true))
    }

    fn load_with(&mut self, source: &str, options: &str) -> Result<usize, EngraveError> {
        self.pages = 0;
        Engraver::examine(source)?;
        let _alone = alone();
        ffi::set_options(self.toolkit.pin_mut(), options);
        if !ffi::load_data(self.toolkit.pin_mut(), source) {
            return Err(EngraveError::Unreadable);
        }
        self.count()
    }

    fn count(&mut self) -> Result<usize, EngraveError> {
        self.pages = usize::try_from(ffi::page_count(self.toolkit.pin_mut())).unwrap_or(0);
        if self.pages == 0 { Err(EngraveError::Unreadable) } else { Ok(self.pages) }
    }

    /// A page, counted from 0.
    ///
    /// # Errors
    /// If there is no such page, or what Verovio makes of it is no page.
    pub fn page(&mut self, index: usize) -> Result<EngravedPage, EngraveError> {
        if index >= self.pages {
            return Err(EngraveError::NoPage { page: index.wrapping_add(1), pages: self.pages });
        }
        let svg = {
            let _alone = alone();
            ffi::render_to_svg(self.toolkit.pin_mut(), index as i32 + 1, false)
        };
        let print = reading::page(&svg).map_err(|reason| EngraveError::Page { page: index + 1, reason })?;
        Ok(EngravedPage { print: Arc::new(print), svg })
    }
}

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}
