//! What Verovio reads while it engraves: outlines and measures of its fonts. They are carried in the binary and lie, unpacked,
//! in a folder of their own in the user's cache.

use super::EngraveError;
use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use zip::ZipArchive;

/// Bravura with its outlines, the measures of Leipzig (which Verovio insists on) and of its text font, as they
/// come with Verovio. Made by `assets/engraving/pack.py`.
const PACKED: &[u8] = include_bytes!("../../assets/engraving/verovio-fonts.zip");

/// Changes when the packed files change.
const EDITION: &str = "verovio-6.2-1";

/// Where the fonts belong: in the user's cache folder, or the system's folder for what need not last.
pub fn usual_folder() -> PathBuf {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = if cfg!(target_os = "windows") {
        set("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        set("HOME").map(|home| home.join("Library/Caches"))
    } else {
        set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))
    };
    cache.unwrap_or_else(std::env::temp_dir).join("colla-parte").join(EDITION)
}

/// Puts the fonts into `folder`, unless they are there.
///
/// The folder appears whole or not at all, so that several instances may do this at once.
///
/// # Errors
/// If it can't be written.
pub fn unpack(folder: &Path) -> Result<(), EngraveError> {
    if folder.is_dir() {
        return Ok(());
    }
    let failed = |reason: String| EngraveError::Resources { folder: folder.display().to_string(), reason };
    let parent = folder.parent().ok_or_else(|| failed("expected a folder that can be made".into()))?;
    fs::create_dir_all(parent).map_err(|error| failed(error.to_string()))?;
    static DRAFTS: AtomicU32 = AtomicU32::new(0);
    let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let draft = parent.join(format!(".{EDITION}-{}-{number}", std::process::id()));
    let made = write_all(&draft).and_then(|()| fs::rename(&draft, folder).map_err(|error| error.to_string()));
    if made.is_err() {
        let _ = fs::remove_dir_all(&draft);
        // Another instance may have been quicker.
        if folder.is_dir() {
            return Ok(());
        }
    }
    made.map_err(failed)
}

fn write_all(folder: &Path) -> Result<(), String> {
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let mut archive = ZipArchive::new(Cursor::new(PACKED)).map_err(|error| words(&error))?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| words(&error))?;
        let Some(name) = entry.enclosed_name() else { continue };
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| words(&error))?;
        }
        let mut bytes = Vec::with_capacity(entry.size() as usize);
        entry.read_to_end(&mut bytes).map_err(|error| words(&error))?;
        fs::write(&path, bytes).map_err(|error| words(&error))?;
    }
    Ok(())
}
