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

/// A whole note on C4 in each of `count` measures, with `more` at the end of the measures that it names.
fn whole_notes(count: usize, more: &[(usize, &str)]) -> Score {
    let mut body = String::new();
    for number in 1..=count {
        let of = |first: bool| -> String {
            more.iter()
                .filter(|(at, text)| *at == number && text.starts_with('<') == first)
                .map(|(_, t)| *t)
                .collect()
        };
        let attributes = if number == 1 { FOUR_FOUR } else { "" };
        // Pitches tell the measures apart: C4 in the first, C#4 in the second, up to B4.
        let pitch = ["C4", "C#4", "D4", "D#4", "E4", "F4", "F#4", "G4", "G#4", "A4", "A#4", "B4"][number - 1];
        body += &format!(
            "<measure number=\"{number}\">{attributes}{}{}{}</measure>",
            of(false).replace('^', ""),
            note(pitch, 8, ""),
            of(true)
        );
    }
    part(&body)
}

/// The order of the measures of [`whole_notes`].
fn order(score: &Score) -> String {
    score.path.notes.iter().map(|n| (n.pitch.0 - 59).to_string()).collect::<Vec<_>>().join(" ")
}

const FORWARD: &str = "^<barline location=\"left\"><repeat direction=\"forward\"/></barline>";
const BACKWARD: &str = "<barline location=\"right\"><repeat direction=\"backward\"/></barline>";

fn words(text: &str) -> String {
    format!("<direction><direction-type><words>{text}</words></direction-type></direction>")
}

#[test]
fn repeats_and_times() {
    assert_eq!(order(&whole_notes(4, &[(2, FORWARD), (3, BACKWARD)])), "1 2 3 2 3 4");
    assert_eq!(order(&whole_notes(3, &[(2, BACKWARD)])), "1 2 1 2 3");
    let thrice = BACKWARD.replace("backward", "backward\" times=\"3");
    assert_eq!(order(&whole_notes(2, &[(1, &thrice)])), "1 1 1 2");
}

#[test]
fn voltas_with_lists() {
    let start = |numbers: &str| {
        format!("^<barline location=\"left\"><ending number=\"{numbers}\" type=\"start\"/></barline>")
    };
    let stop = |numbers: &str, repeat: &str| {
        format!("<barline location=\"right\"><ending number=\"{numbers}\" type=\"stop\"/>{repeat}</barline>")
    };
    let back = "<repeat direction=\"backward\"/>";
    let (a, b, c, d) = (start("1, 2"), stop("1, 2", back), start("3"), stop("3", ""));
    let score = whole_notes(4, &[(2, &a), (2, &b), (3, &c), (3, &d)]);
    assert_eq!(order(&score), "1 2 1 2 1 3 4");
    assert_eq!(score.path.steps[3].pass, 2);
}

#[test]
fn a_first_bracket_drawn_too_short_reaches_to_its_repeat() {
    let start =
        |n: &str| format!("^<barline location=\"left\"><ending number=\"{n}\" type=\"start\"/></barline>");
    let stop = |n: &str| {
        format!("<barline location=\"right\"><ending number=\"{n}\" type=\"discontinue\"/></barline>")
    };
    let (a, b, c, d) = (start("1"), stop("1"), start("2"), stop("2"));
    let score = whole_notes(5, &[(2, &a), (2, &b), (3, BACKWARD), (4, &c), (4, &d)]);
    assert_eq!(order(&score), "1 2 3 1 4 5");
}

#[test]
fn da_capo_and_dal_segno_in_words_only() {
    let (fine, da_capo) = (words("Fine"), words("D.C. al Fine"));
    assert_eq!(order(&whole_notes(3, &[(2, &fine), (3, &da_capo)])), "1 2 3 1 2");
    // What comes after the D.C. is another piece.
    assert_eq!(order(&whole_notes(4, &[(2, &fine), (3, &da_capo)])), "1 2 3 1 2 4");
    // No repeats after the D.C., unless they are asked for.
    assert_eq!(order(&whole_notes(3, &[(1, BACKWARD), (2, &fine), (3, &da_capo)])), "1 1 2 3 1 2");
    let with = words("D.C. al Fine con repetizione");
    assert_eq!(order(&whole_notes(3, &[(1, BACKWARD), (2, &fine), (3, &with)])), "1 1 2 3 1 1 2");
    let (sign, to, dal_segno, coda) =
        (words("Segno"), words("To Coda"), words("D.S. al Coda"), words("Coda"));
    let score = whole_notes(6, &[(2, &sign), (3, &to), (4, &dal_segno), (5, &coda)]);
    assert_eq!(order(&score), "1 2 3 4 2 3 5 6");
}

#[test]
fn jumps_as_elements() {
    let sign = "<direction><direction-type><segno/></direction-type><sound segno=\"s\"/></direction>";
    let to = "<direction><direction-type><coda/></direction-type><sound tocoda=\"c\"/></direction>";
    let back =
        "<direction><direction-type><words>D.S.</words></direction-type><sound dalsegno=\"s\"/></direction>";
    let coda = "<direction><direction-type><coda/></direction-type><sound coda=\"c\"/></direction>";
    let score = whole_notes(6, &[(2, sign), (3, to), (4, back), (5, coda)]);
    assert_eq!(order(&score), "1 2 3 4 2 3 5 6");
    let fine =
        "<direction><direction-type><words>Fine</words></direction-type><sound fine=\"yes\"/></direction>";
    let capo = "<sound dacapo=\"yes\"/>";
    assert_eq!(order(&whole_notes(3, &[(1, fine), (3, capo)])), "1 2 3 1");
}

#[test]
fn two_coda_signs_without_words_are_way_out_and_coda() {
    let sign = "<direction><direction-type><coda/></direction-type></direction>";
    let back = words("D.C. al Coda");
    assert_eq!(order(&whole_notes(4, &[(1, sign), (2, &back), (3, sign)])), "1 2 1 3 4");
}

#[test]
fn movements_are_sections() {
    let body: String = ["1", "2", "3", "1", "2"]
        .iter()
        .enumerate()
        .map(|(index, number)| {
            let end = if index == 4 { BACKWARD } else { "" };
            format!("<measure number=\"{number}\">{}{end}</measure>", note("C4", 4, ""))
        })
        .collect();
    let score = part(&body);
    assert_eq!(score.sections.len(), 2);
    assert_eq!(score.path_text(&score.path), "1-3, 2:1-2, 1-2");
    assert_eq!(score.path_of_section(1).unwrap().steps.len(), 4);
    assert!(score.path_of_section(2).is_err());
}

#[test]
fn the_user_chooses_another_order() {
    let score = whole_notes(5, &[]);
    let path = score.path_by_numbers("1-2, 2, 4-").unwrap();
    assert_eq!(score.path_text(&path), "1-2, 2, 4-5");
    assert_eq!(path.end().to_f64(), 20.0);
    for wrong in ["", "7", "3-1", "-", "1-2-3", "2:1", "x"] {
        assert!(score.path_by_numbers(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn ties_merge_across_measures_and_reach_into_both_voltas() {
    let tie = |kind: &str| format!("<tie type=\"{kind}\"/>");
    let start =
        |n: &str| format!("<barline location=\"left\"><ending number=\"{n}\" type=\"start\"/></barline>");
    let stop = |n: &str, repeat: &str| {
        format!("<barline location=\"right\"><ending number=\"{n}\" type=\"stop\"/>{repeat}</barline>")
    };
    let score = part(&format!(
        "<measure number=\"1\">{FOUR_FOUR}{}{}</measure><measure number=\"2\">{}{}{}</measure>\
         <measure number=\"3\">{}{}{}</measure>",
        note("C4", 4, ""),
        note("E4", 4, &tie("start")),
        start("1"),
        note("E4", 8, &tie("stop")),
        stop("1", "<repeat direction=\"backward\"/>"),
        start("2"),
        note("E4", 2, &tie("stop")) + &note("G4", 6, ""),
        stop("2", ""),
    ));
    assert_eq!(played(&score), "0:2:60 2:6:64 8:2:60 10:3:64 13:3:67");
    assert_eq!(score.notes.len(), 5);
}

#[test]
fn grace_notes_lean_on_the_next_note_or_end_the_last() {
    use colla_parte::score::GraceKind;
    let grace = |pitch: &str, slash: &str| {
        note(pitch, 0, "")
            .replace("<note>", &format!("<note><grace{slash}/>"))
            .replace("<duration>0</duration>", "")
    };
    let score = part(&format!(
        "<measure number=\"1\">{FOUR_FOUR}{}{}{}{}{}{}</measure>",
        grace("D4", " slash=\"yes\""),
        note("C4", 4, ""),
        grace("F4", ""),
        note("E4", 4, ""),
        grace("D#4", ""),
        grace("E4", ""),
    ));
    assert_eq!(played(&score), "0:0:62 0:2:60 2:0:65 2:2:64 4:0:63 4:0:64");
    let kinds: Vec<_> = score.notes.iter().filter_map(|note| note.grace).collect();
    assert_eq!(kinds, [GraceKind::Acciaccatura, GraceKind::Appoggiatura, GraceKind::After, GraceKind::After]);
}

#[test]
fn transposing_instruments_sound_at_pitch() {
    let score = part(&format!(
        "<measure number=\"1\"><attributes><divisions>2</divisions><transpose><diatonic>-1</diatonic>\
         <chromatic>-2</chromatic><octave-change>-1</octave-change></transpose></attributes>{}</measure>",
        note("D5", 2, ""),
    ));
    assert_eq!(played(&score), "0:1:60");
}

#[test]
fn an_octave_shift_changes_only_the_print() {
    let shift =
        "<direction><direction-type><octave-shift type=\"down\" size=\"8\"/></direction-type></direction>";
    let score = part(&format!("<measure number=\"1\">{FOUR_FOUR}{shift}{}</measure>", note("C6", 8, "")));
    assert_eq!(played(&score), "0:4:84");
}

#[test]
fn nested_tuplets_are_exact() {
    // A triplet of quarters in a half note, its last third a triplet of eighths: divisions of 18.
    let score = part(&format!(
        "<measure number=\"1\"><attributes><divisions>18</divisions></attributes>{}{}{}{}{}</measure>",
        note("C4", 12, ""),
        note("D4", 12, ""),
        note("E4", 4, ""),
        note("F4", 4, ""),
        note("G4", 4, ""),
    ));
    assert_eq!(played(&score), "0:2/3:60 2/3:2/3:62 4/3:2/9:64 14/9:2/9:65 16/9:2/9:67");
}

#[test]
fn cues_unpitched_notes_and_drums_are_kept_but_not_played() {
    let cue = note("C5", 2, "").replace("<note>", "<note><cue/>");
    let unpitched = "<note><unpitched><display-step>E</display-step><display-octave>4</display-octave></unpitched>\
                     <duration>2</duration></note>";
    let score =
        part(&format!("<measure number=\"1\">{FOUR_FOUR}{cue}{unpitched}{}</measure>", note("C4", 4, "")));
    assert_eq!(played(&score), "2:2:60");
    assert_eq!(score.notes.iter().filter(|note| note.cue).count(), 1);
    assert_eq!(score.notes.iter().filter(|note| note.unpitched).count(), 1);
    // Small print in a keyboard part is played.
    let keyboard = format!("{FOUR_FOUR}<attributes><staves>2</staves></attributes>");
    let score = part(&format!("<measure number=\"1\">{keyboard}{cue}{}</measure>", note("C4", 6, "")));
    assert_eq!(played(&score), "0:1:72 1:3:60");
}

#[test]
fn ornaments_and_fermatas_are_classes() {
    use colla_parte::score::Ornament;
    let with = |notation: &str| note("C4", 2, &format!("<notations>{notation}</notations>"));
    let score = part(&format!(
        "<measure number=\"1\">{FOUR_FOUR}{}{}{}{}</measure><measure number=\"2\">{}{}</measure>",
        with("<ornaments><trill-mark/></ornaments>"),
        with("<ornaments><inverted-mordent/></ornaments>"),
        with("<ornaments><turn/></ornaments>"),
        with("<ornaments><tremolo type=\"single\">3</tremolo></ornaments>"),
        with("<arpeggiate/>"),
        with("<fermata/>"),
    ));
    let classes: Vec<_> = score.path.notes.iter().map(|note| note.ornament).collect();
    use Ornament::{Arpeggio, Mordent, Plain, Tremolo, Trill, Turn};
    assert_eq!(classes, [Trill, Mordent, Turn, Tremolo, Arpeggio, Plain]);
    assert!(score.path.notes[5].fermata && !score.path.notes[4].fermata);
}

#[test]
fn tempo_marks_follow_the_path() {
    let metronome = "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/>\
                     <per-minute>ca. 60</per-minute></metronome></direction-type></direction>";
    let sound = "^<sound tempo=\"60\"/>";
    let start = words("Andante");
    let first = format!("^{start}");
    let score = whole_notes(3, &[(1, &first), (2, sound), (3, &format!("^{metronome}")), (3, BACKWARD)]);
    let tempos: Vec<_> = score.path.tempos.iter().map(|t| (t.at.to_f64(), t.tempo.0)).collect();
    assert_eq!(tempos, [(0.0, 76.0), (4.0, 60.0), (8.0, 90.0), (12.0, 76.0), (16.0, 60.0), (20.0, 90.0)]);
}

#[test]
fn backup_past_the_measure_start_stays_inside() {
    let score = part(&format!(
        "<measure number=\"1\">{FOUR_FOUR}{}<backup><duration>100</duration></backup>{}</measure>",
        note("C4", 8, ""),
        note("E4", 8, "<voice>2</voice>"),
    ));
    assert_eq!(played(&score), "0:4:60 0:4:64");
}

#[test]
fn empty_irregular_and_unmeasured_measures() {
    let rest = "<note><rest measure=\"yes\"/><duration>8</duration></note>";
    let score = part(&format!(
        "<measure number=\"1\"><attributes><divisions>2</divisions><time><beats>3</beats><beat-type>4</beat-type>\
         </time></attributes>{rest}</measure><measure number=\"2\"/><measure number=\"X1\" implicit=\"yes\">{}\
         </measure><measure number=\"3\"><attributes><time><senza-misura/></time></attributes>{}</measure>",
        note("C4", 1, ""),
        note("D4", 22, ""),
    ));
    let lengths: Vec<f64> = score.measures.iter().map(|measure| measure.length.to_f64()).collect();
    assert_eq!(lengths, [3.0, 3.0, 0.5, 11.0]);
    assert_eq!(score.measures[3].meter, (0, 0));
}

#[test]
fn additive_meters_add_up() {
    let score = part(
        "<measure number=\"1\"><attributes><time><beats>3+2</beats><beat-type>8</beat-type><beats>1</beats>\
         <beat-type>4</beat-type></time></attributes></measure>",
    );
    assert_eq!(score.measures[0].meter, (7, 8));
    assert_eq!(score.measures[0].length.to_f64(), 3.5);
}

#[test]
fn timewise_reads_as_partwise_and_parts_can_be_chosen() {
    let head = "<part-list><score-part id=\"A\"><part-name>Flute</part-name></score-part><score-part id=\"B\">\
                <part-name>Piano</part-name></score-part></part-list>";
    let (a, b) = (note("C5", 1, ""), note("C3", 1, ""));
    let timewise = format!(
        "<score-timewise>{head}<measure number=\"1\"><part id=\"A\">{a}</part><part id=\"B\">{b}</part></measure>\
         </score-timewise>"
    );
    let partwise = format!(
        "<score-partwise>{head}<part id=\"A\"><measure number=\"1\">{a}</measure></part><part id=\"B\">\
         <measure number=\"1\">{b}</measure></part></score-partwise>"
    );
    let score = read_score(timewise.as_bytes(), "").unwrap();
    assert_eq!(score, read_score(partwise.as_bytes(), "").unwrap());
    assert_eq!(played(&score), "0:1:48 0:1:72");
    assert_eq!(score.parts_by_name("flute"), Ok(vec![0]));
    assert_eq!(score.parts_by_name("2"), Ok(vec![1]));
    assert_eq!(score.parts_by_name("-piano"), Ok(vec![0]));
    assert_eq!(score.parts_by_name("all"), Ok(vec![0, 1]));
    assert!(score.parts_by_name("oboe").is_err() && score.parts_by_name("all,-all").is_err());
    assert_eq!(score.path.for_parts(&[1]).notes.len(), 1);
}

#[test]
fn ids_are_written_into_the_source() {
    let document = format!(
        "<score-partwise><part id=\"P\"><measure id=\"old\" number=\"1\"><note id='x'><rest/><duration>1</duration>\
         </note>{}</measure></part><part id=\"Q\"><measure number=\"1\">{}</measure></part></score-partwise>",
        note("C5", 1, ""),
        note("C3", 1, ""),
    );
    let source = colla_parte::readers::source_with_ids(document.as_bytes()).unwrap();
    assert!(source.contains("<measure id=\"m0\" number=\"1\"><note><rest/>"), "{source}");
    assert!(source.contains(
        "<part id=\"Q\"><measure id=\"m0p1\" number=\"1\"><note id=\"n0\"><pitch><step>C</step><octave>3"
    ));
    assert_eq!(read_score(source.as_bytes(), "").unwrap(), read_score(document.as_bytes(), "").unwrap());
}

#[test]
fn parts_in_meters_of_their_own_keep_their_measures_together() {
    let part = |id: &str, beats: u32, unit: u32, notes: String| {
        format!(
            "<part id=\"{id}\"><measure number=\"1\"><attributes><divisions>2</divisions><time><beats>{beats}\
             </beats><beat-type>{unit}</beat-type></time></attributes>{notes}</measure></part>"
        )
    };
    let voice = part("V", 6, 8, note("C5", 3, "") + &note("D5", 3, ""));
    let piano = part("P", 2, 4, note("C3", 2, "") + &note("D3", 2, ""));
    let score =
        read_score(format!("<score-partwise>{voice}{piano}</score-partwise>").as_bytes(), "").unwrap();
    assert_eq!(played(&score), "0:3/2:48 0:3/2:72 3/2:3/2:50 3/2:3/2:74");
}

#[test]
fn a_menuet_without_fine_ends_before_its_trio() {
    let (trio, da_capo) = (format!("^{}", words("Trio")), words("M.D.C."));
    assert_eq!(order(&whole_notes(4, &[(3, &trio), (4, &da_capo)])), "1 2 3 4 1 2");
}
