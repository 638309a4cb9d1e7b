//! What else comes from outside: network weights, a project's takes, the command line, sound files. An error with a reason, no panic.

use colla_parte::network::{NetworkError, NetworkEstimator, Weights};
use colla_parte::readers::SoundReader;
use colla_parte::takes::SavedTake;
use proptest::prelude::*;
use std::path::Path;

const SHIPPED: &[u8] = include_bytes!("../assets/ear.weights");

/// The kept files of a fuzz target, see `fuzz/`.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    files.collect()
}

/// A body with the checksum that belongs to it.
fn signed(body: &[u8]) -> Vec<u8> {
    let sum = body.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    [body, &sum.to_le_bytes()].concat()
}

#[test]
fn every_kept_file_is_read_or_refused() {
    let (mut read, mut refused) = (0, 0);
    for body in corpus("weights") {
        match Weights::read(&signed(&body)) {
            Ok(weights) => {
                let estimator = NetworkEstimator::new(&weights);
                assert_eq!(estimator.look_ahead(), weights.delays[0]);
                read += 1;
            }
            Err(error) => {
                assert!(error.to_string().starts_with("network weights"), "{error}");
                refused += 1;
            }
        }
    }
    assert!(read >= 2 && refused >= 3, "{read} read, {refused} refused");
    let (mut read, mut refused) = (0, 0);
    for text in corpus("book") {
        // What is no JSON, or another's, was refused before it was a take.
        let Ok(saved) = serde_json::from_slice::<SavedTake>(&text) else { continue };
        match saved.read() {
            Ok(entry) => {
                let kept = serde_json::to_vec(&SavedTake::new(&entry, true)).unwrap();
                let again = serde_json::from_slice::<SavedTake>(&kept).unwrap().read().unwrap();
                assert_eq!(again.recorded.notes.len(), entry.recorded.notes.len());
                read += 1;
            }
            Err(error) => {
                assert!(error.to_string().starts_with("take "), "{error}");
                refused += 1;
            }
        }
    }
    assert!(read >= 2 && refused >= 2, "{read} read, {refused} refused");
    let (mut taken, mut refused) = (0, 0);
    for text in corpus("arguments") {
        let text = String::from_utf8_lossy(&text).into_owned();
        match colla_parte::cli::syntax()
            .try_get_matches_from(std::iter::once("colla-parte").chain(text.lines()))
        {
            Ok(_) => taken += 1,
            Err(error) => {
                assert!(matches!(error.exit_code(), 0 | 2));
                refused += 1;
            }
        }
    }
    assert!(taken >= 4 && refused >= 4, "{taken} taken, {refused} refused");
}

/// As `fuzz/fuzz_targets/sound.rs` reads them: two seconds at most.
#[test]
fn every_kept_sound_gives_finite_samples_or_an_error() {
    let (mut read, mut refused) = (0, 0);
    for bytes in corpus("sound") {
        let mut samples = Vec::new();
        let ended = SoundReader::new(bytes).and_then(|mut reader| {
            while samples.len() < 100_000 && reader.read(&mut samples)? {}
            Ok(())
        });
        match ended {
            Ok(()) => read += 1,
            Err(_) => refused += 1,
        }
        assert!(samples.iter().all(|sample| sample.is_finite()));
    }
    assert!(read >= 10 && refused >= 100, "{read} read, {refused} refused");
}

#[test]
fn weights_that_end_early_or_late_are_refused_for_that() {
    let body = &SHIPPED[..SHIPPED.len() - 8];
    for end in [0, 7, 8, 12, 40, 1000, body.len() - 1] {
        assert!(Weights::read(&SHIPPED[..end]).is_err(), "{end}");
    }
    let longer = [SHIPPED, &[0]].concat();
    assert!(matches!(Weights::read(&longer), Err(NetworkError::Length { .. })));
    let other = [&[body, &[0; 4]].concat()[..], &SHIPPED[SHIPPED.len() - 8..]].concat();
    assert!(matches!(Weights::read(&other), Err(NetworkError::Checksum { .. })));
}

proptest! {
    #[test]
    fn a_flipped_bit_of_the_weights_is_found(at in 0..SHIPPED.len(), bit in 0..8) {
        let mut damaged = SHIPPED.to_vec();
        damaged[at] ^= 1u8 << bit;
        prop_assert!(Weights::read(&damaged).is_err());
    }

    #[test]
    fn damage_with_a_right_checksum_is_read_or_refused(at in 8..SHIPPED.len() - 8, value: u32) {
        let mut damaged = SHIPPED[..SHIPPED.len() - 8].to_vec();
        let end = damaged.len().min(at + 4);
        damaged[at..end].copy_from_slice(&value.to_le_bytes()[..end - at]);
        if let Err(error) = Weights::read(&signed(&damaged)) {
            prop_assert!(!matches!(error, NetworkError::Checksum { .. }), "{}", error);
        }
    }

    #[test]
    fn any_numbers_in_a_take_are_read_or_refused(
        beats in prop::collection::vec(any::<i64>(), 0..4),
        onsets in prop::collection::vec(any::<i64>(), 0..4),
        length: i64,
        start: i64,
        rate_hz in prop::num::f64::ANY,
        host_start_s in prop::option::of(prop::num::f64::ANY),
        pitch: u8,
        velocity: u8,
    ) {
        let count = onsets.len();
        let take = serde_json::json!({
            "number": 1, "rate_hz": rate_hz, "host_start_s": host_start_s, "began_unix_s": u64::MAX, "grid": 0,
            "exact": true, "start": start, "length": length, "stretches": [], "faults": [],
            "beats": { "beat": beats, "time": beats, "confidence": vec![9; beats.len()] },
            "notes": { "onset": onsets, "length": vec![length; count], "pitch": vec![pitch; count],
                "velocity": vec![velocity; count] },
        });
        let Ok(saved) = serde_json::from_value::<SavedTake>(take) else { return Ok(()) };
        if let Ok(entry) = saved.read() {
            let again = SavedTake::new(&entry, true);
            prop_assert!(again.read().is_ok());
        }
    }
}
