//! One part, measure by measure: where in the measure we are, and what holds there.

use super::barline::Voltas;
use super::cursor::Cursor;
use super::note::GraceRun;
use super::pieces::Piece;
use super::xml::{self, child, child_text, text_of, yes};
use super::{PartHead, RawNote};
use crate::readers::ReadError;
use crate::score::{Flow, Mark, MarkKind, Ornament};
use crate::units::{Beats, Bpm};
use roxmltree::Node;

/// Everything that one part holds.
#[derive(Default)]
pub(super) struct PartContent {
    pub notes: Vec<RawNote>,
    pub marks: Vec<Mark>,
    /// The measures: `<measure>` elements, or pieces of such.
    pub pieces: Vec<Piece>,
    /// For each measure.
    pub flows: Vec<Flow>,
    /// For each measure: how far its notes reach.
    pub lengths: Vec<Beats>,
    /// For each measure: its meter, if this part gives one there or before.
    pub meters: Vec<Option<Meter>>,
    /// For each measure: a rehearsal mark.
    pub rehearsals: Vec<Option<String>>,
    pub staves: u8,
}

/// A time signature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Meter {
    pub printed: (u16, u16),
    pub length: Beats,
}

/// From written to sounding pitch.
#[derive(Clone, Copy, Default)]
pub(super) struct Transposition {
    pub semitones: i32,
    /// The octave that sounds as well: 1 above, -1 below, 0 for none.
    pub doubled: i8,
}

/// Reads a part.
pub(super) struct PartReader<'h> {
    pub(super) head: &'h PartHead,
    pub(super) index: u16,
    pub(super) content: PartContent,
    pub(super) divisions: Beats,
    pub(super) has_divisions: bool,
    /// From written to sounding pitch: for all staves, and for single staves.
    pub(super) transpose: Transposition,
    pub(super) staff_transpose: Vec<(u8, Transposition)>,
    pub(super) meter: Option<Meter>,
    pub(super) voltas: Voltas,
    /// Index of the measure being read.
    pub(super) measure: u32,
    /// Position in the measure.
    pub(super) cursor: Cursor,
    /// Where repeat bars divide the measure, and the signs in it at whose place another would.
    pub(super) cuts: Vec<Beats>,
    pub(super) leaving: Vec<Beats>,
    /// Where a segno is drawn after which no note has followed in the measure yet.
    pub(super) late_segno: Option<Beats>,
    /// The label of one at the end of the measure before.
    pub(super) carried_segno: Option<String>,
    /// Onset of the note before, for the further notes of its chord.
    pub(super) chord_onset: Beats,
    /// Whether that is a grace note; `None` if there is none in the measure.
    pub(super) chord_of_graces: Option<bool>,
    /// How far the notes, and how far whole-measure rests reach.
    pub(super) reach: Beats,
    pub(super) rest_reach: Beats,
    pub(super) graces: GraceRun,
    pub(super) voices: Vec<String>,
    pub(super) tempo: Option<Bpm>,
    pub(super) first_tempo: Option<Bpm>,
}

impl<'h> PartReader<'h> {
    pub(super) fn new(head: &'h PartHead, index: u16) -> PartReader<'h> {
        PartReader {
            head,
            index,
            content: PartContent { staves: 1, ..PartContent::default() },
            divisions: Beats::whole(1),
            has_divisions: false,
            transpose: Transposition::default(),
            staff_transpose: Vec::new(),
            meter: None,
            voltas: Voltas::default(),
            measure: 0,
            cursor: Cursor::default(),
            cuts: Vec::new(),
            leaving: Vec::new(),
            late_segno: None,
            carried_segno: None,
            chord_onset: Beats::ZERO,
            chord_of_graces: None,
            reach: Beats::ZERO,
            rest_reach: Beats::ZERO,
            graces: GraceRun::default(),
            voices: Vec::new(),
            tempo: None,
            first_tempo: None,
        }
    }

    /// Reads the next measure of the part; `None` where the part has none.
    pub(super) fn measure(&mut self, element: u32, node: Option<Node>) -> Result<(), ReadError> {
        self.measure = self.content.flows.len() as u32;
        self.begin_piece(element, Beats::ZERO);
        self.cursor.restart();
        self.cuts.clear();
        self.leaving.clear();
        self.late_segno = None;
        self.place_carried_segno();
        self.chord_onset = Beats::ZERO;
        self.chord_of_graces = None;
        self.reach = Beats::ZERO;
        self.rest_reach = Beats::ZERO;
        let (first_note, first_mark) = (self.content.notes.len(), self.content.marks.len());
        for child in node.iter().flat_map(|node| node.children()).filter(Node::is_element) {
            match child.tag_name().name() {
                "note" => {
                    self.late_segno = None;
                    self.note(child)?;
                }
                "backup" => {
                    self.late_segno = None;
                    self.cursor.shift(Beats::ZERO - self.duration(child)?, self.divisions);
                }
                "forward" => {
                    self.cursor.shift(self.duration(child)?, self.divisions);
                    self.reach = self.reach.max(self.cursor.at());
                }
                "attributes" => self.attributes(child)?,
                "direction" => self.direction(child),
                "sound" => self.sound(child, self.cursor.at()),
                "barline" => self.barline(child, element),
                _ => {}
            }
        }
        self.graces.end_measure(&mut self.content.notes);
        let length = if self.reach > Beats::ZERO { self.reach } else { self.rest_reach };
        self.cut_before_upbeat(element, length);
        self.settle_pieces(length, first_note, first_mark);
        self.carry_late_segno(length);
        Ok(())
    }

    /// What was read, when all measures have been.
    pub(super) fn finish(mut self) -> PartContent {
        self.place_carried_segno();
        self.voltas.finish(&mut self.content.flows);
        if self.content.staves > 1 {
            small_print_sounds(&mut self.content.notes);
        } else {
            alternatives_are_silent(&mut self.content.notes);
        }
        self.content
    }

    /// The `<duration>` of an element; zero where it has none.
    pub(super) fn duration(&self, node: Node) -> Result<Beats, ReadError> {
        let text = child_text(node, "duration");
        if text.is_empty() {
            return Ok(Beats::ZERO);
        }
        match xml::beats(text, self.divisions) {
            Some(duration) if !duration.is_negative() => Ok(duration),
            _ => Err(self.bad(node, "a duration of 0 to 10000 quarter notes", text)),
        }
    }

    pub(super) fn bad(&self, node: Node, expected: &str, found: &str) -> ReadError {
        let place = node.document().text_pos_at(node.range().start);
        let found: String = found.chars().take(40).collect();
        ReadError::Xml {
            line: place.row,
            column: place.col,
            message: format!("expected {expected}, found {found:?}"),
        }
    }

    fn attributes(&mut self, node: Node) -> Result<(), ReadError> {
        let divisions = child_text(node, "divisions");
        if !divisions.is_empty() {
            self.divisions =
                xml::divisions(divisions).ok_or_else(|| self.bad(node, "divisions above zero", divisions))?;
            self.has_divisions = true;
        }
        if let Some(time) = child(node, "time") {
            self.meter = meter(time);
        }
        if let Ok(staves) = child_text(node, "staves").parse::<u8>() {
            self.content.staves = self.content.staves.max(staves);
        }
        if let Some(key) = child(node, "key")
            && let Ok(fifths) = child_text(key, "fifths").parse::<i8>()
            && (-14..=14).contains(&fifths)
        {
            self.mark(self.cursor.at(), 1, MarkKind::Key(fifths));
        }
        for transpose in node.children().filter(|n| n.tag_name().name() == "transpose") {
            let number =
                |name| child_text(transpose, name).parse::<f64>().unwrap_or(0.0).clamp(-128.0, 128.0);
            let semitones = number("chromatic").round() as i32 + 12 * number("octave-change").round() as i32;
            let doubled =
                child(transpose, "double").map_or(0, |double| if yes(double, "above") { 1 } else { -1 });
            let transposition = Transposition { semitones, doubled };
            match transpose.attribute("number").and_then(|staff| staff.parse::<u8>().ok()) {
                Some(staff) => {
                    self.staff_transpose.retain(|(there, _)| *there != staff);
                    self.staff_transpose.push((staff, transposition));
                }
                None => {
                    self.staff_transpose.clear();
                    self.transpose = transposition;
                }
            }
        }
        Ok(())
    }

    pub(super) fn mark(&mut self, onset: Beats, staff: u8, kind: MarkKind) {
        self.content.marks.push(Mark { measure: self.measure, onset, part: self.index, staff, kind });
    }
}

/// In keyboard parts `<cue>` means small print, not another player's part: arpeggiated filling, cadenzas. Where it is
/// not printed at all, it writes an ornament out for playback; how often that alternates is up to the player.
///
/// On a single staff, small print is another player's cue or an alternative (the second verse, an ossia): silent.
fn small_print_sounds(notes: &mut [RawNote]) {
    for raw in notes.iter_mut().filter(|raw| raw.note.cue && !raw.touched) {
        raw.note.cue = false;
        if raw.hidden && raw.note.ornament == Ornament::Plain {
            raw.note.ornament = Ornament::Trill;
        }
    }
}

/// On a single staff, small notes while others of full size sound are an alternative to those: another verse's rhythm,
/// an ossia, a note that not every voice reaches. By themselves they are played, and where the file says in which pass.
fn alternatives_are_silent(notes: &mut [RawNote]) {
    if !notes.iter().any(|raw| raw.small) {
        return;
    }
    let mut full: Vec<(u32, Beats, Beats)> = notes
        .iter()
        .filter(|raw| !raw.small && !raw.note.cue && raw.note.grace.is_none())
        .map(|raw| (raw.note.measure, raw.note.onset, raw.note.onset + raw.note.duration))
        .collect();
    full.sort_unstable();
    // Stretches in which something sounds, none overlapping the next.
    full.dedup_by(|next, sounding| {
        let joins = next.0 == sounding.0 && next.1 <= sounding.2;
        if joins {
            sounding.2 = sounding.2.max(next.2);
        }
        joins
    });
    for raw in
        notes.iter_mut().filter(|raw| raw.small && raw.note.grace.is_none() && raw.note.passes.is_empty())
    {
        let (measure, onset) = (raw.note.measure, raw.note.onset);
        let first = full.partition_point(|&(at, _, end)| (at, end) <= (measure, onset));
        let overlaps =
            full.get(first).is_some_and(|&(at, from, _)| at == measure && from < onset + raw.note.duration);
        raw.note.cue |= overlaps;
    }
}

/// A time signature; additive and composite ones are summed up over their smallest unit. `None` for senza misura and
/// for what makes no sense.
fn meter(time: Node) -> Option<Meter> {
    let mut fractions: Vec<(u32, u32)> = Vec::new();
    let mut beats = 0;
    for element in time.children().filter(Node::is_element) {
        let text = text_of(element);
        match element.tag_name().name() {
            "beats" => beats = text.split('+').map(|n| n.trim().parse::<u32>().unwrap_or(0).min(1024)).sum(),
            "beat-type" => {
                let unit: u32 = text.parse().ok().filter(|&unit| (1..=1024).contains(&unit))?;
                fractions.push((beats, unit));
            }
            _ => {}
        }
    }
    let unit = fractions.iter().map(|(_, unit)| *unit).max()?;
    let count: u32 = fractions.iter().map(|(beats, of)| beats.saturating_mul(unit / of)).sum();
    if !(1..=4096).contains(&count) {
        return None;
    }
    Some(Meter {
        printed: (count as u16, unit as u16),
        length: Beats::whole(count.into()).scaled(4, unit.into()),
    })
}
