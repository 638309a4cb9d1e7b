//! Copies the bundles to where hosts look.

use crate::{build, target};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Builds the bundles and copies them to this user's plugin folders.
pub fn install() -> Result<()> {
    build::bundle()?;
    let home = PathBuf::from(std::env::var_os("HOME").context("HOME is not set")?);
    let (vst3, clap) = if cfg!(target_os = "macos") {
        (home.join("Library/Audio/Plug-Ins/VST3"), home.join("Library/Audio/Plug-Ins/CLAP"))
    } else {
        (home.join(".vst3"), home.join(".clap"))
    };
    for (folder, bundle) in [(vst3, "Colla Parte.vst3"), (clap, "Colla Parte.clap")] {
        let to = folder.join(bundle);
        copy(&target().join("bundled").join(bundle), &to).with_context(|| to.display().to_string())?;
        println!("{}", to.display());
    }
    Ok(())
}

/// Copies a file, or a folder and all in it. A file is replaced, not written over: a running host may have it open.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    if to.exists() {
        fs::remove_file(to)?;
    }
    fs::copy(from, to)?;
    Ok(())
}
