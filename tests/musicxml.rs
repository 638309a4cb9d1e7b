//! MusicXML constructs, one test each: a short document written by hand, and the notes it must give when played.

use colla_parte::readers::read_score;
use colla_parte::score::Score;

/// One part of measures; `body` is everything inside `<part>`, with divisions of 2 unless it says otherwise.
fn part(body: &str) -> Score {
    let text = format!(
        "<?xml version=\"1.0\"?><score-partwise><part-list><score-part id=\"P1\"><part-name>P</part-name>\
         </score-part></part-list><part id=\"P1\">{body}</part></score-partwise>"
    );
    read_score(text.as_bytes(), "test").unwrap()
}

/// A note from shorthand: pitch with octave, duration in divisions, further elements.
fn note(pitch: &str, duration: u32, more: &str) -> String {
    let (step, rest) = pitch.split_at(1);
    let (alter, octave) = rest.split_at(rest.len() - 1);
    let alter = if alter == "#" {
        "<alter>1</alter>"
    } else if alter == "b" {
        "<alter>-1</alter>"
    } else {
        ""
    };
    format!(
        "<note><pitch><step>{step}</step>{alter}<octave>{octave}</octave></pitch>\
         <duration>{duration}</duration>{more}</note>"
    )
}

/// The notes as they are played: `onset:duration:pitch`, in beats.
fn played(score: &Score) -> String {
    let shown = |beats: colla_parte::units::Beats| match beats.denominator() {
        1 => beats.numerator().to_string(),
        denominator => format!("{}/{denominator}", beats.numerator()),
    };
    score
        .path
        .notes
        .iter()
        .map(|n| format!("{}:{}:{}", shown(n.onset), shown(n.duration), n.pitch.0))
        .collect::<Vec<_>>()
        .join(" ")
}

const FOUR_FOUR: &str =
    "<attributes><divisions>2</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>";

#[test]
fn chords_voices_and_backup() {
    let score = part(&format!(
        "<measure number=\"1\">{FOUR_FOUR}{}{}{}<backup><duration>8</duration></backup>\
         <forward><duration>2</duration></forward>{}</measure>",
        note("C4", 4, ""),
        note("E4", 4, "").replace("<note>", "<note><chord/>"),
        note("F#4", 4, ""),
        note("C3", 6, "<voice>2</voice>"),
    ));
    assert_eq!(played(&score), "0:2:60 0:2:64 1:3:48 2:2:66");
    assert_eq!(score.measures[0].length.to_f64(), 4.0);
}

#[test]
fn divisions_change_and_pick_up_counts() {
    let score = part(&format!(
        "<measure number=\"0\" implicit=\"yes\">{FOUR_FOUR}{}</measure><measure number=\"1\"><attributes>\
         <divisions>3</divisions></attributes>{}{}</measure>",
        note("G4", 2, ""),
        note("A4", 1, ""),
        note("B4", 11, ""),
    ));
    assert_eq!(played(&score), "0:1:67 1:1/3:69 4/3:11/3:71");
    assert_eq!(score.path.steps[1].start.to_f64(), 1.0);
}
