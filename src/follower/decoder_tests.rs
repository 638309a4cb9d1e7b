//! Laws of the posterior.

use super::Decoder;
use crate::follower::FollowerSettings;
use crate::follower::events::ScoreEvents;
use crate::follower::observation::{Evidence, Strike};
use crate::follower::relocate::Destinations;
use crate::score::{NoteId, Ornament, PathNote, PathStep, PlayingPath};
use crate::units::{Beats, Pitch};
use proptest::prelude::*;

/// A path of one note a beat.
fn path(pitches: &[u8]) -> PlayingPath {
    let mut path = PlayingPath::default();
    for (n, &pitch) in pitches.iter().enumerate() {
        let onset = Beats::whole(n as i64);
        path.steps.push(PathStep {
            measure: n as u32,
            number: n.to_string(),
            pass: 1,
            start: onset,
            length: Beats::whole(1),
            meter: (1, 4),
        });
        path.notes.push(PathNote {
            id: NoteId(n as u32),
            step: n as u32,
            onset,
            duration: Beats::whole(1),
            pitch: Pitch(pitch),
            part: 0,
            staff: 1,
            grace: false,
            fermata: false,
            ornament: Ornament::Plain,
        });
    }
    path
}

proptest! {
    #[test]
    fn probabilities_sum_to_one_whatever_is_struck(
        pitches in prop::collection::vec(40u8..90, 2..24),
        strikes in prop::collection::vec((0u32..4, 0usize..88, 0.1f32..8000.0), 1..200),
    ) {
        let settings = FollowerSettings::default();
        let events = ScoreEvents::new(&path(&pitches), |_| true);
        let places = Destinations::new(&events);
        let mut decoder = Decoder::new(&events, &settings);
        for (hop, &(count, key, odds)) in strikes.iter().enumerate() {
            let strikes =
                (0..count as usize).map(|n| Strike { key: (key + 3 * n) % 88, odds, offset: 0.0 }).collect();
            let evidence = Evidence { strikes, quiet: count == 0 };
            decoder.advance(&events, &places, &settings, &evidence, hop as f32 * 7.0);
            let sum = decoder.hypotheses.masses().iter().sum::<f32>() + decoder.rest + decoder.stray;
            prop_assert!((sum - 1.0).abs() < 1e-4, "{sum}");
            prop_assert!(decoder.hypotheses.masses().iter().all(|&mass| mass >= 0.0));
        }
    }
}
