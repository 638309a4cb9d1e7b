//! One take of a session's log.

use crate::performance::{Decision, Mark, PlayedNote, Take};
use crate::score::PlayingPath;
use crate::units::Seconds;
use std::sync::Arc;

/// A take as it was recorded; it changes only when a better estimate replaces it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// What it covers and what is wrong in it. On its way into a log, its start is time 0.
    pub take: Take,
    /// The notes played, ordered by onset, in the take's time.
    pub notes: Vec<PlayedNote>,
    /// Samples per second of the host.
    pub rate_hz: f64,
    /// Position of its start on the host's timeline in seconds, where the host said one; may be negative.
    pub host_start_s: Option<f64>,
    /// When it began, in seconds since 1970 (UTC).
    pub began_unix_s: u64,
    /// The measures that its steps count, see [`measure_grid`]; 0 without a score.
    pub grid: u64,
    /// It comes from the second pass, and is no live estimate.
    pub exact: bool,
}

/// What the user said of a take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remarks {
    /// The user's name for it; may be empty.
    pub name: String,
    /// The user's comment; may be empty.
    pub comment: String,
    /// 0-3.
    pub stars: u8,
    /// Not to be used.
    pub rejected: bool,
    /// Taken out of the book; undo brings it back as long as the log is not saved and read again.
    pub deleted: bool,
}

/// One take of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Counts the session's takes from 1; stays when others are deleted.
    pub number: u32,
    /// What was recorded.
    pub recorded: Arc<Recorded>,
    /// What the user said.
    pub remarks: Remarks,
}

impl Recorded {
    /// Moves all times by so many seconds.
    pub fn shift(&mut self, by_s: f64) {
        self.move_times(|time| time + Seconds(by_s));
    }

    /// Gives every time another one.
    pub fn move_times(&mut self, to: impl Fn(Seconds) -> Seconds) {
        let take = &mut self.take;
        (take.start, take.end) = (to(take.start), to(take.end));
        for stretch in take.stretches.iter_mut().chain(take.voices.iter_mut().flat_map(|v| &mut v.stretches))
        {
            (stretch.start, stretch.end) = (to(stretch.start), to(stretch.end));
        }
        take.beats.iter_mut().for_each(|point| point.time = to(point.time));
        for fault in take.faults.iter_mut().chain(take.voices.iter_mut().flat_map(|v| &mut v.faults)) {
            fault.at = to(fault.at);
        }
        for note in &mut self.notes {
            (note.onset, note.offset, note.emitted) = (to(note.onset), to(note.offset), to(note.emitted));
        }
    }
}

impl Entry {
    /// The two are of the same playing.
    pub fn is_take_of(&self, other: &Entry) -> bool {
        let (a, b) = (&self.recorded, &other.recorded);
        let near = |a: f64, b: f64| (a - b).abs() < 0.1;
        let host = match (a.host_start_s, b.host_start_s) {
            (Some(a), Some(b)) => near(a, b),
            (None, None) => true,
            _ => false,
        };
        host && a.began_unix_s.abs_diff(b.began_unix_s) <= 1 && a.grid == b.grid
    }

    /// What the user said, as decisions about the take of this index.
    pub fn marks(&self, index: u32) -> Vec<Mark> {
        let mut decisions = Vec::new();
        if self.remarks.rejected {
            decisions.push(Decision::Reject);
        } else if self.remarks.stars > 0 {
            decisions.push(Decision::Star);
        }
        let words = [&self.remarks.name, &self.remarks.comment];
        let words: Vec<&str> =
            words.into_iter().filter(|text| !text.is_empty()).map(String::as_str).collect();
        if !words.is_empty() {
            decisions.push(Decision::Note(words.join(": ")));
        }
        decisions.into_iter().map(|decision| Mark { take: index, step: None, decision }).collect()
    }
}

/// A number for the measures of a path: two paths with the same one have the same measures at the same places, so
/// that a take of one can be read against the other. Never 0.
///
/// FNV-1a over every step's start, length and number.
pub fn measure_grid(path: &PlayingPath) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut mix = |bytes: &[u8]| {
        for &byte in bytes {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for step in &path.steps {
        mix(&step.start.to_f64().to_bits().to_le_bytes());
        mix(&step.length.to_f64().to_bits().to_le_bytes());
        mix(step.number.as_bytes());
        mix(&[0xff]);
    }
    hash.max(1)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::units::Pitch;

    pub(in crate::takes) fn recorded(length_s: f64) -> Recorded {
        let note = |at: f64| PlayedNote {
            onset: Seconds(at),
            offset: Seconds(at + 0.4),
            pitch: Pitch(60),
            velocity: 70,
            emitted: Seconds(at),
        };
        Recorded {
            take: Take {
                start: Seconds(0.0),
                end: Seconds(length_s),
                host_start: None,
                stretches: vec![],
                beats: vec![],
                faults: vec![],
                voices: vec![],
            },
            notes: vec![note(0.5), note(1.25)],
            rate_hz: 48_000.0,
            host_start_s: Some(-2.0),
            began_unix_s: 1_700_000_000,
            grid: 7,
            exact: true,
        }
    }

    #[test]
    fn the_grid_tells_measures_apart_and_not_notes() {
        let quarter = crate::units::Beats::whole(1);
        let path = |count: i64, pitch: u8| {
            let notes: Vec<_> =
                (0..count).map(|n| (crate::units::Beats::whole(n), quarter, Pitch(pitch))).collect();
            PlayingPath::from_notes((4, 4), &notes)
        };
        assert_eq!(measure_grid(&path(8, 60)), measure_grid(&path(8, 61)));
        assert_ne!(measure_grid(&path(8, 60)), measure_grid(&path(12, 60)));
    }
}
