//! What the user prefers in the window, kept for all instances. How far it is zoomed is the project's.

use crate::bridge::PreferencesFile;
use crate::editor::Preferences;
use std::io;

/// The file, and what is in it as far as this instance knows.
pub struct KeptPreferences {
    file: PreferencesFile,
    kept: Preferences,
}

impl KeptPreferences {
    /// Those of this file, not yet read.
    pub fn new(file: PreferencesFile) -> KeptPreferences {
        KeptPreferences { file, kept: Preferences::default() }
    }

    /// What is preferred, in whichever instance that was said; `present` where nothing was that can be read.
    pub fn read(&mut self, present: Preferences) -> Preferences {
        let bytes = self.file.read().unwrap_or_default();
        let kept = serde_json::from_slice(&bytes).unwrap_or(present);
        self.kept = Preferences { scale: present.scale, ..kept };
        self.kept
    }

    /// Keeps what is preferred now, if it is another: beside what other instances have kept since.
    ///
    /// # Errors
    /// The system's; it is not tried again before it is another.
    pub fn keep(&mut self, preferred: Preferences) -> io::Result<()> {
        let before = self.kept;
        let preferred = Preferences { scale: before.scale, ..preferred };
        if before == preferred {
            return Ok(());
        }
        let theirs = self.read(before);
        fn newer<T: PartialEq>(before: T, mine: T, theirs: T) -> T {
            if mine == before { theirs } else { mine }
        }
        let kept = Preferences {
            language: newer(before.language, preferred.language, theirs.language),
            paper: newer(before.paper, preferred.paper, theirs.paper),
            turn_pages: newer(before.turn_pages, preferred.turn_pages, theirs.turn_pages),
            scale: before.scale,
        };
        self.kept = preferred;
        self.file.keep(&serde_json::to_vec(&kept)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::editor::Language;

    #[test]
    fn what_one_instance_was_told_to_prefer_all_do() {
        let folder = std::env::temp_dir().join(format!("colla-parte-kept-{}", std::process::id()));
        let kept = || KeptPreferences::new(PreferencesFile::within(&folder));
        let mut first = kept();
        let mut preferred = first.read(Preferences::default());
        first.keep(preferred).unwrap();
        assert!(!folder.exists(), "nothing is kept that is as it was");
        preferred = Preferences { language: Language::German, turn_pages: true, ..preferred };
        first.keep(preferred).unwrap();
        let present = Preferences { scale: 1.5, ..Preferences::default() };
        assert_eq!(
            kept().read(present),
            Preferences { scale: 1.5, ..preferred },
            "the zoom is the project's"
        );
        first.keep(Preferences { scale: 2.0, ..preferred }).unwrap();
        assert_eq!(kept().read(Preferences::default()), preferred);
        // Two windows that are open at once keep what each was told.
        let mut second = kept();
        let others = second.read(present);
        first.keep(Preferences { language: Language::French, ..preferred }).unwrap();
        second.keep(Preferences { turn_pages: false, ..others }).unwrap();
        let both = Preferences { language: Language::French, turn_pages: false, ..preferred };
        assert_eq!(kept().read(Preferences::default()), both);
        // What can't be read is as if there was nothing.
        PreferencesFile::within(&folder).keep(b"{ \"language\": \"Klingon\" }").unwrap();
        assert_eq!(kept().read(present), present);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
