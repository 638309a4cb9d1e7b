//! The plugin's state, as a project may hold it: the kept cases of the fuzz target `state`.

#[path = "states/fields.rs"]
mod fields;

use fields::{fields, restored};
use nice_plug::prelude::PluginState;
use std::fs;

#[test]
fn what_is_taken_of_any_state_is_saved_as_it_is_from_then_on() {
    let (mut whole, mut takes, mut books) = (0, 0, 0);
    for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/state")).unwrap() {
        let path = file.unwrap().path();
        let Ok(text) = String::from_utf8(fs::read(&path).unwrap()) else { continue };
        let mut given = fields(&text);
        // That one writes to the user's folder.
        given.remove("journal");
        let saved = restored(&given);
        let again = restored(&saved);
        assert_eq!(restored(&again), again, "{}", path.display());
        whole += usize::from(serde_json::from_str::<PluginState>(&text).is_ok());
        takes += usize::from(!saved["book"].contains("\"takes\":[]"));
        books += usize::from(given.contains_key("book"));
    }
    assert!(
        whole > 1 && books > 20 && takes > 1,
        "{whole} states, {books} books, {takes} takes: nothing was tried"
    );
}
