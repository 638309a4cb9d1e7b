//! Any text as what a project keeps of the plugin: an instance takes it, whatever it is, and what it then saves it takes again and
//! saves as it was.
#![no_main]

#[path = "../../tests/states/fields.rs"]
mod fields;

use fields::{fields, restored};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let saved = restored(&fields(text));
    // What was damaged is left out the first time; from then on nothing changes.
    let again = restored(&saved);
    assert_eq!(restored(&again), again);
});
