//! Our ids, written into the source, so that whatever engraves it can say which note is where.

use super::{Reading, parse, read};
use crate::readers::ReadError;
use roxmltree::Node;
use std::collections::HashMap;

/// `text` with an `id` on every notehead (`n` + its [`crate::score::NoteId`]) and every
/// measure of the first part (`m` + its index; further parts: `m12p2`, with the part's index). Ids that notes, rests
/// and measures had are dropped; everything else stays as it was.
///
/// # Errors
/// As [`read`].
pub(in crate::readers) fn with_ids(text: &str) -> Result<String, ReadError> {
    let Reading { sources, elements, .. } = read(text)?;
    let document = parse(text)?;
    let notes: HashMap<usize, u32> = sources.iter().map(|(at, id)| (*at, id.0)).collect();
    let mut out = String::with_capacity(text.len() + notes.len() * 12);
    let mut copied = 0;
    let (mut part, mut measure) = (None::<usize>, 0usize);
    for node in document.descendants().filter(Node::is_element) {
        let id = match node.tag_name().name() {
            "note" => notes.get(&node.range().start).map(|id| format!("n{id}")),
            "measure" => {
                let suffix = part.filter(|&part| part > 0).map_or(String::new(), |part| format!("p{part}"));
                measure += 1;
                elements.get(measure - 1).map(|index| format!("m{index}{suffix}"))
            }
            // In a partwise score, each part has all measures.
            "part" if node.parent() == Some(document.root_element()) => {
                part = Some(part.map_or(0, |part| part + 1));
                measure = 0;
                continue;
            }
            _ => continue,
        };
        if let Some(id) = id {
            let name_at = node.range().start + 1;
            let name_end =
                text[name_at..].find(|c: char| c.is_whitespace() || c == '>' || c == '/').unwrap_or(0);
            out.push_str(&text[copied..name_at + name_end]);
            out.push_str(&format!(" id=\"{id}\""));
            copied = name_at + name_end;
        }
        if let Some(old) = node.attribute_node("id") {
            out.push_str(text[copied..old.range().start].trim_end());
            copied = old.range().end;
        }
    }
    out.push_str(&text[copied..]);
    Ok(out)
}
