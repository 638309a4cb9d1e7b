//! Copies the bundles to where hosts look.

use crate::{build, target};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Builds the bundles and copies them to this user's plugin folders, and the engraver to where they look for it.
pub fn install() -> Result<()> {
    build::bundle()?;
    let (bundled, built) = (target().join("bundled"), target().join("release"));
    let engraver = format!("colla-parte-engraver{}", std::env::consts::EXE_SUFFIX);
    let Folders { vst3, clap, programs } = folders()?;
    for (from, name, to) in [
        (&bundled, "Colla Parte.vst3", vst3),
        (&bundled, "Colla Parte.clap", clap),
        (&built, engraver.as_str(), programs),
    ] {
        let to = to.join(name);
        copy(&from.join(name), &to).with_context(|| to.display().to_string())?;
        println!("{}", to.display());
    }
    Ok(())
}

/// Where this user's hosts look for VST3 and for CLAP, and the plugin for its engraver.
struct Folders {
    vst3: PathBuf,
    clap: PathBuf,
    programs: PathBuf,
}

fn folders() -> Result<Folders> {
    let of =
        |name: &str| std::env::var_os(name).map(PathBuf::from).with_context(|| format!("{name} is not set"));
    if cfg!(windows) {
        let all = of("LOCALAPPDATA")?.join("Programs");
        let (vst3, clap) = (all.join("Common").join("VST3"), all.join("Common").join("CLAP"));
        return Ok(Folders { vst3, clap, programs: all.join("Colla Parte") });
    }
    let home = of("HOME")?;
    let (vst3, clap) = if cfg!(target_os = "macos") {
        ("Library/Audio/Plug-Ins/VST3", "Library/Audio/Plug-Ins/CLAP")
    } else {
        (".vst3", ".clap")
    };
    Ok(Folders { vst3: home.join(vst3), clap: home.join(clap), programs: home.join(".local/bin") })
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
