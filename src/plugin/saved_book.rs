//! The session's book in a project.
//!
//! The field is JSON: `format`, the book's `id` and `revision`, its cues, what was chosen for the edit of each score (`edits`),
//! and each take as JSON deflated (zlib, whose checksum tells damage) in base 64. A take that is damaged is left out and said; the others are read.
//!
//! **Migration.** A book of format [`FORMAT`] or lower is read; where a format changes, [`migrated`] turns the older
//! one into the newer before it is read. (1 had no `edits`.) A book of a higher format, or one that cannot be read at all, is not shown: it
//! is carried along, as it is, in the field `aside` of what is saved from then on, and a version that knows it finds
//! it there.
//!
//! **Size.** Notes take some 4 bytes each and a take some 2 kB. A book is kept within [`MAX_BYTES`]: beyond that the
//! notes of the oldest takes are left out, which costs their MIDI export and nothing else.

use crate::bridge::{Bridge, Severity};
use crate::performance::{Cue, EditChoices};
use crate::takes::{Entry, MAX_TAKES, SavedTake, SessionLog};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use nice_plug::params::persist::PersistentField;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use thiserror::Error;

/// The format that is written.
const FORMAT: u64 = 2;
/// Numbers that takes of one book may come to have.
const MOST_TAKES_EVER: u32 = 1_000_000_000;
/// Characters that all takes together may have in a project.
const MAX_BYTES: usize = 32 << 20;
/// Bytes that one take may unpack to: four hours of fifty notes a second.
const MAX_TAKE_BYTES: u64 = 32 << 20;
/// Characters that a book which is carried along may have.
const MAX_ASIDE: usize = 64 << 20;

/// Why a book, or a take in it, is not shown.
#[derive(Debug, Error)]
enum BookError {
    #[error("it was written by a newer version (format {found}, this one reads up to {FORMAT})")]
    Newer { found: u64 },
    #[error("it is damaged ({0})")]
    Shape(#[from] serde_json::Error),
    #[error("it is damaged ({0})")]
    Encoding(#[from] base64::DecodeError),
    #[error("it is damaged ({0})")]
    Packing(#[from] std::io::Error),
    #[error("it is damaged ({0})")]
    Take(#[from] crate::takes::SavedError),
    #[error("expected at most {MAX_TAKE_BYTES} bytes in a take, found more")]
    TooLarge,
}

/// The field as it is written and read.
#[derive(Deserialize)]
struct Packed {
    id: u64,
    revision: u64,
    #[serde(default)]
    cues: Vec<Cue>,
    edits: Vec<PackedEdit>,
    takes: Vec<String>,
    /// The number of the take to come.
    #[serde(default)]
    next: u32,
}

/// What was chosen for the edit of one score.
#[derive(Deserialize, Serialize)]
struct PackedEdit {
    /// The score's measures, in hexadecimal: JSON's numbers are not exact so far up.
    grid: String,
    #[serde(flatten)]
    choices: EditChoices,
}

/// A take's entry and its packed form, with and without notes.
struct PackedTake {
    entry: Arc<Entry>,
    whole: String,
    bare: Option<String>,
}

/// What is remembered from one save to the next, for hosts save often.
#[derive(Default)]
struct Cache {
    takes: HashMap<u32, PackedTake>,
    /// The revision last packed, and what became of it.
    packed: Option<(u64, u64, Value)>,
    /// A book that could not be read, as it came.
    aside: Option<Value>,
    /// The user knows that notes are left out.
    told: bool,
}

/// The book, as a field that the framework saves and restores. Whatever stands in a project, restoring it never
/// fails, and never takes anything from the book that is open.
pub struct SavedBook {
    bridge: Arc<Bridge>,
    cache: Mutex<Cache>,
}

impl SavedBook {
    /// The field for one instance.
    pub fn new(bridge: Arc<Bridge>) -> SavedBook {
        SavedBook { bridge, cache: Mutex::default() }
    }

    fn value(&self) -> Result<Value, BookError> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let (id, revision, next, entries, cues, choices) = self.bridge.with_book(|log| {
            let entries: Vec<Arc<Entry>> = log.entries().cloned().collect();
            let (cues, choices) = (log.cues().to_vec(), log.all_choices().to_vec());
            (log.id(), log.revision(), log.next_number(), entries, cues, choices)
        });
        if let Some((known_id, known, value)) = &cache.packed
            && (*known_id, *known) == (id, revision)
        {
            return Ok(value.clone());
        }
        let (takes, bare) = packed_takes(&mut cache.takes, &entries, MAX_BYTES)?;
        if bare > 0 && !std::mem::replace(&mut cache.told, true) {
            let text = format!(
                "the book is larger than {} MB: the project keeps the {bare} oldest takes without their notes",
                MAX_BYTES >> 20
            );
            self.bridge.report(Severity::Error, text);
        }
        let edit = |(grid, choices)| PackedEdit { grid: format!("{grid:016x}"), choices };
        let edits: Vec<PackedEdit> = choices.into_iter().map(edit).collect();
        let mut value = json!({
            "format": FORMAT, "id": id, "revision": revision, "cues": cues, "edits": edits, "takes": takes, "next": next,
        });
        if let Some(aside) = &cache.aside {
            value["aside"] = aside.clone();
        }
        cache.packed = Some((id, revision, value.clone()));
        Ok(value)
    }

    fn restore(&self, value: Value) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let aside = value.get("aside").filter(|aside| !aside.is_null()).cloned();
        let result = restored(&value);
        let carried = match &result {
            Ok(_) => aside,
            Err(_) => Some(value),
        };
        if let Some(carried) = carried.filter(|carried| carried.to_string().len() <= MAX_ASIDE) {
            cache.aside = Some(carried);
            cache.packed = None;
        }
        drop(cache);
        match result {
            Ok((log, damaged)) => {
                self.bridge.restore_book(log);
                for error in damaged {
                    self.bridge.report(
                        Severity::Error,
                        format!("a take of the project's book is left out: {error}"),
                    );
                }
            }
            Err(error) => {
                let text = format!("the project's book is not shown: {error}. It stays in the project.");
                self.bridge.report(Severity::Error, text);
            }
        }
    }
}

/// The log that a field holds, and what is wrong with the takes that it could not give.
fn restored(value: &Value) -> Result<(SessionLog, Vec<BookError>), BookError> {
    // What has no format is damaged, which the reading says.
    if let Some(found) = value.get("format").and_then(Value::as_u64).filter(|found| *found > FORMAT) {
        return Err(BookError::Newer { found });
    }
    let packed = Packed::deserialize(migrated(value.clone()))?;
    let (mut entries, mut damaged) = (Vec::new(), Vec::new());
    for text in packed.takes.iter().take(MAX_TAKES) {
        match unpacked(text) {
            Ok(entry) => entries.push(entry),
            Err(error) => damaged.push(error),
        }
    }
    let choices = packed.edits.into_iter().filter_map(|edit| {
        let grid = u64::from_str_radix(&edit.grid, 16).ok()?;
        Some((grid, edit.choices))
    });
    let (id, revision) = (packed.id, packed.revision);
    let mut log = SessionLog::from_saved(id, revision, entries, packed.cues, choices.collect());
    log.count_from(packed.next.min(MOST_TAKES_EVER));
    Ok((log, damaged))
}

/// The same book in the present format.
fn migrated(mut value: Value) -> Value {
    if value.get("format").and_then(Value::as_u64) == Some(1) {
        value["edits"] = json!([]);
        value["format"] = json!(2);
    }
    value
}

/// The packed takes, the notes of the oldest left out where all would be too large; and how many those are.
fn packed_takes(
    known: &mut HashMap<u32, PackedTake>,
    entries: &[Arc<Entry>],
    at_most: usize,
) -> Result<(Vec<String>, usize), BookError> {
    known.retain(|number, _| entries.binary_search_by_key(number, |entry| entry.number).is_ok());
    for entry in entries {
        if !known.get(&entry.number).is_some_and(|packed| Arc::ptr_eq(&packed.entry, entry)) {
            let whole = packed(&SavedTake::new(entry, true))?;
            known.insert(entry.number, PackedTake { entry: entry.clone(), whole, bare: None });
        }
    }
    let mut size: usize = known.values().map(|packed| packed.whole.len()).sum();
    let mut takes = Vec::with_capacity(entries.len());
    let mut bare = 0;
    for entry in entries {
        let Some(take) = known.get_mut(&entry.number) else { continue };
        if size <= at_most {
            takes.push(take.whole.clone());
            continue;
        }
        let short = match &mut take.bare {
            Some(short) => short,
            none => none.insert(packed(&SavedTake::new(entry, false))?),
        };
        size -= take.whole.len() - short.len().min(take.whole.len());
        takes.push(short.clone());
        bare += 1;
    }
    Ok((takes, bare))
}

fn packed(take: &SavedTake) -> Result<String, BookError> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&serde_json::to_vec(take)?)?;
    Ok(BASE64.encode(encoder.finish()?))
}

fn unpacked(text: &str) -> Result<Entry, BookError> {
    let deflated = BASE64.decode(text)?;
    let mut bytes = Vec::new();
    ZlibDecoder::new(deflated.as_slice()).take(MAX_TAKE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_TAKE_BYTES {
        return Err(BookError::TooLarge);
    }
    Ok(serde_json::from_slice::<SavedTake>(&bytes)?.read()?)
}

impl PersistentField<'_, Value> for SavedBook {
    fn set(&self, new_value: Value) {
        if !new_value.is_null() {
            self.restore(new_value);
        }
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&Value) -> R,
    {
        match self.value() {
            Ok(value) => f(&value),
            Err(error) => {
                self.bridge.report(Severity::Error, format!("the book could not be kept: {error}"));
                f(&Value::Null)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::{ChosenJoin, PlayedNote, Take};
    use crate::takes::{Edit, Recorded};
    use crate::units::{Pitch, Seconds};

    fn recorded(notes: usize) -> Recorded {
        let note = |n: usize| {
            let onset = Seconds(0.13 * n as f64);
            let offset = Seconds(onset.0 + 0.4);
            let (pitch, velocity) = (Pitch(40 + (n * 7 % 40) as u8), 30 + (n * 13 % 90) as u8);
            PlayedNote { onset, offset, pitch, velocity, emitted: onset }
        };
        let (start, end) = (Seconds(0.0), Seconds(0.13 * notes as f64 + 1.0));
        Recorded {
            take: Take::plain(start, end),
            notes: (0..notes).map(note).collect(),
            rate_hz: 48_000.0,
            host_start_s: None,
            began_unix_s: 0,
            grid: 1,
            exact: true,
        }
    }

    fn choices() -> EditChoices {
        let mut choices = EditChoices::default();
        choices.choose(2, 5, Some(1));
        choices.joins.push(ChosenJoin { step: 9, beat: Some(35.5), before: 1, after: 2 });
        choices
    }

    fn filled(takes: usize) -> (Arc<Bridge>, SavedBook) {
        let bridge = Arc::new(Bridge::default());
        let mut log = SessionLog::new(77);
        (0..takes).for_each(|_| assert!(log.add(recorded(50)).is_ok()));
        log.edit(Edit::Comment { take: 1, comment: "the one".into() });
        log.edit(Edit::Choices { grid: u64::MAX - 2, choices: choices() });
        bridge.restore_book(log);
        let saved = SavedBook::new(bridge.clone());
        (bridge, saved)
    }

    fn count(bridge: &Bridge) -> usize {
        bridge.with_book(|log| log.entries().count())
    }

    #[test]
    fn a_book_comes_back_and_is_saved_the_same_again() {
        let (_, saved) = filled(5);
        let value = saved.value().unwrap();
        let bridge = Arc::new(Bridge::default());
        let other = SavedBook::new(bridge.clone());
        other.set(value.clone());
        assert_eq!(count(&bridge), 5);
        assert_eq!(bridge.with_book(|log| log.entries().next().unwrap().remarks.comment.clone()), "the one");
        assert_eq!(bridge.with_book(|log| log.choices(u64::MAX - 2)), choices());
        assert_eq!(other.value().unwrap(), value);
    }

    #[test]
    fn a_deleted_takes_number_is_not_given_again() {
        let (bridge, saved) = filled(3);
        bridge.edit_book(crate::takes::Edit::Delete { take: 3 });
        let (log, _) = restored(&saved.value().unwrap()).unwrap();
        assert_eq!((log.entries().count(), log.next_number()), (2, 4));
    }

    #[test]
    fn a_book_of_the_first_format_opens_without_choices() {
        let (_, saved) = filled(2);
        let mut value = saved.value().unwrap();
        value["format"] = json!(1);
        value.as_object_mut().unwrap().remove("edits");
        let (log, damaged) = restored(&value).unwrap();
        assert_eq!((log.entries().count(), damaged.len()), (2, 0));
        assert!(log.all_choices().is_empty());
    }

    #[test]
    fn a_newer_or_damaged_book_takes_nothing_away_and_is_carried_along() {
        let newer = json!({ "format": 7, "leaves": ["?"] });
        for foreign in [newer, json!(3), json!({ "format": 1, "takes": 9 }), json!(["x"])] {
            let (bridge, saved) = filled(3);
            saved.set(foreign.clone());
            assert_eq!(count(&bridge), 3, "{foreign}");
            let kept = saved.value().unwrap();
            assert_eq!(kept["aside"], foreign);
            // And so it is over the next project.
            let bridge = Arc::new(Bridge::default());
            let next = SavedBook::new(bridge.clone());
            next.set(kept);
            assert_eq!((count(&bridge), &next.value().unwrap()["aside"]), (3, &foreign));
        }
    }

    #[test]
    fn numbers_that_are_carried_along_come_back_to_the_last_bit() {
        // The fuzzer's: read without care it is off by one in its last place, and again each time it is saved.
        let newer: Value = serde_json::from_str(r#"{ "format": 7, "pitch": 6.888888888858888e81 }"#).unwrap();
        let (_, saved) = filled(1);
        saved.set(newer.clone());
        let kept: Value = serde_json::from_str(&saved.value().unwrap().to_string()).unwrap();
        assert_eq!(kept["aside"], newer);
        assert_eq!(kept["aside"]["pitch"].to_string(), "6.888888888858888e+81");
    }

    #[test]
    fn a_damaged_take_is_left_out_and_the_others_are_read() {
        let (_, saved) = filled(4);
        let mut value = saved.value().unwrap();
        let text = value["takes"][1].as_str().unwrap().to_owned();
        let middle = text.len() / 2;
        let other = if &text[middle..=middle] == "A" { "B" } else { "A" };
        value["takes"][1] = json!(format!("{}{other}{}", &text[..middle], &text[middle + 1..]));
        let (log, damaged) = restored(&value).unwrap();
        let numbers: Vec<u32> = log.entries().map(|entry| entry.number).collect();
        assert_eq!((numbers, damaged.len()), (vec![1, 3, 4], 1));
    }

    #[test]
    fn a_book_that_is_too_large_loses_the_notes_of_its_oldest_takes() {
        let (bridge, _) = filled(6);
        let entries: Vec<_> = bridge.with_book(|log| log.entries().cloned().collect());
        let whole = packed_takes(&mut HashMap::new(), &entries, usize::MAX).unwrap().0;
        let size: usize = whole.iter().map(String::len).sum();
        let (takes, bare) = packed_takes(&mut HashMap::new(), &entries, size - 1).unwrap();
        assert!(takes.iter().map(String::len).sum::<usize>() < size);
        assert_eq!((bare, unpacked(&takes[0]).unwrap().recorded.notes.len()), (1, 0));
        assert_eq!(takes[1..], whole[1..]);
    }

    #[test]
    fn five_hundred_takes_are_kept_within_bounds_and_packed_once() {
        let (bridge, saved) = filled(500);
        let first = saved.value().unwrap();
        assert!(first.to_string().len() < 500 * 1_000, "{} bytes", first.to_string().len());
        bridge.edit_book(Edit::Stars { take: 250, stars: 3 });
        let second = saved.value().unwrap();
        let differ = |n: usize| first["takes"][n] != second["takes"][n];
        assert_eq!((0..500).filter(|n| differ(*n)).collect::<Vec<_>>(), [249]);
    }
}
