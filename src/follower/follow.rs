//! The follower's front: a frame in, a position out, and the user's commands.

use super::FollowerSettings;
use super::cursor;
use super::decoder::Decoder;
use super::events::ScoreEvents;
use super::gate::{self, Belief, Gate};
use super::observation::{PICKER_LAG, StrikePicker};
use super::relocate::{Destinations, PLACES};
use crate::performance::{Candidate, FollowState, PositionReport, PosteriorFrame};
use crate::score::PlayingPath;
use crate::units::{Bpm, FRAME_RATE_HZ, Seconds};
use std::sync::Arc;

/// Reports are made at hop boundaries: aiming half a hop early makes the mean error zero.
const HALF_HOP: f32 = 0.5;

/// Follows one playing path.
///
/// Cost of a hop: linear in the number of events with a very small constant; see BENCHMARKS.md.
///
/// # Realtime safety
/// For the worker thread: `step` does not allocate once it has run a few hops, but its time grows with the score.
#[derive(Clone, Debug)]
pub struct Follower {
    path: Arc<PlayingPath>,
    settings: FollowerSettings,
    events: ScoreEvents,
    picker: StrikePicker,
    decoder: Decoder,
    places: Destinations,
    gate: Gate,
    hop: f32,
    held: bool,
    shown: Option<(usize, f64)>,
    tempo: Bpm,
}

impl Follower {
    /// A follower of all parts of `path`, waiting for a start, most likely at its beginning.
    pub fn new(path: Arc<PlayingPath>, settings: FollowerSettings) -> Follower {
        let events = ScoreEvents::new(&path, |_| true);
        Follower {
            decoder: Decoder::new(&events, &settings),
            places: Destinations::new(&events),
            picker: StrikePicker::new(),
            gate: Gate::default(),
            tempo: path.tempo_at(0.0),
            path,
            settings,
            events,
            hop: 0.0,
            held: false,
            shown: None,
        }
    }

    /// The path that is followed.
    pub fn path(&self) -> &Arc<PlayingPath> {
        &self.path
    }

    /// Forgets everything heard, and waits for a start at the beginning. Parts and hold stay as they are.
    pub fn reset(&mut self) {
        self.decoder = Decoder::new(&self.events, &self.settings);
        self.places = Destinations::new(&self.events);
        self.picker = StrikePicker::new();
        self.gate = Gate::default();
        self.hop = 0.0;
        self.shown = None;
        self.tempo = self.path.tempo_at(0.0);
    }

    /// Takes up another path, or the same one with only those parts for which `plays` is true: the place is kept if
    /// one was believed.
    pub fn follow_path(&mut self, path: Arc<PlayingPath>, plays: impl Fn(u16) -> bool) {
        let place = self.shown.map(|(_, beat)| beat);
        self.events = ScoreEvents::new(&path, plays);
        self.path = path;
        self.reset();
        if let Some(beat) = place {
            self.start_here(beat);
        }
    }

    /// The player will start at `beat`: waits for that, without excluding other places.
    pub fn start_here(&mut self, beat: f64) {
        if self.events.is_empty() {
            return;
        }
        let event = self.events.at_or_after(beat);
        self.decoder.forget_place();
        self.places.forget_place();
        self.gate = Gate::default();
        self.places.expect_start(Some(event));
        self.shown = None;
    }

    /// After the next pause playing will most likely start at `beat`; nothing that was heard is forgotten.
    pub fn expect(&mut self, beat: f64) {
        if !self.events.is_empty() {
            self.places.expect_start(Some(self.events.at_or_after(beat)));
        }
    }

    /// Only places from beat `from` to before beat `to` are possible from now on; `None` opens all.
    pub fn restrict(&mut self, range: Option<(f64, f64)>) {
        let events = range.map_or((0, 0), |(from, to)| {
            let first = self.events.beat.partition_point(|&beat| beat < from - 1e-6);
            (first, self.events.beat.partition_point(|&beat| beat < to - 1e-6))
        });
        self.places.restrict(&self.events, events);
        let places = &self.places;
        self.decoder.keep_only(|event| places.allows(event));
        if self.shown.is_some_and(|(event, _)| !self.places.allows(event)) {
            self.gate = Gate::default();
            self.shown = None;
        }
    }

    /// Holds the position where it is, whatever is played, or lets it go again.
    pub fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// Forgets the place: it may be anywhere.
    pub fn relocate(&mut self) {
        self.decoder.forget_place();
        self.places.forget_place();
        self.gate = Gate::default();
        self.places.expect_start(None);
        self.shown = None;
    }

    /// Advances by one frame. `known_delay`: how long after the moment the frame describes it arrives here, the
    /// front end's and the estimator's look-ahead together; the position is predicted across it.
    ///
    /// # Latency
    /// Onsets count two hops after their frame; the prediction makes up for that, too.
    pub fn step(&mut self, frame: &PosteriorFrame, known_delay: Seconds) -> PositionReport {
        let at = frame.frame.seconds() + known_delay;
        self.hop += 1.0;
        if self.events.is_empty() || self.held {
            return self.held_report(at);
        }
        let heard = self.hop - PICKER_LAG as f32;
        let evidence = self.picker.next(frame, &self.settings);
        let onset = !evidence.strikes.is_empty();
        self.gate.hear(&self.events, &evidence.strikes);
        self.decoder.advance(&self.events, &self.places, &self.settings, evidence, heard);
        let belief = self.gate.update(&self.events, &self.decoder, &self.settings, heard);
        // Evidence is dated by its peaks; the present, on that clock, is later by as much as they are late.
        let ahead = known_delay.0 - f64::from(self.settings.onset_shift_s);
        let now = self.hop + (ahead * FRAME_RATE_HZ) as f32 + HALF_HOP;
        let candidates = gate::candidates(&self.events, &self.decoder);
        let beat = self.show(belief, candidates, heard, now);
        PositionReport {
            at,
            beat,
            confidence: belief.confidence,
            tempo: self.tempo,
            state: belief.state,
            candidates: if onset || self.settled(belief) {
                candidates
            } else {
                [Candidate::default(); PLACES]
            },
        }
    }

    /// The position to show, with what follows from being there.
    fn show(&mut self, belief: Belief, candidates: [Candidate; PLACES], heard: f32, now: f32) -> Option<f64> {
        let event = belief.event?;
        if belief.jumped {
            self.places.expect_start(None);
            self.shown = None;
        }
        if belief.state == FollowState::Lost {
            self.shown = None;
            return None;
        }
        if belief.state == FollowState::Waiting {
            return self.shown.map(|(_, beat)| beat);
        }
        let places = candidates.map(|place| (self.events.at_or_after(place.beat), place.weight));
        self.places.move_to(&self.events, event, places);
        if belief.state == FollowState::Following {
            // Not before: a place that was only guessed is none that players come back to.
            let began = self.decoder.hypotheses.began(self.decoder.hypotheses.lead(event));
            self.places.remember_start(&self.events, began);
        }
        let mut beat = cursor::position(&self.events, &self.decoder, event, heard, now);
        if let Some((before, shown)) = self.shown
            && event >= before
        {
            // The prediction may shrink back while an onset does not come; the cursor waits instead.
            beat = beat.max(shown);
        }
        self.shown = Some((event, beat));
        let lead = self.decoder.hypotheses.lead(event);
        self.decoder.usual_tempo = self.decoder.hypotheses.tempo(lead);
        let ratio = f64::from(self.decoder.hypotheses.ratio(lead));
        self.tempo = Bpm(self.path.tempo_at(self.events.beat[event]).0 / ratio);
        Some(beat)
    }

    fn settled(&self, belief: Belief) -> bool {
        belief.state != FollowState::Waiting
    }

    fn held_report(&self, at: Seconds) -> PositionReport {
        PositionReport {
            at,
            beat: self.shown.map(|(_, beat)| beat),
            confidence: 0.0,
            tempo: self.tempo,
            state: FollowState::Waiting,
            candidates: [Candidate::default(); PLACES],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Beats, FrameIndex, Pitch};

    /// Hops from one note to the next: the tempo that a path without marks has, 120 quarters a minute.
    const BEAT: usize = 50;

    /// Sixteen running quarters that come twice, between others that do not.
    fn path() -> Arc<PlayingPath> {
        let twice = [60, 67, 63, 70, 65, 74, 58, 69, 61, 72, 66, 57, 71, 64, 75, 62];
        let (before, between, after) = ([52, 50, 55, 48], [47, 54, 45, 49], [46, 53, 44, 51]);
        let pitches = [&before[..], &twice, &between, &twice, &after].concat();
        let note = |(n, &pitch): (usize, &u8)| (Beats::whole(n as i64), Beats::whole(1), Pitch(pitch));
        let notes: Vec<_> = pitches.iter().enumerate().map(note).collect();
        Arc::new(PlayingPath::from_notes((4, 4), &notes))
    }

    /// A follower that hears the notes `from..to` of its path, heard perfectly; and what it says last.
    fn hear(follower: &mut Follower, from: usize, to: usize, frame: &mut u64) -> PositionReport {
        let path = Arc::clone(&follower.path);
        let mut said = None;
        for note in &path.notes[from..to] {
            for hop in 0..BEAT {
                let mut evidence = PosteriorFrame::silent(FrameIndex(*frame));
                *frame += 1;
                if let Some(key) = note.pitch.key() {
                    evidence.onset[key] = if hop == 0 { 0.97 } else { 0.0 };
                    evidence.sounding[key] = 0.97;
                }
                said = Some(follower.step(&evidence, Seconds(0.0)));
            }
        }
        said.unwrap()
    }

    #[test]
    fn a_start_is_remembered_once_its_playing_is_followed() {
        let mut follower = Follower::new(path(), FollowerSettings::default());
        let mut frame = 0;
        // One of two equal passages: shown as a guess, and none that players come back to.
        let said = hear(&mut follower, 4, 17, &mut frame);
        assert!(said.beat.is_some() && said.state == FollowState::Unsure, "{said:?}");
        assert!(follower.places.starts().is_empty(), "{:?}", follower.places.starts());
        // What comes then tells them apart: remembered is where that playing began, not where it became sure.
        let said = hear(&mut follower, 17, 24, &mut frame);
        assert_eq!(said.state, FollowState::Following);
        assert_eq!(follower.places.starts(), [4]);
    }

    #[test]
    fn among_equal_passages_a_jump_may_be_from_either() {
        let mut follower = Follower::new(path(), FollowerSettings::default());
        let said = hear(&mut follower, 4, 17, &mut 0);
        let weights = said.candidates.map(|place| place.weight);
        assert!(weights[0] < 1.5 * weights[1], "{weights:?}");
        // The two passages are as near as the one that is shown alone would be.
        let jump = &follower.places.jump;
        let [one, other] = [12, 32].map(|event| jump[event]);
        assert!((one / other - 1.0).abs() < 0.3, "{one}, {other}");
    }
}
