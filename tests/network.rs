//! The shipped network through the front door: what it says is what its trainer said, damaged files are refused.

use colla_parte::network::{
    BINS, NetworkError, NetworkEstimator, RESOLUTIONS, STRIKE_INPUTS, StrikeJudge, Weights,
};
use colla_parte::performance::DecisionDelay;
use colla_parte::units::{FrameIndex, KEYS};

const WEIGHTS: &[u8] = include_bytes!("../assets/ear.weights");

/// Written by `training/export.py`: frames, levels in 1/127, probabilities.
const GOLDEN: &[u8] = include_bytes!("golden/network.bin");

fn golden() -> (Vec<[[f32; BINS]; RESOLUTIONS]>, Vec<f32>) {
    let frames = u32::from_le_bytes(GOLDEN[..4].try_into().unwrap()) as usize;
    let (levels, probabilities) = GOLDEN[4..].split_at(frames * RESOLUTIONS * BINS);
    let levels = levels.chunks_exact(RESOLUTIONS * BINS).map(|frame| {
        std::array::from_fn(|r| std::array::from_fn(|bin| f32::from(frame[r * BINS + bin]) / 127.0))
    });
    let (groups, rest) = probabilities.as_chunks::<4>();
    assert!(rest.is_empty() && groups.len() == frames * 4 * KEYS);
    (levels.collect(), groups.iter().map(|&group| f32::from_le_bytes(group)).collect())
}

#[test]
fn the_engine_says_what_the_trainer_said() {
    let (levels, probabilities) = golden();
    let mut estimator = NetworkEstimator::new(&Weights::read(WEIGHTS).unwrap());
    let mut largest = 0.0f32;
    for run in 0..2 {
        for (n, (frame, expected)) in levels.iter().zip(probabilities.chunks_exact(4 * KEYS)).enumerate() {
            let evidence = estimator.step(frame, -20.0, FrameIndex(n as u64));
            let found = [&evidence.onset, &evidence.sounding, &evidence.offset, &evidence.velocity];
            for (&found, &expected) in found.into_iter().flatten().zip(expected) {
                assert!(
                    (found - expected).abs() < 1e-4,
                    "run {run}, frame {n}: {found}, expected {expected}"
                );
                largest = largest.max(expected);
            }
        }
        estimator.reset();
    }
    assert!(largest > 0.5, "the passage says nothing");
}

/// Written by `training/strikes.py`: how many candidates, their inputs, their probabilities.
const GOLDEN_STRIKES: &[u8] = include_bytes!("golden/strikes.bin");

#[test]
fn strikes_are_judged_as_the_trainer_judged_them() {
    let (count, values) = GOLDEN_STRIKES.split_at(4);
    let count = u32::from_le_bytes(count.try_into().unwrap()) as usize;
    let values: Vec<f32> = values.as_chunks::<4>().0.iter().map(|&value| f32::from_le_bytes(value)).collect();
    let (inputs, probabilities) = values.split_at(count * STRIKE_INPUTS);
    assert_eq!(probabilities.len(), count);
    let mut judge = StrikeJudge::new(&Weights::read(WEIGHTS).unwrap());
    let mut likely = 0;
    for (inputs, &expected) in inputs.as_chunks().0.iter().zip(probabilities) {
        let found = judge.judgement(inputs);
        assert!((found - expected).abs() < 1e-4, "{found}, expected {expected}");
        likely += usize::from(expected > 0.5);
    }
    assert!(likely > count / 10 && likely < count, "{likely} of {count} are strikes");
}

#[test]
fn silence_stays_silent() {
    for delay in DecisionDelay::ALL {
        let mut estimator = NetworkEstimator::new(&Weights::read(WEIGHTS).unwrap());
        assert!(estimator.set_look_ahead(delay.evidence_hops()), "the shipped network cannot decide so");
        for n in 0..500 {
            let evidence = estimator.step(&[[0.0; BINS]; RESOLUTIONS], -120.0, FrameIndex(n));
            assert!(evidence.onset.iter().all(|&p| p < 0.2), "a strike in silence, frame {n}");
            assert_eq!(evidence.level_db, -120.0);
        }
    }
}

#[test]
fn each_delay_describes_the_same_passage() {
    let (levels, _) = golden();
    let weights = Weights::read(WEIGHTS).unwrap();
    // The likeliest key at each moment, told later or sooner.
    let strongest = |delay: DecisionDelay| -> Vec<Option<usize>> {
        let mut estimator = NetworkEstimator::new(&weights);
        assert!(estimator.set_look_ahead(delay.evidence_hops()));
        let mut moments = vec![];
        for (n, frame) in levels.iter().enumerate() {
            let evidence = estimator.step(frame, -20.0, FrameIndex(n as u64));
            let best = (0..KEYS).max_by(|&a, &b| evidence.sounding[a].total_cmp(&evidence.sounding[b]));
            moments.push(best.filter(|&key| evidence.sounding[key] > 0.5));
        }
        moments.split_off(delay.evidence_hops())
    };
    let standard = strongest(DecisionDelay::Standard);
    assert!(standard.iter().flatten().count() > 10);
    for delay in [DecisionDelay::Short, DecisionDelay::Long] {
        let other = strongest(delay);
        let both = standard.iter().zip(&other).filter_map(|(a, b)| a.zip(*b));
        let (agree, all) = both.fold((0, 0), |(agree, all), (a, b)| (agree + usize::from(a == b), all + 1));
        assert!(all > 10 && 2 * agree > all, "{delay:?}: {agree} of {all}");
    }
    assert!(!NetworkEstimator::new(&weights).set_look_ahead(6), "there are no heads for that");
}

#[test]
fn damaged_weights_are_refused() {
    assert!(matches!(Weights::read(b"RIFF1234"), Err(NetworkError::Magic { .. })));
    assert!(matches!(Weights::read(b""), Err(NetworkError::Magic { .. })));
    for length in (8..WEIGHTS.len()).step_by(997) {
        assert!(matches!(Weights::read(&WEIGHTS[..length]), Err(NetworkError::Truncated { .. })), "{length}");
    }
    for place in (8..WEIGHTS.len()).step_by(1_009) {
        let mut damaged = WEIGHTS.to_vec();
        damaged[place] ^= 0x10;
        assert!(Weights::read(&damaged).is_err(), "byte {place} changed unnoticed");
    }
    let mut longer = WEIGHTS.to_vec();
    longer.push(0);
    assert!(matches!(Weights::read(&longer), Err(NetworkError::Length { .. })));
}
