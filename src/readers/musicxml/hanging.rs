//! What is begun in one measure and ends in another.

use super::xml::{child, child_text, text_of};
use roxmltree::Node;
use std::ops::Range;

/// What is open for more measures was never closed.
const LONGEST: usize = 24;

/// Something that is begun in one measure and ends in a later one; measures as they are printed, from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// The measure in which it begins.
    pub first: usize,
    /// The measure in which it ends.
    pub last: usize,
    /// It is one sign that stands for several measures, which no line break can divide: a long rest, a repeated measure.
    pub is_solid: bool,
    /// Where the document ends a slur. A slur that ends without having begun would be taken for the end of a later one.
    pub slur_end: Option<Range<usize>>,
}

impl Span {
    /// Whether it goes on over the start of a measure.
    pub fn hangs_over(&self, at: usize) -> bool {
        self.first < at && at <= self.last
    }
}

/// What is open where the reading of a part is.
#[derive(Debug, Default)]
pub(super) struct Hanging {
    open: Vec<Open>,
    /// The measure that a sign which fills measures until further notice began in.
    fills: Option<usize>,
    /// The measure that is being read.
    measure: usize,
    closed: Vec<Span>,
}

#[derive(Debug)]
struct Open {
    what: String,
    first: usize,
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

    /// Goes on to the next measure.
    pub fn end_measure(&mut self) {
        self.measure += 1;
        self.open.retain(|open| self.measure - open.first <= LONGEST);
    }

    /// What was begun in one measure and ended in a later one. What never ended is none of it.
    pub fn spans(mut self) -> Vec<Span> {
        self.fill(false);
        self.closed
    }

    fn note(&mut self, note: Node<'_, '_>) {
        let voice = child_text(note, "voice");
        for beam in note.children().filter(|child| child.has_tag_name("beam")) {
            if beam.attribute("number").unwrap_or("1") == "1" {
                let name = format!("beam {voice}");
                match text_of(beam) {
                    "begin" => self.begin(name),
                    "end" => self.end(&name, None),
                    _ => {}
                }
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
                let name = format!("tie {}", pitch());
                if kind == "start" { self.begin(name) } else { self.end(&name, None) }
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
            Some("start" | "crescendo" | "diminuendo" | "up" | "down" | "sostenuto") => self.begin(name),
            Some("stop" | "discontinue") => {
                self.end(&name, sign.has_tag_name("slur").then(|| sign.range()));
            }
            _ => {}
        }
    }

    fn style(&mut self, style: Node<'_, '_>) {
        if let Some(rest) = child(style, "multiple-rest") {
            let measures = text_of(rest).parse().unwrap_or(0usize);
            let last = self.measure.saturating_add(measures.saturating_sub(1));
            self.close(Span { first: self.measure, last, is_solid: true, slur_end: None });
        }
        for name in ["measure-repeat", "beat-repeat", "slash"] {
            if let Some(fill) = child(style, name) {
                self.fill(fill.attribute("type") == Some("start"));
            }
        }
    }

    fn fill(&mut self, starts: bool) {
        if let Some(first) = self.fills.take() {
            // It ends before the measure that says so.
            let last = self.measure.saturating_sub(1);
            self.close(Span { first, last, is_solid: true, slur_end: None });
        }
        self.fills = starts.then_some(self.measure);
    }

    fn begin(&mut self, what: String) {
        self.open.retain(|other| other.what != what);
        self.open.push(Open { what, first: self.measure });
    }

    fn end(&mut self, what: &str, slur_end: Option<Range<usize>>) {
        if let Some(index) = self.open.iter().position(|open| open.what == what) {
            let open = self.open.swap_remove(index);
            self.close(Span { first: open.first, last: self.measure, is_solid: false, slur_end });
        }
    }

    fn close(&mut self, span: Span) {
        if span.first < span.last {
            self.closed.push(span);
        }
    }
}
