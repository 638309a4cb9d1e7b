//! Directions and `<sound>`: tempo, jumps, dynamics, pedal, words.

use super::part::PartReader;
use super::words::{FlowWord, flow_word, tempo_word};
use super::xml::{self, child, child_text, note_type_beats, text_of, yes};
use crate::score::{Jump, JumpTarget, MarkKind};
use crate::units::{Beats, Bpm};
use roxmltree::Node;

/// The signs as text, as [`flow_word`] knows them.
const SEGNO: &str = "𝄋";
const CODA: &str = "𝄌";

/// The text that a segno or coda stands for, also as a named symbol.
fn symbol(element: Node) -> Option<&'static str> {
    let name = match element.tag_name().name() {
        "symbol" => text_of(element),
        name => name,
    };
    match name {
        "segno" | "segnoSerpent1" | "segnoSerpent2" => Some(SEGNO),
        "coda" | "codaSquare" => Some(CODA),
        _ => None,
    }
}

/// What the words and signs of one direction say about the order of playing. Several are one instruction if they make
/// sense together ("D.S.", segno, "al", coda), where each of them by itself would mean something else.
fn instructions<'a, 'i: 'a>(elements: impl Iterator<Item = Node<'a, 'i>>) -> Vec<FlowWord> {
    let texts: Vec<&str> = elements
        .filter_map(|element| match element.tag_name().name() {
            "words" => Some(text_of(element)),
            // "Coda" in a box is no mere rehearsal mark.
            "rehearsal" => Some(text_of(element)).filter(|text| flow_word(text) == Some(FlowWord::Coda)),
            _ => symbol(element),
        })
        .filter(|text| !text.is_empty())
        .collect();
    match flow_word(&texts.join(" ")) {
        Some(together) => vec![together],
        None => texts.into_iter().filter_map(flow_word).collect(),
    }
}

impl PartReader<'_> {
    pub(super) fn direction(&mut self, node: Node) {
        let offset = xml::beats(child_text(node, "offset"), self.divisions).unwrap_or_default();
        let onset = (self.cursor.at() + offset).max(Beats::ZERO);
        let staff = child_text(node, "staff").parse().unwrap_or(1);
        let sound = child(node, "sound");
        let mut has_tempo = false;
        let has_segno = self.flow_from(onset).segno.is_some();
        if let Some(sound) = sound {
            let before = self.content.marks.len();
            self.sound(sound, onset);
            has_tempo = self.content.marks.len() > before;
        }
        let elements = || {
            let kinds = node.children().filter(|n| n.tag_name().name() == "direction-type");
            kinds.flat_map(|kind| kind.children()).filter(Node::is_element)
        };
        // A coda sign may also be the way there.
        let leaves = sound.is_some_and(|sound| sound.attribute("tocoda").is_some());
        for word in instructions(elements()) {
            if !(leaves && word == FlowWord::Coda) {
                self.apply(word, onset);
            }
        }
        // Where playing is told, that is believed; and in words, what is meant is less sure.
        let only_drawn = sound.is_none_or(|sound| sound.attribute("segno").is_none());
        if !has_segno && only_drawn && elements().any(|element| element.tag_name().name() == "segno") {
            self.late_segno = Some(onset);
        }
        for element in elements() {
            self.direction_type(element, onset, staff, &mut has_tempo);
        }
    }

    fn direction_type(&mut self, element: Node, onset: Beats, staff: u8, has_tempo: &mut bool) {
        match element.tag_name().name() {
            "words" => self.words(text_of(element), onset, staff, has_tempo),
            "metronome" if !*has_tempo => {
                if let Some(tempo) = self.metronome(element) {
                    self.set_tempo(onset, tempo);
                    *has_tempo = true;
                }
            }
            "rehearsal" => {
                let text: String = text_of(element).chars().take(80).collect();
                self.content.rehearsals[self.measure as usize].get_or_insert(text);
            }
            "dynamics" => {
                for dynamic in element.children().filter(Node::is_element) {
                    let name = match dynamic.tag_name().name() {
                        "other-dynamics" => text_of(dynamic),
                        name => name,
                    };
                    self.mark(onset, staff, MarkKind::Dynamic(name.chars().take(20).collect()));
                }
            }
            "pedal" => match element.attribute("type") {
                Some("start" | "sostenuto" | "resume") => self.mark(onset, staff, MarkKind::Pedal(true)),
                Some("stop" | "discontinue") => self.mark(onset, staff, MarkKind::Pedal(false)),
                Some("change") => {
                    self.mark(onset, staff, MarkKind::Pedal(false));
                    self.mark(onset, staff, MarkKind::Pedal(true));
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn words(&mut self, text: &str, onset: Beats, staff: u8, has_tempo: &mut bool) {
        if text.is_empty() {
            return;
        }
        let text: String = text.chars().take(200).collect();
        let lower = text.to_lowercase();
        let back = if lower.starts_with("a tempo") {
            self.tempo
        } else if ["tempo i", "tempo 1", "tempo primo"].iter().any(|word| lower.starts_with(word)) {
            self.first_tempo
        } else {
            None
        };
        match back.or_else(|| tempo_word(&text)) {
            Some(tempo) if !*has_tempo => self.mark(onset, staff, MarkKind::TempoWord(text, tempo)),
            _ => self.mark(onset, staff, MarkKind::Words(text)),
        }
    }

    /// A `<sound>` element, within a direction or by itself.
    pub(super) fn sound(&mut self, sound: Node, onset: Beats) {
        if let Some(tempo) = sound.attribute("tempo").and_then(|text| text.trim().parse::<f64>().ok()) {
            self.set_tempo(onset, tempo);
        }
        let label = |name: &str| {
            sound
                .attribute(name)
                .map(|label| if label == "yes" { "" } else { label }.chars().take(40).collect::<String>())
        };
        let jump = |to| FlowWord::Jump(Jump { to, with_repeats: false, al_fine: false, al_coda: false });
        if yes(sound, "dacapo") {
            self.apply(jump(JumpTarget::Start), onset);
        }
        if let Some(label) = label("dalsegno") {
            self.apply(jump(JumpTarget::Segno(label)), onset);
        }
        if let Some(label) = label("segno") {
            self.flow_from(onset).segno = Some(label);
        }
        if let Some(label) = label("coda") {
            self.flow_from(onset).coda = Some(label);
        }
        if let Some(label) = label("tocoda") {
            self.flow_until(onset).to_coda = Some(label);
        }
        if sound.attribute("fine").is_some_and(|value| value != "no") {
            self.apply(FlowWord::Fine, onset);
        }
    }

    /// Writes an instruction at `onset` into the measure, or the piece of it, that it stands in.
    fn apply(&mut self, word: FlowWord, onset: Beats) {
        match word {
            FlowWord::Coda | FlowWord::Segno => word.apply(self.flow_from(onset)),
            FlowWord::Jump(_) | FlowWord::Fine | FlowWord::ToCoda => {
                if !matches!(word, FlowWord::ToCoda) {
                    self.leaving.push(onset);
                }
                word.apply(self.flow_until(onset));
            }
        }
    }

    fn set_tempo(&mut self, onset: Beats, quarters_per_minute: f64) {
        if quarters_per_minute.is_finite() && (1.0..=2000.0).contains(&quarters_per_minute) {
            let tempo = Bpm(quarters_per_minute);
            self.tempo = Some(tempo);
            self.first_tempo.get_or_insert(tempo);
            self.mark(onset, 1, MarkKind::Tempo(tempo));
        }
    }

    /// Quarter notes per minute of a metronome mark; "ca. 60" is 60, "60-66" too, and "half = quarter" relates to
    /// the tempo before.
    fn metronome(&self, node: Node) -> Option<f64> {
        let mut units: Vec<f64> = Vec::new();
        for element in node.children().filter(Node::is_element) {
            match element.tag_name().name() {
                "beat-unit" => units.push(note_type_beats(text_of(element))?.to_f64()),
                "beat-unit-dot" => {
                    if let Some(unit) = units.last_mut() {
                        *unit *= 1.5;
                    }
                }
                _ => {}
            }
        }
        let per_minute = child_text(node, "per-minute");
        let figure: String = per_minute
            .chars()
            .skip_while(|c| !c.is_ascii_digit())
            .take_while(|c| c.is_ascii_digit() || *c == '.')
            .collect();
        match (figure.trim_end_matches('.').parse::<f64>(), units.as_slice()) {
            (Ok(figure), [unit, ..]) => Some(figure * unit),
            (Err(_), [old, new]) => Some(self.tempo?.0 / old * new),
            _ => None,
        }
    }
}
