//! What the engraver has in hand: one score for one width, the pages that are there, their ink, and what of it is shown.

use super::press::Press;
use crate::engraving::{EngraveError, EngravedPage, Engraver, Painter};
use crate::readers::ScoreText;
use crate::score::{InkPicture, PrintWish, PrintedPage, PrintedScore};
use std::sync::Arc;

/// Pages beyond which their ink is forgotten.
const KEPT: u32 = 6;

/// The most pixels of all pictures that are kept.
const MAX_PIXELS: usize = 48 << 20;

/// Pages that are looked at where a wish does not say it in numbers that hold.
const LOOKED_AT: u32 = 3;

/// One score for one width.
pub(super) struct Job {
    bytes: Arc<[u8]>,
    width: f32,
    press: Press,
    /// The score's pages in order, as far as they are.
    pages: Vec<EngravedPage>,
    /// The excerpt that stands for them.
    excerpt: Vec<EngravedPage>,
    /// What is shown.
    printed: PrintedScore,
    /// Others have not seen it so.
    is_new: bool,
    /// The last that was engraved is the excerpt.
    just_looked_ahead: bool,
}

impl Job {
    /// With nothing engraved yet.
    pub fn new(bytes: Arc<[u8]>, text: Arc<ScoreText>, width: f32) -> Job {
        Job {
            bytes,
            width,
            press: Press::new(text, width),
            pages: Vec::new(),
            excerpt: Vec::new(),
            printed: PrintedScore { width, ..PrintedScore::default() },
            is_new: false,
            just_looked_ahead: false,
        }
    }

    /// Whether it is of this score.
    pub fn is_of(&self, bytes: &Arc<[u8]>) -> bool {
        Arc::ptr_eq(&self.bytes, bytes)
    }

    /// Whether it is of this score, for this width.
    pub fn is_for(&self, bytes: &Arc<[u8]>, width: f32) -> bool {
        self.is_of(bytes) && self.width == width
    }

    /// All pages are there.
    pub fn is_done(&self) -> bool {
        self.press.is_done()
    }

    /// What is to be shown, and of which score, if others have not seen it so.
    pub fn news(&mut self) -> Option<(Arc<[u8]>, PrintedScore)> {
        std::mem::take(&mut self.is_new).then(|| (self.bytes.clone(), self.printed.clone()))
    }

    /// Engraves the next piece of the score, or before it an excerpt where what is looked at is not there.
    ///
    /// # Errors
    /// As the engraver's.
    pub fn advance(&mut self, engraver: &Engraver, wish: &PrintWish) -> Result<(), EngraveError> {
        self.is_new = true;
        let is_shown = page_of(&self.printed, wish.measure).is_some();
        // However often somebody jumps about, the pages come on.
        if !is_shown && !self.just_looked_ahead && !self.press.comes_to(wish.measure) {
            self.just_looked_ahead = true;
            self.excerpt = self.press.excerpt(engraver, wish.measure)?;
            self.printed = self.print(&self.excerpt, true);
            return Ok(());
        }
        self.just_looked_ahead = false;
        let pages = self.press.advance(engraver)?;
        if !self.printed.excerpt {
            self.printed.pages.extend(pages.iter().map(|page| page.print.clone()));
        }
        self.pages.extend(pages);
        if self.printed.excerpt {
            let whole = self.print(&self.pages, false);
            if self.is_done() || page_of(&whole, wish.measure).is_some() {
                self.printed = whole;
                self.excerpt.clear();
            }
        }
        self.printed.complete = self.is_done();
        Ok(())
    }

    /// These pages, without their ink.
    fn print(&self, pages: &[EngravedPage], excerpt: bool) -> PrintedScore {
        let pages = pages.iter().map(|page| page.print.clone()).collect();
        PrintedScore { width: self.width, pages, excerpt, ..PrintedScore::default() }
    }

    /// The pages that are looked at, as far as they are there.
    fn looked_at(&self, wish: &PrintWish) -> (u32, u32) {
        if wish.of_excerpt == self.printed.excerpt {
            return (wish.first, wish.last);
        }
        let first = page_of(&self.printed, wish.measure).unwrap_or(0) as u32;
        (first.saturating_sub(1), first + LOOKED_AT)
    }

    /// The first of the pages that are looked at, or of so many around them, that has no picture of the right size yet.
    pub fn unpainted(&self, wish: &PrintWish, around: u32) -> Option<u32> {
        let (first, last) = self.looked_at(wish);
        let painted = |page: u32| {
            let fits = |picture: &Arc<InkPicture>| {
                picture.page == page && picture.pixels_per_space == wish.pixels_per_space
            };
            self.printed.pictures.iter().any(fits)
        };
        let there = self.printed.pages.len() as u32;
        let last = last.saturating_add(around).saturating_add(1).min(there);
        (first.saturating_sub(around)..last).find(|page| !painted(*page))
    }

    /// Paints a page.
    ///
    /// # Errors
    /// As the painter's.
    pub fn paint(&mut self, painter: &Painter, page: u32, wish: &PrintWish) -> Result<(), EngraveError> {
        let pages = if self.printed.excerpt { &self.excerpt } else { &self.pages };
        let (width, height, cover) = painter.cover(&pages[page as usize], wish.pixels_per_space)?;
        let picture =
            InkPicture { page, pixels_per_space: wish.pixels_per_space, width, height, cover: cover.into() };
        let (first, last) = self.looked_at(wish);
        let pictures = &mut self.printed.pictures;
        pictures.retain(|old| old.page != page);
        pictures.retain(|old| old.page + KEPT >= first && old.page <= last.saturating_add(KEPT));
        pictures.push(Arc::new(picture));
        // The farthest go first; the newest stays in any case.
        let distance =
            |picture: &InkPicture| first.saturating_sub(picture.page).max(picture.page.saturating_sub(last));
        while pictures.len() > 1 && pictures.iter().map(|old| old.cover.len()).sum::<usize>() > MAX_PIXELS {
            let farthest =
                (0..pictures.len() - 1).max_by_key(|&index| distance(&pictures[index])).unwrap_or(0);
            pictures.remove(farthest);
        }
        self.is_new = true;
        Ok(())
    }
}

/// The page that prints a measure, if it is there. What has no frame of its own stands in the one before.
fn page_of(printed: &PrintedScore, measure: u32) -> Option<usize> {
    let starts = |page: &Arc<PrintedPage>| page.measures.first().is_some_and(|first| first.index <= measure);
    let page = printed.pages.iter().rposition(starts)?;
    let is_last = page + 1 == printed.pages.len();
    let reaches = printed.pages[page].measures.last().is_some_and(|last| last.index >= measure);
    (!is_last || reaches || printed.complete).then_some(page)
}
