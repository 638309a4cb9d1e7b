//! What a project keeps of the plugin, made of any text, and what an instance then saves. For the test and the fuzz target of states.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use colla_parte::plugin::CollaParte;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use nice_plug::prelude::{Plugin, PluginState};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;

/// A state's fields, by their names.
pub type Fields = BTreeMap<String, String>;

/// The fields of a whole state; or, for what a fuzzer would have to escape within one, of a line for each: its name, a space, and
/// its JSON. Of the field `take` this makes a book with that take.
pub fn fields(text: &str) -> Fields {
    match serde_json::from_str::<PluginState>(text) {
        Ok(mut state) => {
            CollaParte::filter_state(&mut state);
            state.fields
        }
        Err(_) => text.lines().filter_map(field).collect(),
    }
}

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
pub fn restored(fields: &Fields) -> Fields {
    let mut plugin = CollaParte::default();
    let params = plugin.params();
    params.deserialize_fields(fields);
    let saved = params.serialize_fields();
    plugin.deactivate();
    saved
}
