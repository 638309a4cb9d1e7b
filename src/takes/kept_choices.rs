//! What was chosen for the edit, kept for each score.

use crate::performance::EditChoices;

/// Scores that choices are kept for; beyond that, any gives way.
const MAX_SCORES: usize = 32;

/// Choices by the measures of their score, see [`measure_grid`](super::measure_grid).
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct KeptChoices(Vec<(u64, EditChoices)>);

impl KeptChoices {
    /// Those of one score.
    pub fn of(&self, grid: u64) -> EditChoices {
        let of_score = self.0.iter().find(|(known, _)| *known == grid);
        of_score.map(|(_, choices)| choices.clone()).unwrap_or_default()
    }

    /// Those of all scores, by their measures.
    pub fn all(&self) -> &[(u64, EditChoices)] {
        &self.0
    }

    /// Puts those of one score in the place of what it had.
    pub fn put(&mut self, grid: u64, mut choices: EditChoices) {
        choices.tidy();
        self.0.retain(|(known, _)| *known != grid);
        if !choices.is_empty() {
            self.0.drain(..(self.0.len() + 1).saturating_sub(MAX_SCORES));
            self.0.push((grid, choices));
            self.0.sort_by_key(|(grid, _)| *grid);
        }
    }
}

impl FromIterator<(u64, EditChoices)> for KeptChoices {
    /// Of the first scores, as many as are kept.
    fn from_iter<I: IntoIterator<Item = (u64, EditChoices)>>(all: I) -> Self {
        let mut kept = KeptChoices::default();
        for (grid, choices) in all.into_iter().take(MAX_SCORES) {
            kept.put(grid, choices);
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_score_keeps_its_own_and_there_is_an_end_to_it() {
        let mut choices = EditChoices::default();
        choices.choose(2, 5, Some(1));
        let mut kept: KeptChoices = (0..40).map(|grid| (grid, choices.clone())).collect();
        assert_eq!(kept.all().len(), MAX_SCORES);
        kept.put(99, choices.clone());
        assert_eq!((kept.all().len(), kept.of(99)), (MAX_SCORES, choices));
        kept.put(99, EditChoices::default());
        assert_eq!((kept.all().len(), kept.of(99)), (MAX_SCORES - 1, EditChoices::default()));
    }
}
