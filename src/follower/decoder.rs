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
//! Cost: vector sweeps over blocks of events ([`super::hypotheses`]), one a hop and three an onset, in which blocks
//! without mass cost one comparison; besides, an onset costs work only for the events that the key means something to.
//!
//! # Reference
//! Cont 2010 (semi-Markov score following); Nakamura et al. 2015 (errors, jumps in O(events)). Deviations: durations
//! are collapsed, each event keeping two entry times, those of its heaviest ways in; onsets are soft.

use super::FollowerSettings;
use super::events::{Interest, Relation, ScoreEvents};
use super::history::History;
use super::hypotheses::{CLOCKS, Hypotheses, NEGLIGIBLE, Slot, Ways};
use super::observation::{Evidence, Strike};
use super::relocate::Destinations;
use super::tempo::TempoState;
use super::wait::Wait;
use crate::units::KEYS;

/// An onset this many hops before a hypothesis' event may still be one of its notes.
pub(super) const EARLY: f32 = 3.0;
/// A chord must have been held this long, in hops, before a strike of its keys is a repetition of it.
pub(super) const CHORD_SPREAD: f32 = 8.0;
/// Spread of a chord's onsets in hops, plain and rolled: half-width of a Cauchy kernel.
pub(super) const SPREAD: (f32, f32) = (2.0, 10.0);
/// Rate at which the keys of an ornament are struck while it lasts.
pub(super) const ORNAMENT_RATE: f32 = 0.06;
/// Shares of repetitions that take up the present event again, the one before it, and the one before that.
pub(super) const STUTTER_BACK: [f32; 3] = [1.0, 0.3, 0.05];
/// What a chord note not yet heard is held to cost at first, see `first_note`.
pub(super) const CHORD_NOTE: f32 = 0.5;
/// Rate, relative to the notes of stray playing, at which playing after a rest is stray.
pub(super) const STRAY_AFTER_REST: f32 = 0.05;
/// Least probability of resting and of straying: neither may vanish, a later change of mind would take too long.
pub(super) const LEAST: (f32, f32) = (1e-7, 1e-6);
/// Probabilities of resting and of straying at first.
pub(super) const AT_FIRST: (f32, f32) = (0.95, 0.05);

/// A change to one event, computed from the state before the strike.
#[derive(Clone, Copy, Debug)]
struct Change {
    event: usize,
    masses: [f32; CLOCKS],
    /// Where entering outweighs what stays.
    entry: Option<Entry>,
}

/// A clock that begins anew.
#[derive(Clone, Copy, Debug)]
struct Entry {
    clock: usize,
    from: Origin,
    /// The event at which that playing began.
    began: usize,
    tempo: TempoState,
}

/// Where the mass of a state comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The hypothesis from which the new one goes on or back: it keeps the tempo.
    Event(Slot),
    /// A jump from this hypothesis.
    Jump(Slot),
    /// A rest.
    Rest,
    /// Stray playing.
    Stray,
}

/// The posterior over where the player is.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    /// For each event, that it was the last one heard.
    pub hypotheses: Hypotheses,
    /// Probability that something other than the score is played.
    pub stray: f32,
    /// Probability that nothing is being played.
    pub rest: f32,
    /// The heaviest event.
    pub best: usize,
    /// Tempo that hypotheses without a past of their own assume.
    pub usual_tempo: TempoState,
    /// Mass of all events together; in f64, since it is kept up by differences within a hop.
    playing: f64,
    last_strike: [f32; KEYS],
    changes: Vec<Change>,
    ways: Ways,
    history: Option<History>,
}

/// What the same strike is to all events.
struct Struck {
    key: usize,
    now: f32,
    /// Rate, beside which those of the events stand, at which the score leads nobody to expect this.
    unexpected: f32,
    /// Mass that comes by jumps, the heavier part of it, and where that is from.
    jumping: (f32, f32, Origin),
    /// Mass that starts to play.
    starting: f32,
    /// The tempo of those who come by a jump or start.
    anew: TempoState,
}

impl Decoder {
    /// Waiting for playing to start.
    pub fn new(events: &ScoreEvents, settings: &FollowerSettings) -> Decoder {
        Decoder {
            hypotheses: Hypotheses::new(events, settings),
            stray: AT_FIRST.1,
            rest: AT_FIRST.0,
            best: 0,
            usual_tempo: TempoState { log_ratio: 0.0, variance: settings.tempo_variance.0 },
            playing: 0.0,
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
        let state = if self.best_mass() >= self.rest.max(self.stray) {
            Origin::Event(self.hypotheses.lead(self.best))
        } else if self.rest >= self.stray {
            Origin::Rest
        } else {
            Origin::Stray
        };
        history.way_to(state)
    }

    /// Mass of the heaviest event.
    pub fn best_mass(&self) -> f32 {
        self.hypotheses.masses().get(self.best).copied().unwrap_or(0.0)
    }

    /// Everything is forgotten but the tempo: playing is waited for.
    pub fn forget_place(&mut self) {
        self.hypotheses.clear();
        self.playing = 0.0;
        (self.rest, self.stray) = AT_FIRST;
    }

    /// Only events for which `allowed` is true stay possible: what was elsewhere is free to be anywhere.
    pub fn keep_only(&mut self, allowed: impl Fn(usize) -> bool) {
        let mut freed = 0.0;
        for event in 0..self.hypotheses.masses().len() {
            let mass = self.hypotheses.mass(event);
            if mass > 0.0 && !allowed(event) {
                self.hypotheses.set_masses(event, [0.0; CLOCKS]);
                freed += mass;
            }
        }
        self.rest += freed;
        self.playing -= f64::from(freed);
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
        let share = events.key_share[strike.key];
        let ways = self.ways;
        let playing = match ways {
            Ways::Sum => (1.0 - self.rest - self.stray).max(0.0),
            Ways::Best => self.best_mass(),
        };
        let (jumps, returns) = (settings.jump * playing, settings.stray.1 * self.stray);
        let from =
            if jumps >= returns { Origin::Jump(self.hypotheses.lead(self.best)) } else { Origin::Stray };
        let struck = Struck {
            key: strike.key,
            now,
            unexpected: 1.0 / strike.odds + settings.extra * share,
            jumping: (ways.join(jumps, returns), jumps.max(returns), from),
            starting: settings.start * self.rest,
            anew: TempoState {
                variance: self.usual_tempo.variance.max(settings.tempo_variance.1),
                ..self.usual_tempo
            },
        };
        self.hypotheses.find_arrivals(ways, settings.interval, now);
        let mut changes = std::mem::take(&mut self.changes);
        changes.clear();
        for &Interest { event, relation } in events.interested(strike.key) {
            let event = event as usize;
            if places.allows(event) {
                changes.extend(self.change(events, places, settings, &struck, event, relation));
            }
        }
        self.stray_on(settings.stray_notes * share / struck.unexpected, settings.stray.0 * playing);
        if let Some(history) = &mut self.history {
            let entries = changes.iter().filter_map(|change| {
                let Entry { clock, from, .. } = change.entry?;
                Some((Slot { event: change.event, clock }, from))
            });
            history.enter(entries, now);
        }
        self.changes = changes;
        self.enter(events, settings, &struck);
        self.last_strike[strike.key] = now;
        self.normalise();
    }

    /// What the strike does to one event, if anything.
    fn change(
        &self,
        events: &ScoreEvents,
        places: &Destinations,
        settings: &FollowerSettings,
        strike: &Struck,
        event: usize,
        relation: Relation,
    ) -> Option<Change> {
        let mut masses = self.hypotheses.masses_at(event);
        for (clock, mass) in masses.iter_mut().enumerate().filter(|(_, mass)| **mass > 0.0) {
            let expected = self.still_expected(events, settings, Slot { event, clock }, relation, strike);
            *mass *= 1.0 + expected / strike.unexpected;
        }
        let (mut enters, mut heaviest, mut from) = (0.0, 0.0, Origin::Rest);
        let mut enter = |origin: Origin, flow: f32, most: f32| {
            enters = self.ways.join(enters, flow);
            if most > heaviest {
                (heaviest, from) = (most, origin);
            }
        };
        let struck = relation == Relation::Struck;
        if struck || relation == Relation::Slip {
            if let Some(arrival) = self.hypotheses.arrival(event) {
                enter(Origin::Event(arrival.from), arrival.flow, arrival.most);
            } else if !struck {
                return None;
            }
        }
        if struck {
            for (origin, share) in (event..events.len()).zip(STUTTER_BACK) {
                for (clock, mass) in self.hypotheses.masses_at(origin).into_iter().enumerate() {
                    let origin = Slot { event: origin, clock };
                    if mass > 0.0 && strike.now - self.hypotheses.entered(origin) >= CHORD_SPREAD {
                        let flow = settings.stutter * share * mass;
                        enter(Origin::Event(origin), flow, flow);
                    }
                }
            }
            let (flow, most, origin) = strike.jumping;
            enter(origin, flow * places.jump[event], most * places.jump[event]);
            let starts = strike.starting * places.start(event);
            enter(Origin::Rest, starts, starts);
        }
        let first = if struck { first_note(events.count[event]) } else { settings.slip };
        let enters = enters * first / strike.unexpected;
        let clock = self.clock_for(event, strike.now, &masses);
        let stays = masses[clock];
        masses[clock] = self.ways.join(stays, enters);
        (masses.iter().sum::<f32>() > NEGLIGIBLE).then(|| {
            let entry = (enters > stays).then(|| {
                let (began, tempo) = match from {
                    Origin::Event(origin) if origin.event < event => (
                        self.hypotheses.began(origin),
                        self.tempo_on_arrival(events, settings, origin, event, strike.now),
                    ),
                    Origin::Event(origin) => {
                        (self.hypotheses.began(origin).min(event), self.hypotheses.tempo(origin))
                    }
                    Origin::Jump(_) | Origin::Rest | Origin::Stray => (event, strike.anew),
                };
                Entry { clock, from, began, tempo }
            });
            Change { event, masses, entry }
        })
    }

    /// The clock that is to hold who hears `event` at hop `now`: one that began just now, or else the lightest.
    fn clock_for(&self, event: usize, now: f32, masses: &[f32; CLOCKS]) -> usize {
        let fresh = |clock: usize| {
            masses[clock] > 0.0 && now - self.hypotheses.entered(Slot { event, clock }) <= EARLY
        };
        let mut clocks = 0..CLOCKS;
        clocks.clone().find(|&clock| fresh(clock)).unwrap_or_else(|| {
            let first = clocks.next().unwrap_or(0);
            clocks.fold(first, |light, clock| if masses[clock] < masses[light] { clock } else { light })
        })
    }

    /// Rate at which the hypothesis `slot` still expects onsets of the key struck.
    fn still_expected(
        &self,
        events: &ScoreEvents,
        settings: &FollowerSettings,
        slot: Slot,
        relation: Relation,
        strike: &Struck,
    ) -> f32 {
        let entered = self.hypotheses.entered(slot);
        let age = strike.now - entered;
        let width = if events.rolled[slot.event] { SPREAD.1 } else { SPREAD.0 };
        // A Cauchy kernel over ages from 0 on, whose sum over hops is about 1.
        let near = 1.0 / ((1.0 + (age / width).powi(2)) * (0.5 + std::f32::consts::FRAC_PI_2 * width));
        match relation {
            // Each key once; what `first_note` took off in advance is given back.
            Relation::Struck if self.last_strike[strike.key] < entered - EARLY => near / CHORD_NOTE,
            Relation::Struck | Relation::Slip => 0.0,
            Relation::Ghost => settings.ghost * near,
            Relation::Ornament => ORNAMENT_RATE,
        }
    }

    /// Stray playing expects any onset at `expected` times the rate at which the score does not; `strays` begins now.
    fn stray_on(&mut self, expected: f32, strays: f32) {
        let stays = self.stray * (1.0 + expected);
        let from_playing = strays * expected;
        let from_rest = STRAY_AFTER_REST * self.rest * expected;
        if let Some(history) = &mut self.history
            && from_playing.max(from_rest) > stays
        {
            let best = Origin::Event(self.hypotheses.lead(self.best));
            history.stray(if from_playing > from_rest { best } else { Origin::Rest });
        }
        self.stray = self.ways.join(self.ways.join(stays, from_playing), from_rest);
    }

    /// Makes the changes, which were found from the state before any of them.
    fn enter(&mut self, events: &ScoreEvents, settings: &FollowerSettings, strike: &Struck) {
        let ratio_anew = strike.anew.log_ratio.exp();
        let changes = std::mem::take(&mut self.changes);
        for change in &changes {
            for (after, before) in change.masses.into_iter().zip(self.hypotheses.masses_at(change.event)) {
                self.playing += f64::from(after) - f64::from(before);
            }
            self.hypotheses.set_masses(change.event, change.masses);
            let Some(Entry { clock, from, began, tempo }) = change.entry else { continue };
            let ratio = match from {
                Origin::Event(_) => tempo.log_ratio.exp(),
                Origin::Jump(_) | Origin::Rest | Origin::Stray => ratio_anew,
            };
            let misses = self.hypotheses.misses();
            let wait = Wait::after(events, misses, settings.interval, change.event, tempo, ratio);
            let slot = Slot { event: change.event, clock };
            self.hypotheses.enter(slot, (strike.now, began), tempo, ratio, wait);
        }
        self.changes = changes;
    }

    fn tempo_on_arrival(
        &self,
        events: &ScoreEvents,
        settings: &FollowerSettings,
        origin: Slot,
        event: usize,
        now: f32,
    ) -> TempoState {
        let tempo = self.hypotheses.tempo(origin);
        if events.fermata[origin.event] {
            return tempo;
        }
        let notated: f32 = events.interval[origin.event..event].iter().sum();
        let played = now - self.hypotheses.entered(origin);
        let drift = settings.tempo_variance.2 * (event - origin.event) as f32;
        tempo.observed(notated, played, settings.interval, drift)
    }

    /// Time passes: what was waited for and did not come counts against each hypothesis.
    fn elapse(&mut self, settings: &FollowerSettings, quiet: bool, silent_hop: bool, now: f32) {
        let stop = if quiet { settings.stop.0 } else { settings.stop.1 };
        let (left, stopped) = self.hypotheses.wait_on(self.ways, stop, now);
        self.playing = f64::from(left);
        if silent_hop {
            self.stray *= 1.0 - settings.stray_notes;
        }
        let calmed = self.stray * stop;
        self.stray -= calmed;
        let resting = self.rest * (1.0 - settings.start);
        self.rest = self.ways.join(self.ways.join(resting, stopped), calmed);
        self.normalise();
        if let Some(history) = &mut self.history
            && stopped.max(calmed) > resting
        {
            // All stop at the same rate: the heaviest that is left was the heaviest that stopped.
            let best = Origin::Event(self.hypotheses.lead(self.best));
            history.rest(if stopped > calmed { best } else { Origin::Stray });
        }
    }

    fn normalise(&mut self) {
        let total = self.playing + f64::from(self.rest + self.stray);
        if !(total.is_finite() && total > 0.0) {
            self.forget_place();
            return;
        }
        let scale = 1.0 / total;
        if let Some(best) = self.hypotheses.scale(self.ways, scale as f32) {
            self.best = best;
        }
        self.playing *= scale;
        self.rest = (self.rest * scale as f32).max(LEAST.0);
        self.stray = (self.stray * scale as f32).max(LEAST.1);
    }
}

/// Probability that one given note of an event with `count` keys is the first of them to be heard, less what the
/// others are held to cost as long as they have not come.
pub(super) fn first_note(count: u8) -> f32 {
    CHORD_NOTE.powi(i32::from(count) - 1) / f32::from(count.max(1))
}

#[cfg(test)]
#[path = "decoder_tests.rs"]
mod tests;
