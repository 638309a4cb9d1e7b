//! The crate's documentation.

use crate::shell;
use anyhow::Result;
use std::process::Command;

/// Writes it to `target/doc`; a link that leads nowhere, or any other warning, is an error.
pub fn docs() -> Result<()> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let what = ["doc", "--release", "--quiet", "--no-deps", "--package", "colla-parte"];
    shell::run(cargo.args(what).env("RUSTDOCFLAGS", "--deny warnings"))
}
