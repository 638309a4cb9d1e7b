//! One `<note>`: its pitch, place, ties and ornaments.

use super::RawNote;
use super::barline::pass_numbers;
use super::cursor::unrounded;
use super::part::{PartReader, Transposition};
use super::xml::{self, child, child_text, note_type_beats, text_of, yes};
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
        let grace = found.steals.is_some();
        // Some mark a grace note as of the chord before it, or a measure's first note as of none.
        found.chord &= self.chord_of_graces == Some(grace);
        self.chord_of_graces = Some(grace);
        let (written, duration) = match (grace, child(node, "duration")) {
            (true, _) => (Beats::ZERO, Beats::ZERO),
            (false, None) => [found.value().unwrap_or_default(); 2].into(),
            (false, Some(length)) => {
                self.guess_divisions(text_of(length), found.value());
                let written = self.duration(node)?;
                (written, unrounded(written, found.in_tuplet(), self.divisions))
            }
        };
        let onset = if found.chord { self.chord_onset } else { self.cursor.at() };
        if !found.chord {
            self.chord_onset = onset;
            self.cursor.pass(written, duration);
        }
        let end = onset + duration;
        if found.is_rest && found.fermata {
            self.mark(onset, found.staff.max(1), MarkKind::RestFermata);
        }
        if found.measure_rest {
            let whole = self.meter.map_or(end, |meter| meter.length);
            self.rest_reach = self.rest_reach.max(end.min(whole));
            return Ok(());
        }
        self.reach = self.reach.max(end);
        let staff = found.staff.max(1);
        let transposition = self.transpose_on(staff);
        let voice = self.voice(found.voice);
        let Some(pitch) = found.pitch(transposition.semitones) else {
            if !grace {
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
            small: found.small,
            note: Note {
                measure: self.measure,
                onset,
                duration,
                pitch,
                part: self.index,
                staff,
                voice,
                grace: grace.then_some(GraceKind::After),
                grace_index: 0,
                cue: found.cue || found.touched,
                unpitched: found.unpitched.is_some() || self.head.is_percussion(found.instrument.as_deref()),
                fermata: found.fermata,
                ornament: found.ornament,
                ties: found.ties,
                doubled: transposition.doubled,
                passes: node.attribute("time-only").and_then(pass_numbers).unwrap_or_default(),
            },
        });
        if let Some(steals) = found.steals {
            self.graces.push(raw, voice, steals, found.chord);
        } else if !found.chord {
            self.graces.resolve(voice, &mut self.content.notes);
        }
        Ok(())
    }

    /// Where nothing says how many divisions a quarter note has, the first note that has both a length and a value does.
    fn guess_divisions(&mut self, length: &str, value: Option<Beats>) {
        if self.has_divisions {
            return;
        }
        if let Some(value) = value
            && let Some(length) = xml::divisions(length)
        {
            self.has_divisions = true;
            self.divisions = length.scaled(value.denominator(), value.numerator());
        }
    }

    fn transpose_on(&self, staff: u8) -> Transposition {
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
    /// For a grace note.
    steals: Option<Steals>,
    cue: bool,
    small: bool,
    /// Only shows where a string is touched, or which string it is, for a harmonic.
    touched: bool,
    is_rest: bool,
    measure_rest: bool,
    pitched: Option<(i32, f64, i32)>,
    unpitched: Option<(i32, i32)>,
    ties: Ties,
    voice: &'a str,
    staff: u8,
    /// What the type says, in quarter notes, before dots and tuplet.
    note_type: Option<Beats>,
    dots: u8,
    /// Normal and actual notes: in the time of so many, so many are played.
    tuplet: Option<(i64, i64)>,
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
            "grace" => self.steals = Some(Steals::of(element)),
            "cue" => self.cue = true,
            "rest" => {
                self.is_rest = true;
                self.measure_rest = yes(element, "measure");
            }
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
            "type" => {
                self.note_type = note_type_beats(text_of(element));
                self.small = element.attribute("size") == Some("cue");
            }
            "dot" => self.dots += 1,
            "time-modification" => {
                let number = |name| child_text(element, name).parse().ok().filter(|n| (1..=1024).contains(n));
                self.tuplet = number("normal-notes").zip(number("actual-notes"));
            }
            "instrument" => self.instrument = element.attribute("id").map(str::to_string),
            "notations" => element.children().filter(Node::is_element).for_each(|child| self.notation(child)),
            "lyric" if self.lyric.is_none() => {
                let text = child_text(element, "text");
                self.lyric = (!text.is_empty()).then(|| text.chars().take(80).collect());
            }
            _ => {}
        }
    }

    /// The length of a note by its type, dots and tuplet.
    fn value(&self) -> Option<Beats> {
        let (normal, actual) = self.tuplet.unwrap_or((1, 1));
        let dots = u32::from(self.dots.min(4));
        let dotted = self.note_type?.scaled((2 << dots) - 1, 1 << dots);
        Some(dotted.scaled(normal, actual))
    }

    /// The same; `None` outside tuplets.
    fn in_tuplet(&self) -> Option<Beats> {
        self.tuplet.and_then(|_| self.value())
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
        "D" | "d" => 2,
        "E" | "e" => 4,
        "F" | "f" => 5,
        "G" | "g" => 7,
        "A" | "a" => 9,
        "B" | "b" => 11,
        _ => 0,
    }
}

/// From which note a grace note takes its time, as far as the file says so.
#[derive(Clone, Copy, PartialEq)]
enum Steals {
    Unsaid,
    Slashed,
    FromPrevious,
    FromFollowing,
}

impl Steals {
    fn of(grace: Node) -> Steals {
        if grace.attribute("steal-time-following").is_some() {
            Steals::FromFollowing
        } else if grace.attribute("steal-time-previous").is_some() {
            Steals::FromPrevious
        } else if yes(grace, "slash") {
            Steals::Slashed
        } else {
            Steals::Unsaid
        }
    }
}

/// Grace notes that wait for the note they lean on, by voice.
#[derive(Default)]
pub(super) struct GraceRun(Vec<Grace>);

struct Grace {
    raw: usize,
    voice: u8,
    steals: Steals,
    chord: bool,
}

impl GraceRun {
    fn push(&mut self, raw: usize, voice: u8, steals: Steals, chord: bool) {
        self.0.push(Grace { raw, voice, steals, chord });
    }

    /// A note of `voice` has come: its grace notes lean on that.
    fn resolve(&mut self, voice: u8, notes: &mut [RawNote]) {
        if self.0.is_empty() {
            return;
        }
        let in_voice = |grace: &&Grace| grace.voice == voice;
        let says = |steals| self.0.iter().filter(in_voice).any(|grace| grace.steals == steals);
        let alone = self.0.iter().filter(in_voice).filter(|grace| !grace.chord).count() == 1;
        let on_the_beat =
            !says(Steals::FromPrevious) && (says(Steals::FromFollowing) || (alone && !says(Steals::Slashed)));
        let kind = if on_the_beat { GraceKind::Appoggiatura } else { GraceKind::Acciaccatura };
        self.settle(notes, |grace, _| (grace.voice == voice).then_some(kind));
    }

    /// What still waits at the end of a measure ends the note before it; so it was read. At the very beginning of a
    /// measure there is no such note: it leans on the next measure.
    pub(super) fn end_measure(&mut self, notes: &mut [RawNote]) {
        self.settle(notes, |_, onset| {
            Some(if onset > Beats::ZERO { GraceKind::After } else { GraceKind::Acciaccatura })
        });
    }

    /// Gives the grace notes that `kind` knows about their kind and their place in the run.
    fn settle(&mut self, notes: &mut [RawNote], kind: impl Fn(&Grace, Beats) -> Option<GraceKind>) {
        let mut counts: Vec<(u8, u8)> = Vec::new();
        self.0.retain(|grace| {
            let note = &mut notes[grace.raw].note;
            let Some(kind) = kind(grace, note.onset) else { return true };
            let slot = counts.iter().position(|(voice, _)| *voice == grace.voice).unwrap_or_else(|| {
                counts.push((grace.voice, 0));
                counts.len() - 1
            });
            let next = &mut counts[slot].1;
            if !grace.chord || *next == 0 {
                *next = next.saturating_add(1);
            }
            note.grace = Some(kind);
            note.grace_index = *next - 1;
            false
        });
    }
}
