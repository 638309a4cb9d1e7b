//! Scores in the manner of the programs that write them (MuseScore, Finale, Sibelius, Dorico, and careless ones): short
//! documents written by hand, and the notes they must give when played.

use colla_parte::readers::read_score;
use colla_parte::score::{GraceKind, Ornament, Score};

fn read(list: &str, parts: &[&str]) -> Score {
    let parts: String =
        parts.iter().enumerate().map(|(i, part)| format!("<part id=\"P{}\">{part}</part>", i + 1)).collect();
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n<!DOCTYPE score-partwise PUBLIC \
         \"-//Recordare//DTD MusicXML 3.1 Partwise//EN\" \"http://www.musicxml.org/dtds/partwise.dtd\">\n\
         <score-partwise version=\"3.1\"><part-list>{list}</part-list>{parts}</score-partwise>"
    );
    read_score(text.as_bytes(), "test").unwrap()
}

/// `onset:duration:pitch` of every note played, in beats.
fn played(score: &Score) -> String {
    let shown = |beats: colla_parte::units::Beats| match beats.denominator() {
        1 => beats.numerator().to_string(),
        denominator => format!("{}/{denominator}", beats.numerator()),
    };
    let one =
        |n: &colla_parte::score::PathNote| format!("{}:{}:{}", shown(n.onset), shown(n.duration), n.pitch.0);
    score.path.notes.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// The printed numbers of the measures as they pass.
fn order(score: &Score) -> String {
    score.path.steps.iter().map(|step| step.number.as_str()).collect::<Vec<_>>().join(" ")
}

/// Measures numbered from 1, each a whole note between what stands before and what stands after it (divided by `~`).
fn signs(measures: &[&str]) -> String {
    let note = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration><type>whole</type></note>";
    let measure = |(index, signs): (usize, &&str)| {
        let (before, after) = signs.split_once('~').unwrap_or((signs, ""));
        format!("<measure number=\"{}\">{before}{note}{after}</measure>", index + 1)
    };
    order(&read("", &[&measures.iter().enumerate().map(measure).collect::<String>()]))
}

fn words(text: &str) -> String {
    format!(
        "<direction placement=\"above\"><direction-type><words relative-y=\"20\">{text}</words></direction-type></direction>"
    )
}

const FORTH: &str =
    "<barline location=\"left\"><bar-style>heavy-light</bar-style><repeat direction=\"forward\"/></barline>";
const BACK: &str = "~<barline location=\"right\"><bar-style>light-heavy</bar-style><repeat direction=\"backward\"/></barline>";

/// A grand staff with an upbeat, a tremolo between two notes, a voice that crosses, hidden rests, a split measure.
#[test]
fn in_the_manner_of_musescore() {
    let head = "<attributes><divisions>4</divisions><key><fifths>0</fifths></key><time><beats>2</beats><beat-type>4</beat-type>\
        </time><staves>2</staves><clef number=\"1\"><sign>G</sign><line>2</line></clef><clef number=\"2\"><sign>F</sign>\
        <line>4</line></clef></attributes><direction placement=\"above\"><direction-type><metronome parentheses=\"no\">\
        <beat-unit>quarter</beat-unit><per-minute>72</per-minute></metronome></direction-type><staff>1</staff>\
        <sound tempo=\"72\"/></direction>";
    let tremolo = |step: &str, kind: &str| {
        format!(
            "<note default-x=\"80\" default-y=\"-15\"><pitch><step>{step}</step><octave>3</octave></pitch><duration>4</duration><voice>5</voice><type>half</type>\
             <time-modification><actual-notes>2</actual-notes><normal-notes>1</normal-notes></time-modification><staff>2</staff>\
             <notations><ornaments><tremolo type=\"{kind}\">3</tremolo></ornaments></notations></note>"
        )
    };
    let note = |step: &str, octave: u8, duration: u8, more: &str| {
        format!(
            "<note><pitch><step>{step}</step>{more}<octave>{octave}</octave></pitch><duration>{duration}</duration><voice>1</voice><staff>1</staff></note>"
        )
    };
    let part = format!(
        "<measure number=\"0\" implicit=\"yes\" width=\"120.5\"><print><system-layout/></print>{head}{}<backup><duration>2</duration></backup>\
         <forward><duration>2</duration><voice>5</voice><staff>2</staff></forward></measure>\
         <measure number=\"1\">{}<note print-object=\"no\"><rest/><duration>4</duration><voice>1</voice><staff>1</staff></note>\
         <backup><duration>8</duration></backup>{}{}<backup><duration>4</duration></backup>{}</measure>\
         <measure number=\"2\"><note><rest measure=\"yes\"/><duration>4</duration><voice>1</voice><staff>1</staff></note>{}</measure>\
         <measure number=\"X1\" implicit=\"yes\">{}</measure>",
        note("G", 4, 2, ""),
        // A chord sign on a measure's first note chords with nothing.
        note("C", 5, 4, "").replace("<note>", "<note><chord/>"),
        tremolo("C", "start"),
        tremolo("G", "stop"),
        note("A", 4, 4, "<alter>-1</alter>"),
        &BACK[1..],
        note("D", 5, 4, "")
    );
    let score = read("", &[&part]);
    assert_eq!(order(&score), "0 1 2 0 1 2 X1");
    let once = "1/2:1:48 1/2:1:72 3/2:1:55 3/2:1:68";
    assert_eq!(played(&score), format!("0:1/2:67 {once} 7/2:1/2:67 4:1:48 4:1:72 5:1:55 5:1:68 7:1:74"));
    let tremolos = score.notes.iter().filter(|note| note.ornament == Ornament::Tremolo).count();
    assert_eq!((tremolos, score.path.tempo_at(3.0).0, score.sections.len()), (2, 72.0, 1));
}

/// A clarinet in B flat, a bass that doubles the cello, drums by their MIDI keys; rests of several measures, a measure of
/// nothing but a forward, `<sound>` outside directions.
#[test]
fn in_the_manner_of_finale() {
    let list = "<score-part id=\"P1\"><part-name>Clarinet in Bb</part-name><score-instrument id=\"P1-I1\"><instrument-name>Clarinet\
        </instrument-name></score-instrument><midi-instrument id=\"P1-I1\"><midi-channel>1</midi-channel></midi-instrument></score-part>\
        <score-part id=\"P2\"><part-name>Celli e Bassi</part-name></score-part><score-part id=\"P3\"><part-name>Drumset</part-name>\
        <score-instrument id=\"P3-X1\"><instrument-name>Snare</instrument-name></score-instrument><midi-instrument id=\"P3-X1\"><midi-channel>\
        10</midi-channel><midi-unpitched>39</midi-unpitched></midi-instrument></score-part>";
    let head = |more: &str| {
        format!(
            "<attributes><divisions>2</divisions><key><fifths>2</fifths></key><time><beats>4</beats><beat-type>4</beat-type></time>{more}</attributes>"
        )
    };
    let whole = |step: &str, octave: u8| {
        format!(
            "<note><pitch><step>{step}</step><octave>{octave}</octave></pitch><duration>8</duration><voice>1</voice><type>whole</type></note>"
        )
    };
    let clarinet = format!(
        "<measure number=\"1\">{}<sound tempo=\"96\"/>{}</measure><measure number=\"2\"><attributes><measure-style><multiple-rest>2\
         </multiple-rest></measure-style></attributes><note><rest/><duration>8</duration><voice>1</voice></note></measure>\
         <measure number=\"3\"><note><rest/><duration>8</duration><voice>1</voice></note></measure><measure number=\"4\">{}<sound dacapo=\"yes\"/></measure>",
        head("<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"),
        whole("D", 5),
        whole("E", 5)
    );
    let basses = format!(
        "<measure number=\"1\">{}{}</measure><measure number=\"2\"><forward><duration>8</duration></forward></measure>\
         <measure number=\"3\"><sound fine=\"yes\"/><forward><duration>8</duration></forward></measure><measure number=\"4\">{}</measure>",
        head(
            "<transpose><diatonic>0</diatonic><chromatic>0</chromatic><octave-change>-1</octave-change><double/></transpose>"
        ),
        whole("C", 3),
        whole("D", 3)
    );
    let hit = "<note><unpitched><display-step>C</display-step><display-octave>5</display-octave></unpitched><duration>2</duration>\
        <instrument id=\"P3-X1\"/><voice>1</voice><type>quarter</type><stem>up</stem><notehead>x</notehead></note>";
    let drums: String = (1..=4)
        .map(|n| {
            format!(
                "<measure number=\"{n}\">{}{}</measure>",
                if n == 1 { head("") } else { String::new() },
                hit.repeat(4)
            )
        })
        .collect();
    let score = read(list, &[&clarinet, &basses, &drums]);
    assert_eq!(order(&score), "1 2 3 4 1 2 3");
    // One written line for an orchestra's two sections, which sound an octave apart.
    assert_eq!(played(&score), "0:4:24 0:4:36 0:4:72 12:4:26 12:4:38 12:4:74 16:4:24 16:4:36 16:4:72");
    assert_eq!(score.notes.iter().filter(|note| note.unpitched).count(), 16);
    assert_eq!((score.parts[1].name.as_str(), score.path.tempo_at(0.0).0), ("Celli e Bassi", 96.0));
}

/// Words without `<sound>`, brackets "1, 2" that are not closed where the next begins, grace notes after a chord.
#[test]
fn in_the_manner_of_sibelius() {
    let ending = |n: &str, kind: &str, side: &str, more: &str| {
        format!(
            "<barline location=\"{side}\"><ending number=\"{n}\" type=\"{kind}\" end-length=\"30\">{n}.</ending>{more}</barline>"
        )
    };
    let back = "<repeat direction=\"backward\"/>";
    let first = FORTH.to_string();
    let (second, second_end) = (ending("1, 2", "start", "left", ""), BACK[1..].to_string());
    let third = ending("3", "start", "left", "") + "~" + &ending("3", "discontinue", "right", "");
    let unclosed =
        [first.as_str(), &(second.clone() + "~" + &second_end), &third, &(words("D.C. al Fine")), ""];
    assert_eq!(signs(&unclosed), "1 2 1 2 1 3 4 1 3 4 5");
    let closed = second + "~" + &ending("1, 2", "stop", "right", back);
    let fine = third + &words("Fine");
    assert_eq!(signs(&[&first, &closed, &fine, &words("D.C. al Fine")]), "1 2 1 2 1 3 4 1 3");
    let pitch = |step: &str| format!("<pitch><step>{step}</step><octave>4</octave></pitch>");
    let chord = format!(
        "<measure number=\"1\"><attributes><divisions>256</divisions><time symbol=\"cut\"><beats>2</beats><beat-type>2</beat-type></time></attributes>\
         <note>{}<duration>512</duration><voice>1</voice></note><note><chord/>{}<duration>512</duration><voice>1</voice></note>\
         <note><grace/><chord/>{}<voice>1</voice></note><note><grace slash=\"yes\"/>{}<voice>1</voice></note><note>{}<duration>512</duration><voice>1</voice></note></measure>",
        pitch("C"),
        pitch("E"),
        pitch("F"),
        pitch("A"),
        pitch("G")
    );
    let score = read("", &[&chord]);
    let graces: Vec<_> =
        score.notes.iter().filter_map(|note| note.grace.map(|kind| (note.pitch.0, kind))).collect();
    assert_eq!(graces.len(), 2, "{graces:?}");
    assert!(graces.contains(&(69, GraceKind::Acciaccatura)));
    assert_eq!(played(&score), "0:2:60 0:2:64 2:0:65 2:0:69 2:2:67");
}

/// Words and signs that are one instruction only together; signs as named symbols; "Coda" in a box.
#[test]
fn in_the_manner_of_dorico() {
    let direction = |types: &str| format!("<direction>{types}</direction>");
    let typed = |inner: &str| format!("<direction-type>{inner}</direction-type>");
    let segno = direction(&typed("<segno/>"));
    let way = "~".to_string() + &direction(&(typed("<words>To </words>") + &typed("<coda/>")));
    let jump = "~".to_string()
        + &direction(&typed(
            "<words>D.S. </words><symbol>segno</symbol><words> al </words><symbol>coda</symbol>",
        ));
    let coda = direction(&typed("<symbol>coda</symbol>"));
    assert_eq!(signs(&["", &segno, &way, &jump, &coda, ""]), "1 2 3 4 2 3 5 6");
    let boxed = direction(&typed("<rehearsal enclosure=\"square\">Coda</rehearsal>"));
    assert_eq!(signs(&["", &segno, &way, &jump, &boxed, ""]), "1 2 3 4 2 3 5 6");
    // The sign beside the jump is not where it leads.
    let beside = "~".to_string() + &direction(&typed("<words>Dal Segno</words>")) + &segno;
    assert_eq!(signs(&["", &segno, "", &beside, ""]), "1 2 3 4 2 3 4 5");
    // A coda sign whose sound leaves is no coda, whatever stands beside it.
    let leaves = "~".to_string()
        + &direction(&(typed("<coda/>") + &typed("<words>Coda</words>") + "<sound tocoda=\"1\"/>"));
    assert_eq!(signs(&["", &leaves, &("~".to_string() + &words("D.C. al Coda")), &coda]), "1 2 3 1 2 4");
}

#[test]
fn jumps_in_german_french_and_italian_words() {
    let at_end = |text: &str| "~".to_string() + &words(text);
    let segno = words("𝄋");
    for (way, jump, coda) in [
        ("zur Coda", "Vom Zeichen bis zur Coda", "Coda"),
        ("zum Kopf", "D.S. al Kopf", "Kopf"),
        ("al Coda", "Dal Segno alla Coda, senza replica", "Coda"),
        ("alla Coda", "Dal 𝄋 al 𝄌", "𝄌"),
        ("To ⊕", "From the sign to ⊕", "⊕ Coda"),
        ("à la Coda", "Reprendre au signe, puis Coda", "Coda"),
    ] {
        let found = signs(&["", &segno, &at_end(way), &at_end(jump), &words(coda)]);
        assert_eq!(found, "1 2 3 4 2 3 5", "{way}, {jump}");
    }
    for (end, jump) in [
        ("Ende", "Von vorn bis Ende"),
        ("Fin", "D.C. au Fin"),
        ("Schluss", "Vom Anfang bis Schluss"),
        ("Fine", "Da capo sin' al Fine"),
    ] {
        assert_eq!(signs(&["", &at_end(end), &at_end(jump)]), "1 2 3 1 2", "{jump}");
    }
    // Up to the sign, and out from there.
    assert_eq!(signs(&["", "", &segno, &at_end("D.C. al Segno")]), "1 2 3 4 1 2");
    assert_eq!(
        signs(&["", "", &segno, &at_end("Da Capo al Segno e poi la Coda"), &words("Coda")]),
        "1 2 3 4 1 2 5"
    );
}

#[test]
fn passages_are_played_as_often_as_words_or_signs_say() {
    let times = |text: &str| BACK.to_string() + &words(text);
    assert_eq!(signs(&[FORTH, &times("3x"), ""]), "1 2 1 2 1 2 3");
    assert_eq!(signs(&["", &(FORTH.to_string() + &words("Play 3 times")), BACK, ""]), "1 2 3 2 3 2 3 4");
    // Nothing to repeat; a count at the bar is believed; a repeat sign that says "once" or "never" is still one.
    assert_eq!(signs(&["", &words("4 times"), BACK]), "1 2 3 1 2 3");
    let counted = |n: u32| BACK.replace("backward\"", &format!("backward\" times=\"{n}\""));
    assert_eq!(signs(&[&(counted(4) + &words("3x"))]), "1 1 1 1");
    for n in [0, 1] {
        assert_eq!(signs(&["", &counted(n), ""]), "1 2 1 2 3", "{n}");
    }
}

#[test]
fn repeats_within_repeats_and_after_jumps() {
    let at_end = |text: &str| "~".to_string() + &words(text);
    // The second forward sign takes the place of the first; a backward one without its own goes to the passage before.
    assert_eq!(signs(&[FORTH, &(FORTH.to_string() + BACK), BACK, ""]), "1 2 2 3 3 4");
    // Not again after the D.C., but where the bar says so.
    assert_eq!(signs(&["", BACK, &at_end("Fine"), &at_end("D.C. al Fine")]), "1 2 1 2 3 4 1 2 3");
    let again = BACK.replace("<repeat ", "<repeat after-jump=\"yes\" ");
    assert_eq!(signs(&["", &again, &at_end("Fine"), &at_end("D.C. al Fine")]), "1 2 1 2 3 4 1 2 1 2 3");
    // Brackets inside what is repeated by the D.C.: the last.
    let volta = |n: u32, more: &str| {
        format!(
            "<barline location=\"left\"><ending number=\"{n}\" type=\"start\"/></barline>~<barline location=\"right\">\
                 <ending number=\"{n}\" type=\"stop\"/>{more}</barline>"
        )
    };
    let back = "<repeat direction=\"backward\"/>";
    let (one, two, three) = (volta(1, back), volta(2, back), volta(3, "") + &words("Fine"));
    assert_eq!(signs(&[FORTH, &one, &two, &three, &at_end("D.C. al Fine")]), "1 2 1 3 1 4 5 1 4");
    let dal_segno = at_end("D.S. al Coda con repetizione");
    let segno = FORTH.to_string() + &words("Segno");
    let (one, two) = (volta(1, back), volta(2, "") + &words("To Coda"));
    assert_eq!(signs(&["", &segno, &one, &two, &dal_segno, &words("Coda")]), "1 2 3 2 4 5 2 3 2 4 6");
}

#[test]
fn timewise_scores_jump_too() {
    let measure = |number: u32, more: &str| {
        let note = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration></note>";
        format!(
            "<measure number=\"{number}\"><part id=\"P1\">{note}{more}</part><part id=\"P2\">{note}</part></measure>"
        )
    };
    let body = measure(1, "") + &measure(2, &words("Fine")) + &measure(3, &words("D.C. al Fine"));
    let text = format!("<score-timewise><part-list/>{body}</score-timewise>");
    assert_eq!(order(&read_score(text.as_bytes(), "").unwrap()), "1 2 3 1 2");
}

#[test]
fn lengths_and_divisions_that_are_missing_follow_from_the_values() {
    let note = |more: &str| format!("<note><pitch><step>c</step><octave>4</octave></pitch>{more}</note>");
    let lengths = note("<duration>720</duration><type>quarter</type><dot/>")
        + &note("<duration>240</duration><type>eighth</type>")
        + "<backup><duration>960</duration></backup>"
        + &note("<duration>960</duration><voice>2</voice>").replace(">c<", ">d<");
    let part = format!("<measure number=\"1\">{lengths}</measure>");
    assert_eq!(played(&read("", &[&part])), "0:3/2:60 0:2:62 3/2:1/2:60");
    let triplet = "<type>eighth</type><time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification>";
    let values = note("<type>half</type><dot/>") + &note(triplet).repeat(3);
    let part = format!("<measure number=\"1\">{values}</measure>");
    assert_eq!(played(&read("", &[&part])), "0:3:60 3:1/3:60 10/3:1/3:60 11/3:1/3:60");
}

/// Seen in quartets: the neutral clef in the middle of a violin part.
#[test]
fn a_percussion_clef_alone_makes_no_drum() {
    let note = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>";
    let clef = "<attributes><clef><sign>percussion</sign><line>2</line></clef></attributes>";
    let score = read("", &[&format!("<measure number=\"1\">{note}{clef}{note}</measure>")]);
    assert_eq!(played(&score), "0:1:60 1:1:60");
}

#[test]
fn small_notes_beside_full_ones_are_alternatives() {
    let note = |octave: u8, duration: u8, size: &str, more: &str| {
        format!(
            "<note>{more}<pitch><step>C</step><octave>{octave}</octave></pitch><duration>{duration}</duration><type{size}>quarter</type></note>"
        )
    };
    let small = " size=\"cue\"";
    let line = note(4, 2, "", "")
        + "<note><rest/><duration>1</duration></note>"
        + &note(4, 1, small, "")
        + &note(4, 1, "", "")
        + &note(5, 1, small, "<chord/>");
    let second = note(5, 1, small, "") + &note(6, 1, small, "") + &note(7, 1, small, "");
    let part = |staves: &str| {
        format!(
            "<measure number=\"1\"><attributes><divisions>1</divisions></attributes>{staves}{line}<backup><duration>5</duration></backup>{second}</measure>"
        )
    };
    // The third small note of the second voice fills the first one's rest; the fourth is the line itself.
    let score = read("", &[&part("")]);
    assert_eq!(played(&score), "0:2:60 2:1:96 3:1:60 4:1:60");
    assert_eq!((score.notes.len(), score.notes.iter().filter(|note| note.cue).count()), (7, 3));
    // On the staves of a keyboard small print is played.
    let keyboard = part("<attributes><staves>2</staves></attributes>");
    assert_eq!(played(&read("", &[&keyboard])), "0:2:60 0:1:72 1:1:84 2:1:96 3:1:60 4:1:60 4:1:72");
}

#[test]
fn a_tie_leads_out_of_the_voice_that_writes_an_arpeggio_out() {
    let note = |voice: u8, duration: u8, tie: &str| {
        format!(
            "<note><pitch><step>C</step><octave>4</octave></pitch><duration>{duration}</duration>{tie}<voice>{voice}</voice></note>"
        )
    };
    let (start, stop) = ("<tie type=\"start\"/>", "<tie type=\"stop\"/>");
    let part = format!(
        "<measure number=\"1\"><attributes><divisions>4</divisions></attributes>{}<backup><duration>1</duration></backup>{}{}</measure>",
        note(2, 1, start),
        "<forward><duration>4</duration></forward>",
        note(1, 4, stop)
    );
    assert_eq!(played(&read("", &[&part])), "0:2:60");
}

/// Octaves that are struck one after the other, and tied: one of the stops stands on the wrong note.
#[test]
fn a_grace_note_tied_to_its_note_is_that_note() {
    let note = |octave: u8, more: &str, ties: &[&str]| {
        let ties: String = ties.iter().map(|kind| format!("<tie type=\"{kind}\"/>")).collect();
        format!(
            "<note>{more}<pitch><step>G</step><octave>{octave}</octave></pitch>{ties}<voice>7</voice></note>"
        )
    };
    let long = "<duration>1</duration>";
    let part = [
        note(1, "<grace/>", &["start"]),
        note(2, "<grace/>", &["stop", "start"]),
        note(1, "", &["stop"]).replace("<tie", &format!("{long}<tie")),
        note(2, "<chord/>", &[]).replace("<voice", &format!("{long}<voice")),
    ];
    let score = read("", &[&format!("<measure number=\"1\">{}</measure>", part.concat())]);
    assert_eq!(played(&score), "0:1:31 0:1:43");
}

#[test]
fn a_segno_at_the_end_of_a_measure_is_the_next_ones() {
    let sign = |more: &str| format!("<direction><direction-type><segno/></direction-type>{more}</direction>");
    let segno = sign("");
    let at_end = |signs: &str| format!("~{signs}");
    let back = at_end(&words("D.S."));
    assert_eq!(signs(&["", &at_end(&segno), "", &back]), "1 2 3 4 3 4");
    assert_eq!(signs(&["", &segno, "", &back]), "1 2 3 4 2 3 4");
    // A measure that has one at its beginning keeps that.
    assert_eq!(signs(&["", &(segno.clone() + "~" + &segno), "", &back]), "1 2 3 4 2 3 4");
    // Where the file says what to play, and in words, it is its own measure's.
    assert_eq!(signs(&["", &at_end(&sign("<sound segno=\"s\"/>")), "", &back]), "1 2 3 4 2 3 4");
    assert_eq!(signs(&["", &at_end(&words("Segno")), "", &back]), "1 2 3 4 2 3 4");
    // Beside the jump it only says what to look for.
    assert_eq!(signs(&["", &segno, "", &(back.clone() + &segno), ""]), "1 2 3 4 2 3 4 5");
}
