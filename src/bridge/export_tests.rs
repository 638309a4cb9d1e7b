//! What is written of a session: at the host's times, less its recording latency.

use super::tests::{TINY_SCORE, source, tiny_take, wait_for};
use super::{Bridge, Export, RECORDING_LATENCY_RANGE_MS, Severity, Snapshot};
use crate::performance::{EditChoices, Fault, FaultKind};
use crate::takes::{Edit, Recorded, SessionLog};
use crate::units::{Pitch, Seconds};

#[test]
fn a_session_is_written_at_the_hosts_times_and_what_fails_is_said() {
    let bridge = Bridge::default();
    let folder = std::env::temp_dir().join(format!("colla-parte-bridge-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).unwrap();
    let said = |text: &str| {
        wait_for(&bridge, |snapshot| snapshot.messages.last().is_some_and(|m| m.text.contains(text)));
    };
    bridge.export(Export::Midi, None, folder.clone());
    said("there is no take yet");
    bridge.load_score(source("tiny.musicxml", TINY_SCORE));
    let snapshot = wait_for(&bridge, |snapshot| snapshot.score.is_some());
    let grid = snapshot.score.as_ref().unwrap().grid;
    let mut log = SessionLog::new(3);
    (0..2).for_each(|_| assert!(log.add(tiny_take(grid)).is_ok()));
    assert!(log.add(tiny_take(grid + 1)).is_ok());
    bridge.restore_book(log);
    let snapshot = wait_for(&bridge, |snapshot| {
        snapshot.book.coverage.first().is_some_and(|measure| measure.clean == [0, 1])
    });
    assert_eq!((snapshot.book.entries.len(), snapshot.book.elsewhere), (2, 1));

    // What is chosen for the edit goes into what is written of it.
    let mut choices = EditChoices::default();
    choices.choose(0, 0, Some(1));
    let planned = |snapshot: &Snapshot| snapshot.book.plan.segments.first().map(|piece| piece.take);
    assert_eq!(planned(&snapshot), Some(2), "of two clean takes the later");
    bridge.edit_book(Edit::Choices { grid, choices });
    let snapshot = wait_for(&bridge, |snapshot| planned(snapshot) == Some(1));

    // The first once more: what is there is not overwritten.
    for (count, export) in Export::ALL.into_iter().chain([Export::Midi]).enumerate() {
        bridge.export(export, Some(2), folder.clone());
        let last = snapshot.messages.last().map_or(0, |message| message.id) + count as u64;
        let snapshot = wait_for(&bridge, |s| s.messages.last().is_some_and(|message| message.id > last));
        let message = snapshot.messages.last().unwrap();
        assert_eq!(message.severity, Severity::Note, "{}", message.text);
    }
    let read =
        |name: &str| std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let file = read("tiny take 2.mid");
    let midi = midly::Smf::parse(&file).unwrap();
    let (mut tick, mut ons) = (0, Vec::new());
    for event in &midi.tracks[0] {
        tick += event.delta.as_int();
        if let midly::TrackEventKind::Midi { message: midly::MidiMessage::NoteOn { key, .. }, .. } =
            event.kind
        {
            ons.push((tick, key.as_int()));
        }
    }
    // 1,920 ticks a second.
    assert_eq!(ons, [(58_080, 60), (60_000, 62)]);
    assert!(midly::Smf::parse(&read("tiny take 2 tempo.mid")).is_ok());
    assert!(String::from_utf8(read("tiny labels.txt")).unwrap().starts_with("30.25"), "labels");
    assert!(String::from_utf8(read("tiny markers.csv")).unwrap().contains("30.25"), "markers");
    assert!(String::from_utf8(read("tiny takes.html")).unwrap().contains("of 1 measures: 1 covered"));
    assert!(!read("tiny takes.json").is_empty() && !read("tiny edit.edl").is_empty());
    let edl = String::from_utf8(read("tiny edit.edl")).unwrap();
    assert!(edl.contains("* FROM CLIP NAME: take 1\n* TAKE 1 MEASURES 1\n"), "{edl}");
    assert!(String::from_utf8(read("tiny edit.rpp")).unwrap().contains("FILE \"tiny.wav\""));
    let notation = String::from_utf8(read("tiny take 2.musicxml")).unwrap();
    assert_eq!(notation.matches("<pitch>").count(), 2, "{notation}");
    assert!(notation.contains("<octave>4</octave>"));
    // On the beats of the score, at its tempo of 120: 0 and 2 quarters.
    let file = read("tiny take 2 quantised.mid");
    let quantised = midly::Smf::parse(&file).unwrap();
    let midly::Timing::Metrical(quarter) = quantised.header.timing else { panic!("ticks a quarter") };
    let mut onsets = Vec::new();
    for track in &quantised.tracks {
        let mut tick = 0;
        for event in track {
            tick += event.delta.as_int();
            if let midly::TrackEventKind::Midi { message: midly::MidiMessage::NoteOn { vel, .. }, .. } =
                event.kind
                && vel > 0
            {
                onsets.push(f64::from(tick) / f64::from(quarter.as_int()));
            }
        }
    }
    assert_eq!(onsets, [0.0, 2.0]);
    assert!(!read("tiny edit.rpp").is_empty() && !read("tiny take 2 (2).mid").is_empty());
    std::fs::remove_dir_all(&folder).unwrap();
    bridge.export(Export::Markers, None, folder);
    said("expected a folder, found none");
}

/// What is more likely no fault is written as such, and leaves its measure and the edit clean.
#[test]
fn doubts_are_marked_in_every_file_and_counted_in_none() {
    let bridge = Bridge::default();
    let folder = std::env::temp_dir().join(format!("colla-parte-doubts-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).unwrap();
    bridge.load_score(source("tiny.musicxml", TINY_SCORE));
    let snapshot = wait_for(&bridge, |snapshot| snapshot.score.is_some());
    let mut log = SessionLog::new(3);
    for confidence in [0.36, 0.8] {
        let mut recorded = tiny_take(snapshot.score.as_ref().unwrap().grid);
        recorded.take.faults = vec![Fault {
            kind: FaultKind::Missed,
            at: Seconds(1.0),
            step: 0,
            beat: 1.0,
            pitch: Some(Pitch(60)),
            note: None,
            confidence,
            cents: None,
        }];
        log.add(recorded).unwrap();
    }
    bridge.restore_book(log);
    let snapshot = wait_for(&bridge, |snapshot| {
        snapshot.book.coverage.first().is_some_and(|step| step.takes.len() == 2)
    });
    assert_eq!(snapshot.book.coverage[0].clean, [0], "the doubted one is clean");
    assert_eq!(snapshot.book.plan.segments[0].take, 1, "and used");
    for export in [Export::Markers, Export::TakeSheet] {
        let last = bridge.snapshot().messages.last().map_or(0, |message| message.id);
        bridge.export(export, None, folder.clone());
        wait_for(&bridge, |s| s.messages.last().is_some_and(|message| message.id > last));
    }
    let read = |name: &str| String::from_utf8(std::fs::read(folder.join(name)).unwrap()).unwrap();
    for name in ["tiny labels.txt", "tiny markers.csv", "tiny takes.html"] {
        let text = read(name);
        assert_eq!((text.matches("missed C4?").count(), text.matches("missed C4").count()), (1, 2), "{name}");
    }
    let sheet = read("tiny takes.html");
    assert!(sheet.contains("1 covered, 1 clean, 0 clean twice"), "{sheet}");
    let json: serde_json::Value = serde_json::from_str(&read("tiny takes.json")).unwrap();
    assert_eq!(json["takes"][0]["faults"][0]["confidence"], 0.36);
    std::fs::remove_dir_all(&folder).unwrap();
}

/// In the files as in the window.
#[test]
fn what_is_rejected_covers_nothing_and_what_was_heard_live_alone_is_not_clean() {
    let bridge = Bridge::default();
    let folder = std::env::temp_dir().join(format!("colla-parte-rejected-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).unwrap();
    bridge.load_score(source("tiny.musicxml", TINY_SCORE));
    let snapshot = wait_for(&bridge, |snapshot| snapshot.score.is_some());
    let mut log = SessionLog::new(3);
    let take = tiny_take(snapshot.score.as_ref().unwrap().grid);
    log.add(Recorded { exact: false, notes: Vec::new(), ..take }).unwrap();
    bridge.restore_book(log);
    let write = |export| {
        let last = bridge.snapshot().messages.last().map_or(0, |message| message.id);
        bridge.export(export, None, folder.clone());
        let told = |s: &Snapshot| s.messages.last().is_some_and(|message| message.id > last);
        wait_for(&bridge, told).messages.last().unwrap().text.clone()
    };
    let sheet = || {
        write(Export::TakeSheet);
        let mut sheets: Vec<_> =
            std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
        sheets.retain(|path| path.extension().is_some_and(|extension| extension == "html"));
        sheets.sort_by_key(|path| std::fs::metadata(path).unwrap().modified().unwrap());
        let text = std::fs::read_to_string(sheets.last().unwrap()).unwrap();
        sheets.iter().for_each(|path| std::fs::remove_file(path).unwrap());
        text
    };
    let live = sheet();
    assert!(live.contains("1 covered, 0 clean"), "{live}");
    let refused = write(Export::Midi);
    assert!(refused.contains("its notes are not in the book"), "{refused}");
    bridge.edit_book(Edit::Reject { take: 1, rejected: true });
    let rejected = sheet();
    assert!(rejected.contains("0 covered, 0 clean"), "{rejected}");
    std::fs::remove_dir_all(&folder).unwrap();
}

/// A host lays what it records earlier than a plugin hears it, and tells no plugin by how much.
#[test]
fn what_is_written_lies_earlier_by_the_recording_latency_and_never_before_the_timelines_start() {
    let bridge = Bridge::default();
    let folder = std::env::temp_dir().join(format!("colla-parte-latency-{}", std::process::id()));
    bridge.load_score(source("tiny.musicxml", TINY_SCORE));
    let snapshot = wait_for(&bridge, |snapshot| snapshot.score.is_some());
    let grid = snapshot.score.as_ref().unwrap().grid;
    let mut log = SessionLog::new(3);
    for host_start_s in [Some(30.0), Some(0.1), Some(-2.0), None] {
        log.add(Recorded { host_start_s, ..tiny_take(grid) }).unwrap();
    }
    bridge.restore_book(log);
    wait_for(&bridge, |snapshot| snapshot.book.coverage.first().is_some_and(|step| step.takes.len() == 4));
    let kept = bridge.with_book(SessionLog::clone);
    let write = |export: Export, take: u32| {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        let last = bridge.snapshot().messages.last().map_or(0, |message| message.id);
        bridge.export(export, Some(take), folder.clone());
        wait_for(&bridge, |s| s.messages.last().is_some_and(|message| message.id > last));
    };
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let text = |name: &str| String::from_utf8(read(name)).unwrap();
    // Of each take: start, end, the stretch's start and end.
    let takes = || -> Vec<[f64; 4]> {
        write(Export::TakeSheet, 1);
        let json: serde_json::Value = serde_json::from_slice(&read("tiny takes.json")).unwrap();
        let times = |of: &serde_json::Value| ["start_s", "end_s"].map(|name| of[name].as_f64().unwrap());
        let take = |take: &serde_json::Value| {
            let ([start, end], [from, to]) = (times(take), times(&take["stretches"][0]));
            [start, end, from, to]
        };
        json["takes"].as_array().unwrap().iter().map(take).collect()
    };
    let end_to_end = takes()[3];
    let told = vec![[30.0, 33.0, 30.25, 32.25], [0.1, 3.1, 0.35, 2.35], [-2.0, 1.0, -1.75, 0.25], end_to_end];
    assert_eq!(takes(), told);
    bridge.set_recording_latency(400.0);
    assert_eq!(bridge.recording_latency_ms(), 400.0);
    let earlier =
        vec![[29.6, 32.6, 29.85, 31.85], [0.0, 2.7, 0.0, 1.95], [-2.0, 0.6, -2.0, -0.15], end_to_end];
    assert_eq!(takes(), earlier, "takes that are there already, too");

    write(Export::Markers, 1);
    assert!(text("tiny labels.txt").contains("29.850000\t31.850000\ttake 1"), "{}", text("tiny labels.txt"));
    assert!(text("tiny markers.csv").contains("0.000000,1.950000"), "{}", text("tiny markers.csv"));
    let ticks = |name: &str| -> Vec<u32> {
        let file = read(name);
        let midi = midly::Smf::parse(&file).unwrap();
        let (mut tick, mut ons) = (0, Vec::new());
        for event in &midi.tracks[0] {
            tick += event.delta.as_int();
            if let midly::TrackEventKind::Midi { message: midly::MidiMessage::NoteOn { .. }, .. } = event.kind
            {
                ons.push(tick);
            }
        }
        ons
    };
    // 1,920 ticks a second.
    write(Export::Midi, 1);
    assert_eq!(ticks("tiny take 1.mid"), [57_312, 59_232]);
    // Half of the first note is in the recording; where the host itself began before zero, MIDI has no such time.
    write(Export::Midi, 2);
    assert_eq!(ticks("tiny take 2.mid"), [0, 1_824]);
    write(Export::EditPlan, 1);
    let edl = text("tiny edit.edl");
    let exact = edl.lines().find(|line| line.starts_with("* EXACT SOURCE")).unwrap();
    let takes_number: usize = edl.split("* TAKE ").nth(1).unwrap()[..1].parse().unwrap();
    let [_, _, from, _] = earlier[takes_number - 1];
    assert_eq!(exact.split(' ').nth(3).unwrap().parse::<f64>().unwrap(), from, "{edl}");
    // The map's first beat is played at 29.85 s; of the second take only what is in the recording has a tempo.
    for (take, first_s) in [(1, 29.85), (2, 0.95)] {
        write(Export::TempoMap, take);
        let file = read(&format!("tiny take {take} tempo.mid"));
        let midi = midly::Smf::parse(&file).unwrap();
        let (mut seconds, mut tempo) = (0.0, 0.0);
        let mut changes = midi.tracks[0].iter().filter_map(|event| {
            seconds += f64::from(event.delta.as_int()) / 960.0 * tempo;
            match event.kind {
                midly::TrackEventKind::Meta(midly::MetaMessage::Tempo(us)) => {
                    tempo = f64::from(us.as_int()) / 1e6;
                    Some(seconds)
                }
                _ => None,
            }
        });
        let second = changes.nth(1).unwrap();
        assert!(
            (second - first_s).abs() < 1e-3,
            "take {take}: the tempo of the playing begins at {second} s"
        );
    }

    // What the book keeps is what the host told, so that all is as before without a latency.
    assert_eq!(
        bridge.with_book(SessionLog::clone).entries().collect::<Vec<_>>(),
        kept.entries().collect::<Vec<_>>()
    );
    bridge.set_recording_latency(f32::NAN);
    assert_eq!((bridge.recording_latency_ms(), takes()), (0.0, told));
    bridge.set_recording_latency(1e9);
    assert_eq!(bridge.recording_latency_ms(), *RECORDING_LATENCY_RANGE_MS.end());
    std::fs::remove_dir_all(&folder).unwrap();
}
