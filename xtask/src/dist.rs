//! A package to hand on: both bundles, the engraver, the command with its manual and completions, the licences, an installer.

use crate::{licences, notices, packages, root, shell, target, windows};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use zip::write::SimpleFileOptions;
use zip::{DateTime, ZipWriter};

/// Shells that get a completion script, and its name in the package.
const SHELLS: [(&str, &str); 3] =
    [("bash", "colla-parte.bash"), ("zsh", "_colla-parte"), ("fish", "colla-parte.fish")];

/// The programs of a package: the command, and what engraves for it and for the plugin.
const PROGRAMS: [&str; 2] = ["colla-parte", "colla-parte-engraver"];

/// Files of the repository that are handed on as they are.
const CARRIED: [&str; 4] = ["LICENSE", "README.md", "CHANGELOG.md", "docs/window.png"];

/// Builds with a profile of cargo's, `dist` for what is handed on, and leaves the package and its checksum in
/// `target/packages`.
pub fn dist(profile: &str) -> Result<()> {
    ensure!(cfg!(target_os = "linux"), "packages are made on Linux; elsewhere use `cargo xtask bundle`");
    let notices = notices::notices(&packages::host()?)?;
    shell::cargo(&["build", "--profile", profile, "--package", "colla-parte"])?;
    let chosen = ["--profile", profile].map(String::from);
    nice_plug_xtask::bundle(&target(), "colla-parte", &chosen, false)?;
    let machine = packages::host()?;
    let machine = machine.split('-').next().unwrap_or("unknown");
    let name = format!("colla-parte-{}-{machine}-linux", version()?);
    let folder = target().join("packages").join(&name);
    let made = Made { bundles: target().join("bundled"), programs: target().join(profile), notices };
    stage(&made, &folder)?;
    let package = pack(&folder)?;
    println!("{} ({:.1} MB)", package.display(), fs::metadata(&package)?.len() as f64 / 1e6);
    source(&target().join("packages"))
}

/// The same for Windows, as a zip file: without manual and completions, which the command itself prints there.
pub fn windows(profile: &str) -> Result<()> {
    licences::check_for(windows::TRIPLE)?;
    let notices = notices::notices(windows::TRIPLE)?;
    windows::bundle(profile)?;
    let name = format!("colla-parte-{}-x86_64-windows", version()?);
    let folder = target().join("packages").join(&name);
    let programs = windows::folder().join(windows::TRIPLE).join(profile);
    let made = Made { bundles: windows::folder().join("bundled"), programs, notices };
    stage_windows(&made, &folder)?;
    let package = zip(&folder)?;
    println!("{} ({:.1} MB)", package.display(), fs::metadata(&package)?.len() as f64 / 1e6);
    source(&target().join("packages"))
}

/// Leaves the source of the commit beside the packages, as the engraver's licence wants whoever hands it on to.
fn source(folder: &Path) -> Result<()> {
    let name = format!("colla-parte-{}", version()?);
    let package = format!("{name}-source.tar.gz");
    shell::run(
        Command::new("git")
            .args(["archive", "--format=tar.gz", "--prefix", &format!("{name}/"), "--output"])
            .arg(folder.join(&package))
            .arg("HEAD")
            .current_dir(root()),
    )?;
    checksum(folder, &package)?;
    println!("{}", folder.join(package).display());
    Ok(())
}

/// What a package is made of.
struct Made {
    /// Folder of both bundles.
    bundles: PathBuf,
    /// Folder of the built programs.
    programs: PathBuf,
    /// What the authors of others' code want said.
    notices: String,
}

/// Lays out what packages for all systems have in `folder`, which is emptied first. `suffix`: what names of programs end with.
fn stage_common(made: &Made, folder: &Path, parts: &[&str], suffix: &str) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    for part in parts {
        fs::create_dir_all(folder.join(part))?;
    }
    for bundle in ["Colla Parte.vst3", "Colla Parte.clap"] {
        shell::run(Command::new("cp").arg("-R").arg(made.bundles.join(bundle)).arg(folder))?;
    }
    for program in PROGRAMS {
        let program = format!("{program}{suffix}");
        shell::run(Command::new("cp").arg(made.programs.join(program)).arg(folder.join("bin")))?;
    }
    for file in CARRIED {
        fs::copy(root().join(file), folder.join(file)).context(file)?;
    }
    fs::write(folder.join("THIRD-PARTY.txt"), &made.notices)?;
    Ok(())
}

/// Lays out the package for Windows.
fn stage_windows(made: &Made, folder: &Path) -> Result<()> {
    stage_common(made, folder, &["bin", "docs"], ".exe")?;
    let script = fs::read_to_string(root().join("packaging/install.cmd"))?;
    fs::write(folder.join("install.cmd"), script.replace('\n', "\r\n"))?;
    checksums(folder)
}

/// Lays out the package for Linux.
fn stage(made: &Made, folder: &Path) -> Result<()> {
    stage_common(made, folder, &["bin", "man", "completions", "docs"], "")?;
    let command = folder.join("bin/colla-parte");
    shell::run(Command::new(&command).arg("man").arg(folder.join("man")))?;
    for (shell, script) in SHELLS {
        let script = folder.join("completions").join(script);
        shell::run(Command::new(&command).args(["completions", shell, "--output"]).arg(script))?;
    }
    fs::copy(root().join("packaging/install.sh"), folder.join("install.sh"))?;
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
    checksum(above, &package)?;
    Ok(above.join(package))
}

/// Packs a folder as Windows unpacks it by itself; the same files give the same package.
fn zip(folder: &Path) -> Result<PathBuf> {
    let name = folder.file_name().context("a folder without name")?.to_string_lossy().into_owned();
    let above = folder.parent().context("a folder above")?;
    let package = above.join(format!("{name}.zip"));
    let mut archive = ZipWriter::new(fs::File::create(&package)?);
    zip_all(&mut archive, folder, &name)?;
    archive.finish()?;
    checksum(above, &format!("{name}.zip"))?;
    Ok(package)
}

/// Enters a folder and all in it, by name.
fn zip_all<W: Write + Seek>(archive: &mut ZipWriter<W>, folder: &Path, name: &str) -> Result<()> {
    // Without a time of its own an entry is of 1980.
    let plain = SimpleFileOptions::default().last_modified_time(DateTime::default());
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    entries.sort();
    for entry in entries {
        let own = entry.file_name().context("an entry without name")?.to_string_lossy();
        let inner = format!("{name}/{own}");
        if entry.is_dir() {
            zip_all(archive, &entry, &inner)?;
        } else {
            archive.start_file(inner, plain)?;
            archive.write_all(&fs::read(&entry)?)?;
        }
    }
    Ok(())
}

/// Writes the checksum of a package beside it.
fn checksum(folder: &Path, package: &str) -> Result<()> {
    let sum = format!("sha256sum {package} > {package}.sha256");
    shell::run(Command::new("sh").args(["-c", &sum]).current_dir(folder))
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
            for program in PROGRAMS.map(|name| folder.join(name)) {
                fs::write(&program, COMMAND).unwrap();
                fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
                fs::copy(&program, program.with_extension("exe")).unwrap();
            }
            let made =
                Made { bundles: folder.join("bundled"), programs: folder.clone(), notices: "theirs".into() };
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
            "/home/.local/bin/colla-parte-engraver",
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
        assert_eq!(scratch.installed(), [""; 0]);
    }

    #[test]
    fn for_all_users_it_goes_where_hosts_look() {
        let (scratch, package) = Scratch::with_package("system");
        assert!(scratch.install(&package, &["--system"]));
        let files = scratch.installed();
        assert!(files.contains(&"/usr/lib/clap/Colla Parte.clap".into()), "{files:?}");
        assert!(files.contains(&"/usr/lib/vst3/Colla Parte.vst3/Contents/a.so".into()), "{files:?}");
        // Whatever root keeps to itself: the folders are everybody's to look into.
        let root = scratch.0.join("kept");
        let installed = Command::new("sh")
            .args(["-c", "umask 077; exec sh \"$0\" --system"])
            .arg(package.join("install.sh"))
            .env("DESTDIR", &root)
            .output()
            .unwrap();
        assert!(installed.status.success());
        for file in ["usr/lib/vst3", "usr/lib/vst3/Colla Parte.vst3/Contents", "usr/local/bin"] {
            assert_eq!(fs::metadata(root.join(file)).unwrap().permissions().mode() & 0o777, 0o755, "{file}");
        }
    }

    #[test]
    fn a_package_for_windows_is_the_same_each_time_and_its_installer_has_its_line_ends() {
        let (scratch, _) = Scratch::with_package("windows");
        let made = Made {
            bundles: scratch.0.join("bundled"),
            programs: scratch.0.clone(),
            notices: "theirs".into(),
        };
        let folder = scratch.0.join("made/colla-parte-0-windows");
        let pack = || {
            stage_windows(&made, &folder).unwrap();
            fs::read(zip(&folder).unwrap()).unwrap()
        };
        let package = pack();
        assert!(package == pack(), "two packages of the same files differ");
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(package)).unwrap();
        let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        for file in [
            "Colla Parte.clap",
            "Colla Parte.vst3/Contents/a.so",
            "LICENSE",
            "SHA256SUMS",
            "THIRD-PARTY.txt",
            "bin/colla-parte-engraver.exe",
            "bin/colla-parte.exe",
        ] {
            assert!(names.contains(&format!("colla-parte-0-windows/{file}")), "{file}: {names:?}");
        }
        let mut script = String::new();
        let mut entry = archive.by_name("colla-parte-0-windows/install.cmd").unwrap();
        std::io::Read::read_to_string(&mut entry, &mut script).unwrap();
        assert!(
            script.lines().count() > 20 && script.split_inclusive('\n').all(|line| line.ends_with("\r\n"))
        );
    }

    #[test]
    fn a_damaged_package_is_not_installed() {
        let (scratch, package) = Scratch::with_package("damaged");
        fs::write(package.join("Colla Parte.clap"), "clip").unwrap();
        assert!(!scratch.install(&package, &[]));
        assert_eq!(scratch.installed(), [""; 0]);
    }
}
