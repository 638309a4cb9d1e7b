//! The streaming engine's laws: the same events whatever the blocks, nothing hangs, nothing panics.

use colla_parte::engine::{Engine, EngineConfig, EngineEvent};
use colla_parte::performance::{DecisionDelay, NoteEvent};
use proptest::prelude::*;
use std::f64::consts::TAU;

/// Struck tones at a few pitches, one every 150 ms, over a little noise.
fn playing(rate: f64, seconds: f64) -> Vec<f32> {
    playing_at(440.0, rate, seconds)
}

/// The same, tuned to A4 = `reference_hz`.
fn playing_at(reference_hz: f64, rate: f64, seconds: f64) -> Vec<f32> {
    let mut seed = 7u32;
    (0..(rate * seconds) as usize)
        .map(|n| {
            let t = n as f64 / rate;
            let strike = (t / 0.15).floor();
            let since = t - strike * 0.15;
            let hz = reference_hz / 2.0 * ((strike * 5.0 % 19.0) / 12.0).exp2();
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = f64::from(seed >> 8) / 16_777_216.0 - 0.5;
            let tone: f64 = (1..5).map(|h| (TAU * hz * f64::from(h) * t).sin() / f64::from(h)).sum();
            (0.1 * (-8.0 * since).exp() * tone + 1e-4 * noise) as f32
        })
        .collect()
}

fn engine(rate: f64) -> Engine {
    let mut engine = Engine::new(&EngineConfig::default(), rate).unwrap();
    engine.set_evidence(true);
    engine
}

/// Every note is struck before it ends and ends before it is struck again; returns the number of strikes.
fn assert_nothing_hangs(events: &[EngineEvent]) -> usize {
    let mut sounding = [false; 128];
    let mut strikes = 0;
    for event in events {
        match event {
            EngineEvent::Note(NoteEvent::On { pitch, at, emitted, .. }) => {
                assert!(!std::mem::replace(&mut sounding[usize::from(pitch.0)], true));
                assert!(at.0 <= emitted.0);
                strikes += 1;
            }
            EngineEvent::Note(NoteEvent::Off { pitch, .. }) => {
                assert!(std::mem::replace(&mut sounding[usize::from(pitch.0)], false));
            }
            _ => {}
        }
    }
    assert!(sounding.iter().all(|sounds| !sounds), "a note hangs");
    strikes
}

/// The frames told, in order without a hole from 0.
fn assert_every_frame(events: &[EngineEvent]) -> u64 {
    let frames = events.iter().filter_map(|event| match event {
        EngineEvent::Evidence(frame) => Some(frame.frame.0),
        _ => None,
    });
    frames.fold(0, |next, frame| {
        assert_eq!(frame, next);
        next + 1
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]
    #[test]
    fn any_partition_into_blocks_gives_the_same_events(
        cuts in prop::collection::vec(0usize..70_000, 0..30),
        rate in prop::sample::select(vec![8_000.0, 44_100.0, 48_000.0]),
    ) {
        let samples = playing(rate, 70_000.0 / 48_000.0);
        let mut whole = vec![];
        let mut one = engine(rate);
        one.push(&samples, &mut whole);
        one.finish(&mut whole);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut % samples.len()).collect();
        cuts.extend([0, samples.len()]);
        cuts.sort_unstable();
        let mut parts = vec![];
        let mut other = engine(rate);
        for cut in cuts.windows(2) {
            other.push(&samples[cut[0]..cut[1]], &mut parts);
        }
        other.finish(&mut parts);
        prop_assert!(whole == parts);
        prop_assert!(assert_nothing_hangs(&whole) > 2);
        let expected = samples.len() as f64 / rate * 100.0;
        prop_assert!((assert_every_frame(&whole) as f64 - expected).abs() <= 2.0);
    }
}

#[test]
fn every_rate_is_heard_and_others_are_refused() {
    for rate in [8_000.0, 11_025.0, 22_050.0, 32_000.0, 44_100.0, 48_000.0, 88_200.0, 96_000.0, 192_000.0] {
        let mut events = vec![];
        let mut engine = engine(rate);
        engine.push(&playing(rate, 1.5), &mut events);
        engine.finish(&mut events);
        assert!(assert_nothing_hangs(&events) >= 4, "{rate} Hz");
        assert!((engine.consumed().0 - 1.5).abs() < 1e-3);
    }
    for rate in [0.0, 7_000.0, 200_000.0, f64::NAN] {
        assert!(Engine::new(&EngineConfig::default(), rate).is_err(), "{rate}");
    }
}

#[test]
fn after_a_reset_the_same_stream_gives_the_same_events() {
    let samples = playing(44_100.0, 1.5);
    let (mut first, mut second) = (vec![], vec![]);
    let mut engine = engine(44_100.0);
    engine.push(&samples, &mut first);
    let pushed = first.len();
    engine.reset(&mut first);
    assert_nothing_hangs(&first);
    engine.push(&samples, &mut second);
    assert!(first[..pushed] == second[..]);
}

#[test]
fn a_gap_ends_what_sounds_and_the_clock_runs_on() {
    let samples = playing(44_100.0, 1.0);
    let mut events = vec![];
    let mut engine = engine(44_100.0);
    engine.push(&samples, &mut events);
    engine.gap(10_007, &mut events);
    engine.push(&samples, &mut events);
    engine.finish(&mut events);
    assert_nothing_hangs(&events);
    let expected = (2.0 * samples.len() as f64 + 10_007.0) / 44_100.0;
    assert!((engine.consumed().0 - expected).abs() < 1e-9);
    assert!((assert_every_frame(&events) as f64 - expected * 100.0).abs() <= 2.0);
    let gap = events.iter().find_map(|event| match event {
        EngineEvent::Gap { at, missing } => Some((at.0, missing.0)),
        _ => None,
    });
    let (at, missing) = gap.expect("the gap is told");
    assert!((at - (samples.len() as f64 + 10_007.0) / 44_100.0).abs() < 1e-9);
    assert!((missing - 10_007.0 / 44_100.0).abs() < 1e-9);
}

#[test]
fn what_is_no_number_is_silence_and_is_counted() {
    let mut events = vec![];
    let mut engine = engine(48_000.0);
    let spoiled: Vec<f32> =
        [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e-42].into_iter().cycle().take(48_000).collect();
    engine.push(&spoiled, &mut events);
    engine.push(&[f32::MAX; 480], &mut events);
    engine.push(&playing(48_000.0, 1.0), &mut events);
    engine.finish(&mut events);
    assert_eq!(engine.repaired(), 48_000);
    assert_nothing_hangs(&events);
    for event in &events {
        if let EngineEvent::Evidence(frame) = event {
            let all = frame.onset.iter().chain(&frame.sounding).chain(&frame.offset);
            assert!(all.into_iter().all(|p| (0.0..=1.0).contains(p)));
            assert!(frame.velocity.iter().all(|velocity| velocity.is_finite()));
            assert!(frame.level_db.is_finite());
        }
    }
}

/// The pitches struck and when, in a stretch that is tuned to `played_hz` and heard as tuned to `heard_hz`.
fn strikes(played_hz: f64, heard_hz: f32) -> Vec<(u8, f64)> {
    let config = EngineConfig { reference_hz: heard_hz, ..EngineConfig::default() };
    let mut engine = Engine::new(&config, 48_000.0).unwrap();
    let mut events = vec![];
    engine.push(&playing_at(played_hz, 48_000.0, 6.0), &mut events);
    engine.finish(&mut events);
    let on = |event: &EngineEvent| match event {
        EngineEvent::Note(NoteEvent::On { pitch, at, .. }) => Some((pitch.0, at.0)),
        _ => None,
    };
    events.iter().filter_map(on).collect()
}

#[test]
fn what_is_tuned_low_is_heard_as_written_when_the_engine_is_told() {
    let usual = strikes(440.0, 440.0);
    let shared = |other: &[(u8, f64)]| {
        let found = usual
            .iter()
            .filter(|note| other.iter().any(|&(pitch, at)| pitch == note.0 && (at - note.1).abs() < 0.03));
        found.count() as f64 / usual.len() as f64
    };
    assert!(usual.len() > 20);
    let (told, untold) = (shared(&strikes(415.0, 415.0)), shared(&strikes(415.0, 440.0)));
    assert!(told > 0.85, "{told:.2} of the notes");
    assert!(untold < 0.5, "a semitone lower, yet {untold:.2} of the notes");
}

#[test]
fn tuning_can_change_while_it_runs() {
    let mut engine = engine(48_000.0);
    let mut events = vec![];
    for reference_hz in [440.0, 415.0, 0.0, f32::NAN, 1e9, 466.0] {
        engine.set_config(&EngineConfig { reference_hz, ..EngineConfig::default() });
        engine.push(&playing(48_000.0, 0.3), &mut events);
    }
    engine.finish(&mut events);
    assert_nothing_hangs(&events);
    assert_every_frame(&events);
}

#[test]
fn the_decision_delay_can_change_while_it_runs() {
    let mut engine = engine(48_000.0);
    let mut events = vec![];
    let order = [0, 2, 1, 0, 1, 2].map(|place| DecisionDelay::ALL[place]);
    for decision_delay in order {
        engine.set_config(&EngineConfig { decision_delay, ..EngineConfig::default() });
        engine.push(&playing(48_000.0, 0.7), &mut events);
    }
    engine.finish(&mut events);
    assert!(assert_nothing_hangs(&events) >= 2 * order.len());
    let expected = engine.consumed().0 * 100.0;
    assert!((assert_every_frame(&events) as f64 - expected).abs() <= 2.0);
    assert!(!events.iter().any(|event| matches!(event, EngineEvent::Gap { .. })), "nothing was lost");
}

#[test]
fn evidence_comes_as_late_as_is_decided() {
    let mut latencies = vec![];
    for decision_delay in DecisionDelay::ALL {
        let config = EngineConfig { decision_delay, ..EngineConfig::default() };
        let mut engine = Engine::new(&config, 48_000.0).unwrap();
        engine.set_evidence(true);
        let mut events = vec![];
        engine.push(&playing(48_000.0, 1.0), &mut events);
        let frames = events.iter().filter(|event| matches!(event, EngineEvent::Evidence(_))).count();
        latencies.push((engine.latency().0, frames));
    }
    // What is told soonest is followed by the same evidence as what is told in time.
    for pair in latencies.windows(2).zip([0, 2]) {
        let ([(sooner_s, more), (later_s, fewer)], hops) = pair else { unreachable!() };
        assert_eq!(more - fewer, hops);
        assert!((later_s - sooner_s - 0.01 * hops as f64).abs() < 1e-9);
    }
}

#[test]
fn prompt_notes_are_never_late_and_sure_ones_never_soon() {
    let mut engine = engine(48_000.0);
    let mut late = DecisionDelay::ALL.map(|decision_delay| {
        let mut events = vec![];
        engine.set_config(&EngineConfig { decision_delay, ..EngineConfig::default() });
        engine.push(&playing(48_000.0, 3.0), &mut events);
        let late = |event: &EngineEvent| match event {
            EngineEvent::Note(NoteEvent::On { at, emitted, .. }) => Some(emitted.0 - at.0),
            _ => None,
        };
        events.iter().filter_map(late).collect::<Vec<f64>>()
    });
    late.iter_mut().for_each(|late| late.sort_by(f64::total_cmp));
    let [prompt, standard, sure] = late;
    assert!(prompt.len() >= 5 && standard.len() >= 5 && sure.len() >= 5, "{prompt:?} {standard:?} {sure:?}");
    // The front end takes some milliseconds of its own.
    assert!(prompt.iter().all(|&late| late < 0.06), "{prompt:?}");
    assert!(sure.iter().all(|&late| late >= 0.04), "{sure:?}");
    assert!(prompt[prompt.len() / 2] <= standard[standard.len() / 2], "{prompt:?} {standard:?}");
}

/// How far from A4 the tone of [`vibrato`] lies at `t`, in cents.
fn vibrato_cents(t: f64) -> f64 {
    10.0 + 30.0 * (TAU * 4.5 * t).sin()
}

/// A struck tone with vibrato after half a second of silence, then an unbent one of another pitch.
fn vibrato(rate: f64) -> Vec<f32> {
    let mut phase = 0.0;
    (0..(3.5 * rate) as usize)
        .map(|n| {
            let t = n as f64 / rate;
            let (start, hz) =
                if t < 2.0 { (0.5, 440.0 * (vibrato_cents(t) / 1200.0).exp2()) } else { (2.0, 329.63) };
            phase += TAU * hz / rate;
            let loudness = if t < 0.5 { 0.0 } else { 0.15 * (-0.7 * (t - start)).exp() };
            (loudness * (1..7).map(f64::from).map(|h| (h * phase).sin() / h).sum::<f64>()) as f32
        })
        .collect()
}

#[test]
fn a_vibrato_is_told_as_bends_and_the_next_note_begins_unbent() {
    let config = EngineConfig { pitch_bend: true, ..EngineConfig::default() };
    let mut engine = Engine::new(&config, 48_000.0).unwrap();
    let mut events = vec![];
    engine.push(&vibrato(48_000.0), &mut events);
    engine.finish(&mut events);
    let (mut bent, mut errors, mut strikes) = (0.0f32, vec![], vec![]);
    for event in &events {
        match event {
            EngineEvent::Note(NoteEvent::Bend { cents, at, emitted }) => {
                assert!(at.0 <= emitted.0 && emitted.0 - at.0 < 0.1);
                bent = *cents;
                // The first bend of a note comes from where it lay before.
                if *cents != 0.0 && (0.8..1.9).contains(&at.0) {
                    errors.push((f64::from(*cents) - vibrato_cents(at.0)).abs());
                }
            }
            EngineEvent::Note(NoteEvent::On { pitch, .. }) => {
                strikes.push((pitch.0, bent));
            }
            _ => {}
        }
    }
    assert!(strikes.iter().all(|&(_, bent)| bent == 0.0), "struck while bent: {strikes:?}");
    assert!(strikes.contains(&(69, 0.0)) && strikes.contains(&(64, 0.0)), "{strikes:?}");
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    assert!(errors.len() > 60 && mean < 8.0, "{} bends, {mean:.1} cents off on average", errors.len());
    assert!(bent.abs() < 4.0, "in the end it is bent by {bent}");
    engine.set_config(&EngineConfig::default());
    events.clear();
    engine.reset(&mut events);
    engine.push(&vibrato(48_000.0), &mut events);
    assert!(!events.iter().any(|event| matches!(event, EngineEvent::Note(NoteEvent::Bend { .. }))), "off");
}
