//! Builds the workspace and its bundles.

use crate::{shell, target};
use anyhow::Result;

/// Builds all but this crate at once, so that every dependency is compiled once and with one set of features.
pub fn build() -> Result<()> {
    shell::cargo(&["build", "--release", "--workspace", "--exclude", "xtask"])
}

/// Builds the `.vst3` and the `.clap`.
pub fn bundle() -> Result<()> {
    build()?;
    nice_plug_xtask::bundle(&target(), "colla-parte", &["--release".to_string()], false)
}

/// Runs the benchmarks: the engine's rooms hop by hop, then `process` of the built bundles.
pub fn bench() -> Result<()> {
    bundle()?;
    shell::cargo(&["bench", "--package", "colla-parte", "--bench", "engine"])?;
    shell::cargo(&["bench", "--package", "hosts", "--bench", "process"])
}
