//! Several instances in one process that share a book.

use super::members::Registry;
use super::shared::Shared;
use super::tests::{RATE_HZ, connect, signal, wait_for};
use super::{Bridge, HostTransport, RealtimeEnd, ScoreSource, Snapshot};
use crate::engine::EngineConfig;
use crate::performance::{Cue, CueMessage};
use crate::score::Choice;
use crate::takes::{Edit, SessionLog};
use std::sync::Arc;
use std::time::Duration;

const BLOCK: usize = 512;

const DUET: &str = r#"<?xml version="1.0"?>
<score-partwise version="3.1"><part-list><score-part id="P1"><part-name>Flute</part-name></score-part>
<score-part id="P2"><part-name>Cello</part-name></score-part></part-list>
<part id="P1"><measure number="1"><attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type>
</time></attributes><note><pitch><step>C</step><octave>5</octave></pitch><duration>4</duration></note></measure></part>
<part id="P2"><measure number="1"><attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type>
</time></attributes><note><pitch><step>C</step><octave>3</octave></pitch><duration>4</duration></note></measure></part>
</score-partwise>"#;

/// One instance on a track that hears one part.
struct Track {
    bridge: Bridge,
    end: RealtimeEnd,
}

impl Track {
    /// On the part of this name, striking this pitch.
    fn new(registry: &Arc<Registry>, part: &str, pitch: f32) -> Track {
        let bridge = Bridge::of(Shared::among(registry.clone()));
        bridge.settings().store(&EngineConfig { sensitivity: pitch / 100.0, ..EngineConfig::default() });
        let end = connect(&bridge);
        bridge.load_score(duet(part));
        wait_for(&bridge, |snapshot| snapshot.score.is_some());
        Track { bridge, end }
    }

    /// Hears a block while the host records, or stands.
    fn hear(&mut self, position: Option<i64>, strikes: bool) {
        let recording = position.is_some();
        self.end.transport(HostTransport { known: true, playing: recording, recording, position }, BLOCK);
        let marks: &[(usize, f32)] = if strikes { &[(10, 0.5), (400, -0.5)] } else { &[] };
        self.end.push(&signal(BLOCK, marks), None, 1.0);
        assert!(self.end.wait(Duration::from_secs(20)), "the worker never finished");
    }

    fn members(&self, count: usize) {
        wait_for(&self.bridge, |snapshot| snapshot.company.members == count);
    }

    fn leads(&self) -> bool {
        self.bridge.snapshot().company.leads
    }

    /// Waits for so many takes, all of them heard twice.
    fn takes(&self, count: usize) -> Vec<Told> {
        let snapshot =
            wait_for(&self.bridge, |snapshot| told(snapshot).is_some_and(|takes| takes.len() == count));
        told(&snapshot).unwrap_or_default()
    }

    /// Waits until the takes, all of them heard twice, are these: what one track heard may come to a take after the other's.
    fn comes_to(&self, takes: &[Told]) {
        wait_for(&self.bridge, |snapshot| told(snapshot).is_some_and(|found| found == takes));
    }
}

/// A take's number, the pitches in it and the parts heard, in order.
type Told = (u32, Vec<u8>, Vec<Vec<u16>>);

/// The takes, once all of them are heard twice.
fn told(snapshot: &Snapshot) -> Option<Vec<Told>> {
    let take = |entry: &Arc<crate::takes::Entry>| {
        let mut pitches: Vec<u8> = entry.recorded.notes.iter().map(|note| note.pitch.0).collect();
        pitches.sort_unstable();
        pitches.dedup();
        let mut parts: Vec<_> = entry.recorded.take.voices.iter().map(|voice| voice.parts.clone()).collect();
        parts.sort_unstable();
        (entry.number, pitches, parts)
    };
    let entries = &snapshot.book.entries;
    entries.iter().all(|entry| entry.recorded.exact).then(|| entries.iter().map(take).collect())
}

fn duet(part: &str) -> ScoreSource {
    let choice = Choice { parts: part.into(), path: String::new() };
    ScoreSource { name: "duet.musicxml".into(), bytes: DUET.as_bytes().into(), choice }
}

/// All tracks hear 2 s from `start_s` of the host's timeline on, block by block as a host has it, and then a stop.
fn record(tracks: &mut [&mut Track], start_s: f64) {
    let blocks = (2.0 * RATE_HZ) as usize / BLOCK;
    for n in 0..blocks {
        let position = (start_s * RATE_HZ) as i64 + (n * BLOCK) as i64;
        tracks.iter_mut().for_each(|track| track.hear(Some(position), n == 3));
    }
    for _ in 0..RATE_HZ as usize / BLOCK {
        tracks.iter_mut().for_each(|track| track.hear(None, false));
    }
}

#[test]
fn what_two_tracks_hear_of_one_pass_is_one_take() {
    let registry = Arc::default();
    let mut flute = Track::new(&registry, "Flute", 72.0);
    flute.members(1);
    let mut cello = Track::new(&registry, "Cello", 48.0);
    flute.members(2);
    cello.members(2);
    assert!(flute.leads() && !cello.leads(), "who came first leads");
    record(&mut [&mut flute, &mut cello], 10.0);
    let both = vec![vec![0], vec![1]];
    let first = (1, vec![48, 72], both.clone());
    flute.comes_to(std::slice::from_ref(&first));
    cello.comes_to(std::slice::from_ref(&first));
    // From the same place once more, and once more for the cello alone.
    record(&mut [&mut cello, &mut flute], 10.0);
    flute.bridge.arm(false);
    record(&mut [&mut flute, &mut cello], 30.0);
    let all = [first, (2, vec![48, 72], both), (3, vec![48], vec![vec![1]])];
    flute.comes_to(&all);
    cello.comes_to(&all);
    // What one user says, all see; and so what is undone.
    cello.bridge.edit_book(Edit::Stars { take: 2, stars: 3 });
    wait_for(&flute.bridge, |snapshot| snapshot.book.entries[1].remarks.stars == 3);
    flute.bridge.undo();
    wait_for(&cello.bridge, |snapshot| snapshot.book.entries[1].remarks.stars == 0);
}

#[test]
fn the_leader_goes_and_nothing_is_lost() {
    let registry = Arc::default();
    let mut flute = Track::new(&registry, "Flute", 72.0);
    let mut cello = Track::new(&registry, "Cello", 48.0);
    let mut both = Track::new(&registry, "", 60.0);
    [&flute, &cello, &both].iter().for_each(|track| track.members(3));
    let cue = Cue::at(2.0, "A".into(), CueMessage::Control { number: 20, value: 1 });
    flute.bridge.edit_book(Edit::Cues(vec![cue.clone()]));
    // In the middle of a pass the leader's track is deleted.
    let blocks = (2.0 * RATE_HZ) as usize / BLOCK;
    for n in 0..blocks {
        let position = Some((n * BLOCK) as i64);
        flute.hear(position, n == 3);
        cello.hear(position, n == 5);
        both.hear(position, n == 6);
    }
    drop(flute);
    cello.members(2);
    wait_for(&cello.bridge, |snapshot| snapshot.company.leads);
    assert!(!both.leads());
    for n in blocks..2 * blocks {
        let position = Some((n * BLOCK) as i64);
        cello.hear(position, n == blocks + 3);
        both.hear(position, false);
    }
    for _ in 0..RATE_HZ as usize / BLOCK {
        cello.hear(None, false);
        both.hear(None, false);
    }
    cello.comes_to(&[(1, vec![48, 60, 72], vec![vec![0], vec![0, 1], vec![1]])]);
    let book = cello.bridge.with_book(SessionLog::clone);
    let length = book.entries().next().unwrap().recorded.take.end.0;
    assert!((length - 4.0).abs() < 0.1, "the take goes on: {length} s");
    assert_eq!(book.cues(), [cue]);
    // The next take lies after it, and the last one goes on alone.
    drop(cello);
    both.members(1);
    record(&mut [&mut both], 60.0);
    assert_eq!(both.takes(2)[1], (2, vec![60], vec![]));
}

#[test]
fn whichever_instance_saved_the_book_is_there_once() {
    let registry = Arc::default();
    let mut flute = Track::new(&registry, "Flute", 72.0);
    let mut cello = Track::new(&registry, "Cello", 48.0);
    cello.members(2);
    record(&mut [&mut flute, &mut cello], 0.0);
    flute.takes(1);
    let saved = flute.bridge.with_book(SessionLog::clone);
    record(&mut [&mut flute, &mut cello], 20.0);
    flute.takes(2);
    let later = cello.bridge.with_book(SessionLog::clone);
    drop((flute, cello));
    let both = [vec![0], vec![1]];
    for (one, other) in [(&saved, &later), (&later, &saved)] {
        let registry = Arc::default();
        let a = Bridge::of(Shared::among(Arc::clone(&registry)));
        let b = Bridge::of(Shared::among(registry));
        // The host restores one after the other; the scores are read meanwhile.
        a.load_score(duet("Flute"));
        a.restore_book(one.clone());
        b.restore_book(other.clone());
        b.load_score(duet("Cello"));
        for bridge in [&a, &b] {
            wait_for(bridge, |snapshot| snapshot.company.members == 2 && snapshot.book.entries.len() == 2);
            let entries: Vec<_> = bridge.with_book(|log| log.entries().cloned().collect());
            assert_eq!(entries.len(), 2);
            let voices = entries[0].recorded.take.voices.iter().map(|voice| voice.parts.clone());
            assert_eq!(voices.collect::<Vec<_>>(), both);
        }
        // Another project's book is nobody else's.
        let mut other = SessionLog::new(99);
        other.add(super::tests::tiny_take(0)).unwrap();
        b.restore_book(other);
        wait_for(&b, |snapshot| snapshot.company.members == 1);
        assert_eq!(b.with_book(SessionLog::id), 99);
        wait_for(&a, |snapshot| snapshot.company.members == 1 && snapshot.book.entries.len() == 2);
    }
}

#[test]
fn other_scores_other_books_and_who_does_not_share_stay_alone() {
    let registry = Arc::default();
    let flute = Track::new(&registry, "Flute", 72.0);
    let cello = Track::new(&registry, "Cello", 48.0);
    cello.members(2);
    cello.bridge.share_book(false);
    cello.members(0);
    flute.members(1);
    cello.bridge.share_book(true);
    cello.members(2);
    flute.members(2);
    // Another order of the measures is another score.
    let other = Bridge::of(Shared::among(registry));
    let choice = Choice { parts: String::new(), path: "1, 1".into() };
    other.load_score(ScoreSource { choice, ..duet("") });
    wait_for(&other, |snapshot| snapshot.score.is_some() && snapshot.company.members == 1);
    other.load_score(duet(""));
    flute.members(3);
}
