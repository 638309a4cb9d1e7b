//! Pieces of MusicXML documents.

use colla_parte::readers::{ScoreText, read_score, source_with_ids};
use colla_parte::score::Score;
use std::ops::Range;

/// A piece of a document says what earlier measures said, and its notes keep their ids.
#[test]
fn a_piece_of_a_score_reads_as_the_measures_that_it_is_of() {
    let measure = |number: u32, inside: &str| format!("<measure number=\"{number}\">{inside}</measure>");
    let note = |step: &str, signs: &str| {
        format!(
            "<note><pitch><step>{step}</step><octave>4</octave></pitch><duration>2</duration><voice>1</voice>\
             <type>quarter</type>{signs}</note>"
        )
    };
    let slur = |kind: &str| format!("<notations><slur type=\"{kind}\"/></notations>");
    let measures = [
        measure(
            1,
            &("<attributes><divisions>2</divisions><key><fifths>1</fifths></key><time><beats>3</beats><beat-type>4\
               </beat-type></time><clef><sign>G</sign><line>2</line></clef></attributes>"
                .to_string()
                + &note("C", "").repeat(3)),
        ),
        measure(
            2,
            &(note("D", "")
                + "<attributes><clef><sign>F</sign><line>4</line></clef></attributes>"
                + &note("E", &slur("start"))
                + &note("F", "")),
        ),
        measure(3, &(note("G", "") + &note("A", &slur("stop")) + &note("B", ""))),
        measure(
            4,
            &("<attributes><time symbol=\"cut\"><beats>2</beats><beat-type>4</beat-type></time></attributes><print new-page=\"yes\"
               new-system='yes'/>".to_string()
                + &note("C", "").repeat(2)),
        ),
        measure(5, &note("D", "").repeat(2)),
    ];
    let document = format!(
        "<score-partwise><part-list><score-part id=\"P\"><part-name>Violin</part-name><part-abbreviation>Vn.\
         </part-abbreviation></score-part></part-list><part id=\"P\">{}</part></score-partwise>",
        measures.concat()
    );
    let text = ScoreText::of(source_with_ids(document.as_bytes()).unwrap()).unwrap();
    assert_eq!((text.measures(), text.printed(3)), (5, 3));
    assert_eq!(text.excerpt(0..5), text.whole());
    assert_eq!([0, 1, 2, 3, 4].map(|at| text.hanging(at)), [0, 0, 1, 0, 0]);
    // The slur is whole in a piece that begins a measure before and goes on for one.
    assert_eq!([(2, 99), (2, 0), (3, 99)].map(|(at, most)| text.lead(at, most)), [1, 2, 3]);
    assert_eq!([(3, 99), (2, 99), (5, 0)].map(|(end, most)| text.severed(2, end, most)), [0, 1, 1]);
    // Without its beginning it has no end either: it would be taken for another's.
    assert!(text.excerpt(1..4).contains("<slur type=\"stop\"/>"));
    assert!(!text.excerpt(2..4).contains("<slur"));
    let broken = text.excerpt_broken(1..4, 2);
    let line = broken.find("<print new-system=\"yes\"/>").unwrap();
    assert_eq!(broken.matches("new-").count(), 1, "the document's own line breaks are left out");
    assert!(broken.find("id=\"m2\"").unwrap() < line && line < broken.find("id=\"m3\"").unwrap());
    assert_eq!((text.reach(0, 4), text.reach(0, 3), text.reach(3, 99)), (2, 1, 5));
    let whole = read_score(document.as_bytes(), "").unwrap();
    for (from, to) in [(0, 2), (1, 3), (2, 5), (3, 4), (4, 5)] {
        let piece = text.excerpt(from..to);
        let read = read_score(piece.as_bytes(), "").unwrap();
        let notes = |score: &Score, shift: u32| {
            let notes =
                score.notes.iter().map(|note| (note.measure + shift, note.onset, note.duration, note.pitch));
            notes.filter(|note| (from as u32..to as u32).contains(&note.0)).collect::<Vec<_>>()
        };
        assert_eq!(notes(&read, from as u32), notes(&whole, 0), "{from}..{to}");
        let meters = |score: &Score, range: Range<usize>| {
            score.measures[range]
                .iter()
                .map(|measure| (measure.number.clone(), measure.meter))
                .collect::<Vec<_>>()
        };
        assert_eq!(meters(&read, 0..to - from), meters(&whole, from..to));
        // The meter is printed where it was, the clef is the one that holds, and the ids are those of the whole.
        let invisible = piece.matches("<time print-object=\"no\">").count();
        assert_eq!(invisible, usize::from([1, 2, 4].contains(&from)), "{from}..{to}: {piece}");
        assert!(piece.contains(if from < 2 { "<sign>G" } else { "<sign>F" }));
        assert!(piece.contains(&format!("id=\"m{from}\"")) && !piece.contains(&format!("id=\"m{to}\"")));
        assert_eq!(piece.contains("<part-name>Violin"), from == 0);
        let first = whole.notes.iter().position(|note| note.measure == from as u32).unwrap();
        assert!(piece.contains(&format!("id=\"n{first}\"")));
    }
}

/// What can't be cut alike in all parts comes whole.
#[test]
fn a_document_of_another_shape_is_one_piece() {
    let part = |name: &str, measures: usize| {
        let measure = "<measure number=\"1\"><note><rest/><duration>4</duration></note></measure>";
        format!("<part id=\"{name}\">{}</part>", measure.repeat(measures))
    };
    let uneven = format!(
        "<score-partwise><part-list><score-part id=\"A\"/><score-part id=\"B\"/></part-list>{}{}</score-partwise>",
        part("A", 3),
        part("B", 2)
    );
    let timewise = "<score-timewise><part-list><score-part id=\"A\"/></part-list><measure number=\"1\"><part id=\"A\">\
                    <note><rest/><duration>4</duration></note></part></measure></score-timewise>";
    for document in [uneven.as_str(), timewise] {
        let text = ScoreText::of(source_with_ids(document.as_bytes()).unwrap()).unwrap();
        assert_eq!((text.measures(), text.printed(2), text.reach(0, 99)), (1, 0, 1));
        assert_eq!(text.excerpt(0..1), text.whole());
    }
}
