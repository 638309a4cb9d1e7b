//! Where a player may go who does not go on: the prior over places, for jumps and for starts.
//!
//! A jump's destination does not depend on its origin, so that all jumps together cost O(events) (Nakamura, Nakamura
//! and Sagayama 2015, "outer-product" transitions). Deviation: the destinations near the present place are favoured by
//! rebuilding the prior when the present place changes, not by an origin-dependent term. Where several places are as likely
//! to be the present one, the neighbourhood of each counts as far as it is.

use super::events::ScoreEvents;

/// Relative weights of destinations. What matters is how they compare with one another.
const ANYWHERE: f32 = 0.2;
const MEASURE: f32 = 1.0;
const STARTED_HERE: f32 = 8.0;
const BEGINNING: f32 = 4.0;
const BEGINS: f32 = 2.0;
/// How many times as likely the present measure is for being near, and one just after it: players go back more often
/// than they skip ahead.
const NEARBY: (f32, f32) = (9.0, 4.0);
/// Measures away at which half of that is left.
const NEAR_MEASURES: f32 = 6.0;
/// Change of the weight of a place from which the prior is made anew.
const MOVED: f32 = 0.1;
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

/// How many present places are told apart.
pub(crate) const PLACES: usize = 3;

/// The prior over destinations.
#[derive(Clone, Debug)]
pub(crate) struct Destinations {
    /// Probability of each event as the destination of a jump; sums to 1, but for turns, which come on top.
    pub jump: Vec<f32>,
    expected: Option<usize>,
    started: Vec<bool>,
    range: (usize, usize),
    /// The measure of the place that is shown, as a step of the path.
    present: Option<u32>,
    /// The events that may have been heard last, and how probable each is; if none is known, all are 0.
    last: [(usize, f32); PLACES],
    /// Their measures, and how probable each is, as of the last [`Destinations::rebuild`].
    near: [(u32, f32); PLACES],
}

impl Destinations {
    /// All places open, a start expected at the beginning.
    pub fn new(events: &ScoreEvents) -> Destinations {
        let mut destinations = Destinations {
            jump: vec![0.0; events.len()],
            expected: Some(0),
            started: vec![false; events.len()],
            range: (0, events.len()),
            present: None,
            last: [(0, 0.0); PLACES],
            near: [(0, 0.0); PLACES],
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

    /// The events at which playing is remembered to have begun.
    #[cfg(test)]
    pub fn starts(&self) -> Vec<usize> {
        (0..self.started.len()).filter(|&event| self.started[event]).collect()
    }

    /// After a rest, playing is expected to start at `event`, though not only there; `None`: nowhere in particular.
    pub fn expect_start(&mut self, event: Option<usize>) {
        self.expected = event.filter(|&event| self.allows(event));
    }

    /// Probability of `event` as the place where playing starts after a rest.
    pub fn start(&self, event: usize) -> f32 {
        let mut anywhere = self.jump[event].min(EXPECTED_START);
        if self.last[0].1 > 0.0 {
            anywhere *= 1.0 - RESUMED;
            for (last, weight) in self.last {
                let ahead = event.checked_sub(last).and_then(|ahead| RESUMED_AT.get(ahead));
                anywhere += RESUMED * weight * ahead.unwrap_or(&0.0);
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
        self.last = [(0, 0.0); PLACES];
    }

    /// The player is shown at `event`, and may be at `places`: events, heaviest first, and their weights. Where that is
    /// elsewhere than it was, the neighbourhood moves along.
    pub fn move_to(&mut self, events: &ScoreEvents, event: usize, places: [(usize, f32); PLACES]) {
        let total: f32 = places.iter().map(|place| place.1).sum();
        self.last = if total > 0.0 {
            places.map(|(event, weight)| (event, weight / total))
        } else {
            std::array::from_fn(|rank| (event, f32::from(u8::from(rank == 0))))
        };
        let near = self.last.map(|(event, weight)| (events.step[event], weight));
        let moved = |(now, before): (&(u32, f32), &(u32, f32))| {
            (now.0 != before.0 && now.1.max(before.1) > MOVED) || (now.1 - before.1).abs() > MOVED
        };
        let present = Some(events.step[event]);
        if self.present != present || near.iter().zip(&self.near).any(moved) {
            (self.present, self.near) = (present, near);
            self.rebuild(events);
        }
    }

    fn rebuild(&mut self, events: &ScoreEvents) {
        let mut total = 0.0f64;
        for event in 0..events.len() {
            let mut weight = if events.leads_measure[event] { MEASURE } else { ANYWHERE };
            if self.started[event] {
                weight += STARTED_HERE;
            }
            if events.begins[event] {
                weight += if event == 0 { BEGINNING } else { BEGINS };
            }
            let nearby = |&(here, share): &(u32, f32)| share * nearness(here, events.step[event]);
            weight *= 1.0 + self.near.iter().map(nearby).sum::<f32>();
            if !self.allows(event) {
                weight = 0.0;
            }
            self.jump[event] = weight;
            total += f64::from(weight);
        }
        let scale = if total > 0.0 { (1.0 / total) as f32 } else { 0.0 };
        self.jump.iter_mut().for_each(|weight| *weight *= scale);
        // The measure after the turn, too: one is sure late that it was taken.
        let here = |from: u32| self.present.is_some_and(|step| from == step || from + 1 == step);
        for &(_, event) in events.turns.iter().filter(|turn| here(turn.0)) {
            let event = event as usize;
            if (self.range.0..self.range.1).contains(&event) {
                self.jump[event] += TURN;
            }
        }
    }
}

/// How many times as likely as far away, less one, a place in the measure `step` is for who is in the measure `here`.
fn nearness(here: u32, step: u32) -> f32 {
    let most = if step <= here { NEARBY.0 } else { NEARBY.1 };
    let distance = step.abs_diff(here) as f32 / NEAR_MEASURES;
    most / (1.0 + distance * distance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::PlayingPath;
    use crate::units::{Beats, Pitch};

    /// Sixty measures of one note.
    fn events() -> ScoreEvents {
        let notes: Vec<_> = (0..60).map(|n| (Beats::whole(n), Beats::whole(1), Pitch(60))).collect();
        ScoreEvents::new(&PlayingPath::from_notes((1, 4), &notes), |_| true)
    }

    #[test]
    fn near_is_near_to_each_of_the_places_where_the_player_may_be() {
        let events = events();
        let mut places = Destinations::new(&events);
        let at = |places: &Destinations, event: usize| places.jump[event] / places.jump[59];
        // One place alone: around the other nothing is likelier than far away.
        places.move_to(&events, 20, [(20, 0.8), (0, 0.0), (0, 0.0)]);
        let alone = at(&places, 20);
        assert!(alone > 7.0 && at(&places, 45) < 0.2 * alone, "{alone}, {}", at(&places, 45));
        // Both alike, of which the first is shown still: each neighbourhood counts half.
        places.move_to(&events, 20, [(20, 0.4), (45, 0.4), (0, 0.0)]);
        let (first, second) = (at(&places, 20), at(&places, 45));
        assert!((first / second - 1.0).abs() < 0.15, "{first}, {second}");
        assert!(first < 0.7 * alone, "{first} of two, {alone} alone");
        // The third counts as well, by its weight.
        places.move_to(&events, 20, [(20, 0.2), (45, 0.2), (32, 0.4)]);
        assert!(at(&places, 32) > 1.3 * at(&places, 20), "{}, {}", at(&places, 32), at(&places, 20));
    }

    #[test]
    fn what_is_near_falls_off_with_the_distance_and_players_rather_go_back() {
        let events = events();
        let mut places = Destinations::new(&events);
        places.move_to(&events, 30, [(30, 1.0), (0, 0.0), (0, 0.0)]);
        // From the second event on: the first begins the piece.
        let back: Vec<f32> = (1..=30).rev().map(|event| places.jump[event]).collect();
        let ahead: Vec<f32> = (31..60).map(|event| places.jump[event]).collect();
        assert!(back.is_sorted_by(|near, far| near > far) && ahead.is_sorted_by(|near, far| near > far));
        assert!(back[1..].iter().zip(&ahead).all(|(back, ahead)| back > ahead));
    }

    #[test]
    fn after_a_pause_playing_goes_on_at_any_of_the_places_where_it_may_have_stopped() {
        let events = events();
        let mut places = Destinations::new(&events);
        places.expect_start(None);
        places.move_to(&events, 20, [(20, 0.3), (45, 0.3), (0, 0.0)]);
        let (first, second, elsewhere) = (places.start(21), places.start(46), places.start(30));
        assert!((first / second - 1.0).abs() < 0.15, "{first}, {second}");
        assert!(first > 3.0 * elsewhere, "{first}, {elsewhere}");
    }
}
