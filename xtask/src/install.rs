//! Copies the bundles to where hosts look.

use crate::{build, target};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Builds the bundles and copies them to this user's plugin folders.
pub fn install() -> Result<()> {
    build::bundle()?;
    let (vst3, clap) = folders()?;
    for (folder, bundle) in [(vst3, "Colla Parte.vst3"), (clap, "Colla Parte.clap")] {
        let to = folder.join(bundle);
        copy(&target().join("bundled").join(bundle), &to).with_context(|| to.display().to_string())?;
        println!("{}", to.display());
    }
    Ok(())
}

/// Where this user's hosts look for VST3 and for CLAP.
fn folders() -> Result<(PathBuf, PathBuf)> {
    let of =
        |name: &str| std::env::var_os(name).map(PathBuf::from).with_context(|| format!("{name} is not set"));
    if cfg!(windows) {
        let common = of("LOCALAPPDATA")?.join("Programs").join("Common");
        return Ok((common.join("VST3"), common.join("CLAP")));
    }
    let home = of("HOME")?;
    Ok(if cfg!(target_os = "macos") {
        (home.join("Library/Audio/Plug-Ins/VST3"), home.join("Library/Audio/Plug-Ins/CLAP"))
    } else {
        (home.join(".vst3"), home.join(".clap"))
    })
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
