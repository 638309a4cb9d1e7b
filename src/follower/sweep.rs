//! The three sweeps over all hypotheses: what may be heard next, waiting, and scaling.

use super::hypotheses::{BLOCK, Hypotheses, NEGLIGIBLE, REACH, Ways};
use super::lanes::Lanes;
use super::tempo::{density, survival};
use super::wait::{LINGER, silence};
use pulp::{Simd, WithSimd};

/// Largest probability that an event is heard at one given hop.
pub(super) const MOST_ARRIVING: f32 = 0.9;
/// Least probability of a silence that one divides by.
pub(super) const LEAST_UNHEARD: f32 = 1e-9;
/// Rate at which those who linger go on, relative to how long they have waited.
pub(super) const LINGERER: f32 = 0.25 * LINGER;

/// See [`Hypotheses::find_arrivals`].
pub(super) struct FindArrivals<'a> {
    pub of: &'a mut Hypotheses,
    pub ways: Ways,
    pub scatter: (f32, f32),
    pub now: f32,
}

impl WithSimd for FindArrivals<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let h = self.of;
        for block in 1..h.heaviest.len() - 1 {
            // What is heard first in a block may come from the end of the block before.
            h.flowing[block] = h.heaviest[block - 1].max(h.heaviest[block]) > NEGLIGIBLE;
            if h.flowing[block] {
                for at in (block * BLOCK..(block + 1) * BLOCK).step_by(Lanes::<S>::COUNT) {
                    flow_to(simd, h, at, self.ways, self.scatter, self.now);
                }
            }
        }
    }
}

/// Fills the flow to the events from `at` on.
#[inline(always)]
fn flow_to<S: Simd>(simd: S, h: &mut Hypotheses, at: usize, ways: Ways, scatter: (f32, f32), now: f32) {
    let constant = |value: f32| Lanes::splat(simd, value);
    let (mut flow, mut most, mut steps) = (constant(0.0), constant(0.0), constant(0.0));
    let (mut notated, mut missed) = (constant(0.0), constant(1.0));
    let relative = constant(scatter.0 * scatter.0);
    let absolute = constant(scatter.1 * scatter.1);
    for back in 1..=REACH {
        let here = |column: &[f32]| Lanes::load(simd, column, at - back);
        notated = notated + here(&h.interval);
        let (centre, scale) = match back {
            1 => (here(&h.next_centre), here(&h.next_scale)),
            2 => (here(&h.second_centre), here(&h.second_scale)),
            _ => {
                let centre = notated * here(&h.ratio);
                (centre, (centre * centre * (here(&h.variance) + relative) + absolute).sqrt())
            }
        };
        let age = constant(now) - here(&h.entered);
        let mut arriving = density(simd, age, centre, scale, MOST_ARRIVING);
        if back == 1 {
            arriving = arriving + constant(LINGERER) / (age + centre);
        }
        let silent = here(&h.unheard).max(constant(LEAST_UNHEARD));
        let rate = (missed * arriving / silent).min(constant(MOST_ARRIVING));
        let one = here(&h.mass) * rate;
        steps = one.if_greater(most, constant(back as f32), steps);
        most = most.max(one);
        flow = flow + one;
        missed = missed * here(&h.miss);
    }
    if ways == Ways::Sum { flow } else { most }.store(&mut h.flow, at);
    most.store(&mut h.flow_most, at);
    steps.store(&mut h.flow_steps, at);
}

/// See [`Hypotheses::wait_on`].
pub(super) struct WaitOn<'a> {
    pub of: &'a mut Hypotheses,
    pub ways: Ways,
    pub stop: f32,
    pub now: f32,
}

impl WithSimd for WaitOn<'_> {
    type Output = (f32, f32);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (f32, f32) {
        let h = self.of;
        let constant = |value: f32| Lanes::splat(simd, value);
        // Sums are kept by place in the block, so that they do not depend on the width of vectors.
        let (mut kept_sum, mut kept_most) = ([0.0f32; BLOCK], [0.0f32; BLOCK]);
        for block in 1..h.heaviest.len() - 1 {
            if h.heaviest[block] <= NEGLIGIBLE {
                continue;
            }
            for lane in (0..BLOCK).step_by(Lanes::<S>::COUNT) {
                let at = block * BLOCK + lane;
                let here = |column: &[f32]| Lanes::load(simd, column, at);
                let age = constant(self.now + 1.0) - here(&h.entered);
                let next = survival(simd, age, here(&h.next_centre), here(&h.next_scale));
                let second = survival(simd, age, here(&h.second_centre), here(&h.second_scale));
                let missed = (Lanes::load(simd, &h.miss, at + 1), here(&h.both_missed));
                let silent = silence(simd, next, second, missed);
                let before = here(&h.unheard).max(constant(LEAST_UNHEARD));
                let kept = here(&h.mass) * (silent / before).min(constant(1.0));
                silent.store(&mut h.unheard, at);
                (kept * constant(1.0 - self.stop)).store(&mut h.mass, at);
                (Lanes::load(simd, &kept_sum, lane) + kept).store(&mut kept_sum, lane);
                Lanes::load(simd, &kept_most, lane).max(kept).store(&mut kept_most, lane);
            }
        }
        let kept: f32 = kept_sum.iter().sum();
        let stopped = match self.ways {
            Ways::Sum => kept,
            Ways::Best => kept_most.into_iter().fold(0.0, f32::max),
        };
        (kept * (1.0 - self.stop), stopped * self.stop)
    }
}

/// See [`Hypotheses::scale`]; returns the block of the heaviest event, and its mass.
pub(super) struct Scale<'a> {
    pub of: &'a mut Hypotheses,
    pub scale: f32,
}

impl WithSimd for Scale<'_> {
    type Output = (usize, f32);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (usize, f32) {
        let h = self.of;
        let constant = |value: f32| Lanes::splat(simd, value);
        let mut place = (0, 0.0);
        for block in 1..h.heaviest.len() - 1 {
            if h.heaviest[block] <= 0.0 {
                continue;
            }
            let mut heaviest = [0.0f32; BLOCK];
            for lane in (0..BLOCK).step_by(Lanes::<S>::COUNT) {
                let at = block * BLOCK + lane;
                let mass = Lanes::load(simd, &h.mass, at) * constant(self.scale);
                let mass = mass.if_greater(constant(NEGLIGIBLE), mass, constant(0.0));
                mass.store(&mut h.mass, at);
                mass.store(&mut heaviest, lane);
            }
            h.heaviest[block] = heaviest.into_iter().fold(0.0, f32::max);
            if h.heaviest[block] > place.1 {
                place = (block, h.heaviest[block]);
            }
        }
        place
    }
}
