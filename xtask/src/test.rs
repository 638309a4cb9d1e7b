//! Everything that must pass.

use crate::display::Display;
use crate::{build, docs, layers, licences, realtime, root, shell, system};
use anyhow::{Context, Result};
use std::time::Instant;

/// Runs all checks, the quick ones first; `cargo test`'s own results are the last lines.
pub fn test() -> Result<()> {
    let clippy = |what: &[&str]| {
        let mut arguments = vec!["clippy", "--release", "--quiet", "--all-targets"];
        arguments.extend(what);
        arguments.extend(["--", "--deny", "warnings"]);
        shell::cargo(&arguments)
    };
    step("what the build needs", system::ensure_programs)?;
    step("format", || shell::cargo(&["fmt", "--all", "--check"]))?;
    step("layers", || layers::check(&root().join("src")))?;
    let mut workspace = vec!["--workspace", "--exclude", "xtask"];
    if system::has_alsa() {
        workspace.extend(["--features", "colla-parte/standalone"]);
    } else {
        eprintln!("── not looked at for want of ALSA's headers: the standalone program");
    }
    step("clippy", || clippy(&workspace))?;
    step("clippy of the tasks", || clippy(&["--package", "xtask"]))?;
    step("clippy without the plugin", || clippy(&["--package", "colla-parte", "--no-default-features"]))?;
    step("licences", licences::check)?;
    step("documentation", docs::docs)?;
    step("bundles", build::bundle)?;
    step("realtime", realtime::check)?;
    step("tests of the tasks", || shell::cargo(&["test", "--release", "--quiet", "--package", "xtask"]))?;
    step("tests", || {
        // Some of them open the plugin's window.
        let display = Display::open();
        let mut tests = shell::cargo_command(&["test", "--release", "--workspace", "--exclude", "xtask"]);
        display.lend(&mut tests);
        shell::run(&mut tests)
    })
}

fn step(name: &str, check: impl FnOnce() -> Result<()>) -> Result<()> {
    eprintln!("── {name}");
    let start = Instant::now();
    check().with_context(|| name.to_string())?;
    // The last step's last line is its own.
    if name != "tests" {
        eprintln!("   passed in {:.0} s", start.elapsed().as_secs_f64());
    }
    Ok(())
}
