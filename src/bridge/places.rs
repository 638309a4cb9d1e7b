//! Where the system has programs keep what is the user's.

use std::path::PathBuf;

/// For what a program keeps to itself.
pub(super) fn state() -> Option<PathBuf> {
    place("XDG_STATE_HOME", ".local/state", "LOCALAPPDATA")
}

/// For what the user prefers.
pub(super) fn config() -> Option<PathBuf> {
    place("XDG_CONFIG_HOME", ".config", "APPDATA")
}

fn place(xdg: &str, usual: &str, windows: &str) -> Option<PathBuf> {
    let home = std::env::home_dir().filter(|home| home.is_absolute());
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = if cfg!(target_os = "macos") {
        home.map(|home| home.join("Library/Application Support"))
    } else if cfg!(windows) {
        named(windows).or(home)
    } else {
        named(xdg).or(home.map(|home| home.join(usual)))
    };
    Some(base?.join("colla-parte"))
}
