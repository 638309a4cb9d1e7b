//! Lengths as note values: halves, dots, triplets.

use crate::units::Beats;

/// The types of notes with their length in quarter notes, longest first.
const TYPES: [(&str, i64, i64); 10] = [
    ("breve", 8, 1),
    ("whole", 4, 1),
    ("half", 2, 1),
    ("quarter", 1, 1),
    ("eighth", 1, 2),
    ("16th", 1, 4),
    ("32nd", 1, 8),
    ("64th", 1, 16),
    ("128th", 1, 32),
    ("256th", 1, 64),
];

/// Tuplets that notation uses: so many notes in the time of so many.
const TUPLETS: [(i64, i64); 3] = [(3, 2), (5, 4), (7, 4)];

/// A printed note's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoteValue {
    /// As MusicXML names it.
    pub name: &'static str,
    pub dotted: bool,
    /// Actual and normal notes of the tuplet it is in.
    pub tuplet: Option<(i64, i64)>,
    plain: Beats,
    /// What the length has more than any printed value.
    rest: Beats,
}

impl NoteValue {
    /// How many flags it has.
    pub fn flags(&self) -> usize {
        const QUARTER: usize = 3;
        let place = TYPES.iter().position(|(name, ..)| *name == self.name).unwrap_or(0);
        place.saturating_sub(QUARTER)
    }

    /// In quarter notes.
    pub fn length(&self) -> Beats {
        let dotted = if self.dotted { self.plain.scaled(3, 2) } else { self.plain };
        self.tuplet.map_or(dotted, |(actual, normal)| dotted.scaled(normal, actual)) + self.rest
    }
}

/// Whether `length` is a sum of printed values.
pub(super) fn printable(length: Beats) -> bool {
    tuplet_of(length).is_some()
}

/// The fewest values that `length` is made of, longest first; empty for zero. The last is longer than it looks where the
/// length is not [`printable`].
pub(super) fn note_values(length: Beats) -> Vec<NoteValue> {
    let tuplet = tuplet_of(length).flatten();
    // As it would be without the tuplet.
    let mut left = tuplet.map_or(length, |(actual, normal)| length.scaled(actual, normal));
    let mut values = Vec::new();
    for (name, whole, part) in TYPES {
        let Some(plain) = Beats::new(whole, part) else { continue };
        while left >= plain {
            let dotted = left >= plain.scaled(3, 2) && part < 64;
            let value = NoteValue { name, dotted, tuplet, plain, rest: Beats::ZERO };
            left = left - if dotted { plain.scaled(3, 2) } else { plain };
            values.push(value);
        }
    }
    if left > Beats::ZERO {
        let (name, ..) = TYPES[TYPES.len() - 1];
        let shortest = NoteValue { name, dotted: false, tuplet, plain: Beats::ZERO, rest: Beats::ZERO };
        if values.is_empty() {
            values.push(shortest);
        }
        if let Some(last) = values.last_mut() {
            last.rest = tuplet.map_or(left, |(actual, normal)| left.scaled(normal, actual));
        }
    }
    values
}

/// `Some(None)` for binary lengths, `Some` with the tuplet for those of a tuplet, `None` for what cannot be printed.
fn tuplet_of(length: Beats) -> Option<Option<(i64, i64)>> {
    let denominator = length.denominator();
    let binary = |denominator: i64| denominator.count_ones() == 1 && denominator <= 64;
    if binary(denominator) {
        return Some(None);
    }
    let tuplet = TUPLETS.into_iter().find(|(actual, _)| denominator % actual == 0)?;
    // A value shortened by 2/3 or 4/5 must not need shorter ones than there are.
    let plain = length.scaled(tuplet.0, tuplet.1);
    binary(plain.denominator()).then_some(Some(tuplet))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_sums_of_values() {
        let names = |numerator, denominator| -> String {
            let values = note_values(Beats::new(numerator, denominator).unwrap());
            let name = |value: &NoteValue| {
                let tuplet = value.tuplet.map_or(String::new(), |(actual, _)| format!("/{actual}"));
                format!("{}{}{tuplet}", value.name, if value.dotted { "." } else { "" })
            };
            values.iter().map(name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(1, 1), "quarter");
        assert_eq!(names(3, 2), "quarter.");
        assert_eq!(names(5, 4), "quarter 16th");
        assert_eq!(names(1, 3), "eighth/3");
        assert_eq!(names(4, 5), "quarter/5");
        assert_eq!(names(0, 1), "");
        for (numerator, denominator) in [(7, 8), (5, 3), (11, 12), (3, 7), (23, 64), (13, 1)] {
            let length = Beats::new(numerator, denominator).unwrap();
            assert!(printable(length));
            let sum: Beats = note_values(length).iter().map(NoteValue::length).sum();
            assert_eq!(sum, length, "{numerator}/{denominator}");
        }
        // An odd length is kept, whatever it looks like.
        let odd = Beats::new(1, 448).unwrap();
        assert_eq!(note_values(odd).iter().map(NoteValue::length).sum::<Beats>(), odd);
        assert!(!printable(Beats::new(1, 11).unwrap()) && !printable(Beats::new(1, 15).unwrap()));
    }
}
