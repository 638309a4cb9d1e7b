//! When the playing comes past a cue.

use crate::performance::Cue;
use std::sync::Arc;

/// From one report to the next the position moves by less than this, in beats, unless the playing leapt.
const FARTHEST_STEP: f64 = 4.0;
/// How far behind a place where the playing begins, or leaps to, a cue still fires, in beats: the follower is sure
/// of a place only after some notes.
const BEHIND: f64 = 0.5;

/// Finds the cues that fall due.
#[derive(Clone, Debug, Default)]
pub(super) struct CueTrack {
    cues: Arc<[Cue]>,
    last: Option<f64>,
}

impl CueTrack {
    /// Takes other cues, in path order.
    pub fn set(&mut self, cues: Arc<[Cue]>) {
        self.cues = cues;
    }

    /// The place is no longer believed: wherever the playing is found next counts as a beginning.
    pub fn forget_place(&mut self) {
        self.last = None;
    }

    /// The cues that fall due as the position comes to `beat`.
    pub fn pass(&mut self, beat: f64) -> impl Iterator<Item = &Cue> {
        let from = match self.last {
            Some(last) if (last..last + FARTHEST_STEP).contains(&beat) => last,
            _ => beat - BEHIND,
        };
        self.last = Some(beat);
        let first = self.cues.partition_point(|cue| cue.beat <= from);
        let end = self.cues.partition_point(|cue| cue.beat <= beat);
        self.cues[first.min(end)..end].iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::CueMessage;

    #[test]
    fn each_pass_fires_each_cue_once() {
        let cue = |beat: f64| Cue {
            beat,
            name: String::new(),
            channel: 0,
            message: CueMessage::Note { pitch: 60, velocity: 100 },
        };
        let mut track = CueTrack::default();
        track.set([0.0, 4.0, 4.0, 9.0].map(cue).into());
        let mut fired = Vec::new();
        let mut play = |from: f64, to: f64| {
            let steps = ((to - from) / 0.1).round() as usize;
            for n in 0..=steps {
                fired.extend(track.pass(from + 0.1 * n as f64).map(|cue| cue.beat));
            }
        };
        // Found late in the first beat, played on; back to 3; a leap over 9.
        play(0.3, 5.0);
        play(3.0, 6.0);
        play(20.0, 21.0);
        assert_eq!(fired, [0.0, 4.0, 4.0, 4.0, 4.0]);
        track.forget_place();
        assert_eq!(track.pass(9.2).count(), 1);
        assert_eq!(track.pass(9.2).count(), 0);
    }
}
