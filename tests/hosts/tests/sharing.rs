//! Two instances of the built CLAP in one process, on two tracks of one project.

mod common;

use common::{offline, played, score, stereo};
use hosts::signal::line;
use hosts::sound::decode;
use hosts::window::Window;
use hosts::{Format, Instance, Transport, open, project};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Samples in a block.
const BLOCK: usize = 441;

fn demo(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/demo").join(file)
}

/// All tracks hear `sound`, see [`record_each`].
fn record(tracks: &mut [Box<dyn Instance>], sound: &[f32], rate_hz: f64, position: i64) {
    let sounds = vec![sound; tracks.len()];
    record_each(tracks, &sounds, rate_hz, position);
}

/// Each track hears its sound from `position` on, block by block as a host has it, and then a second of silence. The sounds are of
/// one length.
fn record_each(tracks: &mut [Box<dyn Instance>], sounds: &[&[f32]], rate_hz: f64, position: i64) {
    let mut events = Vec::with_capacity(4096);
    let mut hear = |track: &mut Box<dyn Instance>, block: &[f32], transport: Transport| {
        track.set_transport(Some(transport));
        events.clear();
        track.process(&mut stereo(block), &mut events).unwrap();
    };
    for from in (0..sounds[0].len()).step_by(BLOCK) {
        let transport = Transport { playing: true, recording: true, position: position + from as i64 };
        for (track, sound) in tracks.iter_mut().zip(sounds) {
            hear(track, &sound[from..sound.len().min(from + BLOCK)], transport);
        }
    }
    let silence = vec![0.0; rate_hz as usize];
    tracks.iter_mut().for_each(|track| {
        silence.chunks(BLOCK).for_each(|block| hear(track, block, Transport::default()));
    });
}

/// Saves until the book has so many takes, all of them listened to twice by all who heard them.
fn settled(track: &mut dyn Instance, count: usize, voices: usize) -> Value {
    let mut found = Value::Null;
    for _ in 0..6_000 {
        found = project::book(&track.save().unwrap()).unwrap();
        let takes = project::takes(&found).unwrap();
        let heard = |take: &Value| take["voices"].as_array().map_or(0, Vec::len);
        let done = |take: &Value| take["exact"] == true && heard(take) == voices;
        if takes.len() == count && takes.iter().all(done) {
            return found;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("never {count} takes: {found}");
}

#[test]
fn two_tracks_keep_one_book_and_whichever_saved_it_brings_it_back() {
    let (sound, rate_hz) = decode(&demo("audio.ogg")).unwrap();
    let sound = &sound[..(6.0 * rate_hz) as usize];
    let score = project::score_field("score.mxl", &std::fs::read(demo("score.mxl")).unwrap()).unwrap();
    let state = project::state(json!({}), &score).unwrap();
    let alone = project::with_field(&state, "alone", &json!(true)).unwrap();
    let mut tracks: Vec<Box<dyn Instance>> = (0..3).map(|_| open(Format::Clap).unwrap()).collect();
    for (track, state) in tracks.iter_mut().zip([&state, &state, &alone]) {
        assert!(track.load(state));
        offline(track.as_mut(), rate_hz, 2);
    }
    // The scores are read in the background; a block is heard only after that.
    record(&mut tracks, &[0.0; BLOCK], rate_hz, 0);
    for n in 0..2 {
        record(&mut tracks, sound, rate_hz, n * 1_000_000);
    }
    let shared = settled(tracks[0].as_mut(), 2, 2);
    assert_eq!(settled(tracks[1].as_mut(), 2, 2), shared, "both have the same book");
    let own = settled(tracks[2].as_mut(), 2, 0);
    assert_ne!(own["id"], shared["id"]);
    for (take, own) in project::takes(&shared).unwrap().iter().zip(project::takes(&own).unwrap()) {
        // Both heard the same sound, so together they know what one would know.
        for field in ["host_start_s", "length", "stretches", "faults", "notes", "beats"] {
            assert_eq!(take[field], own[field], "{field}");
        }
        assert!(!take["stretches"].as_array().unwrap().is_empty());
    }
    let saved: Vec<Vec<u8>> = tracks[..2].iter_mut().map(|track| track.save().unwrap()).collect();
    drop(tracks);
    for order in [[0, 1], [1, 0]] {
        let mut again: Vec<Box<dyn Instance>> = (0..2).map(|_| open(Format::Clap).unwrap()).collect();
        for (track, from) in again.iter_mut().zip(order) {
            assert!(track.load(&saved[from]));
        }
        for track in &mut again {
            let book = project::book(&track.save().unwrap()).unwrap();
            assert_eq!((&book["id"], &book["takes"]), (&shared["id"], &shared["takes"]));
        }
        // One of them is deleted, and the next recording is the third take.
        again.pop();
        offline(again[0].as_mut(), rate_hz, 2);
        record(&mut again, sound, rate_hz, 0);
        let mut found = Value::Null;
        for _ in 0..6_000 {
            found = project::book(&again[0].save().unwrap()).unwrap();
            let takes = project::takes(&found).unwrap();
            if takes.len() == 3 && takes.iter().all(|take| take["exact"] == true) {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(project::takes(&found).unwrap()[2]["number"], 3, "{found}");
    }
}

#[test]
fn each_track_answers_for_its_part_and_the_take_for_all() {
    const FLUTE: [u8; 16] = [76, 77, 79, 81, 84, 83, 79, 76, 74, 76, 77, 79, 81, 79, 74, 72];
    const VIOLIN: [u8; 16] = [60, 65, 64, 69, 67, 62, 64, 60, 59, 67, 65, 64, 69, 62, 67, 60];
    let rate_hz = 44_100.0;
    let both = score(&[("Flute", &FLUTE), ("Violin", &VIOLIN)]);
    let field = |part: &str| {
        let mut field = project::score_field("duo.xml", both.as_bytes()).unwrap();
        field["choice"] = json!({ "parts": part, "path": "" });
        field
    };
    // The violin plays a wrong note in the third measure, and one out of tune in the fourth.
    let mut wrong = VIOLIN;
    wrong[9] += 2;
    let seconds = 17.5;
    let flute = line(&played(&FLUTE, 0.92, |_| 0.0), rate_hz, seconds);
    let violin = line(&played(&wrong, 0.92, |n| if n == 13 { 40.0 } else { 0.0 }), rate_hz, seconds);
    let mut tracks: Vec<Box<dyn Instance>> = (0..2).map(|_| open(Format::Clap).unwrap()).collect();
    for (track, part) in tracks.iter_mut().zip(["Flute", "Violin"]) {
        assert!(track.load(&project::state(json!({}), &field(part)).unwrap()));
        offline(track.as_mut(), rate_hz, 2);
    }
    // The scores are read in the background; a block is heard only after that.
    record(&mut tracks, &[0.0; BLOCK], rate_hz, 0);
    record_each(&mut tracks, &[&flute, &violin], rate_hz, 0);
    let shared = settled(tracks[0].as_mut(), 1, 2);
    assert_eq!(settled(tracks[1].as_mut(), 1, 2), shared, "both have the same book");
    let take = project::takes(&shared).unwrap().remove(0);
    let told = |faults: &Value| -> Vec<(String, i64)> {
        let fault = |fault: &Value| {
            (fault["kind"].as_str().unwrap().to_owned(), fault["beat"].as_f64().unwrap().round() as i64)
        };
        faults.as_array().unwrap().iter().map(fault).collect()
    };
    let of = |part: u16| {
        let voices = take["voices"].as_array().unwrap();
        voices.iter().find(|voice| voice["parts"] == json!([part])).expect("a voice of the part")
    };
    assert_eq!(told(&of(0)["faults"]), [], "the flute played what is written");
    let expected = [(String::from("wrong"), 9), (String::from("intonation"), 13)];
    assert_eq!(told(&of(1)["faults"]), expected, "the violin did not");
    assert_eq!(told(&take["faults"]), expected, "and so the take has faults where the violin has");
    for stretches in [&of(0)["stretches"], &of(1)["stretches"], &take["stretches"]] {
        assert_eq!((&stretches[0]["from_step"], &stretches[0]["to_step"]), (&json!(0), &json!(3)), "{take}");
    }
    let notes = take["notes"]["pitch"].as_array().unwrap();
    let heard = |pitches: &[u8]| pitches.iter().filter(|pitch| notes.contains(&json!(pitch))).count();
    assert_eq!((heard(&FLUTE), heard(&wrong)), (16, 16), "the take has the notes of both");
}

/// Where *Save...* stands in the window, and in its menu the take sheet. (Found by looking at the pictures: a window has no names.)
const SAVE: (i16, i16) = (420, 783);
const SAVE_SHEET: (i16, i16) = (452, 655);

/// The take sheet for programs, as the plugin's window saves it into `folder`.
fn saved_sheet(track: &mut dyn Instance, window: &Window, folder: &Path) -> Value {
    track.open_editor(window.id()).unwrap();
    let sheet = || -> Option<Value> {
        let mut files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let sheet = files.find(|path| path.to_string_lossy().ends_with(" takes.json"))?;
        // Its name is there a moment before it is.
        serde_json::from_slice(&std::fs::read(sheet).unwrap()).ok()
    };
    // A window that is slow to open, or to draw its menu, misses a click.
    let mut found = None;
    for _ in 0..20 {
        for (x, y) in [SAVE, SAVE_SHEET] {
            // The window opens while this waits.
            window.settle(Duration::from_secs(2));
            track.turn();
            window.click(x, y).unwrap();
        }
        window.settle(Duration::from_secs(1));
        found = sheet();
        if found.is_some() {
            break;
        }
    }
    track.close_editor();
    found.expect("a take sheet")
}

#[test]
fn a_take_of_one_part_covers_that_part_in_what_is_saved_and_no_other() {
    const FLUTE: [u8; 8] = [84, 83, 79, 76, 74, 76, 77, 79];
    const VIOLIN: [u8; 8] = [59, 67, 65, 64, 69, 62, 67, 60];
    let Some(window) = Window::open().unwrap() else {
        return eprintln!("not looked at for want of a display: coverage by part");
    };
    let folder = std::env::temp_dir().join(format!("colla-parte-parts-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let rate_hz = 44_100.0;
    let both = score(&[("Flute", &FLUTE), ("Violin", &VIOLIN)]);
    let state = |part: &str| {
        let mut field = project::score_field("parts.xml", both.as_bytes()).unwrap();
        field["choice"] = json!({ "parts": part, "path": "" });
        let state = project::state(json!({}), &field).unwrap();
        project::with_field(&state, "exports", &json!(folder)).unwrap()
    };
    let mut tracks: Vec<Box<dyn Instance>> = (0..2).map(|_| open(Format::Clap).unwrap()).collect();
    for (track, part) in tracks.iter_mut().zip(["Flute", "Violin"]) {
        assert!(track.load(&state(part)));
        offline(track.as_mut(), rate_hz, 2);
    }
    // The scores are read in the background; a block is heard only after that.
    record(&mut tracks, &[0.0; BLOCK], rate_hz, 0);
    // Both play the two measures; then the flute alone; then the flute its first and the violin a wrong note in the second.
    let seconds = 9.5;
    let sound = |notes: &[u8]| line(&played(notes, 0.92, |_| 0.0), rate_hz, seconds);
    let mut wrong = VIOLIN;
    wrong[5] += 2;
    let silence = vec![0.0; (seconds * rate_hz) as usize];
    let takes = [
        [sound(&FLUTE), sound(&VIOLIN)],
        [sound(&FLUTE), silence.clone()],
        [sound(&FLUTE[..4]), sound(&wrong)],
    ];
    for (n, [flute, violin]) in takes.iter().enumerate() {
        record_each(&mut tracks, &[flute, violin], rate_hz, n as i64 * 1_000_000);
    }
    let mut done = false;
    for _ in 0..6_000 {
        let book = project::book(&tracks[0].save().unwrap()).unwrap();
        let takes = project::takes(&book).unwrap();
        done = takes.len() == 3 && takes.iter().all(|take| take["exact"] == true);
        if done {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(done, "never three takes");
    let sheet = saved_sheet(tracks[0].as_mut(), &window, &folder);
    std::fs::remove_dir_all(&folder).unwrap();
    // Of each part and measure: who has it, and who has it cleanly; takes are counted from 0.
    let parts = sheet["parts"].as_array().unwrap().iter().map(|part| {
        let measures = part["coverage"].as_array().unwrap().iter();
        let measures = measures.map(|measure| (measure["takes"].clone(), measure["clean"].clone()));
        (part["name"].as_str().unwrap().to_owned(), measures.collect::<Vec<_>>())
    });
    let expected = [
        ("Flute".to_owned(), vec![(json!([0, 1, 2]), json!([0, 1, 2])), (json!([0, 1]), json!([0, 1]))]),
        ("Violin".to_owned(), vec![(json!([0, 2]), json!([0, 2])), (json!([0, 2]), json!([0]))]),
    ];
    assert_eq!(parts.collect::<Vec<_>>(), expected, "{sheet}");
}
