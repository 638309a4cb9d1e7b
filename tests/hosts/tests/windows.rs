//! How large the plugin's window is, and what the user prefers in it.

#[cfg(target_os = "linux")]
use hosts::bundles;
use hosts::window::Window;
use hosts::{Format, Instance, open};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Longer than anything takes that comes at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a project would say of the window.
fn kept(instance: &mut dyn Instance) -> Value {
    let saved: Value = serde_json::from_slice(&instance.save().unwrap()).unwrap();
    serde_json::from_str(saved["fields"]["window"].as_str().unwrap()).unwrap()
}

#[test]
fn a_window_is_as_large_as_the_host_makes_it_and_the_project_keeps_that() {
    let Some(window) = Window::open().unwrap() else {
        return eprintln!("not looked at for want of a display: how large windows are");
    };
    for format in Format::ALL {
        let mut instance = open(format).unwrap();
        instance.open_editor(window.id()).unwrap();
        assert_eq!(instance.sides().1.editor_size().unwrap(), (1200, 800));
        // One of them is less than it can be.
        for (wanted, is) in [((1100, 700), (1100, 700)), ((10, 10), (800, 500)), ((900, 650), (900, 650))] {
            instance.sides().1.resize_editor(wanted).unwrap();
            let start = Instant::now();
            let is_kept = json!({ "width": is.0, "height": is.1, "zoom": 1.0 });
            while instance.sides().1.editor_size().unwrap() != is || kept(instance.as_mut()) != is_kept {
                assert!(start.elapsed() < PATIENCE, "{format:?}: {wanted:?}");
                window.settle(Duration::from_millis(10));
                instance.turn();
            }
        }
        let state = instance.save().unwrap();
        // In the session, and in the project that is opened again.
        instance.close_editor();
        instance.open_editor(window.id()).unwrap();
        assert_eq!(instance.sides().1.editor_size().unwrap(), (900, 650), "{format:?}");
        instance.close_editor();
        let mut again = open(format).unwrap();
        assert!(again.load(&state));
        again.open_editor(window.id()).unwrap();
        assert_eq!(again.sides().1.editor_size().unwrap(), (900, 650), "{format:?}");
        window.settle(Duration::from_millis(500));
        assert_eq!(kept(again.as_mut()), json!({ "width": 900, "height": 650, "zoom": 1.0 }));
        // A project that is opened while the window stands finds it as it is.
        assert!(again.load(&open(format).unwrap().save().unwrap()));
        assert_eq!(again.sides().1.editor_size().unwrap(), (900, 650), "{format:?}");
    }
}

/// How bright what the window shows is, from 0 to 255, once it shows the same for a while.
#[cfg(target_os = "linux")]
fn brightness(window: &Window) -> f64 {
    let (start, mut last) = (Instant::now(), Vec::new());
    loop {
        window.settle(Duration::from_millis(500));
        let (_, _, shown) = window.pixels().unwrap();
        if shown == last && shown.iter().any(|&value| value != shown[0]) {
            return shown.iter().map(|&value| f64::from(value)).sum::<f64>() / shown.len() as f64;
        }
        last = shown;
        assert!(start.elapsed() < PATIENCE, "it never rests");
    }
}

/// One file for all instances. Only the task that runs these tests has it lie elsewhere than the user's own.
#[cfg(target_os = "linux")]
#[test]
fn the_paper_is_what_the_user_prefers_in_every_instance() {
    let Some(window) = Window::open().unwrap() else {
        return eprintln!("not looked at for want of a display: what the user prefers");
    };
    let folder = bundles().with_file_name("config");
    std::fs::create_dir_all(&folder).unwrap();
    let named = std::env::var_os("XDG_CONFIG_HOME").and_then(|name| std::fs::canonicalize(name).ok());
    if named != std::fs::canonicalize(&folder).ok() {
        return eprintln!("not looked at for want of a folder of its own: what the user prefers");
    }
    let file = folder.join("colla-parte/editor.json");
    let mut found = Vec::new();
    for format in Format::ALL {
        for paper in ["light", "dark"] {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, json!({ "paper": paper }).to_string()).unwrap();
            let mut instance = open(format).unwrap();
            instance.open_editor(window.id()).unwrap();
            found.push(brightness(&window));
            instance.close_editor();
        }
    }
    std::fs::remove_file(&file).unwrap();
    assert!(found[0] > found[1] + 10.0 && found[2] > found[3] + 10.0, "{found:?}");
}
