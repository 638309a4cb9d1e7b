//! The command, the CLAP and the VST3 hear the same and know the same, sample for sample, whatever the blocks.

mod common;

use common::{offline, stereo};
use hosts::signal::{awkward_blocks, write_wav};
use hosts::{Format, Midi, Timed, open, project, render, sound};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Controller that carries the measure; the next one up carries the beat.
const POSITION_CC: u8 = 20;

/// Seconds of the demo recording that are played.
const PLAYED_S: f64 = 16.0;

/// What the command prints to 4 decimals may differ from a sample's time by so much, in seconds.
const PRINTED_S: f64 = 0.5e-4 + 1e-5;

fn demo(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/demo").join(file)
}

/// Runs the built command and returns what it wrote to standard output.
fn colla_parte(arguments: &[&str]) -> String {
    let command = hosts::command().unwrap();
    let output = Command::new(command).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The rows of a table, without its head, in fields.
fn rows(table: &str) -> Vec<Vec<&str>> {
    table.lines().skip(1).map(|line| line.split('\t').collect()).collect()
}

fn number(field: &str) -> f64 {
    field.parse().unwrap()
}

#[test]
fn command_clap_and_vst3_say_the_same_of_the_same_sound() {
    let (mut samples, rate_hz) = sound::decode(&demo("audio.ogg")).unwrap();
    samples.truncate((PLAYED_S * rate_hz) as usize);
    let score = project::score_field("score.mxl", &std::fs::read(demo("score.mxl")).unwrap()).unwrap();
    let state = project::state(json!({ "poscc": { "i32": POSITION_CC }, "assist": { "f32": 0.0 } }), &score);
    let state = state.unwrap();
    let mut told: Option<Vec<Timed>> = None;
    for format in Format::ALL {
        for seed in [5, 6] {
            let mut instance = open(format).unwrap();
            assert!(instance.load(&state));
            offline(instance.as_mut(), rate_hz, 2);
            let mut channels = stereo(&samples);
            let events = render(instance.as_mut(), &mut channels, awkward_blocks(seed)).unwrap();
            assert_eq!(told.get_or_insert_with(|| events.clone()), &events, "{format:?}, seed {seed}");
        }
    }
    let told = told.unwrap();

    let folder = std::env::temp_dir().join(format!("colla-parte-determinism-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let wav = folder.join("sound.wav");
    write_wav(&wav, &samples, rate_hz as u32).unwrap();
    let (wav, score) = (wav.display().to_string(), demo("score.mxl").display().to_string());
    let notes = colla_parte(&["transcribe", &wav, "--score", &score, "--assist", "0", "--events", "-"]);
    let trace = colla_parte(&["follow", &wav, &score, "--trace", "-"]);
    let path: Value = serde_json::from_str(&colla_parte(&["score", &score, "--json", "-"])).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();

    compare_notes(&rows(&notes), &told, rate_hz);
    compare_places(&rows(&trace), &path["path"], &told, rate_hz);
}

/// Every note that the plugin struck stands in the command's table, with its velocity, at the moment it was known; and
/// the other way round, but for those that only the end of the file made known.
fn compare_notes(table: &[Vec<&str>], told: &[Timed], rate_hz: f64) {
    let struck: Vec<(f64, u8, u8)> = told
        .iter()
        .filter_map(|&(at, midi)| match midi {
            Midi::On { pitch, velocity, .. } => Some((at as f64 / rate_hz, pitch, velocity)),
            _ => None,
        })
        .collect();
    assert!(struck.len() > 50, "only {} notes were heard", struck.len());
    let end_s = PLAYED_S - 1.0 / rate_hz;
    let mut known: Vec<(f64, u8, u8)> = table
        .iter()
        .map(|row| (number(row[0]), row[3].parse().unwrap(), row[4].parse().unwrap()))
        .filter(|note: &(f64, u8, u8)| note.0 < end_s)
        .collect();
    known.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut struck: Vec<_> = struck.into_iter().filter(|note| note.0 < end_s).collect();
    struck.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    assert_eq!(struck.len(), known.len(), "notes of the plugin and of the command");
    for (plugin, command) in struck.iter().zip(&known) {
        assert!((plugin.0 - command.0).abs() <= PRINTED_S, "{plugin:?}, {command:?}");
        assert_eq!((plugin.1, plugin.2), (command.1, command.2), "{plugin:?}, {command:?}");
    }
}

/// Every place that the plugin sent is what the command's trace says at that moment.
fn compare_places(trace: &[Vec<&str>], path: &Value, told: &[Timed], rate_hz: f64) {
    let starts: Vec<f64> =
        path.as_array().unwrap().iter().map(|step| step["start_beat"].as_f64().unwrap()).collect();
    let (mut measure, mut places) = (0, Vec::new());
    for &(at, midi) in told {
        match midi {
            Midi::Control { cc: POSITION_CC, value, .. } => measure = value,
            Midi::Control { cc, value, .. } if cc == POSITION_CC + 1 => {
                places.push((at as f64 / rate_hz, usize::from(measure), f64::from(value)));
            }
            _ => {}
        }
    }
    assert!(places.len() > 8, "only {} places were sent", places.len());
    for (at_s, measure, quarter) in places {
        let row = trace.iter().find(|row| (number(row[0]) - at_s).abs() <= PRINTED_S);
        let row = row.unwrap_or_else(|| panic!("the command says nothing at {at_s} s"));
        assert_eq!(row[5], "following", "at {at_s} s");
        let within = number(row[1]) - starts[measure - 1];
        assert!(
            (quarter - 1.0 - 1e-4..=quarter + 1e-4).contains(&within),
            "at {at_s} s: measure {measure}, quarter {quarter}, the command {row:?}"
        );
    }
}
