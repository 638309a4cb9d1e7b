//! The command as a process: what people type, what comes out, how it fails.

mod tune;

use std::f64::consts::TAU;
use std::fs;
use std::io::Write;
use std::path::Path;
#[cfg(target_os = "linux")]
use tune::assert_failed;
use tune::{assert_refused, colla_parte, long_tune, score_of, scratch, struck, text, wav};

const TUNE: [(f64, u8); 6] = [(0.5, 60), (1.0, 64), (1.5, 67), (2.0, 72), (2.5, 65), (3.0, 62)];

/// Rows of an events table: emitted, onset, offset, pitch.
fn rows(table: &str) -> Vec<(f64, f64, f64, u8)> {
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("emitted_s\tonset_s\toffset_s\tmidi_pitch\tvelocity"));
    lines
        .map(|line| {
            let cells: Vec<f64> = line.split('\t').map(|cell| cell.parse().unwrap()).collect();
            assert!((1.0..=127.0).contains(&cells[4]), "{line}");
            (cells[0], cells[1], cells[2], cells[3] as u8)
        })
        .collect()
}

/// How many notes of [`TUNE`] are in `found` within 50 ms, and how many are not of it.
fn hits(found: &[(f64, f64, f64, u8)]) -> (usize, usize) {
    let is = |row: &&(f64, f64, f64, u8), note: &(f64, u8)| row.3 == note.1 && (row.1 - note.0).abs() <= 0.05;
    let hits = TUNE.iter().filter(|note| found.iter().any(|row| is(&row, note))).count();
    (hits, found.len() - hits)
}

#[test]
fn a_tune_is_transcribed_at_every_rate() {
    let folder = scratch("rates");
    for rate in [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 88_200, 96_000, 192_000] {
        let audio = folder.join(format!("{rate}.wav"));
        fs::write(&audio, wav(&struck(&TUNE, rate, 4.2), rate, 1)).unwrap();
        // Bare sums of sines are no instrument: the network hears some of their partials as notes.
        let output = colla_parte(&["transcribe", &text(&audio), "--estimator", "harmonic", "--events", "-"]);
        assert_eq!(output.status.code(), Some(0));
        let found = rows(&String::from_utf8(output.stdout).unwrap());
        let (hits, others) = hits(&found);
        assert!(hits == TUNE.len() && others <= 2, "{rate} Hz: {hits} of {}, {found:?}", TUNE.len());
        for (emitted, onset, offset, _) in found {
            assert!(
                onset <= emitted && emitted - onset < 0.25 && offset > onset,
                "{emitted} {onset} {offset}"
            );
        }
    }
}

#[test]
fn midi_goes_to_a_file_or_to_standard_output_and_is_the_same() {
    let folder = scratch("midi");
    let (audio, midi) = (folder.join("tune.wav"), folder.join("tune.mid"));
    let samples = struck(&TUNE, 44_100, 4.2);
    let stereo: Vec<f32> = samples.iter().flat_map(|&x| [x, x]).collect();
    fs::write(&audio, wav(&stereo, 44_100, 2)).unwrap();
    let output = colla_parte(&["transcribe", &text(&audio), "--estimator", "harmonic", "-o", &text(&midi)]);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "progress is drawn on a pipe");
    let piped = colla_parte(&["transcribe", &text(&audio), "--estimator", "harmonic", "-o", "-"]).stdout;
    assert_eq!(piped, fs::read(&midi).unwrap());
    let file = midly::Smf::parse(&piped).unwrap();
    let strikes = file.tracks[0].iter().filter(|event| {
        matches!(event.kind, midly::TrackEventKind::Midi { message: midly::MidiMessage::NoteOn { .. }, .. })
    });
    assert!((TUNE.len()..=TUNE.len() + 2).contains(&strikes.count()));
}

#[test]
fn bad_recordings_are_refused_in_one_line() {
    let folder = scratch("bad-audio");
    let good = wav(&struck(&TUNE, 16_000, 2.0), 16_000, 1);
    let mut truncated = good.clone();
    truncated.truncate(good.len() / 2);
    let midi = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x04\0\xff\x2f\0".to_vec();
    for (name, bytes, reason) in [
        ("empty.wav", vec![], "empty"),
        ("truncated.wav", truncated, "breaks off"),
        ("renamed.mp3", midi, "not a sound file"),
        ("text.flac", b"This is not audio at all, only words in a file.".to_vec(), "not a sound file"),
        ("no-samples.wav", wav(&[], 16_000, 1), "no samples"),
        ("one-sample.wav", wav(&[0.5], 16_000, 1), "too short"),
        ("nan.wav", wav(&[f32::NAN; 16_000], 16_000, 1), "not finite"),
        ("slow.wav", wav(&[0.0; 4_000], 4_000, 1), "8000 to 192000"),
    ] {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        assert_refused(&["transcribe", &text(&path), "--events", "-"], &path, reason);
    }
    assert_refused(&["transcribe", &text(&folder), "--events", "-"], &folder, "directory");
    let missing = folder.join("missing.wav");
    assert_refused(&["transcribe", &text(&missing), "--events", "-"], &missing, "no such file");
}

#[test]
fn odd_recordings_are_silence_not_failures() {
    let folder = scratch("odd-audio");
    let mut spoiled = struck(&TUNE, 16_000, 4.2);
    for burst in spoiled.chunks_mut(1_600) {
        burst[..3].copy_from_slice(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY]);
    }
    for (name, samples, notes) in
        [("silence.wav", vec![0.0; 16_000], 0), ("spoiled.wav", spoiled, TUNE.len())]
    {
        let path = folder.join(name);
        fs::write(&path, wav(&samples, 16_000, 1)).unwrap();
        let output = colla_parte(&["transcribe", &text(&path), "--events", "-"]);
        assert_eq!(output.status.code(), Some(0), "{name}");
        let found = rows(&String::from_utf8(output.stdout).unwrap());
        if notes == 0 {
            assert!(found.is_empty(), "{name}: {found:?}");
        } else {
            assert!(hits(&found).0 >= notes - 1, "{name}: {found:?}");
        }
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.contains("not finite"), samples.iter().any(|x| !x.is_finite()), "{name}: {said}");
    }
}

#[test]
fn bad_scores_are_refused_in_one_line() {
    let folder = scratch("bad-score");
    let audio = folder.join("tune.wav");
    fs::write(&audio, wav(&struck(&TUNE, 16_000, 1.0), 16_000, 1)).unwrap();
    let whole = score_of(&TUNE);
    for (name, bytes, reason) in [
        ("empty.musicxml", vec![], ""),
        ("page.xml", b"<html><body>no score</body></html>".to_vec(), ""),
        ("words.musicxml", b"only words".to_vec(), "expected MusicXML"),
        ("half.musicxml", whole.as_bytes()[..whole.len() / 2].to_vec(), ""),
        ("cut.mxl", b"PK\x03\x04 and then nothing".to_vec(), ""),
        ("bomb.mxl", bomb(), "268435456"),
        ("sound.mid", wav(&[0.0; 400], 16_000, 1), "expected MusicXML"),
        ("no-notes.mid", b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x04\0\xff\x2f\0".to_vec(), "no measures"),
    ] {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        assert_refused(&["follow", &text(&audio), &text(&path), "--trace", "-"], &path, reason);
    }
    assert_refused(&["follow", &text(&audio), &text(&folder), "--trace", "-"], &folder, "directory");
    let missing = folder.join("missing.mxl");
    assert_refused(&["follow", &text(&audio), &text(&missing), "--trace", "-"], &missing, "no such file");
}

/// An archive of a few hundred kilobytes that unpacks to 300 MiB of blanks.
fn bomb() -> Vec<u8> {
    let options = zip::write::SimpleFileOptions::default();
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file("META-INF/container.xml", options).unwrap();
    archive
        .write_all(b"<container><rootfiles><rootfile full-path=\"s.xml\"/></rootfiles></container>")
        .unwrap();
    archive.start_file("s.xml", options).unwrap();
    let blank = vec![b' '; 1 << 20];
    (0..300).for_each(|_| archive.write_all(&blank).unwrap());
    archive.finish().unwrap().into_inner()
}

#[test]
fn keyed_notes_come_with_the_pedal_that_held_them() {
    let folder = scratch("keyed");
    let audio = folder.join("broken-chord.wav");
    // Four strikes that ring until all are damped at once; then one note after another.
    let rate = 44_100;
    let mut samples = vec![0.0f32; 6 * rate as usize];
    let chord = [(0.5, 48), (0.9, 55), (1.3, 64), (1.7, 72)].map(|note| (note, 2.6));
    let scale = [(3.2, 60), (3.8, 62), (4.4, 64)].map(|note| (note, note.0 + 0.4));
    for ((onset, pitch), end) in chord.into_iter().chain(scale) {
        let hz = 440.0 * ((f64::from(pitch) - 69.0) / 12.0).exp2();
        let (first, last) = ((onset * f64::from(rate)) as usize, ((end + 0.03) * f64::from(rate)) as usize);
        for (n, sample) in samples[first..last].iter_mut().enumerate() {
            let t = n as f64 / f64::from(rate);
            let envelope =
                (t / 0.004).min(1.0) * (-t).exp() * ((end + 0.03 - onset - t) / 0.03).clamp(0.0, 1.0);
            let tone: f64 = (1..=8).map(|h| (TAU * hz * f64::from(h) * t).sin() / f64::from(h)).sum();
            *sample += (0.1 * envelope * tone) as f32;
        }
    }
    fs::write(&audio, wav(&samples, rate, 1)).unwrap();
    let audio = text(&audio);
    let transcribed = |more: &[&str]| {
        let arguments = [&["transcribe", &audio, "--estimator", "harmonic", "-o", "-"], more].concat();
        colla_parte(&arguments).stdout
    };
    let pedal = |bytes: &[u8]| {
        let file = midly::Smf::parse(bytes).unwrap();
        let mut now = 0;
        let mut changes = vec![];
        for event in &file.tracks[0] {
            now += event.delta.as_int();
            if let midly::TrackEventKind::Midi {
                message: midly::MidiMessage::Controller { controller, value },
                ..
            } = event.kind
            {
                changes.push((f64::from(now) / 1920.0, controller.as_int(), value.as_int()));
            }
        }
        changes
    };
    assert!(pedal(&transcribed(&[])).is_empty(), "notes as they sound need no pedal");
    let changes = pedal(&transcribed(&["--keyed"]));
    let [(down, 64, 127), (up, 64, 0)] = changes[..] else { panic!("{changes:?}") };
    assert!((1.0..2.0).contains(&down) && (2.5..2.8).contains(&up), "{changes:?}");
}

/// Runs a line of shell with the command as `$1` and more arguments after it.
#[cfg(target_os = "linux")]
fn shell(line: &str, arguments: &[&str]) -> std::process::Output {
    let command = env!("CARGO_BIN_EXE_colla-parte");
    std::process::Command::new("sh").args(["-c", line, "sh", command]).args(arguments).output().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn where_there_is_no_room_the_earlier_file_stays() {
    let folder = scratch("no-room");
    let (audio, table) = (folder.join("tune.wav"), folder.join("tune.tsv"));
    fs::write(&audio, wav(&struck(&long_tune(40), 16_000, 22.0), 16_000, 1)).unwrap();
    fs::write(&table, "what was there").unwrap();
    // A file may grow to one block, as on a disk with no more room.
    let line = "trap '' XFSZ; ulimit -f 1; \"$1\" transcribe \"$2\" --events \"$3\"";
    let output = shell(line, &[&text(&audio), &text(&table)]);
    assert_failed(&output, &table, "larger than files may be here");
    assert_eq!(fs::read_to_string(&table).unwrap(), "what was there");
    let mut left: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["tune.tsv", "tune.wav"]);
    // A device that is always full, and that stays.
    for what in ["--events", "-o"] {
        let output = colla_parte(&["transcribe", &text(&audio), what, "/dev/full"]);
        assert_failed(&output, Path::new("/dev/full"), "the disk is full");
    }
    assert!(fs::metadata("/dev/full").is_ok());
    // With room again it is replaced.
    assert_eq!(colla_parte(&["transcribe", &text(&audio), "--events", &text(&table)]).status.code(), Some(0));
    assert!(!rows(&fs::read_to_string(&table).unwrap()).is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn what_vanishes_while_it_is_read_is_refused_in_one_line() {
    let folder = scratch("vanishing");
    let (audio, score) = (folder.join("tune.wav"), folder.join("tune.musicxml"));
    let tune = long_tune(24);
    fs::write(&audio, wav(&struck(&tune, 44_100, 13.5), 44_100, 1)).unwrap();
    fs::write(&score, score_of(&tune)).unwrap();
    // Whoever gives the file goes away in the middle of it.
    let cut = "head -c \"$3\" \"$2\" | \"$1\" score /dev/stdin";
    assert_failed(&shell(cut, &[&text(&score), "900"]), Path::new("/dev/stdin"), "never closed");
    assert_failed(&shell(cut, &[&text(&score), "0"]), Path::new("/dev/stdin"), "");
    let cut = "head -c \"$3\" \"$2\" | \"$1\" transcribe /dev/stdin --events /dev/null";
    assert_failed(&shell(cut, &[&text(&audio), "600000"]), Path::new("/dev/stdin"), "sound breaks off");
    assert_failed(&shell(cut, &[&text(&audio), "20"]), Path::new("/dev/stdin"), "");
}

#[cfg(target_os = "linux")]
#[test]
fn where_memory_is_short_what_is_read_is_refused_in_one_line() {
    let folder = scratch("no-memory");
    let (score, audio) = (folder.join("notes.mid"), folder.join("noise.wav"));
    // A note a tick, on and off at once; and a sound whose samples double as floats.
    let notes: Vec<u8> = [0, 0x90, 60, 64, 1, 0x80, 60, 0].repeat(1_000_000);
    let mut file = b"MThd\0\0\0\x06\0\0\0\x01\x01\xE0MTrk".to_vec();
    file.extend((notes.len() as u32 + 4).to_be_bytes());
    file.extend(notes);
    file.extend(*b"\0\xFF\x2F\0");
    fs::write(&score, file).unwrap();
    fs::write(&audio, wav(&vec![0.1; 20_000_000], 48_000, 1)).unwrap();
    let within = |kb: &str, what: &str, path: &Path| {
        shell("ulimit -v \"$4\"; \"$1\" \"$2\" \"$3\" > /dev/null", &[what, &text(path), kb])
    };
    for (what, path, least, reason) in [
        ("score", &score, "150000", "of memory, and so much is not to be had"),
        ("transcribe", &audio, "120000", "no memory for more than its first"),
    ] {
        assert_failed(&within(least, what, path), path, reason);
    }
    let enough = within("600000", "score", &score);
    assert_eq!(enough.status.code(), Some(0), "{}", String::from_utf8_lossy(&enough.stderr));
}

#[test]
fn wrong_usage_is_exit_2_and_help_is_exit_0() {
    for arguments in
        [&["transcribe"][..], &["no-such-command"], &["transcribe", "a.wav", "--no-such-flag"], &[]]
    {
        assert_eq!(colla_parte(arguments).status.code(), Some(2), "{arguments:?}");
    }
    for arguments in [&["--help"][..], &["--version"], &["evaluate", "--help"]] {
        assert_eq!(colla_parte(arguments).status.code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn a_tune_is_followed_through_its_score() {
    let folder = scratch("follow");
    let (audio, score) = (folder.join("tune.wav"), folder.join("tune.musicxml"));
    let tune = long_tune(24);
    fs::write(&audio, wav(&struck(&tune, 44_100, 13.5), 44_100, 1)).unwrap();
    fs::write(&score, score_of(&tune)).unwrap();
    let output = colla_parte(&["follow", &text(&audio), &text(&score), "--trace", "-"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let trace = String::from_utf8(output.stdout).unwrap();
    let mut lines = trace.lines();
    assert_eq!(lines.next(), Some("audio_seconds\tscore_beat\tmeasure\tconfidence\tbpm\tstate"));
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split('\t').collect()).collect();
    assert!(rows.len() >= 1_340, "{} rows, one a hop", rows.len());
    let placed: Vec<(f64, f64)> =
        rows.iter().map(|row| (row[0].parse().unwrap(), row[1].parse().unwrap())).collect();
    assert!(placed.windows(2).all(|pair| pair[0].0 <= pair[1].0), "not in stream order");
    let right = placed
        .iter()
        .filter(|(time, beat)| (2.0..12.0).contains(time) && (beat - (time - 0.5) * 2.0).abs() < 0.35);
    let share = right.count() as f64 / 1_000.0;
    assert!(share > 0.9, "right for {share} of the time");
}

#[test]
fn a_wrong_note_comes_through_the_swaying_score() {
    let folder = scratch("assist");
    let (audio, score) = (folder.join("tune.wav"), folder.join("tune.musicxml"));
    let written = long_tune(24);
    let mut played = written.clone();
    // C sharp for C, long after the place was found: nothing near it is written so.
    played[16].1 = 61;
    fs::write(&audio, wav(&struck(&played, 44_100, 13.5), 44_100, 1)).unwrap();
    fs::write(&score, score_of(&written)).unwrap();
    let (audio, score) = (text(&audio), text(&score));
    let notes = |more: &[&str]| {
        let arguments = [&["transcribe", &audio, "--events", "-"], more].concat();
        let output = colla_parte(&arguments);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        rows(&String::from_utf8(output.stdout).unwrap())
    };
    let alone = notes(&[]);
    assert_eq!(notes(&["--score", &score, "--assist", "0"]), alone, "no sway, yet other notes");
    let swayed = notes(&["--score", &score]);
    assert_eq!(swayed, notes(&["--score", &score, "--assist", "50"]), "50 % is the default");
    let struck_as = |found: &[(f64, f64, f64, u8)], pitch: u8| {
        found.iter().any(|row| row.3 == pitch && (row.1 - played[16].0).abs() <= 0.05)
    };
    assert!(struck_as(&swayed, 61), "the wrong note is lost: {swayed:?}");
    assert!(!struck_as(&swayed, 60), "what is written was put in its place: {swayed:?}");
    for &(onset, pitch) in &played {
        assert!(swayed.iter().any(|row| row.3 == pitch && (row.1 - onset).abs() <= 0.05), "{onset} {pitch}");
    }
}

#[test]
fn parts_and_playing_order_can_be_chosen() {
    let folder = scratch("choice");
    let (audio, score) = (folder.join("tune.wav"), folder.join("tune.musicxml"));
    // The written tune with its third measure, notes 8 to 11, left out.
    let written = long_tune(24);
    let played: Vec<(f64, u8)> = written
        .iter()
        .enumerate()
        .filter(|(n, _)| !(8..12).contains(n))
        .map(|(n, &(onset, pitch))| (if n < 8 { onset } else { onset - 2.0 }, pitch))
        .collect();
    fs::write(&audio, wav(&struck(&played, 44_100, 11.5), 44_100, 1)).unwrap();
    fs::write(&score, score_of(&written)).unwrap();
    let (audio, score) = (text(&audio), text(&score));
    for command in ["follow", "align"] {
        let output = colla_parte(&[command, &audio, &score, "--path", "1-2,4-6", "--trace", "-"]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let trace = String::from_utf8(output.stdout).unwrap();
        let at = |time: f64| -> Vec<String> {
            let row = trace
                .lines()
                .skip(1)
                .find(|line| line.split('\t').next().unwrap().parse::<f64>().unwrap() >= time);
            row.unwrap().split('\t').map(str::to_owned).collect()
        };
        // Half way through the fourth measure of the score, which is the third played.
        let row = at(5.6);
        assert_eq!(row[2], "4", "{command}: {row:?}");
        assert!((row[1].parse::<f64>().unwrap() - 10.2).abs() < 0.5, "{command}: {row:?}");
    }
    for arguments in [
        &["follow", &audio, &score, "--parts", "kazoo"][..],
        &["align", &audio, &score, "--path", "1-99"],
        &["session", &audio, &score, "--parts", "7"],
        &["transcribe", &audio, "--score", &score, "--path", "nowhere"],
    ] {
        assert_refused(arguments, Path::new(&score), "");
    }
    let output = colla_parte(&["transcribe", &audio, "--parts", "1"]);
    assert_eq!(output.status.code(), Some(1), "parts of no score");
}

#[test]
fn a_corpus_item_is_scored() {
    let folder = scratch("corpus");
    let item = folder.join("tune");
    fs::create_dir(&item).unwrap();
    fs::write(item.join("audio.wav"), wav(&struck(&TUNE, 44_100, 4.2), 44_100, 1)).unwrap();
    let mut table = String::from("onset_s\toffset_s\tmidi_pitch\tvelocity\n");
    for (onset, pitch) in TUNE {
        table += &format!("{onset:.4}\t{:.4}\t{pitch}\t64\n", onset + 0.9);
    }
    fs::write(item.join("notes.tsv"), &table).unwrap();
    let output = colla_parte(&["evaluate", &text(&folder), "--json", "-"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let scores = &report["items"][0]["notes"];
    assert!(scores["onset_50"]["recall"].as_f64().unwrap() > 0.99, "{scores}");
    assert!(scores["latency"]["median_ms"].as_f64().unwrap() < 120.0, "{scores}");
    assert_eq!(scores["reference_notes"], 6);
    assert_eq!(report["items"][0]["position"], serde_json::Value::Null);
    fs::write(item.join("notes.tsv"), table.replace("0.5000", "soon")).unwrap();
    assert_refused(&["evaluate", &text(&folder)], &item.join("notes.tsv"), "line 2");
}

#[test]
fn a_page_becomes_a_picture() {
    let folder = scratch("page");
    let (song, picture) = ("assets/demo/score.mxl", text(&folder.join("page.png")));
    let song = text(&Path::new(env!("CARGO_MANIFEST_DIR")).join(song));
    let output = colla_parte(&["score", &song, "--page", "1", "-o", &picture]);
    if cfg!(feature = "engrave") {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(fs::read(&picture).unwrap().starts_with(b"\x89PNG"));
        for page in ["0", "99"] {
            assert_refused(
                &["score", &song, "--page", page, "-o", &picture],
                Path::new(&song),
                "expected one of 1 to",
            );
        }
    } else {
        assert_refused(
            &["score", &song, "--page", "1", "-o", &picture],
            Path::new(&song),
            "feature `engrave`",
        );
        assert!(!Path::new(&picture).exists());
    }
    assert_eq!(colla_parte(&["score", &song, "--page", "1"]).status.code(), Some(2));
}

#[test]
fn manual_pages_and_completions_name_every_subcommand() {
    let folder = scratch("manual");
    assert!(colla_parte(&["man", &text(&folder)]).status.success());
    let page = fs::read_to_string(folder.join("colla-parte.1")).unwrap();
    let subcommands = ["transcribe", "follow", "align", "session", "score", "evaluate", "man", "completions"];
    for name in subcommands {
        assert!(page.contains(name), "colla-parte.1 does not name {name}");
        let own = fs::read_to_string(folder.join(format!("colla-parte-{name}.1"))).unwrap();
        assert!(own.starts_with(".ie") && own.contains(".SH NAME"), "{name}: {own:.60}");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = String::from_utf8(colla_parte(&["completions", shell]).stdout).unwrap();
        for name in subcommands {
            assert!(script.contains(name), "{shell} does not know {name}");
        }
    }
    let missing = folder.join("missing");
    assert_refused(&["man", &text(&missing)], &missing, "expected a folder");
    assert_eq!(colla_parte(&["completions", "cmd"]).status.code(), Some(2));
}
