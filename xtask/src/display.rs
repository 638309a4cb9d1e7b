//! A display for windows that nobody looks at.

use crate::{root, target};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// The display that the environment names, or an Xvfb of our own, or none.
pub struct Display {
    own: Option<(Child, String)>,
}

impl Display {
    /// Starts an Xvfb if there is no display, and Xvfb is installed.
    pub fn open() -> Display {
        if std::env::var_os("DISPLAY").is_some_and(|name| !name.is_empty()) {
            return Display { own: None };
        }
        // It would start anew whenever the last client goes, and turn away who comes just then.
        let started = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut server) = started else { return Display { own: None } };
        // It writes its number once it answers.
        let mut number = String::new();
        let read = server.stdout.take().map(|out| BufReader::new(out).read_line(&mut number));
        if matches!(read, Some(Ok(1..))) {
            return Display { own: Some((server, format!(":{}", number.trim()))) };
        }
        let _ = server.kill();
        let _ = server.wait();
        Display { own: None }
    }

    /// Lets a program use it, whose windows know nothing of what the user prefers.
    pub fn lend(&self, command: &mut Command) {
        command.env("XDG_CONFIG_HOME", root().join(target()).join("config"));
        if let Some((_, name)) = &self.own {
            command.env("DISPLAY", name).env("LIBGL_ALWAYS_SOFTWARE", "1");
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        if let Some((server, _)) = &mut self.own {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}
