//! Reads out of a page's SVG where everything with an id is.
//!
//! Verovio nests its groups as the document is nested (`measure`, `staff`, `layer`, `chord`, `note`), and sets glyphs with
//! `<use xlink:href="#E0A4-…" transform="translate(x, y) scale(s, s)"/>`, all within one group that is moved by the page's
//! margins.

use super::engraver::UNITS_PER_SPACE;
use crate::score::{Area, NoteId, PrintedGlyph, PrintedMeasure, PrintedNote, PrintedPage, PrintedStem};
use roxmltree::{Document, Node, ParsingOptions};

/// Units of the SVG in a staff space.
const SVG_PER_SPACE: f32 = 10.0 * UNITS_PER_SPACE;

/// The scale at which a glyph has the size of normal notes: an em of 1000 is four staff spaces.
const FULL_SCALE: f32 = 4.0 * SVG_PER_SPACE / 1000.0;

/// The page that `svg` shows.
pub(super) fn page(svg: &str) -> Result<PrintedPage, String> {
    let options = ParsingOptions { nodes_limit: 4_000_000, ..ParsingOptions::default() };
    let document = Document::parse_with_options(svg, options).map_err(|error| error.to_string())?;
    let scale = document
        .descendants()
        .find(|node| has_class(*node, "definition-scale"))
        .ok_or("expected a definition-scale, found none")?;
    let view = scale.attribute("viewBox").map(numbers).unwrap_or_default();
    let [_, _, width, height] = view.as_slice() else {
        return Err(format!("expected a viewBox, found {:?}", scale.attribute("viewBox")));
    };
    let mut page =
        PrintedPage { width: width / SVG_PER_SPACE, height: height / SVG_PER_SPACE, ..Default::default() };
    for child in scale.children() {
        walk(child, (0.0, 0.0), &mut page);
    }
    Ok(page)
}

/// Collects what is under `node`, whose parent's origin is at `origin`.
fn walk(node: Node<'_, '_>, origin: (f32, f32), page: &mut PrintedPage) {
    if !node.is_element() {
        return;
    }
    let origin = moved(node, origin);
    if has_class(node, "measure")
        && let Some(index) = number_after(node, 'm')
        && let Some(area) = measure_area(node, origin)
    {
        page.measures.push(PrintedMeasure { index, area });
    }
    if has_class(node, "chord") {
        let first = page.notes.len();
        for child in node.children().filter(|child| !has_class(*child, "stem")) {
            walk(child, origin, page);
        }
        let count = page.notes.len() - first;
        for stem in node.children().filter(|child| has_class(*child, "stem")) {
            page.stems.extend(stem_at(stem, origin, first, count));
        }
        return;
    }
    if has_class(node, "note")
        && let Some(id) = number_after(node, 'n')
        && let Some(note) = note_at(node, origin, NoteId(id))
    {
        page.notes.push(note);
        let first = page.notes.len() - 1;
        for stem in node.children().filter(|child| has_class(*child, "stem")) {
            page.stems.extend(stem_at(stem, moved(stem, origin), first, 1));
        }
        return;
    }
    for child in node.children() {
        walk(child, origin, page);
    }
}

fn has_class(node: Node<'_, '_>, class: &str) -> bool {
    node.attribute("class").is_some_and(|classes| classes.split(' ').any(|each| each == class))
}

/// The number of one of our ids. What follows a hyphen tells apart the heads that one note of a MIDI file is written
/// with, or the passes of a repeat that is written out.
fn number_after(node: Node<'_, '_>, letter: char) -> Option<u32> {
    // The engraver's own ids may begin alike, and go on with letters.
    node.attribute("id")?.strip_prefix(letter)?.split('-').next()?.parse().ok()
}

/// The staff lines of a measure.
fn measure_area(measure: Node<'_, '_>, origin: (f32, f32)) -> Option<Area> {
    let staves = measure.children().filter(|child| has_class(*child, "staff"));
    let lines = staves.flat_map(|staff| {
        let origin = moved(staff, origin);
        let paths = staff.children().filter(|child| child.tag_name().name() == "path");
        paths.filter_map(move |path| line(path, origin))
    });
    lines.reduce(Area::and)
}

/// A straight line `M x y L x y`.
fn line(path: Node<'_, '_>, origin: (f32, f32)) -> Option<Area> {
    let ends = numbers(path.attribute("d")?);
    let [x0, y0, x1, y1] = ends.as_slice() else { return None };
    let (from, to) = (spaces((*x0, *y0), origin), spaces((*x1, *y1), origin));
    Some(Area {
        left: from.0.min(to.0),
        top: from.1.min(to.1),
        right: from.0.max(to.0),
        bottom: from.1.max(to.1),
    })
}

fn note_at(note: Node<'_, '_>, origin: (f32, f32), id: NoteId) -> Option<PrintedNote> {
    let mut head = None;
    let mut glyphs = Vec::new();
    for group in note.children() {
        let is_head = has_class(group, "notehead");
        if !is_head && !has_class(group, "accid") {
            continue;
        }
        let origin = moved(group, origin);
        for glyph in group.descendants().filter_map(|node| glyph_at(node, origin)) {
            if is_head {
                let area = head_area(&glyph);
                head = Some(head.map_or(area, |head: Area| head.and(area)));
            }
            glyphs.push(glyph);
        }
    }
    Some(PrintedNote { id, head: head?, glyphs })
}

/// What a head covers. Widths are Bravura's.
fn head_area(glyph: &PrintedGlyph) -> Area {
    let width = match glyph.code {
        '\u{E0A0}' | '\u{E0A1}' => 2.4,
        '\u{E0A2}' => 1.69,
        _ => 1.18,
    };
    let (width, half) = (width * glyph.size, 0.5 * glyph.size);
    Area { left: glyph.x, top: glyph.y - half, right: glyph.x + width, bottom: glyph.y + half }
}

fn glyph_at(node: Node<'_, '_>, origin: (f32, f32)) -> Option<PrintedGlyph> {
    if node.tag_name().name() != "use" {
        return None;
    }
    let target = node.attributes().find(|attribute| attribute.name() == "href")?.value();
    let code = target.strip_prefix('#')?.split('-').next()?;
    let code = char::from_u32(u32::from_str_radix(code, 16).ok()?)?;
    let [x, y, scale, ..] = numbers(node.attribute("transform")?)[..] else { return None };
    let (x, y) = spaces((x, y), origin);
    Some(PrintedGlyph { code, x, y, size: scale / FULL_SCALE })
}

fn stem_at(stem: Node<'_, '_>, origin: (f32, f32), first: usize, count: usize) -> Option<PrintedStem> {
    let path = stem.children().find(|child| child.tag_name().name() == "path")?;
    let area = line(path, origin)?;
    let width = path.attribute("stroke-width")?.parse::<f32>().ok()? / SVG_PER_SPACE;
    let flag = stem.children().filter(|child| has_class(*child, "flag")).find_map(|flag| {
        let origin = moved(flag, origin);
        flag.descendants().find_map(|node| glyph_at(node, origin))
    });
    let (first, count) = (first as u32, count as u32);
    Some(PrintedStem { first, count, x: area.left, top: area.top, bottom: area.bottom, width, flag })
}

/// The origin within `node`, if it is moved.
fn moved(node: Node<'_, '_>, origin: (f32, f32)) -> (f32, f32) {
    let shift =
        node.attribute("transform").and_then(|text| text.trim().strip_prefix("translate")).map(numbers);
    match shift.as_deref() {
        Some([x, y]) if node.tag_name().name() == "g" => (origin.0 + x, origin.1 + y),
        _ => origin,
    }
}

fn spaces(at: (f32, f32), origin: (f32, f32)) -> (f32, f32) {
    ((at.0 + origin.0) / SVG_PER_SPACE, (at.1 + origin.1) / SVG_PER_SPACE)
}

/// All numbers in a text.
fn numbers(text: &str) -> Vec<f32> {
    let separate = |c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e'));
    text.split(separate).filter_map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">
        <svg class="definition-scale" viewBox="0 0 3600 1800"><g class="page-margin" transform="translate(180, 360)">
        <g id="m7" class="measure"><g id="x" class="staff"><path d="M180 180 L1800 180" stroke-width="13"/>
        <path d="M180 900 L1800 900" stroke-width="13"/><g class="layer">
        <g id="c" class="chord"><g id="s" class="stem"><path d="M369 900 L369 1500" stroke-width="18"/></g>
        <g id="n4" class="note"><g class="notehead"><use xlink:href="#E0A4-q" transform="translate(360, 900) scale(0.72, 0.72)"/></g></g>
        <g id="n5-rend2" class="note"><g class="notehead"><use xlink:href="#E0A3-q" transform="translate(360, 540) scale(0.36, 0.36)"/></g></g>
        </g><g id="nothing" class="note"/><g id="n77xy" class="note"/></g></g></g></g></svg></svg>"##;

    #[test]
    fn places_are_read_through_the_margins() {
        let page = page(PAGE).unwrap();
        assert_eq!((page.width, page.height), (20.0, 10.0));
        let area = Area { left: 2.0, top: 3.0, right: 11.0, bottom: 7.0 };
        assert_eq!(page.measures, [PrintedMeasure { index: 7, area }]);
        let ids: Vec<u32> = page.notes.iter().map(|note| note.id.0).collect();
        assert_eq!(ids, [4, 5]);
        assert_eq!(page.notes[0].head, Area { left: 3.0, top: 6.5, right: 4.18, bottom: 7.5 });
        assert!((page.notes[1].glyphs[0].size - 0.5).abs() < 1e-6);
        let stem = &page.stems[0];
        assert_eq!((stem.first, stem.count, stem.top, stem.bottom), (0, 2, 7.0, 10.333333));
    }

    #[test]
    fn what_is_no_page_is_said() {
        assert!(page("<svg/>").unwrap_err().contains("definition-scale"));
        assert!(page("no xml").is_err());
    }
}
