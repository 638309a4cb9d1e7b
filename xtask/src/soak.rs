//! What takes long: hours of playing, thousands of activations, a starved machine, what `process` costs.

use crate::{build, display::Display, shell, target};
use anyhow::Result;
use std::process::Command;

/// Runs all of it with `hours` of audio; the tables are for BENCHMARKS.md.
pub fn soak(hours: &str) -> Result<()> {
    build::bundle()?;
    let display = Display::open();
    let run = |program: &str, arguments: &[&str]| {
        println!("── {program} {}", arguments.join(" "));
        let mut command = Command::new(target().join("release").join(program));
        display.lend(&mut command);
        shell::run(command.args(arguments))
    };
    run("soak", &["activations", "10000"])?;
    run("soak", &["instances", "1000"])?;
    run("soak", &["starved", "30"])?;
    run("cost", &["10"])?;
    run("soak", &["hours", hours])
}
