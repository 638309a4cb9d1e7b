//! Pages by Verovio, which runs in a process of its own.

use super::{Answer, EDITION, EngraveError, reading};
use crate::score::PrintedPage;
use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The largest source accepted, in bytes. (Verovio's memory for it is some fifteen times as much.)
pub const MAX_SOURCE_BYTES: usize = 40 << 20;

/// The longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: u64 = 512 << 20;

/// How long Verovio may take for one document: a whole score of the most notes takes a minute.
const PATIENCE: Duration = Duration::from_secs(300);

/// How often a wait looks whether it is still wanted.
const GLANCE: Duration = Duration::from_millis(20);

/// Verovio's own unit, of which a staff space has 18.
pub(super) const UNITS_PER_SPACE: f32 = 18.0;

/// What is engraved on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Paper {
    /// One page for each system, as high as the system needs.
    Strips {
        /// In staff spaces.
        width: f32,
    },
    /// A4 with staves of 7.2 mm.
    A4,
}

/// Where lines are broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breaks {
    /// Where the paper's width demands it.
    Needed,
    /// There, and wherever the document asks for it.
    Asked,
}

impl Paper {
    /// Verovio's options for it.
    fn options(self, breaks: Breaks) -> String {
        let size = match self {
            Paper::Strips { width } => {
                let width = (width.clamp(20.0, 2000.0) * UNITS_PER_SPACE).round();
                format!(
                    r#""pageWidth": {width}, "pageHeight": 60000, "adjustPageHeight": true, "systemMaxPerPage": 1,
                    "pageMarginLeft": 36, "pageMarginRight": 36, "pageMarginTop": 18, "pageMarginBottom": 18,
                    "header": "none""#
                )
            }
            Paper::A4 => {
                r#""pageWidth": 2100, "pageHeight": 2970, "adjustPageHeight": false, "systemMaxPerPage": 0,
                "pageMarginLeft": 120, "pageMarginRight": 120, "pageMarginTop": 120, "pageMarginBottom": 120,
                "header": "auto""#
                    .to_owned()
            }
        };
        let breaks = match breaks {
            Breaks::Asked => r#""smart", "breaksSmartSb": 0.0"#,
            Breaks::Needed => r#""auto""#,
        };
        format!(
            r#"{{{size}, "breaks": {breaks}, "condense": "none", "expandNever": true, "footer": "none",
            "font": "Bravura", "fontFallback": "Bravura", "smuflTextFont": "none", "inputFrom": "musicxml",
            "scale": 100, "svgFormatRaw": true, "xmlIdSeed": 1}}"#
        )
    }
}

/// One page as it came out of the engraver.
#[derive(Clone, Debug)]
pub struct EngravedPage {
    /// Where everything is.
    pub print: Arc<PrintedPage>,
    /// The page, for [`super::Painter`].
    pub svg: String,
}

/// Lays out scores, by a program that is started for each: what a document does to Verovio, it does to that process.
#[derive(Clone, Debug)]
pub struct Engraver {
    program: PathBuf,
    patience: Duration,
    stop: Arc<AtomicBool>,
}

impl Engraver {
    /// One that starts the program `colla-parte-engraver` where it usually is: beside the running program, or where packages
    /// put it.
    ///
    /// # Errors
    /// If it is nowhere there.
    pub fn find() -> Result<Engraver, EngraveError> {
        let mut looked_for = usual_places();
        match looked_for.iter().position(|program| program.is_file()) {
            Some(found) => Ok(Engraver::at(looked_for.swap_remove(found))),
            None => Err(EngraveError::Missing { looked_for }),
        }
    }

    /// One that starts this program.
    pub fn at(program: PathBuf) -> Engraver {
        Engraver { program, patience: PATIENCE, stop: Arc::default() }
    }

    /// The same, which gives a document up after so long.
    pub fn with_patience(self, patience: Duration) -> Engraver {
        Engraver { patience, ..self }
    }

    /// The same, which gives up as soon as `stop` is set.
    pub fn stopped_by(self, stop: Arc<AtomicBool>) -> Engraver {
        Engraver { stop, ..self }
    }

    /// Looks whether there is anything against engraving this MusicXML, without doing it.
    ///
    /// # Errors
    /// If it is too large, or no MusicXML.
    pub fn examine(source: &str) -> Result<(), EngraveError> {
        if source.len() > MAX_SOURCE_BYTES {
            return Err(EngraveError::TooLarge {
                what: "bytes of the score's text",
                limit: MAX_SOURCE_BYTES,
                found: source.len(),
            });
        }
        // Of a text that is no score Verovio makes an empty page.
        if source.contains("<score-") { Ok(()) } else { Err(EngraveError::Unreadable) }
    }

    /// Lays out MusicXML, and returns its pages. Starting the program takes some 50 ms.
    ///
    /// # Errors
    /// As [`Engraver::examine`]; if Verovio does not read it, does not survive it, or makes of it what is no page; if the program
    /// can't be started, or its time is up.
    pub fn pages(
        &self,
        source: &str,
        paper: Paper,
        breaks: Breaks,
    ) -> Result<Vec<EngravedPage>, EngraveError> {
        Engraver::examine(source)?;
        let pages = match self.ask(source, &paper.options(breaks))? {
            Answer::Pages(pages) => pages,
            Answer::Unreadable => return Err(EngraveError::Unreadable),
            Answer::Failed(reason) => return Err(self.failed(reason)),
        };
        let page = |(index, svg): (usize, String)| {
            let print =
                reading::page(&svg).map_err(|reason| EngraveError::Page { page: index + 1, reason })?;
            Ok(EngravedPage { print: Arc::new(print), svg })
        };
        pages.into_iter().enumerate().map(page).collect()
    }

    fn failed(&self, reason: impl ToString) -> EngraveError {
        EngraveError::Program { program: self.program.clone(), reason: reason.to_string() }
    }

    /// Starts the program, gives it the source and waits for its answer.
    fn ask(&self, source: &str, options: &str) -> Result<Answer, EngraveError> {
        let until = Instant::now() + self.patience;
        let mut running = self.start(source, options).map_err(|error| self.failed(error))?;
        let answer = running.answer().map_err(|error| self.failed(error))?;
        let bytes = loop {
            match answer.recv_timeout(GLANCE) {
                Ok(bytes) => break bytes,
                Err(RecvTimeoutError::Timeout) if self.stop.load(Ordering::Relaxed) => {
                    return Err(EngraveError::Stopped);
                }
                Err(RecvTimeoutError::Timeout) if Instant::now() < until => {}
                Err(RecvTimeoutError::Timeout) => return Err(EngraveError::TooLong(self.patience)),
                Err(RecvTimeoutError::Disconnected) => break Vec::new(),
            }
        };
        match Answer::read(&bytes) {
            Some(answer) => Ok(answer),
            // What ended it is known once it is gone.
            None => Err(EngraveError::Died(running.end())),
        }
    }

    fn start(&self, source: &str, options: &str) -> io::Result<Running> {
        // From a file, and not through a pipe: where the program ends early, writing to its pipe would send the host SIGPIPE.
        let mut input = tempfile::tempfile()?;
        input.write_all(source.as_bytes())?;
        input.rewind()?;
        let mut command = Command::new(&self.program);
        command.arg(EDITION).arg(options).stdin(input).stdout(Stdio::piped()).stderr(Stdio::null());
        #[cfg(windows)]
        {
            use std::os::windows::process::CommandExt;
            /// It is a program for the console, and none is to appear.
            const CREATE_NO_WINDOW: u32 = 0x0800_0000;
            command.creation_flags(CREATE_NO_WINDOW);
        }
        Ok(Running { child: command.spawn()?, reader: None })
    }
}

/// A program at work, and the thread that reads what it writes. Both end with this.
struct Running {
    child: Child,
    reader: Option<JoinHandle<()>>,
}

impl Running {
    /// What it writes, once it has written all.
    fn answer(&mut self) -> io::Result<Receiver<Vec<u8>>> {
        let (sender, answer) = bounded(1);
        let output = self.child.stdout.take();
        let read = move || {
            let mut bytes = Vec::new();
            if let Some(output) = output {
                // What is cut off here is no answer.
                let _ = output.take(MAX_ANSWER_BYTES).read_to_end(&mut bytes);
            }
            let _ = sender.send(bytes);
        };
        self.reader = Some(std::thread::Builder::new().name("colla-parte-pages".into()).spawn(read)?);
        Ok(answer)
    }

    /// How it ended, in words.
    fn end(&mut self) -> String {
        match self.child.wait() {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // With the program its end of the pipe is gone, and the thread comes to its end.
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// Where the program is, as a rule.
fn usual_places() -> Vec<PathBuf> {
    let name = format!("colla-parte-engraver{}", std::env::consts::EXE_SUFFIX);
    let running = std::env::current_exe().unwrap_or_default();
    // Beside a built program, or one folder up from a built test.
    let mut folders: Vec<PathBuf> = running.ancestors().skip(1).take(2).map(PathBuf::from).collect();
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if cfg!(target_os = "windows") {
        folders.extend(set("LOCALAPPDATA").map(|folder| folder.join(r"Programs\Colla Parte")));
        folders.extend(set("ProgramFiles").map(|folder| folder.join("Colla Parte")));
    } else {
        folders.extend(set("HOME").map(|folder| folder.join(".local/bin")));
        folders.extend(["/usr/local/bin", "/usr/bin"].map(PathBuf::from));
    }
    folders.iter().map(|folder| folder.join(&name)).collect()
}
