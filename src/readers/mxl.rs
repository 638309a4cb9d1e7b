//! Compressed MusicXML: a zip archive whose `META-INF/container.xml` names the score.
//!
//! Entries are only ever read into memory, by name, so paths in the archive cannot lead anywhere.

use super::{ReadError, text};
use std::io::{Cursor, Read};
use zip::ZipArchive;

/// The most that one entry may unzip to, in bytes.
pub const MAX_UNZIPPED_BYTES: u64 = 256 << 20;

const MAX_ENTRIES: usize = 1024;
const MAX_CONTAINER_BYTES: u64 = 1 << 20;

/// The bytes of the score that the archive holds: the first root file of its container, or, without a usable
/// container, the first entry that is called `.musicxml` or `.xml` outside `META-INF`.
pub(super) fn root_file(bytes: &[u8]) -> Result<Vec<u8>, ReadError> {
    let broken = |e: zip::result::ZipError| ReadError::Archive(e.to_string());
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    if archive.len() > MAX_ENTRIES {
        let found = archive.len() as u64;
        return Err(ReadError::TooLarge { what: "archive entries", limit: MAX_ENTRIES as u64, found });
    }
    let named = match archive.index_for_name("META-INF/container.xml") {
        Some(index) => named_root(&unzipped(&mut archive, index, MAX_CONTAINER_BYTES)?),
        None => None,
    };
    let index = named.and_then(|name| archive.index_for_name(&name)).or_else(|| {
        (0..archive.len()).find(|&index| {
            archive.name_for_index(index).and_then(Result::ok).is_some_and(|name| {
                let lower = name.to_ascii_lowercase();
                !lower.starts_with("meta-inf/") && (lower.ends_with(".musicxml") || lower.ends_with(".xml"))
            })
        })
    });
    match index {
        Some(index) => unzipped(&mut archive, index, MAX_UNZIPPED_BYTES),
        None => Err(ReadError::Archive("expected an entry that is a score, found none".into())),
    }
}

/// The `full-path` of the first root file that is MusicXML.
fn named_root(container: &[u8]) -> Option<String> {
    let text = text::decode(container);
    let document = super::musicxml::parse(&text).ok()?;
    document
        .descendants()
        .filter(|node| node.tag_name().name() == "rootfile")
        .find(|node| node.attribute("media-type").is_none_or(|kind| kind.contains("musicxml")))
        .and_then(|node| node.attribute("full-path"))
        .map(str::to_string)
}

/// One entry, never more than `limit` bytes of it whatever its header says.
fn unzipped(archive: &mut ZipArchive<Cursor<&[u8]>>, index: usize, limit: u64) -> Result<Vec<u8>, ReadError> {
    let entry = archive.by_index(index).map_err(|e| ReadError::Archive(e.to_string()))?;
    let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
    let mut bytes = Vec::with_capacity(entry.size().min(limit).min(8 << 20) as usize);
    entry
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| ReadError::Archive(format!("entry {name:?}: {e}")))?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge { what: "unzipped size in bytes", limit, found: limit + 1 });
    }
    Ok(bytes)
}
