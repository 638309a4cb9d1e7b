//! Every state of the editor against a stored picture, half size.
//!
//! After an intended change, `UPDATE_SNAPSHOTS=1 cargo test --release -p editor-pictures` stores the new ones; look
//! at them before they are committed.

use editor_pictures::{Difference, Picture, render, scenes};
use std::path::Path;

/// Share of pixels that may differ visibly: the edge of a glyph here and there.
const TOLERATED: f64 = 0.001;

#[test]
fn every_state_looks_as_it_did() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
    let fresh = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let update = std::env::var_os("UPDATE_SNAPSHOTS").is_some();
    let mut failures = Vec::new();
    for scene in scenes::all() {
        let name = scene.name;
        let mut picture = scene.picture();
        while picture.width > 600 {
            picture = picture.halved();
        }
        let stored = folder.join(name).with_extension("png");
        if update {
            picture.write(&stored).unwrap();
            continue;
        }
        let expected = match Picture::read(&stored) {
            Ok(expected) => expected,
            Err(error) => {
                failures.push(format!("{name}: {error}"));
                continue;
            }
        };
        let difference = expected.difference(&picture);
        if !matches!(difference, Difference::Pixels { share, .. } if share <= TOLERATED) {
            let found = fresh.join(name).with_extension("png");
            picture.write(&found).unwrap();
            failures.push(format!("{name}: {difference:?}; what was drawn: {}", found.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The comparison above is able to fail: one fault more in one take is seen.
#[test]
fn one_more_fault_is_seen() {
    let usual = render(scenes::following(), Default::default(), [1200.0, 800.0].into(), 1.0).halved();
    let mut view = scenes::following();
    let mut verdicts = view.verdicts.to_vec();
    for verdict in &mut verdicts[20..24] {
        *verdict = colla_parte::editor::Verdict::Missed;
    }
    view.verdicts = verdicts.into();
    let changed = render(view, Default::default(), [1200.0, 800.0].into(), 1.0).halved();
    match usual.difference(&changed) {
        Difference::Pixels { share, bounds: Some([_, top, _, _]) } => {
            assert!(share > 0.0, "four notes that are missed look as others");
            assert!(top > 20, "they change the score, not the bar above it");
        }
        other => panic!("{other:?}"),
    }
}
