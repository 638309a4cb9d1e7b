//! What others want said where their code is handed on: `THIRD-PARTY.txt`.

use crate::packages::{Package, Packages};
use crate::root;
use anyhow::{Context, Result};
use spdx::{Expression, ParseMode};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// How names of files begin in which a package states its licence.
const STATED_IN: [&str; 6] = ["copying", "copyright", "licence", "license", "notice", "unlicense"];

/// Files of another name, by package, in which licences stand.
const ALSO_STATED_IN: [(&str, &str); 9] = [
    ("epaint_default_fonts", "fonts/Hack-Regular.txt"),
    ("epaint_default_fonts", "fonts/OFL.txt"),
    ("epaint_default_fonts", "fonts/UFL.txt"),
    ("epaint_default_fonts", "fonts/egui-icons.txt"),
    ("epaint_default_fonts", "fonts/emoji-icon-font-mit-license.txt"),
    // What Verovio has of others.
    ("verovio-sys", "vendor/verovio/COPYING.LESSER"),
    ("verovio-sys", "vendor/verovio/include/json/LICENSE"),
    ("verovio-sys", "vendor/verovio/include/pugi/pugiconfig.hpp"),
    ("verovio-sys", "vendor/verovio/include/tuning-library/LICENSE.md"),
];

/// The notices for all that is in the plugin and command built for the system that a target triple names.
pub fn notices(triple: &str) -> Result<String> {
    let packages = Packages::of_workspace(&[], triple)?;
    let mut notices = Notices::default();
    let within = packages.within("colla-parte")?;
    for package in &within {
        notices.enter(package)?;
    }
    if within.iter().any(|package| package.name == "verovio-sys") {
        // Verovio's licence is this one with permissions added.
        notices.enter_text(
            "Verovio (in verovio-sys), by RISM and others, LGPL-3.0-or-later, which adds to the GNU GPL 3",
            spdx::license_id("GPL-3.0-only").context("GPL-3.0-only")?.text().to_owned(),
        );
        for (whose, id) in [
            ("midifile (in Verovio), by Craig Stuart Sapp, BSD-2-Clause", "BSD-2-Clause"),
            ("miniz-cpp (in Verovio), Copyright (c) 2014-2017 Thomas Fussell, MIT", "MIT"),
        ] {
            notices.enter_text(whose, spdx::license_id(id).context(id)?.text().to_owned());
        }
    }
    notices.enter_text(
        "The Rust standard library, MIT OR Apache-2.0, by the Rust project's developers",
        spdx::license_id("MIT").context("MIT")?.text().to_owned(),
    );
    let fonts = root().join("assets/fonts/OFL.txt");
    let text = fs::read_to_string(&fonts).with_context(|| fonts.display().to_string())?;
    notices.enter_text("Fonts, OFL-1.1: subsets of Inter, Noto Sans CJK JP, Liberation Serif (here \"Colla Serif\"), and Bravura (here \"Colla Music\"); Bravura and Leipzig as Verovio reads them", text);
    Ok(notices.to_string())
}

/// Who says what; one text may be several packages'.
#[derive(Default)]
struct Notices {
    /// A line for each package, with the numbers of its texts, from 1.
    lines: Vec<(String, BTreeSet<usize>)>,
    texts: Vec<String>,
}

impl Notices {
    fn enter(&mut self, package: &Package) -> Result<()> {
        let Package { name, version, license, repository, authors, .. } = package;
        let mut line = format!("{name} {version}, {license}");
        if !repository.is_empty() {
            write!(line, ", {repository}")?;
        }
        let files = stated(package)?;
        let mut numbers = BTreeSet::new();
        for file in &files {
            let bytes = fs::read(file).with_context(|| file.display().to_string())?;
            numbers.insert(self.number_of(String::from_utf8_lossy(&bytes).into_owned()));
        }
        if files.is_empty() {
            write!(line, " (it carries no text of its licence; by {})", authors.join(", "))?;
            let expression = Expression::parse_mode(license, ParseMode::LAX)
                .with_context(|| format!("{name}: {license:?} is no licence"))?;
            for wanted in expression.requirements() {
                let id = wanted.req.license.id().with_context(|| format!("{name}: an unknown licence"))?;
                numbers.insert(self.number_of(id.text().to_owned()));
            }
        }
        self.lines.push((line, numbers));
        Ok(())
    }

    fn enter_text(&mut self, line: &str, text: String) {
        let number = self.number_of(text);
        self.lines.push((line.to_owned(), BTreeSet::from([number])));
    }

    /// The number of a text, which may already be there with other spaces.
    fn number_of(&mut self, text: String) -> usize {
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let wanted = plain(&text);
        let at = self.texts.iter().position(|known| plain(known) == wanted).unwrap_or_else(|| {
            self.texts.push(text);
            self.texts.len() - 1
        });
        at + 1
    }
}

impl std::fmt::Display for Notices {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            out,
            "Colla Parte contains code and fonts of others. Who they are, and under which licence what they made"
        )?;
        writeln!(out, "may be handed on; the numbers are those of the texts below.\n")?;
        for (line, numbers) in &self.lines {
            let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
            writeln!(out, "- {line} [{}]", numbers.join(", "))?;
        }
        for (number, text) in (1..).zip(&self.texts) {
            writeln!(out, "\n{}\n[{number}]\n\n{}", "=".repeat(100), text.trim())?;
        }
        Ok(())
    }
}

/// The files in which a package states its licence.
fn stated(package: &Package) -> Result<Vec<PathBuf>> {
    let folder = &package.folder;
    let states = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        path.is_file() && STATED_IN.iter().any(|start| name.starts_with(start))
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if states(&path) {
            files.push(path);
        }
    }
    let also = ALSO_STATED_IN.iter().filter(|(name, _)| *name == package.name);
    files.extend(also.map(|(_, file)| folder.join(file)));
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_has_a_text_and_equal_texts_stand_once() {
        let folder = std::env::temp_dir().join(format!("colla-parte-notices-{}", std::process::id()));
        for name in ["a", "b", "c"] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        fs::write(folder.join("a/LICENSE-MIT"), "Copyright A\n\nall may\n").unwrap();
        fs::write(folder.join("b/license.md"), "Copyright A all may").unwrap();
        fs::write(folder.join("b/README.md"), "no licence").unwrap();
        let mut notices = Notices::default();
        for (name, license) in [("a", "MIT"), ("b", "MIT"), ("c", "ISC/MIT")] {
            let package = Package {
                name: name.into(),
                version: "1.0.0".into(),
                license: license.into(),
                source: None,
                authors: vec!["C. Author".into()],
                repository: String::new(),
                folder: folder.join(name),
            };
            notices.enter(&package).unwrap();
        }
        fs::remove_dir_all(&folder).unwrap();
        let text = notices.to_string();
        assert_eq!(text.matches("Copyright A").count(), 1, "{text}");
        assert!(text.contains("- a 1.0.0, MIT [1]\n- b 1.0.0, MIT [1]\n"), "{text}");
        assert!(text.contains("by C. Author) [2, 3]"), "{text}");
        assert!(text.contains("Permission to use, copy, modify"), "{text}");
        assert!(!text.contains("no licence"), "{text}");
    }
}
