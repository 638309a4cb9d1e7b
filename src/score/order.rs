//! The order in which the printed measures are played.
//!
//! Conventions, where the page leaves room for doubt:
//! - a backward repeat without a forward one goes back to the end of the passage before it, or to the beginning of
//!   its section;
//! - the last number in a group of volta brackets says how often the passage is played; a group of which only "1."
//!   is bracketed is played twice;
//! - after a D.C. or D.S. repeats are not taken again and only the last volta is played, unless said otherwise; the
//!   custom ends where the jump was, and at the coda;
//! - a jump stands after the repeat in whose last measure it is printed, and is taken once;
//! - `fine` counts only after a jump, and never on the way to a coda; what is printed after the jump, if anything,
//!   is another piece without measure numbers of its own, and follows.

use super::{Flow, JumpTarget, Measure, ScoreError, Section};

/// The most measures that a playing order may have.
pub const MAX_STEPS: usize = 65_536;

/// The most often that one passage is repeated, whatever the file says.
const MAX_TIMES: u32 = 64;

/// Indices of `measures` in the order of playing; each section is played once, in printed order.
///
/// # Errors
/// [`ScoreError::TooManySteps`] beyond [`MAX_STEPS`].
pub fn playing_order(measures: &[Measure], sections: &[Section]) -> Result<Vec<u32>, ScoreError> {
    let mut order = Vec::with_capacity(measures.len() * 2);
    let mut starts: Vec<usize> = sections.iter().map(|section| section.first_measure as usize).collect();
    starts.push(0);
    starts.sort_unstable();
    starts.dedup();
    for (index, &start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(measures.len()).min(measures.len());
        if start < end {
            let flows: Vec<&Flow> = measures[start..end].iter().map(|measure| &measure.flow).collect();
            Walk::new(&flows).run(start as u32, &mut order)?;
        }
    }
    Ok(order)
}

/// One way through one section.
struct Walk<'a> {
    flows: &'a [&'a Flow],
    /// The highest volta number of the group of brackets that each measure belongs to, and the group's first
    /// measure; (0, 0) outside brackets.
    groups: Vec<(u32, usize)>,
    /// Where a D.C. goes back to.
    piece_start: usize,
    passage_start: usize,
    pass: u32,
    /// A jump was taken and its custom still holds.
    jumped: Option<Jumped>,
    taken: Vec<bool>,
}

#[derive(Clone, Copy)]
struct Jumped {
    from: usize,
    with_repeats: bool,
    to_coda: bool,
    to_fine: bool,
}

impl<'a> Walk<'a> {
    fn new(flows: &'a [&'a Flow]) -> Walk<'a> {
        Walk {
            flows,
            groups: volta_groups(flows),
            piece_start: 0,
            passage_start: 0,
            pass: 1,
            jumped: None,
            taken: vec![false; flows.len()],
        }
    }

    fn run(&mut self, offset: u32, order: &mut Vec<u32>) -> Result<(), ScoreError> {
        let mut at = 0;
        while at < self.flows.len() {
            if self.flows[at].repeat_start && at != self.passage_start {
                self.begin_passage(at);
            }
            if !self.plays(at) {
                at = self.advance(at);
                continue;
            }
            if order.len() >= MAX_STEPS {
                return Err(ScoreError::TooManySteps { limit: MAX_STEPS });
            }
            order.push(offset + at as u32);
            match self.after(at) {
                Some(next) => at = next,
                None => break,
            }
        }
        Ok(())
    }

    fn begin_passage(&mut self, at: usize) {
        self.passage_start = at;
        self.pass = 1;
    }

    fn repeats_now(&self, at: usize) -> bool {
        self.jumped.is_none_or(|jumped| jumped.with_repeats || self.flows[at].repeat_after_jump)
    }

    fn plays(&self, at: usize) -> bool {
        let passes = &self.flows[at].passes;
        let last = self.groups[at].0;
        if passes.is_empty() {
            true
        } else if self.jumped.is_some_and(|jumped| !jumped.with_repeats) {
            passes.contains(&last)
        } else {
            // Passes beyond the last bracket only arise from an explicit count: the last bracket serves them.
            passes.contains(&self.pass) || (last > 1 && self.pass > last && passes.contains(&last))
        }
    }

    /// Where playing goes after measure `at` sounded; `None` at the end.
    fn after(&mut self, at: usize) -> Option<usize> {
        let flow = self.flows[at];
        if let Some(times) = flow.repeat_end
            && self.repeats_now(at)
            && self.pass < self.total(at, times)
        {
            self.pass += 1;
            return Some(self.passage_start);
        }
        if let Some(jumped) = self.jumped {
            if jumped.to_coda
                && let Some(label) = &flow.to_coda
                && let Some(coda) = self.find_coda(at, label)
            {
                self.jumped = Some(Jumped { to_coda: false, to_fine: true, with_repeats: true, ..jumped });
                self.begin_passage(coda);
                return Some(coda);
            }
            if flow.fine && jumped.to_fine {
                return self.after_piece(at.max(jumped.from));
            }
        }
        if let Some(jump) = &flow.jump
            && !self.taken[at]
        {
            self.taken[at] = true;
            let target = match &jump.to {
                JumpTarget::Start => self.piece_start,
                JumpTarget::Segno(label) => self.find_segno(at, label),
            };
            let coda_ahead = !jump.al_fine && self.has_way_to_coda(target);
            self.jumped = Some(Jumped {
                from: at,
                with_repeats: jump.with_repeats,
                to_coda: coda_ahead,
                to_fine: !coda_ahead,
            });
            self.begin_passage(target);
            return Some(target);
        }
        if self.jumped.is_some_and(|jumped| at == jumped.from) {
            self.jumped = None;
        }
        Some(self.advance(at))
    }

    /// Where the piece goes on after it came to its end with measure `last`; a D.C. does not go back before that.
    fn after_piece(&mut self, last: usize) -> Option<usize> {
        let next = last + 1;
        self.jumped = None;
        self.piece_start = next;
        self.begin_passage(next);
        (next < self.flows.len()).then_some(next)
    }

    /// The next printed measure; a new passage begins where this one is over.
    fn advance(&mut self, at: usize) -> usize {
        let next = at + 1;
        let over = self.flows[at].repeat_end.is_some() || !self.flows[at].passes.is_empty();
        let same_group = next < self.flows.len()
            && !self.flows[next].passes.is_empty()
            && (self.flows[at].passes.is_empty() || self.groups[next].1 == self.groups[at].1);
        if over && !same_group {
            self.begin_passage(next);
        }
        next
    }

    /// How often the passage that measure `at` ends is played.
    fn total(&self, at: usize, times: u32) -> u32 {
        let last = self.groups[at].0;
        let total = match last {
            0 => times,
            1 => times.max(2),
            _ if times > 2 => times.max(last),
            _ => last,
        };
        total.min(MAX_TIMES)
    }

    fn find_segno(&self, at: usize, label: &str) -> usize {
        let with = |same: bool| {
            // One before; a sign beside the jump itself only says what to look for.
            (0..at)
                .rev()
                .chain([at])
                .find(|&i| self.flows[i].segno.as_ref().is_some_and(|found| !same || found.as_str() == label))
        };
        with(true).or_else(|| with(false)).unwrap_or(0)
    }

    fn find_coda(&self, at: usize, label: &str) -> Option<usize> {
        let with = |same: bool| {
            (at + 1..self.flows.len())
                .find(|&i| self.flows[i].coda.as_ref().is_some_and(|found| !same || found.as_str() == label))
        };
        with(true).or_else(|| with(false))
    }

    fn has_way_to_coda(&self, target: usize) -> bool {
        (target..self.flows.len())
            .any(|i| self.flows[i].to_coda.as_ref().is_some_and(|label| self.find_coda(i, label).is_some()))
    }
}

/// For each measure under a bracket: the last number of its group of brackets, and where the group begins. A group
/// is a run of bracketed measures; it ends where the numbers start over.
fn volta_groups(flows: &[&Flow]) -> Vec<(u32, usize)> {
    let mut groups = vec![(0, 0); flows.len()];
    let mut start = 0;
    while start < flows.len() {
        if flows[start].passes.is_empty() {
            start += 1;
            continue;
        }
        let mut end = start + 1;
        let mut highest = flows[start].passes.iter().copied().max().unwrap_or(0);
        let mut previous = &flows[start].passes;
        while end < flows.len() && !flows[end].passes.is_empty() && !flows[end].repeat_start {
            let passes = &flows[end].passes;
            if passes != previous && passes.iter().any(|pass| *pass <= highest) {
                break;
            }
            highest = highest.max(passes.iter().copied().max().unwrap_or(0));
            previous = passes;
            end += 1;
        }
        groups[start..end].fill((highest, start));
        start = end;
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::super::Jump;
    use super::*;
    use crate::units::Beats;

    /// Measures from a shorthand: `|:` and `:|` repeats, `[1,2]` volta, `S` segno, `Q` coda, `>Q` to coda, `F` fine,
    /// `DC` and `DS` jumps; a space between measures, `.` for a plain one.
    fn flows(text: &str) -> Vec<Measure> {
        let mut measures = Vec::new();
        for (index, word) in text.split(' ').enumerate() {
            let passes = word.split_once('[').map_or(Vec::new(), |(_, rest)| {
                rest.split(']').next().unwrap().split(',').map(|n| n.parse().unwrap()).collect()
            });
            let jump = |to, name: &str| {
                word.contains(name).then_some(Jump {
                    to,
                    with_repeats: false,
                    al_fine: false,
                    al_coda: false,
                })
            };
            measures.push(Measure {
                number: (index + 1).to_string(),
                length: Beats::whole(4),
                meter: (4, 4),
                rehearsal: None,
                flow: Flow {
                    repeat_start: word.contains("|:"),
                    repeat_end: word
                        .contains(":|")
                        .then(|| word.split("x").nth(1).and_then(|n| n.parse().ok()).unwrap_or(2)),
                    volta_start: !passes.is_empty(),
                    passes,
                    segno: word.contains('S').then(String::new).filter(|_| !word.contains("DS")),
                    coda: (word.contains('Q') && !word.contains(">Q")).then(String::new),
                    to_coda: word.contains(">Q").then(String::new),
                    fine: word.contains('F'),
                    jump: jump(JumpTarget::Start, "DC").or(jump(JumpTarget::Segno(String::new()), "DS")),
                    ..Flow::default()
                },
            });
        }
        measures
    }

    fn order(text: &str) -> String {
        let order = playing_order(&flows(text), &[]).unwrap();
        order.iter().map(|i| (i + 1).to_string()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn repeats() {
        assert_eq!(order(". . ."), "1 2 3");
        assert_eq!(order(". :| ."), "1 2 1 2 3");
        assert_eq!(order(". |: :| . :|"), "1 2 3 2 3 4 5 4 5");
        assert_eq!(order(". |: :|x3 ."), "1 2 3 2 3 2 3 4");
    }

    #[test]
    fn voltas() {
        assert_eq!(order(". [1]:| [2] ."), "1 2 1 3 4");
        assert_eq!(order(". [1,2]:| [3] ."), "1 2 1 2 1 3 4");
        assert_eq!(order("|: . [1] [1]:| [2] [2] . :|"), "1 2 3 4 1 2 5 6 7 8 7 8");
        assert_eq!(order(". [1]:| [2]:| [3] ."), "1 2 1 3 1 4 5");
        assert_eq!(order(". [1]:| ."), "1 2 1 3");
        assert_eq!(order(". [1]:| [2]:| ."), "1 2 1 3 4");
        assert_eq!(order(". [1]:| [2] . [1]:| [2]"), "1 2 1 3 4 5 4 6");
    }

    #[test]
    fn jumps() {
        assert_eq!(order("|: :| .F . .DC"), "1 2 1 2 3 4 5 1 2 3");
        assert_eq!(order(". S. .>Q .DS Q. ."), "1 2 3 4 2 3 5 6");
        assert_eq!(order(". [1]:| [2]F . .DC"), "1 2 1 3 4 5 1 3");
        assert_eq!(order(". .>Q |: :|DC Q. |: :|"), "1 2 3 4 3 4 1 2 5 6 7 6 7");
        assert_eq!(order(". .DC ."), "1 2 1 2 3");
        assert_eq!(order(". F ."), "1 2 3");
        assert_eq!(order(". F .DC . F .DC"), "1 2 3 1 2 4 5 6 4 5");
    }

    #[test]
    fn sections_do_not_reach_into_each_other() {
        let section = Section { first_measure: 2, name: String::new() };
        assert_eq!(
            playing_order(&flows(". . . :| .F .DC"), &[section]),
            Ok(vec![0, 1, 2, 3, 2, 3, 4, 5, 2, 3, 4])
        );
    }

    #[test]
    fn endless_pieces_are_refused() {
        let text = vec![":|x64"; 2000].join(" ");
        assert_eq!(playing_order(&flows(&text), &[]), Err(ScoreError::TooManySteps { limit: MAX_STEPS }));
    }
}
