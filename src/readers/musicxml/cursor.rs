//! Where reading is within a measure, in the lengths as written and as they really are.

use crate::units::Beats;

/// So many divisions of a quarter note that a single one is no note value.
const FINE: Beats = Beats::whole(48);

/// A place in a measure.
///
/// Divisions that are too coarse for a tuplet make exporters round its lengths, each by less than a division. The
/// notes' type and tuplet tell what they really are; but `<backup>` and `<forward>` count in what was written. So both
/// positions are kept, and where they differ, which belongs to which.
#[derive(Default)]
pub(super) struct Cursor {
    written: Beats,
    exact: Beats,
    /// Pairs of written and exact position, from the first rounded length on; mostly empty.
    places: Vec<(Beats, Beats)>,
}

impl Cursor {
    /// Goes to the start of the next measure.
    pub(super) fn restart(&mut self) {
        self.written = Beats::ZERO;
        self.exact = Beats::ZERO;
        self.places.clear();
    }

    /// The exact position, never before the start of the measure.
    pub(super) fn at(&self) -> Beats {
        self.exact
    }

    /// Passes a note of that length.
    pub(super) fn pass(&mut self, written: Beats, exact: Beats) {
        self.written = self.written + written;
        self.exact = self.exact + exact;
        if written != exact || !self.places.is_empty() {
            self.places.push((self.written, self.exact));
        }
    }

    /// Moves by a written length, forward or (negative) back; not past the start of the measure. `divisions`: a quarter
    /// note's.
    pub(super) fn shift(&mut self, by: Beats, divisions: Beats) {
        let catches_up = self.written != self.exact
            && divisions >= FINE
            && in_divisions(by, divisions) == Beats::whole(1)
            && in_divisions(self.written + by - self.exact, divisions).to_f64().abs() < 1.0;
        self.written = (self.written + by).max(Beats::ZERO);
        if catches_up {
            // A gap of a division after rounded notes only makes up for their rounding.
            self.places.push((self.written, self.exact));
            return;
        }
        let known = self.places.iter().filter(|(written, _)| *written <= self.written);
        let nearest = known.max_by_key(|(written, _)| *written);
        self.exact = match nearest {
            Some((written, exact)) if *written == self.written => *exact,
            // Where they are less than a division apart, what was written is near enough.
            Some((written, exact)) if in_divisions(*exact - *written, divisions).to_f64().abs() >= 1.0 => {
                *exact + (self.written - *written)
            }
            _ => self.written,
        };
    }
}

/// The exact length of a note whose written length was rounded: what `value` (its type, with dots and tuplet) says, if
/// that is no whole number of divisions and less than one away. `divisions`: a quarter note's.
pub(super) fn unrounded(written: Beats, value: Option<Beats>, divisions: Beats) -> Beats {
    let Some(value) = value.filter(|value| *value != written) else { return written };
    let off = in_divisions(value - written, divisions).to_f64().abs();
    if in_divisions(value, divisions).denominator() > 1 && off < 1.0 { value } else { written }
}

fn in_divisions(beats: Beats, divisions: Beats) -> Beats {
    beats.scaled(divisions.numerator(), divisions.denominator())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_lengths_and_the_way_back() {
        let third = Beats::new(1, 3);
        let quarter = Beats::new(1, 4).unwrap();
        let four = Beats::whole(4);
        assert_eq!(Some(unrounded(quarter, third, four)), third);
        assert_eq!(unrounded(Beats::whole(1), third, four), Beats::whole(1));
        assert_eq!(unrounded(quarter, Beats::new(1, 2), four), quarter);
        let mut cursor = Cursor::default();
        cursor.pass(quarter, third.unwrap());
        cursor.pass(quarter, third.unwrap());
        cursor.pass(Beats::new(1, 2).unwrap(), third.unwrap());
        assert_eq!(cursor.at(), Beats::whole(1));
        let sixteenth = Beats::ZERO - quarter;
        cursor.shift(sixteenth - quarter, four);
        assert_eq!(Some(cursor.at()), Beats::new(2, 3));
        // Between known places, within a division of one: as written.
        cursor.shift(sixteenth, Beats::whole(2));
        assert_eq!(Some(cursor.at()), third);
        cursor.shift(quarter.scaled(1, 2), four);
        assert_eq!(Some(cursor.at()), Beats::new(3, 8));
        cursor.shift(Beats::whole(-9), four);
        assert_eq!(cursor.at(), Beats::ZERO);
        // Seven in a half, at 480: 34 divisions each, and one more where that falls behind.
        let (mut cursor, fine) = (Cursor::default(), Beats::whole(480));
        let (written, exact) = (Beats::new(34, 480).unwrap(), Beats::new(1, 14).unwrap());
        for index in 0..7 {
            assert_eq!(cursor.at(), exact.scaled(index, 1));
            cursor.pass(written, exact);
            if index == 1 || index == 5 {
                cursor.shift(Beats::new(1, 480).unwrap(), fine);
            }
        }
        // Five of a quintuplet, written a whole beat too short: what follows keeps its distance.
        let mut cursor = Cursor::default();
        for _ in 0..5 {
            cursor.pass(Beats::new(1, 20).unwrap(), Beats::new(1, 4).unwrap());
        }
        cursor.shift(Beats::whole(1), four);
        assert_eq!(cursor.at(), Beats::new(9, 4).unwrap());
    }
}
