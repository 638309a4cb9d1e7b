//! Sustained notes off the tuning of their take, found in sound: by the command and by the built bundles.

mod common;

use common::{offline, played, score, stereo};
use hosts::signal::{line, write_wav};
use hosts::{Format, Transport, open, project};
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

const RATE_HZ: f64 = 44_100.0;
const BLOCK: usize = 441;
const FLUTE: [u8; 24] =
    [72, 74, 76, 77, 79, 76, 74, 72, 76, 79, 84, 83, 81, 79, 77, 76, 74, 77, 81, 79, 76, 74, 71, 72];

/// How the player tuned, in cents.
const TUNING: f64 = -3.0;
/// Which notes lie off that, and by how many cents.
const OFF: [(usize, f64); 3] = [(5, 40.0), (13, -40.0), (18, 40.0)];

fn sound() -> Vec<f32> {
    let cents = |n| OFF.iter().find(|off| off.0 == n).map_or(TUNING, |off| TUNING + off.1);
    line(&played(&FLUTE, 0.92, cents), RATE_HZ, FLUTE.len() as f64 + 1.5)
}

/// Beat and cents of the faults of intonation; `beat`: what a fault calls its place.
fn told(faults: &Value, beat: &str) -> Vec<(usize, f64)> {
    let faults = faults.as_array().unwrap().iter().filter(|fault| fault["kind"] == "intonation");
    faults.map(|fault| (fault[beat].as_f64().unwrap() as usize, fault["cents"].as_f64().unwrap())).collect()
}

fn assert_all_off(told: &[(usize, f64)], who: &str) {
    assert_eq!(told.len(), OFF.len(), "{who}: {told:?}");
    for ((beat, cents), (off, by)) in told.iter().zip(OFF) {
        assert!(*beat == off && (cents - by).abs() < 8.0, "{who}: {told:?}");
    }
}

#[test]
fn the_command_tells_what_is_forty_cents_off_and_nothing_else() {
    let folder = std::env::temp_dir().join(format!("colla-parte-intonation-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (audio, flute, piano) = (folder.join("line.wav"), folder.join("flute.xml"), folder.join("piano.xml"));
    write_wav(&audio, &sound(), RATE_HZ as u32).unwrap();
    std::fs::write(&flute, score(&[("Flute", &FLUTE)])).unwrap();
    std::fs::write(&piano, score(&[("Piano", &FLUTE)])).unwrap();
    let command = hosts::command().unwrap();
    let session = |score: &std::path::Path, more: &[&str]| {
        let output = Command::new(&command)
            .arg("session")
            .args([&audio, score])
            .args(["--json", "-"])
            .args(more)
            .output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["takes"].as_array().unwrap().len(), 1);
        told(&json["takes"][0]["faults"], "score_beat")
    };
    assert_all_off(&session(&flute, &[]), "25 cents");
    assert_eq!(session(&flute, &["--off-tune", "60"]), []);
    // Whose player does not make the pitch is not blamed for it.
    assert_eq!(session(&piano, &[]), []);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_project_says_how_strictly_a_track_is_judged() {
    let sound = sound();
    let flute = project::score_field("flute.xml", score(&[("Flute", &FLUTE)]).as_bytes()).unwrap();
    let state =
        project::with_field(&project::state(json!({}), &flute).unwrap(), "alone", &json!(true)).unwrap();
    // What is no tolerance, or none at all as in older projects, is the usual one.
    for (format, cents, is_told, kept) in [
        (Format::Clap, json!(null), true, 25.0),
        (Format::Vst3, json!(25.0), true, 25.0),
        (Format::Clap, json!(60.0), false, 60.0),
        (Format::Vst3, json!(-1e30), true, 1.0),
    ] {
        let mut instance = open(format).unwrap();
        let state = match &cents {
            Value::Null => state.clone(),
            cents => project::with_field(&state, "offtune", cents).unwrap(),
        };
        assert!(instance.load(&state));
        let saved: Value = serde_json::from_slice(&instance.save().unwrap()).unwrap();
        let field: f64 = saved["fields"]["offtune"].as_str().unwrap().parse().unwrap();
        assert_eq!(field, kept, "{format:?}: {cents}");
        if kept < 25.0 {
            continue;
        }
        offline(instance.as_mut(), RATE_HZ, 2);
        let mut events = Vec::with_capacity(4096);
        for (n, block) in sound.chunks(BLOCK).enumerate() {
            let position = (n * BLOCK) as i64;
            instance.set_transport(Some(Transport { playing: true, recording: true, position }));
            instance.process(&mut stereo(block), &mut events).unwrap();
        }
        instance.set_transport(Some(Transport::default()));
        for _ in 0..100 {
            instance.process(&mut stereo(&[0.0; BLOCK]), &mut events).unwrap();
        }
        let take = (0..3_000).find_map(|_| {
            std::thread::sleep(Duration::from_millis(20));
            let takes = project::takes(&project::book(&instance.save().unwrap()).unwrap()).unwrap();
            takes.into_iter().find(|take| take["exact"] == true)
        });
        let told = told(&take.expect("a take that was listened to twice")["faults"], "beat");
        if is_told {
            assert_all_off(&told, &format!("{format:?}"));
        } else {
            assert_eq!(told, [], "{format:?}");
        }
    }
}
