//! A document in pieces: some of its measures as a document of their own, which look there as they do in the whole.
//!
//! What an earlier measure says and a later one relies on (divisions, key, meter, clefs, staves) is written at the start of
//! a piece; the meter, which is not printed there in the whole, invisibly. Parts have their short names from the second
//! piece on. What hangs over the start or the end of a piece (a slur, a bracket) is cut off there: [`ScoreText::hanging`]
//! counts it and [`ScoreText::lead`] says how much earlier a piece must begin to have it whole. Such a piece has a line break at
//! the measure that is meant ([`ScoreText::excerpt_broken`]), so that what comes before it can be put away.

use super::hanging::{Hanging, Span};
use super::parse;
use super::xml::child;
use crate::readers::ReadError;
use roxmltree::Node;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// What `<attributes>` may hold that lasts, in the order in which it must stand.
const LASTING: [&str; 9] = [
    "divisions",
    "key",
    "time",
    "staves",
    "part-symbol",
    "instruments",
    "clef",
    "staff-details",
    "transpose",
];
const TIME: usize = 2;

/// Long names and the short ones that stand for them after the first system.
const NAMES: [(&str, &str); 4] = [
    ("part-name", "part-abbreviation"),
    ("part-name-display", "part-abbreviation-display"),
    ("group-name", "group-abbreviation"),
    ("group-name-display", "group-abbreviation-display"),
];

/// A MusicXML document whose notes and measures have our ids, ready to be taken in pieces.
///
/// Measures are counted as they are printed, from 0.
#[derive(Clone, Debug)]
pub struct ScoreText {
    text: String,
    /// `None`: it can only be had as a whole.
    cuts: Option<Cuts>,
}

#[derive(Clone, Debug)]
struct Cuts {
    /// The part list.
    list: Range<usize>,
    /// The part list with short names.
    short_list: String,
    parts: Vec<PartText>,
    /// Index into the score's measures of each printed measure, rising.
    indices: Vec<u32>,
    /// Notes before each measure in all parts; one more than there are measures.
    notes_before: Vec<usize>,
    /// What is begun in one measure and ends in another, in all parts.
    spans: Vec<Span>,
}

#[derive(Clone, Debug)]
struct PartText {
    /// From its opening tag to its first measure.
    opening: Range<usize>,
    measures: Vec<MeasureText>,
    /// From its last measure on, its closing tag included.
    closing: Range<usize>,
}

#[derive(Clone, Debug)]
struct MeasureText {
    all: Range<usize>,
    /// Where its contents begin.
    body: usize,
    /// Its `<attributes>` before its first note, and what else they hold than what lasts.
    leading: Vec<Range<usize>>,
    others: Vec<Range<usize>>,
    /// Attributes that demand a new line or page.
    breaks: Vec<Range<usize>>,
    /// What lasts, those included.
    lasting: Arc<Lasting>,
    /// The meter is one of those.
    has_time: bool,
}

/// Elements by their place in [`LASTING`] and their staff or number; 0 where they have none.
type Lasting = BTreeMap<(usize, u32), Range<usize>>;

impl ScoreText {
    /// Of a document as [`crate::readers::source_with_ids`] makes it.
    ///
    /// # Errors
    /// If it is no well-formed XML.
    pub fn of(text: String) -> Result<ScoreText, ReadError> {
        let cuts = Cuts::of(&text)?;
        Ok(ScoreText { text, cuts })
    }

    /// The whole document.
    pub fn whole(&self) -> &str {
        &self.text
    }

    /// How many measures are printed; 1 for a document that is not divided by parts and can only be had as a whole.
    pub fn measures(&self) -> usize {
        self.cuts.as_ref().map_or(1, |cuts| cuts.indices.len())
    }

    /// The printed measure that holds one of the score's measures.
    pub fn printed(&self, measure: u32) -> usize {
        let Some(cuts) = &self.cuts else { return 0 };
        cuts.indices.partition_point(|index| *index <= measure).saturating_sub(1)
    }

    /// The end of a piece that begins at a printed measure and has at least so many notes, if the score has.
    pub fn reach(&self, from: usize, notes: usize) -> usize {
        let Some(cuts) = &self.cuts else { return 1 };
        let start = cuts.notes_before.get(from).copied().unwrap_or(0);
        let end = cuts.notes_before.partition_point(|before| *before < start + notes);
        end.clamp(from + 1, cuts.indices.len().max(from + 1))
    }

    /// How much hangs over the start of a printed measure from before: slurs, ties, brackets and so on, in all parts.
    pub fn hanging(&self, at: usize) -> usize {
        self.over(at).count()
    }

    /// How much of what hangs over the start of a printed measure cannot be had whole by a piece that ends before `end` and
    /// begins at most `most_notes` notes before that measure; and what no line break can divide.
    pub fn severed(&self, at: usize, end: usize, most_notes: usize) -> usize {
        let lead = self.lead(at, most_notes);
        self.over(at).filter(|span| span.is_solid || span.first < lead || span.last >= end).count()
    }

    /// Where a piece must begin to have whole what hangs over the start of a printed measure: the measure itself where nothing
    /// does. What begins more than `most_notes` notes before it is left out of account.
    pub fn lead(&self, at: usize, most_notes: usize) -> usize {
        let Some(cuts) = &self.cuts else { return at };
        let before = |measure: usize| cuts.notes_before.get(measure).copied().unwrap_or(0);
        let near = |first: &usize| before(at) - before(*first) <= most_notes;
        self.over(at).map(|span| span.first).filter(near).min().unwrap_or(at)
    }

    /// What hangs over the start of a printed measure.
    fn over(&self, at: usize) -> impl Iterator<Item = &Span> {
        self.cuts.iter().flat_map(|cuts| &cuts.spans).filter(move |span| span.hangs_over(at))
    }

    /// Some of the printed measures, as a document.
    pub fn excerpt(&self, measures: Range<usize>) -> Cow<'_, str> {
        match &self.cuts {
            Some(cuts) if measures.start > 0 || measures.end < cuts.indices.len() => {
                Cow::Owned(cuts.excerpt(&self.text, measures, None))
            }
            _ => Cow::Borrowed(&self.text),
        }
    }

    /// Some of the printed measures, as a document that asks for one line break: at the printed measure `line`.
    pub fn excerpt_broken(&self, measures: Range<usize>, line: usize) -> Cow<'_, str> {
        match &self.cuts {
            Some(cuts) => Cow::Owned(cuts.excerpt(&self.text, measures, Some(line))),
            None => Cow::Borrowed(&self.text),
        }
    }
}

impl Cuts {
    fn of(text: &str) -> Result<Option<Cuts>, ReadError> {
        let document = parse(text)?;
        let root = document.root_element();
        let parts: Vec<Node> = named(root, "part").collect();
        let (Some(list), true) = (child(root, "part-list"), root.has_tag_name("score-partwise")) else {
            return Ok(None);
        };
        let mut cuts = Cuts {
            list: list.range(),
            short_list: short_list(text, list),
            parts: Vec::with_capacity(parts.len()),
            indices: Vec::new(),
            notes_before: vec![0],
            spans: Vec::new(),
        };
        for (number, part) in parts.iter().enumerate() {
            let measures: Vec<Node> = named(*part, "measure").collect();
            if number == 0 {
                let Some(indices) = measures.iter().map(|measure| index_of(*measure)).collect() else {
                    return Ok(None);
                };
                cuts.indices = indices;
                cuts.notes_before.resize(measures.len() + 1, 0);
            }
            // Parts that are not equally long can't be cut alike.
            let (Some(first), Some(last), true) =
                (measures.first(), measures.last(), measures.len() == cuts.indices.len())
            else {
                return Ok(None);
            };
            let opening = part.range().start..first.range().start;
            let closing = last.range().end..part.range().end;
            let mut reading = PartCut::default();
            let mut texts = Vec::with_capacity(measures.len());
            for (index, measure) in measures.iter().enumerate() {
                let tag =
                    text[measure.range()].find('>').filter(|at| !text[measure.range()][..*at].ends_with('/'));
                let Some(body) = tag.map(|at| measure.range().start + at + 1) else { return Ok(None) };
                texts.push(reading.measure(*measure, body));
                cuts.notes_before[index + 1] += reading.notes;
                reading.hanging.end_measure();
            }
            cuts.spans.extend(reading.hanging.spans());
            cuts.parts.push(PartText { opening, measures: texts, closing });
        }
        let rising = cuts.indices.is_sorted();
        Ok((rising && !cuts.indices.is_empty()).then_some(cuts))
    }

    /// `line`: the one measure at which a line begins, where that is to be said.
    fn excerpt(&self, text: &str, measures: Range<usize>, line: Option<usize>) -> String {
        let until = measures.end.min(self.indices.len());
        let measures = measures.start.min(until)..until;
        let first = self.parts.first().map_or(0, |part| part.opening.start);
        // What began before and ends within has no beginning here.
        let hanging = self.spans.iter().filter(|span| span.hangs_over(measures.start));
        let ends: Vec<_> = hanging.filter_map(|span| span.slur_end.clone()).collect();
        let mut out = String::new();
        out.push_str(&text[..self.list.start]);
        out.push_str(if measures.start == 0 { &text[self.list.clone()] } else { &self.short_list });
        out.push_str(&text[self.list.end..first]);
        for part in &self.parts {
            out.push_str(&text[part.opening.clone()]);
            let Some(pieces) = part.measures.get(measures.clone()) else { continue };
            for (measure, number) in pieces.iter().zip(measures.start..) {
                let opens = number == measures.start && number > 0;
                measure.write(text, opens, line.map(|line| line == number), &ends, &mut out);
                out.push('\n');
            }
            out.push_str(&text[part.closing.clone()]);
        }
        out.push_str("</score-partwise>");
        out
    }
}

/// A part as far as it is read.
#[derive(Default)]
struct PartCut {
    lasting: Arc<Lasting>,
    hanging: Hanging,
    notes: usize,
}

impl PartCut {
    fn measure(&mut self, measure: Node<'_, '_>, body: usize) -> MeasureText {
        let mut cut = MeasureText {
            all: measure.range(),
            body,
            leading: Vec::new(),
            others: Vec::new(),
            breaks: Vec::new(),
            lasting: self.lasting.clone(),
            has_time: false,
        };
        let mut leads = true;
        for node in measure.children().filter(Node::is_element) {
            match node.tag_name().name() {
                "note" => self.notes += 1,
                "print" => {
                    let demands = |name: &str| matches!(name, "new-system" | "new-page");
                    let demands = node.attributes().filter(|attribute| demands(attribute.name()));
                    cut.breaks.extend(demands.map(|attribute| attribute.range()));
                }
                "attributes" => {
                    let others = self.attributes(node);
                    if leads {
                        cut.leading.push(node.range());
                        cut.others.extend(others);
                        cut.has_time |= child(node, "time").is_some();
                        cut.lasting = self.lasting.clone();
                    }
                }
                _ => {}
            }
            leads &= !matches!(node.tag_name().name(), "note" | "backup" | "forward");
            self.hanging.read(node);
        }
        cut
    }

    /// Keeps what lasts; returns what else there is.
    fn attributes(&mut self, node: Node<'_, '_>) -> Vec<Range<usize>> {
        let mut others = Vec::new();
        for one in node.children().filter(Node::is_element) {
            let Some(rank) = LASTING.iter().position(|name| one.has_tag_name(*name)) else {
                others.push(one.range());
                continue;
            };
            let number = one.attribute("number").and_then(|text| text.parse().ok()).unwrap_or(0);
            let lasting = Arc::make_mut(&mut self.lasting);
            if number == 0 {
                lasting.retain(|(other, _), _| *other != rank);
            }
            lasting.insert((rank, number), one.range());
        }
        others
    }
}

impl MeasureText {
    /// Writes the measure. `opens`: it is the first of a piece. `line`: whether it begins a line, where that is to be said.
    /// `without`: elements of the piece that are left out.
    fn write(&self, text: &str, opens: bool, line: Option<bool>, without: &[Range<usize>], out: &mut String) {
        out.push_str(&text[self.all.start..self.body]);
        if line == Some(true) {
            out.push_str("<print new-system=\"yes\"/>");
        }
        let mut holes: Vec<&Range<usize>> =
            without.iter().filter(|hole| self.all.contains(&hole.start)).collect();
        if line.is_some() {
            holes.extend(&self.breaks);
        }
        if opens {
            self.write_lasting(text, out);
            holes.extend(&self.leading);
        }
        holes.sort_by_key(|hole| hole.start);
        let mut copied = self.body;
        for hole in holes {
            out.push_str(&text[copied..hole.start]);
            copied = hole.end;
        }
        out.push_str(&text[copied..self.all.end]);
    }

    /// What earlier measures say and this one relies on, and what it says itself before its first note.
    fn write_lasting(&self, text: &str, out: &mut String) {
        out.push_str("<attributes>");
        for ((rank, number), range) in self.lasting.iter() {
            let element = &text[range.clone()];
            match element.find('>').filter(|_| *rank == TIME && !self.has_time) {
                Some(open) if !element[..open].ends_with('/') => {
                    let number = if *number > 0 { format!(" number=\"{number}\"") } else { String::new() };
                    out.push_str(&format!("<time{number} print-object=\"no\">"));
                    out.push_str(&element[open + 1..]);
                }
                _ => out.push_str(element),
            }
        }
        for other in &self.others {
            out.push_str(&text[other.clone()]);
        }
        out.push_str("</attributes>");
    }
}

/// The index in our id of a measure.
fn index_of(measure: Node<'_, '_>) -> Option<u32> {
    measure.attribute("id")?.strip_prefix('m')?.parse().ok()
}

fn named<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| child.has_tag_name(name))
}

/// The part list with the names that stand before all systems but the first.
fn short_list(text: &str, list: Node<'_, '_>) -> String {
    let mut changes: Vec<(Range<usize>, String)> = Vec::new();
    for entry in list.children().filter(Node::is_element) {
        for (long, short) in NAMES {
            let Some(node) = child(entry, long) else { continue };
            let contents = child(entry, short)
                .filter(|short| short.attribute("print-object") != Some("no"))
                .map_or("", |short| inside(&text[short.range()]));
            let name = if contents.is_empty() {
                format!("<{long} print-object=\"no\"/>")
            } else {
                format!("<{long}>{contents}</{long}>")
            };
            changes.push((node.range(), name));
        }
    }
    changes.sort_by_key(|(range, _)| range.start);
    let mut out = String::new();
    let mut copied = list.range().start;
    for (range, name) in changes {
        out.push_str(&text[copied..range.start]);
        out.push_str(&name);
        copied = range.end;
    }
    out.push_str(&text[copied..list.range().end]);
    out
}

/// What stands between an element's tags.
fn inside(element: &str) -> &str {
    let open = element.find('>').filter(|open| !element[..*open].ends_with('/'));
    let close = element.rfind("</");
    open.zip(close).and_then(|(open, close)| element.get(open + 1..close)).unwrap_or("")
}
