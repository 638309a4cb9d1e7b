//! Posteriorgram to note events: strikes are picked, notes are held and ended, none is left hanging.

use super::config::TrackerConfig;
use super::prior::shift_log_odds;
use crate::performance::{NoteEvent, PosteriorFrame};
use crate::units::{HOP_S, KEYS, LOWEST_KEY, Pitch, Seconds};

/// Most judgements after the first that are listened to.
const LATER_AT_MOST: usize = 4;

/// What can change while it runs.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Live {
    /// Added to the log-odds of every strike.
    sensitivity_shift: f32,
    lowest_key: usize,
    highest_key: usize,
    minimum_frames: u32,
    velocity_curve: f32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Key {
    /// Strike probability one and two frames ago.
    onset_1: f32,
    onset_2: f32,
    /// Velocity evidence one frame ago.
    velocity_1: f32,
    /// Strike probability is over the threshold and has not fallen below half of it since.
    risen: bool,
    /// The same of each later judgement.
    risen_late: [bool; LATER_AT_MOST],
    /// Frames since the last strike peak; saturates.
    since_strike: u32,
    /// Strength of the last strike peak, believed or not; for ghosts.
    last_peak: f32,
    since_peak: u32,
    /// Frames for which sounding has been at or above the soft threshold.
    soft_run: u32,
    pending: Option<Pending>,
    sounding: Option<Held>,
    /// End of the last note that ended.
    ended: Seconds,
}

/// A strike that awaits its confirmation.
#[derive(Clone, Copy, Debug)]
struct Pending {
    at: Seconds,
    strength: f32,
    velocity: f32,
    age: u32,
    confirmed: bool,
}

/// A note that sounds.
#[derive(Clone, Copy, Debug)]
struct Held {
    at: Seconds,
    /// End of the last frame in which it surely sounded.
    sure: Seconds,
    /// Frames for which it has been below the end threshold, and the sounding probability now.
    below: u32,
    level: f32,
}

/// Turns note evidence into note events.
///
/// Every `On` is followed by exactly one `Off` of its pitch before that pitch's next `On`; [`NoteTracker::release_all`]
/// ends what still sounds.
///
/// # Latency
/// One hop to see that a strike's peak has passed (none with [`TrackerConfig::at_rise`]), more where `minimum_note_s` or the confirmation ask for it.
///
/// # Realtime safety
/// [`NoteTracker::step`] allocates only if `events` must grow.
#[derive(Clone, Debug)]
pub struct NoteTracker {
    config: TrackerConfig,
    live: Live,
    keys: [Key; KEYS],
}

impl NoteTracker {
    /// A tracker in which nothing sounds.
    pub fn new(config: TrackerConfig) -> NoteTracker {
        let live = Live {
            sensitivity_shift: 0.0,
            lowest_key: 0,
            highest_key: KEYS - 1,
            minimum_frames: 0,
            velocity_curve: 1.0,
        };
        let idle = Key { since_strike: u32::MAX, since_peak: u32::MAX, ..Key::default() };
        NoteTracker { config, live, keys: [idle; KEYS] }
    }

    /// Sets what the player can set. `sensitivity` 0-1 (0.5 leaves the estimator's thresholds as they are), pitches
    /// MIDI 21-108, `minimum_note_s` 0-0.5, `velocity_curve` 0.25-4; what is outside is clamped.
    pub fn set_live(
        &mut self,
        sensitivity: f32,
        lowest: u8,
        highest: u8,
        minimum_note_s: f32,
        velocity_curve: f32,
    ) {
        let key = |pitch: u8| usize::from(pitch.saturating_sub(LOWEST_KEY)).min(KEYS - 1);
        self.live = Live {
            sensitivity_shift: (sensitivity.clamp(0.0, 1.0) - 0.5) * 6.0,
            lowest_key: key(lowest),
            highest_key: key(highest),
            minimum_frames: (f64::from(minimum_note_s.clamp(0.0, 0.5)) / HOP_S).round() as u32,
            velocity_curve: velocity_curve.clamp(0.25, 4.0),
        };
    }

    /// Takes one frame and appends what it decides to `events`, ends before beginnings. Frames come in order,
    /// without gaps. `late`: earlier frames, judged again, the earliest last (of more than four, the rest is left out);
    /// each always as many frames earlier. `emitted`: stream time now.
    pub fn step(
        &mut self,
        frame: &PosteriorFrame,
        late: &[PosteriorFrame],
        emitted: Seconds,
        events: &mut Vec<NoteEvent>,
    ) {
        let now = frame.frame.seconds();
        // A peak is seen a frame after it.
        let back = if self.config.at_rise { 0.0 } else { HOP_S };
        let strike_at = Seconds((now.0 - back + self.config.onset_shift_s).clamp(0.0, emitted.0));
        for k in 0..KEYS {
            self.pick_strike(k, frame, !late.is_empty(), now, strike_at);
        }
        let late = &late[..late.len().min(LATER_AT_MOST)];
        for (n, judged) in late.iter().enumerate() {
            let lag = frame.frame.0.saturating_sub(judged.frame.0) as u32;
            let at = Seconds((judged.frame.seconds().0 + self.config.onset_shift_s).clamp(0.0, emitted.0));
            for k in self.live.lowest_key..=self.live.highest_key {
                self.pick_late_strike(k, judged, (n, n + 1 == late.len()), lag, at);
            }
        }
        self.drop_ghosts();
        for k in 0..KEYS {
            self.end_faded(k, frame, now, emitted, events);
        }
        for k in 0..KEYS {
            self.begin_confirmed(k, frame, emitted, events);
        }
    }

    /// Ends everything that sounds, at `at`, and forgets strikes that await confirmation.
    pub fn release_all(&mut self, at: Seconds, emitted: Seconds, events: &mut Vec<NoteEvent>) {
        for (k, key) in self.keys.iter_mut().enumerate() {
            if let Some(held) = key.sounding.take() {
                let at = Seconds(at.0.max(held.at.0));
                events.push(NoteEvent::Off { pitch: Pitch::from_key(k), at, emitted });
            }
            *key = Key { since_strike: u32::MAX, since_peak: u32::MAX, ..Key::default() };
        }
    }

    /// Looks whether a strike's probability has risen, or whether the frame before this one was its peak.
    fn pick_strike(
        &mut self,
        k: usize,
        frame: &PosteriorFrame,
        again: bool,
        now: Seconds,
        strike_at: Seconds,
    ) {
        let in_range = (self.live.lowest_key..=self.live.highest_key).contains(&k);
        let key = &mut self.keys[k];
        let onset = if in_range { shift_log_odds(frame.onset[k], self.live.sensitivity_shift) } else { 0.0 };
        let mut threshold = if key.sounding.is_some() { self.config.restrike } else { self.config.onset };
        if again {
            threshold = threshold.max(self.config.at_once);
        }
        let rises = onset >= threshold && !key.risen;
        key.risen = rises || (key.risen && onset >= 0.5 * threshold);
        let is_peak = key.onset_1 > key.onset_2 && key.onset_1 >= onset;
        key.since_strike = key.since_strike.saturating_add(1);
        key.since_peak = key.since_peak.saturating_add(1);
        if is_peak && (key.onset_1 >= 0.5 * self.config.ghost || key.since_peak > self.config.ghost_frames) {
            key.last_peak = key.onset_1;
            key.since_peak = 0;
        }
        let strike = if self.config.at_rise {
            rises.then_some((onset, frame.velocity[k]))
        } else {
            (is_peak && key.onset_1 >= threshold).then_some((key.onset_1, key.velocity_1))
        };
        let gap_over = key.since_strike > self.config.restrike_gap_frames;
        if let Some((strength, velocity)) = strike.filter(|_| gap_over) {
            let at = strike_at;
            key.since_strike = 0;
            key.pending =
                Some(Pending { at, strength, velocity: velocity.max(0.0), age: 0, confirmed: false });
        }
        // A slow attack: it sounds, and was never struck.
        key.soft_run = if in_range && frame.sounding[k] >= self.config.soft { key.soft_run + 1 } else { 0 };
        let soft_due = self.config.soft_frames > 0 && key.soft_run == self.config.soft_frames;
        if soft_due && key.sounding.is_none() && key.pending.is_none() {
            let back = f64::from(self.config.soft_frames - 1) * HOP_S;
            let at = Seconds((now.0 - back).max(0.0));
            key.since_strike = 0;
            key.pending =
                Some(Pending { at, strength: 1.0, velocity: frame.velocity[k], age: 0, confirmed: false });
        }
        key.onset_2 = key.onset_1;
        key.onset_1 = onset;
        key.velocity_1 = frame.velocity[k];
    }

    /// Looks whether the probability of a strike that was not taken before has risen at the later judgement `n`, `lag`
    /// frames after the first.
    fn pick_late_strike(
        &mut self,
        k: usize,
        late: &PosteriorFrame,
        (n, last): (usize, bool),
        lag: u32,
        at: Seconds,
    ) {
        let key = &mut self.keys[k];
        let onset = shift_log_odds(late.onset[k], self.live.sensitivity_shift);
        let mut threshold = if key.sounding.is_some() { self.config.restrike } else { self.config.onset };
        if !last {
            threshold = threshold.max(self.config.at_once);
        }
        let rises = onset >= threshold && !key.risen_late[n];
        key.risen_late[n] = rises || (key.risen_late[n] && onset >= 0.5 * threshold);
        // Neither the strike that was taken a little earlier nor one since is taken again.
        let apart = key.since_strike >= lag.saturating_add(self.config.restrike_gap_frames);
        if rises && apart {
            key.since_strike = lag;
            let velocity = late.velocity[k].max(0.0);
            key.pending = Some(Pending { at, strength: onset, velocity, age: lag, confirmed: false });
        }
    }

    /// Drops weak strikes that a much stronger one below them explains by its overtones.
    fn drop_ghosts(&mut self) {
        for k in 12..KEYS {
            let Some(pending) = self.keys[k].pending.filter(|p| p.strength < self.config.ghost) else {
                continue;
            };
            let explained = [12, 19, 24].iter().any(|&interval| {
                k >= interval && {
                    let below = &self.keys[k - interval];
                    below.since_peak <= self.config.ghost_frames
                        && below.last_peak > pending.strength * self.config.ghost_ratio
                }
            });
            if explained {
                let key = &mut self.keys[k];
                key.pending = None;
                // Nor may it begin softly before it has been quiet.
                key.soft_run = key.soft_run.max(self.config.soft_frames);
            }
        }
    }

    fn end_faded(
        &mut self,
        k: usize,
        frame: &PosteriorFrame,
        now: Seconds,
        emitted: Seconds,
        events: &mut Vec<NoteEvent>,
    ) {
        let end_frames = self.config.end_frames.max(1);
        let key = &mut self.keys[k];
        let Some(held) = &mut key.sounding else { return };
        held.level = frame.sounding[k];
        held.below = if held.level < self.config.sounding_end { held.below + 1 } else { 0 };
        if held.level >= self.config.sounding_sure {
            held.sure = Seconds(now.0 + HOP_S);
        }
        let faded = held.below >= end_frames;
        let released = frame.offset[k] >= self.config.release && now.0 > held.at.0 + 2.0 * HOP_S;
        if faded || released {
            let end_s = if faded { held.sure.0 + self.config.end_shift_s } else { now.0 };
            let at = Seconds(end_s.max(held.at.0 + HOP_S).min(emitted.0));
            key.sounding = None;
            key.ended = at;
            key.soft_run = 0;
            events.push(NoteEvent::Off { pitch: Pitch::from_key(k), at, emitted });
        }
    }

    fn begin_confirmed(
        &mut self,
        k: usize,
        frame: &PosteriorFrame,
        emitted: Seconds,
        events: &mut Vec<NoteEvent>,
    ) {
        let config = &self.config;
        let key = &mut self.keys[k];
        let Some(pending) = &mut key.pending else { return };
        pending.age += 1;
        pending.confirmed |= frame.sounding[k] >= config.sounding_confirm;
        // The strike itself is three frames of evidence: its rise, its peak, and the frame that saw it pass.
        let long_enough = pending.age + 2 >= self.live.minimum_frames;
        let faded = pending.confirmed && frame.sounding[k] < config.sounding_end.min(config.sounding_confirm);
        if pending.confirmed && long_enough && !faded {
            let (at, velocity) = (pending.at, pending.velocity);
            key.pending = None;
            self.begin(k, at, velocity, emitted, events);
        } else if faded || (!pending.confirmed && pending.age >= config.confirm_frames.max(1)) {
            key.pending = None;
        }
    }

    fn begin(&mut self, k: usize, at: Seconds, velocity: f32, emitted: Seconds, events: &mut Vec<NoteEvent>) {
        // What is decided late may lie before an end that was told already.
        let at = Seconds(at.0.max(self.keys[k].ended.0));
        if let Some(held) = self.keys[k].sounding.take() {
            let at = Seconds(at.0.max(held.at.0));
            events.push(NoteEvent::Off { pitch: Pitch::from_key(k), at, emitted });
        } else {
            self.make_room(at, emitted, events);
        }
        let velocity = velocity.clamp(0.0, 1.0).powf(self.live.velocity_curve);
        let velocity = ((velocity * 127.0).round() as u8).clamp(1, 127);
        self.keys[k].sounding = Some(Held { at, sure: at, below: 0, level: 1.0 });
        events.push(NoteEvent::On { pitch: Pitch::from_key(k), velocity, at, emitted });
    }

    /// Ends the note that sounds least if the polyphony is used up.
    fn make_room(&mut self, at: Seconds, emitted: Seconds, events: &mut Vec<NoteEvent>) {
        let sounding = self.keys.iter().filter(|key| key.sounding.is_some()).count();
        if sounding < self.config.polyphony.max(1) {
            return;
        }
        let weakest = (0..KEYS)
            .filter_map(|k| self.keys[k].sounding.map(|held| (k, held)))
            .min_by(|a, b| a.1.level.total_cmp(&b.1.level));
        if let Some((k, held)) = weakest {
            self.keys[k].sounding = None;
            let at = Seconds(at.0.max(held.at.0));
            self.keys[k].ended = at;
            events.push(NoteEvent::Off { pitch: Pitch::from_key(k), at, emitted });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::FrameIndex;
    use proptest::prelude::*;

    fn config() -> TrackerConfig {
        TrackerConfig {
            onset: 0.5,
            restrike: 0.6,
            at_once: 0.5,
            at_rise: false,
            restrike_gap_frames: 4,
            sounding_confirm: 0.4,
            confirm_frames: 3,
            soft: 0.7,
            soft_frames: 6,
            sounding_end: 0.3,
            end_frames: 3,
            sounding_sure: 0.3,
            end_shift_s: 0.0,
            release: 0.9,
            ghost: 0.7,
            ghost_ratio: 1.3,
            ghost_frames: 2,
            polyphony: 4,
            onset_shift_s: 0.0,
        }
    }

    /// Runs frames given as (onset, sounding) for a few keys, then ends.
    fn run(frames: usize, evidence: impl Fn(usize, usize) -> (f32, f32)) -> Vec<NoteEvent> {
        run_with(config(), frames, evidence)
    }

    #[test]
    fn a_strike_that_is_not_sure_awaits_the_last_judgement() {
        let config = TrackerConfig {
            onset: 0.4,
            restrike: 0.4,
            at_once: 0.6,
            at_rise: true,
            sounding_confirm: 0.0,
            confirm_frames: 1,
            soft_frames: 0,
            ..config()
        };
        let mut tracker = NoteTracker::new(config);
        let mut events = vec![];
        // Strikes at frame 10: unsure and right, sure, unsure and wrong.
        let judged = |n: usize, strikes: [f32; 3]| {
            let mut frame = PosteriorFrame::silent(FrameIndex(n as u64));
            for (key, strike) in [30, 40, 50].into_iter().zip(strikes) {
                frame.onset[key] = if n == 10 || n == 11 { strike } else { 0.0 };
                frame.sounding[key] = if n >= 10 { 0.9 } else { 0.0 };
            }
            frame
        };
        for n in 2..30 {
            let later = [judged(n - 1, [0.5, 0.9, 0.3]), judged(n - 2, [0.55, 0.9, 0.1])];
            let emitted = Seconds(n as f64 * HOP_S + 0.03);
            tracker.step(&judged(n, [0.5, 0.7, 0.5]), &later, emitted, &mut events);
        }
        let on = |event: &NoteEvent| match *event {
            NoteEvent::On { pitch, at, emitted, .. } => Some((pitch, at.0, (emitted.0 * 100.0).round())),
            _ => None,
        };
        let told: Vec<_> = events.iter().filter_map(on).collect();
        assert_eq!(told, [(Pitch::from_key(40), 0.1, 13.0), (Pitch::from_key(30), 0.1, 15.0)]);
    }

    fn run_with(
        config: TrackerConfig,
        frames: usize,
        evidence: impl Fn(usize, usize) -> (f32, f32),
    ) -> Vec<NoteEvent> {
        let mut tracker = NoteTracker::new(config);
        let mut events = vec![];
        for n in 0..frames {
            let mut frame = PosteriorFrame::silent(FrameIndex(n as u64));
            for k in 0..KEYS {
                (frame.onset[k], frame.sounding[k]) = evidence(n, k);
                frame.velocity[k] = 0.5;
            }
            tracker.step(&frame, &[], Seconds(n as f64 * HOP_S + 0.03), &mut events);
        }
        let end = Seconds(frames as f64 * HOP_S + 0.03);
        tracker.release_all(end, end, &mut events);
        events
    }

    fn ons(events: &[NoteEvent]) -> Vec<(u8, f64)> {
        let on = |event: &NoteEvent| match *event {
            NoteEvent::On { pitch, at, .. } => Some((pitch.0, at.0)),
            _ => None,
        };
        events.iter().filter_map(on).collect()
    }

    fn offs(events: &[NoteEvent]) -> Vec<(u8, f64)> {
        let off = |event: &NoteEvent| match *event {
            NoteEvent::Off { pitch, at, .. } => Some((pitch.0, at.0)),
            _ => None,
        };
        events.iter().filter_map(off).collect()
    }

    fn near(found: &[(u8, f64)], expected: &[(u8, f64)]) {
        assert_eq!(found.len(), expected.len(), "{found:?} for {expected:?}");
        for (f, e) in found.iter().zip(expected) {
            assert!(f.0 == e.0 && (f.1 - e.1).abs() < 1e-9, "{found:?} for {expected:?}");
        }
    }

    #[test]
    fn a_strike_begins_a_note_and_fading_ends_it() {
        let events = run(60, |n, k| match (k, n) {
            (39, 10) => (0.9, 0.8),
            (39, 9 | 11) => (0.3, 0.8),
            (39, 12..30) => (0.0, 0.8),
            _ => (0.0, 0.0),
        });
        near(&ons(&events), &[(60, 0.10)]);
        near(&offs(&events), &[(60, 0.30)]);
    }

    #[test]
    fn a_note_that_fades_slowly_ended_when_it_was_last_sure() {
        let config = TrackerConfig { sounding_sure: 0.6, end_shift_s: -0.02, ..config() };
        let events = run_with(config, 60, |n, k| match (k, n) {
            (39, 10) => (0.9, 0.8),
            (39, 11..25) => (0.0, 0.8),
            (39, 25..40) => (0.0, 0.4),
            _ => (0.0, 0.0),
        });
        near(&ons(&events), &[(60, 0.10)]);
        near(&offs(&events), &[(60, 0.23)]);
    }

    #[test]
    fn a_second_strike_while_it_sounds_is_a_second_note() {
        let events = run(60, |n, k| match (k, n) {
            (39, 10 | 30) => (0.9, 0.8),
            // Too soon after the second strike to be another.
            (39, 33) => (0.9, 0.8),
            (39, 10..50) => (0.0, 0.8),
            _ => (0.0, 0.0),
        });
        near(&ons(&events), &[(60, 0.10), (60, 0.30)]);
        near(&offs(&events), &[(60, 0.30), (60, 0.50)]);
    }

    #[test]
    fn a_weak_octave_above_a_strong_strike_is_its_overtone() {
        let struck = |weak: f32| {
            run(40, move |n, k| match (k, n) {
                (39, 10) => (0.95, 0.9),
                (51, 10) => (weak, 0.9),
                (39 | 51, 11..30) => (0.0, 0.9),
                _ => (0.0, 0.0),
            })
        };
        near(&ons(&struck(0.6)), &[(60, 0.10)]);
        near(&ons(&struck(0.9)), &[(60, 0.10), (72, 0.10)]);
    }

    #[test]
    fn a_slow_attack_begins_where_it_began_to_sound() {
        let events = run(60, |n, k| if k == 39 && (10..40).contains(&n) { (0.0, 0.8) } else { (0.0, 0.0) });
        near(&ons(&events), &[(60, 0.10)]);
    }

    proptest! {
        /// Whatever the evidence: strikes and ends alternate for every key, times are ordered and never later
        /// than their emission, and the polyphony limit holds.
        #[test]
        fn no_note_hangs(seed in any::<u64>(), busy in 0.02f32..0.6) {
            let noise = move |n: usize, k: usize, salt: u64| {
                let mut x = seed ^ salt ^ ((n as u64) << 32) ^ (k as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                x ^= x >> 33;
                x = x.wrapping_mul(0xFF51_AFD7_ED55_8CCD);
                x ^= x >> 33;
                (x >> 40) as f32 / (1u64 << 24) as f32
            };
            let events = run(120, |n, k| {
                let active = noise(n / 7, k, 1) < busy;
                (if active { noise(n, k, 2) } else { 0.0 }, if active { noise(n, k, 3) } else { 0.1 })
            });
            let mut open: [Option<f64>; 128] = [None; 128];
            for event in &events {
                match *event {
                    NoteEvent::On { pitch, at, emitted, velocity } => {
                        let slot = &mut open[usize::from(pitch.0)];
                        prop_assert!(slot.is_none() && at.0 <= emitted.0 && (1..=127).contains(&velocity));
                        *slot = Some(at.0);
                        prop_assert!(open.iter().flatten().count() <= config().polyphony);
                    }
                    NoteEvent::Off { pitch, at, emitted } => {
                        let on = open[usize::from(pitch.0)].take();
                        prop_assert!(on.is_some_and(|on| at.0 >= on) && at.0 <= emitted.0);
                    }
                    NoteEvent::Pedal { .. } | NoteEvent::Bend { .. } => {}
                }
            }
            prop_assert!(open.iter().all(Option::is_none));
        }
    }
}
