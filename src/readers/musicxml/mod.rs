//! MusicXML, partwise and timewise, on exact rational time.

mod barline;
mod cursor;
mod direction;
mod excerpt;
mod flow;
mod hanging;
mod ids;
mod note;
mod part;
mod pieces;
mod words;
mod xml;

pub use excerpt::ScoreText;
pub(super) use ids::with_ids;
pub(super) use xml::parse;

use self::part::{PartContent, PartReader};
use self::xml::{child, child_text, text_of};
use super::ReadError;
use crate::score::{Measure, Note, NoteId, Part, Score, ScoreSource, playing_order};
use crate::units::Beats;
use roxmltree::{Document, Node};

/// The most parts, and the most printed measures.
const MAX_PARTS: usize = 4096;
const MAX_MEASURES: usize = 65_536;

/// A score, and where in the text each of its noteheads is.
pub(super) struct Reading {
    pub score: Score,
    /// Byte offset of the `<note>` element of each of [`Score::notes`].
    pub sources: Vec<(usize, NoteId)>,
    /// For each `<measure>` of a part: its index in [`Score::measures`], or that of its first piece.
    pub elements: Vec<u32>,
}

/// A notehead before it has its id.
pub(super) struct RawNote {
    pub note: Note,
    pub source: usize,
    /// Not printed (`print-object="no"`).
    pub hidden: bool,
    /// Only shows where a string is touched, or which it is, for a harmonic.
    pub touched: bool,
    /// Of the size of a cue without being called one.
    pub small: bool,
}

/// What the part list says about a part.
#[derive(Default)]
pub(super) struct PartHead {
    id: String,
    name: String,
    /// Instruments of this part that play on the percussion channel.
    percussion: Vec<String>,
    instruments: usize,
}

impl PartHead {
    /// True if a pitched note of `instrument` stands for a drum: all or the named instrument is percussion.
    fn is_percussion(&self, instrument: Option<&str>) -> bool {
        match instrument {
            Some(id) => self.percussion.iter().any(|there| there == id),
            None => self.instruments > 0 && self.percussion.len() == self.instruments,
        }
    }
}

/// Reads a MusicXML document.
///
/// # Errors
/// [`ReadError`] if it is not well-formed, no MusicXML, or beyond the limits.
pub(super) fn read(text: &str) -> Result<Reading, ReadError> {
    let document = parse(text)?;
    let root = document.root_element();
    let grid = measures_by_part(&document)?;
    let heads = part_heads(root);
    let count = grid.iter().map(|(_, measures)| measures.len()).max().unwrap_or(0);
    if count == 0 {
        return Err(ReadError::Empty);
    }
    limit("parts", MAX_PARTS, grid.len())?;
    limit("measures", MAX_MEASURES, count)?;
    let mut parts = Vec::new();
    let mut contents = Vec::new();
    let none = PartHead::default();
    for (index, (id, nodes)) in grid.iter().enumerate() {
        let head = heads.iter().find(|head| head.id == *id).unwrap_or(&none);
        let mut reader = PartReader::new(head, index as u16);
        for at in 0..count {
            reader.measure(at as u32, nodes.get(at).copied().flatten())?;
        }
        let content = reader.finish();
        parts.push(Part { name: head.name.clone(), staves: content.staves });
        contents.push(content);
    }
    pieces::align(&mut contents);
    let elements: Vec<u32> = contents[0].pieces.iter().map(|piece| piece.element).collect();
    limit("measures", MAX_MEASURES, elements.len())?;
    let numbers = elements.iter().map(|&at| {
        let node = grid.iter().find_map(|(_, nodes)| nodes.get(at as usize).copied().flatten());
        // Timewise, the number is on the measure around the part.
        let number =
            node.and_then(|node| node.attribute("number").or_else(|| node.parent()?.attribute("number")));
        number.unwrap_or("").chars().take(40).collect()
    });
    align_meters(&mut contents);
    let mut measures = assemble(numbers.collect(), &mut contents);
    let sections = flow::sections(&measures);
    let mut raw: Vec<RawNote> = contents.iter_mut().flat_map(|content| content.notes.drain(..)).collect();
    raw.sort_by_key(|raw| {
        let note = &raw.note;
        (note.measure, note.onset, note.part, note.pitch, note.grace.is_none(), raw.source)
    });
    let mut marks: Vec<_> = contents.into_iter().flat_map(|content| content.marks).collect();
    marks.sort_by_key(|mark| (mark.measure, mark.onset, mark.part));
    flow::settle(&mut measures, &sections, &marks);
    let sources = raw.iter().enumerate().map(|(id, raw)| (raw.source, NoteId(id as u32))).collect();
    let (title, composer) = titles(root);
    let mut score = Score {
        title,
        composer,
        source: ScoreSource::MusicXml,
        parts,
        notes: raw.into_iter().map(|raw| raw.note).collect(),
        marks,
        path: Default::default(),
        measures,
        sections,
    };
    score.path = score.path_in(&playing_order(&score.measures, &score.sections)?)?;
    let elements = (0..count as u32).map(|at| elements.partition_point(|element| *element < at) as u32);
    Ok(Reading { score, sources, elements: elements.collect() })
}

fn limit(what: &'static str, limit: usize, found: usize) -> Result<(), ReadError> {
    if found > limit {
        return Err(ReadError::TooLarge { what, limit: limit as u64, found: found as u64 });
    }
    Ok(())
}

type PartMeasures<'a, 'i> = (String, Vec<Option<Node<'a, 'i>>>);

/// The measures of every part, from either way of nesting.
fn measures_by_part<'a, 'i>(document: &'a Document<'i>) -> Result<Vec<PartMeasures<'a, 'i>>, ReadError> {
    let root = document.root_element();
    let named = |node: Node<'a, 'i>, name: &'static str| {
        node.children().filter(move |child| child.tag_name().name() == name)
    };
    let id = |node: Node| node.attribute("id").unwrap_or("").to_string();
    match root.tag_name().name() {
        "score-partwise" => Ok(named(root, "part")
            .map(|part| (id(part), named(part, "measure").map(Some).collect()))
            .collect()),
        "score-timewise" => {
            let mut parts: Vec<PartMeasures> = Vec::new();
            for (at, measure) in named(root, "measure").enumerate() {
                for part in named(measure, "part") {
                    let id = id(part);
                    let slot = parts.iter().position(|(there, _)| *there == id).unwrap_or_else(|| {
                        parts.push((id, Vec::new()));
                        parts.len() - 1
                    });
                    limit("parts", MAX_PARTS, parts.len())?;
                    parts[slot].1.resize(at, None);
                    parts[slot].1.push(Some(part));
                }
            }
            Ok(parts)
        }
        other => Err(ReadError::NotMusicXml {
            expected: "<score-partwise> or <score-timewise>",
            found: other.chars().take(40).collect(),
        }),
    }
}

fn part_heads(root: Node) -> Vec<PartHead> {
    let list = child(root, "part-list");
    let parts = list.iter().flat_map(|list| list.children());
    parts
        .filter(|node| node.tag_name().name() == "score-part")
        .map(|node| {
            let mut head = PartHead {
                id: node.attribute("id").unwrap_or("").to_string(),
                name: child_text(node, "part-name").chars().take(200).collect(),
                ..PartHead::default()
            };
            for element in node.children() {
                match element.tag_name().name() {
                    "score-instrument" => head.instruments += 1,
                    "midi-instrument" if child_text(element, "midi-channel") == "10" => {
                        head.percussion.push(element.attribute("id").unwrap_or("").to_string());
                    }
                    _ => {}
                }
            }
            head
        })
        .collect()
}

fn titles(root: Node) -> (String, String) {
    let work = child(root, "work").map_or("", |work| child_text(work, "work-title"));
    let movement = child_text(root, "movement-title");
    let title = match (work.is_empty(), movement.is_empty()) {
        (false, false) if work != movement => format!("{work}: {movement}"),
        (false, _) => work.to_string(),
        (true, _) => movement.to_string(),
    };
    let composer = child(root, "identification")
        .and_then(|node| node.children().find(|creator| creator.attribute("type") == Some("composer")))
        .map_or("", text_of);
    (title.chars().take(400).collect(), composer.chars().take(400).collect())
}

/// Where parts have meters of their own (a voice in 6/8 over a piano in 2/4), the measures still coincide: a part that
/// fills its own, shorter meter is stretched to the longest.
fn align_meters(contents: &mut [PartContent]) {
    let count = contents.first().map_or(0, |content| content.lengths.len());
    for at in 0..count {
        let longest =
            contents.iter().filter_map(|content| content.meters[at]).map(|meter| meter.length).max();
        let Some(longest) = longest else { continue };
        for content in contents.iter_mut() {
            let Some(own) = content.meters[at].map(|meter| meter.length) else { continue };
            if own == longest || content.lengths[at] != own {
                continue;
            }
            let stretched = |beats: Beats| {
                let by = longest.scaled(own.denominator(), own.numerator());
                beats.scaled(by.numerator(), by.denominator())
            };
            content.lengths[at] = longest;
            // Both lists are in the order of the measures.
            let first = content.notes.partition_point(|raw| (raw.note.measure as usize) < at);
            for raw in content.notes[first..].iter_mut().take_while(|raw| raw.note.measure as usize == at) {
                raw.note.onset = stretched(raw.note.onset);
                raw.note.duration = stretched(raw.note.duration);
            }
            let first = content.marks.partition_point(|mark| (mark.measure as usize) < at);
            for mark in content.marks[first..].iter_mut().take_while(|mark| mark.measure as usize == at) {
                mark.onset = stretched(mark.onset);
            }
        }
    }
}

/// The printed measures, from what the parts say of them.
fn assemble(numbers: Vec<String>, contents: &mut [PartContent]) -> Vec<Measure> {
    let mut measures: Vec<Measure> = Vec::with_capacity(numbers.len());
    for (at, number) in numbers.into_iter().enumerate() {
        let mut flow = Default::default();
        let mut rehearsal = None;
        for content in contents.iter_mut() {
            barline::merge(&mut flow, std::mem::take(&mut content.flows[at]));
            rehearsal = rehearsal.or(content.rehearsals[at].take());
        }
        let meter = contents.iter().find_map(|content| content.meters[at]);
        let reach = contents.iter().map(|content| content.lengths[at]).max().unwrap_or(Beats::ZERO);
        let length =
            if reach > Beats::ZERO { reach } else { meter.map_or(Beats::whole(4), |meter| meter.length) };
        let meter = meter.map_or((0, 0), |meter| meter.printed);
        measures.push(Measure { number, length, meter, rehearsal, flow });
    }
    measures
}
