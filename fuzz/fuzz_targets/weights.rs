//! Any bytes as network weights, their checksum set right so that what lies behind it is reached: an error, or a network
//! that takes silence and noise and gives probabilities.
#![no_main]

use colla_parte::network::Weights;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut file = b"CPEARNET".to_vec();
    file.extend_from_slice(bytes.strip_prefix(b"CPEARNET").unwrap_or(bytes));
    let sum = file
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    file.extend_from_slice(&sum.to_le_bytes());
    if let Ok(weights) = Weights::read(&file) {
        assert!(weights.sizes.channels > 0);
    }
});
