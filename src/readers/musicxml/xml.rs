//! Well-formed XML within limits, and small accessors.

use crate::readers::ReadError;
use crate::units::Beats;
use roxmltree::{Document, Node, ParsingOptions};

/// The most XML nodes that a document may have.
const MAX_NODES: u32 = 16 << 20;

/// The deepest nesting of elements; MusicXML needs 10.
const MAX_DEPTH: usize = 200;

/// Parses a document. The document type declaration is skipped; entity declarations are refused, so that nothing
/// can be fetched or blown up.
///
/// # Errors
/// [`ReadError::Xml`] with the place.
pub(in crate::readers) fn parse(text: &str) -> Result<Document<'_>, ReadError> {
    check_shape(text)?;
    let options = ParsingOptions { allow_dtd: true, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| {
        let place = error.pos();
        ReadError::Xml { line: place.row, column: place.col, message: error.to_string() }
    })
}

/// Refuses entity declarations and deep nesting before the parser sees them: it expands the ones and recurses on the
/// others. Counts tags only, so it may take a tag inside a comment or CDATA section for real; no real file comes
/// near the limit.
fn check_shape(text: &str) -> Result<(), ReadError> {
    let refuse = |at: usize, message: String| {
        let line = text[..at].bytes().filter(|&b| b == b'\n').count() as u32 + 1;
        let column = (at - text[..at].rfind('\n').map_or(0, |n| n + 1)) as u32 + 1;
        Err(ReadError::Xml { line, column, message })
    };
    let bytes = text.as_bytes();
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(|&b| b == b'<') {
        at += found + 1;
        match bytes.get(at) {
            Some(b'/') => depth = depth.saturating_sub(1),
            Some(b'!') if text[at..].starts_with("!ENTITY") => {
                return refuse(
                    at - 1,
                    "expected a score, found an entity declaration, which is not accepted".into(),
                );
            }
            Some(b'!') if text[at..].starts_with("!--") => {
                at += text[at..].find("-->").unwrap_or(0);
            }
            Some(b'!' | b'?') | None => {}
            Some(_) => {
                let close = tag_end(bytes, at);
                if bytes.get(close.wrapping_sub(1)) != Some(&b'/') {
                    depth += 1;
                }
                if depth > MAX_DEPTH {
                    return refuse(
                        at - 1,
                        format!("expected at most {MAX_DEPTH} levels of elements, found more"),
                    );
                }
                at = close;
            }
        }
    }
    Ok(())
}

/// Where the tag that `at` is in ends: the next `>` outside quotes.
fn tag_end(bytes: &[u8], at: usize) -> usize {
    let mut quote = None;
    for (index, &byte) in bytes.iter().enumerate().skip(at) {
        match (quote, byte) {
            (None, b'>') => return index,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    bytes.len()
}

/// The first child element called `name`.
pub(super) fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.tag_name().name() == name)
}

/// The trimmed text of the first child element called `name`; empty if there is none.
pub(super) fn child_text<'a>(node: Node<'a, '_>, name: &str) -> &'a str {
    child(node, name).map_or("", text_of)
}

/// The trimmed text of an element.
pub(super) fn text_of<'a>(node: Node<'a, '_>) -> &'a str {
    node.text().unwrap_or("").trim()
}

/// True if the attribute is "yes".
pub(super) fn yes(node: Node, attribute: &str) -> bool {
    node.attribute(attribute) == Some("yes")
}

/// A decimal number of divisions in quarter notes; `None` if it is no finite number or no measure could be that long.
pub(super) fn beats(text: &str, divisions: Beats) -> Option<Beats> {
    const LONGEST: f64 = 10_000.0;
    let per_beat = divisions.numerator();
    let value = match text.parse::<i64>() {
        Ok(whole) if whole.unsigned_abs() < 1 << 40 => {
            Beats::whole(whole).scaled(divisions.denominator(), per_beat)
        }
        _ => Beats::nearest(text.parse::<f64>().ok().filter(|value| value.is_finite())? / divisions.to_f64()),
    };
    (value.to_f64().abs() <= LONGEST).then_some(value)
}

/// A number of divisions per quarter note: positive, not absurdly large.
pub(super) fn divisions(text: &str) -> Option<Beats> {
    let value = match text.parse::<i64>() {
        Ok(whole) => Beats::new(whole, 1)?,
        Err(_) => Beats::nearest(text.parse::<f64>().ok()?),
    };
    let number = value.to_f64();
    (number > 0.0 && number < 1e9).then_some(value)
}

/// Quarter notes in a note type.
pub(super) fn note_type_beats(name: &str) -> Option<Beats> {
    const TYPES: [&str; 14] = [
        "1024th", "512th", "256th", "128th", "64th", "32nd", "16th", "eighth", "quarter", "half", "whole",
        "breve", "long", "maxima",
    ];
    let index = TYPES.iter().position(|known| *known == name)?;
    Beats::new(1 << index, 256)
}
