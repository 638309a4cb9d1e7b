//! The bridge under load, resets and a misbehaving engine.

use super::channel::{Connections, rings};
use super::command::Command;
use super::shared::Shared;
use super::stream::Stream;
use super::worker::{SNAPSHOT_EVERY, Worker};
use super::*;
use crate::engine::{EngineConfig, EngineEvent, FollowCommand};
use crate::performance::{AlignedBeat, NoteEvent, PlayedNote, Stretch, Take};
use crate::score::{Choice, PlayingPath};
use crate::takes::Recorded;
use crate::units::{Pitch, SampleIndex, Seconds};
use crossbeam_channel::unbounded;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub(super) const RATE_HZ: f64 = 8_000.0;

/// A sample of this value makes [`Toy`] panic.
const POISON: f32 = 0.75;

/// An engine of which everything is known: a sample of 0.5 strikes the pitch of its sensitivity times 100, a sample
/// of -0.5 ends it, a gap ends it too, and it panics at [`POISON`].
struct Toy {
    now: u64,
    pitch: Pitch,
}

impl Toy {
    fn off(&self) -> EngineEvent {
        let at = SampleIndex(self.now).seconds(RATE_HZ);
        EngineEvent::Note(NoteEvent::Off { pitch: self.pitch, at, emitted: at })
    }
}

impl Stream for Toy {
    fn start(config: &EngineConfig, _rate_hz: f64) -> Result<Toy, String> {
        Ok(Toy { now: 0, pitch: Pitch((config.sensitivity * 100.0) as u8) })
    }

    fn configure(&mut self, config: &EngineConfig) {
        self.pitch = Pitch((config.sensitivity * 100.0) as u8);
    }

    fn set_score(&mut self, _path: Option<Arc<PlayingPath>>) {}

    fn command(&mut self, _command: FollowCommand) {}

    fn push(&mut self, samples: &[f32], events: &mut Vec<EngineEvent>) {
        for &sample in samples {
            assert!(sample != POISON, "poisoned");
            if sample == 0.5 {
                let at = SampleIndex(self.now).seconds(RATE_HZ);
                let (pitch, velocity) = (self.pitch, 64);
                events.push(EngineEvent::Note(NoteEvent::On { pitch, velocity, at, emitted: at }));
            } else if sample == -0.5 {
                events.push(self.off());
            }
            self.now += 1;
        }
    }

    fn gap(&mut self, missing: u64, events: &mut Vec<EngineEvent>) {
        events.push(self.off());
        self.now += missing;
    }

    fn finish(&mut self, _events: &mut Vec<EngineEvent>) {}

    fn reset(&mut self) {
        self.now = 0;
    }
}

/// Pushes `blocks`, waits for the worker after each, and returns what came out with its sample.
fn play(end: &mut RealtimeEnd, blocks: &[&[f32]]) -> Vec<(u64, ReadyKind)> {
    let mut schedule = Schedule::new(64);
    let mut sent = Vec::new();
    for block in blocks {
        let start = end.now();
        end.push(block, None, 1.0);
        assert!(end.wait(Duration::from_secs(20)), "the worker never finished");
        end.collect(&mut schedule, Timing::Live, start);
        schedule.take_until(end.now(), |due, kind| sent.push((due, kind)));
    }
    sent
}

pub(super) fn connect(bridge: &Bridge) -> RealtimeEnd {
    bridge.connect_with::<Toy>(RATE_HZ, 512).expect("a thread")
}

/// Silence with marks in it.
pub(super) fn signal(length: usize, marks: &[(usize, f32)]) -> Vec<f32> {
    let mut samples = vec![0.0; length];
    for &(at, value) in marks {
        samples[at] = value;
    }
    samples
}

fn on(pitch: u8) -> ReadyKind {
    ReadyKind::NoteOn { pitch, velocity: 64 }
}

fn off(pitch: u8) -> ReadyKind {
    ReadyKind::NoteOff { pitch }
}

#[test]
fn events_come_back_at_their_sample_whatever_the_blocks() {
    let samples = signal(4000, &[(100, 0.5), (900, -0.5), (901, 0.5), (3999, -0.5)]);
    let expected = [(100, on(50)), (900, off(50)), (901, on(50)), (3999, off(50))];
    for block in [1, 7, 64, 500, 4000] {
        let bridge = Bridge::default();
        let mut end = connect(&bridge);
        let blocks: Vec<&[f32]> = samples.chunks(block).collect();
        assert_eq!(play(&mut end, &blocks), expected, "blocks of {block}");
    }
}

#[test]
fn a_restart_sets_time_to_zero_and_forgets_what_was_before() {
    let bridge = Bridge::default();
    let mut end = connect(&bridge);
    let first = signal(512, &[(10, 0.5)]);
    assert_eq!(play(&mut end, &[&first]).len(), 1);
    // Events of before the restart are still in the ring when it happens.
    end.push(&signal(512, &[(20, -0.5), (30, 0.5)]), None, 1.0);
    assert!(end.wait(Duration::from_secs(20)));
    end.restart();
    assert_eq!(end.now(), 0);
    assert_eq!(play(&mut end, &[&first]), [(10, on(50))]);
}

#[test]
fn settings_reach_the_engine_before_the_audio_that_follows() {
    let bridge = Bridge::default();
    let mut end = connect(&bridge);
    let block = signal(512, &[(10, 0.5), (20, -0.5)]);
    assert_eq!(play(&mut end, &[&block])[0].1, on(50));
    bridge.settings().store(&EngineConfig { sensitivity: 0.25, ..EngineConfig::default() });
    assert_eq!(play(&mut end, &[&block])[0].1, on(25));
}

#[test]
fn a_panic_ends_what_sounds_and_another_engine_takes_over() {
    let bridge = Bridge::default();
    let mut end = connect(&bridge);
    assert_eq!(play(&mut end, &[&signal(512, &[(10, 0.5)])]), [(10, on(50))]);
    let ended = play(&mut end, &[&signal(512, &[(100, POISON)]), &signal(512, &[])]);
    assert_eq!(
        ended.iter().map(|event| event.1).collect::<Vec<_>>(),
        [off(50), ReadyKind::Pedal { down: false }]
    );
    let again = play(&mut end, &[&signal(512, &[(0, 0.5)])]);
    assert_eq!(again, [(3 * 512, on(50))], "the new engine's time is not the stream's");
    let snapshot = wait_for(&bridge, |snapshot| snapshot.overload.restarts == 1);
    assert!(snapshot.messages.iter().any(|message| message.text.contains("the engine failed")));
}

#[test]
fn an_engine_that_always_fails_is_stopped_and_audio_still_flows() {
    let bridge = Bridge::default();
    let mut end = connect(&bridge);
    for _ in 0..20 {
        assert!(play(&mut end, &[&signal(64, &[(0, POISON)])]).is_empty());
    }
    let snapshot = wait_for(&bridge, |snapshot| snapshot.overload.restarts >= 5);
    assert_eq!(snapshot.overload.restarts, 5);
}

#[test]
fn only_an_activation_that_is_over_at_once_comes_to_nothing() {
    for (played, over, expected) in
        [(0, true, true), (700, true, true), (900, true, false), (0, false, false)]
    {
        let (mut audio, worker) = rings(RATE_HZ, 512);
        for _ in 0..played {
            audio.samples.push(0.0).expect("room");
        }
        let kept = (!over).then_some(audio);
        assert_eq!(worker.came_to_nothing(), expected, "{played} samples, over: {over}");
        drop(kept);
    }
    // The one that follows such activations is listened to.
    let bridge = Bridge::default();
    for _ in 0..50 {
        drop(connect(&bridge));
    }
    let mut end = connect(&bridge);
    assert_eq!(play(&mut end, &[&signal(200, &[(100, 0.5)])]), [(100, on(50))]);
}

#[test]
fn activations_that_came_to_nothing_do_not_wait_for_the_worker() {
    let connections = Connections::default();
    let mut kept = Vec::new();
    for (n, rate_hz) in [1.0, 2.0, 3.0, 4.0].map(|n| n * RATE_HZ).into_iter().enumerate() {
        let (audio, half) = rings(rate_hz, 512);
        let mut end = RealtimeEnd::new(audio, std::thread::current(), rate_hz);
        // The first played a second and is over, the second and third are over at once, the fourth runs.
        if n == 0 {
            (0..(rate_hz as usize / 512)).for_each(|_| end.push(&[0.5; 512], None, 1.0));
        }
        connections.offer(half);
        if n == 3 {
            kept.push(end);
        }
    }
    let waiting: Vec<f64> = std::iter::from_fn(|| connections.next()).map(|half| half.rate_hz).collect();
    assert_eq!(waiting, [RATE_HZ, 4.0 * RATE_HZ]);
}

#[test]
fn a_full_ring_drops_audio_counts_it_and_keeps_the_time() {
    let shared = Arc::new(Shared::default());
    let (commands, requests) = crossbeam_channel::unbounded();
    let (audio, worker_half) = rings(RATE_HZ, 512);
    let mut end = RealtimeEnd::new(audio, std::thread::current(), RATE_HZ);
    // Ten seconds while nobody listens; the ring holds four.
    let block = signal(500, &[(0, 0.5)]);
    for _ in 0..160 {
        end.push(&block, None, 1.0);
    }
    let worker = std::thread::spawn({
        let (shared, requests) = (shared.clone(), requests.clone());
        move || Worker::<Toy>::new(shared, requests).run()
    });
    shared.connections.offer(worker_half);
    commands.send(Command::Connect).unwrap();
    assert!(end.wait(Duration::from_secs(20)));
    let late = signal(500, &[(7, -0.5)]);
    end.push(&late, None, 1.0);
    assert!(end.wait(Duration::from_secs(20)));
    let mut schedule = Schedule::new(4096);
    let mut last = None;
    end.collect(&mut schedule, Timing::Live, 0);
    schedule.take_until(u64::MAX, |due, kind| last = Some((due, kind)));
    // The stream's clock ran on through the gap.
    assert_eq!(last, Some((160 * 500 + 7, off(50))));
    commands.send(Command::Stop).unwrap();
    worker.join().unwrap();
    let dropped = 160 * 500 - 32_000;
    let bridge_view = shared.snapshot();
    assert_eq!(bridge_view.overload.dropped_samples, dropped);
}

#[test]
fn samples_that_are_no_sound_become_silence_and_are_counted() {
    let bridge = Bridge::default();
    let mut end = connect(&bridge);
    let mut block = signal(64, &[(9, 0.5)]);
    block[3] = f32::NAN;
    block[4] = f32::NEG_INFINITY;
    block[5] = f32::MIN_POSITIVE / 2.0;
    assert_eq!(play(&mut end, &[&block]), [(9, on(50))]);
    let snapshot = wait_for(&bridge, |snapshot| snapshot.overload.invalid_samples > 0);
    assert_eq!(snapshot.overload.invalid_samples, 3);
}

#[test]
fn a_file_that_is_no_score_leaves_a_message_and_the_present_score() {
    let bridge = Bridge::default();
    let _end = connect(&bridge);
    bridge.load_score(source("tiny.musicxml", TINY_SCORE));
    let snapshot = wait_for(&bridge, |snapshot| snapshot.score.is_some());
    assert_eq!(snapshot.score.as_ref().unwrap().path.notes.len(), 1);
    bridge.load_score(source("broken.xml", "<score-partwise>"));
    let snapshot = wait_for(&bridge, |snapshot| !snapshot.messages.is_empty());
    assert!(snapshot.messages[0].text.starts_with("broken.xml: "), "{:?}", snapshot.messages);
    assert_eq!(snapshot.score.as_ref().unwrap().source.name, "tiny.musicxml");
    assert_eq!(bridge.score_source().unwrap().name, "tiny.musicxml");
    bridge.load_score_file(std::env::temp_dir());
    wait_for(&bridge, |snapshot| snapshot.messages.last().unwrap().text.contains("found a folder"));
    bridge.load_score_file("/no such folder/score.xml".into());
    wait_for(&bridge, |snapshot| snapshot.messages.last().unwrap().text.contains("no such folder"));
}

/// A take of two notes in the tiny score's only measure, from 30 s of the host's timeline on.
pub(super) fn tiny_take(grid: u64) -> Recorded {
    let note = |at: f64, pitch: u8| PlayedNote {
        onset: Seconds(at),
        offset: Seconds(at + 0.5),
        pitch: Pitch(pitch),
        velocity: 80,
        emitted: Seconds(at),
    };
    let beat = |beat: f64| AlignedBeat { beat, time: Seconds(0.25 + 0.5 * beat), confidence: 1.0 };
    let (start, end) = (Seconds(0.25), Seconds(2.25));
    let stretch = Stretch { start, end, from_step: 0, to_step: 0, from_beat: 0.0, to_beat: 4.0 };
    let beats = vec![beat(0.0), beat(2.0), beat(4.0)];
    Recorded {
        take: Take { stretches: vec![stretch], beats, ..Take::plain(Seconds(0.0), Seconds(3.0)) },
        notes: vec![note(0.25, 60), note(1.25, 62)],
        rate_hz: RATE_HZ,
        host_start_s: Some(30.0),
        began_unix_s: 0,
        grid,
        exact: true,
    }
}

/// An open editor draws when it is told to. Told too rarely it lies, told too often it heats the room.
#[test]
fn whoever_watches_is_told_of_news_and_of_nothing_else() {
    let shared = Arc::new(Shared::default());
    let (commands, requests) = unbounded();
    let mut worker = Worker::<Toy>::new(shared.clone(), requests);
    let (audio, half) = rings(RATE_HZ, 512);
    let mut end = RealtimeEnd::new(audio, std::thread::current(), RATE_HZ);
    let told = Arc::new(AtomicUsize::new(0));
    let count = told.clone();
    shared.watch.set(Some(Box::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
    })));
    // The worker's rounds, each when it may publish again: how often somebody was told.
    let mut rounds = || {
        let before = told.load(Ordering::Relaxed);
        for _ in 0..6 {
            std::thread::sleep(SNAPSHOT_EVERY);
            assert!(worker.round().is_some());
        }
        told.load(Ordering::Relaxed) - before
    };
    let send = |command| commands.send(command).unwrap();
    shared.connections.offer(half);
    send(Command::Connect);
    assert!(rounds() > 0, "a connection is news");
    assert_eq!(rounds(), 0);
    end.push(&[0.0; 256], None, 1.0);
    assert!(rounds() > 0, "audio is news");
    assert_eq!(rounds(), 0);
    shared.automated.store(true, Ordering::Relaxed);
    assert!(rounds() > 0, "another value of a parameter is news");
    assert_eq!(rounds(), 0);
    send(Command::Look);
    assert_eq!(rounds(), 1, "who asks is answered once");
    send(Command::LoadScore(source("tiny.musicxml", TINY_SCORE)));
    assert!(rounds() > 0, "a score is news");
    assert!(shared.snapshot().score.is_some());
    assert_eq!(rounds(), 0);
    // The second pass enters takes from a thread of its own.
    shared.session().log().add(tiny_take(0)).unwrap();
    assert!(rounds() > 0, "a take is news");
    assert_eq!(shared.snapshot().book.entries.len(), 1);
    assert_eq!(rounds(), 0);
    shared.notice(Severity::Note, "something".into());
    assert!(rounds() > 0, "a message is news");
    shared.watch.set(None);
    end.push(&[0.0; 256], None, 1.0);
    assert_eq!(rounds(), 0, "nobody looks any more");
}

#[test]
fn what_was_set_on_the_follower_is_seen_and_another_score_lifts_the_range() {
    let bridge = Bridge::default();
    let tiny = || source("tiny.musicxml", TINY_SCORE);
    bridge.load_score(tiny());
    bridge.follow(FollowCommand::Hold(true));
    bridge.follow(FollowCommand::Restrict(Some((0.0, 2.0))));
    bridge.arm(false);
    wait_for(&bridge, |snapshot| {
        snapshot.held && snapshot.range == Some((0.0, 2.0)) && !snapshot.armed && snapshot.score.is_some()
    });
    bridge.load_score(tiny());
    wait_for(&bridge, |snapshot| snapshot.held && snapshot.range.is_none());
}

#[test]
fn a_chosen_file_is_loaded_and_a_choice_that_is_open_holds_up_nothing() {
    let bridge = Bridge::default();
    let mut end = connect(&bridge);
    let file = std::env::temp_dir().join(format!("colla-parte-chosen-{}.musicxml", std::process::id()));
    std::fs::write(&file, TINY_SCORE).unwrap();
    let (choose, choice) = crossbeam_channel::bounded::<Option<std::path::PathBuf>>(0);
    let open = choice.clone();
    bridge.choose_score_file(move || Ok(open.recv().unwrap()));
    // A second one while the first is open: not shown.
    bridge.choose_score_file(|| panic!("two dialogs at once"));
    assert_eq!(play(&mut end, &[&signal(512, &[(10, 0.5)])]), [(10, on(50))]);
    choose.send(Some(file.clone())).unwrap();
    let snapshot = wait_for(&bridge, |snapshot| snapshot.score.is_some());
    std::fs::remove_file(&file).unwrap();
    assert!(snapshot.messages.is_empty(), "{:?}", snapshot.messages);
    // One that was closed without a choice leaves everything as it is; one that cannot be opened says so.
    bridge.choose_score_file(|| Ok(None));
    while bridge.snapshot().messages.is_empty() {
        bridge.choose_score_file(|| Err("no dialog".into()));
        std::thread::sleep(Duration::from_millis(5));
    }
    let snapshot = bridge.snapshot();
    assert_eq!((snapshot.messages[0].text.as_str(), snapshot.score.is_some()), ("no dialog", true));
    // The bridge does not wait for a choice that nobody makes.
    bridge.choose_score_file(move || Ok(choice.recv().unwrap_or(None)));
    drop(bridge);
    drop(choose);
}

#[test]
fn parts_and_order_can_be_chosen_and_are_kept_with_the_source() {
    let bridge = Bridge::default();
    let _end = connect(&bridge);
    bridge.load_score(source("tiny.musicxml", TINY_SCORE));
    let choice = Choice { parts: "flute".into(), path: "1, 1".into() };
    bridge.choose(choice.clone());
    let beats = |snapshot: &Snapshot| snapshot.score.as_ref().map(|loaded| loaded.path.end().to_f64());
    wait_for(&bridge, |snapshot| beats(snapshot) == Some(8.0));
    assert_eq!(bridge.score_source().unwrap().choice, choice);
    // What does not fit leaves a message, and the present choice.
    bridge.choose(Choice { parts: "oboe".into(), path: String::new() });
    let snapshot = wait_for(&bridge, |snapshot| !snapshot.messages.is_empty());
    assert_eq!(snapshot.messages[0].text, "tiny.musicxml: the score has no part \"oboe\", it has: Flute");
    assert_eq!((beats(&snapshot), &bridge.score_source().unwrap().choice), (Some(8.0), &choice));
    bridge.choose(Choice::default());
    wait_for(&bridge, |snapshot| beats(snapshot) == Some(4.0));
}

pub(super) fn source(name: &str, text: &str) -> ScoreSource {
    ScoreSource { name: name.into(), bytes: text.as_bytes().into(), choice: Choice::default() }
}

pub(super) const TINY_SCORE: &str = r#"<?xml version="1.0"?>
<score-partwise version="3.1"><part-list><score-part id="P1"><part-name>Flute</part-name></score-part></part-list>
<part id="P1"><measure number="1"><attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type>
</time></attributes><note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration></note></measure>
</part></score-partwise>"#;

/// Looks until the snapshot is as expected.
pub(super) fn wait_for(bridge: &Bridge, expected: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
    for _ in 0..4000 {
        let snapshot = bridge.snapshot();
        if expected(&snapshot) {
            return snapshot;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("never seen: {:?}", bridge.snapshot());
}
