//! What each take is to each measure, for the take map.

use super::view::TakeRow;
use crate::performance::FaultKind;
use crate::score::PlayingPath;

/// What one take is to one measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cell {
    /// Not played.
    #[default]
    Empty,
    /// Only a part of the measure was played.
    Partial,
    /// Played whole; nobody knows yet how well.
    Played,
    /// Played whole, without a fault.
    Clean,
    /// Played with nothing worse than unsteadiness; this many faults.
    Unsteady(u8),
    /// Played with wrong, missed or extra notes; this many faults.
    Faulty(u8),
}

/// What a take is to each step of the path.
pub fn cells(row: &TakeRow, path: &PlayingPath) -> Vec<Cell> {
    let mut cells = vec![Cell::Empty; path.steps.len()];
    for stretch in &row.take.stretches {
        let to = (stretch.to_step as usize + 1).min(cells.len());
        let first = (stretch.from_step as usize).min(to);
        for (cell, step) in cells[first..to].iter_mut().zip(&path.steps[first..to]) {
            let from_start = stretch.from_beat <= step.start.to_f64() + 0.01;
            let to_end = stretch.to_beat >= (step.start + step.length).to_f64() - 0.01;
            if from_start && to_end {
                *cell = if row.judged { Cell::Clean } else { Cell::Played };
            } else if *cell == Cell::Empty {
                *cell = Cell::Partial;
            }
        }
    }
    for fault in &row.take.faults {
        let Some(cell) = cells.get_mut(fault.step as usize) else { continue };
        let grave = matches!(fault.kind, FaultKind::Wrong | FaultKind::Missed | FaultKind::Extra);
        *cell = match *cell {
            Cell::Faulty(count) => Cell::Faulty(count.saturating_add(1)),
            Cell::Unsteady(count) if grave => Cell::Faulty(count.saturating_add(1)),
            Cell::Unsteady(count) => Cell::Unsteady(count.saturating_add(1)),
            _ if grave => Cell::Faulty(1),
            _ => Cell::Unsteady(1),
        };
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
        assert_eq!(cells(&row, &path), [Cell::Clean, Cell::Clean, Cell::Partial, Cell::Empty]);
        row.take.faults = vec![
            fault(FaultKind::Timing, 0),
            fault(FaultKind::Wrong, 0),
            fault(FaultKind::Timing, 1),
            fault(FaultKind::Wrong, 99),
        ];
        assert_eq!(cells(&row, &path), [Cell::Faulty(2), Cell::Unsteady(1), Cell::Partial, Cell::Empty]);
        // Steps beyond the path, as after a change of score, are passed over.
        row.take.stretches[0].to_step = 4_000_000_000;
        assert_eq!(cells(&row, &path).len(), 4);
        (row.take.faults, row.judged) = (vec![], false);
        assert_eq!(cells(&row, &path)[..2], [Cell::Played; 2], "nothing is clean before it was looked at");
    }
}
