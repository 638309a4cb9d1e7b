//! What the build needs of the system.

use crate::shell;
use anyhow::{Result, bail};
use std::process::{Command, Stdio};

/// Programs that must be there, and the Debian packages that bring them.
const NEEDED: [(&str, &str); 2] = [("cc", "gcc libc6-dev"), ("c++", "g++")];

/// Makes sure that the programs the build needs are there: installs them where this user can, and otherwise says
/// which are missing.
pub fn ensure_programs() -> Result<()> {
    let missing: Vec<_> = NEEDED.iter().filter(|(program, _)| !runs(program, "--version")).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().flat_map(|(_, packages)| packages.split(' ')).collect();
    let wanted = packages.join(" ");
    let Some(mut apt) = apt_get() else {
        bail!("missing: {wanted} (the names of Debian's packages). Install them and run this again.");
    };
    println!("installing {wanted}");
    if shell::run(apt.args(["install", "--yes", "--no-install-recommends"]).args(&packages)).is_err() {
        bail!("missing, and could not be installed: {wanted}. Install them and run this again.");
    }
    Ok(())
}

/// Whether ALSA's headers are there, which the standalone program is built with.
pub fn has_alsa() -> bool {
    Command::new("pkg-config").args(["--exists", "alsa"]).status().is_ok_and(|status| status.success())
}

/// `apt-get` with the right to install, if this user has it without being asked for a password.
fn apt_get() -> Option<Command> {
    if !runs("apt-get", "--version") {
        return None;
    }
    let id = Command::new("id").arg("-u").output().ok()?;
    if id.stdout.trim_ascii() == b"0" {
        return Some(Command::new("apt-get"));
    }
    let sudo = Command::new("sudo").args(["--non-interactive", "true"]).stderr(Stdio::null()).status();
    sudo.is_ok_and(|status| status.success()).then(|| {
        let mut command = Command::new("sudo");
        command.args(["--non-interactive", "apt-get"]);
        command
    })
}

fn runs(program: &str, argument: &str) -> bool {
    let quiet = Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}
