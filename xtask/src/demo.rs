//! The first thing to try: the built plugin hears and follows a recording.

use crate::{build, root, shell, system, target};
use anyhow::Result;
use std::process::Command;

/// When the picture is taken, in seconds of the recording.
const PICTURED_S: &str = "25";

/// Builds the bundles and plays the demo recording through the built CLAP. The MIDI, the places sent and a picture
/// of the editor go to `target/demo`.
pub fn demo() -> Result<()> {
    system::ensure_programs()?;
    println!("building; the first time takes some minutes");
    build::bundle()?;
    let (item, out) = (root().join("assets/demo"), target().join("demo"));
    shell::run(Command::new(target().join("release/play")).arg(&item).arg(&out))?;
    let picture = out.join("editor.png");
    let mut draw = Command::new(target().join("release/editor-pictures"));
    shell::run(draw.arg("--playing").arg(item).arg(PICTURED_S).arg(&picture))?;
    println!("wrote {}: the plugin's editor after {PICTURED_S} s of the recording", picture.display());
    Ok(())
}
