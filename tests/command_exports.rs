//! What the command writes of a recording and its score, read back.

mod tune;

use colla_parte::readers::{decode_sound, read_score};
use midly::{MetaMessage, MidiMessage, Smf, Timing, TrackEventKind};
use std::fs;
use std::path::Path;
use tune::{colla_parte, long_tune, score_of, scratch, struck, text, wav};

const RATE_HZ: u32 = 44_100;

/// [`long_tune`], its tempo swaying by a fifth.
fn swaying(notes: usize) -> Vec<(f64, u8)> {
    let mut now = 0.5;
    let sway = |(n, (_, pitch)): (usize, (f64, u8))| {
        let at = now;
        now += 0.5 * (1.0 + 0.2 * (n as f64 / 4.0).sin());
        (at, pitch)
    };
    long_tune(notes).into_iter().enumerate().map(sway).collect()
}

/// The times, in seconds, of all events of a file that `is` says.
fn times(bytes: &[u8], is: impl Fn(&TrackEventKind) -> bool) -> Vec<f64> {
    let file = Smf::parse(bytes).unwrap();
    let Timing::Metrical(ticks) = file.header.timing else { panic!("{:?}", file.header.timing) };
    let mut events: Vec<(u32, TrackEventKind)> = Vec::new();
    for track in &file.tracks {
        let mut tick = 0;
        for event in track {
            tick += event.delta.as_int();
            events.push((tick, event.kind));
        }
    }
    // Tempos first: they hold from their tick on.
    events.sort_by_key(|(tick, kind)| (*tick, !matches!(kind, TrackEventKind::Meta(MetaMessage::Tempo(_)))));
    let (mut now, mut last, mut tempo) = (0.0, 0, 500_000.0);
    let mut found = Vec::new();
    for (tick, kind) in events {
        now += f64::from(tick - last) / f64::from(ticks.as_int()) * tempo / 1e6;
        last = tick;
        if let TrackEventKind::Meta(MetaMessage::Tempo(micros)) = kind {
            tempo = f64::from(micros.as_int());
        }
        if is(&kind) {
            found.push(now);
        }
    }
    found
}

fn struck_at(bytes: &[u8]) -> Vec<f64> {
    times(bytes, |kind| matches!(kind, TrackEventKind::Midi { message: MidiMessage::NoteOn { .. }, .. }))
}

/// Where the sound rises most within 80 ms of `near`, in seconds.
fn attack(samples: &[f32], near: f64) -> f64 {
    let energy = |from: f64| -> f32 {
        let first = (from * f64::from(RATE_HZ)).max(0.0) as usize;
        samples[first.min(samples.len())..(first + 220).min(samples.len())].iter().map(|s| s * s).sum()
    };
    let rise = |at: &f64| (energy(*at) + 1e-3) / (energy(*at - 0.005) + 1e-3);
    (-80..80).map(|ms| near + f64::from(ms) / 1000.0).max_by(|a, b| rise(a).total_cmp(&rise(b))).unwrap()
}

fn sound(path: &Path) -> Vec<f32> {
    let sound = decode_sound(fs::read(path).unwrap()).unwrap();
    assert_eq!(sound.rate_hz, RATE_HZ);
    sound.samples
}

#[test]
fn a_free_performance_gets_a_grid_a_click_and_the_scores_time() {
    let folder = scratch("aligned");
    let file = |name: &str| folder.join(name);
    let tune = swaying(32);
    let last = tune[31].0;
    let length_s = last + 1.5;
    fs::write(file("tune.wav"), wav(&struck(&tune, RATE_HZ, length_s), RATE_HZ, 1)).unwrap();
    fs::write(file("tune.musicxml"), score_of(&tune)).unwrap();
    let (grid, warped, click, tones) =
        (file("grid.mid"), file("warped.wav"), file("click.wav"), file("tones.wav"));
    let output = colla_parte(&[
        "align",
        &text(&file("tune.wav")),
        &text(&file("tune.musicxml")),
        "--tempo-map",
        &text(&grid),
        "--warp",
        &text(&warped),
        "--click",
        &text(&click),
        "--rendition",
        &text(&tones),
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let grid = struck_at(&fs::read(grid).unwrap());
    assert_eq!(grid.len(), 32, "a click of the grid for every beat");
    for (at, (played, _)) in grid.iter().zip(&tune) {
        assert!((at - played).abs() < 0.03, "grid at {at}, played at {played}");
    }
    let frames = (length_s * f64::from(RATE_HZ)) as usize;
    for track in [click, tones] {
        let samples = sound(&track);
        assert_eq!(samples.len(), frames, "as long as the recording");
        for (played, _) in &tune {
            let at = attack(&samples, *played);
            assert!((at - played).abs() < 0.03, "{}: {at}, played at {played}", track.display());
        }
    }
    let samples = sound(&warped);
    for n in 0..31 {
        let (due, at) = (0.5 * f64::from(n), attack(&samples, 0.5 * f64::from(n)));
        assert!((at - due).abs() < 0.035, "note {n}: due at {due}, found at {at}");
    }
}

/// Who strikes a note again did not begin anew: the grid goes on past it, and is that of the book's take.
#[test]
fn a_stutter_does_not_end_the_grid() {
    let folder = scratch("stutter");
    let (audio, score) = (folder.join("tune.wav"), folder.join("tune.musicxml"));
    let written = long_tune(32);
    let mut played = swaying(33);
    for (n, note) in played.iter_mut().enumerate() {
        note.1 = written[if n < 16 { n } else { n - 1 }].1;
    }
    fs::write(&audio, wav(&struck(&played, RATE_HZ, played[32].0 + 1.5), RATE_HZ, 1)).unwrap();
    fs::write(&score, score_of(&written)).unwrap();
    let (audio, score) = (text(&audio), text(&score));
    let (map, trace) = (folder.join("grid.mid"), folder.join("trace.tsv"));
    let map_file = text(&map);
    let grid = |by: &str, more: &[&str]| {
        let arguments = [&[by, &audio, &score, "--tempo-map", &map_file], more].concat();
        let output = colla_parte(&arguments);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        struck_at(&fs::read(&map).unwrap())
    };
    let clicks = grid("align", &["--trace", &text(&trace)]);
    assert_eq!(clicks.len(), 32, "a click of the grid for every beat");
    for (beat, at) in clicks.iter().enumerate().filter(|(beat, _)| *beat != 15) {
        let (due, _) = played[if beat < 15 { beat } else { beat + 1 }];
        assert!((at - due).abs() < 0.03, "beat {beat}: grid at {at}, played at {due}");
    }
    assert!(
        [15, 16].iter().any(|&n: &usize| (clicks[15] - played[n].0).abs() < 0.03),
        "beat 15 at {}",
        clicks[15]
    );
    assert_eq!(grid("session", &[]), clicks);
    // The trace goes by the same beats.
    let rows = fs::read_to_string(trace).unwrap();
    let beat_at = |time: f64| -> f64 {
        let row = rows.lines().skip(1).map(|row| row.split('\t').collect::<Vec<_>>());
        row.map(|row| (row[0].parse().unwrap(), row[1].parse().unwrap()))
            .find(|&(at, _): &(f64, f64)| at >= time)
            .unwrap()
            .1
    };
    for (beat, at) in clicks.iter().enumerate().take(31) {
        let found = beat_at(at + 0.011);
        assert!((found - beat as f64).abs() < 0.1, "{at}: beat {found}, expected {beat}");
    }
}

#[test]
fn what_was_played_is_written_on_the_scores_rhythm() {
    let folder = scratch("notation");
    let written = long_tune(24);
    let mut tune = swaying(24);
    tune[16].1 = 61;
    let (audio, score) = (folder.join("tune.wav"), folder.join("tune.musicxml"));
    let (notation, midi) = (folder.join("played.musicxml"), folder.join("played.mid"));
    fs::write(&audio, wav(&struck(&tune, RATE_HZ, tune[23].0 + 1.5), RATE_HZ, 1)).unwrap();
    fs::write(&score, score_of(&written)).unwrap();
    let write = |more: &[&str]| {
        let outputs = ["--musicxml", &text(&notation), "--quantised", &text(&midi)];
        let output = colla_parte(&[&["transcribe", &text(&audio)], &outputs[..], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        read_score(&fs::read(&notation).unwrap(), "").unwrap()
    };
    let played = write(&["--score", &text(&score)]);
    for (n, &(_, pitch)) in tune.iter().enumerate() {
        let here = played.path.notes.iter().filter(|note| note.onset.to_f64() == n as f64);
        let pitches: Vec<u8> = here.map(|note| note.pitch.0).collect();
        assert!(pitches.contains(&pitch), "beat {n}: {pitches:?}, expected {pitch}");
    }
    let wrong = played.path.notes.iter().filter(|note| note.onset.to_f64() == 16.0);
    assert!(
        wrong.clone().all(|note| note.pitch.0 != 60),
        "the written note was put in the place of the wrong one"
    );
    let steps: Vec<&str> = played.path.steps.iter().map(|step| step.number.as_str()).collect();
    assert_eq!(steps, ["1", "2", "3", "4", "5", "6"]);
    // The score has a quarter note every half second.
    let grid = struck_at(&fs::read(&midi).unwrap());
    assert!((0..24).all(|n| grid.iter().any(|at| (at - 0.5 * f64::from(n)).abs() < 0.002)), "{grid:?}");
    // Without it, the beats are found in the playing, here even.
    fs::write(&audio, wav(&struck(&written, RATE_HZ, 13.5), RATE_HZ, 1)).unwrap();
    let played = write(&[]);
    let on_the_beat = played.path.notes.iter().filter(|note| note.onset.denominator() == 1).count();
    assert!(on_the_beat >= 22, "{on_the_beat} of 24 on the beat");
    assert!(played.measures.iter().all(|measure| measure.meter == (4, 4)));
}

#[test]
fn what_has_no_place_in_the_score_is_said() {
    let folder = scratch("no-place");
    let (audio, score) = (folder.join("silence.wav"), folder.join("tune.musicxml"));
    fs::write(&audio, wav(&vec![0.0; 44_100], RATE_HZ, 1)).unwrap();
    fs::write(&score, score_of(&long_tune(8))).unwrap();
    let out = folder.join("out");
    for arguments in [
        ["align", &text(&audio), &text(&score), "--warp", &text(&out)],
        ["align", &text(&audio), &text(&score), "--tempo-map", &text(&out)],
    ] {
        tune::assert_refused(&arguments, &audio, "nothing of the score was recognised");
        assert!(!out.exists(), "{arguments:?} left a file");
    }
    let arguments = ["transcribe", &text(&audio), "--score", &text(&score), "--musicxml", &text(&out)];
    tune::assert_refused(&arguments, &audio, "nothing of the score was recognised");
    // Too coarse for the stretcher, whatever is in it.
    fs::write(&audio, wav(&struck(&long_tune(8), 16_000, 6.0), 16_000, 1)).unwrap();
    tune::assert_refused(
        &["align", &text(&audio), &text(&score), "--warp", &text(&out)],
        &audio,
        "sample rate 16000 Hz, expected 32000",
    );
}

#[test]
fn the_edit_takes_measures_from_the_take_that_is_named() {
    let folder = scratch("use");
    let (audio, score) = (folder.join("twice.wav"), folder.join("tune.musicxml"));
    let tune = long_tune(16);
    let again = tune.iter().map(|&(onset, pitch)| (onset + 16.0, pitch));
    let played: Vec<(f64, u8)> = tune.iter().copied().chain(again).collect();
    fs::write(&audio, wav(&struck(&played, RATE_HZ, 28.0), RATE_HZ, 1)).unwrap();
    fs::write(&score, score_of(&tune)).unwrap();
    let (audio, score) = (text(&audio), text(&score));
    let session = |chosen: &[&str]| {
        let mut arguments = vec!["session", &audio, &score, "--json", "-"];
        arguments.extend(chosen.iter().flat_map(|chosen| ["--use", chosen]));
        colla_parte(&arguments)
    };
    let takes = |chosen: &[&str]| -> Vec<(u64, String)> {
        let output = session(chosen);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let piece = |piece: &serde_json::Value| {
            (piece["take"].as_u64().unwrap(), piece["from_measure"].as_str().unwrap().to_owned())
        };
        json["plan"].as_array().unwrap().iter().map(piece).collect()
    };
    assert_eq!(takes(&["1:1-4"]), [(0, "1".into())]);
    assert_eq!(takes(&["2:1-4"]), [(1, "1".into())]);
    assert_eq!(takes(&["1:1-2", "2:3-4"]), [(0, "1".into()), (1, "3".into())]);
    for (wrong, told) in
        [("7:1", "expected a take up to 2, found 7"), ("0:1", "a take from 1"), ("1:99", "99")]
    {
        let output = session(&[wrong]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && error.contains(told), "{wrong}: {error}");
    }
}

#[test]
fn faults_are_told_from_the_likelihood_that_is_asked_for() {
    let folder = scratch("likelihood");
    let (audio, score) = (folder.join("tune.wav"), folder.join("tune.musicxml"));
    let written = long_tune(24);
    let mut played = written.clone();
    // C sharp for C; and one note that is not there.
    played[16].1 = 61;
    played.remove(9);
    fs::write(&audio, wav(&struck(&played, RATE_HZ, 13.5), RATE_HZ, 1)).unwrap();
    fs::write(&score, score_of(&written)).unwrap();
    let (audio, score) = (text(&audio), text(&score));
    let told = |more: &[&str]| -> Vec<(String, f64)> {
        let output = colla_parte(&[&["session", &audio, &score, "--json", "-"], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let takes = json["takes"].as_array().unwrap().iter();
        let faults = takes.flat_map(|take| take["faults"].as_array().unwrap().iter());
        faults
            .map(|fault| (fault["kind"].as_str().unwrap().to_owned(), fault["confidence"].as_f64().unwrap()))
            .collect()
    };
    let all = told(&["--fault-confidence", "0"]);
    for kind in ["wrong", "missed"] {
        assert!(all.iter().any(|(found, likely)| found == kind && *likely > 0.5), "{kind}: {all:?}");
    }
    let least = all.iter().map(|fault| fault.1).fold(f64::INFINITY, f64::min);
    let most = all.iter().map(|fault| fault.1).fold(0.0, f64::max);
    let between = (least + most) / 2.0;
    let expected: Vec<_> = all.iter().filter(|fault| fault.1 >= between).cloned().collect();
    assert_eq!(told(&["--fault-confidence", &between.to_string()]), expected);
    assert_eq!(told(&[]), all.iter().filter(|fault| fault.1 >= 0.3).cloned().collect::<Vec<_>>());
    for wrong in ["1.5", "-1", "NaN", "x"] {
        let option = format!("--fault-confidence={wrong}");
        let output = colla_parte(&["session", &audio, &score, &option]);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
}
