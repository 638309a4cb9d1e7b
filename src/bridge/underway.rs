//! A note on disk that a score is being engraved: a score that made the engraver crash, and the host with it, is known by
//! the note that stayed behind, and is not engraved again.

use std::fs;
use std::path::{Path, PathBuf};

/// While this lives, the score is being engraved.
#[derive(Debug)]
pub(super) struct Underway {
    note: Option<PathBuf>,
}

impl Underway {
    /// Notes in `folder` that the score of these bytes is being engraved. Where nothing can be written nothing is noted.
    ///
    /// # Errors
    /// If a process that is gone noted the same and did not come back from it; in words.
    pub fn begin(folder: &Path, bytes: &[u8]) -> Result<Underway, String> {
        let note = folder.join(format!("{:016x}", fingerprint(bytes)));
        if let Ok(process) = fs::read_to_string(&note)
            && !is_running(process.trim())
        {
            return Err(format!(
                "the engraver did not come back from this score before; to try again, delete {}",
                note.display()
            ));
        }
        let noted =
            fs::create_dir_all(folder).and_then(|()| fs::write(&note, std::process::id().to_string()));
        Ok(Underway { note: noted.is_ok().then_some(note) })
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        if let Some(note) = &self.note {
            let _ = fs::remove_file(note);
        }
    }
}

/// Whether this process is still there; another one only where the system says so in its files.
fn is_running(process: &str) -> bool {
    process == std::process::id().to_string()
        || (!process.is_empty() && cfg!(target_os = "linux") && Path::new("/proc").join(process).exists())
}

/// FNV-1a.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_that_ended_a_process_is_not_begun_again() {
        let folder = std::env::temp_dir().join(format!("colla-parte-underway-{}", std::process::id()));
        let notes = || fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
        let first = Underway::begin(&folder, b"score").unwrap();
        assert!(Underway::begin(&folder, b"another").is_ok());
        let [note] = notes().try_into().unwrap();
        // Another instance in this process engraves the same.
        assert!(Underway::begin(&folder, b"score").is_ok());
        drop(first);
        assert!(notes().is_empty(), "what is over leaves nothing");
        // No process has this number: it is above the most that Linux gives.
        fs::write(&note, "4194305").unwrap();
        let reason = Underway::begin(&folder, b"score").unwrap_err();
        assert!(reason.contains(&note.display().to_string()), "{reason}");
        assert!(Underway::begin(&folder, b"another").is_ok());
        fs::remove_dir_all(&folder).unwrap();
        // Where nothing can be noted, nothing is refused.
        assert!(Underway::begin(Path::new("/dev/null/x"), b"score").is_ok());
    }
}
