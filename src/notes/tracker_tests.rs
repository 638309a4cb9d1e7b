//! The tracker's laws: what is struck begins once, what begins ends.

use super::*;
use crate::units::FrameIndex;
use proptest::prelude::*;

fn config() -> TrackerConfig {
    TrackerConfig {
        strikes: StrikeRule::Peaks(PeakRule {
            onset: 0.5,
            restrike: 0.6,
            restrike_gap_frames: 4,
            sounding_confirm: 0.4,
            confirm_frames: 3,
            ghost: 0.7,
            ghost_ratio: 1.3,
            ghost_frames: 2,
        }),
        sounding_end: 0.3,
        end_frames: 3,
        sounding_sure: 0.3,
        end_shift_s: 0.0,
        release: 0.9,
        polyphony: 4,
        onset_shift_s: 0.0,
    }
}

fn judged() -> TrackerConfig {
    let likely = vec![(2, 0.9), (3, 0.8), (5, 0.6)];
    TrackerConfig { strikes: StrikeRule::Judged { likely, gap_frames: 5 }, ..config() }
}

/// Runs frames given as (onset, sounding) for a few keys, then ends.
fn run(frames: usize, evidence: impl Fn(usize, usize) -> (f32, f32)) -> Vec<NoteEvent> {
    run_with(config(), frames, evidence)
}

/// Runs frames given as sounding for a few keys, with strikes given as (frame heard, key, lag, probability).
fn run_judged(
    strikes: &[(u64, usize, usize, f32)],
    minimum_note_s: f32,
    sounding: impl Fn(u64, usize) -> f32,
) -> Vec<NoteEvent> {
    let mut tracker = NoteTracker::new(judged());
    tracker.set_live(0.5, 21, 108, minimum_note_s, 1.0);
    let mut events = vec![];
    for newest in 3..60 {
        let mut frame = PosteriorFrame::silent(FrameIndex(newest - 3));
        frame.sounding = std::array::from_fn(|k| sounding(newest - 3, k));
        let now = strikes.iter().filter(|strike| strike.0 == newest);
        let now = now.map(|&(_, key, lag, probability)| Strike { key, lag, probability, velocity: 0.5 });
        let emitted = FrameIndex(newest).seconds();
        tracker.step(&frame, &now.collect::<Vec<_>>(), FrameIndex(newest), emitted, &mut events);
    }
    tracker.release_all(Seconds(0.6), Seconds(0.6), &mut events);
    events
}

#[test]
fn the_surer_a_strike_is_the_sooner_it_is_told() {
    // Struck at frame 10, by key: surest, sure, likely, judged likely at a lag at which nothing is told, never likely.
    let strikes = [
        (12, 30, 2, 0.95),
        (12, 40, 2, 0.85),
        (13, 40, 3, 0.85),
        (13, 50, 3, 0.7),
        (15, 50, 5, 0.7),
        (14, 60, 4, 0.99),
        (15, 70, 5, 0.5),
        // Another judgement of a strike that was told, and a strike too soon after it to be another.
        (15, 30, 5, 0.99),
        (16, 30, 2, 0.99),
        // Another strike.
        (17, 30, 2, 0.99),
    ];
    let events = run_judged(&strikes, 0.0, |n, _| if (10..40).contains(&n) { 0.9 } else { 0.0 });
    let on = |event: &NoteEvent| match *event {
        NoteEvent::On { pitch, at, emitted, .. } => Some((pitch.0 - 21, at, emitted)),
        _ => None,
    };
    let at = |frame| FrameIndex(frame).seconds();
    let expected = [(30, 10, 12), (40, 10, 13), (50, 10, 15), (30, 15, 17)];
    assert_eq!(
        events.iter().filter_map(on).collect::<Vec<_>>(),
        expected.map(|(key, struck, told)| (key, at(struck), at(told)))
    );
}

#[test]
fn a_judged_strike_waits_until_its_note_is_long_enough() {
    let strikes = [(12, 39, 2, 0.95), (12, 51, 2, 0.95)];
    // Key 51 fades after 50 ms.
    let events = run_judged(&strikes, 0.1, |n, k| match n {
        10..15 => 0.9,
        15..40 if k == 39 => 0.9,
        _ => 0.0,
    });
    near(&ons(&events), &[(60, 0.10)]);
    let NoteEvent::On { emitted, .. } = events[0] else { panic!("{events:?}") };
    assert!(emitted.0 > 0.17, "{events:?}");
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
        tracker.step(&frame, &[], frame.frame, Seconds(n as f64 * HOP_S + 0.03), &mut events);
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
