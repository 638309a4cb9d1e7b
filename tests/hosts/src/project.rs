//! Plugin states as a project file would hold them, composed by hand.

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde_json::{Value, json};
use std::io::Write;

/// A score file, as the plugin's state carries it.
///
/// # Errors
/// If it can't be packed.
pub fn score_field(name: &str, bytes: &[u8]) -> Result<Value> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    Ok(json!({ "name": name, "deflated": BASE64.encode(encoder.finish()?) }))
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
