//! Plugin states as a project file would hold them, composed by hand.

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::read::{DeflateDecoder, ZlibDecoder};
use flate2::write::{DeflateEncoder, ZlibEncoder};
use serde_json::{Value, json};
use std::io::{Read, Write};

/// A score file, as the plugin's state carries it.
///
/// # Errors
/// If it can't be packed.
pub fn score_field(name: &str, bytes: &[u8]) -> Result<Value> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    Ok(json!({ "name": name, "deflated": BASE64.encode(encoder.finish()?) }))
}

/// The score's file in what [`score_field`] makes; however it was packed.
///
/// # Errors
/// If the field is none.
pub fn score_bytes(field: &Value) -> Result<Vec<u8>> {
    let packed = BASE64.decode(field["deflated"].as_str().unwrap_or_default())?;
    let mut bytes = Vec::new();
    DeflateDecoder::new(packed.as_slice()).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The book of a state, as it stands there; null where there is none.
///
/// # Errors
/// If the state is none.
pub fn book(state: &[u8]) -> Result<Value> {
    let state: Value = serde_json::from_slice(state)?;
    Ok(state["fields"]["book"].as_str().map_or(Ok(Value::Null), serde_json::from_str)?)
}

/// Puts a book into a state.
///
/// # Errors
/// If the state is none.
pub fn with_book(state: &[u8], book: &Value) -> Result<Vec<u8>> {
    with_field(state, "book", book)
}

/// Puts a field into a state.
///
/// # Errors
/// If the state is none.
pub fn with_field(state: &[u8], name: &str, field: &Value) -> Result<Vec<u8>> {
    let mut state: Value = serde_json::from_slice(state)?;
    state["fields"][name] = serde_json::to_string(field)?.into();
    Ok(serde_json::to_vec(&state)?)
}

/// The takes of a book, unpacked.
///
/// # Errors
/// If one of them is damaged.
pub fn takes(book: &Value) -> Result<Vec<Value>> {
    let unpack = |packed: &Value| {
        let bytes = BASE64.decode(packed.as_str().context("a take that is no text")?)?;
        Ok(serde_json::from_reader(ZlibDecoder::new(bytes.as_slice()))?)
    };
    book["takes"].as_array().map_or(Ok(Vec::new()), |takes| takes.iter().map(unpack).collect())
}

/// A take as a book holds it.
///
/// # Errors
/// If it can't be packed.
pub fn packed_take(take: &Value) -> Result<Value> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&serde_json::to_vec(take)?)?;
    Ok(BASE64.encode(encoder.finish()?).into())
}

/// A state with these parameter values, each tagged with its type (`{"f32": 0.5}`), and this score field.
///
/// # Errors
/// If it can't be written as JSON.
pub fn state(params: Value, score: &Value) -> Result<Vec<u8>> {
    let state = json!({
        "version": "0.1.0",
        "params": params,
        "fields": { "score": serde_json::to_string(score)? },
    });
    serde_json::to_vec(&state).context("a state as JSON")
}
