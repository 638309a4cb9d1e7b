//! Any text as MusicXML: a score or an error; the source with ids reads as the same score, and can be taken in pieces.
#![no_main]

use colla_parte::readers::{ScoreText, read_score, source_with_ids};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(score) = read_score(bytes, "fuzz")
        && let Ok(source) = source_with_ids(bytes)
    {
        let again = read_score(source.as_bytes(), "fuzz").expect("ids do not break the source");
        assert_eq!(score.notes, again.notes);
        assert_eq!(score.sounding_times().len(), score.path.notes.len());
        assert!(score.path.notes.is_sorted_by_key(|note| note.onset));
        let text = ScoreText::of(source).expect("ids do not break the source");
        let (half, end) = (text.measures() / 2, text.measures());
        let lead = text.lead(half, 50);
        assert!(lead <= half && text.severed(half, end, 50) <= text.hanging(half));
        let piece = text.excerpt_broken(lead..end, half);
        let _ = read_score(piece.as_bytes(), "fuzz");
    }
});
