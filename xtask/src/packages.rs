//! What `cargo metadata` says of the packages that this workspace is built from.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

/// One package of the locked set.
pub struct Package {
    pub name: String,
    pub version: String,
    /// SPDX expression as the manifest has it; empty if there is none.
    pub license: String,
    /// Where it comes from; `None` for those of this workspace.
    pub source: Option<String>,
    pub authors: Vec<String>,
    pub repository: String,
    /// Folder of its manifest.
    pub folder: PathBuf,
}

/// All packages that a build for one system may use, tests and tasks included, and who uses whom.
pub struct Packages {
    packages: BTreeMap<String, Package>,
    /// Package ids that an id's built code contains: dependencies that are neither for its build nor for its tests.
    contains: BTreeMap<String, Vec<String>>,
}

impl Packages {
    /// Asks cargo; `features` as its commands take them, those switched on as a rule if there are none; `triple`, the system
    /// that is built for. Needs the network only for packages that were never downloaded.
    pub fn of_workspace(features: &[&str], triple: &str) -> Result<Packages> {
        let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["metadata", "--locked", "--format-version", "1", "--filter-platform", triple])
            .args(features)
            .output()
            .context("cargo metadata")?;
        ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        Packages::read(&output.stdout)
    }

    fn read(json: &[u8]) -> Result<Packages> {
        let metadata: Value = serde_json::from_slice(json).context("cargo metadata")?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let mut packages = BTreeMap::new();
        for package in list(&metadata["packages"]) {
            let manifest = PathBuf::from(text(&package["manifest_path"]));
            let read = Package {
                name: text(&package["name"]),
                version: text(&package["version"]),
                license: text(&package["license"]),
                source: package["source"].as_str().map(str::to_owned),
                authors: list(&package["authors"]).iter().map(text).collect(),
                repository: text(&package["repository"]),
                folder: manifest.parent().context("a manifest without folder")?.to_owned(),
            };
            packages.insert(text(&package["id"]), read);
        }
        let mut contains = BTreeMap::new();
        for node in list(&metadata["resolve"]["nodes"]) {
            // A dependency of no kind is a plain one.
            let plain = |used: &Value| list(&used["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
            let used: Vec<String> = list(&node["deps"])
                .iter()
                .filter(|used| plain(used))
                .map(|used| text(&used["pkg"]))
                .collect();
            contains.insert(text(&node["id"]), used);
        }
        ensure!(!packages.is_empty() && !contains.is_empty(), "cargo metadata names no packages");
        Ok(Packages { packages, contains })
    }

    /// All of them, by name and version.
    pub fn all(&self) -> impl Iterator<Item = &Package> {
        self.packages.values()
    }

    /// Those of others whose code is in what `root` is built to, by name and version.
    pub fn within(&self, root: &str) -> Result<Vec<&Package>> {
        let is_root = |package: &Package| package.name == root && package.source.is_none();
        let Some((id, _)) = self.packages.iter().find(|(_, package)| is_root(package)) else {
            bail!("{root}: no such package in this workspace");
        };
        let (mut seen, mut open) = (BTreeSet::new(), vec![id]);
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                open.extend(self.contains.get(id).into_iter().flatten());
            }
        }
        let mut found: Vec<&Package> = seen.into_iter().filter_map(|id| self.packages.get(id)).collect();
        found.retain(|package| package.source.is_some());
        found.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        Ok(found)
    }
}

/// The target triple of this machine.
pub fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("rustc")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let triple = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(triple.context("rustc does not say for which machine it is")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = r#"{
        "packages": [
            {"id": "ours", "name": "ours", "version": "1.0.0", "license": "MIT", "source": null,
             "authors": [], "repository": null, "manifest_path": "/a/Cargo.toml"},
            {"id": "used", "name": "used", "version": "2.0.0", "license": "ISC", "source": "registry",
             "authors": ["A"], "repository": "there", "manifest_path": "/b/Cargo.toml"},
            {"id": "deep", "name": "deep", "version": "0.1.0", "license": "ISC", "source": "registry",
             "authors": [], "repository": null, "manifest_path": "/c/Cargo.toml"},
            {"id": "test", "name": "test", "version": "0.1.0", "license": "ISC", "source": "registry",
             "authors": [], "repository": null, "manifest_path": "/d/Cargo.toml"}],
        "resolve": {"nodes": [
            {"id": "ours", "deps": [
                {"pkg": "used", "dep_kinds": [{"kind": null}]}, {"pkg": "test", "dep_kinds": [{"kind": "dev"}]}]},
            {"id": "used", "deps": [{"pkg": "deep", "dep_kinds": [{"kind": "build"}, {"kind": null}]}]},
            {"id": "deep", "deps": []}, {"id": "test", "deps": []}]}}"#;

    #[test]
    fn what_is_built_in_is_followed_and_what_is_for_tests_is_not() {
        let packages = Packages::read(METADATA.as_bytes()).unwrap();
        let names: Vec<&str> =
            packages.within("ours").unwrap().iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["deep", "used"]);
        assert!(packages.within("used").is_err(), "of others");
    }
}
