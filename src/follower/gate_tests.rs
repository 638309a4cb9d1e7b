//! Which place is believed, for posteriors that are set by hand.

use super::{Belief, Gate};
use crate::follower::FollowerSettings;
use crate::follower::decoder::Decoder;
use crate::follower::events::ScoreEvents;
use crate::score::PlayingPath;
use crate::units::{Beats, Pitch};

/// Events of the path below that stand for places far from one another.
const HERE: usize = 8;
const THERE: usize = 40;

/// A gate before a decoder whose masses are said, one event a beat.
struct Bench {
    events: ScoreEvents,
    settings: FollowerSettings,
    decoder: Decoder,
    gate: Gate,
}

impl Bench {
    fn new() -> Bench {
        let note = |n: usize| (Beats::whole(n as i64), Beats::whole(1), Pitch(40 + (n * 7 % 40) as u8));
        let notes: Vec<_> = (0..64).map(note).collect();
        let events = ScoreEvents::new(&PlayingPath::from_notes((4, 4), &notes), |_| true);
        let settings = FollowerSettings::default();
        let decoder = Decoder::new(&events, &settings);
        Bench { events, settings, decoder, gate: Gate::default() }
    }

    /// What the gate says when these events, the heaviest first, have these masses, and nothing rests or strays.
    fn weigh(&mut self, masses: &[(usize, f32)]) -> Belief {
        self.decoder.hypotheses.clear();
        (self.decoder.rest, self.decoder.stray) = (0.0, 0.0);
        for &(event, mass) in masses {
            self.decoder.hypotheses.set_masses(event, [mass, 0.0]);
        }
        self.decoder.best = masses[0].0;
        // Every hypothesis was entered at hop 0: nobody waits too long.
        self.gate.update(&self.events, &self.decoder, &self.settings, 0.0)
    }

    /// The place `HERE` taken up as the best of several: until then, and how heavy it is after that, it was not believed.
    fn guess(&mut self) {
        for step in 0..4 {
            let belief = self.weigh(&[(HERE + step, 0.4), (THERE + step, 0.39)]);
            assert_eq!((belief.event, belief.jumped), ((step == 3).then_some(HERE + 3), step == 3));
        }
    }
}

#[test]
fn a_rivals_first_event_counts_towards_its_taking_over() {
    let mut bench = Bench::new();
    assert!(bench.weigh(&[(HERE, 0.95)]).jumped);
    // The rival is the best already while it is too light; then the same event outweighs the rest.
    assert!(!bench.weigh(&[(THERE, 0.6), (HERE, 0.3)]).jumped);
    for step in 0..3 {
        let belief = bench.weigh(&[(THERE + step, 0.93), (HERE, 0.05)]);
        let there = if step == 2 { THERE + 2 } else { HERE };
        assert_eq!((belief.event, belief.jumped), (Some(there), step == 2), "after {step} further events");
    }
}

#[test]
fn one_event_of_a_rival_counts_once_however_long_it_lasts() {
    let mut bench = Bench::new();
    assert!(bench.weigh(&[(HERE, 0.95)]).jumped);
    for _ in 0..20 {
        assert_eq!(bench.weigh(&[(THERE, 0.93), (HERE, 0.05)]).event, Some(HERE));
    }
}

#[test]
fn a_guessed_place_gives_way_to_a_believed_one_of_three_times_its_weight() {
    let mut bench = Bench::new();
    bench.guess();
    // Believed, but less than three times as heavy; then as heavy, but not believed; then both.
    assert_eq!(bench.weigh(&[(THERE + 4, 0.72), (HERE + 4, 0.25)]).event, Some(HERE + 4));
    assert_eq!(bench.weigh(&[(THERE + 4, 0.51), (HERE + 4, 0.15)]).event, Some(HERE + 4));
    // Not for one hop, and not for one now and one then.
    let outweighed = [(THERE + 4, 0.72), (HERE + 4, 0.23)];
    assert_eq!(bench.weigh(&outweighed).event, Some(HERE + 4));
    assert_eq!(bench.weigh(&[(THERE + 4, 0.51), (HERE + 4, 0.4)]).event, Some(HERE + 4));
    assert_eq!(bench.weigh(&outweighed).event, Some(HERE + 4));
    let belief = bench.weigh(&outweighed);
    assert_eq!((belief.event, belief.jumped), (Some(THERE + 4), true));
}

#[test]
fn a_place_that_was_believed_does_not_give_way_so_easily() {
    let mut bench = Bench::new();
    bench.guess();
    // It is believed for one event: from then on it is guessed no more.
    bench.weigh(&[(HERE + 4, 0.55), (THERE + 4, 0.3)]);
    assert_eq!(bench.weigh(&[(THERE + 5, 0.72), (HERE + 5, 0.23)]).event, Some(HERE + 5));
    // A believed place that takes over from a guessed one is not guessed either.
    let mut bench = Bench::new();
    bench.guess();
    let outweighed = [(THERE + 4, 0.72), (HERE + 4, 0.23)];
    assert!(!bench.weigh(&outweighed).jumped && bench.weigh(&outweighed).jumped);
    assert_eq!(bench.weigh(&[(HERE + 5, 0.72), (THERE + 5, 0.23)]).event, Some(THERE + 5));
}

#[test]
fn a_place_gives_way_to_another_that_outweighs_it_for_long() {
    let mut bench = Bench::new();
    assert!(bench.weigh(&[(HERE, 0.95)]).jumped);
    // Never heavy enough to take over from a believed place, for a third holds a share; two hops an event.
    for half in 0..9 {
        let belief = bench.weigh(&[(THERE + half / 2, 0.56), (20, 0.3), (HERE, 0.1)]);
        let there = if half == 8 { THERE + 4 } else { HERE };
        assert_eq!((belief.event, belief.jumped), (Some(there), half == 8), "after {half} halves");
    }
    // Outweighed less, or with an interruption, it stays.
    let mut bench = Bench::new();
    assert!(bench.weigh(&[(HERE, 0.95)]).jumped);
    for step in 0..12 {
        let own = if step % 4 == 3 { 0.2 } else { 0.1 };
        assert!(!bench.weigh(&[(THERE + step, 0.56), (20, 0.2), (HERE, own)]).jumped, "after {step} events");
    }
    // Nor for one that is hardly a place itself.
    let mut bench = Bench::new();
    assert!(bench.weigh(&[(HERE, 0.95)]).jumped);
    for step in 0..12 {
        assert!(!bench.weigh(&[(THERE + step, 0.09), (HERE, 0.001)]).jumped, "after {step} events");
    }
}
