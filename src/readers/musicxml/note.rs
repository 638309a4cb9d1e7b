//! One `<note>`: its pitch, place, ties and ornaments.

use super::RawNote;
use super::part::PartReader;
use super::xml::{child, child_text, text_of, yes};
use crate::readers::ReadError;
use crate::score::{GraceKind, MarkKind, Note, Ornament, Ties};
use crate::units::{Beats, Pitch};
use roxmltree::Node;

impl PartReader<'_> {
    pub(super) fn note(&mut self, node: Node) -> Result<(), ReadError> {
        let mut found = Parsed::default();
        for element in node.children().filter(Node::is_element) {
            found.element(element);
        }
        let duration = if found.grace { Beats::ZERO } else { self.duration(node)? };
        let onset = if found.chord { self.chord_onset } else { self.cursor };
        if !found.chord {
            self.chord_onset = self.cursor;
            self.cursor = self.cursor + duration;
        }
        let end = onset + duration;
        if found.measure_rest {
            let whole = self.meter.map_or(end, |meter| meter.length);
            self.rest_reach = self.rest_reach.max(end.min(whole));
            return Ok(());
        }
        self.reach = self.reach.max(end);
        let staff = found.staff.max(1);
        let voice = self.voice(found.voice);
        let Some(pitch) = found.pitch(self.transpose_on(staff)) else {
            if !found.grace {
                self.graces.resolve(voice, &mut self.content.notes);
            }
            return Ok(());
        };
        for slur in found.slurs {
            self.mark(onset, staff, MarkKind::Slur(slur));
        }
        if let Some(syllable) = found.lyric {
            self.mark(onset, staff, MarkKind::Lyric(syllable));
        }
        let raw = self.content.notes.len();
        self.content.notes.push(RawNote {
            source: node.range().start,
            hidden: node.attribute("print-object") == Some("no"),
            touched: found.touched,
            note: Note {
                measure: self.measure,
                onset,
                duration,
                pitch,
                part: self.index,
                staff,
                voice,
                grace: found.grace.then_some(GraceKind::After),
                cue: found.cue || found.touched,
                unpitched: found.unpitched.is_some() || self.head.is_percussion(found.instrument.as_deref()),
                fermata: found.fermata,
                ornament: found.ornament,
                ties: found.ties,
            },
        });
        if found.grace {
            self.graces.push(raw, voice, found.slashed, found.chord);
        } else if !found.chord {
            self.graces.resolve(voice, &mut self.content.notes);
        }
        Ok(())
    }

    fn transpose_on(&self, staff: u8) -> i32 {
        self.staff_transpose.iter().find(|(there, _)| *there == staff).map_or(self.transpose, |(_, by)| *by)
    }

    /// Voice labels are mostly small numbers, but may be any text: those are counted as they come.
    fn voice(&mut self, label: &str) -> u8 {
        if let Ok(number) = label.parse::<u8>()
            && number > 0
        {
            return number;
        }
        if label.is_empty() {
            return 1;
        }
        let index = self.voices.iter().position(|known| known == label).unwrap_or_else(|| {
            if self.voices.len() < 100 {
                self.voices.push(label.to_string());
            }
            self.voices.len() - 1
        });
        100 + index as u8
    }
}

/// What the children of a `<note>` say.
#[derive(Default)]
struct Parsed<'a> {
    chord: bool,
    grace: bool,
    slashed: bool,
    cue: bool,
    /// Only shows where a string is touched, or which string it is, for a harmonic.
    touched: bool,
    measure_rest: bool,
    pitched: Option<(i32, f64, i32)>,
    unpitched: Option<(i32, i32)>,
    ties: Ties,
    voice: &'a str,
    staff: u8,
    instrument: Option<String>,
    fermata: bool,
    ornament: Ornament,
    slurs: Vec<bool>,
    lyric: Option<String>,
}

impl<'a> Parsed<'a> {
    fn element(&mut self, element: Node<'a, '_>) {
        match element.tag_name().name() {
            "chord" => self.chord = true,
            "grace" => {
                self.grace = true;
                self.slashed = yes(element, "slash");
            }
            "cue" => self.cue = true,
            "rest" => self.measure_rest = yes(element, "measure"),
            "pitch" => {
                let octave = child_text(element, "octave").parse().unwrap_or(4);
                let alter = child_text(element, "alter").parse::<f64>().unwrap_or(0.0).clamp(-12.0, 12.0);
                self.pitched = Some((step(child_text(element, "step")), alter, octave));
            }
            "unpitched" => {
                let octave = child_text(element, "display-octave").parse().unwrap_or(4);
                let name = child_text(element, "display-step");
                self.unpitched = Some((step(if name.is_empty() { "B" } else { name }), octave));
            }
            "tie" => self.tie(element),
            "voice" => self.voice = text_of(element),
            "staff" => self.staff = text_of(element).parse().unwrap_or(1),
            "instrument" => self.instrument = element.attribute("id").map(str::to_string),
            "notations" => element.children().filter(Node::is_element).for_each(|child| self.notation(child)),
            "lyric" if self.lyric.is_none() => {
                let text = child_text(element, "text");
                self.lyric = (!text.is_empty()).then(|| text.chars().take(80).collect());
            }
            _ => {}
        }
    }

    fn tie(&mut self, element: Node) {
        match element.attribute("type") {
            Some("start") => self.ties.to_next = true,
            Some("stop") => self.ties.from_previous = true,
            Some("continue") => self.ties = Ties { from_previous: true, to_next: true },
            _ => {}
        }
    }

    fn notation(&mut self, element: Node) {
        match element.tag_name().name() {
            "tied" => self.tie(element),
            "slur" => match element.attribute("type") {
                Some("start") => self.slurs.push(true),
                Some("stop") => self.slurs.push(false),
                _ => {}
            },
            "fermata" => self.fermata = true,
            "arpeggiate" => self.ornament = Ornament::Arpeggio,
            "ornaments" => {
                for ornament in element.children().filter(Node::is_element) {
                    self.ornament = ornament_class(ornament).unwrap_or(self.ornament);
                }
            }
            "technical" => {
                if let Some(harmonic) = child(element, "harmonic") {
                    let only_shows =
                        ["base-pitch", "touching-pitch"].iter().any(|name| child(harmonic, name).is_some());
                    self.touched = only_shows && child(harmonic, "artificial").is_some();
                }
            }
            _ => {}
        }
    }

    /// The sounding pitch; `None` for a rest. Quarter tones go to the nearest semitone, towards the natural.
    fn pitch(&self, transpose: i32) -> Option<Pitch> {
        let (step, alter, octave, transpose) = match (self.pitched, self.unpitched) {
            (Some((step, alter, octave)), _) => (step, alter, octave, transpose),
            (None, Some((step, octave))) => (step, 0.0, octave, 0),
            (None, None) => return None,
        };
        let alter = if alter < 0.0 { (alter - 0.49).ceil() } else { (alter + 0.49).floor() } as i32;
        let midi = 12 * (octave.clamp(-2, 12) + 1) + step + alter + transpose;
        Some(Pitch(midi.clamp(0, 127) as u8))
    }
}

fn ornament_class(element: Node) -> Option<Ornament> {
    Some(match element.tag_name().name() {
        "trill-mark" | "shake" | "wavy-line" => Ornament::Trill,
        "mordent" | "inverted-mordent" | "schleifer" | "haydn" => Ornament::Mordent,
        "turn"
        | "delayed-turn"
        | "inverted-turn"
        | "delayed-inverted-turn"
        | "vertical-turn"
        | "inverted-vertical-turn" => Ornament::Turn,
        "tremolo" => Ornament::Tremolo,
        _ => return None,
    })
}

/// Semitones above C.
fn step(name: &str) -> i32 {
    match name {
        "D" => 2,
        "E" => 4,
        "F" => 5,
        "G" => 7,
        "A" => 9,
        "B" => 11,
        _ => 0,
    }
}

/// Grace notes that wait for the note they lean on, by voice.
#[derive(Default)]
pub(super) struct GraceRun(Vec<Grace>);

struct Grace {
    raw: usize,
    voice: u8,
    slashed: bool,
    chord: bool,
}

impl GraceRun {
    fn push(&mut self, raw: usize, voice: u8, slashed: bool, chord: bool) {
        self.0.push(Grace { raw, voice, slashed, chord });
    }

    /// A note of `voice` has come: its grace notes lean on that.
    fn resolve(&mut self, voice: u8, notes: &mut [RawNote]) {
        if self.0.is_empty() {
            return;
        }
        let in_voice = |grace: &&Grace| grace.voice == voice;
        let alone = self.0.iter().filter(in_voice).filter(|grace| !grace.chord).count() == 1;
        let slashed = self.0.iter().filter(in_voice).any(|grace| grace.slashed);
        let kind = if alone && !slashed { GraceKind::Appoggiatura } else { GraceKind::Acciaccatura };
        for grace in self.0.iter().filter(in_voice) {
            notes[grace.raw].note.grace = Some(kind);
        }
        self.0.retain(|grace| grace.voice != voice);
    }

    /// What still waits at the end of a measure ends the note before it; so it was read. At the very beginning of a
    /// measure there is no such note: it leans on the next measure.
    pub(super) fn end_measure(&mut self, notes: &mut [RawNote]) {
        for grace in self.0.drain(..) {
            let note = &mut notes[grace.raw].note;
            note.grace =
                Some(if note.onset > Beats::ZERO { GraceKind::After } else { GraceKind::Acciaccatura });
        }
    }
}
