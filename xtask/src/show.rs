//! The plugin's editor in a real window, used with mouse and keyboard.

use crate::{build, display::Display, shell, target};
use anyhow::Result;
use std::process::Command;

/// Builds the bundles, uses the editor in a window while the demo recording plays, and leaves pictures in `target/show`. Needs
/// `xdotool`.
pub fn show() -> Result<()> {
    build::bundle()?;
    let display = Display::open();
    let mut command = Command::new(target().join("release/show"));
    display.lend(&mut command);
    let out = target().join("show");
    // What is saved goes to the user's folder: here to one of its own.
    let home = out.join("home");
    std::fs::create_dir_all(&home)?;
    shell::run(command.env("HOME", &home).arg(&out))?;
    println!("pictures: {}", out.display());
    Ok(())
}
