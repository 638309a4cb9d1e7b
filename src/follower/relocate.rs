//! Where a player may go who does not go on: the prior over places, for jumps and for starts.
//!
//! A jump's destination does not depend on its origin, so that all jumps together cost O(events) (Nakamura, Nakamura
//! and Sagayama 2015, "outer-product" transitions). Deviation: the destinations near the present place are favoured by
//! rebuilding the prior when the present measure changes, not by an origin-dependent term.

use super::events::ScoreEvents;

/// Relative weights of destinations. What matters is how they compare with one another.
const ANYWHERE: f32 = 0.2;
const MEASURE: f32 = 1.0;
const NEARBY_FACTOR: f32 = 6.0;
const STARTED_HERE: f32 = 8.0;
const BEGINNING: f32 = 4.0;
const BEGINS: f32 = 2.0;
/// Measures before and after the present one that count as near.
const NEAR: (u32, u32) = (10, 8);
/// A repeat that the path leaves out, or the way that leaves out one of the path, is so many times as likely as all
/// other jumps together while the player is at its end.
const TURN: f32 = 100.0;
/// Share of the start prior that goes to the place where a start is expected.
const EXPECTED_START: f32 = 0.7;

/// Share of the start prior that goes to going on where playing stopped, as after a long note or one that went unheard,
/// and how that is split over the last event heard and those after it.
const RESUMED: f32 = 0.3;
/// See [`RESUMED`].
const RESUMED_AT: [f32; 4] = [0.1, 0.5, 0.25, 0.15];

/// The prior over destinations.
#[derive(Clone, Debug)]
pub(crate) struct Destinations {
    /// Probability of each event as the destination of a jump; sums to 1, but for turns, which come on top.
    pub jump: Vec<f32>,
    expected: Option<usize>,
    started: Vec<bool>,
    range: (usize, usize),
    near_step: Option<u32>,
    /// The event that was heard last, as far as is known.
    last: Option<usize>,
}

impl Destinations {
    /// All places open, a start expected at the beginning.
    pub fn new(events: &ScoreEvents) -> Destinations {
        let mut destinations = Destinations {
            jump: vec![0.0; events.len()],
            expected: Some(0),
            started: vec![false; events.len()],
            range: (0, events.len()),
            near_step: None,
            last: None,
        };
        destinations.rebuild(events);
        destinations
    }

    /// Only events in `range` (first, one past the last) from now on; an empty range opens all.
    pub fn restrict(&mut self, events: &ScoreEvents, range: (usize, usize)) {
        self.range = if range.0 < range.1 { range } else { (0, events.len()) };
        self.expected = self.expected.filter(|&event| self.allows(event));
        self.rebuild(events);
    }

    /// True for events that may be reached.
    pub fn allows(&self, event: usize) -> bool {
        (self.range.0..self.range.1).contains(&event)
    }

    /// Playing began at `event`: players come back to such places.
    pub fn remember_start(&mut self, events: &ScoreEvents, event: usize) {
        if !std::mem::replace(&mut self.started[event], true) {
            self.rebuild(events);
        }
    }

    /// After a rest, playing is expected to start at `event`, though not only there; `None`: nowhere in particular.
    pub fn expect_start(&mut self, event: Option<usize>) {
        self.expected = event.filter(|&event| self.allows(event));
    }

    /// Probability of `event` as the place where playing starts after a rest.
    pub fn start(&self, event: usize) -> f32 {
        let mut anywhere = self.jump[event].min(EXPECTED_START);
        if let Some(last) = self.last {
            anywhere *= 1.0 - RESUMED;
            if let Some(&share) = event.checked_sub(last).and_then(|ahead| RESUMED_AT.get(ahead)) {
                anywhere += RESUMED * share;
            }
        }
        match self.expected {
            Some(expected) => {
                (1.0 - EXPECTED_START) * anywhere + if event == expected { EXPECTED_START } else { 0.0 }
            }
            None => anywhere,
        }
    }

    /// Nothing is known any more of where the player was last.
    pub fn forget_place(&mut self) {
        self.last = None;
    }

    /// The player is at `event`: if this is a new measure, the neighbourhood moves along.
    pub fn move_to(&mut self, events: &ScoreEvents, event: usize) {
        self.last = Some(event);
        let step = events.step[event];
        if self.near_step != Some(step) {
            self.near_step = Some(step);
            self.rebuild(events);
        }
    }

    fn rebuild(&mut self, events: &ScoreEvents) {
        let near = self.near_step.map(|step| step.saturating_sub(NEAR.0)..step.saturating_add(NEAR.1 + 1));
        let mut total = 0.0f64;
        for event in 0..events.len() {
            let mut weight = if events.leads_measure[event] { MEASURE } else { ANYWHERE };
            if self.started[event] {
                weight += STARTED_HERE;
            }
            if events.begins[event] {
                weight += if event == 0 { BEGINNING } else { BEGINS };
            }
            if near.as_ref().is_some_and(|near| near.contains(&events.step[event])) {
                weight *= NEARBY_FACTOR;
            }
            if !self.allows(event) {
                weight = 0.0;
            }
            self.jump[event] = weight;
            total += f64::from(weight);
        }
        let scale = if total > 0.0 { (1.0 / total) as f32 } else { 0.0 };
        self.jump.iter_mut().for_each(|weight| *weight *= scale);
        // The measure after the turn, too: one is sure late that it was taken.
        let here = |from: u32| self.near_step.is_some_and(|step| from == step || from + 1 == step);
        for &(_, event) in events.turns.iter().filter(|turn| here(turn.0)) {
            let event = event as usize;
            if (self.range.0..self.range.1).contains(&event) {
                self.jump[event] += TURN;
            }
        }
    }
}
