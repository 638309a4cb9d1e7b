//! The three sweeps over all hypotheses: what may be heard next, waiting, and scaling.

use super::hypotheses::{BLOCK, CLOCKS, Hypotheses, NEGLIGIBLE, REACH, Ways};
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
        for block in 1..h.flowing.len() - 1 {
            // What is heard first in a block may come from the end of the block before.
            let from: [bool; CLOCKS] = std::array::from_fn(|clock| {
                let heaviest = &h.layers[clock].heaviest;
                heaviest[block - 1].max(heaviest[block]) > NEGLIGIBLE
            });
            h.flowing[block] = from.contains(&true);
            if h.flowing[block] {
                for at in (block * BLOCK..(block + 1) * BLOCK).step_by(Lanes::<S>::COUNT) {
                    flow_to(simd, h, at, from, self.ways, (self.scatter, self.now));
                }
            }
        }
    }
}

/// Fills the flow to the events from `at` on, which comes from the layers in `from`.
#[inline(always)]
fn flow_to<S: Simd>(
    simd: S,
    h: &mut Hypotheses,
    at: usize,
    from: [bool; CLOCKS],
    ways: Ways,
    (scatter, now): ((f32, f32), f32),
) {
    let constant = |value: f32| Lanes::splat(simd, value);
    let (mut flow, mut most, mut steps) = (constant(0.0), constant(0.0), constant(0.0));
    let (mut notated, mut missed) = (constant(0.0), constant(1.0));
    let relative = constant(scatter.0 * scatter.0);
    let absolute = constant(scatter.1 * scatter.1);
    for back in 1..=REACH {
        let here = |column: &[f32]| Lanes::load(simd, column, at - back);
        notated = notated + here(&h.interval);
        for (clock, layer) in h.layers.iter().enumerate().filter(|(clock, _)| from[*clock]) {
            let (centre, scale) = match back {
                1 => (here(&layer.next_centre), here(&layer.next_scale)),
                2 => (here(&layer.second_centre), here(&layer.second_scale)),
                _ => {
                    let centre = notated * here(&layer.ratio);
                    (centre, (centre * centre * (here(&layer.variance) + relative) + absolute).sqrt())
                }
            };
            let age = constant(now) - here(&layer.entered);
            let mut arriving = density(simd, age, centre, scale, MOST_ARRIVING);
            if back == 1 {
                arriving = arriving + constant(LINGERER) / (age + centre);
            }
            let silent = here(&layer.unheard).max(constant(LEAST_UNHEARD));
            let rate = (missed * arriving / silent).min(constant(MOST_ARRIVING));
            let one = here(&layer.mass) * rate;
            steps = one.if_greater(most, constant((back + clock * REACH) as f32), steps);
            most = most.max(one);
            flow = flow + one;
        }
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
        for layer in &mut h.layers {
            for block in 1..layer.heaviest.len() - 1 {
                if layer.heaviest[block] <= NEGLIGIBLE {
                    continue;
                }
                for lane in (0..BLOCK).step_by(Lanes::<S>::COUNT) {
                    let at = block * BLOCK + lane;
                    let here = |column: &[f32]| Lanes::load(simd, column, at);
                    let age = constant(self.now + 1.0) - here(&layer.entered);
                    let next = survival(simd, age, here(&layer.next_centre), here(&layer.next_scale));
                    let second = survival(simd, age, here(&layer.second_centre), here(&layer.second_scale));
                    let missed = (Lanes::load(simd, &h.miss, at + 1), here(&h.both_missed));
                    let silent = silence(simd, next, second, missed);
                    let before = here(&layer.unheard).max(constant(LEAST_UNHEARD));
                    let kept = here(&layer.mass) * (silent / before).min(constant(1.0));
                    silent.store(&mut layer.unheard, at);
                    (kept * constant(1.0 - self.stop)).store(&mut layer.mass, at);
                    (Lanes::load(simd, &kept_sum, lane) + kept).store(&mut kept_sum, lane);
                    Lanes::load(simd, &kept_most, lane).max(kept).store(&mut kept_most, lane);
                }
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
    pub ways: Ways,
    pub scale: f32,
}

impl WithSimd for Scale<'_> {
    type Output = (usize, f32);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (usize, f32) {
        let h = self.of;
        let constant = |value: f32| Lanes::splat(simd, value);
        let mut place = (0, 0.0);
        for block in 1..h.flowing.len() - 1 {
            let (mut here, mut any) = ([0.0f32; BLOCK], false);
            for layer in h.layers.iter_mut().filter(|layer| layer.heaviest[block] > 0.0) {
                let mut heaviest = [0.0f32; BLOCK];
                for lane in (0..BLOCK).step_by(Lanes::<S>::COUNT) {
                    let at = block * BLOCK + lane;
                    let mass = Lanes::load(simd, &layer.mass, at) * constant(self.scale);
                    let mass = mass.if_greater(constant(NEGLIGIBLE), mass, constant(0.0));
                    mass.store(&mut layer.mass, at);
                    mass.store(&mut heaviest, lane);
                    let before = Lanes::load(simd, &here, lane);
                    let both = if self.ways == Ways::Sum { before + mass } else { before.max(mass) };
                    both.store(&mut here, lane);
                }
                layer.heaviest[block] = heaviest.into_iter().fold(0.0, f32::max);
                any = true;
            }
            if any {
                h.total[block * BLOCK..][..BLOCK].copy_from_slice(&here);
                let heaviest = here.into_iter().fold(0.0, f32::max);
                if heaviest > place.1 {
                    place = (block, heaviest);
                }
            }
        }
        place
    }
}
