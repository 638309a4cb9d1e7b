//! Where a player may well start, and where the printed repeats leave more than one way to go on.

use super::Score;
use crate::units::Beats;
use serde::{Deserialize, Serialize};

/// How many steps away, at most, another way to go on is looked for.
const FARTHEST: usize = 2_048;

/// Where players begin and turn, along a playing path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waymarks {
    /// Rehearsal marks, segnos, codas, repeat signs and beginnings of pieces; rising.
    pub starts: Vec<Beats>,
    /// Path steps after which another step than the next may follow, and that step: a repeat or jump that the path
    /// leaves out, or the way on that leaves out a repeat or jump of the path. By the first.
    pub turns: Vec<(u32, u32)>,
}

impl Score {
    /// The waymarks of a path through the printed measures in `order`, which begin at `starts`.
    pub(super) fn waymarks(&self, order: &[u32], starts: &[Beats]) -> Waymarks {
        let mut waymarks = Waymarks::default();
        let begins = |index: u32| self.sections.iter().any(|section| section.first_measure == index);
        let mut repeat_from = vec![0u32; self.measures.len()];
        let mut from = 0;
        for (index, measure) in self.measures.iter().enumerate() {
            if measure.flow.repeat_start || begins(index as u32) {
                from = index as u32;
            }
            repeat_from[index] = from;
            if measure.flow.repeat_end.is_some() {
                from = index as u32 + 1;
            }
        }
        for (step, (&index, &start)) in order.iter().zip(starts).enumerate() {
            let Some(measure) = self.measures.get(index as usize) else { continue };
            let flow = &measure.flow;
            let signed = flow.repeat_start || flow.segno.is_some() || flow.coda.is_some();
            if measure.rehearsal.is_some() || signed || begins(index) {
                waymarks.starts.push(start);
            }
            let next = order.get(step + 1).copied();
            let ahead = order[step + 1..].iter().take(FARTHEST);
            let later = |to: u32| ahead.clone().position(|&at| at == to).map(|n| step + 1 + n);
            let first = (step + 1).saturating_sub(FARTHEST);
            let earlier = |to: u32| order[first..=step].iter().rposition(|&at| at == to).map(|n| first + n);
            let goes_back = next.is_some_and(|next| next <= index);
            let other = if goes_back {
                // The way on, where the path comes to it later.
                later(index + 1)
            } else if flow.repeat_end.is_some() {
                earlier(repeat_from[index as usize])
            } else {
                None
            };
            waymarks.turns.extend(other.map(|to| (step as u32, to as u32)));
        }
        waymarks
    }
}
