//! Any text as MusicXML: a score or an error, and the source with ids reads as the same score.
#![no_main]

use colla_parte::readers::{read_score, source_with_ids};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(score) = read_score(bytes, "fuzz")
        && let Ok(source) = source_with_ids(bytes)
    {
        let again = read_score(source.as_bytes(), "fuzz").expect("ids do not break the source");
        assert_eq!(score.notes, again.notes);
        assert_eq!(score.sounding_times().len(), score.path.notes.len());
        assert!(score.path.notes.is_sorted_by_key(|note| note.onset));
    }
});
