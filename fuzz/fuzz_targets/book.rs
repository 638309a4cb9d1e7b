//! Any text as a take of a project's book: an entry or an error, and an entry comes back as it was when it is kept again.
#![no_main]

use colla_parte::takes::SavedTake;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(saved) = serde_json::from_slice::<SavedTake>(bytes) else { return };
    let Ok(entry) = saved.read() else { return };
    let kept = SavedTake::new(&entry, true);
    let text = serde_json::to_vec(&kept).expect("a take can be written");
    let again: SavedTake = serde_json::from_slice(&text).expect("what was written can be read");
    let again = again.read().expect("what was kept is within its ranges");
    assert_eq!(again.recorded.notes.len(), entry.recorded.notes.len());
    assert_eq!(again.number, entry.number);
});
