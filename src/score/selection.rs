//! What the user chooses of a score: which parts, and in which order the measures are played.

use super::{PlayingPath, Score, ScoreError};
use serde::{Deserialize, Serialize};

/// What of a score is played, in the user's words; empty texts leave everything as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Choice {
    /// As [`Score::parts_by_name`] reads it.
    pub parts: String,
    /// As [`Score::path_by_numbers`] reads it.
    pub path: String,
}

impl Choice {
    /// Whether anything but the whole score in its own order is chosen.
    pub fn is_made(&self) -> bool {
        !self.parts.trim().is_empty() || !self.path.trim().is_empty()
    }
}

impl Score {
    /// Puts the chosen parts in the chosen order in the place of the score's own path. On an error the path stays.
    ///
    /// # Errors
    /// As [`Self::parts_by_name`] and [`Self::path_by_numbers`].
    pub fn choose(&mut self, choice: &Choice) -> Result<(), ScoreError> {
        let named = |text: &str| !text.trim().is_empty();
        let parts = named(&choice.parts).then(|| self.parts_by_name(&choice.parts)).transpose()?;
        let path = named(&choice.path).then(|| self.path_by_numbers(&choice.path)).transpose()?;
        if let Some(path) = path {
            self.path = path;
        }
        if let Some(parts) = parts {
            self.path = self.path.for_parts(&parts);
        }
        Ok(())
    }

    /// The path that the user wrote down, by printed measure numbers: `"1-8, 1-7, 9-"`. `"2:1-8"` names the measures
    /// of the second section; without that, numbers are looked for in the section of the item before, then in all.
    /// `"9-"` goes on to the end of the section, `"12"` is one measure.
    ///
    /// # Errors
    /// [`ScoreError::Path`] for what cannot be understood, [`ScoreError::NoSuchMeasure`] for unknown numbers,
    /// [`ScoreError::TooManySteps`] beyond [`super::MAX_STEPS`].
    pub fn path_by_numbers(&self, text: &str) -> Result<PlayingPath, ScoreError> {
        let mut order: Vec<u32> = Vec::new();
        let mut section = 0;
        for item in text.split(',').map(str::trim) {
            let (chosen, range) = match item.split_once(':') {
                Some((number, range)) => (Some(self.section_index(number.trim(), item)?), range.trim()),
                None => (None, item),
            };
            let (from, to) = match range.split_once('-') {
                Some((from, to)) => (from.trim(), Some(to.trim())),
                None => (range, None),
            };
            if from.is_empty() {
                return Err(ScoreError::Path { item: item.to_string() });
            }
            let missing = |number: &str| ScoreError::NoSuchMeasure { number: number.to_string() };
            let first = match chosen {
                Some(chosen) => self.measure_in(chosen, from),
                None => self
                    .measure_in(section, from)
                    .or_else(|| (0..self.sections.len()).find_map(|section| self.measure_in(section, from))),
            };
            let first = first.ok_or_else(|| missing(from))?;
            section = self.section_of(first);
            let range = self.section_range(section);
            let last = match to {
                None => first,
                Some("") => range.end.saturating_sub(1),
                Some(to) => {
                    let found = (first..range.end).find(|&at| self.measures[at].number == to);
                    found.ok_or_else(|| missing(to))?
                }
            };
            // A measure that is split in print may have its number twice.
            order.extend(first as u32..=self.with_rest_of(last, range.end) as u32);
            if order.len() > super::MAX_STEPS {
                return Err(ScoreError::TooManySteps { limit: super::MAX_STEPS });
            }
        }
        self.path_in(&order)
    }

    /// The order of playing in printed measure numbers, as [`Self::path_by_numbers`] reads it.
    pub fn path_text(&self, path: &PlayingPath) -> String {
        let mut items: Vec<String> = Vec::new();
        let mut at = 0;
        let mut section = 0;
        while at < path.steps.len() {
            let first = path.steps[at].measure as usize;
            let here = self.section_of(first);
            let mut end = at + 1;
            while end < path.steps.len()
                && path.steps[end].measure == path.steps[end - 1].measure + 1
                && self.section_of(path.steps[end].measure as usize) == here
            {
                end += 1;
            }
            let prefix = if here == section { String::new() } else { format!("{}:", here + 1) };
            section = here;
            let (from, to) = (&path.steps[at].number, &path.steps[end - 1].number);
            items.push(if end == at + 1 {
                format!("{prefix}{from}")
            } else {
                format!("{prefix}{from}-{to}")
            });
            at = end;
        }
        items.join(", ")
    }

    /// The parts that a choice means, in printed order: a list of numbers from 1 and names (any part whose name
    /// contains the text, in any case), `all`, and exclusions with `-` (`"-click"`; alone, they start from all).
    ///
    /// # Errors
    /// [`ScoreError::NoSuchPart`] for a number or name that fits no part, and for an empty choice.
    pub fn parts_by_name(&self, text: &str) -> Result<Vec<u16>, ScoreError> {
        let items: Vec<&str> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
        let mut chosen =
            vec![items.iter().all(|item| item.starts_with('-')) && !items.is_empty(); self.parts.len()];
        let missing = |item: &str| ScoreError::NoSuchPart {
            item: item.to_string(),
            parts: self.parts.iter().map(|part| part.name.as_str()).collect::<Vec<_>>().join(", "),
        };
        for item in items {
            let (take, name) = match item.strip_prefix('-') {
                Some(name) => (false, name.trim()),
                None => (true, item),
            };
            let mut found = false;
            for (index, chosen) in chosen.iter_mut().enumerate() {
                let by_number = name.parse::<usize>().is_ok_and(|number| number == index + 1);
                let by_name = || {
                    let part = &self.parts[index].name;
                    name.parse::<usize>().is_err() && part.to_lowercase().contains(&name.to_lowercase())
                };
                if name == "all" || by_number || by_name() {
                    *chosen = take;
                    found = true;
                }
            }
            if !found {
                return Err(missing(item));
            }
        }
        let parts: Vec<u16> = (0..self.parts.len() as u16).filter(|&part| chosen[part as usize]).collect();
        if parts.is_empty() { Err(missing(text)) } else { Ok(parts) }
    }

    /// The section that printed measure `index` belongs to.
    pub fn section_of(&self, index: usize) -> usize {
        self.sections.partition_point(|section| section.first_measure as usize <= index).saturating_sub(1)
    }

    /// The printed measures of section `index`, as a range of [`Score::measures`].
    pub fn section_range(&self, index: usize) -> std::ops::Range<usize> {
        let start = self.sections.get(index).map_or(0, |section| section.first_measure as usize);
        let end =
            self.sections.get(index + 1).map_or(self.measures.len(), |next| next.first_measure as usize);
        start..end.max(start)
    }

    fn section_index(&self, number: &str, item: &str) -> Result<usize, ScoreError> {
        match number.parse::<usize>() {
            Ok(number) if (1..=self.sections.len()).contains(&number) => Ok(number - 1),
            _ => Err(ScoreError::Path { item: item.to_string() }),
        }
    }

    fn measure_in(&self, section: usize, number: &str) -> Option<usize> {
        self.section_range(section).find(|&at| self.measures[at].number == number)
    }

    fn with_rest_of(&self, last: usize, end: usize) -> usize {
        let mut at = last;
        while at + 1 < end && self.measures[at + 1].number == self.measures[last].number {
            at += 1;
        }
        at
    }
}
