//! One spectral frame in, one posterior frame out, some hops late.

use super::background::Background;
use super::decomposition::Decomposition;
use super::templates::{BINS, ENVELOPES, HarmonicTemplates};
use crate::performance::PosteriorFrame;
use crate::units::{FrameIndex, KEYS};
use std::sync::Arc;

/// Hops by which evidence lags the newest spectrum.
const LOOK_AHEAD: usize = 4;

/// Activations this many hops back, and the two before those, are what a rise is measured from: beyond the reach
/// of the newest note in the front end's window.
const RISE_FROM: usize = 5;
const RISE_SPAN: usize = 3;

/// Hops of activation kept.
const HISTORY: usize = RISE_FROM + RISE_SPAN;

/// A key sounds evenly likely when its activation is this share of the loudest key's of the last seconds ...
const SOUNDING_SHARE: f32 = 0.03;
/// ... or this, where that is more: about -60 dB.
const SOUNDING_FLOOR: f32 = 1e-3;
/// How fast the loudest key of the past is forgotten, per hop: half in 1.4 s.
const LOUDEST_FALL: f32 = 0.995;

/// ... or this share of what the key itself had, which is forgotten by this factor a hop (22 dB a second): slower
/// than a released note fades, faster than most held ones.
const RELEASE_SHARE: f32 = 0.3;
const RELEASE_FALL: f32 = 0.975;

/// What a rise is weighed against: the activation it rose from (a key already sounding fluctuates), ...
const AGAINST_BEFORE: f32 = 0.12;
/// ... the greatest rise of any key (an attack splashes over the whole spectrum), ...
const AGAINST_GREATEST: f32 = 0.25;
/// ... and the rises a semitone (where greater) and two away: partials are broad while the window fills.
const AGAINST_SEMITONE: f32 = 1.0;
const AGAINST_TONE: f32 = 1.0;

/// Log-odds of sounding for each natural logarithm of activation over its threshold.
const SOUNDING_SLOPE: f32 = 2.0;
/// Log-odds of a strike: for each natural logarithm of the weighed rise, of the activation over its threshold (up
/// to [`STRIKE_LOUD_CAP`]), and the rest.
const STRIKE_SLOPE: f32 = 2.0;
const STRIKE_LOUD_SLOPE: f32 = 0.5;
const STRIKE_LOUD_CAP: f32 = 2.0;
const STRIKE_OFFSET: f32 = -2.0;

/// Velocity is linear in the logarithm of the activation: this much (of 127) a factor of e.
const VELOCITY_SLOPE: f32 = 0.08;
/// Velocity, of 127, at activation 1.
const VELOCITY_AT_ONE: f32 = 0.75;

/// Tells which keys are struck and sound, from the activations of a harmonic decomposition.
///
/// A key sounds when its activation stands out against the loudest of late. It is struck when its activation rises
/// much: against what it was, against the rises of the other keys at the same moment, and most of all against those
/// of its neighbours, since partials look broad until the window has filled.
///
/// # Latency
/// `LOOK_AHEAD` hops.
pub struct HarmonicEstimator {
    templates: Arc<HarmonicTemplates>,
    background: Background,
    decomposition: Decomposition,
    /// Key activations and input levels, newest first.
    history: [[f32; KEYS]; HISTORY],
    levels: [f32; LOOK_AHEAD + 1],
    loudest: f32,
    /// What each key had, slowly forgotten.
    envelope: [f32; KEYS],
    frame: PosteriorFrame,
}

impl HarmonicEstimator {
    /// An estimator that has heard nothing.
    pub fn new(templates: Arc<HarmonicTemplates>) -> HarmonicEstimator {
        HarmonicEstimator {
            templates,
            background: Background::new(),
            decomposition: Decomposition::new(),
            history: [[0.0; KEYS]; HISTORY],
            levels: [-120.0; LOOK_AHEAD + 1],
            loudest: 0.0,
            envelope: [0.0; KEYS],
            frame: PosteriorFrame::silent(FrameIndex(0)),
        }
    }

    /// Hops from the moment that a posterior frame describes to the spectrum that completes it.
    pub const LOOK_AHEAD: usize = LOOK_AHEAD;

    /// See [`HarmonicEstimator::LOOK_AHEAD`].
    pub fn look_ahead(&self) -> usize {
        LOOK_AHEAD
    }

    /// Forgets all that was heard.
    pub fn reset(&mut self) {
        self.background.reset();
        self.decomposition.reset();
        self.history = [[0.0; KEYS]; HISTORY];
        self.levels = [-120.0; LOOK_AHEAD + 1];
        self.loudest = 0.0;
        self.envelope = [0.0; KEYS];
    }

    /// Takes the magnitude spectrum of the newest hop; the evidence is that of `frame`, the moment
    /// [`HarmonicEstimator::look_ahead`] hops before it.
    ///
    /// `level_db`: level of the input around the newest hop, dB relative to full scale.
    ///
    /// # Realtime safety
    /// Does not allocate.
    pub fn step(&mut self, magnitudes: &[f32; BINS], level_db: f32, frame: FrameIndex) -> &PosteriorFrame {
        let background = self.background.step(magnitudes);
        let activations = self.decomposition.step(&self.templates, magnitudes, background);
        self.history.rotate_right(1);
        for (sum, envelopes) in self.history[0].iter_mut().zip(activations.chunks_exact(ENVELOPES)) {
            *sum = envelopes.iter().sum();
        }
        self.levels.rotate_right(1);
        self.levels[0] = level_db;
        self.frame.frame = frame;
        self.frame.level_db = self.levels[LOOK_AHEAD];
        let now = self.history[0];
        self.loudest = now.iter().copied().fold(self.loudest * LOUDEST_FALL, f32::max);
        let threshold = (self.loudest * SOUNDING_SHARE).max(SOUNDING_FLOOR);
        let before: [f32; KEYS] = std::array::from_fn(|key| {
            self.history[RISE_FROM..].iter().map(|past| past[key]).fold(0.0, f32::max)
        });
        let rises: [f32; KEYS] = std::array::from_fn(|key| (now[key] - before[key]).max(0.0));
        let greatest = rises.iter().copied().fold(0.0, f32::max);
        for key in 0..KEYS {
            let rise = rises[key];
            let semitone = greater_neighbour(&rises, key, 1);
            let against = AGAINST_BEFORE * before[key]
                + threshold
                + AGAINST_GREATEST * greatest
                + if semitone > rise { AGAINST_SEMITONE * semitone } else { 0.0 }
                + AGAINST_TONE * greater_neighbour(&rises, key, 2);
            let loud = (now[key] / threshold).max(1e-6).ln();
            let sudden = (rise / against).max(1e-6).ln();
            let strike =
                STRIKE_SLOPE * sudden + STRIKE_LOUD_SLOPE * loud.min(STRIKE_LOUD_CAP) + STRIKE_OFFSET;
            self.envelope[key] = now[key].max(self.envelope[key] * RELEASE_FALL);
            let held = now[key] / threshold.max(RELEASE_SHARE * self.envelope[key]);
            self.frame.sounding[key] = logistic(SOUNDING_SLOPE * held.max(1e-6).ln());
            self.frame.onset[key] = logistic(strike);
            self.frame.velocity[key] =
                (VELOCITY_AT_ONE + VELOCITY_SLOPE * now[key].max(1e-6).ln()).clamp(0.05, 1.0);
        }
        &self.frame
    }
}

/// The greater of the two values `distance` keys away.
fn greater_neighbour(values: &[f32; KEYS], key: usize, distance: usize) -> f32 {
    let below = key.checked_sub(distance).map_or(0.0, |key| values[key]);
    below.max(values.get(key + distance).copied().unwrap_or(0.0))
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}
