//! What the built bundles send to other programs, heard by a receiver of this test's own.

mod common;

use common::{offline, stereo};
use hosts::sound::decode;
use hosts::{Format, Transport, open, project};
use serde_json::{Value, json};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::time::Duration;

const BLOCK: usize = 441;

/// An argument of a message.
#[derive(Clone, Debug, PartialEq)]
enum Argument {
    Text(String),
    Float(f32),
    Int(i32),
}

fn demo(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/demo").join(file)
}

/// A text of OSC 1.0 and what follows it: ended by zeros up to a multiple of four bytes.
fn text(bytes: &[u8]) -> (String, &[u8]) {
    let end = bytes.iter().position(|byte| *byte == 0).expect("a text without an end");
    (String::from_utf8(bytes[..end].to_vec()).unwrap(), &bytes[(end / 4 + 1) * 4..])
}

/// Appends the messages of a packet; bundles are opened.
fn messages(packet: &[u8], found: &mut Vec<(String, Vec<Argument>)>) {
    let word = |bytes: &[u8]| -> [u8; 4] { bytes[..4].try_into().unwrap() };
    let (address, mut rest) = text(packet);
    if address == "#bundle" {
        rest = &rest[8..];
        while !rest.is_empty() {
            let size = u32::from_be_bytes(word(rest)) as usize;
            messages(&rest[4..4 + size], found);
            rest = &rest[4 + size..];
        }
        return;
    }
    let (tags, mut rest) = text(rest);
    let mut arguments = Vec::new();
    for tag in tags.strip_prefix(',').expect("type tags").chars() {
        match tag {
            's' => {
                let (argument, after) = text(rest);
                arguments.push(Argument::Text(argument));
                rest = after;
            }
            'f' => {
                arguments.push(Argument::Float(f32::from_be_bytes(word(rest))));
                rest = &rest[4..];
            }
            'i' => {
                arguments.push(Argument::Int(i32::from_be_bytes(word(rest))));
                rest = &rest[4..];
            }
            other => panic!("{address}: type {other}"),
        }
    }
    assert!(rest.is_empty());
    found.push((address, arguments));
}

#[test]
fn position_and_cues_go_to_the_address_that_the_project_keeps() {
    let (sound, rate_hz) = decode(&demo("audio.ogg")).unwrap();
    let score = project::score_field("score.mxl", &std::fs::read(demo("score.mxl")).unwrap()).unwrap();
    let cue = json!({ "beat": 9.0, "name": "light", "channel": 0, "lead_s": 0.5, "page_turn": true,
        "message": { "control": { "number": 102, "value": 1 } } });
    let book = json!({ "format": 1, "id": 5, "revision": 1, "takes": [], "cues": [cue] });
    let truth = std::fs::read_to_string(demo("alignment.tsv")).unwrap();
    let played = truth.lines().skip(1).find(|row| row.starts_with("9.0000\t")).expect("an onset at beat 9");
    let played_s: f64 = played.split('\t').nth(2).unwrap().parse().unwrap();
    for format in Format::ALL {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        receiver.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let address = receiver.local_addr().unwrap().to_string();
        let state = project::state(json!({}), &score).unwrap();
        let mut state: Value = serde_json::from_slice(&project::with_book(&state, &book).unwrap()).unwrap();
        let osc = json!({ "enabled": true, "address": address, "rate_hz": 20 });
        state["fields"]["osc"] = osc.to_string().into();
        let mut instance = open(format).unwrap();
        assert!(instance.load(&serde_json::to_vec(&state).unwrap()));
        offline(instance.as_mut(), rate_hz, 2);
        // Read while it plays: what a socket does not hold is lost.
        let (mut buffer, mut found) = ([0u8; 4096], Vec::new());
        receiver.set_nonblocking(true).unwrap();
        let mut transport = Transport { playing: true, recording: false, position: 0 };
        let mut cue_s = None;
        for (index, block) in sound[..(12.0 * rate_hz) as usize].chunks(BLOCK).enumerate() {
            instance.set_transport(Some(transport));
            instance.process(&mut stereo(block), &mut Vec::with_capacity(4096)).unwrap();
            transport.position += block.len() as i64;
            while let Ok((length, from)) = receiver.recv_from(&mut buffer) {
                assert!(from.ip().is_loopback());
                messages(&buffer[..length], &mut found);
            }
            if cue_s.is_none() && found.iter().any(|(address, _)| address == "/colla-parte/cue") {
                cue_s = Some(((index + 1) * BLOCK) as f64 / rate_hz);
            }
        }
        let of = |name: &str| -> Vec<&[Argument]> {
            let address = format!("/colla-parte/{name}");
            found.iter().filter(|(found, _)| *found == address).map(|(_, args)| args.as_slice()).collect()
        };
        let states = of("state");
        assert!((150..=260).contains(&states.len()), "{format:?}: {} states in 12 s at 20 Hz", states.len());
        assert_eq!(of("tempo").len(), states.len(), "{format:?}");
        assert_eq!(of("confidence").len(), states.len(), "{format:?}");
        let following = [Argument::Text("following".into())];
        assert!(states.iter().filter(|args| **args == following).count() > 100, "{format:?}");
        let places: Vec<f32> = of("position")
            .into_iter()
            .map(|args| match args {
                [Argument::Float(beat)] => *beat,
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(places.last().is_some_and(|beat| *beat > 9.0), "{format:?}: {places:?}");
        assert!(matches!(of("measure")[0], [Argument::Text(_), Argument::Int(1..), Argument::Int(1)]));
        assert!(of("beat").iter().all(|args| matches!(args, [Argument::Float(beat)] if *beat >= 1.0)));
        let [cue] = of("cue")[..] else { panic!("{format:?}: {} cues", of("cue").len()) };
        assert_eq!(cue, [Argument::Text("light".into()), Argument::Float(9.0)], "{format:?}");
        assert_eq!(of("page").len(), 1, "{format:?}");
        let ahead_s = played_s - cue_s.expect("a time for the cue");
        assert!((ahead_s - 0.5).abs() < 0.3, "{format:?}: it came {ahead_s:.2} s ahead, 0.5 were asked for");
        // It is saved with the project.
        let saved: Value = serde_json::from_slice(&instance.save().unwrap()).unwrap();
        let kept: Value = serde_json::from_str(saved["fields"]["osc"].as_str().unwrap()).unwrap();
        assert_eq!(kept, osc, "{format:?}");
    }
}
