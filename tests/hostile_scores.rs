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

#[test]
fn every_encoding_is_read() {
    let named = SMALL.replace(
        "<part id",
        "<part-list><score-part id=\"P\"><part-name>Flöte</part-name></score-part></part-list><part id",
    );
    let units: Vec<u16> = named.encode_utf16().collect();
    let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    let declared = format!("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>{named}");
    let latin1: Vec<u8> = declared.chars().map(|c| c as u8).collect();
    let utf8 = read(&named).unwrap();
    assert_eq!(utf8.parts[0].name, "Flöte");
    for bytes in [
        [&[0xEF, 0xBB, 0xBF], named.as_bytes()].concat(),
        [&[0xFF, 0xFE], little.as_slice()].concat(),
        [&[0xFE, 0xFF], big.as_slice()].concat(),
        little,
        big,
        latin1,
        archive(&[("s.xml", &declared.chars().map(|c| c as u8).collect::<Vec<u8>>())]),
    ] {
        assert_eq!(read_score(&bytes, "").unwrap(), utf8);
    }
    // Cut within a character, or with bytes that are none: no panic.
    let _ = read_score(&[0xFF, 0xFE, b'<'], "");
    assert!(read_score(&[b"<a>".as_slice(), &[0xFF, 0xC0]].concat(), "").is_err());
}

#[test]
fn lengths_beyond_the_limits_are_refused() {
    let refused = |bytes: &[u8], named: &str| match read_score(bytes, "") {
        Err(ReadError::TooLarge { what, limit, found }) => {
            assert!(what == named && found > limit, "{what} {found}")
        }
        other => panic!("{named}: {other:?}"),
    };
    let many = format!("<score-partwise><part>{}</part></score-partwise>", "<measure/>".repeat(65_537));
    refused(many.as_bytes(), "measures");
    let many = format!("<score-partwise>{}</score-partwise>", "<part><measure/></part>".repeat(4097));
    refused(many.as_bytes(), "parts");
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..1025 {
        writer.start_file(index.to_string(), SimpleFileOptions::default()).unwrap();
    }
    refused(&writer.finish().unwrap().into_inner(), "archive entries");
    // A day-long note, and a pause of billions of beats, in a MIDI file: too many measures, not too much memory.
    let mut long = b"MThd\0\0\0\x06\0\0\0\x01\0\x01MTrk\0\0\0\x0E".to_vec();
    long.extend([0xFF, 0xFF, 0xFF, 0x7F, 0x90, 60, 64, 1, 60, 0, 0, 0xFF, 0x2F, 0]);
    refused(&long, "measures");
    // The parser negates the rate of a time code; there is no 128.
    let odd = b"MThd\0\0\0\x06\0\0\0\x01\x80\x28MTrk\0\0\0\x04\0\xFF\x2F\0";
    assert!(matches!(read_score(odd, ""), Err(ReadError::Midi(message)) if message.contains("found 128")));
}

/// What the fuzz targets found of interest, again: see `fuzz/`.
#[test]
fn the_kept_corpus_passes() {
    use colla_parte::readers::{SoundReader, source_with_ids};
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (kind, least) in [("musicxml", 20), ("mxl", 5), ("midi", 5), ("sound", 10)] {
        let mut count = 0;
        for entry in std::fs::read_dir(corpus.join(kind)).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            count += 1;
            if kind == "sound" {
                let Ok(mut reader) = SoundReader::new(bytes) else { continue };
                let mut samples = Vec::new();
                while samples.len() < 100_000 && matches!(reader.read(&mut samples), Ok(true)) {}
                assert!(samples.iter().all(|sample| sample.is_finite()));
                continue;
            }
            let Ok(score) = read_score(&bytes, "") else { continue };
            assert!(score.path.notes.is_sorted_by_key(|note| note.onset));
            assert_eq!(score.sounding_times().len(), score.path.notes.len());
            if let Ok(source) = source_with_ids(&bytes) {
                let again = read_score(source.as_bytes(), "").unwrap();
                assert_eq!(again.notes, score.notes);
            }
        }
        assert!(count >= least, "{kind}: {count} files");
    }
}
