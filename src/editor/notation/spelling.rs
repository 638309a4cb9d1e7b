//! Which letter and accidental a MIDI pitch is written with.
//!
//! # Reference
//! Temperley 2001, "The Cognition of Basic Musical Structures", ch. 5: pitches are spelled to lie close together
//! on the line of fifths. Here the centre of gravity is one decaying mean in score order.

use crate::units::Pitch;

/// A written pitch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spelled {
    /// Octave × 7 + letter, C = 0.
    pub diatonic: i32,
    /// -2 double flat to 2 double sharp.
    pub alteration: i32,
}

/// The mean of the seven natural notes, F to B, on the line of fifths with C = 0.
const NATURAL_CENTER: f64 = 2.0;
/// How much one note moves the centre.
const WEIGHT: f64 = 1.0 / 48.0;
/// The mean wanders no further than six accidentals either way.
const FURTHEST: f64 = 7.0;

/// Spells pitches in the order they come.
pub fn spell(pitches: impl Iterator<Item = Pitch> + Clone) -> Vec<Spelled> {
    // The first notes are heard in the light of those that follow: two rounds over the beginning.
    let mut center = NATURAL_CENTER;
    for pitch in pitches.clone().take(64) {
        center = moved(center, nearest(pitch, center));
    }
    pitches
        .map(|pitch| {
            let fifths = nearest(pitch, center);
            center = moved(center, fifths);
            spelled(pitch, fifths)
        })
        .collect()
}

fn moved(center: f64, fifths: i32) -> f64 {
    (center + WEIGHT * (f64::from(fifths) - center))
        .clamp(NATURAL_CENTER - FURTHEST, NATURAL_CENTER + FURTHEST)
}

/// The place of `pitch` on the line of fifths (C = 0, G = 1, F = -1) that is nearest to `center`.
fn nearest(pitch: Pitch, center: f64) -> i32 {
    let class = i32::from(pitch.0) * 7 % 12;
    class + 12 * ((center - f64::from(class)) / 12.0).round() as i32
}

fn spelled(pitch: Pitch, fifths: i32) -> Spelled {
    let letter = (4 * fifths).rem_euclid(7);
    let alteration = (fifths + 1).div_euclid(7);
    let octave = (i32::from(pitch.0) - alteration).div_euclid(12) - 1;
    Spelled { diatonic: octave * 7 + letter, alteration }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pitches: &[u8]) -> Vec<String> {
        spell(pitches.iter().map(|pitch| Pitch(*pitch)))
            .into_iter()
            .map(|spelled| {
                let letter = ["C", "D", "E", "F", "G", "A", "B"][spelled.diatonic.rem_euclid(7) as usize];
                let sign = ["bb", "b", "", "#", "##"][(spelled.alteration + 2) as usize];
                format!("{letter}{sign}{}", spelled.diatonic.div_euclid(7))
            })
            .collect()
    }

    #[test]
    fn scales_are_spelled_with_their_own_accidentals() {
        let major = [0, 2, 4, 5, 7, 9, 11, 12];
        let at = |tonic: u8| major.iter().map(|step| tonic + step).collect::<Vec<_>>().repeat(8);
        assert_eq!(names(&at(60))[..8], ["C4", "D4", "E4", "F4", "G4", "A4", "B4", "C5"]);
        let e = names(&at(64));
        assert_eq!(e[e.len() - 8..], ["E4", "F#4", "G#4", "A4", "B4", "C#5", "D#5", "E5"]);
        let a_flat = names(&at(56));
        assert_eq!(a_flat[a_flat.len() - 8..], ["Ab3", "Bb3", "C4", "Db4", "Eb4", "F4", "G4", "Ab4"]);
        assert_eq!(names(&[60, 59]), ["C4", "B3"]);
    }

    #[test]
    fn the_spelling_sounds_as_the_pitch() {
        let pitches: Vec<Pitch> = (0..=127).chain((0..=127).rev()).map(Pitch).collect();
        for (pitch, spelled) in pitches.iter().zip(spell(pitches.iter().copied())) {
            let natural = [0, 2, 4, 5, 7, 9, 11][spelled.diatonic.rem_euclid(7) as usize];
            let sounding = (spelled.diatonic.div_euclid(7) + 1) * 12 + natural + spelled.alteration;
            assert_eq!(sounding, i32::from(pitch.0));
            assert!(spelled.alteration.abs() <= 2, "{pitch:?} {spelled:?}");
        }
    }
}
