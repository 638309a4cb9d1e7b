//! A score on its way through the engraver: piece by piece, so that the first systems are there before the last are laid
//! out, whoever asks for another score need not wait for this one, and the engraver never holds more than a piece.
//!
//! Lines of music are broken from left to right. A piece therefore begins with a measure that began a system in the piece
//! before, one of the last, where the least hangs over from before; and what comes from there on is engraved anew. So every
//! system is full. What hangs over that place (a slur, a tie) is drawn whole on both sides: the piece before goes on until it
//! has ended, and the next one is given the measures from where it began, with a line break after them, and they are put away.

use crate::engraving::{Breaks, EngraveError, EngravedPage, Engraver, Paper};
use crate::readers::ScoreText;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Notes of a piece; the engraver takes half a millisecond a note.
const PIECE_NOTES: usize = 1000;

/// Notes of the first piece and of an excerpt: some three systems of a quartet.
const FIRST_NOTES: usize = 350;

/// Of a piece's systems no more than one in so many are engraved anew with the next.
const SHARE_ANEW: usize = 3;

/// A piece is given at most so many notes that come before it, to have whole what hangs over its beginning.
const LEAD_NOTES: usize = 350;

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
    pub fn advance(&mut self, engraver: &Engraver) -> Result<Vec<EngravedPage>, EngraveError> {
        let mut notes = if self.next == 0 { FIRST_NOTES } else { PIECE_NOTES };
        loop {
            let end = self.text.reach(self.next, notes);
            let mut pages = self.engrave(engraver, self.next, end)?;
            if end >= self.text.measures() {
                self.next = end;
                return Ok(pages);
            }
            if let Some((kept, next)) = self.cut(&pages, end) {
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
    pub fn excerpt(&self, engraver: &Engraver, measure: u32) -> Result<Vec<EngravedPage>, EngraveError> {
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

    /// The pages of some measures, with what hangs over from before.
    fn engrave(
        &self,
        engraver: &Engraver,
        from: usize,
        to: usize,
    ) -> Result<Vec<EngravedPage>, EngraveError> {
        let lead = self.text.lead(from, LEAD_NOTES);
        if lead < from {
            let source = self.text.excerpt_broken(lead..to, from);
            let mut pages = engraver.pages(&source, self.paper, Breaks::Asked)?;
            let begins = |page: &EngravedPage| {
                page.print.measures.first().is_some_and(|first| self.text.printed(first.index) == from)
            };
            // The engraver may not have heeded the break, as within an ending.
            if let Some(first) = pages.iter().position(begins) {
                pages.drain(..first);
                return Ok(pages);
            }
        }
        engraver.pages(&self.text.excerpt(from..to), self.paper, Breaks::Needed)
    }

    /// How many pages of a piece that ends before `end` are as they will be, and the printed measure after them.
    fn cut(&self, pages: &[EngravedPage], end: usize) -> Option<(usize, usize)> {
        let anew = (pages.len() / SHARE_ANEW).max(1);
        let starts = (pages.len().saturating_sub(anew).max(1)..pages.len()).filter_map(|kept| {
            let next = self.text.printed(pages[kept].print.measures.first()?.index);
            (next > self.next).then_some((kept, next))
        });
        starts.rev().min_by_key(|(_, next)| {
            (self.text.severed(*next, end, LEAD_NOTES), *next - self.text.lead(*next, LEAD_NOTES))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readers::source_with_ids;
    use std::fmt::Write as _;

    /// One player, so many measures of four quarters; a slur and a tie hang over every measure line.
    fn bound(measures: usize) -> String {
        let mut text = String::from(
            "<score-partwise version=\"4.0\"><part-list><score-part id=\"A\"><part-name>Oboe</part-name></score-part>\
             </part-list><part id=\"A\">",
        );
        for measure in 0..measures {
            write!(text, "<measure number=\"{}\">", measure + 1).unwrap();
            if measure == 0 {
                text.push_str("<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time>");
                text.push_str("<clef><sign>G</sign><line>2</line></clef></attributes>");
            }
            // A line break in the document itself means nothing.
            if measure % 5 == 2 {
                text.push_str("<print new-system=\"yes\"/>");
            }
            let (first, last) = (measure == 0, measure + 1 == measures);
            for (beat, step) in ["C", "E", "G", "C"].into_iter().enumerate() {
                let (tie, tied, slur) = match beat {
                    0 if !first => ("<tie type=\"stop\"/>", "<tied type=\"stop\"/>", ""),
                    1 if !first => ("", "", "<slur type=\"stop\" number=\"1\"/>"),
                    2 if !last => ("", "", "<slur type=\"start\" number=\"1\"/>"),
                    3 if !last => ("<tie type=\"start\"/>", "<tied type=\"start\"/>", ""),
                    _ => ("", "", ""),
                };
                write!(
                    text,
                    "<note><pitch><step>{step}</step><octave>5</octave></pitch><duration>1</duration>{tie}<voice>1</voice>\
                     <type>quarter</type><notations>{tied}{slur}</notations></note>"
                )
                .unwrap();
            }
            text.push_str("</measure>");
        }
        text.push_str("</part></score-partwise>");
        text
    }

    /// A slur or tie over the place where two pieces meet is drawn at the end of the one system and the start of the next,
    /// as over any other line break.
    #[test]
    fn nothing_is_cut_where_pieces_meet() {
        const MEASURES: usize = 700;
        let text = ScoreText::of(source_with_ids(bound(MEASURES).as_bytes()).unwrap()).unwrap();
        let engraver = Engraver::find().unwrap();
        let mut press = Press::new(Arc::new(text), 120.0);
        let (mut pages, mut pieces) = (Vec::new(), 0);
        while !press.is_done() {
            pages.extend(press.advance(&engraver).unwrap());
            pieces += 1;
        }
        assert!(pieces > 2, "{pieces} pieces");
        let indices = pages.iter().flat_map(|page| page.print.measures.iter().map(|measure| measure.index));
        assert_eq!(indices.collect::<Vec<_>>(), (0..MEASURES as u32).collect::<Vec<_>>());
        for (number, page) in pages.iter().enumerate() {
            // One over each measure line within the system, and one at each end that is not the score's.
            let (first, last) = (number == 0, number + 1 == pages.len());
            let expected = page.print.measures.len() - 1 + usize::from(!first) + usize::from(!last);
            for sign in ["slur", "tie"] {
                let class = format!("class=\"{sign}");
                assert_eq!(page.svg.matches(&class).count(), expected, "{sign}s of system {number}");
            }
            let right = page.print.measures.last().unwrap().area.right;
            assert!(last || right > 117.0, "system {number} ends at {right}");
        }
    }
}
