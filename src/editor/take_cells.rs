//! What each take is to each measure, for the take map.

use super::view::TakeRow;
use crate::performance::FaultKind;
use crate::score::PlayingPath;

/// What one take is to one measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// How it was played.
    pub played: Played,
    /// What is more likely no fault, which does not count in that.
    pub doubts: u8,
}

/// How a measure was played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Played {
    /// Not at all.
    #[default]
    Not,
    /// Only in part.
    Partial,
    /// Whole; nobody knows yet how well.
    Whole,
    /// Whole, without a fault.
    Clean,
    /// With nothing worse than unsteadiness; this many faults.
    Unsteady(u8),
    /// With wrong, missed or extra notes; this many faults.
    Faulty(u8),
}

/// What a take is to each step of the path.
pub fn cells(row: &TakeRow, path: &PlayingPath) -> Vec<Cell> {
    let mut cells = vec![Cell::default(); path.steps.len()];
    for stretch in &row.take.stretches {
        let to = (stretch.to_step as usize + 1).min(cells.len());
        let first = (stretch.from_step as usize).min(to);
        for (cell, step) in cells[first..to].iter_mut().zip(&path.steps[first..to]) {
            let from_start = stretch.from_beat <= step.start.to_f64() + 0.01;
            let to_end = stretch.to_beat >= (step.start + step.length).to_f64() - 0.01;
            if from_start && to_end {
                cell.played = if row.judged { Played::Clean } else { Played::Whole };
            } else if cell.played == Played::Not {
                cell.played = Played::Partial;
            }
        }
    }
    for fault in row.faults() {
        let Some(cell) = cells.get_mut(fault.step as usize) else { continue };
        let grave = matches!(fault.kind, FaultKind::Wrong | FaultKind::Missed | FaultKind::Extra);
        cell.played = match cell.played {
            Played::Faulty(count) => Played::Faulty(count.saturating_add(1)),
            Played::Unsteady(count) if grave => Played::Faulty(count.saturating_add(1)),
            Played::Unsteady(count) => Played::Unsteady(count.saturating_add(1)),
            _ if grave => Played::Faulty(1),
            _ => Played::Unsteady(1),
        };
    }
    for doubt in row.doubts() {
        if let Some(cell) = cells.get_mut(doubt.step as usize) {
            cell.doubts = cell.doubts.saturating_add(1);
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::{Fault, Stretch, Take};
    use crate::score::PathStep;
    use crate::units::{Beats, Seconds};

    #[test]
    fn cells_tell_whole_from_partial_and_grave_from_unsteady() {
        let path = PlayingPath {
            steps: (0..4)
                .map(|k| PathStep {
                    measure: k,
                    number: (k + 1).to_string(),
                    pass: 1,
                    start: Beats::whole(4 * i64::from(k)),
                    length: Beats::whole(4),
                    meter: (4, 4),
                })
                .collect(),
            ..PlayingPath::default()
        };
        let fault = |kind, step| Fault {
            kind,
            at: Seconds(0.0),
            step,
            beat: 0.0,
            pitch: None,
            note: None,
            confidence: 1.0,
            cents: None,
        };
        let mut row = TakeRow {
            number: 1,
            take: Take {
                start: Seconds(0.0),
                end: Seconds(9.0),
                host_start: None,
                beats: vec![],
                stretches: vec![Stretch {
                    start: Seconds(0.0),
                    end: Seconds(9.0),
                    from_step: 0,
                    to_step: 2,
                    from_beat: 0.0,
                    to_beat: 9.0,
                }],
                faults: vec![],
                voices: vec![],
            },
            name: String::new(),
            comment: String::new(),
            stars: 0,
            rejected: false,
            recording: false,
            judged: true,
            host_start: None,
        };
        let played = |row: &TakeRow| cells(row, &path).iter().map(|cell| cell.played).collect::<Vec<_>>();
        assert_eq!(played(&row), [Played::Clean, Played::Clean, Played::Partial, Played::Not]);
        row.take.faults = vec![
            fault(FaultKind::Timing, 0),
            fault(FaultKind::Wrong, 0),
            fault(FaultKind::Timing, 1),
            fault(FaultKind::Wrong, 99),
        ];
        let expected = [Played::Faulty(2), Played::Unsteady(1), Played::Partial, Played::Not];
        assert_eq!(played(&row), expected);
        // What is more likely none changes nothing but its own count; what is as likely as not is a fault.
        let less = |confidence, fault| Fault { confidence, ..fault };
        row.take.faults.extend([
            less(0.499, fault(FaultKind::Wrong, 1)),
            less(0.35, fault(FaultKind::Extra, 1)),
            less(0.499, fault(FaultKind::Missed, 99)),
        ]);
        assert_eq!(played(&row), expected);
        assert_eq!(cells(&row, &path).iter().map(|cell| cell.doubts).collect::<Vec<_>>(), [0, 2, 0, 0]);
        row.take.faults.push(less(0.5, fault(FaultKind::Missed, 1)));
        assert_eq!(played(&row)[1], Played::Faulty(2));
        // Steps beyond the path, as after a change of score, are passed over.
        row.take.stretches[0].to_step = 4_000_000_000;
        assert_eq!(cells(&row, &path).len(), 4);
        (row.take.faults, row.judged) = (vec![], false);
        assert_eq!(played(&row)[..2], [Played::Whole; 2], "nothing is clean before it was looked at");
    }
}
