//! The session's book, kept by the built bundles in real hosts.

mod common;

use common::{LARGEST_BLOCK, offline, played, score, stereo};
use hosts::signal::{TUNE_S, line, tune};
use hosts::sound::decode;
use hosts::{Format, Instance, Midi, Setup, Timed, Transport, open, project};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Samples in a block.
const BLOCK: usize = 441;

fn demo(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/demo").join(file)
}

/// The state of a project with the demo's score, of an instance that shares its book with none: tests of one process run side
/// by side.
fn demo_state() -> Vec<u8> {
    let score = project::score_field("score.mxl", &std::fs::read(demo("score.mxl")).unwrap()).unwrap();
    project::with_field(&project::state(json!({}), &score).unwrap(), "alone", &json!(true)).unwrap()
}

/// When each written onset of the demo was played: beat, seconds.
fn truth() -> Vec<(f64, f64)> {
    let table = std::fs::read_to_string(demo("alignment.tsv")).unwrap();
    let row = |row: &str| {
        let fields: Vec<f64> = row.split('\t').map(|field| field.parse().unwrap_or(f64::NAN)).collect();
        (fields[0], fields[2])
    };
    table.lines().skip(1).map(row).collect()
}

/// Plays `sound` with the host's transport at `position`, and returns what the plugin sent.
fn play(instance: &mut dyn Instance, sound: &[f32], mut transport: Transport) -> Vec<Timed> {
    let (mut sent, mut events) = (Vec::new(), Vec::with_capacity(4096));
    for (index, block) in sound.chunks(BLOCK).enumerate() {
        instance.set_transport(Some(transport));
        events.clear();
        instance.process(&mut stereo(block), &mut events).unwrap();
        sent.extend(events.iter().map(|(at, midi)| (at + (index * BLOCK) as u64, *midi)));
        if transport.playing {
            transport.position += block.len() as i64;
        }
    }
    sent
}

fn recording(position: i64) -> Transport {
    Transport { playing: true, recording: true, position }
}

/// The transport stands, and it is still.
fn stop(instance: &mut dyn Instance, samples: usize) {
    play(instance, &vec![0.0; samples], Transport::default());
}

/// Saves until the book has so many takes, all of them listened to twice.
fn settled(instance: &mut dyn Instance, count: usize) -> Value {
    let mut found = Value::Null;
    for _ in 0..6_000 {
        found = project::book(&instance.save().unwrap()).unwrap();
        let takes = project::takes(&found).unwrap();
        if takes.len() == count && takes.iter().all(|take| take["exact"] == true) {
            return found;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("never {count} takes: {found}");
}

#[test]
fn three_takes_with_restarts_are_there_when_the_project_is_opened_again() {
    let (sound, rate_hz) = decode(&demo("audio.ogg")).unwrap();
    let truth = truth();
    // From and to which onset each take is played, and where on the host's timeline.
    let spans = [(0.0, 18.0, 2.0), (12.0, 33.0, 0.5), (6.0, 27.0, 40.0)];
    let at = |beat: f64| truth.iter().find(|point| point.0 >= beat).unwrap().1;
    for format in Format::ALL {
        let mut instance = open(format).unwrap();
        assert!(instance.load(&demo_state()));
        offline(instance.as_mut(), rate_hz, 2);
        for (from, to, host_s) in spans {
            // Sixteenths are 0.2 s apart.
            let sample = |beat: f64| ((at(beat) - 0.1) * rate_hz) as usize;
            let position = (host_s * rate_hz) as i64;
            play(instance.as_mut(), &sound[sample(from)..sample(to)], recording(position));
            stop(instance.as_mut(), rate_hz as usize);
        }
        let over = Instant::now();
        let kept = settled(instance.as_mut(), spans.len());
        // For BENCHMARKS.md: see it with `--nocapture`.
        let bytes: usize = kept["takes"].as_array().unwrap().iter().map(|take| take.to_string().len()).sum();
        println!("{format:?}: exact {:?} after the last stop; {bytes} bytes in the project", over.elapsed());
        for (take, (from, to, host_s)) in project::takes(&kept).unwrap().iter().zip(spans) {
            let stretches = take["stretches"].as_array().unwrap();
            let [stretch] = stretches.as_slice() else { panic!("{format:?}: {stretches:?}") };
            let beat = |name: &str| stretch[name].as_f64().unwrap();
            // How well the ear hears the first and the last notes is not the matter here.
            let near = |name: &str, truth: f64| (beat(name) - truth).abs() <= 1.0;
            assert!(
                near("from_beat", from) && near("to_beat", to),
                "{format:?}: {stretch}, played {from}-{to}"
            );
            assert!((take["host_start_s"].as_f64().unwrap() - host_s).abs() < 0.001, "{format:?}");
            let length_s = take["length"].as_f64().unwrap() * 1e-4;
            let expected_s = at(to) - at(from);
            assert!((length_s - expected_s).abs() < 0.1, "{format:?}: {length_s} s, played {expected_s}");
            let notes = take["notes"]["pitch"].as_array().unwrap().len();
            assert!(notes > 50, "{format:?}: {notes} notes");
            println!("  {notes} notes, {} faults", take["faults"].as_array().unwrap().len());
        }
        let saved = instance.save().unwrap();
        drop(instance);
        let mut again = open(format).unwrap();
        assert!(again.load(&saved));
        assert_eq!(project::book(&again.save().unwrap()).unwrap(), kept, "{format:?}");

        // What was chosen for the edit stays in the project; a book from before there were choices opens without.
        let edits = json!([{
            "grid": "00000000000000ff",
            "joins": [{ "step": 4, "beat": 15.5, "before": 1, "after": 3 }],
            "takes": [{ "from_step": 4, "to_step": 5, "take": 3 }],
        }]);
        let mut chosen = kept.clone();
        chosen["edits"] = edits.clone();
        let mut former = kept.clone();
        former["format"] = json!(1);
        former.as_object_mut().unwrap().remove("edits");
        for (book, expected) in [(&chosen, &edits), (&former, &json!([]))] {
            let mut other = open(format).unwrap();
            assert!(other.load(&project::with_book(&saved, book).unwrap()));
            let now = project::book(&other.save().unwrap()).unwrap();
            assert_eq!((&now["edits"], &now["takes"]), (expected, &kept["takes"]), "{format:?}");
        }

        // Over the open book: an older state of it, a damaged one, one of a version to come.
        let strange = [
            json!({ "format": 1, "id": kept["id"], "revision": 1, "takes": [] }),
            json!({ "format": 1, "takes": "?" }),
            json!({ "format": 99, "chapters": [1, 2] }),
        ];
        for book in &strange {
            assert!(again.load(&project::with_book(&saved, book).unwrap()));
            let now = project::book(&again.save().unwrap()).unwrap();
            assert_eq!(now["takes"], kept["takes"], "{format:?}: after {book}");
        }
        let now = project::book(&again.save().unwrap()).unwrap();
        assert_eq!(now["aside"], strange[2], "what could not be read is carried along");
    }
}

#[test]
fn loops_and_rates_make_takes_of_their_own_and_playback_makes_none() {
    for format in Format::ALL {
        let mut instance = open(format).unwrap();
        offline(instance.as_mut(), 48_000.0, 2);
        let sound = tune(48_000.0);
        // Twice round a loop without stopping, punched in after a pre-roll, punched out while the host plays on.
        let playing = |position: i64| Transport { recording: false, ..recording(position) };
        play(instance.as_mut(), &sound, playing(0));
        let length = sound.len() as i64;
        play(instance.as_mut(), &sound, recording(length));
        play(instance.as_mut(), &sound, recording(length));
        play(instance.as_mut(), &sound, playing(2 * length));
        stop(instance.as_mut(), 48_000);
        let takes = project::takes(&settled(instance.as_mut(), 2)).unwrap();
        for take in &takes {
            let start_s = take["host_start_s"].as_f64().unwrap();
            assert!((start_s - TUNE_S).abs() < 0.001, "{format:?}: {start_s} s");
            assert!((take["length"].as_f64().unwrap() * 1e-4 - TUNE_S).abs() < 0.02);
            assert!((5..20).contains(&take["notes"]["pitch"].as_array().unwrap().len()), "{take}");
        }
        // The host opens the device at another rate, and resets in the middle of the next take.
        instance.deactivate();
        let setup = Setup { rate_hz: 96_000.0, channels: 2, largest_block: LARGEST_BLOCK, offline: true };
        instance.activate(&setup).unwrap();
        let sound = tune(96_000.0);
        play(instance.as_mut(), &sound, recording(96_000));
        instance.reset();
        play(instance.as_mut(), &sound, recording(192_000));
        stop(instance.as_mut(), 96_000);
        let takes = project::takes(&settled(instance.as_mut(), 4)).unwrap();
        let rates: Vec<f64> = takes.iter().map(|take| take["rate_hz"].as_f64().unwrap()).collect();
        assert_eq!(rates, [48_000.0, 48_000.0, 96_000.0, 96_000.0], "{format:?}");
        let starts: Vec<f64> = takes.iter().map(|take| take["host_start_s"].as_f64().unwrap()).collect();
        assert_eq!(starts[2..], [1.0, 2.0], "{format:?}");
        let ends: Vec<f64> = takes
            .iter()
            .map(|take| take["start"].as_f64().unwrap() + take["length"].as_f64().unwrap())
            .collect();
        let begins: Vec<f64> = takes.iter().map(|take| take["start"].as_f64().unwrap()).collect();
        assert!(ends.iter().zip(&begins[1..]).all(|(end, next)| next > end), "takes lie one after another");
    }
}

/// While the host records: it has no device any more, the track is inactive, or the plugin is bypassed.
#[test]
fn a_take_is_over_where_no_more_audio_comes() {
    for format in Format::ALL {
        for bypassed in [false, true] {
            let mut instance = open(format).unwrap();
            offline(instance.as_mut(), 48_000.0, 2);
            play(instance.as_mut(), &tune(48_000.0), recording(0));
            if bypassed {
                let parameters = instance.parameters();
                let bypass = parameters.iter().find(|parameter| parameter.bypass).unwrap();
                instance.automate(bypass, 0, 1.0);
                play(instance.as_mut(), &[0.0; 4096], recording(0));
            }
            let takes = project::takes(&settled(instance.as_mut(), 1)).unwrap();
            let notes = takes[0]["notes"]["pitch"].as_array().unwrap().len();
            assert!((5..20).contains(&notes), "{format:?}, {bypassed}: {notes}");
            // And it goes on with the next.
            if bypassed {
                let parameters = instance.parameters();
                let bypass = parameters.iter().find(|parameter| parameter.bypass).unwrap();
                instance.automate(bypass, 0, 0.0);
            }
            play(instance.as_mut(), &tune(48_000.0), recording(480_000));
            stop(instance.as_mut(), 48_000);
            settled(instance.as_mut(), 2);
        }
    }
}

#[test]
fn without_a_transport_pauses_make_the_takes() {
    for format in Format::ALL {
        let mut instance = open(format).unwrap();
        offline(instance.as_mut(), 48_000.0, 2);
        let mut sound = vec![0.0; 48_000];
        for _ in 0..2 {
            sound.extend(tune(48_000.0));
            sound.extend(vec![0.0; 6 * 48_000]);
        }
        let mut audio = stereo(&sound);
        hosts::render(instance.as_mut(), &mut audio, hosts::signal::awkward_blocks(4)).unwrap();
        let takes = project::takes(&settled(instance.as_mut(), 2)).unwrap();
        for take in takes {
            assert_eq!(take["host_start_s"], Value::Null, "{format:?}");
            assert!(
                (5..20).contains(&take["notes"]["pitch"].as_array().unwrap().len()),
                "{format:?}: {take}"
            );
        }
    }
}

#[test]
fn five_hundred_takes_are_kept_and_the_next_one_follows() {
    let mut instance = open(Format::Clap).unwrap();
    offline(instance.as_mut(), 48_000.0, 2);
    let sound = tune(48_000.0);
    play(instance.as_mut(), &sound, recording(0));
    stop(instance.as_mut(), 48_000);
    let book = settled(instance.as_mut(), 1);
    let mut take = project::takes(&book).unwrap().remove(0);
    let mut many = book.clone();
    let packed = (1..=500).map(|number: i64| {
        take["number"] = number.into();
        take["start"] = ((number - 1) * 60_000).into();
        project::packed_take(&take).unwrap()
    });
    many["takes"] = packed.collect();
    many["revision"] = 100_000.into();
    let state = project::with_book(&instance.save().unwrap(), &many).unwrap();
    drop(instance);
    let mut other = open(Format::Clap).unwrap();
    assert!(other.load(&state));
    offline(other.as_mut(), 48_000.0, 2);
    play(other.as_mut(), &sound, recording(0));
    stop(other.as_mut(), 48_000);
    let takes = project::takes(&settled(other.as_mut(), 501)).unwrap();
    assert_eq!(takes[500]["number"], 501);
    assert!(other.save().unwrap().len() < 2_000_000);
}

#[test]
fn cues_fire_where_the_playing_passes_them() {
    let (sound, rate_hz) = decode(&demo("audio.ogg")).unwrap();
    let truth = truth();
    let at = |beat: f64| truth.iter().find(|point| point.0 >= beat).unwrap().1;
    let cue =
        |beat: f64, message: Value| json!({ "beat": beat, "name": "A", "channel": 3, "message": message });
    let book = json!({ "format": 1, "id": 5, "revision": 1, "takes": [], "cues": [
        cue(9.0, json!({ "control": { "number": 102, "value": 77 } })),
        cue(18.0, json!({ "note": { "pitch": 100, "velocity": 90 } })),
        cue(60.0, json!({ "control": { "number": 103, "value": 1 } })),
    ] });
    for format in Format::ALL {
        let mut instance = open(format).unwrap();
        assert!(instance.load(&project::with_book(&demo_state(), &book).unwrap()));
        offline(instance.as_mut(), rate_hz, 2);
        let end = (at(27.0) * rate_hz) as usize;
        let sent = play(instance.as_mut(), &sound[..end], recording(0));
        let fired: Vec<(f64, Midi)> = sent
            .into_iter()
            .filter(|(_, midi)| midi.channel() == 3)
            .map(|(at, midi)| (at as f64 / rate_hz, midi))
            .collect();
        let kinds: Vec<Midi> = fired.iter().map(|(_, midi)| *midi).collect();
        let expected = [
            Midi::Control { channel: 3, cc: 102, value: 77 },
            Midi::On { channel: 3, pitch: 100, velocity: 90 },
            Midi::Off { channel: 3, pitch: 100 },
        ];
        assert_eq!(kinds, expected, "{format:?}");
        for (beat, (fired_s, _)) in [9.0, 18.0].into_iter().zip(&fired) {
            let late_s = fired_s - at(beat);
            assert!(late_s.abs() < 0.3, "{format:?}: the cue at beat {beat} came {late_s:.3} s late");
        }
    }
}

/// A measure that comes twice sounds the same both times: what tells them apart is where on the host's timeline it was recorded before.
#[test]
fn a_punch_in_starts_where_an_earlier_take_was_at_that_time() {
    const PASSAGE: [u8; 16] = [76, 77, 79, 81, 84, 83, 79, 76, 74, 76, 77, 79, 81, 79, 74, 72];
    const BETWEEN: [u8; 16] = [60, 65, 64, 69, 67, 62, 64, 60, 59, 67, 65, 64, 69, 62, 67, 60];
    const POSITION_CC: u8 = 20;
    let rate_hz = 44_100.0;
    // The passage is in measures 1-4 and 9-12; the first take begins with what is between.
    let notes = [PASSAGE, BETWEEN, PASSAGE].concat();
    let field = project::score_field("twice.xml", score(&[("Flute", &notes)]).as_bytes()).unwrap();
    let state = project::state(json!({ "poscc": { "i32": POSITION_CC } }), &field).unwrap();
    let state = project::with_field(&state, "alone", &json!(true)).unwrap();
    let sound = |notes: &[u8]| line(&played(notes, 0.92, |_| 0.0), rate_hz, notes.len() as f64 + 0.5);
    let (first, again) = (sound(&notes[16..]), sound(&PASSAGE));
    // Each note is a second long: so far from the first take's beginning the passage is recorded again.
    let from_s = 100.0;
    let punch_in_s = from_s + BETWEEN.len() as f64;
    let position = |at_s: f64| (at_s * rate_hz) as i64;
    let measures = |sent: Vec<Timed>| -> Vec<u8> {
        let measure = |(_, midi)| match midi {
            Midi::Control { cc: POSITION_CC, value, .. } => Some(value),
            _ => None,
        };
        sent.into_iter().filter_map(measure).collect()
    };
    for format in Format::ALL {
        // After the first take, at a time that it has and at one that it has not; and without it.
        for (taken, at_s, passage) in
            [(true, punch_in_s, 9..=12), (true, 500.0, 1..=4), (false, punch_in_s, 1..=4)]
        {
            let mut instance = open(format).unwrap();
            assert!(instance.load(&state));
            offline(instance.as_mut(), rate_hz, 2);
            if taken {
                play(instance.as_mut(), &first, recording(position(from_s)));
                stop(instance.as_mut(), rate_hz as usize);
                settled(instance.as_mut(), 1);
            }
            let sent = measures(play(instance.as_mut(), &again, recording(position(at_s))));
            // The follower is sure of its place only after some notes; what it then shows must be the right one at once.
            let told = format!("{format:?}, a first take: {taken}, at {at_s} s: {sent:?}");
            assert!(sent.iter().all(|measure| passage.contains(measure)), "{told}");
            assert_eq!(sent.last(), Some(passage.end()), "{told}");
        }
    }
}
