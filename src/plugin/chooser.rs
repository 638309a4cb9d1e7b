//! The system's file dialog.

use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Whether dialogs can be opened. macOS wants them on the main thread, where this plugin must not wait.
pub const IS_THERE: bool = cfg!(not(target_os = "macos"));

/// Nobody closes a dialog as quickly as this: there was none.
const AT_ONCE: Duration = Duration::from_millis(300);

/// Lets the user choose a score file; `None` if the dialog was closed without. Waits for that: never call it on the
/// audio thread, the host's main thread, or the editor's.
///
/// On Linux the desktop's portal (libdbus and `xdg-desktop-portal`, found while it runs) opens the dialog, and
/// `zenity` where there is no portal.
///
/// # Errors
/// If no dialog came up, in words for the user.
pub fn score_file() -> Result<Option<PathBuf>, String> {
    let asked = Instant::now();
    let chosen = rfd::FileDialog::new()
        .set_title("Colla Parte: score")
        .add_filter("MusicXML, MXL, MIDI", &["musicxml", "xml", "mxl", "mid", "midi", "MXL", "MID", "XML"])
        .add_filter("*", &["*"])
        .pick_file();
    match chosen {
        // The crate does not tell a dialog that was closed from one that never came.
        None if asked.elapsed() < AT_ONCE => Err(
            "no file dialog came up (it needs xdg-desktop-portal, or zenity): type or paste the score's path instead"
                .into(),
        ),
        chosen => Ok(chosen),
    }
}
