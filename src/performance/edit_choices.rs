//! What the human decided about the edit: joins put somewhere, passages wanted from a take.
//!
//! Choices outlive the plan that they were made on: they name steps and takes, and whoever proposes an edit keeps to
//! those of them that can still be kept.

use super::EditPlan;
use serde::{Deserialize, Serialize};

/// Choices of one kind at most; older ones give way.
const MOST: usize = 2_000;

/// A join that stays where the human put it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChosenJoin {
    /// The first path step that comes from the take entered.
    pub step: u32,
    /// Path position of the join, within half a step of that step's start; without one the smoothest place around that start
    /// is looked for.
    pub beat: Option<f64>,
    /// The take left.
    pub before: u32,
    /// The take entered.
    pub after: u32,
}

/// Path steps that the human wants from one take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChosenTake {
    /// The first of them.
    pub from_step: u32,
    /// The last of them.
    pub to_step: u32,
    /// Which take.
    pub take: u32,
}

/// All that was chosen. Takes are counted as in the plan that it goes with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EditChoices {
    /// In path order, one a step at most.
    #[serde(default)]
    pub joins: Vec<ChosenJoin>,
    /// In path order, none over another.
    #[serde(default)]
    pub takes: Vec<ChosenTake>,
}

impl EditChoices {
    /// Nothing was chosen.
    pub fn is_empty(&self) -> bool {
        self.joins.is_empty() && self.takes.is_empty()
    }

    /// The take that `step` is to come from.
    pub fn wanted(&self, step: u32) -> Option<u32> {
        let joined = self.joins.iter().find_map(|join| match step {
            _ if step == join.step => Some(join.after),
            _ if step + 1 == join.step => Some(join.before),
            _ => None,
        });
        let within = |chosen: &&ChosenTake| (chosen.from_step..=chosen.to_step).contains(&step);
        joined.or_else(|| self.takes.iter().find(within).map(|chosen| chosen.take))
    }

    /// The join chosen at the start of `step`, if its takes are these.
    pub fn join(&self, step: u32, before: u32, after: u32) -> Option<&ChosenJoin> {
        self.joins.iter().find(|join| (join.step, join.before, join.after) == (step, before, after))
    }

    /// The same choices with every take's number changed by `number`; those of takes that have none are left out.
    pub fn renumbered(&self, number: impl Fn(u32) -> Option<u32>) -> EditChoices {
        let join = |join: &ChosenJoin| {
            Some(ChosenJoin { before: number(join.before)?, after: number(join.after)?, ..*join })
        };
        let take = |chosen: &ChosenTake| Some(ChosenTake { take: number(chosen.take)?, ..*chosen });
        EditChoices {
            joins: self.joins.iter().filter_map(join).collect(),
            takes: self.takes.iter().filter_map(take).collect(),
        }
    }

    /// Steps from `from_step` to `to_step` come from `take` from now on, or from whichever is best.
    pub fn choose(&mut self, from_step: u32, to_step: u32, take: Option<u32>) {
        // A join at either end names the take on its other side, which may be another by now.
        self.joins.retain(|join| join.step < from_step || join.step > to_step + 1);
        self.clear(from_step, to_step);
        if let Some(take) = take {
            self.takes.push(ChosenTake { from_step, to_step, take });
        }
        self.tidy();
    }

    /// The join before piece `index` of `plan` stays where it is from now on.
    pub fn pin(&mut self, plan: &EditPlan, index: usize) {
        if let Some((_, after)) = plan.join(index) {
            let (step, beat) = (after.from_step, after.from_beat);
            self.move_join(plan, index, step, Some(beat));
        }
    }

    /// The join before piece `index` of `plan` may lie anywhere again.
    pub fn let_go(&mut self, plan: &EditPlan, index: usize) {
        if let Some((before, after)) = plan.join(index) {
            let (left, right) = (before.take, after.take);
            self.joins.retain(|join| join.step != after.from_step);
            // What was chosen to bring the join here goes with it.
            self.takes.retain(|chosen| {
                let meets = chosen.from_step == after.from_step && chosen.take == right
                    || chosen.to_step + 1 == after.from_step && chosen.take == left;
                !meets
            });
        }
    }

    /// The join before piece `index` of `plan` lies at the start of `step` from now on, exactly at `beat` where one is given. What
    /// lies between its old place and the new one changes its take with it. `step` is brought within [`EditPlan::reach`].
    pub fn move_join(&mut self, plan: &EditPlan, index: usize, step: u32, beat: Option<f64>) {
        let (Some((before, after)), Some((first, last))) = (plan.join(index), plan.reach(index)) else {
            return;
        };
        let step = step.clamp(first, last);
        let old = after.from_step;
        self.joins.retain(|join| join.step < old.min(step) || join.step > old.max(step));
        match step.cmp(&old) {
            std::cmp::Ordering::Less => {
                self.clear(step, old - 1);
                self.takes.push(ChosenTake { from_step: step, to_step: old - 1, take: after.take });
            }
            std::cmp::Ordering::Greater => {
                self.clear(old, step - 1);
                self.takes.push(ChosenTake { from_step: old, to_step: step - 1, take: before.take });
            }
            std::cmp::Ordering::Equal => {}
        }
        self.joins.push(ChosenJoin { step, beat, before: before.take, after: after.take });
        self.tidy();
    }

    /// Takes steps out of what was chosen.
    fn clear(&mut self, from_step: u32, to_step: u32) {
        let mut kept = Vec::with_capacity(self.takes.len() + 1);
        for chosen in self.takes.drain(..) {
            if chosen.from_step < from_step {
                kept.push(ChosenTake { to_step: chosen.to_step.min(from_step - 1), ..chosen });
            }
            if chosen.to_step > to_step {
                kept.push(ChosenTake { from_step: chosen.from_step.max(to_step + 1), ..chosen });
            }
        }
        self.takes = kept;
    }

    /// Brings choices, wherever they come from, into the form that the fields promise.
    pub fn tidy(&mut self) {
        self.joins.retain(|join| join.beat.is_none_or(f64::is_finite) && join.step > 0);
        self.joins.sort_by_key(|join| join.step);
        self.joins.dedup_by_key(|join| join.step);
        self.takes.retain(|chosen| chosen.from_step <= chosen.to_step && chosen.to_step < u32::MAX);
        self.takes.sort_by_key(|chosen| chosen.from_step);
        let mut next = 0;
        self.takes.retain(|chosen| {
            let free = chosen.from_step >= next;
            next = next.max(chosen.to_step + 1);
            free
        });
        let beyond = |length: usize| length.saturating_sub(MOST);
        self.joins.drain(..beyond(self.joins.len()));
        self.takes.drain(..beyond(self.takes.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::PlanSegment;
    use crate::units::Seconds;

    /// Pieces of whole steps: first step, last step, take.
    fn plan(pieces: &[(u32, u32, u32)]) -> EditPlan {
        let piece = |&(from_step, to_step, take): &(u32, u32, u32)| PlanSegment {
            take,
            stretch: 0,
            from_step,
            to_step,
            from_beat: 4.0 * f64::from(from_step),
            to_beat: 4.0 * f64::from(to_step + 1),
            start: Seconds(0.0),
            end: Seconds(1.0),
            faulty: vec![],
            reason: None,
        };
        EditPlan { segments: pieces.iter().map(piece).collect(), uncovered: vec![] }
    }

    fn wanted(choices: &EditChoices, steps: u32) -> Vec<Option<u32>> {
        (0..steps).map(|step| choices.wanted(step)).collect()
    }

    #[test]
    fn a_join_moves_and_what_it_passes_over_changes_its_take() {
        let plan = plan(&[(0, 3, 1), (4, 7, 2), (8, 9, 1)]);
        let mut choices = EditChoices::default();
        choices.move_join(&plan, 1, 2, None);
        let expected = [None, Some(1), Some(2), Some(2), None, None];
        assert_eq!(wanted(&choices, 6), expected);
        // Never beyond the pieces that it joins: one step of each is left.
        choices.move_join(&plan, 2, 99, None);
        assert_eq!(choices.join(9, 2, 1).map(|join| join.beat), Some(None));
        assert_eq!(choices.wanted(8), Some(2));
        assert!(choices.join(2, 1, 2).is_some(), "the other one stays");
    }

    #[test]
    fn a_pinned_join_is_let_go_with_all_that_brought_it_there() {
        let before = plan(&[(0, 3, 1), (4, 7, 2)]);
        let mut choices = EditChoices::default();
        choices.pin(&before, 1);
        assert_eq!(choices.join(4, 1, 2).and_then(|join| join.beat), Some(16.0));
        choices.move_join(&before, 1, 6, Some(23.5));
        let moved = plan(&[(0, 5, 1), (6, 7, 2)]);
        choices.let_go(&moved, 1);
        assert!(choices.is_empty(), "{choices:?}");
        // There is no join where steps between two pieces are uncovered, nor before the first.
        let gap = plan(&[(0, 3, 1), (5, 7, 2)]);
        choices.pin(&gap, 1);
        choices.pin(&gap, 0);
        assert!(choices.is_empty());
    }

    #[test]
    fn another_take_for_a_passage_replaces_what_was_chosen_there() {
        let mut choices = EditChoices::default();
        choices.choose(0, 9, Some(1));
        choices.choose(3, 5, Some(2));
        assert_eq!(choices.takes.len(), 3);
        assert_eq!((choices.wanted(2), choices.wanted(4), choices.wanted(6)), (Some(1), Some(2), Some(1)));
        choices.choose(2, 6, None);
        assert_eq!((choices.wanted(1), choices.wanted(4), choices.wanted(7)), (Some(1), None, Some(1)));
        let renumbered = choices.renumbered(|take| (take == 1).then_some(40));
        assert_eq!(renumbered.wanted(0), Some(40));
        assert!(choices.renumbered(|_| None).is_empty());
    }

    #[test]
    fn choices_from_anywhere_are_brought_into_order() {
        let join = |step, beat| ChosenJoin { step, beat, before: 0, after: 1 };
        let take = |from_step, to_step| ChosenTake { from_step, to_step, take: 0 };
        let mut choices = EditChoices {
            joins: vec![join(9, None), join(2, Some(f64::NAN)), join(9, Some(1.0)), join(0, None)],
            takes: vec![take(5, 9), take(7, 3), take(0, 6), take(u32::MAX, u32::MAX)],
        };
        choices.tidy();
        assert_eq!((choices.joins.len(), choices.takes.as_slice()), (1, &[take(0, 6)][..]));
    }
}
