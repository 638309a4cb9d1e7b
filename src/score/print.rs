//! A score on paper: where each notehead and each measure was printed, and the ink of each page.
//!
//! Lengths are in staff spaces (the distance of two staff lines), from the top left corner of the page; y grows
//! downward.

use super::NoteId;
use std::sync::Arc;

/// A rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Area {
    /// Least x.
    pub left: f32,
    /// Least y.
    pub top: f32,
    /// Greatest x.
    pub right: f32,
    /// Greatest y.
    pub bottom: f32,
}

impl Area {
    /// The least rectangle that holds both.
    pub fn and(self, other: Area) -> Area {
        Area {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

/// One printed sign of a music font.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrintedGlyph {
    /// SMuFL code point.
    pub code: char,
    /// Its origin.
    pub x: f32,
    /// Its baseline.
    pub y: f32,
    /// 1 for normal notes, less for small ones.
    pub size: f32,
}

/// One printed notehead with what belongs to it alone.
#[derive(Clone, Debug, PartialEq)]
pub struct PrintedNote {
    /// Which note.
    pub id: NoteId,
    /// Its head.
    pub head: Area,
    /// Head and accidental.
    pub glyphs: Vec<PrintedGlyph>,
}

/// A stem with the notes on it.
#[derive(Clone, Debug, PartialEq)]
pub struct PrintedStem {
    /// Index of the first of its notes in [`PrintedPage::notes`].
    pub first: u32,
    /// Number of its notes, which follow each other.
    pub count: u32,
    /// Its middle.
    pub x: f32,
    /// Upper end.
    pub top: f32,
    /// Lower end.
    pub bottom: f32,
    /// How thick it is.
    pub width: f32,
    /// Its flag.
    pub flag: Option<PrintedGlyph>,
}

/// One printed measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrintedMeasure {
    /// Index into the score's measures. One that was divided when it was read (by a repeat in its middle), or that
    /// is one of several in a long rest, is printed with the first.
    pub index: u32,
    /// From its first to its last measure line, from the top line of the first staff to the bottom line of the last.
    pub area: Area,
}

/// One page, or one system that is a page of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PrintedPage {
    /// Its width.
    pub width: f32,
    /// Its height.
    pub height: f32,
    /// Its measures in printed order.
    pub measures: Vec<PrintedMeasure>,
    /// Its noteheads.
    pub notes: Vec<PrintedNote>,
    /// Its stems.
    pub stems: Vec<PrintedStem>,
}

/// The ink of one page: how much of each pixel it covers, 0-255, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct InkPicture {
    /// Which page.
    pub page: u32,
    /// Pixels of a staff space.
    pub pixels_per_space: f32,
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// `width * height` of them.
    pub cover: Arc<[u8]>,
}

/// A score as engraved for one width, as far as it is done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PrintedScore {
    /// Width of the paper.
    pub width: f32,
    /// Its pages in order, each with one system.
    pub pages: Vec<Arc<PrintedPage>>,
    /// No more pages come.
    pub complete: bool,
    /// These are systems from the middle of the score, shown until its pages have come so far; theirs are other
    /// systems, and their numbers are other numbers.
    pub excerpt: bool,
    /// The pictures at hand; not of every page.
    pub pictures: Vec<Arc<InkPicture>>,
}

impl PrintedScore {
    /// Whether every page that is asked for is here with its picture, in the size asked for.
    pub fn answers(&self, wish: &PrintWish) -> bool {
        let last = (wish.last as usize).min(self.pages.len().saturating_sub(1)) as u32;
        let painted = |page: u32| {
            let fits = |picture: &Arc<InkPicture>| {
                picture.page == page && picture.pixels_per_space == wish.pixels_per_space
            };
            self.pictures.iter().any(fits)
        };
        self.width == wish.width && self.excerpt == wish.of_excerpt && (wish.first..=last).all(painted)
    }
}

/// What is to be engraved next.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PrintWish {
    /// Width of the paper.
    pub width: f32,
    /// Pixels of a staff space.
    pub pixels_per_space: f32,
    /// The first page that is looked at.
    pub first: u32,
    /// The last.
    pub last: u32,
    /// Those are pages of an excerpt, see [`PrintedScore::excerpt`].
    pub of_excerpt: bool,
    /// The measure of the score that is looked at, whatever page it may be on.
    pub measure: u32,
}
