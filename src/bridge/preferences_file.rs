//! A small file of what the user prefers, the same for all instances.

use super::places;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Longer than it ever is, in bytes.
const MOST_BYTES: u64 = 64 << 10;

/// The file's place; it need not be there.
#[derive(Clone, Debug)]
pub struct PreferencesFile(Option<PathBuf>);

impl PreferencesFile {
    /// Where the system has such files; nowhere, if it has no such place.
    pub fn usual() -> PreferencesFile {
        PreferencesFile(places::config().map(|folder| folder.join("editor.json")))
    }

    /// A file that there is not: nothing is read and nothing is kept.
    pub fn nowhere() -> PreferencesFile {
        PreferencesFile(None)
    }

    /// In a folder.
    pub fn within(folder: &Path) -> PreferencesFile {
        PreferencesFile(Some(folder.join("editor.json")))
    }

    /// What was kept last; `None` if nothing was that can be read.
    pub fn read(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let file = fs::File::open(self.0.as_ref()?).ok()?;
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 <= MOST_BYTES).then_some(bytes)
    }

    /// Keeps these in the place of the last, whole or not at all.
    ///
    /// # Errors
    /// The system's.
    pub fn keep(&self, bytes: &[u8]) -> io::Result<()> {
        let Some(path) = &self.0 else { return Ok(()) };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        // Of another process's at the same time one is whole, and stays.
        let aside = path.with_extension(format!("{}.part", std::process::id()));
        let kept = fs::write(&aside, bytes).and_then(|()| fs::rename(&aside, path));
        if kept.is_err() {
            let _ = fs::remove_file(&aside);
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again_and_what_is_none_is_not() {
        let folder = std::env::temp_dir().join(format!("colla-parte-preferences-{}", std::process::id()));
        let preferences = PreferencesFile::within(&folder.join("not there"));
        assert_eq!(preferences.read(), None);
        preferences.keep(b"one").unwrap();
        preferences.keep(b"two").unwrap();
        assert_eq!(preferences.read().as_deref(), Some(&b"two"[..]));
        let files = fs::read_dir(folder.join("not there")).unwrap().count();
        assert_eq!(files, 1, "nothing lies beside it");
        preferences.keep(&vec![b' '; MOST_BYTES as usize + 1]).unwrap();
        assert_eq!(preferences.read(), None, "too long");
        // A file where the folder should be.
        fs::write(folder.join("file"), "").unwrap();
        assert!(PreferencesFile::within(&folder.join("file")).keep(b"three").is_err());
        assert_eq!(PreferencesFile::nowhere().read(), None);
        assert!(PreferencesFile::nowhere().keep(b"four").is_ok());
        fs::remove_dir_all(folder).unwrap();
    }
}
