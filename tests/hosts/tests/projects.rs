//! What a project keeps, and what a damaged one does.

mod common;

use common::{LARGEST_BLOCK, offline, ons, pitches, stereo};
use hosts::signal::{tune, write_wav};
use hosts::{Format, Midi, Setup, open, project, render};
use serde_json::{Value, json};
use std::process::Command;

const SCORE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="3.1"><part-list><score-part id="P1"><part-name>Harp</part-name></score-part></part-list>
<part id="P1"><measure number="1"><attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type>
</time></attributes>
<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>
<note><pitch><step>E</step><octave>4</octave></pitch><duration>1</duration></note>
<note><pitch><step>G</step><octave>4</octave></pitch><duration>1</duration></note>
<note><pitch><step>C</step><octave>5</octave></pitch><duration>1</duration></note></measure></part></score-partwise>"#;

/// Every parameter away from its default.
fn unusual() -> Value {
    json!({
        "timing": { "string": "aligned" }, "a4": { "f32": 415.0 }, "sens": { "f32": 0.7 }, "low": { "i32": 30 }, "high": { "i32": 100 },
        "minlen": { "f32": 50.0 }, "velcrv": { "f32": 1.5 }, "chan": { "i32": 5 }, "pedal": { "bool": true },
        "bend": { "bool": true }, "decide": { "string": "50" },
        "assist": { "f32": 0.25 }, "trim": { "f32": -6.0 }, "follow": { "bool": false }, "poscc": { "i32": 20 },
        "bypass": { "bool": true },
    })
}

#[test]
fn a_project_with_its_score_is_saved_and_restored_in_both_formats() {
    for format in Format::ALL {
        let mut score = project::score_field("harp étude.musicxml", SCORE.as_bytes()).unwrap();
        score["choice"] = json!({ "parts": "", "path": "" });
        let mut first = open(format).unwrap();
        assert!(first.load(&project::state(unusual(), &score).unwrap()));
        let saved = first.save().unwrap();
        drop(first);
        let mut second = open(format).unwrap();
        assert_ne!(second.save().unwrap(), saved, "{format:?}: the state is the default one");
        assert!(second.load(&saved));
        let again: Value = serde_json::from_slice(&second.save().unwrap()).unwrap();
        let unusual = unusual();
        for (id, value) in unusual.as_object().unwrap() {
            assert_eq!(again["params"][id], *value, "{format:?}: {id}");
        }
        assert_eq!(again["params"].as_object().unwrap().len(), unusual.as_object().unwrap().len());
        let field: Value = serde_json::from_str(again["fields"]["score"].as_str().unwrap()).unwrap();
        assert_eq!((&field["name"], &field["choice"]), (&score["name"], &score["choice"]), "{format:?}");
        assert_eq!(project::score_bytes(&field).unwrap(), SCORE.as_bytes(), "{format:?}: the score");
    }
}

#[test]
fn damaged_projects_do_no_harm() {
    let good = project::state(unusual(), &project::score_field("a.xml", SCORE.as_bytes()).unwrap()).unwrap();
    let state = |params: Value, field: &str| {
        serde_json::to_vec(&json!({ "version": "0", "params": params, "fields": { "score": field } }))
            .unwrap()
    };
    let hostile = [
        Vec::new(),
        vec![0; 100_000],
        b"{\"version\":".to_vec(),
        good[..good.len() / 2].to_vec(),
        b"[1, 2, 3]".to_vec(),
        "[".repeat(100_000).into_bytes(),
        state(
            json!({ "timing": { "i32": -7 }, "chan": { "i32": i32::MIN }, "low": { "i32": i32::MAX } }),
            "null",
        ),
        state(
            json!({ "trim": { "f32": 1e30 }, "sens": { "f32": -1e30 }, "minlen": { "string": "x" } }),
            "null",
        ),
        state(json!({ "no such parameter": { "bool": true } }), "7"),
        state(json!({}), "{\"name\": \"a\", \"deflated\": \"not base 64\"}"),
        state(json!({}), "{\"name\": \"a\", \"deflated\": \"////\"}"),
        state(json!({}), &project::score_field("a.xml", b"no score at all").unwrap().to_string()),
        state(json!({}), &project::score_field("bomb.xml", &vec![b' '; 100 << 20]).unwrap().to_string()),
    ];
    for format in Format::ALL {
        for (n, chunk) in hostile.iter().enumerate() {
            let mut instance = open(format).unwrap();
            let before = instance.save().unwrap();
            let taken = instance.load(chunk);
            if !taken {
                assert_eq!(
                    instance.save().unwrap(),
                    before,
                    "{format:?}: chunk {n} was refused, and changed something"
                );
            }
            offline(instance.as_mut(), 48_000.0, 2);
            let mut audio = stereo(&tune(48_000.0));
            render(instance.as_mut(), &mut audio, std::iter::repeat(4096)).unwrap();
            serde_json::from_slice::<Value>(&instance.save().unwrap()).unwrap();
        }
        // What was merely out of range came into range.
        let mut instance = open(format).unwrap();
        assert!(instance.load(&hostile[6]));
        let saved: Value = serde_json::from_slice(&instance.save().unwrap()).unwrap();
        assert_eq!(saved["params"]["chan"], json!({ "i32": 1 }));
        assert_eq!(saved["params"]["low"], json!({ "i32": 108 }));
    }
}

#[test]
fn a_project_of_a_version_to_come_opens_with_what_is_known_of_it() {
    let score = project::score_field("harp.musicxml", SCORE.as_bytes()).unwrap();
    let state = project::state(unusual(), &score).unwrap();
    let state = project::with_field(&state, "chapters", &json!([1, 2])).unwrap();
    // A field that has another shape by then.
    let state = project::with_field(&state, "offtune", &json!({ "cents": 30.0 })).unwrap();
    let mut state: Value = serde_json::from_slice(&state).unwrap();
    state["version"] = "99.0.0".into();
    state["params"]["chapters"] = json!({ "i32": 3 });
    let state = serde_json::to_vec(&state).unwrap();
    for format in Format::ALL {
        let mut instance = open(format).unwrap();
        assert!(instance.load(&state), "{format:?}");
        let saved: Value = serde_json::from_slice(&instance.save().unwrap()).unwrap();
        for (id, value) in unusual().as_object().unwrap() {
            assert_eq!(saved["params"][id], *value, "{format:?}: {id}");
        }
        let field: Value = serde_json::from_str(saved["fields"]["score"].as_str().unwrap()).unwrap();
        assert_eq!(project::score_bytes(&field).unwrap(), SCORE.as_bytes(), "{format:?}");
        assert_eq!(saved["fields"]["offtune"], "25.0", "{format:?}");
    }
}

#[test]
fn the_recording_latency_is_kept_with_the_project_and_brought_within_its_range() {
    let kept = |format: Format, field: Value| -> Value {
        let state = project::state(json!({}), &Value::Null).unwrap();
        let mut first = open(format).unwrap();
        assert!(first.load(&project::with_field(&state, "reclatency", &field).unwrap()), "{format:?}");
        let mut second = open(format).unwrap();
        assert!(second.load(&first.save().unwrap()));
        let saved: Value = serde_json::from_slice(&second.save().unwrap()).unwrap();
        serde_json::from_str(saved["fields"]["reclatency"].as_str().unwrap()).unwrap()
    };
    for format in Format::ALL {
        for (told, expected) in [(142.5, 142.5), (0.0, 0.0), (-3.0, 0.0), (1e12, 1000.0)] {
            assert_eq!(kept(format, json!(told)), json!(expected), "{format:?}");
        }
        assert_eq!(kept(format, json!("soon")), json!(0.0), "{format:?}: another shape is left alone");
    }
}

#[test]
fn aligned_notes_leave_exactly_the_latency_after_their_onset() {
    for rate_hz in [8_000.0, 44_100.0, 96_000.0] {
        let sound = tune(rate_hz);
        let onsets = onsets_by_the_command(&sound, rate_hz);
        assert!(onsets.len() > 3, "the command hears {onsets:?}");
        for format in Format::ALL {
            let mut instance = open(format).unwrap();
            let timing = json!({ "timing": { "string": "aligned" } });
            assert!(instance.load(&project::state(timing, &Value::Null).unwrap()));
            offline(instance.as_mut(), rate_hz, 2);
            let latency = u64::from(instance.latency());
            assert!(latency > 0);
            let mut audio = stereo(&sound);
            audio.iter_mut().for_each(|channel| channel.extend(vec![0.0; latency as usize]));
            let events = render(instance.as_mut(), &mut audio, hosts::signal::awkward_blocks(9)).unwrap();
            assert!(audio[0][..latency as usize].iter().all(|sample| *sample == 0.0));
            assert_eq!(
                audio[0][latency as usize..],
                sound,
                "{format:?}: the audio is not delayed by the latency"
            );
            let mut sent: Vec<_> = ons(&events).map(|(at, pitch)| (at - latency, pitch)).collect();
            sent.sort_unstable();
            // The command prints four decimals of a second.
            let rounding = (0.5e-4 * rate_hz).ceil() as u64;
            let agree = |(sent, onset): (&(u64, u8), &(u64, u8))| {
                sent.1 == onset.1 && sent.0.abs_diff(onset.0) <= rounding
            };
            assert_eq!(sent.len(), onsets.len(), "{format:?} at {rate_hz} Hz");
            assert!(
                sent.iter().zip(&onsets).all(agree),
                "{format:?} at {rate_hz} Hz: sent {sent:?}, onsets {onsets:?}"
            );
            // As the track is laid back by the latency in Live timing, there is none.
            assert_eq!(open(format).unwrap().latency(), 0);
        }
    }
}

#[test]
fn a_single_line_bends_where_that_is_asked_for() {
    let rate_hz = 48_000.0;
    let mut phase = 0.0f64;
    let vibrato: Vec<f32> = (0..2 * 48_000)
        .map(|n| {
            let t = f64::from(n) / rate_hz - 0.3;
            phase += std::f64::consts::TAU * 440.0 * (0.02 * (28.0 * t).sin()).exp2() / rate_hz;
            let loudness = if t < 0.0 { 0.0 } else { 0.15 * (-0.7 * t).exp() };
            (loudness * (1..7).map(f64::from).map(|h| (h * phase).sin() / h).sum::<f64>()) as f32
        })
        .collect();
    let mut sent = vec![];
    for (format, wanted) in Format::ALL.iter().flat_map(|&format| [(format, true), (format, false)]) {
        let mut instance = open(format).unwrap();
        let params = json!({ "bend": { "bool": wanted }, "chan": { "i32": 3 } });
        assert!(instance.load(&project::state(params, &Value::Null).unwrap()));
        offline(instance.as_mut(), rate_hz, 2);
        let mut audio = stereo(&vibrato);
        let events = render(instance.as_mut(), &mut audio, hosts::signal::awkward_blocks(4)).unwrap();
        let bends = events.iter().filter_map(|&(at, midi)| match midi {
            Midi::Bend { channel, value } => Some((at, channel, value)),
            _ => None,
        });
        let bends: Vec<_> = bends.collect();
        if !wanted {
            assert!(bends.is_empty(), "{format:?}: {bends:?}");
            continue;
        }
        assert!(bends.iter().all(|&(_, channel, _)| channel == 2));
        // 24 cents either way are 983 of 8192.
        let (low, high) =
            bends.iter().fold((16_383, 0), |(low, high), &(_, _, value)| (low.min(value), high.max(value)));
        assert!((7_100..7_600).contains(&low) && (8_800..9_300).contains(&high), "{format:?}: {low} {high}");
        assert!(bends.len() > 60, "{format:?}: {} bends", bends.len());
        sent.push(bends);
    }
    assert_eq!(sent[0], sent[1], "both formats send the same");
}

#[test]
fn a_longer_decision_is_a_longer_latency() {
    for format in Format::ALL {
        let latencies = ["20", "30", "50"].map(|decide| {
            let mut instance = open(format).unwrap();
            let params = json!({ "timing": { "string": "aligned" }, "decide": { "string": decide } });
            assert!(instance.load(&project::state(params, &Value::Null).unwrap()));
            offline(instance.as_mut(), 48_000.0, 2);
            instance.latency()
        });
        let [short, standard, long] = latencies;
        // What is decided soonest is followed, and ends, by the same evidence as what is decided in time.
        assert_eq!((standard - short, long - standard), (0, 960), "{format:?}: {latencies:?} samples");
    }
}

#[test]
fn another_latency_comes_into_force_when_the_format_allows_it() {
    for format in Format::ALL {
        let mut instance = open(format).unwrap();
        let timing = instance.parameters().into_iter().find(|parameter| parameter.name == "Timing").unwrap();
        offline(instance.as_mut(), 48_000.0, 2);
        let mut block = stereo(&vec![0.25; 64]);
        instance.automate(&timing, 0, 1.0);
        instance.process(&mut block, &mut Vec::new()).unwrap();
        let (at_once, delayed) = (instance.latency(), block[0][0] == 0.0);
        match format {
            // An active CLAP's latency is fixed: what the host takes away and what the sound is late must agree.
            Format::Clap => assert!(at_once == 0 && !delayed, "{at_once} samples, delayed: {delayed}"),
            Format::Vst3 => assert!(at_once > 0 && delayed, "{at_once} samples, delayed: {delayed}"),
        }
        instance.deactivate();
        offline(instance.as_mut(), 48_000.0, 2);
        let mut block = stereo(&vec![0.25; 64]);
        instance.process(&mut block, &mut Vec::new()).unwrap();
        assert!(instance.latency() > 0 && block[0][0] == 0.0, "{format:?}: Aligned after a new activation");
    }
}

/// Sample and pitch of every onset, as the command `colla-parte` finds them in the same sound.
fn onsets_by_the_command(sound: &[f32], rate_hz: f64) -> Vec<(u64, u8)> {
    let folder = std::env::temp_dir().join(format!("colla-parte-hosts-{}-{rate_hz}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (wav, tsv) = (folder.join("tune.wav"), folder.join("events.tsv"));
    write_wav(&wav, sound, rate_hz as u32).unwrap();
    let command = hosts::command().unwrap();
    let status =
        Command::new(command).arg("transcribe").arg(&wav).arg("--events").arg(&tsv).status().unwrap();
    assert!(status.success());
    let text = std::fs::read_to_string(&tsv).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let mut onsets: Vec<(u64, u8)> = text
        .lines()
        .skip(1)
        .map(|row| {
            let fields: Vec<&str> = row.split('\t').collect();
            let onset_s: f64 = fields[1].parse().unwrap();
            ((onset_s * rate_hz).round() as u64, fields[3].parse().unwrap())
        })
        .collect();
    onsets.sort_unstable();
    onsets
}

#[test]
fn bypass_passes_the_audio_and_says_nothing() {
    for format in Format::ALL {
        let mut instance = open(format).unwrap();
        let bypass = json!({ "bypass": { "bool": true } });
        assert!(instance.load(&project::state(bypass, &Value::Null).unwrap()));
        offline(instance.as_mut(), 48_000.0, 2);
        let sound = tune(48_000.0);
        let mut audio = stereo(&sound);
        let events = render(instance.as_mut(), &mut audio, std::iter::repeat(512)).unwrap();
        assert_eq!((audio[0] == sound, events.len()), (true, 0), "{format:?}");
    }
}

#[test]
fn notes_leave_on_the_chosen_channel_and_within_the_chosen_range() {
    for format in Format::ALL {
        let mut instance = open(format).unwrap();
        let params = json!({ "chan": { "i32": 7 }, "low": { "i32": 62 }, "high": { "i32": 70 } });
        assert!(instance.load(&project::state(params, &Value::Null).unwrap()));
        instance
            .activate(&Setup { rate_hz: 48_000.0, channels: 2, largest_block: LARGEST_BLOCK, offline: true })
            .unwrap();
        let mut audio = stereo(&tune(48_000.0));
        let events = render(instance.as_mut(), &mut audio, std::iter::repeat(512)).unwrap();
        let struck = pitches(&events);
        assert!(!struck.is_empty() && struck.iter().all(|pitch| (62..=70).contains(pitch)), "{struck:?}");
        assert!(events.iter().all(|(_, midi)| midi.channel() == 6));
    }
}
