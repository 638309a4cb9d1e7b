//! The wait for the next event, and for the one after it.

use super::FollowerSettings;
use super::events::ScoreEvents;
use super::lanes::Lanes;
use super::tempo::{Interval, TempoState};
use pulp::Simd;

/// Share of intervals that say nothing of the tempo: the player lingers, searches, turns a page.
pub(crate) const LINGER: f32 = 0.04;
/// Least probability that a whole event goes unheard: players leave out chords, too.
const SKIPPED: f32 = 2e-3;

/// What was expected to be the wait after an event: the distribution of the hop at which the next event is heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wait {
    /// Until the next event.
    pub next: Interval,
    /// Until the one after it.
    pub second: Interval,
    /// Probability that the next goes unheard, and both.
    pub missed: (f32, f32),
}

impl Wait {
    /// The wait after `event` at `tempo`, whose ratio is `ratio`, where each event goes unheard with the probability
    /// in `misses`.
    pub fn after(
        events: &ScoreEvents,
        misses: &[f32],
        scatter: (f32, f32),
        event: usize,
        tempo: TempoState,
        ratio: f32,
    ) -> Wait {
        let notated = events.interval[event];
        let further = notated + events.interval.get(event + 1).copied().unwrap_or(notated);
        let mut next = tempo.expects(notated, ratio, scatter);
        if events.fermata[event] {
            next.centre *= 1.5;
            next.scale = next.scale.max(0.5 * next.centre);
        }
        let miss = |event: usize| misses.get(event).copied().unwrap_or(1.0);
        let missed = miss(event + 1);
        Wait {
            next,
            second: tempo.expects(further, ratio, scatter),
            missed: (missed, missed * miss(event + 2)),
        }
    }

    /// Probability that nothing is heard for `age` hops.
    pub fn unheard(&self, age: f32) -> f32 {
        let first = lingering(self.next.survival(age));
        let second = self.second.survival(age).max(first);
        let further = further(self.second.survival(age), self.missed.1).max(second);
        first + self.missed.0 * (second - first) + self.missed.1 * (further - second)
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

/// [`Wait::unheard`] of many waits, from the shares of intervals that last so long, and what may be missed.
#[inline(always)]
pub(crate) fn silence<S: Simd>(
    simd: S,
    next: Lanes<S>,
    second: Lanes<S>,
    missed: (Lanes<S>, Lanes<S>),
) -> Lanes<S> {
    let constant = |value: f32| Lanes::splat(simd, value);
    let first = constant(1.0 - LINGER) * next + constant(LINGER) * next.sqrt();
    let tail = second.sqrt();
    let second = second.max(first);
    let further = (tail + missed.1 * (constant(1.0) - tail)).max(second);
    first + missed.0 * (second - first) + missed.1 * (further - second)
}

/// A survival probability with the tail of those who linger; the tail fades with 1/age through the t-distribution.
fn lingering(survival: f32) -> f32 {
    (1.0 - LINGER) * survival + LINGER * survival.sqrt()
}

/// Share of those who missed two events and have heard none of those that follow, where `second` is the share of
/// intervals to the second that last so long, and both go unheard with the probability `both`: at the end of the path
/// nothing follows.
fn further(second: f32, both: f32) -> f32 {
    let tail = second.sqrt();
    tail + both * (1.0 - tail)
}

/// Probability that nothing of each event is heard.
pub(crate) fn misses(events: &ScoreEvents, settings: &FollowerSettings) -> Vec<f32> {
    events.count.iter().map(|&count| settings.miss.powi(i32::from(count)).max(SKIPPED)).collect()
}
