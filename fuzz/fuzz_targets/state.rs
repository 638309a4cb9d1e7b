//! Any text as what a project keeps of the plugin: an instance takes it, whatever it is, and what it then saves it takes again and
//! saves as it was.
//!
//! The text is a whole state, or, for what a fuzzer would have to escape within it, a line for each field: its name, a space, and
//! its JSON. Of the field `take` the target makes a book with this take.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use colla_parte::plugin::CollaParte;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use nice_plug::prelude::{Plugin, PluginState};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let fields = match serde_json::from_str::<PluginState>(text) {
        Ok(mut state) => {
            CollaParte::filter_state(&mut state);
            state.fields
        }
        Err(_) => text.lines().filter_map(field).collect(),
    };
    let saved = restored(&fields);
    // What was damaged is left out the first time; from then on nothing changes.
    let again = restored(&saved);
    assert_eq!(restored(&again), again);
});

fn field(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(' ')?;
    if name != "take" {
        return Some((name.to_owned(), value.to_owned()));
    }
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(value.as_bytes()).ok()?;
    let take = STANDARD.encode(packer.finish().ok()?);
    let book = json!({ "format": 2, "id": 1, "revision": 1, "cues": [], "edits": [], "takes": [take] });
    Some(("book".into(), book.to_string()))
}

/// What an instance saves that was given these fields.
fn restored(fields: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut plugin = CollaParte::default();
    let params = plugin.params();
    params.deserialize_fields(fields);
    let saved = params.serialize_fields();
    plugin.deactivate();
    saved
}
