//! The log: numbers, undo, what is put in its place and what is merged into it.

use super::*;
use crate::takes::entry::tests::recorded;

fn log(takes: usize) -> SessionLog {
    let mut log = SessionLog::new(9);
    (0..takes).for_each(|_| assert!(log.add(recorded(10.0)).is_ok()));
    log
}

fn numbers(log: &SessionLog) -> Vec<u32> {
    log.entries().map(|entry| entry.number).collect()
}

#[test]
fn takes_lie_end_to_end_and_keep_their_numbers() {
    let mut log = log(3);
    let starts: Vec<f64> = log.entries().map(|entry| entry.recorded.take.start.0).collect();
    assert_eq!(starts, [0.0, 11.0, 22.0]);
    log.edit(Edit::Delete { take: 2 });
    assert_eq!(numbers(&log), [1, 3]);
    assert_eq!(log.add(recorded(1.0)), Ok(4));
    log.undo();
    assert_eq!(numbers(&log), [1, 2, 3, 4]);
}

fn choices() -> EditChoices {
    let mut choices = EditChoices::default();
    choices.choose(2, 5, Some(1));
    choices
}

#[test]
fn every_edit_can_be_taken_back_and_brought_again() {
    let mut log = log(2);
    let message = crate::performance::CueMessage::Control { number: 20, value: 127 };
    let cue = |beat| Cue::at(beat, "A".into(), message);
    let edits = [
        Edit::Stars { take: 1, stars: 9 },
        Edit::Reject { take: 1, rejected: true },
        Edit::Name { take: 2, name: "é".repeat(500) },
        Edit::Comment { take: 2, comment: "slower".into() },
        Edit::Cues(vec![cue(8.0), cue(4.0), cue(f64::NAN)]),
        Edit::Choices { grid: 7, choices: choices() },
        Edit::Choices { grid: 8, choices: choices() },
        Edit::Choices { grid: 7, choices: EditChoices::default() },
        Edit::Delete { take: 1 },
    ];
    let mut states = vec![log.contents.clone()];
    for edit in edits {
        log.edit(edit);
        states.push(log.contents.clone());
    }
    assert_eq!(log.contents.entries[0].remarks.stars, 3);
    assert_eq!(log.contents.entries[1].remarks.name.chars().count(), NAME_CHARACTERS);
    assert_eq!(log.cues().iter().map(|cue| cue.beat).collect::<Vec<_>>(), [4.0, 8.0]);
    for state in states.iter().rev().skip(1) {
        log.undo();
        assert_eq!(log.contents, *state);
    }
    assert_eq!(log.undoable(), None);
    for state in states.iter().skip(1) {
        log.redo();
        assert_eq!(log.contents, *state);
    }
    let revision = log.revision();
    log.edit(Edit::Stars { take: 77, stars: 1 });
    log.edit(Edit::Stars { take: 2, stars: 0 });
    assert_eq!(log.revision(), revision, "nothing changed");
}

#[test]
fn a_better_estimate_stays_where_the_take_was_and_keeps_what_was_said() {
    let mut log = log(2);
    log.edit(Edit::Name { take: 2, name: "second".into() });
    log.replace(2, Recorded { exact: false, ..recorded(10.0) });
    let entry = log.entries().nth(1).unwrap();
    assert_eq!((entry.recorded.take.start.0, entry.recorded.notes[1].onset.0), (11.0, 12.25));
    assert_eq!((entry.remarks.name.as_str(), entry.recorded.exact), ("second", false));
    log.undo();
    assert!(!log.entries().nth(1).unwrap().recorded.exact, "undo is of what was said only");
}

#[test]
fn an_older_state_of_this_session_takes_nothing_away_and_another_session_can_be_undone() {
    let mut log = log(2);
    let old = log.clone();
    log.add(recorded(3.0)).unwrap();
    assert!(!log.adopt(old));
    assert_eq!(numbers(&log), [1, 2, 3]);
    let mut other = SessionLog::new(10);
    other.add(recorded(1.0)).unwrap();
    let before = log.revision();
    assert!(log.adopt(other.clone()));
    assert!(log.revision() > before);
    assert_eq!((log.id(), numbers(&log).len()), (10, 1));
    log.undo();
    assert_eq!((log.id(), numbers(&log).len()), (9, 3));
    assert!(!log.adopt(SessionLog::new(11)), "an empty book takes nobody's place");
    let mut empty = SessionLog::new(1);
    assert!(empty.adopt(other.clone()));
    assert_eq!((empty.contents, empty.done.len()), (other.contents, 0));
}

#[test]
fn copies_of_a_session_that_went_on_alone_are_merged() {
    let take = |began_unix_s: u64| Recorded { began_unix_s, ..recorded(10.0) };
    let mut log = log(0);
    log.add(take(100)).unwrap();
    let mut other = log.clone();
    log.add(take(200)).unwrap();
    other.add(take(250)).unwrap();
    other.add(take(300)).unwrap();
    other.edit(Edit::Stars { take: 1, stars: 2 });
    let began = |log: &SessionLog| -> Vec<(u32, u64)> {
        log.entries().map(|entry| (entry.number, entry.recorded.began_unix_s)).collect()
    };
    let all = [(1, 100), (2, 200), (3, 250), (4, 300)];
    assert!(log.adopt(other.clone()));
    assert_eq!(began(&log), all);
    assert_eq!(log.entries().next().unwrap().remarks.stars, 2, "the newer copy's word counts");
    assert_eq!(log.undoable(), None, "merging is no change of the user's");
    let starts: Vec<f64> = log.entries().map(|entry| entry.recorded.take.start.0).collect();
    assert_eq!(starts, [0.0, 11.0, 22.0, 33.0]);
    // Merging again doubles nothing.
    assert!(!log.adopt(other));
    assert_eq!(began(&log), all);
}

#[test]
fn a_take_that_grows_moves_those_after_it() {
    let mut log = log(3);
    log.replace(1, recorded(15.0));
    let starts: Vec<f64> = log.entries().map(|entry| entry.recorded.take.start.0).collect();
    assert_eq!(starts, [0.0, 16.0, 27.0]);
    log.add(recorded(1.0)).unwrap();
    assert_eq!(log.entries().last().unwrap().recorded.take.start.0, 38.0);
}

#[test]
fn a_full_log_says_so() {
    let mut log = log(MAX_TAKES);
    assert_eq!(log.add(recorded(1.0)), Err(LogError::Full));
    log.edit(Edit::Delete { take: 3 });
    assert_eq!(log.add(recorded(1.0)), Ok(MAX_TAKES as u32 + 1));
}
