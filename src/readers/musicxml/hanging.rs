//! What is begun in one measure and ends in another.

use super::xml::{child, child_text, text_of};
use roxmltree::Node;

/// What is open for more measures was never closed.
const LONGEST: usize = 24;

/// What is open where the reading of a part is.
#[derive(Debug, Default)]
pub(super) struct Hanging {
    open: Vec<Open>,
    /// Measures that a long rest or a repeated measure still takes.
    rests: usize,
    /// Something fills measures until further notice.
    fills: bool,
}

#[derive(Debug)]
struct Open {
    what: String,
    /// Measures it has been open for.
    age: usize,
}

impl Hanging {
    /// Reads one element of a measure.
    pub fn read(&mut self, node: Node<'_, '_>) {
        match node.tag_name().name() {
            "note" => self.note(node),
            "direction" => {
                for sign in node.children().filter(|child| child.has_tag_name("direction-type")) {
                    for sign in sign.children().filter(Node::is_element) {
                        let kind = sign.tag_name().name();
                        if matches!(kind, "wedge" | "octave-shift" | "pedal" | "dashes" | "bracket") {
                            self.line(sign, kind);
                        }
                    }
                }
            }
            "barline" => {
                if let Some(ending) = child(node, "ending") {
                    self.line(ending, "ending");
                }
            }
            "attributes" => {
                for style in node.children().filter(|child| child.has_tag_name("measure-style")) {
                    self.style(style);
                }
            }
            _ => {}
        }
    }

    /// How much is open at the end of the measure that was read last.
    pub fn after_measure(&mut self) -> usize {
        self.rests = self.rests.saturating_sub(1);
        for open in &mut self.open {
            open.age += 1;
        }
        self.open.retain(|open| open.age <= LONGEST);
        self.open.len() + usize::from(self.rests > 0) + usize::from(self.fills)
    }

    fn note(&mut self, note: Node<'_, '_>) {
        let voice = child_text(note, "voice");
        for beam in note.children().filter(|child| child.has_tag_name("beam")) {
            if beam.attribute("number").unwrap_or("1") == "1" {
                self.set(format!("beam {voice}"), matches!(text_of(beam), "begin" | "continue"));
            }
        }
        let pitch = || {
            child(note, "pitch").map_or(String::new(), |pitch| {
                ["step", "alter", "octave"].map(|name| child_text(pitch, name)).concat()
            })
        };
        // A note in the middle of two ties ends the one before it begins the other.
        let ties = || note.children().filter(|child| child.has_tag_name("tie"));
        for kind in ["stop", "start"] {
            if ties().any(|tie| tie.attribute("type") == Some(kind)) {
                self.set(format!("tie {}", pitch()), kind == "start");
            }
        }
        for sign in
            note.children().filter(|child| child.has_tag_name("notations")).flat_map(|all| all.children())
        {
            match sign.tag_name().name() {
                kind @ ("slur" | "tuplet" | "glissando" | "slide") => self.line(sign, kind),
                "ornaments" => {
                    for line in sign.children().filter(|child| child.has_tag_name("wavy-line")) {
                        self.line(line, "wavy-line");
                    }
                }
                _ => {}
            }
        }
    }

    /// Something with a number that begins, goes on or ends.
    fn line(&mut self, sign: Node<'_, '_>, kind: &str) {
        let name = format!("{kind} {}", sign.attribute("number").unwrap_or("1"));
        match sign.attribute("type") {
            Some("start" | "crescendo" | "diminuendo" | "up" | "down" | "sostenuto") => self.set(name, true),
            Some("stop" | "discontinue") => self.set(name, false),
            _ => {}
        }
    }

    fn style(&mut self, style: Node<'_, '_>) {
        if let Some(rest) = child(style, "multiple-rest") {
            self.rests = text_of(rest).parse().unwrap_or(0);
        }
        for name in ["measure-repeat", "beat-repeat", "slash"] {
            if let Some(fill) = child(style, name) {
                self.fills = fill.attribute("type") == Some("start");
            }
        }
    }

    fn set(&mut self, what: String, open: bool) {
        self.open.retain(|other| other.what != what);
        if open {
            self.open.push(Open { what, age: 0 });
        }
    }
}
