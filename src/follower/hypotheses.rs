//! Hypotheses "this event was the last one heard, since then", as columns that vector instructions sweep over.
//!
//! Every event has [`CLOCKS`] of them, which differ in when it was heard: where a chord is struck again and again, who is
//! there comes to each event just when who is one ahead leaves it, and one clock for both would stop the weaker of them,
//! right or wrong.
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
/// Hypotheses an event.
pub(crate) const CLOCKS: usize = 2;
/// Index of the first event in the columns.
const PAD: usize = BLOCK;

/// One hypothesis: an event and which of its clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    /// Index of the event.
    pub event: usize,
    /// Below [`CLOCKS`].
    pub clock: usize,
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
    /// The mass of two ways to one state.
    pub fn join(self, a: f32, b: f32) -> f32 {
        match self {
            Ways::Sum => a + b,
            Ways::Best => a.max(b),
        }
    }
}

/// One hypothesis of every event.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) mass: Vec<f32>,
    pub(super) entered: Vec<f32>,
    began: Vec<u32>,
    log_ratio: Vec<f32>,
    pub(super) variance: Vec<f32>,
    pub(super) ratio: Vec<f32>,
    pub(super) next_centre: Vec<f32>,
    pub(super) next_scale: Vec<f32>,
    pub(super) second_centre: Vec<f32>,
    pub(super) second_scale: Vec<f32>,
    /// Probability of the silence up to the present.
    pub(super) unheard: Vec<f32>,
    /// Largest mass in each block.
    pub(super) heaviest: Vec<f32>,
}

/// The hypotheses of all events.
#[derive(Clone, Debug)]
pub(crate) struct Hypotheses {
    arch: Arch,
    count: usize,
    pub(super) layers: [Layer; CLOCKS],
    /// Mass of each event, all its clocks together.
    pub(super) total: Vec<f32>,
    /// Notated time to the next event; 1 in the padding.
    pub(super) interval: Vec<f32>,
    /// Probability that nothing of this event is heard; 1 in the padding.
    pub(super) miss: Vec<f32>,
    /// For the two events after this one together.
    pub(super) both_missed: Vec<f32>,
    pub(super) flow: Vec<f32>,
    pub(super) flow_most: Vec<f32>,
    /// How far back the largest part comes from, and [`REACH`] more for each clock after the first.
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
    /// That hypothesis.
    pub from: Slot,
}

impl Hypotheses {
    /// No event was heard yet.
    pub fn new(events: &ScoreEvents, settings: &FollowerSettings) -> Hypotheses {
        let count = events.len();
        let blocks = count.div_ceil(BLOCK);
        let column = |value: f32| vec![value; (blocks + 2) * BLOCK];
        let layer = || Layer {
            mass: column(0.0),
            entered: column(0.0),
            began: vec![0; (blocks + 2) * BLOCK],
            log_ratio: column(0.0),
            variance: column(0.0),
            ratio: column(1.0),
            next_centre: column(1.0),
            next_scale: column(1.0),
            second_centre: column(1.0),
            second_scale: column(1.0),
            unheard: column(1.0),
            heaviest: vec![0.0; blocks + 2],
        };
        let mut hypotheses = Hypotheses {
            arch: Arch::new(),
            count,
            layers: std::array::from_fn(|_| layer()),
            total: column(0.0),
            interval: column(1.0),
            miss: column(1.0),
            both_missed: column(1.0),
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
            for clock in 0..CLOCKS {
                hypotheses.enter(Slot { event, clock }, (0.0, event), tempo, 1.0, wait);
            }
        }
        hypotheses
    }

    /// Probability that each event was the last one heard.
    pub fn masses(&self) -> &[f32] {
        &self.total[PAD..PAD + self.count]
    }

    /// That of one event.
    pub fn mass(&self, event: usize) -> f32 {
        self.masses()[event]
    }

    /// Mass of each hypothesis of `event`.
    pub fn masses_at(&self, event: usize) -> [f32; CLOCKS] {
        std::array::from_fn(|clock| self.layers[clock].mass[PAD + event])
    }

    /// The heaviest hypothesis of `event`.
    pub fn lead(&self, event: usize) -> Slot {
        let masses = self.masses_at(event);
        let clock =
            (1..CLOCKS).fold(0, |lead, clock| if masses[clock] > masses[lead] { clock } else { lead });
        Slot { event, clock }
    }

    /// Sets the masses at `event`, until the next [`Hypotheses::scale`] without effect on what is passed over.
    pub fn set_masses(&mut self, event: usize, masses: [f32; CLOCKS]) {
        for (layer, mass) in self.layers.iter_mut().zip(masses) {
            layer.mass[PAD + event] = mass;
            let heaviest = &mut layer.heaviest[1 + event / BLOCK];
            *heaviest = heaviest.max(mass);
        }
        self.total[PAD + event] = masses.iter().sum();
    }

    /// No event was the last one heard.
    pub fn clear(&mut self) {
        self.total.fill(0.0);
        for layer in &mut self.layers {
            layer.mass.fill(0.0);
            layer.heaviest.fill(0.0);
        }
    }

    /// When the hypothesis heard its event, in hops.
    pub fn entered(&self, slot: Slot) -> f32 {
        self.layers[slot.clock].entered[PAD + slot.event]
    }

    /// The tempo of the hypothesis.
    pub fn tempo(&self, slot: Slot) -> TempoState {
        let (layer, at) = (&self.layers[slot.clock], PAD + slot.event);
        TempoState { log_ratio: layer.log_ratio[at], variance: layer.variance[at] }
    }

    /// Played over notated time, of the hypothesis.
    pub fn ratio(&self, slot: Slot) -> f32 {
        self.layers[slot.clock].ratio[PAD + slot.event]
    }

    /// The wait that it is in.
    pub fn wait(&self, slot: Slot) -> Wait {
        let (layer, at) = (&self.layers[slot.clock], PAD + slot.event);
        Wait {
            next: Interval { centre: layer.next_centre[at], scale: layer.next_scale[at] },
            second: Interval { centre: layer.second_centre[at], scale: layer.second_scale[at] },
            missed: (self.miss[at + 1], self.both_missed[at]),
        }
    }

    /// Probability that nothing of each event is heard.
    pub fn misses(&self) -> &[f32] {
        &self.miss[PAD..PAD + self.count]
    }

    /// The event at which the playing that leads to the hypothesis began, by a start or a jump.
    pub fn began(&self, slot: Slot) -> usize {
        self.layers[slot.clock].began[PAD + slot.event] as usize
    }

    /// The event of `slot` is heard at hop `now` by that hypothesis, in playing that began at the event `began`; `ratio`
    /// is that of `tempo`.
    pub fn enter(
        &mut self,
        slot: Slot,
        (now, began): (f32, usize),
        tempo: TempoState,
        ratio: f32,
        wait: Wait,
    ) {
        let (layer, at) = (&mut self.layers[slot.clock], PAD + slot.event);
        (layer.entered[at], layer.began[at]) = (now, began as u32);
        (layer.log_ratio[at], layer.variance[at], layer.ratio[at]) = (tempo.log_ratio, tempo.variance, ratio);
        (layer.next_centre[at], layer.next_scale[at]) = (wait.next.centre, wait.next.scale);
        (layer.second_centre[at], layer.second_scale[at]) = (wait.second.centre, wait.second.scale);
        layer.unheard[at] = wait.unheard(0.0);
    }

    /// The events heavier than `least` (not below [`NEGLIGIBLE`]), in path order.
    pub fn heavier(&self, least: f32) -> impl Iterator<Item = (usize, f32)> + '_ {
        let most = |block: usize| self.layers.iter().map(|layer| layer.heaviest[block]).sum::<f32>();
        let blocks = (0..self.count.div_ceil(BLOCK)).filter(move |block| most(block + 1) > least);
        let events = blocks.flat_map(|block| block * BLOCK..((block + 1) * BLOCK).min(self.count));
        events.map(|event| (event, self.total[PAD + event])).filter(move |&(_, mass)| mass > least)
    }

    /// What flows to `event`, as of the last [`Hypotheses::find_arrivals`].
    pub fn arrival(&self, event: usize) -> Option<Arrival> {
        if !self.flowing[1 + event / BLOCK] {
            return None;
        }
        let at = PAD + event;
        let (flow, most, steps) = (self.flow[at], self.flow_most[at], self.flow_steps[at] as usize);
        (flow > 0.0).then(|| {
            let back = steps.saturating_sub(1);
            let from = Slot { event: event - 1 - back % REACH, clock: back / REACH };
            Arrival { flow, most, from }
        })
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
    pub fn scale(&mut self, ways: Ways, scale: f32) -> Option<usize> {
        let (block, most) = self.arch.dispatch(Scale { of: self, ways, scale });
        let masses = self.total[block * BLOCK..][..BLOCK].iter();
        let lane = masses.take_while(|&&mass| mass != most).count();
        (most > 0.0).then(|| block * BLOCK + lane - PAD)
    }
}
