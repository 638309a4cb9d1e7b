//! The program `colla-parte-engraver`: Verovio, in a process of its own. The plugin and the command start it for each piece of a score.
//!
//! It reads MusicXML from its standard input; its arguments are the [`EDITION`] that is meant and Verovio's options. It writes
//! its [`Answer`] to standard output and ends. A document that makes Verovio crash, run on or ask for all memory ends this
//! process, and nobody's session.

#![deny(unsafe_code)]

use colla_parte::engraving::{Answer, EDITION, resources};
use std::io::{Read, stdin, stdout};
use std::process::ExitCode;
use verovio_sys::ffi;

/// Verovio recurses along the document.
const STACK_BYTES: usize = 64 << 20;

// SAFETY: so it stands in kernel32; it takes any number, and touches nothing of ours.
#[cfg(windows)]
#[allow(unsafe_code)]
unsafe extern "system" {
    safe fn SetErrorMode(mode: u32) -> u32;
}

fn main() -> ExitCode {
    // A crash is an answer: Windows is not to ask the user about it.
    #[cfg(windows)]
    {
        const SEM_FAILCRITICALERRORS: u32 = 1;
        const SEM_NOGPFAULTERRORBOX: u32 = 2;
        SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [edition, options] = arguments.as_slice() else {
        eprintln!(
            "Engraves for the plugin Colla Parte and the command colla-parte, which start this by themselves."
        );
        return ExitCode::from(2);
    };
    let answer = if edition == EDITION {
        let options = options.clone();
        let work = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || engraved(&options));
        match work.map(|work| work.join()) {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => return ExitCode::FAILURE,
            Err(error) => Answer::Failed(format!("the system gives no thread: {error}")),
        }
    } else {
        Answer::Failed(format!("expected a program of edition {edition}, found one of {EDITION}"))
    };
    if answer.write(&mut stdout().lock()).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What Verovio makes of the document at standard input.
fn engraved(options: &str) -> Answer {
    let mut source = String::new();
    if stdin().lock().read_to_string(&mut source).is_err() {
        return Answer::Unreadable;
    }
    let folder = resources::usual_folder();
    if let Err(error) = resources::unpack(&folder) {
        return Answer::Failed(error.to_string());
    }
    ffi::enable_log(0);
    let mut toolkit = ffi::new_toolkit(false);
    if !folder.to_str().is_some_and(|folder| ffi::set_resource_path(toolkit.pin_mut(), folder)) {
        return Answer::Failed(format!("{}: expected Verovio's fonts, found none", folder.display()));
    }
    ffi::set_options(toolkit.pin_mut(), options);
    if !ffi::load_data(toolkit.pin_mut(), &source) {
        return Answer::Unreadable;
    }
    let pages = ffi::page_count(toolkit.pin_mut());
    if pages < 1 {
        return Answer::Unreadable;
    }
    Answer::Pages((1..=pages).map(|page| ffi::render_to_svg(toolkit.pin_mut(), page, false)).collect())
}
