//! Any bytes as a MIDI file, and what was read of it written, as MIDI and as a page, and read again.
#![no_main]

use colla_parte::readers::read_score;
use colla_parte::writers::{write_score_midi, write_score_musicxml};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut file = b"MThd".to_vec();
    file.extend_from_slice(bytes.strip_prefix(b"MThd").unwrap_or(bytes));
    if let Ok(score) = read_score(&file, "fuzz") {
        let mut written = Vec::new();
        if write_score_midi(&score, &mut written).is_ok() {
            let _ = read_score(&written, "fuzz");
        }
        // Long rests would make a page of 65,536 measures slow, not wrong.
        if score.measures.len() < 200 {
            let mut page = Vec::new();
            write_score_musicxml(&score, &mut page).expect("memory takes everything");
            let page = read_score(&page, "fuzz").expect("a page that can be read");
            assert_eq!(page.measures.len(), score.measures.len());
        }
    }
});
