//! Posteriorgram to note events: strikes are picked, notes are held and ended, none is left hanging.

use super::config::TrackerConfig;
use super::dynamics::Dynamics;
use super::prior::shift_log_odds;
use crate::performance::{NoteEvent, PosteriorFrame};
use crate::units::{FrameIndex, HOP_S, KEYS, LOWEST_KEY, Pitch, Seconds};

/// Most judgements besides the deciding one that are listened to.
const OTHERS_AT_MOST: usize = 4;
/// How many frames back the moment is looked for at which a note that began softly began; how long slow attacks take.
const SOFT_REACH: usize = 20;

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
    /// The same of each other judgement.
    risen_elsewhere: [bool; OTHERS_AT_MOST],
    /// Frames since the last strike peak; saturates.
    since_strike: u32,
    /// Strength of the last strike peak, believed or not; for ghosts.
    last_peak: f32,
    since_peak: u32,
    /// Frames for which a key that no note sounds on has been at or above the soft threshold.
    soft_run: u32,
    /// Strike and velocity evidence of the last frames, the newest at `frame number % SOFT_REACH`.
    past: [(f32, f32); SOFT_REACH],
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
/// One hop to see that a strike's peak has passed (none with [`TrackerConfig::at_rise`]), more where `minimum_note_s` or the confirmation ask for it.
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
    /// without gaps. `others`: later frames, judged already, and earlier ones, judged again, the earliest last (of more than
    /// four, the rest is left out); each always as many frames away. `emitted`: stream time now.
    pub fn step(
        &mut self,
        frame: &PosteriorFrame,
        others: &[PosteriorFrame],
        emitted: Seconds,
        events: &mut Vec<NoteEvent>,
    ) {
        let now = frame.frame.seconds();
        // A peak is seen a frame after it.
        let back = if self.config.at_rise { 0.0 } else { HOP_S };
        let strike_at = Seconds((now.0 - back + self.config.onset_shift_s).clamp(0.0, emitted.0));
        for k in 0..KEYS {
            self.pick_strike(k, frame, strike_at);
        }
        let others = &others[..others.len().min(OTHERS_AT_MOST)];
        for (n, judged) in others.iter().enumerate() {
            let at = Seconds((judged.frame.seconds().0 + self.config.onset_shift_s).clamp(0.0, emitted.0));
            for k in self.live.lowest_key..=self.live.highest_key {
                self.pick_other_strike(k, judged, n, frame.frame, at);
            }
        }
        let surest = others.last().filter(|judged| judged.frame < frame.frame).unwrap_or(frame);
        for k in self.live.lowest_key..=self.live.highest_key {
            self.begin_softly(k, surest);
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

    /// Forgets the notes against which strikes are placed: another stream begins.
    pub fn forget_dynamics(&mut self) {
        self.dynamics = Dynamics::default();
    }

    /// Looks whether a strike's probability has risen, or whether the frame before this one was its peak.
    fn pick_strike(&mut self, k: usize, frame: &PosteriorFrame, strike_at: Seconds) {
        let in_range = (self.live.lowest_key..=self.live.highest_key).contains(&k);
        let key = &mut self.keys[k];
        let onset = if in_range { shift_log_odds(frame.onset[k], self.live.sensitivity_shift) } else { 0.0 };
        let threshold = if key.sounding.is_some() { self.config.restrike } else { self.config.onset };
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
            key.pending = Some(Pending { at, strength, velocity, age: 0, heard: false, confirmed: false });
        }
        key.onset_2 = key.onset_1;
        key.onset_1 = onset;
        key.velocity_1 = frame.velocity[k];
    }

    /// Looks whether the probability of a strike that was not taken before has risen at another judgement, the one of index
    /// `n`, where `now` is the frame judged in time.
    fn pick_other_strike(
        &mut self,
        k: usize,
        judged: &PosteriorFrame,
        n: usize,
        now: FrameIndex,
        at: Seconds,
    ) {
        let key = &mut self.keys[k];
        let onset = shift_log_odds(judged.onset[k], self.live.sensitivity_shift);
        let mut threshold = if key.sounding.is_some() { self.config.restrike } else { self.config.onset };
        if judged.frame > now {
            threshold = threshold.max(self.config.sure_early);
        }
        let lag = now.0.saturating_sub(judged.frame.0) as u32;
        let rises = onset >= threshold && !key.risen_elsewhere[n];
        key.risen_elsewhere[n] = rises || (key.risen_elsewhere[n] && onset >= 0.5 * threshold);
        // Neither the strike that was taken a little earlier nor one since is taken again.
        let apart = key.since_strike >= lag.saturating_add(self.config.restrike_gap_frames);
        if rises && apart {
            key.since_strike = lag;
            let velocity = judged.velocity[k];
            let confirmed = judged.frame > now;
            key.pending = Some(Pending { at, strength: onset, velocity, age: lag, heard: false, confirmed });
        }
    }

    /// Looks whether a key sounds that was never surely struck: a slow attack, whose strike is spread over time. It began
    /// when a strike was likeliest.
    fn begin_softly(&mut self, k: usize, judged: &PosteriorFrame) {
        let config = &self.config;
        let key = &mut self.keys[k];
        let number = judged.frame.0 as usize;
        let strike = shift_log_odds(judged.onset[k], self.live.sensitivity_shift);
        key.past[number % SOFT_REACH] = (strike, judged.velocity[k]);
        let free = key.sounding.is_none() && key.pending.is_none();
        key.soft_run = if free && judged.sounding[k] >= config.soft { key.soft_run + 1 } else { 0 };
        if config.soft_frames == 0 || key.soft_run != config.soft_frames {
            return;
        }
        let run = (config.soft_frames as usize - 1).min(number);
        let mut back = run;
        let mut likeliest = key.past[(number - run) % SOFT_REACH];
        for frames in 0..SOFT_REACH.min(number + 1) {
            let then = key.past[(number - frames) % SOFT_REACH];
            if then.0 > likeliest.0 {
                (back, likeliest) = (frames, then);
            }
        }
        let (strength, velocity) = likeliest;
        if strength < config.soft_onset {
            return;
        }
        let at = judged.frame.seconds().0 - back as f64 * HOP_S + config.onset_shift_s;
        key.since_strike = 0;
        let at = Seconds(at.max(0.0));
        key.pending =
            Some(Pending { at, strength, velocity, age: back as u32, heard: false, confirmed: false });
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
        pending.heard |= frame.sounding[k] >= config.sounding_confirm;
        pending.confirmed |= pending.heard || pending.strength >= config.sure;
        // The strike itself is three frames of evidence: its rise, its peak, and the frame that saw it pass.
        let long_enough = pending.age + 2 >= self.live.minimum_frames;
        let faded = pending.heard && frame.sounding[k] < config.sounding_end.min(config.sounding_confirm);
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

#[cfg(test)]
#[path = "tracker_tests.rs"]
mod tests;
