//! Is the audio thread of the built bundles fit for real time?

use crate::{build, display::Display, root, shell, target};
use anyhow::{Context, Result, ensure};
use std::path::PathBuf;
use std::process::Command;

/// Things that the shim must see when they are planted.
const PLANTED: [&str; 4] = ["allocation", "lock", "sleep", "call"];

/// Plays both bundles at realtime pace, through every case that the host knows, under a shim that counts allocations,
/// locks, sleeps and system calls on the audio thread. Before that, each of these is planted once, and must be caught.
pub fn check() -> Result<()> {
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        println!("skipped: the shim knows glibc only");
        return Ok(());
    }
    build::bundle()?;
    let shim = compile_shim()?;
    let display = Display::open();
    let host = || {
        let mut command = Command::new(target().join("release/realtime"));
        command.env("LD_PRELOAD", &shim);
        display.lend(&mut command);
        command
    };
    for kind in PLANTED {
        let output = host().args(["plant", kind]).output().context("the realtime host")?;
        ensure!(!output.status.success(), "a planted {kind} was not caught: the check proves nothing");
    }
    println!("planted {} were caught", PLANTED.join(", "));
    shell::run(host().arg("8"))
}

fn compile_shim() -> Result<PathBuf> {
    let shim = target().join("release/realtime_shim.so");
    let source = root().join("tests/hosts/realtime_shim.c");
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    shell::run(
        Command::new(compiler)
            .args(["-shared", "-fPIC", "-O2", "-Wall", "-o"])
            .arg(&shim)
            .arg(source)
            .arg("-ldl"),
    )?;
    Ok(shim)
}
