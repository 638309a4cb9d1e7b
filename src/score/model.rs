//! The score as printed: parts, measures and notes in document order, repeats not unfolded.

use super::PlayingPath;
use crate::units::{Beats, Pitch};
use serde::{Deserialize, Serialize};

/// Index of a note in [`Score::notes`]; stable for a given file, and the id that engraving carries (`n` + index).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NoteId(pub u32);

/// One instrument or voice line, as the score names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The name printed before the first system; may be empty.
    pub name: String,
    /// Number of staves, at least 1.
    pub staves: u8,
}

/// How freely a written note may be played: the follower and the faults are lenient by this class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Ornament {
    /// Plays once, at its written time.
    #[default]
    Plain,
    /// Alternates with a neighbour for as long as it is written.
    Trill,
    /// One quick alternation with a neighbour (mordent, inverted mordent, Schleifer).
    Mordent,
    /// Goes round its neighbours.
    Turn,
    /// Repeats (on one note), or alternates with another written note.
    Tremolo,
    /// One note of a chord that is rolled.
    Arpeggio,
}

/// One printed note, tied notes already merged into the first of the tie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Index into [`Score::measures`].
    pub measure: u32,
    /// Written start, from the start of its measure.
    pub onset: Beats,
    /// Written length with ties; zero for a grace note.
    pub duration: Beats,
    /// Sounding pitch (transposing instruments already transposed).
    pub pitch: Pitch,
    /// Index into [`Score::parts`].
    pub part: u16,
    /// Staff within the part, 1 = top.
    pub staff: u8,
    /// Voice label within the part, 1 = first.
    pub voice: u8,
    /// A grace note: it has a place but takes no written time.
    pub grace: bool,
    /// A cue: printed small, not expected to sound in this part.
    pub cue: bool,
    /// Unpitched percussion: [`Note::pitch`] is then only its line on the staff.
    pub unpitched: bool,
    /// Written under a fermata.
    pub fermata: bool,
    /// How freely it may be played.
    pub ornament: Ornament,
}

/// One printed measure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// The number as printed (`"12"`, `"12a"`, `"X1"`, may be empty).
    pub number: String,
    /// How long it really is (a pick-up is shorter than its meter).
    pub length: Beats,
    /// Beats per measure and beat unit as printed, e.g. (6, 8).
    pub meter: (u16, u16),
    /// A rehearsal mark printed at its start.
    pub rehearsal: Option<String>,
}

/// A score as printed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Work or movement title; may be empty.
    pub title: String,
    /// Composer; may be empty.
    pub composer: String,
    /// The parts from top to bottom.
    pub parts: Vec<Part>,
    /// The measures in printed order.
    pub measures: Vec<Measure>,
    /// The notes, ordered by measure, onset, part, pitch.
    pub notes: Vec<Note>,
    /// The order of playing, with every repeat unfolded.
    pub path: PlayingPath,
}
