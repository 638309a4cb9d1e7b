//! Are the licences and the sources of all packages among those that `deny.toml` allows?
//!
//! `cargo deny check` asks the same and more; this needs nothing that a build does not have, and no network.

use crate::packages::{self, Package, Packages};
use crate::root;
use anyhow::{Context, Result, bail, ensure};
use spdx::{Expression, ParseMode};
use std::fs;

/// What cargo calls crates.io.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Fails if a package has a licence, or a source, that is not allowed.
pub fn check() -> Result<()> {
    check_for(&packages::host()?)
}

/// The same of what is built for the system that a target triple names.
pub fn check_for(triple: &str) -> Result<()> {
    let allowed = Allowed::read(&fs::read_to_string(root().join("deny.toml")).context("deny.toml")?)?;
    let packages = Packages::of_workspace(&["--all-features"], triple)?;
    let wrong: Vec<String> = packages.all().filter_map(|package| allowed.objection(package)).collect();
    if !wrong.is_empty() {
        bail!("packages that may not be used:\n{}", wrong.join("\n"));
    }
    println!("licences and sources of {} packages are allowed", packages.all().count());
    Ok(())
}

/// What `deny.toml` allows.
struct Allowed {
    everywhere: Vec<String>,
    /// Package and what it may have besides.
    exceptions: Vec<(String, Vec<String>)>,
}

impl Allowed {
    fn read(text: &str) -> Result<Allowed> {
        let table: toml::Table = text.parse().context("deny.toml")?;
        let licenses =
            table.get("licenses").and_then(toml::Value::as_table).context("deny.toml: [licenses]")?;
        let names = |value: Option<&toml::Value>| -> Vec<String> {
            let list = value.and_then(toml::Value::as_array).into_iter().flatten();
            list.filter_map(toml::Value::as_str).map(str::to_owned).collect()
        };
        let everywhere = names(licenses.get("allow"));
        ensure!(!everywhere.is_empty(), "deny.toml: [licenses] allow: expected licences, found none");
        let exceptions = licenses.get("exceptions").and_then(toml::Value::as_array).into_iter().flatten();
        let exceptions = exceptions
            .filter_map(|one| Some((one.get("crate")?.as_str()?.to_owned(), names(one.get("allow")))))
            .collect();
        Ok(Allowed { everywhere, exceptions })
    }

    /// What is wrong with a package, if anything is.
    fn objection(&self, package: &Package) -> Option<String> {
        let Package { name, version, license, source, .. } = package;
        match source.as_deref() {
            None | Some(CRATES_IO) => {}
            Some(other) => {
                return Some(format!("{name} {version}: expected a crate of crates.io, found {other}"));
            }
        }
        let expression = match Expression::parse_mode(license, ParseMode::LAX) {
            Ok(expression) => expression,
            Err(_) => return Some(format!("{name} {version}: expected a licence, found {license:?}")),
        };
        let own = self.exceptions.iter().filter(|(package, _)| package == name).flat_map(|(_, own)| own);
        let allowed: Vec<&String> = self.everywhere.iter().chain(own).collect();
        let fits = expression.evaluate(|wanted| allowed.iter().any(|one| **one == wanted.to_string()));
        (!fits).then(|| format!("{name} {version}: {license} is not in deny.toml"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENY: &str = "[licenses]\nallow = [\"MIT\", \"Apache-2.0\"]\n\
                        exceptions = [{ crate = \"engraver\", allow = [\"LGPL-3.0-or-later\"] }]\n";

    fn objects(name: &str, license: &str, source: Option<&str>) -> bool {
        let package = Package {
            name: name.into(),
            version: "1.0.0".into(),
            license: license.into(),
            source: source.map(str::to_owned),
            authors: vec![],
            repository: String::new(),
            folder: "/nowhere".into(),
        };
        Allowed::read(DENY).unwrap().objection(&package).is_some()
    }

    #[test]
    fn one_side_of_an_or_is_enough_and_both_sides_of_an_and_are_wanted() {
        assert!(!objects("a", "MIT", Some(CRATES_IO)));
        assert!(!objects("a", "Zlib OR Apache-2.0", Some(CRATES_IO)));
        assert!(!objects("a", "GPL-3.0-only/MIT", Some(CRATES_IO)));
        assert!(objects("a", "MIT AND Zlib", Some(CRATES_IO)));
        assert!(objects("a", "GPL-3.0-only", Some(CRATES_IO)));
    }

    #[test]
    fn a_licence_that_is_none_and_a_source_that_is_not_the_registry_are_objected_to() {
        assert!(objects("a", "", Some(CRATES_IO)));
        assert!(objects("a", "do what you like", Some(CRATES_IO)));
        assert!(objects("a", "MIT", Some("git+https://example.org/a")));
        assert!(!objects("ours", "MIT", None));
    }

    #[test]
    fn an_exception_counts_for_its_package_alone() {
        assert!(!objects("engraver", "LGPL-3.0-or-later", Some(CRATES_IO)));
        assert!(objects("another", "LGPL-3.0-or-later", Some(CRATES_IO)));
    }

    #[test]
    fn a_list_that_allows_nothing_is_a_mistake() {
        assert!(Allowed::read("[licenses]\nallow = []").is_err());
        assert!(Allowed::read("").is_err());
    }
}
