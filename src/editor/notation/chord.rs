//! Notes that share a stem.

use super::spelling::Spelled;
use super::{Clef, HEAD, beams_of, glyph, head_of};
use crate::units::Beats;

/// One head.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// Index of the path's note.
    pub note: usize,
    /// Left edge.
    pub x: f32,
    /// Middle, from the top line of its staff.
    pub y: f32,
    /// Its glyph.
    pub glyph: char,
    /// Its accidental, if one is needed.
    pub accidental: Option<char>,
    /// It continues a note of the measure before.
    pub tied: bool,
}

/// Heads that share a stem.
#[derive(Clone, Debug)]
pub struct Chord {
    /// Index of the staff.
    pub stave: usize,
    /// From top to bottom.
    pub heads: Vec<Head>,
    /// x, y of its foot, y of its tip.
    pub stem: Option<(f32, f32, f32)>,
    /// The flag at the stem's tip, where it is not beamed.
    pub flag: Option<char>,
    /// It has a dot.
    pub dotted: bool,
    /// Small, and without time of its own.
    pub grace: bool,
    /// Stem upward.
    pub up: bool,
    /// A mark above it: fermata or trill.
    pub above: Option<char>,
    /// Start within the measure, in beats.
    pub(super) at: f64,
    /// Column that it stands in.
    pub(super) column: usize,
    /// Written length.
    pub(super) duration: Beats,
    /// Voice within the staff.
    pub(super) voice: u8,
}

/// A rest.
#[derive(Clone, Copy, Debug)]
pub struct Rest {
    /// Index of the staff.
    pub stave: usize,
    /// Left edge.
    pub x: f32,
    /// From the top line of its staff.
    pub y: f32,
    /// Its glyph.
    pub glyph: char,
    /// Column that it stands in; a measure's rest stands in the middle and has none.
    pub(super) column: Option<usize>,
}

/// Usual length of a stem, from the head next to its tip.
pub const STEM: f32 = 3.5;
/// Grace notes are this much smaller.
pub const GRACE: f32 = 0.62;

/// Height of a spelled pitch on a staff, from its top line.
pub fn staff_y(clef: Clef, spelled: Spelled) -> f32 {
    (clef.top_line() - spelled.diatonic) as f32 * 0.5
}

impl Chord {
    /// Stands heads that are a step apart side by side, and gives the chord its stem and flag.
    ///
    /// `up`: where the voice must point; otherwise the middle line decides.
    pub(super) fn finish(&mut self, up: Option<bool>) {
        self.heads.sort_by(|a, b| a.y.total_cmp(&b.y));
        let (top, bottom) = self.outer();
        self.up = up.unwrap_or_else(|| self.grace || (top + bottom) / 2.0 > 2.0);
        let mut aside = false;
        let scale = if self.grace { GRACE } else { 1.0 };
        let order: Vec<usize> =
            if self.up { (0..self.heads.len()).rev().collect() } else { (0..self.heads.len()).collect() };
        let mut last: Option<f32> = None;
        for index in order {
            let head = &mut self.heads[index];
            aside = !aside && last.is_some_and(|y| (y - head.y).abs() < 0.75);
            head.x = if aside { if self.up { HEAD * scale } else { -HEAD * scale } } else { 0.0 };
            last = Some(head.y);
        }
        let (glyph, dotted) = if self.grace { (glyph::BLACK, false) } else { head_of(self.duration) };
        self.dotted = dotted;
        for head in &mut self.heads {
            if head.glyph != glyph::X_HEAD {
                head.glyph = glyph;
            }
        }
        if glyph == glyph::WHOLE {
            return;
        }
        // Far from the middle line a stem reaches back to it.
        let length = STEM * scale;
        self.stem = Some(if self.up {
            (HEAD * scale - 0.06, bottom - 0.15, (top - length).min(if self.grace { f32::MAX } else { 2.0 }))
        } else {
            (0.06, top + 0.15, (bottom + length).max(if self.grace { f32::MIN } else { 2.0 }))
        });
        let beams = if self.grace { 1 } else { beams_of(self.duration) };
        self.flag = flag(beams, self.up);
    }

    /// Highest and lowest head.
    pub(super) fn outer(&self) -> (f32, f32) {
        (self.heads.first().map_or(2.0, |head| head.y), self.heads.last().map_or(2.0, |head| head.y))
    }

    /// Highest and lowest point of all of it, with ledger lines and marks.
    pub(super) fn extent(&self) -> (f32, f32) {
        let (top, bottom) = self.ink();
        let mark = if self.above.is_some() { 2.2 } else { 0.0 };
        (top - mark, bottom)
    }

    /// Highest and lowest point of heads and stem.
    pub fn ink(&self) -> (f32, f32) {
        let (top, bottom) = self.outer();
        let tip = self.stem.map_or(top, |(_, _, tip)| tip);
        (top.min(tip) - 0.6, bottom.max(tip) + 0.6)
    }
}

fn flag(beams: usize, up: bool) -> Option<char> {
    let code = glyph::FLAG + 2 * (beams.checked_sub(1)? as u32) + u32::from(!up);
    char::from_u32(code)
}
