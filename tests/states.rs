//! The plugin's state, as a project may hold it: the kept cases of the fuzz target `state`, which says how they are read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use colla_parte::plugin::CollaParte;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use nice_plug::prelude::{Plugin, PluginState};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;

type Fields = BTreeMap<String, String>;

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
fn restored(fields: &Fields) -> Fields {
    let mut plugin = CollaParte::default();
    let params = plugin.params();
    params.deserialize_fields(fields);
    let saved = params.serialize_fields();
    plugin.deactivate();
    saved
}

#[test]
fn what_is_taken_of_any_state_is_saved_as_it_is_from_then_on() {
    let (mut whole, mut takes, mut books) = (0, 0, 0);
    for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/state")).unwrap() {
        let path = file.unwrap().path();
        let Ok(text) = String::from_utf8(fs::read(&path).unwrap()) else { continue };
        let mut fields: Fields = match serde_json::from_str::<PluginState>(&text) {
            Ok(mut state) => {
                CollaParte::filter_state(&mut state);
                whole += 1;
                state.fields
            }
            Err(_) => text.lines().filter_map(field).collect(),
        };
        // That one writes to the user's folder.
        fields.remove("journal");
        let saved = restored(&fields);
        takes += usize::from(!saved["book"].contains("\"takes\":[]"));
        books += usize::from(fields.contains_key("book"));
        let again = restored(&saved);
        assert_eq!(restored(&again), again, "{}", path.display());
    }
    assert!(
        whole > 1 && books > 20 && takes > 1,
        "{whole} states, {books} books, {takes} takes: nothing was tried"
    );
}
