//! Engraved pages: every note and measure that has one of our ids has a box, and what can't be engraved is an error.

use colla_parte::engraving::{Breaks, EngraveError, EngravedPage, Engraver, Painter, Paper, resources};
use colla_parte::readers::{read_score, source_with_ids};
use colla_parte::score::{Score, ScoreSource};
use colla_parte::writers::write_score_musicxml;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const SONG: &[u8] = include_bytes!("../assets/demo/score.mxl");
const STRIPS: Paper = Paper::Strips { width: 130.0 };

fn engraver() -> Engraver {
    Engraver::at(env!("CARGO_BIN_EXE_colla-parte-engraver").into())
}

fn pages(source: &str, paper: Paper) -> Vec<EngravedPage> {
    engraver().pages(source, paper, Breaks::Needed).unwrap()
}

fn partwise(measures: &str) -> String {
    format!(
        "<score-partwise version=\"4.0\"><part-list><score-part id=\"P1\"><part-name>P</part-name></score-part></part-list>\
         <part id=\"P1\">{measures}</part></score-partwise>"
    )
}

fn note(step: char) -> String {
    format!(
        "<note><pitch><step>{step}</step><octave>4</octave></pitch><duration>4</duration><type>whole</type></note>"
    )
}

/// Every note that sounds and every measure that is played has one box, and the boxes make musical sense.
fn assert_all_found(score: &Score, pages: &[EngravedPage]) {
    let mut boxed = HashMap::new();
    for (number, page) in pages.iter().enumerate() {
        for note in &page.print.notes {
            *boxed.entry(note.id.0).or_insert(0) += 1;
            let measure = score.notes[note.id.0 as usize].measure;
            let inside = |index: u32| {
                page.print
                    .measures
                    .iter()
                    .any(|m| m.index == index && (m.area.left..=m.area.right).contains(&note.head.left))
            };
            assert!(
                inside(measure),
                "note {} of measure {measure} stands elsewhere on page {number}",
                note.id.0
            );
        }
    }
    for note in &score.path.notes {
        assert_eq!(boxed.get(&note.id.0), Some(&1), "note {}", note.id.0);
    }
    let framed: HashSet<u32> =
        pages.iter().flat_map(|page| page.print.measures.iter().map(|m| m.index)).collect();
    assert_eq!(framed.len(), score.measures.len());
}

#[test]
fn every_note_of_the_demo_has_a_box() {
    let score = read_score(SONG, "song").unwrap();
    let source = source_with_ids(SONG).unwrap();
    let strips = pages(&source, STRIPS);
    assert_all_found(&score, &strips);
    // Higher pitches of one staff and clef stand higher: the boxes are those of the notes they name.
    let first = &score.notes[0];
    let same = |other: &colla_parte::score::Note| {
        other.measure == first.measure && other.part == first.part && other.staff == first.staff
    };
    let heights: Vec<(u8, f32)> = strips[0]
        .print
        .notes
        .iter()
        .map(|printed| (&score.notes[printed.id.0 as usize], printed.head.top))
        .filter(|(note, _)| same(note))
        .map(|(note, top)| (note.pitch.0, top))
        .collect();
    assert!(heights.len() > 2);
    for (a, b) in heights.iter().flat_map(|a| heights.iter().map(move |b| (a, b))) {
        assert!(a.0 + 2 >= b.0 || a.1 > b.1, "{heights:?}");
    }
    // Another width is another layout of the same.
    let narrow = pages(&source, Paper::Strips { width: 70.0 });
    assert!(narrow.len() > strips.len());
    assert_all_found(&score, &narrow);
    let sheets = pages(&source, Paper::A4);
    assert!(sheets.len() < strips.len());
    assert_all_found(&score, &sheets);
}

#[test]
fn a_midi_file_is_engraved_from_what_it_says() {
    let track: &[u8] = &[
        0, 0x90, 60, 64, 96, 60, 0, 0, 64, 64, 48, 64, 0, 0, 67, 64, 48, 67, 0, 0, 72, 64, 0x84, 0, 72, 0, 0,
        0xFF, 0x2F, 0,
    ];
    let mut bytes = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk".to_vec();
    bytes.extend((track.len() as u32).to_be_bytes());
    bytes.extend(track);
    let score = read_score(&bytes, "").unwrap();
    assert_ne!(score.source, ScoreSource::MusicXml);
    let mut source = Vec::new();
    write_score_musicxml(&score, &mut source).unwrap();
    let pages = pages(std::str::from_utf8(&source).unwrap(), STRIPS);
    let boxed: HashSet<u32> =
        pages.iter().flat_map(|page| page.print.notes.iter().map(|note| note.id.0)).collect();
    assert_eq!(boxed, score.path.notes.iter().map(|note| note.id.0).collect());
}

#[test]
fn ink_lies_where_the_heads_are() {
    let source = source_with_ids(SONG).unwrap();
    let page = &pages(&source, STRIPS)[1];
    let (scale, painter) = (9.0, Painter::default());
    let (width, height, cover) = painter.cover(page, scale).unwrap();
    assert_eq!((width, height), ((130.0 * scale) as usize, (page.print.height * scale).round() as usize));
    for note in &page.print.notes {
        let x = (note.head.left + note.head.right) / 2.0 * scale;
        let y = (note.head.top + note.head.bottom) / 2.0 * scale;
        // A half note is hollow, but its rim is within a head of its middle.
        let around = (-4..=4).any(|dx| cover[y as usize * width + (x as i32 + dx) as usize] > 128);
        assert!(around, "no ink at note {}", note.id.0);
    }
    let margin = cover.iter().take(width * 3).all(|pixel| *pixel == 0);
    assert!(margin, "the upper margin is empty");
    let png = painter.png(page, scale).unwrap();
    assert!(png.starts_with(b"\x89PNG") && png.len() > 5_000);
}

#[test]
fn repeats_stay_as_printed() {
    let bar = |index: usize, inside: String| format!("<measure number=\"{index}\">{inside}</measure>");
    let attributes = "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>";
    let repeat = "<barline location=\"right\"><repeat direction=\"backward\"/></barline>";
    let text = partwise(&(bar(1, format!("{attributes}{}{repeat}", note('C'))) + &bar(2, note('D'))));
    let score = read_score(text.as_bytes(), "").unwrap();
    assert_eq!(score.path.steps.len(), 3);
    let pages = pages(&source_with_ids(text.as_bytes()).unwrap(), STRIPS);
    assert_all_found(&score, &pages);
}

/// What our reader takes and an engraver might stumble over: each is engraved or refused, and the next one goes well.
#[test]
fn odd_scores_do_no_harm() {
    let song = source_with_ids(SONG).unwrap();
    let measure = |inside: &str| partwise(&format!("<measure number=\"1\">{inside}</measure>"));
    let odd = [
        measure(&note('C')),
        measure(""),
        measure(
            "<attributes><divisions>480</divisions></attributes><backup><duration>4000</duration></backup>",
        ),
        measure("<note><grace/><pitch><step>C</step><octave>4</octave></pitch></note>"),
        measure("<note><chord/><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>"),
        measure(&format!(
            "<direction><direction-type><words>{}</words></direction-type></direction>{}",
            "x".repeat(5000),
            note('C')
        )),
        measure(
            "<note><unpitched/><duration>1</duration><notations><slur type=\"stop\" number=\"3\"/></notations></note>",
        ),
        measure(
            "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration><beam number=\"1\">end</beam></note>",
        ),
        measure(
            "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration><lyric><text>&#x1F600; 楽</text></lyric></note>",
        ),
        measure(
            "<attributes><staves>40</staves></attributes><note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration><staff>39</staff></note>",
        ),
        partwise(&format!(
            "<measure number=\"1\"><attributes><measure-style><multiple-rest>900</multiple-rest></measure-style></attributes>{}</measure>",
            note('C')
        )),
        song.replace("<beat-type>8</beat-type>", "<beat-type>0</beat-type>"),
        song.replace("<type>eighth</type>", "<type>nonsense</type>"),
        song.replace("type=\"stop\"", "type=\"start\""),
        song.replace("<staff>2</staff>", "<staff>7</staff>"),
        "<score-partwise/>".into(),
        "no xml at all".into(),
        String::new(),
    ];
    for (index, text) in odd.iter().enumerate() {
        match engraver().pages(text, STRIPS, Breaks::Needed) {
            Ok(pages) => {
                for page in &pages {
                    Painter::default().cover(page, 7.0).unwrap_or_else(|error| panic!("{index}: {error}"));
                }
            }
            Err(error) => {
                assert!(matches!(error, EngraveError::Unreadable | EngraveError::Died(_)), "{index}: {error}")
            }
        }
    }
    let pages = pages(&song, STRIPS);
    assert_all_found(&read_score(SONG, "song").unwrap(), &pages);
}

/// What this Verovio does not survive ends its program, and is an error here.
#[test]
fn a_score_that_ends_the_engraver_ends_nothing_else() {
    let pitch = "<pitch><step>C</step><octave>4</octave></pitch>";
    let two_pitches = format!("<note>{pitch}{pitch}<duration>4</duration><type>whole</type></note>");
    let song = source_with_ids(SONG).unwrap();
    let deadly = [
        partwise(&format!("<measure number=\"1\">{two_pitches}</measure>")),
        song.replace("<beat-type>8</beat-type>", "<beat-type>0</beat-type>"),
        song.replace("<type>eighth</type>", "<type>nonsense</type>"),
    ];
    let results = deadly.map(|text| engraver().pages(&text, STRIPS, Breaks::Needed));
    let died = results.iter().filter(|result| matches!(result, Err(EngraveError::Died(_)))).count();
    assert!(died > 0, "it survives them all: nothing was tried");
    assert!(!pages(&song, STRIPS).is_empty());
}

/// Whoever has waited long enough, or is about to go, has the program ended.
#[test]
fn nobody_waits_for_the_engraver_longer_than_they_wish() {
    let measure = |number| format!("<measure number=\"{number}\">{}</measure>", note('C').repeat(8));
    // Some ten seconds of work: whatever else the machine does, it is not done at once.
    let long = partwise(&(0..20_000).map(measure).collect::<String>());
    let stop = Arc::new(AtomicBool::new(false));
    let engraver = engraver().with_patience(Duration::ZERO).stopped_by(stop.clone());
    let outcome = || engraver.pages(&long, STRIPS, Breaks::Needed).map(|pages| pages.len());
    let late = outcome();
    assert!(matches!(late, Err(EngraveError::TooLong(Duration::ZERO))), "{late:?}");
    stop.store(true, Ordering::Relaxed);
    let stopped = outcome();
    assert!(matches!(stopped, Err(EngraveError::Stopped)), "{stopped:?}");
}

#[test]
fn what_cannot_be_engraved_is_said() {
    let unreadable = engraver().pages("no score", STRIPS, Breaks::Needed);
    assert!(matches!(unreadable, Err(EngraveError::Unreadable)));
    let nowhere = Engraver::at(Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-engraver-here"));
    let error = nowhere.pages(&source_with_ids(SONG).unwrap(), STRIPS, Breaks::Needed).unwrap_err();
    assert!(matches!(error, EngraveError::Program { .. }), "{error}");
    assert!(error.to_string().contains("no-engraver-here"), "{error}");
}

/// The program says so where it is started by somebody else, or of another edition.
#[test]
fn the_engraver_knows_what_it_is_asked() {
    let run = |arguments: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_colla-parte-engraver"));
        program.args(arguments).stdin(Stdio::null()).output().unwrap()
    };
    let alone = run(&[]);
    assert_eq!(alone.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&alone.stderr).contains("Colla Parte"));
    let newer = run(&["0", "{}"]);
    assert!(newer.status.success());
    assert!(String::from_utf8_lossy(&newer.stdout).contains("edition"), "{newer:?}");
}

/// Fonts in a folder that can't be made are an error; two that unpack at once both succeed.
#[test]
fn fonts_are_unpacked_whole_or_not_at_all() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("engraving-unpack");
    let _ = std::fs::remove_dir_all(&folder);
    let fonts = folder.join("fonts");
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| resources::unpack(&fonts))).collect();
        for thread in threads {
            thread.join().unwrap().unwrap();
        }
    });
    assert!(fonts.join("Bravura.xml").is_file() && fonts.join("text/Times.xml").is_file());
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(left.len(), 1, "no drafts stay behind: {left:?}");
    std::fs::write(folder.join("file"), "").unwrap();
    assert!(matches!(resources::unpack(&folder.join("file/fonts")), Err(EngraveError::Resources { .. })));
}
