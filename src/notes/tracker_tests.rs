//! The tracker's laws: what is struck begins once, what begins ends.

use super::*;
use crate::units::FrameIndex;
use proptest::prelude::*;

fn config() -> TrackerConfig {
    TrackerConfig {
        onset: 0.5,
        restrike: 0.6,
        sure_early: 1.1,
        at_rise: false,
        restrike_gap_frames: 4,
        sure: 1.1,
        sounding_confirm: 0.4,
        confirm_frames: 3,
        soft: 0.7,
        soft_frames: 6,
        soft_onset: 0.0,
        sounding_end: 0.3,
        end_frames: 3,
        sounding_sure: 0.3,
        end_shift_s: 0.0,
        release: 0.9,
        ghost: 0.7,
        ghost_ratio: 1.3,
        ghost_frames: 2,
        polyphony: 4,
        onset_shift_s: 0.0,
    }
}

/// Runs frames given as (onset, sounding) for a few keys, then ends.
fn run(frames: usize, evidence: impl Fn(usize, usize) -> (f32, f32)) -> Vec<NoteEvent> {
    run_with(config(), frames, evidence)
}

#[test]
fn the_surer_a_strike_is_the_sooner_it_is_told() {
    let config = TrackerConfig {
        onset: 0.4,
        restrike: 0.4,
        sure_early: 0.8,
        sure: 0.7,
        at_rise: true,
        sounding_confirm: 0.5,
        confirm_frames: 4,
        soft_frames: 0,
        ..config()
    };
    let mut tracker = NoteTracker::new(config);
    let mut events = vec![];
    // Strikes at frame 10, by key: surest, sure, to be heard first, known to a later judgement only, never heard.
    let strikes = [[0.9, 0.7, 0.6, 0.1, 0.5], [0.9, 0.8, 0.6, 0.1, 0.5], [0.9, 0.9, 0.6, 0.6, 0.5]];
    let judged = |n: usize, strikes: [f32; 5]| {
        let mut frame = PosteriorFrame::silent(FrameIndex(n as u64));
        for (key, strike) in [30, 40, 50, 60, 70].into_iter().zip(strikes) {
            frame.onset[key] = if n == 10 || n == 11 { strike } else { 0.0 };
            frame.sounding[key] = if n >= 12 && key < 70 { 0.9 } else { 0.2 };
        }
        frame
    };
    for n in 2..30 {
        let others = [judged(n + 1, strikes[0]), judged(n - 1, strikes[2])];
        let emitted = Seconds(n as f64 * HOP_S + 0.03);
        tracker.step(&judged(n, strikes[1]), &others, emitted, &mut events);
    }
    let on = |event: &NoteEvent| match *event {
        NoteEvent::On { pitch, at, emitted, .. } => Some((pitch, at.0, (emitted.0 * 100.0).round())),
        _ => None,
    };
    let told: Vec<_> = events.iter().filter_map(on).collect();
    let expected = [(30, 12.0), (40, 13.0), (50, 15.0), (60, 15.0)];
    assert_eq!(told, expected.map(|(key, emitted)| (Pitch::from_key(key), 0.1, emitted)));
}

fn run_with(
    config: TrackerConfig,
    frames: usize,
    evidence: impl Fn(usize, usize) -> (f32, f32),
) -> Vec<NoteEvent> {
    let mut tracker = NoteTracker::new(config);
    let mut events = vec![];
    for n in 0..frames {
        let mut frame = PosteriorFrame::silent(FrameIndex(n as u64));
        for k in 0..KEYS {
            (frame.onset[k], frame.sounding[k]) = evidence(n, k);
            frame.velocity[k] = 0.5;
        }
        tracker.step(&frame, &[], Seconds(n as f64 * HOP_S + 0.03), &mut events);
    }
    let end = Seconds(frames as f64 * HOP_S + 0.03);
    tracker.release_all(end, end, &mut events);
    events
}

fn ons(events: &[NoteEvent]) -> Vec<(u8, f64)> {
    let on = |event: &NoteEvent| match *event {
        NoteEvent::On { pitch, at, .. } => Some((pitch.0, at.0)),
        _ => None,
    };
    events.iter().filter_map(on).collect()
}

fn offs(events: &[NoteEvent]) -> Vec<(u8, f64)> {
    let off = |event: &NoteEvent| match *event {
        NoteEvent::Off { pitch, at, .. } => Some((pitch.0, at.0)),
        _ => None,
    };
    events.iter().filter_map(off).collect()
}

fn near(found: &[(u8, f64)], expected: &[(u8, f64)]) {
    assert_eq!(found.len(), expected.len(), "{found:?} for {expected:?}");
    for (f, e) in found.iter().zip(expected) {
        assert!(f.0 == e.0 && (f.1 - e.1).abs() < 1e-9, "{found:?} for {expected:?}");
    }
}

#[test]
fn a_strike_begins_a_note_and_fading_ends_it() {
    let events = run(60, |n, k| match (k, n) {
        (39, 10) => (0.9, 0.8),
        (39, 9 | 11) => (0.3, 0.8),
        (39, 12..30) => (0.0, 0.8),
        _ => (0.0, 0.0),
    });
    near(&ons(&events), &[(60, 0.10)]);
    near(&offs(&events), &[(60, 0.30)]);
}

#[test]
fn a_note_that_fades_slowly_ended_when_it_was_last_sure() {
    let config = TrackerConfig { sounding_sure: 0.6, end_shift_s: -0.02, ..config() };
    let events = run_with(config, 60, |n, k| match (k, n) {
        (39, 10) => (0.9, 0.8),
        (39, 11..25) => (0.0, 0.8),
        (39, 25..40) => (0.0, 0.4),
        _ => (0.0, 0.0),
    });
    near(&ons(&events), &[(60, 0.10)]);
    near(&offs(&events), &[(60, 0.23)]);
}

#[test]
fn a_second_strike_while_it_sounds_is_a_second_note() {
    let events = run(60, |n, k| match (k, n) {
        (39, 10 | 30) => (0.9, 0.8),
        // Too soon after the second strike to be another.
        (39, 33) => (0.9, 0.8),
        (39, 10..50) => (0.0, 0.8),
        _ => (0.0, 0.0),
    });
    near(&ons(&events), &[(60, 0.10), (60, 0.30)]);
    near(&offs(&events), &[(60, 0.30), (60, 0.50)]);
}

#[test]
fn a_weak_octave_above_a_strong_strike_is_its_overtone() {
    let struck = |weak: f32| {
        run(40, move |n, k| match (k, n) {
            (39, 10) => (0.95, 0.9),
            (51, 10) => (weak, 0.9),
            (39 | 51, 11..30) => (0.0, 0.9),
            _ => (0.0, 0.0),
        })
    };
    near(&ons(&struck(0.6)), &[(60, 0.10)]);
    near(&ons(&struck(0.9)), &[(60, 0.10), (72, 0.10)]);
}

#[test]
fn a_slow_attack_begins_where_it_began_to_sound() {
    let events = run(60, |n, k| if k == 39 && (10..40).contains(&n) { (0.0, 0.8) } else { (0.0, 0.0) });
    near(&ons(&events), &[(60, 0.10)]);
}

#[test]
fn a_slow_attack_that_no_frame_is_sure_of_begins_where_a_strike_was_likeliest() {
    let evidence = |n: usize, k: usize| match (k, n) {
        // Spread over many frames, likeliest at 8; sure to sound from 12 on.
        (39, 8) => (0.3, 0.3),
        (39, 5..12) => (0.2, 0.5),
        (39, 12..40) => (0.0, 0.8),
        _ => (0.0, 0.0),
    };
    near(&ons(&run(60, evidence)), &[(60, 0.08)]);
    // A key of which no strike was ever likely is not begun.
    let config = TrackerConfig { soft_onset: 0.35, ..config() };
    near(&ons(&run_with(config, 60, evidence)), &[]);
}

proptest! {
    /// Whatever the evidence: strikes and ends alternate for every key, times are ordered and never later
    /// than their emission, and the polyphony limit holds.
    #[test]
    fn no_note_hangs(seed in any::<u64>(), busy in 0.02f32..0.6) {
        let noise = move |n: usize, k: usize, salt: u64| {
            let mut x = seed ^ salt ^ ((n as u64) << 32) ^ (k as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            x ^= x >> 33;
            x = x.wrapping_mul(0xFF51_AFD7_ED55_8CCD);
            x ^= x >> 33;
            (x >> 40) as f32 / (1u64 << 24) as f32
        };
        let events = run(120, |n, k| {
            let active = noise(n / 7, k, 1) < busy;
            (if active { noise(n, k, 2) } else { 0.0 }, if active { noise(n, k, 3) } else { 0.1 })
        });
        let mut open: [Option<f64>; 128] = [None; 128];
        for event in &events {
            match *event {
                NoteEvent::On { pitch, at, emitted, velocity } => {
                    let slot = &mut open[usize::from(pitch.0)];
                    prop_assert!(slot.is_none() && at.0 <= emitted.0 && (1..=127).contains(&velocity));
                    *slot = Some(at.0);
                    prop_assert!(open.iter().flatten().count() <= config().polyphony);
                }
                NoteEvent::Off { pitch, at, emitted } => {
                    let on = open[usize::from(pitch.0)].take();
                    prop_assert!(on.is_some_and(|on| at.0 >= on) && at.0 <= emitted.0);
                }
                NoteEvent::Pedal { .. } | NoteEvent::Bend { .. } => {}
            }
        }
        prop_assert!(open.iter().all(Option::is_none));
    }
}
