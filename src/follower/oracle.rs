//! The follower's model written down plainly, in f64 and with no thought of speed: what the fast recursion and the
//! second pass are held to.

use crate::follower::FollowerSettings;
use crate::follower::decoder::{AT_FIRST, CHORD_NOTE, CHORD_SPREAD, EARLY, LEAST, ORNAMENT_RATE, SPREAD};
use crate::follower::decoder::{STRAY_AFTER_REST, STUTTER_BACK};
use crate::follower::events::{Relation, ScoreEvents};
use crate::follower::hypotheses::{CLOCKS, NEGLIGIBLE, REACH};
use crate::follower::observation::{Evidence, Strike};
use crate::follower::relocate::Destinations;
use crate::follower::sweep::{LEAST_UNHEARD, LINGERER, MOST_ARRIVING};
use crate::follower::wait::LINGER;

/// Logarithm of the tempo ratio, and its variance.
pub type Tempo = (f64, f64);

/// Someone who last heard `event`.
#[derive(Clone, Copy, Debug)]
pub struct At {
    pub event: usize,
    pub entered: f64,
    pub tempo: Tempo,
    /// Probability of the silence since.
    pub unheard: f64,
}

/// The model of one score.
pub struct Model<'a> {
    pub events: &'a ScoreEvents,
    pub places: &'a Destinations,
    pub settings: &'a FollowerSettings,
}

impl Model<'_> {
    fn scatter(&self) -> (f64, f64) {
        (self.settings.interval.0.into(), self.settings.interval.1.into())
    }

    fn interval(&self, from: usize, to: usize) -> f64 {
        let notated = |event: usize| self.events.interval.get(event).or(self.events.interval.last());
        (from..to).map(|event| f64::from(notated(event).copied().unwrap_or(1.0))).sum()
    }

    /// Centre and scale of the interval from `from` to `to`.
    fn expected(&self, from: usize, to: usize, tempo: Tempo) -> (f64, f64) {
        let mut centre = self.interval(from, to) * tempo.0.exp();
        let (relative, absolute) = self.scatter();
        let mut scale = (centre * centre * (tempo.1 + relative * relative) + absolute * absolute).sqrt();
        if to == from + 1 && self.events.fermata[from] {
            centre *= 1.5;
            scale = scale.max(0.5 * centre);
        }
        (centre, scale)
    }

    fn missed(&self, event: usize) -> f64 {
        let count = self.events.count.get(event).copied();
        count.map_or(1.0, |count| f64::from(self.settings.miss).powi(count.into()).max(2e-3))
    }

    /// Probability that nothing is heard in the first `age` hops after `event`.
    pub fn silence(&self, event: usize, tempo: Tempo, age: f64) -> f64 {
        let (centre, scale) = self.expected(event, event + 1, tempo);
        let next = survival(age, centre, scale);
        let linger = f64::from(LINGER);
        let first = (1.0 - linger) * next + linger * next.sqrt();
        let (centre, scale) = self.expected(event, event + 2, tempo);
        let tail = survival(age, centre, scale).sqrt();
        let second = survival(age, centre, scale).max(first);
        let (one, both) = (self.missed(event + 1), self.missed(event + 1) * self.missed(event + 2));
        let further = (tail + both * (1.0 - tail)).max(second);
        first * (1.0 - one) + second * (one - both) + both * further
    }

    /// Rate at which someone at `at` goes on to `event` now.
    fn arrives(&self, at: &At, event: usize, now: f64) -> f64 {
        if event <= at.event || event > at.event + REACH {
            return 0.0;
        }
        let age = now - at.entered;
        let (centre, scale) = self.expected(at.event, event, at.tempo);
        let x = (age - centre) / scale;
        let density = 1.0 / (scale * (2.0 + x * x).powf(1.5));
        let mut rate = density.min(f64::from(MOST_ARRIVING) * survival(age, centre, scale));
        if event == at.event + 1 {
            rate += f64::from(LINGERER) / (age + centre);
        }
        rate *= (at.event + 1..event).map(|between| self.missed(between)).product::<f64>();
        (rate / at.unheard.max(LEAST_UNHEARD.into())).min(MOST_ARRIVING.into())
    }

    /// Rate at which someone at `at` takes up `event` again.
    fn stutters(&self, at: &At, event: usize, now: f64) -> f64 {
        let back = at.event.checked_sub(event).filter(|_| now - at.entered >= CHORD_SPREAD.into());
        let share = back.and_then(|back| STUTTER_BACK.get(back));
        share.map_or(0.0, |&share| f64::from(self.settings.stutter * share))
    }

    /// The tempo with which someone at `at` hears `event` by going on or taking up.
    fn tempo(&self, at: &At, event: usize, now: f64) -> Tempo {
        if event <= at.event || self.events.fermata[at.event] {
            return at.tempo;
        }
        let expected = self.interval(at.event, event) * at.tempo.0.exp();
        let innovation = ((now - at.entered).max(0.5) / expected).ln();
        let prior = at.tempo.1 + f64::from(self.settings.tempo_variance.2) * (event - at.event) as f64;
        let (relative, absolute) = self.scatter();
        let noise = relative * relative + (absolute / expected).powi(2);
        let surprise: f64 = innovation * innovation / (prior + noise);
        let gain = 3.0 / (2.0 + surprise.max(1.0)) * prior / (prior + noise);
        ((at.tempo.0 + gain * innovation).clamp(-2.0, 2.0), (1.0 - gain) * prior)
    }

    /// Rate at which someone at `at` expects more of what `key` is to that event.
    fn expects(&self, at: &At, relation: Relation, last_strike: f64, now: f64) -> f64 {
        let width = f64::from(if self.events.rolled[at.event] { SPREAD.1 } else { SPREAD.0 });
        let age = (now - at.entered) / width;
        let near = 1.0 / ((1.0 + age * age) * (0.5 + std::f64::consts::FRAC_PI_2 * width));
        match relation {
            Relation::Struck if last_strike < at.entered - f64::from(EARLY) => near / f64::from(CHORD_NOTE),
            Relation::Struck | Relation::Slip => 0.0,
            Relation::Ghost => f64::from(self.settings.ghost) * near,
            Relation::Ornament => ORNAMENT_RATE.into(),
        }
    }

    /// Probability that this key is the first of `event` to be heard.
    fn first(&self, event: usize, relation: Relation) -> f64 {
        let count = self.events.count[event];
        match relation {
            Relation::Struck => f64::from(CHORD_NOTE).powi(i32::from(count) - 1) / f64::from(count),
            _ => self.settings.slip.into(),
        }
    }

    fn relation(&self, key: usize, event: usize) -> Option<Relation> {
        let interests = self.events.interested(key);
        interests.iter().find(|interest| interest.event as usize == event).map(|interest| interest.relation)
    }

    fn entering(&self, event: usize, now: f64, tempo: Tempo) -> At {
        At { event, entered: now, tempo, unheard: self.silence(event, tempo, 0.0) }
    }

    fn stop(&self, quiet: bool) -> f64 {
        if quiet { self.settings.stop.0 } else { self.settings.stop.1 }.into()
    }
}

fn survival(age: f64, centre: f64, scale: f64) -> f64 {
    let x = (age - centre) / scale;
    0.5 * (1.0 - x / (2.0 + x * x).sqrt())
}

/// The forward recursion in O(N²): at each strike, from every event to every other.
pub struct Forward<'a> {
    model: Model<'a>,
    /// Mass of every event's clocks, and what they stand for.
    pub mass: Vec<[f64; CLOCKS]>,
    pub at: Vec<[At; CLOCKS]>,
    pub rest: f64,
    pub stray: f64,
    usual: Tempo,
    last_strike: [f64; 88],
}

impl<'a> Forward<'a> {
    pub fn new(model: Model<'a>) -> Forward<'a> {
        let usual = (0.0, model.settings.tempo_variance.0.into());
        let count = model.events.len();
        Forward {
            mass: vec![[0.0; CLOCKS]; count],
            at: (0..count).map(|event| [model.entering(event, 0.0, usual); CLOCKS]).collect(),
            model,
            rest: AT_FIRST.0.into(),
            stray: AT_FIRST.1.into(),
            usual,
            last_strike: [f64::NEG_INFINITY; 88],
        }
    }

    pub fn advance(&mut self, evidence: &Evidence, now: f64) {
        evidence.strikes.iter().for_each(|strike| self.strike(strike, now));
        let model = &self.model;
        let stop = model.stop(evidence.quiet);
        let mut stopped = 0.0;
        for (mass, at) in self.mass.iter_mut().flatten().zip(self.at.iter_mut().flatten()) {
            let silent = model.silence(at.event, at.tempo, now + 1.0 - at.entered);
            *mass *= (silent / at.unheard.max(LEAST_UNHEARD.into())).min(1.0);
            at.unheard = silent;
            stopped += *mass * stop;
            *mass *= 1.0 - stop;
        }
        if evidence.strikes.is_empty() {
            self.stray *= 1.0 - f64::from(model.settings.stray_notes);
        }
        self.rest = self.rest * (1.0 - f64::from(model.settings.start)) + stopped + self.stray * stop;
        self.stray *= 1.0 - stop;
        self.normalise();
    }

    fn strike(&mut self, strike: &Strike, now: f64) {
        let model = &self.model;
        let settings = model.settings;
        let share = f64::from(model.events.key_share[strike.key]);
        let unexpected = 1.0 / f64::from(strike.odds) + f64::from(settings.extra) * share;
        let playing: f64 = self.mass.iter().flatten().sum();
        let usual = (self.usual.0, self.usual.1.max(settings.tempo_variance.1.into()));
        let (mut mass, mut at) = (self.mass.clone(), self.at.clone());
        for event in 0..model.events.len() {
            let Some(relation) = model.relation(strike.key, event).filter(|_| model.places.allows(event))
            else {
                continue;
            };
            let mut masses = self.mass[event];
            for (mass, at) in masses.iter_mut().zip(&self.at[event]) {
                *mass *= 1.0 + model.expects(at, relation, self.last_strike[strike.key], now) / unexpected;
            }
            let (mut enters, mut most, mut tempo) = (0.0, 0.0, usual);
            let mut enter = |flow: f64, with: Tempo, alone: f64| {
                enters += flow;
                if alone > most {
                    (most, tempo) = (alone, with);
                }
            };
            let (struck, slips) = (relation == Relation::Struck, relation == Relation::Slip);
            let origins = self.at.iter().flatten().zip(self.mass.iter().flatten());
            for (from, &mass) in origins {
                if struck || slips {
                    let flow = mass * model.arrives(from, event, now);
                    enter(flow, model.tempo(from, event, now), flow);
                }
                if struck {
                    let flow = mass * model.stutters(from, event, now);
                    enter(flow, model.tempo(from, event, now), flow);
                    let jump = f64::from(settings.jump) * f64::from(model.places.jump[event]);
                    enter(mass * jump, usual, playing * jump);
                }
            }
            if struck {
                let flow = f64::from(settings.start) * self.rest * f64::from(model.places.start(event));
                enter(flow, usual, flow);
                let flow = f64::from(settings.stray.1) * self.stray * f64::from(model.places.jump[event]);
                enter(flow, usual, flow);
            }
            let enters = enters * model.first(event, relation) / unexpected;
            // A clock that began just now, or the lightest.
            let began =
                |&clock: &usize| masses[clock] > 0.0 && now - self.at[event][clock].entered <= EARLY.into();
            let lightest = || (0..CLOCKS).min_by(|&a, &b| masses[a].total_cmp(&masses[b])).unwrap();
            let clock = (0..CLOCKS).find(began).unwrap_or_else(lightest);
            let stays = masses[clock];
            masses[clock] += enters;
            if masses.iter().sum::<f64>() > NEGLIGIBLE.into() {
                mass[event] = masses;
                if enters > stays {
                    at[event][clock] = model.entering(event, now, tempo);
                }
            }
        }
        let expected = f64::from(settings.stray_notes) * share / unexpected;
        self.stray += expected
            * (self.stray + f64::from(settings.stray.0) * playing + f64::from(STRAY_AFTER_REST) * self.rest);
        (self.mass, self.at) = (mass, at);
        self.last_strike[strike.key] = now;
        self.normalise();
    }

    fn normalise(&mut self) {
        let total = self.mass.iter().flatten().sum::<f64>() + self.rest + self.stray;
        for mass in self.mass.iter_mut().flatten() {
            *mass /= total;
            if *mass <= NEGLIGIBLE.into() {
                *mass = 0.0;
            }
        }
        self.rest = (self.rest / total).max(LEAST.0.into());
        self.stray = (self.stray / total).max(LEAST.1.into());
    }
}

/// Where a way is.
#[derive(Clone, Copy, Debug)]
enum State {
    At(At),
    Rest,
    Stray,
}

/// The best single way through a few hops, found by trying them all; nothing is collapsed.
pub struct Enumeration<'a> {
    pub model: Model<'a>,
    /// Hop and evidence, in order.
    pub hops: &'a [(f64, Evidence)],
    best: (f64, Vec<(usize, f64)>),
}

impl<'a> Enumeration<'a> {
    /// The best way's weight, and the events heard on it with their hops.
    pub fn best_way(model: Model<'a>, hops: &'a [(f64, Evidence)]) -> (f64, Vec<(usize, f64)>) {
        let mut all = Enumeration { model, hops, best: (0.0, Vec::new()) };
        for (state, weight) in [(State::Rest, AT_FIRST.0), (State::Stray, AT_FIRST.1)] {
            all.strike(0, 0, state, weight.into(), &mut Vec::new());
        }
        all.best
    }

    fn strike(&mut self, hop: usize, n: usize, state: State, weight: f64, way: &mut Vec<(usize, f64)>) {
        // Any way may still gain from every strike to come, but not more than this.
        let Some((now, evidence)) = self.hops.get(hop) else {
            if weight > self.best.0 {
                self.best = (weight, way.clone());
            }
            return;
        };
        let now = *now;
        let Some(&strike) = evidence.strikes.get(n) else { return self.wait(hop, state, weight, way) };
        let settings = self.model.settings;
        let share = f64::from(self.model.events.key_share[strike.key]);
        let unexpected = 1.0 / f64::from(strike.odds) + f64::from(settings.extra) * share;
        let stray = f64::from(settings.stray_notes) * share / unexpected;
        let usual = (0.0, f64::from(settings.tempo_variance.0));
        let mut last_strike = f64::NEG_INFINITY;
        for (at, evidence) in &self.hops[..hop] {
            if evidence.strikes.iter().any(|earlier| earlier.key == strike.key) {
                last_strike = *at;
            }
        }
        for event in 0..self.model.events.len() {
            let Some(relation) = self.model.relation(strike.key, event) else { continue };
            let struck = f64::from(u8::from(relation == Relation::Struck));
            let moves = f64::from(u8::from(matches!(relation, Relation::Struck | Relation::Slip)));
            let jump = struck * f64::from(self.model.places.jump[event]);
            let ways = match &state {
                State::At(at) => {
                    let tempo = self.model.tempo(at, event, now);
                    let near = moves * self.model.arrives(at, event, now)
                        + struck * self.model.stutters(at, event, now);
                    [(near, tempo), (f64::from(settings.jump) * jump, usual)]
                }
                State::Rest => {
                    let starts = struck * f64::from(settings.start * self.model.places.start(event));
                    [(starts, usual), (0.0, usual)]
                }
                State::Stray => [(f64::from(settings.stray.1) * jump, usual), (0.0, usual)],
            };
            for (rate, tempo) in ways.into_iter().filter(|way| way.0 > 0.0) {
                let enters = weight * rate * self.model.first(event, relation) / unexpected;
                way.push((event, now));
                let at = State::At(self.model.entering(event, now, tempo));
                self.strike(hop, n + 1, at, enters, way);
                way.pop();
            }
        }
        match state {
            State::At(at) => {
                let relation = self.model.relation(strike.key, at.event);
                let more =
                    relation.map_or(0.0, |r| self.model.expects(&at, r, last_strike, now) / unexpected);
                self.strike(hop, n + 1, state, weight * (1.0 + more), way);
                self.strike(hop, n + 1, State::Stray, weight * f64::from(settings.stray.0) * stray, way);
            }
            State::Rest => {
                self.strike(hop, n + 1, state, weight, way);
                let strays = f64::from(STRAY_AFTER_REST) * stray;
                self.strike(hop, n + 1, State::Stray, weight * strays, way);
            }
            State::Stray => self.strike(hop, n + 1, state, weight * (1.0 + stray), way),
        }
    }

    fn wait(&mut self, hop: usize, state: State, weight: f64, way: &mut Vec<(usize, f64)>) {
        let (now, evidence) = &self.hops[hop];
        let stop = self.model.stop(evidence.quiet);
        let (goes_on, weight) = match state {
            State::At(at) => {
                let silent = self.model.silence(at.event, at.tempo, now + 1.0 - at.entered);
                let kept = (silent / at.unheard.max(LEAST_UNHEARD.into())).min(1.0);
                (State::At(At { unheard: silent, ..at }), weight * kept)
            }
            State::Rest => {
                let starts = f64::from(self.model.settings.start);
                return self.strike(hop + 1, 0, state, weight * (1.0 - starts), way);
            }
            State::Stray if evidence.strikes.is_empty() => {
                (state, weight * (1.0 - f64::from(self.model.settings.stray_notes)))
            }
            State::Stray => (state, weight),
        };
        self.strike(hop + 1, 0, goes_on, weight * (1.0 - stop), way);
        self.strike(hop + 1, 0, State::Rest, weight * stop, way);
    }
}
