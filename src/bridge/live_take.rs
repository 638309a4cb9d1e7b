//! What the follower says of a take while it is played.

use crate::performance::{AlignedBeat, FollowState, PositionReport, Stretch, Take};
use crate::score::PlayingPath;
use crate::units::Seconds;

/// Steps of the path position at which a point of the tempo curve is kept, in beats.
const POINT_BEATS: f64 = 0.5;
/// A leap ahead of more than this, in beats, or back by more than the second, begins a stretch.
const AHEAD_BEATS: f64 = 4.0;
const BACK_BEATS: f64 = 0.25;

/// Stretches and beats of a take that runs, from the follower's reports.
#[derive(Clone, Debug, Default)]
pub(super) struct LiveTake {
    stretches: Vec<Stretch>,
    beats: Vec<AlignedBeat>,
}

impl LiveTake {
    /// Takes one report.
    pub fn follow(&mut self, report: &PositionReport, path: &PlayingPath) {
        let (FollowState::Following, Some(beat)) = (report.state, report.beat) else { return };
        let Some(step) = path.step_at(beat).map(|step| step as u32) else { return };
        let goes_on = self.stretches.last().is_some_and(|stretch| {
            (stretch.to_beat - BACK_BEATS..stretch.to_beat + AHEAD_BEATS).contains(&beat)
        });
        match self.stretches.last_mut() {
            Some(stretch) if goes_on => {
                stretch.end = report.at;
                stretch.to_beat = stretch.to_beat.max(beat);
                stretch.to_step = stretch.to_step.max(step);
            }
            _ => self.stretches.push(Stretch {
                start: report.at,
                end: report.at,
                from_step: step,
                to_step: step,
                from_beat: beat,
                to_beat: beat,
            }),
        }
        let far = self
            .beats
            .last()
            .is_none_or(|last| !goes_on || beat - last.beat >= POINT_BEATS && report.at.0 > last.time.0);
        if far {
            let confidence = report.confidence;
            self.beats.push(AlignedBeat { beat, time: report.at, confidence });
        }
    }

    /// Fills in what a take covers so far. A place that is in hand within a beat of its measure's start is taken to
    /// have been played from there: the follower is sure of it only after some notes.
    pub fn describe(&self, take: &mut Take, path: Option<&PlayingPath>) {
        take.stretches = self.stretches.clone();
        take.beats = self.beats.clone();
        let Some(path) = path else { return };
        for stretch in &mut take.stretches {
            let start = path.steps[stretch.from_step as usize].start.to_f64();
            if stretch.from_beat - start <= 1.0 {
                stretch.from_beat = start;
                stretch.start = Seconds(stretch.start.0.max(take.start.0));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Beats, Bpm, Pitch};

    #[test]
    fn a_jump_begins_a_stretch_and_doubt_does_not() {
        let quarter = Beats::whole(1);
        let notes: Vec<_> = (0..32).map(|n| (Beats::whole(n), quarter, Pitch(60))).collect();
        let path = PlayingPath::from_notes((4, 4), &notes);
        let mut live = LiveTake::default();
        let mut at = 0.0;
        let mut say = |state: FollowState, beat: f64| {
            at += 0.1;
            let report = PositionReport {
                at: Seconds(at),
                beat: Some(beat),
                confidence: 0.9,
                tempo: Bpm(60.0),
                state,
                candidates: Default::default(),
            };
            live.follow(&report, &path);
        };
        (5..80).for_each(|n| say(FollowState::Following, f64::from(n) * 0.1));
        (0..9).for_each(|_| say(FollowState::Unsure, 20.0));
        (80..100).for_each(|n| say(FollowState::Following, f64::from(n) * 0.1));
        (40..60).for_each(|n| say(FollowState::Following, f64::from(n) * 0.1));
        let mut take = Take::plain(Seconds(0.0), Seconds(at));
        live.describe(&mut take, Some(&path));
        let steps: Vec<_> = take.stretches.iter().map(|s| (s.from_step, s.to_step)).collect();
        assert_eq!(steps, [(0, 2), (1, 1)]);
        assert_eq!((take.stretches[0].from_beat, take.stretches[1].from_beat), (0.0, 4.0));
        assert!(take.beats.windows(2).all(|pair| pair[1].time.0 > pair[0].time.0));
        assert!((15..25).contains(&take.beats.len()), "{}", take.beats.len());
    }
}
