//! The crash journal: the book's takes written to a file as they come, for when a host ends before it saved.
//!
//! Only where the user agreed. One file for each session, named by the session's id: a line of JSON for each take that is new or
//! changed, each that was deleted, and the cues and the choices for the edit when they change. Lines are only ever appended, so that a crash can damage the
//! last one alone; what comes later counts. When a project is opened, takes that its book has not come out of the journal.

use super::places;
use crate::performance::{Cue, EditChoices};
use crate::takes::{Entry, SavedTake, SessionLog};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A journal that has grown beyond this is begun anew with the book as it stands, in bytes.
const MAX_BYTES: u64 = 64 << 20;
/// Journals that nobody has written to for so long are removed.
const KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// One line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    /// A take as it is now.
    Take(Box<SavedTake>),
    /// The take of this number was deleted.
    Gone(u32),
    /// The cues as they are now.
    Cues(Vec<Cue>),
    /// What is chosen for the edits of all scores now, by their measures.
    Edits(Vec<(u64, EditChoices)>),
}

/// Where journals lie unless a test says otherwise: the system's place for what programs keep to themselves.
pub(super) fn usual_folder() -> Option<PathBuf> {
    Some(places::state()?.join("journal"))
}

fn path(folder: &Path, id: u64) -> PathBuf {
    folder.join(format!("{id:016x}.jsonl"))
}

/// Writes what changes in a book.
#[derive(Debug, Default)]
pub(super) struct Journal {
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    id: u64,
    file: File,
    bytes: u64,
    written: BTreeMap<u32, Arc<Entry>>,
    cues: Vec<Cue>,
    choices: Vec<(u64, EditChoices)>,
}

impl Journal {
    /// Appends what has changed in the log since the last time.
    ///
    /// # Errors
    /// The system's; the journal is closed, and the next call opens it again.
    pub fn follow(&mut self, folder: &Path, log: &SessionLog) -> io::Result<()> {
        let outcome = self.append(folder, log);
        if outcome.is_err() {
            self.open = None;
        }
        outcome
    }

    /// Writes no more.
    pub fn close(&mut self) {
        self.open = None;
    }

    fn append(&mut self, folder: &Path, log: &SessionLog) -> io::Result<()> {
        if self.open.as_ref().is_none_or(|open| open.id != log.id() || open.bytes > MAX_BYTES) {
            let anew = self.open.as_ref().is_some_and(|open| open.bytes > MAX_BYTES);
            self.open = Some(Open::new(folder, log.id(), anew)?);
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        let mut lines = Vec::new();
        let mut put = |line: &Line| -> io::Result<()> {
            serde_json::to_writer(&mut lines, line)?;
            lines.push(b'\n');
            Ok(())
        };
        for entry in log.entries() {
            if !open.written.get(&entry.number).is_some_and(|written| Arc::ptr_eq(written, entry)) {
                put(&Line::Take(Box::new(SavedTake::new(entry, true))))?;
            }
        }
        let now: BTreeMap<u32, Arc<Entry>> =
            log.entries().map(|entry| (entry.number, entry.clone())).collect();
        for number in open.written.keys().filter(|number| !now.contains_key(*number)) {
            put(&Line::Gone(*number))?;
        }
        if open.cues != log.cues() {
            put(&Line::Cues(log.cues().to_vec()))?;
        }
        if open.choices != log.all_choices() {
            put(&Line::Edits(log.all_choices().to_vec()))?;
        }
        if !lines.is_empty() {
            open.file.write_all(&lines)?;
            open.file.sync_data()?;
            open.bytes += lines.len() as u64;
        }
        open.written = now;
        open.cues = log.cues().to_vec();
        open.choices = log.all_choices().to_vec();
        Ok(())
    }
}

impl Open {
    fn new(folder: &Path, id: u64, anew: bool) -> io::Result<Open> {
        fs::create_dir_all(folder)?;
        remove_old(folder);
        let mut options = OpenOptions::new();
        options.create(true);
        if anew {
            options.write(true).truncate(true);
        } else {
            options.append(true);
        }
        let file = options.open(path(folder, id))?;
        let bytes = file.metadata()?.len();
        let (written, cues, choices) = Default::default();
        let mut open = Open { id, file, bytes, written, cues, choices };
        if bytes > 0 {
            // A line that a crash cut short ends here.
            open.file.write_all(b"\n")?;
        }
        Ok(open)
    }
}

fn remove_old(folder: &Path) {
    let Ok(files) = fs::read_dir(folder) else { return };
    let now = SystemTime::now();
    for file in files.flatten() {
        let age =
            file.metadata().and_then(|meta| meta.modified()).ok().and_then(|at| now.duration_since(at).ok());
        let ours = file.path().extension().is_some_and(|extension| extension == "jsonl");
        if ours && age.is_some_and(|age| age > KEPT) {
            let _ = fs::remove_file(file.path());
        }
    }
}

/// The log with the takes that only its journal has, and how many those are; `None` where there are none.
///
/// # Errors
/// The system's, except that there is no journal.
pub(super) fn recovered(folder: &Path, log: &SessionLog) -> io::Result<Option<(SessionLog, usize)>> {
    let file = match File::open(path(folder, log.id())) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let (mut takes, mut cues, mut choices) = (BTreeMap::new(), None, None);
    for line in BufReader::new(file).split(b'\n') {
        // What a crash cut short is no line.
        match serde_json::from_slice(&line?) {
            Ok(Line::Take(take)) => {
                if let Ok(entry) = take.read() {
                    takes.insert(entry.number, entry);
                }
            }
            Ok(Line::Gone(number)) => {
                takes.remove(&number);
            }
            Ok(Line::Cues(changed)) => cues = Some(changed),
            Ok(Line::Edits(changed)) => choices = Some(changed),
            Err(_) => {}
        }
    }
    let next = log.next_number();
    takes.retain(|number, _| *number >= next);
    let count = takes.len();
    if count == 0 {
        return Ok(None);
    }
    let entries = log.entries().map(|entry| (**entry).clone()).chain(takes.into_values()).collect();
    let cues = if log.cues().is_empty() { cues.unwrap_or_default() } else { log.cues().to_vec() };
    // Choices that name the takes which come back came after the project's.
    let choices = choices.unwrap_or_else(|| log.all_choices().to_vec());
    Ok(Some((SessionLog::from_saved(log.id(), log.revision() + 1, entries, cues, choices), count)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::{CueMessage, Take};
    use crate::takes::{Edit, Recorded};
    use crate::units::Seconds;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("colla-parte-journal-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    fn add(log: &mut SessionLog) {
        let (start, end) = (Seconds(0.0), Seconds(2.0));
        let take = Take::plain(start, end);
        let recorded = Recorded {
            take,
            notes: vec![],
            rate_hz: 48_000.0,
            host_start_s: None,
            began_unix_s: 0,
            grid: 0,
            exact: true,
        };
        log.add(recorded).unwrap();
    }

    fn numbers(log: &SessionLog) -> Vec<u32> {
        log.entries().map(|entry| entry.number).collect()
    }

    #[test]
    fn takes_that_were_not_saved_come_back_and_deleted_ones_do_not() {
        let folder = folder("back");
        let mut log = SessionLog::new(7);
        add(&mut log);
        let saved = log.clone();
        assert!(recovered(&folder, &saved).unwrap().is_none(), "there is no journal yet");
        let mut journal = Journal::default();
        journal.follow(&folder, &log).unwrap();
        assert!(recovered(&folder, &saved).unwrap().is_none(), "it has nothing that the project has not");
        for _ in 0..3 {
            add(&mut log);
            journal.follow(&folder, &log).unwrap();
        }
        log.edit(Edit::Stars { take: 4, stars: 2 });
        log.edit(Edit::Delete { take: 3 });
        let message = CueMessage::Note { pitch: 60, velocity: 1 };
        log.edit(Edit::Cues(vec![Cue::at(4.0, "A".into(), message)]));
        journal.follow(&folder, &log).unwrap();
        // The process dies while it writes the next line.
        drop(journal);
        let file = path(&folder, 7);
        let mut text = fs::read(&file).unwrap();
        let written = text.len();
        text.extend_from_slice(b"{\"take\":{\"number\":9,\"ra");
        fs::write(&file, &text).unwrap();
        let (found, count) = recovered(&folder, &saved).unwrap().unwrap();
        assert_eq!((numbers(&found), count), (vec![1, 2, 4], 2));
        assert_eq!(found.entries().last().unwrap().remarks.stars, 2);
        assert_eq!(found.cues(), log.cues());
        assert!(found.revision() > saved.revision());
        // It goes on after the damage.
        let mut log = found;
        add(&mut log);
        Journal::default().follow(&folder, &log).unwrap();
        assert_eq!(numbers(&recovered(&folder, &saved).unwrap().unwrap().0), [1, 2, 4, 5]);
        assert!(fs::metadata(&file).unwrap().len() > written as u64);
        // Another session's is another file.
        assert!(recovered(&folder, &SessionLog::new(8)).unwrap().is_none());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_did_not_change_is_not_written_again() {
        let folder = folder("same");
        let mut log = SessionLog::new(1);
        add(&mut log);
        let mut journal = Journal::default();
        journal.follow(&folder, &log).unwrap();
        let size = || fs::metadata(path(&folder, 1)).unwrap().len();
        let first = size();
        journal.follow(&folder, &log).unwrap();
        assert_eq!(size(), first);
        // A folder that cannot be made is said, and does no harm.
        let file = folder.join("file");
        fs::write(&file, "").unwrap();
        assert!(Journal::default().follow(&file.join("below"), &log).is_err());
        // Windows removes no file that is open.
        drop(journal);
        fs::remove_dir_all(folder).unwrap();
    }
}
