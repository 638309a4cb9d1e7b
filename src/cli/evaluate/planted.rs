//! Notes that were planted wrong in a session: are they heard as they were played?

use super::notes::Note;
use serde::Serialize;

/// How far an event may lie from the planted note, seconds.
const TOLERANCE_S: f64 = 0.05;

/// A note that was played though the score does not have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Planted {
    pub(super) time_s: f64,
    pub(super) pitch: u8,
    /// Played for another; otherwise one too many.
    pub(super) wrong: bool,
}

/// How many of a kind came out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Heard {
    pub(super) heard: usize,
    pub(super) planted: usize,
}

/// Planted notes that the transcription has, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct PlantedScores {
    pub(super) wrong: Heard,
    pub(super) extra: Heard,
}

/// Counts the planted notes that are among `estimated`: same pitch, onset within 50 ms.
pub(super) fn score_planted(planted: &[Planted], estimated: &[Note]) -> PlantedScores {
    let mut scores = PlantedScores::default();
    for note in planted {
        let kind = if note.wrong { &mut scores.wrong } else { &mut scores.extra };
        kind.planted += 1;
        let near =
            |other: &Note| other.pitch == note.pitch && (other.onset_s - note.time_s).abs() <= TOLERANCE_S;
        kind.heard += usize::from(estimated.iter().any(near));
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_played_counts_and_nothing_else() {
        let note = |onset_s: f64, pitch: u8| Note {
            onset_s,
            offset_s: onset_s + 0.1,
            pitch,
            velocity: 64.0,
            emitted_s: onset_s,
        };
        let planted = [
            Planted { time_s: 1.0, pitch: 61, wrong: true },
            Planted { time_s: 2.0, pitch: 70, wrong: true },
            Planted { time_s: 3.0, pitch: 72, wrong: false },
        ];
        let scores = score_planted(&planted, &[note(1.04, 61), note(2.0, 69), note(3.06, 72)]);
        assert_eq!(scores.wrong, Heard { heard: 1, planted: 2 });
        assert_eq!(scores.extra, Heard { heard: 0, planted: 1 });
    }
}
