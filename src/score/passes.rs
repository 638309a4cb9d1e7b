//! Which time a measure passes, for the notes that do not sound in every pass of a repeat.

use super::{Measure, Note};
use std::collections::HashMap;

/// How often each measure has passed so far.
pub(super) struct Passes<'a> {
    measures: &'a [Measure],
    counts: Vec<u32>,
    /// The measure that passes now.
    now: Option<u32>,
    /// How often each had passed before a D.C. or D.S. after which repeats are not taken again.
    before_jump: Vec<u32>,
    /// That was taken, and nothing new has come since.
    jumped: bool,
    /// The last pass that a note of this measure is for, by part.
    highest: HashMap<u16, u32>,
}

impl<'a> Passes<'a> {
    pub(super) fn new(measures: &'a [Measure]) -> Passes<'a> {
        Passes {
            measures,
            counts: vec![0; measures.len()],
            now: None,
            before_jump: vec![0; measures.len()],
            jumped: false,
            highest: HashMap::new(),
        }
    }

    /// Measure `index` passes, in which `notes` are printed; which time that is.
    pub(super) fn enter(&mut self, index: u32, notes: &[Note]) -> u32 {
        if let Some(before) = self.now.filter(|before| *before >= index) {
            let flow = &self.measures[before as usize].flow;
            let repeats_over = flow.repeat_end.is_none_or(|times| self.counts[before as usize] >= times);
            self.jumped |= repeats_over && flow.jump.as_ref().is_some_and(|jump| !jump.with_repeats);
        }
        self.now = Some(index);
        self.highest.clear();
        for note in notes {
            if let Some(&last) = note.passes.iter().max() {
                let highest = self.highest.entry(note.part).or_default();
                *highest = last.max(*highest);
            }
        }
        let count = &mut self.counts[index as usize];
        *count += 1;
        self.jumped &= *count > 1;
        if !self.jumped {
            self.before_jump[index as usize] = *count;
        }
        *count
    }

    /// Whether `note` of the measure that passes now sounds in this pass.
    ///
    /// After a D.C. or D.S. without repeats what was repeated is played as the last time, as with voltas, unless some
    /// note of its part is for a further pass.
    pub(super) fn sounds(&self, note: &Note) -> bool {
        if note.passes.is_empty() {
            return true;
        }
        let now = self.now.unwrap_or_default() as usize;
        let (count, repeated) = (self.counts[now], self.before_jump[now]);
        let highest = self.highest.get(&note.part).copied().unwrap_or_default();
        let pass = if repeated > 1 { count.min(highest.max(repeated)) } else { count };
        note.passes.contains(&pass)
    }
}
