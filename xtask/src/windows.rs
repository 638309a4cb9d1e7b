//! The build for Windows, made on Linux: mingw-w64 compiles and links, Wine runs the tests.

use crate::display::Display;
use crate::{root, shell, target};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What is built for.
pub const TRIPLE: &str = "x86_64-pc-windows-gnu";

/// The compilers of mingw-w64 for C and C++ whose libraries are built on Windows' own threads. The others' are built on winpthreads, and
/// their C++ library hangs where a plugin that has it is unloaded. (Of what is built here the engraver's program alone is C++.)
const COMPILERS: [&str; 2] = ["x86_64-w64-mingw32-gcc-win32", "x86_64-w64-mingw32-g++-win32"];

/// Libraries that a Windows machine does not have, and a build must therefore carry.
const CARRIED: [&str; 2] = ["libstdc++", "libgcc_eh"];

/// Where this build lies: apart from Linux's, whose bundles have the same names.
pub fn folder() -> PathBuf {
    target().join("windows")
}

/// Builds with a profile of cargo's, and leaves both bundles in `folder()/bundled`.
pub fn bundle(profile: &str) -> Result<()> {
    bundle_beside(profile, &["--package", "colla-parte"])
}

/// The same of more packages, so that what they have in common is compiled once.
fn bundle_beside(profile: &str, packages: &[&str]) -> Result<()> {
    ensure_tools(&COMPILERS, "mingw-w64")?;
    let arguments = [&["build", "--profile", profile, "--target", TRIPLE], packages].concat();
    shell::run(&mut cargo(&arguments)?)?;
    let chosen = ["--profile", profile, "--target", TRIPLE].map(String::from);
    nice_plug_xtask::bundle(&folder(), "colla-parte", &chosen, false)?;
    for bundle in ["Colla Parte.clap", "Colla Parte.vst3/Contents/x86_64-win/Colla Parte.vst3"] {
        carries_its_libraries(&folder().join("bundled").join(bundle))?;
    }
    for program in ["colla-parte.exe", "colla-parte-engraver.exe"] {
        carries_its_libraries(&folder().join(TRIPLE).join(profile).join(program))?;
    }
    Ok(())
}

/// Builds the bundles, and runs the tests of the command, the library and the hosts under Wine.
pub fn test() -> Result<()> {
    ensure_tools(&["wine"], "wine wine64")?;
    let packages = ["--package", "colla-parte", "--package", "hosts"];
    bundle_beside("release", &packages)?;
    prepare_wine()?;
    let display = Display::open();
    let arguments = [&["test", "--release", "--target", TRIPLE, "--no-fail-fast"], &packages[..]].concat();
    let mut tests = cargo(&arguments)?;
    display.lend(&mut tests);
    shell::run(&mut tests)
}

/// Cargo, to be run with Windows' compilers, and Wine for what it runs.
fn cargo(arguments: &[&str]) -> Result<Command> {
    let mut command = shell::cargo_command(arguments);
    command
        .env("CARGO_TARGET_DIR", folder())
        .env("CC_x86_64_pc_windows_gnu", COMPILERS[0])
        .env("CXX_x86_64_pc_windows_gnu", COMPILERS[1])
        // Headers that Verovio asks for on Windows.
        .env("CPLUS_INCLUDE_PATH", root().join("packaging/mingw"))
        .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", COMPILERS[0])
        .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUSTFLAGS", format!("-L native={}", carried()?.display()))
        .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", "wine")
        .env("WINEPREFIX", prefix())
        .env("WINEDEBUG", "-all");
    Ok(command)
}

/// A folder with the compiler's libraries in their static form alone: the linker takes what it finds first, and looks here before it
/// looks where both forms lie.
fn carried() -> Result<PathBuf> {
    let folder = folder().join("carried");
    fs::create_dir_all(&folder)?;
    for library in CARRIED {
        let name = format!("{library}.a");
        let asked = Command::new(COMPILERS[0])
            .arg(format!("-print-file-name={name}"))
            .output()
            .context(COMPILERS[0])?;
        let from = PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim());
        ensure!(from.is_absolute(), "{}: knows no {name}", COMPILERS[0]);
        fs::copy(&from, folder.join(name)).with_context(|| from.display().to_string())?;
    }
    Ok(folder)
}

/// Wine's own drive and registry for the tests.
fn prefix() -> PathBuf {
    folder().join("wine")
}

/// Makes Wine's drive, with the one library that Rust's programs ask for and Wine has only from version 9 on.
fn prepare_wine() -> Result<()> {
    let system = prefix().join("drive_c/windows/system32");
    if !system.exists() {
        let mut wine = Command::new("wine");
        wine.args(["wineboot", "--init"])
            .env("WINEPREFIX", prefix())
            .env("WINEDEBUG", "-all")
            .stderr(Stdio::null());
        shell::run(&mut wine)?;
    }
    // A program that crashes, as the engraver's does in tests, is to end, and not to be shown in a window that waits for the user.
    let mut quiet = Command::new("wine");
    quiet
        .args([
            "reg",
            "add",
            r"HKCU\Software\Wine\WineDbg",
            "/v",
            "ShowCrashDialog",
            "/t",
            "REG_DWORD",
            "/d",
            "0",
            "/f",
        ])
        .env("WINEPREFIX", prefix())
        .env("WINEDEBUG", "-all")
        .stdout(Stdio::null());
    shell::run(&mut quiet)?;
    let library = system.join("bcryptprimitives.dll");
    if library.exists() {
        return Ok(());
    }
    let source = root().join("tests/hosts/wine_random.c");
    shell::run(
        Command::new(COMPILERS[0])
            .args(["-shared", "-O2", "-Wall", "-o"])
            .arg(library)
            .arg(source)
            .arg("-ladvapi32"),
    )
}

/// Fails if a built library asks for one that only the compiler's machine has.
fn carries_its_libraries(library: &Path) -> Result<()> {
    let output =
        Command::new("x86_64-w64-mingw32-objdump").arg("-p").arg(library).output().context("objdump")?;
    ensure!(output.status.success(), "{}: objdump: {}", library.display(), output.status);
    let text = String::from_utf8_lossy(&output.stdout);
    let asked: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("DLL Name: ")).collect();
    ensure!(!asked.is_empty(), "{}: objdump names no library", library.display());
    let foreign: Vec<&&str> = asked.iter().filter(|name| name.starts_with("lib")).collect();
    ensure!(foreign.is_empty(), "{}: needs {foreign:?}, which Windows does not have", library.display());
    Ok(())
}

fn ensure_tools(programs: &[&str], packages: &str) -> Result<()> {
    let missing: Vec<&&str> = programs.iter().filter(|program| !starts(program)).collect();
    if !missing.is_empty() {
        bail!("missing: {missing:?} (Debian: {packages}; and `rustup target add {TRIPLE}`)");
    }
    Ok(())
}

fn starts(program: &str) -> bool {
    let mut command = Command::new(program);
    let quiet = command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}
