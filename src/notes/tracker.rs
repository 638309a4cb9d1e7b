//! Posteriorgram to note events: strikes are picked, notes are held and ended, none is left hanging.

use super::config::{PeakRule, StrikeRule, TrackerConfig};
use super::dynamics::Dynamics;
use super::prior::shift_log_odds;
use crate::performance::{NoteEvent, PosteriorFrame, Strike};
use crate::units::{FrameIndex, HOP_S, KEYS, LOWEST_KEY, Pitch, Seconds};

/// A note that awaits its minimum length is given up where it sounded as surely as this and faded.
const SOUNDED: f32 = 0.5;

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
    /// Frames since the last strike peak; saturates.
    since_strike: u32,
    /// Strength of the last strike peak, believed or not; for ghosts.
    last_peak: f32,
    since_peak: u32,
    /// Frame of the last strike that was judged to be one.
    last_strike: Option<u64>,
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
    /// It has sounded since.
    heard: bool,
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
/// None where strikes are judged already; of peaks one hop to see that it has passed, and what the confirmation asks for. More where
/// `minimum_note_s` does.
///
/// # Realtime safety
/// [`NoteTracker::step`] allocates only if `events` must grow.
#[derive(Clone, Debug)]
pub struct NoteTracker {
    config: TrackerConfig,
    live: Live,
    dynamics: Dynamics,
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
        NoteTracker { config, live, dynamics: Dynamics::default(), keys: [idle; KEYS] }
    }

    /// Goes by other thresholds from the next step on.
    pub fn set_config(&mut self, config: TrackerConfig) {
        self.config = config;
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
    /// without gaps. `newest`: the newest frame heard; `strikes`: what was judged with it, for [`StrikeRule::Judged`].
    /// `emitted`: stream time now.
    pub fn step(
        &mut self,
        frame: &PosteriorFrame,
        strikes: &[Strike],
        newest: FrameIndex,
        emitted: Seconds,
        events: &mut Vec<NoteEvent>,
    ) {
        let now = frame.frame.seconds();
        for key in &mut self.keys {
            key.pending = key.pending.map(|pending| Pending { age: pending.age + 1, ..pending });
        }
        let NoteTracker { config, live, keys, .. } = self;
        match &config.strikes {
            StrikeRule::Judged { likely, gap_frames } => {
                for strike in strikes.iter().filter(|strike| live.range().contains(&strike.key)) {
                    let Some(&(_, least)) = likely.iter().find(|&&(lag, _)| lag == strike.lag) else {
                        continue;
                    };
                    let strength = shift_log_odds(strike.probability, live.sensitivity_shift);
                    let struck = newest.0.saturating_sub(strike.lag as u64);
                    let key = &mut keys[strike.key];
                    if strength >= least && key.last_strike.is_none_or(|last| struck >= last + gap_frames) {
                        key.last_strike = Some(struck);
                        let at = FrameIndex(struck).seconds().0 + config.onset_shift_s;
                        let at = Seconds(at.clamp(0.0, emitted.0));
                        let (velocity, age) = (strike.velocity, strike.lag as u32);
                        let confirmed = true;
                        key.pending = Some(Pending { at, strength, velocity, age, heard: false, confirmed });
                    }
                }
            }
            StrikeRule::Peaks(rule) => {
                // A peak is seen a frame after it.
                let at = Seconds((now.0 - HOP_S + config.onset_shift_s).clamp(0.0, emitted.0));
                for (k, key) in keys.iter_mut().enumerate() {
                    pick_peak(key, live.range().contains(&k), rule, live, frame, k, at);
                }
                drop_ghosts(keys, rule);
            }
        }
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

    /// Forgets the notes against which strikes are placed: another stream begins.
    pub fn forget_dynamics(&mut self) {
        self.dynamics = Dynamics::default();
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
        let (heard_at, patience) = match &self.config.strikes {
            StrikeRule::Judged { .. } => (SOUNDED, u32::MAX),
            StrikeRule::Peaks(rule) => (rule.sounding_confirm, rule.confirm_frames.max(1)),
        };
        let key = &mut self.keys[k];
        let Some(pending) = &mut key.pending else { return };
        pending.heard |= frame.sounding[k] >= heard_at;
        pending.confirmed |= pending.heard;
        // The strike itself is three frames of evidence: its rise, its peak, and the frame that saw it pass.
        let long_enough = pending.age + 2 >= self.live.minimum_frames;
        let faded = pending.heard && frame.sounding[k] < self.config.sounding_end.min(heard_at);
        if pending.confirmed && long_enough && !faded {
            let (at, velocity) = (pending.at, pending.velocity);
            key.pending = None;
            self.begin(k, at, velocity, emitted, events);
        } else if faded || (!pending.confirmed && pending.age >= patience) {
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
        let velocity = self.dynamics.enter(velocity).powf(self.live.velocity_curve);
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

impl Live {
    fn range(&self) -> std::ops::RangeInclusive<usize> {
        self.lowest_key..=self.highest_key
    }
}

/// Looks whether the strike probability of a key had its peak at the frame before this one, which was at `at`.
fn pick_peak(
    key: &mut Key,
    in_range: bool,
    rule: &PeakRule,
    live: &Live,
    frame: &PosteriorFrame,
    k: usize,
    at: Seconds,
) {
    let onset = if in_range { shift_log_odds(frame.onset[k], live.sensitivity_shift) } else { 0.0 };
    let threshold = if key.sounding.is_some() { rule.restrike } else { rule.onset };
    let is_peak = key.onset_1 > key.onset_2 && key.onset_1 >= onset;
    key.since_strike = key.since_strike.saturating_add(1);
    key.since_peak = key.since_peak.saturating_add(1);
    if is_peak && (key.onset_1 >= 0.5 * rule.ghost || key.since_peak > rule.ghost_frames) {
        key.last_peak = key.onset_1;
        key.since_peak = 0;
    }
    if is_peak && key.onset_1 >= threshold && key.since_strike > rule.restrike_gap_frames {
        key.since_strike = 0;
        let (strength, velocity) = (key.onset_1, key.velocity_1);
        key.pending = Some(Pending { at, strength, velocity, age: 1, heard: false, confirmed: false });
    }
    key.onset_2 = key.onset_1;
    key.onset_1 = onset;
    key.velocity_1 = frame.velocity[k];
}

/// Drops weak strikes that a much stronger one below them explains by its overtones.
fn drop_ghosts(keys: &mut [Key; KEYS], rule: &PeakRule) {
    for k in 12..KEYS {
        let Some(pending) = keys[k].pending.filter(|pending| pending.strength < rule.ghost) else { continue };
        let explained = [12, 19, 24].iter().any(|&interval| {
            k >= interval && {
                let below = &keys[k - interval];
                below.since_peak <= rule.ghost_frames && below.last_peak > pending.strength * rule.ghost_ratio
            }
        });
        if explained {
            keys[k].pending = None;
        }
    }
}

#[cfg(test)]
#[path = "tracker_tests.rs"]
mod tests;
