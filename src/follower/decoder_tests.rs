//! Laws of the posterior, and the fast recursion beside the plain one.

#[path = "oracle.rs"]
mod oracle;

use super::Decoder;
use crate::follower::FollowerSettings;
use crate::follower::events::ScoreEvents;
use crate::follower::observation::{Evidence, Strike};
use crate::follower::relocate::Destinations;
use crate::score::{NoteId, Ornament, PathNote, PathStep, PlayingPath};
use crate::units::{Beats, Pitch};
use oracle::{Enumeration, Forward, Model};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// A path of one note a beat.
fn path(pitches: &[u8]) -> PlayingPath {
    let mut path = PlayingPath::default();
    for (n, &pitch) in pitches.iter().enumerate() {
        let onset = Beats::whole(n as i64);
        path.steps.push(PathStep {
            measure: n as u32,
            number: n.to_string(),
            pass: 1,
            start: onset,
            length: Beats::whole(1),
            meter: (1, 4),
        });
        path.notes.push(PathNote {
            id: NoteId(n as u32),
            step: n as u32,
            onset,
            duration: Beats::whole(1),
            pitch: Pitch(pitch),
            part: 0,
            staff: 1,
            grace: false,
            fermata: false,
            ornament: Ornament::Plain,
        });
    }
    path
}

proptest! {
    #[test]
    fn probabilities_sum_to_one_whatever_is_struck(
        pitches in prop::collection::vec(40u8..90, 2..24),
        strikes in prop::collection::vec((0u32..4, 0usize..88, 0.1f32..8000.0), 1..200),
    ) {
        let settings = FollowerSettings::default();
        let events = ScoreEvents::new(&path(&pitches), |_| true);
        let places = Destinations::new(&events);
        let mut decoder = Decoder::new(&events, &settings);
        for (hop, &(count, key, odds)) in strikes.iter().enumerate() {
            let strikes =
                (0..count as usize).map(|n| Strike { key: (key + 3 * n) % 88, odds, offset: 0.0 }).collect();
            let evidence = Evidence { strikes, quiet: count == 0 };
            decoder.advance(&events, &places, &settings, &evidence, hop as f32 * 7.0);
            let sum = decoder.hypotheses.masses().iter().sum::<f32>() + decoder.rest + decoder.stray;
            prop_assert!((sum - 1.0).abs() < 1e-4, "{sum}");
            prop_assert!(decoder.hypotheses.masses().iter().all(|&mass| mass >= 0.0));
        }
    }
}

/// A path of chords, three quarters of a beat apart.
fn chords(chords: &[Vec<u8>]) -> PlayingPath {
    let mut notes = Vec::new();
    for (n, chord) in chords.iter().enumerate() {
        let onset = Beats::new(3 * n as i64, 4).unwrap();
        notes.extend(chord.iter().map(|&pitch| (onset, Beats::new(3, 4).unwrap(), Pitch(pitch))));
    }
    PlayingPath::from_notes((4, 4), &notes)
}

/// Playing through a score as (event, hops to wait before it, keys left out, odds), with anything in between.
type Playing = Vec<(usize, u32, u8, f32, Option<usize>)>;

fn playing(longest: usize) -> impl Strategy<Value = Playing> {
    let step = prop_oneof![8 => Just(usize::MAX), 1 => 0usize..40];
    let odds = prop_oneof![3 => 500.0f32..8000.0, 1 => 0.2f32..30.0];
    let strike =
        (step, 25u32..60, 0u8..4, odds, prop_oneof![4 => Just(None), 1 => (0usize..88).prop_map(Some)]);
    prop::collection::vec(strike, 1..longest)
}

/// What is heard of `playing`: hops and their evidence.
fn heard(events: &ScoreEvents, playing: &Playing) -> Vec<(f32, Evidence)> {
    let (mut now, mut next) = (0.0, 0);
    let mut hops = Vec::new();
    for &(to, wait, left_out, odds, extra) in playing {
        for _ in 0..wait {
            hops.push((now, Evidence { strikes: Vec::new(), quiet: wait > 50 }));
            now += 1.0;
        }
        let event = if to == usize::MAX { next } else { to } % events.len();
        next = event + 1;
        let keys = (0..88).filter(|key| events.keys[event] >> key & 1 == 1).skip(usize::from(left_out == 3));
        let mut keys: Vec<usize> = keys.chain(extra).collect();
        keys.dedup();
        let strikes = keys.into_iter().map(|key| Strike { key, odds, offset: 0.0 }).collect();
        hops.push((now, Evidence { strikes, quiet: false }));
        now += 1.0;
    }
    hops
}

#[test]
fn the_fast_recursion_is_the_plain_one() {
    let mut runner = TestRunner::new_with_rng(
        Config { cases: 60, failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let score = prop::collection::vec(prop::collection::btree_set(40u8..76, 1..4), 2..45);
    let settings = FollowerSettings::default();
    let worst = std::cell::Cell::new(0.0f64);
    runner
        .run(&(score, playing(24)), |(score, playing)| {
            let score: Vec<Vec<u8>> = score.into_iter().map(|chord| chord.into_iter().collect()).collect();
            let mut events = ScoreEvents::new(&chords(&score), |_| true);
            events.fermata[score.len() / 2] = true;
            events.rolled[score.len() / 3] = true;
            let places = Destinations::new(&events);
            let mut fast = Decoder::new(&events, &settings);
            let mut plain = Forward::new(Model { events: &events, places: &places, settings: &settings });
            for (now, evidence) in heard(&events, &playing) {
                fast.advance(&events, &places, &settings, &evidence, now);
                plain.advance(&evidence, now.into());
                let plainly = plain.mass.iter().map(|clocks| clocks.iter().sum::<f64>());
                for (event, (&a, b)) in fast.hypotheses.masses().iter().zip(plainly).enumerate() {
                    worst.set(worst.get().max((f64::from(a) - b).abs()));
                    prop_assert!((f64::from(a) - b).abs() < 1e-5, "hop {now}, event {event}: {a}, not {b}");
                }
                prop_assert!(
                    (f64::from(fast.rest) - plain.rest).abs() < 1e-5,
                    "{} {}",
                    fast.rest,
                    plain.rest
                );
                prop_assert!(
                    (f64::from(fast.stray) - plain.stray).abs() < 1e-5,
                    "{} {}",
                    fast.stray,
                    plain.stray
                );
            }
            Ok(())
        })
        .unwrap();
    println!("greatest difference of a probability: {:e}", worst.get());
}

#[test]
fn the_best_way_is_the_best_of_all_ways() {
    let settings = FollowerSettings::default();
    // Event and hop of each strike; the score is four notes, 75 hops a beat at the tempo taken.
    let path = path(&[60, 64, 67, 72]);
    let events = ScoreEvents::new(&path, |_| true);
    let places = Destinations::new(&events);
    let notes = [60usize, 64, 67, 72].map(|pitch| pitch - 21);
    let takes: [&[(usize, f32)]; 6] = [
        &[(0, 5.0), (1, 55.0), (2, 105.0), (3, 155.0)],
        &[(0, 5.0), (2, 105.0), (3, 155.0)],
        &[(0, 5.0), (0, 55.0), (1, 105.0), (2, 155.0)],
        &[(2, 5.0), (3, 55.0), (0, 155.0), (1, 205.0)],
        &[(1, 5.0), (2, 45.0), (3, 95.0), (3, 195.0)],
        &[(3, 5.0), (0, 25.0), (1, 75.0), (3, 175.0)],
    ];
    for take in takes {
        let mut hops: Vec<(f64, Evidence)> = (0..22)
            .map(|n| (f64::from(n * 10) + 5.0, Evidence { strikes: Vec::new(), quiet: false }))
            .collect();
        for &(event, at) in take {
            let hop = hops.iter_mut().find(|hop| hop.0 >= f64::from(at)).unwrap();
            hop.1.strikes.push(Strike { key: notes[event], odds: 2000.0, offset: 0.0 });
        }
        hops.retain(|(at, evidence)| !evidence.strikes.is_empty() || *at % 20.0 == 5.0);
        let mut decoder = Decoder::with_history(&events, &settings);
        for (now, evidence) in &hops {
            decoder.advance(&events, &places, &settings, evidence, *now as f32);
        }
        let model = Model { events: &events, places: &places, settings: &settings };
        let (weight, way) = Enumeration::best_way(model, &hops);
        let found: Vec<(usize, f64)> = decoder.best_way().iter().map(|&(e, at)| (e, at.into())).collect();
        assert_eq!(found, way, "played {take:?}; weight of the best way {weight:e}");
    }
}
