//! When the playing comes past a cue.

use crate::performance::Cue;
use crate::units::Bpm;
use std::sync::Arc;

/// From one report to the next the position moves by less than this, in beats, unless the playing leapt.
const FARTHEST_STEP: f64 = 4.0;
/// How far behind a place where the playing begins, or leaps to, a cue still fires, in beats: the follower is sure
/// of a place only after some notes. Going back by less is no leap, but a better estimate.
const BEHIND: f64 = 0.5;

/// Finds the cues that fall due.
///
/// Positions are those of the moment at which they are told, foretold over what hearing takes, so that a cue without a lead
/// fires when its place sounds and not when it was heard.
#[derive(Clone, Debug, Default)]
pub(super) struct CueTrack {
    cues: Arc<[Cue]>,
    /// Which of them have fired, or lie behind, since the playing began or leapt.
    passed: Vec<bool>,
    /// Those that fire once and have.
    spent: Vec<bool>,
    last: Option<f64>,
}

impl CueTrack {
    /// Takes other cues, in path order.
    pub fn set(&mut self, cues: Arc<[Cue]>) {
        if Arc::ptr_eq(&cues, &self.cues) || cues == self.cues {
            return;
        }
        let old = |cue: &Cue| self.cues.iter().position(|other| other == cue);
        self.spent = cues.iter().map(|cue| old(cue).is_some_and(|index| self.spent[index])).collect();
        self.passed = cues
            .iter()
            .map(|cue| match old(cue) {
                Some(index) => self.passed[index],
                // A new one does not fire for what was played before it was made.
                None => self.last.is_some_and(|last| cue.beat <= last),
            })
            .collect();
        self.cues = cues;
    }

    /// The place is no longer believed: wherever the playing is found next counts as a beginning.
    pub fn forget_place(&mut self) {
        self.last = None;
    }

    /// The stream starts anew: cues that fire once may fire again.
    pub fn restart(&mut self) {
        self.forget_place();
        self.spent.fill(false);
    }

    /// The cues that fall due as the position comes to `beat` at this tempo.
    pub fn pass(&mut self, beat: f64, tempo: Bpm) -> impl Iterator<Item = &Cue> {
        let goes_on = self.last.is_some_and(|last| (last - BEHIND..last + FARTHEST_STEP).contains(&beat));
        if !goes_on {
            for (passed, cue) in self.passed.iter_mut().zip(&*self.cues) {
                *passed = cue.beat <= beat - BEHIND;
            }
        }
        self.last = Some(beat);
        let mut due = Vec::new();
        for (index, cue) in self.cues.iter().enumerate() {
            let lead_s = f64::from(cue.lead_s).clamp(0.0, f64::from(Cue::LONGEST_LEAD_S));
            if !self.passed[index] && beat + lead_s / tempo.seconds_per_beat() >= cue.beat {
                self.passed[index] = true;
                if !std::mem::replace(&mut self.spent[index], cue.once) {
                    due.push(index);
                }
            }
        }
        due.into_iter().map(|index| &self.cues[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::performance::CueMessage;

    const TEMPO: Bpm = Bpm(120.0);

    fn cue(beat: f64) -> Cue {
        Cue::at(beat, String::new(), CueMessage::Note { pitch: 60, velocity: 100 })
    }

    /// The cues that fire while the position goes evenly from one place to another.
    fn play(track: &mut CueTrack, from: f64, to: f64, tempo: Bpm) -> Vec<(f64, f64)> {
        let steps = ((to - from) / 0.1).round() as usize;
        let places = (0..=steps).map(|n| from + 0.1 * n as f64);
        places.flat_map(|at| track.pass(at, tempo).map(|cue| (cue.beat, at)).collect::<Vec<_>>()).collect()
    }

    #[test]
    fn each_pass_fires_each_cue_once() {
        let mut track = CueTrack::default();
        track.set([0.0, 4.0, 4.0, 9.0].map(cue).into());
        let mut fired = Vec::new();
        // Found late in the first beat, played on; back to 3; a leap over 9.
        for (from, to) in [(0.3, 5.0), (3.0, 6.0), (20.0, 21.0)] {
            fired.extend(play(&mut track, from, to, TEMPO).into_iter().map(|(beat, _)| beat));
        }
        assert_eq!(fired, [0.0, 4.0, 4.0, 4.0, 4.0]);
        track.forget_place();
        assert_eq!(track.pass(9.2, TEMPO).count(), 1);
        assert_eq!(track.pass(9.2, TEMPO).count(), 0);
        // A better estimate, a little back, is no pass.
        assert_eq!(track.pass(8.9, TEMPO).count() + track.pass(9.1, TEMPO).count(), 0);
    }

    #[test]
    fn a_lead_is_kept_at_every_tempo_and_fires_once_a_pass() {
        for (tempo, beats) in [(60.0, 2.0), (120.0, 4.0), (30.0, 1.0)] {
            let mut track = CueTrack::default();
            track.set([Cue { lead_s: 2.0, page_turn: true, ..cue(10.0) }].into());
            let fired = play(&mut track, 2.0, 9.05, Bpm(tempo));
            // Slower by half at the last moment: what has fired does not fire again.
            let again = play(&mut track, 9.1, 12.0, Bpm(tempo / 2.0));
            let all: Vec<f64> = fired.into_iter().chain(again).map(|(_, at)| at).collect();
            assert_eq!(all.len(), 1, "at {tempo}");
            assert!((all[0] - (10.0 - beats)).abs() < 0.11, "at {tempo}: fired at {}", all[0]);
        }
    }

    #[test]
    fn what_fires_once_fires_again_after_a_new_start_only() {
        let mut track = CueTrack::default();
        track.set([Cue { once: true, ..cue(1.0) }, cue(2.0)].into());
        assert_eq!(play(&mut track, 0.0, 3.0, TEMPO).len(), 2);
        assert_eq!(play(&mut track, 0.0, 3.0, TEMPO).len(), 1);
        // Another cue added behind the playing: it waits for the next pass.
        track.set([Cue { once: true, ..cue(1.0) }, cue(2.0), cue(2.5)].into());
        assert_eq!(play(&mut track, 3.1, 4.0, TEMPO).len(), 0);
        assert_eq!(play(&mut track, 0.0, 3.0, TEMPO).len(), 2);
        track.restart();
        assert_eq!(play(&mut track, 0.0, 3.0, TEMPO).len(), 3);
    }
}
