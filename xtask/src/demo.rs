//! The first thing to try: the built plugin hears and follows a recording.

use crate::{build, root, shell, system, target};
use anyhow::Result;
use std::process::Command;

/// Builds the bundles and plays the demo recording through the built CLAP. The MIDI, the places sent and a picture
/// of the editor go to `target/demo`.
pub fn demo() -> Result<()> {
    system::ensure_programs()?;
    println!("building; the first time takes some minutes");
    build::bundle()?;
    let out = target().join("demo");
    shell::run(Command::new(target().join("release/play")).arg(root().join("assets/demo")).arg(&out))
}
