//! A light notation of the playing path, laid out at once: staves, heads, stems, beams, accidentals, rests, in
//! systems as wide as the window.
//!
//! This is not engraving: no slurs, dynamics or lyrics, accidentals by the line of fifths instead of key
//! signatures. It is there in the first frame after a score was read, costs a few milliseconds, and every head
//! knows its note of the path.
//!
//! All lengths are in staff spaces (the distance of two staff lines); y grows downward.

mod chord;
mod measure;
mod spelling;

use crate::score::Score;
use crate::units::Beats;
pub use chord::{Chord, GRACE, Head, Rest};
pub use measure::Beam;
use measure::Draft;

/// SMuFL code points of what is drawn.
pub mod glyph {
    /// Clefs.
    pub const G_CLEF: char = '\u{E050}';
    /// See above.
    pub const C_CLEF: char = '\u{E05C}';
    /// See above.
    pub const F_CLEF: char = '\u{E062}';
    /// The digit 0 of a meter; the others follow.
    pub const METER_0: u32 = 0xE080;
    /// Heads.
    pub const WHOLE: char = '\u{E0A2}';
    /// See above.
    pub const HALF: char = '\u{E0A3}';
    /// See above.
    pub const BLACK: char = '\u{E0A4}';
    /// Unpitched.
    pub const X_HEAD: char = '\u{E0A9}';
    /// The flag of an eighth, upward; then downward, then 16th upward, …
    pub const FLAG: u32 = 0xE240;
    /// Accidentals from double flat to double sharp.
    pub const ACCIDENTALS: [char; 5] = ['\u{E264}', '\u{E260}', '\u{E261}', '\u{E262}', '\u{E263}'];
    /// The whole rest; then half, quarter, …
    pub const REST: u32 = 0xE4E3;
    /// A fermata above.
    pub const FERMATA: char = '\u{E4C0}';
    /// A trill.
    pub const TRILL: char = '\u{E566}';
}

/// Width of a black head.
pub const HEAD: f32 = 1.18;
/// Thickness of a beam.
pub const BEAM: f32 = 0.5;
/// Distance of the outer lines of a staff.
pub const STAFF: f32 = 4.0;

/// Which pitches a staff's lines stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clef {
    /// G on the second line from below.
    Treble,
    /// C on the middle line.
    Alto,
    /// F on the second line from above.
    Bass,
}

impl Clef {
    /// Height of the top line as a diatonic step (octave × 7 + letter, C = 0).
    fn top_line(self) -> i32 {
        match self {
            Clef::Treble => 5 * 7 + 3,
            Clef::Alto => 4 * 7 + 4,
            Clef::Bass => 3 * 7 + 5,
        }
    }

    /// Its glyph, and the line that it is set on, from the top.
    pub fn glyph(self) -> (char, f32) {
        match self {
            Clef::Treble => (glyph::G_CLEF, 3.0),
            Clef::Alto => (glyph::C_CLEF, 2.0),
            Clef::Bass => (glyph::F_CLEF, 1.0),
        }
    }
}

/// One staff of one system.
#[derive(Clone, Debug)]
pub struct Stave {
    /// Its top line, from the system's top.
    pub y: f32,
    /// Its clef.
    pub clef: Clef,
    /// It continues a brace or bracket with the staff above (same part).
    pub joined: bool,
}

/// One measure of the path within a system.
#[derive(Clone, Debug)]
pub struct MeasureBox {
    /// Index of the path step.
    pub step: usize,
    /// Left measure line.
    pub left: f32,
    /// Right measure line.
    pub right: f32,
    /// Where beats of the path stand, in order; first is the first column, last the right measure line.
    pub anchors: Vec<(f64, f32)>,
    /// The meter is printed here.
    pub meter: Option<(u16, u16)>,
    /// Notes that sound together.
    pub chords: Vec<Chord>,
    /// Silence.
    pub rests: Vec<Rest>,
    /// Beams.
    pub beams: Vec<Beam>,
}

impl MeasureBox {
    /// Where a beat of the path stands.
    pub fn x(&self, beat: f64) -> f32 {
        let after = self.anchors.partition_point(|anchor| anchor.0 <= beat);
        match (after.checked_sub(1).map(|index| self.anchors[index]), self.anchors.get(after).copied()) {
            (Some((from, x0)), Some((to, x1))) => x0 + (x1 - x0) * ((beat - from) / (to - from)) as f32,
            (Some((_, x)), None) | (None, Some((_, x))) => x,
            (None, None) => self.left,
        }
    }

    /// The nearest column's beat to `x`.
    pub fn beat(&self, x: f32) -> Option<f64> {
        let columns = &self.anchors[..self.anchors.len().saturating_sub(1)];
        columns.iter().min_by(|a, b| (a.1 - x).abs().total_cmp(&(b.1 - x).abs())).map(|column| column.0)
    }
}

/// One line of music.
#[derive(Clone, Debug)]
pub struct System {
    /// From the top of the sheet.
    pub top: f32,
    /// From `top` to the end of its lowest mark.
    pub height: f32,
    /// From top to bottom.
    pub staves: Vec<Stave>,
    /// From left to right.
    pub measures: Vec<MeasureBox>,
}

impl System {
    /// Top line of the first staff and bottom line of the last, from the system's top.
    pub fn extent(&self) -> (f32, f32) {
        let top = self.staves.first().map_or(0.0, |stave| stave.y);
        (top, self.staves.last().map_or(0.0, |stave| stave.y) + STAFF)
    }
}

/// A whole score in notation.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    /// From top to bottom.
    pub systems: Vec<System>,
    /// The path step that each system begins with, in order.
    firsts: Vec<usize>,
}

impl Sheet {
    /// Lays `score` out in systems of `width` staff spaces.
    pub fn of(score: &Score, width: f32) -> Sheet {
        let staves = measure::staves(score);
        let drafts = measure::drafts(score, &staves);
        let mut sheet = Sheet::default();
        let mut top = 0.0;
        let mut from = 0;
        while from < drafts.len() {
            let indent = INDENT;
            let room = (width - indent).max(10.0);
            let mut to = from + 1;
            let mut natural = drafts[from].width();
            while to < drafts.len() && natural + drafts[to].width() <= room {
                natural += drafts[to].width();
                to += 1;
            }
            // The last line is not torn apart to fill the page, unless it nearly does so by itself.
            let stretch = if to == drafts.len() && natural < 0.7 * room { 1.15 } else { room / natural };
            let system = system(&drafts[from..to], from, &staves, top, indent, stretch);
            top += system.height + SYSTEM_GAP;
            sheet.systems.push(system);
            sheet.firsts.push(from);
            from = to;
        }
        sheet
    }

    /// Index of the system that holds path step `step`.
    pub fn system_of(&self, step: usize) -> usize {
        self.firsts.partition_point(|first| *first <= step).saturating_sub(1)
    }

    /// The measure of path step `step`, with its system.
    pub fn measure(&self, step: usize) -> Option<(&System, &MeasureBox)> {
        let system = self.systems.get(self.system_of(step))?;
        Some((system, system.measures.iter().find(|measure| measure.step == step)?))
    }

    /// Where the last system ends.
    pub fn height(&self) -> f32 {
        self.systems.last().map_or(0.0, |system| system.top + system.height)
    }
}

/// Room for the clefs.
const INDENT: f32 = 4.4;
/// Room between two systems, beyond what sticks out of their staves.
const SYSTEM_GAP: f32 = 1.6;
/// Least distance of two staves' facing lines.
const STAVE_GAP: f32 = 4.0;

fn system(
    drafts: &[Draft],
    first: usize,
    staves: &[measure::StaveKind],
    top: f32,
    indent: f32,
    stretch: f32,
) -> System {
    // How far marks stick out above and below each staff here.
    let mut above = vec![0.0f32; staves.len()];
    let mut below = vec![0.0f32; staves.len()];
    for (stave, from, to) in drafts.iter().flat_map(|draft| draft.extents.iter().copied()) {
        above[stave] = above[stave].max(-from);
        below[stave] = below[stave].max(to - STAFF);
    }
    // Room for the measure numbers.
    let mut y = above.first().copied().unwrap_or(0.0).max(1.0) + 2.0;
    let mut placed = Vec::with_capacity(staves.len());
    for (index, kind) in staves.iter().enumerate() {
        if index > 0 {
            let sticking = below[index - 1] + above[index] + 1.0;
            y += STAFF + sticking.max(if kind.joined { STAVE_GAP } else { STAVE_GAP + 1.0 });
        }
        placed.push(Stave { y, clef: kind.clef, joined: kind.joined });
    }
    let height = y + STAFF + below.last().copied().unwrap_or(0.0) + 0.5;

    let mut left = indent;
    let mut measures = Vec::with_capacity(drafts.len());
    for (offset, draft) in drafts.iter().enumerate() {
        let measure = draft.placed(first + offset, left, stretch);
        left = measure.right;
        measures.push(measure);
    }
    System { top, height, staves: placed, measures }
}

/// Whether a length is a power of two of a quarter note, or one with a dot, and the head that shows it.
fn head_of(duration: Beats) -> (char, bool) {
    let beats = duration.to_f64();
    let (glyph, base) = if beats >= 4.0 {
        (glyph::WHOLE, 4.0)
    } else if beats >= 2.0 {
        (glyph::HALF, 2.0)
    } else {
        (
            glyph::BLACK,
            (1..=6).map(|k| 2.0 / f64::from(1 << k)).find(|base| beats >= *base).unwrap_or(1.0 / 32.0),
        )
    };
    (glyph, (beats - 1.5 * base).abs() < 1e-6)
}

/// Number of beams or flags of a length.
///
/// A length whose denominator is not a power of two belongs to a tuplet, which is written with the next longer
/// plain value.
fn beams_of(duration: Beats) -> usize {
    let beats = duration.to_f64();
    if beats <= 0.0 || beats >= 1.0 {
        return 0;
    }
    let levels = (1.0 / beats).log2();
    let odd = duration.denominator() as u64;
    let tuplet = !odd.is_power_of_two();
    (if tuplet { levels.floor() } else { (levels - 1e-9).ceil() }).clamp(0.0, 4.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_the_flags_and_dots_they_are_written_with() {
        let beats = |numerator, denominator| Beats::new(numerator, denominator).unwrap();
        for (length, flags, dotted) in [
            (beats(4, 1), 0, false),
            (beats(3, 1), 0, true),
            (beats(3, 2), 0, true),
            (beats(1, 1), 0, false),
            (beats(3, 4), 1, true),
            (beats(1, 2), 1, false),
            (beats(1, 3), 1, false),
            (beats(1, 4), 2, false),
            (beats(1, 5), 2, false),
            (beats(1, 6), 2, false),
            (beats(1, 8), 3, false),
        ] {
            assert_eq!(beams_of(length), flags, "{length:?}");
            assert_eq!(head_of(length).1, dotted, "{length:?}");
        }
        assert_eq!(head_of(beats(3, 1)).0, glyph::HALF);
        assert_eq!(head_of(beats(6, 1)).0, glyph::WHOLE);
    }
}
