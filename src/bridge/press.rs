//! A score on its way through the engraver: piece by piece, so that the first systems are there before the last are laid
//! out, whoever asks for another score need not wait for this one, and the engraver never holds more than a piece.
//!
//! Lines of music are broken from left to right. A piece therefore begins with a measure that began a system in the piece
//! before, one of the last, where the least hangs over from before; and what comes from there on is engraved anew. So every
//! system is full, and nothing shows where pieces meet, unless something hangs over all the places where they could.

use crate::engraving::{EngraveError, EngravedPage, Engraver, Paper};
use crate::readers::ScoreText;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Notes of a piece; the engraver takes half a millisecond a note.
const PIECE_NOTES: usize = 1000;

/// Notes of the first piece and of an excerpt: some three systems of a quartet.
const FIRST_NOTES: usize = 350;

/// Of a piece's systems no more than one in so many are engraved anew with the next.
const SHARE_ANEW: usize = 3;

/// An excerpt begins so many measures before the one that is looked at: where the least hangs over from before.
const LEAD: RangeInclusive<usize> = 1..=6;

/// One score for one width of paper.
pub(super) struct Press {
    text: Arc<ScoreText>,
    paper: Paper,
    /// The printed measure that the next piece begins with.
    next: usize,
}

impl Press {
    /// With nothing engraved yet.
    pub fn new(text: Arc<ScoreText>, width: f32) -> Press {
        Press { text, paper: Paper::Strips { width }, next: 0 }
    }

    /// All pages have come out.
    pub fn is_done(&self) -> bool {
        self.next >= self.text.measures()
    }

    /// This measure of the score has come out, or does with the next piece.
    pub fn comes_to(&self, measure: u32) -> bool {
        self.text.printed(measure) < self.text.reach(self.next, FIRST_NOTES)
    }

    /// The next pages.
    ///
    /// # Errors
    /// As the engraver's.
    pub fn advance(&mut self, engraver: &mut Engraver) -> Result<Vec<EngravedPage>, EngraveError> {
        let mut notes = if self.next == 0 { FIRST_NOTES } else { PIECE_NOTES };
        loop {
            let end = self.text.reach(self.next, notes);
            let mut pages = self.engrave(engraver, self.next, end)?;
            if end >= self.text.measures() {
                self.next = end;
                return Ok(pages);
            }
            if let Some((kept, next)) = self.cut(&pages) {
                pages.truncate(kept);
                self.next = next;
                return Ok(pages);
            }
            // It is one system as yet.
            notes *= 2;
        }
    }

    /// Some systems from the middle of the score, around one of its measures.
    ///
    /// # Errors
    /// As the engraver's.
    pub fn excerpt(&self, engraver: &mut Engraver, measure: u32) -> Result<Vec<EngravedPage>, EngraveError> {
        let at = self.text.printed(measure);
        let starts = LEAD.map(|lead| at.saturating_sub(lead));
        let start = starts.min_by_key(|start| self.text.hanging(*start)).unwrap_or(at);
        let least = self.text.reach(at, 1) + 1;
        let end = self.text.reach(start, FIRST_NOTES).max(least).min(self.text.measures());
        let mut pages = self.engrave(engraver, start, end)?;
        // The last system is as long as the excerpt has it.
        let holds =
            |page: &EngravedPage| page.print.measures.first().is_some_and(|first| first.index > measure);
        if end < self.text.measures() && pages.len() > 1 && pages.last().is_some_and(holds) {
            pages.pop();
        }
        Ok(pages)
    }

    fn engrave(
        &self,
        engraver: &mut Engraver,
        from: usize,
        to: usize,
    ) -> Result<Vec<EngravedPage>, EngraveError> {
        let count = engraver.load(&self.text.excerpt(from..to), self.paper)?;
        (0..count).map(|index| engraver.page(index)).collect()
    }

    /// How many pages of a piece that goes on are as they will be, and the printed measure after them.
    fn cut(&self, pages: &[EngravedPage]) -> Option<(usize, usize)> {
        let anew = (pages.len() / SHARE_ANEW).max(1);
        let starts = (pages.len().saturating_sub(anew).max(1)..pages.len()).filter_map(|kept| {
            let next = self.text.printed(pages[kept].print.measures.first()?.index);
            (next > self.next).then_some((kept, next))
        });
        starts.rev().min_by_key(|(_, next)| self.text.hanging(*next))
    }
}
