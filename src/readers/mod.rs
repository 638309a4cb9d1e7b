//! Bytes to scores and samples. Readers take bytes and touch nothing else: no file, no network, whatever a file asks for.
//!
//! Limits of scores, beyond which a file is refused with an error: 64 MiB as it comes, 256 MiB unzipped, 1024 entries in an
//! archive, 16 million XML nodes, 200 levels of nesting, 4096 parts, 65,536 measures along the playing order,
//! 2 million notes. No entity declarations are accepted, internal or external.

mod error;
mod midi;
mod musicxml;
mod mxl;
mod sound;
mod text;

pub use error::ReadError;
pub use musicxml::ScoreText;
pub use sound::{
    MAX_SOUND_FRAMES, SOUND_RATES_HZ, Sound, SoundError, SoundReader, StereoSound, decode_sound,
    decode_stereo,
};

use crate::score::Score;
use std::borrow::Cow;

/// The largest file accepted, in bytes.
pub const MAX_FILE_BYTES: usize = 64 << 20;

/// Reads a score: MusicXML (plain, or compressed as `.mxl`) or a standard MIDI file, told apart by content.
///
/// `name`: what the score is called if it does not say so itself, such as its file name without the suffix.
///
/// # Errors
/// [`ReadError`] where the bytes are no score, are broken, or go beyond the limits.
pub fn read_score(bytes: &[u8], name: &str) -> Result<Score, ReadError> {
    let mut score = if bytes.starts_with(b"MThd") {
        check_size(bytes)?;
        ensure_room(bytes.len(), ROOM_OF_MIDI)?;
        midi::read(bytes)?
    } else {
        let text = music_xml(bytes)?;
        ensure_room(text.len(), ROOM_OF_XML)?;
        musicxml::read(&text)?.score
    };
    if score.title.is_empty() {
        score.title = name.to_string();
    }
    Ok(score)
}

/// The MusicXML source of a score with an `id` on every notehead (`n` + its [`crate::score::NoteId`], so `n12`) and
/// every measure (`m` + its index in [`Score::measures`]; in parts after the first `m12p2`, with the part's index):
/// what engraves it can then say which note is where. A `<measure>` that repeat bars divide is several of
/// [`Score::measures`] and has the id of the first.
///
/// # Errors
/// As [`read_score`]; also [`ReadError::UnknownFormat`] for a MIDI file, which has no page: its score can be written as
/// one by the writers.
pub fn source_with_ids(bytes: &[u8]) -> Result<String, ReadError> {
    musicxml::with_ids(&music_xml(bytes)?)
}

/// The text of a MusicXML document, unpacked if need be.
fn music_xml(bytes: &[u8]) -> Result<Cow<'_, str>, ReadError> {
    check_size(bytes)?;
    if bytes.starts_with(b"PK") {
        return Ok(Cow::Owned(text::decode(&mxl::root_file(bytes)?).into_owned()));
    }
    let text = text::decode(bytes);
    if !text.trim_start().starts_with('<') {
        let found = format!("{:?}", text.chars().take(16).collect::<String>());
        return Err(ReadError::UnknownFormat { found });
    }
    Ok(text)
}

/// Memory that reading takes at most, in bytes for each byte of a document: measured 9 of the largest quartets and 12 of a million empty
/// notes in XML, 31 of a MIDI file that is nothing but short notes.
const ROOM_OF_XML: usize = 16;
const ROOM_OF_MIDI: usize = 32;

/// Asks the system for as much memory as reading takes, and gives it back: where there is too little, reading would end the process,
/// which may be a host. (A system that promises more than it has, as Linux does unless it is told otherwise, says yes.)
fn ensure_room(document: usize, each: usize) -> Result<(), ReadError> {
    let wanted = document.saturating_mul(each);
    let mut room = Vec::<u8>::new();
    room.try_reserve_exact(wanted).map_err(|_| ReadError::NoMemory { wanted })?;
    // Without this the compiler may see that nobody needs it.
    std::hint::black_box(&room);
    Ok(())
}

fn check_size(bytes: &[u8]) -> Result<(), ReadError> {
    if bytes.len() > MAX_FILE_BYTES {
        let found = bytes.len() as u64;
        return Err(ReadError::TooLarge { what: "file size in bytes", limit: MAX_FILE_BYTES as u64, found });
    }
    Ok(())
}
