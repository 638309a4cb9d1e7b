//! Engraved pages as the editor needs them: one below the other, and for each step of the playing path where it is
//! printed.
//!
//! The page is as printed, so several steps may stand in one place (a repeat), and a measure may share its printed frame
//! with others (one that a repeat divides, or one of many in a long rest).

use super::view::Verdict;
use crate::score::{Area, NoteId, PrintedScore, Score};
use std::sync::Arc;

/// Room between two systems, in staff spaces.
const GAP: f32 = 1.0;

/// Share of the measures that must be found on complete pages, or the pages are not of this score.
const FOUND: f64 = 0.9;

/// One measure of the score on paper.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Index of its page.
    pub page: usize,
    /// Its frame, from the top left of its page.
    pub area: Area,
    /// The path steps that print it, in order.
    pub steps: Vec<u32>,
    /// Where beats of the measure stand, both rising; the last is its end.
    anchors: Vec<(f64, f32)>,
}

impl Cell {
    /// Where a beat, from the start of the measure, stands.
    pub fn x(&self, beat: f64) -> f32 {
        let after = self.anchors.partition_point(|anchor| anchor.0 <= beat);
        match (after.checked_sub(1).map(|index| self.anchors[index]), self.anchors.get(after).copied()) {
            (Some((from, x0)), Some((to, x1))) => x0 + (x1 - x0) * ((beat - from) / (to - from)) as f32,
            (Some((_, x)), None) | (None, Some((_, x))) => x,
            (None, None) => self.area.left,
        }
    }

    /// The beat, from the start of the measure, of the column that is nearest to `x`.
    pub fn beat(&self, x: f32) -> f64 {
        let columns = &self.anchors[..self.anchors.len().saturating_sub(1)];
        let nearest = columns.iter().min_by(|a, b| (a.1 - x).abs().total_cmp(&(b.1 - x).abs()));
        nearest.map_or(0.0, |column| column.0)
    }

    /// The one of its steps that is nearest to `near`, the later of two.
    pub fn step_near(&self, near: usize) -> Option<usize> {
        let distance = |step: u32| (step as usize).abs_diff(near);
        self.steps.iter().rev().copied().min_by_key(|step| distance(*step)).map(|step| step as usize)
    }
}

/// Engraved pages of one score.
#[derive(Clone, Debug)]
pub struct Engraved {
    /// What was engraved.
    pub printed: Arc<PrintedScore>,
    /// Where each page begins, in staff spaces from the top of the first.
    tops: Vec<f32>,
    /// By index into the score's measures.
    cells: Vec<Option<Cell>>,
    /// The measures on each page.
    on_page: Vec<Vec<u32>>,
    /// The path's notes by printed note, then by step: (note, step, index of the path's note).
    passes: Vec<(u32, u32, u32)>,
    /// The head that a tied head continues, by note; itself where it continues none.
    struck: Vec<u32>,
}

impl Engraved {
    /// Of these pages, which must be `score`'s.
    pub fn of(score: &Score, printed: &Arc<PrintedScore>) -> Engraved {
        let mut top = 0.0;
        let tops = printed.pages.iter().map(|page| {
            let here = top;
            top += page.height + GAP;
            here
        });
        let tops = tops.collect();
        let cells = cells(score, printed);
        let mut on_page = vec![Vec::new(); printed.pages.len()];
        for (cell, index) in cells.iter().zip(0..) {
            if let Some(cell) = cell {
                on_page[cell.page].push(index);
            }
        }
        let mut passes: Vec<_> =
            score.path.notes.iter().zip(0..).map(|(note, index)| (note.id.0, note.step, index)).collect();
        passes.sort_unstable();
        Engraved { printed: printed.clone(), tops, cells, on_page, passes, struck: struck(score) }
    }

    /// Whether enough of the score's path is found on these pages to show them.
    pub fn is_usable(&self, score: &Score) -> bool {
        let found = score.path.steps.iter().filter(|step| self.cell(step.measure).is_some()).count();
        !self.printed.complete || found as f64 >= FOUND * score.path.steps.len() as f64
    }

    /// One measure, if it is printed yet.
    pub fn cell(&self, measure: u32) -> Option<&Cell> {
        self.cells.get(measure as usize)?.as_ref()
    }

    /// Top and height of a page.
    pub fn band(&self, page: usize) -> Option<(f32, f32)> {
        Some((*self.tops.get(page)?, self.printed.pages.get(page)?.height))
    }

    /// The measures on a page.
    pub fn on_page(&self, page: usize) -> impl Iterator<Item = (u32, &Cell)> {
        let measures = self.on_page.get(page).map_or(&[][..], Vec::as_slice);
        measures.iter().filter_map(|measure| Some((*measure, self.cell(*measure)?)))
    }

    /// What became of a printed note: in the pass that is played, or where that has not come yet, in the one before.
    pub fn verdict(&self, note: NoteId, verdicts: &[Verdict], step: Option<usize>) -> Verdict {
        let Some(&head) = self.struck.get(note.0 as usize) else { return Verdict::Open };
        let from = self.passes.partition_point(|pass| pass.0 < head);
        let to = from + self.passes[from..].partition_point(|pass| pass.0 == head);
        let passes = &self.passes[from..to];
        let come = passes.partition_point(|pass| step.is_none_or(|step| pass.1 as usize <= step));
        let verdict = |pass: &(u32, u32, u32)| verdicts.get(pass.2 as usize).copied().unwrap_or_default();
        match step {
            Some(_) => passes[..come].last().map(verdict).unwrap_or_default(),
            // Nobody plays: the last that is known.
            None => {
                passes.iter().rev().map(verdict).find(|known| *known != Verdict::Open).unwrap_or_default()
            }
        }
    }
}

/// Where each measure of the score is printed.
fn cells(score: &Score, printed: &PrintedScore) -> Vec<Option<Cell>> {
    let mut cells: Vec<Option<Cell>> = vec![None; score.measures.len()];
    let mut last = None;
    for (number, page) in printed.pages.iter().enumerate() {
        for measure in &page.measures {
            let index = measure.index as usize;
            if let Some(slot @ None) = cells.get_mut(index) {
                *slot =
                    Some(Cell { page: number, area: measure.area, steps: Vec::new(), anchors: Vec::new() });
                last = last.max(Some(index));
            }
        }
    }
    let columns = columns(score, printed, &cells);
    share_frames(score, printed.complete, last, &columns, &mut cells);
    for (index, cell) in cells.iter_mut().enumerate() {
        if let Some(cell) = cell {
            cell.anchors = anchors(&columns[index], cell.area, score.measures[index].length.to_f64());
        }
    }
    for (step, number) in score.path.steps.iter().zip(0..) {
        if let Some(Some(cell)) = cells.get_mut(step.measure as usize) {
            cell.steps.push(number);
        }
    }
    cells
}

/// Middle of the heads at each onset of each measure.
fn columns(score: &Score, printed: &PrintedScore, cells: &[Option<Cell>]) -> Vec<Vec<(f64, f32)>> {
    let mut columns: Vec<Vec<(f64, f32)>> = vec![Vec::new(); score.measures.len()];
    // The frame that a measure has or shares.
    let mut frames: Vec<Option<(usize, Area)>> = Vec::with_capacity(cells.len());
    for cell in cells {
        let own = cell.as_ref().map(|cell| (cell.page, cell.area));
        frames.push(own.or(frames.last().copied().flatten()));
    }
    for (number, page) in printed.pages.iter().enumerate() {
        for head in &page.notes {
            let Some(note) = score.notes.get(head.id.0 as usize).filter(|note| note.grace.is_none()) else {
                continue;
            };
            let x = (head.head.left + head.head.right) / 2.0;
            let measure = note.measure as usize;
            // A note that ties continue has heads in further measures under the same id.
            let within = frames
                .get(measure)
                .copied()
                .flatten()
                .is_some_and(|(page, area)| page == number && (area.left..area.right).contains(&x));
            if within {
                columns[measure].push((note.onset.to_f64(), x));
            }
        }
    }
    for column in &mut columns {
        column.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        column.dedup_by(|later, first| later.0 - first.0 < 1e-6);
        // Where voices cross in time the picture is not monotonic; a cursor must be.
        let mut rightmost = f32::MIN;
        column.retain(|(_, x)| {
            *x > rightmost + 0.05 && {
                rightmost = *x;
                true
            }
        });
    }
    columns
}

/// Gives measures that have no frame of their own a share of the one before.
fn share_frames(
    score: &Score,
    complete: bool,
    last: Option<usize>,
    columns: &[Vec<(f64, f32)>],
    cells: &mut [Option<Cell>],
) {
    let end = if complete { cells.len() } else { last.map_or(0, |last| last + 1) };
    let mut index = 0;
    while index < end {
        let until = (index + 1..end).find(|&next| cells[next].is_some()).unwrap_or(end);
        if let Some(whole) = cells[index].clone().filter(|_| until > index + 1) {
            let lengths: Vec<f64> = (index..until).map(|i| score.measures[i].length.to_f64()).collect();
            let total = lengths.iter().sum::<f64>().max(1e-6);
            let mut left = whole.area.left;
            let mut passed = 0.0;
            for measure in index..until {
                passed += lengths[measure - index];
                let even = whole.area.left + (whole.area.right - whole.area.left) * (passed / total) as f32;
                let next = columns.get(measure + 1).filter(|_| measure + 1 < until);
                let right = match next.and_then(|next| next.first()) {
                    Some((_, x)) => (x - 1.2).max(left),
                    None if measure + 1 == until => whole.area.right,
                    None => even.max(left),
                };
                cells[measure] = Some(Cell { area: Area { left, right, ..whole.area }, ..whole.clone() });
                left = right;
            }
        }
        index = until.max(index + 1);
    }
}

fn anchors(columns: &[(f64, f32)], area: Area, length: f64) -> Vec<(f64, f32)> {
    let mut anchors = columns.to_vec();
    anchors.retain(|(beat, _)| *beat < length);
    if anchors.first().is_none_or(|first| first.0 > 1e-6) {
        let room = anchors.first().map_or(area.right, |first| first.1) - area.left;
        anchors.insert(0, (0.0, area.left + (0.35 * room).min(1.5)));
    }
    let last = anchors.last().map_or(area.left, |last| last.1);
    anchors.push((length.max(1e-6), area.right.max(last)));
    anchors
}

/// For each notehead the one that is struck: where ties lead to it, the first of them.
fn struck(score: &Score) -> Vec<u32> {
    let mut struck: Vec<u32> = (0..score.notes.len() as u32).collect();
    // The newest head of each part and pitch that is tied onward.
    let mut open = std::collections::HashMap::new();
    for (index, note) in score.notes.iter().enumerate() {
        let line = (note.part, note.pitch);
        if note.ties.from_previous
            && let Some(first) = open.remove(&line)
        {
            struck[index] = first;
        }
        if note.ties.to_next {
            open.insert(line, struck[index]);
        }
    }
    struck
}

/// A page's measures in the test's words.
#[cfg(test)]
fn page_of(measures: &[(u32, f32, f32)], notes: &[(u32, f32)]) -> crate::score::PrintedPage {
    use crate::score::{PrintedMeasure, PrintedNote, PrintedPage};
    let area = |left, right| Area { left, top: 2.0, right, bottom: 6.0 };
    PrintedPage {
        width: 40.0,
        height: 8.0,
        measures: measures
            .iter()
            .map(|&(index, left, right)| PrintedMeasure { index, area: area(left, right) })
            .collect(),
        notes: notes
            .iter()
            .map(|&(id, x)| PrintedNote { id: NoteId(id), head: area(x - 0.5, x + 0.5), glyphs: Vec::new() })
            .collect(),
        stems: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Measure, PathNote, PathStep, PlayingPath};
    use crate::units::{Beats, Pitch};

    /// Three measures of four beats, a note on each beat; the first is played twice.
    fn score() -> Score {
        let notes: Vec<_> = (0..12).map(|i| (Beats::whole(i), Beats::whole(1), Pitch(60))).collect();
        let plain = PlayingPath::from_notes((4, 4), &notes);
        let note = |id: u32| {
            crate::score::Note::plain(id / 4, Beats::whole(i64::from(id % 4)), Beats::whole(1), Pitch(60))
        };
        let measure = |index: usize| Measure {
            number: (index + 1).to_string(),
            length: Beats::whole(4),
            meter: (4, 4),
            rehearsal: None,
            flow: Default::default(),
        };
        let mut path = PlayingPath::default();
        for (step, from) in [0usize, 0, 1, 2].into_iter().enumerate() {
            let start = Beats::whole(4 * step as i64);
            path.steps.push(PathStep { start, ..plain.steps[from].clone() });
            let notes = plain.notes.iter().filter(|note| note.step == from as u32);
            path.notes.extend(notes.map(|note| PathNote {
                step: step as u32,
                onset: start + (note.onset - plain.steps[from].start),
                ..note.clone()
            }));
        }
        Score {
            notes: (0..12).map(note).collect(),
            measures: (0..3).map(measure).collect(),
            path,
            ..Score::default()
        }
    }

    #[test]
    fn beats_and_places_answer_each_other() {
        let score = score();
        let notes: Vec<_> = (0..8).map(|id| (id, 3.0 + 2.0 * id as f32)).collect();
        let page = page_of(&[(0, 1.0, 10.5), (1, 10.5, 20.0)], &notes);
        let rest = page_of(&[(2, 1.0, 20.0)], &[]);
        let printed = PrintedScore {
            width: 40.0,
            pages: vec![page.into(), rest.into()],
            complete: true,
            ..PrintedScore::default()
        };
        let engraved = Engraved::of(&score, &printed.into());
        assert!(engraved.is_usable(&score));
        let cell = engraved.cell(0).unwrap();
        assert_eq!(cell.steps, [0, 1]);
        assert_eq!((cell.x(0.0), cell.x(1.5), cell.x(4.0)), (3.0, 6.0, 10.5));
        assert_eq!(cell.beat(6.9), 2.0);
        assert_eq!((cell.step_near(3), cell.step_near(0)), (Some(1), Some(0)));
        assert_eq!(engraved.band(1), Some((9.0, 8.0)));
        assert!(engraved.cell(2).unwrap().x(2.0) > engraved.cell(2).unwrap().x(1.0));
    }

    #[test]
    fn measures_without_a_frame_share_the_one_before() {
        let score = score();
        let page = page_of(&[(0, 0.0, 30.0)], &[(4, 12.0)]);
        let printed =
            PrintedScore { width: 40.0, pages: vec![page.into()], complete: true, ..PrintedScore::default() };
        let engraved = Engraved::of(&score, &printed.into());
        let area = |index| engraved.cell(index).unwrap().area;
        assert_eq!((area(0).left, area(0).right), (0.0, 10.8));
        assert_eq!((area(1).left, area(1).right, area(2).right), (10.8, 20.0, 30.0));
        // As long as pages are to come, the others may be on them.
        let growing = PrintedScore { complete: false, ..(*engraved.printed).clone() };
        assert!(Engraved::of(&score, &growing.into()).cell(1).is_none());
    }

    #[test]
    fn pages_of_another_score_are_not_shown() {
        let score = score();
        let printed = PrintedScore {
            complete: true,
            pages: vec![page_of(&[(2, 0.0, 9.0)], &[]).into()],
            ..Default::default()
        };
        assert!(!Engraved::of(&score, &printed.into()).is_usable(&score));
    }

    #[test]
    fn a_repeat_shows_the_pass_that_is_played() {
        let score = score();
        let printed = Arc::new(PrintedScore::default());
        let engraved = Engraved::of(&score, &printed);
        let mut verdicts = vec![Verdict::Open; 16];
        verdicts[0] = Verdict::Wrong;
        let shown = |verdicts: &[Verdict], step| engraved.verdict(NoteId(0), verdicts, step);
        assert_eq!(shown(&verdicts, Some(0)), Verdict::Wrong);
        assert_eq!(shown(&verdicts, Some(1)), Verdict::Open, "it is played anew");
        assert_eq!(shown(&verdicts, None), Verdict::Wrong);
        verdicts[4] = Verdict::Ok;
        assert_eq!(shown(&verdicts, Some(3)), Verdict::Ok);
    }
}
