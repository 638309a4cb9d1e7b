//! Two instances of the built CLAP in one process, on two tracks of one project.

mod common;

use common::{offline, stereo};
use hosts::sound::decode;
use hosts::{Format, Instance, Transport, open, project};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Samples in a block.
const BLOCK: usize = 441;

fn demo(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/demo").join(file)
}

/// Both tracks hear `sound` from `position` on, block by block as a host has it, and then a second of silence.
fn record(tracks: &mut [Box<dyn Instance>], sound: &[f32], rate_hz: f64, position: i64) {
    let mut events = Vec::with_capacity(4096);
    let mut hear = |track: &mut Box<dyn Instance>, block: &[f32], transport: Transport| {
        track.set_transport(Some(transport));
        events.clear();
        track.process(&mut stereo(block), &mut events).unwrap();
    };
    for (n, block) in sound.chunks(BLOCK).enumerate() {
        let position = position + (n * BLOCK) as i64;
        let transport = Transport { playing: true, recording: true, position };
        tracks.iter_mut().for_each(|track| hear(track, block, transport));
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
