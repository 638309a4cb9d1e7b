//! The score as printed: parts, measures and notes in document order, repeats not unfolded.

use super::{Flow, PlayingPath};
use crate::units::{Beats, Bpm, Pitch};
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

/// What kind of grace note a grace note is; it decides when it is expected to sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GraceKind {
    /// Slashed, or one of several: quick, just before the beat of the note it leans on.
    Acciaccatura,
    /// Unslashed and alone: on the beat, taking time from the note it leans on.
    Appoggiatura,
    /// Ends the note before it (a trill's after-beat).
    After,
}

/// The ties of one notehead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ties {
    /// Tied to a note before it: not struck anew when that note was just played.
    pub from_previous: bool,
    /// Tied to a note after it.
    pub to_next: bool,
}

/// One printed notehead. Ties are not merged here: what a notehead is tied to depends on the order of playing, so
/// [`PlayingPath::notes`] has them merged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Index into [`Score::measures`].
    pub measure: u32,
    /// Written start, from the start of its measure.
    pub onset: Beats,
    /// Written length of this notehead alone; zero for a grace note.
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
    pub grace: Option<GraceKind>,
    /// Which of a run of grace notes it is, counted from 0 in written order; a chord's are the same. 0 for others.
    pub grace_index: u8,
    /// A cue, or a notehead that only shows where to touch a harmonic: not expected to sound in this part.
    pub cue: bool,
    /// Unpitched percussion: [`Note::pitch`] is then only its line on the staff.
    pub unpitched: bool,
    /// Written under a fermata.
    pub fermata: bool,
    /// How freely it may be played.
    pub ornament: Ornament,
    /// Ties to the notes around it.
    pub ties: Ties,
    /// The octave that the instrument adds to it: 1 above, -1 below, 0 for none.
    #[serde(default)]
    pub doubled: i8,
    /// The passes of a repeat in which it sounds, 1 = first; empty where it sounds in all.
    #[serde(default)]
    pub passes: Vec<u32>,
}

impl Note {
    /// A notehead with nothing particular about it, in the first part's first voice.
    pub fn plain(measure: u32, onset: Beats, duration: Beats, pitch: Pitch) -> Note {
        Note {
            measure,
            onset,
            duration,
            pitch,
            part: 0,
            staff: 1,
            voice: 1,
            grace: None,
            grace_index: 0,
            cue: false,
            unpitched: false,
            fermata: false,
            ornament: Ornament::Plain,
            ties: Ties::default(),
            doubled: 0,
            passes: Vec::new(),
        }
    }
}

/// One printed measure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// The number as printed (`"12"`, `"12a"`, `"X1"`, may be empty).
    pub number: String,
    /// How long it really is (a pick-up is shorter than its meter).
    pub length: Beats,
    /// Beats per measure and beat unit as printed, e.g. (6, 8); (0, 0) where there is none (senza misura).
    pub meter: (u16, u16),
    /// A rehearsal mark printed at its start.
    pub rehearsal: Option<String>,
    /// Repeats, voltas and jumps: how playing goes on from here.
    pub flow: Flow,
}

/// Something printed at a place that is not a note.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// Index into [`Score::measures`].
    pub measure: u32,
    /// From the start of the measure.
    pub onset: Beats,
    /// Index into [`Score::parts`].
    pub part: u16,
    /// Staff within the part, 1 = top.
    pub staff: u8,
    /// What it is.
    pub kind: MarkKind,
}

/// The kinds of [`Mark`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum MarkKind {
    /// A tempo in quarter notes per minute.
    Tempo(Bpm),
    /// A tempo word without a figure ("Allegro"), with the tempo it is usually taken to mean.
    TempoWord(String, Bpm),
    /// A dynamic (`"p"`, `"sfz"`).
    Dynamic(String),
    /// The sustaining pedal goes down (true) or up.
    Pedal(bool),
    /// A slur begins (true) or ends.
    Slur(bool),
    /// A key signature, in fifths: -1 = one flat.
    Key(i8),
    /// A syllable sung on the note that starts here.
    Lyric(String),
    /// Any other text.
    Words(String),
    /// A fermata over a rest that begins here.
    RestFermata,
}

/// One piece or movement within a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Its first measure, as an index into [`Score::measures`].
    pub first_measure: u32,
    /// What is printed over it; may be empty.
    pub name: String,
}

/// What a score was read from, which says how far its rhythm can be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScoreSource {
    /// Engraved music.
    #[default]
    MusicXml,
    /// A MIDI file whose notes lie on the grid of its beats.
    QuantisedMidi,
    /// A MIDI file that was played in: its beats are only what its tempo map says.
    PerformedMidi,
}

/// A score as printed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Work or movement title; may be empty.
    pub title: String,
    /// Composer; may be empty.
    pub composer: String,
    /// What it was read from.
    pub source: ScoreSource,
    /// The parts from top to bottom.
    pub parts: Vec<Part>,
    /// The measures in printed order.
    pub measures: Vec<Measure>,
    /// The noteheads, ordered by measure, onset, part, pitch.
    pub notes: Vec<Note>,
    /// Everything else at a place, ordered by measure, onset, part.
    pub marks: Vec<Mark>,
    /// The pieces or movements; at least one where there are measures, the first at measure 0.
    pub sections: Vec<Section>,
    /// The order of playing, with every repeat unfolded.
    pub path: PlayingPath,
}
