//! The book in the editor's words: rows of takes, tempo curves, and what became of each note. Made anew only where
//! a take changed.

use crate::bridge::Snapshot;
use crate::editor::{TakeRow, TempoCurve, Verdict};
use crate::performance::{AlignedBeat, FaultKind, Take};
use crate::score::PlayingPath;
use crate::takes::Entry;
use crate::units::{Bpm, Seconds};
use std::collections::HashMap;
use std::sync::Arc;

/// Tempo curves shown at most, the newest ones.
const CURVES: usize = 12;
/// Tempo is taken over at least so many beats.
const TEMPO_BEATS: f64 = 1.0;

/// What one take looks like.
struct Shown {
    entry: Arc<Entry>,
    row: Arc<TakeRow>,
    curve: Arc<TempoCurve>,
}

/// What was made of the takes so far.
#[derive(Default)]
pub struct BookRows {
    known: HashMap<u32, Shown>,
    verdicts: Arc<[Verdict]>,
    /// The take and the score that the verdicts are of.
    judged: Option<(Arc<Entry>, Arc<PlayingPath>)>,
}

impl BookRows {
    /// The rows of all takes, the one that runs last, and the tempo curves of the newest.
    pub fn rows(&mut self, snapshot: &Snapshot) -> (Vec<Arc<TakeRow>>, Vec<Arc<TempoCurve>>) {
        let entries = &snapshot.book.entries;
        self.known.retain(|number, _| {
            snapshot.live.as_ref().is_some_and(|live| live.number == *number)
                || entries.binary_search_by_key(number, |entry| entry.number).is_ok()
        });
        let mut rows = Vec::with_capacity(entries.len() + 1);
        let mut curves = Vec::new();
        let first_curve = entries.len().saturating_sub(CURVES);
        for (index, entry) in entries.iter().enumerate() {
            let shown = self.shown(entry, false);
            rows.push(shown.row.clone());
            if index >= first_curve && !shown.curve.points.is_empty() {
                curves.push(shown.curve.clone());
            }
        }
        // For a moment the take that is over is in the log and still in hand.
        if let Some(live) = &snapshot.live
            && entries.last().is_none_or(|last| last.number < live.number)
        {
            let shown = self.shown(live, true);
            rows.push(shown.row.clone());
            curves.push(shown.curve.clone());
        }
        (rows, curves)
    }

    fn shown(&mut self, entry: &Arc<Entry>, recording: bool) -> &Shown {
        let make = || Shown {
            entry: entry.clone(),
            row: Arc::new(row(entry, recording)),
            curve: Arc::new(TempoCurve { points: tempo(&entry.recorded.take.beats) }),
        };
        let shown = self.known.entry(entry.number).or_insert_with(make);
        if !Arc::ptr_eq(&shown.entry, entry) {
            *shown = make();
        }
        shown
    }

    /// What became of each note of the path in the newest take that was heard a second time; empty while another is
    /// recorded.
    pub fn verdicts(&mut self, snapshot: &Snapshot) -> Arc<[Verdict]> {
        let newest = snapshot.book.entries.iter().rev().find(|entry| entry.recorded.exact);
        let wanted = newest.zip(snapshot.score.as_ref()).filter(|_| snapshot.live.is_none());
        let Some((entry, score)) = wanted else {
            self.judged = None;
            return Arc::default();
        };
        let same = self
            .judged
            .as_ref()
            .is_some_and(|(judged, path)| Arc::ptr_eq(judged, entry) && Arc::ptr_eq(path, &score.path));
        if !same {
            self.verdicts = verdicts(&entry.recorded.take, &score.path);
            self.judged = Some((entry.clone(), score.path.clone()));
        }
        self.verdicts.clone()
    }

    /// The take that the verdicts are of, by number.
    pub fn judged(&self) -> Option<u32> {
        self.judged.as_ref().map(|(entry, _)| entry.number)
    }
}

fn row(entry: &Entry, recording: bool) -> TakeRow {
    TakeRow {
        number: entry.number,
        take: entry.recorded.take.clone(),
        name: entry.remarks.name.clone(),
        comment: entry.remarks.comment.clone(),
        stars: entry.remarks.stars,
        rejected: entry.remarks.rejected,
        recording,
        judged: entry.recorded.exact && !recording,
        host_start: entry.recorded.host_start_s.map(Seconds),
    }
}

/// Tempo along a take: over at least a beat each.
fn tempo(beats: &[AlignedBeat]) -> Vec<(f64, Bpm)> {
    let mut points = Vec::new();
    for run in beats.chunk_by(|a, b| b.beat > a.beat && b.time > a.time) {
        let mut from = run[0];
        for point in run {
            let (beats, seconds) = (point.beat - from.beat, point.time.0 - from.time.0);
            if beats >= TEMPO_BEATS && seconds > 0.0 {
                points.push(((from.beat + point.beat) / 2.0, Bpm(60.0 * beats / seconds)));
                from = *point;
            }
        }
    }
    points
}

/// What became of each note of the path in one take: open where it was not played.
fn verdicts(take: &Take, path: &PlayingPath) -> Arc<[Verdict]> {
    let mut verdicts = vec![Verdict::Open; path.notes.len()];
    for stretch in &take.stretches {
        let first = path.notes.partition_point(|note| note.onset.to_f64() < stretch.from_beat - 1e-6);
        let end = path.notes.partition_point(|note| note.onset.to_f64() < stretch.to_beat - 1e-6);
        verdicts[first..end.max(first)].fill(Verdict::Ok);
    }
    for fault in &take.faults {
        let verdict = match fault.kind {
            FaultKind::Wrong => Verdict::Wrong,
            FaultKind::Missed => Verdict::Missed,
            FaultKind::Timing => Verdict::Timing,
            // They are of no written note.
            FaultKind::Extra | FaultKind::Stutter | FaultKind::Hesitation | FaultKind::Intonation => continue,
        };
        let first = path.notes.partition_point(|note| note.onset.to_f64() < fault.beat - 1e-3);
        let meant = path.notes[first..]
            .iter()
            .take_while(|note| note.onset.to_f64() < fault.beat + 1e-3)
            .position(|note| Some(note.id) == fault.note);
        let Some(offset) = meant else { continue };
        match &mut verdicts[first + offset] {
            known if !fault.is_doubt() => *known = verdict,
            known @ (Verdict::Open | Verdict::Ok) => *known = Verdict::Doubt,
            // What is a fault is no doubt.
            _ => {}
        }
    }
    verdicts.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::{Fault, Stretch};
    use crate::readers::read_score;

    #[test]
    fn a_note_in_doubt_is_neither_right_nor_wrong_and_a_fault_outweighs_it() {
        let score = read_score(include_bytes!("../../assets/demo/score.mxl"), "song").unwrap();
        let path = &score.path;
        let fault = |index: usize, kind, confidence| Fault {
            kind,
            at: Seconds(0.0),
            step: path.notes[index].step,
            beat: path.notes[index].onset.to_f64(),
            pitch: Some(path.notes[index].pitch),
            note: Some(path.notes[index].id),
            confidence,
            cents: None,
        };
        let mut take = Take::plain(Seconds(0.0), Seconds(9.0));
        take.stretches = vec![Stretch {
            start: Seconds(0.0),
            end: Seconds(9.0),
            from_step: 0,
            to_step: 1,
            from_beat: 0.0,
            to_beat: path.steps[2].start.to_f64(),
        }];
        take.faults = vec![
            fault(0, FaultKind::Missed, 0.49),
            fault(1, FaultKind::Wrong, 0.4),
            fault(1, FaultKind::Missed, 0.5),
            fault(2, FaultKind::Wrong, 0.9),
            fault(2, FaultKind::Missed, 0.4),
            fault(3, FaultKind::Extra, 0.4),
        ];
        let verdicts = verdicts(&take, path);
        let expected = [Verdict::Doubt, Verdict::Missed, Verdict::Wrong, Verdict::Ok];
        assert_eq!(verdicts[..4], expected);
    }
}
