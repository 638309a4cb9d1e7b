//! Broken and hostile score files: an error with a reason, in bounded time and memory.

use colla_parte::readers::{ReadError, read_score};
use proptest::prelude::*;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;

const SMALL: &str = "<score-partwise><part id=\"P\"><measure number=\"1\"><note><pitch><step>C</step><octave>4</octave>\
                     </pitch><duration>1</duration></note></measure></part></score-partwise>";

fn read(text: &str) -> Result<colla_parte::score::Score, ReadError> {
    read_score(text.as_bytes(), "")
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn container(path: &str) -> String {
    format!("<container><rootfiles><rootfile full-path=\"{path}\"/></rootfiles></container>")
}

#[test]
fn entities_are_refused_inside_and_outside() {
    for declaration in [
        "<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">",
        "<!ENTITY a SYSTEM \"file:///etc/passwd\">",
        "<!ENTITY a SYSTEM \"http://example.org/x\">",
    ] {
        let text = format!("<!DOCTYPE score-partwise [{declaration}]>{SMALL}");
        assert!(matches!(read(&text), Err(ReadError::Xml { line: 1, .. })), "{declaration}");
    }
    let doctype = "<!DOCTYPE score-partwise PUBLIC \"-//Recordare//DTD MusicXML 4.0 Partwise//EN\" \
                   \"http://www.musicxml.org/dtds/partwise.dtd\">";
    assert!(read(&format!("{doctype}{SMALL}")).is_ok());
}

#[test]
fn deep_nesting_is_refused() {
    let text = format!("<score-partwise>{}", "<a>".repeat(1_000_000));
    assert!(matches!(read(&text), Err(ReadError::Xml { .. })));
    let commented = SMALL.replace("<part", &format!("<!-- {} --><part", "<a>".repeat(500)));
    assert!(read(&commented).is_ok());
}

#[test]
fn absurd_numbers_are_errors_or_kept_in_bounds() {
    for duration in ["1e308", "NaN", "inf", "-1", "99999999999999999999", "1000000", "x"] {
        let text = SMALL.replace("<duration>1<", &format!("<duration>{duration}<"));
        match read(&text) {
            Err(ReadError::Xml { message, .. }) => assert!(message.contains("duration"), "{message}"),
            other => panic!("{duration}: {other:?}"),
        }
    }
    for divisions in ["0", "-4", "NaN", "1e300"] {
        let attributes = format!("<attributes><divisions>{divisions}</divisions></attributes><note>");
        assert!(read(&SMALL.replace("<note>", &attributes)).is_err(), "{divisions}");
    }
    let odd = SMALL.replace("<octave>4", "<octave>2147483647").replace(
        "<note>",
        "<sound tempo=\"NaN\"/><sound tempo=\"1e99\"/><attributes><time><beats>4294967295</beats>\
                 <beat-type>0</beat-type></time><staves>900</staves></attributes><note>",
    );
    let score = read(&odd).unwrap();
    assert!(score.path.tempos.is_empty());
    let endless = SMALL.replace(
        "</measure>",
        "<barline><repeat direction=\"backward\" times=\"4000000000\"/></barline></measure>",
    );
    assert_eq!(read(&endless).unwrap().path.steps.len(), 64);
}

#[test]
fn other_files_are_named_for_what_they_are() {
    assert!(matches!(read("hello"), Err(ReadError::UnknownFormat { .. })));
    assert!(matches!(read(""), Err(ReadError::UnknownFormat { .. })));
    assert!(matches!(read("<html/>"), Err(ReadError::NotMusicXml { .. })));
    assert!(matches!(read("<score-partwise/>"), Err(ReadError::Empty)));
    assert!(matches!(read("<score-partwise>\n<part>"), Err(ReadError::Xml { line: 1.., .. })));
    assert!(matches!(read_score(b"PK\x03\x04", ""), Err(ReadError::Archive(_))));
    assert!(matches!(read_score(b"MThd\0\0", ""), Err(ReadError::Midi(_))));
}

#[test]
fn archives_are_read_by_name_and_never_leave_memory() {
    let wanted = SMALL.as_bytes();
    let good = archive(&[("META-INF/container.xml", container("a/s.xml").as_bytes()), ("a/s.xml", wanted)]);
    assert_eq!(read_score(&good, ""), read(SMALL));
    let climbing =
        archive(&[("META-INF/container.xml", container("../../s.xml").as_bytes()), ("../../s.xml", wanted)]);
    assert_eq!(read_score(&climbing, ""), read(SMALL));
    // Without a container, the first score there is; with a container that lies, too.
    assert_eq!(read_score(&archive(&[("x.txt", b"?"), ("s.musicxml", wanted)]), ""), read(SMALL));
    let lying =
        archive(&[("META-INF/container.xml", container("/etc/passwd").as_bytes()), ("s.xml", wanted)]);
    assert_eq!(read_score(&lying, ""), read(SMALL));
    assert!(matches!(read_score(&archive(&[("x.txt", b"?")]), ""), Err(ReadError::Archive(_))));
}

#[test]
fn zip_bombs_stop_at_the_limit() {
    let blank = vec![b' '; (256 << 20) + 1];
    let bomb = archive(&[("s.xml", &blank)]);
    assert!(bomb.len() < 1 << 20);
    assert!(matches!(read_score(&bomb, ""), Err(ReadError::TooLarge { limit: 0x1000_0000, .. })));
}

proptest! {
    #[test]
    fn any_damage_gives_a_score_or_an_error(at in 0..SMALL.len(), byte: u8, cut in 0..SMALL.len()) {
        let mut bytes = SMALL.as_bytes().to_vec();
        bytes[at] = byte;
        let _ = read_score(&bytes, "");
        bytes.truncate(cut);
        let _ = read_score(&bytes, "");
    }

    #[test]
    fn any_midi_bytes_give_a_score_or_an_error(tail in proptest::collection::vec(any::<u8>(), 0..200), format in 0..3u8) {
        let mut bytes = vec![b'M', b'T', b'h', b'd', 0, 0, 0, 6, 0, format, 0, 1, 0, 96, b'M', b'T', b'r', b'k', 0, 0, 0];
        bytes.push(tail.len() as u8);
        bytes.extend(tail);
        let _ = read_score(&bytes, "");
    }
}
