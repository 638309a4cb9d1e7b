//! What the heads say of a strike at every delay, weighed together: is it one?
//!
//! A head says how likely a key was struck at one moment, as far as it had heard. Later heads know better, sounding tells whether
//! anything came of it, neighbours and overtones what else it may be. A small network that reads all of that, again and again while
//! a candidate grows older, says sooner and more surely which candidates are strikes than thresholds for each of them can.

use super::weights::{Layer, Weights};
use crate::performance::{PosteriorFrame, Strike};
use crate::units::KEYS;

/// Delays of the heads that are listened to, in hops.
pub(super) const HEARD: [usize; 4] = [2, 3, 4, 5];
/// How long after a candidate it is judged, in hops: as soon as the first head has spoken, and again later.
pub const STRIKE_LAGS: [usize; 11] = [2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18];
/// What a judgement is made from.
pub const STRIKE_INPUTS: usize = 45;

/// Moments remembered: the oldest candidate, and what went before it.
const MOMENTS: usize = 32;
/// A strike less likely than this, by the head that knows best, is no candidate.
const CANDIDATE: f32 = 0.03;
/// Log-odds are no farther from 0.
const LEAST: f32 = 1e-3;
/// Intervals in semitones at which other strikes, and other sounding keys, are listened to.
const STRUCK_AT: [isize; 12] = [-1, 1, -2, 2, -12, 12, -19, 19, -24, 24, -7, -5];
const SOUNDING_AT: [isize; 6] = [-1, 1, -12, 12, -19, -24];
/// A key begins to sound where it reaches this after three frames below, and so many frames before are searched for its strike.
const BEGINS: f32 = 0.6;
const SEARCHED: usize = 16;
/// A peak of at least this has so many frames to come to sound.
const PEAK: f32 = 0.5;
const AWAITED: usize = 8;
/// How fast what is usual changes.
const PACE: f32 = 0.05;

/// What is known of one moment so far, as log-odds.
#[derive(Clone)]
struct Moment {
    /// Struck, by each of [`HEARD`].
    words: [[f32; KEYS]; HEARD.len()],
    /// Struck and sounding, by the head that spoke last.
    struck: [f32; KEYS],
    sounding: [f32; KEYS],
    velocity: [f32; KEYS],
}

impl Moment {
    fn silent() -> Moment {
        let nothing = [log_odds(0.0); KEYS];
        Moment { words: [nothing; HEARD.len()], struck: nothing, sounding: nothing, velocity: [0.0; KEYS] }
    }
}

/// What is usual in this recording: how sure strikes are of which a sound comes, and how surely sounds come of sure strikes.
#[derive(Clone, Copy)]
struct Usual {
    struck: f32,
    sounding: f32,
}

const UNHEARD: Usual = Usual { struck: 0.0, sounding: 2.0 };

/// Judges strikes.
///
/// # Latency
/// A candidate is judged [`STRIKE_LAGS`] hops after its moment.
///
/// # Realtime safety
/// Nothing here allocates after construction.
pub struct StrikeJudge {
    layers: [Layer; 3],
    /// The newest at `newest`, the one before it one place before, round and round.
    moments: Vec<Moment>,
    newest: usize,
    /// Frames heard since the beginning, at most as many as are remembered.
    heard: usize,
    usual: Usual,
    strikes: Vec<Strike>,
    /// Activations of the two hidden layers.
    hidden: [Vec<f32>; 2],
}

impl StrikeJudge {
    /// A judge that has heard nothing.
    pub fn new(weights: &Weights) -> StrikeJudge {
        let layers = weights.strikes.clone();
        StrikeJudge {
            hidden: [vec![0.0; layers[0].outputs], vec![0.0; layers[1].outputs]],
            layers,
            moments: vec![Moment::silent(); MOMENTS],
            newest: 0,
            heard: 0,
            usual: UNHEARD,
            strikes: Vec::with_capacity(KEYS * STRIKE_LAGS.len()),
        }
    }

    /// Forgets all that was heard.
    pub fn reset(&mut self) {
        self.moments.iter_mut().for_each(|moment| *moment = Moment::silent());
        (self.usual, self.heard) = (UNHEARD, 0);
        self.strikes.clear();
    }

    /// What the last step judged, the latest candidates first.
    pub fn strikes(&self) -> &[Strike] {
        &self.strikes
    }

    /// Takes what the heads of 20, 30, 40 and 50 ms, in this order, say at the next hop, and judges what is due.
    ///
    /// # Realtime safety
    /// Does not allocate.
    pub fn step(&mut self, heads: [&PosteriorFrame; HEARD.len()]) {
        self.strikes.clear();
        self.hear(heads, |judge, strike, inputs| {
            let probability = judge.judgement(inputs);
            judge.strikes.push(Strike { probability, ..strike });
        });
    }

    /// The same, but gives what each judgement would be made from, and judges nothing: to fit the weights to.
    pub fn candidates(
        &mut self,
        heads: [&PosteriorFrame; HEARD.len()],
        mut tell: impl FnMut(Strike, &[f32; STRIKE_INPUTS]),
    ) {
        self.hear(heads, |_, strike, inputs| tell(strike, inputs));
    }

    fn hear(
        &mut self,
        heads: [&PosteriorFrame; HEARD.len()],
        mut tell: impl FnMut(&mut StrikeJudge, Strike, &[f32; STRIKE_INPUTS]),
    ) {
        self.newest = (self.newest + 1) % MOMENTS;
        self.moments[self.newest] = Moment::silent();
        self.heard = (self.heard + 1).min(MOMENTS);
        for (word, (delay, head)) in HEARD.into_iter().zip(heads).enumerate() {
            if self.heard <= delay {
                continue;
            }
            let moment = &mut self.moments[(self.newest + MOMENTS - delay) % MOMENTS];
            for key in 0..KEYS {
                let struck = log_odds(head.onset[key]);
                (moment.words[word][key], moment.struck[key]) = (struck, struck);
                moment.sounding[key] = log_odds(head.sounding[key]);
            }
            moment.velocity = head.velocity;
        }
        self.learn_what_is_usual();
        let heard = self.heard;
        for lag in STRIKE_LAGS.into_iter().filter(|&lag| lag < heard) {
            self.judge(lag, &mut tell);
        }
    }

    /// The moment `back` hops ago, fewer than are remembered; silence where nothing is known of it.
    fn moment(&self, back: usize) -> &Moment {
        &self.moments[(self.newest + MOMENTS - back) % MOMENTS]
    }

    fn learn_what_is_usual(&mut self) {
        for key in 0..KEYS {
            if let Some(struck) = self.struck_before_it_sounded(key) {
                self.usual.struck += PACE * (struck - self.usual.struck);
            }
        }
        for key in 0..KEYS {
            if let Some(sounding) = self.sounding_after_a_peak(key) {
                self.usual.sounding += PACE * (sounding - self.usual.sounding);
            }
        }
    }

    /// Where a key is known now to have begun to sound: how likely it was struck before.
    fn struck_before_it_sounded(&self, key: usize) -> Option<f32> {
        let began = HEARD[HEARD.len() - 1];
        let sounds = |back: usize| self.moment(back).sounding[key] >= log_odds(BEGINS);
        let begins = sounds(began) && !(began + 1..=began + 3).any(sounds);
        let struck = (began..began + SEARCHED).map(|back| self.moment(back).struck[key]);
        begins.then(|| struck.fold(f32::MIN, f32::max))
    }

    /// Where a likely strike of a key has had its time: how likely it sounded since.
    fn sounding_after_a_peak(&self, key: usize) -> Option<f32> {
        let last = HEARD[HEARD.len() - 1];
        let then = last + AWAITED;
        let struck = |back: usize| self.moment(back).struck[key];
        let is_peak = struck(then) > struck(then + 1) && struck(then) >= struck(then - 1);
        let sounding = (last..=then).map(|back| self.moment(back).sounding[key]);
        (is_peak && struck(then) >= log_odds(PEAK)).then(|| sounding.fold(f32::MIN, f32::max))
    }

    /// Judges every candidate of the moment `lag` hops ago.
    fn judge(&mut self, lag: usize, tell: &mut impl FnMut(&mut StrikeJudge, Strike, &[f32; STRIKE_INPUTS])) {
        let least = log_odds(CANDIDATE);
        let mut around = None;
        for key in 0..KEYS {
            let struck = |back: usize| self.moment(back).struck[key];
            let now = struck(lag);
            // The frame after it is not known yet to the first head: silent.
            if now < least || now <= struck(lag + 1) || now < struck(lag - 1) {
                continue;
            }
            let around = around.get_or_insert_with(|| self.around(lag));
            let inputs = self.inputs(lag, key, around);
            let strike = Strike { key, lag, probability: 0.0, velocity: self.moment(lag).velocity[key] };
            tell(self, strike, &inputs);
        }
    }

    /// What is struck at the time of a candidate, or up to two frames from it.
    fn around(&self, lag: usize) -> Around {
        let mut struck = [f32::MIN; KEYS];
        for back in (lag - 2).max(HEARD[0])..=lag + 2 {
            for (largest, &struck) in struck.iter_mut().zip(&self.moment(back).struck) {
                *largest = largest.max(struck);
            }
        }
        let count = struck.iter().map(|&struck| probability(struck)).sum();
        let surest = probability(struck.iter().copied().fold(f32::MIN, f32::max));
        let sounding = self.moment(HEARD[0]).sounding;
        let polyphony = sounding.iter().map(|&sounding| probability(sounding)).sum();
        Around { struck, sounding, count, surest, polyphony }
    }

    fn inputs(&self, lag: usize, key: usize, around: &Around) -> [f32; STRIKE_INPUTS] {
        let moment = |back: usize| self.moment(back);
        let mut inputs = [0.0; STRIKE_INPUTS];
        let mut places = inputs.iter_mut();
        let mut put = |value: f32| {
            if let Some(place) = places.next() {
                *place = value;
            }
        };
        // What each head said of it; those that have not spoken yet as the last that has.
        HEARD.iter().enumerate().for_each(|(word, &delay)| {
            put(moment(lag).words[if delay <= lag { word } else { lag - HEARD[0] }][key]);
        });
        for back in [lag + 3, lag + 2, lag + 1] {
            put(moment(back).struck[key]);
        }
        for ahead in 1..=3 {
            let known = lag.checked_sub(ahead).filter(|&back| back >= HEARD[0]);
            put(known.map_or(log_odds(0.0), |back| moment(back).struck[key]));
        }
        put((lag + 4..=lag + 12).map(|back| moment(back).struck[key]).fold(f32::MIN, f32::max));
        for back in [lag + 6, lag + 3, lag + 1, lag] {
            put(moment(back).sounding[key]);
        }
        for back in HEARD {
            put(moment(back).sounding[key]);
        }
        put((HEARD[0]..=lag).map(|back| moment(back).sounding[key]).fold(f32::MIN, f32::max));
        let at = |values: &[f32; KEYS], interval: isize| {
            let other = key.checked_add_signed(interval).and_then(|other| values.get(other));
            other.copied().unwrap_or(log_odds(0.0))
        };
        STRUCK_AT.iter().for_each(|&interval| put(at(&around.struck, interval)));
        SOUNDING_AT.iter().for_each(|&interval| put(at(&around.sounding, interval)));
        for value in [around.count, around.surest, key as f32 / KEYS as f32, lag as f32] {
            put(value);
        }
        for value in [self.usual.struck, self.usual.sounding, around.polyphony] {
            put(value);
        }
        inputs
    }

    /// Probability, 0-1, that a candidate of which this is known is a strike.
    pub fn judgement(&mut self, inputs: &[f32; STRIKE_INPUTS]) -> f32 {
        let [first, second] = &mut self.hidden;
        apply(&self.layers[0], inputs, first);
        first.iter_mut().for_each(|value| *value = value.max(0.0));
        apply(&self.layers[1], first, second);
        second.iter_mut().for_each(|value| *value = value.max(0.0));
        let mut said = [0.0];
        apply(&self.layers[2], second, &mut said);
        probability(said[0])
    }
}

/// What surrounds a candidate.
struct Around {
    struck: [f32; KEYS],
    sounding: [f32; KEYS],
    /// How many keys are struck, the surest of them, and how many sound.
    count: f32,
    surest: f32,
    polyphony: f32,
}

fn apply(layer: &Layer, inputs: &[f32], outputs: &mut [f32]) {
    outputs.copy_from_slice(&layer.biases);
    for (input, row) in inputs.iter().zip(layer.weights.chunks_exact(layer.outputs)) {
        for (output, weight) in outputs.iter_mut().zip(row) {
            *output += input * weight;
        }
    }
}

fn log_odds(probability: f32) -> f32 {
    let probability = probability.clamp(LEAST, 1.0 - LEAST);
    (probability / (1.0 - probability)).ln()
}

fn probability(log_odds: f32) -> f32 {
    1.0 / (1.0 + (-log_odds).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::FrameIndex;

    const WEIGHTS: &[u8] = include_bytes!("../../assets/ear.weights");

    /// What the heads say of key 40 while it is struck at frame 50 and sounds from then on.
    fn heads(newest: u64) -> [PosteriorFrame; HEARD.len()] {
        HEARD.map(|delay| {
            let frame = newest.saturating_sub(delay as u64);
            let mut said = PosteriorFrame::silent(FrameIndex(frame));
            said.onset[40] = if frame == 50 { 0.9 } else { 0.0 };
            said.sounding[40] = if frame >= 50 { 0.95 } else { 0.01 };
            said
        })
    }

    fn told(judge: &mut StrikeJudge) -> Vec<(u64, Strike)> {
        let mut told = Vec::new();
        for newest in 0..100 {
            judge.step(heads(newest).each_ref());
            told.extend(judge.strikes().iter().map(|&strike| (newest, strike)));
        }
        told
    }

    #[test]
    fn a_clear_strike_is_judged_at_every_lag_and_nothing_else_is() {
        let mut judge = StrikeJudge::new(&Weights::read(WEIGHTS).unwrap());
        let first = told(&mut judge);
        assert_eq!(first.iter().map(|(_, strike)| strike.lag).collect::<Vec<_>>(), STRIKE_LAGS);
        for (newest, strike) in &first {
            assert_eq!((strike.key, newest - strike.lag as u64), (40, 50));
            assert!(strike.probability > 0.5, "{strike:?}");
        }
        judge.reset();
        assert_eq!(told(&mut judge), first, "what was heard before a reset is forgotten");
    }

    #[test]
    fn what_a_head_has_not_said_yet_is_not_known() {
        let mut judge = StrikeJudge::new(&Weights::read(WEIGHTS).unwrap());
        let mut told = Vec::new();
        for newest in 0..100 {
            let mut said = heads(newest);
            // Each head is a tenth surer than the one before.
            for (head, said) in said.iter_mut().enumerate() {
                said.onset[40] *= 0.7 + 0.1 * head as f32;
            }
            judge.candidates(said.each_ref(), |strike, inputs| told.push((strike.lag, *inputs)));
        }
        let words = |heads: [usize; 4]| heads.map(|head| log_odds(0.9 * (0.7 + 0.1 * head as f32)));
        let expected = [[0, 0, 0, 0], [0, 1, 1, 1], [0, 1, 2, 2], [0, 1, 2, 3], [0, 1, 2, 3]];
        for ((lag, inputs), expected) in told.iter().zip(expected) {
            for (found, expected) in inputs.iter().zip(words(expected)) {
                assert!((found - expected).abs() < 1e-5, "lag {lag}: {inputs:?}");
            }
        }
        assert_eq!(told.len(), STRIKE_LAGS.len());
    }
}
