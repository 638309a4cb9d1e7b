//! The plugin's window: how large it is, what the user prefers in it, what the host is told while it is open.

#[cfg(target_os = "linux")]
use hosts::bundles;
use hosts::signal::tune;
use hosts::window::Window;
use hosts::{Format, Instance, Setup, Transport, open, project};
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
        // Zoomed, it is so much larger.
        let mut zoomed = open(format).unwrap();
        let smaller = json!({ "width": 800, "height": 500, "zoom": 1.5 });
        assert!(zoomed.load(&project::with_field(&state, "window", &smaller).unwrap()));
        let other = Window::open().unwrap().unwrap();
        zoomed.open_editor(other.id()).unwrap();
        for _ in 0..2 {
            assert_eq!(zoomed.sides().1.editor_size().unwrap(), (1200, 750), "{format:?}");
            #[cfg(target_os = "linux")]
            assert_eq!(other.inner_size().unwrap(), (1200, 750), "{format:?}");
            other.settle(Duration::from_millis(500));
            zoomed.turn();
        }
        assert_eq!(kept(zoomed.as_mut()), smaller, "{format:?}");
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

/// A DAW asks before it closes a project that was changed: what it does not know of would be lost.
#[test]
fn the_host_is_told_of_a_take_that_the_project_has_yet_to_save() {
    const RATE_HZ: f64 = 48_000.0;
    const BLOCK: usize = 512;
    let Some(window) = Window::open().unwrap() else {
        return eprintln!("not looked at for want of a display: who tells of what is to be saved");
    };
    for format in Format::ALL {
        let mut instance = open(format).unwrap();
        let before = instance.save().unwrap();
        instance
            .activate(&Setup { rate_hz: RATE_HZ, channels: 2, largest_block: BLOCK, offline: true })
            .unwrap();
        instance.open_editor(window.id()).unwrap();
        // What the host itself does is none of that.
        assert!(instance.load(&before));
        let sound = tune(RATE_HZ);
        let play = |instance: &mut dyn Instance, recording: bool| {
            for (n, block) in sound.chunks_exact(BLOCK).enumerate() {
                let position = (n * BLOCK) as i64;
                instance.set_transport(Some(Transport { playing: true, recording, position }));
                instance.process(&mut vec![block.to_vec(); 2], &mut Vec::new()).unwrap();
            }
            instance.set_transport(Some(Transport::default()));
            for _ in 0..100 {
                instance.process(&mut vec![vec![0.0; BLOCK]; 2], &mut Vec::new()).unwrap();
            }
        };
        window.settle(Duration::from_millis(500));
        instance.turn();
        assert!(!instance.is_unsaved().unwrap(), "{format:?}: nothing was changed");
        play(instance.as_mut(), true);
        let start = Instant::now();
        while !instance.is_unsaved().unwrap() {
            assert!(start.elapsed() < PATIENCE, "{format:?}: never told");
            window.settle(Duration::from_millis(10));
            instance.turn();
        }
        // It is told again of what came of listening once more.
        let exact = |instance: &mut dyn Instance| {
            let takes = project::takes(&project::book(&instance.save().unwrap()).unwrap()).unwrap();
            takes.len() == 1 && takes[0]["exact"] == true
        };
        while !exact(instance.as_mut()) {
            assert!(start.elapsed() < PATIENCE, "{format:?}: never listened to once more");
            window.settle(Duration::from_millis(10));
        }
        // Longer than the second between two times that it is told.
        let settle = |instance: &mut dyn Instance| {
            window.settle(Duration::from_millis(2500));
            instance.turn();
            instance.is_unsaved().unwrap()
        };
        settle(instance.as_mut());
        // Played back it is no take.
        play(instance.as_mut(), false);
        assert!(!settle(instance.as_mut()), "{format:?}: told of nothing");
    }
}
