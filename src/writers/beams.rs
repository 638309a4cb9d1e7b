//! Which short notes share beams.

use crate::units::Beats;

/// A written note or chord of one voice, as far as its beams need it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flagged {
    /// From the start of the measure.
    pub onset: Beats,
    pub length: Beats,
    /// How many flags it would have alone.
    pub flags: usize,
}

/// For each note the states of its beams from the outermost inward, as MusicXML names them; empty where it has none.
///
/// Notes are beamed within a beat of the meter: a dotted one in compound meters. `meter` as printed.
pub(super) fn beams(notes: &[Flagged], meter: (u16, u16)) -> Vec<Vec<&'static str>> {
    let beat = match meter {
        (upper, unit @ (8 | 16)) if upper % 3 == 0 => 12.0 / f64::from(unit),
        (_, unit) => (4.0 / f64::from(unit.max(1))).max(0.5),
    };
    let beat_of = |note: &Flagged| ((note.onset.to_f64() + 1e-9) / beat).floor();
    let joins = |a: &Flagged, b: &Flagged| {
        a.flags > 0 && b.flags > 0 && a.onset + a.length == b.onset && beat_of(a) == beat_of(b)
    };
    // Number of beams between each note and the next.
    let shared: Vec<usize> = notes
        .windows(2)
        .map(|pair| if joins(&pair[0], &pair[1]) { pair[0].flags.min(pair[1].flags) } else { 0 })
        .collect();
    let between = |index: Option<usize>| index.and_then(|index| shared.get(index)).copied().unwrap_or(0);
    let states = |(index, note): (usize, &Flagged)| {
        let (before, after) = (between(index.checked_sub(1)), between(Some(index)));
        if before == 0 && after == 0 {
            return Vec::new();
        }
        let state = |level: usize| match (before >= level, after >= level) {
            (true, true) => "continue",
            (true, false) => "end",
            (false, true) => "begin",
            (false, false) if before > 0 => "backward hook",
            (false, false) => "forward hook",
        };
        (1..=note.flags).map(state).collect()
    };
    notes.iter().enumerate().map(states).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(onset: i64, length: i64, flags: usize) -> Flagged {
        let sixteenths = |n| Beats::whole(1).scaled(n, 4);
        Flagged { onset: sixteenths(onset), length: sixteenths(length), flags }
    }

    #[test]
    fn short_notes_of_one_beat_share_beams() {
        // A quarter, two eighths, a dotted eighth with its 16th, an eighth after a rest.
        let notes =
            [note(0, 4, 0), note(4, 2, 1), note(6, 2, 1), note(8, 3, 1), note(11, 1, 2), note(14, 2, 1)];
        let expected: [&[&str]; 6] = [&[], &["begin"], &["end"], &["begin"], &["end", "backward hook"], &[]];
        assert_eq!(beams(&notes, (4, 4)), expected);
    }

    #[test]
    fn compound_meters_beam_by_threes() {
        let notes: Vec<_> = (0..6).map(|index| note(2 * index, 2, 1)).collect();
        let states: Vec<_> = beams(&notes, (6, 8)).concat();
        assert_eq!(states, ["begin", "continue", "end", "begin", "continue", "end"]);
    }
}
