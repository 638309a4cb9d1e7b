//! The forward recursion over all events at once.
//!
//! A state is "event `e` was the last one heard, at hop τ": the events form a hidden semi-Markov chain whose
//! durations follow each hypothesis' own tempo ([`super::tempo`]). Two more states stand beside the score: *rest*
//! (nothing is being played) and *stray* (something else is being played: noodling, tuning, another piece). Every
//! state predicts, for each key and hop, the rate at which onsets come; an onset with likelihood ratio Λ multiplies
//! a state that expects it at rate r by 1 + Λ·r, and every hop without one multiplies it by the survival of what it
//! waits for. Missed notes, extra notes, skips, stutters and jumps are all rates on this one scale, so what a
//! jump must prove follows from how rare jumps are.
//!
//! Cost: one addition and comparison an event and hop where the mass is negligible; an onset costs work only for
//! the events that the key means something to.
//!
//! # Reference
//! Cont 2010 (semi-Markov score following); Nakamura et al. 2015 (errors, jumps in O(events)). Deviations: durations
//! are collapsed, each event keeping the entry time of its heaviest way in; onsets are soft.

use super::FollowerSettings;
use super::events::{Interest, Relation, ScoreEvents};
use super::history::History;
use super::observation::{Evidence, Strike};
use super::relocate::Destinations;
use super::tempo::{Interval, TempoState};
use crate::units::KEYS;

/// How many events ahead the next heard one may be: 1 is the next, the others are skips.
pub(crate) const REACH: usize = 5;
/// Mass below which a hypothesis is dropped.
const NEGLIGIBLE: f32 = 1e-11;
/// Least probability that a whole event goes unheard: players leave out chords, too.
const SKIPPED: f32 = 2e-3;
/// Share of intervals that say nothing of the tempo: the player lingers, searches, turns a page.
const LINGER: f32 = 0.04;
/// An onset this many hops before a hypothesis' event may still be one of its notes.
const EARLY: f32 = 3.0;
/// A chord must have been held this long, in hops, before a strike of its keys is a repetition of it.
const CHORD_SPREAD: f32 = 8.0;
/// Spread of a chord's onsets in hops, plain and rolled: half-width of a Cauchy kernel.
const SPREAD: (f32, f32) = (2.0, 10.0);
/// Rate at which the keys of an ornament are struck while it lasts.
const ORNAMENT_RATE: f32 = 0.06;
/// Shares of repetitions that take up the present event again, the one before it, and the one before that.
const STUTTER_BACK: [f32; 3] = [1.0, 0.3, 0.2];
/// What a chord note not yet heard is held to cost at first, see `first_note`.
const CHORD_NOTE: f32 = 0.5;

/// What was expected to be the wait after an event: the distribution of the hop at which the next event is heard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    /// Until the next event.
    pub next: Interval,
    /// Until the one after it.
    pub second: Interval,
    /// Probability that the next goes unheard, and both.
    pub missed: (f32, f32),
}

impl Wait {
    /// Probability that nothing is heard for `age` hops.
    pub fn unheard(&self, age: f32) -> f32 {
        let first = lingering(self.next.survival(age));
        let second = self.second.survival(age).max(first);
        first + self.missed.0 * (second - first) + self.missed.1 * (1.0 - second)
    }

    /// The age at which the next event has begun with probability one half, if nothing was heard up to `age`.
    ///
    /// It may lie before `age`: then the next event has more likely gone unheard than not yet begun.
    pub fn median_arrival(&self, age: f32) -> f32 {
        // Solves lingering(S) = half for the square root of S.
        let half = 0.5 * self.unheard(age);
        let root = ((LINGER * LINGER + 4.0 * (1.0 - LINGER) * half).sqrt() - LINGER) / (2.0 * (1.0 - LINGER));
        self.next.age_at(root * root)
    }
}

/// A survival probability with the tail of those who linger; the tail fades with 1/age through the t-distribution.
fn lingering(survival: f32) -> f32 {
    (1.0 - LINGER) * survival + LINGER * survival.sqrt()
}

/// A change to one event, computed from the state before the strike.
#[derive(Clone, Copy, Debug)]
struct Change {
    event: usize,
    mass: f32,
    /// The tempo and way it is entered with, where entering outweighs staying.
    entry: Option<(TempoState, Origin)>,
}

/// Where the mass of a state comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The hypothesis at this event.
    Event(usize),
    /// A rest.
    Rest,
    /// Stray playing.
    Stray,
}

/// How ways that lead to the same state add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ways {
    /// All count: the mass is a probability (forward algorithm).
    Sum,
    /// The heaviest counts: the mass is that of the best single way (Viterbi algorithm).
    Best,
}

impl Ways {
    fn join(self, a: f32, b: f32) -> f32 {
        match self {
            Ways::Sum => a + b,
            Ways::Best => a.max(b),
        }
    }
}

/// The posterior over where the player is.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    /// Probability that this was the last event heard.
    pub mass: Vec<f32>,
    /// When it was heard, in hops.
    pub entered: Vec<f32>,
    /// The tempo of that hypothesis.
    pub tempo: Vec<TempoState>,
    wait: Vec<Wait>,
    /// Probability that something other than the score is played.
    pub stray: f32,
    /// Probability that nothing is being played.
    pub rest: f32,
    /// The heaviest event.
    pub best: usize,
    /// Tempo that hypotheses without a past of their own assume.
    pub usual_tempo: TempoState,
    last_strike: [f32; KEYS],
    changes: Vec<Change>,
    ways: Ways,
    history: Option<History>,
}

impl Decoder {
    /// Waiting for playing to start.
    pub fn new(events: &ScoreEvents, settings: &FollowerSettings) -> Decoder {
        let tempo = TempoState { log_ratio: 0.0, variance: settings.tempo_variance.0 };
        let wait = (0..events.len()).map(|event| wait_after(events, settings, event, tempo)).collect();
        Decoder {
            mass: vec![0.0; events.len()],
            entered: vec![0.0; events.len()],
            tempo: vec![tempo; events.len()],
            wait,
            stray: 0.05,
            rest: 0.95,
            best: 0,
            usual_tempo: tempo,
            last_strike: [f32::NEG_INFINITY; KEYS],
            changes: Vec::with_capacity(events.len()),
            ways: Ways::Sum,
            history: None,
        }
    }

    /// A decoder of the best single way through a whole recording, which remembers how it came to every state.
    pub fn with_history(events: &ScoreEvents, settings: &FollowerSettings) -> Decoder {
        Decoder {
            ways: Ways::Best,
            history: Some(History::new(events.len())),
            ..Decoder::new(events, settings)
        }
    }

    /// The events on the best way to the present, and the hops at which they were heard.
    pub fn best_way(&self) -> Vec<(usize, f32)> {
        let Some(history) = &self.history else { return Vec::new() };
        let state = if self.mass.get(self.best).is_some_and(|&mass| mass >= self.rest.max(self.stray)) {
            Origin::Event(self.best)
        } else if self.rest >= self.stray {
            Origin::Rest
        } else {
            Origin::Stray
        };
        history.way_to(state)
    }

    /// Everything is forgotten but the tempo: playing is waited for.
    pub fn forget_place(&mut self) {
        self.mass.fill(0.0);
        (self.rest, self.stray) = (0.95, 0.05);
    }

    /// The wait that the hypothesis at `event` is in.
    pub fn wait(&self, event: usize) -> Wait {
        self.wait[event]
    }

    /// One hop of evidence, at hop `now`. Afterwards all probabilities sum to 1.
    pub fn advance(
        &mut self,
        events: &ScoreEvents,
        places: &Destinations,
        settings: &FollowerSettings,
        evidence: &Evidence,
        now: f32,
    ) {
        for strike in &evidence.strikes {
            self.strike(events, places, settings, *strike, now);
        }
        self.elapse(settings, evidence.quiet, evidence.strikes.is_empty(), now);
    }

    /// An onset. All factors are relative to that of a state which does not expect it.
    fn strike(
        &mut self,
        events: &ScoreEvents,
        places: &Destinations,
        settings: &FollowerSettings,
        strike: Strike,
        now: f32,
    ) {
        let key = strike.key;
        let share = events.key_share[key];
        let unexpected = 1.0 / strike.odds + settings.extra * share;
        let ways = self.ways;
        let playing = match ways {
            Ways::Sum => (1.0 - self.rest - self.stray).max(0.0),
            Ways::Best => self.mass[self.best],
        };
        let stray_notes = settings.stray_notes * share;
        let jumping = [
            (Origin::Event(self.best), settings.jump * playing),
            (Origin::Stray, settings.stray.1 * self.stray),
        ];
        let starting = settings.start * self.rest;

        let mut changes = std::mem::take(&mut self.changes);
        changes.clear();
        for &Interest { event, relation } in events.interested(key) {
            let event = event as usize;
            if !places.allows(event) {
                continue;
            }
            let struck = relation == Relation::Struck;
            let stays = if self.mass[event] > NEGLIGIBLE {
                let expected = self.still_expected(events, settings, event, relation, key, now);
                self.mass[event] * (1.0 + expected / unexpected)
            } else {
                0.0
            };
            let mut enters = 0.0;
            let (mut heaviest, mut from) = (0.0, Origin::Rest);
            let mut enter = |origin: Origin, flow: f32| {
                enters = ways.join(enters, flow);
                if flow > heaviest {
                    (heaviest, from) = (flow, origin);
                }
            };
            if struck || relation == Relation::Slip {
                for origin in (event.saturating_sub(REACH)..event).rev() {
                    if self.mass[origin] > NEGLIGIBLE {
                        let arrival = self.arrival(events, settings, origin, event, now);
                        enter(Origin::Event(origin), self.mass[origin] * arrival);
                    }
                }
            }
            if struck {
                for (origin, share) in (event..self.mass.len()).zip(STUTTER_BACK) {
                    if self.mass[origin] > NEGLIGIBLE && now - self.entered[origin] >= CHORD_SPREAD {
                        enter(Origin::Event(origin), settings.stutter * share * self.mass[origin]);
                    }
                }
                for (origin, rate) in jumping {
                    enter(origin, rate * places.jump[event]);
                }
                enter(Origin::Rest, starting * places.start(event));
            }
            let first = match relation {
                Relation::Struck => first_note(events.count[event]),
                _ => settings.slip,
            };
            let enters = enters * first / unexpected;
            let entry = (enters > stays).then(|| {
                let tempo = match from {
                    Origin::Event(origin) if (event.saturating_sub(REACH)..event).contains(&origin) => {
                        self.tempo_on_arrival(events, settings, origin, event, now)
                    }
                    Origin::Event(origin) if (event..event + STUTTER_BACK.len()).contains(&origin) => {
                        self.tempo[origin]
                    }
                    _ => {
                        let variance = self.usual_tempo.variance.max(settings.tempo_variance.1);
                        TempoState { variance, ..self.usual_tempo }
                    }
                };
                (tempo, from)
            });
            let mass = ways.join(stays, enters);
            if mass > NEGLIGIBLE {
                changes.push(Change { event, mass, entry });
            }
        }
        let stays_stray = self.stray * (1.0 + stray_notes / unexpected);
        let from_playing = settings.stray.0 * playing * stray_notes / unexpected;
        let from_rest = STRAY_AFTER_REST * self.rest * stray_notes / unexpected;
        if let Some(history) = &mut self.history {
            if from_playing.max(from_rest) > stays_stray {
                let origin = if from_playing > from_rest { Origin::Event(self.best) } else { Origin::Rest };
                history.stray(origin);
            }
            let entries = changes.iter().filter_map(|change| Some((change.event, change.entry?.1)));
            history.enter(entries, now);
        }
        self.stray = ways.join(ways.join(stays_stray, from_playing), from_rest);
        for change in &changes {
            self.mass[change.event] = change.mass;
            if let Some((tempo, _)) = change.entry {
                self.entered[change.event] = now;
                self.tempo[change.event] = tempo;
                self.wait[change.event] = wait_after(events, settings, change.event, tempo);
            }
        }
        self.changes = changes;
        self.last_strike[key] = now;
        self.normalise();
    }

    /// Rate at which the hypothesis at `event` still expects onsets of `key`.
    fn still_expected(
        &self,
        events: &ScoreEvents,
        settings: &FollowerSettings,
        event: usize,
        relation: Relation,
        key: usize,
        now: f32,
    ) -> f32 {
        let age = now - self.entered[event];
        let width = if events.rolled[event] { SPREAD.1 } else { SPREAD.0 };
        // A Cauchy kernel over ages from 0 on, whose sum over hops is about 1.
        let near = 1.0 / ((1.0 + (age / width).powi(2)) * (0.5 + std::f32::consts::FRAC_PI_2 * width));
        match relation {
            // Each key once; what `first_note` took off in advance is given back.
            Relation::Struck if self.last_strike[key] < self.entered[event] - EARLY => near / CHORD_NOTE,
            Relation::Struck | Relation::Slip => 0.0,
            Relation::Ghost => settings.ghost * near,
            Relation::Ornament => ORNAMENT_RATE,
        }
    }

    /// Rate at which `event` is heard now, if `origin` was the last one heard and nothing was since.
    fn arrival(
        &self,
        events: &ScoreEvents,
        settings: &FollowerSettings,
        origin: usize,
        event: usize,
        now: f32,
    ) -> f32 {
        let age = now - self.entered[origin];
        let wait = &self.wait[origin];
        let mut missed = 1.0;
        let interval = match event - origin {
            1 => wait.next,
            2 => {
                missed = wait.missed.0;
                wait.second
            }
            _ => {
                for between in origin + 1..event {
                    missed *= unheard(events, settings, between);
                }
                let notated = events.interval[origin..event].iter().sum();
                self.tempo[origin].expects(notated, settings.interval)
            }
        };
        let density = interval.hazard(age) * interval.survival(age);
        let lingering = if event - origin == 1 { LINGER * 0.25 / (age + interval.centre) } else { 0.0 };
        (missed * (density + lingering) / wait.unheard(age).max(1e-9)).min(0.9)
    }

    fn tempo_on_arrival(
        &self,
        events: &ScoreEvents,
        settings: &FollowerSettings,
        origin: usize,
        event: usize,
        now: f32,
    ) -> TempoState {
        let notated: f32 = events.interval[origin..event].iter().sum();
        let played = now - self.entered[origin];
        if events.fermata[origin] {
            return self.tempo[origin];
        }
        let drift = settings.tempo_variance.2 * (event - origin) as f32;
        self.tempo[origin].observed(notated, played, settings.interval, drift)
    }

    /// Time passes: what was waited for and did not come counts against each hypothesis.
    fn elapse(&mut self, settings: &FollowerSettings, quiet: bool, silent_hop: bool, now: f32) {
        let stop = if quiet { settings.stop.0 } else { settings.stop.1 };
        let (mut stopped, mut most_stopped, mut stopped_at) = (0.0, 0.0, Origin::Rest);
        let last = self.mass.len().saturating_sub(1);
        for event in 0..self.mass.len() {
            let mass = self.mass[event];
            if mass <= NEGLIGIBLE {
                continue;
            }
            let age = now - self.entered[event];
            let mut kept = mass;
            if event < last && age >= 0.0 {
                let wait = &self.wait[event];
                kept *= (wait.unheard(age + 1.0) / wait.unheard(age).max(1e-9)).min(1.0);
            }
            stopped = self.ways.join(stopped, kept * stop);
            if kept * stop > most_stopped {
                (most_stopped, stopped_at) = (kept * stop, Origin::Event(event));
            }
            self.mass[event] = kept * (1.0 - stop);
        }
        if silent_hop {
            self.stray *= 1.0 - settings.stray_notes;
        }
        let calmed = self.stray * stop;
        self.stray -= calmed;
        let resting = self.rest * (1.0 - settings.start);
        if let Some(history) = &mut self.history
            && stopped.max(calmed) > resting
        {
            history.rest(if stopped > calmed { stopped_at } else { Origin::Stray });
        }
        self.rest = self.ways.join(self.ways.join(resting, stopped), calmed);
        self.normalise();
    }

    fn normalise(&mut self) {
        let (mut total, mut best, mut most) = (0.0f32, self.best, 0.0);
        for (event, mass) in self.mass.iter_mut().enumerate() {
            if *mass <= NEGLIGIBLE {
                *mass = 0.0;
                continue;
            }
            total += *mass;
            if *mass > most {
                (most, best) = (*mass, event);
            }
        }
        total += self.rest + self.stray;
        self.best = best;
        if !(total.is_finite() && total > 0.0) {
            self.forget_place();
            return;
        }
        let scale = 1.0 / total;
        for mass in &mut self.mass {
            *mass *= scale;
        }
        // Neither may vanish: a later change of mind would take too long.
        self.rest = (self.rest * scale).max(LEAST_REST);
        self.stray = (self.stray * scale).max(LEAST_STRAY);
    }
}

/// Rate, relative to the notes of stray playing, at which playing after a rest is stray.
const STRAY_AFTER_REST: f32 = 0.05;
/// Least probability of resting and of straying.
const LEAST_REST: f32 = 1e-7;
/// See [`LEAST_REST`].
const LEAST_STRAY: f32 = 1e-6;

/// Probability that one given note of an event with `count` keys is the first of them to be heard, less what the
/// others are held to cost as long as they have not come.
fn first_note(count: u8) -> f32 {
    CHORD_NOTE.powi(i32::from(count) - 1) / f32::from(count.max(1))
}

/// Probability that nothing of `event` is heard.
fn unheard(events: &ScoreEvents, settings: &FollowerSettings, event: usize) -> f32 {
    events.count.get(event).map_or(1.0, |&count| settings.miss.powi(i32::from(count)).max(SKIPPED))
}

fn wait_after(events: &ScoreEvents, settings: &FollowerSettings, event: usize, tempo: TempoState) -> Wait {
    let notated = events.interval[event];
    let further = notated + events.interval.get(event + 1).copied().unwrap_or(notated);
    let mut next = tempo.expects(notated, settings.interval);
    if events.fermata[event] {
        next.centre *= 1.5;
        next.scale = next.scale.max(0.5 * next.centre);
    }
    let missed = unheard(events, settings, event + 1);
    Wait {
        next,
        second: tempo.expects(further, settings.interval),
        missed: (missed, missed * unheard(events, settings, event + 2)),
    }
}

#[cfg(test)]
#[path = "decoder_tests.rs"]
mod tests;
