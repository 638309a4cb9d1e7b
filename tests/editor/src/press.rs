//! The engraver without its thread: pages at once.

use colla_parte::editor::EngravingSlot;
use colla_parte::engraving::{Breaks, EngraveError, EngravedPage, Engraver, Painter, Paper};
use colla_parte::score::{InkPicture, PrintWish, PrintedScore};
use std::sync::Arc;

/// Engraves one document.
pub struct Press {
    source: String,
    engraver: Engraver,
    painter: Painter,
    /// What was engraved last, and for which width.
    engraved: Option<(f32, Vec<EngravedPage>)>,
}

impl Press {
    /// For this MusicXML, with our ids.
    ///
    /// # Errors
    /// If the engraver is not there.
    pub fn new(source: String) -> Result<Press, EngraveError> {
        Ok(Press { source, engraver: Engraver::find()?, painter: Painter::default(), engraved: None })
    }

    /// All pages, with the pictures that are asked for.
    ///
    /// # Errors
    /// As the engraver's.
    pub fn print(&mut self, wish: PrintWish) -> Result<PrintedScore, EngraveError> {
        if self.engraved.as_ref().is_none_or(|(width, _)| *width != wish.width) {
            let paper = Paper::Strips { width: wish.width };
            self.engraved = Some((wish.width, self.engraver.pages(&self.source, paper, Breaks::Needed)?));
        }
        let pages = self.engraved.as_ref().map_or(&[][..], |(_, pages)| pages);
        let mut printed = PrintedScore { width: wish.width, complete: true, ..PrintedScore::default() };
        for page in wish.first..=wish.last {
            let Some(engraved) = pages.get(page as usize) else { break };
            let pixels_per_space = wish.pixels_per_space;
            let (width, height, cover) = self.painter.cover(engraved, pixels_per_space)?;
            let picture = InkPicture { page, pixels_per_space, width, height, cover: cover.into() };
            printed.pictures.push(Arc::new(picture));
        }
        printed.pages = pages.iter().map(|page| page.print.clone()).collect();
        Ok(printed)
    }

    /// The same as the editor takes it.
    pub fn slot(&mut self, wish: PrintWish) -> EngravingSlot {
        match self.print(wish) {
            Ok(printed) => EngravingSlot::Ready(Arc::new(printed)),
            Err(error) => EngravingSlot::Failed(error.to_string()),
        }
    }
}
