//! One hypothesis an event, "this was the last one heard", as columns that vector instructions sweep over.
//!
//! All columns are padded by a block at either end, so that a sweep may look back by [`REACH`] and needs no special
//! last block; padding never gains mass. Blocks without mass are passed over.

use super::FollowerSettings;
use super::events::ScoreEvents;
use super::sweep::{FindArrivals, Scale, WaitOn};
use super::tempo::{Interval, TempoState};
use super::wait::{Wait, misses};
use pulp::Arch;

/// How many events ahead the next heard one may be: 1 is the next, the others are skips.
pub(crate) const REACH: usize = 5;
/// Mass below which a hypothesis is dropped.
pub(crate) const NEGLIGIBLE: f32 = 1e-11;
/// Events in a block: what is swept together.
pub(super) const BLOCK: usize = 16;
/// Index of the first event in the columns.
const PAD: usize = BLOCK;
/// How ways that lead to the same state add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ways {
    /// All count: the mass is a probability (forward algorithm).
    Sum,
    /// The heaviest counts: the mass is that of the best single way (Viterbi algorithm).
    Best,
}

impl Ways {
    /// The mass of two ways to one state.
    pub fn join(self, a: f32, b: f32) -> f32 {
        match self {
            Ways::Sum => a + b,
            Ways::Best => a.max(b),
        }
    }
}

/// The hypotheses of all events.
#[derive(Clone, Debug)]
pub(crate) struct Hypotheses {
    arch: Arch,
    count: usize,
    pub(super) mass: Vec<f32>,
    pub(super) entered: Vec<f32>,
    log_ratio: Vec<f32>,
    pub(super) variance: Vec<f32>,
    pub(super) ratio: Vec<f32>,
    pub(super) next_centre: Vec<f32>,
    pub(super) next_scale: Vec<f32>,
    pub(super) second_centre: Vec<f32>,
    pub(super) second_scale: Vec<f32>,
    /// Probability of the silence up to the present.
    pub(super) unheard: Vec<f32>,
    /// Notated time to the next event; 1 in the padding.
    pub(super) interval: Vec<f32>,
    /// Probability that nothing of this event is heard; 1 in the padding.
    pub(super) miss: Vec<f32>,
    /// For the two events after this one together.
    pub(super) both_missed: Vec<f32>,
    /// Largest mass in each block.
    pub(super) heaviest: Vec<f32>,
    pub(super) flow: Vec<f32>,
    pub(super) flow_most: Vec<f32>,
    pub(super) flow_steps: Vec<f32>,
    /// The blocks to which `flow` has something, as of the last [`Hypotheses::find_arrivals`].
    pub(super) flowing: Vec<bool>,
}

/// What may be heard next, from all hypotheses at once, see [`Hypotheses::arrival`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Arrival {
    /// Rate at which this event is heard now, times the mass that it comes from.
    pub flow: f32,
    /// The largest part of that from one hypothesis.
    pub most: f32,
    /// How many events before this one that hypothesis is.
    pub steps: usize,
}

impl Hypotheses {
    /// No event was heard yet.
    pub fn new(events: &ScoreEvents, settings: &FollowerSettings) -> Hypotheses {
        let count = events.len();
        let blocks = count.div_ceil(BLOCK);
        let column = |value: f32| vec![value; (blocks + 2) * BLOCK];
        let mut hypotheses = Hypotheses {
            arch: Arch::new(),
            count,
            mass: column(0.0),
            entered: column(0.0),
            log_ratio: column(0.0),
            variance: column(0.0),
            ratio: column(1.0),
            next_centre: column(1.0),
            next_scale: column(1.0),
            second_centre: column(1.0),
            second_scale: column(1.0),
            unheard: column(1.0),
            interval: column(1.0),
            miss: column(1.0),
            both_missed: column(1.0),
            heaviest: vec![0.0; blocks + 2],
            flow: column(0.0),
            flow_most: column(0.0),
            flow_steps: column(0.0),
            flowing: vec![false; blocks + 2],
        };
        let misses = misses(events, settings);
        hypotheses.interval[PAD..PAD + count].copy_from_slice(&events.interval);
        hypotheses.miss[PAD..PAD + count].copy_from_slice(&misses);
        let tempo = TempoState { log_ratio: 0.0, variance: settings.tempo_variance.0 };
        for event in 0..count {
            hypotheses.both_missed[PAD + event] =
                hypotheses.miss[PAD + event + 1] * hypotheses.miss[PAD + event + 2];
            let wait = Wait::after(events, &misses, settings.interval, event, tempo, 1.0);
            hypotheses.enter(event, 0.0, tempo, 1.0, wait);
        }
        hypotheses
    }

    /// Probability that each event was the last one heard.
    pub fn masses(&self) -> &[f32] {
        &self.mass[PAD..PAD + self.count]
    }

    /// That of one event.
    pub fn mass(&self, event: usize) -> f32 {
        self.masses()[event]
    }

    /// Sets it, until the next [`Hypotheses::scale`] without effect on what is passed over.
    pub fn set_mass(&mut self, event: usize, mass: f32) {
        self.mass[PAD + event] = mass;
        let heaviest = &mut self.heaviest[1 + event / BLOCK];
        *heaviest = heaviest.max(mass);
    }

    /// No event was the last one heard.
    pub fn clear(&mut self) {
        self.mass.fill(0.0);
        self.heaviest.fill(0.0);
    }

    /// When the hypothesis at `event` heard it, in hops.
    pub fn entered(&self, event: usize) -> f32 {
        self.entered[PAD + event]
    }

    /// The tempo of that hypothesis.
    pub fn tempo(&self, event: usize) -> TempoState {
        TempoState { log_ratio: self.log_ratio[PAD + event], variance: self.variance[PAD + event] }
    }

    /// Played over notated time, of that hypothesis.
    pub fn ratio(&self, event: usize) -> f32 {
        self.ratio[PAD + event]
    }

    /// The wait that it is in.
    pub fn wait(&self, event: usize) -> Wait {
        let at = PAD + event;
        Wait {
            next: Interval { centre: self.next_centre[at], scale: self.next_scale[at] },
            second: Interval { centre: self.second_centre[at], scale: self.second_scale[at] },
            missed: (self.miss[at + 1], self.both_missed[at]),
        }
    }

    /// Probability that nothing of each event is heard.
    pub fn misses(&self) -> &[f32] {
        &self.miss[PAD..PAD + self.count]
    }

    /// `event` is heard at hop `now` by its hypothesis; `ratio` is that of `tempo`.
    pub fn enter(&mut self, event: usize, now: f32, tempo: TempoState, ratio: f32, wait: Wait) {
        let at = PAD + event;
        self.entered[at] = now;
        (self.log_ratio[at], self.variance[at], self.ratio[at]) = (tempo.log_ratio, tempo.variance, ratio);
        (self.next_centre[at], self.next_scale[at]) = (wait.next.centre, wait.next.scale);
        (self.second_centre[at], self.second_scale[at]) = (wait.second.centre, wait.second.scale);
        self.unheard[at] = wait.unheard(0.0);
    }

    /// The events heavier than `least` (not below [`NEGLIGIBLE`]), in path order.
    pub fn heavier(&self, least: f32) -> impl Iterator<Item = (usize, f32)> + '_ {
        let blocks = self.heaviest[1..].iter().enumerate().filter(move |(_, heaviest)| **heaviest > least);
        let events = blocks.flat_map(|(block, _)| block * BLOCK..((block + 1) * BLOCK).min(self.count));
        events.map(|event| (event, self.mass[PAD + event])).filter(move |&(_, mass)| mass > least)
    }

    /// What flows to `event`, as of the last [`Hypotheses::find_arrivals`].
    pub fn arrival(&self, event: usize) -> Option<Arrival> {
        if !self.flowing[1 + event / BLOCK] {
            return None;
        }
        let at = PAD + event;
        let (flow, most, steps) = (self.flow[at], self.flow_most[at], self.flow_steps[at] as usize);
        (flow > 0.0).then_some(Arrival { flow, most, steps })
    }

    /// Finds at which rate each event is heard at hop `now` by the hypotheses at the [`REACH`] events before it.
    pub fn find_arrivals(&mut self, ways: Ways, scatter: (f32, f32), now: f32) {
        self.arch.dispatch(FindArrivals { of: self, ways, scatter, now });
    }

    /// One hop passes, up to `now` + 1: what was waited for and did not come counts against each hypothesis, and of
    /// each the share `stop` stops. Returns the mass left, and the mass that stopped as [`Ways`] has it.
    pub fn wait_on(&mut self, ways: Ways, stop: f32, now: f32) -> (f32, f32) {
        self.arch.dispatch(WaitOn { of: self, ways, stop, now })
    }

    /// Multiplies all masses by `scale`, drops the negligible, and returns the heaviest event, if any has mass.
    pub fn scale(&mut self, scale: f32) -> Option<usize> {
        let (block, most) = self.arch.dispatch(Scale { of: self, scale });
        let masses = self.mass[block * BLOCK..][..BLOCK].iter();
        let lane = masses.take_while(|&&mass| mass != most).count();
        (most > 0.0).then(|| block * BLOCK + lane - PAD)
    }
}
