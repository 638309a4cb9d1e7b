//! The project's own tasks: `cargo xtask demo`, `cargo xtask test` and what they are made of.

mod build;
mod demo;
mod display;
mod dist;
mod docs;
mod install;
mod layers;
mod licences;
mod notices;
mod packages;
mod realtime;
mod shell;
mod show;
mod soak;
mod system;
mod test;
mod windows;

use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

const USAGE: &str = "usage: cargo xtask TASK
  demo      build, play the demo recording through the built plugin, and show what it found
  test      everything that must pass
  bundle    build the .vst3 and .clap into target/bundled
  install   bundle, and copy both to where this user's hosts look
  dist      a package to hand on, in target/packages: bundles, command, manual, licences, installer
  dist windows  the same for Windows, with mingw-w64
  windows   build for Windows with mingw-w64, and run the tests of that build under Wine
  layers    check that imports only go down
  licences  check licences and sources of all dependencies against deny.toml
  docs      the crate's documentation, without a warning
  realtime  check that the audio thread neither allocates, locks nor calls the system, and time it
  bench     run the benchmarks
  show      the editor in a window, used with mouse and keyboard (xdotool); pictures in target/show
  soak N    N hours of audio, thousands of activations and instances, a starved machine, what process() costs";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    std::env::set_current_dir(root())?;
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["demo"] => demo::demo(),
        ["test"] => test::test(),
        ["bundle"] => build::bundle(),
        ["install"] => install::install(),
        ["dist"] => dist::dist("dist"),
        ["dist", "windows"] => dist::windows("dist"),
        ["dist", "windows", profile] => dist::windows(profile),
        ["dist", profile] => dist::dist(profile),
        ["windows"] => windows::test(),
        ["licences"] => licences::check(),
        ["docs"] => docs::docs(),
        ["layers"] => layers::check(&root().join("src")),
        ["realtime"] => realtime::check(),
        ["soak", hours] => soak::soak(hours),
        ["bench"] => build::bench(),
        ["show"] => show::show(),
        _ => bail!("{USAGE}"),
    }
}

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository")
}

/// Where cargo builds.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
