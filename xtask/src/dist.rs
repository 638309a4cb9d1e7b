//! A package to hand on: both bundles, the command with its manual and completions, the licences, an installer.

use crate::{notices, packages, root, shell, target};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Shells that get a completion script, and its name in the package.
const SHELLS: [(&str, &str); 3] =
    [("bash", "colla-parte.bash"), ("zsh", "_colla-parte"), ("fish", "colla-parte.fish")];

/// Files of the repository that are handed on as they are.
const CARRIED: [&str; 4] = ["LICENSE", "README.md", "CHANGELOG.md", "docs/window.png"];

/// Builds with a profile of cargo's, `dist` for what is handed on, and leaves the package and its checksum in
/// `target/packages`.
pub fn dist(profile: &str) -> Result<()> {
    ensure!(cfg!(target_os = "linux"), "packages are made on Linux; elsewhere use `cargo xtask bundle`");
    let notices = notices::notices()?;
    shell::cargo(&["build", "--profile", profile, "--package", "colla-parte"])?;
    let chosen = ["--profile", profile].map(String::from);
    nice_plug_xtask::bundle(&target(), "colla-parte", &chosen, false)?;
    let machine = packages::host()?;
    let machine = machine.split('-').next().unwrap_or("unknown");
    let name = format!("colla-parte-{}-{machine}-linux", version()?);
    let folder = target().join("packages").join(&name);
    let made = Made {
        bundles: target().join("bundled"),
        command: target().join(profile).join("colla-parte"),
        notices,
    };
    stage(&made, &folder)?;
    let package = pack(&folder)?;
    println!("{} ({:.1} MB)", package.display(), fs::metadata(&package)?.len() as f64 / 1e6);
    Ok(())
}

/// What a package is made of.
struct Made {
    /// Folder of both bundles.
    bundles: PathBuf,
    /// The built command.
    command: PathBuf,
    /// What the authors of others' code want said.
    notices: String,
}

/// Lays out the package in `folder`, which is emptied first.
fn stage(made: &Made, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    for part in ["bin", "man", "completions", "docs"] {
        fs::create_dir_all(folder.join(part))?;
    }
    for bundle in ["Colla Parte.vst3", "Colla Parte.clap"] {
        shell::run(Command::new("cp").arg("-R").arg(made.bundles.join(bundle)).arg(folder))?;
    }
    let command = folder.join("bin/colla-parte");
    shell::run(Command::new("cp").arg(&made.command).arg(&command))?;
    shell::run(Command::new(&command).arg("man").arg(folder.join("man")))?;
    for (shell, script) in SHELLS {
        let script = folder.join("completions").join(script);
        shell::run(Command::new(&command).args(["completions", shell, "--output"]).arg(script))?;
    }
    for file in CARRIED {
        fs::copy(root().join(file), folder.join(file)).context(file)?;
    }
    fs::copy(root().join("packaging/install.sh"), folder.join("install.sh"))?;
    fs::write(folder.join("THIRD-PARTY.txt"), &made.notices)?;
    checksums(folder)
}

/// Writes the checksums of all files in `folder`, as `sha256sum --check` reads them.
fn checksums(folder: &Path) -> Result<()> {
    let script =
        "find . -type f ! -name SHA256SUMS -print0 | LC_ALL=C sort -z | xargs -0 sha256sum > SHA256SUMS";
    shell::run(Command::new("sh").args(["-c", script]).current_dir(folder))
}

/// Packs a folder; owners and times are left out, so that the same files give the same package.
fn pack(folder: &Path) -> Result<PathBuf> {
    let name = folder.file_name().context("a folder without name")?.to_string_lossy().into_owned();
    let above = folder.parent().context("a folder above")?;
    let package = format!("{name}.tar.gz");
    let plain = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0", "--format=gnu"];
    shell::run(
        Command::new("tar")
            .args(plain)
            .args(["--use-compress-program=gzip -9 -n", "--create", "--file", &package, &name])
            .current_dir(above),
    )?;
    let sum = format!("sha256sum {package} > {package}.sha256");
    shell::run(Command::new("sh").args(["-c", &sum]).current_dir(above))?;
    Ok(above.join(package))
}

/// The version that the crate's manifest states.
fn version() -> Result<String> {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml"))?.parse()?;
    let version = manifest.get("package").and_then(|package| package.get("version")?.as_str());
    Ok(version.context("Cargo.toml: no version")?.to_owned())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A command that makes a page and scripts, for the real one is not built here.
    const COMMAND: &str = "#!/bin/sh\nset -e\nif [ \"$1\" = man ]; then echo page > \"$2/colla-parte.1\"; else echo \"$2\" > \"$4\"; fi\n";

    struct Scratch(PathBuf);

    impl Scratch {
        /// An unpacked package of made-up bundles.
        fn with_package(name: &str) -> (Scratch, PathBuf) {
            let folder = std::env::temp_dir().join(format!("colla-parte-dist-{name}-{}", std::process::id()));
            let scratch = Scratch(folder.clone());
            fs::create_dir_all(folder.join("bundled/Colla Parte.vst3/Contents")).unwrap();
            fs::write(folder.join("bundled/Colla Parte.vst3/Contents/a.so"), "vst3").unwrap();
            fs::write(folder.join("bundled/Colla Parte.clap"), "clap").unwrap();
            let command = folder.join("command");
            fs::write(&command, COMMAND).unwrap();
            fs::set_permissions(&command, fs::Permissions::from_mode(0o755)).unwrap();
            let made = Made { bundles: folder.join("bundled"), command, notices: "theirs".into() };
            let staged = folder.join("made/colla-parte-0");
            stage(&made, &staged).unwrap();
            let package = pack(&staged).unwrap();
            shell::run(Command::new("tar").arg("xf").arg(&package).arg("-C").arg(&folder)).unwrap();
            (scratch, folder.join("colla-parte-0"))
        }

        fn install(&self, package: &Path, arguments: &[&str]) -> bool {
            let home = self.0.join("home");
            let mut script = Command::new("sh");
            script.arg(package.join("install.sh")).args(arguments).current_dir("/").env("HOME", &home);
            script
                .env_remove("XDG_DATA_HOME")
                .env_remove("XDG_CONFIG_HOME")
                .env("DESTDIR", self.0.join("root"));
            script.output().unwrap().status.success()
        }

        /// Files under the installation's root.
        fn installed(&self) -> Vec<String> {
            let root = self.0.join("root");
            let found = Command::new("find").arg(&root).args(["-type", "f"]).output().unwrap();
            let found = String::from_utf8(found.stdout).unwrap();
            let mut files: Vec<String> = found
                .lines()
                .map(|line| {
                    line.replace(&*root.to_string_lossy(), "").replace(&*self.0.to_string_lossy(), "")
                })
                .collect();
            files.sort();
            files
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_package_installs_what_it_carries_again_and_again_and_takes_it_away() {
        let (scratch, package) = Scratch::with_package("user");
        let expected = [
            "/home/.clap/Colla Parte.clap",
            "/home/.config/fish/completions/colla-parte.fish",
            "/home/.local/bin/colla-parte",
            "/home/.local/share/bash-completion/completions/colla-parte",
            "/home/.local/share/doc/colla-parte/LICENSE",
            "/home/.local/share/doc/colla-parte/THIRD-PARTY.txt",
            "/home/.local/share/man/man1/colla-parte.1",
            "/home/.local/share/zsh/site-functions/_colla-parte",
            "/home/.vst3/Colla Parte.vst3/Contents/a.so",
        ];
        for _ in 0..2 {
            assert!(scratch.install(&package, &[]));
            assert_eq!(scratch.installed(), expected);
        }
        assert!(scratch.install(&package, &["--uninstall"]));
        assert_eq!(scratch.installed(), [""; 0]);
        assert!(!scratch.install(&package, &["--sistem"]), "an unknown word was taken");
    }

    #[test]
    fn for_all_users_it_goes_where_hosts_look() {
        let (scratch, package) = Scratch::with_package("system");
        assert!(scratch.install(&package, &["--system"]));
        let files = scratch.installed();
        assert!(files.contains(&"/usr/lib/clap/Colla Parte.clap".into()), "{files:?}");
        assert!(files.contains(&"/usr/lib/vst3/Colla Parte.vst3/Contents/a.so".into()), "{files:?}");
    }

    #[test]
    fn a_damaged_package_is_not_installed() {
        let (scratch, package) = Scratch::with_package("damaged");
        fs::write(package.join("Colla Parte.clap"), "clip").unwrap();
        assert!(!scratch.install(&package, &[]));
        assert_eq!(scratch.installed(), [""; 0]);
    }
}
