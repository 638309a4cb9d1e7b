//! Imports only go down: the storeys of the crate, as a table, and a check of every `crate::` path against it.

use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;

const GROUND: &[&str] = &["performance", "score", "units"];
const ROOMS: &[&str] =
    &["audio", "engraving", "follower", "network", "notes", "readers", "salience", "takes", "writers"];

/// What each module at the top of the crate may import; `None` if the module is not known.
fn may_import(module: &str) -> Option<Vec<&'static str>> {
    let of = |groups: &[&[&'static str]]| Some(groups.concat());
    match module {
        "units" => of(&[]),
        "score" => of(&[&["units"]]),
        "performance" => of(&[&["score", "units"]]),
        room if ROOMS.contains(&room) => of(&[GROUND]),
        "engine" => of(&[GROUND, ROOMS]),
        "bridge" => of(&[GROUND, ROOMS, &["engine"]]),
        "editor" => of(&[GROUND, &["bridge"]]),
        "plugin" => of(&[GROUND, ROOMS, &["engine", "bridge", "editor"]]),
        "cli" => of(&[GROUND, ROOMS, &["engine"]]),
        _ => None,
    }
}

/// Paths that only some modules may name outside their tests: threads, processes, files, the framework, the editor's toolkit.
const RESERVED: &[(&str, &[&str])] = &[
    // The engraver is a program of its own, whose answer a thread reads, and has its fonts in a folder. The plugin starts none, and asks
    // whether it is on the framework's.
    ("std::thread", &["bridge", "engraving", "plugin"]),
    ("std::process::Command", &["engraving"]),
    ("std::fs", &["bridge", "cli", "engraving"]),
    ("nice_plug", &["plugin"]),
    ("egui::", &["editor", "plugin"]),
];

/// Fails on an import that climbs, naming file and line.
pub fn check(source: &Path) -> Result<()> {
    let mut violations = Vec::new();
    for module in fs::read_dir(source).with_context(|| source.display().to_string())? {
        let path = module?.path();
        if path.is_dir() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            check_folder(&name, &path, &mut violations)?;
        }
    }
    if !violations.is_empty() {
        violations.sort();
        bail!("imports that climb:\n{}", violations.join("\n"));
    }
    Ok(())
}

fn check_folder(module: &str, folder: &Path, violations: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            check_folder(module, &path, violations)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let is_test = path.file_stem().is_some_and(|stem| stem == "tests");
            for (line, problem) in climbs(module, &text, is_test) {
                violations.push(format!("{}:{line}: {problem}", path.display()));
            }
        }
    }
    Ok(())
}

/// The imports of one file that climb: line and what is wrong.
fn climbs(module: &str, text: &str, is_test: bool) -> Vec<(usize, String)> {
    let Some(allowed) = may_import(module) else {
        return vec![(1, format!("`{module}` has no storey: add it to the table in xtask/src/layers.rs"))];
    };
    // Line by line without comments, keeping the line count.
    let code: String =
        text.lines().map(|line| format!("{}\n", line.split("//").next().unwrap_or_default())).collect();
    let line_of = |offset: usize| code[..offset].matches('\n').count() + 1;
    let mut found = Vec::new();
    for (offset, _) in code.match_indices("crate::") {
        for target in targets(&code[offset + "crate::".len()..]) {
            let known = may_import(&target).is_some();
            if known && target != module && !allowed.contains(&target.as_str()) {
                found.push((line_of(offset), format!("`{module}` imports `{target}`")));
            }
        }
    }
    let tests = if is_test { 0 } else { code.find("#[cfg(test)]\nmod tests {").unwrap_or(code.len()) };
    for (path, owners) in RESERVED {
        for (offset, _) in code[..tests].match_indices(path) {
            if !owners.contains(&module) {
                found.push((line_of(offset), format!("`{module}` names `{path}`")));
            }
        }
    }
    found
}

/// The first segments of what follows `crate::`: one name, or those of a group in braces.
fn targets(rest: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = rest.trim_start().strip_prefix('{') else { return vec![name(rest)] };
    let mut depth = 0;
    let mut starts = vec![0];
    for (offset, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => starts.push(offset + 1),
            _ => {}
        }
    }
    starts.into_iter().map(|start| name(&group[start..])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_that_go_down_pass() {
        let text = "use crate::units::Seconds;\nuse crate::{performance::{NoteEvent, Take}, score::Score};\n";
        assert!(climbs("notes", text, false).is_empty());
        assert!(climbs("engine", "use crate::notes::NoteTracker;", false).is_empty());
        assert!(climbs("plugin", "use crate::bridge::Bridge;\nuse nice_plug::prelude::*;", false).is_empty());
    }

    #[test]
    fn planted_violations_are_found_with_their_line() {
        let climb = |module, text| climbs(module, text, false);
        assert_eq!(climb("notes", "\nuse crate::audio::FrontEnd;"), [(2, "`notes` imports `audio`".into())]);
        assert_eq!(climb("units", "use crate::score::Score;").len(), 1);
        assert_eq!(climb("notes", "use crate::{units::Pitch, engine::{Engine, EngineConfig}};").len(), 1);
        assert_eq!(climb("engine", "let x = crate::bridge::Bridge::default();").len(), 1);
        assert_eq!(climb("cli", "use crate::plugin::CollaParte;").len(), 1);
        assert_eq!(climb("audio", "let handle = std::thread::spawn(|| {});").len(), 1);
        assert_eq!(climb("readers", "use std::fs::File;").len(), 1);
        assert_eq!(climb("bridge", "use nice_plug::prelude::*;").len(), 1);
        assert_eq!(climb("cellar", "").len(), 1);
    }

    #[test]
    fn comments_and_tests_may_name_what_they_like() {
        assert!(climbs("notes", "// crate::audio is another room\n", false).is_empty());
        let text = "#[cfg(test)]\nmod tests {\n    use std::fs::File;\n}\n";
        assert!(climbs("readers", text, false).is_empty());
    }

    #[test]
    fn a_planted_file_fails_the_check() {
        let folder = std::env::temp_dir().join(format!("colla-parte-layers-{}", std::process::id()));
        fs::create_dir_all(folder.join("notes/deep")).unwrap();
        fs::write(folder.join("notes/deep/wrong.rs"), "use crate::follower::Follower;\n").unwrap();
        let error = check(&folder).unwrap_err().to_string();
        fs::remove_dir_all(&folder).unwrap();
        assert!(error.contains("wrong.rs:1: `notes` imports `follower`"), "{error}");
    }
}
