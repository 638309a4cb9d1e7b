//! What a project keeps besides the parameters: the score itself, and the editor's window.

use crate::bridge::{Bridge, ScoreSource, Severity};
use crate::readers::MAX_FILE_BYTES;
use crate::score::Choice;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use nice_plug::params::persist::PersistentField;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use thiserror::Error;

/// Why a saved score cannot be restored.
#[derive(Debug, Error)]
pub enum StateError {
    /// The field has another shape.
    #[error("the project's score: {0}")]
    Shape(#[from] serde_json::Error),
    /// The bytes are no base 64.
    #[error("the project's score: {0}")]
    Encoding(#[from] base64::DecodeError),
    /// The bytes do not unpack.
    #[error("the project's score: {0}")]
    Packing(#[from] std::io::Error),
    /// The score is larger than any.
    #[error("the project's score: expected at most {limit} bytes, found more")]
    TooLarge {
        /// Largest size accepted.
        limit: usize,
    },
}

/// A score as it stands in a project: file name, the file's bytes deflated, in base 64, and what of it is played.
#[derive(Serialize, Deserialize)]
struct Packed {
    name: String,
    deflated: String,
    #[serde(default)]
    choice: Choice,
}

impl Packed {
    fn new(source: &ScoreSource) -> Result<Packed, StateError> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&source.bytes)?;
        Ok(Packed {
            name: source.name.clone(),
            deflated: BASE64.encode(encoder.finish()?),
            choice: source.choice.clone(),
        })
    }

    fn unpack(self) -> Result<ScoreSource, StateError> {
        let deflated = BASE64.decode(self.deflated)?;
        let mut bytes = Vec::new();
        DeflateDecoder::new(deflated.as_slice()).take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > MAX_FILE_BYTES {
            return Err(StateError::TooLarge { limit: MAX_FILE_BYTES });
        }
        Ok(ScoreSource { name: self.name, bytes: bytes.into(), choice: self.choice })
    }
}

/// The bridge's score, as a field that the framework saves and restores. Whatever stands in a project, restoring
/// it never fails: a damaged score is reported, and the plugin goes on without one.
pub struct SavedScore {
    bridge: Arc<Bridge>,
    /// The score last saved and its packed form, for hosts save often.
    packed: Mutex<Option<(Arc<ScoreSource>, Value)>>,
}

impl SavedScore {
    /// The field for one instance.
    pub fn new(bridge: Arc<Bridge>) -> SavedScore {
        SavedScore { bridge, packed: Mutex::new(None) }
    }

    fn value(&self) -> Result<Value, StateError> {
        let Some(source) = self.bridge.score_source() else { return Ok(Value::Null) };
        let mut packed = self.packed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((former, value)) = &*packed
            && Arc::ptr_eq(former, &source)
        {
            return Ok(value.clone());
        }
        let value = serde_json::to_value(Packed::new(&source)?)?;
        *packed = Some((source, value.clone()));
        Ok(value)
    }

    fn restore(&self, value: Value) -> Result<(), StateError> {
        match value {
            Value::Null => self.bridge.forget_score(),
            value => self.bridge.load_score(serde_json::from_value::<Packed>(value)?.unpack()?),
        }
        Ok(())
    }
}

impl PersistentField<'_, Value> for SavedScore {
    fn set(&self, new_value: Value) {
        if let Err(error) = self.restore(new_value) {
            self.bridge.forget_score();
            self.bridge.report(Severity::Error, error.to_string());
        }
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&Value) -> R,
    {
        match self.value() {
            Ok(value) => f(&value),
            Err(error) => {
                self.bridge.report(Severity::Error, error.to_string());
                f(&Value::Null)
            }
        }
    }
}

/// A setting that the bridge keeps, as a field that the framework saves and restores.
pub struct SavedSetting<T> {
    bridge: Arc<Bridge>,
    /// What the bridge has.
    get: fn(&Bridge) -> T,
    /// Gives it to the bridge.
    set: fn(&Bridge, T),
}

impl<T> SavedSetting<T> {
    /// The field for one instance.
    pub fn new(bridge: Arc<Bridge>, get: fn(&Bridge) -> T, set: fn(&Bridge, T)) -> SavedSetting<T> {
        SavedSetting { bridge, get, set }
    }
}

impl<'a, T: Serialize + Deserialize<'a>> PersistentField<'a, T> for SavedSetting<T> {
    fn set(&self, new_value: T) {
        (self.set)(&self.bridge, new_value);
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&T) -> R,
    {
        f(&(self.get)(&self.bridge))
    }
}

/// Size of the editor's window in logical pixels, and its zoom.
#[derive(Debug)]
pub struct WindowSize {
    width: AtomicU32,
    height: AtomicU32,
    zoom: AtomicU32,
}

/// The same, as it is saved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Logical pixels.
    pub width: u32,
    /// Logical pixels.
    pub height: u32,
    /// 0.75-3.
    pub zoom: f32,
}

impl Default for WindowSize {
    fn default() -> Self {
        let size = WindowSize { width: 0.into(), height: 0.into(), zoom: 0.into() };
        size.store(Window { width: 1200, height: 800, zoom: 1.0 });
        size
    }
}

impl WindowSize {
    /// The size as last stored.
    pub fn load(&self) -> Window {
        Window {
            width: self.width.load(Ordering::Relaxed),
            height: self.height.load(Ordering::Relaxed),
            zoom: f32::from_bits(self.zoom.load(Ordering::Relaxed)),
        }
    }

    /// Stores a size, brought within what a screen can show.
    pub fn store(&self, window: Window) {
        let zoom = if window.zoom.is_finite() { window.zoom.clamp(0.75, 3.0) } else { 1.0 };
        self.width.store(window.width.clamp(800, 7680), Ordering::Relaxed);
        self.height.store(window.height.clamp(500, 4320), Ordering::Relaxed);
        self.zoom.store(zoom.to_bits(), Ordering::Relaxed);
    }
}

impl PersistentField<'_, Window> for WindowSize {
    fn set(&self, new_value: Window) {
        self.store(new_value);
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&Window) -> R,
    {
        f(&self.load())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(bytes: &[u8]) -> ScoreSource {
        let choice = Choice { parts: "1".into(), path: "1-8, 1-".into() };
        ScoreSource { name: "étude.musicxml".into(), bytes: bytes.into(), choice }
    }

    #[test]
    fn a_score_is_packed_smaller_and_comes_back_the_same() {
        let text = "<note><pitch><step>C</step></pitch></note>".repeat(1000);
        let original = source(text.as_bytes());
        let packed = Packed::new(&original).unwrap();
        assert!(packed.deflated.len() < text.len() / 50);
        let value = serde_json::to_value(packed).unwrap();
        assert_eq!(serde_json::from_value::<Packed>(value).unwrap().unpack().unwrap(), original);
    }

    #[test]
    fn projects_from_before_there_was_a_choice_open() {
        let mut value = serde_json::to_value(Packed::new(&source(b"<score/>")).unwrap()).unwrap();
        value.as_object_mut().unwrap().remove("choice");
        let source = serde_json::from_value::<Packed>(value).unwrap().unpack().unwrap();
        assert_eq!(source.choice, Choice::default());
    }

    #[test]
    fn damaged_scores_are_errors() {
        let restore = |value: Value| -> Result<ScoreSource, StateError> {
            serde_json::from_value::<Packed>(value)?.unpack()
        };
        assert!(matches!(restore(serde_json::json!(7)), Err(StateError::Shape(_))));
        let field = |deflated: &str| serde_json::json!({ "name": "a", "deflated": deflated });
        assert!(matches!(restore(field("not base 64!")), Err(StateError::Encoding(_))));
        assert!(matches!(restore(field("////")), Err(StateError::Packing(_))));
        let bomb = Packed::new(&source(&vec![0; MAX_FILE_BYTES + 2])).unwrap();
        assert!(matches!(bomb.unpack(), Err(StateError::TooLarge { .. })));
    }

    #[test]
    fn a_window_size_stays_on_the_screen() {
        let size = WindowSize::default();
        size.store(Window { width: 0, height: u32::MAX, zoom: f32::NAN });
        assert_eq!(size.load(), Window { width: 800, height: 4320, zoom: 1.0 });
    }
}
