//! A take as a project keeps it: whole numbers in columns, which pack well.
//!
//! Times are in ticks of 0.1 ms from the take's start and beats in ticks of 1/10,000, each column written as
//! differences. Reading and writing again gives the same.

use super::entry::{Entry, Recorded, Remarks};
use crate::performance::{AlignedBeat, DOUBT_BELOW, Fault, PlayedNote, Stretch, Take, Voice};
use crate::units::{Pitch, SampleIndex, Seconds};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use thiserror::Error;

/// Ticks in a second, and in a beat.
const TICKS: f64 = 10_000.0;
/// Rows of one column at most: a hundred notes a second for longer than a take may be.
const MAX_ROWS: usize = 2_000_000;

/// Why a take that was kept cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SavedError {
    /// Columns that belong together differ in length, or are too long.
    #[error("take {take}: expected columns of one length, at most {MAX_ROWS}, found {found}")]
    Columns {
        /// Its number.
        take: u32,
        /// The length of the longest column.
        found: usize,
    },
    /// A number is not within its range.
    #[error("take {take}: {what} is out of range")]
    Range {
        /// Its number.
        take: u32,
        /// Which number.
        what: &'static str,
    },
}

/// One take in the form that is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedTake {
    number: u32,
    #[serde(default)]
    name: String,
    #[serde(default)]
    comment: String,
    #[serde(default)]
    stars: u8,
    #[serde(default)]
    rejected: bool,
    rate_hz: f64,
    host_start_s: Option<f64>,
    began_unix_s: u64,
    grid: u64,
    exact: bool,
    /// Start on the log's time, and length.
    start: i64,
    length: i64,
    stretches: Vec<Stretch>,
    faults: Vec<Fault>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    voices: Vec<Voice>,
    beats: BeatColumns,
    notes: NoteColumns,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct BeatColumns {
    beat: Vec<i64>,
    time: Vec<i64>,
    /// In 1/255.
    confidence: Vec<u8>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct NoteColumns {
    onset: Vec<i64>,
    length: Vec<i64>,
    pitch: Vec<u8>,
    velocity: Vec<u8>,
}

impl SavedTake {
    /// The form of an entry that is kept. With `notes` false its notes are left out.
    pub fn new(entry: &Entry, notes: bool) -> SavedTake {
        let Entry { number, recorded, remarks } = entry;
        let start = recorded.take.start.0;
        let within = |time: Seconds| ticks(time.0 - start);
        let take = &recorded.take;
        let mut stretches = take.stretches.clone();
        let mut faults = take.faults.clone();
        let mut voices = take.voices.clone();
        let of_voices = |voice: &mut Voice| round(&mut voice.stretches, &mut voice.faults, start);
        voices.iter_mut().for_each(of_voices);
        round(&mut stretches, &mut faults, start);
        let kept: &[PlayedNote] = if notes { &recorded.notes } else { &[] };
        SavedTake {
            number: *number,
            name: remarks.name.clone(),
            comment: remarks.comment.clone(),
            stars: remarks.stars,
            rejected: remarks.rejected,
            rate_hz: recorded.rate_hz,
            host_start_s: recorded.host_start_s,
            began_unix_s: recorded.began_unix_s,
            grid: recorded.grid,
            exact: recorded.exact,
            start: ticks(start),
            length: within(take.end),
            stretches,
            faults,
            voices,
            beats: BeatColumns {
                beat: differences(take.beats.iter().map(|point| ticks(point.beat))),
                time: differences(take.beats.iter().map(|point| within(point.time))),
                confidence: take.beats.iter().map(|point| (point.confidence * 255.0).round() as u8).collect(),
            },
            notes: NoteColumns {
                onset: differences(kept.iter().map(|note| within(note.onset))),
                length: kept.iter().map(|note| ticks(note.offset.0 - note.onset.0)).collect(),
                pitch: kept.iter().map(|note| note.pitch.0).collect(),
                velocity: kept.iter().map(|note| note.velocity).collect(),
            },
        }
    }

    /// The number of notes that are kept.
    pub fn notes(&self) -> usize {
        self.notes.onset.len()
    }

    /// The entry.
    ///
    /// # Errors
    /// [`SavedError`] if columns do not fit together or a number is out of range.
    pub fn read(self) -> Result<Entry, SavedError> {
        let take = self.number;
        let (beats, notes) = (&self.beats, &self.notes);
        for lengths in [
            vec![beats.beat.len(), beats.time.len(), beats.confidence.len()],
            vec![notes.onset.len(), notes.length.len(), notes.pitch.len(), notes.velocity.len()],
            vec![self.stretches.len()],
            vec![self.faults.len()],
            vec![self.voices.len()],
        ] {
            let found = lengths.iter().copied().max().unwrap_or(0);
            if found > MAX_ROWS || lengths.iter().any(|length| *length != found) {
                return Err(SavedError::Columns { take, found });
            }
        }
        let of_voices = |voice: &Voice| (voice.stretches.len(), voice.faults.len());
        let rows = self.voices.iter().map(of_voices).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        if rows.0.max(rows.1) > MAX_ROWS {
            return Err(SavedError::Columns { take, found: rows.0.max(rows.1) });
        }
        let heard_in_voices = || self.voices.iter().flat_map(|voice| &voice.stretches);
        let faults_in_voices = || self.voices.iter().flat_map(|voice| &voice.faults);
        let in_range = [
            ("the number", take > 0),
            ("the rate", (1.0..=1e7).contains(&self.rate_hz)),
            ("the host's position", self.host_start_s.is_none_or(f64::is_finite)),
            ("a time", self.start >= 0 && self.length >= 0 && self.start.max(self.length) < 1 << 50),
            ("a pitch", notes.pitch.iter().all(|pitch| *pitch < 128)),
            ("a velocity", notes.velocity.iter().all(|velocity| (1..128).contains(velocity))),
            ("a length", notes.length.iter().all(|length| (0..1 << 40).contains(length))),
            (
                "a stretch",
                self.stretches.iter().chain(heard_in_voices()).all(|stretch| {
                    let numbers = [stretch.start.0, stretch.end.0, stretch.from_beat, stretch.to_beat];
                    numbers.iter().all(|number| number.is_finite()) && stretch.from_step <= stretch.to_step
                }),
            ),
            (
                "a fault",
                self.faults.iter().chain(faults_in_voices()).all(|fault| {
                    let cents = fault.cents.unwrap_or_default();
                    let numbers = [fault.at.0, fault.beat, fault.confidence.into(), cents.into()];
                    numbers.iter().all(|number| number.is_finite())
                }),
            ),
        ];
        if let Some((what, _)) = in_range.into_iter().find(|(_, good)| !good) {
            return Err(SavedError::Range { take, what });
        }
        let onsets = sums(&notes.onset).ok_or(SavedError::Range { take, what: "an onset" })?;
        let places = sums(&beats.beat).ok_or(SavedError::Range { take, what: "a beat" })?;
        let times = sums(&beats.time).ok_or(SavedError::Range { take, what: "a time" })?;
        let aligned =
            places.iter().zip(&times).zip(&beats.confidence).map(|((beat, time), confidence)| AlignedBeat {
                beat: *beat as f64 / TICKS,
                time: seconds(*time),
                confidence: f32::from(*confidence) / 255.0,
            });
        let played = (0..onsets.len()).map(|n| PlayedNote {
            onset: seconds(onsets[n]),
            offset: seconds(onsets[n] + notes.length[n].max(1)),
            pitch: Pitch(notes.pitch[n]),
            velocity: notes.velocity[n],
            emitted: seconds(onsets[n]),
        });
        let host_start = self.host_start_s.filter(|start_s| *start_s >= 0.0);
        let mut recorded = Recorded {
            take: Take {
                start: Seconds(0.0),
                end: seconds(self.length),
                host_start: host_start.map(|start_s| SampleIndex((start_s * self.rate_hz).round() as u64)),
                beats: aligned.collect(),
                stretches: self.stretches,
                faults: self.faults,
                voices: self.voices,
            },
            notes: played.collect(),
            rate_hz: self.rate_hz,
            host_start_s: self.host_start_s,
            began_unix_s: self.began_unix_s,
            grid: self.grid,
            exact: self.exact,
        };
        recorded.shift(self.start as f64 / TICKS);
        let remarks = Remarks {
            name: self.name,
            comment: self.comment,
            stars: self.stars.min(3),
            rejected: self.rejected,
            deleted: false,
        };
        Ok(Entry { number: take, recorded: Arc::new(recorded), remarks })
    }
}

/// Counts times from `start` on, and rounds what is kept.
fn round(stretches: &mut [Stretch], faults: &mut [Fault], start: f64) {
    for stretch in stretches {
        stretch.start = Seconds(rounded(stretch.start.0 - start));
        stretch.end = Seconds(rounded(stretch.end.0 - start));
    }
    for fault in faults {
        fault.at = Seconds(rounded(fault.at.0 - start));
        let is_doubt = fault.is_doubt();
        fault.confidence = (fault.confidence * 1000.0).round() / 1000.0;
        if is_doubt && !fault.is_doubt() {
            fault.confidence = DOUBT_BELOW - 0.001;
        }
        fault.cents = fault.cents.map(|cents| (cents * 10.0).round() / 10.0);
    }
}

fn ticks(value: f64) -> i64 {
    (value * TICKS).round() as i64
}

fn seconds(ticks: i64) -> Seconds {
    Seconds(ticks as f64 / TICKS)
}

fn rounded(value: f64) -> f64 {
    ticks(value) as f64 / TICKS
}

fn differences(values: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut last = 0;
    values
        .map(|value| {
            let difference = value - last;
            last = value;
            difference
        })
        .collect()
}

/// The running sums; `None` where one leaves the range in which ticks are exact.
fn sums(differences: &[i64]) -> Option<Vec<i64>> {
    let mut sum = 0i64;
    differences
        .iter()
        .map(|difference| {
            sum = sum.checked_add(*difference)?;
            (sum.unsigned_abs() < 1 << 50).then_some(sum)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::FaultKind;
    use proptest::prelude::*;

    fn entry(notes: &[(f64, f64, u8, u8)], beats: &[(f64, f64)]) -> Entry {
        let mut recorded = crate::takes::entry::tests::recorded(30.0);
        recorded.notes = notes
            .iter()
            .map(|&(onset, length, pitch, velocity)| PlayedNote {
                onset: Seconds(onset),
                offset: Seconds(onset + length),
                pitch: Pitch(pitch),
                velocity,
                emitted: Seconds(onset),
            })
            .collect();
        recorded.take.beats = beats
            .iter()
            .map(|&(beat, time)| AlignedBeat { beat, time: Seconds(time), confidence: 0.7 })
            .collect();
        recorded.take.stretches = vec![Stretch {
            start: Seconds(0.31),
            end: Seconds(29.0),
            from_step: 0,
            to_step: 4,
            from_beat: 0.0,
            to_beat: 20.0,
        }];
        recorded.take.faults = vec![Fault {
            kind: FaultKind::Missed,
            at: Seconds(3.0),
            step: 1,
            beat: 5.5,
            pitch: Some(Pitch(61)),
            note: Some(crate::score::NoteId(9)),
            confidence: 0.8125,
            cents: None,
        }];
        recorded.shift(100.5);
        let remarks =
            Remarks { name: "é \"1\"".into(), comment: "x\ny".into(), stars: 2, ..Default::default() };
        Entry { number: 3, recorded: Arc::new(recorded), remarks }
    }

    proptest! {
        #[test]
        fn what_is_kept_comes_back_to_the_tick_and_then_the_same_for_ever(
            notes in prop::collection::vec((0.0f64..30.0, 0.01f64..5.0, 21u8..109, 1u8..128), 0..50),
            beats in prop::collection::vec((0.0f64..400.0, 0.0f64..30.0), 0..50),
        ) {
            let original = entry(&notes, &beats);
            let text = serde_json::to_string(&SavedTake::new(&original, true)).unwrap();
            let back = serde_json::from_str::<SavedTake>(&text).unwrap().read().unwrap();
            prop_assert_eq!(&back.remarks, &original.remarks);
            for (a, b) in back.recorded.notes.iter().zip(&original.recorded.notes) {
                prop_assert!((a.onset.0 - b.onset.0).abs() < 1.1e-4 && (a.offset.0 - b.offset.0).abs() < 2.1e-4);
                prop_assert_eq!((a.pitch, a.velocity), (b.pitch, b.velocity));
            }
            for (a, b) in back.recorded.take.beats.iter().zip(&original.recorded.take.beats) {
                prop_assert!((a.time.0 - b.time.0).abs() < 1.1e-4 && (a.beat - b.beat).abs() < 1e-4);
            }
            prop_assert_eq!(back.recorded.notes.len(), notes.len());
            let again = serde_json::to_string(&SavedTake::new(&back, true)).unwrap();
            prop_assert_eq!(again, text);
        }

        #[test]
        fn damaged_columns_are_errors_and_never_panics(
            text in "\\PC{0,40}",
            onset in prop::collection::vec(any::<i64>(), 0..6),
            pitch in prop::collection::vec(any::<u8>(), 0..6),
            start in any::<i64>(),
        ) {
            let mut saved = SavedTake::new(&entry(&[(1.0, 1.0, 60, 64)], &[(0.0, 1.0)]), true);
            saved.name = text;
            saved.notes.onset = onset;
            saved.notes.pitch = pitch;
            saved.start = start;
            let _ = saved.read();
        }
    }

    /// Otherwise a measure would no longer be clean once its project is opened again.
    #[test]
    fn a_doubt_comes_back_as_one() {
        let kept = |confidence| {
            let mut entry = entry(&[], &[]);
            let mut recorded = (*entry.recorded).clone();
            recorded.take.faults[0].confidence = confidence;
            entry.recorded = Arc::new(recorded);
            SavedTake::new(&entry, true).read().unwrap().recorded.take.faults[0].confidence
        };
        assert_eq!([0.4996, 0.5, 0.4211].map(kept), [0.499, 0.5, 0.421]);
    }

    #[test]
    fn what_is_out_of_range_is_said() {
        let good = SavedTake::new(&entry(&[(1.0, 1.0, 60, 64)], &[]), true);
        let mut columns = good.clone();
        columns.notes.pitch.clear();
        assert_eq!(columns.read(), Err(SavedError::Columns { take: 3, found: 1 }));
        let mut pitch = good.clone();
        pitch.notes.pitch[0] = 200;
        assert_eq!(pitch.read(), Err(SavedError::Range { take: 3, what: "a pitch" }));
        let mut rate = good;
        rate.rate_hz = f64::NAN;
        assert_eq!(rate.read(), Err(SavedError::Range { take: 3, what: "the rate" }));
    }
}
