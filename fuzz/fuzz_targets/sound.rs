//! Any bytes as a sound file: finite samples or an error. Two seconds of it at most, so that a run is short.
#![no_main]

use colla_parte::readers::SoundReader;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(mut reader) = SoundReader::new(bytes.to_vec()) else { return };
    let mut samples = Vec::new();
    while samples.len() < 100_000 && matches!(reader.read(&mut samples), Ok(true)) {}
    assert!(samples.iter().all(|sample| sample.is_finite()));
});
